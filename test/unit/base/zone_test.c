/* zone_test.c - libc is the oracle, wherever the system has zone files; files
 * made here show what those of one distribution do not. */
#include "base/zone.h"

#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "check.h"

/* ---- against libc ------------------------------------------------------------ */

static long libc_offset(const char *name, time_t at)
{
	struct tm tm;

	setenv("TZ", name, 1);
	tzset();
	localtime_r(&at, &tm);
	return tm.tm_gmtoff;
}

static const char *const names[] = {
	"Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata",
	"Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin",
	"America/Sao_Paulo", "Asia/Tehran", "Pacific/Chatham", "Etc/GMT+5", "US/Pacific",
	"America/Nuuk", "Asia/Gaza", "Antarctica/Troll",
};

TEST(offsets_are_libcs)
{
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0) {
		print_message("skipped: no zone files on this system\n");
		skip();
	}
	for (size_t i = 0; i < N_OF(names); i++) {
		struct zone *z;

		CHECK_INT(zone_open(slice_str(names[i]), &z), 0, "%s", names[i]);
		/* 1970 to 2100; files end in 2037 at the latest */
		for (int64_t t = 0; t < INT64_C(4102444800); t += 86400 * 3 + 3607)
			CHECK_INT(zone_offset_s(z, t), libc_offset(names[i], t),
			    "%s at %lld", names[i], (long long)t);
		zone_close(z);
	}
	unsetenv("TZ");
	tzset();
}

TEST(clocks_are_undone)
{
	struct zone *z;

	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
		skip();
	CHECK_INT(zone_open(SLICE("Europe/Berlin"), &z), 0);
	/* 2026-07-01 12:00 in Berlin is 10:00 UTC; 2026-12-01 is 11:00 */
	CHECK_INT(zone_utc_s(z, 1782907200), 1782907200 - 7200);
	CHECK_INT(zone_utc_s(z, 1796126400), 1796126400 - 3600);
	for (int64_t t = 0; t < INT64_C(4102444800); t += 86400 + 61) {
		int64_t local = t + zone_offset_s(z, t);
		int64_t back = zone_utc_s(z, local);

		CHECK_INT(back + zone_offset_s(z, back), local);
	}
	zone_close(z);
}

