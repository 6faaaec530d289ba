/* server/domain_map.h - JetStream's API by the name of its domain.
 *
 * Where JetStream has a domain, what is asked of it by that name is asked of the
 * JetStream that is here: mappings that every account has, in front of its own,
 * which win.  Spec: jetstream reference, section 2.2.
 */
#ifndef SERVER_DOMAIN_MAP_H
#define SERVER_DOMAIN_MAP_H

#include "base/slice.h"
#include "core/mappings.h"

enum { DOMAIN_MAPPINGS = 9 };

struct domain_map {
	struct mapping_spec   specs[DOMAIN_MAPPINGS];
	struct mapping_choice choices[DOMAIN_MAPPINGS];
	char                 *texts;	/* the sources */
};

/* NULL: out of memory. */
struct domain_map *domain_map_create(struct slice domain);
void domain_map_destroy(struct domain_map *m);	/* takes NULL */

#endif /* SERVER_DOMAIN_MAP_H */
