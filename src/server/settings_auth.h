/* server/settings_auth.h - everybody who is configured, in one list. */
#ifndef SERVER_SETTINGS_AUTH_H
#define SERVER_SETTINGS_AUTH_H

#include "base/slice.h"

struct auth;
struct buf;
struct hasher;
struct operators;
struct options;

/* operators: whose users come in by token, or NULL; a reference is taken.
 * 0, ERR_NOMEM, or ERR_CONFIG and why.  The caller owns a reference. */
int settings_auth(const struct options *o, struct operators *operators,
    struct hasher *hasher, struct auth **ret, struct buf *why);

/* Its name; empty: there is none. */
struct slice settings_system_account(const struct options *o);

#endif /* SERVER_SETTINGS_AUTH_H */
