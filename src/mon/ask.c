/* mon/ask.c - bodies of requests, and Go's words for what is wrong with them.
 *
 * The text is walked first by a scanner of our own: it finds the first wrong
 * byte as Go's does, and where the members of the object lie, because an error
 * about a number quotes it as it was written.  Strings and lists are then read
 * from the parsed document.  No recursion: open brackets are bits. */
#include "mon/ask.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "js/report.h"
#include "mon/advisory.h"
#include "mon/connz.h"
#include "mon/healthz.h"
#include "mon/subsz.h"

enum { DEPTH_MAX = 64, MEMBERS_MAX = 64 };

/* ---- the scanner --------------------------------------------------------- */

struct member {
	struct slice key;	/* between its quotes */
	struct slice value;
};

struct scan {
	struct slice  rest;
	uint64_t      is_array;		/* bit by depth */
	unsigned      depth;
	struct member members[MEMBERS_MAX];
	unsigned      n_members;
	struct buf   *why;
};

static bool ends_early(struct scan *s)
{
	buf_put_str(s->why, "unexpected end of JSON input");
	return false;
}

static bool is_invalid(struct scan *s, const char *context)
{
	struct buf quoted = { 0 };
	uint32_t   rune;
	size_t     n;

	if (s->rest.n == 0)
		return ends_early(s);
	n = text_next_rune(s->rest, &rune);
	text_put_quoted(&quoted, slice_of(s->rest.p, n));
	buf_put_str(s->why, "invalid character '");
	if (rune == '"' || rune == '\'')
		buf_put_str(s->why, rune == '"' ? "\"" : "\\'");
	else if (quoted.n > 2)
		buf_put(s->why, quoted.p + 1, quoted.n - 2);
	buf_put_str(s->why, "' ");
	buf_put_str(s->why, context);
	buf_fini(&quoted);
	return false;
}

static void skip(struct scan *s, size_t n)
{
	s->rest = slice_skip(s->rest, n);
}

static void skip_blanks(struct scan *s)
{
	while (s->rest.n > 0 && s->rest.p[0] != '\0' &&
	    strchr(" \t\r\n", s->rest.p[0]) != NULL)
		skip(s, 1);
}

static bool next_is(const struct scan *s, char c)
{
	return s->rest.n > 0 && s->rest.p[0] == c;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool scan_escape(struct scan *s)
{
	size_t n = 2;

	if (s->rest.n < 2)
		return ends_early(s);
	if (s->rest.p[1] == 'u') {
		while (n < 6 && n < s->rest.n && is_hex(s->rest.p[n]))
			n++;
		if (n == s->rest.n && n < 6)
			return ends_early(s);
		if (n < 6)
			n = s->rest.n < 6 ? s->rest.n : 6;
		else
			n = 0;
	} else if (s->rest.p[1] != '\0' &&
	    strchr("\"\\/bfnrt", s->rest.p[1]) != NULL) {
		skip(s, 2);
		return true;
	}
	if (n == 0) {
		skip(s, 6);
		return true;
	}
	buf_put_str(s->why, "invalid escape sequence `");
	buf_put(s->why, s->rest.p, n);
	buf_put_str(s->why, "` in string");
	return false;
}

/* From quote to quote; *ret is what is between. */
static bool scan_string(struct scan *s, struct slice *ret)
{
	const char *from = s->rest.p + 1;

	skip(s, 1);
	for (;;) {
		if (s->rest.n == 0)
			return ends_early(s);
		if (next_is(s, '"'))
			break;
		if ((unsigned char)s->rest.p[0] < ' ')
			return is_invalid(s, "in string");
		if (!next_is(s, '\\'))
			skip(s, 1);
		else if (!scan_escape(s))
			return false;
	}
	*ret = slice_of(from, (size_t)(s->rest.p - from));
	skip(s, 1);
	return true;
}

static bool scan_digits(struct scan *s)
{
	if (s->rest.n == 0 || s->rest.p[0] < '0' || s->rest.p[0] > '9')
		return is_invalid(s, "in numeric literal");
	while (s->rest.n > 0 && s->rest.p[0] >= '0' && s->rest.p[0] <= '9')
		skip(s, 1);
	return true;
}

static bool scan_number(struct scan *s)
{
	if (next_is(s, '-'))
		skip(s, 1);
	if (next_is(s, '0'))
		skip(s, 1);
	else if (!scan_digits(s))
		return false;
	if (next_is(s, '.')) {
		skip(s, 1);
		if (!scan_digits(s))
			return false;
	}
	if (!next_is(s, 'e') && !next_is(s, 'E'))
		return true;
	skip(s, 1);
	if (next_is(s, '+') || next_is(s, '-'))
		skip(s, 1);
	return scan_digits(s);
}

static bool scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	char                     context[48];

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		const char *c = words[i];

		if (!next_is(s, *c))
			continue;
		for (; *c != '\0' && next_is(s, *c); c++)
			skip(s, 1);
		if (*c == '\0')
			return true;
		snprintf(context, sizeof context,
		    "in literal %s (expecting '%c')", words[i], *c);
		return is_invalid(s, context);
	}
	return is_invalid(s, "looking for beginning of value");
}

