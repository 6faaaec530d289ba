/* conf_fuzz.c - any bytes as a configuration file.
 *
 * Holds: success has no error and a digest, failure has an error, each with a
 * line of its own; loading twice gives the same; what loaded has every string
 * ended by a NUL and can be printed, validated and compared; the values of the
 * command line are not touched. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "conf/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a folder that is not there, so that nothing is included. */
static const char name[] = "/nonexistent/fuzz.conf";

static struct options *load(struct slice text, struct conf_report *r, int *err)
{
	struct options *o = options_create_default();
	struct buf      why = { 0 };

	if (o == NULL || options_set(o, "port", SLICE("7"), &why) != 0)
		abort();
	*err = options_load_text(o, text, name, r);
	if (*err != 0 && *err != ERR_CONFIG)
		abort();
	if ((*err == 0) != (r->n_errors == 0) || (*err == 0) != (r->errors.n == 0))
		abort();
	if (*err == 0 && strlen(r->digest) != 71)
		abort();
	if (r->errors.n > 0 && r->errors.p[r->errors.n - 1] != '\n')
		abort();
	return o;
}

static void check_string(struct slice s)
{
	if (s.p != NULL && strlen(s.p) != s.n)
		abort();
}

static void check_values(const struct options *o)
{
	struct buf out = { 0 };

	if (o->port != 7)
		abort();
	check_string(o->server_name);
	check_string(o->auth_pass);
	for (size_t i = 0; i < o->users.n; i++) {
		check_string(o->users.v[i].user);
		check_string(o->users.v[i].pass);
	}
	for (size_t i = 0; i < o->server_tags.n; i++)
		check_string(o->server_tags.v[i]);
	for (enum option_id id = 0; id < N_OPTIONS; id++)
		option_put_value(&out, option_of(id), o);
	(void)options_validate(o, &out);
	buf_fini(&out);
}

static bool is_difference(void *ctx, const struct option_diff *d)
{
	(void)d;
	*(bool *)ctx = true;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice       text = slice_of((const char *)data, size);
	struct conf_report r = { 0 }, s = { 0 };
	int                err, again;
	struct options    *o = load(text, &r, &err);
	struct options    *p = load(text, &s, &again);
	bool               is_other = false;

	if (err != again || !slice_eq(buf_slice(&r.errors), buf_slice(&s.errors)) ||
	    strcmp(r.digest, s.digest) != 0)
		abort();
	if (err == 0) {
		check_values(o);
		options_diff(o, p, is_difference, &is_other);
	}
	if (is_other)
		abort();
	options_destroy(o);
	options_destroy(p);
	conf_report_fini(&r);
	conf_report_fini(&s);
	return 0;
}
