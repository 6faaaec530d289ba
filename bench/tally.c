/* bench/tally.c - stamps, tracks, pools, and the test of the checker itself. */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- stamps ----------------------------------------------------------- */

#define STAMP_MARK UINT32_C(0x6d6f7465)
#define TAIL_MASK  UINT64_C(0x5bd1e9955bd1e995)

void stamp_write(char *body, size_t n, const struct stamp *s)
{
	uint32_t mark = STAMP_MARK;
	uint64_t tail = s->seq ^ TAIL_MASK;

	memcpy(body, &mark, 4);
	memcpy(body + 4, &s->publisher, 4);
	memcpy(body + 8, &s->seq, 8);
	if (n >= STAMP_TIME_BYTES)
		memcpy(body + 16, &s->ns, 8);
	if (n >= STAMP_TAIL_BYTES)
		memcpy(body + n - 8, &tail, 8);
}

bool stamp_read(struct slice body, struct stamp *s)
{
	uint32_t mark;
	uint64_t tail;

	if (body.n < STAMP_BYTES)
		return false;
	memcpy(&mark, body.p, 4);
	memcpy(&s->publisher, body.p + 4, 4);
	memcpy(&s->seq, body.p + 8, 8);
	s->ns = 0;
	if (body.n >= STAMP_TIME_BYTES)
		memcpy(&s->ns, body.p + 16, 8);
	tail = s->seq ^ TAIL_MASK;
	return mark == STAMP_MARK && (body.n < STAMP_TAIL_BYTES ||
	    memcmp(body.p + body.n - 8, &tail, 8) == 0);
}

/* ---- tracks ----------------------------------------------------------- */

void track_fini(struct track *t)
{
	free(t->gaps);
	*t = (struct track){ 0 };
}

static void add_gap(struct track *t, uint64_t from, uint64_t to)
{
	if (t->gaps == NULL)
		t->gaps = calloc(TRACK_GAPS, sizeof *t->gaps);
	if (t->gaps == NULL || t->n_gaps == TRACK_GAPS)
		return;
	t->gaps[t->n_gaps].from = from;
	t->gaps[t->n_gaps++].to = to;
}

/* Was seq missing so far?  Then it is not any more. */
static bool fill_gap(struct track *t, uint64_t seq)
{
	for (unsigned i = 0; i < t->n_gaps; i++) {
		uint64_t from = t->gaps[i].from, to = t->gaps[i].to;

		if (seq < from || seq >= to)
			continue;
		t->gaps[i].to = seq;
		if (from == seq)
			t->gaps[i] = t->gaps[--t->n_gaps];
		if (seq + 1 < to)
			add_gap(t, seq + 1, to);
		return true;
	}
	return false;
}

void track_surprise(struct track *t, uint64_t seq, struct tally *sum)
{
	if (seq > t->next) {
		sum->lost += seq - t->next;
		add_gap(t, t->next, seq);
		t->next = seq + 1;
	} else if (fill_gap(t, seq)) {
		sum->lost--;
		sum->reordered++;
	} else {
		sum->duplicated++;
	}
}

void track_end(struct track *t, uint64_t n, struct tally *sum)
{
	if (t->next < n)
		sum->lost += n - t->next;
	else
		sum->garbled += t->next - n;	/* numbers nobody sent */
}

/* ---- pools ------------------------------------------------------------ */

bool pool_init(struct pool *p, uint64_t n_max)
{
	*p = (struct pool){ .n_max = n_max };
	p->seen = calloc(n_max / 64 + 1, sizeof *p->seen);
	return p->seen != NULL;
}

void pool_fini(struct pool *p)
{
	free(p->seen);
	*p = (struct pool){ 0 };
}

void pool_note(struct pool *p, uint64_t *floor, uint64_t seq, struct tally *sum)
{
	uint64_t bit = UINT64_C(1) << (seq & 63);

	if (seq >= p->n_max) {
		sum->garbled++;
	} else if ((p->seen[seq >> 6] & bit) != 0) {
		sum->duplicated++;
	} else {
		p->seen[seq >> 6] |= bit;
		p->n_seen++;
		if (seq < *floor)
			sum->reordered++;
		else
			*floor = seq + 1;
	}
}

void pool_end(const struct pool *p, uint64_t n, struct tally *sum)
{
	if (p->n_seen < n)
		sum->lost += n - p->n_seen;
	else
		sum->garbled += p->n_seen - n;
}

