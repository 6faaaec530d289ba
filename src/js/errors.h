/* js/errors.h - every error of the JetStream API, once.
 *
 * A row: our name, the HTTP-like code, the number that clients compare, the
 * text.  "{}" in a text is replaced by what the error is told; with two of them
 * all from the first to the last is.
 * Spec: jetstream reference, section 3 (nats-server's error registry).
 */
#ifndef JS_ERRORS_H
#define JS_ERRORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct json_writer;

/* Zeroed: no error. */
struct js_error {
	uint16_t code, err_code;	/* err_code 0: none */
	char     text[512];		/* the description, filled in */
};

static inline bool js_failed(const struct js_error *e)
{
	return e->err_code != 0;
}

/* Sets *e to the row with this number; fmt and what follows fill its "{}".
 * Always returns false, so that a check can end with it. */
bool js_fail(struct js_error *e, unsigned err_code);
bool js_fail_with(struct js_error *e, unsigned err_code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* {"code":..,"err_code":..,"description":".."} */
void js_error_write(const struct js_error *e, struct json_writer *w);

#endif /* JS_ERRORS_H */
