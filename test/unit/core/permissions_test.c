/* permissions_test.c - generated rules against a naive oracle, then the cases
 * that the specification names.
 *
 * What matters: deny wins on every path, a subscription never opens more than
 * was allowed, and what delivery filters is what SUB would have refused.  The
 * oracle knows patterns only as sets of subjects: it lists every subject of up
 * to four tokens out of {a, b, c}, where c is in no rule. */
#include "core/permissions.h"

#include "base/clock.h"
#include "check.h"

/* ---- the world ---------------------------------------------------------- */

enum { SUBJECTS_MAX = 128, PATTERNS_MAX = 64, RULES_MAX = 4, ROUNDS = 600 };

static char   subjects[SUBJECTS_MAX][8], patterns[PATTERNS_MAX][8];
static size_t n_subjects, n_patterns;
static bool   holds[PATTERNS_MAX][SUBJECTS_MAX];	/* subject in pattern */
static bool   hits[PATTERNS_MAX][PATTERNS_MAX];		/* [rule][text] */
static bool   covers[PATTERNS_MAX][PATTERNS_MAX];	/* [rule][pattern] */

static const char *const queues[] = { "", "v1", "v2", "v1.x", "a.prod", "w" };
static const char *const queue_rules[] = { "", "", "v1", "v1.*", "*.prod", ">" };

static bool naive_match(const char *s, const char *p)
{
	if (strcmp(p, ">") == 0)
		return *s != '\0';
	while (*p != '\0' && *p != '.') {
		if (*p == '*')
			while (s[1] != '\0' && s[1] != '.')
				s++;
		else if (*s != *p)
			return false;
		p++, s++;
	}
	if (*p == '\0' || *s == '\0')
		return *p == *s;
	return *s == '.' && naive_match(s + 1, p + 1);
}

static void list_words(char (*out)[8], size_t *n, const char *letters,
    const char *last, int n_tokens)
{
	size_t base = strlen(letters), count = 1;

	for (int i = 1; i < n_tokens; i++)
		count *= base;
	for (size_t word = 0; word < count; word++)
		for (const char *l = last; *l != '\0'; l++) {
			char  *at = out[(*n)++];
			size_t rest = word;

			for (int i = 1; i < n_tokens; i++, rest /= base) {
				*at++ = letters[rest % base];
				*at++ = '.';
			}
			*at++ = *l;
			*at = '\0';
		}
}

static void make_world(void)
{
	if (n_subjects > 0)
		return;
	for (int n = 1; n <= 4; n++)
		list_words(subjects, &n_subjects, "abc", "abc", n);
	for (int n = 1; n <= 3; n++)
		list_words(patterns, &n_patterns, "ab*", "ab*>", n);
	for (size_t p = 0; p < n_patterns; p++)
		for (size_t s = 0; s < n_subjects; s++)
			holds[p][s] = naive_match(subjects[s], patterns[p]);
	for (size_t p = 0; p < n_patterns; p++)
		for (size_t q = 0; q < n_patterns; q++) {
			hits[p][q] = naive_match(patterns[q], patterns[p]);
			covers[p][q] = true;
			for (size_t s = 0; s < n_subjects; s++)
				if (holds[q][s] && !holds[p][s])
					covers[p][q] = false;
		}
}

static uint32_t dice_state = 20260629;

static size_t dice(size_t n)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % n;
}

struct rules {
	size_t                 n;
	size_t                 pattern[RULES_MAX], queue[RULES_MAX];
	struct permission_rule rule[RULES_MAX];
};

static struct permission_list random_list(struct rules *r, bool may_queue)
{
	r->n = dice(RULES_MAX + 1);
	for (size_t i = 0; i < r->n; i++) {
		r->pattern[i] = dice(n_patterns);
		r->queue[i] = may_queue ? dice(N_OF(queue_rules)) : 0;
		r->rule[i] = (struct permission_rule){
			slice_str(patterns[r->pattern[i]]),
			slice_str(queue_rules[r->queue[i]]) };
	}
	return (struct permission_list){ r->rule, r->n, r->n > 0 };
}

/* ---- the oracle --------------------------------------------------------- */

static bool oracle_admits(const struct rules *r, size_t i, const char *queue)
{
	const char *rule = queue_rules[r->queue[i]];

	return *rule == '\0' || (*queue != '\0' &&
	    (strcmp(rule, queue) == 0 || naive_match(queue, rule)));
}

static bool oracle_publish(const struct rules *allow, const struct rules *deny,
    size_t subject)
{
	bool ok = allow->n == 0;

	for (size_t i = 0; i < allow->n; i++)
		ok |= holds[allow->pattern[i]][subject];
	for (size_t i = 0; i < deny->n; i++)
		ok &= !holds[deny->pattern[i]][subject];
	return ok;
}

