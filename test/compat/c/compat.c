/* test/compat/c/compat.c - the behaviours of test/compat/run, with libnats.
 *
 * Each test is a function that returns true, or false with the reason in why.
 * Connections, subscriptions and messages are noted when made and destroyed after the
 * test, so that a test may leave at any point.  The driver owns the servers:
 * ask() sends it a line and returns its answer (README.md).
 */
#include <nats/nats.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "need.h"

enum { PATIENCE_MS = 10000, HELD_MAX = 4096, MAX_PAYLOAD = 1 << 20 };

/* What the callbacks saw during one test.  Each test has its own: a connection's
 * last callback may come when the next test runs. */
struct events {
	int  n_disconnected, n_reconnected, n_closed, n_lameduck, n_errors;
	char error[512];
};

/* The number that a message's text is. */
static int number_of(natsMsg *m)
{
	return (int)strtol(natsMsg_GetData(m), NULL, 10);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  changed = PTHREAD_COND_INITIALIZER;
static struct events  *ev;

static natsConnection   *held_nc[16];
static natsSubscription *held_sub[HELD_MAX];
static natsMsg          *held_msg[HELD_MAX];
static int               n_nc, n_sub, n_msg;

static char    url[256];
static char    folder[200];
static jmp_buf test_over;

/* ---- the driver ------------------------------------------------------------ */

static const char *ask(const char *line)
{
	static char answer[600];

	printf("%s\n", line);
	if (fgets(answer, sizeof answer, stdin) == NULL)
		exit(2);
	answer[strcspn(answer, "\n")] = '\0';
	if (strncmp(answer, "failed", 6) == 0) {
		failed(__LINE__, "%s: %s", line, answer);
		longjmp(test_over, 1);
	}
	return answer;
}

static void server(const char *name)
{
	char line[64];

	snprintf(line, sizeof line, "server %s", name);
	snprintf(url, sizeof url, "%s", ask(line) + strlen("url "));
}

/* ---- what is held during a test ---------------------------------------------- */

static void on_event(natsConnection *nc, void *counter)
{
	(void)nc;
	pthread_mutex_lock(&lock);
	++*(int *)counter;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus err,
    void *events)
{
	struct events *e = events;
	const char *text = NULL;

	(void)sub;
	(void)natsConnection_GetLastError(nc, &text);
	pthread_mutex_lock(&lock);
	e->n_errors++;
	snprintf(e->error, sizeof e->error, "%s (%s)", text ? text : "",
	    natsStatus_GetText(err));
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Has *counter reached n, or does it within PATIENCE_MS? */
static bool await(const int *counter, int n)
{
	struct timespec end;
	int             err = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&lock);
	while (*counter < n && err == 0)
		err = pthread_cond_timedwait(&changed, &lock, &end);
	pthread_mutex_unlock(&lock);
	return *counter >= n;
}

static natsOptions *options(void)
{
	natsOptions *o = NULL;

	natsOptions_Create(&o);
	natsOptions_SetURL(o, url);
	natsOptions_SetName(o, "compat");
	natsOptions_SetReconnectWait(o, 20);
	natsOptions_SetMaxReconnect(o, 500);
	natsOptions_SetErrorHandler(o, on_error, ev);
	natsOptions_SetDisconnectedCB(o, on_event, &ev->n_disconnected);
	natsOptions_SetReconnectedCB(o, on_event, &ev->n_reconnected);
	natsOptions_SetClosedCB(o, on_event, &ev->n_closed);
	natsOptions_SetLameDuckModeCB(o, on_event, &ev->n_lameduck);
	return o;
}

/* Consumes o. */
static natsStatus connect_with(natsOptions *o, natsConnection **nc)
{
	natsStatus s = natsConnection_Connect(nc, o);

	natsOptions_Destroy(o);
	if (s == NATS_OK)
		held_nc[n_nc++] = *nc;
	return s;
}

static natsStatus connect_plain(natsConnection **nc)
{
	return connect_with(options(), nc);
}

static natsStatus subscribe(natsConnection *nc, const char *subject,
    const char *queue, natsSubscription **sub)
{
	natsStatus s = queue != NULL ?
	    natsConnection_QueueSubscribeSync(sub, nc, subject, queue) :
	    natsConnection_SubscribeSync(sub, nc, subject);

	if (s == NATS_OK)
		held_sub[n_sub++] = *sub;
	return s;
}

static natsStatus next(natsSubscription *sub, natsMsg **msg)
{
	natsStatus s = natsSubscription_NextMsg(msg, sub, PATIENCE_MS);

	if (s == NATS_OK && n_msg < HELD_MAX)
		held_msg[n_msg++] = *msg;
	return s;
}

/* How many messages wait in sub: exact after a flush of its connection. */
static int waiting(natsSubscription *sub)
{
	uint64_t n = 0;

	natsSubscription_QueuedMsgs(sub, &n);
	return (int)n;
}

static bool is_text(natsMsg *m, const char *text)
{
	return natsMsg_GetDataLength(m) == (int)strlen(text) &&
	    memcmp(natsMsg_GetData(m), text, strlen(text)) == 0;
}

static void release_all(void)
{
	while (n_msg > 0)
		natsMsg_Destroy(held_msg[--n_msg]);
	while (n_sub > 0)
		natsSubscription_Destroy(held_sub[--n_sub]);
	while (n_nc > 0)
		natsConnection_Destroy(held_nc[--n_nc]);
}

/* ---- messages ------------------------------------------------------------------ */

static bool connect_(void)
{
	natsConnection *nc;
	char            id[128], *ip = NULL;
	char          **found = NULL;
	uint64_t        cid = 0;
	int             n_found = 0;

	server("plain");
	NEED_OK(connect_plain(&nc));
	NEED_OK(natsConnection_GetConnectedServerId(nc, id, sizeof id));
	NEED(strlen(id) == 56 && id[0] == 'N', "server_id is %s", id);
	NEED(natsConnection_GetMaxPayload(nc) == MAX_PAYLOAD, "max_payload is %lld",
	    (long long)natsConnection_GetMaxPayload(nc));
	NEED_OK(natsConnection_GetClientID(nc, &cid));
	NEED(cid > 0, "no client_id");
	NEED_OK(natsConnection_GetClientIP(nc, &ip));
	NEED(strcmp(ip, "127.0.0.1") == 0, "client_ip is %s", ip);
	free(ip);
	NEED_OK(natsConnection_HasHeaderSupport(nc));
	NEED_OK(natsConnection_GetDiscoveredServers(nc, &found, &n_found));
	NEED(n_found == 0, "%d servers discovered, there are none", n_found);
	return true;
}

static bool publish_subscribe(void)
{
	natsConnection   *nc;
	natsSubscription *sub, *other;
	natsMsg          *m;

	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "ps.a", NULL, &sub));
	NEED_OK(subscribe(nc, "ps.b", NULL, &other));
	NEED_OK(natsConnection_PublishRequestString(nc, "ps.a", "re.ply", "hello"));
	NEED_OK(next(sub, &m));
	NEED(is_text(m, "hello"), "data is %s", natsMsg_GetData(m));
	NEED(strcmp(natsMsg_GetSubject(m), "ps.a") == 0, "%s", natsMsg_GetSubject(m));
	NEED(strcmp(natsMsg_GetReply(m), "re.ply") == 0, "%s", natsMsg_GetReply(m));
	NEED_OK(natsConnection_Flush(nc));
	NEED(waiting(sub) == 0 && waiting(other) == 0, "more than one message");
	return true;
}

