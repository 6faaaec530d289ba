/* net/tls_openssl.c - TLS by OpenSSL 3.  No header: it is the table in
 * net/tls_int.h.
 *
 * Each connection reads ahead, so that a record costs one system call and not
 * two, and gives its buffers back while it has nothing to say.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/tls_names.h"
#include "base/tls_peer.h"
#include "net/tls_int.h"

enum { DEPTH_MAX = TLS_CHAIN_MAX - 1 };

struct pair {
	X509           *cert;
	EVP_PKEY       *key;
	STACK_OF(X509) *chain;
};

struct context {
	SSL_CTX     *ctx;
	struct pair *pairs;
};

static const char *library_name(void)
{
	return OPENSSL_VERSION_TEXT;
}

static bool has_13(void)
{
	return true;
}

/* ---- sockets ------------------------------------------------------------- */

/* The library's own socket BIO would raise SIGPIPE. */
static BIO_METHOD *sock_method;

static int fd_of(BIO *b)
{
	const struct tls_session *s = BIO_get_data(b);

	return s->fd;
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int sock_write(BIO *b, const char *p, int n)
{
	ssize_t sent = send(fd_of(b), p, (size_t)n, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (sent < 0 && would_block())
		BIO_set_retry_write(b);
	return (int)sent;
}

static int sock_read(BIO *b, char *p, int n)
{
	ssize_t got = recv(fd_of(b), p, (size_t)n, 0);

	BIO_clear_retry_flags(b);
	if (got < 0 && would_block())
		BIO_set_retry_read(b);
	if (got == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)got;
}

static long sock_ctrl(BIO *b, int cmd, long num, void *p)
{
	(void)num;
	(void)p;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	default:
		return 0;
	}
}

static void make_sock_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() |
	    BIO_TYPE_SOURCE_SINK, "mote socket");

	if (m == NULL || BIO_meth_set_write(m, sock_write) != 1 ||
	    BIO_meth_set_read(m, sock_read) != 1 ||
	    BIO_meth_set_ctrl(m, sock_ctrl) != 1) {
		BIO_meth_free(m);
		return;
	}
	sock_method = m;
}

/* ---- errors -------------------------------------------------------------- */

static const struct {
	int         reason;
	const char *text;	/* Go's, where it has one */
} reasons[] = {
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, "EOF" },
	{ SSL_R_WRONG_VERSION_NUMBER,
	    "tls: first record does not look like a TLS handshake" },
	{ SSL_R_HTTP_REQUEST,
	    "tls: first record does not look like a TLS handshake" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	    "tls: client didn't provide a certificate" },
	{ SSL_R_UNSUPPORTED_PROTOCOL,
	    "tls: client offered only unsupported versions" },
	{ SSL_R_VERSION_TOO_LOW,
	    "tls: client offered only unsupported versions" },
	{ SSL_R_NO_SHARED_CIPHER,
	    "tls: no cipher suite supported by both client and server" },
};

static void put_reason(SSL *ssl, struct buf *why)
{
	unsigned long e = ERR_peek_error();
	int           reason = ERR_GET_REASON(e);
	long          verify = ssl == NULL ? X509_V_OK
	    : SSL_get_verify_result(ssl);

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (ERR_GET_LIB(e) == ERR_LIB_SSL &&
		    reasons[i].reason == reason) {
			buf_put_str(why, reasons[i].text);
			return;
		}
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK)
		buf_printf(why, "tls: failed to verify certificate: x509: %s",
		    X509_verify_cert_error_string(verify));
	else if (e == 0)
		buf_put_str(why, "EOF");
	else
		buf_printf(why, "tls: %s", ERR_reason_error_string(e) == NULL
		    ? "error" : ERR_reason_error_string(e));
}

/* ---- certificates -------------------------------------------------------- */

/* Nobody is at a terminal to be asked. */
static int no_password(char *to, int n, int is_writing, void *ctx)
{
	(void)to;
	(void)n;
	(void)is_writing;
	(void)ctx;
	return -1;
}

static bool read_chain(struct pair *p, const char *file)
{
	BIO  *b = BIO_new_file(file, "r");
	X509 *more;

	if (b == NULL)
		return false;
	p->cert = PEM_read_bio_X509(b, NULL, no_password, NULL);
	p->chain = sk_X509_new_null();
	while (p->cert != NULL && p->chain != NULL &&
	    (more = PEM_read_bio_X509(b, NULL, no_password, NULL)) != NULL)
		if (sk_X509_push(p->chain, more) == 0)
			X509_free(more);
	BIO_free(b);
	return p->cert != NULL && p->chain != NULL;
}

