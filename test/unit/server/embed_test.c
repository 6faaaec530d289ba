/* test/unit/server/embed_test.c - pairs with include/mote/server.h.
 *
 * What the embedding API promises: errors in words, and a server that after a
 * failed reload is the one it was.  What changed shows where a client sees it,
 * in INFO and in what it may do. */
#include "mote/server.h"

#include <unistd.h>

#include "talk.h"

#include "check.h"

static char path[64];

static void write_config(const char *text)
{
	FILE *f;

	snprintf(path, sizeof path, "/tmp/mote_embed_test.%d.conf",
	    (int)getpid());
	f = fopen(path, "w");
	CHECK(f != NULL);
	fprintf(f, "port: -1\nworkers: 2\nserver_name: one\n"
	    "log_file: \"/dev/null\"\n%s\n", text);
	fclose(f);
}

static struct mote *started(void)
{
	struct mote *m = mote_create(path);

	CHECK(m != NULL);
	CHECK_INT(mote_start(m), 0, "%s", mote_error(m));
	CHECK(mote_wait_ready(m, 10000));
	CHECK(mote_port(m) != 0);
	return m;
}

/* Does the INFO that a new client is told say so? */
static bool info_says(const struct mote *m, const char *what)
{
	struct talk t;
	bool        says;

	CHECK(talk_open(&t, mote_port(m)));
	says = memmem(t.p, t.at, what, strlen(what)) != NULL;
	talk_close(&t);
	return says;
}

static bool has(const struct mote *m, const char *text)
{
	return strstr(mote_error(m), text) != NULL;
}

/* ---- before the start -------------------------------------------------------- */

TEST(options_are_checked_when_they_are_set)
{
	struct mote *m = mote_create(NULL);

	CHECK_STR(mote_error(m), "");
	CHECK(!mote_set(m, "no_such_option", "1"));
	CHECK(has(m, "no_such_option"), "%s", mote_error(m));
	CHECK(!mote_set(m, "port", "many"));
	CHECK(mote_error(m)[0] != '\0');
	CHECK(mote_set(m, "port", "-1"));
	CHECK_STR(mote_error(m), "");
	CHECK_INT(mote_port(m), 0);
	CHECK(!mote_is_running(m));
	CHECK(!mote_wait_ready(m, 5));
	CHECK_INT(mote_reload(m), -1);
	mote_drain(m);
	mote_stop(m);
	mote_destroy(m);
	mote_destroy(NULL);
}

TEST(a_wrong_file_is_a_refusal_to_start)
{
	static const struct { const char *text, *error; } t[] = {
		{ "max_paylod: 1", "5:1" },	/* and the nearest known key */
		{ "max_payload: {}", "max_payload" },
		{ "cluster { name: c }", "not built into this server yet" },
		{ "authorization { users = [ { user: a } ", "Parse error" },
	};
	struct mote *m;

	for (size_t i = 0; i < N_OF(t); i++) {
		write_config(t[i].text);
		m = mote_create(path);
		CHECK_INT(mote_start(m), -1, "%s", t[i].text);
		CHECK(has(m, t[i].error), "%s", mote_error(m));
		CHECK(!mote_is_running(m));
		mote_destroy(m);
	}
	m = mote_create("/nowhere/at/all.conf");
	CHECK_INT(mote_start(m), -1);
	CHECK(has(m, "/nowhere/at/all.conf"), "%s", mote_error(m));
	mote_destroy(m);
	unlink(path);
}

TEST(a_port_that_is_taken_is_told)
{
	struct mote *first, *second = mote_create(NULL);
	char         port[16];

	write_config("");
	first = started();
	snprintf(port, sizeof port, "%u", mote_port(first));
	CHECK(mote_set(second, "port", port));
	CHECK(mote_set(second, "log_file", "/dev/null"));
	CHECK_INT(mote_start(second), -1);
	CHECK(has(second, "address already in use"), "%s", mote_error(second));
	CHECK_INT(mote_start(second), -1, "only destroy is left to do");
	mote_destroy(second);
	CHECK(info_says(first, "\"proto\":1"), "the first one lives on");
	mote_destroy(first);
	unlink(path);
}

