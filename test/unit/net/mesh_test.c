/* test/unit/net/mesh_test.c - pairs with src/net/mesh.c.
 *
 * One thread plays all members.  What is posted arrives, in order, once, also
 * when rings are full; the bell rings for sleepers only, and once.  Between
 * threads: test/stress/mesh_stress.c. */
#include "net/mesh.h"

#include <poll.h>
#include <unistd.h>

#include "base/list.h"

#include "check.h"

struct letter {
	struct mail mail;
	unsigned    nr;
};

/* What a member got. */
struct inbox {
	unsigned n, next;
};

static void deliver(struct mail *m, void *receiver)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);
	struct inbox  *in = receiver;

	CHECK_INT(l->nr, in->next, "out of order");
	in->next++;
	in->n++;
	free(l);
}

static void post(struct mesh *m, unsigned from, unsigned to, unsigned nr)
{
	struct letter *l = malloc(sizeof *l);

	CHECK(l != NULL);
	*l = (struct letter){ .mail.deliver = deliver, .nr = nr };
	mesh_post(m, from, to, &l->mail);
}

static bool is_rung(const struct mesh *m, unsigned member)
{
	struct pollfd p = { .fd = mesh_bell(m, member), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void hush(const struct mesh *m, unsigned member)
{
	uint64_t n;

	CHECK_INT(read(mesh_bell(m, member), &n, sizeof n), sizeof n);
	CHECK_INT(n, 1, "rung more than once");
}

TEST(mail_arrives_in_order)
{
	struct mesh *m = mesh_create(3);
	struct inbox in = { 0 };

	for (unsigned i = 0; i < 100; i++)
		post(m, 0, 2, i);
	CHECK_INT(mesh_drain(m, 1, &in), 0, "not for this one");
	CHECK_INT(mesh_drain(m, 2, &in), 100);
	CHECK_INT(mesh_drain(m, 2, &in), 0);
	mesh_destroy(m);
}

TEST(members_write_to_themselves)
{
	struct mesh *m = mesh_create(1);
	struct inbox in = { 0 };

	post(m, 0, 0, 0);
	CHECK(!mesh_may_sleep(m, 0), "there is mail");
	CHECK_INT(mesh_drain(m, 0, &in), 1);
	CHECK(mesh_may_sleep(m, 0));
	mesh_destroy(m);
}

/* More than any ring holds: the rest waits, in order, and new mail behind. */
TEST(a_full_ring_loses_nothing)
{
	enum { LETTERS = 5000 };
	struct mesh *m = mesh_create(2);
	struct inbox in = { 0 };
	unsigned     nr = 0, rounds = 0;

	CHECK(!mesh_is_congested(m, 0, 1));
	while (nr < LETTERS)
		post(m, 0, 1, nr++);
	CHECK(mesh_is_congested(m, 0, 1));
	CHECK(!mesh_is_congested(m, 1, 0), "the other direction is not");
	CHECK(!mesh_ring(m, 0), "some still waits");
	while (in.n < nr) {
		CHECK(mesh_drain(m, 1, &in) > 0);
		if (rounds++ == 1)
			for (unsigned i = 0; i < 10; i++)
				post(m, 0, 1, nr++);
		mesh_ring(m, 0);
	}
	CHECK_INT(in.n, LETTERS + 10);
	CHECK(!mesh_is_congested(m, 0, 1));
	CHECK(mesh_ring(m, 0));
	mesh_destroy(m);
}

TEST(the_bell_rings_for_a_sleeper_once)
{
	struct mesh *m = mesh_create(2);
	struct inbox in = { 0 };

	post(m, 0, 1, 0);
	mesh_ring(m, 0);
	CHECK(!is_rung(m, 1), "it was awake");
	CHECK(!mesh_may_sleep(m, 1));
	mesh_drain(m, 1, &in);
	CHECK(mesh_may_sleep(m, 1));
	post(m, 0, 1, 1);
	CHECK(!is_rung(m, 1), "not before the turn ends");
	mesh_ring(m, 0);
	CHECK(is_rung(m, 1));
	post(m, 0, 1, 2);
	mesh_ring(m, 0);
	post(m, 1, 1, 3);
	mesh_ring(m, 1);
	hush(m, 1);
	mesh_awake(m, 1);
	CHECK_INT(mesh_drain(m, 1, &in), 3, "all senders' mail");
	CHECK_INT(in.n, 4);
	mesh_destroy(m);
}

TEST(who_posted_nothing_rings_nobody)
{
	struct mesh *m = mesh_create(3);
	struct inbox in = { 0 };

	CHECK(mesh_may_sleep(m, 1) && mesh_may_sleep(m, 2));
	post(m, 0, 1, 0);
	CHECK(mesh_ring(m, 0));
	CHECK(is_rung(m, 1) && !is_rung(m, 2));
	hush(m, 1);
	CHECK(mesh_ring(m, 0));
	CHECK(!is_rung(m, 1) && !is_rung(m, 2), "an old post rings no more");
	mesh_drain(m, 1, &in);
	mesh_destroy(m);
}

/* Mail that posts more: in this drain or the next, but never lost. */
static struct mesh *answering;

static void answer(struct mail *mail, void *receiver)
{
	struct letter *l = CONTAINER_OF(mail, struct letter, mail);

	if (l->nr > 0)
		post(answering, 1, 0, 0);
	deliver(mail, receiver);
}

TEST(mail_may_post_mail)
{
	struct mesh   *m = mesh_create(2);
	struct inbox   in[2] = { { 0 }, { .next = 1 } };
	struct letter *l = malloc(sizeof *l);

	CHECK(l != NULL);
	answering = m;
	*l = (struct letter){ .mail.deliver = answer, .nr = 1 };
	mesh_post(m, 0, 1, &l->mail);
	mesh_drain(m, 1, &in[1]);
	mesh_drain(m, 0, &in[0]);
	CHECK_INT(in[0].n, 1);
	mesh_destroy(m);
}

TEST(a_mesh_may_be_as_large_as_it_says)
{
	struct mesh *m = mesh_create(MESH_MEMBERS_MAX);
	struct inbox in = { 0 };

	CHECK(m != NULL);
	for (unsigned i = 0; i < MESH_MEMBERS_MAX; i++)
		post(m, MESH_MEMBERS_MAX - 1, i, 0);
	for (unsigned i = 0; i < MESH_MEMBERS_MAX; i++) {
		in.next = 0;
		CHECK_INT(mesh_drain(m, i, &in), 1);
	}
	mesh_destroy(m);
	mesh_destroy(NULL);
}
