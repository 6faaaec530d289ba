/* test/unit/core/mappings_test.c - pairs with src/core/mappings.c.
 *
 * What matters: which of several mappings is taken does not depend on their
 * order, weights hold over many messages, loss happens only where it was asked
 * for, and monitoring shows the weights as nats-server does. */
#include "core/mappings.h"

#include "base/err.h"
#include "check.h"
#include "fail_alloc.h"

enum { CHOICES_MAX = 6, SPECS_MAX = 16 };

struct row {
	const char *source;
	struct {
		const char *subject;
		uint32_t    weight;
		const char *cluster;
	} choices[CHOICES_MAX];
};

static int make(const struct row *rows, size_t n, struct mappings **ret,
    size_t *bad, struct buf *err)
{
	static struct mapping_choice choices[SPECS_MAX][CHOICES_MAX];
	struct mapping_spec          specs[SPECS_MAX] = { 0 };

	CHECK(n <= SPECS_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		for (; k < CHOICES_MAX && rows[i].choices[k].subject; k++)
			choices[i][k] = (struct mapping_choice){
				slice_str(rows[i].choices[k].subject),
				rows[i].choices[k].weight,
				slice_str(rows[i].choices[k].cluster) };
		specs[i] = (struct mapping_spec){ slice_str(rows[i].source),
			choices[i], k };
	}
	return mappings_create(specs, n, ret, bad, err);
}

static struct mappings *made(const struct row *rows, size_t n)
{
	struct mappings *m = NULL;
	struct buf       err = { 0 };
	size_t           bad;

	CHECK_INT(make(rows, n, &m, &bad, &err), 0, "%.*s",
	    SLICE_ARG(buf_slice(&err)));
	buf_fini(&err);
	return m;
}

/* What becomes of it, "" if it is dropped. */
static void check_mapped(const struct mappings *m, const char *subject,
    const char *want)
{
	struct buf          out = { 0 };
	enum mapping_result r = mappings_apply(m, slice_str(subject),
	    SLICE_NONE, &out);

	CHECK_SLICE(r == MAPPING_MAPPED ? buf_slice(&out) :
	    r == MAPPING_SAME ? slice_str(subject) : SLICE(""),
	    slice_str(want), "%s", subject);
	buf_fini(&out);
}

TEST(without_mappings_nothing_changes)
{
	struct mappings *m = made(NULL, 0);

	CHECK(m == NULL);
	CHECK_INT(mappings_count(m), 0);
	check_mapped(m, "a", "a");
	mappings_destroy(m);
}

static const struct row overlapping[] = {
	{ ">", { { "all.>", 100, NULL } } },
	{ "a.>", { { "tail.>", 100, NULL } } },
	{ "a.*", { { "star.$1", 100, NULL } } },
	{ "*.b", { { "begin.$1", 100, NULL } } },
	{ "a.b", { { "literal", 100, NULL } } },
	{ "a.*.c", { { "middle.$1", 100, NULL } } },
	{ "a.*.>", { { "deep.$1.>", 100, NULL } } },
	{ "ab.*", { { "neighbour.$1", 100, NULL } } },
	{ "x", { { "y", 100, NULL } } },
	{ "y", { { "z", 100, NULL } } },
};

TEST(the_most_specific_is_taken_in_whatever_order_they_are_given)
{
	enum { N = N_OF(overlapping) };
	struct row rows[N];

	for (size_t shift = 0; shift < 2 * N; shift++) {
		struct mappings *m;

		for (size_t i = 0; i < N; i++)
			rows[shift < N ? i : N - 1 - i] =
			    overlapping[(i + shift) % N];
		m = made(rows, N);
		CHECK_INT(mappings_count(m), N);
		check_mapped(m, "a.b", "literal");
		check_mapped(m, "a.x", "star.x");
		check_mapped(m, "a.x.c", "middle.x");
		check_mapped(m, "a.x.d", "deep.x.d");
		check_mapped(m, "c.b", "begin.c");
		check_mapped(m, "ab.q", "neighbour.q");
		check_mapped(m, "aa.q", "all.aa.q");
		check_mapped(m, "a", "all.a");
		check_mapped(m, "x", "y");	/* and not z */
		mappings_destroy(m);
	}
}

TEST(what_no_source_matches_keeps_its_name)
{
	static const struct row rows[] = {
		{ "a.b", { { "x", 100, NULL } } },
		{ "c.*", { { "y.$1", 100, NULL } } },
		{ "*.d", { { "z.$1", 100, NULL } } },
		{ "same.*", { { "same.$1", 100, NULL } } },
	};
	static const char *const others[] = { "a", "a.c", "c", "c.a.b", "b.e",
		"same.x", "aa.b", "", "z" };
	struct mappings *m = made(rows, N_OF(rows));

	for (size_t i = 0; i < N_OF(others); i++)
		check_mapped(m, others[i], others[i]);
	mappings_destroy(m);
}