static bool scan_scalar(struct scan *s)
{
	struct slice ignored;

	if (next_is(s, '"'))
		return scan_string(s, &ignored);
	if (next_is(s, '-') ||
	    (s->rest.n > 0 && s->rest.p[0] >= '0' && s->rest.p[0] <= '9'))
		return scan_number(s);
	return scan_word(s);
}

static bool in_array(const struct scan *s)
{
	return s->is_array >> (s->depth - 1) & 1;
}

/* A name and its colon. */
static bool scan_key(struct scan *s)
{
	struct slice key;

	skip_blanks(s);
	if (!next_is(s, '"'))
		return is_invalid(s, "looking for beginning of object key string");
	if (!scan_string(s, &key))
		return false;
	if (s->depth == 1 && s->n_members < MEMBERS_MAX)
		s->members[s->n_members++].key = key;
	skip_blanks(s);
	if (!next_is(s, ':'))
		return is_invalid(s, "after object key");
	skip(s, 1);
	return true;
}

static void note_value(struct scan *s, const char *from)
{
	struct slice *v;

	if (s->depth != 1 || in_array(s) || s->n_members == 0)
		return;
	v = &s->members[s->n_members - 1].value;
	if (v->p == NULL)
		*v = slice_of(from, (size_t)(s->rest.p - from));
}

/* A value, or the opening of one.  *is_open: an opening, that needs more. */
static bool scan_value(struct scan *s, bool *is_open)
{
	const char *from;
	bool        is_array;

	skip_blanks(s);
	if (s->rest.n == 0)
		return ends_early(s);
	from = s->rest.p;
	*is_open = false;
	if (!next_is(s, '{') && !next_is(s, '[')) {
		if (!scan_scalar(s))
			return false;
		if (s->depth > 0)
			note_value(s, from);
		return true;
	}
	is_array = next_is(s, '[');
	skip(s, 1);
	if (s->depth > 0)
		note_value(s, from);
	if (s->depth == DEPTH_MAX) {
		buf_put_str(s->why, "exceeded max depth");
		return false;
	}
	s->is_array = (s->is_array & ~(UINT64_C(1) << s->depth)) |
	    (uint64_t)is_array << s->depth;
	s->depth++;
	skip_blanks(s);
	if (next_is(s, is_array ? ']' : '}')) {
		skip(s, 1);
		s->depth--;
		return true;
	}
	*is_open = true;
	return is_array || scan_key(s);
}

/* Behind a value: what closes, up to the comma and key of the next one.
 * *is_done: nothing is open any more. */
static bool scan_after(struct scan *s, bool *is_done)
{
	for (*is_done = false; s->depth > 0;) {
		bool is_array = in_array(s);

		skip_blanks(s);
		if (next_is(s, ',')) {
			skip(s, 1);
			return is_array || scan_key(s);
		}
		if (!next_is(s, is_array ? ']' : '}'))
			return is_invalid(s, is_array ? "after array element"
			    : "after object key:value pair");
		skip(s, 1);
		s->depth--;
	}
	*is_done = true;
	skip_blanks(s);
	return s->rest.n == 0 || is_invalid(s, "after top-level value");
}

