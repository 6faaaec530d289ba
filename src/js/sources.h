/* js/sources.h - the streams that a stream is a copy of, or is fed by.
 *
 * For each there is a reader (js/source.c): it makes a push consumer at the
 * origin, by requests and deliveries as any client's, so the origin may be on
 * another server.  A mirror keeps the origin's sequences and times; what comes
 * from a source is stored with a header that says where from.
 *
 * How far a reader is can be read from the stream: a mirror's last sequence, or
 * the newest header of each source.  A record in the state store says up to
 * where that is known, so that opening reads the tail only, and so that what
 * consumers have taken away is not fetched again.
 *
 * Thread: owner.  Spec: jetstream reference, section 13.
 */
#ifndef JS_SOURCES_H
#define JS_SOURCES_H

#include <stdbool.h>

#include "base/slice.h"

struct js_account;
struct json_writer;
struct stream;

/* Readers as the configuration wants them: those that stay go on, the others
 * end.  False: out of memory. */
bool sources_start(struct stream *s);
void sources_stop(struct stream *s);

/* "mirror": {...} or "sources": [...], or nothing. */
void sources_write_info(const struct stream *s, struct json_writer *w);

/* A stream has been made: who waits for one of that name tries now. */
void sources_poke(struct js_account *a, struct slice name);

/* The mirror of this stream that answers direct gets in its place; NULL. */
struct stream *sources_find_direct(const struct js_account *a,
    struct slice origin);

#endif /* JS_SOURCES_H */
