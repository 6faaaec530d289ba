/* js/fields.h - structs that travel as JSON, a row for each member.
 *
 * One table serves reading, writing and comparing, so that what is echoed is
 * what was understood.  Reading copies text into a hold, which goes with the
 * struct.
 */
#ifndef JS_FIELDS_H
#define JS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct js_error;
struct js_hold;
struct json;
struct json_writer;

#define JS_SERVER_VERSION "2.15.1"
#define JS_TIME_UNSET     INT64_MIN
#define JS_TIME_BEFORE    (INT64_MIN + 1)	/* all that ns can hold: Go's zero
						   time, and shown as that */

/* ---- memory that goes all at once ------------------------------------------ */

/* NULL: out of memory. */
struct js_hold *js_hold_create(void);
void js_hold_destroy(struct js_hold *h);	/* takes NULL */
/* Zeroed.  NULL: out of memory. */
void *js_hold_alloc(struct js_hold *h, size_t count, size_t size);
/* false: out of memory. */
bool js_hold_copy(struct js_hold *h, struct slice s, struct slice *ret);

/* ---- rows ------------------------------------------------------------------- */

enum js_kind {
	JS_STR,		/* struct slice */
	JS_BOOL,	/* bool */
	JS_INT,		/* int64_t; a duration is one, in ns */
	JS_INT32,	/* int64_t, of an i32's range */
	JS_UINT,	/* uint64_t */
	JS_TIME,	/* int64_t, ns since 1970, or JS_TIME_UNSET; with n_at
			   a const char * there: what ns cannot tell of it, the
			   zone or the year, as it is told again; NULL: nothing */
	JS_ENUM,	/* an enum, by name */
	JS_STRS,	/* struct slice *, and size_t at n_at */
	JS_INTS,	/* int64_t *, likewise */
	JS_METADATA,	/* struct js_metadata *, likewise */
	JS_JSON,	/* const struct json *, borrowed: read by somebody else */
	JS_OTHER,	/* read and write say how; without them it may be said */
};

struct js_field {
	const char         *name;
	enum js_kind        kind;
	bool                omits_zero;
	size_t              at, n_at;
	const char *const  *names;	/* JS_ENUM: NULL at the end */
	const char         *type;	/* as a wrong type is told; of an enum what
				   an unknown value is one of */
	bool                refuses_null;	/* as an enum does; to others it is
						   as good as absent */
	bool (*read)(void *object, const struct json *j, struct js_hold *h,
	    struct js_error *e);
	/* With the key; or nothing. */
	void (*write)(const void *object, const char *name,
	    struct json_writer *w);
};

struct js_metadata {
	struct slice key, value;
};

/* name: what the object is called where an error tells it; inside another, its
 * type.  Unknown members are an error if is_strict, and nothing was read into h
 * before without that: what reads a part need not know.  False and *e, 10025. */
bool js_fields_read(const struct js_field *fields, const char *name,
    const struct json *object, bool is_strict, void *into,
    struct js_hold *h, struct js_error *e);
/* The same of a part of a document that somebody else reads.  where: its place
 * there, as errors tell it. */
bool js_fields_read_part(const struct js_field *fields, const char *name,
    const char *where, const struct json *object, bool is_strict, void *into,
    struct js_hold *h, struct js_error *e);

/* It is "null", which is as good as absent, as in Go. */
bool js_is_null(const struct json *j);

/* For a row's read: a value that is not of the type, where the reader is.  10025. */
bool js_fail_here(const struct js_hold *h, struct js_error *e,
    const struct json *j, const char *type);
/* For one that reads an array: the reader is at that item, until it leaves with
 * what entering gave. */
size_t js_path_enter(struct js_hold *h, size_t item);
void js_path_leave(struct js_hold *h, size_t before);

/* A value that is none of an enum's, as it stands in the text: 10025. */
bool js_fail_value(struct js_error *e, const struct json *j);

/* Without the braces. */
void js_fields_write(const struct js_field *fields, const void *object,
    struct json_writer *w);

/* ---- values ------------------------------------------------------------------- */

/* "2026-11-27T10:00:00.5Z", any offset; what ns cannot hold is JS_TIME_BEFORE or
 * INT64_MAX.  False: it is no such time. */
bool js_time_read(struct slice text, int64_t *ns);
void js_time_write(int64_t ns, struct json_writer *w);

struct slice js_metadata_get(const struct js_metadata *m, size_t n,
    struct slice key);

/* The server's own keys are level (always) and, if is_dynamic, version and
 * level of the server; what m says of them is not written. */
void js_metadata_write(const struct js_metadata *m, size_t n, unsigned level,
    bool is_dynamic, struct json_writer *w);

/* Bytes of keys and values, without the server's own. */
size_t js_metadata_size(const struct js_metadata *m, size_t n);

#endif /* JS_FIELDS_H */
