/* session/hub.h - the sessions of one worker, and what they share.
 *
 * A hub is owned by its worker's loop: nothing in it is touched by another
 * thread.  Others send mail whose receiver is the hub.  What all hubs share is
 * in struct session_shared, and that is atomic counters and accounts.
 */
#ifndef SESSION_HUB_H
#define SESSION_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "core/fanout.h"
#include "core/msg.h"
#include "net/conn.h"
#include "proto/refusal.h"
#include "session/limits.h"
#include "session/secure.h"

struct account;
struct agent;
struct answers;
struct accounts;
struct callouts;
struct client;
struct client_info;
struct hub;
struct closed_ring;
struct handoff;
struct handshaker;
struct identity;
struct match_cache;
struct msgtrace;
struct op;
struct parcel_count;
struct services;
struct throttle;

/* How a receiver's queue is: over three quarters full, and it takes nothing, or
 * it takes something. */
enum crowd { CROWD_NONE, CROWD_STUCK, CROWD_MOVING };

/* What somebody above may want to be told of (the system account's events). */
enum session_event {
	SESSION_CONNECTED,	/* a CONNECT was accepted */
	SESSION_DISCONNECTED,	/* c->reason says why; it still is who it was */
	SESSION_AUTH_FAILED,
	SESSION_ENTERED,	/* its account has one more */
	SESSION_LEFT,		/* one less */
};

struct session_listener {
	/* May inject; may not close anybody.  Thread: the hub's. */
	void (*happened)(void *ctx, struct hub *h, const struct client *c,
	    enum session_event what);
	/* The server, as an object of JSON; appended.  Thread: any hub's, in
	 * epoch. */
	void (*describe_server)(void *ctx, struct buf *out);
	void *ctx;
};

/* Counts since start; summed over the hubs for monitoring. */
struct hub_stats {
	uint64_t in_msgs, in_bytes, out_msgs, out_bytes;
	uint64_t n_slow, n_stale, n_stalled;
	uint64_t n_auth_failures;
	uint64_t n_loops;	/* messages that went too far through imports */
	uint64_t n_clients, n_clients_ever;
	uint64_t n_subs;
};

/* One for the server; outlives the hubs. */
struct session_shared {
	struct accounts *accounts;
	const struct identity *identity;	/* the server's keys */
	unsigned        n_workers;
	struct session_listener listener;	/* happened: may be NULL */
	uint64_t        last_cid;	/* atomic, all kinds of connection */
	int64_t         n_conns;	/* atomic, now */
	int64_t         outbound;	/* atomic: bytes queued, about */
	int64_t         n_crowded;	/* atomic: receivers, CROWD_MOVING */
	bool            is_lame_duck;	/* atomic */
	bool            is_stopping;	/* atomic */
	unsigned        hasher_member, resolver_member, handshaker_member;
					/* of the mesh */
	struct handshaker *handshaker;	/* set before TLS is configured */
	struct throttle *throttle;	/* of failed logins; NULL: none */
	struct secure_rate handshakes;
	struct parcel_count *parcels;	/* see session/handoff.c */
	uint64_t       *loads;		/* atomic: clients of each worker */
};

/* The run of messages that is being gathered from one client's input. */
struct run_builder {
	struct client *from;	/* NULL: empty */
	struct slice   asked;	/* what is published on this joins the run and
				   need not be looked at again; empty: all is
				   looked at */
	struct run     run;
	struct msg     msgs[RUN_MAX];
	struct buf     prefix;
	struct buf     tail;	/* of a message spelled in an unusual way */
	struct msgtrace *trace;	/* of the message that is being published;
				   NULL: none */
	struct buf     headers, body;	/* of one that is changed */
	struct buf     mapped[2];	/* subjects as mapped: the run's, and the next */
	unsigned       is_mapped_to;	/* which of them is free */
};

struct hub {
	struct loop           *loop;
	unsigned               worker;	/* member number in the mesh */
	struct session_shared *shared;
	struct session_config *config;
	struct conn_pool       pool;
	struct match_cache    *matches;
	struct handoff        *handoff;
	struct fanout_port     port;
	struct run_builder     builder;
	unsigned               n_hops;	/* relays that are giving, one in another */
	struct services       *services;	/* what they need */
	struct answers        *answers;	/* that will come from other accounts */
	struct list            injections;	/* for the end of the turn */
	struct list            clients;
	struct list            dying;	/* closed, subscriptions still going */
	struct list            stalled;	/* publishers held back */
	int64_t                work_left;	/* of a client's turn */
	uint64_t               out_msgs_before;	/* it; see session/verbs.c */
	struct buf             scratch;	/* for text built and sent at once */
	struct buf             label;	/* client_label's */
	struct buf             renamed;	/* of a stream import: the prefix */
	struct hub_stats       stats;
	struct closed_ring    *closed;
	struct callouts       *callouts;	/* NULL: none was made */
	struct agent          *agent;	/* of a part of the server that lives here;
					   or NULL */
	struct timer           stall_timer;
	uint64_t               n_reviews;	/* changes of accounts' claims that its
						   clients were looked at for */
	bool                   is_closed;	/* nobody comes in any more */
	struct timer           move_timer;
	struct list            moving;	/* publishers that leave for another worker */
	uint64_t               sent_to;	/* workers, a bit each; see session/move.c */
	enum crowd             saw_crowd;	/* worst receiver since last asked */
	struct list            crowded;		/* receivers that are */
	int64_t                outbound_peak;	/* of pool.pending, lately */
	int64_t                outbound_told;	/* of pool.pending, in shared */
};

/* Clients of that worker now.  Thread: any. */
uint64_t hub_load(const struct session_shared *shared, unsigned worker);

/* The config's reference is consumed.  closed_max: closed clients remembered.
 * NULL: out of memory.  Thread: any, before the loop runs. */
struct hub *hub_create(struct loop *loop, struct session_shared *shared,
    struct session_config *config, uint64_t closed_max);

/* Every client is closed, reason Server Shutdown.  Thread: the loop's. */
void hub_close_all(struct hub *h);

/* After the loop has ended and all is closed. */
void hub_destroy(struct hub *h);

/* Tells the listener, if there is one. */
void hub_tell(struct hub *h, const struct client *c, enum session_event what);

/* Takes over an accepted socket: a client that is told INFO.  Thread: owner. */
struct sockaddr_storage;
void hub_adopt(struct hub *h, int fd, const struct sockaddr_storage *peer);

/* New clients, and everything but logins, go by config from now on (a reference
 * is consumed).  When all hubs have done this, each does the other. */
void hub_reconfigure(struct hub *h, struct session_config *config);

/* Clients whose login fails now are closed, subscriptions not permitted any
 * more are taken away. */
void hub_recheck(struct hub *h);

/* The policy of this account changed. */
void hub_recheck_account(struct hub *h, const struct account *a);

/* Tells every client that can understand it that the server is leaving. */
void hub_tell_lame_duck(struct hub *h);

/* Closes n clients (or all there are), chosen at random; the number closed.
 * They are told why, or, with REFUSAL_NONE, nothing: Server Shutdown. */
uint64_t hub_close_some(struct hub *h, uint64_t n, enum refusal why);

/* Borrowed by visit during the call. */
void hub_each_client(struct hub *h,
    bool (*visit)(void *ctx, struct client *c), void *ctx);

#endif /* SESSION_HUB_H */
