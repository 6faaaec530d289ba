/* auth/jwt_validate.c - what is wrong with claims that were read.
 *
 * The words are those of nats-server's library, which operators know from their
 * tools.  Nothing is built for a caller who only wants to know whether. */
#include "auth/jwt_int.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/zone.h"
#include "proto/subject.h"

enum { INFO_BYTES_MAX = 8 << 10, N_QUOTED_MAX = 2 };

struct check {
	jwt_issue_visit visit;		/* may be NULL */
	void           *ctx;
	bool            is_blocked;
	struct buf      text;
};

/* ---- saying it --------------------------------------------------------------- */

static void tell(struct check *c, bool is_blocking, bool is_time_check)
{
	struct jwt_issue issue = { buf_slice(&c->text), is_blocking,
		is_time_check };

	if (buf_failed(&c->text))
		issue.description = SLICE("out of memory");
	c->visit(c->ctx, &issue);
	buf_reset(&c->text);
}

/* Each %q of the text is the next of these slices, quoted. */
static void put_text(struct buf *b, const char *text, const struct slice *q)
{
	const char *at;

	while ((at = strstr(text, "%q")) != NULL) {
		buf_put(b, text, (size_t)(at - text));
		text_put_quoted(b, *q++);
		text = at + 2;
	}
	buf_put_str(b, text);
}

static void blocked2(struct check *c, const char *text, struct slice a,
    struct slice b)
{
	struct slice q[N_QUOTED_MAX] = { a, b };

	c->is_blocked = true;
	if (c->visit == NULL)
		return;
	put_text(&c->text, text, q);
	tell(c, true, false);
}

static void blocked1(struct check *c, const char *text, struct slice a)
{
	blocked2(c, text, a, SLICE_NONE);
}

static void blocked(struct check *c, const char *text)
{
	blocked1(c, text, SLICE_NONE);
}

static void warned(struct check *c, const char *text)
{
	if (c->visit == NULL)
		return;
	buf_put_str(&c->text, text);
	tell(c, false, false);
}

static void timed(struct check *c, const char *text)
{
	c->is_blocked = true;
	if (c->visit == NULL)
		return;
	buf_put_str(&c->text, text);
	tell(c, false, true);
}

/* ---- subjects ------------------------------------------------------------------- */

static bool has(struct slice s, char c)
{
	return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

static bool has_two_dots(struct slice s)
{
	return s.n > 1 && memmem(s.p, s.n, "..", 2) != NULL;
}

static void check_subject(struct check *c, struct slice s)
{
	if (s.n == 0) {
		blocked(c, "subject cannot be empty");
		return;
	}
	if (has(s, ' '))
		blocked1(c, "subject %q cannot have spaces", s);
	if (s.p[0] == '.' || s.p[s.n - 1] == '.')
		blocked1(c, "subject %q cannot start or end with a `.`", s);
	if (has_two_dots(s))
		blocked1(c, "subject %q cannot contain consecutive `.`", s);
	/* what those rules pass and no server could subscribe to */
	if (!has(s, ' ') && !subject_has_empty_token(s) &&
	    !subject_is_valid(s))
		blocked1(c, "subject %q is not valid", s);
}

/* "subject" or "subject queue" */
static void check_permission(struct check *c, struct slice s, bool may_queue)
{
	const char  *blank = s.n == 0 ? NULL : memchr(s.p, ' ', s.n);
	struct slice subject = s, queue;

	if (blank == NULL) {
		check_subject(c, s);
		return;
	}
	subject.n = (size_t)(blank - s.p);
	queue = slice_skip(s, subject.n + 1);
	if (has(queue, ' ')) {
		blocked1(c, "Permission Subject %q contains too many spaces", s);
		return;
	}
	check_subject(c, subject);
	check_subject(c, queue);
	if (!may_queue)
		blocked1(c, "Permission Subject %q is not allowed to contain"
		    " queue", s);
}

static void check_permission_list(struct check *c, const struct jwt_texts *l,
    bool may_queue)
{
	for (size_t i = 0; i < l->n; i++)
		check_permission(c, l->items[i], may_queue);
}

static void check_permissions(struct check *c, const struct jwt_permissions *p)
{
	check_permission_list(c, &p->subscribe_allow, true);
	check_permission_list(c, &p->subscribe_deny, true);
	check_permission_list(c, &p->publish_allow, false);
	check_permission_list(c, &p->publish_deny, false);
}

/* ---- URLs ------------------------------------------------------------------------ */

static bool is_scheme_byte(char c, bool is_first)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return true;
	return !is_first && ((c >= '0' && c <= '9') || c == '+' || c == '-' ||
	    c == '.');
}

