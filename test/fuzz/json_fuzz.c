/* test/fuzz/json_fuzz.c - the input as a string to write, and as a text to read.
 *
 * Written: any bytes come back equal, but that what is no UTF-8 is U+FFFD.
 * Read: what jansson takes as it stands is taken, unless it holds a control
 * byte that is no blank; every string that comes out is UTF-8; of each type
 * there is one; a name finds the last value that is not null. */
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>

#define json_null json_null_of_jansson
#include <jansson.h>
#undef json_null
#undef json_is_object

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(cond) do { if (!(cond)) abort(); } while (0)

/* ---- written ---------------------------------------------------------- */

static void put_replaced(struct buf *to, struct slice s)
{
	uint32_t rune;
	size_t   n;

	for (; s.n > 0; s = slice_skip(s, n)) {
		n = text_next_rune(s, &rune);
		if (rune == TEXT_RUNE_BAD)
			buf_put_str(to, "\xef\xbf\xbd");
		else
			buf_put(to, s.p, n);
	}
}

static void check_round_trip(struct slice s)
{
	struct buf   text = { 0 }, want = { 0 };
	struct slice back;
	struct json *j;
	const char  *why;

	json_quote(&text, s);
	j = json_parse(buf_slice(&text), &why);
	CHECK(j != NULL && json_as_str(j, &back));
	put_replaced(&want, s);
	CHECK(slice_eq(back, buf_slice(&want)));
	json_free(j);
	buf_fini(&text);
	buf_fini(&want);
}

/* ---- read ------------------------------------------------------------- */

static void check_utf8(struct slice s)
{
	uint32_t rune;
	size_t   n;

	for (; s.n > 0; s = slice_skip(s, n)) {
		n = text_next_rune(s, &rune);
		CHECK(rune != TEXT_RUNE_BAD || n == 3);
	}
}

/* The values still to be looked at; few levels, so few at a time. */
enum { TODO_MAX = 4096 };
static struct todo {
	const struct json *value[TODO_MAX];
	size_t             n;
} todo;

static void add(const struct json *j)
{
	if (todo.n < TODO_MAX)
		todo.value[todo.n++] = j;
}

struct lookup {
	struct slice       name;
	const struct json *last;	/* not null, of that name in any case */
};

static bool is_null(const struct json *j)
{
	return json_typeof((const json_t *)j) == JSON_NULL;
}

static bool note_last(void *ctx, struct slice key, const struct json *value)
{
	struct lookup *l = ctx;

	if (slice_eq_nocase(key, l->name) && !is_null(value))
		l->last = value;
	return true;
}

static bool visit(void *ctx, struct slice key, const struct json *value)
{
	const struct json *object = ctx;
	struct lookup      l = { .name = key };
	char              *name = strndup(key.p, key.n);

	check_utf8(key);
	json_each(object, note_last, &l);
	CHECK(json_get(object, name) == l.last);
	free(name);
	add(value);
	return true;
}

static void check_value(const struct json *j)
{
	struct slice s;
	int64_t      v;
	double       d;
	bool         b;
	int          n_types = 0;

	if (json_as_str(j, &s)) {
		check_utf8(s);
		n_types++;
	}
	if (json_as_bool(j, &b))
		n_types++;
	if (json_as_f64(j, &d))
		n_types++;
	if (json_as_i64(j, &v))
		CHECK((double)v == d);
	if (json_is_object(j))
		n_types++;
	CHECK(n_types <= 1);
	json_each(j, visit, (void *)(uintptr_t)j);
	for (size_t i = 0; i < json_n_items(j); i++)
		add(json_item(j, i));
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' &&
		    memchr("\t\n\r", s.p[i], 3) == NULL)
			return true;
	return false;
}

static void check_text(struct slice text)
{
	const char  *why = NULL;
	struct json *j = json_parse(text, &why);
	json_t      *theirs = json_loadb(text.n == 0 ? "" : text.p, text.n,
	    JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);

	if (theirs != NULL && !has_control(text))
		CHECK(j != NULL || strcmp(why, "nested too deeply") == 0);
	json_decref(theirs);
	CHECK(j == NULL || !has_control(text));
	if (j == NULL)
		CHECK(why != NULL && why[0] != '\0');
	todo.n = 0;
	if (j != NULL)
		add(j);
	while (todo.n > 0)
		check_value(todo.value[--todo.n]);
	json_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice_of((const char *)data, n);

	check_round_trip(s);
	check_text(s);
	return 0;
}
