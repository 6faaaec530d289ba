/* consumer_deliver_test.c - random operations, held against a naive consumer.
 *
 * The model keeps every message and every state in plain arrays and works out
 * each answer by walking them.  MOTE_TEST_LONG=1: a million operations.
 */
#include "base/clock.h"
#include "check.h"
#include "consumer_world.h"
#include "js/errors.h"
#include "proto/subject.h"

#define NEXT "$JS.API.CONSUMER.MSG.NEXT.S.C"

enum { MSGS_MAX = 4000, OPS = 20000, OPS_LONG = 1000000 };

struct model_msg {
	const char *subject;
	bool        is_gone, is_pending, is_due, is_dead;
	uint64_t    first_cseq;
	unsigned    n_delivered;
	int64_t     due_ns;
};

struct model {
	struct model_msg m[MSGS_MAX + 1];
	uint64_t         last, next_seq, next_cseq, floor_seq, floor_cseq;
	uint64_t         again[MSGS_MAX * 4];
	size_t           again_at, n_again;
	unsigned         max_deliver, max_ack_pending;
	const char      *filter;
	bool             is_all;
};

static struct world w;
static struct model m;
static uint64_t     dice_state;

static uint32_t dice(uint32_t n)
{
	dice_state = dice_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return n == 0 ? 0 : (uint32_t)(dice_state >> 33) % n;
}

static bool matches(uint64_t seq)
{
	return m.filter == NULL || subject_matches(
	    slice_str(m.m[seq].subject), slice_str(m.filter));
}

static uint64_t n_pending(void)
{
	uint64_t n = 0;

	for (uint64_t s = m.next_seq; s <= m.last; s++)
		n += !m.m[s].is_gone && matches(s);
	return n;
}

static uint64_t n_ack_pending(void)
{
	uint64_t n = 0;

	for (uint64_t s = 1; s < m.next_seq && s <= m.last; s++)
		n += m.m[s].is_pending;
	return n;
}

static void raise_floor(void)
{
	uint64_t s = 1, to, cseq;

	while (s <= m.last && !m.m[s].is_pending)
		s++;
	to = s <= m.last ? s - 1 : m.next_seq - 1;
	cseq = s <= m.last ? m.m[s].first_cseq - 1 : m.next_cseq - 1;
	if (to > m.floor_seq || (to == m.floor_seq && cseq > m.floor_cseq)) {
		m.floor_seq = to;
		m.floor_cseq = cseq;
	}
}

static void leaves(uint64_t s)
{
	m.m[s].is_pending = m.m[s].is_due = false;
	raise_floor();
}

static void due(uint64_t s)
{
	if (m.m[s].is_due)
		return;
	if (m.max_deliver > 0 && m.m[s].n_delivered >= m.max_deliver) {
		m.m[s].is_dead = true;
		leaves(s);
		return;
	}
	m.m[s].is_due = true;
	m.again[m.n_again++] = s;
}

/* In the order of time; by sequence at one time. */
static void expire(void)
{
	for (;;) {
		uint64_t first = 0;

		for (uint64_t s = 1; s <= m.last; s++)
			if (m.m[s].is_pending && !m.m[s].is_due &&
			    m.m[s].due_ns <= w.host.now_ns && (first == 0 ||
			    m.m[s].due_ns < m.m[first].due_ns))
				first = s;
		if (first == 0)
			return;
		due(first);
	}
}

/* The sequence that is next; 0: none. */
static uint64_t deliver(unsigned *n)
{
	for (; m.again_at < m.n_again; m.again_at++) {
		uint64_t s = m.again[m.again_at];

		if (!m.m[s].is_pending || !m.m[s].is_due)
			continue;
		m.again_at++;
		m.m[s].is_due = false;
		*n = ++m.m[s].n_delivered;
		m.m[s].due_ns = w.host.now_ns + 30 * NS_PER_S;
		m.next_cseq++;
		return s;
	}
	if (m.max_ack_pending > 0 && n_ack_pending() >= m.max_ack_pending)
		return 0;
	for (uint64_t s = m.next_seq; s <= m.last; s++)
		if (!m.m[s].is_gone && matches(s)) {
			m.m[s].is_pending = true;
			m.m[s].first_cseq = m.next_cseq++;
			*n = m.m[s].n_delivered = 1;
			m.m[s].due_ns = w.host.now_ns + 30 * NS_PER_S;
			m.next_seq = s + 1;
			return s;
		}
	return 0;
}

static void do_ask(void)
{
	unsigned batch = 1 + dice(5), n;
	char     text[64], want[8192] = "";

	snprintf(text, sizeof text, "{\"batch\":%u,\"no_wait\":true,"
	    "\"expires\":1}", batch);
	for (unsigned i = 0; i < batch; i++) {
		uint64_t s = deliver(&n);

		if (s == 0)
			break;
		snprintf(want + strlen(want), sizeof want - strlen(want),
		    "in|%s|$JS.ACK.S.C.%u.%ju.%ju.T.%ju||m\n", m.m[s].subject,
		    n, (uintmax_t)s, (uintmax_t)m.next_cseq - 1,
		    (uintmax_t)n_pending());
	}
	buf_reset(&w.said);
	world_publish(&w, NEXT, "in", "", text);
	world_turn(&w);
	{
		char *said = (char *)(uintptr_t)world_said(&w);
		char *status = strstr(said, "in|||");

		if (status != NULL)
			*status = 0;
		CHECK_STR(said, want);
	}
	world_pass(&w, 1);
	expire();
}

