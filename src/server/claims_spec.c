/* server/claims_spec.c - an account's claims, as core is told of it. */
#include "server/claims_spec.h"

#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/jwt_verify.h"
#include "auth/resolver.h"
#include "base/clock.h"
#include "server/domain_map.h"

static enum share_kind share_of(enum jwt_share kind)
{
	return kind == JWT_SERVICE ? SHARE_SERVICE : SHARE_STREAM;
}

/* ---- exports --------------------------------------------------------------- */

static enum answer_kind answer_of(const struct jwt_export *x)
{
	static const enum answer_kind kinds[] = {
		[JWT_SINGLETON] = ANSWER_SINGLETON,
		[JWT_STREAMED] = ANSWER_STREAM,
		[JWT_CHUNKED] = ANSWER_CHUNKED,
	};

	return x->has_response ? kinds[x->response] : ANSWER_SINGLETON;
}

static size_t count_revocations(const struct jwt_account *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_exports; i++)
		n += a->exports[i].revocations.n;
	return n;
}

static struct export_spec export_of(const struct jwt_export *x,
    struct revocation_spec **at)
{
	struct export_spec s = {
		.kind = share_of(x->kind), .subject = x->subject,
		.needs_token = x->needs_token,
		.token_position = x->account_token_position,
		.revocations = *at, .n_revocations = x->revocations.n,
		.answer = answer_of(x),
		.threshold_ns = x->response_threshold_ns,
		.allows_trace = x->allows_trace,
	};

	for (size_t i = 0; i < x->revocations.n; i++)
		*(*at)++ = (struct revocation_spec){
			x->revocations.items[i].key,
			x->revocations.items[i].at_s };
	if (x->has_latency) {
		s.latency = x->latency_results;
		s.sampling = x->latency_sampling;
	}
	return s;
}

static bool fill_exports(struct claims_spec *s, const struct jwt_account *a)
{
	struct revocation_spec *at;

	s->exports = calloc(a->n_exports + 1, sizeof *s->exports);
	s->revocations = calloc(count_revocations(a) + 1,
	    sizeof *s->revocations);
	at = s->revocations;
	if (s->exports == NULL || at == NULL)
		return false;
	for (size_t i = 0; i < a->n_exports; i++)
		s->exports[i] = export_of(&a->exports[i], &at);
	s->spec.exports = s->exports;
	s->spec.n_exports = a->n_exports;
	return true;
}

/* ---- imports --------------------------------------------------------------- */

/* When was it issued?  It has been checked. */
static int64_t issued(struct slice token)
{
	struct jwt *t;
	const char *why;
	int64_t     at = 0;

	if (jwt_decode(token, &t, &why) != 0)
		return 0;
	at = t->issued_s;
	jwt_unref(t);
	return at;
}

/* Does the token open any door of the exporter? */
static void activate(struct import_spec *s, const struct jwt *importer,
    const struct jwt_import *im, const struct jwt *exporter, int64_t now_ns)
{
	const struct jwt_account *a = &exporter->account;
	const char               *why;
	int64_t                   expires_ns;

	for (size_t i = 0; i < a->n_exports && !s->is_activated; i++)
		s->is_activated = a->exports[i].kind == im->kind &&
		    a->exports[i].needs_token && jwt_check_activation(importer,
		    im, exporter, &a->exports[i], now_ns, &expires_ns, &why);
	if (!s->is_activated)
		return;
	s->activation_issued_s = issued(im->token);
	s->activation_expires_s = expires_ns == INT64_MAX ? 0
	    : expires_ns / NS_PER_S;
}

/* A stream comes in under another name or behind a prefix; of a service the
 * old form says where it is asked for here and, in "to", what it is there. */
static void name_import(struct import_spec *s, const struct jwt_import *im)
{
	s->subject = im->subject;
	s->to = im->local_subject;
	if (im->local_subject.n > 0 || im->to.n == 0)
		return;
	if (im->kind == JWT_STREAM) {
		s->prefix = im->to;
		return;
	}
	s->subject = im->to;
	s->to = im->subject;
}

