/* base/zone.c - a zone file: transitions, then a rule for all years after.
 *
 * A file is: header, data with times of 32 bits; and from version 2 on a second
 * header, the same with 64 bits, and a line with the rule, as in POSIX's TZ:
 * "CET-1CEST,M3.5.0,M10.5.0/3".  Only the wider data is used where there is
 * any.  All counts are checked against the file's length before use. */
#include "base/zone.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

enum {
	FILE_BYTES_MAX = 256 << 10, NAME_MAX_CHARS = 64, HEADER_BYTES = 44,
	TYPE_BYTES = 6, DAY_S = 86400, HOUR_S = 3600
};

enum day_form { DAY_JULIAN, DAY_OF_YEAR, DAY_OF_MONTH };

/* When in a year the clock is changed. */
struct change {
	enum day_form form;
	int64_t       day;		/* of the year; or 0 is Sunday */
	int64_t       week, month;
	int64_t       time_s;		/* of that day, by the clock until then */
};

struct rule {
	bool          is_set, has_summer;
	int64_t       offset_s, summer_offset_s;
	struct change to_summer, from_summer;
};

struct zone {
	bool           is_local;	/* libc knows */
	size_t         n_times, n_types, width;
	const uint8_t *times, *indexes, *types;
	struct rule    rule;
	uint8_t        bytes[];
};

/* ---- the rule ------------------------------------------------------------------ */

