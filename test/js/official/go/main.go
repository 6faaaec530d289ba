// test/js/official/go/main.go - nats.go's JetStream, unmodified, step by step.
//
//	client URL [again]
//
// Each step prints "ok NAME" or "wrong NAME: why"; need() and must() leave it at
// once.  With "again" the server has been killed and started anew on the same
// directory: what was confirmed must be there.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const patience = 30 * time.Second

var (
	nc  *nats.Conn
	js  jetstream.JetStream
	ctx context.Context
)

type failure string

func need(held bool, format string, args ...any) {
	if !held {
		panic(failure(fmt.Sprintf(format, args...)))
	}
}

func must[T any](v T, err error) T {
	need(err == nil, "%v", err)
	return v
}

func well(err error) {
	need(err == nil, "%v", err)
}

func same(got, wanted any, what string) {
	need(reflect.DeepEqual(got, wanted), "%s: %v, not %v", what, got, wanted)
}

// The server's number for what it refused.
func refused(err error, code jetstream.ErrorCode) {
	var api *jetstream.APIError
	need(errors.As(err, &api), "refused by the server, not %v", err)
	same(api.ErrorCode, code, "the error's number")
}

func texts(batch jetstream.MessageBatch, err error) (got []string) {
	well(err)
	for m := range batch.Messages() {
		got = append(got, string(m.Data()))
		well(m.Ack())
	}
	well(batch.Error())
	return
}

func one(c jetstream.Consumer) jetstream.Msg {
	return must(c.Next(jetstream.FetchMaxWait(patience)))
}

func stream(cfg jetstream.StreamConfig) jetstream.Stream {
	return must(js.CreateStream(ctx, cfg))
}

func consumer(stream string, cfg jetstream.ConsumerConfig) jetstream.Consumer {
	return must(js.CreateConsumer(ctx, stream, cfg))
}

func put(subject string, payloads ...string) {
	for _, p := range payloads {
		must(js.Publish(ctx, subject, []byte(p)))
	}
}

func until(what string, condition func() bool) {
	for end := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		need(time.Now().Before(end), "waited in vain for %s", what)
	}
}

// ---- streams ---------------------------------------------------------------------

func streams() {
	s := stream(jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"},
		MaxMsgs: 1000, AllowDirect: true, Description: "first", Metadata: map[string]string{"a": "b"}})
	same(s.CachedInfo().Config.Description, "first", "its description")
	_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"orders.x"}})
	refused(err, 10065)
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"x"}})
	need(errors.Is(err, jetstream.ErrStreamNameAlreadyInUse), "a name is given once: %v", err)
	s = must(js.UpdateStream(ctx, jetstream.StreamConfig{Name: "ORDERS",
		Subjects: []string{"orders.>"}, MaxMsgs: 500, AllowDirect: true}))
	same(s.CachedInfo().Config.MaxMsgs, int64(500), "updated")
	same(must(js.StreamNameBySubject(ctx, "orders.a")), "ORDERS", "by subject")
	must(js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "SECOND",
		Storage: jetstream.MemoryStorage}))
	var names []string
	for name := range js.StreamNames(ctx).Name() {
		names = append(names, name)
	}
	same(names, []string{"ORDERS", "SECOND"}, "all names")
	n := 0
	for range js.ListStreams(ctx, jetstream.WithStreamListSubject("orders.z")).Info() {
		n++
	}
	same(n, 1, "those of a subject")
	well(js.DeleteStream(ctx, "SECOND"))
	_, err = js.Stream(ctx, "SECOND")
	need(errors.Is(err, jetstream.ErrStreamNotFound), "gone: %v", err)
}

