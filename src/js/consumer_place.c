/* js/consumer_place.c - where a consumer stands, and how much is ahead.
 *
 * How much is ahead is counted once, and then kept: what comes is counted from
 * where the last count ended, what is delivered or goes is taken off.  So a
 * count costs what is new.
 */
#include "js/consumer_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "js/stream_config.h"
#include "proto/subject.h"

uint64_t consumer_last_seq(const struct consumer *c)
{
	return store_last_seq(c->stream->store);
}

static size_t n_patterns(const struct consumer *c)
{
	return c->config->n_filters == 0 ? 1 : c->config->n_filters;
}

static struct slice pattern_at(const struct consumer *c, size_t i)
{
	return c->config->n_filters == 0 ? SLICE_NONE : c->config->filters[i];
}

bool consumer_wants(const struct consumer *c, struct slice subject)
{
	if (c->config->n_filters == 0)
		return true;
	for (size_t i = 0; i < c->config->n_filters; i++)
		if (subject_matches(subject, c->config->filters[i]))
			return true;
	return false;
}

/* ---- what is next ----------------------------------------------------- */

bool consumer_forget_matches(struct consumer *c)
{
	struct filter_match *v = calloc(n_patterns(c), sizeof *v);

	c->is_counted = false;
	if (v == NULL)
		return false;
	free(c->matches);
	c->matches = v;
	return true;
}

/* Where this filter's next one is, as far as is known; else it is sought. */
static void renew(struct consumer *c, size_t i)
{
	struct filter_match *m = &c->matches[i];
	uint64_t             from = m->seq > c->next_seq ? m->seq : c->next_seq;

	if (m->is_found && m->seq >= c->next_seq)
		return;
	m->is_found = store_find_next(c->stream->store, pattern_at(c, i), from,
	    &m->seq) == 0;
	if (!m->is_found) {
		uint64_t end = consumer_last_seq(c) + 1;

		m->seq = from > end ? from : end;
	}
}

bool consumer_find_next(struct consumer *c, uint64_t *seq)
{
	bool is_found = false;

	for (size_t i = 0; i < n_patterns(c); i++) {
		const struct filter_match *m = &c->matches[i];

		renew(c, i);
		if (m->is_found && (!is_found || m->seq < *seq)) {
			*seq = m->seq;
			is_found = true;
		}
	}
	return is_found;
}

/* ---- how much is ahead ------------------------------------------------ */

static bool filters_overlap(const struct consumer *c)
{
	const struct consumer_config *g = c->config;

	for (size_t i = 0; i < g->n_filters; i++)
		for (size_t k = i + 1; k < g->n_filters; k++)
			if (subject_overlaps(g->filters[i], g->filters[k]))
				return true;
	return false;
}

/* One by one: filters that overlap would count some of them twice. */
static uint64_t count_singly(const struct consumer *c, uint64_t from)
{
	uint64_t n = 0;

	for (;;) {
		uint64_t least = UINT64_MAX, seq;

		for (size_t i = 0; i < n_patterns(c); i++)
			if (store_find_next(c->stream->store, pattern_at(c, i),
			    from, &seq) == 0 && seq < least)
				least = seq;
		if (least == UINT64_MAX)
			return n;
		n++;
		from = least + 1;
	}
}

static uint64_t count_from(const struct consumer *c, uint64_t from)
{
	uint64_t sum = 0, n;

	if (c->config->n_filters > 1 && filters_overlap(c))
		return count_singly(c, from);
	for (size_t i = 0; i < n_patterns(c); i++)
		if (store_count(c->stream->store, pattern_at(c, i), from, false,
		    &n) == 0)
			sum += n;
	return sum;
}

