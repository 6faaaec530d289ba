/* js/pull_request.c - what is asked of a consumer.
 *
 * Clients ask in one of few ways: an object of numbers and booleans.  That is
 * read in place; whatever is not that plain goes to the reader of all JSON.
 */
#include "js/pull_request.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#define R(member) offsetof(struct pull_request, member)
static const struct {
	struct slice name;
	size_t       at;
} numbers[] = {
	{ { "batch", 5 }, R(batch) },
	{ { "expires", 7 }, R(expires_ns) },
	{ { "max_bytes", 9 }, R(max_bytes) },
	{ { "idle_heartbeat", 14 }, R(heartbeat_ns) },
	{ { "min_pending", 11 }, R(min_pending) },
	{ { "min_ack_pending", 15 }, R(min_ack_pending) },
	{ { "priority", 8 }, R(priority) },
};
#undef R

enum { N_NUMBERS = sizeof numbers / sizeof numbers[0] };

static int64_t *number_of(struct pull_request *r, size_t i)
{
	return (int64_t *)(void *)((char *)r + numbers[i].at);
}

/* ---- in place -------------------------------------------------------------- */

static struct slice skip_blanks(struct slice s)
{
	while (s.n > 0 && strchr(" \t\r\n", *s.p) != NULL && *s.p != '\0')
		s = slice_skip(s, 1);
	return s;
}

static bool take(struct slice *s, char c)
{
	*s = skip_blanks(*s);
	if (s->n == 0 || *s->p != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static bool take_name(struct slice *s, struct slice *name)
{
	const char *end;

	if (!take(s, '"'))
		return false;
	end = memchr(s->p, '"', s->n);
	if (end == NULL)
		return false;
	*name = slice_of(s->p, (size_t)(end - s->p));
	*s = slice_skip(*s, name->n + 1);
	return take(s, ':');
}

static struct slice take_word(struct slice *s)
{
	struct slice word;
	size_t       n = 0;

	*s = skip_blanks(*s);
	while (n < s->n && strchr(",} \t\r\n", s->p[n]) == NULL)
		n++;
	word = slice_of(s->p, n);
	*s = slice_skip(*s, n);
	return word;
}

/* JSON knows no "+5" and no "05": those are for the other reader to refuse. */
static bool parse_plain(struct slice word, int64_t *ret)
{
	struct slice digits = word;

	if (digits.n > 0 && *digits.p == '-')
		digits = slice_skip(digits, 1);
	if (digits.n == 0 || *digits.p < '0' || *digits.p > '9' ||
	    (*digits.p == '0' && digits.n > 1))
		return false;
	return text_parse_i64(word, ret);
}

static bool set_plain(struct pull_request *r, struct slice name,
    struct slice word)
{
	if (slice_eq(name, SLICE("no_wait"))) {
		r->no_wait = slice_eq(word, SLICE("true"));
		return r->no_wait || slice_eq(word, SLICE("false"));
	}
	for (size_t i = 0; i < N_NUMBERS; i++)
		if (slice_eq(name, numbers[i].name))
			return parse_plain(word, number_of(r, i));
	return false;
}

static bool read_plain(struct slice s, struct pull_request *r)
{
	struct slice name;

	if (!take(&s, '{'))
		return false;
	if (take(&s, '}'))
		return skip_blanks(s).n == 0;
	do {
		if (!take_name(&s, &name) || !set_plain(r, name, take_word(&s)))
			return false;
	} while (take(&s, ','));
	return take(&s, '}') && skip_blanks(s).n == 0;
}

/* ---- the rest --------------------------------------------------------------- */

static bool read_json(struct slice s, struct pull_request *r, struct buf *why)
{
	const char *text;

	*r = (struct pull_request){ .doc = json_parse(s, &text) };
	if (r->doc == NULL) {
		buf_put_str(why, text);
		return false;
	}
	for (size_t i = 0; i < N_NUMBERS; i++) {
		const struct json *j = json_get(r->doc, numbers[i].name.p);

		if (j != NULL && !json_as_i64(j, number_of(r, i))) {
			buf_printf(why, "json: cannot unmarshal into Go struct "
			    "field JSApiConsumerGetNextRequest.%s of type int64",
			    numbers[i].name.p);
			return false;
		}
	}
	json_as_bool(json_get(r->doc, "no_wait"), &r->no_wait);
	json_as_str(json_get(r->doc, "group"), &r->group);
	json_as_str(json_get(r->doc, "id"), &r->id);
	return true;
}

bool pull_request_read(struct slice s, struct pull_request *ret,
    struct buf *why)
{
	bool ok = true;

	s = skip_blanks(s);
	if (s.n > 0 && *s.p == '{')
		ok = read_plain(s, ret) || read_json(s, ret, why);
	else if (!text_parse_i64(s, &ret->batch))
		ret->batch = 1;
	if (ret->batch <= 0)
		ret->batch = 1;
	return ok;
}

void pull_request_fini(struct pull_request *r)
{
	json_free(r->doc);
	r->doc = NULL;
}
