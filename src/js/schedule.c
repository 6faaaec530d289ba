/* js/schedule.c - when a message that is to be published later is due. */
#include "js/schedule.h"

#include <time.h>

#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "js/fields.h"

#define NS_PER_S INT64_C(1000000000)

enum { DAY_S = 86400, HORIZON_DAYS = 5 * 366 };

/* ---- reading ---------------------------------------------------------------- */

static struct slice take_word(struct slice *s)
{
	struct slice word;

	while (s->n > 0 && strchr(" \t\n\v\f\r", *s->p) != NULL)
		*s = slice_skip(*s, 1);
	word = slice_of(s->p, 0);
	while (word.n < s->n && strchr(" \t\n\v\f\r", s->p[word.n]) == NULL)
		word.n++;
	*s = slice_skip(*s, word.n);
	return word;
}

/* Of cron's six: what may stand there. */
struct column {
	unsigned           min, max;
	const char *const *names;	/* of min, min + 1, ...; NULL: none */
};

static bool read_value(const struct column *c, struct slice text, unsigned *v)
{
	uint64_t n;

	for (unsigned i = 0; c->names != NULL && c->names[i] != NULL; i++)
		if (slice_eq_nocase(text, slice_str(c->names[i]))) {
			*v = c->min + i;
			return true;
		}
	if (text.n == 0 || *text.p < '0' || *text.p > '9' ||
	    !text_parse_u64(text, &n) || n < c->min || n > c->max)
		return false;
	*v = (unsigned)n;
	return true;
}

/* What is before the sign, if it is there; *s is what is behind it. */
static bool cut(struct slice *s, char sign, struct slice *before)
{
	const char *at = s->n == 0 ? NULL : memchr(s->p, sign, s->n);

	if (at == NULL)
		return false;
	*before = slice_of(s->p, (size_t)(at - s->p));
	*s = slice_skip(*s, before->n + 1);
	return true;
}

static bool read_step(struct slice text, unsigned *step)
{
	uint64_t n;

	if (!text_parse_u64(text, &n) || n == 0 || n > 100)
		return false;
	*step = (unsigned)n;
	return true;
}

/* "*", "5", "1-5", each with "/2" behind it.  *any: a star without steps. */
static bool read_range(const struct column *c, struct slice text,
    uint64_t *bits, bool *any)
{
	struct slice rest = text, head;
	unsigned     first = c->min, last = c->max, step = 1;
	bool         is_star, has_step = cut(&rest, '/', &head);

	if (!has_step)
		head = text;
	else if (!read_step(rest, &step))
		return false;
	is_star = slice_eq(head, SLICE("*")) || slice_eq(head, SLICE("?"));
	if (!is_star) {
		struct slice from;
		bool         has_end = cut(&head, '-', &from);

		if (!has_end)
			from = head;
		if (!read_value(c, from, &first) ||
		    (has_end && !read_value(c, head, &last)) || last < first)
			return false;
		if (!has_end && !has_step)
			last = first;
	}
	if (is_star && step == 1)
		*any = true;
	for (unsigned v = first; v <= last; v += step)
		*bits |= UINT64_C(1) << v;
	return true;
}

static bool read_column(const struct column *c, struct slice text,
    uint64_t *bits, bool *any)
{
	struct slice part;

	*bits = 0;
	*any = false;
	while (cut(&text, ',', &part))
		if (part.n > 0 && !read_range(c, part, bits, any))
			return false;
	return read_range(c, text, bits, any);
}

static bool read_cron(struct slice text, struct cron *ret)
{
	static const char *const months[] = { "jan", "feb", "mar", "apr", "may",
		"jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL };
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu",
		"fri", "sat", NULL };
	static const struct column columns[] = { { 0, 59, NULL },
		{ 0, 59, NULL }, { 0, 23, NULL }, { 1, 31, NULL },
		{ 1, 12, months }, { 0, 6, days } };
	bool      none;
	uint64_t *bits[] = { &ret->seconds, &ret->minutes, &ret->hours,
		&ret->days, &ret->months, &ret->weekdays };
	bool     *any[] = { &none, &none, &none, &ret->any_day, &none,
		&ret->any_weekday };

	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (!read_column(&columns[i], take_word(&text), bits[i],
		    any[i]))
			return false;
	return take_word(&text).n == 0;
}