static bool order(void)
{
	natsConnection   *a, *b;
	natsSubscription *sub;
	natsMsg          *m;
	char              text[16];

	NEED_OK(connect_plain(&a));
	NEED_OK(connect_plain(&b));
	NEED_OK(subscribe(a, "order", NULL, &sub));
	NEED_OK(natsConnection_Flush(a));
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "%d", i);
		NEED_OK(natsConnection_PublishString(b, "order", text));
	}
	for (int i = 0; i < 1000; i++) {
		NEED_OK(next(sub, &m));
		NEED(number_of(m) == i, "%s came as number %d",
		    natsMsg_GetData(m), i);
	}
	return true;
}

static bool empty_and_binary_payload(void)
{
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m;
	unsigned char     all[256 + 4];

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	memcpy(all + 256, "\r\n\r\n", 4);
	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "bin", NULL, &sub));
	NEED_OK(natsConnection_Publish(nc, "bin", NULL, 0));
	NEED_OK(natsConnection_Publish(nc, "bin", all, sizeof all));
	NEED_OK(next(sub, &m));
	NEED(natsMsg_GetDataLength(m) == 0, "%d bytes", natsMsg_GetDataLength(m));
	NEED_OK(next(sub, &m));
	NEED(natsMsg_GetDataLength(m) == sizeof all &&
	    memcmp(natsMsg_GetData(m), all, sizeof all) == 0, "other bytes");
	return true;
}

static bool wildcards(void)
{
	static const struct { const char *pattern; int n; } t[] = {
		{ "w.*", 1 }, { "w.>", 3 }, { "w.*.c", 1 }, { "*.a.*", 2 },
		{ "w.a.b", 1 }, { "w", 1 }, { "w.a*", 0 }, { ">", 4 },
	};
	static const char *const subjects[] = { "w", "w.a", "w.a.b", "w.a.c" };
	enum { N = sizeof t / sizeof t[0] };
	natsConnection   *nc;
	natsSubscription *sub[N];

	NEED_OK(connect_plain(&nc));
	for (int i = 0; i < N; i++)
		NEED_OK(subscribe(nc, t[i].pattern, NULL, &sub[i]));
	for (int i = 0; i < 4; i++)
		NEED_OK(natsConnection_PublishString(nc, subjects[i], "x"));
	NEED_OK(natsConnection_Flush(nc));
	for (int i = 0; i < N; i++)
		NEED(waiting(sub[i]) == t[i].n, "%s got %d, not %d", t[i].pattern,
		    waiting(sub[i]), t[i].n);
	return true;
}

