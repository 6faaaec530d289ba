/* net/loop.h - one thread's event loop.
 *
 * A turn: sleep until a descriptor, a timer or mail is due; deliver the mail;
 * serve the descriptors; fire the timers; call the hook that sends what the
 * turn produced; ring the bells of other loops.  Everything between two sleeps
 * is one epoch section.
 *
 * All functions but loop_create, loop_destroy and loop_stop are for the
 * loop's own thread.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/timer.h"
#include "net/mesh.h"

struct epoch_thread;
struct loop;

/* A descriptor that is watched.  Embedded; ready gets EPOLL* bits. */
struct watch {
	int  fd;
	void (*ready)(struct watch *w, uint32_t events);
};

/* Something to be freed when the turn is over, because the turn may still
 * hold pointers to it. */
struct grave {
	struct grave *next;
	void        (*release)(struct grave *g);
};

struct loop_hooks {
	void (*end_turn)(void *ctx);	/* before the bells ring; may be NULL */
	void  *ctx;
};

/* Member nr of the mesh.  NULL: out of memory or descriptors. */
struct loop *loop_create(struct mesh *mesh, unsigned member);
void loop_destroy(struct loop *l);
void loop_set_hooks(struct loop *l, const struct loop_hooks *hooks);

/* What mail to this member gets as its receiver. */
void loop_set_receiver(struct loop *l, void *receiver);

/* Runs until loop_stop.  ERR_NOMEM: could not begin. */
int loop_run(struct loop *l);

/* Thread: the loop's own (others post mail that calls it). */
void loop_stop(struct loop *l);

/* 0 or ERR_IO (the kernel's limits). */
int loop_watch(struct loop *l, struct watch *w, uint32_t events);
void loop_rewatch(struct loop *l, struct watch *w, uint32_t events);
void loop_unwatch(struct loop *l, struct watch *w);

/* The time at the beginning of the turn. */
int64_t loop_now_ns(const struct loop *l);

struct timer_heap *loop_timers(struct loop *l);
struct epoch_thread *loop_epoch(struct loop *l);
struct mesh *loop_mesh(struct loop *l);
unsigned loop_member(const struct loop *l);

/* release(g) after this turn. */
void loop_bury(struct loop *l, struct grave *g);

/* Asks for another turn at once: there is work left that no event tells of. */
void loop_again(struct loop *l);

/* Descriptors that were ready in this turn: more than one, and others wait. */
int loop_n_ready(const struct loop *l);

/* Posts to another member, or to ourselves. */
void loop_post(struct loop *l, unsigned to, struct mail *m);

#endif /* NET_LOOP_H */