func publishing() {
	for i := 1; i <= 10; i++ {
		ack := must(js.Publish(ctx, fmt.Sprintf("orders.%d", i%2), fmt.Appendf(nil, "%d", i)))
		same(*ack, jetstream.PubAck{Stream: "ORDERS", Sequence: uint64(i)}, "an answer")
	}
	a := must(js.Publish(ctx, "orders.id", nil, jetstream.WithMsgID("one")))
	b := must(js.Publish(ctx, "orders.id", nil, jetstream.WithMsgID("one")))
	need(b.Duplicate && a.Sequence == b.Sequence, "a duplicate is known")
	_, err := js.Publish(ctx, "orders.1", nil, jetstream.WithExpectLastSequence(3))
	refused(err, 10071)
	_, err = js.Publish(ctx, "orders.1", nil, jetstream.WithExpectLastSequencePerSubject(3))
	refused(err, 10071)
	_, err = js.Publish(ctx, "orders.1", nil, jetstream.WithExpectStream("X"))
	refused(err, 10060)
	_, err = js.Publish(ctx, "orders.1", nil, jetstream.WithExpectLastMsgID("two"))
	refused(err, 10070)
	must(js.Publish(ctx, "orders.id", nil, jetstream.WithExpectLastMsgID("one"),
		jetstream.WithExpectLastSequenceForSubject(9, "orders.1")))
	_, err = js.Publish(ctx, "nobody", nil, jetstream.WithRetryAttempts(0))
	need(errors.Is(err, jetstream.ErrNoStreamResponse), "nobody takes it: %v", err)
}

func publishing_async() {
	stream(jetstream.StreamConfig{Name: "MANY", Subjects: []string{"many.>"}})
	var futures []jetstream.PubAckFuture
	for i := range 2000 {
		futures = append(futures, must(js.PublishAsync(fmt.Sprintf("many.%d", i%7), nil)))
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(patience):
		need(false, "%d are not answered", js.PublishAsyncPending())
	}
	for i, f := range futures {
		same((<-f.Ok()).Sequence, uint64(i+1), "a sequence")
	}
}

func reading_and_deleting() {
	s := must(js.Stream(ctx, "ORDERS"))
	same(string(must(s.GetMsg(ctx, 3)).Data), "3", "the third")
	same(string(must(s.GetLastMsgForSubject(ctx, "orders.0")).Data), "10", "the last")
	m := must(s.GetMsg(ctx, 4, jetstream.WithGetMsgSubject("orders.1")))
	same(m.Sequence, uint64(5), "the next of a subject")
	well(s.DeleteMsg(ctx, 2))
	well(s.SecureDeleteMsg(ctx, 4))
	_, err := s.GetMsg(ctx, 2)
	need(errors.Is(err, jetstream.ErrMsgNotFound), "a deleted one: %v", err)
	info := must(s.Info(ctx, jetstream.WithDeletedDetails(true), jetstream.WithSubjectFilter(">")))
	same(info.State.Deleted, []uint64{2, 4}, "what is deleted")
	same(info.State.Subjects, map[string]uint64{"orders.0": 3, "orders.1": 5, "orders.id": 2},
		"its subjects")
	well(s.Purge(ctx, jetstream.WithPurgeSubject("orders.id"), jetstream.WithPurgeKeep(1)))
	well(s.Purge(ctx, jetstream.WithPurgeSequence(2)))
	same(must(s.Info(ctx)).State.FirstSeq, uint64(3), "the first")
	same(s.CachedInfo().State.Msgs, uint64(8), "what is left")
}

func ttl_and_limits() {
	stream(jetstream.StreamConfig{Name: "SHORT", Subjects: []string{"short.>"}, AllowMsgTTL: true,
		MaxMsgsPerSubject: 2, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgSize: 100})
	must(js.Publish(ctx, "short.a", nil, jetstream.WithMsgTTL(time.Second)))
	put("short.a", "stays")
	_, err := js.Publish(ctx, "short.a", nil)
	refused(err, 10077)
	_, err = js.Publish(ctx, "short.b", make([]byte, 101))
	refused(err, 10054)
	until("the first to go", func() bool {
		return must(must(js.Stream(ctx, "SHORT")).Info(ctx)).State.Msgs == 1
	})
	put("short.a", "again")
}

func transforming() {
	stream(jetstream.StreamConfig{Name: "TURNED", Subjects: []string{"turn.*"},
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: "turn.*", Destination: "turned.{{wildcard(1)}}"},
		RePublish:        &jetstream.RePublish{Source: ">", Destination: "said.>"}})
	sub := must(nc.SubscribeSync("said.>"))
	put("turn.x", "1")
	m := must(sub.NextMsg(patience))
	same(m.Subject, "said.turned.x", "published again")
	same(m.Header.Get("Nats-Sequence"), "1", "with its sequence")
	same(must(must(js.Stream(ctx, "TURNED")).GetMsg(ctx, 1)).Subject, "turned.x", "stored")
}