static bool queue_group(void)
{
	enum { MSGS = 400, MEMBERS = 4 };
	natsConnection   *a, *b, *pub;
	natsSubscription *member[MEMBERS], *other, *plain;
	bool              seen[MSGS] = { false };
	natsMsg          *m;
	char              text[16];
	int               total = 0;

	NEED_OK(connect_plain(&a));
	NEED_OK(connect_plain(&b));
	NEED_OK(connect_plain(&pub));
	for (int i = 0; i < MEMBERS; i++)
		NEED_OK(subscribe(i % 2 ? a : b, i < 2 ? "q.x" : "q.*", "crew",
		    &member[i]));
	NEED_OK(subscribe(a, "q.x", "other", &other));
	NEED_OK(subscribe(b, "q.x", NULL, &plain));
	NEED_OK(natsConnection_Flush(a));
	NEED_OK(natsConnection_Flush(b));
	for (int i = 0; i < MSGS; i++) {
		snprintf(text, sizeof text, "%d", i);
		NEED_OK(natsConnection_PublishString(pub, "q.x", text));
	}
	NEED_OK(natsConnection_Flush(pub));
	NEED_OK(natsConnection_Flush(a));
	NEED_OK(natsConnection_Flush(b));
	for (int i = 0; i < MEMBERS; i++) {
		int n = waiting(member[i]);

		NEED(n > 0, "member %d got nothing", i);
		for (; n > 0; n--, total++) {
			NEED_OK(next(member[i], &m));
			NEED(!seen[number_of(m)], "%s came twice",
			    natsMsg_GetData(m));
			seen[number_of(m)] = true;
		}
	}
	NEED(total == MSGS, "the group got %d of %d", total, MSGS);
	NEED(waiting(other) == MSGS, "the other group got %d", waiting(other));
	NEED(waiting(plain) == MSGS, "the plain one got %d", waiting(plain));
	return true;
}

static void pong(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *times)
{
	char text[256];

	(void)sub;
	snprintf(text, sizeof text, "pong:%.*s", natsMsg_GetDataLength(m),
	    natsMsg_GetData(m));
	for (int i = 0; i < *(int *)times; i++)
		natsConnection_PublishString(nc, natsMsg_GetReply(m), text);
	natsMsg_Destroy(m);
}

static bool request_one(void)
{
	static int        once = 1;
	natsConnection   *a, *b;
	natsSubscription *sub;
	natsMsg          *m;
	char              text[16], want[32];

	NEED_OK(connect_plain(&a));
	NEED_OK(connect_plain(&b));
	NEED_OK(natsConnection_Subscribe(&sub, a, "svc", pong, &once));
	held_sub[n_sub++] = sub;
	NEED_OK(natsConnection_Flush(a));
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "%d", i);
		snprintf(want, sizeof want, "pong:%d", i);
		NEED_OK(natsConnection_RequestString(&m, b, "svc", text, PATIENCE_MS));
		held_msg[n_msg++] = m;
		NEED(is_text(m, want), "reply %d is %s", i, natsMsg_GetData(m));
	}
	return true;
}

static bool request_many(void)
{
	static int        thrice = 3;
	natsConnection   *a, *b;
	natsSubscription *sub, *replies;
	natsMsg          *m;
	natsInbox        *inbox = NULL;

	NEED_OK(connect_plain(&a));
	NEED_OK(connect_plain(&b));
	NEED_OK(natsConnection_Subscribe(&sub, a, "many", pong, &thrice));
	held_sub[n_sub++] = sub;
	NEED_OK(natsConnection_Flush(a));
	NEED_OK(natsInbox_Create(&inbox));
	NEED_OK(subscribe(b, inbox, NULL, &replies));
	NEED_OK(natsConnection_PublishRequestString(b, "many", inbox, "x"));
	natsInbox_Destroy(inbox);
	for (int i = 0; i < 3; i++) {
		NEED_OK(next(replies, &m));
		NEED(is_text(m, "pong:x"), "reply is %s", natsMsg_GetData(m));
	}
	NEED_OK(natsConnection_Flush(a));
	NEED_OK(natsConnection_Flush(b));
	NEED(waiting(replies) == 0, "more than three replies");
	return true;
}

