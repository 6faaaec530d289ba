/* test/js/official/c/client.c - libnats's JetStream, unmodified, step by step.
 *
 *     client URL [again]
 *
 * Each step prints "ok NAME" or "wrong NAME: why"; a NEED that does not hold leaves
 * it at once.  What a step made and does not need any more is destroyed where it was
 * used; what is left when a step failed stays.  With "again" the server has been
 * killed and started anew on the same directory: what was confirmed must be there.
 */
#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../compat/c/need.h"

enum { PATIENCE_MS = 30000 };

static natsConnection *nc;
static jsCtx          *js;

/* The server's number for what it refuses. */
#define NEED_REFUSED(call, number)				\
	do {							\
		natsStatus s_ = (call);				\
		NEED(s_ != NATS_OK && code == (number),		\
		    "%s: %s, number %d", #call,			\
		    natsStatus_GetText(s_), (int)code);		\
	} while (0)

#define NEED_INT(got, wanted)					\
	do {							\
		long long g_ = (long long)(got), w_ = (wanted);	\
		NEED(g_ == w_, "%s: %lld, not %lld", #got,	\
		    g_, w_);					\
	} while (0)

static bool text_is(natsMsg *m, const char *text)
{
	return natsMsg_GetDataLength(m) == (int)strlen(text) &&
	    memcmp(natsMsg_GetData(m), text, strlen(text)) == 0;
}

static natsStatus put(const char *subject, const char *text)
{
	return js_Publish(NULL, js, subject, text, (int)strlen(text), NULL, NULL);
}

static natsStatus add_stream(const char *name, const char *subject,
    jsRetentionPolicy retention)
{
	jsStreamConfig cfg;

	jsStreamConfig_Init(&cfg);
	cfg.Name = name;
	cfg.Subjects = &subject;
	cfg.SubjectsLen = 1;
	cfg.Retention = retention;
	cfg.AllowDirect = true;
	return js_AddStream(NULL, js, &cfg, NULL, NULL);
}

/* Of a stream's state; the last error's text is kept. */
static uint64_t n_messages(const char *stream)
{
	jsStreamInfo *si = NULL;
	uint64_t      n = UINT64_MAX;

	if (js_GetStreamInfo(&si, js, stream, NULL, NULL) == NATS_OK)
		n = si->State.Msgs;
	jsStreamInfo_Destroy(si);
	return n;
}

/* ---- streams ----------------------------------------------------------------- */

static bool streams(void)
{
	const char       *subject = "orders.>";
	jsStreamNamesList *names = NULL;
	jsStreamConfig    cfg;
	jsStreamInfo     *si = NULL;
	jsErrCode         code = 0;

	NEED_OK(add_stream("ORDERS", subject, js_LimitsPolicy));
	jsStreamConfig_Init(&cfg);
	cfg.Name = "OTHER";
	cfg.Subjects = &subject;
	cfg.SubjectsLen = 1;
	NEED_REFUSED(js_AddStream(NULL, js, &cfg, NULL, &code), 10065);
	cfg.Name = "ORDERS";
	cfg.AllowDirect = true;
	cfg.MaxMsgs = 500;
	NEED_OK(js_UpdateStream(&si, js, &cfg, NULL, NULL));
	NEED_INT(si->Config->MaxMsgs, 500);
	jsStreamInfo_Destroy(si);
	NEED_OK(add_stream("SECOND", "second", js_LimitsPolicy));
	NEED_OK(js_StreamNames(&names, js, NULL, NULL));
	NEED_INT(names->Count, 2);
	jsStreamNamesList_Destroy(names);
	NEED_OK(js_DeleteStream(js, "SECOND", NULL, NULL));
	NEED_REFUSED(js_GetStreamInfo(&si, js, "SECOND", NULL, &code), 10059);
	return true;
}

