/* store/store_remove.c - delete, purge, loss. */
#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "proto/subject.h"

/* ---- one message ---------------------------------------------------------- */

/* The first live one of all. */
void store_settle_first(struct store *s)
{
	if (s->n_msgs == 0) {
		s->first_seq = s->last_seq + 1;
		return;
	}
	for (size_t i = block_at(s, s->first_seq); i < s->n_blocks; i++) {
		struct block_file *b = s->blocks[i];
		uint64_t           seq = block_next_live(b, s->first_seq);

		if (seq <= b->last_seq && block_range(b) > 0) {
			s->first_seq = seq;
			return;
		}
	}
	s->first_seq = s->last_seq + 1;
}

static void note_decay(struct store *s, const struct block_file *b)
{
	if (!b->is_sealed)
		return;
	if (b->n_live == 0)
		s->wants_retire = true;
	else if (b->n_live < b->n_records / 2)
		s->wants_compaction = true;
}

/* Dead, and out of the index.  ERR_NOMEM: no change. */
static int kill_msg(struct store *s, struct block_file *b, uint64_t seq,
    struct slice subject, uint32_t cost)
{
	int err = block_set_dead(b, seq);

	if (err != 0)
		return err;
	subjects_remove(s->subjects, subject, seq);
	b->n_live--;
	b->live_cost -= cost;
	s->n_msgs--;
	s->bytes -= cost;
	if (seq == s->first_seq)
		store_settle_first(s);
	note_decay(s, b);
	return 0;
}

/* A record of random bytes over the one of the message that was read last. */
static void make_noise(const struct store *s, const struct block_file *b,
    uint64_t at, char *out)
{
	struct record r = s->last_read;
	size_t        n = record_stored_bytes(&r);

	r.flags = RECORD_ERASE;
	r.lag = 0;
	random_bytes(out + RECORD_HEADER_BYTES, n);
	r.data_crc = record_data_crc(r.seq, out + RECORD_HEADER_BYTES, n);
	record_put(out, block_seed(&s->meta.id, b->nr), at, &r);
}

static int overwrite_last(struct store *s, struct block_file *b)
{
	size_t        n = RECORD_HEADER_BYTES +
	    record_stored_bytes(&s->last_read);
	uint64_t      at = s->next_at - format_padded(n);
	struct chunk *c = store_new_chunk(s, &s->noise, b, at);
	char         *p;

	if (c == NULL)
		return ERR_NOMEM;
	c->is_random = true;
	p = buf_reserve(&c->data, n);
	if (p == NULL) {
		list_remove(&c->link);
		b->n_chunks--;
		buf_fini(&c->data);
		free(c);
		return ERR_NOMEM;
	}
	make_noise(s, b, at, p);
	buf_added(&c->data, n);
	return 0;
}

static uint32_t cost_of_msg(const struct store *s, const struct store_msg *m)
{
	return s->cfg.cost.fixed + (m->hdr.n > 0 ? s->cfg.cost.headers : 0) +
	    (uint32_t)m->hold.n;
}

static int delete_own(struct store *s, enum store_delete how)
{
	static const enum dying kinds[] = {
		[STORE_DELETE] = DYING_PLAIN, [STORE_ERASE] = DYING_ERASED,
		[STORE_EXPIRE] = DYING_PLAIN,
	};
	const struct store_msg *m = &s->own;
	struct block_file      *b = s->blocks[block_at(s, m->seq)];
	uint64_t                seq = m->seq;
	int                     err = store_reserve_dying(s, kinds[how]);

	/* from the noise on there is no way back */
	if (err == 0)
		err = block_reserve_dead(b, seq);
	if (err == 0 && how == STORE_ERASE)
		err = overwrite_last(s, b);
	if (err == 0)
		err = kill_msg(s, b, seq, m->subject, cost_of_msg(s, m));
	if (err != 0)
		return err;
	if (how != STORE_EXPIRE)
		store_add_dying(s, kinds[how], (struct seq_run){ seq, seq });
	if (how == STORE_ERASE)
		store_reset_window(s);
	s->mark++;
	return 0;
}

int store_delete(struct store *s, uint64_t seq, enum store_delete how,
    struct store_gone *gone)
{
	int err = s->err;

	/* or the bytes would live on in the new file */
	if (how == STORE_ERASE)
		store_wait_compaction(s);
	if (err == 0)
		err = store_read(s, seq, &s->own);
	if (err == 0)
		err = delete_own(s, how);
	if (err == 0 && gone != NULL)
		*gone = (struct store_gone){ .subject = s->own.subject,
			.cost = cost_of_msg(s, &s->own),
			.ts_ns = s->own.ts_ns };
	return err;
}

/* ---- loss ----------------------------------------------------------------- */

void store_tell_loss(struct store *s, enum store_why why, uint64_t first,
    uint64_t last, uint32_t nr)
{
	struct store_loss loss = { .why = why, .first_seq = first,
		.last_seq = last, .block_nr = nr };

	if (why == STORE_LOST)
		s->n_lost += last - first + 1;
	else
		s->n_torn += last - first + 1;
	log_error("Store %02x%02x%02x%02x: %s sequences %llu to %llu, block %u",
	    s->meta.id.b[0], s->meta.id.b[1], s->meta.id.b[2], s->meta.id.b[3],
	    why == STORE_LOST ? "damage has cost" : "a torn end has cost",
	    (unsigned long long)first, (unsigned long long)last, nr);
	if (s->cfg.lost != NULL)
		s->cfg.lost(s->cfg.ctx, &loss);
}

/* The table knows whose message it was.  Where it does not, two things were
 * damaged, and the count of one subject is one too high until it is opened
 * again. */