TEST(starting_twice_is_refused_and_stopping_twice_is_not)
{
	struct mote *m;

	write_config("");
	m = started();
	CHECK_INT(mote_start(m), -1);
	CHECK(!mote_set(m, "port", "1"));
	CHECK(mote_is_running(m));
	mote_stop(m);
	CHECK(!mote_is_running(m));
	mote_stop(m);
	CHECK_INT(mote_reload(m), -1);
	mote_drain(m);
	mote_destroy(m);
	unlink(path);
}

/* ---- reload ------------------------------------------------------------------ */

TEST(a_reload_is_all_or_nothing)
{
	static const struct { const char *text, *error; } t[] = {
		{ "max_payload: 3000\nno_such_key: 1", "no_such_key" },
		{ "max_payload: 3000\nmax_pending: lots", "max_pending" },
		{ "max_payload: 3000\nworkers: 1", "Workers" },
		{ "max_payload: 3000\nport: 1", "Port" },
		{ "max_payload: 3000\nauthorization { user: a, password: b", "Parse error" },
		{ "max_payload: 3000\nlog_file: \"/nowhere/at/all.log\"", "/nowhere/at/all.log" },
	};
	struct mote *m;

	write_config("max_payload: 2000");
	m = started();
	CHECK(info_says(m, "\"max_payload\":2000,"));
	for (size_t i = 0; i < N_OF(t); i++) {
		write_config(t[i].text);
		CHECK_INT(mote_reload(m), -1, "%s", t[i].text);
		CHECK(has(m, t[i].error), "%s", mote_error(m));
		CHECK(info_says(m, "\"max_payload\":2000,"), "%s", t[i].text);
		CHECK(!info_says(m, "auth_required"), "%s", t[i].text);
	}
	write_config("max_payload: 4000");
	CHECK_INT(mote_reload(m), 0, "%s", mote_error(m));
	CHECK_STR(mote_error(m), "");
	for (int i = 0; i < 4; i++)	/* whichever worker answers */
		CHECK(info_says(m, "\"max_payload\":4000,"));
	unlink(path);
	CHECK_INT(mote_reload(m), -1, "the file is gone");
	CHECK(info_says(m, "\"max_payload\":4000,"));
	mote_destroy(m);
}

TEST(without_a_file_there_is_nothing_to_reload)
{
	struct mote *m = mote_create(NULL);

	CHECK(mote_set(m, "port", "-1"));
	CHECK(mote_set(m, "log_file", "/dev/null"));
	CHECK_INT(mote_start(m), 0);
	CHECK_INT(mote_reload(m), -1);
	CHECK(has(m, "file"), "%s", mote_error(m));
	mote_destroy(m);
}

TEST(what_was_set_wins_over_the_file_at_a_reload_too)
{
	struct mote *m;

	write_config("max_payload: 2000");
	m = mote_create(path);
	CHECK(mote_set(m, "max_payload", "1234"));
	CHECK_INT(mote_start(m), 0);
	CHECK(info_says(m, "\"max_payload\":1234,"));
	write_config("max_payload: 3000");
	CHECK_INT(mote_reload(m), 0, "%s", mote_error(m));
	CHECK(info_says(m, "\"max_payload\":1234,"));
	mote_destroy(m);
	unlink(path);
}

/* ---- logins and reloads ------------------------------------------------------ */

/* Three hashes of cost 12, so that a hash takes longer than a reload: of "pw",
 * of "pw" again, and of something else. */
#define HASH_ONE   "$2b$12$sxjmqwBRXZBgbVxSnBLrIuzC4gqJJJ847C0V054h7aV9fvuEk9nGq"
#define HASH_TWO   "$2b$12$sDp/2PvcjFy0IboY6nsz8eeDizK/pGOVadTxJmRV1xhsbDDCuTLeC"
#define HASH_OTHER "$2b$12$f9nC3sW7aMlWJZmUXFi6ju2qIQ06u.TpUGSgMiTpt5OTMtOWItKnW"

