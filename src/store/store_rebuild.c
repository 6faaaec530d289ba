/* store/store_rebuild.c - who lives, by what the blocks' own tables say.
 *
 * The newest block comes first, because its DEAD records speak of older ones: so
 * each is indexed when all that is said of it is known.  A sequence between two
 * blocks is a gap until a DEAD record accounts for it; one in a block that has no
 * entry and that nobody calls dead is lost, unless compaction left it out.
 */
#include "store/store_int.h"

#include <stdlib.h>

#include "base/err.h"

struct rebuild {
	struct store    *s;
	struct run_list *gaps, *lost;
};

static int add_run(struct run_list *l, struct seq_run r)
{
	struct seq_run *to;

	if (r.first > r.last)
		return 0;
	if (l->n > 0 && l->runs[l->n - 1].last + 1 == r.first) {
		l->runs[l->n - 1].last = r.last;
		return 0;
	}
	if (l->n == l->cap) {
		to = reallocarray(l->runs, l->cap * 2 + 16, sizeof *to);
		if (to == NULL)
			return ERR_NOMEM;
		l->runs = to;
		l->cap = l->cap * 2 + 16;
	}
	l->runs[l->n++] = r;
	return 0;
}

static int find_gaps(struct rebuild *x)
{
	struct store *s = x->s;
	uint64_t      next = s->meta.base_seq;
	int           err = 0;

	for (size_t i = 0; i < s->n_blocks && err == 0; i++) {
		const struct block_file *b = s->blocks[i];

		if (b->first_seq > next)
			err = add_run(x->gaps, (struct seq_run){ next,
			    b->first_seq - 1 });
		next = b->last_seq + 1;
	}
	return err;
}

/* Take r out of the gaps. */
static int account_for(struct rebuild *x, struct seq_run r)
{
	struct run_list *g = x->gaps;

	for (size_t i = 0; i < g->n; i++) {
		struct seq_run old = g->runs[i];

		if (r.last < old.first || r.first > old.last)
			continue;
		if (r.first > old.first && r.last < old.last) {
			/* the back of it becomes one of its own */
			if (add_run(g, (struct seq_run){ r.last + 1, old.last }) != 0)
				return ERR_NOMEM;
			g->runs[i].last = r.first - 1;
		} else if (r.first > old.first) {
			g->runs[i].last = r.first - 1;
		} else if (r.last < old.last) {
			g->runs[i].first = r.last + 1;
		} else {
			g->runs[i--] = g->runs[--g->n];
		}
	}
	return 0;
}

static int apply_run(struct rebuild *x, struct seq_run r)
{
	struct store *s = x->s;
	int           err = account_for(x, r);

	for (size_t i = block_at(s, r.first); i < s->n_blocks && err == 0 &&
	    s->blocks[i]->first_seq <= r.last; i++)
		err = block_set_dead_run(s->blocks[i], r);
	return err;
}

static int apply_dead(struct rebuild *x, const struct block_table *t)
{
	struct slice at = buf_slice(&t->dead), runs;
	uint8_t      flags;
	int          err = 0;

	while (err == 0 && block_table_next_dead(&at, &flags, &runs)) {
		uint64_t   prev = 0;
		struct seq_run r;

		while (err == 0 && run_take(&runs, &prev, &r)) {
			err = apply_run(x, r);
			if (flags & RECORD_LOST)
				x->s->n_lost += r.last - r.first + 1;
		}
	}
	return err;
}

static int index_entry(struct store *s, struct block_file *b,
    const struct block_table *t, const struct footer_entry *e)
{
	uint64_t seq = b->first_seq + e->seq_delta;

	if (block_is_dead(b, seq))
		return 0;
	if (subjects_add(s->subjects, block_table_subject(t, e->subject),
	    seq) == NULL)
		return ERR_NOMEM;
	b->n_live++;
	b->live_cost += e->cost;
	return 0;
}

/* Sequences from, up to but not with to, have no entry. */
static int miss(struct rebuild *x, struct block_file *b, uint64_t from,
    uint64_t to)
{
	int err = 0;

	for (uint64_t seq = from; seq < to && err == 0; seq++) {
		if (block_is_dead(b, seq))
			continue;
		err = block_set_dead(b, seq);
		if (err == 0 && (b->flags & BLOCK_COMPACTED) == 0)
			err = add_run(x->lost, (struct seq_run){ seq, seq });
	}
	return err;
}

static int index_block(struct rebuild *x, struct block_file *b)
{
	struct block_table *t;
	uint64_t            next = b->first_seq;
	int                 err = block_load_table(x->s, b, &t);

	if (err == 0)
		err = apply_dead(x, t);
	for (uint32_t i = 0; err == 0 && i < t->n; i++) {
		uint64_t seq = b->first_seq + t->entries[i].seq_delta;

		err = miss(x, b, next, seq);
		if (err == 0)
			err = index_entry(x->s, b, t, &t->entries[i]);
		next = seq + 1;
	}
	return err != 0 ? err : miss(x, b, next, b->last_seq + 1);
}

int store_rebuild(struct store *s, struct run_list *gaps,
    struct run_list *lost)
{
	struct rebuild x = { s, gaps, lost };
	int            err = find_gaps(&x);

	for (size_t i = s->n_blocks; i > 0 && err == 0; i--)
		err = index_block(&x, s->blocks[i - 1]);
	for (size_t i = 0; i < s->n_blocks && err == 0; i++) {
		s->n_msgs += s->blocks[i]->n_live;
		s->bytes += s->blocks[i]->live_cost;
	}
	return err;
}