/* The scheme and what is behind "://"; false: it has no scheme. */
static bool split_url(struct slice url, struct slice *scheme,
    struct slice *rest)
{
	size_t n = 0;

	while (n < url.n && is_scheme_byte(url.p[n], n == 0))
		n++;
	if (n == 0 || n == url.n || url.p[n] != ':')
		return false;
	*scheme = slice_of(url.p, n);
	*rest = slice_skip(url, n + 1);
	if (slice_has_prefix(*rest, SLICE("//")))
		*rest = slice_skip(*rest, 2);
	return true;
}

static void check_info(struct check *c, struct slice description,
    struct slice url)
{
	struct slice scheme, rest = SLICE_NONE;

	if (description.n > INFO_BYTES_MAX)
		blocked(c, "Description is too long");
	if (url.n == 0)
		return;
	if (url.n > INFO_BYTES_MAX)
		blocked(c, "Info URL is too long");
	if (!split_url(url, &scheme, &rest) || rest.n == 0 ||
	    rest.p[0] == '/' || rest.p[0] == ':')
		blocked(c, "error parsing info url: no hostname or scheme");
}

static void check_service_url(struct check *c, struct slice url)
{
	static const struct slice schemes[] = {
		{ "nats", 4 }, { "tls", 3 }, { "ws", 2 }, { "wss", 3 },
	};
	struct slice scheme = SLICE_NONE, rest = SLICE_NONE;

	if (url.n == 0)
		return;
	split_url(url, &scheme, &rest);
	if (has(rest, '@'))
		blocked1(c, "operator service url %q - credentials are not"
		    " supported", url);
	if (has(rest, '/'))
		blocked1(c, "operator service url %q - paths are not supported",
		    url);
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (slice_eq_nocase(scheme, schemes[i]))
			return;
	blocked1(c, "operator service url %q - protocol not supported (only"
	    " 'nats', 'tls', 'ws', 'wss' only)", url);
}

/* ---- operators --------------------------------------------------------------------- */

/* "1.2.3", or nothing. */
static bool is_version(struct slice s)
{
	size_t   n = 0;
	uint64_t v;

	while (s.n > 0) {
		const char  *dot = memchr(s.p, '.', s.n);
		struct slice part = s;

		if (dot != NULL)
			part.n = (size_t)(dot - s.p);
		if (!text_parse_u64(part, &v) || v > INT32_MAX)
			return false;
		n++;
		s = slice_skip(s, part.n + (dot != NULL));
		if (dot != NULL && s.n == 0)
			return false;
	}
	return n == 0 || n == 3;
}

static void check_operator(struct check *c, const struct jwt *t)
{
	const struct jwt_operator *o = &t->operator;
	struct slice               scheme, rest;

	if (o->account_server_url.n > 0 &&
	    !split_url(o->account_server_url, &scheme, &rest))
		blocked1(c, "account server url %q requires a protocol",
		    o->account_server_url);
	for (size_t i = 0; i < o->service_urls.n; i++)
		check_service_url(c, o->service_urls.items[i]);
	if (!is_version(o->assert_server_version))
		blocked(c, "assert server version error: asserted server"
		    " version must be of the form <major>.<minor>.<update>");
}

/* ---- imports ------------------------------------------------------------------------ */

static bool ends_open(struct slice s)
{
	return slice_eq(s, SLICE(">")) ||
	    (s.n >= 2 && memcmp(s.p + s.n - 2, ".>", 2) == 0);
}

