/* js/api.h - the subjects of the JetStream API, and who answers them.
 *
 * A request is copied when it comes and answered at the end of the turn.  One
 * dispatcher does for all of them what is the same: levels, what the request
 * says (js/request.h), the envelope, the counting, the audit; a row of the table
 * says the rest.
 *
 * Thread: owner.  Spec: jetstream reference, section 2.
 */
#ifndef JS_API_H
#define JS_API_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/list.h"
#include "base/slice.h"
#include "js/errors.h"
#include "js/request.h"

struct api_row;
struct js;
struct js_account;
struct making;
struct run;
struct stream;
struct stream_config;
struct stream_waiter;

/* A request that waits for the end of its turn. */
struct api_request {
	struct list        link;	/* in js->requests */
	struct js_account *account;
	const struct api_row *row;	/* of the table; NULL: a direct get, or
					   nothing that is known */
	struct making     *making;	/* what it waits for; NULL: nothing */
	struct slice       subject, reply, headers, payload, client;
	char               bytes[];
};

enum { API_TOKENS_MAX = 4, API_REQUESTS_MAX = 10000 };

/* A request that is being answered. */
struct api_call {
	struct api_request       *r;
	struct js_account        *account;
	struct js                *js;
	struct slice              rest;	/* of the subject, behind "$JS.API." */
	struct slice              names[API_TOKENS_MAX];	/* where the row has '*' */
	size_t                    n_names;
	const struct json        *doc;	/* NULL: nothing was sent */
	union request             asked;	/* what it says, where the row has a
						   table for it */
	struct js_hold           *hold;	/* of that; NULL: none */
	struct json_writer       *w;	/* inside the answer's object */
	struct js_error           e;	/* set: it failed, what was written goes */
	bool                      is_silent;	/* no answer at all */
	bool                      is_put_off;	/* it is asked again when r->making is
						   done, or in the next turn */
	const char               *identity;	/* of the stream, which the answer
						   says in a header; NULL */
};

/* The subjects are subscribed to for an account.  False: out of memory. */
bool api_open(struct js_account *a);
void api_close(struct js_account *a);

/* What js_host.subscribe calls (ctx: the account): requests wait from here on. */
void api_take(void *ctx, const struct run *run);

/* Answers what waits.  In the end of a turn. */
void api_answer_all(struct js *js);
void api_drop_all(struct js *js);

/* The stream that the call names; NULL: 10059, or 10194. */
struct stream *api_stream(struct api_call *c);
/* The same; if_offline: the number in place of 10194 ("stream closed"). */
struct stream *api_stream_or(struct api_call *c, unsigned if_offline);
/* NULL: likewise, or 10014 or 10195. */
struct consumer *api_consumer(struct api_call *c);

/* The answer as it stands is kept back until the waiter is told, and is the
 * error err_code if that went wrong.  NULL: out of memory, there will be none. */
struct stream_waiter *api_answer_later(struct api_call *c, unsigned err_code);
/* Until what the stream has done so far is on the disk; on_state: what it keeps
 * of its consumers. */
void api_wait_for_disk(struct api_call *c, struct stream *s, bool on_state,
    unsigned err_code);

/* A stream with its files, in no list yet; config: checked, owned.  NULL: it is
 * put off until they are made, or *c->e says why there is none.  is_aside: see
 * js/making.h. */
struct stream *api_make_stream(struct api_call *c, struct stream_config *config,
    bool is_aside);

/* For lists: where to begin, from the request; total, offset and limit are
 * written. */
size_t api_page(struct api_call *c, size_t total, size_t limit);

/* What c->doc, a configuration, says of a stream that is to come from a backup:
 * checked, owned; NULL and c->e (js/api_stream.c). */
struct stream_config *api_restored_config(struct api_call *c);

/* ---- direct gets (js/api_direct.c) ------------------------------------------ */

void direct_start(struct stream *s);
void direct_stop(struct stream *s);
/* The message "get" names.  api_stream.c's MSG.GET uses the same finder. */
/* False: there is none. */
bool direct_find(struct stream *s, const struct direct_wish *wish,
    uint64_t *seq);
void direct_answer(struct js *js, const struct api_request *r);

/* ---- handlers ---------------------------------------------------------------- */

void api_account_info(struct api_call *c);
void api_account_purge(struct api_call *c);
void api_stream_create(struct api_call *c);
void api_stream_update(struct api_call *c);
void api_stream_names(struct api_call *c);
void api_stream_list(struct api_call *c);
void api_stream_info(struct api_call *c);
void api_stream_delete(struct api_call *c);
void api_stream_purge(struct api_call *c);
void api_stream_snapshot(struct api_call *c);
void api_stream_restore(struct api_call *c);
void api_msg_get(struct api_call *c);
void api_msg_delete(struct api_call *c);
/* js/redrive.c: what nats-server does not have. */
void api_stream_redrive(struct api_call *c);
void api_consumer_create(struct api_call *c);
void api_consumer_create_durable(struct api_call *c);
void api_consumer_names(struct api_call *c);
void api_consumer_list(struct api_call *c);
void api_consumer_info(struct api_call *c);
void api_consumer_delete(struct api_call *c);
void api_consumer_pause(struct api_call *c);
void api_consumer_unpin(struct api_call *c);
void api_consumer_reset(struct api_call *c);

#endif /* JS_API_H */
