/* test/unit/core/exports_test.c - pairs with src/core/exports.c.
 *
 * What matters: a door is closed unless somebody opened it for this importer,
 * and a wide public export does not open what a narrow private one closes. */
#include "core/exports.h"

#include "base/buf.h"
#include "base/err.h"
#include "check.h"

enum { NOW = 1000 };

static const struct slice only_b[] = { { "B", 1 } };
static const struct revocation_spec revoked[] = {
	{ { "B", 1 }, 500 }, { { "*", 1 }, 100 },
};

static const struct export_spec all[] = {
	{ SHARE_SERVICE, { "public.*", 8 } },
	{ SHARE_SERVICE, { "public.secret", 13 }, only_b, 1 },
	{ SHARE_STREAM, { "stream.>", 8 } },
	{ SHARE_SERVICE, { "of.*.it", 7 }, .token_position = 2 },
	{ SHARE_SERVICE, { "token.>", 7 }, .needs_token = true,
	  .revocations = revoked, .n_revocations = 2 },
	{ SHARE_SERVICE, { "x.*.y", 5 } },
	{ SHARE_SERVICE, { "x.z.*", 5 }, only_b, 1 },
};
static const struct account_spec exporter = {
	.name = { "A", 1 }, .exports = all, .n_exports = N_OF(all),
};

/* The subject of the export that lets importer have it, or NULL. */
static void check_door(enum share_kind kind, const char *subject,
    const char *importer, const char *want)
{
	struct import_spec        im = { .kind = kind,
		.subject = slice_str(subject) };
	const struct export_spec *x = exports_admit(&exporter,
	    slice_str(importer), &im, NOW);

	CHECK((x == NULL) == (want == NULL), "%s for %s", subject, importer);
	if (x != NULL && want != NULL)
		CHECK(slice_eq(x->subject, slice_str(want)), "%s for %s",
		    subject, importer);
}

TEST(an_export_lets_in_what_it_covers)
{
	check_door(SHARE_SERVICE, "public.a", "B", "public.*");
	check_door(SHARE_SERVICE, "public.*", "C", "public.*");
	check_door(SHARE_SERVICE, "public.>", "C", NULL);
	check_door(SHARE_SERVICE, "public.a.b", "C", NULL);
	check_door(SHARE_SERVICE, "stream.a", "C", NULL);
	check_door(SHARE_STREAM, "stream.a", "C", "stream.>");
	check_door(SHARE_STREAM, "public.a", "C", NULL);
	check_door(SHARE_SERVICE, "", "C", NULL);
	check_door(SHARE_SERVICE, "public..a", "C", NULL);
	check_door(SHARE_SERVICE, "nothing", "C", NULL);
}

TEST(the_narrowest_export_decides)
{
	check_door(SHARE_SERVICE, "public.secret", "B", "public.secret");
	check_door(SHARE_SERVICE, "public.secret", "C", NULL);
	/* Neither is narrower: both have to let him in. */
	check_door(SHARE_SERVICE, "x.z.y", "B", "x.*.y");
	check_door(SHARE_SERVICE, "x.z.y", "C", NULL);
}

TEST(of_two_equal_exports_the_last_counts)
{
	static const struct export_spec twice[] = {
		{ SHARE_SERVICE, { "s", 1 } },
		{ SHARE_SERVICE, { "s", 1 }, only_b, 1 },
	};
	static const struct account_spec a = { .exports = twice,
		.n_exports = 2 };
	struct import_spec im = { .kind = SHARE_SERVICE,
		.subject = SLICE("s") };

	CHECK(exports_admit(&a, SLICE("C"), &im, NOW) == NULL);
	CHECK(exports_admit(&a, SLICE("B"), &im, NOW) == &twice[1]);
}

TEST(a_token_of_the_subject_is_the_importers_name)
{
	check_door(SHARE_SERVICE, "of.B.it", "B", "of.*.it");
	check_door(SHARE_SERVICE, "of.C.it", "B", NULL);
	check_door(SHARE_SERVICE, "of.*.it", "B", NULL);
}

static bool is_let_in(int64_t issued, int64_t expires, bool is_activated)
{
	struct import_spec im = { .kind = SHARE_SERVICE,
		.subject = SLICE("token.x"), .is_activated = is_activated,
		.activation_issued_s = issued,
		.activation_expires_s = expires };

	return exports_admit(&exporter, SLICE("B"), &im, NOW) != NULL;
}

TEST(an_activation_counts_until_it_is_revoked_or_over)
{
	CHECK(is_let_in(501, 0, true));
	CHECK(is_let_in(501, NOW + 1, true));
	CHECK(!is_let_in(501, NOW, true));
	CHECK(!is_let_in(500, 0, true));
	CHECK(!is_let_in(501, 0, false));
}

TEST(everybodys_activations_may_be_revoked)
{
	struct import_spec im = { .kind = SHARE_SERVICE,
		.subject = SLICE("token.x"), .is_activated = true,
		.activation_issued_s = 100 };

	CHECK(exports_admit(&exporter, SLICE("C"), &im, NOW) == NULL);
	im.activation_issued_s = 101;
	CHECK(exports_admit(&exporter, SLICE("C"), &im, NOW) != NULL);
}

static void check_sound(struct export_spec x, bool has_system,
    const char *want)
{
	struct account_spec a = { .exports = &x, .n_exports = 1 };
	struct buf          why = { 0 };
	int                 err = exports_check(&a, has_system, &why);

	CHECK_INT(err, want == NULL ? 0 : ERR_CONFIG);
	if (want != NULL)
		CHECK(slice_eq(buf_slice(&why), slice_str(want)), "%.*s",
		    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
}

TEST(what_is_wrong_with_an_export_is_told_as_nats_server_does)
{
	struct export_spec x = { SHARE_SERVICE, SLICE("s.x") };

	check_sound(x, false, NULL);
	x.latency = SLICE("m");
	check_sound(x, true, NULL);
	check_sound(x, false, "Error adding service latency sampling for "
	    "\"s.x\": system account not setup");
	x.answer = ANSWER_CHUNKED;
	check_sound(x, true, "Error adding service latency sampling for "
	    "\"s.x\" on subject \"m\": bad service response type");
	x.answer = ANSWER_SINGLETON;
	x.latency = SLICE("m.*");
	check_sound(x, true, "Error adding service latency sampling for "
	    "\"s.x\" on subject \"m.*\": invalid publish subject");
	x = (struct export_spec){ SHARE_STREAM, SLICE("s.x"),
		.token_position = 2 };
	check_sound(x, true, "Error adding stream export \"s.x\": "
	    "sublist: invalid subject");
	x = (struct export_spec){ SHARE_SERVICE, SLICE("s..x") };
	check_sound(x, true, "Error adding service export \"s..x\": "
	    "sublist: invalid subject");
}
