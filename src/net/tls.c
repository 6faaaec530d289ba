/* net/tls.c - what is the same over either TLS library.
 *
 * Sending: both libraries want the same bytes again after they had to wait, so
 * the size of the record that is on its way is remembered, and rebuilt from
 * the front of the caller's queue.  Small pieces are gathered into one record;
 * a piece that fills a record is encrypted where it lies.
 */
#include "net/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/tls_names.h"
#include "base/tls_peer.h"
#include "net/tls_int.h"

/* ---- contexts ------------------------------------------------------------ */

static void context_free(struct tls_context *c)
{
	tls_backend.context_close(c);
	for (size_t i = 0; c->own != NULL && i < c->n_pairs; i++)
		tls_peer_destroy(c->own[i]);
	free(c->own);
	free(c);
}

/* The library would say only that it did not work. */
static bool is_readable(const char *what, const char *path, struct buf *why)
{
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		buf_printf(why, "%sopen %s: %s", what, path,
		    errno == ENOENT ? "no such file or directory" :
		    errno == EACCES ? "permission denied" :
		    errno == EISDIR ? "is a directory" : "cannot be read");
		return false;
	}
	fclose(f);
	return true;
}

static bool are_readable(const struct tls_settings *s, struct buf *why)
{
	static const char pair[] = "error parsing X509 certificate/key pair: ";

	for (size_t i = 0; i < s->n_pairs; i++)
		if (!is_readable(pair, s->pairs[i].cert_file, why) ||
		    !is_readable(pair, s->pairs[i].key_file, why))
			return false;
	return s->ca_file == NULL || is_readable("", s->ca_file, why);
}

int tls_context_create(const struct tls_settings *s, struct tls_context **ret,
    struct buf *why)
{
	struct tls_context *c;
	int                 err;

	if (!are_readable(s, why))
		return ERR_CONFIG;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return ERR_NOMEM;
	c->n_refs = 1;
	c->is_client = s->is_client;
	c->is_insecure = s->is_insecure;
	c->n_pairs = s->n_pairs;
	c->own = calloc(s->n_pairs + 1, sizeof *c->own);
	err = c->own == NULL ? ERR_NOMEM
	    : tls_backend.context_open(c, s, why);
	if (err != 0) {
		context_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
	__atomic_fetch_add(&c->n_refs, 1, __ATOMIC_RELAXED);
	return c;
}

void tls_context_unref(struct tls_context *c)
{
	if (c != NULL &&
	    __atomic_fetch_sub(&c->n_refs, 1, __ATOMIC_ACQ_REL) == 1)
		context_free(c);
}

int64_t tls_context_not_after(const struct tls_context *c)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < c->n_pairs; i++)
		if (c->own[i] != NULL && c->own[i]->not_after_s < first)
			first = c->own[i]->not_after_s;
	return first;
}

bool tls_own_serves(const struct tls_context *c, size_t i, struct slice name)
{
	return c->own[i] != NULL && tls_peer_serves(c->own[i], name);
}

const char *tls_library(void)
{
	return tls_backend.name();
}

bool tls_has_13(void)
{
	return tls_backend.has_13();
}

/* ---- sessions ------------------------------------------------------------ */

struct tls_session *tls_open(struct tls_context *c, int fd,
    const char *server_name)
{
	struct tls_session *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->context = tls_context_ref(c);
	s->fd = fd;
	if (server_name != NULL)
		s->server_name = strdup(server_name);
	if ((server_name == NULL || s->server_name != NULL) &&
	    tls_backend.open(s))
		return s;
	s->is_broken = true;
	tls_close(s);
	return NULL;
}

/* In the middle of a record there is no place for an alert. */
void tls_say_bye(struct tls_session *s)
{
	if (!s->is_done || s->is_broken || s->retry_n > 0 || s->has_said_bye)
		return;
	s->has_said_bye = true;
	tls_backend.say_bye(s);
}

void tls_close(struct tls_session *s)
{
	if (s == NULL)
		return;
	tls_say_bye(s);
	tls_backend.close(s);
	tls_context_unref(s->context);
	tls_peer_destroy(s->peer);
	free(s->server_name);
	free(s);
}

static bool take_peer(struct tls_session *s, struct buf *why)
{
	if (tls_backend.peer(s, &s->peer))
		return true;
	buf_put_str(why, "tls: malformed certificate");
	return false;
}

/* Mbed TLS 2.28 compares no addresses, and either may be told to compare
 * nothing: who is at the other end is decided here. */
static bool is_who_we_dialled(const struct tls_session *s, struct buf *why)
{
	if (!s->context->is_client || s->context->is_insecure)
		return true;
	if (s->peer != NULL && s->server_name != NULL &&
	    tls_peer_serves(s->peer, slice_str(s->server_name)))
		return true;
	buf_printf(why, "tls: failed to verify certificate: x509: certificate "
	    "is not valid for %s", s->server_name == NULL ? "\"\""
	    : s->server_name);
	return false;
}

