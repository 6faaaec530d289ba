/* proto/connect.c - one table of fields, walked twice: to measure, to copy. */
#include "proto/connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* SAID: a string of which only counts whether it says anything.  The last two:
 * only the type is looked at. */
enum field_kind { FIELD_BOOL, FIELD_INT, FIELD_STR, FIELD_SAID, FIELD_TEXT,
	FIELD_OBJECT };

static const struct field {
	struct slice    name;
	enum field_kind kind;
	bool            is_secret;
	size_t          at;		/* in struct connect_opts */
} fields[] = {
#define F(name, kind, is_secret) \
	{ { #name, sizeof #name - 1 }, FIELD_##kind, is_secret, \
	  offsetof(struct connect_opts, name) }
	F(verbose,        BOOL, false),
	F(pedantic,       BOOL, false),
	F(echo,           BOOL, false),
	F(tls_required,   BOOL, false),
	F(headers,        BOOL, false),
	F(no_responders,  BOOL, false),
	F(new_account,    BOOL, false),
	F(protocol,       INT,  false),
	F(user,           STR,  false),
	F(pass,           STR,  true),
	F(auth_token,     STR,  true),
	F(jwt,            STR,  true),
	F(sig,            STR,  true),
	F(nkey,           STR,  false),
	F(proxy_sig,      STR,  true),
	F(name,           STR,  false),
	F(lang,           STR,  false),
	F(version,        STR,  false),
	F(account,        SAID, false),
#undef F
	/* for leaf nodes: of a client only the type is looked at */
	{ { "remote_account", 14 }, FIELD_TEXT, false, 0 },
	{ { "import", 6 }, FIELD_OBJECT, false, 0 },
	{ { "export", 6 }, FIELD_OBJECT, false, 0 },
};

enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static void *member(struct connect_opts *o, const struct field *f)
{
	return (char *)o + f->at;
}

void connect_opts_init(struct connect_opts *o)
{
	*o = (struct connect_opts){ .verbose = true, .pedantic = true,
		.echo = true };
}

void connect_opts_fini(struct connect_opts *o)
{
	if (o->memory != NULL)
		explicit_bzero(o->memory, o->memory_bytes);
	free(o->memory);
	connect_opts_init(o);
}

static bool read_field(const struct json *v, const struct field *f,
    struct connect_opts *o)
{
	struct slice text;

	switch (f->kind) {
	case FIELD_BOOL:
		return json_as_bool(v, member(o, f));
	case FIELD_INT:
		return json_as_i64(v, member(o, f));
	case FIELD_STR:
		return json_as_str(v, member(o, f));
	case FIELD_SAID:
		if (!json_as_str(v, &text))
			return false;
		*(bool *)member(o, f) = text.n > 0;
		return true;
	case FIELD_TEXT:
		return json_as_str(v, &text);
	case FIELD_OBJECT:
		return json_is_object(v);
	}
	return false;
}

/* What the document says about each field; of two the last. */
struct found {
	const struct json *values[N_FIELDS];	/* NULL: not named */
};

static bool find_field(void *ctx, struct slice key, const struct json *value)
{
	struct found *found = ctx;

	for (int i = 0; i < N_FIELDS; i++)
		if (slice_eq_nocase(key, fields[i].name))
			found->values[i] = value;
	return true;
}

/* The strings that are named point into doc afterwards. */
static bool read_fields(const struct json *doc, const struct found *found,
    struct connect_opts *o)
{
	for (int i = 0; i < N_FIELDS; i++) {
		const struct json *v = found->values[i];

		if (v == NULL || read_field(v, &fields[i], o))
			continue;
		v = json_get(doc, fields[i].name.p);	/* knows null */
		if (v != NULL && !read_field(v, &fields[i], o))
			return false;
	}
	return json_is_object(doc);
}

static size_t measure_strings(struct connect_opts *o)
{
	size_t n = 0;

	/* bounded by the text and by what was there: no overflow */
	for (int i = 0; i < N_FIELDS; i++)
		if (fields[i].kind == FIELD_STR)
			n += ((struct slice *)member(o, &fields[i]))->n;
	return n;
}

/* Moves all strings into memory of o's own.  False: there is none. */
static bool own_strings(struct connect_opts *o)
{
	size_t n = measure_strings(o);
	char  *p;

	o->memory = NULL;
	o->memory_bytes = n;
	if (n > 0 && (o->memory = malloc(n)) == NULL)
		return false;
	p = o->memory;
	for (int i = 0; i < N_FIELDS; i++) {
		struct slice *s = member(o, &fields[i]);

		if (fields[i].kind != FIELD_STR)
			continue;
		if (s->n > 0)
			memcpy(p, s->p, s->n);
		*s = slice_of(p, s->n);
		p += s->n;
	}
	return true;
}

/* The document is about to be freed; its memory is ours to overwrite. */
static void wipe_secrets(const struct found *found)
{
	struct slice s;

	for (int i = 0; i < N_FIELDS; i++)
		if (fields[i].is_secret &&
		    json_as_str(found->values[i], &s))
			explicit_bzero((char *)(uintptr_t)s.p, s.n);
}

static bool parse_object(struct slice json,
    struct connect_opts *inout)
{
	const char         *why;
	struct json        *doc = json_parse(json, &why);
	struct connect_opts o = *inout;
	struct found        found = { 0 };
	bool                ok;

	if (doc == NULL)
		return false;
	json_each(doc, find_field, &found);
	ok = read_fields(doc, &found, &o) && own_strings(&o);
	wipe_secrets(&found);
	json_free(doc);
	if (!ok)
		return false;
	connect_opts_fini(inout);
	*inout = o;
	return true;
}

/* A whole document that is absent: it names nothing. */
static bool is_null(struct slice json)
{
	const char *blanks = " \t\r\n";

	while (json.n > 0 && strchr(blanks, json.p[json.n - 1]) != NULL)
		json.n--;
	while (json.n > 0 && strchr(blanks, *json.p) != NULL)
		json = slice_skip(json, 1);
	return slice_eq(json, SLICE("null"));
}

bool connect_parse(struct slice json, struct connect_opts *inout)
{
	if (is_null(json))
		return true;
	return parse_object(json, inout);
}

void connect_forget_secrets(struct connect_opts *o)
{
	for (int i = 0; i < N_FIELDS; i++) {
		struct slice *s = member(o, &fields[i]);

		if (!fields[i].is_secret)
			continue;
		if (s->n > 0)	/* it lies in o->memory */
			explicit_bzero((char *)(uintptr_t)s->p, s->n);
		*s = SLICE_NONE;
	}
}