static bool publishing(void)
{
	jsPubOptions opts;
	jsPubAck    *ack = NULL;
	jsErrCode    code = 0;

	for (int i = 1; i <= 10; i++) {
		char subject[16], text[16];

		snprintf(subject, sizeof subject, "orders.%d", i % 2);
		snprintf(text, sizeof text, "%d", i);
		NEED_OK(js_Publish(&ack, js, subject, text, (int)strlen(text),
		    NULL, NULL));
		NEED_INT(ack->Sequence, i);
		jsPubAck_Destroy(ack);
	}
	jsPubOptions_Init(&opts);
	opts.MsgId = "one";
	NEED_OK(js_Publish(NULL, js, "orders.id", "", 0, &opts, NULL));
	NEED_OK(js_Publish(&ack, js, "orders.id", "", 0, &opts, NULL));
	NEED(ack->Duplicate && ack->Sequence == 11, "a duplicate is known");
	jsPubAck_Destroy(ack);
	jsPubOptions_Init(&opts);
	opts.ExpectLastSeq = 3;
	NEED_REFUSED(js_Publish(NULL, js, "orders.1", "", 0, &opts, &code), 10071);
	jsPubOptions_Init(&opts);
	opts.ExpectNoMessage = true;
	NEED_REFUSED(js_Publish(NULL, js, "orders.1", "", 0, &opts, &code), 10071);
	jsPubOptions_Init(&opts);
	opts.ExpectStream = "X";
	NEED_REFUSED(js_Publish(NULL, js, "orders.1", "", 0, &opts, &code), 10060);
	jsPubOptions_Init(&opts);
	opts.ExpectLastMsgId = "two";
	NEED_REFUSED(js_Publish(NULL, js, "orders.1", "", 0, &opts, &code), 10070);
	return true;
}

static bool publishing_async(void)
{
	jsPubOptions wait;
	natsMsgList  pending;

	NEED_OK(add_stream("MANY", "many.>", js_LimitsPolicy));
	for (int i = 0; i < 2000; i++)
		NEED_OK(js_PublishAsync(js, "many.a", "x", 1, NULL));
	jsPubOptions_Init(&wait);
	wait.MaxWait = PATIENCE_MS;
	NEED_OK(js_PublishAsyncComplete(js, &wait));
	NEED_INT(js_PublishAsyncGetPendingList(&pending, js), NATS_NOT_FOUND);
	NEED_INT(n_messages("MANY"), 2000);
	return true;
}

static bool reading(void)
{
	jsDirectGetMsgOptions get;
	jsErrCode             code = 0;
	natsMsg              *m = NULL;

	NEED_OK(js_GetMsg(&m, js, "ORDERS", 3, NULL, NULL));
	NEED(text_is(m, "3") && natsMsg_GetSequence(m) == 3, "the third");
	natsMsg_Destroy(m);
	NEED_OK(js_GetLastMsg(&m, js, "ORDERS", "orders.0", NULL, NULL));
	NEED(text_is(m, "10"), "the last");
	natsMsg_Destroy(m);
	jsDirectGetMsgOptions_Init(&get);
	get.Sequence = 4;
	get.NextBySubject = "orders.1";
	NEED_OK(js_DirectGetMsg(&m, js, "ORDERS", NULL, &get));
	NEED(text_is(m, "5"), "directly, the next");
	natsMsg_Destroy(m);
	NEED_OK(js_DeleteMsg(js, "ORDERS", 2, NULL, NULL));
	NEED_OK(js_EraseMsg(js, "ORDERS", 4, NULL, NULL));
	NEED_REFUSED(js_GetMsg(&m, js, "ORDERS", 2, NULL, &code), 10037);
	return true;
}

static bool purging(void)
{
	jsOptions     opts;
	jsStreamInfo *si = NULL;

	jsOptions_Init(&opts);
	opts.Stream.Purge.Subject = "orders.id";
	NEED_OK(js_PurgeStream(js, "ORDERS", &opts, NULL));
	jsOptions_Init(&opts);
	opts.Stream.Info.DeletedDetails = true;
	opts.Stream.Info.SubjectsFilter = ">";
	NEED_OK(js_GetStreamInfo(&si, js, "ORDERS", &opts, NULL));
	NEED_INT(si->State.Msgs, 8);
	NEED_INT(si->State.DeletedLen, 3);
	NEED_INT(si->State.Subjects->Count, 2);
	jsStreamInfo_Destroy(si);
	return true;
}

/* ---- consumers ------------------------------------------------------------------ */

/* Fetches n, one after the other where need be; acks each and waits for the answer. */
static bool fetch_and_ack(natsSubscription *sub, int n)
{
	while (n > 0) {
		natsMsgList list;

		NEED_OK(natsSubscription_Fetch(&list, sub, n, PATIENCE_MS, NULL));
		n -= list.Count;
		for (int i = 0; i < list.Count; i++)
			NEED_OK(natsMsg_AckSync(list.Msgs[i], NULL, NULL));
		natsMsgList_Destroy(&list);
	}
	return true;
}