TEST(names_that_are_none_open_nothing)
{
	static const char *const bad[] = { "/etc/passwd", "../../../etc/passwd", "Europe",
		"Europe/../Europe/Berlin", "europe/nowhere", "zone.tab", "a b", "Europe/Berlin\n",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct zone *z = NULL;

	for (size_t i = 0; i < N_OF(bad); i++)
		CHECK_INT(zone_open(slice_str(bad[i]), &z), ERR_NOTFOUND, "%s", bad[i]);
	CHECK_INT(zone_open(slice_of("UTC\0/", 5), &z), ERR_NOTFOUND);
	CHECK(z == NULL);
	zone_close(NULL);
}

TEST(utc_and_ours_need_no_file)
{
	struct zone *z;

	CHECK_INT(zone_open(SLICE("UTC"), &z), 0);
	CHECK_INT(zone_offset_s(z, 1795219679), 0);
	CHECK_INT(zone_utc_s(z, 1795219679), 1795219679);
	zone_close(z);
	CHECK_INT(zone_open(SLICE("Local"), &z), 0);
	CHECK_INT(zone_offset_s(z, 1795219679), libc_offset("UTC", 0));
	zone_close(z);
}

/* ---- files of our own ----------------------------------------------------------- */

static void put_be(struct buf *b, int64_t v, int n)
{
	while (n-- > 0)
		buf_put_char(b, (char)((uint64_t)v >> 8 * n));
}

static void put_header(struct buf *b, char version, int n_times, int n_types)
{
	buf_put_str(b, "TZif");
	buf_put_char(b, version);
	put_be(b, 0, 8);
	put_be(b, 0, 7);
	put_be(b, 0, 4);
	put_be(b, 0, 4);
	put_be(b, 0, 4);
	put_be(b, n_times, 4);
	put_be(b, n_types, 4);
	put_be(b, 4, 4);
}

static void put_type(struct buf *b, int64_t offset)
{
	put_be(b, offset, 4);
	put_be(b, 0, 2);
}

/* One transition, at 1000, from offset 60 to -120; then the rule. */
static void put_file(struct buf *b, const char *rule)
{
	put_header(b, '2', 0, 1);
	put_type(b, 0);
	buf_put(b, "UTC", 4);
	put_header(b, '2', 1, 2);
	put_be(b, 1000, 8);
	buf_put_char(b, 1);
	put_type(b, 60);
	put_type(b, -120);
	buf_put(b, "UTC", 4);
	buf_printf(b, "\n%s\n", rule);
}

static struct zone *zone_with(const char *rule, int want)
{
	struct buf   b = { 0 };
	struct zone *z = NULL;

	put_file(&b, rule);
	CHECK_INT(zone_parse(buf_slice(&b), &z), want, "%s", rule);
	buf_fini(&b);
	return z;
}

TEST(transitions_hold_until_the_rule)
{
	struct zone *z = zone_with("", 0);

	CHECK_INT(zone_offset_s(z, INT64_MIN), 60);
	CHECK_INT(zone_offset_s(z, 999), 60);
	CHECK_INT(zone_offset_s(z, 1000), -120);
	CHECK_INT(zone_offset_s(z, INT64_MAX), -120);
	zone_close(z);
	z = zone_with("XXX-2", 0);
	CHECK_INT(zone_offset_s(z, 999), 60);
	CHECK_INT(zone_offset_s(z, 1000), 7200);
	zone_close(z);
}

TEST(files_of_version_1_are_read)
{
	struct buf   b = { 0 };
	struct zone *z;

	put_header(&b, '\0', 1, 2);
	put_be(&b, -1000, 4);
	buf_put_char(&b, 1);
	put_type(&b, 3600);
	put_type(&b, 7200);
	buf_put(&b, "UTC", 4);
	CHECK_INT(zone_parse(buf_slice(&b), &z), 0);
	CHECK_INT(zone_offset_s(z, -1001), 3600);
	CHECK_INT(zone_offset_s(z, -1000), 7200);
	zone_close(z);
	for (size_t n = 0; n < b.n; n++)
		CHECK_INT(zone_parse(slice_of(b.p, n), &z), ERR_SYNTAX, "%zu", n);
	buf_fini(&b);
}

/* libc takes such rules in TZ itself. */
TEST(rules_are_libcs)
{
	static const char *const rules[] = {
		"CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0",
		"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "IST-1GMT0,M10.5.0,M3.5.0/1",
		"NZST-12NZDT,M9.5.0,M4.1.0/3", "AAA3BBB,J60,J300", "AAA3BBB,59/1,300/23:30:15",
		"<+0330>-3:30", "LHST-10:30LHDT-11,M10.1.0,M4.1.0", "EET-2EEST,M3.4.4/50,M10.4.4/50",
	};

	for (size_t i = 0; i < N_OF(rules); i++) {
		struct zone *z = zone_with(rules[i], 0);

		for (int64_t t = 86400 * 30; t < INT64_C(2000000000); t += 5077)
			if (zone_offset_s(z, t) != libc_offset(rules[i], t))
				CHECK_INT(zone_offset_s(z, t), libc_offset(rules[i], t),
				    "%s at %lld", rules[i], (long long)t);
		zone_close(z);
	}
	unsetenv("TZ");
	tzset();
}

TEST(damaged_rules_and_files_are_refused)
{
	static const char *const bad[] = { "1", "CET", "CET-", "CET-1CEST", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,J0,J1", "CET-1CEST,366,1", "<CET-1", "CET-999", "CET-1:60",
		"CET-1CEST,M3.5.0,M10.5.0x", "CET99999999999999999999" };
	struct buf   b = { 0 };
	struct zone *z = NULL;

	for (size_t i = 0; i < N_OF(bad); i++)
		zone_with(bad[i], ERR_SYNTAX);
	put_file(&b, "CET-1CEST,M3.5.0,M10.5.0");
	for (size_t n = 0; n < b.n; n++)
		CHECK_INT(zone_parse(slice_of(b.p, n), &z), ERR_SYNTAX, "%zu", n);
	/* counts of the first header that lie */
	for (size_t at = 20; at < 44; at++) {
		char was = b.p[at];

		b.p[at] = (char)0x7f;
		CHECK_INT(zone_parse(buf_slice(&b), &z), ERR_SYNTAX, "%zu", at);
		b.p[at] = was;
	}
	CHECK_INT(zone_parse(buf_slice(&b), &z), 0);
	zone_close(z);
	buf_fini(&b);
}
