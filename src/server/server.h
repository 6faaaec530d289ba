/* server/server.h - the whole: created bottom-up, drained top-down.
 *
 * The control thread owns the struct; it is whoever calls server_run.  Workers
 * run on threads of their own.  Members of the mesh: the workers, then the
 * control thread, then the hasher.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct options;
struct server;

enum server_request {
	REQUEST_STOP      = 1 << 0,
	REQUEST_RELOAD    = 1 << 1,
	REQUEST_REOPEN    = 1 << 2,	/* the log file */
	REQUEST_LAME_DUCK = 1 << 3,
};

/* o is consumed.  config_file (or NULL) is copied: what a reload reads; digest
 * is what loading it gave.  NULL: out of memory. */
struct server *server_create(struct options *o, const char *config_file,
    const char *digest);

/* Log, sockets, files, threads.  0; else why, and only server_destroy is
 * left to do.  is_logged: why went to the log as fatal. */
int server_open(struct server *s, struct buf *why, bool *is_logged);

/* Until it has stopped.  Thread: becomes control. */
void server_run(struct server *s);

/* Thread: any, and signal handlers. */
void server_request(struct server *s, unsigned requests);

/* The outcome of the reloads: how many were done, and how the last ended.
 * Thread: any. */
uint64_t server_n_reloads(struct server *s);
int server_last_reload(struct server *s, struct buf *why);

uint16_t server_port(const struct server *s);

/* Takes NULL. */
void server_destroy(struct server *s);

#endif /* SERVER_SERVER_H */
