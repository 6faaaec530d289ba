/* server/specs.h - the accounts of the configuration as core wants them told.
 *
 * With "$G" and the system account, which are there though nobody wrote them;
 * what is mapped outside of any account is mapped in "$G".
 */
#ifndef SERVER_SPECS_H
#define SERVER_SPECS_H

#include <stddef.h>

#include "base/slice.h"

struct account_spec;
struct domain_map;
struct export_spec;
struct import_spec;
struct mapping_choice;
struct mapping_spec;
struct options;

/* Zeroed is empty. */
struct specs {
	struct account_spec *v;
	size_t               n;

	/* What they point to. */
	struct export_spec    *exports;
	struct import_spec    *imports;
	struct mapping_spec   *mappings;
	struct mapping_choice *choices;
	struct domain_map     *domain;	/* NULL: none */
	struct slice           system;	/* its account; empty: none */
};

/* Borrows o's strings.  ERR_NOMEM: ret is empty. */
int specs_init(struct specs *ret, const struct options *o);
void specs_fini(struct specs *s);

#endif /* SERVER_SPECS_H */
