/* test/unit/net/conn_test.c - pairs with src/net/conn.c.
 *
 * A real loop and one end of a socket pair; the other end is played by the
 * test, between turns.  What travels is frames of a length and bytes that
 * follow from their number and place, so that each end can tell what must come
 * next.  Sizes lie around every limit that conn.c has: what is copied aside,
 * what gets a block of its own, chunks small and large, references. */
#include "net/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "net/mesh.h"

#include "check.h"

enum { TURNS_MAX = 60000, FRAMES_MAX = 400, SMALL_SNDBUF = 4096 };

/* ---- frames: three bytes of length, then bytes ----------------------------- */

static uint8_t byte_of(uint64_t frame, size_t at)
{
	return (uint8_t)(frame * 31 + at * 7 + at / 251);
}

/* Writes frame nr of n bytes to `to`; the size of it all. */
static size_t write_frame(char *to, uint64_t nr, size_t n)
{
	to[0] = (char)(n >> 16);
	to[1] = (char)(n >> 8);
	to[2] = (char)n;
	for (size_t i = 0; i < n; i++)
		to[3 + i] = (char)byte_of(nr, i);
	return 3 + n;
}

static size_t length_of(struct slice in)
{
	return (size_t)(uint8_t)in.p[0] << 16 | (size_t)(uint8_t)in.p[1] << 8 |
	    (uint8_t)in.p[2];
}

static void check_frame(struct slice body, uint64_t nr)
{
	for (size_t i = 0; i < body.n; i++)
		if ((uint8_t)body.p[i] != byte_of(nr, i))
			CHECK(false, "frame %llu differs at byte %zu of %zu",
			    (unsigned long long)nr, i, body.n);
}

/* ---- the stage -------------------------------------------------------------- */

struct stage {
	struct conn      conn;	/* first */
	struct conn_pool pool;
	struct mesh     *mesh;
	struct loop     *loop;
	int              peer;
	bool           (*step)(struct stage *s);	/* true: enough */
	unsigned         n_turns, n_waited;

	/* what the owner does with input */
	bool     is_deaf;	/* consumes nothing */
	bool     echoes;	/* as references */
	unsigned yields_after;	/* so many frames; 0: never */
	uint64_t closes_at, pauses_at;	/* frame number + 1; 0: never */

	/* what happened */
	uint64_t n_frames;	/* taken */
	unsigned n_inputs, n_blocked, n_drained, n_ended;
	size_t   shown_max;
	enum conn_end how;

	/* the peer's side */
	char  *out;		/* to be sent to us */
	size_t out_n, out_at, piece;
	uint64_t n_wanted;	/* frames in out */
	char  *got;
	size_t got_n, got_cap;
};

static bool take_frame(struct stage *s, struct slice *in, struct block *block,
    size_t *need)
{
	size_t n;

	if (in->n < 3)
		return false;
	n = 3 + length_of(*in);
	if (in->n < n) {
		*need = n;
		return false;
	}
	check_frame(slice_of(in->p + 3, n - 3), s->n_frames);
	if (s->echoes)
		CHECK(conn_put_ref(&s->conn, block, slice_of(in->p, n)));
	s->n_frames++;
	*in = slice_skip(*in, n);
	return true;
}

static size_t input(struct conn *c, struct slice in, struct block *block,
    size_t *need)
{
	struct stage *s = (struct stage *)c;
	size_t        n = in.n;

	CHECK(in.p >= block->data && in.p + in.n <= block->data + block->cap);
	s->n_inputs++;
	if (in.n > s->shown_max)
		s->shown_max = in.n;
	for (unsigned i = 1; !s->is_deaf && take_frame(s, &in, block, need);
	    i++) {
		if (s->n_frames == s->closes_at)
			conn_close(c);
		if (s->n_frames == s->pauses_at)
			conn_pause(c);
		if (!conn_is_open(c) || c->is_paused)
			break;
		if (i == s->yields_after) {
			*need = CONN_YIELD;
			break;
		}
	}
	return n - in.n;
}

