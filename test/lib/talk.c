/* test/lib/talk.c - a peer of the server, for tests that run it inside. */
#include "talk.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FIRST_CAP = 16 * 1024, PATIENCE_MS = 10000 };

void talk_set_patience(struct talk *t, int ms)
{
	struct timeval tv;

	ms = ms == 0 ? PATIENCE_MS : ms;
	tv = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

bool talk_open(struct talk *t, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct slice       line;

	*t = (struct talk){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
	    0) };
	if (t->fd < 0)
		return false;
	talk_set_patience(t, 0);
	if (connect(t->fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	    talk_line(t, &line) && slice_has_prefix(line, SLICE("INFO {")))
		return true;
	talk_close(t);
	return false;
}

void talk_close(struct talk *t)
{
	if (t->fd >= 0 && t->cap + t->n + (size_t)t->fd > 0)
		close(t->fd);
	free(t->p);
	*t = (struct talk){ .fd = -1 };
}

bool talk_send(struct talk *t, const void *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(t->fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		p = (const char *)p + k;
		n -= (size_t)k;
	}
	return true;
}

bool talk_say(struct talk *t, const char *fmt, ...)
{
	char    text[1024];
	va_list ap;
	int     n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return n > 0 && n < (int)sizeof text && talk_send(t, text, (size_t)n);
}

/* More bytes behind those that are here. */
static bool receive(struct talk *t)
{
	size_t  room;
	ssize_t k;

	if (t->at > 0) {
		memmove(t->p, t->p + t->at, t->n - t->at);
		t->n -= t->at;
		t->at = 0;
	}
	if (t->n == t->cap) {
		size_t cap = t->cap == 0 ? FIRST_CAP : t->cap * 2;
		char  *p = realloc(t->p, cap);

		if (p == NULL)
			return false;
		t->p = p;
		t->cap = cap;
	}
	room = t->cap - t->n;
	if (t->piece > 0 && t->piece < room)
		room = t->piece;
	k = recv(t->fd, t->p + t->n, room, 0);
	t->n += k > 0 ? (size_t)k : 0;
	return k > 0;
}

bool talk_line(struct talk *t, struct slice *line)
{
	size_t searched = 0;

	for (;;) {
		size_t      n = t->n - t->at;
		const char *lf = n == searched ? NULL
		    : memchr(t->p + t->at + searched, '\n', n - searched);

		if (lf != NULL) {
			*line = slice_of(t->p + t->at,
			    (size_t)(lf - t->p) - t->at);
			t->at += line->n + 1;
			if (line->n > 0 && line->p[line->n - 1] == '\r')
				line->n--;
			return true;
		}
		searched = n;
		if (!receive(t))
			return false;
	}
}

static bool have(struct talk *t, size_t n)
{
	while (t->n - t->at < n)
		if (!receive(t))
			return false;
	return true;
}

bool talk_payload(struct talk *t, size_t n, struct slice *ret)
{
	if (!have(t, n + 2))
		return false;
	*ret = slice_of(t->p + t->at, n);
	t->at += n + 2;
	return memcmp(ret->p + n, "\r\n", 2) == 0;
}

/* Where in "MSG subject sid size" the three words begin. */
static bool split_msg(struct slice line, size_t at[3])
{
	unsigned n = 0;

	if (!slice_has_prefix(line, SLICE("MSG ")))
		return false;
	for (size_t i = 3; i + 1 < line.n; i++) {
		if (line.p[i] != ' ')
			continue;
		if (n == 3)
			return false;
		at[n++] = i + 1;
	}
	return n == 3;
}

bool talk_msg(struct talk *t, struct talk_msg *ret, struct slice *line)
{
	size_t at[3], line_n, size;	/* the line moves when more comes */

	do {
		if (!talk_line(t, line)) {
			*line = SLICE_NONE;
			return false;
		}
		if (slice_eq(*line, SLICE("PING")) && !talk_say(t, "PONG\r\n"))
			return false;
	} while (slice_eq(*line, SLICE("PING")) ||
	    slice_has_prefix(*line, SLICE("INFO ")));
	if (!split_msg(*line, at))
		return false;
	size = strtoul(line->p + at[2], NULL, 10);	/* CR ends it */
	line_n = line->n;
	t->at -= line_n + 2;
	if (!have(t, line_n + 2 + size + 2))
		return false;
	*line = slice_of(t->p + t->at, line_n);
	ret->subject = slice_of(line->p + at[0], at[1] - at[0] - 1);
	ret->sid = slice_of(line->p + at[1], at[2] - at[1] - 1);
	t->at += line_n + 2;
	return talk_payload(t, size, &ret->payload);
}

bool talk_ping(struct talk *t)
{
	struct slice line;

	if (!talk_say(t, "PING\r\n"))
		return false;
	while (talk_line(t, &line)) {
		struct slice    body;
		const char     *size;

		if (slice_eq(line, SLICE("PONG")))
			return true;
		if (!slice_has_prefix(line, SLICE("MSG ")) &&
		    !slice_has_prefix(line, SLICE("HMSG ")))
			continue;
		size = line.p + line.n;
		while (size[-1] != ' ')
			size--;
		if (!talk_payload(t, (size_t)strtoul(size, NULL, 10), &body))
			return false;
	}
	return false;
}
