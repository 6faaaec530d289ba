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
struct conf_member;
struct conf_value;

struct load {
	struct options     *o;
	struct conf_report *r;
	struct conf_arena  *arena;	/* of o */
	struct slice        file;	/* of the last place that was kept */
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

/* Go's word for what stands there: "int64". */
const char *load_go_type(const struct conf_value *v);

/* The place, with a name of the file that stays. */
struct conf_place load_place(struct load *l, const struct conf_value *v);

/* Is key one of the words, separated by blanks?  (Without case.) */
bool load_is_word(struct slice key, const char *words);

/* Tokens that are not empty, without white space; '>' only as the last. */
bool load_is_subject(struct slice s);
/* Is a token a wildcard? */
bool load_has_wildcard(struct slice s);

/* A key of a map and who reads its value into a struct. */
struct load_key {
	const char *words;
	bool      (*load)(struct load *, const struct conf_value *, void *into);
};

/* Reads all keys of a map; of an unknown one is told
 *     <unknown> "key"<behind>
 * False: told. */
bool load_map(struct load *l, const struct conf_value *map,
    const struct load_key *keys, size_t n_keys, const char *unknown,
    const char *behind, void *into);

/* Scalars, or a mismatch is told. */
bool load_int(struct load *l, const struct conf_value *v, const char *key,
    int64_t *ret);
bool load_bool(struct load *l, const struct conf_value *v, const char *key,
    bool *ret);
/* An array of strings. */
bool load_strings(struct load *l, const struct conf_value *v, const char *key,
    struct conf_strings *ret);
/* A duration in quotes; what is wrong is told as Go does. */
bool load_duration(struct load *l, const struct conf_value *v, const char *key,
    int64_t *ret);
/* 25, "25" or "25%"; false: none of these (not told). */
bool load_percent(const struct conf_value *v, int64_t *ret);

/* Remembers that text should be a key that begins with that letter ('*': any).
 * The complaint, if it is none, is: before, and the text and what stands behind
 * it, or (NULL) neither. */
void load_expect_key(struct load *l, const struct conf_value *v,
    struct slice text, char letter, const char *before, const char *behind);

/* What was written, to be compared with another time. */
void load_digest(struct load *l, const struct conf_value *v,
    struct conf_digest *ret);

/* options_accounts.c and its like: one part each.  False: told. */
bool load_accounts(struct load *l, const struct conf_value *v,
    struct conf_accounts *ret);
bool load_exports(struct load *l, const struct conf_value *v,
    struct conf_account *a);
bool load_imports(struct load *l, const struct conf_value *v,
    struct conf_account *a);
bool load_mappings(struct load *l, const struct conf_value *v,
    struct conf_mappings *ret);
bool load_callout(struct load *l, const struct conf_value *v,
    const struct conf_callout **ret);
bool load_proxies(struct load *l, const struct conf_value *v,
    struct conf_strings *ret);
bool load_resolver(struct load *l, const struct conf_value *v,
    const struct conf_resolver **ret);
bool load_tokens(struct load *l, const struct conf_value *v,
    struct conf_strings *ret);
bool load_keys(struct load *l, const struct conf_value *v, const char *name,
    struct conf_strings *ret);
bool load_preload(struct load *l, const struct conf_value *v,
    struct conf_pairs *ret);

/* { max_msgs_per_second, max_bytes_per_second } */
bool load_msgs_per_second(struct load *l, const struct conf_value *v,
    struct conf_rate *ret);
bool load_bytes_per_second(struct load *l, const struct conf_value *v,
    struct conf_rate *ret);

/* options_js.c: the block of the server, and one of an account's. */
void load_jetstream(struct load *l, const struct conf_value *v);
bool load_account_js(struct load *l, const struct conf_value *v,
    struct conf_account *a);

/* options_load.c: a key of a block ("" or "authorization."), by its row.  Told
 * if it is unknown or wrong. */
void load_member(struct load *l, const char *block,
    const struct conf_member *m);
/* A part that is not here may be named to say that it is off. */
bool load_is_off(const struct conf_value *v);

/* options_together.c: what can be said when everything was read: users that are
 * there twice, accounts that are named and not there. */
void load_check_together(struct load *l);

/* options_users.c: the array of users, and what one may do.  False: told. */
bool load_users(struct load *l, const struct conf_value *v,
    struct conf_users *ret);
bool load_permissions(struct load *l, const struct conf_value *v,
    const struct conf_permissions **ret);

/* Users without permissions of their own have these (NULL: all allowed). */
void load_spread_permissions(struct conf_users users,
    const struct conf_permissions *p);

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
