/* test/unit/server/cli_test.c - pairs with src/server/cli.c.
 *
 * Command lines and what they mean: Go's flag syntax, the options they set, and
 * what is refused in which words. */
#include "server/cli.h"

#include "base/err.h"
#include "conf/options.h"

#include "check.h"

enum { WORDS_MAX = 12 };

/* What one command line came to. */
struct outcome {
	int             rc;
	struct cli      cli;
	struct buf      err;
	struct options *options;
	char            text[256];	/* what argv points into */
};

/* Splits at blanks; '~' stands for an empty word. */
static void parse(struct outcome *r, const char *line)
{
	char *argv[WORDS_MAX + 1] = { (char *)(uintptr_t)"mote" };
	int   argc = 1;

	*r = (struct outcome){ .options = options_create_default() };
	CHECK(r->options != NULL);
	snprintf(r->text, sizeof r->text, "%s", line);
	for (char *at = r->text; *at != '\0' && argc < WORDS_MAX;) {
		size_t n = strcspn(at, " ");
		bool   is_last = at[n] == '\0';

		at[n] = '\0';
		argv[argc++] = at[0] == '~' ? at + 1 : at;
		at += n + !is_last;
	}
	r->rc = cli_parse(argc, argv, r->options, &r->cli, &r->err);
}

static void drop(struct outcome *r)
{
	options_destroy(r->options);
	buf_fini(&r->err);
}

