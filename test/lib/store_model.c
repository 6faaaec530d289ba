/* test/lib/store_model.c - a store played with, and a naive one beside it. */
#include "store_model.h"

#include "base/err.h"
#include "check.h"
#include "proto/subject.h"
#include "store/seal.h"

static const char *const patterns[] = {
	"", ">", "a.>", "a.*.c", "*.x", "b.*", "a.1.c", "a.1", "b.7", "*.*.*",
	"none", "a.>", "b.3", "c",
};

struct store_config model_flavour(struct store_config c)
{
	static struct store_secret secret = { .key = { "a secret", 8 } };
	const char                *how = getenv("MOTE_TEST_STORE");

	if (how == NULL)
		return c;
	secret.cipher = strstr(how, "aes") != NULL ? CODEC_AES
	    : CODEC_CHACHA;
	if (strstr(how, "aes") != NULL || strstr(how, "chacha") != NULL)
		c.secret = &secret;
	c.is_compressed = strstr(how, "lz4") != NULL;
	return c;
}

struct model *model_create(uint32_t seed, uint64_t base)
{
	struct model *m = calloc(1, sizeof *m);

	m->seed = seed;
	m->base = base;
	m->last = base - 1;
	m->now_ns = 1000000;
	return m;
}

void model_destroy(struct model *m)
{
	free(m);
}

uint32_t model_dice(struct model *m, uint32_t n)
{
	m->seed = m->seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)m->seed * n >> 32);
}

static struct model_msg *msg_at(struct model *m, uint64_t seq)
{
	if (seq < m->base || seq - m->base >= MODEL_SEQS)
		fail_msg("sequence %llu is beyond the model",
		    (unsigned long long)seq);
	return &m->msgs[seq - m->base];
}

static struct slice subject_of(unsigned nr, char out[32])
{
	static const char *const few[] = { "c", "a.1", "a.1.c", "q.x" };
	int n = nr < 4 ? snprintf(out, 32, "%s", few[nr])
	    : nr < 12 ? snprintf(out, 32, "a.%u.c", nr)
	    : snprintf(out, 32, "b.%u", nr - 10);

	return slice_of(out, (size_t)n);
}

/* Most are short; one in 40 is larger than a small block. */
static size_t fill_body(uint64_t seq, char *out)
{
	uint32_t mix = (uint32_t)seq * 2654435761u;
	size_t   n = mix % 40 == 7 ? 5000 : mix >> 8 & 127;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)((seq >> (8 * (i & 7))) + i / 8);
	return n;
}

static struct slice hdr_of(uint64_t seq)
{
	return seq % 3 == 0 ? SLICE("NATS/1.0\r\nA: b\r\n\r\n") : SLICE_NONE;
}

static bool is_live(const struct model_msg *x)
{
	return x->was_put && !x->is_dead;
}

void model_lost(void *ctx, const struct store_loss *loss)
{
	struct model *m = ctx;

	m->n_lost_told += loss->last_seq - loss->first_seq + 1;
}

/* ---- changes -------------------------------------------------------------- */

int model_append(struct model *m)
{
	char              body[5000], subject[32];
	uint64_t          want = m->last + 1, seq = 0;
	unsigned          nr = model_dice(m, MODEL_SUBJECTS);
	size_t            n = fill_body(want, body);
	struct model_msg *x = msg_at(m, want);
	int               err;

	m->now_ns += model_dice(m, 3);
	err = store_append(m->s, subject_of(nr, subject), hdr_of(want),
	    slice_of(body, n), m->now_ns, &seq);
	if (err != 0)
		return err;
	CHECK_INT(seq, want);
	m->last = seq;
	m->last_mark = store_mark(m->s);
	*x = (struct model_msg){ .subject = (uint8_t)nr, .was_put = true,
		.put_mark = store_mark(m->s), .ts_ns = m->now_ns };
	return 0;
}

/* One, or a few at a time. */
static int skip_some(struct model *m)
{
	uint64_t seq = m->last + model_dice(m, 9);
	int      err = seq > m->last ? store_skip_to(m->s, seq + 1)
	    : store_skip(m->s, m->now_ns, &seq);

	if (err != 0)
		return err;
	CHECK_INT(seq, store_last_seq(m->s));
	m->last_mark = store_mark(m->s);
	while (m->last < seq)
		*msg_at(m, ++m->last) = (struct model_msg){ 0 };
	return 0;
}

