/* test/unit/server/store_tool_test.c - pairs with src/server/store_tool.c. */
#include "server/store_tool.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "check.h"
#include "store/disk.h"
#include "store/seal.h"
#include "store/store.h"

static int run(const char *verb, const char *dir)
{
	char *argv[] = { (char[]){ "mote" }, (char[]){ "store" },
		(char *)(uintptr_t)verb, (char *)(uintptr_t)dir };

	CHECK(store_tool_is_meant(4, argv));
	return store_tool_run(4, argv);
}

static int run_with_key(const char *file, const char *dir)
{
	char *argv[] = { (char[]){ "mote" }, (char[]){ "store" },
		(char[]){ "check" }, (char[]){ "--key-file" },
		(char *)(uintptr_t)file, (char *)(uintptr_t)dir };

	return store_tool_run(6, argv);
}

static void write_key(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(it_reads_sealed_stores_with_their_key)
{
	char                dir[] = "/tmp/mote-tool-XXXXXX", path[64], key[64];
	struct store_secret secret = { .cipher = CODEC_AES,
		.key = SLICE("a key") };
	struct store_config c = { .disk = disk_real(), .secret = &secret };
	struct store       *s;
	const char         *why;

	log_configure(&(struct log_config){ .file = "/dev/null" }, &why);
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/one", dir);
	snprintf(key, sizeof key, "%s/key", dir);
	CHECK_INT(store_create(&c, path, 1, SLICE_NONE, &s), 0);
	CHECK_INT(store_close(s), 0);
	CHECK_INT(run_with_key(key, dir), 2);	/* no such file */
	write_key(key, "");
	CHECK_INT(run_with_key(key, dir), 2);
	write_key(key, "a key\nand a line that does not count\n");
	CHECK_INT(run_with_key(key, dir), 0);
	write_key(key, "another key");
	CHECK_INT(run_with_key(key, dir), 1);
	CHECK_INT(run("check", dir), 1);
	CHECK_INT(store_remove_files(&c, path), 0);
	CHECK(unlink(key) == 0 && rmdir(dir) == 0);
	log_close();
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