TEST(values_come_behind_a_sign_or_in_the_next_word)
{
	static const struct { const char *line; int64_t port; const char *why; } t[] = {
		{ "-p 1234",           1234, "the next word" },
		{ "-p=1234",           1234, "a sign" },
		{ "--p 1234",          1234, "two dashes are one" },
		{ "--port=1234",       1234, "the long name" },
		{ "-port 1234",        1234, "with one dash" },
		{ "-p -1",             -1,   "a value may begin with a dash" },
		{ "-p 1 -p 2",         2,    "the last one counts" },
		{ "-D -p 7",           7,    "a switch takes no word" },
		{ "-D=false --port 8", 8,    "but a sign" },
		{ "-profile 3 -p 9",   9,    "without meaning, with a value" },
		{ "-p 5 --",           5,    "the end of flags" },
		{ "",                  4222, "nothing" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct outcome r;

		parse(&r, t[i].line);
		CHECK_INT(r.rc, 0, "%s: %.*s", t[i].why,
		    SLICE_ARG(buf_slice(&r.err)));
		CHECK_INT(r.options->port, t[i].port, "%s", t[i].why);
		CHECK_INT(r.cli.action, CLI_RUN);
		drop(&r);
	}
}

TEST(switches_are_on_unless_they_say_otherwise)
{
	static const struct { const char *line; bool debug, trace, verbose; } t[] = {
		{ "",            0, 0, 0 }, { "-D",          1, 0, 0 },
		{ "-V",          0, 1, 0 }, { "-DV",         1, 1, 0 },
		{ "-VV",         0, 1, 1 }, { "-DVV",        1, 1, 1 },
		{ "-debug",      1, 0, 0 }, { "--trace",     0, 1, 0 },
		{ "-D=true",     1, 0, 0 }, { "-D=1",        1, 0, 0 },
		{ "-D=T -V=t",   1, 1, 0 }, { "-D -D=false", 0, 0, 0 },
		{ "-D=0",        0, 0, 0 }, { "-DV -V=F",    1, 0, 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct outcome r;

		parse(&r, t[i].line);
		CHECK_INT(r.rc, 0, "%s", t[i].line);
		CHECK_INT(r.options->debug, t[i].debug, "%s", t[i].line);
		CHECK_INT(r.options->trace, t[i].trace, "%s", t[i].line);
		CHECK_INT(r.options->trace_verbose, t[i].verbose, "%s",
		    t[i].line);
		drop(&r);
	}
}

TEST(actions_and_words)
{
	static const struct { const char *line; enum cli_action action; } t[] = {
		{ "-h", CLI_HELP },       { "--help", CLI_HELP },
		{ "-help_tls", CLI_HELP }, { "help", CLI_HELP },
		{ "-v", CLI_VERSION },    { "--version", CLI_VERSION },
		{ "version", CLI_VERSION }, { "VERSION", CLI_VERSION },
		{ "-t", CLI_TEST },       { "-t=false", CLI_RUN },
		{ "-sl reload", CLI_SIGNAL }, { "--signal=stop=12", CLI_SIGNAL },
		{ "-D help", CLI_HELP },  { "-- version", CLI_VERSION },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct outcome r;

		parse(&r, t[i].line);
		CHECK_INT(r.rc, 0, "%s", t[i].line);
		CHECK_INT(r.cli.action, t[i].action, "%s", t[i].line);
		drop(&r);
	}
}

TEST(strings_are_kept_as_they_are)
{
	struct outcome r;

	parse(&r, "-c some.conf -sl ldm=a=b -n the,name -a ::1");
	CHECK_INT(r.rc, 0);
	CHECK_STR(r.cli.config_file, "some.conf");
	CHECK_STR(r.cli.signal, "ldm=a=b", "the first sign ends the flag");
	CHECK_SLICE(r.options->server_name, SLICE("the,name"));
	CHECK_SLICE(r.options->host, SLICE("::1"));
	drop(&r);
}

TEST(what_is_wrong_is_told_in_gos_words)
{
	static const struct { const char *line; int rc; const char *text; } t[] = {
		{ "-nonsense",     ERR_NOTFOUND, "flag provided but not defined: -nonsense" },
		{ "--nonsense=1",  ERR_NOTFOUND, "flag provided but not defined: -nonsense" },
		{ "-p",            ERR_NOTFOUND, "flag needs an argument: -p" },
		{ "-D --config",   ERR_NOTFOUND, "flag needs an argument: -config" },
		{ "-D=maybe",      ERR_CONFIG,   "invalid boolean value \"maybe\" for -D" },
		{ "run",           ERR_CONFIG,   "unrecognized command: \"run\"" },
		{ "-D false",      ERR_CONFIG,   "unrecognized command: \"false\"" },
		{ "-",             ERR_CONFIG,   "unrecognized command: \"-\"" },
		{ "-- -p",         ERR_CONFIG,   "unrecognized command: \"-p\"" },
		{ "-routes x",     ERR_CONFIG,   "\"cluster\" is not built into this server yet" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct outcome r;

		parse(&r, t[i].line);
		CHECK_INT(r.rc, t[i].rc, "%s", t[i].line);
		CHECK_SLICE(buf_slice(&r.err), slice_str(t[i].text), "%s",
		    t[i].line);
		drop(&r);
	}
}

TEST(wrong_values_are_refused)
{
	static const char *t[] = { "-p x", "-p 1x", "-p 99999999999999999999",
		"-p ~", "-m many", "-workers -5", "-D=" };

	for (size_t i = 0; i < N_OF(t); i++) {
		struct outcome r;

		parse(&r, t[i]);
		CHECK(r.rc != 0, "%s", t[i]);
		CHECK(r.err.n > 0, "%s", t[i]);
		drop(&r);
	}
}

TEST(a_part_that_is_not_here_may_be_switched_off)
{
	struct outcome r;

	parse(&r, "-js=false -tls=false");
	CHECK_INT(r.rc, 0);
	drop(&r);
}

TEST(usage_shows_every_flag_in_columns)
{
	struct buf out = { 0 };

	cli_write_usage("prog", &out);
	buf_put_char(&out, '\0');
	CHECK(strstr(out.p, "Usage: prog [options]\n") != NULL);
	CHECK(strstr(out.p, "-p, --port <PORT>") != NULL);
	CHECK(strstr(out.p, "-c, --config <FILE>") != NULL);
	for (const char *at = out.p; *at != '\0'; at += strcspn(at, "\n") + 1)
		CHECK(strcspn(at, "\n") < 120);
	buf_fini(&out);
}

TEST(the_program_is_the_last_part_of_its_path)
{
	CHECK_STR(cli_program("a/b/mote"), "mote");
	CHECK_STR(cli_program("mote"), "mote");
	CHECK_STR(cli_program(NULL), "mote");
}
