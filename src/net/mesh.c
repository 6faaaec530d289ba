/* net/mesh.c - rings between threads, and bells.
 *
 * CLAIM: while a member sleeps, either its rings are empty or somebody is
 * about to ring its bell.
 *
 * The member:   M1 store sleeping = 1; M2 full fence; M3 look into the rings;
 *               sleep only when all are empty.
 * The sender:   S1 enqueue; S2 full fence; S3 swap sleeping with 0 when it
 *               reads 1, and ring then.
 * If M3 did not see what S1 wrote, then by the two fences S3 sees what M1
 * wrote (store buffering is what full fences forbid), so that sender, or one
 * that swapped before it, rings; the bell stays readable until the member has
 * woken and hushed it.  A bell rung for nothing costs one empty turn.
 * test/stress/mesh_stress.c has a mutant without M2 and S2.
 */
#include "net/mesh.h"

#include <ck_pr.h>
#include <ck_ring.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

#ifdef MESH_MUTANT
#define full_fence() ck_pr_barrier()
#else
#define full_fence() ck_pr_fence_memory()
#endif

enum { RING_SLOTS = 512, BACK_SLOTS = 8, LINE = 64 };

/* One direction between two members. */
struct lane {
	ck_ring_t         ring;
	ck_ring_buffer_t *slots;
	ck_ring_t         back;		/* the other way: mail for reuse */
	ck_ring_buffer_t  back_slots[BACK_SLOTS];
	/* The sender's: what did not fit, oldest first. */
	struct mail      *waiting, **waiting_end;
	bool              is_touched;	/* posted to since the last ring */
};

struct member {
	unsigned sleeping;	/* written by all */
	char     pad[LINE - sizeof(unsigned)];
	int      bell;
} __attribute__((aligned(LINE)));

struct mesh {
	unsigned       n;
	struct member *members;
	struct lane  **lanes;	/* [from * n + to], made at first use by from */
};

static struct lane *lane_create(void)
{
	struct lane *l = aligned_alloc(LINE,
	    (sizeof *l + LINE - 1) & ~(size_t)(LINE - 1));

	if (l == NULL)
		return NULL;
	*l = (struct lane){ 0 };
	l->waiting_end = &l->waiting;
	l->slots = calloc(RING_SLOTS, sizeof *l->slots);
	if (l->slots == NULL) {
		free(l);
		return NULL;
	}
	ck_ring_init(&l->ring, RING_SLOTS);
	ck_ring_init(&l->back, BACK_SLOTS);
	return l;
}

static struct lane *lane_of(const struct mesh *m, unsigned from, unsigned to)
{
	return m->lanes[from * m->n + to];
}

static bool open_members(struct mesh *m)
{
	for (unsigned i = 0; i < m->n; i++)
		m->members[i].bell = -1;
	for (unsigned i = 0; i < m->n; i++) {
		m->members[i].bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (m->members[i].bell < 0)
			return false;
	}
	for (unsigned i = 0; i < m->n * m->n; i++) {
		m->lanes[i] = lane_create();
		if (m->lanes[i] == NULL)
			return false;
	}
	return true;
}

struct mesh *mesh_create(unsigned n_members)
{
	struct mesh *m = calloc(1, sizeof *m);

	assert(n_members >= 1 && n_members <= MESH_MEMBERS_MAX);
	if (m == NULL)
		return NULL;
	m->n = n_members;
	m->members = aligned_alloc(LINE, n_members * sizeof *m->members);
	m->lanes = calloc((size_t)n_members * n_members, sizeof *m->lanes);
	if (m->members == NULL || m->lanes == NULL) {
		m->n = 0;
	} else {
		for (unsigned i = 0; i < n_members; i++)
			m->members[i] = (struct member){ 0 };
	}
	if (m->n == 0 || !open_members(m)) {
		mesh_destroy(m);
		return NULL;
	}
	return m;
}

void mesh_destroy(struct mesh *m)
{
	if (m == NULL)
		return;
	for (unsigned i = 0; i < m->n; i++)
		if (m->members[i].bell >= 0)
			close(m->members[i].bell);
	for (unsigned i = 0; i < m->n * m->n; i++) {
		if (m->lanes[i] != NULL)
			free(m->lanes[i]->slots);
		free(m->lanes[i]);
	}
	free(m->lanes);
	free(m->members);
	free(m);
}

