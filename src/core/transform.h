/* core/transform.h - from one subject to another: "orders.*" to "o.$1".
 *
 * A destination is tokens; each is text or, as a whole token, a function of
 * the source's wildcards: {{wildcard(n)}} or $n, {{partition(b[,n..])}},
 * {{split(n,delimiter)}}, {{splitFromLeft(n,at)}}, {{splitFromRight(n,at)}},
 * {{sliceFromLeft(n,size)}}, {{sliceFromRight(n,size)}}, {{left(n,len)}},
 * {{right(n,len)}}, {{random(m)}}.  A ">" at the end takes the rest.
 *
 * Compiled once, immutable then and read on any thread.
 * Spec: core protocol, "Subject mappings & transforms".
 */
#ifndef CORE_TRANSFORM_H
#define CORE_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

struct transform_op;

/* MAPPING: all functions; wildcards may be left out.  IMPORT: wildcard() only,
 * each wildcard is used, so that there is a way back; "*" in the destination
 * is the next wildcard of the source. */
enum transform_use { TRANSFORM_MAPPING, TRANSFORM_IMPORT };

/* To be read only. */
struct transform {
	struct slice         source;
	struct slice         destination;	/* as it was written */
	struct slice         target;	/* IMPORT: the destination with "*" for
					   each wildcard; else empty */
	struct transform_op *ops;	/* a destination token each */
	size_t               n_ops;
	bool                 is_fixed;	/* the destination is text only */
	bool                 has_tail;
	bool                 draws;	/* there is a random() in it */
};

/* Both are copied.  ERR_SUBJECT: one is malformed, or they do not fit each
 * other; why, in nats-server's words, is appended to err.  ERR_NOMEM. */
int transform_create(struct slice source, struct slice destination,
    enum transform_use use, struct transform **ret, struct buf *err);
void transform_destroy(struct transform *t);	/* takes NULL */

/* Appends what becomes of a literal subject that the source matches; of
 * another the result is of no use, but harmless.  Not the same each time with
 * random().  Splitting a token that has nothing but delimiters leaves it as it
 * is, so the result has no empty token.  Thread: any. */
void transform_apply(const struct transform *t, struct slice subject,
    struct buf *out);

/* The way back, of an IMPORT: appends the subject or pattern of the source
 * that becomes this subject or pattern, a subset of the target.  False, and
 * nothing is appended: it is no subset, or nothing becomes it (x.a.b, where
 * both tokens are $1).  Thread: any. */
bool transform_invert(const struct transform *t, struct slice pattern,
    struct buf *out);

#endif /* CORE_TRANSFORM_H */