static bool read_key(struct pair *p, const char *file)
{
	BIO *b = BIO_new_file(file, "r");

	if (b == NULL)
		return false;
	p->key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	BIO_free(b);
	return p->key != NULL;
}

static struct tls_peer *describe(X509 *cert)
{
	unsigned char   *der = NULL;
	int              n = i2d_X509(cert, &der);
	struct slice     s = slice_of((const char *)der, n > 0 ? (size_t)n : 0);
	struct tls_peer *p = n <= 0 ? NULL : tls_peer_create(&s, 1);

	OPENSSL_free(der);
	return p;
}

static int load_pair(struct tls_context *c, size_t i,
    const struct tls_pair *files, struct buf *why)
{
	static const char what[] = "error parsing X509 certificate/key pair:";
	struct context   *x = c->lib;
	struct pair      *p = &x->pairs[i];

	if (!read_chain(p, files->cert_file))
		buf_printf(why, "%s tls: failed to find any PEM data in "
		    "certificate input", what);
	else if (!read_key(p, files->key_file))
		buf_printf(why, "%s tls: failed to parse private key", what);
	else if (X509_check_private_key(p->cert, p->key) != 1)
		buf_printf(why, "%s tls: private key does not match public key",
		    what);
	else
		c->own[i] = describe(p->cert);
	ERR_clear_error();
	if (why->n > 0)
		return ERR_CONFIG;
	if (c->own[i] == NULL)
		return ERR_NOMEM;
	if (i > 0 || SSL_CTX_use_cert_and_key(x->ctx, p->cert, p->key,
	    p->chain, 1) == 1)
		return 0;
	buf_printf(why, "%s ", what);
	put_reason(NULL, why);
	ERR_clear_error();
	return ERR_CONFIG;
}

/* Backwards, so that of two with the same kind of key the first stays. */
static int use_pairs(SSL *ssl, const struct tls_context *c, struct slice name)
{
	const struct context *x = c->lib;
	int                   n = 0;

	for (size_t i = c->n_pairs; i-- > 0; ) {
		const struct pair *p = &x->pairs[i];

		if (name.n == 0 || tls_own_serves(c, i, name))
			n += SSL_use_cert_and_key(ssl, p->cert, p->key,
			    p->chain, 1) == 1;
	}
	return n;
}

/* Those for the server name, or all; of these the library takes one whose kind
 * of key the client can use. */
static int choose_pair(SSL *ssl, void *arg)
{
	const struct tls_context *c = arg;
	struct slice              name = slice_str(SSL_get_servername(ssl,
	    TLSEXT_NAMETYPE_host_name));

	SSL_certs_clear(ssl);
	return use_pairs(ssl, c, name) > 0 ||
	    use_pairs(ssl, c, SLICE_NONE) > 0;
}

static int load_cas(struct context *x, const struct tls_settings *s,
    struct buf *why)
{
	int ok;

	if (s->ca_file == NULL)
		ok = SSL_CTX_set_default_verify_paths(x->ctx);
	else
		ok = SSL_CTX_load_verify_file(x->ctx, s->ca_file);
	if (ok == 1 && s->ca_file != NULL && !s->is_client)
		SSL_CTX_set_client_CA_list(x->ctx,
		    SSL_load_client_CA_file(s->ca_file));
	ERR_clear_error();
	if (ok == 1)
		return 0;
	buf_put_str(why, "failed to parse root ca certificate");
	return ERR_CONFIG;
}

/* ---- contexts ------------------------------------------------------------ */

static void put_suite(struct buf *list, uint16_t id)
{
	const struct tls_suite *row = tls_suite_by_id(id);
	const char             *name;

	if (row == NULL || id >> 8 == 0x13)
		return;
	name = OPENSSL_cipher_name(row->name);
	if (name != NULL && strcmp(name, "(NONE)") != 0)
		buf_printf(list, "%s%s", list->n > 0 ? ":" : "", name);
}

/* Those of TLS 1.3 are no matter of configuration, as in Go. */
static int choose_suites(struct context *x, const struct tls_settings *s,
    struct buf *why)
{
	const struct tls_suite *row;
	struct buf              list = { 0 };
	int                     ok = 1;