static bool headers(void)
{
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m, *got;
	const char       *value, **values = NULL, **keys = NULL;
	int               n = 0;

	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "hdr", NULL, &sub));
	NEED_OK(natsMsg_Create(&m, "hdr", "back", "body", 4));
	held_msg[n_msg++] = m;
	NEED_OK(natsMsgHeader_Set(m, "One", "first: value"));
	NEED_OK(natsMsgHeader_Add(m, "Two", "a"));
	NEED_OK(natsMsgHeader_Add(m, "Two", "b"));
	NEED_OK(natsMsgHeader_Set(m, "lower-Case", "x"));
	NEED_OK(natsConnection_PublishMsg(nc, m));
	NEED_OK(next(sub, &got));
	NEED(is_text(got, "body"), "data is %s", natsMsg_GetData(got));
	NEED(strcmp(natsMsg_GetReply(got), "back") == 0, "no reply subject");
	NEED_OK(natsMsgHeader_Get(got, "One", &value));
	NEED(strcmp(value, "first: value") == 0, "One is %s", value);
	NEED_OK(natsMsgHeader_Get(got, "lower-Case", &value));
	NEED_OK(natsMsgHeader_Values(got, "Two", &values, &n));
	NEED(n == 2 && strcmp(values[0], "a") == 0 && strcmp(values[1], "b") == 0,
	    "Two has %d values", n);
	free((void *)values);
	NEED_OK(natsMsgHeader_Keys(got, &keys, &n));
	free((void *)keys);
	NEED(n == 3, "%d keys", n);

	NEED_OK(natsMsg_Create(&m, "hdr", NULL, NULL, 0));
	held_msg[n_msg++] = m;
	NEED_OK(natsMsgHeader_Set(m, "Only", "header"));
	NEED_OK(natsConnection_PublishMsg(nc, m));
	NEED_OK(next(sub, &got));
	NEED(natsMsg_GetDataLength(got) == 0, "an empty body grew");
	NEED_OK(natsMsgHeader_Get(got, "Only", &value));
	return true;
}

static bool no_responders(void)
{
	natsConnection *nc;
	natsMsg        *m;
	natsStatus      s;

	NEED_OK(connect_plain(&nc));
	s = natsConnection_RequestString(&m, nc, "no.one", "x", PATIENCE_MS);
	NEED(s == NATS_NO_RESPONDERS, "%s", natsStatus_GetText(s));
	return true;
}

static bool no_echo(void)
{
	natsConnection   *mute, *other;
	natsSubscription *sub, *seen;
	natsOptions      *o = options();
	natsMsg          *m;

	natsOptions_SetNoEcho(o, true);
	NEED_OK(connect_with(o, &mute));
	NEED_OK(connect_plain(&other));
	NEED_OK(subscribe(mute, "echo", NULL, &sub));
	NEED_OK(subscribe(other, "echo", NULL, &seen));
	NEED_OK(natsConnection_Flush(mute));
	NEED_OK(natsConnection_Flush(other));
	NEED_OK(natsConnection_PublishString(mute, "echo", "mine"));
	NEED_OK(natsConnection_Flush(mute));
	NEED_OK(next(seen, &m));
	NEED(waiting(sub) == 0, "its own message came back");
	NEED_OK(natsConnection_PublishString(other, "echo", "yours"));
	NEED_OK(next(sub, &m));
	NEED(is_text(m, "yours"), "%s", natsMsg_GetData(m));
	return true;
}

static bool unsubscribe(void)
{
	natsConnection   *nc;
	natsSubscription *sub, *stays;
	natsMsg          *m;

	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "un", NULL, &sub));
	NEED_OK(subscribe(nc, "un", NULL, &stays));
	NEED_OK(natsConnection_PublishString(nc, "un", "1"));
	NEED_OK(next(sub, &m));
	NEED_OK(natsSubscription_Unsubscribe(sub));
	NEED_OK(natsConnection_PublishString(nc, "un", "2"));
	NEED_OK(natsConnection_Flush(nc));
	NEED(waiting(stays) == 2, "the other one got %d", waiting(stays));
	NEED(natsSubscription_NextMsg(&m, sub, 1) != NATS_OK, "a message came");
	return true;
}

static bool unsubscribe_max(void)
{
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m;

	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "max", NULL, &sub));
	NEED_OK(natsSubscription_AutoUnsubscribe(sub, 3));
	for (int i = 0; i < 10; i++)
		NEED_OK(natsConnection_PublishString(nc, "max", "x"));
	NEED_OK(natsConnection_Flush(nc));
	for (int i = 0; i < 3; i++)
		NEED_OK(next(sub, &m));
	NEED(next(sub, &m) != NATS_OK, "a fourth message came");
	return true;
}

/* ---- leaving --------------------------------------------------------------------- */

static void count(natsConnection *nc, natsSubscription *sub, natsMsg *m, void *n)
{
	(void)sub;
	natsMsg_Destroy(m);
	on_event(nc, n);
}

