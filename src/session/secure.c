/* session/secure.c - TLS below a client's session. */
#include "session/secure.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "base/tls_peer.h"
#include "net/conn_tls.h"
#include "net/tls.h"
#include "proto/info.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/info.h"

enum { TLS_HANDSHAKE = 0x16 };	/* the first byte of a ClientHello's record */
#define PATIENCE_NS (100 * NS_PER_MS)

struct secure {
	struct secure_config *config;	/* of when it came: a reference */
	int64_t until_ns;	/* for the handshake, or for the first byte */
	int64_t info_ns;	/* INFO goes out in clear then; 0: it need not */
	bool    is_choosing;	/* TLS or not: by the first byte */
	bool    went_first;
	struct buf certs;	/* what the client showed, for monitoring */
};

/* ---- configuration ------------------------------------------------------- */

struct secure_config *secure_config_create(struct tls_context *context,
    size_t n_pins)
{
	struct secure_config *c = calloc(1, sizeof *c +
	    n_pins * SECURE_PIN_BYTES);

	if (c == NULL) {
		tls_context_unref(context);
		return NULL;
	}
	c->n_refs = 1;
	c->context = context;
	c->n_pins = n_pins;
	return c;
}

struct secure_config *secure_config_ref(struct secure_config *c)
{
	if (c != NULL)
		__atomic_fetch_add(&c->n_refs, 1, __ATOMIC_RELAXED);
	return c;
}

void secure_config_unref(struct secure_config *c)
{
	if (c == NULL ||
	    __atomic_fetch_sub(&c->n_refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	tls_context_unref(c->context);
	free(c);
}

static const struct secure_config *config_of(const struct client *c)
{
	return c->hub->config->secure;
}

bool secure_is_wanted(const struct client *c)
{
	return config_of(c) != NULL;
}

void secure_put_info(const struct client *c, struct info *info)
{
	const struct secure_config *conf = config_of(c);

	if (conf == NULL)
		return;
	info->tls_required = !conf->is_optional;
	info->tls_available = conf->is_optional;
	info->tls_verify = conf->verifies;
}

/* ---- pins ---------------------------------------------------------------- */

static bool is_pinned(const struct client *c)
{
	const struct secure_config *conf = config_of(c);
	const struct tls_peer      *p = secure_peer(c);
	uint8_t                     hash[SECURE_PIN_BYTES];

	if (conf == NULL || conf->n_pins == 0)
		return true;
	if (p == NULL)
		return false;
	crypto_hash_sha256(hash, (const unsigned char *)p->spki.p, p->spki.n);
	for (size_t i = 0; i < conf->n_pins; i++)
		if (memcmp(conf->pins[i], hash, sizeof hash) == 0)
			return true;
	return false;
}

void secure_recheck(struct client *c)
{
	if (c->state == CLIENT_READY && conn_tls_of(&c->conn) != NULL &&
	    !is_pinned(c))
		client_close(c, CLOSE_TLS);
}

/* ---- the end of a handshake ---------------------------------------------- */

/* Who can make us log is anybody. */
static void complain(struct client *c, struct slice why)
{
	static struct log_gate gate;
	uint32_t               held;

	if (!log_gate_open(&gate, &held))
		return;
	log_error("%s - TLS handshake error: %.*s", client_label(c),
	    SLICE_ARG(why));
}

static void failed(struct conn *conn, struct slice why)
{
	struct client *c = (struct client *)conn;

	if (c->state == CLIENT_CLOSING) {
		client_drop(c, c->reason);
		return;
	}
	complain(c, why);
	client_drop(c, CLOSE_TLS);
}

static void put_hash(struct buf *out, struct slice der)
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)der.p, der.n);
	text_put_hex(out, hash, sizeof hash);
}

static void note_cert(struct client *c, struct slice der)
{
	struct tls_peer *p = tls_peer_create(&der, 1);
	struct buf       text = { 0 };

	if (p == NULL)
		return;
	put_hash(&text, p->spki);
	put_hash(&text, der);
	tls_peer_put_subject(p, true, &text);
	if (!buf_failed(&text))
		cert_info_put(&c->secure->certs, &(struct cert_info){
		    .spki_sha256 = slice_of(text.p, SHA256_HEX),
		    .cert_sha256 = slice_of(text.p + SHA256_HEX, SHA256_HEX),
		    .subject = slice_skip(buf_slice(&text), 2 * SHA256_HEX),
		});
	buf_fini(&text);
	tls_peer_destroy(p);
}

