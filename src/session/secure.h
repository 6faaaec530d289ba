/* session/secure.h - TLS below a client's session.
 *
 * What a fresh connection goes through before its login:
 *
 *     required        INFO in clear, then the handshake
 *     goes_first      the handshake, then INFO; with a wait, bytes decide: if
 *                     none come in that time INFO goes out in clear, and the
 *                     handshake follows
 *     optional        INFO in clear; the first byte decides (0x16 is TLS); who
 *                     says nothing in time goes on without
 *
 * All the while it is CLIENT_SECURING and nothing it sends is understood.  A
 * client without TLS has none of this but a NULL pointer.
 * Spec: core protocol 1.4, 1.9, 2.3.
 */
#ifndef SESSION_SECURE_H
#define SESSION_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct client;
struct info;
struct tls_context;
struct tls_peer;

enum { SECURE_PIN_BYTES = 32 };

/* What a listener was configured with.  Immutable and counted. */
struct secure_config {
	uint32_t            n_refs;	/* atomic */
	struct tls_context *context;	/* a reference */
	bool    is_optional;		/* allow_non_tls */
	bool    verifies;
	bool    goes_first;
	int64_t first_wait_ns;		/* 0: for ever */
	int64_t timeout_ns;
	int64_t rate_max;		/* handshakes a second; 0: no limit */
	size_t  n_pins;
	uint8_t pins[][SECURE_PIN_BYTES];	/* SHA-256 of the key's DER */
};

/* The context's reference is consumed.  NULL: out of memory. */
struct secure_config *secure_config_create(struct tls_context *context,
    size_t n_pins);
struct secure_config *secure_config_ref(struct secure_config *c);
void secure_config_unref(struct secure_config *c);	/* takes NULL */

/* Handshakes of a second that begins with its first, for connection_rate_limit;
 * one for all workers. */
struct secure_rate {
	int64_t  ends_ns;	/* these are atomic */
	int64_t  n, n_blocked;
};

/* Does this fresh client have to be secured before its login (secure_begin)? */
bool secure_is_wanted(const struct client *c);

/* In the place of INFO and login_expect; ends in client_begin, or in the
 * connection's. */
void secure_begin(struct client *c);

/* When secure_tick is due; INT64_MAX: never. */
int64_t secure_deadline_ns(const struct client *c);
void secure_tick(struct client *c, int64_t now_ns);

/* After a reload: its certificate may be pinned no more; it is closed then. */
void secure_recheck(struct client *c);

/* The client goes. */
void secure_fini(struct client *c);

/* What INFO says about TLS. */
void secure_put_info(const struct client *c, struct info *info);

/* ---- for logins and monitoring --------------------------------------------- */

/* The certificate it showed, verified; NULL: none.  Borrowed from c. */
const struct tls_peer *secure_peer(const struct client *c);

/* What monitoring shows of it and its chain, for cert_info_next. */
struct slice secure_certs(const struct client *c);

/* "1.3" and Go's name of the suite; empty: no TLS. */
struct slice secure_version(const struct client *c);
struct slice secure_suite(const struct client *c);
bool secure_went_first(const struct client *c);

#endif /* SESSION_SECURE_H */
