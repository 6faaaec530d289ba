/* auth/account_url.h - the tokens of accounts, from a web server.
 *
 * GET <base>/<key>, whose body is the token.  Blocks, for no longer than the
 * timeout: for the resolver's thread, and for the start.  Where there is no libcurl,
 * at the build or at run time, account_url_create says so.
 * Spec: core protocol 4.6.
 */
#ifndef AUTH_ACCOUNT_URL_H
#define AUTH_ACCOUNT_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct account_url;
struct buf;

/* Borrowed during the call.  NULL: as the system has it. */
struct account_url_config {
	struct slice url;		/* http or https; a '/' is added */
	int64_t      timeout_ns;	/* 0: 1.9 s */
	const char  *ca_file, *cert_file, *key_file;
	bool         trusts_anyone;	/* does not verify the server */
};

/* 0; ERR_NOMEM; ERR_CONFIG and why. */
int account_url_create(const struct account_url_config *conf,
    struct account_url **ret, struct buf *why);
void account_url_destroy(struct account_url *u);	/* takes NULL */

/* Appends the body; key may be empty, to see whether somebody answers at all.
 * ERR_IO, with out as it was, and in why, as nats-server puts it, which
 * address did not answer and how.  Thread: one at a time. */
int account_url_get(struct account_url *u, struct slice key, struct buf *out,
    struct buf *why);

#endif /* AUTH_ACCOUNT_URL_H */