/* rows: hits or covers by rule, for one pattern or subject. */
static bool oracle_subscribe(const struct rules *allow,
    const struct rules *deny, const char *queue, bool (*hit)(size_t, size_t),
    bool (*cover)(size_t, size_t), size_t what)
{
	bool covered = allow->n == 0, names = false, named = false;

	for (size_t i = 0; i < deny->n; i++)
		if (hit(deny->pattern[i], what) && oracle_admits(deny, i, queue))
			return false;
	for (size_t i = 0; i < allow->n; i++) {
		bool admits = oracle_admits(allow, i, queue);

		covered |= cover(allow->pattern[i], what) && admits;
		if (*queue != '\0' && *queue_rules[allow->queue[i]] != '\0' &&
		    hit(allow->pattern[i], what)) {
			names = true;
			named |= admits;
		}
	}
	return covered && (named || !names);
}

static bool pattern_hit(size_t rule, size_t p) { return hits[rule][p]; }
static bool pattern_cover(size_t rule, size_t p) { return covers[rule][p]; }
static bool subject_hit(size_t rule, size_t s) { return holds[rule][s]; }

/* ---- the matrix --------------------------------------------------------- */

static void check_publish(const struct permissions *p,
    const struct rules *allow, const struct rules *deny)
{
	struct verdict_cache cache = { 0 };

	for (size_t i = 0; i < n_subjects; i++) {
		struct slice s = slice_str(subjects[i]);
		bool         want = oracle_publish(allow, deny, i);

		CHECK_INT(permissions_may_publish(p, s), want, "%s", subjects[i]);
		CHECK_INT(verdict_may_publish(&cache, p, s), want);
		CHECK_INT(verdict_may_publish(&cache, p, s), want);
	}
	verdict_cache_fini(&cache);
}

static void check_subscribe(const struct permissions *p,
    const struct rules *allow, const struct rules *deny, const char *queue)
{
	for (size_t i = 0; i < n_patterns; i++) {
		struct slice s = slice_str(patterns[i]), q = slice_str(queue);
		bool got = permissions_may_subscribe(p, s, q);
		bool filter = permissions_needs_filter(p, s, q);

		CHECK_INT(got, oracle_subscribe(allow, deny, queue, pattern_hit,
		    pattern_cover, i), "SUB %s %s", patterns[i], queue);
		for (size_t k = 0; k < n_subjects; k++) {
			bool may = permissions_may_receive(p,
			    slice_str(subjects[k]), q);

			CHECK_INT(may, oracle_subscribe(allow, deny, queue,
			    subject_hit, subject_hit, k), "%s in \"%s\"",
			    subjects[k], queue);
			if (got && holds[i][k] && !filter)
				CHECK(may, "%s unfiltered through %s in \"%s\"",
				    subjects[k], patterns[i], queue);
		}
		if (deny->n == 0 && *queue == '\0')
			CHECK(!filter, "nothing to filter in %s", patterns[i]);
	}
}

TEST(every_verdict_is_the_oracles)
{
	make_world();
	for (int round = 0; round < ROUNDS; round++) {
		struct rules            pa, pd, sa, sd;
		struct permissions_spec spec = {
			.publish_allow = random_list(&pa, false),
			.publish_deny = random_list(&pd, false),
			.subscribe_allow = random_list(&sa, true),
			.subscribe_deny = random_list(&sd, true),
		};
		struct permissions *p = permissions_create(&spec);

		CHECK(p != NULL);
		check_publish(p, &pa, &pd);
		check_subscribe(p, &sa, &sd, queues[dice(N_OF(queues))]);
		permissions_unref(p);
	}
}

/* ---- what the specification names --------------------------------------- */

/* "allow|deny" of subscribe; entries apart by ',', a blank before a queue. */
static struct permissions *subscribe_rules(const char *text)
{
	static struct permission_rule rules[2][8];
	struct permissions_spec       spec = { 0 };
	struct permission_list       *lists[] = { &spec.subscribe_allow,
		&spec.subscribe_deny };

	for (int side = 0; side < 2; side++, text++) {
		lists[side]->rules = rules[side];
		while (*text != '\0' && *text != '|') {
			struct permission_rule *r =
			    &rules[side][lists[side]->n++];
			size_t n = strcspn(text, ",|"), subject;

			subject = strcspn(text, ",| ");
			r->subject = slice_of(text, subject);
			r->queue = subject == n ? SLICE_NONE
			    : slice_of(text + subject + 1, n - subject - 1);
			text += n + (text[n] == ',');
		}
	}
	return permissions_create(&spec);
}

