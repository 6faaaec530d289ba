/* server/trust.h - operators and the resolver, from the options.
 *
 * Made before there are accounts; a reload makes operators anew, whose tokens
 * stay and whose pinned accounts and sentinel may be others.
 * Spec: core protocol 2.6.
 */
#ifndef SERVER_TRUST_H
#define SERVER_TRUST_H

#include <stdbool.h>

struct buf;
struct operators;
struct options;
struct resolver;

/* Do tokens decide who is let in? */
bool trust_is_configured(const struct options *o);

/* Do accounts come from the same place?  (What is given along may differ.) */
bool trust_is_same_resolver(const struct options *a, const struct options *b);

/* 0; ERR_NOMEM; ERR_CONFIG and why.  The caller owns a reference. */
int trust_operators(const struct options *o, struct operators **ret,
    struct buf *why);

/* The resolver's directory is there from now on.  0; ERR_NOMEM; ERR_CONFIG, and
 * why.  Before the sandbox. */
int trust_make_dir(const struct options *o, struct buf *why);

/* Appends the address of the web server that will be asked.  False: none. */
bool trust_url(const struct options *o, struct buf *out);

/* Asks the web server whether it is there.  0; ERR_NOMEM;
 * ERR_CONFIG or ERR_IO, and why.  The caller owns it. */
int trust_resolver(const struct options *o, const struct operators *operators,
    struct resolver **ret, struct buf *why);

#endif /* SERVER_TRUST_H */