static bool scan(struct scan *s)
{
	bool is_done = false, is_open = false;

	while (!is_done) {
		if (!scan_value(s, &is_open))
			return false;
		if (!is_open && !scan_after(s, &is_done))
			return false;
	}
	return true;
}

/* ---- members ------------------------------------------------------------- */

static const char *word_for(struct slice value)
{
	switch (value.p[0]) {
	case '"':
		return "string";
	case '{':
		return "object";
	case '[':
		return "array";
	case 't':
	case 'f':
		return "bool";
	default:
		return "number";
	}
}

static const char *go_type(const struct ask_field *f)
{
	static const char *const names[] = { "string", "bool", "int", "uint64",
		"[]string" };

	return f->go_type != NULL ? f->go_type : names[f->type];
}

static bool refuse(const struct ask_spec *spec, const struct ask_field *f,
    struct slice value, bool shows_number, struct buf *error)
{
	buf_printf(error, "json: cannot unmarshal %s", word_for(value));
	if (shows_number) {
		buf_put_char(error, ' ');
		buf_put_slice(error, value);
	}
	buf_printf(error, " into Go struct field %s.%s of type %s", spec->name,
	    f->key, go_type(f));
	return false;
}

/* Every item a string, or the first that is none. */
static bool check_strings(const struct ask_spec *spec,
    const struct ask_field *f, const struct json *list, struct buf *error)
{
	struct slice s;
	bool         b;

	for (size_t i = 0; i < json_n_items(list); i++) {
		const struct json *item = json_item(list, i);
		const char        *what = "number";

		if (json_as_str(item, &s))
			continue;
		if (json_as_bool(item, &b))
			what = "bool";
		else if (json_is_object(item))
			what = "object";
		else if (json_n_items(item) > 0)
			what = "array";
		buf_printf(error, "json: cannot unmarshal %s into %s.%s.%zu of "
		    "type string", what, spec->name, f->key, i);
		return false;
	}
	return true;
}

/* value is not null. */
static bool take_value(const struct ask_spec *spec, const struct ask_field *f,
    struct slice value, const struct json *doc, void *into,
    struct buf *error)
{
	static const char firsts[] = { [ASK_STR] = '"', [ASK_BOOL] = 't',
		[ASK_INT] = '0', [ASK_U64] = '0', [ASK_STRS] = '[' };
	void               *at = (char *)into + f->at;
	const struct json  *found;
	const struct json **list = at;

	if (strcmp(word_for(value), word_for(slice_of(&firsts[f->type], 1))))
		return refuse(spec, f, value, false, error);
	switch (f->type) {
	case ASK_STR:
		json_as_str(json_get(doc, f->key), at);
		return true;
	case ASK_BOOL:
		*(bool *)at = value.p[0] == 't';
		return true;
	case ASK_INT:
		return text_parse_i64(value, at) ||
		    refuse(spec, f, value, true, error);
	case ASK_U64:
		return text_parse_u64(value, at) ||
		    refuse(spec, f, value, true, error);
	case ASK_STRS:
		break;
	}
	found = json_get(doc, f->key);
	if (!check_strings(spec, f, found, error))
		return false;
	*list = json_n_items(found) > 0 ? found : NULL;
	return true;
}

static const struct ask_field *find_field(const struct ask_field *fields,
    struct slice key)
{
	for (const struct ask_field *f = fields; f->key != NULL; f++)
		if (slice_eq_nocase(slice_str(f->key), key))
			return f;
	return NULL;
}

#define FILTER(key, member, type) \
	{ key, type, offsetof(struct ask_filter, member), NULL }

static const struct ask_field filter_fields[] = {
	FILTER("server_name", name, ASK_STR), FILTER("cluster", cluster, ASK_STR),
	FILTER("host", host, ASK_STR), FILTER("exact_match", is_exact, ASK_BOOL),
	FILTER("tags", tags, ASK_STRS), FILTER("domain", domain, ASK_STR),
	{ NULL, ASK_STR, 0, NULL },
};

