// test/js/official/go/legacy.go - the JetStream of nats.go's own package, from before
// there was one of its own: durable and push consumers by their old subjects.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

func old() nats.JetStreamContext {
	return must(nc.JetStream(nats.MaxWait(patience)))
}

func old_streams() {
	js := old()
	must(js.AddStream(&nats.StreamConfig{Name: "OLD", Subjects: []string{"old.>"}}))
	for i := range 10 {
		must(js.Publish(fmt.Sprintf("old.%d", i%2), fmt.Append(nil, i), nats.MsgId(fmt.Sprint(i))))
	}
	for range 500 {
		must(js.PublishAsync("old.many", nil))
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(patience):
		need(false, "%d are not answered", js.PublishAsyncPending())
	}
	_, err := js.Publish("old.0", nil, nats.ExpectLastSequence(3))
	var api *nats.APIError
	need(errors.As(err, &api) && api.ErrorCode == 10071, "refused: %v", err)
	same(string(must(js.GetMsg("OLD", 3)).Data), "2", "the third")
	same(string(must(js.GetLastMsg("OLD", "old.1")).Data), "9", "the last")
	info := must(js.StreamInfo("OLD", &nats.StreamInfoRequest{SubjectsFilter: "old.*"}))
	same(info.State.Subjects, map[string]uint64{"old.0": 5, "old.1": 5, "old.many": 500}, "subjects")
	well(js.PurgeStream("OLD", &nats.StreamPurgeRequest{Subject: "old.many"}))
}

func old_push() {
	js := old()
	seen := make(chan string, 100)
	sub := must(js.Subscribe("old.1", func(m *nats.Msg) {
		_ = m.AckSync()
		seen <- string(m.Data)
	}, nats.Durable("pushed"), nats.ManualAck(), nats.EnableFlowControl(), nats.IdleHeartbeat(time.Second)))
	for _, want := range []string{"1", "3", "5", "7", "9"} {
		same(<-seen, want, "pushed")
	}
	until("all to be acked", func() bool { return must(sub.ConsumerInfo()).NumAckPending == 0 })
	well(sub.Unsubscribe())
	ordered := must(js.SubscribeSync("old.*", nats.OrderedConsumer()))
	for i := range 10 {
		same(string(must(ordered.NextMsg(patience)).Data), fmt.Sprint(i), "in order")
	}
	well(ordered.Unsubscribe())
}

func old_queue() {
	js := old()
	seen := make(chan string, 100)
	take := func(m *nats.Msg) { seen <- string(m.Data) }
	for range 2 {
		must(js.QueueSubscribe("old.0", "crew", take, nats.Durable("crew")))
	}
	got := map[string]bool{}
	for range 5 {
		got[<-seen] = true
	}
	same(len(got), 5, "each to one of the two")
}

func old_pull() {
	js := old()
	sub := must(js.PullSubscribe("old.*", "puller", nats.AckExplicit()))
	msgs := must(sub.Fetch(6, nats.MaxWait(patience)))
	same(len(msgs), 6, "a batch")
	for _, m := range msgs {
		well(m.AckSync())
	}
	batch := must(sub.FetchBatch(4, nats.MaxWait(patience)))
	n := 0
	for m := range batch.Messages() {
		well(m.Nak())
		n++
	}
	same(n, 4, "another")
	for _, m := range must(sub.Fetch(1, nats.MaxWait(patience))) {
		same(must(m.Metadata()).NumDelivered, uint64(2), "again")
	}
	bound := must(js.PullSubscribe("old.*", "puller", nats.Bind("OLD", "puller")))
	must(bound.Fetch(1, nats.MaxWait(patience)))
	well(sub.Unsubscribe())
}

func old_keys_and_objects() {
	js := old()
	kv := must(js.CreateKeyValue(&nats.KeyValueConfig{Bucket: "OLDCONF", History: 3}))
	must(kv.PutString("a", "1"))
	same(must(kv.Update("a", []byte("2"), 1)), uint64(2), "updated")
	w := must(kv.WatchAll())
	same(string((<-w.Updates()).Value()), "2", "watched")
	well(w.Stop())
	well(kv.Purge("a"))
	_, err := kv.Get("a")
	need(errors.Is(err, nats.ErrKeyNotFound), "purged: %v", err)
	store := must(js.CreateObjectStore(&nats.ObjectStoreConfig{Bucket: "OLDFILES"}))
	data := bytes.Repeat([]byte("x"), 300000)
	must(store.PutBytes("big", data))
	need(bytes.Equal(must(store.GetBytes("big")), data), "whole and sound")
	well(js.DeleteObjectStore("OLDFILES"))
	well(js.DeleteKeyValue("OLDCONF"))
	well(js.DeleteStream("OLD"))
}
