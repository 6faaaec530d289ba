/* server/server_int.h - the server's struct, for the files of server/. */
#ifndef SERVER_SERVER_INT_H
#define SERVER_SERVER_INT_H

#include <pthread.h>

#include "auth/nkey.h"
#include "net/listen.h"
#include "net/loop.h"
#include "server/notify.h"
#include "server/server.h"
#include "session/hub.h"

enum { WORKERS_MAX = 64 };

/* Members of the mesh beside the workers: control, hasher, resolver and
 * handshaker. */
enum { HELPERS = 4 };

struct auth;
struct claims;
struct handshakes;
struct hasher;
struct jetstream;
struct monitoring;
struct operators;
struct resolver;
struct sandbox;
struct secure_config;
struct tenants;

struct worker {
	struct server *server;
	struct loop   *loop;
	struct hub    *hub;
	pthread_t      thread;
	bool           is_running;
	struct mail    stop;	/* here, because stopping takes no memory */
};

struct lame_duck {
	bool         is_on;
	int64_t      ends_ns;
	uint64_t     n_left;	/* clients, when the leaving began */
	int64_t      interval_ns;
	struct timer timer;
};

struct server {
	/* Control's, but where it says else. */
	struct options *options;
	char           *config_file;	/* NULL: none */
	char            digest[80];
	int64_t         config_loaded_ns;	/* wall clock */
	int64_t         started_ns;		/* wall clock */
	struct identity identity;
	struct auth    *auth;
	struct secure_config *secure;	/* NULL: no TLS */
	struct hasher  *hasher;
	struct handshakes *handshakes;	/* NULL: never had TLS */
	struct operators *operators;	/* NULL: logins are not by token */
	struct resolver  *resolver;	/* likewise */
	struct tenants   *tenants;
	struct claims    *claims;

	struct mesh          *mesh;
	struct loop          *control;
	struct worker         workers[WORKERS_MAX];
	unsigned              n_workers;
	struct session_shared shared;

	/* Worker 0's, once it runs. */
	struct listener listener;
	int             listen_fd;	/* until then */
	unsigned        next_worker;
	uint16_t        port;

	struct watch     requests;	/* an eventfd */
	struct watch     signals;	/* a signalfd; -1: not ours to take */
	unsigned         wanted;	/* atomic: enum server_request */
	struct lame_duck lame_duck;
	struct timer     farewell;	/* the end, once it is said */
	struct notify    notify;
	struct monitoring *monitoring;	/* NULL: off */
	struct jetstream *jetstream;	/* NULL: off */
	struct sandbox  *sandbox;	/* NULL: none */
	char            *pid_file, *ports_file;	/* written; NULL: not */
	uint64_t         generation;	/* of the configuration */
	unsigned         n_changing;	/* workers that a reload waits for */
	bool             wants_reload;	/* another one, after that */
	bool             is_stopping;

	/* The outcome of reloads; under the lock. */
	pthread_mutex_t lock;
	uint64_t        n_reloads;
	int             last_reload;
	struct buf      last_reload_why;
};

/* Runs fn on a worker's thread, some time soon.  false: out of memory. */
bool server_tell(struct server *s, unsigned worker,
    void (*fn)(struct hub *h, void *ctx), void *ctx);

/* Stops accepting clients (on worker 0). */
void server_stop_listening(struct server *s);

/* Its name, or key; empty: there is none. */
struct slice server_system_account(const struct server *s);

/* Begins to leave; ends with a stop (server/lame_duck.c). */
void lame_duck_begin(struct server *s);

/* Reads the file again; logs what changed or why nothing did. */
void reload(struct server *s);

/* The process id and the ports, for others to find (server/files.c). */
int files_write_pid(struct server *s, struct buf *why);
void files_write_ports(struct server *s);
void files_remove_ports(struct server *s);

#endif /* SERVER_SERVER_INT_H */
