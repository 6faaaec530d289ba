/* test/lib/store_model.h - a store played with, and a naive one beside it.
 *
 * The model remembers each message and when it was to be there or gone; what
 * a message holds follows from its sequence.  Checks compare the two as they
 * are, or, after a cut, with what must and what may have survived.
 */
#ifndef TEST_LIB_STORE_MODEL_H
#define TEST_LIB_STORE_MODEL_H

#include "store/store.h"

enum { MODEL_SEQS = 1 << 16, MODEL_SUBJECTS = 24 };

struct model_msg {
	uint8_t  subject;
	bool     was_put, is_dead, is_expired;
	bool     is_unsure;	/* a purge of it failed half-way */
	uint64_t put_mark, dead_mark;
	int64_t  ts_ns;
};

struct model {
	struct store    *s;
	struct model_msg msgs[MODEL_SEQS];
	uint64_t         base, last;	/* first and last sequence given out */
	uint64_t         last_mark;	/* of the giving out of last */
	uint64_t         durable;	/* marks up to here are promised */
	uint32_t         seed;
	int64_t          now_ns;
	bool             may_come_back;	/* DEAD records are lost too */
	uint64_t         n_lost_told;	/* by the store's callback */
};

/* As MOTE_TEST_STORE asks for: nothing, or some of chacha, aes and lz4. */
struct store_config model_flavour(struct store_config c);

struct model *model_create(uint32_t seed, uint64_t base);
void model_destroy(struct model *m);
uint32_t model_dice(struct model *m, uint32_t n);

/* One random change, or a sync.  What the store returned. */
int model_step(struct model *m);
int model_append(struct model *m);
int model_delete(struct model *m, uint64_t seq, enum store_delete how);
int model_purge(struct model *m, const char *pattern, uint64_t below,
    uint64_t keep);
int model_sync(struct model *m);

/* Everything that can be asked, against the naive answer. */
void model_check(struct model *m);

/* After a cut: nothing promised is missing, nothing invented, no sequence
 * again.  n_missing_max: so many promised ones may be missing (damage). */
void model_check_survivors(struct model *m, struct store *s,
    uint64_t n_missing_max);

/* For store_config.lost with the model as ctx. */
void model_lost(void *ctx, const struct store_loss *loss);

#endif /* TEST_LIB_STORE_MODEL_H */