static bool drain_subscription(void)
{
	static int        n_got;
	natsConnection   *a, *b;
	natsSubscription *sub;

	n_got = 0;
	NEED_OK(connect_plain(&a));
	NEED_OK(connect_plain(&b));
	NEED_OK(natsConnection_Subscribe(&sub, a, "drain", count, &n_got));
	held_sub[n_sub++] = sub;
	NEED_OK(natsConnection_Flush(a));
	for (int i = 0; i < 50; i++)
		NEED_OK(natsConnection_PublishString(b, "drain", "x"));
	NEED_OK(natsConnection_Flush(b));
	NEED_OK(natsSubscription_Drain(sub));
	NEED_OK(natsSubscription_WaitForDrainCompletion(sub, PATIENCE_MS));
	NEED(n_got == 50, "%d of 50", n_got);
	NEED_OK(natsConnection_PublishString(b, "drain", "late"));
	NEED_OK(natsConnection_Flush(b));
	NEED_OK(natsConnection_Flush(a));
	NEED(n_got == 50, "one came after the drain");
	return true;
}

static bool drain_connection(void)
{
	static int        n_got;
	natsConnection   *a, *b;
	natsSubscription *sub, *answer;
	natsMsg          *m;

	n_got = 0;
	NEED_OK(connect_plain(&a));
	NEED_OK(connect_plain(&b));
	NEED_OK(natsConnection_Subscribe(&sub, a, "bye", count, &n_got));
	held_sub[n_sub++] = sub;
	NEED_OK(subscribe(b, "last", NULL, &answer));
	NEED_OK(natsConnection_Flush(a));
	for (int i = 0; i < 50; i++)
		NEED_OK(natsConnection_PublishString(b, "bye", "x"));
	NEED_OK(natsConnection_Flush(b));
	NEED_OK(natsConnection_PublishString(a, "last", "words"));
	NEED_OK(natsConnection_Drain(a));
	NEED(await(&ev->n_closed, 1), "the connection was not closed");
	NEED(n_got == 50, "%d of 50", n_got);
	NEED_OK(next(answer, &m));
	NEED(is_text(m, "words"), "%s", natsMsg_GetData(m));
	return true;
}

static bool flush_rtt(void)
{
	natsConnection *nc;
	int64_t         rtt = 0;

	NEED_OK(connect_plain(&nc));
	for (int i = 0; i < 20; i++)
		NEED_OK(natsConnection_FlushTimeout(nc, PATIENCE_MS));
	NEED_OK(natsConnection_GetRTT(nc, &rtt));
	NEED(rtt > 0, "rtt is %lld", (long long)rtt);
	return true;
}

/* ---- sizes ----------------------------------------------------------------------- */

static bool payload_at_limit(void)
{
	static char       big[MAX_PAYLOAD];
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m;

	for (int i = 0; i < MAX_PAYLOAD; i++)
		big[i] = (char)(i * 31 >> 3);
	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "big", NULL, &sub));
	for (int i = 0; i < 3; i++) {
		NEED_OK(natsConnection_Publish(nc, "big", big, MAX_PAYLOAD - i));
		NEED_OK(next(sub, &m));
		NEED(natsMsg_GetDataLength(m) == MAX_PAYLOAD - i &&
		    memcmp(natsMsg_GetData(m), big, MAX_PAYLOAD - (size_t)i) == 0,
		    "other bytes");
	}
	return true;
}

static bool payload_over_limit_client(void)
{
	static char     big[MAX_PAYLOAD + 1];
	natsConnection *nc;
	natsStatus      s;

	NEED_OK(connect_plain(&nc));
	s = natsConnection_Publish(nc, "big", big, sizeof big);
	NEED(s == NATS_MAX_PAYLOAD, "%s", natsStatus_GetText(s));
	NEED_OK(natsConnection_Flush(nc));
	return true;
}

/* The client knows the limit of its connect; the server's has sunk since. */
static bool payload_over_limit_server(void)
{
	static char     big[2000];
	natsConnection *nc;
	natsOptions    *o;

	server("plain");
	o = options();
	natsOptions_SetAllowReconnect(o, false);
	NEED_OK(connect_with(o, &nc));
	ask("reload small");
	NEED_OK(natsConnection_Publish(nc, "big", big, 1000));
	NEED_OK(natsConnection_Flush(nc));
	NEED_OK(natsConnection_Publish(nc, "big", big, sizeof big));
	(void)natsConnection_Flush(nc);
	NEED(await(&ev->n_closed, 1), "still connected");
	/* Not the text of the error: a server that does not read the payload may
	 * reset, before its -ERR is read. */
	ask("logged maximum payload exceeded: 2000 vs 1000");
	return true;
}

static bool many_subscriptions(void)
{
	enum { N = 2000 };
	static natsSubscription *sub[N];
	natsConnection *nc;
	char            subject[32];

	server("plain");
	NEED_OK(connect_plain(&nc));
	for (int i = 0; i < N; i++) {
		snprintf(subject, sizeof subject, "lots.%d", i);
		NEED_OK(subscribe(nc, subject, NULL, &sub[i]));
	}
	for (int i = 0; i < N; i++) {
		snprintf(subject, sizeof subject, "lots.%d", i);
		NEED_OK(natsConnection_PublishString(nc, subject, "x"));
	}
	NEED_OK(natsConnection_Flush(nc));
	for (int i = 0; i < N; i++)
		NEED(waiting(sub[i]) == 1, "lots.%d got %d", i, waiting(sub[i]));
	return true;
}

