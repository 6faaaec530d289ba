/* connect_fuzz.c - any bytes as a CONNECT, over options that are set.
 *
 * Holds: a refused CONNECT changes nothing; an accepted one leaves every string
 * inside the struct's own memory, and taken twice gives the same. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/connect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct connect_opts *o, struct slice s)
{
	if (s.n > 0 && (s.p < o->memory ||
	    s.p + s.n > o->memory + o->memory_bytes))
		abort();
}

static void check_sound(const struct connect_opts *o)
{
	const struct slice all[] = { o->user, o->pass, o->auth_token, o->jwt,
		o->sig, o->nkey, o->proxy_sig, o->name, o->lang, o->version };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		check_inside(o, all[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice        text = slice_of((const char *)data, size);
	struct connect_opts o, before;

	connect_opts_init(&o);
	if (!connect_parse(SLICE("{\"name\":\"n\",\"pass\":\"p\","
	    "\"verbose\":false}"), &o))
		abort();
	before = o;
	if (!connect_parse(text, &o)) {
		if (memcmp(&before, &o, sizeof o) != 0)
			abort();
	} else {
		check_sound(&o);
		before = o;
		if (!connect_parse(text, &o) || before.user.n != o.user.n ||
		    before.protocol != o.protocol || before.echo != o.echo)
			abort();
		check_sound(&o);
	}
	connect_forget_secrets(&o);
	check_sound(&o);
	connect_opts_fini(&o);
	return 0;
}
