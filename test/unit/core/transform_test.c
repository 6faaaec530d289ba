/* test/unit/core/transform_test.c - pairs with src/core/transform.c.
 *
 * What matters: partitions and cuts agree with every other server's to the
 * byte, so the vectors were taken from nats-server 2.15.1 at work; a mistake is
 * told in its words; and the way back is the inverse of the way there. */
#include "core/transform.h"

#include "base/err.h"
#include "check.h"
#include "proto/subject.h"

static struct transform *made(const char *source, const char *destination,
    enum transform_use use)
{
	struct buf        err = { 0 };
	struct transform *t = NULL;

	CHECK_INT(transform_create(slice_str(source), slice_str(destination),
	    use, &t, &err), 0, "%s to %s: %.*s", source, destination,
	    SLICE_ARG(buf_slice(&err)));
	buf_fini(&err);
	return t;
}

struct vector {
	const char *source, *destination, *subject, *want;
};

static const struct vector vectors[] = {
	{ "a.*.*", "x.{{wildcard(2)}}.{{wildcard(1)}}", "a.1.2", "x.2.1" },
	{ "a.*.*", "x.$2.$1", "a.1.2", "x.2.1" },
	{ "a.*.*", "x.$1.$1.y", "a.1.2", "x.1.1.y" },
	{ "a.*", "x", "a.b", "x" },
	{ "a", "b.c", "a", "b.c" },
	{ "a.*", "x.$+1.$01", "a.b", "x.b.b" },
	{ "a.*", "x.$a.$.{{}}", "a.b", "x.$a.$.{{}}" },
	{ "a.*", "pre-{{wildcard(1)}}.$1", "a.b", "pre-{{wildcard(1)}}.b" },
	{ "a.*", "x.$1-z", "a.b", "x.$1-z" },
	{ "a.*", "x.{{ wildcard ( 1 ) }}", "a.b", "x.b" },
	{ "a.*", "x.{{\twildcard(1)}}", "a.b", "x.b" },
	{ "a.*", "x.{{WILDCARD(1)}}", "a.b", "x.b" },
	{ "a.*", "x.{{wildcard(0)}}", "a.b", "x.a" },
	{ "a.*", "x.{{wildcard(-1)}}", "a.b", "x.a" },

	/* the rest */
	{ ">", "x.>", "a.b", "x.a.b" },
	{ "e.>", ">", "e.a.b", "a.b" },
	{ "a.>", "x.>", "a.b.c", "x.b.c" },
	{ "a.*.>", "y.$1.>", "a.b.c.d", "y.b.c.d" },
	{ "a.*.>", "y.>", "a.b.c.d", "y.c.d" },

	/* partitions: FNV-1a of the subject, or of some of its tokens */
	{ "e.>", "x.{{partition(5)}}.>", "e.a.b.c", "x.2.a.b.c" },
	{ "e.>", "x.{{partition(5)}}.>", "e.foo", "x.1.foo" },
	{ "*", "{{partition(10,1)}}", "foo", "3" },
	{ "*", "{{partition(10,1)}}", "bar", "2" },
	{ "*", "{{partition(10,1)}}", "baz", "0" },
	{ "*.*", "{{partition(10, 1, 2)}}", "foo.bar", "0" },
	{ "*.*", "{{partition(10,2,1)}}", "foo.bar", "2" },
	{ "q36.a", "x.{{partition(10,1)}}", "q36.a", "x.6" },
	{ "q37.a", "x.{{partition(10)}}", "q37.a", "x.9" },
	{ "q.*", "x.{{partition(0,1)}}", "q.foo", "x.0" },
	{ "q.*", "x.{{partition(-5,1)}}", "q.foo", "x.2851307223" },
	{ "q3.*", "x.{{partition(5,0)}}", "q3.foo", "x.1" },

	{ "*", "{{split(1,-)}}", "a-b-c", "a.b.c" },
	{ "*", "{{split(1,-)}}", "-a--b-", "a.b" },
	{ "*", "{{split(1, -)}}", "a---b", "a.b" },
	{ "*", "{{split(1,--)}}", "a---b", "a.-b" },
	{ "*", "{{split(1,)}}", "f\xc3\xb6o", "f.\xc3\xb6.o" },
	{ "*", "{{split(1,-)}}", "--a", "a" },	/* not there: an empty token */
	{ "*", "x.{{split(1,-)}}.y", "---", "x.---.y" },	/* nor here */

	{ "*", "{{splitFromLeft(1,2)}}", "abcde", "ab.cde" },
	{ "*", "{{splitFromLeft(1,5)}}", "abcde", "abcde" },
	{ "*", "{{splitfromleft(1,0)}}", "abcde", "abcde" },
	{ "*", "{{splitFromLeft(1,-2)}}", "abcde", "abcde" },
	{ "*", "{{splitFromRight(1,2)}}", "abcde", "abc.de" },
	{ "*", "{{SplitFromRight(1,9)}}", "abcde", "abcde" },
	{ "*", "{{sliceFromLeft(1,3)}}", "abcdefgh", "abc.def.gh" },
	{ "*", "{{sliceFromLeft(1,3)}}", "foobar", "foo.bar" },
	{ "*", "{{sliceFromLeft(1,3)}}", "foo", "foo" },
	{ "*", "{{sliceFromLeft(1,0)}}", "foo", "foo" },
	{ "*", "{{sliceFromRight(1,3)}}", "abcdefgh", "ab.cde.fgh" },
	{ "*", "{{sliceFromRight(1,3)}}", "foobarx", "f.oob.arx" },
	{ "*", "{{sliceFromRight(1,3)}}", "fo", "fo" },
	{ "*", "{{sliceFromRight(1,-1)}}", "fo", "fo" },
	{ "*", "{{left(1,3)}}", "abcdef", "abc" },
	{ "*", "{{left( 1 , 9 )}}", "abcdef", "abcdef" },
	{ "*", "{{left(1,0)}}", "abcdef", "abcdef" },
	{ "*", "{{right(1,3)}}", "abcdef", "def" },
	{ "*", "{{right(1,-1)}}", "abcdef", "abcdef" },
	{ "*", "x.{{random(1)}}", "a", "x.0" },
	{ "a", "x.{{random(0)}}", "a", "x.0" },
};

