/* mon/detail.c - policies as monitoring shows them. */
#include "mon/detail.h"

#include <stdlib.h>

#include "core/account.h"
#include "core/mappings.h"
#include "core/policy.h"

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

void detail_open(struct detail *d, const struct account *a)
{
	*d = (struct detail){ 0 };
	open_mappings(d, account_policy(a)->mappings);
}

void detail_close(struct detail *d)
{
	free(d->mappings);
	free(d->destinations);
	*d = (struct detail){ 0 };
}
