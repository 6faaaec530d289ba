/* session/agent.h - a part of the server that lives on a worker and takes part
 * in messaging as clients do: JetStream.
 *
 * It subscribes, with runs coming to it whole; it publishes, and learns whether
 * anybody took the message; it has its say at the end of each turn, before what
 * the turn produced is sent.
 *
 * Thread: the hub's, but agent_wake.
 */
#ifndef SESSION_AGENT_H
#define SESSION_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct account;
struct agent;
struct agent_sub;
struct buf;
struct hub;
struct injection;
struct run;

struct agent_hooks {
	void (*end_turn)(void *ctx);
	void  *ctx;
};

/* One for each hub at most.  NULL: out of memory or descriptors. */
struct agent *agent_create(struct hub *h, const struct agent_hooks *hooks);

/* Unsubscribe first.  Subscriptions that somebody may still hold go with
 * agent_destroy, when no worker runs any more.  Takes NULL. */
void agent_stop(struct agent *g);
void agent_destroy(struct agent *g);

/* take is called for each run, in the middle of a turn; it may not publish.
 * pattern and queue are copied.  NULL: out of memory, malformed pattern. */
struct agent_sub *agent_subscribe(struct agent *g, struct account *a,
    struct slice pattern, struct slice queue,
    void (*take)(void *ctx, const struct run *run), void *ctx);
void agent_unsubscribe(struct agent *g, struct agent_sub *s);	/* takes NULL */

/* take is called for what is only to be traced, too, and must see to it. */
void agent_hear_traces(struct agent_sub *s);

/* Imports of accounts may have changed. */
void agent_recheck(struct agent *g);

/* Now.  shown: what receivers read as the subject; empty: the subject.
 * False: nobody took it. */
bool agent_publish(struct agent *g, const struct injection *m,
    struct slice shown);

/* queue: would a member of that group take it?  Empty: anybody? */
bool agent_is_wanted(struct agent *g, const struct account *a,
    struct slice subject, struct slice queue);

/* A turn will end soon.  Thread: any. */
void agent_wake(struct agent *g);

/* For the hub: once a turn. */
void agent_end_turn(struct agent *g);

#endif /* SESSION_AGENT_H */
