/* consumer_config_fuzz.c - any bytes as a consumer's configuration.
 *
 * Holds: what is refused has a number and a text; what passes the checks can be
 * written, and what was written is read, passes them and is equal.  The first
 * byte chooses strict, pedantic and the stream's limits. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "js/consumer_config.h"
#include "js/errors.h"
#include "js/stream_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice subjects[] = { { "a.>", 3 }, { "b", 1 } };
static struct stream_config          stream = { .name = { "S", 1 },
	.subjects = subjects, .n_subjects = 2, .n_replicas = 1 };
static const struct consumer_limits none = { 0 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct consumer_config *make(struct slice text, bool is_strict,
    bool pedantic)
{
	struct consumer_config *c = NULL;
	struct js_error         e = { 0 };
	const char             *why;
	struct json            *doc = json_parse(text, &why);

	if (doc == NULL)
		return NULL;
	if (!consumer_config_read(doc, is_strict, &c, &e)) {
		must(js_failed(&e) && e.text[0] != '\0');
		c = NULL;
	} else if (!consumer_config_check(c, &stream, &none, pedantic, &e)) {
		must(js_failed(&e) && e.text[0] != '\0');
		consumer_config_destroy(c);
		c = NULL;
	} else {
		must(!js_failed(&e));
	}
	json_free(doc);
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct consumer_config *a, *b;
	struct buf              text = { 0 };
	struct js_error         e = { 0 };

	if (size < 1)
		return 0;
	stream.limit_inactive_ns = data[0] & 4 ? 3000000000 : 0;
	stream.limit_ack_pending = data[0] & 4 ? 50 : 0;
	a = make(slice_of((const char *)data + 1, size - 1), data[0] & 1,
	    data[0] & 2);
	if (a == NULL)
		return 0;
	consumer_config_write(a, true, JSON_INTO(&text, 0));
	b = make(buf_slice(&text), true, false);
	must(b != NULL && consumer_config_equal(a, b));
	must(consumer_config_level(a) == consumer_config_level(b));
	must(consumer_config_check_update(a, b, &e) && !js_failed(&e));
	buf_fini(&text);
	consumer_config_destroy(a);
	consumer_config_destroy(b);
	return 0;
}
