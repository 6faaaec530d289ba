/* server/cli.c - the command line: one row for each flag. */
#include "server/cli.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/text.h"
#include "conf/options.h"

enum flag_kind {
	OPTION_BOOL,	/* -flag, or -flag=false: sets the option(s) named */
	OPTION_VALUE,	/* -flag VALUE */
	ACTION,		/* -flag */
	CONFIG, SIGNAL,	/* -flag VALUE, the cli's own */
	NOT_BUILT,	/* -flag VALUE of a part that is not here */
	NOT_BUILT_BOOL,
	IGNORED,	/* -flag VALUE that has no meaning here */
};

static const struct flag {
	const char     *names;	/* by blanks */
	enum flag_kind  kind;
	const char     *options;	/* by blanks; of NOT_BUILT the part */
	enum cli_action action;
	const char     *arg, *help;	/* help NULL: not shown again */
	const char     *section;	/* begins here; or NULL */
} flags[] = {
	{ "a addr net", OPTION_VALUE, "host", 0, "HOST",
	    "address clients connect to", "Server Options" },
	{ "p port", OPTION_VALUE, "port", 0, "PORT",
	    "port clients connect to (4222); -1 takes a free one", NULL },
	{ "n name server_name", OPTION_VALUE, "server_name", 0, "NAME",
	    "name of the server", NULL },
	{ "P pid", OPTION_VALUE, "pid_file", 0, "FILE",
	    "file to write the process id to", NULL },
	{ "m http_port", OPTION_VALUE, "http_port", 0, "PORT",
	    "port of monitoring over HTTP", NULL },
	{ "ms https_port", OPTION_VALUE, "https_port", 0, "PORT",
	    "port of monitoring over HTTPS", NULL },
	{ "c config", CONFIG, NULL, 0, "FILE", "configuration file", NULL },
	{ "t", ACTION, NULL, CLI_TEST, NULL,
	    "check the configuration and exit", NULL },
	{ "sl signal", SIGNAL, NULL, 0, "CMD[=PID]",
	    "send a signal to a running server: stop, quit, term, reopen, "
	    "reload, ldm", NULL },
	{ "client_advertise", OPTION_VALUE, "client_advertise", 0, "URL",
	    "host[:port] told to clients instead", NULL },
	{ "ports_file_dir", OPTION_VALUE, "ports_file_dir", 0, "DIR",
	    "directory for <program>_<pid>.ports", NULL },
	{ "workers", OPTION_VALUE, "workers", 0, "N",
	    "event loops; 0 is one a processor core", NULL },

	{ "l log", OPTION_VALUE, "log_file", 0, "FILE", "file to log to",
	    "Logging Options" },
	{ "T logtime", OPTION_BOOL, "logtime", 0, NULL,
	    "begin log lines with the time (true)", NULL },
	{ "logtime_utc", OPTION_BOOL, "logtime_utc", 0, NULL,
	    "that time in UTC", NULL },
	{ "s syslog", OPTION_BOOL, "syslog", 0, NULL, "log to syslog", NULL },
	{ "r remote_syslog", OPTION_VALUE, "remote_syslog", 0, "ADDR",
	    "udp://host:port to log to", NULL },
	{ "D debug", OPTION_BOOL, "debug", 0, NULL, "log debug lines", NULL },
	{ "V trace", OPTION_BOOL, "trace", 0, NULL, "log the protocol", NULL },
	{ "VV", OPTION_BOOL, "trace_verbose trace", 0, NULL,
	    "log it verbosely", NULL },
	{ "DV", OPTION_BOOL, "debug trace", 0, NULL, "both debug and trace",
	    NULL },
	{ "DVV", OPTION_BOOL, "debug trace_verbose trace", 0, NULL,
	    "both, verbosely", NULL },
	{ "log_size_limit", OPTION_VALUE, "log_size_limit", 0, "N",
	    "bytes at which the log file is rotated", NULL },
	{ "max_traced_msg_len", OPTION_VALUE, "max_traced_msg_len", 0, "N",
	    "bytes of a payload shown in a trace", NULL },

	{ "js jetstream", OPTION_BOOL, "jetstream.enabled", 0, NULL,
	    "enable JetStream", "JetStream Options" },
	{ "sd store_dir", OPTION_VALUE, "jetstream.store_dir", 0, "DIR",
	    "its directory", NULL },

	{ "user", OPTION_VALUE, "authorization.user", 0, "USER",
	    "user clients have to be", "Authorization Options" },
	{ "pass", OPTION_VALUE, "authorization.pass", 0, "PASS",
	    "that user's password", NULL },
	{ "auth", OPTION_VALUE, "authorization.token", 0, "TOKEN",
	    "token clients have to show", NULL },

	{ "tls", OPTION_BOOL, "tls", 0, NULL, "enable TLS; needs both of:",
	    "TLS Options" },
	{ "tlscert", OPTION_VALUE, "tls.cert_file", 0, "FILE",
	    "server certificate", NULL },
	{ "tlskey", OPTION_VALUE, "tls.key_file", 0, "FILE",
	    "its private key", NULL },
	{ "tlsverify", OPTION_BOOL, "tls.verify", 0, NULL,
	    "ask clients for certificates", NULL },
	{ "tlscacert", OPTION_VALUE, "tls.ca_file", 0, "FILE",
	    "authorities clients' certificates come from", NULL },

	{ "routes", NOT_BUILT, "cluster", 0, "URLS", "routes to connect to",
	    "Cluster Options" },
	{ "cluster cluster_listen", NOT_BUILT, "cluster", 0, "URL",
	    "where routes connect", NULL },
	{ "cluster_name", NOT_BUILT, "cluster", 0, "NAME",
	    "name of the cluster", NULL },
	{ "no_advertise", NOT_BUILT_BOOL, "cluster", 0, NULL,
	    "keep the cluster's addresses from clients", NULL },
	{ "cluster_advertise", NOT_BUILT, "cluster", 0, "URL",
	    "address told to other servers", NULL },
	{ "connect_retries", NOT_BUILT, "cluster", 0, "N",
	    "attempts to reach a route", NULL },

	{ "profile", IGNORED, NULL, 0, "PORT",
	    "accepted, and without effect", "Profiling Options" },

	{ "h help", ACTION, NULL, CLI_HELP, NULL, "show this",
	    "Common Options" },
	{ "v version", ACTION, NULL, CLI_VERSION, NULL, "show the version",
	    NULL },
	{ "help_tls", ACTION, NULL, CLI_HELP, NULL, "show this", NULL },
};

