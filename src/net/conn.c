/* net/conn.c - one socket: bytes in, bytes out, never a wait. */
#include "net/conn.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/err.h"

enum {
	READ_BYTES   = 128 * 1024,	/* the worker's read block */
	LARGE_MIN    = 8 * 1024,	/* an operation that gets its own block */
	SMALL_CHUNK  = 4 * 1024,
	LARGE_CHUNK  = CONN_RESERVE_MAX,
	SPARE_BYTES  = 2 * 1024 * 1024,	/* kept of each size of chunk */
	IOV_PER_SEND = 64,
};
/* Of a turn, for preparing connections: others wait so long for a handshake. */
#define PREPARE_NS (300 * NS_PER_US)

struct chunk {
	struct chunk *next;
	const char   *data;	/* bytes, or a place in block */
	size_t        off, len, cap;	/* cap 0: a reference */
	struct block *block;
	char          bytes[];
};

/* ---- the pool ------------------------------------------------------------ */

int conn_pool_init(struct conn_pool *p, struct loop *loop)
{
	*p = (struct conn_pool){ .loop = loop };
	list_init(&p->held);
	list_init(&p->preparing);
	p->read_block = block_create(READ_BYTES);
	return p->read_block == NULL ? ERR_NOMEM : 0;
}

void conn_pool_fini(struct conn_pool *p)
{
	for (int size = 0; size < 2; size++)
		while (p->spare[size] != NULL) {
			struct chunk *k = p->spare[size];

			p->spare[size] = k->next;
			free(k);
		}
	block_unref(p->read_block);
	*p = (struct conn_pool){ 0 };
}

static struct chunk *chunk_take(struct conn_pool *p, size_t want)
{
	int           size = want > SMALL_CHUNK;
	size_t        cap = size ? LARGE_CHUNK : SMALL_CHUNK;
	struct chunk *k = p->spare[size];

	if (k != NULL) {
		p->spare[size] = k->next;
		p->n_spare[size]--;
	} else {
		k = malloc(sizeof *k + cap);
		if (k == NULL)
			return NULL;
	}
	*k = (struct chunk){ .data = k->bytes, .cap = cap };
	return k;
}

static void chunk_drop(struct conn_pool *p, struct chunk *k)
{
	int size = k->cap > SMALL_CHUNK;

	if (k->cap == 0 || p->n_spare[size] * k->cap >= SPARE_BYTES) {
		block_unref(k->block);
		free(k);
		return;
	}
	k->next = p->spare[size];
	p->spare[size] = k;
	p->n_spare[size]++;
}

/* The read block, ours alone: who still points into the last one keeps it. */
static struct block *read_block(struct conn_pool *p)
{
	struct block *fresh;

	if (block_is_mine(p->read_block))
		return p->read_block;
	fresh = block_create(READ_BYTES);
	if (fresh == NULL)
		return NULL;
	block_unref(p->read_block);
	p->read_block = fresh;
	return fresh;
}

/* ---- plain sockets ------------------------------------------------------- */

static ssize_t plain_recv(struct conn *c, void *to, size_t n)
{
	return recv(c->watch.fd, to, n, 0);
}

static ssize_t plain_send(struct conn *c, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)n };

	if (n == 1)
		return send(c->watch.fd, iov->iov_base, iov->iov_len,
		    MSG_NOSIGNAL);
	return sendmsg(c->watch.fd, &msg, MSG_NOSIGNAL);
}

const struct conn_io conn_plain = { .recv = plain_recv, .send = plain_send };

/* ---- output -------------------------------------------------------------- */

static void touch(struct conn *c)
{
	if (c->is_touched)
		return;
	c->is_touched = true;
	c->next_touched = c->pool->touched;
	c->pool->touched = c;
}

static void append_chunk(struct conn *c, struct chunk *k)
{
	k->next = NULL;
	if (c->out == NULL)
		c->out = k;
	else
		c->out_last->next = k;
	c->out_last = k;
}

