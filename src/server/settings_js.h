/* server/settings_js.h - from options to what JetStream is told. */
#ifndef SERVER_SETTINGS_JS_H
#define SERVER_SETTINGS_JS_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct js_config;
struct js_grant;
struct jwt_account;
struct options;

/* id: the server's, which is its name if it has none.  The texts are owned
 * (settings_js_fini, in any case).  False: out of memory. */
bool settings_jetstream(const struct options *o, const char *id,
    struct js_config *ret);
void settings_js_fini(struct js_config *c);

/* Is the one of feature_flags that is called so on? */
bool settings_has_flag(const struct options *o, struct slice name);

/* The directory, owned; NULL: out of memory. */
char *settings_js_dir(const struct options *o);

/* What the file, or its claims, grant an account.  False: it has no JetStream. */
bool settings_account_js(const struct options *o, struct slice account,
    struct js_grant *ret);
bool settings_claims_js(const struct jwt_account *a, struct js_grant *ret);

/* Are the accounts of the file granted no more than there is?  False, and why. */
bool settings_js_fits(const struct options *o, struct buf *why);

#endif /* SERVER_SETTINGS_JS_H */
