/* archive_tar_test.c - files there and back, wherever they are cut; what tar
 * itself writes; what is no tar. */
#include "js/archive_tar.h"

#include "base/err.h"
#include "check.h"

#define NOW INT64_C(1790000000123456789)

/* "name:bytes;" for each file, "." at the end.  in comes in pieces of n bytes.
 * The error of the reader. */
static int tell(struct slice in, size_t n, struct buf *out)
{
	struct tar_reader r = { 0 };
	struct buf        raw = { 0 };
	int               rc = 0;

	while (in.n > 0 && rc >= 0) {
		size_t           some = n < in.n ? n : in.n;
		struct slice     rest;
		struct tar_event ev;

		buf_put(&raw, in.p, some);
		in = slice_skip(in, some);
		rest = buf_slice(&raw);
		while ((rc = tar_next(&r, &rest, &ev)) == 1) {
			if (ev.what == TAR_FILE)
				buf_printf(out, "%.*s:", SLICE_ARG(ev.name));
			else if (ev.what == TAR_DATA)
				buf_put_slice(out, ev.bytes);
			else
				buf_put_char(out, ev.what == TAR_END ? '.'
				    : ';');
		}
		if (rest.n > 0)
			memmove(raw.p, rest.p, rest.n);
		raw.n = rest.n;
	}
	tar_reader_fini(&r);
	buf_fini(&raw);
	return rc;
}

TEST(files_come_back)
{
	static const size_t cuts[] = { 1, 7, 511, 512, 513, 100000 };
	char                name[260];
	struct buf          tar = { 0 }, want = { 0 };

	memset(name, 'n', sizeof name);
	for (size_t n = 0; n < 2000; n += 173) {
		struct buf body = { 0 };

		for (size_t i = 0; i < n; i++)
			buf_put_char(&body, (char)('a' + i % 26));
		tar_put_file(&tar, slice_of(name, 1 + n % sizeof name),
		    buf_slice(&body), NOW);
		buf_printf(&want, "%.*s:%.*s;", (int)(1 + n % sizeof name), name,
		    SLICE_ARG(buf_slice(&body)));
		buf_fini(&body);
	}
	tar_put_end(&tar);
	buf_put_char(&want, '.');
	CHECK_INT(tar.n % 512, 0);
	for (size_t i = 0; i < N_OF(cuts); i++) {
		struct buf got = { 0 };

		CHECK_INT(tell(buf_slice(&tar), cuts[i], &got), 0);
		CHECK(slice_eq(buf_slice(&got), buf_slice(&want)), "%zu",
		    cuts[i]);
		buf_fini(&got);
	}
	buf_fini(&tar);
	buf_fini(&want);
}

/* A header of one's own making, in place of the one at byte 1024. */
static struct buf with_header(void (*change)(char *h))
{
	struct buf tar = { 0 };
	uint32_t   sum = 0;
	char       text[8], *h;

	tar_put_file(&tar, SLICE("f"), SLICE("body"), NOW);
	h = tar.p + 1024;
	change(h);
	memset(h + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += (uint8_t)h[i];
	snprintf(text, sizeof text, "%06o", sum);
	memcpy(h + 148, text, 7);
	return tar;
}

static void directory(char *h) { h[156] = '5'; }
static void link(char *h) { h[156] = '2'; }
static void old_kind(char *h) { h[156] = '\0'; }
static void prefixed(char *h) { memcpy(h + 345, "a/b", 3); }
static void no_number(char *h) { memcpy(h + 124, "00000000x04", 11); }
static void binary(char *h) { memcpy(h + 124, "\x80\0\0\0\0\0\0\0\0\0\0\4", 12); }
static void too_large(char *h) { memset(h + 124, '\xff', 12); }
static void vast_extra(char *h) { h[156] = 'x'; memcpy(h + 124, "7777777777", 10); }
static void odd_extra(char *h) { h[156] = 'x'; }

TEST(other_forms_and_no_forms)
{
	static const struct {
		const char *why;
		void      (*change)(char *h);
		int         rc;
		const char *told;
	} t[] = {
		{ "a directory", directory, ERR_CORRUPT, "" },
		{ "a link", link, ERR_CORRUPT, "" },
		{ "a file of old", old_kind, 0, "f:body;" },
		{ "a name in two parts", prefixed, 0, "a/b/f:body;" },
		{ "a size that is no number", no_number, ERR_CORRUPT, "" },
		{ "a size in bytes", binary, 0, "f:body;" },
		{ "a size beyond all", too_large, ERR_CORRUPT, "" },
		{ "too much to say of a file", vast_extra, ERR_CORRUPT, "" },
		{ "something said that is no record", odd_extra, ERR_CORRUPT, "" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf tar = with_header(t[i].change), got = { 0 };

		CHECK_INT(tell(buf_slice(&tar), 4096, &got), t[i].rc, "%s",
		    t[i].why);
		CHECK_SLICE(buf_slice(&got), slice_str(t[i].told), "%s",
		    t[i].why);
		buf_fini(&tar);
		buf_fini(&got);
	}
}

TEST(a_flipped_bit_of_a_header_is_noticed)
{
	struct buf tar = { 0 };

	tar_put_file(&tar, SLICE("f"), SLICE("body"), NOW);
	for (size_t bit = 8 * 1024; bit < 8 * (1024 + 148); bit++) {
		struct buf got = { 0 };

		tar.p[bit / 8] ^= (char)(1 << bit % 8);
		CHECK_INT(tell(buf_slice(&tar), 4096, &got), ERR_CORRUPT,
		    "bit %zu", bit);
		tar.p[bit / 8] ^= (char)(1 << bit % 8);
		buf_fini(&got);
	}
	buf_fini(&tar);
}