static bool fetching(void)
{
	natsSubscription *sub = NULL;
	jsConsumerInfo   *ci = NULL;
	natsMsgList       list;
	natsStatus        s;

	NEED_OK(js_PullSubscribe(&sub, js, "orders.*", "worker", NULL, NULL, NULL));
	NEED_OK(natsSubscription_Fetch(&list, sub, 4, PATIENCE_MS, NULL));
	NEED_INT(list.Count, 4);
	NEED_OK(natsMsg_AckSync(list.Msgs[0], NULL, NULL));
	NEED_OK(natsMsg_InProgress(list.Msgs[1], NULL));
	NEED_OK(natsMsg_NakWithDelay(list.Msgs[1], 20, NULL));
	NEED_OK(natsMsg_Nak(list.Msgs[2], NULL));
	NEED_OK(natsMsg_Term(list.Msgs[3], NULL));
	natsMsgList_Destroy(&list);
	if (!fetch_and_ack(sub, 6))	/* two of them again */
		return false;
	s = natsSubscription_Fetch(&list, sub, 1, 200, NULL);
	NEED(s == NATS_TIMEOUT, "nothing is left: %s", natsStatus_GetText(s));
	NEED_OK(natsSubscription_GetConsumerInfo(&ci, sub, NULL, NULL));
	NEED_INT(ci->NumAckPending, 0);
	NEED_INT(ci->AckFloor.Stream, 10);
	jsConsumerInfo_Destroy(ci);
	natsSubscription_Destroy(sub);
	return true;
}

static bool requesting(void)
{
	natsSubscription *sub = NULL;
	jsFetchRequest    rq;
	natsMsgList       list;
	natsStatus        s;

	NEED_OK(js_PullSubscribe(&sub, js, "many.a", "byte", NULL, NULL, NULL));
	jsFetchRequest_Init(&rq);
	rq.Batch = 1000;
	rq.MaxBytes = 2000;
	rq.Expires = PATIENCE_MS * 1000000LL;
	rq.Heartbeat = 1000000000LL;
	s = natsSubscription_FetchRequest(&list, sub, &rq);
	NEED(s == NATS_OK && list.Count > 5 && list.Count < 1000, "%s, %d messages",
	    natsStatus_GetText(s), list.Count);
	natsMsgList_Destroy(&list);
	rq.MaxBytes = 0;
	rq.Heartbeat = 0;
	rq.Batch = 100;
	rq.NoWait = true;
	NEED_OK(natsSubscription_FetchRequest(&list, sub, &rq));
	NEED_INT(list.Count, 100);
	natsMsgList_Destroy(&list);
	natsSubscription_Destroy(sub);
	return true;
}

static bool ordered(void)
{
	natsSubscription *sub = NULL;
	jsMsgMetaData    *meta = NULL;
	jsSubOptions      opts;
	natsMsg          *m = NULL;

	jsSubOptions_Init(&opts);
	opts.Ordered = true;
	NEED_OK(js_SubscribeSync(&sub, js, "many.>", NULL, &opts, NULL));
	for (uint64_t i = 1; i <= 2000; i++) {
		NEED_OK(natsSubscription_NextMsg(&m, sub, PATIENCE_MS));
		NEED_OK(natsMsg_GetMetaData(&meta, m));
		NEED_INT(meta->Sequence.Stream, (long long)i);
		jsMsgMetaData_Destroy(meta);
		natsMsg_Destroy(m);
	}
	natsSubscription_Destroy(sub);
	return true;
}

/* Pushed, with a durable's name, flow control and heartbeats. */
static bool pushing(void)
{
	static const char *const texts[] = { "1", "3", "5", "7", "9" };
	natsSubscription        *sub = NULL;
	jsConsumerInfo          *ci = NULL;
	jsSubOptions             opts;
	natsMsg                 *m = NULL;

	jsSubOptions_Init(&opts);
	opts.ManualAck = true;
	opts.Config.Durable = "pushed";
	opts.Config.FlowControl = true;
	opts.Config.Heartbeat = 1000000000LL;
	NEED_OK(js_SubscribeSync(&sub, js, "orders.1", NULL, &opts, NULL));
	for (int i = 0; i < 5; i++) {
		NEED_OK(natsSubscription_NextMsg(&m, sub, PATIENCE_MS));
		NEED(text_is(m, texts[i]), "%s", texts[i]);
		NEED_OK(natsMsg_AckSync(m, NULL, NULL));
		natsMsg_Destroy(m);
	}
	NEED_OK(natsSubscription_GetConsumerInfo(&ci, sub, NULL, NULL));
	NEED(ci->PushBound && ci->NumAckPending == 0, "bound, and all acked");
	jsConsumerInfo_Destroy(ci);
	natsSubscription_Destroy(sub);
	return true;
}

