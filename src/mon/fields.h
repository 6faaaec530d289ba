/* mon/fields.h - documents as tables.
 *
 * What a monitoring document says is a struct; how it is called, in what order
 * it is printed and when it is left out is a table of fields over that struct.
 * The same table gives the JSON answer and the Prometheus metrics, so the two
 * cannot tell different stories.  A table ends with a field without a key.
 */
#ifndef MON_FIELDS_H
#define MON_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct json_writer;

/* What lies at the offset. */
enum field_kind {
	FIELD_STR,	/* struct slice */
	FIELD_STRS,	/* struct slices */
	FIELD_PAIRS,	/* struct slices: key, value, key, ... printed as object */
	FIELD_BOOL,	/* bool */
	FIELD_U64,	/* uint64_t */
	FIELD_I64,	/* int64_t */
	FIELD_F64,	/* double */
	FIELD_TIME,	/* int64_t, nanoseconds since 1970 */
	FIELD_DURATION,	/* int64_t nanoseconds, printed as "1.5s" */
	FIELD_UPTIME,	/* int64_t nanoseconds, printed as "1d0h3m2s" */
	FIELD_BEGIN,	/* nothing: the next ones are inside an object ... */
	FIELD_END,	/* ... up to here */
	FIELD_WORDS,	/* struct slice: printed as array of what commas part */
	FIELD_JSON,	/* struct slice: a value that is JSON already */
	FIELD_WRITE,	/* nothing: the row's function writes the value */
};

enum field_metric {
	METRIC_GAUGE,	/* also for what has no number: it is no metric then */
	METRIC_COUNTER,
	METRIC_NONE,
};

struct slices {
	const struct slice *at;
	size_t              n;
};

struct field {
	const char       *key;	/* FIELD_END: any but NULL */
	enum field_kind   kind;
	size_t            at;
	bool              omits_empty;	/* "", 0, false, none */
	enum field_metric metric;
	const char       *help;
	void (*write)(struct json_writer *w, const void *doc);
	bool (*is_empty)(const void *doc);	/* of FIELD_WRITE; or NULL: never */
};

#define FIELD(type, key, kind, ...) \
	{ #key, FIELD_##kind, offsetof(struct type, key), __VA_ARGS__ }
#define FIELD_NAMED(type, name, key, kind, ...) \
	{ name, FIELD_##kind, offsetof(struct type, key), __VA_ARGS__ }
#define FIELD_OPEN(name)  { name, FIELD_BEGIN }
#define FIELD_CLOSE       { "", FIELD_END }
#define FIELD_OMITTED     .omits_empty = true
#define FIELD_COUNTER(h)  .metric = METRIC_COUNTER, .help = h
#define FIELD_GAUGE(h)    .metric = METRIC_GAUGE, .help = h

/* The members of doc, into an object that is open. */
void fields_write(const struct field *fields, const void *doc,
    struct json_writer *w);

/* A whole object. */
void fields_write_object(const struct field *fields, const void *doc,
    struct json_writer *w);

/* Is it a number?  *ret in any case of FIELD_U64, _I64 and _F64. */
bool field_number(const struct field *f, const void *doc, double *ret);

static inline const void *field_at(const struct field *f, const void *doc)
{
	return (const char *)doc + f->at;
}

#endif /* MON_FIELDS_H */