// ---- consumers -------------------------------------------------------------------

func fetching() {
	c := consumer("ORDERS", jetstream.ConsumerConfig{Durable: "worker",
		AckPolicy: jetstream.AckExplicitPolicy, FilterSubjects: []string{"orders.0", "orders.1"}})
	batch := must(c.Fetch(4, jetstream.FetchMaxWait(patience)))
	var got []jetstream.Msg
	for m := range batch.Messages() {
		got = append(got, m)
	}
	same(len(got), 4, "a batch")
	for _, m := range got[:2] {
		well(m.DoubleAck(ctx))
	}
	well(got[2].Nak())
	well(got[3].TermWithReason("enough"))
	sixth := func(n uint64) jetstream.Msg { // what comes before it is done
		m := one(c)
		for ; string(m.Data()) != "6"; m = one(c) {
			well(m.Ack())
		}
		same(must(m.Metadata()).NumDelivered, n, "the sixth again")
		return m
	}
	m := sixth(2)
	well(m.InProgress())
	well(m.NakWithDelay(20 * time.Millisecond))
	well(sixth(3).DoubleAck(ctx))
	texts(c.FetchNoWait(10))
	same(len(texts(c.FetchNoWait(10))), 0, "nothing is left")
	info := must(c.Info(ctx))
	same(info.NumAckPending, 0, "nothing is open")
	same(info.AckFloor.Stream, uint64(10), "the floor")
	same(len(texts(c.FetchBytes(1000, jetstream.FetchMaxWait(20*time.Millisecond)))), 0, "by bytes")
}

func consuming() {
	c := consumer("MANY", jetstream.ConsumerConfig{Durable: "all", AckPolicy: jetstream.AckExplicitPolicy})
	seen := make(chan uint64, 4000)
	cc := must(c.Consume(func(m jetstream.Msg) {
		_ = m.Ack()
		seen <- must(m.Metadata()).Sequence.Stream
	}, jetstream.PullMaxMessages(100), jetstream.PullHeartbeat(500*time.Millisecond),
		jetstream.PullExpiry(time.Second)))
	for i := range 2000 {
		select {
		case seq := <-seen:
			same(seq, uint64(i+1), "in order")
		case <-time.After(patience):
			need(false, "nothing after %d", i)
		}
	}
	cc.Drain()
	<-cc.Closed()
	until("all to be acked", func() bool { return must(c.Info(ctx)).NumAckPending == 0 })
}

func iterating() {
	c := consumer("MANY", jetstream.ConsumerConfig{FilterSubject: "many.3",
		AckPolicy: jetstream.AckNonePolicy, InactiveThreshold: time.Minute})
	it := must(c.Messages(jetstream.PullMaxMessages(10)))
	for i := range 285 {
		m := must(it.Next())
		same(must(m.Metadata()).Sequence.Consumer, uint64(i+1), "in order")
	}
	it.Stop()
	_, err := it.Next()
	need(errors.Is(err, jetstream.ErrMsgIteratorClosed), "closed: %v", err)
}

func ordered() {
	c := must(js.OrderedConsumer(ctx, "MANY", jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{"many.1", "many.2"}, DeliverPolicy: jetstream.DeliverAllPolicy}))
	it := must(c.Messages())
	last := uint64(0)
	for i := range 572 {
		seq := must(must(it.Next()).Metadata()).Sequence.Stream
		need(seq > last, "%d after %d", seq, last)
		last = seq
		if i == 5 { // the client makes another where it was
			well(js.DeleteConsumer(ctx, "MANY", must(c.Info(ctx)).Name))
		}
	}
	it.Stop()
	same(last, uint64(1998), "the last")
}

func pushing() {
	c := must(js.CreatePushConsumer(ctx, "ORDERS", jetstream.ConsumerConfig{Durable: "pushed",
		DeliverSubject: nats.NewInbox(), DeliverGroup: "crew", IdleHeartbeat: time.Second, FlowControl: false,
		AckPolicy: jetstream.AckAllPolicy, FilterSubject: "orders.1"}))
	seen := make(chan jetstream.Msg, 100)
	cc := must(c.Consume(func(m jetstream.Msg) { seen <- m }))
	var m jetstream.Msg
	for _, want := range []string{"3", "5", "7", "9"} {
		m = <-seen
		same(string(m.Data()), want, "pushed")
	}
	well(m.DoubleAck(ctx))
	info := must(c.Info(ctx))
	need(info.PushBound && info.NumAckPending == 0, "bound, and all acked: %d", info.NumAckPending)
	cc.Stop()
}