	for (size_t i = 0; s->n_suites == 0 && (row = tls_suite_at(i)) != NULL;
	    i++)
		if (row->is_default)
			put_suite(&list, row->id);
	for (size_t i = 0; i < s->n_suites; i++)
		put_suite(&list, s->suites[i]);
	buf_put_char(&list, '\0');
	if (!buf_failed(&list) && list.n > 1)
		ok = SSL_CTX_set_cipher_list(x->ctx, list.p);
	buf_fini(&list);
	ERR_clear_error();
	if (ok == 1)
		return 0;
	buf_printf(why, "%s has none of the cipher_suites", library_name());
	return ERR_CONFIG;
}

static const char *group_name(uint16_t id)
{
	switch (id) {
	case 0x001d: return "X25519";
	case 0x0017: return "P-256";
	case 0x0018: return "P-384";
	case 0x0019: return "P-521";
	case 0x11ec: return "X25519MLKEM768";
	case 0x11eb: return "SecP256r1MLKEM768";
	case 0x11ed: return "SecP384r1MLKEM1024";
	default:     return NULL;
	}
}

/* A list with one name in it that the library does not know is refused as a
 * whole, so each is tried alone. */
static int choose_groups(struct context *x, const struct tls_settings *s,
    struct buf *why)
{
	struct buf list = { 0 };
	int        ok;

	for (size_t i = 0; i < s->n_groups; i++) {
		const char *name = group_name(s->groups[i]);

		if (name != NULL && SSL_CTX_set1_groups_list(x->ctx, name) == 1)
			buf_printf(&list, "%s%s", list.n > 0 ? ":" : "", name);
	}
	ERR_clear_error();
	ok = s->n_groups == 0 || list.n > 0;
	buf_put_char(&list, '\0');
	if (ok && s->n_groups > 0)
		ok = !buf_failed(&list) &&
		    SSL_CTX_set1_groups_list(x->ctx, list.p) == 1;
	buf_fini(&list);
	if (ok)
		return 0;
	buf_printf(why, "%s has none of the curve_preferences",
	    library_name());
	return ERR_CONFIG;
}

static bool context_init(struct tls_context *c, const struct tls_settings *s)
{
	struct context *x = calloc(1, sizeof *x);

	c->lib = x;
	if (x == NULL)
		return false;
	x->pairs = calloc(c->n_pairs + 1, sizeof *x->pairs);
	x->ctx = SSL_CTX_new(s->is_client ? TLS_client_method()
	    : TLS_server_method());
	return x->pairs != NULL && x->ctx != NULL;
}

static void set_modes(SSL_CTX *ctx, const struct tls_settings *s)
{
	SSL_CTX_set_min_proto_version(ctx, s->is_tls13_only ? TLS1_3_VERSION
	    : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* The library would begin with 256 bits. */
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:"
	    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_verify_depth(ctx, DEPTH_MAX);
}

static int configure(struct tls_context *c, const struct tls_settings *s,
    struct buf *why)
{
	struct context *x = c->lib;
	bool            verifies = c->is_client ? !c->is_insecure
	    : s->verifies;
	int             err;

	set_modes(x->ctx, s);
	SSL_CTX_set_verify(x->ctx, verifies ? SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, NULL);
	if (c->n_pairs > 1 && !c->is_client)
		SSL_CTX_set_cert_cb(x->ctx, choose_pair, c);
	err = choose_suites(x, s, why);
	if (err == 0)
		err = choose_groups(x, s, why);
	for (size_t i = 0; err == 0 && i < s->n_pairs; i++)
		err = load_pair(c, i, &s->pairs[i], why);
	if (err == 0 && (verifies || s->ca_file != NULL))
		err = load_cas(x, s, why);
	return err;
}

static int context_open(struct tls_context *c, const struct tls_settings *s,
    struct buf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_sock_method);
	if (sock_method == NULL || !context_init(c, s)) {
		ERR_clear_error();
		return ERR_NOMEM;
	}
	return configure(c, s, why);
}

static void context_close(struct tls_context *c)
{
	struct context *x = c->lib;

	if (x == NULL)
		return;
	for (size_t i = 0; x->pairs != NULL && i < c->n_pairs; i++) {
		X509_free(x->pairs[i].cert);
		EVP_PKEY_free(x->pairs[i].key);
		sk_X509_pop_free(x->pairs[i].chain, X509_free);
	}
	SSL_CTX_free(x->ctx);
	free(x->pairs);
	free(x);
}

/* ---- sessions ------------------------------------------------------------ */

