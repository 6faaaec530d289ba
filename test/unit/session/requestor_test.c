/* test/unit/session/requestor_test.c - pairs with src/session/requestor.c.
 *
 * What matters: nothing that any reader could take for the server's header
 * passes, and nothing else is lost. */
#include "session/requestor.h"

#include "base/buf.h"
#include "check.h"

static void check_headers(const char *before, const char *info,
    const char *want)
{
	struct buf out = { 0 };

	requestor_put_headers(slice_str(before), slice_str(info), &out);
	CHECK_SLICE(buf_slice(&out), slice_str(want));
	buf_fini(&out);
}

TEST(the_header_is_added)
{
	check_headers(NULL, NULL, "");
	check_headers(NULL, "{}", "NATS/1.0\r\nNats-Request-Info: {}\r\n\r\n");
	check_headers("NATS/1.0\r\n\r\n", "{}",
	    "NATS/1.0\r\nNats-Request-Info: {}\r\n\r\n");
	check_headers("NATS/1.0\r\nA: b\r\n\r\n", "{}",
	    "NATS/1.0\r\nA: b\r\nNats-Request-Info: {}\r\n\r\n");
	check_headers("NATS/1.0 503 text\r\nA: b\r\n\r\n", NULL,
	    "NATS/1.0 503 text\r\nA: b\r\n\r\n");
}

TEST(what_pretends_to_be_the_servers_is_taken_out)
{
	static const char *const lies[] = {
		"Nats-Request-Info: {}\r\n", "nats-request-info:{}\r\n",
		"NATS-REQUEST-INFO : {}\r\n", " Nats-Request-Info: {}\r\n",
		"\tNats-Request-Info\t:\r\n", "Nats-Request-Info: a\r\n b\r\n",
		"Nats-Request-Info: a\n", "Nats-Request-Info:\r\n\tb\r\n c\r\n",
	};
	char text[256], want[] = "NATS/1.0\r\nA: b\r\nC: d\r\n\r\n";

	for (size_t i = 0; i < N_OF(lies); i++) {
		snprintf(text, sizeof text,
		    "NATS/1.0\r\nA: b\r\n%sC: d\r\n\r\n", lies[i]);
		check_headers(text, NULL, want);
	}
}

TEST(others_stay_as_they_are)
{
	check_headers("NATS/1.0\r\nX-Nats-Request-Info: 1\r\n"
	    "A: Nats-Request-Info: 2\r\nB: 1\r\n folded\r\n\r\n", NULL,
	    "NATS/1.0\r\nX-Nats-Request-Info: 1\r\n"
	    "A: Nats-Request-Info: 2\r\nB: 1\r\n folded\r\n\r\n");
}

TEST(blocks_that_are_no_headers_do_no_harm)
{
	check_headers("NATS/1.0", "{}",
	    "NATS/1.0\r\nNats-Request-Info: {}\r\n\r\n");
	check_headers("\r\n\r\n", NULL, "\r\n\r\n");
	check_headers("x", NULL, "x\r\n\r\n");
}