static size_t count_stars(struct slice s)
{
	struct slice rest = s, token;
	size_t       n = 0;

	while (subject_take_token(&rest, &token))
		n += slice_eq(token, SLICE("*"));
	return n;
}

/* "$2" */
static bool is_reference(struct slice token, int64_t *nr)
{
	return token.n >= 2 && token.p[0] == '$' &&
	    text_parse_i64(slice_skip(token, 1), nr);
}

static void check_references(struct check *c, struct slice local,
    struct slice from)
{
	size_t       n_stars = count_stars(from), n = 0;
	struct slice rest = local, token;
	int64_t      nr;

	while (subject_take_token(&rest, &token)) {
		n += slice_eq(token, SLICE("*"));
		if (!is_reference(token, &nr))
			continue;
		if (nr < 1 || (uint64_t)nr > n_stars)
			blocked2(c, "Reference %q in %q reference * that do not"
			    " exist", token, local);
		else
			n++;
	}
	if (n != n_stars)
		blocked(c, "subject does not contain enough * or reference"
		    " wildcards $[0-9]");
}

static void check_local_subject(struct check *c, struct slice local,
    struct slice from)
{
	check_subject(c, local);
	if (from.n == 0)
		blocked(c, "subject cannot be empty");
	if (ends_open(local) != ends_open(from))
		blocked(c, "both, renaming subject and subject, need to end or"
		    " not end in >");
	check_references(c, local, from);
}

static void check_token(struct check *c, const struct jwt_import *im,
    const struct nkey *importer)
{
	struct slice subject = im->kind == JWT_SERVICE && im->to.n > 0 ?
	    im->to : im->subject;
	struct jwt  *t = NULL;
	const char  *why;

	if (jwt_decode(im->token, &t, &why) != 0 ||
	    t->kind != JWT_ACTIVATION) {
		blocked1(c, "import %q contains an invalid activation token",
		    im->subject);
		jwt_unref(t);
		return;
	}
	if (!jwt_activation_is_of(t, &im->account))
		blocked1(c, "activation token doesn't match account for import"
		    " %q", im->subject);
	if (!nkey_eq(&t->subject, importer))
		blocked1(c, "activation token doesn't match account it is being"
		    " included in, %q", im->subject);
	if (t->activation.kind != im->kind)
		blocked(c, "mismatch between token import type and type of"
		    " import");
	check_subject(c, t->activation.subject);
	if (subject.n > 0 && t->activation.subject.n > 0 &&
	    !subject_is_subset(subject, t->activation.subject))
		blocked2(c, "activation token import subject %q doesn't match"
		    " import %q", t->activation.subject, im->subject);
	jwt_unref(t);
}

static void check_import(struct check *c, const struct jwt_import *im,
    const struct nkey *importer)
{
	if (im->kind == 0)
		blocked(c, "invalid import type: \"unknown\"");
	if (im->kind == JWT_SERVICE && im->allows_trace)
		blocked(c, "AllowTrace only valid for stream import");
	if (!im->account.is_set)
		blocked(c, "account to import from is not specified");
	if (im->to.n > 0)
		warned(c, "the field to has been deprecated (use LocalSubject"
		    " instead)");
	check_subject(c, im->subject);
	if (im->local_subject.n > 0) {
		check_local_subject(c, im->local_subject, im->subject);
		if (im->to.n > 0)
			blocked(c, "Local Subject replaces To");
	}
	if (im->shares && im->kind != JWT_SERVICE)
		blocked1(c, "sharing information (for latency tracking) is only"
		    " valid for services: %q", im->subject);
	if (im->token.n > 0)
		check_token(c, im, importer);
}

/* What a service import is called here: references count as "*". */
static void put_local_name(const struct jwt_import *im, struct buf *out)
{
	struct slice rest = im->to.n > 0 ? im->to : im->local_subject.n > 0 ?
	    im->local_subject : im->subject;
	struct slice token;
	int64_t      nr;

	while (subject_take_token(&rest, &token)) {
		buf_put_slice(out, is_reference(token, &nr) ? SLICE("*") : token);
		if (rest.p != NULL)
			buf_put_char(out, '.');
	}
}