TEST(subscriptions_follow_the_specification)
{
	static const struct { const char *rules, *pattern, *queue; bool may; } t[] = {
		{ "foo|", "foo", "", true }, { "foo|", "foo", "any", true },
		{ "foo|", "bar", "", false },
		{ "foo v1|", "foo", "v1", true }, { "foo v1|", "foo", "v2", false },
		{ "foo v1|", "foo", "", false },
		{ "foo,foo v1|", "foo", "", true },
		{ "foo,foo v1|", "foo", "v1", true },
		{ "foo,foo v1|", "foo", "v2", false },
		{ "foo *.prod|", "foo", "x.prod", true },
		{ "foo *.prod|", "foo", "x.dev", false },
		{ "foo.*|", "foo.*", "", true },
		{ "foo.*|", "foo.>", "", false },	/* the reference's hole */
		{ "foo.*|", "*.a", "", false }, { "foo.*|", ">", "", false },
		{ "a.*.c|", "a.*.*", "", false }, { "a.*.c|", "a.*.c", "", true },
		{ "foo.>|", "foo.>", "", true }, { "foo.>|", "foo", "", false },
		{ "|foo", "foo", "", false }, { "|foo", "foo", "q", false },
		{ "|foo", ">", "", true },
		{ "|foo.*", "foo.>", "", false },
		{ "|foo v1", "foo", "v1", false }, { "|foo v1", "foo", "v2", true },
		{ "|foo v1", "foo", "", true },
		{ "|foo >", "foo", "a..b", false },
		{ "|foo v1.*", "foo", "v1..", false },
		/* a queue rule does not override a plain deny: 2026-17, -18 */
		{ "|foo,foo v1", "foo", "v2", false },
		{ "foo v1|foo", "foo", "v1", false },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct permissions *p = subscribe_rules(t[i].rules);

		CHECK_INT(permissions_may_subscribe(p, slice_str(t[i].pattern),
		    slice_str(t[i].queue)), t[i].may, "%s: SUB %s %s",
		    t[i].rules, t[i].pattern, t[i].queue);
		permissions_unref(p);
	}
}

TEST(a_wider_subscription_is_filtered_at_delivery)
{
	static const struct { const char *rules, *pattern, *queue, *subject;
		bool filter, may; } t[] = {
		{ "|foo.bar", "foo.*", "", "foo.bar", true, false },
		{ "|foo.bar", "foo.*", "", "foo.baz", true, true },
		{ "|foo.bar", ">", "", "foo.bar", true, false },
		{ "|foo.bar", "*.bar", "q", "foo.bar", true, false },
		{ "|foo.bar v1", "foo.*", "v1", "foo.bar", true, false },
		{ "|foo.bar v1", "foo.*", "v2", "foo.bar", false, true },
		{ "|foo.bar v1", "foo.*", "", "foo.bar", false, true },
		{ "foo.>,foo.bar v1|", "foo.*", "v2", "foo.bar", true, false },
		{ "foo.>,foo.bar v1|", "foo.*", "v1", "foo.bar", false, true },
		{ "|bar", "foo.*", "", "foo.bar", false, true },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct permissions *p = subscribe_rules(t[i].rules);
		struct slice        q = slice_str(t[i].queue);

		CHECK(permissions_may_subscribe(p, slice_str(t[i].pattern), q));
		CHECK_INT(permissions_needs_filter(p, slice_str(t[i].pattern), q),
		    t[i].filter, "case %zu", i);
		CHECK_INT(permissions_may_receive(p, slice_str(t[i].subject), q),
		    t[i].may, "case %zu", i);
		permissions_unref(p);
	}
}

TEST(no_permissions_allow_everything_and_an_empty_list_nothing)
{
	struct permissions_spec spec = { .publish_allow.is_set = true,
		.subscribe_allow.is_set = true };
	struct permissions     *p = permissions_create(&spec);
	struct slice            s = SLICE("a");

	CHECK(permissions_may_publish(NULL, s));
	CHECK(permissions_may_subscribe(NULL, s, SLICE_NONE));
	CHECK(permissions_may_receive(NULL, s, SLICE("q")));
	CHECK(!permissions_needs_filter(NULL, SLICE(">"), SLICE_NONE));
	CHECK(!permissions_may_publish(p, s));
	CHECK(!permissions_may_subscribe(p, s, SLICE_NONE));
	CHECK(!permissions_may_receive(p, s, SLICE("q")));
	permissions_unref(p);
	permissions_unref(NULL);
}

