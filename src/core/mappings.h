/* core/mappings.h - what an account's messages are called when they come in.
 *
 * A mapping is a source pattern and destinations with a weight in percent.  Of
 * several that match one is applied, and once: the literal source, else the
 * most specific (at the first token where two differ, text before "*" before
 * ">").  nats-server's choice among overlapping ones changes from start to
 * start.
 *
 * Immutable, read on any thread.
 * Spec: core protocol, "Subject mappings & transforms".
 */
#ifndef CORE_MAPPINGS_H
#define CORE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct mappings;
struct transform;

enum { MAPPING_WEIGHT_MAX = 100 };

struct mapping_choice {
	struct slice subject;
	uint32_t     weight;	/* percent */
	struct slice cluster;	/* empty: where no other choice is for the
				   server's own cluster */
};

struct mapping_spec {
	struct slice                 source;
	const struct mapping_choice *choices;
	size_t                       n_choices;
};

/* Everything is copied.  Of several specs with one source the last counts.
 * ERR_SUBJECT: *bad is the number of the spec that is wrong, and why, in
 * nats-server's words, is appended to err.  ERR_NOMEM.  n of 0 gives NULL. */
int mappings_create(const struct mapping_spec *specs, size_t n,
    struct mappings **ret, size_t *bad, struct buf *err);
void mappings_destroy(struct mappings *m);	/* takes NULL */

enum mapping_result {
	MAPPING_SAME,		/* goes on under its own name */
	MAPPING_MAPPED,		/* as *out says */
	MAPPING_DROPPED,	/* goes nowhere: meant to be lost, or no memory */
};

/* What becomes of a message on this literal subject; cluster is the server's
 * own, or empty.  m may be NULL: SAME.  *out is emptied, and filled for MAPPED
 * only; a buffer that is used again does not allocate.  Thread: any. */
enum mapping_result mappings_apply(const struct mappings *m,
    struct slice subject, struct slice cluster, struct buf *out);

/* Would the next message on this subject become the same?  Not where dice are
 * cast.  m may be NULL: yes.  Thread: any. */
bool mappings_is_steady(const struct mappings *m, struct slice subject);

/* ---- for monitoring ---------------------------------------------------- */

size_t mappings_count(const struct mappings *m);	/* NULL: 0 */

/* i < mappings_count.  Calls visit for each destination as /accountz shows it:
 * by weight, those weights summed up, what is left over as the source itself;
 * for each cluster behind that.  Returns the source; borrowed. */
struct slice mappings_visit(const struct mappings *m, size_t i,
    void (*visit)(void *ctx, const struct mapping_choice *c), void *ctx);

#endif /* CORE_MAPPINGS_H */
