/* net/listen.h - a listening socket, and who comes in by it. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/slice.h"
#include "net/loop.h"

struct listener {
	struct watch watch;	/* .fd; -1: closed */
	struct loop *loop;
	struct timer rest;	/* out of descriptors: pause a little */
	/* fd is the callee's: non-blocking, close-on-exec, TCP_NODELAY. */
	void       (*accepted)(struct listener *l, int fd,
	    const struct sockaddr_storage *peer);
	void        *ctx;
};

/* A TCP socket that listens on host (a name or an address; "0.0.0.0" and ""
 * take IPv6 too) and port (0: a free one, written back).  -1 and why, in Go's
 * words: listen tcp 127.0.0.1:4222: bind: address already in use. */
int listen_open(const char *host, uint16_t *port, struct buf *why);

/* Begins to accept; fd becomes the listener's.  ERR_IO: fd is still the
 * caller's.  Thread: the loop's, or before it runs. */
int listener_start(struct listener *l, struct loop *loop, int fd);

/* Idempotent.  Thread: the loop's. */
void listener_stop(struct listener *l);

/* "1.2.3.4:5" or "[::1]:5". */
void listen_put_address(struct buf *b, const struct sockaddr_storage *a);

#endif /* NET_LISTEN_H */