/* ---- the server goes away ---------------------------------------------------------- */

static bool reconnect(void)
{
	natsConnection   *nc;
	natsSubscription *plain, *queue, *limited;
	natsMsg          *m;

	NEED_OK(connect_plain(&nc));
	NEED_OK(subscribe(nc, "re.*", NULL, &plain));
	NEED_OK(subscribe(nc, "re.x", "crew", &queue));
	NEED_OK(subscribe(nc, "re.x", NULL, &limited));
	NEED_OK(natsSubscription_AutoUnsubscribe(limited, 3));
	NEED_OK(natsConnection_PublishString(nc, "re.x", "before"));
	NEED_OK(next(plain, &m));
	NEED_OK(next(queue, &m));
	NEED_OK(next(limited, &m));
	ask("restart");
	NEED(await(&ev->n_reconnected, 1), "it did not reconnect");
	for (int i = 0; i < 4; i++)
		NEED_OK(natsConnection_PublishString(nc, "re.x", "after"));
	NEED_OK(natsConnection_Flush(nc));
	NEED(ev->n_disconnected >= 1, "no disconnect was told");
	NEED(waiting(plain) == 4, "plain got %d", waiting(plain));
	NEED(waiting(queue) == 4, "queue got %d", waiting(queue));
	NEED(waiting(limited) == 2, "limited got %d", waiting(limited));
	return true;
}

static bool lame_duck(void)
{
	natsConnection *nc;
	natsOptions    *o;
	const char     *status;

	server("lameduck");
	o = options();
	natsOptions_SetAllowReconnect(o, false);
	NEED_OK(connect_with(o, &nc));
	ask("lameduck");
	NEED(await(&ev->n_lameduck, 1), "no notice");
	NEED(await(&ev->n_closed, 1), "it was not closed");
	status = ask("exited");
	NEED(strcmp(status, "exit 0") == 0, "%s", status);
	return true;
}

/* ---- who may ----------------------------------------------------------------------- */

static natsStatus connect_as(const char *user, const char *pass, natsConnection **nc)
{
	natsOptions *o = options();

	natsOptions_SetUserInfo(o, user, pass);
	natsOptions_SetAllowReconnect(o, false);
	return connect_with(o, nc);
}

static bool user_password(void)
{
	natsConnection *nc;

	server("user");
	NEED_OK(connect_as("alice", "s3cr3t", &nc));
	NEED_OK(natsConnection_Flush(nc));
	return true;
}

/* ---- TLS ---------------------------------------------------------------------- */

/* The files of a certificate, into cert and key. */
static void certs(const char *name, char cert[256], char key[256])
{
	char line[64];

	snprintf(line, sizeof line, "certs %s", name);
	if (sscanf(ask(line), "pair %255s %255s", cert, key) != 2)
		cert[0] = key[0] = '\0';
}

static natsStatus connect_tls(const char *authority, const char *own,
    natsConnection **nc)
{
	natsOptions *o = options();
	char         cert[256], key[256];

	certs(authority, cert, key);
	natsOptions_SetSecure(o, true);
	natsOptions_SetAllowReconnect(o, false);
	natsOptions_LoadCATrustedCertificates(o, cert);
	natsOptions_SetExpectedHostname(o, "localhost");
	if (own != NULL) {
		certs(own, cert, key);
		natsOptions_LoadCertificatesChain(o, cert, key);
	}
	return connect_with(o, nc);
}

static bool tls(void)
{
	static char       big[900000];
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *msg = NULL;
	int               n;

	server("tls");
	NEED_OK(connect_tls("ca", NULL, &nc));
	NEED_OK(natsConnection_SubscribeSync(&sub, nc, "big"));
	NEED_OK(natsConnection_Publish(nc, "big", big, sizeof big));
	NEED_OK(natsSubscription_NextMsg(&msg, sub, 10000));
	n = natsMsg_GetDataLength(msg);
	natsMsg_Destroy(msg);
	natsSubscription_Destroy(sub);
	return n == (int)sizeof big;
}

static bool tls_wrong_authority(void)
{
	natsConnection *nc;

	server("tls");
	return connect_tls("other-ca", NULL, &nc) != NATS_OK;
}

static bool tls_client_certificate(void)
{
	natsConnection *nc;

	server("tls_verify");
	NEED_OK(connect_tls("ca", "client", &nc));
	NEED_OK(natsConnection_Flush(nc));
	server("tls_map");
	NEED_OK(connect_tls("ca", "client", &nc));
	NEED_OK(natsConnection_Flush(nc));
	return true;
}