static bool overlap(struct slice a, struct slice b)
{
	return subject_is_valid(a) && subject_is_valid(b) &&
	    (subject_is_subset(a, b) || subject_is_subset(b, a));
}

/* Only compared while there are few: quadratic.  A server that loads the
 * account finds the rest, import by import. */
enum { COMPARED_MAX = 1024 };

static void check_overlaps(struct check *c, const struct jwt_account *a)
{
	size_t     n = a->n_imports < COMPARED_MAX ? a->n_imports : COMPARED_MAX;
	struct buf names[2] = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (a->imports[i].kind != JWT_SERVICE)
			continue;
		buf_reset(&names[0]);
		put_local_name(&a->imports[i], &names[0]);
		for (size_t j = 0; j < i; j++) {
			if (a->imports[j].kind != JWT_SERVICE)
				continue;
			buf_reset(&names[1]);
			put_local_name(&a->imports[j], &names[1]);
			if (overlap(buf_slice(&names[0]), buf_slice(&names[1])))
				blocked2(c, "overlapping subject namespace for"
				    " %q and %q", buf_slice(&names[0]),
				    buf_slice(&names[1]));
		}
	}
	if (buf_failed(&names[0]) || buf_failed(&names[1]))
		blocked(c, "out of memory");
	buf_fini(&names[0]);
	buf_fini(&names[1]);
}

/* ---- exports --------------------------------------------------------------------------- */

static void check_latency(struct check *c, const struct jwt_export *ex)
{
	if (!ex->has_latency)
		return;
	if (ex->kind != JWT_SERVICE)
		blocked(c, "latency tracking only permitted for services");
	if (ex->latency_sampling < 0 || ex->latency_sampling > 100)
		blocked(c, "sampling percentage needs to be between 1-100");
	check_subject(c, ex->latency_results);
	if (subject_has_wildcard(ex->latency_results))
		blocked(c, "results subject can not contain wildcards");
}

static void check_position(struct check *c, const struct jwt_export *ex)
{
	struct slice rest = ex->subject, token = SLICE_NONE;
	int64_t      at = 0;

	if (ex->account_token_position == 0)
		return;
	if (!subject_has_wildcard(ex->subject)) {
		blocked1(c, "Account Token Position can only be used with"
		    " wildcard subjects: %q", ex->subject);
		return;
	}
	while (at < ex->account_token_position &&
	    subject_take_token(&rest, &token))
		at++;
	if (at < ex->account_token_position)
		blocked1(c, "Account Token Position exceeds length of subject"
		    " %q", ex->subject);
	else if (!slice_eq(token, SLICE("*")))
		blocked2(c, "Account Token Position matches %q but must match a"
		    " * in: %q", token, ex->subject);
}

static void check_export(struct check *c, const struct jwt_export *ex)
{
	if (ex->kind == 0)
		blocked(c, "invalid export type: \"unknown\"");
	if (ex->kind == JWT_STREAM && ex->has_response)
		blocked(c, "invalid response type for stream");
	if (ex->kind == JWT_STREAM && ex->allows_trace)
		blocked(c, "AllowTrace only valid for service export");
	check_latency(c, ex);
	if (ex->response_threshold_ns < 0)
		blocked(c, "negative response threshold is invalid");
	if (ex->response_threshold_ns > 0 && ex->kind != JWT_SERVICE)
		blocked(c, "response threshold only valid for services");
	check_subject(c, ex->subject);
	check_position(c, ex);
	check_info(c, ex->description, ex->info_url);
}

/* An export that another one of its kind contains. */
static void check_containment(struct check *c, const struct jwt_account *a)
{
	size_t n = a->n_exports < COMPARED_MAX ? a->n_exports : COMPARED_MAX;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			const struct jwt_export *x = &a->exports[i];
			const struct jwt_export *y = &a->exports[j];

			if (i == j || x->kind != y->kind ||
			    !subject_is_valid(x->subject) ||
			    !subject_is_valid(y->subject) ||
			    !subject_is_subset(x->subject, y->subject))
				continue;
			blocked2(c, x->kind == JWT_SERVICE ?
			    "service export subject %q already exports %q" :
			    "stream export subject %q already exports %q",
			    y->subject, x->subject);
		}
}