TEST(each_function_does_what_nats_server_does)
{
	for (size_t i = 0; i < N_OF(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct transform    *t = made(v->source, v->destination,
		    TRANSFORM_MAPPING);
		struct buf           out = { 0 };

		transform_apply(t, slice_str(v->subject), &out);
		CHECK_SLICE(buf_slice(&out), slice_str(v->want), "%s to %s",
		    v->source, v->destination);
		buf_fini(&out);
		transform_destroy(t);
	}
}

TEST(random_reaches_all_its_numbers_and_no_other)
{
	struct transform *t = made("a.*", "{{random(7)}}", TRANSFORM_MAPPING);
	unsigned          seen[7] = { 0 };

	for (int i = 0; i < 1000; i++) {
		struct buf out = { 0 };

		transform_apply(t, SLICE("a.b"), &out);
		CHECK(out.n == 1 && out.p[0] >= '0' && out.p[0] < '7');
		seen[out.p[0] - '0']++;
		buf_fini(&out);
	}
	for (size_t i = 0; i < N_OF(seen); i++)
		CHECK(seen[i] > 50, "%zu came %u times", i, seen[i]);
	transform_destroy(t);
}

TEST(what_is_appended_leaves_what_was_there)
{
	struct transform *t = made("a.*", "b.$1", TRANSFORM_MAPPING);
	struct buf        out = { 0 };

	buf_put_str(&out, "PUB ");
	transform_apply(t, SLICE("a.x"), &out);
	CHECK_SLICE(buf_slice(&out), SLICE("PUB b.x"));
	buf_fini(&out);
	transform_destroy(t);
}

#define BAD "invalid mapping destination: "
#define ARGUMENT BAD "function argument is invalid or in the wrong format in "
#define FEW  BAD "not enough arguments passed to the function in "
#define MANY BAD "too many arguments passed to the function in "
#define RANGE BAD "wildcard index out of range in "

struct mistake {
	const char *source, *destination, *want;
};

static const struct mistake mistakes[] = {
	{ "a.*", "x.$2", RANGE "$2: [2]" },
	{ "a.*", "x.{{wildcard(2)}}", RANGE "{{wildcard(2)}}: [2]" },
	{ "a.*", "x.{{partition(5,2)}}", RANGE "{{partition(5,2)}}: [2]" },
	{ "a.*", "x.{{split(2,-)}}", RANGE "{{split(2,-)}}: [2]" },
	{ "a.b", "x.$1", RANGE "$1" },
	{ "a.b", "x.{{wildcard(1)}}", RANGE "{{wildcard(1)}}" },
	{ "a.>", "x.$1.>", RANGE "$1: [1]" },
	{ "a.*", "x.{{foo(1)}}", BAD "unknown function in {{foo(1)}}" },
	{ "a.*", "x.{{wildcard}}", BAD "unknown function in {{wildcard}}" },
	{ "a.*", "x.{{ }}", BAD "unknown function in {{ }}" },
	{ "a.*", "x.{{xwildcard(1)}}", BAD "unknown function in {{xwildcard(1)}}" },
	{ "a.*", "x.{{wildcard(1)x}}", BAD "unknown function in {{wildcard(1)x}}" },
	{ "a.*", "x.{{wildcard()}}", FEW "{{wildcard()}}" },
	{ "a.*", "x.{{wildcard(1,2)}}", MANY "{{wildcard(1,2)}}" },
	{ "a.*", "x.{{wildcard(a)}}", ARGUMENT "{{wildcard(a)}}" },
	{ "a.*", "x.{{wildcard(1)})}}", ARGUMENT "{{wildcard(1)})}}" },
	{ "a.*", "x.{{partition()}}", ARGUMENT "{{partition()}}" },
	{ "a.*", "x.{{partition(5,)}}", ARGUMENT "{{partition(5,)}}" },
	{ "a.*", "x.{{partition(99999999999,1)}}",
	  ARGUMENT "{{partition(99999999999,1)}}" },
	{ "a.*", "x.{{split(1)}}", FEW "{{split(1)}}" },
	{ "a.*", "x.{{split(1,-,-)}}", MANY "{{split(1,-,-)}}" },
	{ "a.*", "x.{{split(1,- -)}}", ARGUMENT "{{split(1,- -)}}" },
	{ "a.*", "x.{{splitFromLeft(1)}}", FEW "{{splitFromLeft(1)}}" },
	{ "a.*", "x.{{right(1,2,3)}}", MANY "{{right(1,2,3)}}" },
	{ "a.*", "x.{{left(1\t,2)}}", ARGUMENT "{{left(1\t,2)}}" },
	{ "a.*", "x.{{random()}}", ARGUMENT "{{random()}}" },
	{ "a.*", "x.{{random(5,1)}}", FEW "{{random(5,1)}}" },
	{ "a.>", "x.>.y", BAD "invalid transform in y" },
	{ "a", "x..y", BAD "invalid transform" },
	{ "a", "x.", BAD "invalid transform" },
	{ "a", "", BAD "invalid transform" },
	{ "a", "x y", BAD "invalid transform" },
	{ "a.*", "x.*", "invalid subject" },
	{ "a.>", "x", "invalid subject" },
	{ "a", "x.>", "invalid subject" },
	{ "*", ">", "invalid subject" },
	{ "a..b", "x", "invalid subject" },
	{ "a.>.b", "x.>", "invalid subject" },
};

static void check_mistake(const struct mistake *m, enum transform_use use)
{
	struct buf        err = { 0 };
	struct transform *t = NULL;

	CHECK_INT(transform_create(slice_str(m->source),
	    slice_str(m->destination), use, &t, &err), ERR_SUBJECT,
	    "%s to %s", m->source, m->destination);
	CHECK_SLICE(buf_slice(&err), slice_str(m->want));
	CHECK(t == NULL);
	buf_fini(&err);
}

TEST(a_mistake_is_told_in_the_words_of_nats_server)
{
	for (size_t i = 0; i < N_OF(mistakes); i++)
		check_mistake(&mistakes[i], TRANSFORM_MAPPING);
}

#define ONLY BAD "the only mapping function allowed for import transforms is " \
	"{{Wildcard()}} in "
#define ALL BAD "not using all of the token wildcard(s) in "

static const struct mistake import_mistakes[] = {
	{ "b.*.*", "x.$1", ALL "x.$1" },
	{ "b.*.*", "x.$1.$1", ALL "x.$1.$1" },
	{ "b.*.*", "x", ALL "x" },
	{ "b.*.*", "x.*", ALL "x.*" },
	{ "b.*.*", "x.{{left(1,1)}}.$2", ONLY "{{left(1,1)}}" },
	{ "b.*.*", "x.{{partition(4)}}.$1.$2", ONLY "{{partition(4)}}" },
	{ "b.*.*", "x.{{foo(1)}}.$1", BAD "unknown function in {{foo(1)}}" },
	{ "b.*.*", "x.{{wildcard(1)}}.$3", RANGE "$3: [3]" },
	{ "b.*", "x.$0.$1", RANGE "$0: [0]" },
	{ "b.*", "x.*.*", RANGE "*: [2]" },
	{ "b.*.*", "x..y", "invalid subject" },
	{ "b.*.*", "x.>", "invalid subject" },
	{ "a.>", "x", "invalid subject" },
};

TEST(an_import_uses_all_wildcards_and_nothing_else)
{
	for (size_t i = 0; i < N_OF(import_mistakes); i++)
		check_mistake(&import_mistakes[i], TRANSFORM_IMPORT);
}

/* want NULL: there is no way back. */
static const struct {
	const char *source, *destination, *target, *pattern, *want;
} ways_back[] = {
	{ "b.*.*", "x.$2.y.$1", "x.*.y.*", "x.2.y.1", "b.1.2" },
	{ "b.*.*", "x.$2.y.$1", "x.*.y.*", "x.2.y.*", "b.*.2" },
	{ "b.*.*", "x.$2.y.$1", "x.*.y.*", "x.*.y.*", "b.*.*" },
	{ "b.*.*", "x.$2.y.$1", "x.*.y.*", "x.*.z.*", NULL },
	{ "b.*.*", "x.$2.y.$1", "x.*.y.*", "x.>", NULL },
	{ "b.*.*", "x.$2.y.$1", "x.*.y.*", "x.2.y", NULL },
	{ "b.*.*.*", "x.$2.$3.$1", "x.*.*.*", "x.2.3.1", "b.1.2.3" },
	{ "b.*.*", "x.*.*", "x.*.*", "x.1.2", "b.1.2" },
	{ "b.*.*", "x.{{wildcard(2)}}.$1", "x.*.*", "x.2.1", "b.1.2" },
	{ "b.*", "x.$1.$1", "x.*.*", "x.a.a", "b.a" },
	{ "b.*", "x.$1.$1", "x.*.*", "x.*.a", "b.a" },
	{ "b.*", "x.$1.$1", "x.*.*", "x.a.b", NULL },
	{ "a.>", "x.y.>", "x.y.>", "x.y.>", "a.>" },
	{ "a.>", "x.y.>", "x.y.>", "x.y.b.*.>", "a.b.*.>" },
	{ "a.>", "x.y.>", "x.y.>", "x.y", NULL },
	{ "a.*.c.>", "$1.>", "*.>", "b.d.e", "a.b.c.d.e" },
	{ ">", "x.>", "x.>", "x.a.b", "a.b" },
	{ "b", "x", "x", "x", "b" },
	{ "b", "x", "x", "y", NULL },
};

TEST(an_import_has_a_way_back)
{
	for (size_t i = 0; i < N_OF(ways_back); i++) {
		struct transform *t = made(ways_back[i].source,
		    ways_back[i].destination, TRANSFORM_IMPORT);
		struct slice      pattern = slice_str(ways_back[i].pattern);
		struct buf        out = { 0 };
		bool              ok = transform_invert(t, pattern, &out);

		CHECK_SLICE(t->target, slice_str(ways_back[i].target));
		CHECK_INT(ok, ways_back[i].want != NULL, "%s",
		    ways_back[i].pattern);
		CHECK_SLICE(buf_slice(&out), slice_str(ways_back[i].want));
		buf_fini(&out);
		transform_destroy(t);
	}
}
