/* bench/flow.c - windows, stamps, and the end of a phase. */
#include "flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { TURN_MS = 20 };
#define SILENCE_NS_MAX (20 * NS_PER_S)	/* then the rest is lost */

/* ---- publishing ------------------------------------------------------- */

static void stamp_chunk(struct publisher *pub, uint64_t n)
{
	struct flow *f = pub->flow;
	char        *body = pub->chunk + pub->line_bytes;

	for (uint64_t i = 0; i < n; i++, body += pub->stride) {
		struct stamp s = { .publisher = pub->id, .seq = pub->n_sent + i };

		if (f->interval_ns != 0)
			s.ns = f->start_ns + (int64_t)s.seq * f->interval_ns;
		stamp_write(body, f->payload, &s);
	}
	pub->peer.now = slice_of(pub->chunk, n * pub->stride);
	pub->n_sent += n;
}

static bool next_chunk(struct peer *p)
{
	struct publisher *pub = (struct publisher *)p;
	struct flow      *f = pub->flow;
	uint64_t          n_chunks = pub->n_sent >> f->chunk_shift;

	if (pub->n_sent >= f->limit ||
	    n_chunks - pub->n_chunks_done >= f->window_chunks)
		return false;
	stamp_chunk(pub, UINT64_C(1) << f->chunk_shift);
	if (pub->n_receivers == 0)
		pub->n_chunks_done++;
	return true;
}

/* All that is due by now; what is late keeps the time it was due. */
static bool next_due(struct peer *p)
{
	struct publisher *pub = (struct publisher *)p;
	struct flow      *f = pub->flow;
	int64_t           since_ns = clock_ns() - f->start_ns;
	uint64_t          n_due, n;

	if (since_ns < 0)
		return false;
	n_due = (uint64_t)(since_ns / f->interval_ns) + 1;
	if (n_due > f->limit)
		n_due = f->limit;
	if (n_due <= pub->n_sent)
		return false;
	n = n_due - pub->n_sent;
	if (n > UINT64_C(1) << f->chunk_shift)
		n = UINT64_C(1) << f->chunk_shift;
	stamp_chunk(pub, n);
	return true;
}

static bool make_chunk(struct publisher *pub, const char *subject)
{
	struct flow *f = pub->flow;
	size_t       n = (size_t)1 << f->chunk_shift;
	char         line[128];
	char        *p;

	pub->line_bytes = (size_t)snprintf(line, sizeof line, "PUB %s %zu\r\n",
	    subject, f->payload);
	pub->stride = pub->line_bytes + f->payload + 2;
	pub->chunk = p = malloc(n * pub->stride);
	if (p == NULL)
		return false;
	memset(p, 'x', n * pub->stride);
	for (size_t i = 0; i < n; i++, p += pub->stride) {
		memcpy(p, line, pub->line_bytes);
		memcpy(p + pub->stride - 2, "\r\n", 2);
	}
	return true;
}

/* ---- receiving -------------------------------------------------------- */

static void credit(struct flow *f, struct publisher *pub, uint64_t seq)
{
	uint32_t *passed = &pub->passed[(seq >> f->chunk_shift) %
	    FLOW_CHUNKS_MAX];

	if (++*passed < pub->n_receivers)
		return;
	*passed = 0;
	pub->n_chunks_done++;
	peer_wake(&pub->peer);
}

static void credit_group(struct flow *f)
{
	uint64_t mask = (UINT64_C(1) << f->chunk_shift) - 1;

	if ((f->n_delivered & mask) != 0)
		return;
	f->pubs[0].n_chunks_done++;
	peer_wake(&f->pubs[0].peer);
}

static void take_msg(struct peer *p, const struct delivery *d)
{
	struct subscriber *s = (struct subscriber *)p;
	struct flow       *f = s->flow;
	struct tally      *tally = &f->run->tally;
	uint64_t           mask = (UINT64_C(1) << f->chunk_shift) - 1;
	struct stamp       st;

	f->n_delivered++;
	if (d->body.n != f->payload || !stamp_read(d->body, &st) ||
	    st.publisher - s->first >= s->n_tracks) {
		tally->garbled++;
		return;
	}
	if (f->hist != NULL)
		hist_add(f->hist, clock_ns() - st.ns);
	if (f->shape == GROUP) {
		pool_note(&f->pool, &s->floor, st.seq, tally);
		credit_group(f);
		return;
	}
	track_note(&s->tracks[st.publisher - s->first], st.seq, tally);
	if ((st.seq & mask) == mask && f->interval_ns == 0)
		credit(f, &f->pubs[st.publisher], st.seq);
}

