/* test/lib/jwt_tool.c - keys, tokens and signatures for tests in Python.
 *
 *     jwt_tool key KIND N            seed and public key of the seed N N N ..
 *     jwt_tool sign SEED SUBJECT NAME ISSUED EXPIRES AUDIENCE   < "nats" as JSON
 *     jwt_tool nonce SEED TEXT       a signature as CONNECT has it
 *     jwt_tool lines                 such commands, one a line, words apart by
 *                                    tabs, what sign reads as its last; answers
 *                                    one line each
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "auth/jwt_write.h"
#include "auth/nkey.h"
#include "base/buf.h"
#include "base/text.h"

struct pair {
	enum nkey_kind kind;
	struct nkey    key;
	uint8_t        secret[NKEY_SECRET_BYTES];
};

static void fail(const char *why)
{
	fprintf(stderr, "jwt_tool: %s\n", why);
	exit(2);
}

static struct pair pair_of(const char *seed_text)
{
	struct pair p;
	uint8_t     seed[NKEY_BYTES];

	if (!nkey_get_seed(slice_str(seed_text), &p.kind, seed))
		fail("not a seed");
	nkey_from_seed(p.kind, seed, &p.key, p.secret);
	return p;
}

static int64_t number(const char *text)
{
	int64_t v;

	if (!text_parse_i64(slice_str(text), &v))
		fail("not a number");
	return v;
}

static void make_key(char **arg)
{
	static const char letters[] = "OAUNCX";
	const char       *kind = strchr(letters, arg[0][0]);
	uint8_t           seed[NKEY_BYTES];
	char              text[NKEY_SEED_CHARS + 1];

	if (kind == NULL || *kind == '\0')
		fail("KIND is one of O A U N C X");
	memset(seed, (int)number(arg[1]), sizeof seed);
	nkey_put_seed((enum nkey_kind)(kind - letters), seed, text);
	printf("%s %s\n", text, pair_of(text).key.text);
}

static void read_all(struct buf *out)
{
	char   piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
		buf_put(out, piece, n);
}

static void sign(char **arg)
{
	struct pair       p = pair_of(arg[0]);
	struct jwt_signer by = { p.kind, p.key.bytes, p.secret };
	struct jwt_head   head = { .subject = slice_str(arg[1]),
		.name = slice_str(arg[2]), .issued_s = number(arg[3]),
		.expires_s = number(arg[4]), .audience = slice_str(arg[5]) };
	struct buf        nats = { 0 }, token = { 0 };

	if (arg[6] != NULL)
		buf_put_str(&nats, arg[6]);
	else
		read_all(&nats);
	if (!jwt_sign(&head, buf_slice(&nats), &by, &token))
		fail("no memory");
	printf("%.*s\n", SLICE_ARG(buf_slice(&token)));
	buf_fini(&nats);
	buf_fini(&token);
}

static void sign_nonce(char **arg)
{
	struct pair p = pair_of(arg[0]);
	uint8_t     sig[NKEY_SIG_BYTES];
	struct buf  text = { 0 };

	nkey_sign(p.secret, slice_str(arg[1]), sig);
	text_put_base64url(&text, sig, sizeof sig);
	printf("%.*s\n", SLICE_ARG(buf_slice(&text)));
	buf_fini(&text);
}

static const struct command {
	const char *name;
	int         n_args;
	void      (*run)(char **arg);
} commands[] = {
	{ "key", 2, make_key }, { "sign", 6, sign }, { "nonce", 2, sign_nonce },
};

/* word has n words and a NULL behind them. */
static void run(int n, char **word)
{
	for (size_t i = 0; n > 0 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(word[0], commands[i].name) == 0 &&
		    n > commands[i].n_args) {
			commands[i].run(word + 1);
			return;
		}
	fail("key KIND N | sign SEED SUBJECT NAME ISSUED EXPIRES AUDIENCE | "
	    "nonce SEED TEXT | lines");
}

enum { WORDS_MAX = 8 };

static void run_lines(void)
{
	char  *line = NULL, *rest, *word[WORDS_MAX + 1];
	size_t room = 0;
	int    n;

	while (getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		rest = line;
		for (n = 0; n < WORDS_MAX && rest != NULL; n++)
			word[n] = strsep(&rest, "\t");
		word[n] = NULL;
		run(n, word);
		fflush(stdout);
	}
	free(line);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0)
		fail("no libsodium");
	if (argc == 2 && strcmp(argv[1], "lines") == 0)
		run_lines();
	else
		run(argc - 1, argv + 1);
}
