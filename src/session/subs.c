/* session/subs.c - SUB and UNSUB. */
#include "session/subs.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trace.h"
#include "core/account.h"
#include "core/policy.h"
#include "core/sublist.h"
#include "proto/subject.h"
#include "session/client.h"
#include "session/deliver.h"
#include "session/handoff.h"
#include "session/hub.h"
#include "session/shadows.h"
#include "session/wiretrace.h"

/* ---- may it? ------------------------------------------------------------- */

struct wish {
	struct slice subject, queue, sid;
};

/* "foo", or "foo" using queue "q": as nats-server quotes them. */
static void put_quoted(struct buf *b, const struct wish *w)
{
	text_put_quoted(b, w->subject);
	if (w->queue.n == 0)
		return;
	buf_put_str(b, " using queue ");
	text_put_quoted(b, w->queue);
}

static void refuse_permission(struct client *c, const struct wish *w)
{
	struct buf told = { 0 }, logged = { 0 };

	put_quoted(&told, w);
	client_send_err(c, "Permissions Violation for Subscription to %.*s",
	    SLICE_ARG(buf_slice(&told)));
	text_put_quoted(&logged, w->subject);
	if (w->queue.n > 0) {
		buf_put_str(&logged, ", Queue: ");
		text_put_quoted(&logged, w->queue);
	}
	log_error("%s - Subscription Violation - Subject %.*s, SID %.*s",
	    client_label(c), SLICE_ARG(buf_slice(&logged)), SLICE_ARG(w->sid));
	buf_fini(&told);
	buf_fini(&logged);
}

static void refuse_tokens(struct client *c, const struct wish *w)
{
	struct buf quoted = { 0 };

	text_put_quoted(&quoted, w->subject);
	client_send_err(c, "Permissions Violation for Subscription to %.*s, "
	    "too many tokens", SLICE_ARG(buf_slice(&quoted)));
	log_error("%s - Subscription Violation Too Many Tokens - Subject %.*s, "
	    "SID %.*s", client_label(c), SLICE_ARG(buf_slice(&quoted)),
	    SLICE_ARG(w->sid));
	buf_fini(&quoted);
}

static bool is_permitted(const struct client *c, const struct wish *w)
{
	/* A queue name that servers use among themselves. */
	if (slice_has_prefix(w->queue, SLICE("_sys_")))
		return false;
	return permissions_may_subscribe(c->who->permissions, w->subject,
	    w->queue);
}

/* The least that server, account and user say. */
static bool is_full(const struct client *c)
{
	int64_t n = c->subs.n, max = c->hub->config->subs_max;
	int64_t of_account = account_policy(c->account)->subs_max;

	return (max > 0 && n >= max) || (of_account >= 0 && n >= of_account) ||
	    (c->who->subs_max >= 0 && n >= c->who->subs_max);
}

/* False: it was refused, and the client told. */
static bool admit(struct client *c, const struct wish *w)
{
	const struct session_config *conf = c->hub->config;

	if (!is_permitted(c, w)) {
		refuse_permission(c, w);
		return false;
	}
	if (conf->sub_tokens_max > 0 &&
	    subject_count_tokens(w->subject) > (size_t)conf->sub_tokens_max) {
		refuse_tokens(c, w);
		return false;
	}
	if (is_full(c)) {
		client_refuse(c, REFUSAL_MAX_SUBS);
		return false;
	}
	return true;
}

/* ---- making one ---------------------------------------------------------- */

static struct client_sub *make(struct client *c, const struct wish *w)
{
	struct client_sub *s = malloc(sizeof *s + w->sid.n + w->queue.n);

	if (s == NULL)
		return NULL;
	*s = (struct client_sub){ .client = c, .sid_n = (uint32_t)w->sid.n };
	memcpy(s->sid, w->sid.p, w->sid.n);
	s->sub.give = deliver;
	s->sub.worker = (uint16_t)c->hub->worker;
	if (w->queue.n > 0) {
		memcpy(s->sid + w->sid.n, w->queue.p, w->queue.n);
		s->sub.queue = slice_of(s->sid + w->sid.n, w->queue.n);
	}
	if (permissions_needs_filter(c->who->permissions, w->subject, w->queue))
		s->sub.filter = permissions_ref(c->who->permissions);
	return s;
}

static void unmake(struct client_sub *s)
{
	permissions_unref(s->sub.filter);
	free(s);
}

/* 0, ERR_SUBJECT or ERR_NOMEM. */
static int insert(struct client *c, const struct wish *w)
{
	struct client_sub *s = make(c, w);
	int                err;

	if (s == NULL)
		return ERR_NOMEM;
	err = sids_insert(&c->subs, s);
	if (err != 0) {
		unmake(s);
		return err;
	}
	err = sublist_insert(c->account->sublist, loop_epoch(c->hub->loop),
	    &s->sub, w->subject);
	if (err != 0) {
		sids_remove(&c->subs, s);
		unmake(s);
		return err;
	}
	c->n_subs_kept++;
	c->hub->stats.n_subs++;
	trace(TR_SUB_ADD, c->cid, c->subs.n);
	return shadows_update(c, s, w->subject) ? 0 : ERR_NOMEM;
}

