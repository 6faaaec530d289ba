/* auth/jwt_store.h - the tokens of accounts, by public key.
 *
 * In memory, or one file each in a directory: <key>.jwt, written aside, synced
 * and renamed, so a reader sees the old token or the new one and a crash leaves
 * one of them.  Names are made from keys that were checked, beneath a directory
 * that was opened once; other files in it are nobody's business.
 * A full store keeps all accounts and refuses more than its limit.  A cache
 * forgets the one longest unused, and what is older than its ttl.
 *
 * What a token says is not looked at here.
 * Spec: core protocol 4.6.  Thread: any; one lock, held while a file is read or
 * written.
 */
#ifndef AUTH_JWT_STORE_H
#define AUTH_JWT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct jwt_store;

enum jwt_store_kind { JWT_STORE_MEMORY, JWT_STORE_FULL, JWT_STORE_CACHE };

struct jwt_store_config {
	enum jwt_store_kind kind;
	const char *dir;	/* not for MEMORY */
	bool        erases;	/* a deleted file is unlinked, not renamed to
				   <key>.jwt.deleted; a cache always does */
	int64_t     n_max;	/* 0: no limit; of a cache, 1000 */
	int64_t     ttl_ns;	/* of a cache; 0: for ever */
};

enum { JWT_STORE_HASH_BYTES = 32, JWT_STORE_CACHE_MAX = 1000 };

/* Reads what is there.  0; ERR_NOMEM; ERR_IO or ERR_CONFIG and why. */
int jwt_store_open(const struct jwt_store_config *conf, struct jwt_store **ret,
    struct buf *why);
void jwt_store_close(struct jwt_store *s);	/* takes NULL */

enum jwt_store_kind jwt_store_kind(const struct jwt_store *s);

/* Appends the token to out.  Its use is remembered.  0; ERR_NOTFOUND, also for
 * what is no account's key; ERR_IO: there, but it cannot be read; ERR_NOMEM. */
int jwt_store_load(struct jwt_store *s, struct slice key, struct buf *out);

/* It is on disk when this returns 0.  ERR_LIMIT: a full store is full; ERR_RANGE:
 * no account's key, or no token's length; ERR_IO: what was there still is, or the
 * new one is but may not outlast a crash; ERR_NOMEM. */
int jwt_store_save(struct jwt_store *s, struct slice key, struct slice token);

/* 0 also if it was not there. */
int jwt_store_delete(struct jwt_store *s, struct slice key);

/* A cache forgets what is too old.  Now and then. */
void jwt_store_expire(struct jwt_store *s);

size_t jwt_store_count(struct jwt_store *s);

/* All tokens' SHA-256, one xor the other: equal where two stores are. */
void jwt_store_hash(struct jwt_store *s, uint8_t hash[JWT_STORE_HASH_BYTES]);

/* Appends the keys, 56 characters each, sorted.  False: out of memory. */
bool jwt_store_keys(struct jwt_store *s, struct buf *out);

#endif /* AUTH_JWT_STORE_H */
