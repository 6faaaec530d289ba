/* server/jetstream.h - JetStream on worker 0: born there, fed there, closed
 * there.
 *
 * Thread: control's, where nothing else is said.
 */
#ifndef SERVER_JETSTREAM_H
#define SERVER_JETSTREAM_H

#include <stdbool.h>

struct account;
struct buf;
struct jetstream;
struct jwt;
struct mail;
struct options;
struct server;

/* Makes the directory, before the sandbox is closed around it, and looks
 * whether accounts are granted more than there is.  Appends why not.  Nothing
 * where JetStream is off. */
int jetstream_prepare(const struct options *o, struct buf *why);

/* Once the workers run, before anybody is let in: opens what is on the disk.
 * Nothing where the configuration does not ask for it.  ERR_NOMEM. */
int jetstream_open(struct server *s);

/* The configuration has changed: it is on or off, accounts have it or not,
 * limits. */
void jetstream_reload(struct server *s);

/* An account goes by these claims now; NULL: by none.  True: done (or NULL)
 * comes back to control when its streams are there; false: JetStream is off, or
 * there is no memory (logged), and done does not come. */
bool jetstream_claims(struct server *s, struct account *a,
    const struct jwt *claims, struct mail *done);

/* Says what there is to say to those who wait, and makes all durable.
 * Thread: worker 0's, before its clients are closed. */
void jetstream_close(struct server *s);

/* When no worker runs. */
void jetstream_destroy(struct server *s);

#endif /* SERVER_JETSTREAM_H */
