/* auth/principal.c - who somebody turned out to be. */
#include "auth/principal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "core/permissions.h"
#include "core/rate.h"

static struct principal anonymous = {
	.n_refs = 1, .kind = PRINCIPAL_NONE, .account = { "$G", 2 },
	.subs_max = -1, .payload_max = -1,
};

static struct slice keep(char **at, struct slice s)
{
	struct slice copy = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	(*at)[s.n] = '\0';
	*at += s.n + 1;
	return copy;
}

const struct principal *principal_create(const struct principal *like)
{
	size_t n = like->user.n + like->account.n + like->name.n +
	    like->jwt.n + like->issuer_key.n + like->tags.n + 6;
	struct principal *p = malloc(sizeof *p + n);
	char             *at;

	if (p == NULL)
		return NULL;
	*p = *like;
	at = (char *)(p + 1);
	p->n_refs = 1;
	p->user = keep(&at, like->user);
	p->account = keep(&at, like->account);
	p->name = keep(&at, like->name);
	p->jwt = keep(&at, like->jwt);
	p->issuer_key = keep(&at, like->issuer_key);
	p->tags = keep(&at, like->tags);
	if (p->permissions != NULL)
		permissions_ref(p->permissions);
	rate_ref(p->rate);
	return p;
}

static uint32_t *refs_of(const struct principal *p)
{
	return (uint32_t *)(uintptr_t)&p->n_refs;
}

const struct principal *principal_ref(const struct principal *p)
{
	__atomic_add_fetch(refs_of(p), 1, __ATOMIC_RELAXED);
	return p;
}

void principal_unref(const struct principal *p)
{
	if (p == NULL ||
	    __atomic_sub_fetch(refs_of(p), 1, __ATOMIC_ACQ_REL) > 0)
		return;
	permissions_unref(p->permissions);
	rate_unref(p->rate);
	free((void *)(uintptr_t)p);
}

const struct principal *principal_anonymous(void)
{
	return &anonymous;
}

void principal_put_label(const struct principal *p, struct buf *out)
{
	static const char *const signs[] = {
		[PRINCIPAL_NONE] = "", [PRINCIPAL_USER] = "user:",
		[PRINCIPAL_TOKEN] = "token", [PRINCIPAL_NKEY] = "nkey:",
		[PRINCIPAL_JWT] = "jwt:",
	};

	buf_put_str(out, signs[p->kind]);
	buf_put_slice(out, p->user);
}

struct slice principal_shown_user(const struct principal *p)
{
	if (p->is_placed && p->name.n > 0)
		return p->name;
	return p->kind == PRINCIPAL_TOKEN ? SLICE("[REDACTED]") : p->user;
}
