/* conf/options_doors.c - what an account lets out, and takes from others.
 *
 * What is wrong in an entry by itself is told here, in nats-server's words;
 * whether both sides agree is core's to say.  What one key has to do with
 * another is looked at when all are read, so their order does not matter.
 */
#include "base/text.h"
#include "conf/options_int.h"
#include "conf/value.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const nouns[] = {
	[DOOR_STREAM] = "stream", [DOOR_SERVICE] = "service",
};

/* ---- exports ---------------------------------------------------------- */

/* An export, and where it said what only a service may say. */
struct export_entry {
	struct conf_export       *e;
	const struct conf_value *response, *latency, *trace;
};

static bool load_export_subject(struct load *l, const struct conf_value *v,
    enum conf_door door, void *into)
{
	struct conf_export *e = ((struct export_entry *)into)->e;

	if (v->kind != CONF_STRING) {
		load_error(l, v, "Expected %s name to be string, got %s",
		    nouns[door], load_go_type(v));
		return false;
	}
	if (e->door != DOOR_NONE && e->door != door) {
		load_error(l, v, "Detected %s \"%.*s\" but already saw a %s",
		    nouns[door], SLICE_ARG(v->str), nouns[e->door]);
		return false;
	}
	e->door = door;
	return load_string(l, v, nouns[door], false, &e->subject);
}

static bool load_export_stream(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_export_subject(l, v, DOOR_STREAM, into);
}

static bool load_export_service(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_export_subject(l, v, DOOR_SERVICE, into);
}

static bool load_export_accounts(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_strings(l, v, "accounts",
	    &((struct export_entry *)into)->e->accounts);
}

static bool load_response(struct load *l, const struct conf_value *v,
    void *into)
{
	static const struct { const char *words; enum conf_response r; } types[] = {
		{ "single singleton", RESPONSE_SINGLETON },
		{ "stream", RESPONSE_STREAM },
		{ "chunk chunked", RESPONSE_CHUNKED },
	};
	struct export_entry *x = into;
	struct buf           quoted = { 0 };

	x->response = v;
	if (v->kind != CONF_STRING) {
		load_error(l, v, "Expected response type to be string, got %s",
		    load_go_type(v));
		return false;
	}
	for (size_t i = 0; i < N_OF(types); i++)
		if (load_is_word(v->str, types[i].words)) {
			x->e->response = types[i].r;
			return true;
		}
	text_put_quoted(&quoted, v->str);
	load_error(l, v, "Unknown response type: %.*s",
	    SLICE_ARG(buf_slice(&quoted)));
	buf_fini(&quoted);
	return false;
}

static bool load_threshold(struct load *l, const struct conf_value *v,
    void *into)
{
	struct export_entry *x = into;
	struct buf           shown = { 0 };
	const char          *why;

	x->response = v;
	if (v->kind == CONF_STRING &&
	    text_parse_duration(v->str, &x->e->threshold_ns, &why))
		return true;
	if (v->kind == CONF_STRING)
		text_put_quoted(&shown, v->str);
	else
		buf_put_str(&shown, load_go_type(v));
	load_error(l, v, "Expected response threshold to be a parseable time "
	    "duration, got %.*s", SLICE_ARG(buf_slice(&shown)));
	buf_fini(&shown);
	return false;
}

static bool load_latency_subject(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_export *e = into;

	if (v->kind == CONF_STRING)
		return load_string(l, v, "subject", false, &e->latency);
	load_error(l, v, "Expected latency subject to be a string, got %s",
	    load_go_type(v));
	return false;
}

static bool load_latency_sampling(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_export *e = into;
	struct buf          quoted = { 0 };

	if (v->kind == CONF_STRING && load_is_word(v->str, "headers")) {
		e->sampling = 0;
		return true;
	}
	if (v->kind != CONF_INT && v->kind != CONF_STRING) {
		load_error(l, v, "Expected latency sample to be a string or "
		    "map/struct, got %s", load_go_type(v));
		return false;
	}
	if (!load_percent(v, &e->sampling)) {
		text_put_quoted(&quoted, v->str);
		load_error(l, v, "Failed to parse latency sample: strconv.Atoi: "
		    "parsing %.*s: invalid syntax",
		    SLICE_ARG(buf_slice(&quoted)));
		buf_fini(&quoted);
		return false;
	}
	if (e->sampling < 1 || e->sampling > 100) {
		load_error(l, v, "bad sampling percentage, should be 1-100");
		return false;
	}
	return true;
}