int model_delete(struct model *m, uint64_t seq, enum store_delete how)
{
	struct model_msg *x = msg_at(m, seq);
	bool              was_live = seq <= m->last && is_live(x);
	int               err = store_delete(m->s, seq, how, NULL);

	if (err == 0 || err == ERR_NOTFOUND)
		CHECK_INT(err, was_live ? 0 : ERR_NOTFOUND);
	/* what failed half-way may be on the disk or not */
	if (!was_live)
		return err == ERR_NOTFOUND ? 0 : err;
	if (err == 0) {
		x->is_dead = true;
		x->is_expired = how == STORE_EXPIRE;
		x->dead_mark = store_mark(m->s);
	}
	return err;
}

static uint64_t count(struct model *m, struct slice pattern, uint64_t from,
    uint64_t below)
{
	uint64_t n = 0;

	for (uint64_t seq = from < m->base ? m->base : from; seq <= m->last &&
	    seq < below; seq++) {
		struct model_msg *x = msg_at(m, seq);
		char              subject[32];

		n += is_live(x) && (pattern.n == 0 || subject_matches(
		    subject_of(x->subject, subject), pattern));
	}
	return n;
}

static void purge_model(struct model *m, struct slice pattern,
    uint64_t below, uint64_t n)
{
	for (uint64_t seq = m->base; seq <= m->last && seq < below && n > 0;
	    seq++) {
		struct model_msg *x = msg_at(m, seq);
		char              subject[32];

		if (!is_live(x) || (pattern.n > 0 && !subject_matches(
		    subject_of(x->subject, subject), pattern)))
			continue;
		x->is_dead = true;
		x->dead_mark = store_mark(m->s);
		n--;
	}
}

int model_purge(struct model *m, const char *pattern, uint64_t below,
    uint64_t keep)
{
	struct store_purge what = { slice_str(pattern), below, keep };
	uint64_t           bound = below == 0 ? UINT64_MAX : below;
	uint64_t           total = count(m, what.pattern, 0, UINT64_MAX);
	uint64_t           want = count(m, what.pattern, 0, bound), n = 0;
	int                err;

	if (want > (total > keep ? total - keep : 0))
		want = total > keep ? total - keep : 0;
	err = store_purge(m->s, &what, &n);
	if (err != 0) {
		for (uint64_t seq = m->base; seq <= m->last; seq++)
			msg_at(m, seq)->is_unsure = true;
		return err;
	}
	CHECK_INT(n, want, "purge %s below %llu keep %llu", pattern,
	    (unsigned long long)below, (unsigned long long)keep);
	purge_model(m, what.pattern, bound, want);
	if (what.pattern.n == 0 && keep == 0 && below > m->last + 1) {
		msg_at(m, below);
		m->last = below - 1;
		m->last_mark = store_mark(m->s);
	}
	return 0;
}

static int some_purge(struct model *m)
{
	switch (model_dice(m, 8)) {
	case 0:
		return model_purge(m, "", 0, 0);
	case 1:
		return model_purge(m, "", m->last + 2 + model_dice(m, 20), 0);
	case 2:
		return model_purge(m, "", 0, model_dice(m, 50));
	case 3:
	case 4:
		return model_purge(m, "", m->base + model_dice(m,
		    (uint32_t)(m->last - m->base + 2)), 0);
	case 5:
		return model_purge(m, patterns[1 + model_dice(m, 11)], 0,
		    model_dice(m, 4));
	default:
		return model_purge(m, patterns[1 + model_dice(m, 11)],
		    m->base + model_dice(m, (uint32_t)(m->last - m->base + 2)),
		    0);
	}
}

int model_sync(struct model *m)
{
	int err = store_sync(m->s);

	m->durable = store_durable(m->s);
	if (err == 0)
		CHECK_INT(store_durable(m->s), store_mark(m->s));
	if (err == 0)
		err = store_tick(m->s);
	return err;
}

