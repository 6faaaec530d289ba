/* session/shadows.c - what a client's subscriptions want of other accounts.
 *
 * A shadow is a client_sub with something in front: it lies in a table by its
 * caster's sid, several of one caster in a chain, and is released as every
 * subscription is.  It is looked at on its worker only, and closed there
 * together with its caster, so an open one has a caster.
 */
#include "session/shadows.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/account.h"
#include "core/imports.h"
#include "core/msg.h"
#include "core/policy.h"
#include "core/sublist.h"
#include "session/client.h"
#include "session/deliver.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/msgtrace.h"

struct shadow {
	struct shadow              *next;	/* of the same caster */
	struct client_sub          *caster;
	struct imports             *imports;	/* a reference; import is in it */
	const struct stream_import *import;
	struct client_sub           s;	/* last */
};

static struct shadow *shadow_of(const struct client_sub *s)
{
	return CONTAINER_OF(s, struct shadow, s);
}

/* ---- giving -------------------------------------------------------------- */

/* The run as it is called here; in the hub's buffer. */
static bool rename_run(struct hub *h, const struct stream_import *import,
    struct run *run)
{
	struct buf *b = &h->renamed;

	buf_reset(b);
	buf_put(b, "HMSG ", 5);
	stream_import_local(import, run->subject, b);
	buf_put_char(b, ' ');
	if (buf_failed(b))
		return false;
	run->prefix = buf_slice(b);
	run->subject = slice_of(b->p + 5, b->n - 6);
	return true;
}

/* Where a trace may not follow, it says where that is and no more. */
static uint32_t give_traced(struct shadow *x, const struct run *run)
{
	struct sub *caster = &x->caster->sub;
	struct run  untraced = *run;

	if (x->import->allows_trace)
		return deliver_traced(caster, run, &x->s.sub);
	if (run->n > 0)
		msgtrace_stream(run->trace, x->s.client->account, run->subject);
	untraced.trace = NULL;
	return run->n > 0 && msgtrace_is_only(run->trace) ? run->n
	    : deliver(caster, &untraced);
}

static void tell_denied(struct shadow *x, const struct run *run)
{
	msgtrace_stream(run->trace, x->s.client->account, run->subject);
	if (x->import->allows_trace)
		msgtrace_note_denied(run->trace, &x->s.sub);
}

/* Denied names are local ones, so the caster's filter counts. */
static uint32_t shadow_give(struct sub *sub, const struct run *run)
{
	struct client_sub *s = (struct client_sub *)sub;
	struct shadow     *x = shadow_of(s);
	struct sub        *caster = &x->caster->sub;
	struct run         here = *run;

	if (sub->is_closed || run->is_imported ||
	    !rename_run(s->client->hub, x->import, &here))
		return 0;
	if (caster->filter != NULL && !permissions_may_receive(caster->filter,
	    here.subject, caster->queue)) {
		if (run->trace != NULL)
			tell_denied(x, &here);
		return 0;
	}
	return run->trace != NULL ? give_traced(x, &here)
	    : deliver(caster, &here);
}

bool shadow_is(const struct sub *sub)
{
	return sub->give == shadow_give;
}

struct account *shadow_account(const struct sub *sub)
{
	return shadow_of((const struct client_sub *)sub)->import->exporter;
}

/* ---- coming and going ---------------------------------------------------- */

static struct shadow *first_of(const struct client *c,
    const struct client_sub *caster)
{
	struct client_sub *s = c->shadows == NULL ? NULL
	    : sids_find(c->shadows, client_sub_sid(caster));

	return s == NULL ? NULL : shadow_of(s);
}

void shadow_free(struct client_sub *s)
{
	struct shadow *x = shadow_of(s);

	imports_unref(x->imports);
	free(x);
}

static struct shadow *make(struct client_sub *caster, struct imports *imports,
    const struct stream_import *import)
{
	size_t         n_queue = caster->sub.queue.n;
	struct shadow *x = malloc(sizeof *x + caster->sid_n + n_queue);

	if (x == NULL)
		return NULL;
	*x = (struct shadow){ .caster = caster, .import = import };
	x->s.client = caster->client;
	x->s.sid_n = caster->sid_n;
	memcpy(x->s.sid, caster->sid, caster->sid_n);
	x->s.sub.give = shadow_give;
	x->s.sub.worker = caster->sub.worker;
	if (n_queue > 0) {
		memcpy(x->s.sid + caster->sid_n, caster->sub.queue.p, n_queue);
		x->s.sub.queue = slice_of(x->s.sid + caster->sid_n, n_queue);
	}
	x->imports = imports_ref(imports);
	return x;
}