static bool token(void)
{
	natsConnection *nc;
	natsOptions    *o;
	natsStatus      s;

	server("token");
	o = options();
	natsOptions_SetToken(o, "t0ken");
	NEED_OK(connect_with(o, &nc));
	NEED_OK(natsConnection_Flush(nc));
	o = options();
	natsOptions_SetToken(o, "t0kem");
	s = connect_with(o, &nc);
	NEED(s == NATS_CONNECTION_AUTH_FAILED, "%s", natsStatus_GetText(s));
	return true;
}

static bool wrong_credentials(void)
{
	natsConnection *nc;
	natsStatus      s;

	server("user");
	s = connect_as("alice", "wrong", &nc);
	NEED(s == NATS_CONNECTION_AUTH_FAILED, "%s", natsStatus_GetText(s));
	s = connect_as("bob", "s3cr3t", &nc);
	NEED(s == NATS_CONNECTION_AUTH_FAILED, "%s", natsStatus_GetText(s));
	return true;
}

static bool missing_credentials(void)
{
	natsConnection *nc;
	natsStatus      s = connect_plain(&nc);

	NEED(s == NATS_CONNECTION_AUTH_FAILED, "%s", natsStatus_GetText(s));
	return true;
}

/* A violation is told, names the subject, and costs nothing else. */
static bool is_told(int n, const char *kind, const char *subject)
{
	char want[128];

	NEED(await(&ev->n_errors, n), "violation %d was not told", n);
	snprintf(want, sizeof want, "Permissions Violation for %s \"%s\"", kind, subject);
	NEED(strcasestr(ev->error, want) != NULL, "told: %s", ev->error);
	return true;
}

static bool permission_publish(void)
{
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m;

	server("permissions");
	NEED_OK(connect_as("worker", "w0rk", &nc));
	NEED_OK(subscribe(nc, "open.>", NULL, &sub));
	NEED_OK(natsConnection_PublishString(nc, "closed.x", "x"));
	if (!is_told(1, "Publish to", "closed.x"))
		return false;
	NEED_OK(natsConnection_PublishString(nc, "open.secret", "x"));
	if (!is_told(2, "Publish to", "open.secret"))
		return false;
	NEED_OK(natsConnection_PublishString(nc, "open.x", "y"));
	NEED_OK(next(sub, &m));
	NEED(is_text(m, "y"), "%s", natsMsg_GetData(m));
	return true;
}

static bool permission_subscribe(void)
{
	natsConnection   *nc;
	natsSubscription *sub;

	NEED_OK(connect_as("worker", "w0rk", &nc));
	NEED_OK(subscribe(nc, "closed.x", NULL, &sub));
	if (!is_told(1, "Subscription to", "closed.x"))
		return false;
	NEED_OK(natsConnection_Flush(nc));
	return true;
}

static bool permission_queue(void)
{
	natsConnection   *nc;
	natsSubscription *sub;

	NEED_OK(connect_as("worker", "w0rk", &nc));
	NEED_OK(subscribe(nc, "jobs", "crew", &sub));
	NEED_OK(natsConnection_Flush(nc));
	NEED(ev->n_errors == 0, "told: %s", ev->error);
	NEED_OK(subscribe(nc, "jobs", "strangers", &sub));
	if (!is_told(1, "Subscription to", "jobs"))
		return false;
	NEED(strstr(ev->error, "using queue \"strangers\"") != NULL, "%s", ev->error);
	return true;
}

static bool verbose_pedantic(void)
{
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m;
	natsOptions      *o;

	server("plain");
	o = options();
	natsOptions_SetVerbose(o, true);
	natsOptions_SetPedantic(o, true);
	NEED_OK(connect_with(o, &nc));
	NEED_OK(subscribe(nc, "v.*", NULL, &sub));
	for (int i = 0; i < 20; i++)
		NEED_OK(natsConnection_PublishString(nc, "v.x", "x"));
	NEED_OK(natsConnection_Flush(nc));
	for (int i = 0; i < 20; i++)
		NEED_OK(next(sub, &m));
	NEED_OK(natsSubscription_Unsubscribe(sub));
	NEED_OK(natsConnection_Flush(nc));
	return true;
}

/* ---- ways to log in ------------------------------------------------------------ */

