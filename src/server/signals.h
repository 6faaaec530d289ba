/* server/signals.h - signals to us, and from us to another server. */
#ifndef SERVER_SIGNALS_H
#define SERVER_SIGNALS_H

#include "base/buf.h"
#include "net/loop.h"

struct server;

/* Held back in this thread and those it starts; taken as a descriptor by
 * signals_watch.  Before any thread starts. */
void signals_block(void);

/* Turns them into requests, on the control loop.  ERR_IO.  The watch lasts as
 * long as the server. */
int signals_watch(struct server *s);

/* --signal: "stop", "reload=1234", "ldm=/run/mote.pid", "reload=12*".
 * 0, or ERR_CONFIG and why.  Spec: core protocol 3.1. */
int signals_send(const char *command, const char *program, struct buf *why);

#endif /* SERVER_SIGNALS_H */
