/* test/lib/consumer_world.h - one stream, its consumers, a clock that is turned.
 *
 * What is published is noted; who does not listen is said.  Subscribers
 * of the consumers are called as core would.
 */
#ifndef TEST_LIB_CONSUMER_WORLD_H
#define TEST_LIB_CONSUMER_WORLD_H

#include "base/buf.h"
#include "fake_host.h"
#include "js/consumer_config.h"
#include "js/consumer_int.h"
#include "js/js.h"
#include "js/stream.h"
#include "js/stream_config.h"

struct world {
	struct js            js;
	struct js_account    account;
	struct stream        stream;
	struct stream       *other;	/* that may be found; NULL */
	struct stream_config config;
	struct disk         *disk, *state_disk;
	struct fake_host     host;
	char                 deaf[64];	/* nobody listens there */
	struct buf           said;	/* "subject|shown|reply|headers|payload\n" */
	size_t               n_said;
	bool                 is_dirty;
};

void world_init(struct world *w);
void world_fini(struct world *w);
/* The state store goes through a crash; consumers are restored. */
void world_restart(struct world *w);

/* Nobody listens to that subject; "": somebody to all. */
void world_deafen(struct world *w, const char *subject);

uint64_t world_store(struct world *w, const char *subject, const char *body);
/* That many of subject "x", body "m". */
void world_fill(struct world *w, int n);
void world_delete(struct world *w, uint64_t seq);

/* Defaults: durable, explicit, 30 s. */
struct consumer_config *world_config(const char *name);
struct consumer *world_create(struct world *w, struct consumer_config *g);

/* Published by a client. */
void world_publish(struct world *w, const char *subject, const char *reply,
    const char *headers, const char *payload);
/* Of the consumer C, by who listens to "in"; a turn follows. */
void world_pull(struct world *w, const char *text);
/* The same, as the client answers a message: to the reply it was given, of which
 * only these count. */
void world_answer(struct world *w, const char *payload, unsigned n,
    unsigned seq, unsigned cseq);
void world_turn(struct world *w);
/* Who waits for the disk is told err, ERR_*. */
void world_fail_waiters(struct world *w, int err);
/* Time passes, timer by timer. */
void world_pass(struct world *w, int64_t ns);

/* "sub|shown|...": all since the last call, with ack timestamps as 0. */
const char *world_said(struct world *w);

#endif /* TEST_LIB_CONSUMER_WORLD_H */
