/* session/info.c - descriptions of clients that can be kept and passed on.
 *
 * A list of subscriptions is a row of records: a struct record, the bytes of
 * its four strings, padding to the next record.
 */
#include "session/info.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

enum { LIST_FIRST = 512, RECORD_ALIGN = 8 };

struct record {
	uint64_t n_msgs, msgs_max, cid;
	uint32_t account_n, subject_n, queue_n, sid_n;
};

static size_t padded(size_t n)
{
	return (n + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
}

static size_t record_size(const struct record *r)
{
	return padded(sizeof *r + (size_t)r->account_n + r->subject_n +
	    r->queue_n + r->sid_n);
}

static bool list_grow(struct sub_info_list *list, size_t more)
{
	size_t need, cap = list->cap < LIST_FIRST ? LIST_FIRST : list->cap;
	char  *p;

	if (__builtin_add_overflow(list->n, more, &need))
		return false;
	while (cap < need)
		if (__builtin_mul_overflow(cap, (size_t)2, &cap))
			return false;
	if (cap == list->cap)
		return true;
	p = realloc(list->p, cap);
	if (p == NULL)
		return false;
	list->p = p;
	list->cap = cap;
	return true;
}

static char *put(char *to, struct slice s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

static struct slice take(const char **from, size_t n)
{
	struct slice s = { *from, n };

	*from += n;
	return s;
}

void sub_info_add(struct sub_info_list *list, const struct sub_info *sub)
{
	struct record r = {
		.n_msgs = sub->n_msgs,
		.msgs_max = sub->msgs_max,
		.cid = sub->cid,
		.account_n = (uint32_t)sub->account.n,
		.subject_n = (uint32_t)sub->subject.n,
		.queue_n = (uint32_t)sub->queue.n,
		.sid_n = (uint32_t)sub->sid.n,
	};
	char *to;

	/* All four come out of control lines, whose length is 32 bits. */
	assert(sub->account.n <= UINT32_MAX && sub->subject.n <= UINT32_MAX &&
	    sub->queue.n <= UINT32_MAX && sub->sid.n <= UINT32_MAX);
	if (list->failed || !list_grow(list, record_size(&r))) {
		list->failed = true;
		return;
	}
	to = list->p + list->n;
	memcpy(to, &r, sizeof r);
	to = put(to + sizeof r, sub->account);
	to = put(to, sub->subject);
	to = put(to, sub->queue);
	put(to, sub->sid);
	list->n += record_size(&r);
	list->n_subs++;
}

bool sub_info_next(const struct sub_info_list *list, size_t *at,
    struct sub_info *ret)
{
	struct record r;
	const char   *from;

	if (*at >= list->n)
		return false;
	from = list->p + *at;
	memcpy(&r, from, sizeof r);
	from += sizeof r;
	ret->n_msgs = r.n_msgs;
	ret->msgs_max = r.msgs_max;
	ret->cid = r.cid;
	ret->account = take(&from, r.account_n);
	ret->subject = take(&from, r.subject_n);
	ret->queue = take(&from, r.queue_n);
	ret->sid = take(&from, r.sid_n);
	*at += record_size(&r);
	return true;
}

void sub_info_list_fini(struct sub_info_list *list)
{
	free(list->p);
	*list = (struct sub_info_list){ 0 };
}

/* ---- certificates ------------------------------------------------------- */

/* Both hashes, then a subject that ends where its length says. */
void cert_info_put(struct buf *list, const struct cert_info *c)
{
	uint32_t n = (uint32_t)c->subject.n;

	assert(c->subject.n <= UINT32_MAX);
	assert(c->spki_sha256.n == SHA256_HEX);
	assert(c->cert_sha256.n == SHA256_HEX);
	buf_put(list, &n, sizeof n);
	buf_put_slice(list, c->spki_sha256);
	buf_put_slice(list, c->cert_sha256);
	buf_put_slice(list, c->subject);
}

bool cert_info_next(struct slice list, size_t *at, struct cert_info *ret)
{
	const char *from = list.p + *at;
	uint32_t    n;

	if (*at >= list.n)
		return false;
	memcpy(&n, from, sizeof n);
	from += sizeof n;
	ret->spki_sha256 = take(&from, SHA256_HEX);
	ret->cert_sha256 = take(&from, SHA256_HEX);
	ret->subject = take(&from, n);
	*at = (size_t)(from - list.p);
	return true;
}

/* ---- clients ------------------------------------------------------------ */

void client_info_fini(struct client_info *info)
{
	sub_info_list_fini(&info->subs);
}

/* The strings of a description, for whoever walks them. */
enum { N_STRINGS = 15 };

static void strings_of(struct client_info *info, struct slice *s[N_STRINGS])
{
	struct slice *all[N_STRINGS] = {
		&info->ip, &info->name, &info->lang, &info->version,
		&info->tls_version, &info->tls_cipher, &info->user,
		&info->account, &info->name_tag, &info->jwt, &info->issuer_key,
		&info->tags, &info->tls_certs, &info->mqtt_client,
		&info->proxy_key,
	};

	memcpy(s, all, sizeof all);
}

size_t client_info_size(const struct client_info *info)
{
	struct client_info copy = *info;
	struct slice      *strings[N_STRINGS];
	size_t             n = sizeof *info + info->subs.n;

	strings_of(&copy, strings);
	for (size_t i = 0; i < N_STRINGS; i++)
		n += strings[i]->n;
	return n;
}

struct client_info *client_info_clone(const struct client_info *info)
{
	struct client_info *clone = malloc(client_info_size(info));
	struct slice       *strings[N_STRINGS];
	char               *to;

	if (clone == NULL)
		return NULL;
	*clone = *info;
	to = (char *)(clone + 1);
	clone->subs.p = to;
	clone->subs.cap = info->subs.n;
	to = put(to, slice_of(info->subs.p, info->subs.n));
	strings_of(clone, strings);
	for (size_t i = 0; i < N_STRINGS; i++) {
		char *at = to;

		to = put(to, *strings[i]);
		strings[i]->p = at;
	}
	return clone;
}

void client_info_destroy(struct client_info *clone)
{
	free(clone);
}
