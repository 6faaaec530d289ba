/* net/tls_mbed.c - TLS by Mbed TLS, 2.28 or 3.6.  No header: it is the table in
 * net/tls_int.h.
 *
 * The library's own generators and pools are not used: every random byte comes
 * from base/random, which any thread may ask.  Private keys are shared between
 * threads, which Mbed TLS allows only when it was built with threading; a
 * build without it is refused here.
 */
#include <mbedtls/version.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/tls_names.h"
#include "base/tls_peer.h"
#include "net/tls_int.h"

#ifndef MBEDTLS_THREADING_C
#error "Mbed TLS has to be built with MBEDTLS_THREADING_C"
#endif

#define IS_MBED3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)

#if IS_MBED3
#include <psa/crypto.h>
#endif

#define STEP_NS (200 * NS_PER_US)	/* a step that costs more is enough */
#define SYSTEM_CAS "/etc/ssl/certs/ca-certificates.crt"
enum { LIST_MAX = 32 };

struct context {
	mbedtls_ssl_config  conf;
	mbedtls_x509_crt    cas;
	mbedtls_x509_crt   *chains;	/* n_pairs of each */
	mbedtls_pk_context *keys;
	int                 suites[LIST_MAX];	/* ended by 0 */
#if IS_MBED3
	uint16_t             groups[LIST_MAX];
#else
	mbedtls_ecp_group_id groups[LIST_MAX];
#endif
};

static int get_random(void *ctx, unsigned char *out, size_t n)
{
	(void)ctx;
	random_bytes(out, n);
	return 0;
}

/* ---- what differs between 2.28 and 3.6 ------------------------------------ */

#if IS_MBED3
static void start_library(void)
{
	psa_crypto_init();
}

static int parse_key(mbedtls_pk_context *key, const char *path)
{
	return mbedtls_pk_parse_keyfile(key, path, NULL, get_random, NULL);
}

static int check_pair(const mbedtls_x509_crt *cert,
    const mbedtls_pk_context *key)
{
	return mbedtls_pk_check_pair(&cert->pk, key, get_random, NULL);
}