/* A name, and not an address, is also sent to the server. */
static bool is_dns_name(const char *name)
{
	return strchr(name, ':') == NULL &&
	    name[strspn(name, "0123456789.")] != '\0';
}

static bool set_side(SSL *ssl, const struct tls_session *s)
{
	if (!s->context->is_client) {
		SSL_set_accept_state(ssl);
		return true;
	}
	SSL_set_connect_state(ssl);
	if (s->server_name == NULL || !is_dns_name(s->server_name))
		return true;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set_tlsext_host_name(ssl, s->server_name) == 1 &&
	    SSL_set1_host(ssl, s->server_name) == 1;
}

static bool session_open(struct tls_session *s)
{
	struct context *x = s->context->lib;
	SSL            *ssl = SSL_new(x->ctx);
	BIO            *b = BIO_new(sock_method);
	bool            ok = ssl != NULL && b != NULL;

	s->lib = ssl;
	if (ok) {
		BIO_set_data(b, s);
		BIO_set_init(b, 1);
		SSL_set_bio(ssl, b, b);
		ok = set_side(ssl, s);
	} else {
		BIO_free(b);
	}
	ERR_clear_error();
	return ok;
}

static void session_close(struct tls_session *s)
{
	SSL_free(s->lib);
}

static enum tls_want session_handshake(struct tls_session *s, struct buf *why)
{
	SSL *ssl = s->lib;
	int  rc;

	ERR_clear_error();
	rc = SSL_do_handshake(ssl);
	if (rc == 1)
		return TLS_DONE;
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANTS_IN;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANTS_OUT;
	default:
		put_reason(ssl, why);
		ERR_clear_error();
		return TLS_FAILED;
	}
}

static ssize_t io_result(SSL *ssl, int rc, bool is_read)
{
	bool is_eof;

	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_IO_WANTS;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_IO_EOF;
	default:
		is_eof = is_read && ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING;
		ERR_clear_error();
		return is_eof ? TLS_IO_EOF : TLS_IO_ERROR;
	}
}

static int at_most(size_t n)
{
	return n > 1 << 30 ? 1 << 30 : (int)n;
}

static ssize_t session_recv(struct tls_session *s, void *to, size_t n)
{
	SSL *ssl = s->lib;
	int  rc;

	ERR_clear_error();
	rc = SSL_read(ssl, to, at_most(n));
	return rc > 0 ? rc : io_result(ssl, rc, true);
}

static ssize_t session_send(struct tls_session *s, const void *p, size_t n)
{
	SSL *ssl = s->lib;
	int  rc;

	ERR_clear_error();
	rc = SSL_write(ssl, p, at_most(n));
	return rc > 0 ? rc : io_result(ssl, rc, false);
}

static bool session_may_have_more(struct tls_session *s)
{
	return SSL_has_pending(s->lib) == 1;
}

static void session_say_bye(struct tls_session *s)
{
	SSL_shutdown(s->lib);
	ERR_clear_error();
}

/* The chain of a client has its own certificate not in it, that of a server
 * has. */
static bool session_peer(struct tls_session *s, struct tls_peer **ret)
{
	X509           *own = SSL_get0_peer_certificate(s->lib);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(s->lib);
	unsigned char  *der[TLS_CHAIN_MAX] = { NULL };
	struct slice    certs[TLS_CHAIN_MAX];
	size_t          n = 0;

	*ret = NULL;
	if (own == NULL)
		return true;
	for (int i = -1; i < sk_X509_num(chain) && n < TLS_CHAIN_MAX; i++) {
		X509 *cert = i < 0 ? own : sk_X509_value(chain, i);
		int   bytes;

		if (i >= 0 && cert == own)
			continue;
		bytes = i2d_X509(cert, &der[n]);
		if (bytes <= 0)
			break;
		certs[n] = slice_of((const char *)der[n], (size_t)bytes);
		n++;
	}
	if (n > 0)
		*ret = tls_peer_create(certs, n);
	for (size_t i = 0; i < TLS_CHAIN_MAX; i++)
		OPENSSL_free(der[i]);
	ERR_clear_error();
	return *ret != NULL;
}

static unsigned session_version(const struct tls_session *s)
{
	return (unsigned)SSL_version(s->lib);
}

static unsigned session_suite(const struct tls_session *s)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(s->lib);

	return c == NULL ? 0 : SSL_CIPHER_get_protocol_id(c);
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