static void say(uint64_t s, const char *payload)
{
	char subject[100];

	snprintf(subject, sizeof subject, "$JS.ACK.S.C.1.%ju.%ju.1.0",
	    (uintmax_t)s, (uintmax_t)m.m[s].first_cseq);
	world_publish(&w, subject, "", "", payload);
}

static void do_ack(void)
{
	uint64_t s = 1 + dice((uint32_t)m.last);

	if (s > m.last || m.m[s].first_cseq == 0)
		return;
	say(s, "");
	if (!m.is_all) {
		if (m.m[s].is_pending)
			leaves(s);
	} else if (s > m.floor_seq) {
		for (uint64_t k = 1; k <= s; k++)
			if (m.m[k].is_pending)
				leaves(k);
		if (m.floor_seq < s) {
			m.floor_seq = s;
			m.floor_cseq = m.m[s].first_cseq;
		}
	}
}

static void do_nak(void)
{
	uint64_t s = 1 + dice((uint32_t)m.last);

	if (s > m.last || m.m[s].first_cseq == 0)
		return;
	say(s, "-NAK");
	if (m.m[s].is_pending)
		due(s);
}

static void do_store(void)
{
	static const char *const subjects[] = { "a.x", "a.y", "b.x", "b.y" };

	if (m.last == MSGS_MAX)
		return;
	m.m[++m.last] = (struct model_msg){ .subject = subjects[dice(4)] };
	CHECK_INT(world_store(&w, m.m[m.last].subject, "m"), m.last);
}

static void do_delete(void)
{
	uint64_t s = 1 + dice((uint32_t)m.last);

	if (s > m.last || m.m[s].is_gone)
		return;
	world_delete(&w, s);
	m.m[s].is_gone = true;
	if (m.m[s].is_pending)
		leaves(s);
}

static void do_pass(void)
{
	world_pass(&w, (int64_t)dice(12) * NS_PER_S);
	expire();
}

/* So late that all that is pending is due. */
static void do_restart(void)
{
	if (dice(20) != 0)
		return;
	world_turn(&w);
	w.host.now_ns += 31 * NS_PER_S;
	m.again_at = m.n_again;
	for (uint64_t s = 1; s <= m.last; s++)
		if (m.m[s].is_pending) {
			m.m[s].is_due = false;
			due(s);
		}
	world_restart(&w);
}

static void holds(void)
{
	struct consumer_view v;

	world_turn(&w);
	consumer_look(stream_find_consumer(&w.stream, SLICE("C")), &v);
	CHECK_INT(v.delivered.stream_seq, m.next_seq - 1);
	CHECK_INT(v.delivered.consumer_seq, m.next_cseq - 1);
	CHECK_INT(v.ack_floor.stream_seq, m.floor_seq);
	CHECK_INT(v.ack_floor.consumer_seq, m.floor_cseq);
	CHECK_INT(v.n_ack_pending, n_ack_pending());
	CHECK_INT(v.n_pending, n_pending());
	for (uint64_t s = m.last > 20 ? m.last - 20 : 1; s <= m.last; s++)
		if (!m.m[s].is_gone && s > m.floor_seq)
			CHECK_INT(consumer_needs(stream_find_consumer(
			    &w.stream, SLICE("C")), s, slice_str(
			    m.m[s].subject)), matches(s) &&
			    (s >= m.next_seq || m.m[s].is_pending ||
			    m.m[s].is_dead));
}

static void (*const ops[])(void) = {
	do_store, do_store, do_store, do_ask, do_ask, do_ack, do_ack, do_ack,
	do_nak, do_delete, do_pass, do_restart,
};

static void begin(uint64_t seed)
{
	static struct slice     filter;
	struct consumer_config *g;

	dice_state = seed;
	memset(&m, 0, sizeof m);
	world_init(&w);
	g = world_config("C");
	m.filter = (const char *[]){ NULL, "a.*", "b.x", "*.y" }[dice(4)];
	m.max_deliver = dice(3) == 0 ? 2 : 0;
	m.max_ack_pending = dice(2) == 0 ? 5 : 0;
	m.is_all = dice(4) == 0;
	m.next_seq = m.next_cseq = 1;
	g->max_deliver = m.max_deliver > 0 ? (int64_t)m.max_deliver : -1;
	g->max_ack_pending = m.max_ack_pending > 0 ? (int64_t)m.max_ack_pending : -1;
	g->ack_policy = m.is_all ? ACK_ALL : ACK_EXPLICIT;
	if (m.filter != NULL) {
		filter = slice_str(m.filter);
		g->filters = &filter;
		g->n_filters = 1;
	}
	world_create(&w, g);
}

TEST(a_consumer_does_what_a_naive_one_does)
{
	const char *is_long = getenv("MOTE_TEST_LONG");
	int         n = is_long != NULL ? OPS_LONG : OPS;

	for (uint64_t seed = 1; n > 0; seed++) {
		begin(seed);
		for (int i = 0; i < 1000 && n > 0; i++, n--) {
			ops[dice(N_OF(ops))]();
			holds();
		}
		world_fini(&w);
	}
}