static struct slice spelled_out(struct slice text)
{
	static const struct {
		const char *name, *cron;
	} rows[] = {
		{ "@yearly", "0 0 0 1 1 *" }, { "@annually", "0 0 0 1 1 *" },
		{ "@monthly", "0 0 0 1 * *" }, { "@weekly", "0 0 0 * * 0" },
		{ "@daily", "0 0 0 * * *" }, { "@midnight", "0 0 0 * * *" },
		{ "@hourly", "0 0 * * * *" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (slice_eq(text, slice_str(rows[i].name)))
			return slice_str(rows[i].cron);
	return text;
}

static unsigned read_plain(struct slice text, bool has_zone,
    struct schedule *ret)
{
	const char *why;

	if (has_zone)
		return SCHEDULE_BAD_PATTERN;
	if (slice_has_prefix(text, SLICE("@at "))) {
		ret->kind = SCHEDULE_AT;
		return js_time_read(slice_skip(text, 4), &ret->ns) ? 0
		    : SCHEDULE_BAD_PATTERN;
	}
	ret->kind = SCHEDULE_EVERY;
	return text_parse_duration(slice_skip(text, 7), &ret->ns, &why) &&
	    ret->ns >= NS_PER_S ? 0 : SCHEDULE_BAD_PATTERN;
}

unsigned schedule_read(struct slice text, bool has_zone, struct slice zone,
    struct schedule *ret)
{
	*ret = (struct schedule){ .kind = SCHEDULE_CRON };
	if (slice_has_prefix(text, SLICE("@at ")) ||
	    slice_has_prefix(text, SLICE("@every ")))
		return read_plain(text, has_zone, ret);
	if (!read_cron(spelled_out(text), &ret->cron))
		return SCHEDULE_BAD_PATTERN;
	if (has_zone && (zone.n == 0 || zone_open(zone, &ret->zone) != 0))
		return SCHEDULE_BAD_ZONE;
	return 0;
}

void schedule_fini(struct schedule *x)
{
	zone_close(x->zone);
	x->zone = NULL;
}

/* ---- cron: the next one ----------------------------------------------------- */

/* The first set bit at or above from; -1: there is none. */
static int next_bit(uint64_t bits, int from)
{
	bits = from > 63 ? 0 : bits & (UINT64_MAX << from);
	return bits == 0 ? -1 : __builtin_ctzll(bits);
}

/* The first matching second of a day at or after second from; -1: none. */
static int next_second(const struct cron *c, int from)
{
	int hour = from / 3600, minute = from / 60 % 60, second = from % 60;

	for (int h = next_bit(c->hours, hour); h >= 0;
	    h = next_bit(c->hours, h + 1)) {
		if (h > hour)
			minute = second = 0;
		for (int m = next_bit(c->minutes, minute); m >= 0;
		    m = next_bit(c->minutes, m + 1)) {
			int s = next_bit(c->seconds, m > minute ? 0 : second);

			if (s >= 0)
				return h * 3600 + m * 60 + s;
		}
		hour = -1;	/* of a later one from its beginning */
	}
	return -1;
}

/* Where one of day and weekday is a star both must match, else either. */
static bool is_day(const struct cron *c, int64_t day)
{
	time_t    t = (time_t)(day * DAY_S);
	struct tm tm;
	bool      of_month, of_week;

	if (gmtime_r(&t, &tm) == NULL ||
	    (c->months >> (tm.tm_mon + 1) & 1) == 0)
		return false;
	of_month = (c->days >> tm.tm_mday & 1) != 0;
	of_week = (c->weekdays >> tm.tm_wday & 1) != 0;
	return c->any_day || c->any_weekday ? of_month && of_week
	    : of_month || of_week;
}

/* Seconds; INT64_MAX: none within five years.  Clocks that are set back show an
 * hour twice: what would not be later is passed over. */
static int64_t next_cron(const struct schedule *x, int64_t after_s)
{
	int64_t offset = x->zone == NULL ? 0 : zone_offset_s(x->zone, after_s);
	int64_t local = after_s + offset + 1;
	int64_t day = local / DAY_S - (local % DAY_S < 0);
	int     from = (int)(local - day * DAY_S);

	for (int n = 0; n < HORIZON_DAYS; n++, day++, from = 0) {
		if (!is_day(&x->cron, day))
			continue;
		for (int s = from; s < DAY_S && (s = next_second(&x->cron, s))
		    >= 0; s++) {
			int64_t at = day * DAY_S + s;

			if (x->zone != NULL)
				at = zone_utc_s(x->zone, at);
			if (at > after_s)
				return at;
		}
	}
	return INT64_MAX;
}

static int64_t seconds_ns(int64_t s)
{
	int64_t ns;

	return __builtin_mul_overflow(s, NS_PER_S, &ns) ? INT64_MAX : ns;
}

int64_t schedule_next(const struct schedule *x, int64_t after_ns)
{
	int64_t next, rounded;

	switch (x->kind) {
	case SCHEDULE_AT:
		return x->ns;
	case SCHEDULE_EVERY:
		rounded = seconds_ns((after_ns + NS_PER_S / 2) / NS_PER_S);
		return __builtin_add_overflow(rounded, x->ns, &next)
		    ? INT64_MAX : next;
	default:
		next = next_cron(x, after_ns / NS_PER_S);
		return next == INT64_MAX ? next : seconds_ns(next);
	}
}
