/* server/program.c - the program mote, from command line to exit status.
 *
 * What it prints, where and with which status, is nats-server's: scripts and
 * service managers look at it.  Spec: core protocol 3.1.
 */
#include "server/program.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/options.h"
#include "server/cli.h"
#include "server/config.h"
#include "server/notify.h"
#include "server/jetstream.h"
#include "server/sandbox.h"
#include "server/server.h"
#include "server/settings.h"
#include "server/signals.h"
#include "server/store_tool.h"
#include "session/secure.h"
#include "session/version.h"

struct program {
	const char        *name;
	struct cli         cli;
	struct options    *options;
	struct conf_report report;
	struct buf         err;
};

static int complain(struct program *p, const char *end)
{
	fprintf(stderr, "%s: %.*s%s", p->name, SLICE_ARG(buf_slice(&p->err)),
	    end);
	return 1;
}

static int show_usage(const struct program *p)
{
	struct buf text = { 0 };

	cli_write_usage(p->name, &text);
	fwrite(text.p, 1, text.n, stdout);
	buf_fini(&text);
	return 0;
}

static int show_version(const struct program *p)
{
	printf("%s: v%s\n", p->name, NATS_VERSION);
	return 0;
}

static int send_signal(struct program *p)
{
	/* Servers run under either name. */
	if (signals_send(p->cli.signal, p->name, &p->err) == 0)
		return 0;
	return complain(p, "\n");
}

/* ---- the configuration ---------------------------------------------------- */

static int load(struct program *p)
{
	int err = 0;

	if (p->cli.config_file != NULL)
		err = config_load(p->options, p->cli.config_file,
		    &p->report);
	if (err == 0 && p->report.n_warnings > 0 &&
	    p->cli.action == CLI_TEST)
		err = ERR_CONFIG;
	if (err != 0) {
		buf_put_slice(&p->err, buf_slice(&p->report.errors));
		buf_put_slice(&p->err, buf_slice(&p->report.warnings));
	} else {
		fprintf(stderr, "%.*s",
		    SLICE_ARG(buf_slice(&p->report.warnings)));
	}
	return err;
}

static int test_config(struct program *p)
{
	struct secure_config *secure;

	if (p->cli.config_file == NULL) {
		buf_put_str(&p->err, "must specify [-c, --config] option to "
		    "check configuration file syntax");
		return complain(p, "\n");
	}
	if (load(p) != 0 || settings_secure(p->options, &secure, &p->err) != 0)
		return complain(p, "\n");
	secure_config_unref(secure);
	fprintf(stderr, "%s: configuration file %s is valid (%s)\n", p->name,
	    p->cli.config_file, p->report.digest);
	return 0;
}

/* ---- running -------------------------------------------------------------- */

static int run_server(struct program *p, struct server *s)
{
	bool is_logged = false;

	sandbox_begin(s);
	if (server_open(s, &p->err, &is_logged) != 0)
		return is_logged ? 1 : complain(p, "\n");
	if (signals_watch(s) != 0) {
		buf_put_str(&p->err, "cannot watch signals");
		return complain(p, "\n");
	}
	sandbox_complete(s);
	notify_begin(s);
	server_run(s);
	notify_end(s);
	return 0;
}

static int run(struct program *p)
{
	struct server *s;
	int            status;

	if (load(p) != 0)
		return complain(p, "\n");
	if (options_validate(p->options, &p->err) != 0 ||
	    jetstream_prepare(p->options, &p->err) != 0)
		return complain(p, "\n");
	signals_block();
	s = server_create(p->options, p->cli.config_file, p->report.digest);
	p->options = NULL;
	if (s == NULL) {
		buf_put_str(&p->err, err_text(ERR_NOMEM));
		return complain(p, "\n");
	}
	status = run_server(p, s);
	server_destroy(s);
	log_close();
	return status;
}

static int act(struct program *p)
{
	switch (p->cli.action) {
	case CLI_VERSION: return show_version(p);
	case CLI_HELP:    return show_usage(p);
	case CLI_SIGNAL:  return send_signal(p);
	case CLI_TEST:    return test_config(p);
	case CLI_RUN:     return run(p);
	}
	return 1;
}

static int start(struct program *p, int argc, char **argv)
{
	int err = cli_parse(argc, argv, p->options, &p->cli, &p->err);

	if (err == ERR_NOTFOUND) {
		fprintf(stderr, "%.*s\n", SLICE_ARG(buf_slice(&p->err)));
		return show_usage(p);
	}
	return err != 0 ? complain(p, "\n") : act(p);
}

int program_run(int argc, char **argv)
{
	struct program p = { .name = cli_program(argc > 0 ? argv[0] : NULL) };
	int            status = 1;

	if (store_tool_is_meant(argc, argv))
		return store_tool_run(argc, argv);
	p.options = options_create_default();
	if (p.options != NULL)
		status = start(&p, argc, argv);
	options_destroy(p.options);
	conf_report_fini(&p.report);
	buf_fini(&p.err);
	return status;
}
