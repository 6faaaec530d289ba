/* mote/server.h - a messaging server inside your program.
 *
 *     struct mote *m = mote_create(NULL);
 *     mote_set(m, "port", "-1");
 *     if (mote_start(m) != 0 || !mote_wait_ready(m, 1000))
 *             fputs(mote_error(m), stderr);
 *     ... clients connect to mote_port(m) ...
 *     mote_stop(m);
 *     mote_destroy(m);
 *
 * All functions are for one thread, the one that created it, but mote_port and
 * mote_is_running, which are for any.  The server runs on threads of its own
 * and installs no signal handlers.
 */
#ifndef MOTE_SERVER_H
#define MOTE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct mote;

/* A server with the options of a configuration file, or the defaults for NULL.
 * NULL: out of memory.  What is wrong with the file shows in mote_error and
 * makes mote_start fail. */
struct mote *mote_create(const char *config_file);

/* Sets an option by its configuration name ("port", "max_payload"), before
 * mote_start; it then wins over the file, now and at every reload.  False: no
 * such option, or a wrong value; see mote_error. */
bool mote_set(struct mote *m, const char *option, const char *value);

/* Opens the sockets and starts the threads.  0, or -1 and mote_error. */
int mote_start(struct mote *m);

/* Until clients can connect; false: not within so many milliseconds. */
bool mote_wait_ready(struct mote *m, int timeout_ms);

/* Where clients connect; 0 before the start. */
uint16_t mote_port(const struct mote *m);

/* Reads the configuration file again.  All or nothing: on -1 nothing has
 * changed and mote_error says why. */
int mote_reload(struct mote *m);

/* Lame duck: no new clients; the others are told, and after the grace period
 * sent away one by one.  Returns at once; mote_is_running tells the end. */
void mote_drain(struct mote *m);

/* Closes everything; returns when the threads have ended.  Idempotent. */
void mote_stop(struct mote *m);

bool mote_is_running(const struct mote *m);

/* What went wrong last, "" for nothing.  Borrowed until the next call. */
const char *mote_error(const struct mote *m);

/* Stops it first, if need be.  Takes NULL. */
void mote_destroy(struct mote *m);

#endif /* MOTE_SERVER_H */
