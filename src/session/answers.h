/* session/answers.h - answers that are on their way back through an import.
 *
 * Who asks a service of another account is asked for the answer under a name of
 * that account, "_R_.<door>.<number>".  The door is a subscription of this
 * worker in that account, made when it is first needed; the number finds, in a
 * table that is this worker's alone, to whom the answer goes.
 * Thread: the hub's, all of it.  Spec: core protocol 5.2.
 */
#ifndef SESSION_ANSWERS_H
#define SESSION_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "base/timer.h"
#include "core/sub.h"

struct account;
struct answer;
struct answers;
struct buf;
struct hub;
struct latency_note;
struct service_import;

enum { ANSWER_CHARS = 6, ANSWERS_MAX = 1 << 20 };	/* of a worker */

/* Where the answers of an account's responders come in. */
struct door {
	struct sub      sub;	/* on the hub's worker */
	struct sub      measured;	/* anywhere: see session/services.c */
	struct hub     *hub;
	struct account *account;
	struct list     link;
	char            token[ANSWER_CHARS];
	bool            is_open;
};

struct answer {
	struct timer           timer;	/* until it is not waited for any more */
	struct list            link;	/* in order of age */
	struct answer         *next;	/* in its bucket */
	struct door           *door;
	struct account        *to;	/* whose it is ... */
	struct service_import *service;	/* a reference */
	struct latency_note   *note;	/* owned; NULL: not measured */
	char                   id[ANSWER_CHARS];
	uint32_t               reply_n;
	char                   reply[];	/* ... and the subject there */
};

/* The gives of doors.  expired: nobody has answered in time; it is dropped
 * after the call.  NULL: out of memory. */
struct answers *answers_create(struct hub *h, sub_give give,
    sub_give give_measured, void (*expired)(struct hub *h, struct answer *a));

/* Nothing is waited for any more; doors are shut, but stay in memory. */
void answers_close(struct answers *x);
void answers_destroy(struct answers *x);	/* takes NULL */

/* An answer from an account, to this subject in another.  Its subject there is
 * appended to out.  note's ownership goes over.  The oldest go when there are
 * too many.  NULL: out of memory, or closed. */
struct answer *answers_expect(struct answers *x, struct account *from,
    struct account *to, struct slice reply, struct service_import *service,
    struct latency_note *note, struct buf *out);

/* Which one is published on this subject?  NULL: none. */
struct answer *answers_find(struct answers *x, const struct door *d,
    struct slice subject);

/* By its number, which it may have had. */
struct answer *answers_find_id(struct answers *x,
    const char id[ANSWER_CHARS]);

/* It is alive: waited for anew. */
void answers_prolong(struct answers *x, struct answer *a);

void answers_drop(struct answers *x, struct answer *a);

#endif /* SESSION_ANSWERS_H */
