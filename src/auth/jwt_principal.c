/* auth/jwt_principal.c - from what a token gives to who somebody is. */
#include "auth/jwt_principal.h"

#include "auth/jwt_verify.h"
#include "auth/principal.h"
#include "base/buf.h"
#include "core/permissions.h"

/* More of them is nothing that anybody would read. */
enum { TAGS_BYTES_MAX = 4096 };

/* *ret is a reference, or NULL when all is allowed. */
static bool make_permissions(const struct jwt_rights *r, struct slice denied,
    const struct permissions **ret)
{
	static const struct permissions_spec all;

	*ret = NULL;
	if (denied.n > 0)
		*ret = permissions_create_denying(r->is_limited
		    ? &r->permissions : &all, denied);
	else if (r->is_limited)
		*ret = permissions_create(&r->permissions);
	else
		return true;
	return *ret != NULL;
}

static void put_tags(const struct jwt_texts *tags, struct buf *out)
{
	for (size_t i = 0; i < tags->n && out->n < TAGS_BYTES_MAX; i++) {
		if (i > 0)
			buf_put_char(out, ',');
		buf_put_slice(out, tags->items[i]);
	}
}

const struct principal *jwt_principal(const struct jwt_rights *r,
    struct slice account, struct slice denied, bool is_placed)
{
	struct buf              tags = { 0 };
	const struct principal *made = NULL;
	struct principal        who = {
		.kind = PRINCIPAL_JWT,
		.user = nkey_text(&r->user),
		.account = account,
		.connections = r->connections,
		.is_bearer = r->is_bearer,
		.is_placed = is_placed,
		.uses_defaults = r->uses_defaults,
		.issued_s = r->issued_s,
		.subs_max = r->subs, .payload_max = r->payload,
		.expires_ns = r->expires_ns == INT64_MAX ? 0 : r->expires_ns,
		.name = r->name,
		.jwt = r->token->token,
		.issuer_key = nkey_text(&r->token->issuer),
	};

	put_tags(&r->tags, &tags);
	who.tags = buf_slice(&tags);
	if (!buf_failed(&tags) && make_permissions(r, denied,
	    &who.permissions))
		made = principal_create(&who);
	permissions_unref(who.permissions);
	buf_fini(&tags);
	return made;
}
