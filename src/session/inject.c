/* session/inject.c - messages that the server itself publishes. */
#include "session/inject.h"

#include <stdlib.h>

#include "base/buf.h"
#include "core/account.h"
#include "core/msg.h"
#include "core/sublist.h"
#include "session/hub.h"
#include "session/route.h"

/* A message on its way: the subject, then the tail (core/msg.h). */
struct pending {
	struct mail     mail;
	struct list     link;
	struct account *account;
	struct msg      msg;
	size_t          subject_n;
	char            bytes[];
};

void inject_put_tail(struct buf *b, const struct injection *m)
{
	buf_put_char(b, ' ');
	if (m->reply.n > 0) {
		buf_put_slice(b, m->reply);
		buf_put_char(b, ' ');
	}
	if (m->headers.n > 0) {
		buf_put_u64(b, m->headers.n);
		buf_put_char(b, ' ');
	}
	buf_put_u64(b, m->headers.n + m->payload.n);
	buf_put(b, "\r\n", 2);
	buf_put_slice(b, m->headers);
	buf_put_slice(b, m->payload);
	buf_put(b, "\r\n", 2);
}

struct msg inject_msg(const struct injection *m, struct slice tail)
{
	struct msg msg = { .tail = tail, .hdr_size = (uint32_t)m->headers.n,
		.size = (uint32_t)(m->headers.n + m->payload.n) };

	msg.body_at = (uint32_t)(tail.n - msg.size - 2);
	if (m->reply.n > 0)
		msg.reply = slice_of(tail.p + 1, m->reply.n);
	return msg;
}

/* NULL: out of memory, or more than a message can be. */
static struct pending *make(const struct injection *m)
{
	struct buf      b = { 0 };
	struct pending *p = NULL;

	if (m->headers.n > INT32_MAX || m->payload.n > INT32_MAX / 2)
		return NULL;
	inject_put_tail(&b, m);
	if (!buf_failed(&b))
		p = calloc(1, sizeof *p + m->subject.n + b.n);
	if (p != NULL) {
		p->account = m->account;
		p->subject_n = m->subject.n;
		memcpy(p->bytes, m->subject.p, m->subject.n);
		memcpy(p->bytes + m->subject.n, b.p, b.n);
		p->msg = inject_msg(m, slice_of(p->bytes + p->subject_n, b.n));
	}
	buf_fini(&b);
	return p;
}

void inject(struct hub *h, const struct injection *m)
{
	struct pending *p = make(m);

	if (p == NULL)
		return;
	list_append(&h->injections, &p->link);
	loop_again(h->loop);
}

static void arrive(struct mail *m, void *receiver)
{
	struct pending *p = CONTAINER_OF(m, struct pending, mail);
	struct hub     *h = receiver;

	list_append(&h->injections, &p->link);
}

void inject_from(struct loop *from, const struct injection *m)
{
	struct pending *p = make(m);

	if (p == NULL)
		return;
	p->mail.deliver = arrive;
	loop_post(from, 0, &p->mail);
}

bool inject_is_wanted(const struct account *a, struct slice subject)
{
	return sublist_has_interest(a->sublist, subject);
}

static void deliver(struct hub *h, const struct pending *p)
{
	struct run run = { .subject = slice_of(p->bytes, p->subject_n),
		.msgs = &p->msg, .n = 1, .bytes = p->msg.size };

	route(h, p->account, &run, &h->builder.prefix);
}

void inject_end_turn(struct hub *h)
{
	while (!list_is_empty(&h->injections)) {
		struct pending *p = CONTAINER_OF(h->injections.next,
		    struct pending, link);

		list_remove(&p->link);
		deliver(h, p);
		free(p);
	}
}

void inject_drop_all(struct hub *h)
{
	while (!list_is_empty(&h->injections)) {
		struct pending *p = CONTAINER_OF(h->injections.next,
		    struct pending, link);

		list_remove(&p->link);
		free(p);
	}
}