char *conn_reserve(struct conn *c, size_t n)
{
	struct chunk *k = c->out_last;

	if (k != NULL && k->cap - k->len >= n && k->cap != 0)
		return k->bytes + k->len;
	assert(n <= CONN_RESERVE_MAX);
	/* A second chunk in one queue means that it is busy. */
	k = chunk_take(c->pool, c->out != NULL ? LARGE_CHUNK : n);
	if (k == NULL)
		return NULL;
	append_chunk(c, k);
	return k->bytes;
}

void conn_added(struct conn *c, size_t n)
{
	c->out_last->len += n;
	c->pending += n;
	c->pool->pending += n;
	touch(c);
}

bool conn_put(struct conn *c, const void *p, size_t n)
{
	while (n > 0) {
		size_t part = n < CONN_RESERVE_MAX ? n : CONN_RESERVE_MAX;
		char  *to = conn_reserve(c, part);

		if (to == NULL)
			return false;
		memcpy(to, p, part);
		conn_added(c, part);
		p = (const char *)p + part;
		n -= part;
	}
	return true;
}

bool conn_put_ref(struct conn *c, struct block *block, struct slice bytes)
{
	struct chunk *k = malloc(sizeof *k);

	if (k == NULL)
		return false;
	*k = (struct chunk){ .data = bytes.p, .len = bytes.n,
		.block = block_ref(block) };
	append_chunk(c, k);
	c->pending += bytes.n;
	c->pool->pending += bytes.n;
	touch(c);
	return true;
}

static void drop_sent(struct conn *c, size_t n)
{
	c->pending -= n;
	c->pool->pending -= n;
	c->n_sent += n;
	c->sent_ns = loop_now_ns(c->pool->loop);
	while (n > 0 || (c->out != NULL && c->out->off == c->out->len)) {
		struct chunk *k = c->out;
		size_t        left = k->len - k->off;

		if (n < left) {
			k->off += n;
			return;
		}
		n -= left;
		c->out = k->next;
		chunk_drop(c->pool, k);
	}
	if (c->out == NULL)
		c->out_last = NULL;
}

static int gather(const struct conn *c, struct iovec *iov)
{
	int n = 0;

	for (struct chunk *k = c->out; k != NULL && n < IOV_PER_SEND;
	    k = k->next)
		if (k->len > k->off)
			iov[n++] = (struct iovec){
				(char *)(uintptr_t)(k->data + k->off),
				k->len - k->off };
	return n;
}

/* While it waits for its share of a turn it would be ready all the time; lent,
 * even by an end or error, which the kernel tells of unasked: once, then. */
static uint32_t preparing_events(const struct conn *c)
{
	if (c->is_lent)
		return (uint32_t)EPOLLET;
	if (list_is_linked(&c->held_link))
		return 0;
	return c->prepares_out ? EPOLLOUT : EPOLLIN;
}

static void rewatch(struct conn *c)
{
	loop_rewatch(c->pool->loop, &c->watch, c->is_preparing
	    ? preparing_events(c) : (c->is_paused ? 0 : (uint32_t)EPOLLIN) |
	    (c->is_watching_out ? (uint32_t)EPOLLOUT : 0));
}

static void watch_output(struct conn *c, bool on)
{
	if (c->is_watching_out == on)
		return;
	c->is_watching_out = on;
	rewatch(c);
}

void conn_restart_blockage(struct conn *c)
{
	c->blocked_ns = loop_now_ns(c->pool->loop);
	c->blocked_until = c->n_sent + c->pending;
}

/* A blockage lasts until what was queued when it began is sent: a peer that
 * takes a byte now and then does not escape its deadline. */
static void note_blocked(struct conn *c)
{
	watch_output(c, true);
	if (c->blocked_ns != 0 && c->n_sent < c->blocked_until)
		return;
	conn_restart_blockage(c);
	c->ops->blocked(c);
}

unsigned conn_n_chunks(const struct conn *c)
{
	unsigned n = 0;

	for (struct chunk *k = c->out; k != NULL; k = k->next)
		n++;
	return n;
}

static void note_drained(struct conn *c)
{
	watch_output(c, false);
	if (c->blocked_ns == 0)
		return;
	c->blocked_ns = 0;
	c->ops->drained(c);
}

