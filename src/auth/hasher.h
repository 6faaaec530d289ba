/* auth/hasher.h - slow password hashes, away from the event loops.
 *
 * A bcrypt comparison takes 50 ms to seconds.  One background thread takes
 * jobs from a bounded queue, in order; when the queue is full the job is
 * refused, so that a flood of logins costs one core and no memory.
 *
 * A job belongs to the hasher from a successful submit until its done is
 * called, on the hasher's thread, exactly once whatever happens.
 */
#ifndef AUTH_HASHER_H
#define AUTH_HASHER_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/bcrypt.h"
#include "base/list.h"
#include "base/slice.h"

/* A sound queue_max for a server.  The memory is the submitters', and who waits
 * too long cancels; what the bound protects is the wait of the next. */
enum { HASHER_QUEUE_MAX = 16384 };

struct hasher;

struct hash_job {
	/* Set by the submitter. */
	void      (*done)(struct hash_job *job, bool matches);
	const char *hash;	/* sound bcrypt, ends with NUL; kept until done */
	/* Asked before hashing, unless NULL: has another job meanwhile shown
	 * that this one matches?  Thread: the hasher's. */
	bool      (*is_settled)(struct hash_job *job);

	/* The hasher's. */
	struct list link;
	bool        is_cancelled;	/* atomic */
	bool        is_unhashable;	/* holds a NUL: matches nothing */
	char        pass[BCRYPT_PASS_MAX + 1];	/* wiped before done */
};

/* Starts the thread.  NULL: out of memory or of threads. */
struct hasher *hasher_create(size_t queue_max);

/* Jobs still queued are done as not matching; returns when the thread has
 * ended.  Takes NULL.  Thread: none may submit any more. */
void hasher_destroy(struct hasher *h);

/* Copies the password into the job.  False: the queue is full, the job is the
 * caller's and done will not be called.  done may run before this returns.
 * Thread: any. */
bool hasher_submit(struct hasher *h, struct hash_job *job, struct slice pass);

/* The result is wanted no more: done comes soon, with false, unless the job is
 * under way.  Only until done's caller has let go of the job.  Thread: any. */
void hash_job_cancel(struct hash_job *job);

#endif /* AUTH_HASHER_H */
