/* server/settings.h - from options to what each module is told.
 *
 * Nothing below server/ reads conf/options.h; these small conversions are the
 * only place where both sides meet.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "base/buf.h"
#include "base/log.h"

struct auth;
struct hasher;
struct identity;
struct options;
struct secure_config;
struct session_config;
struct tls_context;

/* Borrows o's strings. */
struct log_config settings_log(const struct options *o);

/* What the tls block comes to; *ret NULL: there is none.  Its files are read
 * now.  As settings_auth. */
int settings_secure(const struct options *o, struct secure_config **ret,
    struct buf *why);

/* The same certificates for monitoring, which asks for none; there is a block. */
int settings_https(const struct options *o, struct tls_context **ret,
    struct buf *why);

/* Where the client listener is: the host configured; without credentials and
 * without a host, loopback. */
const char *settings_host(const struct options *o);

/* The references of auth and secure are consumed.  port is the one listened on; generation rises
 * with each reload.  NULL: out of memory. */
struct session_config *settings_session(const struct options *o,
    const struct identity *id, struct auth *auth,
    struct secure_config *secure, uint16_t port, uint64_t generation);

/* Event loops to run. */
unsigned settings_workers(const struct options *o);

#endif /* SERVER_SETTINGS_H */
