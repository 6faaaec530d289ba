/* base/tls_names.h - cipher suites and curves under the names Go gives them.
 *
 * The numbers are IANA's; each TLS backend knows which of them it has.
 */
#ifndef BASE_TLS_NAMES_H
#define BASE_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct tls_suite {
	uint16_t    id;
	const char *name;
	bool        is_insecure;	/* by Go's judgement */
	bool        is_default;		/* forward secret, authenticated */
};

struct tls_group {
	uint16_t    id;
	const char *name;
};

/* Row i, or NULL behind the last. */
const struct tls_suite *tls_suite_at(size_t i);
const struct tls_group *tls_group_at(size_t i);

/* NULL: no such one. */
const struct tls_suite *tls_suite_by_name(struct slice name);
const struct tls_suite *tls_suite_by_id(unsigned id);
const struct tls_group *tls_group_by_name(struct slice name);

#endif /* BASE_TLS_NAMES_H */
