/* store/subjects.h - which subjects a store holds, how many messages of each.
 *
 * A radix tree over the bytes of the subjects.  Each inner node knows how many
 * messages lie below it, so "a.b.>" is counted in a few steps however many
 * subjects it covers; other wildcards cost a visit for each subject that they
 * match and for each branch on the way.  About 100 bytes a subject.
 *
 * Patterns are valid ones of proto/subject; the empty one matches everything.
 * Thread: owner.
 */
#ifndef STORE_SUBJECTS_H
#define STORE_SUBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct subjects;

/* What is known of one subject.  first and last are bounds: where stale is
 * set the message there is gone and the next towards the other is meant. */
struct subject_entry {
	uint64_t n          : 62;
	uint64_t first_stale : 1;
	uint64_t last_stale : 1;
	uint64_t first, last;
	/* The owner's: its number in the table of one block. */
	uint32_t local_block, local_nr;
	/* The tree's own. */
	uint16_t suffix_len;
	char     suffix[];
};

/* NULL: out of memory. */
struct subjects *subjects_create(void);
void subjects_destroy(struct subjects *t);	/* takes NULL */

/* One more message, with a sequence above all others of this subject or below
 * them.  Borrowed until the subject is gone.  NULL: out of memory, no
 * change. */
struct subject_entry *subjects_add(struct subjects *t, struct slice subject,
    uint64_t seq);

/* One message less.  The entry is gone with its last one. */
void subjects_remove(struct subjects *t, struct slice subject, uint64_t seq);

/* Take an entry over as it was saved.  NULL: out of memory. */
struct subject_entry *subjects_put(struct subjects *t, struct slice subject,
    uint64_t n, uint64_t first, uint64_t last);

/* Forget all. */
void subjects_clear(struct subjects *t);

/* NULL: no message has it.  Borrowed until the subject is gone. */
struct subject_entry *subjects_find(const struct subjects *t,
    struct slice subject);

/* Messages whose subject matches.  ERR_NOMEM. */
int subjects_sum(struct subjects *t, struct slice pattern, uint64_t *n);

/* Calls visit for each subject that matches, sorted as memcmp does, until it
 * returns false.  The subject's bytes are borrowed for that call; the tree is
 * not to be changed in it.  ERR_NOMEM: some were not visited. */
int subjects_each(struct subjects *t, struct slice pattern,
    bool (*visit)(void *ctx, struct slice subject, struct subject_entry *e),
    void *ctx);

uint64_t subjects_count(const struct subjects *t);	/* distinct ones */

/* Bytes of memory asked for. */
uint64_t subjects_memory(const struct subjects *t);

#endif /* STORE_SUBJECTS_H */