static struct import_spec import_of(const struct jwt *importer,
    const struct jwt_import *im, struct resolver *r, int64_t now_ns)
{
	struct import_spec s = {
		.kind = share_of(im->kind), .account = nkey_text(&im->account),
		.shares = im->shares, .allows_trace = im->allows_trace,
	};
	struct jwt        *exporter;

	name_import(&s, im);
	if (im->token.n == 0)
		return s;
	exporter = resolver_loaded(r, s.account);
	if (exporter != NULL)
		activate(&s, importer, im, exporter, now_ns);
	jwt_unref(exporter);
	return s;
}

static bool fill_imports(struct claims_spec *s, const struct jwt *account,
    struct resolver *r, int64_t now_ns)
{
	const struct jwt_account *a = &account->account;

	s->imports = calloc(a->n_imports + 1, sizeof *s->imports);
	if (s->imports == NULL)
		return false;
	for (size_t i = 0; i < a->n_imports; i++)
		s->imports[i] = import_of(account, &a->imports[i], r, now_ns);
	s->spec.imports = s->imports;
	s->spec.n_imports = a->n_imports;
	return true;
}

/* ---- mappings -------------------------------------------------------------- */

static size_t count_choices(const struct jwt_account *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_mappings; i++)
		n += a->mappings[i].n_to;
	return n;
}

static void fill_mapping(struct mapping_spec *s, const struct jwt_mapping *m,
    struct mapping_choice **at)
{
	*s = (struct mapping_spec){ m->source, *at, m->n_to };
	for (size_t i = 0; i < m->n_to; i++)
		*(*at)++ = (struct mapping_choice){ m->to[i].subject,
			m->to[i].has_weight ? (uint32_t)m->to[i].weight
			: MAPPING_WEIGHT_MAX, m->to[i].cluster };
}

/* Those of the domain first: the account's own win. */
static bool fill_mappings(struct claims_spec *s, const struct jwt_account *a,
    struct slice domain)
{
	struct mapping_choice *at;
	size_t                 n = domain.n > 0 ? DOMAIN_MAPPINGS : 0;

	if (domain.n > 0) {
		s->domain = domain_map_create(domain);
		if (s->domain == NULL)
			return false;
	}
	s->mappings = calloc(n + a->n_mappings + 1, sizeof *s->mappings);
	s->choices = calloc(count_choices(a) + 1, sizeof *s->choices);
	at = s->choices;
	if (s->mappings == NULL || at == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		s->mappings[i] = s->domain->specs[i];
	for (size_t i = 0; i < a->n_mappings; i++)
		fill_mapping(&s->mappings[n + i], &a->mappings[i], &at);
	s->spec.mappings = s->mappings;
	s->spec.n_mappings = n + a->n_mappings;
	return true;
}

/* ---- all of it ------------------------------------------------------------- */

static int64_t limit_of(int64_t v)
{
	return v < 0 ? -1 : v;
}

static void fill_limits(struct account_spec *s, const struct jwt_account *a)
{
	s->conns_max = limit_of(a->limits.conns);
	s->leafs_max = limit_of(a->limits.leafs);
	s->subs_max = limit_of(a->limits.subs);
	s->payload_max = limit_of(a->limits.payload);
	if (a->has_trace) {
		s->trace_dest = a->trace_dest;
		s->trace_sampling = a->trace_sampling;
	}
}

bool claims_spec_init(struct claims_spec *s, const struct jwt *account,
    struct resolver *r, struct slice domain, int64_t now_ns)
{
	const struct jwt_account *a = &account->account;

	*s = (struct claims_spec){ 0 };
	account_spec_init(&s->spec, nkey_text(&account->subject));
	s->spec.shown_name = account->name;
	fill_limits(&s->spec, a);
	if (fill_exports(s, a) && fill_imports(s, account, r, now_ns) &&
	    fill_mappings(s, a, domain))
		return true;
	claims_spec_fini(s);
	return false;
}

void claims_spec_fini(struct claims_spec *s)
{
	free(s->exports);
	free(s->imports);
	free(s->mappings);
	free(s->choices);
	free(s->revocations);
	domain_map_destroy(s->domain);
	*s = (struct claims_spec){ 0 };
}
