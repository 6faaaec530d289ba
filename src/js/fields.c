/* js/fields.c - structs that travel as JSON. */
#include "js/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "js/errors.h"
#include "js/js.h"

enum { TIME_SECONDS = 19 };	/* "2026-11-27T10:00:00" */

/* ---- hold ------------------------------------------------------------------ */

struct chunk {
	struct chunk *next;
	_Alignas(16) char bytes[];
};

/* Where in the document a reader is: "StreamConfigRequest.sources.0". */
struct path {
	char   text[256];
	size_t n;
	bool   is_item;		/* of an array: the last step */
};

struct js_hold {
	struct chunk *chunks;
	bool          is_lenient;
	struct path  *path;	/* of who reads; NULL: nobody does */
};

struct js_hold *js_hold_create(void)
{
	return calloc(1, sizeof(struct js_hold));
}

void js_hold_destroy(struct js_hold *h)
{
	if (h == NULL)
		return;
	for (struct chunk *c = h->chunks, *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(h);
}

void *js_hold_alloc(struct js_hold *h, size_t count, size_t size)
{
	struct chunk *c;
	size_t        n;

	if (__builtin_mul_overflow(count, size, &n) ||
	    __builtin_add_overflow(n, sizeof *c, &n))
		return NULL;
	c = calloc(1, n);
	if (c == NULL)
		return NULL;
	c->next = h->chunks;
	h->chunks = c;
	return c->bytes;
}

bool js_hold_copy(struct js_hold *h, struct slice s, struct slice *ret)
{
	char *p = s.n == 0 ? NULL : js_hold_alloc(h, 1, s.n);

	if (s.n > 0 && p == NULL)
		return false;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*ret = slice_of(p, s.n);
	return true;
}

/* ---- reading --------------------------------------------------------------- */

struct reading {
	const struct js_field *fields;
	bool                   is_strict, ok;
	void                  *into;
	struct js_hold        *hold;
	struct js_error       *e;
};

static const struct js_field *find(const struct js_field *f, struct slice key)
{
	for (; f->name != NULL; f++)
		if (slice_eq_nocase(slice_str(f->name), key))
			return f;
	return NULL;
}

static const char *kind_of(const struct json *j)
{
	struct slice s;
	double       d;
	bool         b;

	if (json_is_object(j))
		return "object";
	if (json_is_array(j))
		return "array";
	if (json_as_str(j, &s))
		return "string";
	if (json_as_f64(j, &d))
		return "number";
	return json_as_bool(j, &b) ? "bool" : "value";
}

bool js_is_null(const struct json *j)
{
	return strcmp(kind_of(j), "value") == 0;
}

/* " 1.5"; nothing where j is no number. */
static void put_number(const struct json *j, char *out, size_t size)
{
	struct buf   text = { 0 };
	struct slice digits;
	int64_t      i;
	double       d;

	if (json_as_digits(j, &digits))
		buf_put_slice(&text, digits);
	else if (json_as_i64(j, &i))
		buf_put_i64(&text, i);
	else if (json_as_f64(j, &d))
		text_put_f64(&text, d);
	if (text.n > 0)
		snprintf(out, size, " %.*s", SLICE_ARG(buf_slice(&text)));
	buf_fini(&text);
}

static size_t enter(struct path *p, struct slice step, bool is_item)
{
	size_t before = p->n, room = sizeof p->text - p->n;
	int    n = snprintf(p->text + p->n, room, "%s%.*s",
	    p->n > 0 ? "." : "", SLICE_ARG(step));

	p->n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
	p->is_item = is_item;
	return before;
}

size_t js_path_enter(struct js_hold *h, size_t item)
{
	char text[24];

	snprintf(text, sizeof text, "%zu", item);
	return enter(h->path, slice_str(text), true);
}

void js_path_leave(struct js_hold *h, size_t before)
{
	h->path->n = before;
	h->path->is_item = false;
}

/* Of a number that was to be one its digits are told. */
static bool is_number(const char *type)
{
	static const char *const types[] = { "int", "int32", "int64", "uint64",
		"time.Duration" };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

bool js_fail_here(const struct js_hold *h, struct js_error *e,
    const struct json *j, const char *type)
{
	const struct path *p = h->path;
	char               number[40] = "";

	if (is_number(type))
		put_number(j, number, sizeof number);
	return js_fail_with(e, 10025, "json: cannot unmarshal %s%s into %s%.*s "
	    "of type %s", kind_of(j), number, p->is_item ? ""
	    : "Go struct field ", (int)p->n, p->text, type);
}

static bool wrong_type(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	static const char *const types[] = {
		[JS_STR] = "string", [JS_BOOL] = "bool", [JS_INT] = "int64",
		[JS_INT32] = "int32",
		[JS_UINT] = "uint64", [JS_TIME] = "time.Time",
		[JS_STRS] = "[]string", [JS_INTS] = "[]time.Duration",
		[JS_METADATA] = "map[string]string", [JS_OTHER] = "object",
		[JS_ENUM] = "string",
	};

	return js_fail_here(r->hold, r->e, j, f->type != NULL ? f->type
	    : types[f->kind]);
}

static bool wrong_item(struct reading *r, const struct json *array, size_t i,
    const char *type)
{
	size_t before = js_path_enter(r->hold, i);

	js_fail_here(r->hold, r->e, json_item(array, i), type);
	js_path_leave(r->hold, before);
	return false;
}

static void *at(const struct reading *r, size_t offset)
{
	return (char *)r->into + offset;
}

static bool out_of_memory(struct reading *r)
{
	return js_fail_with(r->e, 10025, "out of memory");
}

static bool unknown_value(struct js_error *e, const struct json *j,
    const char *what)
{
	struct buf json = { 0 };

	json_put(JSON_INTO(&json, 0), j);
	js_fail_with(e, 10025, "unknown %s: %.*s", what,
	    SLICE_ARG(buf_slice(&json)));
	buf_fini(&json);
	return false;
}

bool js_fail_value(struct js_error *e, const struct json *j)
{
	struct buf json = { 0 }, quoted = { 0 };

	json_put(JSON_INTO(&json, 0), j);
	text_put_quoted(&quoted, buf_slice(&json));
	js_fail_with(e, 10025, "can not unmarshal %.*s",
	    SLICE_ARG(buf_slice(&quoted)));
	buf_fini(&json);
	buf_fini(&quoted);
	return false;
}

static bool read_enum(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	struct slice s = SLICE_NONE;
	bool         is_str = json_as_str(j, &s);

	for (int i = 0; is_str && f->names[i] != NULL; i++)
		if (slice_eq(slice_str(f->names[i]), s)) {
			memcpy(at(r, f->at), &i, sizeof i);
			return true;
		}
	return f->type != NULL ? unknown_value(r->e, j, f->type)
	    : js_fail_value(r->e, j);
}

static bool read_strs(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	size_t        n = json_n_items(j);
	struct slice *v = js_hold_alloc(r->hold, n + 1, sizeof *v), s;

	if (!json_is_array(j))
		return wrong_type(r, f, j);
	if (v == NULL)
		return out_of_memory(r);
	for (size_t i = 0; i < n; i++) {
		if (js_is_null(json_item(j, i)))
			continue;	/* the empty string, as in Go */
		if (!json_as_str(json_item(j, i), &s))
			return wrong_item(r, j, i, "string");
		if (!js_hold_copy(r->hold, s, &v[i]))
			return out_of_memory(r);
	}
	memcpy(at(r, f->at), &v, sizeof v);
	memcpy(at(r, f->n_at), &n, sizeof n);
	return true;
}

static bool read_ints(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	size_t   n = json_n_items(j);
	int64_t *v = js_hold_alloc(r->hold, n + 1, sizeof *v);

	if (!json_is_array(j))
		return wrong_type(r, f, j);
	if (v == NULL)
		return out_of_memory(r);
	for (size_t i = 0; i < n; i++)
		if (!js_is_null(json_item(j, i)) &&
		    !json_as_i64(json_item(j, i), &v[i]))
			return wrong_item(r, j, i, "time.Duration");
	memcpy(at(r, f->at), &v, sizeof v);
	memcpy(at(r, f->n_at), &n, sizeof n);
	return true;
}

struct pairs {
	struct js_metadata *v;
	size_t              n;
	struct reading     *r;
	bool                ok;
};

static bool wrong_pair(struct pairs *p, struct slice key,
    const struct json *value)
{
	struct js_hold *h = p->r->hold;
	size_t          before = enter(h->path, key, false);

	js_fail_here(h, p->r->e, value, "string");
	js_path_leave(h, before);
	return false;
}

static bool add_pair(void *ctx, struct slice key, const struct json *value)
{
	struct pairs *p = ctx;
	struct slice  s = SLICE_NONE;

	if (!js_is_null(value) && !json_as_str(value, &s))
		p->ok = wrong_pair(p, key, value);
	else
		p->ok = (js_hold_copy(p->r->hold, key, &p->v[p->n].key) &&
		    js_hold_copy(p->r->hold, s, &p->v[p->n].value)) ||
		    out_of_memory(p->r);
	p->n += p->ok;
	return p->ok;
}

static int by_key(const void *a, const void *b)
{
	return slice_cmp(((const struct js_metadata *)a)->key,
	    ((const struct js_metadata *)b)->key);
}

static bool read_metadata(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	struct pairs p = { .r = r, .ok = true };

	if (!json_is_object(j))
		return wrong_type(r, f, j);
	p.v = js_hold_alloc(r->hold, json_n_members(j) + 1, sizeof *p.v);
	if (p.v == NULL)
		return out_of_memory(r);
	json_each(j, add_pair, &p);
	if (!p.ok)
		return false;
	qsort(p.v, p.n, sizeof *p.v, by_key);
	memcpy(at(r, f->at), &p.v, sizeof p.v);
	memcpy(at(r, f->n_at), &p.n, sizeof p.n);
	return true;
}

static bool read_i32(const struct json *j, int64_t *ret)
{
	return json_as_i64(j, ret) && *ret >= INT32_MIN && *ret <= INT32_MAX;
}

/* As Go tells it: of the fraction what counts, and no zone but Z for UTC.  Empty:
 * it can be told from ns. */
static void put_told(struct slice text, int64_t ns, struct buf *out)
{
	const char  *end = text.p + text.n;
	bool         is_utc = end[-1] == 'Z';
	struct slice zone = slice_of(is_utc ? end - 1 : end - 6,
	    is_utc ? 1 : 6);
	size_t       n = (size_t)(zone.p - text.p);

	is_utc |= slice_eq(slice_skip(zone, 1), SLICE("00:00"));
	if (is_utc && ((ns != INT64_MAX && ns != JS_TIME_BEFORE) ||
	    slice_eq(text, SLICE("0001-01-01T00:00:00Z"))))
		return;
	if (n > TIME_SECONDS + 10)
		n = TIME_SECONDS + 10;
	while (n > TIME_SECONDS && strchr("0.", text.p[n - 1]) != NULL)
		n--;
	buf_put(out, text.p, n);
	buf_put_slice(out, is_utc ? SLICE("Z") : zone);
}

/* nats-server goes on and says at which part of it. */
static bool wrong_time(struct reading *r, struct slice text)
{
	struct buf quoted = { 0 };

	text_put_quoted(&quoted, text);
	js_fail_with(r->e, 10025, "parsing time %.*s as "
	    "\"2006-01-02T15:04:05Z07:00\": cannot parse it",
	    SLICE_ARG(buf_slice(&quoted)));
	buf_fini(&quoted);
	return false;
}

static bool read_time(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	struct buf   told = { 0 };
	struct slice s, kept = SLICE_NONE;
	int64_t     *to = at(r, f->at);
	bool         ok = true;

	if (!json_as_str(j, &s))
		return wrong_type(r, f, j);
	if (!js_time_read(s, to))
		return wrong_time(r, s);
	if (f->n_at == 0)
		return true;
	put_told(s, *to, &told);
	if (told.n > 0) {
		buf_put_char(&told, '\0');
		ok = !buf_failed(&told) && js_hold_copy(r->hold,
		    buf_slice(&told), &kept);
	}
	buf_fini(&told);
	memcpy(at(r, f->n_at), &kept.p, sizeof kept.p);
	return ok || out_of_memory(r);
}

static bool read_value(struct reading *r, const struct js_field *f,
    const struct json *j)
{
	struct slice s;
	void        *to = at(r, f->at);

	switch (f->kind) {
	case JS_STR:
		if (!json_as_str(j, &s))
			return wrong_type(r, f, j);
		return js_hold_copy(r->hold, s, to) || out_of_memory(r);
	case JS_BOOL:
		return json_as_bool(j, to) || wrong_type(r, f, j);
	case JS_INT:
		return json_as_i64(j, to) || wrong_type(r, f, j);
	case JS_INT32:
		return read_i32(j, to) || wrong_type(r, f, j);
	case JS_UINT:
		return json_as_u64(j, to) || wrong_type(r, f, j);
	case JS_TIME:
		return read_time(r, f, j);
	case JS_ENUM:
		return read_enum(r, f, j);
	case JS_STRS:
		return read_strs(r, f, j);
	case JS_INTS:
		return read_ints(r, f, j);
	case JS_METADATA:
		return read_metadata(r, f, j);
	case JS_JSON:
		memcpy(to, &j, sizeof(const struct json *));
		return true;
	case JS_OTHER:
		break;
	}
	return f->read == NULL || f->read(r->into, j, r->hold, r->e);
}

static bool read_member(void *ctx, struct slice key, const struct json *value)
{
	struct reading        *r = ctx;
	const struct js_field *f = find(r->fields, key);
	size_t                 before;

	if (f == NULL && r->is_strict)
		r->ok = js_fail_with(r->e, 10025, "json: unknown field \"%.*s\"",
		    SLICE_ARG(key));
	if (f == NULL || (js_is_null(value) && f->kind != JS_ENUM &&
	    !f->refuses_null))
		return r->ok;
	before = enter(r->hold->path, slice_str(f->name), false);
	r->ok = read_value(r, f, value);
	js_path_leave(r->hold, before);
	return r->ok;
}

static bool read_object(const struct js_field *fields, const char *name,
    const struct json *object, bool is_strict, void *into,
    struct js_hold *h, struct js_error *e)
{
	struct reading r = { fields, is_strict && !h->is_lenient, true, into, h,
		e };
	char           type[80];

	h->is_lenient = !r.is_strict;
	snprintf(type, sizeof type, "server.%s", name);
	if (!json_is_object(object))
		return js_fail_here(h, e, object, type);
	h->path->is_item = false;
	json_each(object, read_member, &r);
	return r.ok;
}

bool js_fields_read_part(const struct js_field *fields, const char *name,
    const char *where, const struct json *object, bool is_strict, void *into,
    struct js_hold *h, struct js_error *e)
{
	struct path p = { 0 };
	bool        ok;

	h->path = &p;
	enter(&p, slice_str(where), false);
	ok = read_object(fields, name, object, is_strict, into, h, e);
	h->path = NULL;
	return ok;
}

bool js_fields_read(const struct js_field *fields, const char *name,
    const struct json *object, bool is_strict, void *into,
    struct js_hold *h, struct js_error *e)
{
	if (h->path != NULL)
		return read_object(fields, name, object, is_strict, into, h, e);
	if (!json_is_object(object))
		return js_fail_with(e, 10025, "json: cannot unmarshal %s into "
		    "Go value of type server.%s", kind_of(object), name);
	return js_fields_read_part(fields, name, name, object, is_strict, into,
	    h, e);
}

/* ---- writing ----------------------------------------------------------------- */

static bool is_zero(const struct js_field *f, const void *p, size_t n)
{
	int64_t v = 0;

	switch (f->kind) {
	case JS_STR:
		return ((const struct slice *)p)->n == 0;
	case JS_BOOL:
		return !*(const bool *)p;
	case JS_INT:
	case JS_INT32:
	case JS_UINT:
		memcpy(&v, p, sizeof v);
		return v == 0;
	case JS_ENUM:
		return *(const int *)p == 0;
	default:
		return n == 0;
	}
}

static void write_value(const struct js_field *f, const void *p, size_t n,
    struct json_writer *w)
{
	switch (f->kind) {
	case JS_STR:
		json_str(w, *(const struct slice *)p);
		break;
	case JS_BOOL:
		json_bool(w, *(const bool *)p);
		break;
	case JS_INT:
	case JS_INT32:
		json_i64(w, *(const int64_t *)p);
		break;
	case JS_UINT:
		json_u64(w, *(const uint64_t *)p);
		break;
	case JS_ENUM:
		json_cstr(w, f->names[*(const int *)p]);
		break;
	case JS_STRS:
		json_begin_array(w);
		for (size_t i = 0; i < n; i++)
			json_str(w, (*(struct slice *const *)p)[i]);
		json_end_array(w);
		break;
	case JS_INTS:
		json_begin_array(w);
		for (size_t i = 0; i < n; i++)
			json_i64(w, (*(int64_t *const *)p)[i]);
		json_end_array(w);
		break;
	default:
		json_null(w);
	}
}

static void write_time(const struct js_field *f, const void *object,
    struct json_writer *w)
{
	const char *told = NULL;
	int64_t     ns;

	memcpy(&ns, (const char *)object + f->at, sizeof ns);
	if (f->n_at != 0)
		memcpy(&told, (const char *)object + f->n_at, sizeof told);
	if (f->omits_zero && ns == JS_TIME_UNSET)
		return;
	json_key(w, f->name);
	if (told != NULL)
		json_cstr(w, told);
	else
		js_time_write(ns, w);
}

void js_fields_write(const struct js_field *fields, const void *object,
    struct json_writer *w)
{
	for (const struct js_field *f = fields; f->name != NULL; f++) {
		const char *p = (const char *)object + f->at;
		size_t      n = 0;

		if (f->write != NULL) {
			f->write(object, f->name, w);
			continue;
		}
		if (f->kind == JS_METADATA || f->kind == JS_OTHER)
			continue;
		if (f->kind == JS_TIME) {
			write_time(f, object, w);
			continue;
		}
		if (f->n_at != 0)
			memcpy(&n, (const char *)object + f->n_at, sizeof n);
		if (f->omits_zero && is_zero(f, p, n))
			continue;
		json_key(w, f->name);
		write_value(f, p, n, w);
	}
}

/* ---- values ------------------------------------------------------------------ */

static bool take_digits(struct slice *s, int n, int *ret)
{
	*ret = 0;
	for (int i = 0; i < n; i++) {
		if (s->n == 0 || *s->p < '0' || *s->p > '9')
			return false;
		*ret = *ret * 10 + (*s->p - '0');
		*s = slice_skip(*s, 1);
	}
	return true;
}

static bool take_char(struct slice *s, char c)
{
	if (s->n == 0 || *s->p != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static int64_t take_fraction(struct slice *s)
{
	int64_t ns = 0, unit = 100000000;

	if (!take_char(s, '.'))
		return 0;
	for (; s->n > 0 && *s->p >= '0' && *s->p <= '9'; unit /= 10) {
		ns += (*s->p - '0') * unit;
		*s = slice_skip(*s, 1);
	}
	return ns;
}

static bool take_zone(struct slice *s, int64_t *offset_s)
{
	int  hours = 0, minutes = 0, sign;
	bool ok;

	*offset_s = 0;
	if (take_char(s, 'Z'))
		return s->n == 0;
	if (s->n == 0 || (*s->p != '+' && *s->p != '-'))
		return false;
	sign = *s->p == '-' ? -1 : 1;
	*s = slice_skip(*s, 1);
	ok = take_digits(s, 2, &hours) && take_char(s, ':') &&
	    take_digits(s, 2, &minutes) && s->n == 0 && hours < 24 &&
	    minutes < 60;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return ok;
}

/* A day that its month does not have becomes one of the next. */
static bool is_moment(const struct tm *tm, int64_t s)
{
	time_t    t = (time_t)s;
	struct tm back;

	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	    tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60 &&
	    gmtime_r(&t, &back) != NULL && back.tm_mday == tm->tm_mday;
}

bool js_time_read(struct slice text, int64_t *ns)
{
	struct tm tm = { 0 }, copy;
	int64_t   fraction, offset = 0, s;

	if (!take_digits(&text, 4, &tm.tm_year) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &tm.tm_mon) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &tm.tm_mday) || !take_char(&text, 'T') ||
	    !take_digits(&text, 2, &tm.tm_hour) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &tm.tm_min) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &tm.tm_sec))
		return false;
	fraction = take_fraction(&text);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	copy = tm;
	s = (int64_t)timegm(&copy);
	if (!take_zone(&text, &offset) || !is_moment(&tm, s))
		return false;
	s -= offset;
	if (__builtin_mul_overflow(s, INT64_C(1000000000), ns) ||
	    __builtin_add_overflow(*ns, fraction, ns))
		*ns = s < 0 ? JS_TIME_BEFORE : INT64_MAX;
	return true;
}

