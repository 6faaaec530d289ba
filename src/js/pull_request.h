/* js/pull_request.h - what is asked of a consumer: so many messages, for so long.
 * Spec: jetstream reference, section 18.1.  Thread: any. */
#ifndef JS_PULL_REQUEST_H
#define JS_PULL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct json;

/* Durations in ns.  0: unset. */
struct pull_request {
	int64_t      batch, expires_ns, max_bytes, heartbeat_ns;
	int64_t      min_pending, min_ack_pending, priority;
	bool         no_wait;
	struct slice group, id;
	struct json *doc;	/* what those two lie in */
};

/* Nothing, a number, or an object of which unknown members are ignored; any
 * other text asks for one message.  False: it is no JSON, and why is appended.
 * Zeroed before; pull_request_fini in any case. */
bool pull_request_read(struct slice s, struct pull_request *ret,
    struct buf *why);
void pull_request_fini(struct pull_request *r);

#endif /* JS_PULL_REQUEST_H */
