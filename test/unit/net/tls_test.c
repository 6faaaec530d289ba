/* test/unit/net/tls_test.c - pairs with src/net/tls.c, and with the backend that
 * is built: tls_mbed.c or tls_openssl.c.
 *
 * A server and a client talk over a socket pair whose buffers are small, both in
 * this thread, so that every call meets a full or an empty socket sooner or
 * later.  The certificates are made by openssl for this run. */
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/tls_peer.h"
#include "check.h"

/* ---- certificates -------------------------------------------------------- */

static char dir[] = "/tmp/tls-test-XXXXXX";

static void remove_file(const char *name, const char *ending)
{
	char file[64];

	snprintf(file, sizeof file, "%s/%s.%s", dir, name, ending);
	unlink(file);
}

static void forget(void)
{
	static const char *const names[] = { "one.org", "two.org" };

	for (size_t i = 0; i < N_OF(names); i++) {
		remove_file(names[i], "pem");
		remove_file(names[i], "key");
	}
	rmdir(dir);
}

/* In a child: the program's own talk is of no interest. */
static void run_openssl(const char *subject, const char *names,
    const char *key, const char *cert)
{
	pid_t child = fork();
	int   status = -1;

	if (child == 0) {
		if (chdir(dir) == 0 && freopen("/dev/null", "w", stderr) != NULL)
			execlp("openssl", "openssl", "req", "-x509", "-newkey",
			    "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
			    "-nodes", "-days", "2", "-subj", subject,
			    "-addext", names, "-keyout", key, "-out", cert,
			    NULL);
		_exit(127);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0, "openssl is needed");
}

static void make_pair(const char *name)
{
	char subject[64], names[96], key[64], cert[64];

	snprintf(subject, sizeof subject, "/CN=%s", name);
	snprintf(names, sizeof names, "subjectAltName=DNS:%s,IP:127.0.0.1",
	    name);
	snprintf(key, sizeof key, "%s.key", name);
	snprintf(cert, sizeof cert, "%s.pem", name);
	run_openssl(subject, names, key, cert);
}

static const char *path(const char *name)
{
	static char bufs[8][64];
	static int  at;
	char       *b = bufs[at++ % 8];

	if (strcmp(dir + sizeof dir - 7, "XXXXXX") == 0) {
		CHECK(mkdtemp(dir) != NULL);
		atexit(forget);
		make_pair("one.org");
		make_pair("two.org");
	}
	snprintf(b, sizeof bufs[0], "%s/%s", dir, name);
	return b;
}

static struct tls_context *server_context(bool verifies)
{
	struct tls_pair     pairs[] = {
		{ path("one.org.pem"), path("one.org.key") },
		{ path("two.org.pem"), path("two.org.key") },
	};
	struct tls_settings s = { .pairs = pairs, .n_pairs = 2,
		.verifies = verifies };
	struct tls_context *c = NULL;
	struct buf          why = { 0 };
	char                ca[64];

	if (verifies) {
		snprintf(ca, sizeof ca, "%s", path("two.org.pem"));
		s.ca_file = ca;
	}
	CHECK_INT(tls_context_create(&s, &c, &why), 0, "%.*s",
	    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	return c;
}

/* Believes one certificate, and may show one. */
static struct tls_context *client_context(const char *ca, const char *own)
{
	char                cert[64], key[64], file[64];
	struct tls_pair     pair = { cert, key };
	struct tls_settings s = { .is_client = true, .ca_file = file };
	struct tls_context *c = NULL;
	struct buf          why = { 0 };

	snprintf(file, sizeof file, "%s.pem", path(ca));
	if (own != NULL) {
		snprintf(cert, sizeof cert, "%s.pem", path(own));
		snprintf(key, sizeof key, "%s.key", path(own));
		s.pairs = &pair;
		s.n_pairs = 1;
	}
	CHECK_INT(tls_context_create(&s, &c, &why), 0, "%.*s",
	    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	return c;
}

/* ---- both ends ----------------------------------------------------------- */

struct ends {
	int fds[2];
	struct tls_session *server, *client;
};

static void open_ends(struct ends *e, struct tls_context *server,
    struct tls_context *client, const char *name)
{
	int small = 4096;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fds),
	    0);
	for (int i = 0; i < 2; i++)
		setsockopt(e->fds[i], SOL_SOCKET, SO_SNDBUF, &small,
		    sizeof small);
	e->server = tls_open(server, e->fds[0], NULL);
	e->client = tls_open(client, e->fds[1], name);
	CHECK(e->server != NULL && e->client != NULL);
}

