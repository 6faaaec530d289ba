/* test/unit/js/unopened_test.c - pairs with src/js/unopened.c.
 *
 * Which paths are told of is in report_test.c, on a disk; here is what they are
 * called, and that they come and go. */
#include "js/unopened.h"

#include "base/buf.h"
#include "check.h"

TEST(the_name_is_what_the_directory_was_made_for)
{
	static const struct { const char *path, *name; } t[] = {
		{ "/x/jetstream/A/orders", "orders" },
		{ "/x/jetstream/%24G", "$G" },
		{ "A/a%2Eb%2D_c", "a.b-_c" },
		{ "no-slash", "no-slash" },
		{ "/x/%", "%" },
		{ "/x/a%2", "a%2" },
		{ "/x/%zz%2x", "%zz%2x" },
		{ "/x/%-0123456789abcdef", "%-0123456789abcdef" },
		{ "/x/", "" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct list all;
		struct buf  name = { 0 };

		list_init(&all);
		unopened_add(&all, t[i].path);
		unopened_put_name(CONTAINER_OF(all.next, struct unopened, link),
		    &name);
		CHECK_SLICE(buf_slice(&name), slice_str(t[i].name), "%s",
		    t[i].path);
		unopened_clear(&all);
		CHECK(list_is_empty(&all));
		buf_fini(&name);
	}
}
