/* auth/credentials.h - who is configured, and by which secret they are known.
 *
 * Users by name, nkeys by public key, or the one token.  Immutable once built,
 * but for the digests of bcrypt passwords that have been right once.
 * Passwords are kept only as digests under a key of this process, or as the
 * bcrypt hash that was configured.  For auth.c alone.
 */
#ifndef AUTH_CREDENTIALS_H
#define AUTH_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/bcrypt.h"
#include "auth/nkey.h"
#include "auth/principal.h"
#include "base/slice.h"

struct auth_config;
struct buf;
struct dn;
struct permissions;

enum { CREDENTIAL_DIGEST_BYTES = 32 };

struct credential {
	const struct principal *who;
	bool     is_bcrypt;
	char     hash[BCRYPT_HASH_CHARS + 1];
	/* Of the password: a plain one's from the start, else once is_known. */
	uint8_t  digest[CREDENTIAL_DIGEST_BYTES];
	uint32_t is_known;		/* atomic */
	uint8_t  nkey[NKEY_BYTES];	/* of an nkey */
	struct dn *dn;			/* of a user's name, if it is one and
					   certificates are mapped */
};

struct credentials {
	struct credential  *all;	/* by name, or key; of a token: the only one */
	size_t              n;
	struct credential **decoys;	/* those with bcrypt */
	size_t              n_decoys;
	uint8_t             nothing[CREDENTIAL_DIGEST_BYTES];	/* nobody's */
	bool                has_token, has_plain, has_nkeys;
	bool                has_users;	/* not the single one */
};

/* Zeroed before.  0; ERR_NOMEM; ERR_CONFIG and why.  Else: fini. */
int credentials_init(struct credentials *c, const struct auth_config *conf,
    struct buf *why);
void credentials_fini(struct credentials *c);

/* A user or an nkey; NULL: unknown. */
struct credential *credentials_find(const struct credentials *c,
    struct slice name);

void credential_digest(struct slice secret,
    uint8_t digest[CREDENTIAL_DIGEST_BYTES]);

/* Does the digest settle it?  Costs the same for anyone and no one (NULL). */
bool credential_matches(const struct credentials *all,
    const struct credential *c, const uint8_t digest[CREDENTIAL_DIGEST_BYTES]);

/* The bcrypt password with this digest was right.  Thread: any. */
void credential_remember(struct credential *c,
    const uint8_t digest[CREDENTIAL_DIGEST_BYTES]);

/* The user whom a certificate names (auth/certmap.h), and who may come in this
 * way; NULL: none. */
struct tls_peer;
struct credential *credentials_of_cert(const struct credentials *c,
    const struct tls_peer *cert, enum via via);

/* See auth_inherit. */
void credentials_inherit(struct credentials *c, const struct credentials *old);

#endif /* AUTH_CREDENTIALS_H */
