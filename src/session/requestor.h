/* session/requestor.h - who asks, told to the service that is asked.
 *
 * The header Nats-Request-Info is the server's alone: what a client wrote under
 * that name, however spelled, does not pass an import.
 * Spec: core protocol 5.2 (ClientInfo).
 */
#ifndef SESSION_REQUESTOR_H
#define SESSION_REQUESTOR_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct client;

struct requestor_details {
	bool         is_shared;	/* all of it, not just account and round trip */
	bool         says_server;
	struct slice service;	/* the account it came through; empty: directly */
};

/* A JSON object, appended.  Thread: the client's. */
void requestor_put(const struct client *c, const struct requestor_details *d,
    struct buf *out);

/* The header block again without what pretends to be the server's, and with
 * info if that is not empty; headers may be empty.  Appended. */
void requestor_put_headers(struct slice headers, struct slice info,
    struct buf *out);

#endif /* SESSION_REQUESTOR_H */