static bool load_latency(struct load *l, const struct conf_value *v,
    void *into)
{
	static const struct load_key keys[] = {
		{ "subject", load_latency_subject },
		{ "sampling", load_latency_sampling },
	};
	struct export_entry *x = into;

	x->latency = v;
	x->e->sampling = 100;
	if (v->kind == CONF_STRING)
		return load_string(l, v, "latency", false, &x->e->latency);
	if (v->kind != CONF_MAP) {
		load_error(l, v, "Expected latency entry to be a map/struct or "
		    "string, got %s", load_go_type(v));
		return false;
	}
	if (!load_map(l, v, keys, N_OF(keys), "unknown field", "", x->e))
		return false;
	if (x->e->latency.n == 0)
		load_error(l, v, "Latency subject required, but missing");
	return x->e->latency.n > 0;
}

static bool load_token_position(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_export *e = ((struct export_entry *)into)->e;

	if (!load_int(l, v, "account_token_position", &e->token_position))
		return false;
	if (e->token_position < 0)
		load_error(l, v, "\"account_token_position\" counts from 1");
	return e->token_position >= 0;
}

static bool load_export_trace(struct load *l, const struct conf_value *v,
    void *into)
{
	struct export_entry *x = into;

	x->trace = v;
	return load_bool(l, v, "allow_trace", &x->e->allows_trace);
}

/* Is the token at that place, from 1, a "*"? */
static bool is_star_at(struct slice s, int64_t place)
{
	int64_t nr = 1;

	for (size_t i = 0; i < s.n; i++) {
		if (nr == place)
			return s.p[i] == '*' && (i + 1 == s.n || s.p[i + 1] == '.');
		nr += s.p[i] == '.';
	}
	return false;
}

static bool is_service_only(struct load *l, const struct export_entry *x)
{
	static const char text[] = "Detected %s directive on non-service";

	if (x->response != NULL)
		load_error(l, x->response, text, "response");
	else if (x->latency != NULL)
		load_error(l, x->latency, text, "latency");
	else if (x->trace != NULL)
		load_error(l, x->trace, text, "allow_trace");
	else
		return true;
	return false;
}

static bool check_latency(struct load *l, const struct export_entry *x)
{
	const struct conf_export *e = x->e;
	const char               *why = NULL;

	if (x->latency == NULL)
		return true;
	if (!load_is_subject(e->latency) || load_has_wildcard(e->latency))
		why = "invalid publish subject";
	else if (e->response != RESPONSE_SINGLETON)
		why = "bad service response type";
	if (why != NULL)
		load_error(l, x->latency, "Error adding service latency sampling "
		    "for \"%.*s\" on subject \"%.*s\": %s",
		    SLICE_ARG(e->subject), SLICE_ARG(e->latency), why);
	return why == NULL;
}

static bool check_export(struct load *l, const struct conf_value *v,
    const struct export_entry *x)
{
	const struct conf_export *e = x->e;

	if (e->door == DOOR_NONE) {
		load_error(l, v, "an export names a stream or a service");
		return false;
	}
	if (e->door == DOOR_STREAM && !is_service_only(l, x))
		return false;
	if (e->token_position > 0 && !is_star_at(e->subject, e->token_position)) {
		load_error(l, v, "Error adding %s export \"%.*s\": sublist: "
		    "invalid subject", nouns[e->door], SLICE_ARG(e->subject));
		return false;
	}
	return check_latency(l, x);
}

static bool load_export(struct load *l, const struct conf_value *v,
    struct conf_export *e)
{
	static const struct load_key keys[] = {
		{ "stream", load_export_stream },
		{ "service", load_export_service },
		{ "accounts", load_export_accounts },
		{ "response response_type", load_response },
		{ "threshold response_threshold response_max_time response_time",
		  load_threshold },
		{ "latency", load_latency },
		{ "account_token_position", load_token_position },
		{ "allow_trace", load_export_trace },
	};
	struct export_entry x = { .e = e };

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Export Items should be a map with type entry, "
		    "got %s", load_go_type(v));
		return false;
	}
	e->place = load_place(l, v);
	return load_map(l, v, keys, N_OF(keys), "unknown field", "", &x) &&
	    check_export(l, v, &x);
}

bool load_exports(struct load *l, const struct conf_value *v,
    struct conf_account *a)
{
	struct conf_export *into;
	bool                ok = true;

	if (v->kind != CONF_ARRAY) {
		load_error(l, v, "Exports should be an array, got %s",
		    load_go_type(v));
		return false;
	}
	into = load_alloc(l, v->array.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->array.n; i++)
		ok = load_export(l, v->array.v[i], &into[i]) && ok;
	a->exports = into;
	a->n_exports = v->array.n;
	return ok && into != NULL;
}

/* ---- imports ---------------------------------------------------------- */

struct import_entry {
	struct conf_import      *i;
	const struct conf_value *trace, *prefix, *to;
};

static bool load_import_account(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_import *i = into;

	return load_string(l, v, "account", false, &i->account);
}

static bool load_import_subject(struct load *l, const struct conf_value *v,
    void *into)
{
	struct conf_import *i = into;

	return load_string(l, v, "subject", false, &i->subject);
}