void conn_flush(struct conn *c)
{
	struct iovec iov[IOV_PER_SEND] NOT_ZEROED;

	if (c->is_preparing)
		return;
	while (c->pending > 0) {
		ssize_t n = c->io->send(c, iov, gather(c, iov));

		if (n > 0) {
			drop_sent(c, (size_t)n);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			c->ops->ended(c, CONN_WRITE_ERROR);
			return;
		} else {
			note_blocked(c);
			return;
		}
	}
	note_drained(c);
}

/* A queue that stays must not hold on to the worker's read block. */
static void settle(struct conn *c)
{
	struct chunk **at = &c->out, *last = NULL;

	for (; *at != NULL; last = *at, at = &last->next) {
		struct chunk *k = *at, *own;

		if (k->block != c->pool->read_block)
			continue;
		own = malloc(sizeof *own + (k->len - k->off));
		if (own == NULL)
			return;
		*own = (struct chunk){ .next = k->next, .data = own->bytes,
			.len = k->len - k->off };
		memcpy(own->bytes, k->data + k->off, own->len);
		*at = own;
		if (c->out_last == k)
			c->out_last = own;
		chunk_drop(c->pool, k);
	}
}

void conn_pool_flush(struct conn_pool *p)
{
	while (p->touched != NULL) {
		struct conn *c = p->touched;

		p->touched = c->next_touched;
		c->is_touched = false;
		if (!conn_is_open(c))
			continue;
		conn_flush(c);
		if (conn_is_open(c) && c->pending > 0)
			settle(c);
	}
}

/* ---- input --------------------------------------------------------------- */

static void forget_aside(struct conn *c)
{
	free(c->aside);
	c->aside = NULL;
	c->aside_n = c->aside_cap = 0;
}

static bool put_aside(struct conn *c, struct slice left)
{
	if (left.n > c->aside_cap) {
		char *p = realloc(c->aside, left.n);

		if (p == NULL)
			return false;
		c->aside = p;
		c->aside_cap = (uint32_t)left.n;
	}
	memcpy(c->aside, left.p, left.n);
	c->aside_n = (uint32_t)left.n;
	return true;
}

/* What the owner did not consume waits for more.  Small: copied aside.  Known
 * to be large: in a block of its own. */
static bool keep(struct conn *c, struct slice left, size_t need)
{
	if (left.n == 0) {
		forget_aside(c);
		return true;
	}
	if (need < LARGE_MIN && left.n < READ_BYTES / 2)
		return put_aside(c, left);
	forget_aside(c);
	if (need <= left.n)
		need = left.n * 2;
	c->large = block_create(need);
	if (c->large == NULL)
		return false;
	memcpy(c->large->data, left.p, left.n);
	c->large_n = left.n;
	return true;
}

/* The block stays as it is until the rest has been consumed; the worker takes
 * another one to read into. */
static void hold(struct conn *c, struct slice rest, struct block *block)
{
	if (c->held != block) {
		block_unref(c->held);
		c->held = block_ref(block);
	}
	c->held_rest = rest;
	forget_aside(c);
	if (!list_is_linked(&c->held_link))
		list_append(&c->pool->held, &c->held_link);
	loop_again(c->pool->loop);
}

static void let_go(struct conn *c)
{
	list_remove(&c->held_link);
	if (c->held == NULL)
		return;
	block_unref(c->held);
	c->held = NULL;
}

/* No event will tell of what io has read already. */
static void look_for_more(struct conn *c)
{
	if (c->io->has_more == NULL || list_is_linked(&c->held_link) ||
	    !c->io->has_more(c))
		return;
	list_append(&c->pool->held, &c->held_link);
	loop_again(c->pool->loop);
}

static void show(struct conn *c, struct slice in, struct block *block)
{
	size_t       need = 0, used = c->ops->input(c, in, block, &need);
	struct slice rest;

	if (!conn_is_open(c))
		return;
	assert(used <= in.n);
	rest = slice_skip(in, used);
	if (need == CONN_YIELD && rest.n > 0)
		hold(c, rest, block);
	else if (!keep(c, rest, need == CONN_YIELD ? 0 : need))
		c->ops->ended(c, CONN_READ_ERROR);
	else if (c->held != NULL)
		let_go(c);
}

