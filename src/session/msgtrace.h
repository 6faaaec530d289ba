/* session/msgtrace.h - what happens to a message on its way, told to who asked.
 *
 * A message whose headers ask for it goes as a run of its own that carries a
 * trace (core/msg.h).  Whoever handles it adds an event: how it came in, what
 * it was mapped to, which accounts it entered, and each receiver, or why it was
 * none.  The trace is counted: a parcel to another worker holds it too, and
 * who lets go last publishes it in the account where the message came in.
 *
 * The destination, be it the header's or the account's, is one that the
 * publisher may publish on.  A trace holds so many bytes of events; those that
 * do not fit are counted.
 * Spec: core protocol 7.4.
 */
#ifndef SESSION_MSGTRACE_H
#define SESSION_MSGTRACE_H

#include <stdbool.h>

#include "base/slice.h"

struct account;
struct client;
struct hub;
struct msgtrace;
struct op;
struct run;
struct sub;

enum msgtrace_demand {
	MSGTRACE_NONE,
	MSGTRACE_OFF,	/* nor may others (proto/trace_header.h) */
	MSGTRACE_DROP,	/* for tracing only, and it cannot be */
	MSGTRACE_ON,
};

struct msgtrace_wish {
	struct slice dest;	/* literal; of the headers or, in this epoch
				   section, the policy */
	bool         is_only;	/* it is not to be delivered */
};

/* What these headers of a client's message ask for; *ret if it is ON.  Whether
 * the client may have the destination is for the caller to ask. */
enum msgtrace_demand msgtrace_read(const struct client *c,
    struct slice headers, struct msgtrace_wish *ret);

/* With the event that says how it came in, and one reference.  NULL: out of
 * memory. */
struct msgtrace *msgtrace_create(const struct client *c, const struct op *op,
    struct slice headers, const struct msgtrace_wish *wish);

struct msgtrace *msgtrace_ref(struct msgtrace *t);	/* takes NULL */
/* The last one publishes it.  Takes NULL.  Thread: h's, in epoch. */
void msgtrace_unref(struct hub *h, struct msgtrace *t);

/* May it be told, but not delivered? */
bool msgtrace_is_only(const struct msgtrace *t);
struct slice msgtrace_dest(const struct msgtrace *t);

/* ---- events; thread: any --------------------------------------------------- */

/* It got no further.  Thread: its publisher's. */
void msgtrace_refused(struct msgtrace *t, struct slice error);

/* Of its account: another subject; empty: it is dropped. */
void msgtrace_mapped(struct msgtrace *t, struct slice to);

/* It leaves for, or comes back to, an account where it is called to. */
void msgtrace_service(struct msgtrace *t, const struct account *a,
    struct slice from, struct slice to);

/* An account that imports it as a stream knows it as to. */
void msgtrace_stream(struct msgtrace *t, const struct account *a,
    struct slice to);

/* A stream has seen it.  subject: as it is stored; empty: it did not come so
 * far.  error: empty: none. */
void msgtrace_jetstream(struct msgtrace *t, struct slice stream,
    struct slice subject, bool is_unwanted, struct slice error);

/* A client's subscription, on its thread.  error: why it did not get it, one of
 * those below; NULL: it did. */
void msgtrace_egress(struct msgtrace *t, const struct sub *s,
    struct slice pattern, const char *error);

#define MSGTRACE_NO_ECHO    "Not delivered because of no echo"
#define MSGTRACE_DENIED \
	"Not delivered because subscription denies this subject"
#define MSGTRACE_SUB_CLOSED "Not delivered because subscription is closed"
#define MSGTRACE_CLOSED     "Not delivered because client is closed"
#define MSGTRACE_EXCEEDED   "Not delivered because auto-unsubscribe exceeded"

/* core/fanout.h's denied; ctx is the struct hub. */
void msgtrace_denied(void *ctx, struct sub *s, const struct run *run);

/* s is not given the message that it is told of. */
void msgtrace_note_denied(struct msgtrace *t, const struct sub *s);

#endif /* SESSION_MSGTRACE_H */