enum { N_FLAGS = sizeof flags / sizeof flags[0] };

/* ---- words ---------------------------------------------------------------- */

static struct slice take_word(struct slice *rest)
{
	const char  *blank = rest->n == 0 ? NULL
	    : memchr(rest->p, ' ', rest->n);
	size_t       n = blank == NULL ? rest->n : (size_t)(blank - rest->p);
	struct slice word = slice_of(rest->p, n);

	*rest = slice_skip(*rest, blank == NULL ? n : n + 1);
	return word;
}

static const struct flag *find_flag(struct slice name)
{
	for (size_t i = 0; i < N_FLAGS; i++) {
		struct slice rest = slice_str(flags[i].names);

		while (rest.n > 0)
			if (slice_eq(take_word(&rest), name))
				return &flags[i];
	}
	return NULL;
}

static bool is_switch(enum flag_kind k)
{
	return k == OPTION_BOOL || k == ACTION || k == NOT_BUILT_BOOL;
}

/* ---- meanings ------------------------------------------------------------- */

static int set_options(struct options *o, const struct flag *f,
    struct slice value, struct buf *err)
{
	struct slice rest = slice_str(f->options);

	while (rest.n > 0) {
		struct slice word = take_word(&rest);
		char         key[64];
		int          rc;

		memcpy(key, word.p, word.n);
		key[word.n] = '\0';
		rc = options_set(o, key, value, err);
		if (rc != 0)
			return rc == ERR_NOTFOUND ? ERR_CONFIG : rc;
	}
	return 0;
}

static int refuse_part(const struct flag *f, struct buf *err)
{
	buf_printf(err, "\"%s\" is not built into this server yet", f->options);
	return ERR_CONFIG;
}

static int apply(const struct flag *f, struct slice value, struct options *o,
    struct cli *ret, struct buf *err)
{
	bool on = true;