int model_step(struct model *m)
{
	uint32_t d = model_dice(m, 1000);

	if (d < 550)
		return model_append(m);
	if (d < 560)
		return skip_some(m);
	if (d < 900 && m->last >= m->base)
		return model_delete(m, m->base + model_dice(m,
		    (uint32_t)(m->last - m->base + 1)),
		    (enum store_delete)(d % 8 > 2 ? STORE_DELETE : d % 8));
	if (d < 905)
		return some_purge(m);
	if (d < 910 && model_dice(m, 2) == 0) {
		int err = store_scrub(m->s);

		return err == ERR_NOTFOUND ? 0 : err;
	}
	if (d < 960)
		return model_sync(m);
	return 0;
}

/* ---- checks --------------------------------------------------------------- */

static void check_content(struct model *m, const struct store_msg *got,
    uint64_t seq)
{
	struct model_msg *x = msg_at(m, seq);
	char              body[5000], subject[32];
	size_t            n = fill_body(seq, body);

	CHECK(x->was_put, "%llu was invented", (unsigned long long)seq);
	CHECK_INT(got->seq, seq);
	CHECK_INT(got->ts_ns, x->ts_ns);
	CHECK_SLICE(got->subject, subject_of(x->subject, subject));
	CHECK_SLICE(got->hdr, hdr_of(seq));
	CHECK_SLICE(got->body, slice_of(body, n));
}

static void check_reading(struct model *m)
{
	struct store_msg got = { 0 };

	for (uint64_t seq = m->base; seq <= m->last + 1; seq++) {
		bool live = seq <= m->last && is_live(msg_at(m, seq));

		CHECK_INT(store_read(m->s, seq, &got),
		    live ? 0 : ERR_NOTFOUND, "read %llu",
		    (unsigned long long)seq);
		if (live)
			check_content(m, &got, seq);
	}
	store_msg_fini(&got);
}

static uint64_t naive_next(struct model *m, struct slice p, uint64_t from)
{
	for (uint64_t seq = from < m->base ? m->base : from; seq <= m->last;
	    seq++)
		if (count(m, p, seq, seq + 1) > 0)
			return seq;
	return 0;
}

static uint64_t naive_last(struct model *m, struct slice p, uint64_t up_to)
{
	for (uint64_t seq = up_to < m->last ? up_to : m->last;
	    seq >= m->base; seq--)
		if (count(m, p, seq, seq + 1) > 0)
			return seq;
	return 0;
}

static uint64_t naive_count_last(struct model *m, struct slice p,
    uint64_t from)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < MODEL_SUBJECTS; i++) {
		char         name[32];
		struct slice subject = subject_of(i, name);
		uint64_t     last = naive_last(m, subject, m->last);

		n += (p.n == 0 || subject_matches(subject, p)) &&
		    last != 0 && last >= from;
	}
	return n;
}

static void check_pattern(struct model *m, struct slice p, uint64_t from)
{
	uint64_t want = naive_next(m, p, from), got = 0;
	int      err = store_find_next(m->s, p, from, &got);

	CHECK_INT(err, want == 0 ? ERR_NOTFOUND : 0, "next of %.*s from %llu",
	    SLICE_ARG(p), (unsigned long long)from);
	if (err == 0)
		CHECK_INT(got, want);
	want = naive_last(m, p, from);
	err = store_find_last(m->s, p, from, &got);
	CHECK_INT(err, want == 0 ? ERR_NOTFOUND : 0, "last of %.*s to %llu",
	    SLICE_ARG(p), (unsigned long long)from);
	if (err == 0)
		CHECK_INT(got, want);
	CHECK_INT(store_count(m->s, p, from, false, &got), 0);
	CHECK_INT(got, count(m, p, from, UINT64_MAX), "count %.*s from %llu",
	    SLICE_ARG(p), (unsigned long long)from);
	CHECK_INT(store_count(m->s, p, from, true, &got), 0);
	CHECK_INT(got, naive_count_last(m, p, from));
}

static void check_time(struct model *m)
{
	int64_t  ts = 1000000 + model_dice(m,
	    (uint32_t)(m->now_ns - 1000000 + 2));
	uint64_t want = m->last + 1, got = 0;

	for (uint64_t seq = m->base; seq <= m->last; seq++)
		if (is_live(msg_at(m, seq)) && msg_at(m, seq)->ts_ns >= ts) {
			want = seq;
			break;
		}
	CHECK_INT(store_find_time(m->s, ts, &got), 0);
	CHECK_INT(got, want, "time %lld", (long long)ts);
}

