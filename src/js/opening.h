/* js/opening.h - streams that are on the disk and not open yet.
 *
 *     peek (owner) -> files (an errand) -> in use (owner)
 *
 * Core serves from the first moment; how long a stream takes to open depends on
 * what a crash has left.  What it is is read first, so that its subjects and its
 * consumers' are listened to meanwhile: what comes waits, in order, and so do
 * requests that are about it.
 *
 * Spec: jetstream reference, Appendix M; DESIGN 6.
 */
#ifndef JS_OPENING_H
#define JS_OPENING_H

#include <stdbool.h>

#include "base/slice.h"

struct js_account;

/* A directory of the account's.  Thread: owner, all of it. */
void opening_add(struct js_account *a, const char *path);

/* Those of the account are given up; the files stay.  Waits for who is at it. */
void opening_cancel(const struct js_account *a);

/* The name of the nth that is still to be opened; empty: there are not so many.
 */
struct slice opening_name(const struct js_account *a, size_t nth);

/* Is this stream still to be opened?  Empty: is any? */
bool opening_is_at(const struct js_account *a, struct slice stream);

#endif /* JS_OPENING_H */
