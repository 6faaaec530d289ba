/* test/unit/mon/path_test.c - pairs with src/mon/path.c. */
#include "base/buf.h"
#include "check.h"
#include "mon/path.h"

TEST(paths_have_one_proper_form)
{
	static const struct { const char *path, *clean; } t[] = {
		{ "/", "/" }, { "/varz", "/varz" }, { "/varz/", "/varz/" },
		{ "//varz", "/varz" }, { "/./varz", "/varz" },
		{ "/a/../varz", "/varz" }, { "/../../varz", "/varz" },
		{ "//", "/" }, { "/..", "/" }, { "/a/b/..", "/a" },
		{ "/a//b///c", "/a/b/c" }, { "/debug/vars", "/debug/vars" },
		{ "/...", "/..." },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf out = { 0 };

		CHECK_INT(path_is_clean(slice_str(t[i].path)),
		    strcmp(t[i].path, t[i].clean) == 0, "%s", t[i].path);
		path_put_clean(slice_str(t[i].path), &out);
		CHECK_SLICE(buf_slice(&out), slice_str(t[i].clean), "%s",
		    t[i].path);
		CHECK(path_is_clean(buf_slice(&out)), "%s", t[i].path);
		buf_fini(&out);
	}
}

TEST(markup_is_made_text)
{
	struct buf out = { 0 };

	path_put_html(SLICE("/<a href=\"x\">&'"), &out);
	CHECK_SLICE(buf_slice(&out),
	    SLICE("/&lt;a href=&#34;x&#34;&gt;&amp;&#39;"));
	buf_fini(&out);
}
