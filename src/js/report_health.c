/* js/report_health.c - what is not as it should be.
 *
 * A stream that is on the disk and could not be opened, one whose store takes
 * nothing any more; if there is no such thing, what was asked for by name and
 * is not there.
 * Spec: jetstream reference 26.3; the texts are nats-server's. */
#include "js/report_int.h"

#include "base/err.h"
#include "base/text.h"
#include "core/account.h"
#include "js/consumer.h"
#include "js/js.h"
#include "js/offline.h"
#include "js/opening.h"
#include "js/stream.h"
#include "js/stream_config.h"
#include "js/unopened.h"

enum { OK = 200, NOT_FOUND = 404, UNAVAILABLE = 503 };

/* Whom a failure is about: as far as type says. */
struct subject_of {
	const char  *type;
	struct slice account, stream, consumer;
};

static void put_name(struct json_writer *w, const char *key, struct slice name)
{
	if (name.n == 0)
		return;
	json_key(w, key);
	json_str(w, name);
}

/* The first is told where only one is. */
static void fail(struct report *r, const struct subject_of *of,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct report *r, const struct subject_of *of,
    const char *fmt, ...)
{
	struct json_writer *w = JSON_INTO(&r->errors, 0);
	struct buf          text = { 0 };
	va_list             ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (r->errors.n > 0)
		buf_put_char(&r->errors, ',');
	json_begin_object(w);
	put_name(w, "type", slice_str(of->type));
	put_name(w, "account", of->account);
	put_name(w, "stream", of->stream);
	put_name(w, "consumer", of->consumer);
	put_name(w, "error", buf_slice(&text));
	json_end_object(w);
	if (r->why.n == 0)
		buf_put_slice(&r->why, buf_slice(&text));
	r->failed |= buf_failed(&text);
	r->status = UNAVAILABLE;
	buf_fini(&text);
}

static bool is_asked_for(const struct report *r, struct slice stream)
{
	return r->wish.stream.n == 0 || slice_eq(r->wish.stream, stream);
}

/* ---- streams ------------------------------------------------------------------ */

static void fail_to_recover(struct report *r, struct slice account,
    struct slice stream)
{
	struct subject_of of = { "STREAM", account, stream, SLICE_NONE };

	fail(r, &of, "JetStream stream '%.*s > %.*s' could not be recovered",
	    SLICE_ARG(account), SLICE_ARG(stream));
}

static void begin_health(struct report *r, struct js *js)
{
	(void)js;
	r->status = OK;
}

static void check_openings(struct report *r, const struct js_account *a)
{
	struct slice account = a->core->name, name;

	for (size_t i = 0; (name = opening_name(a, i)).n > 0; i++) {
		struct subject_of of = { "STREAM", account, name, SLICE_NONE };

		if (is_asked_for(r, name))
			fail(r, &of, "JetStream stream '%.*s > %.*s' is still "
			    "recovering", SLICE_ARG(account), SLICE_ARG(name));
	}
}

/* It is as it is meant to be: nothing is wrong with what a newer server made. */
static void see_offline(struct report *r, const struct js_account *a)
{
	const struct offline *o = r->wish.stream.n == 0 ? NULL
	    : offline_find(a, r->wish.stream);

	if (o == NULL)
		return;
	r->saw_stream = true;
	r->saw_consumer |= r->wish.consumer.n > 0 &&
	    offline_find_consumer(o, r->wish.consumer) != NULL;
}

static void check_account(struct report *r, const struct js_account *a)
{
	check_openings(r, a);
	see_offline(r, a);
	for (struct list *l = a->unopened.next; l != &a->unopened;
	    l = l->next) {
		const struct unopened *u = CONTAINER_OF(l, struct unopened,
		    link);
		struct buf             name = { 0 };

		unopened_put_name(u, &name);
		if (is_asked_for(r, buf_slice(&name)) &&
		    unopened_is_told(a->js, u))
			fail_to_recover(r, a->core->name, buf_slice(&name));
		buf_fini(&name);
	}
}

/* 0: it takes what comes. */
static int stream_trouble(const struct stream *s)
{
	struct store_state st;

	if (s->error != 0)
		return s->error;
	store_get_state(s->store, &st);
	return st.is_full ? ERR_NOSPC : 0;
}

static size_t check_stream(struct report *r, struct stream *s)
{
	struct slice      account = s->account->core->name;
	struct subject_of of = { "STREAM", account, s->name, SLICE_NONE };
	int               err;

	if (!is_asked_for(r, s->name))
		return 1;
	err = stream_trouble(s);
	r->saw_stream = true;
	r->saw_consumer |= r->wish.consumer.n > 0 &&
	    stream_find_consumer(s, r->wish.consumer) != NULL;
	if (err != 0)
		fail(r, &of, "JetStream stream '%.*s > %.*s' write error: %s",
		    SLICE_ARG(account), SLICE_ARG(s->name), err_text(err));
	else if (s->n_subs < s->config->n_subjects)
		fail_to_recover(r, account, s->name);
	return 1;
}

/* ---- what is not there ---------------------------------------------------------- */

static void check_strangers(struct report *r, const struct js *js)
{
	struct slice asked = r->wish.options.account;

	for (struct list *l = js->strangers.next; l != &js->strangers;
	    l = l->next) {
		const struct unopened *u = CONTAINER_OF(l, struct unopened,
		    link);
		struct buf             name = { 0 };
		struct subject_of      of = { "ACCOUNT" };

		unopened_put_name(u, &name);
		of.account = buf_slice(&name);
		if ((asked.n == 0 || slice_eq(asked, of.account)) &&
		    unopened_is_told(js, u))
			fail(r, &of, "JetStream account '%.*s' could not be "
			    "resolved", SLICE_ARG(of.account));
		buf_fini(&name);
	}
}

static void put_quoted(struct buf *out, const char *before, struct slice name)
{
	buf_put_str(out, before);
	text_put_quoted(out, name);
}

static void check_presence(struct report *r)
{
	const struct report_wish *o = &r->wish;
	struct slice      account = o->options.account;
	struct subject_of of = { "ACCOUNT", account, SLICE_NONE, SLICE_NONE };
	struct buf        text = { 0 };

	if (account.n > 0 && !r->has_account) {
		put_quoted(&text, "JetStream account ", account);
		buf_put_str(&text, " not found");
	} else if (o->stream.n > 0 && !r->saw_stream) {
		of = (struct subject_of){ "STREAM", account, o->stream,
			SLICE_NONE };
		put_quoted(&text, "JetStream stream ", o->stream);
		put_quoted(&text, " not found on account ", account);
	} else if (o->consumer.n > 0 && !r->saw_consumer) {
		of = (struct subject_of){ "CONSUMER", account, o->stream,
			o->consumer };
		put_quoted(&text, "JetStream consumer ", o->consumer);
		put_quoted(&text, " not found for stream ", o->stream);
		put_quoted(&text, " on account ", account);
	}
	buf_put_char(&text, '\0');
	r->failed |= buf_failed(&text);
	if (text.n > 1) {
		fail(r, &of, "%s", text.p);
		r->status = NOT_FOUND;
	}
	buf_fini(&text);
}

static void end_health(struct report *r, struct js *js)
{
	check_strangers(r, js);
	if (r->status == OK)
		check_presence(r);
}

const struct report_pass report_health = { REACH_ASKED, begin_health,
	check_account, check_stream, NULL, end_health };
