/* core/imports.h - the doors of an account through which others' messages come
 * and its own requests go.
 *
 * A stream import shows what is published in the exporter's account on remote
 * as local.  A service import takes what is published here on local to remote
 * over there; its answers come back (session/services.h).  Both are ready for
 * use and never change; what is not changed by another configuration stays the
 * same object.
 * Spec: core protocol 5.2.
 */
#ifndef CORE_IMPORTS_H
#define CORE_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/account_spec.h"
#include "core/sub.h"

struct account;
struct transform;

struct stream_import {
	struct account   *exporter;
	struct slice      remote;	/* pattern */
	struct slice      local;	/* the same, or ... */
	struct transform *transform;	/* ... what becomes of it; NULL: same */
	bool              allows_trace;
	uint32_t          seen;		/* control's: see core/cycles.c */
};

struct service_import {
	struct sub        sub;		/* first; in the importer's sublist */
	struct account   *importer, *exporter;
	struct slice      local;	/* pattern */
	struct slice      remote;	/* pattern, or literal */
	struct transform *transform;	/* remote to local; NULL: none */
	bool              is_renamed;	/* remote is not as published */
	bool              shares;
	enum answer_kind  answer;
	int64_t           threshold_ns;
	struct slice      latency;	/* empty: not measured */
	int64_t           sampling;	/* percent; 0: as the headers say */
	bool              allows_trace;
	uint32_t          n_refs;	/* atomic */
	uint32_t          seen;		/* control's: see core/cycles.c */
};

/* All of one account.  Counted; n_refs is atomic. */
struct imports {
	uint32_t                n_refs;
	struct stream_import  **streams;
	struct service_import **services;	/* a reference each */
	size_t                  n_streams, n_services;
};

/* Room for so many.  NULL: out of memory. */
struct imports *imports_create(size_t n_max);
struct imports *imports_ref(struct imports *im);	/* takes NULL */
void imports_unref(struct imports *im);	/* takes NULL */

/* One more, of what the export offers; give is that of services.  0, ERR_NOMEM,
 * or ERR_CONFIG and why in nats-server's words.  Before they are shared. */
int imports_add(struct imports *im, const struct import_spec *spec,
    const struct export_spec *export, struct account *importer,
    struct account *exporter, sub_give give, struct buf *why);

/* The last one added goes again. */
void imports_drop_last(struct imports *im, enum share_kind kind);

/* Services that are as in old are old's from now on. */
void imports_keep_same(struct imports *im, const struct imports *old);
bool imports_hold(const struct imports *im, const struct service_import *s);

struct service_import *service_import_ref(struct service_import *s);
void service_import_unref(struct service_import *s);	/* takes NULL */

/* The literal subject over there for the literal local one; appended. */
void service_import_remote(const struct service_import *s,
    struct slice subject, struct buf *out);

/* What to subscribe to over there, for who subscribes to pattern here;
 * appended.  False: nothing. */
bool stream_import_remote(const struct stream_import *s, struct slice pattern,
    struct buf *out);

/* What a literal subject from over there is called here; appended. */
void stream_import_local(const struct stream_import *s, struct slice subject,
    struct buf *out);

bool stream_import_is_same(const struct stream_import *a,
    const struct stream_import *b);

#endif /* CORE_IMPORTS_H */
