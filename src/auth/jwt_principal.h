/* auth/jwt_principal.h - from what a callout's token gives to who somebody is. */
#ifndef AUTH_JWT_PRINCIPAL_H
#define AUTH_JWT_PRINCIPAL_H

#include <stdbool.h>

#include "base/slice.h"

struct jwt_rights;
struct principal;

/* denied: a subject that may not be published on whatever the token says;
 * empty: none.  is_placed: a callout did.  The caller owns a reference.  NULL:
 * out of memory, or the permissions are malformed. */
const struct principal *jwt_principal(const struct jwt_rights *r,
    struct slice account, struct slice denied, bool is_placed);

#endif /* AUTH_JWT_PRINCIPAL_H */