static void ended(struct conn *c, enum conn_end how)
{
	struct stage *s = (struct stage *)c;

	s->n_ended++;
	s->how = how;
	conn_close(c);
}

static void blocked(struct conn *c)
{
	CHECK(c->blocked_ns != 0 && c->pending > 0);
	((struct stage *)c)->n_blocked++;
}

static void drained(struct conn *c)
{
	CHECK_INT(c->pending, 0);
	((struct stage *)c)->n_drained++;
}

static const struct conn_ops ops = { input, ended, blocked, drained };

static void end_turn(void *ctx)
{
	struct stage *s = ctx;

	conn_pool_go_on(&s->pool);
	conn_pool_flush(&s->pool);
	if (s->step(s) || ++s->n_turns == TURNS_MAX)
		loop_stop(s->loop);
	loop_again(s->loop);
}

static void set_stage(struct stage *s)
{
	int fd[2], size = SMALL_SNDBUF;

	*s = (struct stage){ .piece = SIZE_MAX };
	s->mesh = mesh_create(1);
	s->loop = loop_create(s->mesh, 0);
	CHECK(s->loop != NULL);
	loop_set_hooks(s->loop, &(struct loop_hooks){ end_turn, s });
	CHECK_INT(conn_pool_init(&s->pool, s->loop), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	CHECK_INT(conn_open(&s->conn, &s->pool, fd[0], &ops), 0);
	s->peer = fd[1];
}

static void play(struct stage *s, bool (*step)(struct stage *))
{
	s->step = step;
	loop_again(s->loop);
	CHECK_INT(loop_run(s->loop), 0);
	CHECK(s->n_turns < TURNS_MAX, "it does not end");
}

static void strike_stage(struct stage *s)
{
	conn_close(&s->conn);
	CHECK_INT(s->pool.pending, 0, "bytes of nobody");
	CHECK(block_is_mine(s->pool.read_block), "somebody holds the block");
	if (s->peer >= 0)
		close(s->peer);
	conn_pool_fini(&s->pool);
	loop_destroy(s->loop);
	mesh_destroy(s->mesh);
	free(s->out);
	free(s->got);
}

/* ---- the peer ---------------------------------------------------------------- */

static const size_t sizes[] = { 0, 1, 2, 100, 4000, 4093, 4096, 8188, 8189,
	8190, 8192, 9000, 16381, 16384, 40000, 65533, 65536, 65540, 131069,
	131072, 131075, 300000, 5, 0, 20000, 20000, 20000, 3 };

/* The first n frames are what the peer is to send. */
static void write_out(struct stage *s, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += 3 + sizes[i];
	s->out = malloc(all);
	CHECK(s->out != NULL);
	for (size_t i = 0; i < n; i++)
		s->out_n += write_frame(s->out + s->out_n, i, sizes[i]);
	s->n_wanted = n;
}

static void send_piece(struct stage *s)
{
	size_t  n = s->out_n - s->out_at;
	ssize_t k;

	if (n > s->piece)
		n = s->piece;
	k = n == 0 ? 0 : send(s->peer, s->out + s->out_at, n, MSG_NOSIGNAL);
	if (k > 0)
		s->out_at += (size_t)k;
}

/* Up to n bytes of what we were sent. */
static void read_piece(struct stage *s, size_t n)
{
	ssize_t k;

	if (s->got_cap - s->got_n < n) {
		s->got_cap = (s->got_cap + n) * 2;
		s->got = realloc(s->got, s->got_cap);
		CHECK(s->got != NULL);
	}
	k = recv(s->peer, s->got + s->got_n, n, 0);
	if (k > 0)
		s->got_n += (size_t)k;
}

static bool send_all(struct stage *s)
{
	send_piece(s);
	return s->n_frames == s->n_wanted || s->n_ended > 0;
}

/* ---- input ------------------------------------------------------------------- */

enum { FIRST_FEW = 13 };	/* frames up to 16 KB */

static void check_idle(const struct stage *s)
{
	CHECK(s->conn.aside == NULL && s->conn.large == NULL &&
	    s->conn.held == NULL, "an idle connection owns a buffer");
}

static void check_pieces(size_t n_frames, size_t piece, unsigned yields_after)
{
	struct stage s;

	set_stage(&s);
	write_out(&s, n_frames);
	s.piece = piece;
	s.yields_after = yields_after;
	play(&s, send_all);
	CHECK_INT(s.n_frames, n_frames, "in pieces of %zu", piece);
	CHECK_INT(s.n_ended, 0);
	check_idle(&s);
	strike_stage(&s);
}

TEST(frames_of_any_size_arrive_however_they_are_cut)
{
	check_pieces(FIRST_FEW, 3, 0);
	check_pieces(FIRST_FEW, 7, 2);
	check_pieces(N_OF(sizes), 1009, 0);
	check_pieces(N_OF(sizes), 4096, 0);
	check_pieces(N_OF(sizes), 8192, 0);
	check_pieces(N_OF(sizes), 65536, 0);
	check_pieces(N_OF(sizes), SIZE_MAX, 0);
}

TEST(an_owner_that_yields_is_shown_the_rest_later)
{
	check_pieces(N_OF(sizes), 1009, 1);
	check_pieces(N_OF(sizes), SIZE_MAX, 1);
	check_pieces(N_OF(sizes), SIZE_MAX, 3);
}

TEST(a_large_frame_is_read_into_a_block_of_its_own)
{
	struct stage s;

	set_stage(&s);
	write_out(&s, N_OF(sizes));
	s.piece = 5000;
	play(&s, send_all);
	CHECK(s.shown_max > 300000, "never in one piece");
	/* Shown when it begins and when it is complete, and not between. */
	CHECK(s.n_inputs < s.out_n / 5000 - 60, "shown %u times", s.n_inputs);
	strike_stage(&s);
}

TEST(a_close_in_the_middle_of_input_is_the_end_of_it)
{
	for (uint64_t at = 1; at <= N_OF(sizes); at += 5) {
		struct stage s;

		set_stage(&s);
		write_out(&s, N_OF(sizes));
		s.closes_at = at;
		s.n_wanted = at;
		play(&s, send_all);
		CHECK_INT(s.n_frames, at);
		CHECK_INT(s.n_ended, 0, "its own close is no end by others");
		CHECK(!conn_is_open(&s.conn));
		strike_stage(&s);
	}
}

static bool wait_a_while(struct stage *s)
{
	send_piece(s);
	return s->n_turns > 300;
}

TEST(a_paused_connection_reads_nothing_until_it_is_resumed)
{
	struct stage s;

	set_stage(&s);
	write_out(&s, N_OF(sizes));
	s.pauses_at = 4;
	play(&s, wait_a_while);
	CHECK_INT(s.n_frames, 4);
	conn_resume(&s.conn);
	CHECK(!s.conn.is_paused);
	conn_pause(&s.conn);
	conn_resume(&s.conn);
	conn_resume(&s.conn);
	strike_stage(&s);
}

static bool resume_in_time(struct stage *s)
{
	if (s->conn.is_paused && ++s->n_waited == 50) {
		CHECK_INT(s->n_frames, s->pauses_at);
		s->pauses_at += 7;
		s->n_waited = 0;
		conn_resume(&s->conn);
		conn_show_again(&s->conn);
	}
	return send_all(s);
}

TEST(what_was_kept_through_a_pause_is_shown_again)
{
	static const size_t pieces[] = { 700, 65536, SIZE_MAX };

	for (size_t i = 0; i < N_OF(pieces); i++) {
		struct stage s;

		set_stage(&s);
		write_out(&s, N_OF(sizes));
		s.pauses_at = 6;
		s.piece = pieces[i];
		play(&s, resume_in_time);
		CHECK_INT(s.n_frames, N_OF(sizes));
		check_idle(&s);
		strike_stage(&s);
	}
}

static bool hear_at_last(struct stage *s)
{
	if (s->n_turns == 100)
		s->is_deaf = false;
	return send_all(s);
}

TEST(what_is_not_consumed_is_shown_again_with_more)
{
	struct stage s;

	set_stage(&s);
	write_out(&s, N_OF(sizes));
	s.piece = 5000;
	s.is_deaf = true;
	play(&s, hear_at_last);
	CHECK_INT(s.n_frames, N_OF(sizes));
	strike_stage(&s);
}

TEST(a_limit_bounds_what_is_kept)
{
	struct stage s;

	set_stage(&s);
	write_out(&s, N_OF(sizes));
	s.is_deaf = true;
	conn_limit_input(&s.conn, 1000);
	s.n_turns = 298;		/* three turns of 1000 bytes */
	play(&s, wait_a_while);
	CHECK(s.shown_max > 0 && s.shown_max <= 4000, "%zu bytes",
	    s.shown_max);
	strike_stage(&s);
}

static bool leave(struct stage *s)
{
	if (s->peer >= 0 && s->n_frames == s->n_wanted) {
		close(s->peer);
		s->peer = -1;
	} else if (s->peer >= 0) {
		send_piece(s);
	}
	return s->n_ended > 0;
}

TEST(the_peer_may_leave)
{
	struct stage s;

	set_stage(&s);
	write_out(&s, FIRST_FEW);
	play(&s, leave);
	CHECK_INT(s.n_ended, 1);
	CHECK_INT(s.how, CONN_EOF);
	CHECK_INT(s.n_frames, FIRST_FEW);
	strike_stage(&s);
}

/* ---- output ------------------------------------------------------------------ */

static void check_got(const struct stage *s, uint64_t n_frames)
{
	struct slice in = { s->got, s->got_n };

	for (uint64_t nr = 0; nr < n_frames; nr++) {
		size_t n;

		CHECK(in.n >= 3, "frame %llu is missing",
		    (unsigned long long)nr);
		n = length_of(in);
		CHECK_INT(n, sizes[nr % N_OF(sizes)]);
		CHECK(in.n >= 3 + n);
		check_frame(slice_of(in.p + 3, n), nr);
		in = slice_skip(in, 3 + n);
	}
	CHECK_INT(in.n, 0, "more than was sent");
}

/* A frame in parts: reserved, copied, referenced. */
static void put_frame(struct stage *s, uint64_t nr, bool in_block)
{
	size_t        n = sizes[nr % N_OF(sizes)] + 3;
	struct block *b = block_create(n);
	char         *to;

	CHECK(b != NULL);
	write_frame(b->data, nr, n - 3);
	if (in_block) {
		to = conn_reserve(&s->conn, 3);
		CHECK(to != NULL);
		memcpy(to, b->data, 3);
		conn_added(&s->conn, 3);
		CHECK(conn_put_ref(&s->conn, b, slice_of(b->data + 3, n - 3)));
	} else {
		CHECK(conn_put(&s->conn, b->data, n));
	}
	block_unref(b);
}

static bool read_all(struct stage *s)
{
	read_piece(s, s->piece);
	return s->conn.pending == 0 && s->got_n == s->conn.n_sent;
}

static void check_output(size_t piece, unsigned refs_of_4)
{
	struct stage s;
	uint64_t     all = 0;

	set_stage(&s);
	s.piece = piece;
	for (uint64_t nr = 0; nr < 2 * N_OF(sizes); nr++) {
		put_frame(&s, nr, nr % 4 < refs_of_4);
		all += 3 + sizes[nr % N_OF(sizes)];
		CHECK_INT(s.conn.pending, all);
		CHECK_INT(s.pool.pending, all);
	}
	play(&s, read_all);
	CHECK_INT(s.conn.n_sent, all);
	CHECK_INT(conn_n_chunks(&s.conn), 0);
	CHECK(s.n_blocked > 0, "a small socket took it all");
	CHECK_INT(s.n_drained, 1);
	CHECK_INT(s.conn.blocked_ns, 0);
	check_got(&s, 2 * N_OF(sizes));
	strike_stage(&s);
}

TEST(what_was_put_is_sent_in_order_however_slowly_it_is_read)
{
	for (unsigned refs = 0; refs <= 4; refs++) {
		check_output(3001, refs);
		check_output(100000, refs);
	}
}

/* The peer does not read until all has come, so that what is echoed stays
 * queued while the read block is used again and again. */
static bool send_then_read(struct stage *s)
{
	send_piece(s);
	if (s->n_frames == s->n_wanted)
		read_piece(s, 50000);
	CHECK(block_is_mine(s->pool.read_block),
	    "a queue that stays holds the read block");
	return s->n_frames == s->n_wanted && s->conn.pending == 0 &&
	    s->got_n == s->conn.n_sent;
}

TEST(references_that_stay_queued_let_the_read_block_go)
{
	static const size_t pieces[] = { 999, 30000, SIZE_MAX };

	for (size_t i = 0; i < N_OF(pieces); i++) {
		struct stage s;

		set_stage(&s);
		write_out(&s, N_OF(sizes));
		s.echoes = true;
		s.piece = pieces[i];
		play(&s, send_then_read);
		check_got(&s, N_OF(sizes));
		strike_stage(&s);
	}
}

static bool read_nothing(struct stage *s)
{
	return s->n_turns > 20;
}

TEST(a_close_drops_what_is_queued)
{
	struct stage s;

	set_stage(&s);
	for (uint64_t nr = 0; nr < N_OF(sizes); nr++)
		put_frame(&s, nr, nr % 2);
	play(&s, read_nothing);
	CHECK(s.conn.pending > 0 && s.conn.n_sent > 0);
	conn_close(&s.conn);
	conn_close(&s.conn);
	CHECK_INT(s.conn.pending, 0);
	CHECK_INT(s.n_drained + s.n_ended, 0);
	strike_stage(&s);
}

static bool leave_unread(struct stage *s)
{
	if (s->n_turns == 5) {
		close(s->peer);
		s->peer = -1;
	}
	return s->n_ended > 0;
}

TEST(output_to_who_has_left_ends_once)
{
	struct stage s;

	set_stage(&s);
	put_frame(&s, 21, false);
	play(&s, leave_unread);
	CHECK_INT(s.n_ended, 1);
	strike_stage(&s);
}

/* Takes a little at a time, so that the socket is never drained. */
static bool trickle(struct stage *s)
{
	if (s->n_turns % 5 == 0)
		read_piece(s, 2000);
	return s->n_turns > 150;
}

/* A blockage lasts until what was queued when it began has gone, however often
 * the peer takes a byte. */
TEST(a_trickle_does_not_end_a_blockage)
{
	struct stage s;
	int64_t      began;

	set_stage(&s);
	put_frame(&s, 21, false);	/* 300000 bytes */
	play(&s, trickle);
	CHECK(s.got_n > 20000 && s.conn.pending > 100000);
	CHECK_INT(s.n_blocked, 1, "told once");
	CHECK_INT(s.n_drained, 0);
	began = s.conn.blocked_ns;
	CHECK(began != 0);
	CHECK_INT(s.conn.blocked_until, 300003);
	conn_restart_blockage(&s.conn);
	CHECK(s.conn.blocked_ns >= began);
	CHECK_INT(s.conn.blocked_until, 300003);
	strike_stage(&s);
}

/* What came behind is a blockage of its own, told anew. */
static bool trickle_and_put(struct stage *s)
{
	read_piece(s, 20000);
	if (s->n_turns == 3)
		put_frame(s, 21, false);
	return s->conn.pending == 0 && s->got_n == s->conn.n_sent;
}

TEST(who_never_catches_up_is_blocked_again)
{
	struct stage s;

	set_stage(&s);
	put_frame(&s, 21, false);
	play(&s, trickle_and_put);
	CHECK_INT(s.n_blocked, 2);
	CHECK_INT(s.n_drained, 1);
	CHECK_INT(s.got_n, 600006);
	strike_stage(&s);
}

/* ---- several ----------------------------------------------------------------- */

TEST(a_descriptor_that_cannot_be_watched_stays_the_callers)
{
	struct stage s;
	struct conn  c;
	int          fd = open("/dev/null", O_RDONLY);	/* not for epoll */

	set_stage(&s);
	CHECK(conn_open(&c, &s.pool, fd, &ops) != 0);
	CHECK(!conn_is_open(&c));
	CHECK(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	strike_stage(&s);
}
