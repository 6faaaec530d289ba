/* mon/detail.c - policies as monitoring shows them. */
#include "mon/detail.h"

#include <stdlib.h>

#include <sodium.h>

#include "auth/jwt.h"
#include "auth/resolver.h"
#include "base/clock.h"
#include "core/account.h"
#include "core/account_spec.h"
#include "core/imports.h"
#include "core/mappings.h"
#include "core/policy.h"
#include "core/rate.h"

/* ---- mappings --------------------------------------------------------------- */

static void count(void *ctx, const struct mapping_choice *c)
{
	size_t *n = ctx;

	(void)c;
	++*n;
}

static void add(void *ctx, const struct mapping_choice *c)
{
	struct detail *d = ctx;

	d->destinations[d->n_destinations++] = (struct account_destination){
		c->subject, c->weight, c->cluster };
}

static void add_mapping(struct detail *d, const struct mappings *m, size_t i)
{
	struct account_mapping *to = &d->mappings[i];

	to->to = d->destinations + d->n_destinations;
	to->source = mappings_visit(m, i, add, d);
	to->n_to = (size_t)(d->destinations + d->n_destinations - to->to);
}

static int by_source(const void *a, const void *b)
{
	return slice_cmp(((const struct account_mapping *)a)->source,
	    ((const struct account_mapping *)b)->source);
}

