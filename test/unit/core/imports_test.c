/* test/unit/core/imports_test.c - pairs with src/core/imports.c.
 *
 * What matters: on either side of a door the right names, for literals and for
 * every kind of pattern; never a name wider than what was asked for. */
#include "core/imports.h"

#include "base/err.h"
#include "check.h"
#include "core/account.h"

static struct account *account_a, *account_b;

static struct imports *import(struct import_spec spec, int want,
    const char *text)
{
	struct export_spec export = { .kind = spec.kind };
	struct imports    *im = imports_create(1);
	struct buf         why = { 0 };

	if (account_a == NULL) {
		account_a = account_create(SLICE("A"), 1);
		account_b = account_create(SLICE("B"), 1);
	}
	CHECK_INT(imports_add(im, &spec, &export, account_b, account_a, NULL,
	    &why), want, "%.*s", SLICE_ARG(buf_slice(&why)));
	if (text != NULL)
		CHECK(slice_eq(buf_slice(&why), slice_str(text)), "%.*s",
		    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	return im;
}

static struct import_spec stream(const char *subject, const char *prefix,
    const char *to)
{
	return (struct import_spec){ .kind = SHARE_STREAM,
		.subject = slice_str(subject), .prefix = slice_str(prefix),
		.to = slice_str(to) };
}

static void check_remote(const struct imports *im, const char *pattern,
    const char *want)
{
	struct buf out = { 0 };
	bool       found = stream_import_remote(im->streams[0],
	    slice_str(pattern), &out);

	CHECK(found == (want != NULL), "%s", pattern);
	if (want != NULL)
		CHECK(slice_eq(buf_slice(&out), slice_str(want)),
		    "%s: %.*s", pattern, SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
}

static void check_local(const struct imports *im, const char *subject,
    const char *want)
{
	struct buf out = { 0 };

	stream_import_local(im->streams[0], slice_str(subject), &out);
	CHECK(slice_eq(buf_slice(&out), slice_str(want)), "%s: %.*s", subject,
	    SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
}

TEST(a_stream_under_its_own_name)
{
	struct imports *im = import(stream("ev.*", NULL, NULL), 0, NULL);

	check_remote(im, "ev.*", "ev.*");	/* equal */
	check_remote(im, "ev.x", "ev.x");	/* narrower */
	check_remote(im, ">", "ev.*");		/* wider */
	check_remote(im, "*.*", "ev.*");
	check_remote(im, "ev.>", "ev.*");
	check_remote(im, "*.x", "ev.x");	/* crosswise */
	check_remote(im, "*.>", "ev.*");
	check_remote(im, "ev", NULL);
	check_remote(im, "ev.*.*", NULL);
	check_remote(im, "*", NULL);
	check_remote(im, "ov.x", NULL);
	check_remote(im, "*.*.>", NULL);
	check_local(im, "ev.x", "ev.x");
	imports_unref(im);
}

TEST(a_stream_with_a_tail_is_not_widened)
{
	struct imports *im = import(stream("a.>", NULL, NULL), 0, NULL);

	check_remote(im, "*.*", "a.*");
	check_remote(im, "*.b.*", "a.b.*");
	check_remote(im, "*.b.>", "a.b.>");
	check_remote(im, "a.b.c.d", "a.b.c.d");
	check_remote(im, "*", NULL);
	imports_unref(im);
}

TEST(a_stream_under_a_prefix)
{
	struct imports *im = import(stream("ev.>", "p.q", NULL), 0, NULL);

	check_remote(im, "p.q.ev.>", "ev.>");
	check_remote(im, "p.q.ev.x.y", "ev.x.y");
	check_remote(im, "p.>", "ev.>");
	check_remote(im, "*.*.*.x", "ev.x");
	check_remote(im, "ev.x", NULL);
	check_local(im, "ev.x", "p.q.ev.x");
	check_local(im, "ev.x.y", "p.q.ev.x.y");
	imports_unref(im);
	im = import(stream("e.*", "p.", NULL), 0, NULL);
	check_local(im, "e.x", "p.e.x");
	imports_unref(im);
	imports_unref(import(stream("e", "p.*", NULL), ERR_CONFIG,
	    "stream import prefix can not contain wildcard tokens"));
}

TEST(a_stream_under_another_name)
{
	struct imports *im = import(stream("t.*.*", NULL, "u.$2.$1"), 0, NULL);

	check_remote(im, "u.*.*", "t.*.*");
	check_remote(im, "u.one.*", "t.*.one");
	check_remote(im, "u.a.b", "t.b.a");
	check_remote(im, "*.a.*", "t.*.a");
	check_remote(im, "t.*.*", NULL);
	check_local(im, "t.a.b", "u.b.a");
	imports_unref(im);
	im = import(stream("lit", NULL, "other"), 0, NULL);
	check_remote(im, "other", "lit");
	check_remote(im, "*", "lit");
	check_remote(im, "lit", NULL);
	check_local(im, "lit", "other");
	imports_unref(im);
	imports_unref(import(stream("s.*.*", NULL, "z.$1"), ERR_CONFIG,
	    "failed to create mapping transform for stream import subject "
	    "from \"s.*.*\" to \"z.$1\": invalid mapping destination: "
	    "not using all of the token wildcard(s) in z.$1"));
}

static void check_service(const char *remote, const char *to,
    const char *subject, const char *want)
{
	struct import_spec spec = { .kind = SHARE_SERVICE,
		.subject = slice_str(remote), .to = slice_str(to) };
	struct imports    *im = import(spec, 0, NULL);
	struct buf         out = { 0 };

	service_import_remote(im->services[0], slice_str(subject), &out);
	CHECK(slice_eq(buf_slice(&out), slice_str(want)), "%s to %s: %.*s",
	    remote, to == NULL ? "the same" : to, SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
	imports_unref(im);
}

TEST(a_request_goes_to_the_services_own_name)
{
	check_service("s.x", NULL, "s.x", "s.x");
	check_service("s.*", NULL, "s.x", "s.x");
	check_service("s.>", NULL, "s.x.y", "s.x.y");
	check_service("s.x", "l", "l", "s.x");
	check_service("s.x", "l.*", "l.a", "s.x");
	check_service("s.*.*", "l.$2.$1", "l.a.b", "s.b.a");
	check_service("s.>", "l.>", "l.a.b", "s.a.b");
}

TEST(doubles_are_told)
{
	struct import_spec spec = { .kind = SHARE_SERVICE,
		.subject = SLICE("s") };
	struct export_spec export = { .kind = SHARE_SERVICE };
	struct imports    *im = imports_create(4);
	struct buf         why = { 0 };

	CHECK_INT(imports_add(im, &spec, &export, account_b, account_a, NULL,
	    &why), 0);
	CHECK_INT(imports_add(im, &spec, &export, account_b, account_a, NULL,
	    &why), ERR_CONFIG);
	CHECK(slice_eq(buf_slice(&why), SLICE("duplicate service import "
	    "subject \"s\", previously used in import for account \"A\", "
	    "subject \"s\"")), "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_reset(&why);
	spec.kind = SHARE_STREAM;
	CHECK_INT(imports_add(im, &spec, &export, account_b, account_a, NULL,
	    &why), 0);
	spec.to = SLICE("t");
	CHECK_INT(imports_add(im, &spec, &export, account_b, account_a, NULL,
	    &why), ERR_CONFIG);
	CHECK(slice_eq(buf_slice(&why), SLICE("stream import already exists")));
	buf_fini(&why);
	imports_unref(im);
}
