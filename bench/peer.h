/* bench/peer.h - a client connection reduced to what a load needs.
 *
 * One thread, one epoll instance, one read buffer for all peers.  A peer costs
 * the generator as little as possible, because what the generator spends is
 * missing on the machine that measures: large writes of prepared bytes, line
 * ends found by memchr, a message line equal to the one before not parsed
 * again.  What is wrong (a lost connection, -ERR, bytes that are no NATS) breaks
 * the loop with a reason; a load has no use for half of its peers.
 *
 * Spec: core protocol 1.1 to 1.4.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
	USER_MAX = 32,
	PEER_LINE_MAX = 4096,	/* INFO of a server with many URLs fits */
	PEER_MEMO_MAX = 64,
	LOOP_IN_BYTES = 256 << 10,
	LOOP_SEND_MAX = 256 << 10,	/* one peer's share of a turn */
};

struct loop;
struct peer;
struct tls_context;
struct tls_session;

/* As it came from the server; the slices die when on_msg returns. */
struct delivery {
	struct slice subject, sid, reply;
	struct slice body;	/* headers included */
};

struct peer {
	struct loop *loop;
	int          fd;
	struct tls_session *tls;	/* NULL: in clear */
	uint32_t     n_pings;	/* ours */
	uint32_t     n_pongs;	/* the answers */
	bool         is_lost_fine;	/* the server may cut it */
	bool         is_lost;

	/* Set by the owner. */
	void (*on_msg)(struct peer *p, const struct delivery *d);
	/* All is sent: set p->now, or put into p->queue; false: nothing yet,
	 * peer_wake when there is. */
	bool (*refill)(struct peer *p);

	struct slice now;	/* being sent; borrowed */
	struct buf   queue;	/* goes next */
	struct buf   sending;	/* what now points into, when not the owner's */
	bool         wants_out;

	bool         is_awake;
	struct peer *next_awake;

	struct buf   tail;	/* an incomplete operation */
	size_t       n_memo;	/* the last message line and what it meant */
	char         memo[PEER_MEMO_MAX];
	struct delivery memo_means;
};

struct loop {
	int          epfd;
	struct tls_context *tls;	/* of new peers; NULL: in clear */
	char         user[USER_MAX];	/* of new peers; empty: no login */
	const char  *password;
	char        *in;
	struct peer *awake;
	bool         is_broken;
	char         why[256];
};

/* 0, or ERR_*: no descriptors or memory. */
int  loop_open(struct loop *l);
void loop_close(struct loop *l);

/* Waits at most so long for input (-1: for ever, 0: only looks), takes it, and
 * sends for everybody who is awake.  False: the loop is broken. */
bool loop_turn(struct loop *l, int timeout_ms);

/* The first reason is kept. */
void loop_break(struct loop *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Connects (blocking: the server is on this machine), and queues CONNECT and
 * a PING, whose answer says that the server has taken them.  Overwrites *p; set
 * the callbacks after. */
int  peer_open(struct peer *p, struct loop *l, const char *host, uint16_t port);
void peer_close(struct peer *p);

/* Something to send: flushed in this turn or the next. */
void peer_wake(struct peer *p);

void peer_subscribe(struct peer *p, const char *subject, const char *group,
    uint64_t sid);
void peer_ping(struct peer *p);

/* Turns until every PING of the peer is answered, so all that went before them
 * is done.  False: broken, or timeout_ns over. */
bool peer_await_pong(struct peer *p, int64_t timeout_ns);

/* From now on its socket fills up; the server may cut it. */
void peer_deafen(struct peer *p);

#endif /* BENCH_PEER_H */