static bool take_member(const struct ask_spec *spec, const struct member *m,
    void *options, struct ask *ret, struct buf *error)
{
	const struct ask_field *f = find_field(spec->fields, m->key);

	if (m->value.p == NULL || m->value.p[0] == 'n')
		return true;
	if (f != NULL)
		return take_value(spec, f, m->value, ret->doc, options, error);
	f = find_field(filter_fields, m->key);
	return f == NULL || take_value(spec, f, m->value, ret->doc,
	    &ret->filter, error);
}

static bool read_document(struct slice body, const struct scan *s,
    const struct ask_spec *spec, void *options, struct ask *ret,
    struct buf *error)
{
	const char *why;

	ret->doc = json_parse(body, &why);
	if (ret->doc == NULL) {
		buf_put_str(error, why);
		return false;
	}
	for (unsigned i = 0; i < s->n_members; i++)
		if (!take_member(spec, &s->members[i], options, ret, error)) {
			ask_fini(ret);
			return false;
		}
	return true;
}

bool ask_read(struct slice body, const struct ask_spec *spec, void *options,
    struct ask *ret, struct buf *error)
{
	struct scan s = { .rest = body, .why = error };

	*ret = (struct ask){ 0 };
	if (body.n == 0)
		return true;
	if (!scan(&s))
		return false;
	s.rest = body;
	skip_blanks(&s);
	if (next_is(&s, 'n'))
		return true;
	if (!next_is(&s, '{')) {
		buf_printf(error, "json: cannot unmarshal %s into Go value of "
		    "type server.%s", word_for(s.rest), spec->name);
		return false;
	}
	return read_document(body, &s, spec, options, ret, error);
}

void ask_fini(struct ask *a)
{
	json_free(a->doc);
	*a = (struct ask){ 0 };
}

/* ---- filters ------------------------------------------------------------- */

static bool contains(struct slice text, struct slice part)
{
	return part.n == 0 ||
	    (text.n >= part.n && memmem(text.p, text.n, part.p, part.n) != NULL);
}