static void note_certs(struct client *c)
{
	const struct tls_peer *p = secure_peer(c);

	for (size_t i = 0; p != NULL && i < p->n_certs; i++)
		note_cert(c, p->certs[i]);
	if (buf_failed(&c->secure->certs))
		buf_fini(&c->secure->certs);
}

static void secured(struct conn *conn)
{
	struct client            *c = (struct client *)conn;
	const struct tls_session *tls = conn_tls_of(conn);

	if (c->state != CLIENT_SECURING)
		return;		/* it is being closed: its last words can go */
	if (!is_pinned(c)) {
		failed(conn, SLICE("certificate not pinned"));
		return;
	}
	c->secure->until_ns = 0;
	note_certs(c);
	log_debug("%s - TLS handshake complete", client_label(c));
	log_debug("%s - TLS version %s, cipher suite %s", client_label(c),
	    tls_version(tls), tls_suite_name(tls));
	client_begin(c, c->secure->went_first);
}

static const struct conn_tls_ops ops = { .secured = secured,
	.failed = failed };

/* ---- the way there ------------------------------------------------------- */

static void begin_handshake(struct client *c)
{
	log_debug("%s - Starting TLS client connection handshake",
	    client_label(c));
	c->secure->until_ns = loop_now_ns(c->hub->loop) +
	    c->secure->config->timeout_ns;
	if (conn_tls_begin(&c->conn, c->secure->config->context, NULL,
	    c->hub->shared->handshaker, &ops) != 0)
		client_drop(c, CLOSE_TLS);
	else
		client_arm_timer(c);
}

/* In clear, and whole, before anything is encrypted; false: it is closed. */
static bool say_info(struct client *c)
{
	client_send_info(c, INFO_FIRST);
	conn_flush(&c->conn);
	if (conn_is_open(&c->conn) && c->conn.pending > 0)
		client_drop(c, CLOSE_WRITE_ERROR);
	return conn_is_open(&c->conn);
}

static void go_on_in_clear(struct client *c)
{
	c->secure->until_ns = 0;
	conn_prepared(&c->conn, &conn_plain, NULL);
	client_begin(c, false);
}

static void decide(struct client *c, uint8_t first)
{
	if (c->secure->is_choosing && first != TLS_HANDSHAKE) {
		go_on_in_clear(c);
		return;
	}
	c->secure->went_first = !c->secure->is_choosing;
	c->secure->is_choosing = false;
	c->secure->info_ns = 0;
	begin_handshake(c);
}

static void peek(struct conn *conn)
{
	struct client *c = (struct client *)conn;
	uint8_t        first;
	ssize_t        n = recv(conn->watch.fd, &first, 1, MSG_PEEK);

	if (n == 1 && c->state == CLIENT_SECURING)
		decide(c, first);
	else if (n < 0 && (errno == EAGAIN || errno == EINTR))
		conn_await(conn, false);
	else
		client_drop(c, n == 0 ? CLOSE_CLIENT_CLOSED
		    : CLOSE_READ_ERROR);
}

static const struct conn_io peeking = { .prepare = peek };

static void await_first_byte(struct client *c)
{
	conn_prepare(&c->conn, &peeking, NULL, false);
	client_arm_timer(c);
}

/* ---- too many of them ---------------------------------------------------- */