/* The table holds the first of a caster's; others go behind it. */
static bool enlist(struct client *c, struct shadow *x)
{
	struct shadow *first = first_of(c, x->caster);

	if (first != NULL) {
		x->next = first->next;
		first->next = x;
		return true;
	}
	if (c->shadows == NULL)
		c->shadows = calloc(1, sizeof *c->shadows);
	return c->shadows != NULL && sids_insert(c->shadows, &x->s) == 0;
}

static void lift_chain(struct client *c, struct shadow *x);

static void unlist(struct client *c, struct shadow *x)
{
	struct shadow *at = first_of(c, x->caster);

	if (at != x) {
		while (at->next != x)
			at = at->next;
		at->next = x->next;
		return;
	}
	sids_remove(c->shadows, &x->s);
	/* Without memory, where there was room for one, the others go too. */
	if (x->next != NULL && sids_insert(c->shadows, &x->next->s) != 0)
		lift_chain(c, x->next);
}

/* 0, ERR_SUBJECT or ERR_NOMEM. */
static int cast(struct client *c, struct client_sub *caster,
    struct imports *imports, const struct stream_import *import,
    struct slice remote)
{
	struct shadow *x = make(caster, imports, import);
	int            err;

	if (x == NULL)
		return ERR_NOMEM;
	if (!enlist(c, x)) {
		shadow_free(&x->s);
		return ERR_NOMEM;
	}
	err = sublist_insert(import->exporter->sublist,
	    loop_epoch(c->hub->loop), &x->s.sub, remote);
	if (err != 0) {
		unlist(c, x);
		shadow_free(&x->s);
		return err;
	}
	c->n_subs_kept++;
	return 0;
}

static void lift(struct client *c, struct shadow *x)
{
	__atomic_store_n(&x->s.sub.is_closed, true, __ATOMIC_RELAXED);
	sublist_remove(x->import->exporter->sublist,
	    loop_epoch(c->hub->loop), &x->s.sub);
	handoff_release(c->hub->handoff, &x->s);
}

static void lift_chain(struct client *c, struct shadow *x)
{
	for (struct shadow *next; x != NULL; x = next) {
		next = x->next;
		lift(c, x);
	}
}

void shadows_remove(struct client *c, struct client_sub *s)
{
	struct shadow *x = first_of(c, s);

	if (x == NULL)
		return;
	sids_remove(c->shadows, &x->s);
	lift_chain(c, x);
}

void shadows_fini(struct client *c)
{
	if (c->shadows != NULL)
		sids_fini(c->shadows);
	free(c->shadows);
	c->shadows = NULL;
}

/* ---- after a change ------------------------------------------------------ */

static bool is_still_imported(const struct imports *im, const struct shadow *x)
{
	for (size_t i = 0; im != NULL && i < im->n_streams; i++)
		if (stream_import_is_same(im->streams[i], x->import))
			return true;
	return false;
}

static struct shadow *find_old(const struct client *c,
    const struct client_sub *s, const struct imports *im)
{
	struct shadow *x = first_of(c, s);

	while (x != NULL && is_still_imported(im, x))
		x = x->next;
	return x;
}

static void lift_old(struct client *c, const struct client_sub *s,
    const struct imports *im)
{
	for (struct shadow *x; (x = find_old(c, s, im)) != NULL;) {
		unlist(c, x);
		lift(c, x);
	}
}

static bool has_shadow(const struct client *c, const struct client_sub *s,
    const struct stream_import *import)
{
	for (struct shadow *x = first_of(c, s); x != NULL; x = x->next)
		if (stream_import_is_same(x->import, import))
			return true;
	return false;
}

bool shadows_update(struct client *c, struct client_sub *s,
    struct slice pattern)
{
	struct imports *im = account_policy(c->account)->imports;
	struct buf      remote = { 0 };
	bool            ok = true;

	if (c->shadows != NULL)
		lift_old(c, s, im);
	for (size_t i = 0; im != NULL && ok && i < im->n_streams; i++) {
		const struct stream_import *import = im->streams[i];

		buf_reset(&remote);
		if (has_shadow(c, s, import) ||
		    !stream_import_remote(import, pattern, &remote))
			continue;
		ok = !buf_failed(&remote) && cast(c, s, im, import,
		    buf_slice(&remote)) != ERR_NOMEM;
	}
	buf_fini(&remote);
	return ok && conn_is_open(&c->conn);
}
