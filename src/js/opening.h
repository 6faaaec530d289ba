/* js/opening.h - streams that are on the disk and not open yet.
 *
 *     peek (owner) -> files (a thread of its own) -> in use (owner)
 *
 * Core serves from the first moment; how long a stream takes to open depends on
 * what a crash has left.  What it is is read first, so that its subjects and its
 * consumers' are listened to meanwhile: what comes waits, in order, and so do
 * requests that are about it.
 *
 * Several threads open streams side by side and go when there is nothing left.
 * Spec: jetstream reference, Appendix M; DESIGN 6.
 */
#ifndef JS_OPENING_H
#define JS_OPENING_H

#include <stdbool.h>

#include "base/slice.h"

struct api_row;
struct js;
struct js_account;
struct opener;

/* NULL: out of memory.  Thread: owner, all of it. */
struct opener *opener_create(struct js *js);
/* Nothing is under way any more.  Takes NULL. */
void opener_destroy(struct opener *o);

/* A directory of the account's. */
void opener_add(struct opener *o, struct js_account *a, const char *path);

/* Streams that have been opened come into use.  At the end of a turn. */
void opener_take_done(struct opener *o);
bool opener_has_done(struct opener *o);

/* Those of the account are given up; the files stay.  Waits for who is at it. */
void opener_cancel(struct opener *o, const struct js_account *a);

/* The name of the nth that is still to be opened; empty: there are not so many.
 */
struct slice opener_name(const struct js_account *a, size_t nth);

/* Is this stream still to be opened?  Empty: is any? */
bool opener_is_at(const struct js_account *a, struct slice stream);

#endif /* JS_OPENING_H */
