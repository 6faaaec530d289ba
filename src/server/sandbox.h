/* server/sandbox.h - what the program gives up once it knows its configuration.
 *
 * First, while there is one thread: files other than those configured, and TCP
 * ports other than ours (server/landlock.h).  Then, when all is open: system
 * calls that a running server does not make (server/seccomp.h).  What a kernel
 * does not offer is missing, and one line in the log says what is on.
 *
 * Only the program does this; a server inside another process leaves it be.
 * Thread: control, before it has started others; after that, control.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include <stdbool.h>

#include "base/buf.h"

struct options;
struct server;

/* Before server_open.  Nothing with "sandbox: false". */
void sandbox_begin(struct server *s);

/* When everything is open, before the first client; says what is on. */
void sandbox_complete(struct server *s);

/* Can a reload to these options work?  False, and why: they name a place that
 * was not configured at the start. */
bool sandbox_allows(const struct server *s, const struct options *o,
    struct buf *why);

/* A file could not be read: maybe because of us.  Says so in why. */
void sandbox_explain(const struct server *s, struct buf *why);

struct sandbox;
void sandbox_destroy(struct sandbox *b);	/* takes NULL */

#endif /* SERVER_SANDBOX_H */