void subs_subscribe(struct client *c, const struct op *op)
{
	struct wish w = { .subject = op->args[0],
		.queue = op->n_args == 3 ? op->args[1] : SLICE_NONE,
		.sid = op->args[op->n_args - 1] };
	int         err = 0;

	/* With many subscriptions, waiting for memory is what a SUB costs. */
	sublist_prefetch(c->account->sublist, w.subject);
	sids_prefetch(&c->subs, w.sid);
	if (!admit(c, &w))
		return;
	/* A sid that is known already: the first subscription stays. */
	if (sids_find(&c->subs, w.sid) == NULL)
		err = insert(c, &w);
	if (err == ERR_SUBJECT) {
		client_refuse(c, REFUSAL_BAD_SUBJECT);
	} else if (err != 0) {
		log_error("%s - no memory for a subscription", client_label(c));
		client_drop(c, CLOSE_MAX_SUBS);
	} else if (c->opts.verbose) {
		conn_put(&c->conn, "+OK\r\n", 5);
	}
}

/* ---- ending one ---------------------------------------------------------- */

void subs_remove(struct client *c, struct client_sub *s)
{
	if (LOG_IS_ON(log_trace_on))
		wiretrace_delsub(c, s);
	trace(TR_SUB_REMOVE, c->cid, c->subs.n);
	sids_remove(&c->subs, s);
	if (c->shadows != NULL)
		shadows_remove(c, s);
	__atomic_store_n(&s->sub.is_closed, true, __ATOMIC_RELAXED);
	sublist_remove(c->account->sublist, loop_epoch(c->hub->loop), &s->sub);
	c->hub->stats.n_subs--;
	handoff_release(c->hub->handoff, s);
}

bool subs_remove_some(struct client *c, size_t n)
{
	struct client_sub *s;

	while (n-- > 0 && (s = sids_any(&c->subs)) != NULL)
		subs_remove(c, s);
	return c->subs.n == 0;
}

/* Digits only, 1 to 9 of them; anything else is no limit. */
static uint32_t parse_max(struct slice s)
{
	uint32_t v = 0;

	if (s.n == 0 || s.n > 9)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	return v;
}

void subs_unsubscribe(struct client *c, const struct op *op)
{
	struct client_sub *s = sids_find(&c->subs, op->args[0]);
	uint32_t           max = op->n_args == 2 ? parse_max(op->args[1]) : 0;

	if (s != NULL) {
		if (max > s->n_delivered)
			s->msgs_max = max;
		else
			subs_remove(c, s);
	}
	if (c->opts.verbose)
		conn_put(&c->conn, "+OK\r\n", 5);
}

/* ---- reload -------------------------------------------------------------- */

static void tell_removed(struct client *c, const struct wish *w)
{
	struct buf told = { 0 }, subject = { 0 };

	put_quoted(&told, w);
	text_put_quoted(&subject, w->subject);
	client_send_err(c, "Permissions Violation for Subscription to %.*s "
	    "(sid \"%.*s\")", SLICE_ARG(buf_slice(&told)), SLICE_ARG(w->sid));
	log_notice("Removed sub %.*s (sid \"%.*s\") for User \"%.*s\" - "
	    "not authorized", SLICE_ARG(buf_slice(&subject)),
	    SLICE_ARG(w->sid), SLICE_ARG(c->who->user));
	buf_fini(&told);
	buf_fini(&subject);
}

/* Permissions that another worker may be reading until the grace period. */
struct old_filter {
	struct epoch_entry        entry;
	const struct permissions *filter;
};

static void release_filter(struct epoch_entry *e)
{
	struct old_filter *o = CONTAINER_OF(e, struct old_filter, entry);

	permissions_unref(o->filter);
	free(o);
}

static void retire_filter(struct client *c, const struct permissions *filter)
{
	struct old_filter *o = filter == NULL ? NULL : malloc(sizeof *o);

	/* Without memory the reference is kept for ever: safe, and small. */
	if (o == NULL)
		return;
	o->filter = filter;
	epoch_defer(loop_epoch(c->hub->loop), &o->entry, release_filter);
}

/* The filter goes with the permissions it came from. */
static void refresh_filter(struct client *c, struct client_sub *s,
    const struct wish *w)
{
	const struct permissions *p = c->who->permissions, *old = s->sub.filter;
	const struct permissions *fresh =
	    permissions_needs_filter(p, w->subject, w->queue)
	    ? permissions_ref(p) : NULL;

	__atomic_store_n(&s->sub.filter, fresh, __ATOMIC_RELEASE);
	retire_filter(c, old);
}

static bool recheck(void *ctx, struct client_sub *s)
{
	struct client *c = ctx;
	struct buf     pattern = { 0 };
	struct wish    w = { .queue = s->sub.queue, .sid = client_sub_sid(s) };

	sublist_pattern(&s->sub, &pattern);
	w.subject = buf_slice(&pattern);
	if (is_permitted(c, &w)) {
		refresh_filter(c, s, &w);
		if (!shadows_update(c, s, w.subject) &&
		    conn_is_open(&c->conn))
			client_drop(c, CLOSE_MAX_SUBS);
	} else {
		tell_removed(c, &w);
		subs_remove(c, s);
	}
	buf_fini(&pattern);
	return conn_is_open(&c->conn);
}

void subs_recheck(struct client *c)
{
	sids_visit(&c->subs, recheck, c);
}