static void close_ends(struct ends *e)
{
	tls_close(e->server);
	tls_close(e->client);
	close(e->fds[0]);
	close(e->fds[1]);
}

/* TLS_DONE: both are; TLS_FAILED: one did. */
static enum tls_want shake(struct ends *e, struct buf *why)
{
	bool done[2] = { false, false };

	for (int turn = 0; turn < 2000; turn++) {
		struct tls_session *s = turn % 2 == 0 ? e->client : e->server;
		enum tls_want       want;

		if (done[turn % 2])
			continue;
		want = tls_handshake(s, why);
		if (want == TLS_FAILED)
			return want;
		done[turn % 2] = want == TLS_DONE;
		if (done[0] && done[1])
			return TLS_DONE;
	}
	fail();
	return TLS_FAILED;
}

static enum tls_want try_hands(struct tls_context *server,
    struct tls_context *client, const char *name, struct buf *why)
{
	struct ends   e;
	enum tls_want want;

	open_ends(&e, server, client, name);
	want = shake(&e, why);
	/* With TLS 1.3 a client is done before it is refused. */
	if (want == TLS_DONE && tls_recv(e.client, (char[1]){ 0 }, 1) >= 0)
		want = TLS_FAILED;
	close_ends(&e);
	return want;
}

/* ---- tests --------------------------------------------------------------- */

TEST(both_ends_agree_and_know_each_other)
{
	struct tls_context *sc = server_context(true);
	struct tls_context *cc = client_context("one.org", "two.org");
	struct buf          why = { 0 };
	struct ends         e;

	open_ends(&e, sc, cc, "one.org");
	CHECK_INT(shake(&e, &why), TLS_DONE, "%.*s", SLICE_ARG(buf_slice(&why)));
	CHECK(strcmp(tls_version(e.server), tls_has_13() ? "1.3" : "1.2") == 0);
	CHECK(strcmp(tls_version(e.client), tls_version(e.server)) == 0);
	CHECK(strncmp(tls_suite_name(e.server), "TLS_", 4) == 0);
	CHECK(strcmp(tls_suite_name(e.client), tls_suite_name(e.server)) == 0);
	CHECK(tls_peer_serves(tls_peer_of(e.client), SLICE("one.org")));
	CHECK(tls_peer_serves(tls_peer_of(e.server), SLICE("two.org")));
	close_ends(&e);
	buf_fini(&why);
	tls_context_unref(sc);
	tls_context_unref(cc);
}

TEST(a_certificate_is_chosen_by_name)
{
	static const char *const names[] = { "one.org", "two.org" };

	for (size_t i = 0; i < 2; i++) {
		struct tls_context *sc = server_context(false);
		struct tls_context *cc = client_context(names[i], NULL);
		struct buf          why = { 0 };

		CHECK_INT(try_hands(sc, cc, names[i], &why), TLS_DONE, "%.*s",
		    SLICE_ARG(buf_slice(&why)));
		buf_fini(&why);
		tls_context_unref(sc);
		tls_context_unref(cc);
	}
}

TEST(whom_we_dialled_is_who_must_be_there)
{
	static const struct { const char *ca, *name; bool ok; } t[] = {
		{ "one.org", "one.org", true },
		{ "one.org", "127.0.0.1", true },
		{ "one.org", "127.0.0.2", false },
		{ "one.org", "::1", false },
		{ "one.org", "three.org", false },
		{ "two.org", "one.org", false },
	};
	struct tls_context *sc = server_context(false);

	for (size_t i = 0; i < N_OF(t); i++) {
		struct tls_context *cc = client_context(t[i].ca, NULL);
		struct buf          why = { 0 };

		CHECK_INT(try_hands(sc, cc, t[i].name, &why), t[i].ok ? TLS_DONE
		    : TLS_FAILED, "%s by %s", t[i].name, t[i].ca);
		CHECK(t[i].ok || why.n > 0);
		buf_fini(&why);
		tls_context_unref(cc);
	}
	tls_context_unref(sc);
}