static void open_mappings(struct detail *d, const struct mappings *m)
{
	size_t n = mappings_count(m), n_to = 0;

	for (size_t i = 0; i < n; i++)
		mappings_visit(m, i, count, &n_to);
	d->mappings = calloc(n + 1, sizeof *d->mappings);
	d->destinations = calloc(n_to + 1, sizeof *d->destinations);
	if (d->mappings == NULL || d->destinations == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		add_mapping(d, m, i);
	qsort(d->mappings, n, sizeof *d->mappings, by_source);
	d->told.mappings = d->mappings;
	d->told.n_mappings = n;
}

/* ---- exports --------------------------------------------------------------- */

static const struct slice kinds[] = {
	[SHARE_STREAM] = { "stream", 6 }, [SHARE_SERVICE] = { "service", 7 },
};
static const struct slice answers[] = {
	[ANSWER_SINGLETON] = { "Singleton", 9 },
	[ANSWER_STREAM] = { "Streamed", 8 },
	[ANSWER_CHUNKED] = { "Chunked", 7 },
};

/* What the system account offers without being told to. */
static const struct account_export of_system[] = {
	{ .subject = { "$SYS.REQ.ACCOUNT.*.CONNZ", 24 },
	  .type = { "service", 7 }, .response_type = { "Streamed", 8 } },
	{ .subject = { "$SYS.REQ.ACCOUNT.*.STATZ", 24 },
	  .type = { "service", 7 }, .response_type = { "Streamed", 8 } },
	{ .subject = { "$SYS.DEBUG.SUBSCRIBERS", 22 },
	  .type = { "service", 7 }, .response_type = { "Singleton", 9 } },
	{ .subject = { "$SYS.REQ.USER.*.INFO", 20 },
	  .type = { "service", 7 }, .response_type = { "Singleton", 9 } },
};
enum { N_OF_SYSTEM = sizeof of_system / sizeof of_system[0] };

static int64_t sampling_of(int64_t percent)
{
	return percent == 0 ? SAMPLING_HEADERS : percent;
}

static struct account_export export_of(const struct export_spec *x)
{
	struct account_export e = {
		.subject = x->subject,
		.type = kinds[x->kind],
		.token_req = x->needs_token,
		.latency_results = x->latency,
		.latency_sampling = sampling_of(x->sampling),
		.approved_accounts = { x->accounts, x->n_accounts },
	};

	if (x->kind == SHARE_SERVICE)
		e.response_type = answers[x->answer];
	return e;
}

static void open_exports(struct detail *d, const struct account *a)
{
	const struct account_spec *s = account_policy(a)->spec;
	size_t n = s == NULL ? 0 : s->n_exports, n_told = 0;

	d->exports = calloc(n + N_OF_SYSTEM, sizeof *d->exports);
	if (d->exports == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		d->exports[n_told++] = export_of(&s->exports[i]);
	for (size_t i = 0; a->is_system && i < N_OF_SYSTEM; i++)
		d->exports[n_told++] = of_system[i];
	d->told.exports = d->exports;
	d->told.n_exports = n_told;
}

/* ---- imports --------------------------------------------------------------- */

static struct account_import import_of_stream(const struct stream_import *s)
{
	return (struct account_import){
		.subject = s->remote,
		.account = s->exporter->name,
		.local_subject = s->local,
		.type = kinds[SHARE_STREAM],
	};
}

static struct account_import import_of_service(const struct service_import *s)
{
	return (struct account_import){
		.subject = s->remote,
		.account = s->exporter->name,
		.to = s->local,
		.local_subject = s->local,
		.type = kinds[SHARE_SERVICE],
		.share = s->shares,
		.latency_results = s->latency,
		.latency_sampling = sampling_of(s->sampling),
	};
}

/* Its users ask as everybody's do, but nothing needs to be imported for it. */
static struct account_import import_of_system(struct detail *d,
    const struct account *a)
{
	static const struct slice local = { "$SYS.REQ.USER.INFO", 18 };

	buf_printf(&d->own_info, "$SYS.REQ.USER.%.*s.INFO",
	    SLICE_ARG(a->name));
	return (struct account_import){
		.subject = buf_slice(&d->own_info),
		.account = a->name,
		.to = local,
		.local_subject = local,
		.type = kinds[SHARE_SERVICE],
		.share = true,
	};
}

static void open_imports(struct detail *d, const struct account *a)
{
	static const struct imports none;
	const struct imports       *im = account_policy(a)->imports;
	size_t                      n = 0;

	if (im == NULL)
		im = &none;
	d->imports = calloc(im->n_streams + im->n_services + 1,
	    sizeof *d->imports);
	if (d->imports == NULL)
		return;
	for (size_t i = 0; i < im->n_streams; i++)
		d->imports[n++] = import_of_stream(im->streams[i]);
	for (size_t i = 0; i < im->n_services; i++)
		d->imports[n++] = import_of_service(im->services[i]);
	if (a->is_system)
		d->imports[n++] = import_of_system(d, a);
	d->told.imports = d->imports;
	d->told.n_imports = n;
}

/* ---- tokens ------------------------------------------------------------------ */

/* They stand between the dots. */
void token_put_claims(struct slice token, struct buf *out)
{
	const char *from = memchr(token.p, '.', token.n);
	const char *end = from == NULL ? NULL : memchr(from + 1, '.',
	    token.n - (size_t)(from + 1 - token.p));
	size_t      n = end == NULL ? 0 : (size_t)(end - from - 1), n_out = 0;
	char       *to = n == 0 ? NULL : buf_reserve(out, n);

	if (to != NULL && sodium_base642bin((unsigned char *)to, n, from + 1, n,
	    NULL, &n_out, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
		buf_added(out, n_out);
	else
		buf_put_str(out, "null");
}

static void open_token(struct detail *d, const struct account *a,
    struct resolver *r)
{
	const struct jwt *t = r == NULL ? NULL : resolver_loaded(r, a->name);

	if (t == NULL)
		return;
	d->jwt = t;
	token_put_claims(t->token, &d->claims);
	d->told.jwt = t->token;
	d->told.issuer_key = nkey_text(&t->issuer);
	d->told.tags = (struct slices){ t->tags.items, t->tags.n };
	d->told.decoded_jwt = buf_slice(&d->claims);
	d->told.is_expired = t->expires_s != 0 &&
	    t->expires_s <= clock_wall_ns() / NS_PER_S;
}

/* ---- all of it -------------------------------------------------------------- */

void detail_open(struct detail *d, const struct account *a,
    struct resolver *r)
{
	const struct account_policy *p = account_policy(a);

	*d = (struct detail){ 0 };
	open_mappings(d, p->mappings);
	open_exports(d, a);
	open_imports(d, a);
	open_token(d, a, r);
	if (p->spec == NULL)
		return;
	d->told.name_tag = p->spec->shown_name;
	d->told.msgs_per_second_max = p->spec->rate_msgs;
	d->told.bytes_per_second_max = p->spec->rate_bytes;
	if (p->rate != NULL) {
		struct rate_stats s = rate_stats(p->rate);

		d->told.rate_waits = s.n_waits;
		d->told.rate_wait_time = (int64_t)s.wait_ns;
	}
}

void detail_close(struct detail *d)
{
	free(d->mappings);
	free(d->destinations);
	free(d->exports);
	free(d->imports);
	buf_fini(&d->own_info);
	buf_fini(&d->claims);
	jwt_unref(d->jwt);
	*d = (struct detail){ 0 };
}
