/* test/stress/mesh_stress.c - the mesh between threads: no wake-up is lost.
 *
 * Two acts.  In the first a sender posts one letter, rings, and waits for the
 * receiver's answer (a counter, not mail), which makes it post just when the
 * receiver goes to sleep: the moment that the fences M2 and S2 of net/mesh.c
 * are for.  A sender that is done ringing, a receiver that sleeps beside a
 * silent bell and a letter that was not answered, for a second: that letter is
 * lost.  In the second all members post to all, more than the rings hold; each
 * must get everything, in order.
 *
 * A mutant of mesh.c without the two fences must fail.
 *
 *     mesh_stress [seconds, 3]
 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "net/mesh.h"

enum { MEMBERS = 3, LETTERS = 200000, SLEEP_MS = 200, BURST_MAX = 700 };

#define LOAD(x)     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELEASE)

struct letter {
	struct mail mail;
	unsigned    from;
	uint64_t    nr;
};

struct inbox {
	uint64_t next[MEMBERS];	/* from each */
	uint64_t n;
};

static struct mesh *mesh;
static bool         is_over;
static bool         is_asleep;		/* the receiver of the first act */
static uint64_t     n_answered;

static void broken(const char *why)
{
	fprintf(stderr, "mesh_stress: %s\n", why);
	_exit(1);
}

static void take(struct mail *m, void *receiver)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);
	struct inbox  *in = receiver;

	if (l->nr != in->next[l->from])
		broken("a letter came out of order");
	in->next[l->from]++;
	in->n++;
}

static void hush(unsigned member)
{
	uint64_t n;

	while (read(mesh_bell(mesh, member), &n, sizeof n) > 0)
		;
}

/* As a loop does between two turns. */
static void sleep_unless_mail(unsigned member, int ms)
{
	struct pollfd p = { .fd = mesh_bell(mesh, member), .events = POLLIN };

	if (!mesh_may_sleep(mesh, member))
		return;
	STORE(is_asleep, true);
	poll(&p, 1, ms);
	STORE(is_asleep, false);
	hush(member);
	mesh_awake(mesh, member);
}

/* ---- one letter at a time -------------------------------------------------- */

static void *receive(void *ctx)
{
	struct inbox in = { 0 };

	(void)ctx;
	while (!LOAD(is_over)) {
		mesh_drain(mesh, 1, &in);
		STORE(n_answered, in.n);
		/* For ever: only the bell can end it, or the end of the act. */
		sleep_unless_mail(1, -1);
	}
	return NULL;
}

static bool is_bell_silent(void)
{
	struct pollfd p = { .fd = mesh_bell(mesh, 1), .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static void wait_for_answer(uint64_t n)
{
	int64_t lost_since = 0;

	while (LOAD(n_answered) < n) {
		if (!LOAD(is_asleep) || !is_bell_silent())
			lost_since = 0;
		else if (lost_since == 0)
			lost_since = clock_ns();
		else if (clock_ns() - lost_since > NS_PER_S)
			broken("a member sleeps, and there is mail for it");
	}
}

static void dawdle(uint64_t n)
{
	for (volatile uint64_t i = n; i > 0; i--)
		;
}

static void act_of_single_letters(int64_t ns)
{
	static struct letter l = { .mail.deliver = take };
	int64_t              end = clock_ns() + ns;
	uint64_t             one = 1, n = 0;
	pthread_t            t;

	if (pthread_create(&t, NULL, receive, NULL) != 0)
		broken("no thread");
	while (n % 256 != 0 || clock_ns() < end) {
		l.nr = n;
		mesh_post(mesh, 0, 1, &l.mail);
		if (!mesh_ring(mesh, 0))
			broken("a ring with one letter is full");
		wait_for_answer(++n);
		dawdle(n % 97);
	}
	STORE(is_over, true);
	if (write(mesh_bell(mesh, 1), &one, sizeof one) < 0)
		broken("no bell");
	pthread_join(t, NULL);
	printf("%llu letters, each answered\n", (unsigned long long)n);
}

/* ---- everybody to everybody ------------------------------------------------ */

struct member {
	unsigned       nr;
	struct letter *letters[MEMBERS];	/* to each, LETTERS of them */
	struct inbox   in;
};

static void post_burst(struct member *m, uint64_t *sent)
{
	uint64_t n = 1 + (*sent * 7919 + m->nr) % BURST_MAX;

	for (; n > 0 && *sent < LETTERS; n--, ++*sent)
		for (unsigned to = 0; to < MEMBERS; to++) {
			struct letter *l = &m->letters[to][*sent];

			*l = (struct letter){ .mail.deliver = take,
				.from = m->nr, .nr = *sent };
			mesh_post(mesh, m->nr, to, &l->mail);
		}
}

static void *live(void *ctx)
{
	struct member *m = ctx;
	uint64_t       sent = 0;
	bool           is_done = false;

	while (!is_done || m->in.n < (uint64_t)MEMBERS * LETTERS) {
		mesh_drain(mesh, m->nr, &m->in);
		post_burst(m, &sent);
		is_done = mesh_ring(mesh, m->nr) && sent == LETTERS;
		if (is_done && m->in.n < (uint64_t)MEMBERS * LETTERS)
			sleep_unless_mail(m->nr, SLEEP_MS);
	}
	return NULL;
}

static void act_of_crowds(void)
{
	static struct member members[MEMBERS];
	pthread_t            t[MEMBERS];

	for (unsigned i = 0; i < MEMBERS; i++) {
		members[i].nr = i;
		for (unsigned to = 0; to < MEMBERS; to++) {
			members[i].letters[to] = calloc(LETTERS,
			    sizeof(struct letter));
			if (members[i].letters[to] == NULL)
				broken("no memory");
		}
	}
	for (unsigned i = 0; i < MEMBERS; i++)
		if (pthread_create(&t[i], NULL, live, &members[i]) != 0)
			broken("no thread");
	for (unsigned i = 0; i < MEMBERS; i++)
		pthread_join(t[i], NULL);
	for (unsigned i = 0; i < MEMBERS; i++)
		for (unsigned to = 0; to < MEMBERS; to++)
			free(members[i].letters[to]);
	printf("%d letters from each of %d to each\n", LETTERS, MEMBERS);
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 3;

	mesh = mesh_create(MEMBERS);
	if (mesh == NULL)
		broken("no memory");
	act_of_single_letters(seconds * NS_PER_S);
	mesh_destroy(mesh);
	mesh = mesh_create(MEMBERS);
	if (mesh == NULL)
		broken("no memory");
	act_of_crowds();
	mesh_destroy(mesh);
	return 0;
}