/* ---- accounts ---------------------------------------------------------------------------- */

static void check_mapping(struct check *c, const struct jwt_mapping *m)
{
	int64_t total = 0;

	check_subject(c, m->source);
	if (m->n_to > COMPARED_MAX) {
		blocked1(c, "Mapping %q has too many destinations", m->source);
		return;
	}
	for (size_t i = 0; i < m->n_to; i++) {
		const struct jwt_destination *to = &m->to[i];
		int64_t                       in_cluster = 0;

		check_subject(c, to->subject);
		if (to->cluster.n == 0)
			total += to->weight;
		for (size_t j = 0; j <= i && to->cluster.n > 0; j++)
			if (slice_eq(m->to[j].cluster, to->cluster) &&
			    m->to[j].has_weight)
				in_cluster += m->to[j].weight;
		if (in_cluster > 100)
			blocked2(c, "Mapping %q in cluster %q exceeds 100% among"
			    " all of it's weighted to mappings", m->source,
			    to->cluster);
	}
	if (total > 100)
		blocked1(c, "Mapping %q exceeds 100% among all of it's weighted"
		    " to mappings", m->source);
}

static void check_trace(struct check *c, const struct jwt_account *a)
{
	if (!a->has_trace)
		return;
	if (!subject_is_valid(a->trace_dest))
		blocked1(c, "the account Trace.Destination %q is not a valid"
		    " subject", a->trace_dest);
	else if (subject_has_wildcard(a->trace_dest))
		blocked1(c, "the account Trace.Destination subject %q is not a"
		    " valid publish subject", a->trace_dest);
	if (a->trace_sampling < 1 || a->trace_sampling > 100)
		blocked(c, "the account Trace.Sampling value is not valid,"
		    " should be in the range [1..100]");
}

static void check_counts(struct check *c, const struct jwt_account *a)
{
	const struct jwt_account_limits *l = &a->limits;

	if (l->imports != JWT_NO_LIMIT && (int64_t)a->n_imports > l->imports)
		blocked(c, "the account contains more imports than allowed by"
		    " the operator");
	if (l->exports == JWT_NO_LIMIT)
		return;
	if ((int64_t)a->n_exports > l->exports)
		blocked(c, "the account contains more exports than allowed by"
		    " the operator");
	for (size_t i = 0; i < a->n_exports && !l->allows_wildcards; i++)
		if (subject_has_wildcard(a->exports[i].subject))
			blocked(c, "the account contains wildcard exports that"
			    " are not allowed by the operator");
}

static bool is_without_limits(const struct jwt_account_limits *l)
{
	return l->subs == 0 && l->data == 0 && l->payload == 0 &&
	    l->imports == 0 && l->exports == 0 && l->conns == 0 &&
	    l->leafs == 0 && !l->allows_wildcards && !l->disallows_bearer &&
	    l->n_tiers == 0;
}

static void check_tiers(struct check *c, const struct jwt_account_limits *l)
{
	for (size_t i = 0; i < l->n_tiers; i++)
		if (l->tiers[i].name.n == 0)
			blocked(c, "Tiered JetStream Limits can not contain a"
			    " blank \"\" tier name");
}

