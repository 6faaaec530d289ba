/* core/cycles.h - would a message come back to where it was?
 *
 * Imports form a graph: one leads to another if what it takes over there may
 * be taken on by the other.  None may lead back to itself.  nats-server also
 * refuses some that only look as if they did; here those are accepted.
 */
#ifndef CORE_CYCLES_H
#define CORE_CYCLES_H

#include "base/slice.h"
#include "core/account_spec.h"

struct account;
struct imports;

/* The imports of an account, as they will be.  NULL: none. */
typedef const struct imports *(*cycles_imports_of)(const struct account *a);

/* Does the last import of this kind in im, of owner, lead back to itself?
 * 0; ERR_CONFIG and *why; ERR_NOMEM.  Thread: control. */
int cycles_check_last(const struct imports *im, enum share_kind kind,
    const struct account *owner, cycles_imports_of imports_of,
    const char **why);

#endif /* CORE_CYCLES_H */
