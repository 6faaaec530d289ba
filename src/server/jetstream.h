/* server/jetstream.h - JetStream on worker 0: born there, fed there, closed
 * there.
 *
 * Thread: control's, where nothing else is said.
 */
#ifndef SERVER_JETSTREAM_H
#define SERVER_JETSTREAM_H

struct buf;
struct jetstream;
struct server;

/* Makes the directory, before the sandbox is closed around it.  Appends why
 * not.  Nothing where JetStream is off. */
int jetstream_prepare(struct server *s, struct buf *why);

/* Once the workers run, before anybody is let in: opens what is on the disk.
 * Nothing where the configuration does not ask for it.  ERR_NOMEM. */
int jetstream_open(struct server *s);

/* The configuration has changed: accounts that have it now, limits. */
void jetstream_reload(struct server *s);

/* Says what there is to say to those who wait, and makes all durable.
 * Thread: worker 0's, before its clients are closed. */
void jetstream_close(struct server *s);

/* When no worker runs. */
void jetstream_destroy(struct server *s);

#endif /* SERVER_JETSTREAM_H */