static void read_more(struct conn *c);

static void go_on(struct conn *c)
{
	struct block *b;

	if (c->held == NULL) {
		read_more(c);
		return;
	}
	b = block_ref(c->held);		/* it may end meanwhile */
	show(c, c->held_rest, b);
	block_unref(b);
	if (conn_is_open(c) && c->held == NULL)
		look_for_more(c);
}

static void go_on_with_held(struct conn_pool *p)
{
	struct list turn;

	/* Those that yield again wait for the next turn. */
	list_init(&turn);
	while (!list_is_empty(&p->held))
		list_append(&turn, list_take(&p->held));
	while (!list_is_empty(&turn)) {
		struct conn *c = CONTAINER_OF(list_take(&turn), struct conn,
		    held_link);

		if (c->is_paused)
			list_append(&p->held, &c->held_link);
		else
			go_on(c);
	}
}

static void go_on_preparing(struct conn_pool *p)
{
	int64_t until = clock_ns() + PREPARE_NS;

	do {
		struct conn *c = CONTAINER_OF(list_take(&p->preparing),
		    struct conn, held_link);

		c->io->prepare(c);
	} while (!list_is_empty(&p->preparing) && clock_ns() < until);
	if (!list_is_empty(&p->preparing))
		loop_again(p->loop);
}

void conn_pool_go_on(struct conn_pool *p)
{
	if (!list_is_empty(&p->held))
		go_on_with_held(p);
	if (!list_is_empty(&p->preparing))
		go_on_preparing(p);
}

/* The bytes behind what is already at to; false: nothing came. */
static bool receive(struct conn *c, char *to, size_t cap, size_t *ret)
{
	ssize_t n = c->io->recv(c, to, cap);

	if (n > 0) {
		*ret = (size_t)n;
		return true;
	}
	if (n == 0)
		c->ops->ended(c, CONN_EOF);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		c->ops->ended(c, CONN_READ_ERROR);
	return false;
}

static void read_large(struct conn *c)
{
	struct block *b = c->large;
	size_t        n;

	if (!receive(c, b->data + c->large_n, b->cap - c->large_n, &n))
		return;
	c->large_n += n;
	if (c->large_n < b->cap)
		return;
	c->large = NULL;
	show(c, slice_of(b->data, c->large_n), b);
	block_unref(b);
}

static void read_some(struct conn *c)
{
	struct block *b = read_block(c->pool);
	size_t        n, have = c->aside_n, room;

	if (b == NULL) {
		c->ops->ended(c, CONN_READ_ERROR);
		return;
	}
	room = b->cap - have;
	if (c->read_max != 0 && c->read_max < room)
		room = c->read_max;
	if (have > 0)
		memcpy(b->data, c->aside, have);
	if (receive(c, b->data + have, room, &n))
		show(c, slice_of(b->data, have + n), b);
}

void conn_show_again(struct conn *c)
{
	struct block *b = c->large;
	size_t        n = c->large_n;

	if (c->held != NULL || (b == NULL && c->aside_n == 0))
		return;
	if (b == NULL) {
		n = c->aside_n;
		b = block_create(n);
		if (b == NULL) {
			c->ops->ended(c, CONN_READ_ERROR);
			return;
		}
		memcpy(b->data, c->aside, n);
	}
	c->large = NULL;
	hold(c, slice_of(b->data, n), b);
	block_unref(b);
}

static void read_more(struct conn *c)
{
	if (c->large != NULL)
		read_large(c);
	else
		read_some(c);
	if (conn_is_open(c) && c->held == NULL)
		look_for_more(c);
}

/* ---- preparation --------------------------------------------------------- */

/* Who is on the way goes before those that only begin: it is better that some
 * are ready than that all have begun. */
static void queue_preparing(struct conn *c, bool goes_first)
{
	struct conn_pool *p = c->pool;

	if (list_is_linked(&c->held_link))
		return;
	list_append(goes_first ? p->preparing.next : &p->preparing,
	    &c->held_link);
	rewatch(c);
	loop_again(p->loop);
}