/* n_ahead is exact from here on. */
static void count_ahead(struct consumer *c)
{
	uint64_t last = consumer_last_seq(c), from;

	if (!c->is_counted) {
		c->n_ahead = 0;
		c->counted_to = c->next_seq - 1;
		c->is_counted = true;
	}
	if (last <= c->counted_to)
		return;
	from = c->counted_to + 1;
	c->n_ahead += count_from(c, from > c->next_seq ? from : c->next_seq);
	c->counted_to = last;
}

uint64_t consumer_n_pending(struct consumer *c)
{
	count_ahead(c);
	return c->n_ahead + (c->n_lasts - c->last_at);
}

int64_t consumer_lag_ns(struct consumer *c)
{
	struct store_msg m = { 0 };
	uint64_t         seq = 0;
	int64_t          lag = 0;

	if (c->last_at < c->n_lasts)
		seq = c->lasts[c->last_at];
	else if (!consumer_find_next(c, &seq))
		return 0;
	if (store_read(c->stream->store, seq, &m) == 0)
		lag = consumer_wall(c) - m.ts_ns;
	store_msg_fini(&m);
	return lag > 0 ? lag : 0;
}

/* ---- the floor -------------------------------------------------------- */

void consumer_raise_floor(struct consumer *c)
{
	const struct pending_entry *low = pending_first(&c->pending);
	struct consumer_place       to = { c->next_cseq - 1, c->next_seq - 1 };

	if (low != NULL)
		to = (struct consumer_place){ low->first_cseq - 1,
			low->seq - 1 };
	if (to.stream_seq > c->floor.stream_seq ||
	    (to.stream_seq == c->floor.stream_seq &&
	    to.consumer_seq > c->floor.consumer_seq))
		c->floor = to;
}

/* ---- where it starts -------------------------------------------------- */

struct lasts {
	struct consumer *c;
	size_t           cap;
	bool             failed;
};

static bool add_last(void *ctx, struct slice subject, uint64_t n,
    uint64_t last_seq)
{
	struct lasts *l = ctx;
	uint64_t     *v;

	(void)subject;
	(void)n;
	if (l->c->n_lasts == l->cap) {
		size_t cap = l->cap == 0 ? 64 : 2 * l->cap;

		v = reallocarray(l->c->lasts, cap, sizeof *v);
		l->failed = v == NULL;
		if (v == NULL)
			return false;
		l->c->lasts = v;
		l->cap = cap;
	}
	l->c->lasts[l->c->n_lasts++] = last_seq;
	return true;
}