static void write_user(const char *hash)
{
	char text[256];

	snprintf(text, sizeof text, "authorization { users = [ { user: a, "
	    "password: \"%s\" } ], timeout: 30 }", hash);
	write_config(text);
}

static void log_in(struct talk *t, const struct mote *m)
{
	CHECK(talk_open(t, mote_port(m)));
	CHECK(talk_say(t, "CONNECT {\"user\":\"a\",\"pass\":\"pw\"}\r\n"));
}

static bool is_refused(struct talk *t)
{
	struct slice line;

	CHECK(talk_say(t, "PING\r\n"));
	do {
		CHECK(talk_line(t, &line));	/* a slow hash: it asks, too */
	} while (slice_eq(line, SLICE("PING")));
	return slice_eq(line, SLICE("-ERR 'Authorization Violation'"));
}

/* The second reload asks again while the first one's hash is being made; then
 * the client leaves, and both answers come. */
TEST(reloads_may_overtake_a_hash)
{
	struct mote *m;
	struct talk  t[4];

	write_user(HASH_ONE);
	m = started();
	for (int i = 0; i < 4; i++) {
		log_in(&t[i], m);
		CHECK(talk_ping(&t[i]));
	}
	write_user(HASH_TWO);
	CHECK_INT(mote_reload(m), 0, "%s", mote_error(m));
	write_user(HASH_ONE);
	CHECK_INT(mote_reload(m), 0, "%s", mote_error(m));
	talk_close(&t[0]);
	talk_close(&t[1]);
	CHECK(talk_ping(&t[2]), "the password is as right as before");
	talk_close(&t[2]);
	log_in(&t[0], m);
	CHECK(talk_ping(&t[0]), "all hashes have been made by now");
	CHECK(talk_ping(&t[3]));
	talk_close(&t[0]);
	talk_close(&t[3]);
	mote_destroy(m);
	unlink(path);
}

TEST(who_is_being_checked_is_judged_by_what_holds_then)
{
	struct mote *m;
	struct talk  t;

	write_user(HASH_ONE);
	m = started();
	log_in(&t, m);
	usleep(20000);		/* the CONNECT is there, the hash is not */
	write_user(HASH_OTHER);
	CHECK_INT(mote_reload(m), 0, "%s", mote_error(m));
	CHECK(is_refused(&t));
	talk_close(&t);
	mote_destroy(m);
	unlink(path);
}

/* ---- two in a process -------------------------------------------------------- */

TEST(a_second_server_does_not_disturb_the_first)
{
	struct talk     t;
	struct talk_msg msg;
	struct slice    line;
	struct mote    *first, *second;

	write_config("");
	first = started();
	CHECK(talk_open(&t, mote_port(first)));
	CHECK(talk_say(&t, "CONNECT {\"verbose\":false}\r\nSUB a.b 1\r\nSUB a.* 2\r\n"));
	CHECK(talk_ping(&t));
	second = started();
	CHECK(mote_port(first) != mote_port(second));
	CHECK(talk_say(&t, "PUB a.b 2\r\nhi\r\n"));
	for (int i = 0; i < 2; i++)
		CHECK(talk_msg(&t, &msg, &line), "message %d: %.*s", i,
		    SLICE_ARG(line));
	CHECK(talk_say(&t, "UNSUB 1\r\nUNSUB 2\r\nPUB a.b 2\r\nhi\r\nPING\r\n"));
	CHECK(talk_line(&t, &line));
	CHECK_SLICE(line, SLICE("PONG"), "unsubscribed, and still told");
	talk_close(&t);
	mote_destroy(second);
	CHECK(info_says(first, "INFO {"));
	mote_destroy(first);
	unlink(path);
}
