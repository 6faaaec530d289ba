/* server/store_tool.c - every store below a directory, one after the other. */
#include "server/store_tool.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/check.h"
#include "store/disk.h"
#include "store/seal.h"

enum { DESCRIPTORS_MAX = 16, KEY_BYTES_MAX = 4096 };

static struct {
	const struct store_secret *secret;	/* NULL: none */
	unsigned                   n_stores, n_bad;
} found;

static void check_one(const char *path)
{
	struct buf report = { 0 };
	int        err = store_check(disk_real(), path, found.secret,
	    &report);

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

static size_t line_length(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != '\n' && p[i] != '\r')
		i++;
	return i;
}

/* The first line of the file, without its end. */
static bool read_key(const char *file, struct buf *out)
{
	char   bytes[KEY_BYTES_MAX];
	FILE  *f = fopen(file, "re");
	size_t n = 0;

	if (f == NULL)
		return false;
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	buf_put(out, bytes, line_length(bytes, n));
	explicit_bzero(bytes, sizeof bytes);
	return out->n > 0 && n < sizeof bytes;
}

static int check_all(const char *self, const char *dir)
{
	found.n_stores = found.n_bad = 0;
	if (nftw(dir, visit, DESCRIPTORS_MAX, FTW_PHYS) != 0) {
		fprintf(stderr, "%s: cannot read %s\n", self, dir);
		return 2;
	}
	if (found.n_stores == 0) {
		fprintf(stderr, "%s: no store in %s\n", self, dir);
		return 2;
	}
	return found.n_bad > 0 ? 1 : 0;
}

static int check_with_key(const char *self, const char *key_file,
    const char *dir)
{
	struct store_secret secret = { .cipher = CODEC_CHACHA };
	struct buf          key = { 0 };
	int                 rc = 2;

	if (!read_key(key_file, &key)) {
		fprintf(stderr, "%s: no key in %s\n", self, key_file);
	} else {
		secret.key = buf_slice(&key);
		found.secret = &secret;
		rc = check_all(self, dir);
		found.secret = NULL;
	}
	if (key.p != NULL)
		explicit_bzero(key.p, key.cap);
	buf_fini(&key);
	return rc;
}

int store_tool_run(int argc, char **argv)
{
	hash_init();
	if (argc == 4 && strcmp(argv[2], "check") == 0)
		return check_all(argv[0], argv[3]);
	if (argc == 6 && strcmp(argv[2], "check") == 0 &&
	    strcmp(argv[3], "--key-file") == 0)
		return check_with_key(argv[0], argv[4], argv[5]);
	fprintf(stderr, "usage: %s store check [--key-file FILE] DIR\n",
	    argv[0]);
	return 2;
}