	if (is_switch(f->kind) && !text_parse_bool(value, &on)) {
		buf_printf(err, "invalid boolean value \"%.*s\" for -%.*s",
		    SLICE_ARG(value), (int)strcspn(f->names, " "), f->names);
		return ERR_CONFIG;
	}
	switch (f->kind) {
	case OPTION_BOOL:
	case OPTION_VALUE:
		return set_options(o, f, value, err);
	case ACTION:
		if (on)
			ret->action = f->action;
		return 0;
	case CONFIG:
		ret->config_file = value.p;
		return 0;
	case SIGNAL:
		ret->signal = value.p;
		ret->action = CLI_SIGNAL;
		return 0;
	case NOT_BUILT_BOOL:
		return on ? refuse_part(f, err) : 0;
	case NOT_BUILT:
		return refuse_part(f, err);
	case IGNORED:
		return 0;
	}
	return 0;
}

/* ---- the line ------------------------------------------------------------- */

/* The value: behind '=', or (but not of a switch) the next argument. */
static bool take_value(const struct flag *f, const char *text, int argc,
    char **argv, int *at, struct slice *value)
{
	const char *eq = strchr(text, '=');

	if (eq != NULL)
		*value = slice_str(eq + 1);
	else if (is_switch(f->kind))
		*value = SLICE("true");
	else if (*at < argc)
		*value = slice_str(argv[(*at)++]);
	else
		return false;
	return true;
}

static int take_flag(const char *text, int argc, char **argv, int *at,
    struct options *o, struct cli *ret, struct buf *err)
{
	struct slice       name = slice_of(text, strcspn(text, "="));
	const struct flag *f = find_flag(name);
	struct slice       value;

	if (f == NULL) {
		buf_printf(err, "flag provided but not defined: -%.*s",
		    SLICE_ARG(name));
		return ERR_NOTFOUND;
	}
	if (!take_value(f, text, argc, argv, at, &value)) {
		buf_printf(err, "flag needs an argument: -%.*s",
		    SLICE_ARG(name));
		return ERR_NOTFOUND;
	}
	return apply(f, value, o, ret, err);
}

static int take_word_command(const char *word, struct cli *ret,
    struct buf *err)
{
	if (strcasecmp(word, "version") == 0) {
		ret->action = CLI_VERSION;
	} else if (strcasecmp(word, "help") == 0) {
		ret->action = CLI_HELP;
	} else {
		buf_printf(err, "unrecognized command: \"%s\"", word);
		return ERR_CONFIG;
	}
	return 0;
}

int cli_parse(int argc, char **argv, struct options *o, struct cli *ret,
    struct buf *err)
{
	int at = 1, rc = 0;

	*ret = (struct cli){ 0 };
	while (rc == 0 && at < argc) {
		const char *arg = argv[at];

		if (arg[0] != '-' || arg[1] == '\0')
			return take_word_command(arg, ret, err);
		at++;
		if (strcmp(arg, "--") == 0)
			return at == argc ? 0
			    : take_word_command(argv[at], ret, err);
		rc = take_flag(arg + (arg[1] == '-' ? 2 : 1), argc, argv, &at,
		    o, ret, err);
	}
	return rc;
}

/* ---- usage ---------------------------------------------------------------- */

static void put_flag_usage(const struct flag *f, struct buf *out)
{
	struct slice rest = slice_str(f->names);
	size_t       from = out->n;

	buf_put_str(out, "    ");
	for (bool first = true; rest.n > 0; first = false) {
		struct slice word = take_word(&rest);

		buf_printf(out, "%s%s%.*s", first ? "" : ", ",
		    word.n > 2 ? "--" : "-", SLICE_ARG(word));
	}
	if (f->arg != NULL)
		buf_printf(out, " <%s>", f->arg);
	do
		buf_put_char(out, ' ');
	while (!buf_failed(out) && out->n - from < 40);
	buf_printf(out, "%s\n", f->help);
}

void cli_write_usage(const char *program, struct buf *out)
{
	buf_printf(out, "\nUsage: %s [options]\n", program);
	for (size_t i = 0; i < N_FLAGS; i++) {
		if (flags[i].section != NULL)
			buf_printf(out, "\n%s:\n", flags[i].section);
		put_flag_usage(&flags[i], out);
	}
	buf_put_char(out, '\n');
}

const char *cli_program(const char *argv0)
{
	const char *slash = argv0 == NULL ? NULL : strrchr(argv0, '/');

	return argv0 == NULL ? "mote" : slash == NULL ? argv0 : slash + 1;
}
