/* session/inbox.c - subscriptions of the server itself. */
#include "session/inbox.h"

#include <stdlib.h>

#include "core/account.h"
#include "core/fanout.h"
#include "core/msg.h"
#include "core/sub.h"
#include "core/sublist.h"
#include "session/client.h"
#include "session/hub.h"

struct inbox {
	struct sub      sub;	/* first */
	struct account *account;
	inbox_handle    handle;
	void           *ctx;
	unsigned        member;
};

/* A message on its way to another member. */
struct letter {
	struct mail          mail;
	struct inbox        *inbox;
	struct inbox_message message;
	char                 bytes[];
};

static struct inbox_message message_of(const struct inbox *in,
    const struct run *run, const struct msg *m)
{
	const struct client *from = run->publisher;

	return (struct inbox_message){ in->account, run->subject, m->reply,
		msg_headers(m), msg_payload(m), from == NULL ? 0 : from->cid };
}

static uint32_t give_here(struct sub *sub, const struct run *run)
{
	struct inbox *in = (struct inbox *)sub;

	for (uint32_t i = 0; i < run->n; i++) {
		struct inbox_message m = message_of(in, run, &run->msgs[i]);

		in->handle(in->ctx, &m);
	}
	return run->n;
}

static void open_letter(struct mail *mail, void *receiver)
{
	struct letter *l = CONTAINER_OF(mail, struct letter, mail);

	(void)receiver;
	l->inbox->handle(l->inbox->ctx, &l->message);
	free(l);
}

static struct slice copy(char **at, struct slice s)
{
	struct slice c = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return c;
}

static struct letter *write_letter(struct inbox *in,
    const struct inbox_message *m)
{
	struct letter *l = malloc(sizeof *l + m->subject.n + m->reply.n +
	    m->headers.n + m->payload.n);
	char          *at;

	if (l == NULL)
		return NULL;
	at = l->bytes;
	*l = (struct letter){ .mail.deliver = open_letter, .inbox = in };
	l->message.account = m->account;
	l->message.cid = m->cid;
	l->message.subject = copy(&at, m->subject);
	l->message.reply = copy(&at, m->reply);
	l->message.headers = copy(&at, m->headers);
	l->message.payload = copy(&at, m->payload);
	return l;
}

static uint32_t give_by_mail(struct sub *sub, const struct run *run)
{
	struct inbox *in = (struct inbox *)sub;
	struct hub   *h = run->port->ctx;

	for (uint32_t i = 0; i < run->n; i++) {
		struct inbox_message m = message_of(in, run, &run->msgs[i]);
		struct letter       *l = write_letter(in, &m);

		if (l == NULL)
			return i;
		loop_post(h->loop, in->member, &l->mail);
	}
	return run->n;
}

struct inbox *inbox_open(struct account *a, struct epoch_thread *e,
    struct slice pattern, unsigned member, unsigned n_workers,
    inbox_handle handle, void *ctx)
{
	struct inbox *in = calloc(1, sizeof *in);
	bool          is_here = member < n_workers;

	if (in == NULL)
		return NULL;
	in->account = a;
	in->handle = handle;
	in->ctx = ctx;
	in->member = member;
	in->sub.give = is_here ? give_here : give_by_mail;
	in->sub.worker = is_here ? (uint16_t)member : SUB_ANYWHERE;
	in->sub.relays = is_here;
	if (sublist_insert(a->sublist, e, &in->sub, pattern) == 0)
		return in;
	free(in);
	return NULL;
}

void inbox_destroy(struct inbox *in, struct epoch_thread *e)
{
	if (in == NULL)
		return;
	sublist_remove(in->account->sublist, e, &in->sub);
	epoch_barrier(e);
	free(in);
}
