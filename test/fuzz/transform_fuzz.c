/* transform_fuzz.c - source, destination, subject: a line each.
 *
 * Holds: what a valid literal subject of the source becomes has no empty
 * token; what an import makes of it is in its target, and leads back. */
#include <stdint.h>
#include <stdlib.h>

#include "core/transform.h"
#include "proto/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take_line(struct slice *rest)
{
	const char  *at = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
	struct slice line = *rest;

	if (at == NULL) {
		*rest = SLICE_NONE;
		return line;
	}
	line.n = (size_t)(at - line.p);
	*rest = slice_skip(*rest, line.n + 1);
	return line;
}

static void check_way_back(const struct transform *t, struct slice subject,
    struct slice result)
{
	struct buf back = { 0 };

	if (!subject_is_literal(result))
		return;		/* a "*" as text */
	if (!subject_matches(result, t->target))
		abort();
	if (!transform_invert(t, result, &back) ||
	    !slice_eq(buf_slice(&back), subject))
		abort();
	buf_fini(&back);
}

static void check_use(struct slice source, struct slice destination,
    struct slice subject, enum transform_use use)
{
	struct transform *t;
	struct buf        out = { 0 }, err = { 0 };

	if (transform_create(source, destination, use, &t, &err) == 0) {
		transform_apply(t, subject, &out);
		if (subject_is_literal(subject) &&
		    subject_matches(subject, source)) {
			if (subject_has_empty_token(buf_slice(&out)))
				abort();
			if (use == TRANSFORM_IMPORT)
				check_way_back(t, subject, buf_slice(&out));
		}
		transform_destroy(t);
	} else if (err.n == 0) {
		abort();
	}
	buf_fini(&out);
	buf_fini(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size);
	struct slice source = take_line(&rest), destination = take_line(&rest);

	check_use(source, destination, rest, TRANSFORM_MAPPING);
	check_use(source, destination, rest, TRANSFORM_IMPORT);
	return 0;
}
