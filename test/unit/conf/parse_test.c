/* test/unit/conf/parse_test.c - pairs with src/conf/parse.c, lex.c, value.c.
 *
 * The language is whatever nats-server reads, so the oracle is what it said:
 * vectors.txt holds its answers to some two hundred texts, and a digest that
 * agrees means that the whole tree does.  Where we differ on purpose there is
 * a row here with the reason.  Then the limits, which it does not have.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "check.h"
#include "conf/arena.h"
#include "conf/parse.h"
#include "conf/value.h"

/* The digest, or the error, of a text; good until the next call. */
static const char *said(struct slice text)
{
	static char        answer[1024];
	struct conf_arena *a = arena_create();
	struct buf         err = { 0 };
	struct conf_value *root;
	int                rc = conf_parse_text(a, text, "t.conf", &err, &root);

	if (rc == 0)
		CHECK(value_digest(root, answer));
	else
		snprintf(answer, sizeof answer, "%.*s",
		    SLICE_ARG(buf_slice(&err)));
	CHECK((rc == 0) == (err.n == 0), "an error has a text, success has none");
	buf_fini(&err);
	arena_destroy(a);
	return answer;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* A fresh folder to be in, with the files that vectors.txt includes. */
static void enter_folder(void)
{
	static char path[] = "/tmp/conf-test-XXXXXX";
	static bool is_made;

	if (is_made)
		return;
	is_made = true;
	CHECK(mkdtemp(path) != NULL && chdir(path) == 0);
	CHECK(mkdir("sub", 0700) == 0);
	write_file("q.inc", "server_name: inc\n");
	write_file("s.inc", "k: v\nl: \"w\"\n");
	write_file("bad.inc", "a: [\n");
	write_file("sub/up.inc", "include ../q.inc\n");
	setenv("NUM", "42", 1);
	setenv("SP", "\"quoted env\"", 1);
	setenv("CYC", "$CYC", 1);
	setenv("EMPTY", "", 1);
	setenv("BAD", "[a", 1);
	setenv("TWO", "a b", 1);
	setenv("NL", "x\ny: z", 1);
	setenv("ARR", "[a,b]", 1);
}

static void leave_folder(void)
{
	static const char *const names[] = { "q.inc", "s.inc", "bad.inc",
		"sub/up.inc", "loop.inc", "again.inc", "long.inc", "sub" };
	char here[256];

	if (getcwd(here, sizeof here) == NULL ||
	    strstr(here, "conf-test-") == NULL)
		return;
	for (size_t i = 0; i < N_OF(names); i++)
		remove(names[i]);
	rmdir(here);
}

__attribute__((constructor)) static void clean_up_at_exit(void)
{
	atexit(leave_folder);
}

/* Undoes the escapes of vectors.txt, in place. */
static struct slice unescape(char *line)
{
	char *to = line;

	for (const char *p = line; *p != '\0' && *p != '\n'; p++) {
		if (*p != '\\') {
			*to++ = *p;
			continue;
		}
		p++;
		if (*p == 'x') {
			char hex[3] = { p[1], p[2], '\0' };

			*to++ = (char)strtol(hex, NULL, 16);
			p += 2;
		} else {
			*to++ = *p == 'n' ? '\n' : *p == 't' ? '\t'
			    : *p == 'r' ? '\r' : *p;
		}
	}
	*to = '\0';
	return slice_of(line, (size_t)(to - line));
}

TEST(the_same_texts_have_the_same_digests_and_errors)
{
	static char text[4096], want[4096];
	char        path[512];
	const char *root = getenv("MOTE_ROOT");
	FILE       *f;
	size_t      n = 0;

	snprintf(path, sizeof path, "%s/test/unit/conf/vectors.txt",
	    root == NULL ? ".." : root);
	f = fopen(path, "r");
	CHECK(f != NULL, "%s", path);
	enter_folder();
	while (fgets(text, sizeof text, f) != NULL) {
		struct slice in;

		if (text[0] != '<')
			continue;
		CHECK(fgets(want, sizeof want, f) != NULL && want[0] == '>');
		in = slice_skip(unescape(text), 2);
		CHECK_SLICE(slice_str(said(in)), slice_skip(unescape(want), 2),
		    "%.*s", SLICE_ARG(in));
		n++;
	}
	fclose(f);
	CHECK(n > 150, "only %zu vectors were read", n);
}

static const char *json_of(const char *text)
{
	static char        json[2048];
	struct conf_arena *a = arena_create();
	struct buf         out = { 0 };
	struct conf_value *root;

	json[0] = '\0';
	if (conf_parse_text(a, slice_str(text), "t.conf", &out, &root) == 0) {
		value_put_json(&out, root);
		out.n--;	/* the line end */
	}
	snprintf(json, sizeof json, "%.*s", SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
	arena_destroy(a);
	return json;
}

TEST(values_are_what_they_look_like)
{
	static const struct { const char *text, *json; } t[] = {
		{ "a: 1, b: -2, c: 1.5, d: -0.5", "{\"a\":1,\"b\":-2,\"c\":1.5,\"d\":-0.5}" },
		{ "a: yes; b: Off", "{\"a\":true,\"b\":false}" },
		{ "a: 'true'", "{\"a\":\"true\"}" },
		{ "a: 1k, b: 1kb, c: 3MiB", "{\"a\":1000,\"b\":1024,\"c\":3145728}" },
		{ "a: 2m", "{\"a\":2000000}" },
		{ "a: 10ms, b: 1h2m", "{\"a\":\"10ms\",\"b\":\"1h2m\"}" },
		{ "a: 1.2.3.4:5", "{\"a\":\"1.2.3.4:5\"}" },
		{ "a: 2020-02-29T00:00:00Z", "{\"a\":\"2020-02-29T00:00:00Z\"}" },
		{ "a: (\nx y\n z\n)\nb: 1", "{\"a\":\"\\nx y\\n z\\n\",\"b\":1}" },
		{ "a: \"x\\ty\\x41\\\"\"", "{\"a\":\"x\\ty\x41\\\"\"}" },
		{ "a: [1, [b, c], {d: e}]", "{\"a\":[1,[\"b\",\"c\"],{\"d\":\"e\"}]}" },
		{ "b: 1\na: 2\nb: 3", "{\"a\":2,\"b\":3}" },
		{ "a: x\nb: { c: $a, a: y, d: $a }\ne: $a",
		  "{\"a\":\"x\",\"b\":{\"a\":\"y\",\"c\":\"x\",\"d\":\"y\"},\"e\":\"x\"}" },
		{ "a: $NUM, b: $SP, c: $ARR",
		  "{\"a\":42,\"b\":\"quoted env\",\"c\":[\"a\",\"b\"]}" },
		{ "a: $2a$11$x", "{\"a\":\"$2a$11$x\"}" },
		{ "{\"a\": {\"b\": [1,2]}}", "{\"a\":{\"b\":[1,2]}}" },
	};

	enter_folder();
	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(json_of(t[i].text), t[i].json, "%s", t[i].text);
}

TEST(we_differ_where_we_mean_to)
{
	static const struct { const char *why, *text, *want; } t[] = {
		{ "a JSON array of numbers on one line: nats-server reads on "
		  "behind the ]", "a: [1,2]", "{\"a\":[1,2]}" },
		{ "a ) at the very end: it would be in the text", "a: (\n)",
		  "{\"a\":\"\\n\"}" },
		{ "all bcrypt prefixes", "a: $2b$11$x", "{\"a\":\"$2b$11$x\"}" },
		{ "it wraps around", "a: 9223372036854775807k",
		  "integer '9223372036854775807k' is out of the range" },
		{ "it loses the value", "a: 5kbb", "Parse error on line 1: "
		  "'integer '5kbb' has an unknown size suffix'" },
		{ "it loses the key", "a {b: }", "Parse error on line 1: "
		  "'Expected a value for the key 'b', but got '}' instead.'" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(json_of(t[i].text), t[i].want, "%s", t[i].why);
}

TEST(a_value_knows_where_it_stands)
{
	static const char  text[] = "a: 1\n  b {\n\t\"c\": 2 }\nl: [\n x, y]\n";
	struct conf_arena *a = arena_create();
	struct buf         err = { 0 };
	struct conf_value *root, *b, *c, *l;

	CHECK_INT(conf_parse_text(a, slice_str(text), "t.conf", &err, &root), 0);
	b = value_get(root, SLICE("b"));
	c = value_get(b, SLICE("c"));
	l = value_get(root, SLICE("l"));
	CHECK_INT(b->line, 2);
	CHECK_INT(b->col, 3);
	CHECK_INT(c->line, 3);
	CHECK_INT(c->col, 2);
	CHECK_INT(l->array.v[1]->line, 5);
	CHECK_INT(l->array.v[1]->col, 5);
	CHECK_STR(l->file, "t.conf");
	arena_destroy(a);
	buf_fini(&err);
}

TEST(a_variable_is_marked_as_used)
{
	struct conf_arena *a = arena_create();
	struct buf         err = { 0 };
	struct conf_value *root;

	CHECK_INT(conf_parse_text(a, SLICE("x: 1\ny: $x\n"), "t", &err, &root), 0);
	CHECK(value_get(root, SLICE("x"))->is_used);
	CHECK(!value_get(root, SLICE("y"))->is_used);
	arena_destroy(a);
}

/* n times open, a 1, n times close */
static struct slice nested(struct buf *b, size_t n, const char *open,
    const char *close)
{
	buf_reset(b);
	buf_put_str(b, "a: ");
	for (size_t i = 0; i < n; i++)
		buf_put_str(b, open);
	buf_put_str(b, "1");
	for (size_t i = 0; i < n; i++)
		buf_put_str(b, close);
	return buf_slice(b);
}

TEST(depth_is_limited)
{
	static const char want[] =
		"Parse error on line 1: 'more than 60 levels of maps and arrays'";
	struct buf b = { 0 };

	CHECK(strncmp(said(nested(&b, 58, "[", "]")), "sha256:", 7) == 0);
	CHECK_STR(said(nested(&b, 60, "[", "]")), want);
	CHECK_STR(said(nested(&b, 100000, "[", "]")), want);
	CHECK_STR(said(nested(&b, 100000, "{a: ", "}")), want);
	buf_fini(&b);
}

TEST(variables_do_not_hide_depth)
{
	struct buf b = { 0 };

	nested(&b, 40, "[", "]");
	buf_put_str(&b, "\nb: ");
	for (int i = 0; i < 40; i++)
		buf_put_char(&b, '[');
	buf_put_str(&b, "$a");
	for (int i = 0; i < 40; i++)
		buf_put_char(&b, ']');
	CHECK_STR(said(buf_slice(&b)),
	    "Parse error on line 2: 'more than 60 levels of maps and arrays'");
	buf_fini(&b);
}

TEST(variables_do_not_grow_without_bound)
{
	struct buf b = { 0 };

	buf_put_str(&b, "a0: [x]\n");
	for (int i = 1; i < 50; i++)
		buf_printf(&b, "a%d: [$a%d, $a%d]\n", i, i - 1, i - 1);
	CHECK(strstr(said(buf_slice(&b)), "more than 4194304 values") != NULL);
	buf_fini(&b);
}

TEST(files_may_not_include_themselves)
{
	struct conf_arena *a = arena_create();
	struct buf         err = { 0 };
	struct conf_value *root;

	enter_folder();
	write_file("loop.inc", "include again.inc\n");
	write_file("again.inc", "include loop.inc\n");
	CHECK_INT(conf_parse_file(a, "loop.inc", &err, &root), ERR_CONFIG);
	CHECK_SLICE(buf_slice(&err), SLICE("error parsing include file "
	    "'again.inc', error parsing include file 'loop.inc', loop.inc: "
	    "includes itself"));
	arena_destroy(a);
	buf_fini(&err);
}

TEST(a_missing_file_is_told_in_go_s_words)
{
	struct conf_arena *a = arena_create();
	struct buf         err = { 0 };
	struct conf_value *root;

	CHECK_INT(conf_parse_file(a, "/no/such", &err, &root), ERR_CONFIG);
	CHECK_SLICE(buf_slice(&err),
	    SLICE("open /no/such: no such file or directory"));
	buf_reset(&err);
	CHECK_INT(conf_parse_file(a, "/", &err, &root), ERR_CONFIG);
	CHECK_SLICE(buf_slice(&err), SLICE("read /: is a directory"));
	arena_destroy(a);
	buf_fini(&err);
}

TEST(a_nul_byte_is_not_text)
{
	CHECK_STR(said(SLICE("a: 1\0\n")),
	    "t.conf: is not text: it holds a NUL byte");
}

TEST(a_large_map_keeps_its_last_values)
{
	struct conf_arena *a = arena_create();
	struct buf         b = { 0 }, err = { 0 };
	struct conf_value *root;
	char               key[16];

	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "k%d: %d\n", i % 10000, i);
	CHECK_INT(conf_parse_text(a, buf_slice(&b), "t", &err, &root), 0);
	CHECK_INT(root->map.n, 10000);
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof key, "k%d", i);
		CHECK_INT(value_get(root, slice_str(key))->i, i + 10000);
	}
	CHECK(value_get(root, SLICE("k10000")) == NULL);
	arena_destroy(a);
	buf_fini(&b);
}

TEST(a_text_cut_anywhere_does_no_harm)
{
	static const char text[] =
		"a: 1\nb { c: \"x\\x41y\", d: [1, 2 , 'q'] }\n"
		"e: (\nblock\n)\nf: 2020-01-01T00:00:00Z # c\n"
		"g: $a\n\xc3\xa9: \xe2\x82\xac\nh: -1.5\ninclude q.inc\n";

	enter_folder();
	for (size_t n = 0; n < sizeof text; n++) {
		/* of its own size, so that a sanitizer sees one byte too far */
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		CHECK(said(slice_of(copy, n))[0] != '\0', "cut at %zu", n);
		free(copy);
	}
}