static void check_account(struct check *c, const struct jwt *t)
{
	const struct jwt_account *a = &t->account;

	check_overlaps(c, a);
	for (size_t i = 0; i < a->n_imports; i++)
		check_import(c, &a->imports[i], &t->subject);
	for (size_t i = 0; i < a->n_exports; i++)
		check_export(c, &a->exports[i]);
	check_containment(c, a);
	check_tiers(c, &a->limits);
	check_permissions(c, &a->default_permissions);
	for (size_t i = 0; i < a->n_mappings; i++)
		check_mapping(c, &a->mappings[i]);
	if ((a->allowed_accounts.n > 0 || a->allows_any_account) &&
	    a->auth_users.n == 0)
		blocked(c, "External authorization cannot have accounts without"
		    " users specified");
	check_trace(c, a);
	check_counts(c, a);
	check_info(c, a->description, a->info_url);
	if (a->cluster_traffic.n > 0 &&
	    !slice_eq(a->cluster_traffic, SLICE("system")) &&
	    !slice_eq(a->cluster_traffic, SLICE("owner")))
		blocked1(c, "unknown cluster traffic option: %q",
		    a->cluster_traffic);
	if (t->issuer.kind == NKEY_ACCOUNT && !is_without_limits(&a->limits))
		warned(c, "self-signed account JWTs shouldn't contain operator"
		    " limits");
}

/* ---- users and the rest -------------------------------------------------------------------- */

static void check_hours(struct check *c, const struct jwt_hours *h)
{
	int64_t s;

	if (h->start.n == 0)
		blocked(c, "time ranges start must contain a start");
	else if (!jwt_parse_hour(h->start, &s))
		blocked1(c, "start in time range is invalid %q", h->start);
	if (h->end.n == 0)
		blocked(c, "time ranges end must contain an end");
	else if (!jwt_parse_hour(h->end, &s))
		blocked1(c, "end in time range is invalid %q", h->end);
}

static void check_location(struct check *c, struct slice name)
{
	struct zone *z = NULL;

	if (name.n == 0)
		return;
	if (zone_open(name, &z) != 0)
		blocked1(c, "could not parse iana time zone by name: unknown"
		    " time zone %q", name);
	zone_close(z);
}

static void check_user(struct check *c, const struct jwt *t)
{
	const struct jwt_user_limits *l = &t->user.limits;

	check_permissions(c, &l->permissions);
	for (size_t i = 0; i < l->src.n; i++)
		if (jwt_cidr_match(l->src.items[i], NULL, 0) < 0)
			blocked1(c, "invalid cidr %q in user src limits",
			    l->src.items[i]);
	for (size_t i = 0; i < l->n_hours; i++)
		check_hours(c, &l->hours[i]);
	check_location(c, l->location);
}

static void check_activation(struct check *c, const struct jwt *t)
{
	if (t->activation.kind == 0)
		blocked(c, "invalid import type: \"unknown\"");
	check_subject(c, t->activation.subject);
}

static void check_request(struct check *c, const struct jwt *t)
{
	if (!t->request.user_nkey.is_set)
		blocked(c, "User nkey is required");
}

static void check_response(struct check *c, const struct jwt *t)
{
	struct nkey server = { 0 };

	if (!nkey_parse(t->audience, &server) || server.kind != NKEY_SERVER)
		blocked(c, "Audience must be a server public key");
	if (t->response.error.n == 0 && t->response.jwt.n == 0)
		blocked(c, "Error or Jwt is required");
	if (t->response.error.n > 0 && t->response.jwt.n > 0)
		blocked(c, "Only Error or Jwt can be set");
}

static void check_nothing(struct check *c, const struct jwt *t)
{
	(void)c;
	(void)t;
}

bool jwt_validate(const struct jwt *t, int64_t now_ns, jwt_issue_visit visit,
    void *ctx)
{
	static void (*const checks[N_JWT_KINDS])(struct check *,
	    const struct jwt *) = {
		[JWT_OPERATOR]      = check_operator,
		[JWT_ACCOUNT]       = check_account,
		[JWT_USER]          = check_user,
		[JWT_ACTIVATION]    = check_activation,
		[JWT_AUTH_REQUEST]  = check_request,
		[JWT_AUTH_RESPONSE] = check_response,
		[JWT_GENERIC]       = check_nothing,
	};
	struct check c = { .visit = visit, .ctx = ctx };

	if (jwt_is_expired(t, now_ns))
		timed(&c, "claim is expired");
	if (jwt_is_early(t, now_ns))
		timed(&c, "claim is not yet valid");
	checks[t->kind](&c, t);
	buf_fini(&c.text);
	return !c.is_blocked;
}
