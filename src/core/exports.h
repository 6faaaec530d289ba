/* core/exports.h - what an account lets others have, and whom.
 *
 * An import may be had if an export covers it and admits the importer.  Of
 * several that cover it the narrowest decides (nats-server takes any one of
 * them); where none is the narrowest, all of those must admit it.
 * Spec: core protocol 5.2.
 */
#ifndef CORE_EXPORTS_H
#define CORE_EXPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/account_spec.h"

/* The export that import asks for, if importer may have it; or NULL.
 * now_s: wall clock. */
const struct export_spec *exports_admit(const struct account_spec *exporter,
    struct slice importer, const struct import_spec *import, int64_t now_s);

/* 0; or ERR_CONFIG, and in nats-server's words what is wrong with one of them
 * is appended to why.  has_system: there is a system account. */
struct buf;
int exports_check(const struct account_spec *exporter, bool has_system,
    struct buf *why);

#endif /* CORE_EXPORTS_H */