func starting_points() {
	s := must(js.Stream(ctx, "ORDERS"))
	third := must(s.GetMsg(ctx, 7))
	for _, row := range []struct {
		what string
		cfg  jetstream.ConsumerConfig
		want uint64
	}{
		{"last", jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverLastPolicy}, 12},
		{"last of each", jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
			FilterSubject: "orders.*"}, 9},
		{"sequence", jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
			OptStartSeq: 6}, 6},
		{"time", jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy,
			OptStartTime: &third.Time}, 7},
	} {
		row.cfg.InactiveThreshold = time.Minute
		m := one(consumer("ORDERS", row.cfg))
		same(must(m.Metadata()).Sequence.Stream, row.want, row.what)
	}
}

func managing_consumers() {
	cfg := jetstream.ConsumerConfig{Durable: "managed", AckPolicy: jetstream.AckExplicitPolicy}
	consumer("ORDERS", cfg)
	consumer("ORDERS", cfg)
	cfg.MaxAckPending = 7
	_, err := js.CreateConsumer(ctx, "ORDERS", cfg)
	need(errors.Is(err, jetstream.ErrConsumerExists), "a name is given once: %v", err)
	c := must(js.UpdateConsumer(ctx, "ORDERS", cfg))
	same(c.CachedInfo().Config.MaxAckPending, 7, "updated")
	cfg.Durable = "none"
	_, err = js.UpdateConsumer(ctx, "ORDERS", cfg)
	need(errors.Is(err, jetstream.ErrConsumerDoesNotExist), "none to update: %v", err)
	s := must(js.Stream(ctx, "ORDERS"))
	var names []string
	for name := range s.ConsumerNames(ctx).Name() {
		names = append(names, name)
	}
	need(slices.Contains(names, "managed") && slices.Contains(names, "worker"), "names: %v", names)
	n := 0
	for range s.ListConsumers(ctx).Info() {
		n++
	}
	same(n, len(names), "all of them")
	well(js.DeleteConsumer(ctx, "ORDERS", "managed"))
	_, err = js.Consumer(ctx, "ORDERS", "managed")
	need(errors.Is(err, jetstream.ErrConsumerNotFound), "gone: %v", err)
}

func pausing() {
	c := consumer("ORDERS", jetstream.ConsumerConfig{Durable: "paused"})
	p := must(js.PauseConsumer(ctx, "ORDERS", "paused", time.Now().Add(time.Hour)))
	need(p.Paused && p.PauseRemaining > 59*time.Minute, "paused: %v", p)
	same(len(texts(c.FetchNoWait(1))), 0, "and says nothing")
	p = must(js.ResumeConsumer(ctx, "ORDERS", "paused"))
	need(!p.Paused, "it goes on")
	one(c)
}

func resetting() {
	c := consumer("ORDERS", jetstream.ConsumerConfig{Durable: "reset", AckPolicy: jetstream.AckExplicitPolicy})
	same(len(texts(c.Fetch(8))), 8, "all")
	must(js.ResetConsumerToSequence(ctx, "ORDERS", "reset", 9))
	same(string(one(c).Data()), "9", "from there again")
}

func redelivering() {
	put("orders.slow", "slow")
	c := consumer("ORDERS", jetstream.ConsumerConfig{Durable: "slow", FilterSubject: "orders.slow",
		AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: 3,
		BackOff: []time.Duration{50 * time.Millisecond, 100 * time.Millisecond}})
	told := must(nc.SubscribeSync("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.slow"))
	for i := range 3 {
		same(must(one(c).Metadata()).NumDelivered, uint64(i+1), "delivered")
	}
	_, err := c.Next(jetstream.FetchMaxWait(300 * time.Millisecond))
	need(errors.Is(err, nats.ErrTimeout), "not a fourth time: %v", err)
	must(told.NextMsg(patience))
}