/* ---- the test --------------------------------------------------------- */

struct plant {
	const char *why;
	uint64_t    seqs[8];
	unsigned    n;
	struct tally want;	/* of a track, when 6 were sent */
	struct tally in_pool;	/* of a pool, when all go to one member */
};

static const struct plant plants[] = {
	{ "nothing is wrong",    { 0, 1, 2, 3, 4, 5 }, 6, { 0 }, { 0 } },
	{ "one lost",            { 0, 1, 3, 4, 5 }, 5,
	  { .lost = 1 }, { .lost = 1 } },
	{ "the first lost",      { 1, 2, 3, 4, 5 }, 5,
	  { .lost = 1 }, { .lost = 1 } },
	{ "the last two lost",   { 0, 1, 2, 3 }, 4,
	  { .lost = 2 }, { .lost = 2 } },
	{ "one twice",           { 0, 1, 2, 2, 3, 4, 5 }, 7,
	  { .duplicated = 1 }, { .duplicated = 1 } },
	{ "an old one again",    { 0, 1, 2, 3, 0, 4, 5 }, 7,
	  { .duplicated = 1 }, { .duplicated = 1 } },
	{ "two change places",   { 0, 2, 1, 3, 4, 5 }, 6,
	  { .reordered = 1 }, { .reordered = 1 } },
	{ "late out of a gap",   { 0, 4, 2, 5 }, 4,
	  { .lost = 2, .reordered = 1 }, { .lost = 2, .reordered = 1 } },
	{ "late, then again",    { 0, 2, 1, 1, 3, 4, 5 }, 7,
	  { .reordered = 1, .duplicated = 1 },
	  { .reordered = 1, .duplicated = 1 } },
	{ "lost one, twice one", { 0, 1, 1, 3, 4, 5 }, 6,
	  { .lost = 1, .duplicated = 1 }, { .lost = 1, .duplicated = 1 } },
};

static bool same(const struct tally *got, const struct tally *want,
    const char *where, const char *why)
{
	if (memcmp(got, want, sizeof *got) == 0)
		return true;
	fprintf(stderr, "selftest: %s: %s went wrong: lost %ju, duplicated %ju, "
	    "reordered %ju, garbled %ju\n", where, why, (uintmax_t)got->lost,
	    (uintmax_t)got->duplicated, (uintmax_t)got->reordered,
	    (uintmax_t)got->garbled);
	return false;
}

static bool plant_in_track(const struct plant *c)
{
	struct track t = { 0 };
	struct tally sum = { 0 };

	for (unsigned i = 0; i < c->n; i++)
		track_note(&t, c->seqs[i], &sum);
	track_end(&t, 6, &sum);
	track_fini(&t);
	return same(&sum, &c->want, "track", c->why);
}

static bool plant_in_pool(const struct plant *c)
{
	struct pool  p;
	struct tally sum = { 0 };
	uint64_t     floor = 0;

	if (!pool_init(&p, 6))
		return false;
	for (unsigned i = 0; i < c->n; i++)
		pool_note(&p, &floor, c->seqs[i], &sum);
	pool_end(&p, 6, &sum);
	pool_fini(&p);
	return same(&sum, &c->in_pool, "pool", c->why);
}

static bool stamp_is_torn_when_changed(size_t n)
{
	char         body[128] = { 0 };
	struct stamp in = { .publisher = 7, .seq = 1234567, .ns = 99 }, out;

	stamp_write(body, n, &in);
	if (!stamp_read(slice_of(body, n), &out) || out.seq != in.seq ||
	    out.publisher != in.publisher)
		return false;
	body[n < STAMP_TAIL_BYTES ? 0 : n - 1] ^= 1;
	return !stamp_read(slice_of(body, n), &out) &&
	    !stamp_read(slice_of(body, STAMP_BYTES - 1), &out);
}

bool tally_selftest(void)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
		ok &= plant_in_track(&plants[i]);
		ok &= plant_in_pool(&plants[i]);
	}
	for (size_t n = STAMP_BYTES; n <= 128; n += 16) {
		if (!stamp_is_torn_when_changed(n)) {
			fprintf(stderr, "selftest: stamp in %zu bytes\n", n);
			ok = false;
		}
	}
	return ok;
}