/* ---- a phase ---------------------------------------------------------- */

static uint64_t n_sent(const struct flow *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < f->n_pubs; i++)
		n += f->pubs[i].n_sent;
	return n;
}

static uint64_t n_due_deliveries(const struct flow *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < f->n_pubs; i++)
		n += f->pubs[i].n_sent * (f->shape == GROUP ? 1 :
		    f->pubs[i].n_receivers);
	return n;
}

static bool all_sent(const struct flow *f)
{
	for (unsigned i = 0; i < f->n_pubs; i++)
		if (f->pubs[i].n_sent < f->limit || f->pubs[i].peer.now.n > 0)
			return false;
	return true;
}

static void wake_all(struct flow *f)
{
	for (unsigned i = 0; i < f->n_pubs; i++)
		peer_wake(&f->pubs[i].peer);
}

/* Nobody sends more than he has. */
static void stop_all(struct flow *f)
{
	f->limit = 0;
}

struct watch {
	int64_t  stop_ns;
	int64_t  last_ns;	/* of the last delivery */
	int64_t  gap_ns_max;
	uint64_t n_seen;
};

static void note_progress(struct flow *f, struct watch *w, int64_t now_ns)
{
	uint64_t n = f->n_subs == 0 ? n_sent(f) : f->n_delivered;

	if (now_ns - w->last_ns > w->gap_ns_max)
		w->gap_ns_max = now_ns - w->last_ns;
	if (n != w->n_seen)
		w->last_ns = now_ns;
	w->n_seen = n;
}