enum tls_want tls_handshake(struct tls_session *s, struct buf *why)
{
	enum tls_want want = tls_backend.handshake(s, why);

	if (want == TLS_DONE) {
		s->is_done = true;
		if (!take_peer(s, why) || !is_who_we_dialled(s, why))
			want = TLS_FAILED;
	}
	s->is_broken |= want == TLS_FAILED;
	return want;
}

/* ---- bytes --------------------------------------------------------------- */

static ssize_t fail(struct tls_session *s, ssize_t got)
{
	if (got == TLS_IO_WANTS) {
		errno = EAGAIN;
		return -1;
	}
	s->is_broken = true;
	if (got == TLS_IO_EOF)
		return 0;
	errno = EPROTO;
	return -1;
}

/* Record by record.  What ends with a short one is at its end most of the time;
 * where the library has read ahead it knows. */
ssize_t tls_recv(struct tls_session *s, void *to, size_t n)
{
	size_t  have = 0;
	ssize_t got = TLS_IO_WANTS;

	s->has_more = false;
	if (s->is_broken)
		return fail(s, TLS_IO_EOF);
	while (have < n) {
		got = tls_backend.recv(s, (char *)to + have, n - have);
		if (got <= 0)
			break;
		have += (size_t)got;
		if (got < TLS_RECORD_MAX && !tls_backend.may_have_more(s))
			break;
	}
	if (have == 0)
		return fail(s, got);
	/* The rest, or an error, comes with the next call. */
	s->has_more = got != TLS_IO_WANTS &&
	    (got <= 0 || tls_backend.may_have_more(s));
	return (ssize_t)have;
}

bool tls_has_more(const struct tls_session *s)
{
	return s->has_more;
}

/* The first want bytes of the queue in one piece: where they lie, or gathered.
 * want is TLS_RECORD_MAX at most; *n: how many there are. */
static const char *one_record(const struct iovec *iov, int n_iov, size_t want,
    size_t *n)
{
	static _Thread_local char gathered[TLS_RECORD_MAX];
	size_t have = 0;

	if (iov->iov_len >= want) {
		*n = want;
		return iov->iov_base;
	}
	for (int i = 0; i < n_iov && have < want; i++) {
		size_t part = iov[i].iov_len < want - have ? iov[i].iov_len
		    : want - have;

		memcpy(gathered + have, iov[i].iov_base, part);
		have += part;
	}
	*n = have;
	return gathered;
}

/* Moves past n bytes of the queue. */
static void skip(struct iovec **iov, int *n_iov, size_t n)
{
	while (n > 0) {
		size_t part = (*iov)->iov_len < n ? (*iov)->iov_len : n;

		(*iov)->iov_base = (char *)(*iov)->iov_base + part;
		(*iov)->iov_len -= part;
		n -= part;
		if ((*iov)->iov_len == 0) {
			(*iov)++;
			(*n_iov)--;
		}
	}
}

enum { SEND_IOV_MAX = 64 };

ssize_t tls_send(struct tls_session *s, const struct iovec *iov, int n)
{
	struct iovec copy[SEND_IOV_MAX], *at = copy;
	size_t       sent = 0;
	ssize_t      got = TLS_IO_WANTS;

	if (s->is_broken)
		return fail(s, TLS_IO_ERROR);
	if (n > SEND_IOV_MAX)
		n = SEND_IOV_MAX;
	memcpy(copy, iov, (size_t)n * sizeof *iov);
	while (n > 0) {
		size_t      want = s->retry_n > 0 ? s->retry_n : TLS_RECORD_MAX;
		size_t      have;
		const char *p = one_record(at, n, want, &have);

		got = have == 0 ? 0 : tls_backend.send(s, p, have);
		if (got <= 0)
			break;
		s->retry_n = 0;
		sent += (size_t)got;
		skip(&at, &n, (size_t)got);
	}
	if (n > 0 && got == TLS_IO_WANTS && s->retry_n == 0)
		(void)one_record(at, n, TLS_RECORD_MAX, &s->retry_n);
	if (sent > 0)
		return (ssize_t)sent;
	return fail(s, got == TLS_IO_EOF ? TLS_IO_ERROR : got);
}

/* ---- observers ----------------------------------------------------------- */

const char *tls_version(const struct tls_session *s)
{
	return tls_backend.version(s) == 0x0304 ? "1.3" : "1.2";
}

const char *tls_suite_name(const struct tls_session *s)
{
	const struct tls_suite *suite =
	    tls_suite_by_id(tls_backend.suite(s));

	return suite == NULL ? "" : suite->name;
}

const struct tls_peer *tls_peer_of(const struct tls_session *s)
{
	return s->peer;
}