static bool a_queue_shares(void)
{
	natsSubscription *sub[2] = { NULL, NULL };
	jsSubOptions      opts;
	int               n = 0;

	jsSubOptions_Init(&opts);
	opts.Queue = "crew";
	opts.ManualAck = true;
	for (int i = 0; i < 2; i++)
		NEED_OK(js_SubscribeSync(&sub[i], js, "orders.1", NULL, &opts, NULL));
	while (n < 5) {			/* each by one of the two */
		natsMsg *m = NULL;

		for (int i = 0; i < 2; i++) {
			if (natsSubscription_NextMsg(&m, sub[i], 20) != NATS_OK)
				continue;
			NEED_OK(natsMsg_AckSync(m, NULL, NULL));
			natsMsg_Destroy(m);
			n++;
		}
	}
	natsSubscription_Destroy(sub[0]);
	natsSubscription_Destroy(sub[1]);
	return true;
}

static bool managing_consumers(void)
{
	jsConsumerNamesList *names = NULL;
	jsConsumerConfig     cfg;
	jsConsumerInfo      *ci = NULL;
	jsErrCode            code = 0;

	jsConsumerConfig_Init(&cfg);
	cfg.Durable = "managed";
	cfg.AckPolicy = js_AckExplicit;
	cfg.DeliverPolicy = js_DeliverLast;
	NEED_OK(js_AddConsumer(NULL, js, "ORDERS", &cfg, NULL, NULL));
	cfg.MaxAckPending = 7;
	NEED_OK(js_UpdateConsumer(&ci, js, "ORDERS", &cfg, NULL, NULL));
	NEED_INT(ci->Config->MaxAckPending, 7);
	jsConsumerInfo_Destroy(ci);
	cfg.DeliverPolicy = js_DeliverAll;
	NEED_REFUSED(js_UpdateConsumer(NULL, js, "ORDERS", &cfg, NULL, &code), 10012);
	NEED_OK(js_ConsumerNames(&names, js, "ORDERS", NULL, NULL));
	NEED(names->Count >= 2, "%d names", names->Count);
	jsConsumerNamesList_Destroy(names);
	NEED_OK(js_DeleteConsumer(js, "ORDERS", "managed", NULL, NULL));
	NEED_REFUSED(js_GetConsumerInfo(&ci, js, "ORDERS", "managed", NULL, &code), 10014);
	return true;
}

static bool work_queue(void)
{
	natsSubscription *sub = NULL;

	NEED_OK(add_stream("JOBS", "jobs.*", js_WorkQueuePolicy));
	NEED_OK(put("jobs.a", "1"));
	NEED_OK(put("jobs.b", "2"));
	NEED_OK(js_PullSubscribe(&sub, js, "jobs.*", "crew", NULL, NULL, NULL));
	if (!fetch_and_ack(sub, 2))
		return false;
	NEED_INT(n_messages("JOBS"), 0);
	natsSubscription_Destroy(sub);
	return true;
}

/* ---- keys ------------------------------------------------------------------------- */

static bool key_value(void)
{
	kvStore    *kv = NULL;
	kvEntry    *e = NULL;
	kvConfig    cfg;
	uint64_t    rev = 0;
	kvKeysList  keys;
	kvEntryList history;

	kvConfig_Init(&cfg);
	cfg.Bucket = "CONF";
	cfg.History = 5;
	NEED_OK(js_CreateKeyValue(&kv, js, &cfg));
	NEED_OK(kvStore_PutString(NULL, kv, "a", "1"));
	NEED_OK(kvStore_PutString(&rev, kv, "a", "2"));
	NEED_INT(rev, 2);
	NEED_OK(kvStore_Get(&e, kv, "a"));
	NEED(strcmp(kvEntry_ValueString(e), "2") == 0, "a value");
	kvEntry_Destroy(e);
	NEED_OK(kvStore_GetRevision(&e, kv, "a", 1));
	NEED(strcmp(kvEntry_ValueString(e), "1") == 0, "an old one");
	kvEntry_Destroy(e);
	NEED_OK(kvStore_CreateString(NULL, kv, "b", "x"));
	NEED(kvStore_CreateString(NULL, kv, "b", "y") != NATS_OK, "created once");
	NEED_OK(kvStore_UpdateString(&rev, kv, "b", "z", 3));
	NEED(kvStore_UpdateString(NULL, kv, "b", "z", 3) != NATS_OK, "an old revision");
	NEED_OK(kvStore_Keys(&keys, kv, NULL));
	NEED_INT(keys.Count, 2);
	kvKeysList_Destroy(&keys);
	NEED_OK(kvStore_History(&history, kv, "a", NULL));
	NEED_INT(history.Count, 2);
	kvEntryList_Destroy(&history);
	NEED_OK(kvStore_Delete(kv, "b"));
	NEED_INT(kvStore_Get(&e, kv, "b"), NATS_NOT_FOUND);
	NEED_OK(kvStore_Purge(kv, "b", NULL));
	kvStore_Destroy(kv);
	return true;
}

