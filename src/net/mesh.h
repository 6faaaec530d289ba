/* net/mesh.h - what one thread wants of another.
 *
 * Between each ordered pair of members (workers, the control thread, helpers)
 * there is one single-producer single-consumer ring; mail travels there and
 * nowhere else.  A receiver is rung only when it sleeps, and at most once a
 * turn.  Mail is never lost: what does not fit a ring waits at the sender, in
 * order, and mesh_is_congested tells publishers to pause meanwhile.
 */
#ifndef NET_MESH_H
#define NET_MESH_H

#include <stdbool.h>
#include <stdint.h>

enum { MESH_MEMBERS_MAX = 72 };

struct mesh;

/* Embedded in what is sent.  deliver runs on the receiver's thread and owns
 * the mail from then on. */
struct mail {
	struct mail *next;	/* the mesh's own */
	void       (*deliver)(struct mail *m, void *receiver);
};

/* NULL: out of memory. */
struct mesh *mesh_create(unsigned n_members);
void mesh_destroy(struct mesh *m);	/* no member may be running */

/* Hands m over; mail from one member to another arrives in order.  The bell
 * rings at the next mesh_ring.  Thread: member from. */
void mesh_post(struct mesh *m, unsigned from, unsigned to, struct mail *mail);

/* Is mail to that member waiting at the sender?  Thread: member from. */
bool mesh_is_congested(const struct mesh *m, unsigned from, unsigned to);

/* Moves what waits at the sender into the rings, and wakes the sleepers among
 * those posted to.  Once a turn.  False: some still waits, call again soon.
 * Thread: member from. */
bool mesh_ring(struct mesh *m, unsigned from);

/* Delivers the mail that is in the rings now; the number delivered.
 * Thread: member to. */
unsigned mesh_drain(struct mesh *m, unsigned to, void *receiver);

/* Used-up mail on its way back to who sent it, for reuse: no bell, no order, a
 * few at most.  False: no room, free it.  Thread: member at, that received. */
bool mesh_give_back(struct mesh *m, unsigned at, unsigned sender,
    struct mail *mail);
/* NULL: nothing came back.  Thread: the sender. */
struct mail *mesh_take_back(struct mesh *m, unsigned sender, unsigned from);

/* Around a sleep: false means that there is mail, do not sleep.  The bell is
 * a descriptor that becomes readable.  Thread: member. */
bool mesh_may_sleep(struct mesh *m, unsigned member);
void mesh_awake(struct mesh *m, unsigned member);
int mesh_bell(const struct mesh *m, unsigned member);

#endif /* NET_MESH_H */