static bool take_char(struct slice *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_number(struct slice *s, int64_t max, int64_t *ret)
{
	int64_t v = 0;

	if (s->n == 0 || !is_digit(s->p[0]))
		return false;
	for (; s->n > 0 && is_digit(s->p[0]); *s = slice_skip(*s, 1)) {
		v = v * 10 + (s->p[0] - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

/* "<+0330>" or letters. */
static bool take_name(struct slice *s)
{
	size_t n = 0;

	if (take_char(s, '<')) {
		while (n < s->n && s->p[n] != '>')
			n++;
		if (n == s->n)
			return false;
		*s = slice_skip(*s, n + 1);
		return true;
	}
	while (n < s->n && ((s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z'))
		n++;
	*s = slice_skip(*s, n);
	return n > 0;
}

/* "[+-]h[:m[:s]]" */
static bool take_time(struct slice *s, int64_t *ret)
{
	int64_t sign = take_char(s, '-') ? -1 : 1, h, m = 0, sec = 0;

	if (sign > 0)
		take_char(s, '+');
	if (!take_number(s, 167, &h))
		return false;
	if (take_char(s, ':')) {
		if (!take_number(s, 59, &m))
			return false;
		if (take_char(s, ':') && !take_number(s, 59, &sec))
			return false;
	}
	*ret = sign * (h * HOUR_S + m * 60 + sec);
	return true;
}

static bool take_month_day(struct slice *s, struct change *c)
{
	c->form = DAY_OF_MONTH;
	return take_number(s, 12, &c->month) && c->month >= 1 &&
	    take_char(s, '.') && take_number(s, 5, &c->week) &&
	    c->week >= 1 && take_char(s, '.') && take_number(s, 6, &c->day);
}

static bool take_change(struct slice *s, struct change *c)
{
	bool ok;

	c->time_s = 2 * HOUR_S;
	if (take_char(s, 'M')) {
		ok = take_month_day(s, c);
	} else if (take_char(s, 'J')) {
		c->form = DAY_JULIAN;
		ok = take_number(s, 365, &c->day) && c->day >= 1;
	} else {
		c->form = DAY_OF_YEAR;
		ok = take_number(s, 365, &c->day);
	}
	return ok && (!take_char(s, '/') || take_time(s, &c->time_s));
}

/* Its offsets count westwards. */
static bool parse_rule(struct slice s, struct rule *r)
{
	int64_t west;

	if (!take_name(&s) || !take_time(&s, &west))
		return false;
	r->is_set = true;
	r->offset_s = -west;
	if (s.n == 0)
		return true;
	r->has_summer = true;
	r->summer_offset_s = r->offset_s + HOUR_S;
	if (!take_name(&s))
		return false;
	if (s.n > 0 && s.p[0] != ',') {
		if (!take_time(&s, &west))
			return false;
		r->summer_offset_s = -west;
	}
	return take_char(&s, ',') && take_change(&s, &r->to_summer) &&
	    take_char(&s, ',') && take_change(&s, &r->from_summer) &&
	    s.n == 0;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Seconds from the start of a year to the change, by the clock until then. */
static int64_t change_s(const struct change *c, int64_t year, int64_t weekday)
{
	static const int16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212,
		243, 273, 304, 334, 365 };
	int64_t leap = is_leap(year), first, last, day;

	if (c->form == DAY_OF_YEAR)
		return c->day * DAY_S + c->time_s;
	if (c->form == DAY_JULIAN)	/* never counts 29 February */
		return (c->day - 1 + (leap && c->day >= 60)) * DAY_S +
		    c->time_s;
	first = before[c->month - 1] + (c->month > 2 ? leap : 0);
	last = before[c->month] + (c->month > 1 ? leap : 0);
	day = first + (c->day - (weekday + first) % 7 + 7) % 7 +
	    (c->week - 1) * 7;
	if (day >= last)		/* the fifth is the last */
		day -= 7;
	return day * DAY_S + c->time_s;
}

static int64_t rule_offset_s(const struct rule *r, int64_t utc_s)
{
	struct tm tm = { 0 };
	int64_t   start, begin, end, year;
	time_t    at;
	bool      is_summer;

	if (!r->has_summer || __builtin_add_overflow(utc_s, r->offset_s, &at) ||
	    gmtime_r(&at, &tm) == NULL)
		return r->offset_s;
	year = (int64_t)tm.tm_year + 1900;
	tm = (struct tm){ .tm_year = tm.tm_year, .tm_mday = 1 };
	start = timegm(&tm);		/* and sets tm_wday */
	begin = start + change_s(&r->to_summer, year, tm.tm_wday) -
	    r->offset_s;
	end = start + change_s(&r->from_summer, year, tm.tm_wday) -
	    r->summer_offset_s;
	is_summer = begin < end ? utc_s >= begin && utc_s < end :
	    utc_s >= begin || utc_s < end;
	return is_summer ? r->summer_offset_s : r->offset_s;
}

/* ---- the file -------------------------------------------------------------------- */

static int64_t load_be(const uint8_t *p, size_t n)
{
	uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

enum { N_UTC, N_STD, N_LEAP, N_TIMES, N_TYPES, N_CHARS, N_COUNTS };

struct header {
	char    version;
	int64_t n[N_COUNTS];
	size_t  data_bytes;
};

/* False: no header, or more data than there is. */
static bool read_header(const uint8_t *p, size_t n, size_t width,
    struct header *h)
{
	if (n < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return false;
	h->version = (char)p[4];
	for (int i = 0; i < N_COUNTS; i++) {
		h->n[i] = load_be(p + 20 + 4 * i, 4);
		if (h->n[i] < 0 || h->n[i] > FILE_BYTES_MAX)
			return false;
	}
	h->data_bytes = (size_t)h->n[N_TIMES] * (width + 1) +
	    (size_t)h->n[N_TYPES] * TYPE_BYTES + (size_t)h->n[N_CHARS] +
	    (size_t)h->n[N_LEAP] * (width + 4) + (size_t)h->n[N_STD] +
	    (size_t)h->n[N_UTC];
	return h->data_bytes <= n - HEADER_BYTES;
}

static bool use_data(struct zone *z, const uint8_t *data,
    const struct header *h, size_t width)
{
	z->width = width;
	z->n_times = (size_t)h->n[N_TIMES];
	z->n_types = (size_t)h->n[N_TYPES];
	z->times = data;
	z->indexes = data + z->n_times * width;
	z->types = z->indexes + z->n_times;
	for (size_t i = 0; i < z->n_times; i++)
		if (z->indexes[i] >= z->n_types)
			return false;
	return z->n_types > 0;
}

/* "\n" rule "\n" */
static bool read_footer(struct zone *z, const uint8_t *p, size_t n)
{
	const char *end;

	if (n < 2 || p[0] != '\n')
		return false;
	end = memchr(p + 1, '\n', n - 1);
	if (end == NULL)
		return false;
	n = (size_t)(end - (const char *)p) - 1;
	return n == 0 || parse_rule(slice_of((const char *)p + 1, n), &z->rule);
}

static bool read_file_bytes(struct zone *z, size_t n)
{
	const uint8_t *p = z->bytes;
	struct header  h;
	size_t         skip;

	if (!read_header(p, n, 4, &h))
		return false;
	if (h.version == '\0')
		return use_data(z, p + HEADER_BYTES, &h, 4);
	skip = HEADER_BYTES + h.data_bytes;
	p += skip;
	n -= skip;
	if (!read_header(p, n, 8, &h))
		return false;
	skip = HEADER_BYTES + h.data_bytes;
	return use_data(z, p + HEADER_BYTES, &h, 8) &&
	    read_footer(z, p + skip, n - skip);
}

int zone_parse(struct slice file, struct zone **ret)
{
	struct zone *z;

	if (file.n > FILE_BYTES_MAX)
		return ERR_SYNTAX;
	z = calloc(1, sizeof *z + file.n);
	if (z == NULL)
		return ERR_NOMEM;
	if (file.n > 0)
		memcpy(z->bytes, file.p, file.n);
	if (!read_file_bytes(z, file.n)) {
		zone_close(z);
		return ERR_SYNTAX;
	}
	*ret = z;
	return 0;
}

static bool is_name(struct slice name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_+-/";

	/* no dots at all, so none that climb */
	if (name.n == 0 || name.n > NAME_MAX_CHARS || name.p[0] == '/')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (memchr(allowed, name.p[i], sizeof allowed - 1) == NULL)
			return false;
	return true;
}

static int read_zone(int fd, struct zone **ret)
{
	struct stat st;
	char       *bytes;
	ssize_t     n;
	int         err = ERR_IO;

	if (fstat(fd, &st) != 0)
		return ERR_IO;
	if (!S_ISREG(st.st_mode))
		return ERR_NOTFOUND;
	bytes = malloc(FILE_BYTES_MAX);
	if (bytes == NULL)
		return ERR_NOMEM;
	n = read(fd, bytes, FILE_BYTES_MAX);	/* a disk file comes whole */
	if (n >= 0)
		err = zone_parse(slice_of(bytes, (size_t)n), ret);
	free(bytes);
	return err;
}

static int open_in(const char *folder, struct slice name, struct zone **ret)
{
	char path[128];
	int  fd, err;

	snprintf(path, sizeof path, "%s/%.*s", folder, SLICE_ARG(name));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ERR_NOTFOUND;
	err = read_zone(fd, ret);
	close(fd);
	return err;
}

static int open_special(bool is_local, struct zone **ret)
{
	struct zone *z = calloc(1, sizeof *z);

	if (z == NULL)
		return ERR_NOMEM;
	z->is_local = is_local;
	z->rule.is_set = true;		/* of offset 0 */
	*ret = z;
	return 0;
}

int zone_open(struct slice name, struct zone **ret)
{
	static const char *const folders[] = {
		"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
		"/usr/share/lib/zoneinfo", "/etc/zoneinfo",
	};
	int err = ERR_NOTFOUND;

	if (name.n == 0 || slice_eq(name, SLICE("Local")))
		return open_special(true, ret);
	if (slice_eq(name, SLICE("UTC")))
		return open_special(false, ret);
	if (!is_name(name))
		return ERR_NOTFOUND;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0] &&
	    err == ERR_NOTFOUND; i++)
		err = open_in(folders[i], name, ret);
	return err;
}

void zone_close(struct zone *z)
{
	free(z);
}

/* ---- asking ------------------------------------------------------------------------ */

static int64_t local_offset_s(int64_t utc_s)
{
	time_t    at = (time_t)utc_s;
	struct tm tm;

	return localtime_r(&at, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

static int64_t time_at(const struct zone *z, size_t i)
{
	return load_be(z->times + i * z->width, z->width);
}

static int64_t type_offset_s(const struct zone *z, size_t type)
{
	return load_be(z->types + type * TYPE_BYTES, 4);
}

/* How many transitions are at or before that moment. */
static size_t count_until(const struct zone *z, int64_t utc_s)
{
	size_t low = 0, high = z->n_times;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (time_at(z, at) <= utc_s)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

int64_t zone_offset_s(const struct zone *z, int64_t utc_s)
{
	size_t n;

	if (z->is_local)
		return local_offset_s(utc_s);
	n = count_until(z, utc_s);
	if (n == z->n_times && z->rule.is_set)
		return rule_offset_s(&z->rule, utc_s);
	return type_offset_s(z, n == 0 ? 0 : z->indexes[n - 1]);
}

int64_t zone_utc_s(const struct zone *z, int64_t local_s)
{
	int64_t guess = zone_offset_s(z, local_s);

	return local_s - zone_offset_s(z, local_s - guess);
}
