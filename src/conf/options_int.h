/* conf/options_int.h - inside conf: reading options off a document.
 *
 * Whoever reads a part of the tree complains here and goes on, so that all
 * errors of a file come at once.
 */
#ifndef CONF_OPTIONS_INT_H
#define CONF_OPTIONS_INT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "conf/options.h"

struct conf_arena;
struct conf_value;

struct load {
	struct options     *o;
	struct conf_report *r;
	struct conf_arena  *arena;	/* of o */
	bool                is_out_of_memory;
};

/* file:line:col: text.  v may be NULL: there is no place. */
void load_error(struct load *l, const struct conf_value *v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void load_warn(struct load *l, const struct conf_value *v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "KEY" wants WANT, but found ...; the value is shown unless is_secret. */
void load_mismatch(struct load *l, const struct conf_value *v, const char *key,
    const char *want, bool is_secret);

/* Out of memory is remembered; p is NULL then. */
void *load_alloc(struct load *l, size_t count, size_t size);
/* A copy in the options' arena. */
struct slice load_copy(struct load *l, struct slice s);

/* A string without NUL inside, or a mismatch is told. */
bool load_string(struct load *l, const struct conf_value *v, const char *key,
    bool is_secret, struct slice *ret);

/* options_users.c: the array of users, and what one may do.  False: told. */
bool load_users(struct load *l, const struct conf_value *v,
    struct conf_users *ret);
bool load_permissions(struct load *l, const struct conf_value *v,
    const struct conf_permissions **ret);

/* options_tls.c: a tls block.  False: told. */
bool load_tls(struct load *l, const struct conf_value *v,
    const struct conf_tls **ret);

/* Is it a key of the command line's for TLS?  As options_set. */
bool options_is_tls_flag(const char *key);
int options_set_tls(struct options *o, const char *key, struct slice text,
    struct buf *err);

bool options_inherit_tls(struct options *o, const struct options *from);

/* The flags over what the file said.  False: out of memory. */
bool options_settle_tls(struct options *o);

/* options.c */

/* The row of that key in a block ("" or "authorization."), or NULL. */
const struct option *option_find_in(const char *block, struct slice key);

/* What is wrong with a number of this row, appended to err; false then. */
bool option_check_range(const struct option *row, int64_t v, struct buf *err);

/* Stores *v, and that it is given. */
void option_store(struct options *o, const struct option *row,
    const union option_value *v);

enum option_id option_id(const struct option *row);

/* Consequences of what was given: trace_verbose turns trace on. */
void options_settle(struct options *o);

/* A key of a part that is absent, or ignored. */
bool option_is_absent(const char *block, struct slice key);
bool option_is_ignored(const char *block, struct slice key);

/* The known key of the block that is written most like it; NULL: none is
 * near. Borrowed until the next call. */
const char *option_nearest(const char *block, struct slice key);

#endif /* CONF_OPTIONS_INT_H */