void js_time_write(int64_t ns, struct json_writer *w)
{
	json_time(w, ns == JS_TIME_BEFORE ? JS_TIME_UNSET : ns);
}

struct slice js_metadata_get(const struct js_metadata *m, size_t n,
    struct slice key)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(m[i].key, key))
			return m[i].value;
	return SLICE_NONE;
}

static bool is_ours(struct slice key)
{
	return slice_eq(key, SLICE("_nats.ver")) ||
	    slice_eq(key, SLICE("_nats.level")) ||
	    slice_eq(key, SLICE("_nats.req.level"));
}

static void write_number(struct json_writer *w, const char *key, unsigned n)
{
	struct buf b = { 0 };

	buf_put_u64(&b, n);
	json_key(w, key);
	json_str(w, buf_slice(&b));
	buf_fini(&b);
}

/* Sorted, as Go writes a map: what is ours comes among the rest. */
static void write_ours(struct slice before, unsigned *n_done, unsigned level,
    bool is_dynamic, struct json_writer *w)
{
	static const char *const keys[] = { "_nats.level", "_nats.req.level",
		"_nats.ver" };

	for (; *n_done < 3; ++*n_done) {
		const char *key = keys[*n_done];

		if (before.p != NULL && slice_cmp(slice_str(key), before) > 0)
			return;
		if (*n_done == 1) {
			write_number(w, key, level);
		} else if (is_dynamic && *n_done == 0) {
			write_number(w, key, JS_API_LEVEL);
		} else if (is_dynamic) {
			json_key(w, key);
			json_cstr(w, JS_SERVER_VERSION);
		}
	}
}

void js_metadata_write(const struct js_metadata *m, size_t n, unsigned level,
    bool is_dynamic, struct json_writer *w)
{
	unsigned n_done = 0;

	json_key(w, "metadata");
	json_begin_object(w);
	for (size_t i = 0; i < n; i++) {
		if (is_ours(m[i].key))
			continue;
		write_ours(m[i].key, &n_done, level, is_dynamic, w);
		json_key_slice(w, m[i].key);
		json_str(w, m[i].value);
	}
	write_ours(SLICE_NONE, &n_done, level, is_dynamic, w);
	json_end_object(w);
}

size_t js_metadata_size(const struct js_metadata *m, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		if (!is_ours(m[i].key))
			size += m[i].key.n + m[i].value.n;
	return size;
}
