/* server/store_tool.c - every store below a directory, one after the other. */
#include "server/store_tool.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/check.h"
#include "store/disk.h"

enum { DESCRIPTORS_MAX = 16 };

static struct {
	unsigned n_stores, n_bad;
} found;

static void check_one(const char *path)
{
	struct buf report = { 0 };
	int        err = store_check(disk_real(), path, &report);

	if (err != ERR_NOTFOUND) {
		found.n_stores++;
		found.n_bad += err != 0;
		printf("%s: %s\n%.*s", path, err == 0 ? "sound" : err_text(err),
		    SLICE_ARG(buf_slice(&report)));
	}
	buf_fini(&report);
}

static int visit(const char *path, const struct stat *st, int type,
    struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_D)
		check_one(path);
	return 0;
}

bool store_tool_is_meant(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "store") == 0;
}

int store_tool_run(int argc, char **argv)
{
	hash_init();
	found.n_stores = found.n_bad = 0;
	if (argc != 4 || strcmp(argv[2], "check") != 0) {
		fprintf(stderr, "usage: %s store check DIR\n", argv[0]);
		return 2;
	}
	if (nftw(argv[3], visit, DESCRIPTORS_MAX, FTW_PHYS) != 0) {
		fprintf(stderr, "%s: cannot read %s\n", argv[0], argv[3]);
		return 2;
	}
	if (found.n_stores == 0) {
		fprintf(stderr, "%s: no store in %s\n", argv[0], argv[3]);
		return 2;
	}
	return found.n_bad > 0 ? 1 : 0;
}
