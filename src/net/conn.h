/* net/conn.h - one socket: bytes in, bytes out, never a wait.
 *
 * Input is read into the worker's one large block and shown to the owner in
 * place; an idle connection owns no buffer.  What is left of an incomplete
 * operation is copied aside; one that is known to be large gets a block of its
 * own, read into directly.
 *
 * Output is a queue of chunks: small frames are copied into the last one,
 * large ones are referenced in the block they lie in.  Touched connections are
 * flushed once, at the end of the turn (conn_pool_flush).
 *
 * The owner embeds struct conn; it may read the fields, only conn.c writes.
 * Everything here is for the loop's thread.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/block.h"
#include "base/slice.h"
#include "net/loop.h"

struct chunk;
struct conn;
struct conn_pool;

enum conn_end { CONN_EOF, CONN_READ_ERROR, CONN_WRITE_ERROR };

struct conn_ops {
	/* Bytes arrived, all in block.  The number consumed from the front;
	 * the rest is shown again with more behind it.  *need: how many bytes
	 * from the first unconsumed one are worth calling again for, if known;
	 * CONN_YIELD: no more than these, but not in this turn, so that others
	 * come to theirs.  The owner may close the connection meanwhile. */
	size_t (*input)(struct conn *c, struct slice in, struct block *block,
	    size_t *need);
	/* The peer or the network ended it.  Output is lost. */
	void (*ended)(struct conn *c, enum conn_end how);
	/* The socket takes no more for now / has taken everything. */
	void (*blocked)(struct conn *c);
	void (*drained)(struct conn *c);
};

#define CONN_YIELD SIZE_MAX

/* How bytes reach the peer: plain sockets, TLS (net/conn_tls.h), later
 * WebSocket.  recv and send return as recv and sendmsg do, with errno; what was
 * not sent for EAGAIN is given again.  The others may be NULL. */
struct conn_io {
	ssize_t (*recv)(struct conn *c, void *to, size_t n);
	ssize_t (*send)(struct conn *c, const struct iovec *iov, int n);
	/* Has recv left bytes behind that the socket does not tell of? */
	bool    (*has_more)(const struct conn *c);
	/* Of a connection that is not ready for bytes yet (conn_prepare): goes
	 * on with what makes it so, and says what it waits for (conn_await and
	 * the others), unless it ended. */
	void    (*prepare)(struct conn *c);
	/* true: the socket is lent and will be closed by io, not now. */
	bool    (*close)(struct conn *c);
};

struct conn {
	struct watch           watch;	/* .fd; -1: closed */
	const struct conn_ops *ops;
	const struct conn_io  *io;
	void                  *io_state;	/* io's own */
	struct conn_pool      *pool;

	/* output */
	struct chunk *out, *out_last;
	size_t        pending;		/* bytes in the queue */
	uint64_t      n_sent;		/* bytes, ever */
	int64_t       sent_ns;		/* when the socket last took a byte */
	int64_t       blocked_ns;	/* since when; 0: not blocked */
	uint64_t      blocked_until;	/* n_sent that ends this blockage */
	struct conn  *next_touched;

	/* input */
	char         *aside;		/* what was left over */
	uint32_t      aside_n, aside_cap;
	struct block *large;		/* one operation, being read */
	size_t        large_n;
	size_t        read_max;		/* bytes read at once; 0: all that fits */
	struct block *held;		/* input of which the rest waits */
	struct slice  held_rest;
	struct list   held_link;	/* held, or read again, or preparing */

	bool is_touched, is_watching_out, is_paused;
	bool is_preparing;	/* by its io: nothing is read or sent */
	bool prepares_out;	/* that waits for room, not for bytes */
	bool has_begun;		/* and is on the way */
	bool is_lent;		/* another thread works on it */
};

/* What the connections of one loop share. */
struct conn_pool {
	struct loop  *loop;
	struct block *read_block;
	struct conn  *touched;
	struct chunk *spare[2];		/* small, large */
	size_t        n_spare[2];
	size_t        pending;		/* sum over the connections */
	struct list   held;		/* connections that yielded, or have more
					   to read */
	struct list   preparing;	/* whose io is to go on */
};

/* ERR_NOMEM. */
int conn_pool_init(struct conn_pool *p, struct loop *loop);
void conn_pool_fini(struct conn_pool *p);

/* Goes on with the input of those that yielded, and for a bounded time with
 * those that are being prepared.  Once a turn. */
void conn_pool_go_on(struct conn_pool *p);

/* Sends what was put since the last call.  Once a turn, at its end. */
void conn_pool_flush(struct conn_pool *p);

/* Takes over fd (non-blocking, closed by conn_close) and reads from it.
 * ERR_IO: the loop cannot watch it; fd stays the caller's. */
int conn_open(struct conn *c, struct conn_pool *p, int fd,
    const struct conn_ops *ops);

/* Idempotent; unsent output is dropped.  c's memory must last until the turn
 * is over (loop_bury). */
void conn_close(struct conn *c);
static inline bool conn_is_open(const struct conn *c)
{
	return c->watch.fd >= 0;
}

/* Reads so many bytes at once at most, so that no more is kept of a peer whose
 * input is not consumed; 0: as many as there are. */
void conn_limit_input(struct conn *c, size_t n);

/* ---- for a struct conn_io ------------------------------------------------- */

/* From now on io is asked to prepare the connection, whenever the socket has
 * bytes (or room, conn_await), but for no more than a share of each turn.
 * Until conn_prepared nothing is read or sent.  at_once: it need not wait for
 * the socket first. */
void conn_prepare(struct conn *c, const struct conn_io *io, void *io_state,
    bool at_once);

/* What the preparation waits for: bytes, or room to send; or only for its share
 * of the next turn; or for another thread, who has the socket until then. */
void conn_await(struct conn *c, bool wants_out);
void conn_go_first(struct conn *c);
void conn_lend(struct conn *c);

/* Does it wait for its share or that thread, and not for the socket? */
bool conn_is_due(const struct conn *c);

/* From now on the bytes go through io. */
void conn_prepared(struct conn *c, const struct conn_io *io, void *io_state);

extern const struct conn_io conn_plain;

/* To another loop: between the two it is watched by none.  Nothing may be
 * queued, held or touched.  Attached, it is read again.  ERR_IO: the loop
 * cannot watch it; it is open still. */
bool conn_is_quiet(const struct conn *c);	/* may it be detached? */
void conn_detach(struct conn *c);
int conn_attach(struct conn *c, struct conn_pool *p);

/* No input until conn_resume. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/* Shows what was left unconsumed again, though nothing more came: soon. */
void conn_show_again(struct conn *c);

/* ---- output -------------------------------------------------------------- */

/* n writable bytes at the end of the queue, to be followed by conn_added; n is
 * at most CONN_RESERVE_MAX.  NULL: out of memory. */
enum { CONN_RESERVE_MAX = 64 * 1024 };
char *conn_reserve(struct conn *c, size_t n);
void conn_added(struct conn *c, size_t n);

/* A copy of p, of any size.  false: out of memory, nothing was put. */
bool conn_put(struct conn *c, const void *p, size_t n);

/* A reference to bytes in block; large frames only.  false: out of memory. */
bool conn_put_ref(struct conn *c, struct block *block, struct slice bytes);

/* Sends now rather than at the end of the turn, as far as the socket goes. */
void conn_flush(struct conn *c);

/* Pieces in the queue. */
unsigned conn_n_chunks(const struct conn *c);

/* A blocked connection begins to be blocked now. */
void conn_restart_blockage(struct conn *c);

#endif /* NET_CONN_H */