TEST(of_one_source_given_twice_the_last_counts)
{
	static const struct row rows[] = {
		{ "a", { { "x", 100, NULL } } },
		{ "b.*", { { "x.$1", 100, NULL } } },
		{ "a", { { "y", 100, NULL } } },
		{ "b.*", { { "y.$1", 100, NULL } } },
	};
	struct mappings *m = made(rows, N_OF(rows));

	CHECK_INT(mappings_count(m), 2);
	check_mapped(m, "a", "y");
	check_mapped(m, "b.c", "y.c");
	mappings_destroy(m);
}

/* ---- weights ------------------------------------------------------------ */

enum { ROUNDS = 20000 };

/* How many of ROUNDS become this ("": are dropped)? */
static unsigned count_of(const struct mappings *m, const char *subject,
    const char *cluster, const char *want)
{
	struct buf out = { 0 };
	unsigned   n = 0;

	for (int i = 0; i < ROUNDS; i++) {
		enum mapping_result r = mappings_apply(m, slice_str(subject),
		    slice_str(cluster), &out);
		struct slice got = r == MAPPING_MAPPED ? buf_slice(&out) :
		    r == MAPPING_SAME ? slice_str(subject) : SLICE("");

		n += slice_eq(got, slice_str(want));
	}
	buf_fini(&out);
	return n;
}

static void check_share(const struct mappings *m, const char *subject,
    const char *cluster, const char *want, unsigned percent)
{
	unsigned n = count_of(m, subject, cluster, want);
	unsigned wanted = ROUNDS / 100 * percent;

	CHECK(n + ROUNDS / 50 >= wanted && n <= wanted + ROUNDS / 50,
	    "%s became \"%s\" %u times of %u, not %u", subject, want, n,
	    (unsigned)ROUNDS, wanted);
	CHECK(percent > 0 || n == 0);
}

TEST(what_is_left_of_a_hundred_keeps_its_name)
{
	static const struct row row = { "foo.*", { { "x.$1", 30, NULL },
		{ "y.$1", 30, NULL }, { "never.$1", 0, NULL } } };
	struct mappings *m = made(&row, 1);

	check_share(m, "foo.a", "", "x.a", 30);
	check_share(m, "foo.a", "", "y.a", 30);
	check_share(m, "foo.a", "", "foo.a", 40);
	check_share(m, "foo.a", "", "never.a", 0);
	check_share(m, "foo.a", "", "", 0);
	mappings_destroy(m);
}

TEST(what_is_left_is_lost_when_the_source_has_a_weight)
{
	static const struct row row = { "l", { { "l", 30, NULL },
		{ "x", 30, NULL } } };
	struct mappings *m = made(&row, 1);

	check_share(m, "l", "", "l", 30);
	check_share(m, "l", "", "x", 30);
	check_share(m, "l", "", "", 40);
	mappings_destroy(m);
}

TEST(a_cluster_has_its_own_destinations)
{
	static const struct row rows[] = {
		{ "a", { { "x", 100, NULL }, { "east.a", 60, "east" },
		    { "west.a", 100, "west" } } },
		{ "only", { { "there", 100, "east" } } },
	};
	struct mappings *m = made(rows, N_OF(rows));

	check_share(m, "a", "", "x", 100);
	check_share(m, "a", "north", "x", 100);
	check_share(m, "a", "east", "east.a", 60);
	check_share(m, "a", "east", "a", 40);
	check_share(m, "a", "west", "west.a", 100);
	check_share(m, "only", "", "only", 100);
	check_share(m, "only", "east", "there", 100);
	mappings_destroy(m);
}

/* ---- mistakes ----------------------------------------------------------- */

static const struct {
	struct row  row;
	const char *want;
} mistakes[] = {
	{ { "a", { { "b", 50, NULL }, { "c", 51, NULL } } },
	  "total weight needs to be <= 100" },
	{ { "a", { { "b", 60, "x" }, { "c", 60, "x" } } },
	  "total weight needs to be <= 100" },
	{ { "a", { { "b", 101, NULL } } },
	  "individual weights need to be <= 100" },
	{ { "a", { { "b", 50, NULL }, { "b", 50, "x" } } },
	  "duplicate entry for \"b\"" },
	{ { "a.*", { { "b.$1", 50, NULL }, { "c.$2", 20, NULL } } },
	  "invalid mapping destination: wildcard index out of range in $2: [2]" },
	{ { "a", { { "", 50, NULL } } },
	  "invalid mapping destination: invalid transform" },
};

