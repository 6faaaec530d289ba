/* bare_consumer.h - a consumer with nothing around it but a clock that stands:
 * what reads bytes into one needs no more. */
#ifndef TEST_FUZZ_BARE_CONSUMER_H
#define TEST_FUZZ_BARE_CONSUMER_H

#include <stdlib.h>

#include "js/consumer_int.h"

struct bare_consumer {
	struct js              js;
	struct js_account      account;
	struct stream          stream;
	struct consumer_config config;
	struct consumer        c;
};

static inline int64_t bare_time(void *ctx)
{
	(void)ctx;
	return 0;
}

static inline void bare_init(struct bare_consumer *b)
{
	*b = (struct bare_consumer){
		.js.host = { .now_ns = bare_time, .wall_ns = bare_time },
		.account.js = &b->js, .stream.account = &b->account,
		.config = { .ack_policy = ACK_EXPLICIT, .max_deliver = 5 },
		.c = { .stream = &b->stream, .config = &b->config,
		    .next_seq = 1, .next_cseq = 1 } };
}

static inline void bare_fini(struct bare_consumer *b)
{
	pending_fini(&b->c.pending);
	pending_fini(&b->c.dead);
	cursor_fini(&b->c.cursor);
	free(b->c.matches);
	free(b->c.lasts);
}

#endif /* TEST_FUZZ_BARE_CONSUMER_H */