static bool watching(void)
{
	kvWatcher *w = NULL;
	kvStore   *kv = NULL;
	kvEntry   *e = NULL;

	NEED_OK(js_KeyValue(&kv, js, "CONF"));
	NEED_OK(kvStore_Watch(&w, kv, "a", NULL));
	NEED_OK(kvWatcher_Next(&e, w, PATIENCE_MS));
	NEED(strcmp(kvEntry_ValueString(e), "2") == 0, "what is there");
	kvEntry_Destroy(e);
	NEED_OK(kvWatcher_Next(&e, w, PATIENCE_MS));
	NEED(e == NULL, "all of it");
	NEED_OK(kvStore_PutString(NULL, kv, "a", "3"));
	NEED_OK(kvWatcher_Next(&e, w, PATIENCE_MS));
	NEED(strcmp(kvEntry_ValueString(e), "3") == 0, "what comes");
	kvEntry_Destroy(e);
	kvWatcher_Destroy(w);
	kvStore_Destroy(kv);
	return true;
}

static bool account(void)
{
	jsAccountInfo *ai = NULL;

	NEED_OK(js_GetAccountInfo(&ai, js, NULL, NULL));
	NEED(ai->Streams == 4 && ai->Store > 0 && ai->API.Total > 20,
	    "%d streams, %d bytes", (int)ai->Streams, (int)ai->Store);
	jsAccountInfo_Destroy(ai);
	return true;
}

static bool after_restart(void)
{
	jsConsumerInfo *ci = NULL;
	jsPubAck       *ack = NULL;
	kvStore        *kv = NULL;
	kvEntry        *e = NULL;

	NEED_INT(n_messages("ORDERS"), 8);
	NEED_OK(js_GetConsumerInfo(&ci, js, "ORDERS", "worker", NULL, NULL));
	NEED(ci->AckFloor.Stream >= 10 && ci->NumAckPending == 0, "acks are remembered");
	jsConsumerInfo_Destroy(ci);
	NEED_OK(js_KeyValue(&kv, js, "CONF"));
	NEED_OK(kvStore_Get(&e, kv, "a"));
	NEED(strcmp(kvEntry_ValueString(e), "3") == 0, "a key");
	kvEntry_Destroy(e);
	kvStore_Destroy(kv);
	NEED_OK(js_Publish(&ack, js, "orders.9", "", 0, NULL, NULL));
	NEED_INT(ack->Sequence, 12);
	jsPubAck_Destroy(ack);
	NEED_OK(js_DeleteStream(js, "JOBS", NULL, NULL));
	return true;
}

/* ---- playing ------------------------------------------------------------------------ */

static const struct step {
	const char *name;
	bool      (*run)(void);
} first[] = {
	{ "streams", streams }, { "publishing", publishing },
	{ "publishing_async", publishing_async }, { "reading", reading },
	{ "purging", purging }, { "fetching", fetching },
	{ "requesting", requesting }, { "ordered", ordered },
	{ "pushing", pushing }, { "a_queue_shares", a_queue_shares },
	{ "managing_consumers", managing_consumers },
	{ "work_queue", work_queue }, { "key_value", key_value },
	{ "watching", watching }, { "account", account },
}, second[] = {
	{ "after_restart", after_restart },
};

static void play(const struct step *s, size_t n)
{
	for (; n > 0; n--, s++) {
		if (s->run())
			printf("ok %s\n", s->name);
		else
			printf("wrong %s: %s\n", s->name, why);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	jsOptions opts;

	jsOptions_Init(&opts);
	opts.Wait = PATIENCE_MS;
	if (argc < 2 || natsConnection_ConnectTo(&nc, argv[1]) != NATS_OK ||
	    natsConnection_JetStream(&js, nc, &opts) != NATS_OK) {
		printf("wrong connect: %s\n", nats_GetLastError(NULL));
		return 1;
	}
	if (argc == 2)
		play(first, sizeof first / sizeof *first);
	else
		play(second, sizeof second / sizeof *second);
	jsCtx_Destroy(js);
	natsConnection_Destroy(nc);
	nats_Close();
	return 0;
}
