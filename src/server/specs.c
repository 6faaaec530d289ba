/* server/specs.c - the accounts of the configuration as core wants them told. */
#include "server/specs.h"

#include <stdlib.h>

#include "base/err.h"
#include "conf/options.h"
#include "core/account_spec.h"
#include "server/domain_map.h"
#include "server/settings_auth.h"

/* How many of each there will be, then how many there are. */
struct count {
	size_t exports, imports, mappings, choices;
};

static enum share_kind kind_of(enum conf_door door)
{
	return door == DOOR_STREAM ? SHARE_STREAM : SHARE_SERVICE;
}

static struct export_spec convert_export(const struct conf_export *e)
{
	static const enum answer_kind answers[] = {
		[RESPONSE_SINGLETON] = ANSWER_SINGLETON,
		[RESPONSE_STREAM]    = ANSWER_STREAM,
		[RESPONSE_CHUNKED]   = ANSWER_CHUNKED,
	};

	return (struct export_spec){
		.kind = kind_of(e->door), .subject = e->subject,
		.accounts = e->accounts.v, .n_accounts = e->accounts.n,
		.token_position = e->token_position,
		.answer = answers[e->response], .threshold_ns = e->threshold_ns,
		.latency = e->latency, .sampling = e->sampling,
		.allows_trace = e->allows_trace,
	};
}

static struct import_spec convert_import(const struct conf_import *i)
{
	return (struct import_spec){
		.kind = kind_of(i->door), .account = i->account,
		.subject = i->subject, .to = i->to, .prefix = i->prefix,
		.shares = i->shares, .allows_trace = i->allows_trace,
	};
}

/* Of the last for one source is made use: those of the domain come first. */
static void add_mappings(struct specs *s, struct count *at,
    const struct conf_mappings *mappings, struct account_spec *to)
{
	bool   has_domain = s->domain != NULL && !slice_eq(to->name, s->system);
	size_t n_domain = has_domain ? DOMAIN_MAPPINGS : 0;

	to->mappings = &s->mappings[at->mappings];
	to->n_mappings = n_domain + mappings->n;
	for (size_t i = 0; i < n_domain; i++)
		s->mappings[at->mappings++] = s->domain->specs[i];
	for (size_t i = 0; i < mappings->n; i++) {
		const struct conf_mapping *m = &mappings->v[i];

		s->mappings[at->mappings++] = (struct mapping_spec){ m->source,
			&s->choices[at->choices], m->n_choices };
		for (size_t k = 0; k < m->n_choices; k++)
			s->choices[at->choices++] = (struct mapping_choice){
				m->choices[k].subject,
				(uint32_t)m->choices[k].weight,
				m->choices[k].cluster };
	}
}

static void add_doors(struct specs *s, struct count *at,
    const struct conf_account *a, struct account_spec *to)
{
	to->exports = &s->exports[at->exports];
	to->n_exports = a->n_exports;
	for (size_t i = 0; i < a->n_exports; i++)
		s->exports[at->exports++] = convert_export(&a->exports[i]);
	to->imports = &s->imports[at->imports];
	to->n_imports = a->n_imports;
	for (size_t i = 0; i < a->n_imports; i++)
		s->imports[at->imports++] = convert_import(&a->imports[i]);
}

/* Default permissions are in the users already. */
static void add_account(struct specs *s, struct count *at,
    const struct conf_account *a)
{
	struct account_spec *to = &s->v[s->n++];

	account_spec_init(to, a->name);
	to->conns_max = a->limits.connections;
	to->leafs_max = a->limits.leafnodes;
	to->subs_max = a->limits.subscriptions;
	to->payload_max = a->limits.payload;
	to->rate_msgs = a->limits.rate.msgs;
	to->rate_bytes = a->limits.rate.bytes;
	to->trace_dest = a->trace_dest;
	to->trace_sampling = a->trace_sampling;
	add_mappings(s, at, &a->mappings, to);
	add_doors(s, at, a, to);
}

static void add_unwritten(struct specs *s, struct count *at,
    const struct options *o)
{
	struct slice         system = settings_system_account(o);
	struct account_spec *global = &s->v[s->n++];

	account_spec_init(global, SLICE("$G"));
	add_mappings(s, at, &o->mappings, global);
	for (size_t i = 0; i < o->accounts.n; i++)
		if (slice_eq(o->accounts.v[i].name, system))
			return;
	if (system.n > 0)
		account_spec_init(&s->v[s->n++], system);
}

static void count_mappings(struct count *n, const struct conf_mappings *mappings)
{
	n->mappings += mappings->n;
	for (size_t i = 0; i < mappings->n; i++)
		n->choices += mappings->v[i].n_choices;
}

static struct count count_all(const struct options *o)
{
	struct count n = { .mappings = (o->accounts.n + 2) * DOMAIN_MAPPINGS };

	count_mappings(&n, &o->mappings);
	for (size_t i = 0; i < o->accounts.n; i++) {
		n.exports += o->accounts.v[i].n_exports;
		n.imports += o->accounts.v[i].n_imports;
		count_mappings(&n, &o->accounts.v[i].mappings);
	}
	return n;
}

int specs_init(struct specs *ret, const struct options *o)
{
	struct count n = count_all(o), at = { 0 };
	bool         has_domain = o->js_enabled && o->js_domain.n > 0;
	struct specs s = {
		.system = settings_system_account(o),
		.v = calloc(o->accounts.n + 2, sizeof *s.v),
		.exports = calloc(n.exports + 1, sizeof *s.exports),
		.imports = calloc(n.imports + 1, sizeof *s.imports),
		.mappings = calloc(n.mappings + 1, sizeof *s.mappings),
		.choices = calloc(n.choices + 1, sizeof *s.choices),
	};

	*ret = (struct specs){ 0 };
	if (has_domain)
		s.domain = domain_map_create(o->js_domain);
	if ((has_domain && s.domain == NULL) || s.v == NULL || s.exports == NULL || s.imports == NULL ||
	    s.mappings == NULL || s.choices == NULL) {
		specs_fini(&s);
		return ERR_NOMEM;
	}
	add_unwritten(&s, &at, o);
	for (size_t i = 0; i < o->accounts.n; i++)
		add_account(&s, &at, &o->accounts.v[i]);
	*ret = s;
	return 0;
}

void specs_fini(struct specs *s)
{
	free(s->v);
	free(s->exports);
	free(s->imports);
	free(s->mappings);
	free(s->choices);
	domain_map_destroy(s->domain);
	*s = (struct specs){ 0 };
}