func priority_overflow() {
	c := consumer("MANY", jetstream.ConsumerConfig{Durable: "overflow", AckPolicy: jetstream.AckExplicitPolicy,
		PriorityPolicy: jetstream.PriorityPolicyOverflow, PriorityGroups: []string{"g"}})
	group := jetstream.FetchPriorityGroup("g")
	b := must(c.Fetch(1, group, jetstream.FetchMinPending(5000), jetstream.FetchMaxWait(100*time.Millisecond)))
	_, ok := <-b.Messages()
	need(!ok, "there are not so many")
	b = must(c.Fetch(1, group, jetstream.FetchMinPending(100)))
	_, ok = <-b.Messages()
	need(ok, "but that many")
	_, err := c.Fetch(1, jetstream.FetchPriorityGroup("none"))
	if err == nil {
		b = must(c.Fetch(1))
		for range b.Messages() {
			need(false, "no group, no message")
		}
		err = b.Error()
	}
	need(err != nil, "a group is asked for")
}

func priority_pinned() {
	c := consumer("MANY", jetstream.ConsumerConfig{Durable: "pinned", AckPolicy: jetstream.AckExplicitPolicy,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{"g"}, PinnedTTL: time.Minute})
	it := must(c.Messages(jetstream.PullPriorityGroup("g"), jetstream.PullMaxMessages(1)))
	pin := must(it.Next()).Headers().Get("Nats-Pin-Id")
	need(pin != "", "a pin")
	same(must(it.Next()).Headers().Get("Nats-Pin-Id"), pin, "the same pin")
	groups := must(c.Info(ctx)).PriorityGroups
	need(len(groups) == 1 && groups[0].PinnedClientID == pin, "it is told: %v", groups)
	well(must(js.Stream(ctx, "MANY")).UnpinConsumer(ctx, "pinned", "g"))
	until("another pin", func() bool {
		m := must(it.Next())
		return m.Headers().Get("Nats-Pin-Id") != pin
	})
	it.Stop()
}

func priority_prioritized() {
	c := consumer("MANY", jetstream.ConsumerConfig{Durable: "ranked", AckPolicy: jetstream.AckExplicitPolicy,
		PriorityPolicy: jetstream.PriorityPolicyPrioritized, PriorityGroups: []string{"g"}, FilterSubject: "many.late"})
	low := must(c.Fetch(1, jetstream.FetchPriorityGroup("g"), jetstream.FetchPrioritized(5), jetstream.FetchMaxWait(patience)))
	high := must(c.Fetch(1, jetstream.FetchPriorityGroup("g"), jetstream.FetchPrioritized(1), jetstream.FetchMaxWait(patience)))
	until("both to wait", func() bool { return must(c.Info(ctx)).NumWaiting == 2 })
	put("many.late", "for the first")
	same(string((<-high.Messages()).Data()), "for the first", "the one of rank")
	put("many.late", "for the other")
	same(string((<-low.Messages()).Data()), "for the other", "then the other")
}

func work_queue() {
	stream(jetstream.StreamConfig{Name: "JOBS", Subjects: []string{"jobs.*"}, Retention: jetstream.WorkQueuePolicy})
	put("jobs.a", "1", "2", "3")
	c := consumer("JOBS", jetstream.ConsumerConfig{Durable: "crew", AckPolicy: jetstream.AckExplicitPolicy})
	_, err := js.CreateConsumer(ctx, "JOBS", jetstream.ConsumerConfig{Durable: "other", AckPolicy: jetstream.AckExplicitPolicy})
	refused(err, 10099)
	texts(c.Fetch(2))
	well(one(c).DoubleAck(ctx))
	same(must(must(js.Stream(ctx, "JOBS")).Info(ctx)).State.Msgs, uint64(0), "done is gone")
}

func interest() {
	stream(jetstream.StreamConfig{Name: "NEWS", Subjects: []string{"news.*"}, Retention: jetstream.InterestPolicy})
	put("news.a", "nobody listens")
	a := consumer("NEWS", jetstream.ConsumerConfig{Durable: "a", AckPolicy: jetstream.AckExplicitPolicy})
	b := consumer("NEWS", jetstream.ConsumerConfig{Durable: "b", AckPolicy: jetstream.AckExplicitPolicy})
	put("news.a", "1", "2")
	well(one(a).DoubleAck(ctx))
	well(one(b).DoubleAck(ctx))
	s := must(js.Stream(ctx, "NEWS"))
	same(must(s.Info(ctx)).State.Msgs, uint64(1), "one is done by both")
	well(one(a).DoubleAck(ctx))
	well(s.DeleteConsumer(ctx, "b"))
	until("the rest to go", func() bool { return must(s.Info(ctx)).State.Msgs == 0 })
}