static int by_seq(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool find_lasts(struct consumer *c)
{
	struct lasts l = { .c = c };
	size_t       n = 0;

	for (size_t i = 0; i < n_patterns(c) && !l.failed; i++)
		store_each_subject(c->stream->store, pattern_at(c, i), add_last,
		    &l);
	if (c->n_lasts > 0)
		qsort(c->lasts, c->n_lasts, sizeof *c->lasts, by_seq);
	for (size_t i = 0; i < c->n_lasts; i++)
		if (n == 0 || c->lasts[n - 1] != c->lasts[i])
			c->lasts[n++] = c->lasts[i];
	c->n_lasts = n;
	return !l.failed;
}

static uint64_t last_match(const struct consumer *c, uint64_t last)
{
	uint64_t found = 0, seq;

	for (size_t i = 0; i < n_patterns(c); i++)
		if (store_find_last(c->stream->store, pattern_at(c, i), last,
		    &seq) == 0 && seq > found)
			found = seq;
	return found;
}

static uint64_t start_at_time(const struct consumer *c, uint64_t last)
{
	uint64_t seq;

	return store_find_time(c->stream->store, c->config->opt_start_time,
	    &seq) == 0 ? seq : last + 1;
}

/* Where a subject has one message at most, all of them are the last ones. */
static bool has_lasts(const struct consumer *c)
{
	return c->config->deliver_policy == DELIVER_LAST_PER_SUBJECT &&
	    c->stream->config->max_msgs_per_subject != 1;
}

static uint64_t start_seq(const struct consumer *c,
    const struct store_state *st)
{
	const struct consumer_config *g = c->config;
	uint64_t                      seq;

	switch (g->deliver_policy) {
	case DELIVER_LAST:
		seq = last_match(c, st->last_seq);
		return seq != 0 ? seq : st->first_seq;
	case DELIVER_NEW:
		return st->last_seq + 1;
	case DELIVER_LAST_PER_SUBJECT:
		return !has_lasts(c) ? st->first_seq
		    : st->last_seq + (c->n_lasts > 0);
	case DELIVER_BY_START_SEQUENCE:
		return g->opt_start_seq > st->first_seq ? g->opt_start_seq
		    : st->first_seq;
	case DELIVER_BY_START_TIME:
		return start_at_time(c, st->last_seq);
	default:
		return st->first_seq;
	}
}

bool consumer_find_start(struct consumer *c)
{
	struct store_state st;

	if (has_lasts(c) && !find_lasts(c))
		return false;
	store_get_state(c->stream->store, &st);
	c->next_seq = start_seq(c, &st);
	if (c->next_seq < st.first_seq)
		c->next_seq = st.first_seq;
	if (c->next_seq == 0)
		c->next_seq = 1;
	c->next_cseq = 1;
	c->floor = (struct consumer_place){ 0, c->next_seq - 1 };
	if (c->config->replays_original)
		c->replay_until = st.last_seq;
	return true;
}

/* ---- what has gone ---------------------------------------------------- */

static void drop_last(struct consumer *c, uint64_t seq)
{
	for (size_t i = c->last_at; i < c->n_lasts && c->lasts[i] <= seq; i++)
		if (c->lasts[i] == seq) {
			memmove(&c->lasts[i], &c->lasts[i + 1],
			    (c->n_lasts - i - 1) * sizeof *c->lasts);
			c->n_lasts--;
			return;
		}
}

static void forget_dead(struct consumer *c, uint64_t seq)
{
	struct pending_entry *e = pending_find(&c->dead, seq);

	if (e == NULL)
		return;
	pending_remove(&c->dead, e);
	cursor_removed(c, seq);
}

void consumer_gone(struct consumer *c, uint64_t seq, struct slice subject)
{
	struct pending_entry *e = pending_find(&c->pending, seq);

	if (e != NULL)
		consumer_drop(c, e, "Unacknowledged message was deleted");
	forget_dead(c, seq);
	drop_last(c, seq);
	if (c->is_counted && seq >= c->next_seq && seq <= c->counted_to &&
	    c->n_ahead > 0 && consumer_wants(c, subject))
		c->n_ahead--;
}

/* Which of them have gone the store knows: it is asked for each. */
static bool is_there(const struct consumer *c, uint64_t seq)
{
	uint64_t found;

	return store_find_next(c->stream->store, SLICE_NONE, seq, &found) == 0 &&
	    found == seq;
}

static void drop_purged(struct consumer *c, struct pending *from)
{
	const struct pending_entry *e = pending_first(from);

	while (e != NULL) {
		uint64_t seq = e->seq;

		if (!is_there(c, seq)) {
			pending_remove(from, pending_find(from, seq));
			cursor_removed(c, seq);
		}
		e = pending_from(from, seq + 1);
	}
}

static void drop_purged_lasts(struct consumer *c)
{
	size_t n = c->last_at;

	for (size_t i = c->last_at; i < c->n_lasts; i++)
		if (is_there(c, c->lasts[i]))
			c->lasts[n++] = c->lasts[i];
	c->n_lasts = n;
}

void consumer_purged(struct consumer *c, uint64_t first_seq)
{
	drop_purged(c, &c->pending);
	drop_purged(c, &c->dead);
	drop_purged_lasts(c);
	if (first_seq > c->next_seq)
		c->next_seq = first_seq;
	c->is_counted = false;
	consumer_raise_floor(c);
	cursor_moved(c);
	consumer_has_work(c);
}