/* What the login takes is in files of this folder; good for three more calls. */
static const char *in_folder(const char *file)
{
	static char paths[4][256];
	static int  turn;
	char       *path = paths[turn++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", folder, file);
	return path;
}

static natsOptions *login(const char *method)
{
	char line[64];

	snprintf(line, sizeof line, "login %s", method);
	if (sscanf(ask(line), "login %255s %199s", url, folder) != 2)
		url[0] = folder[0] = '\0';
	return options();
}

/* Consumes o.  Let in: it publishes, hears, and is told what it may not. */
static bool is_let_in(natsOptions *o)
{
	natsConnection   *nc;
	natsSubscription *sub;
	natsMsg          *m;

	NEED_OK(connect_with(o, &nc));
	NEED_OK(subscribe(nc, "open.>", NULL, &sub));
	NEED_OK(natsConnection_PublishString(nc, "open.x", "y"));
	NEED_OK(next(sub, &m));
	NEED(is_text(m, "y"), "%s", natsMsg_GetData(m));
	NEED_OK(natsConnection_PublishString(nc, "closed.x", "x"));
	if (!is_told(1, "Publish to", "closed.x"))
		return false;
	NEED_OK(subscribe(nc, "closed.y", NULL, &sub));
	return is_told(2, "Subscription to", "closed.y");
}

/* Consumes o. */
static bool is_refused(natsOptions *o)
{
	natsConnection *nc;
	natsStatus      s;

	natsOptions_SetAllowReconnect(o, false);
	s = connect_with(o, &nc);
	NEED(s == NATS_CONNECTION_AUTH_FAILED, "%s", natsStatus_GetText(s));
	return true;
}

static bool is_let_in_by_password(natsOptions *o, const char *user)
{
	natsOptions_SetUserInfo(o, user, "s3cret");
	if (!is_let_in(o))
		return false;
	o = options();
	natsOptions_SetUserInfo(o, user, "wrong");
	return is_refused(o);
}

static bool login_bcrypt(void)
{
	return is_let_in_by_password(login("bcrypt"), "worker");
}

static bool login_callout(void)
{
	return is_let_in_by_password(login("callout"), "somebody");
}

static bool login_nkey(void)
{
	natsOptions *o = login("nkey");
	char         key[64] = "";
	FILE        *f = fopen(in_folder("user.pub"), "r");

	NEED(f != NULL && fscanf(f, "%63s", key) == 1, "no key");
	fclose(f);
	NEED_OK(natsOptions_SetNKeyFromSeed(o, key, in_folder("user.nk")));
	return is_let_in(o) && is_refused(options());
}

static natsOptions *login_with_creds(const char *method)
{
	natsOptions *o = login(method);

	natsOptions_SetUserCredentialsFromFiles(o, in_folder("user.creds"), NULL);
	return o;
}

static bool login_creds(void)
{
	return is_let_in(login_with_creds("creds")) && is_refused(options());
}

static bool login_certificate(void)
{
	natsOptions *o = login("certificate");

	natsOptions_SetSecure(o, true);
	natsOptions_LoadCATrustedCertificates(o, in_folder("ca.pem"));
	natsOptions_SetExpectedHostname(o, "localhost");
	NEED_OK(natsOptions_LoadCertificatesChain(o, in_folder("client.pem"),
	    in_folder("client.key")));
	return is_let_in(o);
}

static bool login_no_auth_user(void)
{
	return is_let_in(login("no_auth_user"));
}

/* The library calls back for some of these errors, and keeps all of them. */
static bool is_cut_off(const char *say)
{
	const char *text = NULL;

	NEED(await(&ev->n_closed, 1), "it was not cut off");
	(void)natsConnection_GetLastError(held_nc[n_nc - 1], &text);
	NEED(text != NULL && strcasestr(text, say) != NULL, "told: %s", text);
	return true;
}

static bool cut_off_at_expiry(void)
{
	natsOptions *o = login_with_creds("expiring");

	natsOptions_SetAllowReconnect(o, false);
	return is_let_in(o) && is_cut_off("expired");
}

static bool cut_off_when_revoked(void)
{
	natsOptions *o = login_with_creds("creds");

	natsOptions_SetAllowReconnect(o, false);
	if (!is_let_in(o))
		return false;
	ask("revoke");
	return is_cut_off("revoked");
}

int main(void)
{
	static const struct { const char *name; bool (*test)(void); } t[] = {
		{ "connect", connect_ },
#define T(name) { #name, name }
		T(publish_subscribe), T(order), T(empty_and_binary_payload),
		T(wildcards), T(queue_group), T(request_one), T(request_many),
		T(headers), T(no_responders), T(no_echo), T(unsubscribe),
		T(unsubscribe_max), T(drain_subscription), T(drain_connection),
		T(flush_rtt), T(payload_at_limit), T(payload_over_limit_client),
		T(payload_over_limit_server), T(many_subscriptions), T(reconnect),
		T(lame_duck), T(user_password), T(wrong_credentials),
		T(missing_credentials), T(token), T(permission_publish),
		T(permission_subscribe), T(permission_queue), T(verbose_pedantic),
		T(tls), T(tls_wrong_authority), T(tls_client_certificate),
		T(login_bcrypt), T(login_nkey), T(login_creds), T(login_certificate),
		T(login_no_auth_user), T(login_callout), T(cut_off_at_expiry),
		T(cut_off_when_revoked),
#undef T
	};

	static struct events seen[sizeof t / sizeof t[0]];

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("version %s\n", nats_GetVersion());
	for (volatile size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		ev = &seen[i];
		if (setjmp(test_over) == 0 && t[i].test())
			printf("pass %s\n", t[i].name);
		else
			printf("fail %s %s\n", t[i].name, why);
		release_all();
	}
	nats_Close();
	return 0;
}
