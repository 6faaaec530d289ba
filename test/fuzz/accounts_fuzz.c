/* accounts_fuzz.c - any bytes as a configuration, as far as a plan of accounts.
 *
 * Holds: what conf lets through core can plan or refuse in words; planning
 * leaves nothing behind; a mapping that was planned can be applied. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "conf/options.h"
#include "core/account_spec.h"
#include "core/accounts.h"
#include "core/plan.h"
#include "server/specs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply_mappings(const struct account_spec *a)
{
	struct mappings *m = NULL;
	struct buf       why = { 0 }, out = { 0 };
	size_t           bad = SIZE_MAX;
	int err = mappings_create(a->mappings, a->n_mappings, &m, &bad, &why);

	if (err == ERR_SUBJECT && (why.n == 0 || bad >= a->n_mappings))
		abort();
	for (size_t i = 0; err == 0 && i < a->n_mappings; i++)
		mappings_apply(m, a->mappings[i].source, SLICE("east"), &out);
	mappings_destroy(m);
	buf_fini(&why);
	buf_fini(&out);
}

static void plan(const struct specs *specs, bool is_lenient)
{
	struct accounts    *all = accounts_create(1, SLICE("$SYS"));
	struct plan_request r = { .all = all, .specs = specs->v,
		.n_specs = specs->n, .is_whole = true, .is_lenient = is_lenient };
	struct plan        *made = NULL;
	struct buf          why = { 0 };
	int                 err = plan_create(&r, &made, &why);

	if (err != 0 && (err != ERR_CONFIG || why.n == 0))
		abort();
	plan_destroy(made);
	accounts_destroy(all);
	buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options    *o = options_create_default();
	struct conf_report r = { 0 };
	struct specs       specs;

	if (options_load_text(o, slice_of((const char *)data, size),
	    "/nonexistent/fuzz.conf", &r) == 0 && specs_init(&specs, o) == 0) {
		for (size_t i = 0; i < specs.n; i++)
			apply_mappings(&specs.v[i]);
		plan(&specs, false);
		plan(&specs, true);
		specs_fini(&specs);
	}
	conf_report_fini(&r);
	options_destroy(o);
	return 0;
}
