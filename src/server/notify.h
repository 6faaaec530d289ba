/* server/notify.h - tell the service manager how we are.
 *
 * With systemd's Type=notify what depends on us starts when clients can
 * connect, not when the process exists; with WatchdogSec= a server in which a
 * worker hangs is restarted.  Elsewhere nothing of this happens.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

#include "base/timer.h"

struct server;

/* In struct server; zeroed: nobody to tell. */
struct notify {
	int          socket;	/* 1 + the descriptor; 0: none */
	int64_t      every_ns;	/* between two rounds; 0: no watchdog */
	unsigned     n_answers;	/* atomic: workers that do their errands */
	struct timer timer;
};

/* Says that clients can connect, and begins to feed the watchdog from the
 * control loop.  Thread: control's, before the loop runs.
 * Spec: sd_notify(3), $NOTIFY_SOCKET, $WATCHDOG_USEC, $WATCHDOG_PID. */
void notify_begin(struct server *s);

/* Says that this is the end.  Thread: control's, after the loop has run. */
void notify_end(struct server *s);

#endif /* SERVER_NOTIFY_H */