static bool is_throttled(struct client *c)
{
	struct secure_rate *r = &c->hub->shared->handshakes;
	int64_t             max = config_of(c)->rate_max, n_blocked;
	int64_t             now = loop_now_ns(c->hub->loop);
	int64_t             end = __atomic_load_n(&r->ends_ns,
	    __ATOMIC_RELAXED);

	if (max == 0)
		return false;
	if (now > end && __atomic_compare_exchange_n(&r->ends_ns, &end,
	    now + NS_PER_S, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		__atomic_store_n(&r->n, 0, __ATOMIC_RELAXED);
		n_blocked = __atomic_exchange_n(&r->n_blocked, 0,
		    __ATOMIC_RELAXED);
		if (n_blocked > 0)
			log_warn("Rejected %lld connections due to TLS rate "
			    "limiting", (long long)n_blocked);
	}
	if (__atomic_add_fetch(&r->n, 1, __ATOMIC_RELAXED) <= max)
		return false;
	__atomic_fetch_add(&r->n_blocked, 1, __ATOMIC_RELAXED);
	return true;
}

/* ---- the beginning ------------------------------------------------------- */

void secure_begin(struct client *c)
{
	const struct secure_config *conf = config_of(c);
	int64_t                     now = loop_now_ns(c->hub->loop);
	struct secure              *s = calloc(1, sizeof *s);

	c->secure = s;
	if (s == NULL) {
		client_drop(c, CLOSE_TLS);
		return;
	}
	s->config = secure_config_ref(c->hub->config->secure);
	if (!conf->goes_first && !say_info(c))
		return;
	if (is_throttled(c)) {
		client_refuse(c, REFUSAL_THROTTLED);
		return;
	}
	s->went_first = conf->goes_first && conf->first_wait_ns == 0;
	s->is_choosing = conf->is_optional;
	if (s->is_choosing)
		s->until_ns = now + conf->timeout_ns;
	else if (conf->goes_first && !s->went_first)
		s->info_ns = now + conf->first_wait_ns;
	if (s->is_choosing || s->info_ns != 0)
		await_first_byte(c);
	else
		begin_handshake(c);
}

void secure_fini(struct client *c)
{
	if (c->secure != NULL) {
		secure_config_unref(c->secure->config);
		buf_fini(&c->secure->certs);
	}
	free(c->secure);
	c->secure = NULL;
}

/* ---- time ---------------------------------------------------------------- */

int64_t secure_deadline_ns(const struct client *c)
{
	const struct secure *s = c->secure;

	if (s == NULL || c->state != CLIENT_SECURING)
		return INT64_MAX;
	if (s->info_ns != 0)
		return s->info_ns;
	return s->until_ns == 0 ? INT64_MAX : s->until_ns;
}

/* It has waited for bytes that did not come: INFO first, then, as others. */
static void tell_info(struct client *c)
{
	c->secure->info_ns = 0;
	conn_prepared(&c->conn, &conn_plain, NULL);
	if (say_info(c))
		begin_handshake(c);
}

void secure_tick(struct client *c, int64_t now_ns)
{
	struct secure *s = c->secure;

	if (conn_is_due(&c->conn)) {
		/* It has said something, and waits for us. */
		if (s->info_ns != 0)
			s->info_ns = now_ns + PATIENCE_NS;
		else
			s->until_ns = now_ns + PATIENCE_NS;
	} else if (s->info_ns != 0) {
		tell_info(c);
	} else if (s->is_choosing) {
		go_on_in_clear(c);
	} else {
		complain(c, SLICE("timeout"));
		client_drop(c, CLOSE_TLS);
	}
}

/* ---- what came of it ----------------------------------------------------- */

const struct tls_peer *secure_peer(const struct client *c)
{
	const struct tls_session *tls = conn_tls_of(&c->conn);

	return tls == NULL ? NULL : tls_peer_of(tls);
}

struct slice secure_certs(const struct client *c)
{
	return c->secure == NULL ? SLICE_NONE : buf_slice(&c->secure->certs);
}

struct slice secure_version(const struct client *c)
{
	const struct tls_session *tls = conn_tls_of(&c->conn);

	return tls == NULL ? SLICE_NONE : slice_str(tls_version(tls));
}

struct slice secure_suite(const struct client *c)
{
	const struct tls_session *tls = conn_tls_of(&c->conn);

	return tls == NULL ? SLICE_NONE : slice_str(tls_suite_name(tls));
}

bool secure_went_first(const struct client *c)
{
	return c->secure != NULL && c->secure->went_first &&
	    conn_tls_of(&c->conn) != NULL;
}