struct visit {
	struct model *m;
	uint64_t      n;
};

static bool check_subject(void *ctx, struct slice subject, uint64_t n,
    uint64_t last)
{
	struct visit *v = ctx;

	CHECK_INT(n, count(v->m, subject, 0, UINT64_MAX));
	CHECK_INT(last, naive_last(v->m, subject, v->m->last));
	v->n++;
	return true;
}

static void check_state(struct model *m)
{
	struct store_state st;
	uint64_t           first = naive_next(m, SLICE_NONE, 0);
	struct visit       v = { .m = m };

	store_get_state(m->s, &st);
	CHECK_INT(st.n_msgs, count(m, SLICE_NONE, 0, UINT64_MAX));
	CHECK_INT(st.last_seq, m->last);
	CHECK_INT(st.first_seq, first == 0 ? m->last + 1 : first);
	CHECK_INT(store_each_subject(m->s, SLICE_NONE, check_subject, &v), 0);
	CHECK_INT(st.n_subjects, v.n);
	if (first != 0)
		CHECK_INT(st.first_ts_ns, msg_at(m, first)->ts_ns);
}

void model_check(struct model *m)
{
	uint32_t range = (uint32_t)(m->last - m->base + 3);

	check_reading(m);
	check_state(m);
	for (size_t i = 0; i < N_OF(patterns); i++) {
		check_pattern(m, slice_str(patterns[i]),
		    m->base + model_dice(m, range));
		check_pattern(m, slice_str(patterns[i]),
		    i % 2 == 0 ? m->base - 1 : m->last);
	}
	check_time(m);
}

/* ---- after a cut ---------------------------------------------------------- */

static bool is_promised(const struct model *m, const struct model_msg *x)
{
	return x->was_put && !x->is_dead && !x->is_unsure &&
	    x->put_mark <= m->durable;
}

static bool is_gone(const struct model *m, const struct model_msg *x)
{
	return !x->was_put || (x->is_dead && !x->is_expired &&
	    x->dead_mark <= m->durable);
}

static void check_new_seq(struct model *m, struct store *s)
{
	uint64_t seq = 0, least = m->base - 1;

	for (uint64_t i = m->base; i <= m->last; i++)
		if (msg_at(m, i)->was_put && msg_at(m, i)->put_mark <=
		    m->durable)
			least = i;
	if (m->last_mark <= m->durable)
		least = m->last;
	CHECK_INT(store_append(s, SLICE("new"), SLICE_NONE, SLICE("x"),
	    m->now_ns, &seq), 0);
	CHECK(seq > least, "sequence %llu again, %llu was given out",
	    (unsigned long long)seq, (unsigned long long)least);
}

void model_check_survivors(struct model *m, struct store *s,
    uint64_t n_missing_max)
{
	struct store_msg   got = { 0 };
	struct store_state st;
	uint64_t           n_missing = 0, n_there = 0;

	for (uint64_t seq = m->base; seq <= m->last; seq++) {
		struct model_msg *x = msg_at(m, seq);
		int               err = store_read(s, seq, &got);

		CHECK(err == 0 || err == ERR_NOTFOUND || err == ERR_CORRUPT);
		n_there += err == 0;
		if (err == 0)
			check_content(m, &got, seq);
		if (err == 0)
			CHECK(!is_gone(m, x) || (x->was_put &&
			    m->may_come_back), "%llu came back",
			    (unsigned long long)seq);
		else if (is_promised(m, x) && ++n_missing > n_missing_max)
			fail_msg("%llu is missing, the %llu. one, durable %llu of %llu",
			    (unsigned long long)seq,
			    (unsigned long long)n_missing,
			    (unsigned long long)x->put_mark,
			    (unsigned long long)m->durable);
	}
	store_get_state(s, &st);
	CHECK_INT(st.n_msgs, n_there, "messages are invented");
	if (n_missing > 0)
		CHECK(st.n_lost + st.n_torn >= n_missing, "a silent loss");
	check_new_seq(m, s);
	store_msg_fini(&got);
}
