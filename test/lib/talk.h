/* test/lib/talk.h - a peer of the server, for tests that run it inside.
 *
 * A blocking socket and just enough of the protocol: lines, and the bytes
 * behind a MSG.  What the tests check is therefore checked against the wire,
 * not against our own parser.
 */
#ifndef TEST_LIB_TALK_H
#define TEST_LIB_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct talk {
	int    fd;		/* -1: closed */
	char  *p;		/* received */
	size_t n, at, cap;	/* at: read so far */
	size_t piece;		/* bytes to receive at once; 0: all there is */
};

/* Connects and reads INFO.  false: the server would not. */
bool talk_open(struct talk *t, uint16_t port);
void talk_close(struct talk *t);	/* takes zeroed and closed */

/* All of it, or false. */
bool talk_send(struct talk *t, const void *p, size_t n);
bool talk_say(struct talk *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The next line, without its end; borrowed until the next call.  false: the
 * end, or nothing for ten seconds. */
bool talk_line(struct talk *t, struct slice *line);

/* n bytes and the CRLF behind them. */
bool talk_payload(struct talk *t, size_t n, struct slice *ret);

/* Nothing for so long ends the wait; 0: ten seconds. */
void talk_set_patience(struct talk *t, int ms);

struct talk_msg {
	struct slice subject, sid, payload;	/* borrowed until the next call */
};

/* The next MSG (no reply subject, no headers); PINGs are answered.  false: the
 * end, patience, or a line that is not expected, left in *line. */
bool talk_msg(struct talk *t, struct talk_msg *ret, struct slice *line);

/* PING, and everything up to the PONG is dropped. */
bool talk_ping(struct talk *t);

#endif /* TEST_LIB_TALK_H */
