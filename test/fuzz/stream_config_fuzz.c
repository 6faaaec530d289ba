/* stream_config_fuzz.c - any bytes as a stream's configuration, and as its update.
 *
 * Holds: what is refused has a number and a text; what passes the checks can be
 * written, and what was written is read, passes them and is equal; it may be
 * updated to itself, and so may what it was updated to.  The first byte chooses strict, pedantic and limits; behind
 * a NUL stands the other one, to which the first may be updated or not. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "js/errors.h"
#include "js/stream_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stream_limits none = { 0 };
static const struct stream_limits some = { .duplicate_window_ns = 5000000000,
	.max_bytes_required = true, .mem_max_stream_bytes = 1000,
	.disk_max_stream_bytes = 2000 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct stream_config *make(struct slice text, bool is_strict,
    const struct stream_limits *limits, bool is_pedantic)
{
	struct stream_config *c = NULL;
	struct js_error       e = { 0 };
	const char           *why;
	struct json          *doc = json_parse(text, &why);
	bool                  pedantic = false;

	if (doc == NULL)
		return NULL;
	if (!stream_config_read(doc, is_strict, &pedantic, &c, &e)) {
		must(js_failed(&e) && e.text[0] != '\0');
		c = NULL;
	} else if (!stream_config_check(c, limits, pedantic || is_pedantic,
	    &e)) {
		must(js_failed(&e) && e.text[0] != '\0');
		stream_config_destroy(c);
		c = NULL;
	} else {
		must(!js_failed(&e));
	}
	json_free(doc);
	return c;
}

/* What is written down is read again, with what it implied. */
static void check_alone(struct stream_config *a, const struct stream_limits *l)
{
	struct stream_limits  stored = *l;
	struct buf            text = { 0 };
	struct js_error       e = { 0 };
	struct stream_config *b;

	stream_config_write(a, false, JSON_INTO(&text, 0));
	stored.is_stored = true;
	b = make(buf_slice(&text), true, &stored, false);
	must(b != NULL && stream_config_equal(a, b));
	must(stream_config_level(a) == stream_config_level(b));
	must(a->n_subjects == 0 || stream_config_overlaps(a, b));
	must(a->sealed || (stream_config_check_update(a, b, &e) &&
	    !js_failed(&e)));
	buf_fini(&text);
	stream_config_destroy(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct stream_limits *limits;
	struct slice                all, second = SLICE_NONE;
	struct stream_config       *a, *b = NULL;
	struct js_error             e = { 0 };
	const char                 *nul;

	if (size < 1)
		return 0;
	limits = data[0] & 4 ? &some : &none;
	all = slice_of((const char *)data + 1, size - 1);
	nul = all.n == 0 ? NULL : memchr(all.p, '\0', all.n);
	if (nul != NULL) {
		second = slice_skip(all, (size_t)(nul - all.p) + 1);
		all.n = (size_t)(nul - all.p);
	}
	a = make(all, data[0] & 1, limits, data[0] & 2);
	if (a != NULL)
		check_alone(a, limits);
	if (a != NULL && second.n > 0)
		b = make(second, data[0] & 1, limits, data[0] & 2);
	if (b != NULL && !stream_config_check_update(a, b, &e))
		must(js_failed(&e) && e.text[0] != '\0');
	else if (b != NULL)
		check_alone(b, limits);	/* it is found again at a start */
	stream_config_destroy(a);
	stream_config_destroy(b);
	return 0;
}
