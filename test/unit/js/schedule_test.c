/* schedule_test.c - when each kind of schedule is due, and what is none. */
#include "js/schedule.h"

#include "base/buf.h"
#include "base/text.h"
#include "check.h"
#include "js/fields.h"

static int64_t at(const char *text)
{
	int64_t ns = 0;

	CHECK(js_time_read(slice_str(text), &ns), "%s", text);
	return ns;
}

/* The time after `after` at which it is due, as text. */
static const char *next(const char *pattern, const char *zone,
    const char *after)
{
	static struct buf out;
	struct schedule   x;
	int64_t           ns;
	unsigned          code = schedule_read(slice_str(pattern),
	    zone != NULL, slice_str(zone), &x);

	buf_reset(&out);
	if (code != 0) {
		buf_printf(&out, "%u", code);
	} else {
		ns = schedule_next(&x, at(after));
		if (ns == INT64_MAX)
			buf_put_str(&out, "never");
		else
			text_put_time(&out, ns);
		schedule_fini(&x);
	}
	buf_put_char(&out, '\0');
	return out.p;
}

TEST(each_pattern_is_due_when_it_should_be)
{
	static const struct { const char *pattern, *zone, *after, *due; } t[] = {
		{ "@at 2026-12-24T18:00:00Z", NULL, "2026-01-01T00:00:00Z",
		  "2026-12-24T18:00:00Z" },
		{ "@at 2026-12-24T18:00:00+01:00", NULL, "2027-01-01T00:00:00Z",
		  "2026-12-24T17:00:00Z" },
		{ "@every 90s", NULL, "2026-01-01T00:00:00.4Z",
		  "2026-01-01T00:01:30Z" },
		{ "@every 90s", NULL, "2026-01-01T00:00:00.6Z",
		  "2026-01-01T00:01:31Z" },
		{ "* * * * * *", NULL, "2026-01-01T00:00:00.5Z",
		  "2026-01-01T00:00:01Z" },
		{ "0 30 8 * * mon-fri", NULL, "2026-12-04T08:30:00Z",
		  "2026-12-07T08:30:00Z" },
		{ "0 30 8 * * MON-FRI", NULL, "2026-12-04T08:29:59Z",
		  "2026-12-04T08:30:00Z" },
		{ "59 59 23 31 12 ?", NULL, "2026-12-31T23:59:59Z",
		  "2027-12-31T23:59:59Z" },
		{ "0 0 0 29 feb *", NULL, "2026-01-01T00:00:00Z",
		  "2028-02-29T00:00:00Z" },
		{ "0 0 0 30 2 *", NULL, "2026-01-01T00:00:00Z", "never" },
		{ "0 0 0 13 * fri", NULL, "2026-12-12T00:00:00Z",
		  "2026-12-13T00:00:00Z" },
		{ "0 0 0 13 * fri", NULL, "2026-12-13T00:00:00Z",
		  "2026-12-18T00:00:00Z" },
		{ "*/20 5/10 1-5/2 * * *", NULL, "2026-01-01T01:05:40Z",
		  "2026-01-01T01:15:00Z" },
		{ "*/20 5/10 1-5/2 * * *", NULL, "2026-01-01T05:55:40Z",
		  "2026-01-02T01:05:00Z" },
		{ "0 0 12,18 1,15 jan,jul *", NULL, "2026-01-15T18:00:00Z",
		  "2026-07-01T12:00:00Z" },
		{ "@hourly", NULL, "2026-01-01T00:00:00Z",
		  "2026-01-01T01:00:00Z" },
		{ "@daily", NULL, "2026-01-01T00:00:00Z",
		  "2026-01-02T00:00:00Z" },
		{ "@weekly", NULL, "2026-12-01T00:00:00Z",
		  "2026-12-06T00:00:00Z" },
		{ "@monthly", NULL, "2026-12-01T00:00:00Z",
		  "2027-01-01T00:00:00Z" },
		{ "@yearly", NULL, "2026-12-01T00:00:00Z",
		  "2027-01-01T00:00:00Z" },
		{ "0 0 8 * * *", "UTC", "2026-07-01T00:00:00Z",
		  "2026-07-01T08:00:00Z" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(next(t[i].pattern, t[i].zone, t[i].after), t[i].due,
		    "%s after %s", t[i].pattern, t[i].after);
}

TEST(what_is_no_schedule_is_refused)
{
	static const struct { const char *pattern, *zone, *code; } t[] = {
		{ "", NULL, "10189" }, { "@at yesterday", NULL, "10189" },
		{ "@every 999ms", NULL, "10189" },
		{ "@every soon", NULL, "10189" }, { "@never", NULL, "10189" },
		{ "* * * * *", NULL, "10189" },
		{ "* * * * * * *", NULL, "10189" },
		{ "60 * * * * *", NULL, "10189" },
		{ "* * 24 * * *", NULL, "10189" },
		{ "* * * 0 * *", NULL, "10189" },
		{ "* * * * 13 *", NULL, "10189" },
		{ "* * * * * 7", NULL, "10189" },
		{ "5-3 * * * * *", NULL, "10189" },
		{ "*/0 * * * * *", NULL, "10189" },
		{ "-1 * * * * *", NULL, "10189" },
		{ "1- * * * * *", NULL, "10189" },
		{ "* * * * foo *", NULL, "10189" },
		{ "* * * * * *", "", "10223" },
		{ "* * * * * *", "Nowhere/Land", "10223" },
		{ "* * * * * *", "../../etc/passwd", "10223" },
		{ "@every 5s", "UTC", "10189" },
		{ "@at 2026-12-24T18:00:00Z", "UTC", "10189" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(next(t[i].pattern, t[i].zone, "2026-01-01T00:00:00Z"),
		    t[i].code, "%s", t[i].pattern);
}

