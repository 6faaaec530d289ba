/* server/claims_review.c - sessions of an account whose claims have changed.
 *
 * Two rounds through the workers: in the first each sends away who may not
 * stay and notes who does; in the second, if these are too many, each sends
 * away those that came after the last who has a place.
 */
#include "server/claims_review.h"

#include <stdlib.h>

#include "auth/jwt.h"
#include "base/log.h"
#include "core/account.h"
#include "server/server_int.h"
#include "session/client.h"
#include "session/login.h"

struct review {
	struct server    *server;
	struct account   *account;
	const struct jwt *claims;	/* NULL: nobody may stay */
	unsigned          n_left;	/* workers; control's */
	uint64_t         *cids;		/* of those that stay; control's */
	size_t            n_cids;
	bool              is_second;	/* round; of which: */
	uint64_t          cid_max;
};

/* One worker's part, there and back. */
struct part {
	struct mail    mail;
	struct review *review;
	uint64_t      *cids;
	size_t         n, cap;
};

/* ---- who may stay ---------------------------------------------------------- */

/* The key that signed its token, if the account still signs with it; NULL: the
 * account's own, *ok, or none. */
static const struct jwt_signing_key *signer_of(const struct review *v,
    const struct principal *p, bool *ok)
{
	const struct jwt_signing_key *key = NULL;
	struct nkey                   name;

	*ok = slice_eq(p->issuer_key, p->account);
	if (!*ok && nkey_parse(p->issuer_key, &name))
		key = jwt_signing_key(v->claims, &name);
	*ok = *ok || key != NULL;
	return key;
}

/* *is_given: what it may do is the account's or the key's to say, and may be
 * something else now. */
static enum refusal refusal_of(const struct review *v,
    const struct principal *p, bool *is_given)
{
	const struct jwt_signing_key *key;
	bool                          ok;

	*is_given = false;
	if (v->claims == NULL)
		return REFUSAL_ACC_EXPIRED;
	if (p->kind != PRINCIPAL_JWT)
		return REFUSAL_NONE;
	if (jwt_is_revoked(&v->claims->account.revocations, p->user,
	    p->issued_s))
		return REFUSAL_REVOKED;
	key = signer_of(v, p, &ok);
	*is_given = p->uses_defaults || (key != NULL && key->scope != NULL);
	return ok ? REFUSAL_NONE : REFUSAL_AUTH;
}

static void note_cid(struct part *p, uint64_t cid)
{
	uint64_t *more;

	if (p->n == p->cap) {
		more = realloc(p->cids, (p->cap * 2 + 16) * sizeof *more);
		if (more == NULL)
			return;		/* so it is not among too many */
		p->cids = more;
		p->cap = p->cap * 2 + 16;
	}
	p->cids[p->n++] = cid;
}

static bool look_at(void *ctx, struct client *c)
{
	struct part *p = ctx;
	enum refusal r;
	bool         is_given;

	if (c->account != p->review->account || c->state == CLIENT_CLOSING)
		return true;
	r = refusal_of(p->review, c->who, &is_given);
	if (r != REFUSAL_NONE) {
		client_refuse(c, r);
		return true;
	}
	client_apply_limits(c);
	if (is_given)
		login_again(c);
	note_cid(p, c->cid);
	return true;
}

static bool shed(void *ctx, struct client *c)
{
	const struct review *v = ((struct part *)ctx)->review;

	if (c->account == v->account && c->cid > v->cid_max)
		client_refuse(c, REFUSAL_MAX_ACC_CONNS);
	return true;
}

/* ---- there and back -------------------------------------------------------- */

static void end(struct review *v)
{
	jwt_unref(v->claims);
	free(v->cids);
	free(v);
}

static bool send_out(struct review *v, void (*fn)(struct hub *h, void *ctx))
{
	for (unsigned i = 0; i < v->server->n_workers; i++) {
		struct part *p = calloc(1, sizeof *p);

		if (p != NULL)
			p->review = v;
		if (p != NULL && server_tell(v->server, i, fn, p)) {
			v->n_left++;
			continue;
		}
		free(p);
		log_error("no memory: clients of account %.*s on worker %u are "
		    "not looked at", SLICE_ARG(v->account->name), i);
	}
	return v->n_left > 0;
}

static void shed_all(struct hub *h, void *ctx);

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Are there more than the account may have?  Then the second round. */
static bool is_crowded(struct review *v)
{
	int64_t max = v->claims == NULL || v->account->is_system ? -1
	    : v->claims->account.limits.conns;

	if (max < 0 || v->n_cids <= (size_t)max)
		return false;
	qsort(v->cids, v->n_cids, sizeof *v->cids, by_value);
	v->cid_max = max == 0 ? 0 : v->cids[max - 1];
	v->is_second = true;
	return true;
}

static void gather(struct review *v, const struct part *p)
{
	uint64_t *all = realloc(v->cids, (v->n_cids + p->n + 1) * sizeof *all);

	if (all == NULL)
		return;
	v->cids = all;
	if (p->n > 0)
		memcpy(all + v->n_cids, p->cids, p->n * sizeof *all);
	v->n_cids += p->n;
}

/* Thread: control. */
static void come_back(struct mail *m, void *receiver)
{
	struct part   *p = CONTAINER_OF(m, struct part, mail);
	struct review *v = p->review;

	(void)receiver;
	gather(v, p);
	free(p->cids);
	free(p);
	if (--v->n_left == 0 &&
	    (v->is_second || !is_crowded(v) || !send_out(v, shed_all)))
		end(v);
}

static void go_back(struct hub *h, struct part *p)
{
	p->mail.deliver = come_back;
	loop_post(h->loop, p->review->server->n_workers, &p->mail);
}

/* Thread: the hub's. */
static void look_at_all(struct hub *h, void *ctx)
{
	h->n_reviews++;
	hub_each_client(h, look_at, ctx);
	go_back(h, ctx);
}

static void shed_all(struct hub *h, void *ctx)
{
	hub_each_client(h, shed, ctx);
	go_back(h, ctx);
}

static void begin(struct server *s, struct account *a,
    const struct jwt *claims)
{
	struct review *v = calloc(1, sizeof *v);

	if (v == NULL) {
		log_error("no memory: clients of account %.*s are not looked at",
		    SLICE_ARG(a->name));
		return;
	}
	v->server = s;
	v->account = a;
	v->claims = claims == NULL ? NULL : jwt_ref(claims);
	if (!send_out(v, look_at_all))
		end(v);
}

void claims_review(struct server *s, struct account *a,
    const struct jwt *claims)
{
	begin(s, a, claims);
}

void claims_review_expired(struct server *s, struct account *a)
{
	begin(s, a, NULL);
}
