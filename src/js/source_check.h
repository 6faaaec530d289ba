/* js/source_check.h - may a stream be a copy of, or be fed by, these others?
 *
 * What needs the other streams of the account; the rest is in
 * stream_config_check.c.  Spec: jetstream reference, section 4.2, 13 to 16.
 */
#ifndef JS_SOURCE_CHECK_H
#define JS_SOURCE_CHECK_H

#include <stdbool.h>

struct js_account;
struct js_error;
struct stream_config;

/* c: checked in itself; a mirror gets what its origin says of direct gets.
 * False and *e. */
bool source_check(const struct js_account *a, struct stream_config *c,
    bool pedantic, struct js_error *e);

#endif /* JS_SOURCE_CHECK_H */
