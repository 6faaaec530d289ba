/* server/domain_map.c - JetStream's API by the name of its domain. */
#include "server/domain_map.h"

#include <stdlib.h>

#include "base/buf.h"

#define API "$JS.API."

/* from: behind "$JS.<domain>.API." */
static const struct {
	const char *from, *to;
} rows[DOMAIN_MAPPINGS] = {
	{ "INFO",       API "INFO" },
	{ "STREAM.>",   API "STREAM.>" },
	{ "CONSUMER.>", API "CONSUMER.>" },
	{ "DIRECT.>",   API "DIRECT.>" },
	{ "META.>",     API "META.>" },
	{ "SERVER.>",   API "SERVER.>" },
	{ "ACCOUNT.>",  API "ACCOUNT.>" },
	{ "$KV.>",      "$KV.>" },
	{ "$OBJ.>",     "$OBJ.>" },
};

/* All sources, one behind the other; n: how long each is.  NULL: out of
 * memory. */
static char *make_texts(struct slice domain, size_t n[DOMAIN_MAPPINGS])
{
	struct buf texts = { 0 };
	size_t     before = 0;

	for (size_t i = 0; i < DOMAIN_MAPPINGS; i++) {
		buf_printf(&texts, "$JS.%.*s.API.%s", SLICE_ARG(domain),
		    rows[i].from);
		n[i] = texts.n - before;
		before = texts.n;
	}
	return buf_take_str(&texts);
}

struct domain_map *domain_map_create(struct slice domain)
{
	struct domain_map *m = calloc(1, sizeof *m);
	size_t             n[DOMAIN_MAPPINGS], at = 0;

	if (m == NULL)
		return NULL;
	m->texts = make_texts(domain, n);
	if (m->texts == NULL) {
		free(m);
		return NULL;
	}
	for (size_t i = 0; i < DOMAIN_MAPPINGS; i++) {
		m->choices[i] = (struct mapping_choice){
			slice_str(rows[i].to), MAPPING_WEIGHT_MAX, SLICE_NONE };
		m->specs[i] = (struct mapping_spec){
			slice_of(m->texts + at, n[i]), &m->choices[i], 1 };
		at += n[i];
	}
	return m;
}

void domain_map_destroy(struct domain_map *m)
{
	if (m != NULL)
		free(m->texts);
	free(m);
}
