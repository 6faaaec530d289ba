/* server/cli.h - the command line.
 *
 * Go's flag syntax, nats-server's flags.  Most of them are an option of the
 * configuration by another name, and win over the file.
 * Spec: core protocol 3.1.
 */
#ifndef SERVER_CLI_H
#define SERVER_CLI_H

#include <stdbool.h>

#include "base/buf.h"

struct options;

enum cli_action { CLI_RUN, CLI_TEST, CLI_VERSION, CLI_HELP, CLI_SIGNAL };

struct cli {
	enum cli_action action;
	const char     *config_file;	/* NULL: none */
	const char     *signal;		/* "reload=1234" */
};

/* 0; ERR_NOTFOUND: an unknown flag, named in err (usage is due); ERR_CONFIG:
 * err says what is wrong.  Strings in ret are argv's. */
int cli_parse(int argc, char **argv, struct options *o, struct cli *ret,
    struct buf *err);

void cli_write_usage(const char *program, struct buf *out);

/* The last part of argv[0]. */
const char *cli_program(const char *argv0);

#endif /* SERVER_CLI_H */
