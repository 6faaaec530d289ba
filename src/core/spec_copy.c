/* core/spec_copy.c - a specification of one's own.
 *
 * Done twice: without memory, which tells how much is needed, then with it.
 */
#include "core/spec_copy.h"

#include <stdlib.h>

#include "core/account_spec.h"

struct pack {
	char  *base;	/* NULL: only counting */
	size_t n;
};

/* n bytes, aligned for anything; a copy of them unless it is only counting. */
static void *pack_bytes(struct pack *p, const void *from, size_t n)
{
	char *to = p->base == NULL ? NULL : p->base + p->n;

	p->n += (n + 15) & ~(size_t)15;
	if (to != NULL && n > 0)
		memcpy(to, from, n);
	return to;
}

static struct slice pack_slice(struct pack *p, struct slice s)
{
	return slice_of(pack_bytes(p, s.p, s.n), s.n);
}

static const struct slice *pack_names(struct pack *p, const struct slice *from,
    size_t n)
{
	struct slice *to = pack_bytes(p, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		struct slice s = pack_slice(p, from[i]);

		if (to != NULL)
			to[i] = s;
	}
	return to;
}

static const struct revocation_spec *pack_revocations(struct pack *p,
    const struct revocation_spec *from, size_t n)
{
	struct revocation_spec *to = pack_bytes(p, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		struct slice s = pack_slice(p, from[i].account);

		if (to != NULL)
			to[i].account = s;
	}
	return to;
}

static const struct export_spec *pack_exports(struct pack *p,
    const struct export_spec *from, size_t n)
{
	struct export_spec *to = pack_bytes(p, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		struct export_spec x = from[i];

		x.subject = pack_slice(p, x.subject);
		x.latency = pack_slice(p, x.latency);
		x.accounts = pack_names(p, x.accounts, x.n_accounts);
		x.revocations = pack_revocations(p, x.revocations,
		    x.n_revocations);
		if (to != NULL)
			to[i] = x;
	}
	return to;
}

static const struct import_spec *pack_imports(struct pack *p,
    const struct import_spec *from, size_t n)
{
	struct import_spec *to = pack_bytes(p, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		struct import_spec x = from[i];

		x.account = pack_slice(p, x.account);
		x.subject = pack_slice(p, x.subject);
		x.to = pack_slice(p, x.to);
		x.prefix = pack_slice(p, x.prefix);
		if (to != NULL)
			to[i] = x;
	}
	return to;
}

static const struct mapping_choice *pack_choices(struct pack *p,
    const struct mapping_choice *from, size_t n)
{
	struct mapping_choice *to = pack_bytes(p, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		struct mapping_choice x = from[i];

		x.subject = pack_slice(p, x.subject);
		x.cluster = pack_slice(p, x.cluster);
		if (to != NULL)
			to[i] = x;
	}
	return to;
}

static const struct mapping_spec *pack_mappings(struct pack *p,
    const struct mapping_spec *from, size_t n)
{
	struct mapping_spec *to = pack_bytes(p, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		struct mapping_spec x = from[i];

		x.source = pack_slice(p, x.source);
		x.choices = pack_choices(p, x.choices, x.n_choices);
		if (to != NULL)
			to[i] = x;
	}
	return to;
}

static struct account_spec *pack_spec(struct pack *p,
    const struct account_spec *from)
{
	struct account_spec *to = pack_bytes(p, from, sizeof *from);
	struct account_spec  x = *from;

	x.name = pack_slice(p, x.name);
	x.shown_name = pack_slice(p, x.shown_name);
	x.trace_dest = pack_slice(p, x.trace_dest);
	x.exports = pack_exports(p, x.exports, x.n_exports);
	x.imports = pack_imports(p, x.imports, x.n_imports);
	x.mappings = pack_mappings(p, x.mappings, x.n_mappings);
	x.default_permissions = NULL;
	if (to != NULL)
		*to = x;
	return to;
}

struct account_spec *spec_copy(const struct account_spec *from)
{
	struct pack p = { NULL, 0 };

	pack_spec(&p, from);
	p.base = malloc(p.n);
	p.n = 0;
	return p.base == NULL ? NULL : pack_spec(&p, from);
}
