/* session/latency.h - how long a service took to answer, as it is told.
 *
 * Where an export says so, some of the requests are noted, and what became of
 * each is published in the exporter's account.
 * Spec: core protocol 5.4.  Thread: the hub's.
 */
#ifndef SESSION_LATENCY_H
#define SESSION_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct client;
struct hub;
struct latency_note;
struct msg;
struct service_import;

/* Is this request to be measured?  Then what has to be known later, with who
 * asks (NULL: the server).  NULL: not, or out of memory. */
struct latency_note *latency_begin(const struct service_import *s,
    const struct client *requestor, const struct msg *m);
void latency_free(struct latency_note *n);	/* takes NULL */

enum latency_status {
	LATENCY_OK          = 200,
	LATENCY_BAD_REQUEST = 400,	/* it wants no answer */
	LATENCY_UNREACHABLE = 408,	/* who asked is gone */
	LATENCY_UNAVAILABLE = 503,	/* nobody heard it */
	LATENCY_TIMEOUT     = 504,
};

/* responder: its object and round trip time; empty: nobody. */
struct latency_responder {
	struct slice info;
	int64_t      rtt_ns;
};

void latency_report(struct hub *h, const struct service_import *s,
    const struct latency_note *n, enum latency_status status,
    const struct latency_responder *responder);

#endif /* SESSION_LATENCY_H */