// ---- keys and objects ---------------------------------------------------------------

func key_value() {
	kv := must(js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "CONF", History: 5, LimitMarkerTTL: time.Second}))
	same(must(kv.Put(ctx, "a", []byte("1"))), uint64(1), "a revision")
	same(must(kv.PutString(ctx, "a", "2")), uint64(2), "the next")
	same(string(must(kv.Get(ctx, "a")).Value()), "2", "a value")
	same(string(must(kv.GetRevision(ctx, "a", 1)).Value()), "1", "an old one")
	must(kv.Create(ctx, "b", []byte("x")))
	_, err := kv.Create(ctx, "b", []byte("y"))
	need(errors.Is(err, jetstream.ErrKeyExists), "a key is created once: %v", err)
	same(must(kv.Update(ctx, "b", []byte("z"), 3)), uint64(4), "updated")
	_, err = kv.Update(ctx, "b", nil, 3)
	refused(err, 10071)
	same(must(kv.Keys(ctx)), []string{"a", "b"}, "its keys")
	same(len(must(kv.History(ctx, "a"))), 2, "its history")
	well(kv.Delete(ctx, "a", jetstream.LastRevision(2)))
	_, err = kv.Get(ctx, "a")
	need(errors.Is(err, jetstream.ErrKeyNotFound), "deleted: %v", err)
	must(kv.Create(ctx, "a", []byte("again")))
	must(kv.Create(ctx, "brief", nil, jetstream.KeyTTL(time.Second)))
	well(kv.Purge(ctx, "b", jetstream.PurgeTTL(time.Minute)))
	same(len(must(kv.History(ctx, "b"))), 1, "purged to a marker")
	until("the brief one to go", func() bool {
		_, err := kv.Get(ctx, "brief")
		return errors.Is(err, jetstream.ErrKeyNotFound)
	})
	well(kv.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(-1)))
	same(must(kv.Status(ctx)).History(), int64(5), "its status")
}

func watching() {
	kv := must(js.KeyValue(ctx, "CONF"))
	w := must(kv.Watch(ctx, "w.*", jetstream.IncludeHistory()))
	need(<-w.Updates() == nil, "nothing yet")
	must(kv.PutString(ctx, "w.a", "1"))
	must(kv.PutString(ctx, "other", "1"))
	must(kv.PutString(ctx, "w.b", "2"))
	well(kv.Delete(ctx, "w.a"))
	var got []string
	for range 3 {
		e := <-w.Updates()
		got = append(got, e.Key()+" "+e.Operation().String())
	}
	same(got, []string{"w.a KeyValuePutOp", "w.b KeyValuePutOp", "w.a KeyValueDeleteOp"}, "what happened")
	well(w.Stop())
	w = must(kv.WatchFiltered(ctx, []string{"w.b", "other"}, jetstream.MetaOnly()))
	same(len((<-w.Updates()).Value())+len((<-w.Updates()).Value()), 0, "without values")
	need(<-w.Updates() == nil, "no more")
	well(w.Stop())
}

func buckets() {
	must(js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "GONE"}))
	must(js.UpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "GONE", History: 3}))
	_, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "GONE", History: 4})
	need(errors.Is(err, jetstream.ErrBucketExists), "a bucket is there: %v", err)
	var names []string
	for name := range js.KeyValueStoreNames(ctx).Name() {
		names = append(names, strings.TrimPrefix(name, "KV_"))
	}
	same(names, []string{"CONF", "GONE"}, "names")
	well(js.DeleteKeyValue(ctx, "GONE"))
	_, err = js.KeyValue(ctx, "GONE")
	need(errors.Is(err, jetstream.ErrBucketNotFound), "gone: %v", err)
}