TEST(a_mistake_is_told_with_its_place)
{
	for (size_t i = 0; i < N_OF(mistakes); i++) {
		struct row       rows[] = { { "ok", { { "x", 100, NULL } } },
			mistakes[i].row, { "b.*", { { "$9", 100, NULL } } } };
		struct mappings *m = NULL;
		struct buf       err = { 0 };
		size_t           bad = 99;

		CHECK_INT(make(rows, N_OF(rows), &m, &bad, &err), ERR_SUBJECT,
		    "%s", mistakes[i].want);
		CHECK_INT(bad, 1);
		CHECK(m == NULL);
		CHECK_SLICE(buf_slice(&err), slice_str(mistakes[i].want));
		buf_fini(&err);
	}
}

/* ---- for monitoring ----------------------------------------------------- */

static void show(void *ctx, const struct mapping_choice *c)
{
	buf_printf(ctx, "%.*s=%u%s%.*s ", SLICE_ARG(c->subject), c->weight,
	    c->cluster.n > 0 ? "@" : "", SLICE_ARG(c->cluster));
}

TEST(weights_are_shown_summed_up)
{
	static const struct row rows[] = {
		{ "foo", { { "bar", 30, NULL }, { "baz", 20, NULL },
		    { "c1", 10, "east" } } },
		{ "m.*", { { "n.{{wildcard(1)}}", 40, NULL } } },
		{ "x.*", { { "y.$1", 100, NULL } } },
	};
	static const struct { const char *source, *want; } shown[] = {
		{ "foo", "baz=20 bar=50 foo=100 c1=10@east foo=100@east " },
		{ "m.*", "n.{{wildcard(1)}}=40 m.$1=100 " },
		{ "x.*", "y.$1=100 " },
	};
	struct mappings *m = made(rows, N_OF(rows));

	CHECK_INT(mappings_count(m), N_OF(shown));
	for (size_t i = 0; i < N_OF(shown); i++) {
		struct buf out = { 0 };

		CHECK_SLICE(mappings_visit(m, i, show, &out),
		    slice_str(shown[i].source));
		CHECK_SLICE(buf_slice(&out), slice_str(shown[i].want));
		buf_fini(&out);
	}
	mappings_destroy(m);
}

/* ---- memory ------------------------------------------------------------- */

TEST(memory_that_runs_out_is_told_and_all_comes_back)
{
	static const struct row rows[] = {
		{ "a", { { "b", 30, NULL }, { "c", 20, "east" } } },
		{ "d.*", { { "e.{{partition(5,1)}}.{{split(1,-)}}", 50, NULL } } },
		{ "a", { { "f", 100, NULL } } },
	};
	long n_live = fail_alloc_n_live();
	long n = 0;
	int  err;

	do {
		struct mappings *m = NULL;
		struct buf       why = { 0 };
		size_t           bad;

		fail_alloc_at(++n);
		err = make(rows, N_OF(rows), &m, &bad, &why);
		CHECK_INT(err, fail_alloc_has_failed() ? ERR_NOMEM : 0,
		    "allocation %ld", n);
		mappings_destroy(m);
		buf_fini(&why);
		CHECK_INT(fail_alloc_n_live(), n_live, "allocation %ld", n);
	} while (err != 0);
	fail_alloc_at(0);
	CHECK(n > 20, "only %ld allocations", n);
}

TEST(what_dice_are_cast_for_is_not_steady)
{
	static const struct row rows[] = {
		{ "a.*", { { "b.$1", 100, NULL } } },
		{ "drawn", { { "one", 50, NULL }, { "two", 50, NULL } } },
		{ "lossy", { { "some", 40, NULL } } },
		{ "random.*", { { "r.{{random(9)}}", 100, NULL } } },
		{ "here", { { "east", 100, "east" } } },
	};
	static const struct { const char *subject; bool is_steady; } cases[] = {
		{ "a.x", true }, { "other", true }, { "drawn", false },
		{ "lossy", false }, { "random.1", false }, { "here", false },
	};
	struct mappings *m = made(rows, N_OF(rows));

	for (size_t i = 0; i < N_OF(cases); i++)
		CHECK(mappings_is_steady(m, slice_str(cases[i].subject)) ==
		    cases[i].is_steady, "%s", cases[i].subject);
	CHECK(mappings_is_steady(NULL, SLICE("drawn")));
	mappings_destroy(m);
}

TEST(a_message_whose_name_has_no_room_is_dropped)
{
	static const struct row row = { "a.*", { { "b.$1", 100, NULL } } };
	struct mappings *m = made(&row, 1);
	struct buf       out = { 0 };

	fail_alloc_at(1);
	CHECK_INT(mappings_apply(m, SLICE("a.c"), SLICE_NONE, &out),
	    MAPPING_DROPPED);
	fail_alloc_at(0);
	CHECK_INT(mappings_apply(m, SLICE("a.c"), SLICE_NONE, &out),
	    MAPPING_MAPPED);
	CHECK_SLICE(buf_slice(&out), SLICE("b.c"));
	buf_fini(&out);
	mappings_destroy(m);
}
