/* auth/jwt_principal.h - from what a callout's token gives to who somebody is. */
#ifndef AUTH_JWT_PRINCIPAL_H
#define AUTH_JWT_PRINCIPAL_H

#include "base/slice.h"

struct jwt_rights;
struct permissions;
struct principal;

/* denied: a subject that may not be published to whatever the token says;
 * empty: none.  fallback: the permissions where the rights say that they are
 * the account's own defaults; referenced; NULL: all is allowed.  The caller
 * owns a reference.  NULL: out of memory, or the permissions are malformed. */
const struct principal *jwt_principal(const struct jwt_rights *r,
    struct slice account, struct slice denied,
    const struct permissions *fallback);

#endif /* AUTH_JWT_PRINCIPAL_H */