static bool load_import_from(struct load *l, const struct conf_value *v,
    enum conf_door door, struct conf_import *i)
{
	static const struct load_key keys[] = {
		{ "account", load_import_account },
		{ "subject", load_import_subject },
	};
	bool ok;

	if (v->kind != CONF_MAP) {
		load_error(l, v, "%s entry should be an account map, got %s",
		    door == DOOR_STREAM ? "Stream" : "Service", load_go_type(v));
		return false;
	}
	if (i->door != DOOR_NONE && i->door != door) {
		load_error(l, v, "Detected %s but already saw a %s", nouns[door],
		    nouns[i->door]);
		return false;
	}
	i->door = door;
	ok = load_map(l, v, keys, N_OF(keys), "unknown field", "", i);
	if (i->account.n > 0 && i->subject.n > 0)
		return ok;
	load_error(l, v, "Expect an account name and a subject");
	return false;
}

static bool load_import_stream(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_import_from(l, v, DOOR_STREAM,
	    ((struct import_entry *)into)->i);
}

static bool load_import_service(struct load *l, const struct conf_value *v,
    void *into)
{
	return load_import_from(l, v, DOOR_SERVICE,
	    ((struct import_entry *)into)->i);
}

static bool load_prefix(struct load *l, const struct conf_value *v, void *into)
{
	struct import_entry *x = into;

	x->prefix = v;
	return load_string(l, v, "prefix", false, &x->i->prefix);
}

static bool load_to(struct load *l, const struct conf_value *v, void *into)
{
	struct import_entry *x = into;

	x->to = v;
	return load_string(l, v, "to", false, &x->i->to);
}

static bool load_share(struct load *l, const struct conf_value *v, void *into)
{
	return load_bool(l, v, "share", &((struct import_entry *)into)->i->shares);
}

static bool load_import_trace(struct load *l, const struct conf_value *v,
    void *into)
{
	struct import_entry *x = into;

	x->trace = v;
	return load_bool(l, v, "allow_trace", &x->i->allows_trace);
}

/* "p." and "p" are the same prefix. */
static bool check_prefix(struct load *l, const struct import_entry *x)
{
	struct conf_import *i = x->i;

	if (i->prefix.n > 0 && i->prefix.p[i->prefix.n - 1] == '.')
		i->prefix = load_copy(l,
		    slice_of(i->prefix.p, i->prefix.n - 1));
	if (i->prefix.n > 0 && i->to.n > 0) {
		load_error(l, x->prefix, "Stream import can not have a 'prefix' "
		    "and a 'to' property");
		return false;
	}
	if (load_has_wildcard(i->prefix)) {
		load_error(l, x->prefix, "Error adding stream import \"%.*s\": "
		    "stream import prefix can not contain wildcard tokens",
		    SLICE_ARG(i->subject));
		return false;
	}
	return true;
}

static bool check_import(struct load *l, const struct conf_value *v,
    const struct import_entry *x)
{
	const struct conf_import *i = x->i;

	if (i->door == DOOR_NONE) {
		load_error(l, v, "an import names a stream or a service");
		return false;
	}
	if (i->door == DOOR_STREAM)
		return check_prefix(l, x);
	if (x->trace != NULL) {
		load_error(l, x->trace,
		    "Detected allow_trace directive on a non-stream");
		return false;
	}
	if (i->to.n > 0 && !load_is_subject(i->to)) {
		load_error(l, x->to, "Error adding service import \"%.*s\": "
		    "sublist: invalid subject", SLICE_ARG(i->subject));
		return false;
	}
	return true;
}

static bool load_import(struct load *l, const struct conf_value *v,
    struct conf_import *i)
{
	static const struct load_key keys[] = {
		{ "stream", load_import_stream },
		{ "service", load_import_service },
		{ "prefix", load_prefix },
		{ "to", load_to },
		{ "share", load_share },
		{ "allow_trace", load_import_trace },
	};
	struct import_entry x = { .i = i };

	if (v->kind != CONF_MAP) {
		load_error(l, v, "Import Items should be a map with type entry, "
		    "got %s", load_go_type(v));
		return false;
	}
	i->place = load_place(l, v);
	return load_map(l, v, keys, N_OF(keys), "unknown field", "", &x) &&
	    check_import(l, v, &x);
}

bool load_imports(struct load *l, const struct conf_value *v,
    struct conf_account *a)
{
	struct conf_import *into;
	bool                ok = true;

	if (v->kind != CONF_ARRAY) {
		load_error(l, v, "Imports should be an array, got %s",
		    load_go_type(v));
		return false;
	}
	into = load_alloc(l, v->array.n + 1, sizeof *into);
	for (size_t i = 0; into != NULL && i < v->array.n; i++)
		ok = load_import(l, v->array.v[i], &into[i]) && ok;
	a->imports = into;
	a->n_imports = v->array.n;
	return ok && into != NULL;
}