static void set_versions(mbedtls_ssl_config *conf, bool is_13_only)
{
	mbedtls_ssl_conf_min_tls_version(conf, is_13_only
	    ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_tls13_key_exchange_modes(conf,
	    MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
}

static uint16_t group_of(uint16_t iana)
{
	return iana >= 0x0017 && iana <= 0x001d ? iana : 0;
}

static void set_groups(struct context *x)
{
	mbedtls_ssl_conf_groups(&x->conf, x->groups);
}

static bool is_over(const mbedtls_ssl_context *ssl)
{
	return mbedtls_ssl_is_handshake_over((mbedtls_ssl_context *)
	    (uintptr_t)ssl) == 1;
}
#else
static void start_library(void)
{
}

static int parse_key(mbedtls_pk_context *key, const char *path)
{
	return mbedtls_pk_parse_keyfile(key, path, NULL);
}

static int check_pair(const mbedtls_x509_crt *cert,
    const mbedtls_pk_context *key)
{
	return mbedtls_pk_check_pair(&cert->pk, key);
}

static void set_versions(mbedtls_ssl_config *conf, bool is_13_only)
{
	(void)is_13_only;	/* refused before */
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
	    MBEDTLS_SSL_MINOR_VERSION_3);
}

/* The same list judges the curves of certificates, so one that is preferred
 * for the key exchange should not stand alone. */
static mbedtls_ecp_group_id group_of(uint16_t iana)
{
	const mbedtls_ecp_curve_info *info =
	    mbedtls_ecp_curve_info_from_tls_id(iana);

	return info == NULL ? MBEDTLS_ECP_DP_NONE : info->grp_id;
}

static void set_groups(struct context *x)
{
	mbedtls_ssl_conf_curves(&x->conf, x->groups);
}

static bool is_over(const mbedtls_ssl_context *ssl)
{
	return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}
#endif

static const char *library_name(void)
{
	return "Mbed TLS " MBEDTLS_VERSION_STRING;
}

static bool has_13(void)
{
	return IS_MBED3;
}

/* ---- contexts ------------------------------------------------------------ */

static int put_error(struct buf *why, const char *what, int rc)
{
	char text[128] = "";

	mbedtls_strerror(rc, text, sizeof text);
	buf_printf(why, "%s%s", what, text);
	return ERR_CONFIG;
}

static int load_pair(struct tls_context *c, size_t i,
    const struct tls_pair *pair, struct buf *why)
{
	static const char what[] = "error parsing X509 certificate/key pair: ";
	struct context   *x = c->lib;
	mbedtls_x509_crt *cert = &x->chains[i];
	struct slice      der;
	int               rc = mbedtls_x509_crt_parse_file(cert,
	    pair->cert_file);

	if (rc != 0 || cert->raw.len == 0)
		return put_error(why, "error parsing X509 certificate/key "
		    "pair: tls: failed to parse certificate: ", rc);
	rc = parse_key(&x->keys[i], pair->key_file);
	if (rc != 0)
		return put_error(why, "error parsing X509 certificate/key "
		    "pair: tls: failed to parse private key: ", rc);
	if (check_pair(cert, &x->keys[i]) != 0) {
		buf_printf(why, "%stls: private key does not match public key",
		    what);
		return ERR_CONFIG;
	}
	der = slice_of((const char *)cert->raw.p, cert->raw.len);
	c->own[i] = tls_peer_create(&der, 1);
	if (c->own[i] == NULL)
		return ERR_NOMEM;
	rc = mbedtls_ssl_conf_own_cert(&x->conf, cert, &x->keys[i]);
	return rc == 0 ? 0 : ERR_NOMEM;
}

static int load_cas(struct context *x, const char *file, struct buf *why)
{
	int rc = mbedtls_x509_crt_parse_file(&x->cas, file == NULL
	    ? SYSTEM_CAS : file);

	/* Above zero: so many of them were not understood. */
	if (rc < 0 || (rc > 0 && file != NULL)) {
		buf_put_str(why, "failed to parse root ca certificate");
		return ERR_CONFIG;
	}
	mbedtls_ssl_conf_ca_chain(&x->conf, &x->cas, NULL);
	return 0;
}

/* Those of TLS 1.3 are no matter of configuration, as in Go.  One that the
 * library does not know would fail every handshake. */
static int choose_suites(struct context *x, const struct tls_settings *s,
    struct buf *why)
{
	const struct tls_suite *row;
	size_t                  n = 0, n_asked = 0;

	for (size_t i = 0; (row = tls_suite_at(i)) != NULL; i++)
		if ((row->id >> 8 == 0x13 ||
		    (s->n_suites == 0 && row->is_default)) &&
		    mbedtls_ssl_ciphersuite_from_id(row->id) != NULL)
			x->suites[n++] = row->id;
	for (size_t i = 0; i < s->n_suites && n < LIST_MAX - 1; i++) {
		if (s->suites[i] >> 8 == 0x13 ||
		    mbedtls_ssl_ciphersuite_from_id(s->suites[i]) == NULL)
			continue;
		x->suites[n++] = s->suites[i];
		n_asked++;
	}
	if (s->n_suites > 0 && n_asked == 0 && !has_13()) {
		buf_printf(why, "%s has none of the cipher_suites",
		    library_name());
		return ERR_CONFIG;
	}
	mbedtls_ssl_conf_ciphersuites(&x->conf, x->suites);
	return 0;
}

static int choose_groups(struct context *x, const struct tls_settings *s,
    struct buf *why)
{
	static const uint16_t dflt[] = { 0x001d, 0x0017, 0x0018, 0x0019 };
	const uint16_t *want = s->n_groups > 0 ? s->groups : dflt;
	size_t n_want = s->n_groups > 0 ? s->n_groups
	    : sizeof dflt / sizeof dflt[0], n = 0;

	for (size_t i = 0; i < n_want && n < LIST_MAX - 1; i++)
		if (group_of(want[i]) != 0)
			x->groups[n++] = group_of(want[i]);
	if (n == 0) {
		buf_printf(why, "%s has none of the curve_preferences",
		    library_name());
		return ERR_CONFIG;
	}
	set_groups(x);
	return 0;
}

/* Server certificates by name.  If none is for it, or no name was sent, any
 * that suits the client's algorithms does. */
static int on_server_name(void *ctx, mbedtls_ssl_context *ssl,
    const unsigned char *name, size_t n)
{
	struct tls_context *c = ctx;
	struct context     *x = c->lib;
	struct slice        wanted = slice_of((const char *)name, n);

	for (size_t i = 0; i < c->n_pairs; i++)
		if (tls_own_serves(c, i, wanted) &&
		    mbedtls_ssl_set_hs_own_cert(ssl, &x->chains[i],
		    &x->keys[i]) != 0)
			return -1;
	return 0;
}

static bool context_init(struct tls_context *c)
{
	struct context *x = calloc(1, sizeof *x);

	c->lib = x;
	if (x == NULL)
		return false;
	mbedtls_ssl_config_init(&x->conf);
	mbedtls_x509_crt_init(&x->cas);
	x->chains = calloc(c->n_pairs + 1, sizeof *x->chains);
	x->keys = calloc(c->n_pairs + 1, sizeof *x->keys);
	if (x->chains == NULL || x->keys == NULL)
		return false;
	for (size_t i = 0; i < c->n_pairs; i++) {
		mbedtls_x509_crt_init(&x->chains[i]);
		mbedtls_pk_init(&x->keys[i]);
	}
	return mbedtls_ssl_config_defaults(&x->conf, c->is_client
	    ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
	    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) == 0;
}

static int configure(struct tls_context *c, const struct tls_settings *s,
    struct buf *why)
{
	struct context *x = c->lib;
	bool            verifies = c->is_client ? !c->is_insecure
	    : s->verifies;
	int             err = choose_suites(x, s, why);

	mbedtls_ssl_conf_rng(&x->conf, get_random, NULL);
	mbedtls_ssl_conf_authmode(&x->conf, verifies
	    ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_renegotiation(&x->conf,
	    MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	set_versions(&x->conf, s->is_tls13_only);
	if (c->is_client)
		mbedtls_ssl_conf_session_tickets(&x->conf,
		    MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	if (c->n_pairs > 1 && !c->is_client)
		mbedtls_ssl_conf_sni(&x->conf, on_server_name, c);
	if (err == 0)
		err = choose_groups(x, s, why);
	for (size_t i = 0; err == 0 && i < s->n_pairs; i++)
		err = load_pair(c, i, &s->pairs[i], why);
	if (err == 0 && (verifies || s->ca_file != NULL))
		err = load_cas(x, s->ca_file, why);
	return err;
}

static int context_open(struct tls_context *c, const struct tls_settings *s,
    struct buf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_library);
	if (s->is_tls13_only && !has_13()) {
		buf_printf(why, "min_version \"1.3\" is not to be had with %s",
		    library_name());
		return ERR_CONFIG;
	}
	return context_init(c) ? configure(c, s, why) : ERR_NOMEM;
}

static void context_close(struct tls_context *c)
{
	struct context *x = c->lib;

	if (x == NULL)
		return;
	for (size_t i = 0; x->chains != NULL && i < c->n_pairs; i++)
		mbedtls_x509_crt_free(&x->chains[i]);
	for (size_t i = 0; x->keys != NULL && i < c->n_pairs; i++)
		mbedtls_pk_free(&x->keys[i]);
	mbedtls_x509_crt_free(&x->cas);
	mbedtls_ssl_config_free(&x->conf);
	free(x->chains);
	free(x->keys);
	free(x);
}

/* ---- sockets ------------------------------------------------------------- */

static int sock_send(void *ctx, const unsigned char *p, size_t n)
{
	const struct tls_session *s = ctx;
	ssize_t                   sent = send(s->fd, p, n, MSG_NOSIGNAL);

	if (sent >= 0)
		return (int)sent;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
	    ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int sock_recv(void *ctx, unsigned char *p, size_t n)
{
	const struct tls_session *s = ctx;
	ssize_t                   got = recv(s->fd, p, n, 0);

	if (got >= 0)
		return (int)got;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
	    ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* ---- sessions ------------------------------------------------------------ */

/* A name, and not an address, is also sent to the server. */
static bool is_dns_name(const char *name)
{
	return name != NULL && strchr(name, ':') == NULL &&
	    name[strspn(name, "0123456789.")] != '\0';
}

static bool session_open(struct tls_session *s)
{
	struct context      *x = s->context->lib;
	mbedtls_ssl_context *ssl = calloc(1, sizeof *ssl);

	s->lib = ssl;
	if (ssl == NULL)
		return false;
	mbedtls_ssl_init(ssl);
	if (mbedtls_ssl_setup(ssl, &x->conf) != 0)
		return false;
	if (s->context->is_client && mbedtls_ssl_set_hostname(ssl,
	    is_dns_name(s->server_name) ? s->server_name : NULL) != 0)
		return false;
	mbedtls_ssl_set_bio(ssl, s, sock_send, sock_recv, NULL);
	return true;
}

static void session_close(struct tls_session *s)
{
	if (s->lib == NULL)
		return;
	mbedtls_ssl_free(s->lib);
	free(s->lib);
}

static const struct {
	int         rc;
	const char *text;	/* Go's, where it has one */
} reasons[] = {
	{ MBEDTLS_ERR_SSL_CONN_EOF, "EOF" },
	{ MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, "EOF" },
	{ MBEDTLS_ERR_SSL_INVALID_RECORD,
	    "tls: first record does not look like a TLS handshake" },
	{ MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE,
	    "tls: client didn't provide a certificate" },
#if IS_MBED3
	{ MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION,
	    "tls: client offered only unsupported versions" },
	{ MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE,
	    "tls: no cipher suite supported by both client and server" },
#else
	{ MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION,
	    "tls: client offered only unsupported versions" },
	{ MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN,
	    "tls: no cipher suite supported by both client and server" },
	{ MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE,
	    "tls: no cipher suite supported by both client and server" },
#endif
};

static void put_reason(const struct tls_session *s, int rc, struct buf *why)
{
	char     text[256] = "";
	uint32_t flags = mbedtls_ssl_get_verify_result(s->lib);

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].rc == rc) {
			buf_put_str(why, reasons[i].text);
			return;
		}
	if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED &&
	    flags != (uint32_t)-1 &&
	    mbedtls_x509_crt_verify_info(text, sizeof text, "", flags) > 0) {
		text[strcspn(text, "\n")] = '\0';
		buf_printf(why, "tls: failed to verify certificate: x509: %s",
		    text);
		return;
	}
	mbedtls_strerror(rc, text, sizeof text);
	buf_printf(why, "tls: %s", text);
}

static enum tls_want session_handshake(struct tls_session *s, struct buf *why)
{
	mbedtls_ssl_context *ssl = s->lib;
	int64_t              from = clock_ns();

	while (!is_over(ssl)) {
		int rc = mbedtls_ssl_handshake_step(ssl);

		if (rc == MBEDTLS_ERR_SSL_WANT_READ)
			return TLS_WANTS_IN;
		if (rc == MBEDTLS_ERR_SSL_WANT_WRITE)
			return TLS_WANTS_OUT;
		if (rc != 0) {
			put_reason(s, rc, why);
			return TLS_FAILED;
		}
		if (!is_over(ssl) && clock_ns() - from > STEP_NS)
			return TLS_AGAIN;
	}
	return TLS_DONE;
}

static ssize_t session_recv(struct tls_session *s, void *to, size_t n)
{
	for (;;) {
		int rc = mbedtls_ssl_read(s->lib, to, n);

		switch (rc) {
		case MBEDTLS_ERR_SSL_WANT_READ:
		case MBEDTLS_ERR_SSL_WANT_WRITE:
			return TLS_IO_WANTS;
		case MBEDTLS_ERR_SSL_CONN_EOF:
		case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
			return TLS_IO_EOF;
#if IS_MBED3
		case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
			continue;
#endif
		default:
			return rc >= 0 ? rc : TLS_IO_ERROR;
		}
	}
}

static ssize_t session_send(struct tls_session *s, const void *p, size_t n)
{
	int rc = mbedtls_ssl_write(s->lib, p, n);

	if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE)
		return TLS_IO_WANTS;
	return rc >= 0 ? rc : TLS_IO_ERROR;
}

/* It reads no further than the record it gives, so what comes next only the
 * socket knows: one record a turn would starve a busy peer. */
static bool session_may_have_more(struct tls_session *s)
{
	(void)s;
	return true;
}

static void session_say_bye(struct tls_session *s)
{
	mbedtls_ssl_close_notify(s->lib);
}

static bool session_peer(struct tls_session *s, struct tls_peer **ret)
{
	const mbedtls_x509_crt *cert = mbedtls_ssl_get_peer_cert(s->lib);
	struct slice            certs[TLS_CHAIN_MAX];
	size_t                  n = 0;

	for (; cert != NULL && n < TLS_CHAIN_MAX; cert = cert->next)
		certs[n++] = slice_of((const char *)cert->raw.p,
		    cert->raw.len);
	*ret = n == 0 ? NULL : tls_peer_create(certs, n);
	return n == 0 || *ret != NULL;
}

static unsigned session_version(const struct tls_session *s)
{
	const char *name = mbedtls_ssl_get_version(s->lib);

	return strcmp(name, "TLSv1.3") == 0 ? 0x0304 : 0x0303;
}

static unsigned session_suite(const struct tls_session *s)
{
	return (unsigned)mbedtls_ssl_get_ciphersuite_id(
	    mbedtls_ssl_get_ciphersuite(s->lib));
}

const struct tls_backend tls_backend = {
	.name = library_name,
	.has_13 = has_13,
	.context_open = context_open,
	.context_close = context_close,
	.open = session_open,
	.close = session_close,
	.handshake = session_handshake,
	.recv = session_recv,
	.send = session_send,
	.may_have_more = session_may_have_more,
	.say_bye = session_say_bye,
	.peer = session_peer,
	.version = session_version,
	.suite = session_suite,
};
