/* auth/bcrypt.h - one bcrypt comparison, as nats-server makes it.
 *
 * The variants $2a$, $2b$, $2x$ and $2y$ differ only in which old mistakes
 * they repeat; nats-server computes all of them without any, and so do we.
 */
#ifndef AUTH_BCRYPT_H
#define AUTH_BCRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum {
	BCRYPT_HASH_CHARS = 60,
	BCRYPT_PASS_MAX = 72,	/* bytes of a password that matter */
	BCRYPT_COST_MIN = 4,
	BCRYPT_COST_MAX = 18	/* some 15 s; no login timeout waits longer */
};

/* Is it meant as a bcrypt hash?  $2[abxy]$dd$ and anything behind it. */
bool bcrypt_is_hash(struct slice s);

/* Has it the length, the alphabet and a cost that can be worked with? */
bool bcrypt_is_sound(struct slice hash);

/* Working memory for bcrypt_matches: 32 KB.  NULL: out of memory. */
struct crypt_data *bcrypt_scratch_create(void);
void bcrypt_scratch_destroy(struct crypt_data *s);	/* takes NULL */

/* hash must be sound, pass at most BCRYPT_PASS_MAX bytes; both end with NUL.
 * Wipes scratch.  Takes 50 ms to seconds: never on an event loop. */
bool bcrypt_matches(const char *hash, const char *pass,
    struct crypt_data *scratch);

#endif /* AUTH_BCRYPT_H */