TEST(a_client_must_show_a_certificate_that_is_believed)
{
	struct tls_context *sc = server_context(true);
	static const char *const own[] = { NULL, "one.org" };

	for (size_t i = 0; i < 2; i++) {
		struct tls_context *cc = client_context("one.org", own[i]);
		struct buf          why = { 0 };

		CHECK_INT(try_hands(sc, cc, "one.org", &why), TLS_FAILED);
		buf_fini(&why);
		tls_context_unref(cc);
	}
	tls_context_unref(sc);
}

/* One byte pattern in pieces of odd sizes, into buffers of odd sizes; the socket
 * is full or empty in between. */
TEST(bytes_arrive_whole_whatever_the_socket_takes)
{
	enum { TOTAL = 3000000, PIECES = 40 };
	static char         out[TOTAL], in[TOTAL];
	struct tls_context *sc = server_context(false);
	struct tls_context *cc = client_context("one.org", NULL);
	struct buf          why = { 0 };
	struct ends         e;
	size_t              sent = 0, got = 0, n_waits = 0;

	for (size_t i = 0; i < TOTAL; i++)
		out[i] = (char)(i * 7 + i / 251);
	open_ends(&e, sc, cc, "one.org");
	CHECK_INT(shake(&e, &why), TLS_DONE);
	for (size_t turn = 0; got < TOTAL; turn++) {
		struct iovec iov[PIECES];
		int          n = 0;
		size_t       at = sent;
		ssize_t      r;

		/* As a queue that grows: always from what was not taken. */
		while (n < PIECES && at < TOTAL) {
			size_t piece = (turn * 131 + (size_t)n * 977) % 20000 + 1;

			if (piece > TOTAL - at)
				piece = TOTAL - at;
			iov[n++] = (struct iovec){ out + at, piece };
			at += piece;
		}
		r = n == 0 ? 0 : tls_send(e.server, iov, n);
		CHECK(r >= 0 || errno == EAGAIN);
		n_waits += r < 0;
		sent += r > 0 ? (size_t)r : 0;
		do {
			size_t room = turn * 37 % 50000 + 1;

			if (room > TOTAL - got)
				room = TOTAL - got;
			r = tls_recv(e.client, in + got, room);
			CHECK(r > 0 || (r < 0 && errno == EAGAIN));
			got += r > 0 ? (size_t)r : 0;
		} while (got < TOTAL && tls_has_more(e.client));
	}
	CHECK(n_waits > 0);
	CHECK(memcmp(in, out, TOTAL) == 0);
	tls_say_bye(e.server);
	CHECK_INT(tls_recv(e.client, in, 1), 0);
	close_ends(&e);
	buf_fini(&why);
	tls_context_unref(sc);
	tls_context_unref(cc);
}

TEST(files_that_are_wrong_are_told)
{
	char cert[64], key[64], other[64];
	struct { struct tls_pair pair; const char *want; } t[] = {
		{ { "/nix/a.pem", key }, "error parsing X509 certificate/key "
		    "pair: open /nix/a.pem: no such file or directory" },
		{ { cert, "/nix/a.key" }, "error parsing X509 certificate/key "
		    "pair: open /nix/a.key: no such file or directory" },
		{ { cert, other }, "error parsing X509 certificate/key pair: "
		    "tls: private key does not match public key" },
		{ { key, key }, "error parsing X509 certificate/key pair: tls: "
		    "failed to" },
	};

	snprintf(cert, sizeof cert, "%s", path("one.org.pem"));
	snprintf(key, sizeof key, "%s", path("one.org.key"));
	snprintf(other, sizeof other, "%s", path("two.org.key"));
	for (size_t i = 0; i < N_OF(t); i++) {
		struct tls_settings s = { .pairs = &t[i].pair, .n_pairs = 1 };
		struct tls_context *c = NULL;
		struct buf          why = { 0 };

		CHECK_INT(tls_context_create(&s, &c, &why), ERR_CONFIG);
		CHECK(slice_has_prefix(buf_slice(&why), slice_str(t[i].want)),
		    "%.*s", SLICE_ARG(buf_slice(&why)));
		CHECK(c == NULL);
		buf_fini(&why);
	}
}
