/* store/block_table.h - what lies where in one block.
 *
 * For each message its sequence, offset, subject and cost; the distinct
 * subjects; and the runs of sequences that the block says are gone.  The block
 * that is written to grows its table; a sealed one has it in its footer.
 *
 * Thread: whoever owns the table; a sealed one may be read by several.
 */
#ifndef STORE_BLOCK_TABLE_H
#define STORE_BLOCK_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "store/format.h"

struct seal;

struct block_table {
	struct footer_entry *entries;	/* by sequence */
	uint32_t             n, cap;
	uint32_t            *subject_at;	/* offsets in names, and the end */
	uint32_t             n_subjects, subjects_cap;
	struct buf           names;
	struct buf           dead;	/* as in the footer */
	bool                 is_sorted;	/* the subjects; and none is twice */
};

/* NULL: out of memory. */
struct block_table *block_table_create(void);
void block_table_destroy(struct block_table *t);	/* takes NULL */

/* Room for one more message and one more subject of so many bytes, so that
 * the adding cannot fail.  ERR_NOMEM. */
int block_table_reserve(struct block_table *t, size_t subject_bytes);
void block_table_add(struct block_table *t, const struct footer_entry *e);
uint32_t block_table_add_subject(struct block_table *t, struct slice subject);

/* Runs as of a DEAD record.  ERR_NOMEM: no change. */
int block_table_add_dead(struct block_table *t, uint8_t flags, struct slice runs);

/* Steps through the DEAD records; *at starts as the whole of t->dead. */
bool block_table_next_dead(struct slice *at, uint8_t *flags,
    struct slice *runs);

struct slice block_table_subject(const struct block_table *t, uint32_t nr);

/* The first entry of this sequence (less the block's first) or above; n when
 * there is none. */
uint32_t block_table_from(const struct block_table *t, uint64_t seq_delta);

/* Which subjects of a sorted table may match pattern: from *from up to, not
 * with, *to. */
void block_table_range(const struct block_table *t, struct slice pattern,
    uint32_t *from, uint32_t *to);

/* The footer with all its sections.  Fills in f's counts, sizes and checksums;
 * the rest of *f is the caller's.  Sorts a copy: *t stays as it is.
 * at: where the footer will begin.  seal: for the subjects, if f->codec says
 * so.  ERR_NOMEM. */
int block_table_encode(const struct block_table *t, uint32_t seed, struct footer *f,
    uint64_t at, struct seal *seal, struct buf *out);

/* From the sections behind a footer's header.  NULL and *err: ERR_CORRUPT,
 * ERR_NOMEM; ERR_DENIED: the subjects are encrypted, and seal is NULL. */
struct block_table *block_table_decode(struct slice sections,
    const struct footer *f, uint32_t seed, struct seal *seal, int *err);

#endif /* STORE_BLOCK_TABLE_H */