func objects() {
	store := must(js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: "FILES"}))
	w := must(store.Watch(ctx))
	need(<-w.Updates() == nil, "nothing yet")
	data := bytes.Repeat([]byte("0123456789abcdef"), 32000)
	must(store.PutBytes(ctx, "big", data))
	need(bytes.Equal(must(store.GetBytes(ctx, "big")), data), "whole and sound")
	same((<-w.Updates()).Name, "big", "and told")
	well(w.Stop())
	must(store.PutString(ctx, "gone", "x"))
	well(store.Delete(ctx, "gone"))
	_, err := store.GetInfo(ctx, "gone")
	need(errors.Is(err, jetstream.ErrObjectNotFound), "deleted: %v", err)
	info := must(store.GetInfo(ctx, "big"))
	must(store.AddLink(ctx, "link", info))
	same(len(must(store.GetBytes(ctx, "link"))), len(data), "by a link")
	well(store.UpdateMeta(ctx, "big", jetstream.ObjectMeta{Name: "bigger", Description: "d"}))
	var names []string
	for _, o := range must(store.List(ctx)) {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	same(names, []string{"bigger", "link"}, "listed")
	well(store.Seal(ctx))
	_, err = store.PutString(ctx, "late", "x")
	need(err != nil, "sealed")
	must(js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: "BIN"}))
	well(js.DeleteObjectStore(ctx, "BIN"))
}

func account() {
	info := must(js.AccountInfo(ctx))
	need(info.Streams >= 8 && info.Consumers >= 5 && info.Store > 0 && info.API.Total > 50, "%+v", info)
}

func after_restart() {
	s := must(js.Stream(ctx, "ORDERS"))
	info := s.CachedInfo()
	same([]uint64{info.State.Msgs, info.State.FirstSeq, info.State.LastSeq}, []uint64{9, 3, 13}, "messages")
	c := must(s.Consumer(ctx, "worker"))
	need(c.CachedInfo().AckFloor.Stream >= 10 && c.CachedInfo().NumAckPending == 0, "acks are remembered")
	kv := must(js.KeyValue(ctx, "CONF"))
	same(string(must(kv.Get(ctx, "a")).Value()), "again", "a key")
	same(must(must(js.ObjectStore(ctx, "FILES")).GetInfo(ctx, "bigger")).Size, uint64(512000), "an object")
	same(must(js.Publish(ctx, "orders.9", nil)).Sequence, uint64(14), "sequences go on")
	same(must(must(js.Stream(ctx, "MANY")).Info(ctx)).State.Msgs, uint64(2002), "all of many")
	well(js.DeleteStream(ctx, "JOBS"))
}

// ---- playing ---------------------------------------------------------------------------

type step struct {
	name string
	run  func()
}

var first = []step{
	{"streams", streams}, {"publishing", publishing}, {"publishing_async", publishing_async},
	{"reading_and_deleting", reading_and_deleting}, {"ttl_and_limits", ttl_and_limits},
	{"transforming", transforming}, {"fetching", fetching}, {"consuming", consuming},
	{"iterating", iterating}, {"ordered", ordered}, {"pushing", pushing},
	{"starting_points", starting_points}, {"managing_consumers", managing_consumers},
	{"pausing", pausing}, {"resetting", resetting}, {"redelivering", redelivering},
	{"priority_overflow", priority_overflow}, {"priority_pinned", priority_pinned},
	{"priority_prioritized", priority_prioritized}, {"work_queue", work_queue},
	{"interest", interest}, {"key_value", key_value}, {"watching", watching},
	{"buckets", buckets}, {"objects", objects}, {"account", account},
	{"old_streams", old_streams}, {"old_push", old_push}, {"old_queue", old_queue},
	{"old_pull", old_pull}, {"old_keys_and_objects", old_keys_and_objects},
}

func play(s step) {
	var cancel context.CancelFunc
	ctx, cancel = context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer func() {
		switch why := recover().(type) {
		case nil:
			fmt.Println("ok", s.name)
		case failure:
			fmt.Printf("wrong %s: %s\n", s.name, why)
		default:
			panic(why)
		}
	}()
	s.run()
}

func main() {
	var err error
	nc, err = nats.Connect(os.Args[1])
	if err == nil {
		js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	}
	if err != nil {
		fmt.Println("wrong connect:", err)
		os.Exit(1)
	}
	steps := first
	if len(os.Args) > 2 {
		steps = []step{{"after_restart", after_restart}}
	}
	for _, s := range steps {
		play(s)
	}
	nc.Close()
}
