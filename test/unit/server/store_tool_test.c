/* test/unit/server/store_tool_test.c - pairs with src/server/store_tool.c. */
#include "server/store_tool.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "check.h"
#include "store/disk.h"
#include "store/store.h"

static int run(const char *verb, const char *dir)
{
	char *argv[] = { (char[]){ "mote" }, (char[]){ "store" },
		(char *)(uintptr_t)verb, (char *)(uintptr_t)dir };

	CHECK(store_tool_is_meant(4, argv));
	return store_tool_run(4, argv);
}

TEST(it_finds_stores_below_a_directory_and_damage_in_them)
{
	char                dir[] = "/tmp/mote-tool-XXXXXX", path[64], file[80];
	struct store_config c = { .disk = disk_real() };
	struct store       *s;
	const char         *why;
	uint64_t            seq;
	FILE               *f;

	log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	CHECK(mkdtemp(dir) != NULL);
	CHECK_INT(run("check", dir), 2);	/* none */
	snprintf(path, sizeof path, "%s/one", dir);
	CHECK_INT(store_create(&c, path, 1, SLICE_NONE, &s), 0);
	CHECK_INT(store_append(s, SLICE("a"), SLICE_NONE, SLICE("body"), 1,
	    &seq), 0);
	CHECK_INT(store_close(s), 0);
	CHECK_INT(run("check", dir), 0);
	CHECK_INT(run("mend", dir), 2);
	snprintf(file, sizeof file, "%s/00000001.blk", path);
	f = fopen(file, "r+b");
	CHECK(f != NULL && fseek(f, 160, SEEK_SET) == 0);
	CHECK(fputc('!', f) == '!' && fclose(f) == 0);
	CHECK_INT(run("check", dir), 1);
	CHECK_INT(store_remove_files(&c, path), 0);
	CHECK_INT(rmdir(dir), 0);
	log_close();
}
