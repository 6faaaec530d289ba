/* base/json.h - JSON out, the way nats-server prints it; JSON in, safely.
 *
 * The writer escapes as Go's encoder does (\u003c for '<' and so on), so that
 * answers can be compared with nats-server's byte for byte.  It puts commas by
 * itself.  indent 0 writes compactly, otherwise that many blanks a level.
 *
 * The reader is jansson behind the lookups that NATS needs: names compared
 * without case (of several the last that is not null wins, as in Go), null is
 * absent, a wrong type is an error.  What is no UTF-8 inside a string reads as
 * U+FFFD.  Spec: core protocol, "JSON output rule", "JSON input rule".
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* ---- writing ---------------------------------------------------------- */

struct json_writer {
	struct buf *out;
	unsigned    indent;	/* blanks a level; 0: compact */
	unsigned    depth;
	uint64_t    is_array;	/* bit by depth */
	bool        needs_comma;
	bool        after_key;
};

void json_init(struct json_writer *w, struct buf *out, unsigned indent);

/* The same for who passes one on: a pointer that is good in the block. */
#define JSON_INTO(buf, blanks) \
	(&(struct json_writer){ .out = (buf), .indent = (blanks) })

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_key_slice(struct json_writer *w, struct slice key);

/* Values; inside an object each follows its key. */
void json_str(struct json_writer *w, struct slice s);
void json_cstr(struct json_writer *w, const char *s);
void json_i64(struct json_writer *w, int64_t v);
void json_u64(struct json_writer *w, uint64_t v);
void json_f64(struct json_writer *w, double v);	/* shortest, Go's form */
void json_bool(struct json_writer *w, bool v);
void json_time(struct json_writer *w, int64_t wall_ns);	/* text_put_time */
void json_raw(struct json_writer *w, struct slice already_json);

enum { JSON_COPY_DEPTH_MAX = 32 };

/* A value that is JSON already, with our blanks instead of its own.  What is no
 * JSON, or nested deeper than that, becomes null. */
void json_lay_out(struct json_writer *w, struct slice already_json);

/* Inline, because jansson calls a function of this name: a global one of ours
 * would be found in its place. */
static inline void json_null(struct json_writer *w)
{
	json_raw(w, SLICE("null"));
}

/* A quoted, escaped string alone. */
void json_quote(struct buf *out, struct slice s);

/* ---- reading ---------------------------------------------------------- */

struct json;	/* a value; borrowed from its document */

/* One whole value, at most 128 brackets deep, no trailing bytes.  NULL and *why
 * (static or in a thread-local buffer, until the next call) when malformed.
 * Owned: json_free. */
struct json *json_parse(struct slice text, const char **why);
void json_free(struct json *doc);	/* takes NULL */

bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
/* The member, or NULL: absent or null. */
const struct json *json_get(const struct json *object, const char *key);

/* Of the right type: true and *ret.  false for NULL as well.  Strings are
 * borrowed from the document.  An i64 is written without fraction or exponent
 * and fits; an f64 may be written as an integer. */
bool json_as_str(const struct json *j, struct slice *ret);
bool json_as_i64(const struct json *j, int64_t *ret);
/* Up to 2^64 - 1. */
bool json_as_u64(const struct json *j, uint64_t *ret);
/* An integer that no i64 holds, as it stands in the text. */
bool json_as_digits(const struct json *j, struct slice *ret);
bool json_as_f64(const struct json *j, double *ret);
bool json_as_bool(const struct json *j, bool *ret);

size_t json_n_items(const struct json *array);	/* 0 for what is no array */
const struct json *json_item(const struct json *array, size_t i);

size_t json_n_members(const struct json *object);	/* likewise */
/* Calls visit for every member of an object until it returns false. */
void json_each(const struct json *object,
    bool (*visit)(void *ctx, struct slice key, const struct json *value),
    void *ctx);

/* A value once more; what is nested beyond JSON_COPY_DEPTH_MAX becomes null. */
void json_put(struct json_writer *w, const struct json *j);

#endif /* BASE_JSON_H */