static struct slice trimmed(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static bool has_tag(const struct server_info *s, struct slice tag)
{
	for (size_t i = 0; i < s->tags.n; i++)
		if (slice_eq_nocase(trimmed(s->tags.at[i]), trimmed(tag)))
			return true;
	return false;
}

static bool has_all_tags(const struct server_info *s, const struct json *tags)
{
	for (size_t i = 0; i < json_n_items(tags); i++) {
		struct slice tag = SLICE_NONE;

		json_as_str(json_item(tags, i), &tag);
		if (!has_tag(s, tag))
			return false;
	}
	return true;
}

static bool is_like(struct slice wanted, struct slice has, bool is_exact)
{
	if (is_exact)
		return wanted.n == 0 || slice_eq(wanted, has);
	return contains(has, wanted);
}

bool ask_is_for(const struct ask_filter *f, const struct server_info *s)
{
	return is_like(f->name, s->name, f->is_exact) &&
	    is_like(f->cluster, s->cluster, f->is_exact) &&
	    is_like(f->host, s->host, f->is_exact) &&
	    has_all_tags(s, f->tags) &&
	    (f->domain.n == 0 || slice_eq(f->domain, s->domain));
}

bool ask_names(const struct json *strings, struct slice name)
{
	struct slice s;

	for (size_t i = 0; i < json_n_items(strings); i++)
		if (json_as_str(json_item(strings, i), &s) && slice_eq(s, name))
			return true;
	return strings == NULL;
}

/* ---- kinds of requests ---------------------------------------------------- */

#define FIELD_OF(type, key, member, kind) \
	{ key, ASK_##kind, offsetof(struct type, member), NULL }
#define C(key, member, kind) FIELD_OF(connz_options, key, member, kind)
#define S(key, member, kind) FIELD_OF(subsz_options, key, member, kind)
#define H(key, member, kind) FIELD_OF(healthz_options, key, member, kind)
#define J(key, member, kind) FIELD_OF(report_options, key, member, kind)
#define O(key, member, kind) FIELD_OF(ask_options, key, member, kind)
#define END { NULL, ASK_STR, 0, NULL }

static const struct ask_field connz_fields[] = {
	{ "sort", ASK_STR, offsetof(struct connz_options, sort_name),
	    "server.SortOpt" },
	{ "state", ASK_INT, offsetof(struct connz_options, state),
	    "server.ConnState" },
	C("auth", shows_auth, BOOL), C("subscriptions", lists_subs, BOOL),
	C("subscriptions_detail", details_subs, BOOL),
	C("offset", offset, INT), C("limit", limit, INT), C("cid", cid, U64),
	C("mqtt_client", mqtt_client, STR), C("user", user, STR),
	C("acc", account, STR), C("filter_subject", subject, STR), END,
};

static const struct ask_field subsz_fields[] = {
	S("offset", offset, INT), S("limit", limit, INT),
	S("subscriptions", lists_subs, BOOL), S("account", account, STR),
	S("test", test, STR), END,
};

static const struct ask_field healthz_fields[] = {
	H("account", account, STR), H("stream", stream, STR),
	H("consumer", consumer, STR), H("details", details, BOOL),
	H("js-enabled", enabled, BOOL), H("js-enabled-only", enabled_only, BOOL),
	H("js-server-only", server_only, BOOL),
	H("js-meta-only", meta_only, BOOL), END,
};

static const struct ask_field account_fields[] = {
	O("account", account, STR), END,
};

static const struct ask_field statz_fields[] = {
	O("accounts", accounts, STRS),
	O("include_unused", includes_unused, BOOL), END,
};

static const struct ask_field leafz_fields[] = {
	O("subscriptions", flag, BOOL), O("account", account, STR), END,
};

static const struct ask_field routez_fields[] = {
	O("subscriptions", flag, BOOL), O("subscriptions_detail", flag, BOOL),
	END,
};

static const struct ask_field gatewayz_fields[] = {
	O("name", name, STR), O("accounts", flag, BOOL),
	O("account_name", account, STR), O("subscriptions", flag, BOOL),
	O("subscriptions_detail", flag, BOOL), END,
};

static const struct ask_field jsz_fields[] = {
	J("account", account, STR), J("accounts", lists_accounts, BOOL),
	J("streams", lists_streams, BOOL), J("consumer", lists_consumers, BOOL),
	J("direct_consumer", lists_direct, BOOL),
	J("config", shows_config, BOOL), J("leader_only", leader_only, BOOL),
	J("offset", offset, INT), J("limit", limit, INT),
	J("raft", shows_raft, BOOL),
	J("stream_leader_only", stream_leader_only, BOOL), END,
};

static const struct ask_field profilez_fields[] = {
	O("name", name, STR), O("debug", number, INT),
	{ "duration", ASK_INT, offsetof(struct ask_options, number),
	    "time.Duration" }, END,
};

static const struct ask_field ipqueuesz_fields[] = {
	O("all", flag, BOOL), O("filter", text, STR), END,
};

static const struct ask_field raftz_fields[] = {
	O("account", account, STR), O("group", text, STR), END,
};

static const struct ask_field no_fields[] = { END };

const struct ask_spec
    ask_connz = { "ConnzEventOptions", connz_fields },
    ask_subsz = { "SubszEventOptions", subsz_fields },
    ask_healthz = { "HealthzEventOptions", healthz_fields },
    ask_accountz = { "AccountzEventOptions", account_fields },
    ask_statz = { "AccountStatzEventOptions", statz_fields },
    ask_leafz = { "LeafzEventOptions", leafz_fields },
    ask_routez = { "RoutezEventOptions", routez_fields },
    ask_gatewayz = { "GatewayzEventOptions", gatewayz_fields },
    ask_jsz = { "JszEventOptions", jsz_fields },
    ask_profilez = { "ProfilezEventOptions", profilez_fields },
    ask_ipqueuesz = { "IpqueueszEventOptions", ipqueuesz_fields },
    ask_raftz = { "RaftzEventOptions", raftz_fields },
    ask_varz = { "VarzEventOptions", no_fields },
    ask_statsz = { "StatszEventOptions", no_fields },
    ask_expvarz = { "ExpvarzEventOptions", no_fields },
    ask_reload = { "EventFilterOptions", no_fields },
    ask_info = { "AccInfoEventOptions", no_fields };