TEST(malformed_rules_are_refused)
{
	static const struct { const char *why, *subject, *queue; bool publish; } t[] = {
		{ "empty",               "",       "",    false },
		{ "empty token",         "a..b",   "",    false },
		{ "> in the middle",     "a.>.b",  "",    false },
		{ "a blank",             "a b",    "",    false },
		{ "a blank in a queue",  "a",      "q r", false },
		{ "a queue to publish",  "a",      "q",   true },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct permission_rule  r = { slice_str(t[i].subject),
			slice_str(t[i].queue) };
		struct permission_list  l = { &r, 1, true };
		struct permissions_spec spec = { 0 };

		*(t[i].publish ? &spec.publish_deny : &spec.subscribe_deny) = l;
		CHECK(permissions_create(&spec) == NULL, "%s", t[i].why);
	}
}

TEST(the_spec_is_copied)
{
	char                    text[] = "orders.*";
	struct permission_rule  r = { slice_str(text), SLICE_NONE };
	struct permissions_spec spec = { .publish_allow = { &r, 1, true } };
	struct permissions     *p = permissions_create(&spec);

	memset(text, 'x', sizeof text);
	r = (struct permission_rule){ 0 };
	CHECK(permissions_may_publish(p, SLICE("orders.new")));
	permissions_unref(p);
}

TEST(who_may_only_answer_may_publish_nothing_else)
{
	struct permissions_spec spec = { .allows_responses = true };
	struct permissions     *p = permissions_create(&spec);
	int64_t                 max = 0, ttl = 0;

	CHECK(!permissions_may_publish(p, SLICE("a")));
	CHECK(permissions_responses(p, &max, &ttl));
	CHECK_INT(max, 1);
	CHECK_INT(ttl, 120 * NS_PER_S);
	CHECK(!permissions_responses(NULL, &max, &ttl));
	permissions_unref(p);
}

/* ---- remembered verdicts ------------------------------------------------ */

static struct permissions *fifty_each(const char *denied)
{
	static char            text[100][16];
	struct permission_rule r[100];

	for (int i = 0; i < 100; i++) {
		snprintf(text[i], sizeof text[i], "%s%d.*",
		    i < 50 ? "a" : denied, i % 50);
		r[i] = (struct permission_rule){ slice_str(text[i]), SLICE_NONE };
	}
	return permissions_create(&(struct permissions_spec){
		.publish_allow = { r, 50, true },
		.publish_deny = { r + 50, 50, true } });
}

TEST(verdicts_are_remembered_but_not_across_permissions)
{
	struct permissions  *open = fifty_each("b"), *shut = fifty_each("a");
	struct verdict_cache cache = { 0 };
	char                 subject[200];

	for (int round = 0; round < 4000; round++) {
		const struct permissions *p = round / 500 % 2 ? shut : open;
		bool                      is_long = round % 17 == 0;
		struct slice              s;

		snprintf(subject, sizeof subject, "%c%d.%0*d",
		    round % 3 ? 'a' : 'c', round % 50, is_long ? 80 : 3,
		    round % 200);
		s = slice_str(subject);
		for (int again = 0; again < 2; again++)
			CHECK_INT(verdict_may_publish(&cache, p, s),
			    p == open && round % 3 != 0, "%s", subject);
	}
	CHECK(verdict_may_publish(&cache, NULL, SLICE("c")));
	CHECK(!verdict_may_publish(&cache, open, SLICE("")));
	verdict_cache_fini(&cache);
	verdict_cache_fini(&cache);
	permissions_unref(open);
	permissions_unref(shut);
}

TEST(few_rules_need_no_memory)
{
	struct permissions  *p = subscribe_rules("foo|bar");
	struct verdict_cache cache = { 0 };

	CHECK(verdict_may_publish(&cache, p, SLICE("x")));
	CHECK(cache.entries == NULL);
	permissions_unref(p);
}

TEST(permissions_show_as_json)
{
	struct permission_rule  r[] = { { SLICE("b.>"), SLICE_NONE },
		{ SLICE("a"), SLICE_NONE }, { SLICE("c"), SLICE("q.*") } };
	struct permissions_spec spec = { .publish_deny = { r, 2, true },
		.subscribe_allow = { r, 3, true }, .allows_responses = true,
		.responses_max = 5, .responses_ttl_ns = -1 };
	struct permissions     *p = permissions_create(&spec);
	struct buf              out = { 0 };

	permissions_to_json(p, &out);
	CHECK_SLICE(buf_slice(&out), SLICE(
	    "{\"publish\":{\"allow\":[],\"deny\":[\"b.\\u003e\",\"a\"]},"
	    "\"subscribe\":{\"allow\":[\"b.\\u003e\",\"a\",\"c q.*\"]},"
	    "\"responses\":{\"max\":5,\"ttl\":-1}}"));
	buf_reset(&out);
	permissions_to_json(NULL, &out);
	CHECK_SLICE(buf_slice(&out), SLICE("{}"));
	buf_fini(&out);
	permissions_unref(p);
}