/* ---- sending ------------------------------------------------------------ */

static void wait_at_sender(struct lane *l, struct mail *mail)
{
	mail->next = NULL;
	*l->waiting_end = mail;
	l->waiting_end = &mail->next;
}

static bool push(struct lane *l, struct mail *mail)
{
	return ck_ring_enqueue_spsc(&l->ring, l->slots, mail);
}

void mesh_post(struct mesh *m, unsigned from, unsigned to, struct mail *mail)
{
	struct lane *l = lane_of(m, from, to);

	l->is_touched = true;
	if (l->waiting != NULL || !push(l, mail))	/* S1 */
		wait_at_sender(l, mail);
}

bool mesh_is_congested(const struct mesh *m, unsigned from, unsigned to)
{
	return lane_of(m, from, to)->waiting != NULL;
}

static void push_waiting(struct lane *l)
{
	while (l->waiting != NULL) {
		struct mail *mail = l->waiting, *next = mail->next;

		if (!push(l, mail))
			return;
		l->waiting = next;
	}
	l->waiting_end = &l->waiting;
}

static void ring_bell(struct member *to)
{
	uint64_t one = 1;

	if (ck_pr_load_uint(&to->sleeping) == 0)
		return;
	if (ck_pr_fas_uint(&to->sleeping, 0) == 1)	/* S3 */
		while (write(to->bell, &one, sizeof one) < 0)
			;	/* only EINTR: the counter cannot overflow */
}

bool mesh_ring(struct mesh *m, unsigned from)
{
	bool is_fenced = false, is_done = true;

	for (unsigned to = 0; to < m->n; to++) {
		struct lane *l = lane_of(m, from, to);

		if (!l->is_touched)
			continue;
		push_waiting(l);
		l->is_touched = l->waiting != NULL;
		is_done = is_done && !l->is_touched;
		if (!is_fenced)
			full_fence();			/* S2 */
		is_fenced = true;
		ring_bell(&m->members[to]);
	}
	return is_done;
}

/* ---- receiving ---------------------------------------------------------- */

static unsigned drain_lane(struct lane *l, void *receiver)
{
	unsigned     n = ck_ring_size(&l->ring), i;
	struct mail *mail;

	for (i = 0; i < n; i++) {
		if (!ck_ring_dequeue_spsc(&l->ring, l->slots, &mail))
			break;
		mail->deliver(mail, receiver);
	}
	return i;
}

unsigned mesh_drain(struct mesh *m, unsigned to, void *receiver)
{
	unsigned n = 0;

	for (unsigned from = 0; from < m->n; from++)
		n += drain_lane(lane_of(m, from, to), receiver);
	return n;
}

bool mesh_may_sleep(struct mesh *m, unsigned member)
{
	ck_pr_store_uint(&m->members[member].sleeping, 1);	/* M1 */
	full_fence();						/* M2 */
	for (unsigned from = 0; from < m->n; from++)		/* M3 */
		if (ck_ring_size(&lane_of(m, from, member)->ring) != 0) {
			ck_pr_store_uint(&m->members[member].sleeping, 0);
			return false;
		}
	return true;
}

void mesh_awake(struct mesh *m, unsigned member)
{
	ck_pr_store_uint(&m->members[member].sleeping, 0);
}

int mesh_bell(const struct mesh *m, unsigned member)
{
	return m->members[member].bell;
}

/* ---- the way back -------------------------------------------------------- */

bool mesh_give_back(struct mesh *m, unsigned at, unsigned sender,
    struct mail *mail)
{
	struct lane *l = lane_of(m, sender, at);

	return ck_ring_enqueue_spsc(&l->back, l->back_slots, mail);
}

struct mail *mesh_take_back(struct mesh *m, unsigned sender, unsigned from)
{
	struct lane *l = lane_of(m, sender, from);
	struct mail *mail;

	return ck_ring_dequeue_spsc(&l->back, l->back_slots, &mail) ? mail
	    : NULL;
}
