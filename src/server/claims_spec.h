/* server/claims_spec.h - an account's claims, as core is told of it. */
#ifndef SERVER_CLAIMS_SPEC_H
#define SERVER_CLAIMS_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/account_spec.h"

struct domain_map;
struct jwt;
struct resolver;

/* spec points into the claims and into memory of its own.  Zeroed is empty. */
struct claims_spec {
	struct account_spec     spec;
	struct export_spec     *exports;
	struct import_spec     *imports;
	struct mapping_spec    *mappings;
	struct mapping_choice  *choices;
	struct revocation_spec *revocations;
	struct domain_map      *domain;
};

/* The claims are kept until fini.  Activations are held against the exporters
 * that are loaded: one that is not has activated nothing.  domain:
 * JetStream's, or empty.  False: out of memory. */
bool claims_spec_init(struct claims_spec *s, const struct jwt *account,
    struct resolver *r, struct slice domain, int64_t now_ns);
void claims_spec_fini(struct claims_spec *s);	/* takes zeroed */

#endif /* SERVER_CLAIMS_SPEC_H */