void conn_prepare(struct conn *c, const struct conn_io *io, void *io_state,
    bool at_once)
{
	assert(c->held == NULL);
	list_remove(&c->held_link);
	c->io = io;
	c->io_state = io_state;
	c->is_preparing = true;
	c->prepares_out = c->has_begun = c->is_lent = false;
	if (at_once)
		queue_preparing(c, false);
	else
		rewatch(c);
}

void conn_await(struct conn *c, bool wants_out)
{
	c->prepares_out = wants_out;
	c->has_begun = true;
	c->is_lent = false;
	rewatch(c);
}

void conn_lend(struct conn *c)
{
	c->is_lent = true;
	rewatch(c);
}

void conn_go_first(struct conn *c)
{
	c->is_lent = false;
	queue_preparing(c, true);
}

bool conn_is_due(const struct conn *c)
{
	return c->is_preparing && (c->is_lent ||
	    list_is_linked(&c->held_link));
}

void conn_prepared(struct conn *c, const struct conn_io *io, void *io_state)
{
	c->io = io;
	c->io_state = io_state;
	c->is_preparing = c->is_lent = false;
	rewatch(c);
	if (c->pending > 0)
		touch(c);
	/* What came with the last bytes of the preparation. */
	if (!list_is_linked(&c->held_link)) {
		list_append(&c->pool->held, &c->held_link);
		loop_again(c->pool->loop);
	}
}

static void ready(struct watch *w, uint32_t events)
{
	struct conn *c = CONTAINER_OF(w, struct conn, watch);

	if (c->is_preparing) {
		if (!c->is_lent)
			queue_preparing(c, c->has_begun);
		return;
	}
	if (events & EPOLLOUT)
		conn_flush(c);
	if (!conn_is_open(c) || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (c->is_paused && !(events & (EPOLLHUP | EPOLLERR)))
		return;
	if (c->held != NULL)
		return;		/* it has enough, and its turn is to come */
	read_more(c);
}

/* ---- life ---------------------------------------------------------------- */

int conn_open(struct conn *c, struct conn_pool *p, int fd,
    const struct conn_ops *ops)
{
	int err;

	*c = (struct conn){ .watch = { fd, ready }, .ops = ops, .io = &conn_plain,
		.pool = p, .sent_ns = loop_now_ns(p->loop) };
	err = loop_watch(p->loop, &c->watch, EPOLLIN);
	if (err != 0)
		c->watch.fd = -1;
	return err;
}

void conn_close(struct conn *c)
{
	if (!conn_is_open(c))
		return;
	loop_unwatch(c->pool->loop, &c->watch);
	if (c->io->close == NULL || !c->io->close(c))
		close(c->watch.fd);
	c->io = &conn_plain;
	c->io_state = NULL;
	c->watch.fd = -1;
	c->is_lent = false;
	c->pool->pending -= c->pending;
	c->pending = 0;
	while (c->out != NULL) {
		struct chunk *k = c->out;

		c->out = k->next;
		chunk_drop(c->pool, k);
	}
	c->out_last = NULL;
	forget_aside(c);
	block_unref(c->large);
	c->large = NULL;
	let_go(c);
}

bool conn_is_quiet(const struct conn *c)
{
	return c->pending == 0 && !c->is_touched && c->held == NULL &&
	    !c->is_lent && !list_is_linked(&c->held_link);
}

void conn_detach(struct conn *c)
{
	assert(conn_is_quiet(c));
	loop_unwatch(c->pool->loop, &c->watch);
	c->pool = NULL;
}

int conn_attach(struct conn *c, struct conn_pool *p)
{
	c->pool = p;
	c->is_paused = c->is_watching_out = false;
	return loop_watch(p->loop, &c->watch, EPOLLIN);
}

static void watch_input(struct conn *c, bool on)
{
	c->is_paused = !on;
	if (conn_is_open(c))
		rewatch(c);
}

void conn_limit_input(struct conn *c, size_t n)
{
	c->read_max = n;
}

void conn_pause(struct conn *c)
{
	if (!c->is_paused)
		watch_input(c, false);
}

void conn_resume(struct conn *c)
{
	if (!c->is_paused)
		return;
	watch_input(c, true);
	if (list_is_linked(&c->held_link))
		loop_again(c->pool->loop);
}