int store_lose(struct store *s, struct block_file *b, uint64_t seq)
{
	struct block_table *t;
	uint32_t            i;
	int                 err = block_load_table(s, b, &t);

	if (err == ERR_NOMEM || err == ERR_IO)
		return err;
	i = err != 0 ? 0 : block_table_from(t, seq - b->first_seq);
	if (err == 0 && i < t->n &&
	    t->entries[i].seq_delta == seq - b->first_seq) {
		err = kill_msg(s, b, seq, block_table_subject(t,
		    t->entries[i].subject), t->entries[i].cost);
	} else {
		err = block_set_dead(b, seq);
		if (err == 0) {
			b->n_live--;
			s->n_msgs--;
			if (seq == s->first_seq)
				store_settle_first(s);
			note_decay(s, b);
		}
	}
	if (err != 0)
		return err;
	store_tell_loss(s, STORE_LOST, seq, seq, b->nr);
	s->mark++;
	return store_add_dying(s, DYING_LOST, (struct seq_run){ seq, seq });
}

/* ---- purge ---------------------------------------------------------------- */

struct purge {
	struct store *s;
	struct slice  pattern;
	uint64_t      below;	/* sequences from here on stay */
	uint64_t      left;	/* how many more may go */
	uint64_t      n;	/* have gone */
};

static int purge_entry(struct purge *p, struct block_file *b,
    const struct block_table *t, const struct footer_entry *e)
{
	uint64_t     seq = b->first_seq + e->seq_delta;
	struct slice subject = block_table_subject(t, e->subject);
	int          err;

	if (block_is_dead(b, seq) || (p->pattern.n > 0 &&
	    !subject_matches(subject, p->pattern)))
		return 0;
	err = store_reserve_dying(p->s, DYING_PLAIN);
	if (err == 0)
		err = kill_msg(p->s, b, seq, subject, e->cost);
	if (err != 0)
		return err;
	store_add_dying(p->s, DYING_PLAIN, (struct seq_run){ seq, seq });
	p->s->mark++;
	p->left--;
	p->n++;
	return 0;
}

static int purge_block(struct purge *p, struct block_file *b)
{
	struct block_table *t;
	uint32_t            from = 0, to = UINT32_MAX;
	int                 err = block_load_table(p->s, b, &t);

	if (err != 0)
		return err;
	if (t->is_sorted && p->pattern.n > 0)
		block_table_range(t, p->pattern, &from, &to);
	for (uint32_t i = 0; i < t->n && p->left > 0 && err == 0; i++) {
		const struct footer_entry *e = &t->entries[i];

		if (b->first_seq + e->seq_delta >= p->below)
			break;
		if (e->subject >= from && e->subject < to)
			err = purge_entry(p, b, t, e);
	}
	return err;
}

static int purge_some(struct purge *p)
{
	struct store *s = p->s;
	int           err = 0;

	for (size_t i = block_at(s, s->first_seq); i < s->n_blocks &&
	    p->left > 0 && err == 0; i++) {
		if (s->blocks[i]->first_seq >= p->below)
			break;
		if (s->blocks[i]->n_live > 0)
			err = purge_block(p, s->blocks[i]);
	}
	return err;
}

static int purge_everything(struct store *s)
{
	struct seq_run all = { s->first_seq, s->last_seq };
	int        err = store_reserve_dying(s, DYING_PLAIN);

	for (size_t i = 0; i < s->n_blocks && err == 0; i++)
		if (s->blocks[i]->n_live > 0)
			err = block_reserve_dead(s->blocks[i],
			    s->blocks[i]->last_seq);
	if (err != 0)
		return err;
	for (size_t i = 0; i < s->n_blocks; i++) {
		if (s->blocks[i]->n_live > 0)
			block_set_dead_run(s->blocks[i], all);
		s->blocks[i]->n_live = s->blocks[i]->live_cost = 0;
		note_decay(s, s->blocks[i]);
	}
	subjects_clear(s->subjects);
	if (s->n_msgs > 0)
		store_add_dying(s, DYING_PLAIN, all);
	s->n_msgs = s->bytes = 0;
	s->first_seq = s->last_seq + 1;
	s->mark++;
	return 0;
}

int store_jump(struct store *s, uint64_t next)
{
	struct seq_run gap = { s->last_seq + 1, next - 1 };
	int        err = store_reserve_dying(s, DYING_PLAIN);

	if (err == 0)
		err = store_roll(s, next, true);
	if (err != 0)
		return err == ERR_IO ? store_fail(s, err) : err;
	store_add_dying(s, DYING_PLAIN, gap);
	s->last_seq = next - 1;
	if (s->n_msgs == 0)
		s->first_seq = next;
	s->mark++;
	return 0;
}

static int purge(struct store *s, const struct store_purge *what, uint64_t *n)
{
	struct purge p = { .s = s, .pattern = what->pattern,
		.below = s->last_seq + 1 };
	int          err;

	if (what->below_seq != 0 && what->below_seq < p.below)
		p.below = what->below_seq;
	if (p.pattern.n == 0 && what->keep == 0 && p.below > s->last_seq) {
		if (what->below_seq > STORE_SEQ_MAX)
			return ERR_RANGE;
		*n = s->n_msgs;
		err = purge_everything(s);
		if (err == 0 && what->below_seq > s->last_seq + 1)
			err = store_jump(s, what->below_seq);
		return err;
	}
	p.left = s->n_msgs;
	if (p.pattern.n > 0) {
		err = subjects_sum(s->subjects, p.pattern, &p.left);
		if (err != 0)
			return err;
	}
	p.left = p.left > what->keep ? p.left - what->keep : 0;
	err = purge_some(&p);
	*n = p.n;
	return err;
}

int store_purge(struct store *s, const struct store_purge *what, uint64_t *n)
{
	*n = 0;
	return s->err != 0 ? s->err : purge(s, what, n);
}