static bool play_until_done(struct flow *f, struct watch *w)
{
	int timeout_ms = f->interval_ns != 0 ? 0 : TURN_MS;

	for (;;) {
		int64_t now_ns = clock_ns();

		note_progress(f, w, now_ns);
		if (all_sent(f) && f->n_delivered >= n_due_deliveries(f) +
		    f->run->tally.duplicated)
			return true;
		if (now_ns >= w->stop_ns)
			stop_all(f);
		if (now_ns - w->last_ns > SILENCE_NS_MAX)
			return true;	/* flow_check counts the rest */
		if (f->interval_ns != 0)
			wake_all(f);
		if (!loop_turn(&f->run->loop, timeout_ms)) {
			run_fail(f->run, "%s", f->run->loop.why);
			return false;
		}
	}
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

bool flow_play(struct flow *f, uint64_t messages_max, double seconds,
    struct phase *ret)
{
	uint64_t     n_before = n_sent(f), n_got = f->n_delivered;
	uint64_t     chunk = f->interval_ns != 0 ? 1 :
	    UINT64_C(1) << f->chunk_shift;
	struct watch w = { .n_seen = n_got };
	bool         ok;

	usage_begin(&ret->from, f->run->server_pid);
	w.last_ns = clock_ns();
	w.stop_ns = w.last_ns + (int64_t)(seconds * 1e9);
	f->start_ns = w.last_ns - (int64_t)f->pubs[0].n_sent * f->interval_ns;
	f->limit = round_up(n_before / f->n_pubs, chunk) +
	    round_up(messages_max / f->n_pubs + 1, chunk);
	wake_all(f);
	ok = play_until_done(f, &w);
	if (ok && f->n_subs == 0)
		ok = run_sync_peers(f->run, f->pubs, sizeof *f->pubs, f->n_pubs);
	usage_end(&ret->to, f->run->server_pid);
	ret->n_sent = n_sent(f) - n_before;
	ret->n_delivered = f->n_delivered - n_got;
	ret->gap_ns_max = w.gap_ns_max;
	return ok;
}

/* ---- life ------------------------------------------------------------- */

static void size_chunks(struct flow *f, uint64_t window)
{
	uint64_t stride = f->payload + 24, chunk, share;

	share = FLOW_TOTAL_BYTES / (f->n_subs == 0 ? 1 : f->n_subs);
	if (f->shape == ALL_TO_ALL && share < window)
		window = share;
	if (f->shape == PAIRS)
		window /= f->n_pubs / 8 + 1;
	chunk = window / 4 < FLOW_CHUNK_BYTES ? window / 4 : FLOW_CHUNK_BYTES;
	while ((stride << (f->chunk_shift + 1)) <= chunk)
		f->chunk_shift++;
	f->window_chunks = window / (stride << f->chunk_shift);
	if (f->window_chunks < 2)
		f->window_chunks = 2;
	if (f->window_chunks > FLOW_CHUNKS_MAX)
		f->window_chunks = FLOW_CHUNKS_MAX;
}

static void subject_of(const struct flow *f, const char *first, unsigned i,
    char *out, size_t n)
{
	snprintf(out, n, "%s.%u", first == NULL ? "bench" : first,
	    f->shape == PAIRS ? i : 0);
}

static bool init_pubs(struct flow *f)
{
	f->run->is_far = false;
	if (!run_open_peers(f->run, f->pubs, sizeof *f->pubs, f->n_pubs))
		return false;
	for (unsigned i = 0; i < f->n_pubs; i++) {
		struct publisher *pub = &f->pubs[i];
		char              subject[32];

		pub->flow = f;
		pub->id = i;
		pub->n_receivers = f->shape == PAIRS ? 1 : f->n_subs;
		pub->peer.refill = f->interval_ns != 0 ? next_due : next_chunk;
		subject_of(f, f->run->what->subject, i, subject, sizeof subject);
		if (!make_chunk(pub, subject))
			return false;
	}
	return true;
}

static bool init_subs(struct flow *f)
{
	f->run->is_far = true;
	if (!run_open_peers(f->run, f->subs, sizeof *f->subs, f->n_subs))
		return false;
	for (unsigned i = 0; i < f->n_subs; i++) {
		struct subscriber *s = &f->subs[i];
		char               subject[32];

		s->flow = f;
		s->first = f->shape == PAIRS ? i : 0;
		s->n_tracks = f->shape == PAIRS ? 1 : f->n_pubs;
		s->tracks = calloc(s->n_tracks, sizeof *s->tracks);
		if (s->tracks == NULL)
			return false;
		s->peer.on_msg = take_msg;
		subject_of(f, NULL, i, subject, sizeof subject);
		peer_subscribe(&s->peer, subject,
		    f->shape == GROUP ? "workers" : NULL, 1);
	}
	return run_sync_peers(f->run, f->subs, sizeof *f->subs, f->n_subs);
}

bool flow_init(struct flow *f, struct run *r)
{
	const struct scenario *sc = r->what;

	f->run = r;
	f->shape = sc->shape;
	f->payload = sc->payload;
	f->n_pubs = sc->n_pubs;
	f->n_subs = sc->n_subs;
	size_chunks(f, r->window_bytes);
	f->pubs = calloc(f->n_pubs, sizeof *f->pubs);
	f->subs = calloc(f->n_subs + 1, sizeof *f->subs);
	if (f->pubs == NULL || f->subs == NULL || (f->shape == GROUP &&
	    !pool_init(&f->pool, 2 * r->messages_max + (1 << 20)))) {
		run_fail(r, "out of memory");
		return false;
	}
	return init_pubs(f) && init_subs(f);
}

void flow_fini(struct flow *f)
{
	if (f->pubs != NULL) {
		run_close_peers(f->pubs, sizeof *f->pubs, f->n_pubs);
		for (unsigned i = 0; i < f->n_pubs; i++)
			free(f->pubs[i].chunk);
	}
	if (f->subs != NULL)
		run_close_peers(f->subs, sizeof *f->subs, f->n_subs);
	for (unsigned i = 0; f->subs != NULL && i < f->n_subs; i++) {
		for (unsigned t = 0; t < f->subs[i].n_tracks; t++)
			track_fini(&f->subs[i].tracks[t]);
		free(f->subs[i].tracks);
	}
	pool_fini(&f->pool);
	free(f->pubs);
	free(f->subs);
	*f = (struct flow){ 0 };
}

void flow_check(struct flow *f)
{
	struct tally *sum = &f->run->tally;

	if (f->shape == GROUP)
		pool_end(&f->pool, f->pubs[0].n_sent, sum);
	for (unsigned i = 0; f->shape != GROUP && i < f->n_subs; i++) {
		struct subscriber *s = &f->subs[i];

		for (unsigned t = 0; t < s->n_tracks; t++)
			track_end(&s->tracks[t], f->pubs[s->first + t].n_sent,
			    sum);
	}
}
