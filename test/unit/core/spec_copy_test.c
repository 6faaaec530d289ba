/* test/unit/core/spec_copy_test.c - pairs with src/core/spec_copy.c.
 *
 * What matters: nothing in the copy points into what it was made from. */
#include "core/spec_copy.h"

#include "check.h"
#include "core/account_spec.h"

static char text[] = "name shown subject latency B C to prefix source dest "
    "cluster trace";

/* The nth word of text, which is spoilt later. */
static struct slice word(size_t n)
{
	const char *at = text;
	size_t      len;

	while (n-- > 0)
		at = strchr(at, ' ') + 1;
	len = strcspn(at, " ");
	return slice_of(at, len);
}

TEST(a_copy_is_whole_and_its_own)
{
	struct slice           accounts[] = { word(4), word(5) };
	struct revocation_spec revoked = { word(5), 7 };
	struct export_spec     ex = { SHARE_SERVICE, word(2), accounts, 2,
		.revocations = &revoked, .n_revocations = 1,
		.latency = word(3) };
	struct import_spec     im = { SHARE_STREAM, word(4), word(2), word(6),
		word(7) };
	struct mapping_choice  choice = { word(9), 30, word(10) };
	struct mapping_spec    mapping = { word(8), &choice, 1 };
	struct account_spec    s, *copy;

	account_spec_init(&s, word(0));
	s.shown_name = word(1);
	s.exports = &ex;
	s.imports = &im;
	s.mappings = &mapping;
	s.n_exports = s.n_imports = s.n_mappings = 1;
	s.trace_dest = word(11);
	copy = spec_copy(&s);
	CHECK(copy != NULL);
	memset(text, 'x', sizeof text - 1);
	memset(accounts, 0, sizeof accounts);
	memset(&revoked, 0, sizeof revoked);
	memset(&ex, 0, sizeof ex);
	memset(&im, 0, sizeof im);
	memset(&choice, 0, sizeof choice);
	memset(&mapping, 0, sizeof mapping);
	CHECK(slice_eq(copy->name, SLICE("name")));
	CHECK(slice_eq(copy->shown_name, SLICE("shown")));
	CHECK(slice_eq(copy->trace_dest, SLICE("trace")));
	CHECK(slice_eq(copy->exports[0].subject, SLICE("subject")));
	CHECK(slice_eq(copy->exports[0].latency, SLICE("latency")));
	CHECK(slice_eq(copy->exports[0].accounts[1], SLICE("C")));
	CHECK(slice_eq(copy->exports[0].revocations[0].account, SLICE("C")));
	CHECK_INT(copy->exports[0].revocations[0].at_s, 7);
	CHECK(slice_eq(copy->imports[0].account, SLICE("B")));
	CHECK(slice_eq(copy->imports[0].to, SLICE("to")));
	CHECK(slice_eq(copy->imports[0].prefix, SLICE("prefix")));
	CHECK(slice_eq(copy->mappings[0].source, SLICE("source")));
	CHECK(slice_eq(copy->mappings[0].choices[0].subject, SLICE("dest")));
	CHECK(slice_eq(copy->mappings[0].choices[0].cluster,
	    SLICE("cluster")));
	CHECK_INT(copy->mappings[0].choices[0].weight, 30);
	CHECK_INT(copy->conns_max, -1);
	free(copy);
}
