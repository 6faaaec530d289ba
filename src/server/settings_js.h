/* server/settings_js.h - from options to what JetStream is told. */
#ifndef SERVER_SETTINGS_JS_H
#define SERVER_SETTINGS_JS_H

#include <stdbool.h>

#include "base/slice.h"

struct js_account_limits;
struct js_config;
struct options;

/* id: the server's, which is its name if it has none.  The texts are owned
 * (settings_js_fini, in any case).  False: out of memory. */
bool settings_jetstream(const struct options *o, const char *id,
    struct js_config *ret);
void settings_js_fini(struct js_config *c);

/* The directory, owned; NULL: out of memory. */
char *settings_js_dir(const struct options *o);

/* false: the account has no JetStream. */
bool settings_account_js(const struct options *o, struct slice account,
    struct js_account_limits *ret);

#endif /* SERVER_SETTINGS_JS_H */
