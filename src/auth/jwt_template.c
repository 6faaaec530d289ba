/* auth/jwt_template.c - scopes: permissions with blanks to be filled in.
 *
 * An entry such as "app.{{tag(team)}}.{{name()}}" becomes one entry for each
 * combination of values.  As nats-server does:
 *   - the same blank twice in an entry has the same value twice;
 *   - a list without any blank is taken as it is, queues and all; one with a
 *     blank has no queues;
 *   - a value may be a wildcard or several tokens: whoever holds the scope's
 *     key chooses names and tags.
 * The output is bounded, in entries and in bytes. */
#include "auth/jwt_int.h"

#include "base/buf.h"
#include "base/err.h"
#include "proto/subject.h"

enum { BLANKS_MAX = 32, EXPANSIONS_MAX = 4096 };

/* "{{..}}" in an entry, and its values. */
struct blank {
	struct slice        source;	/* with its braces */
	const struct slice *values;
	size_t              n;
	size_t              chosen;	/* of the values, now */
};

struct filling {
	const struct jwt *user, *account;
	bool              is_deny, has_tags;
	struct jwt_mem   *mem;
	struct blank      blanks[BLANKS_MAX];
	size_t            n_blanks;
	struct buf        entries;	/* of struct slice */
	size_t            bytes;
	int               err;
};

static bool fail(struct filling *f, int err)
{
	if (f->err == 0)
		f->err = err;
	return false;
}

/* The first "{{..}}" at or behind at; something that is no '}' is in it. */
static bool find_blank(struct slice text, size_t at, struct slice *blank)
{
	for (; at + 4 < text.n; at++) {
		size_t end = at + 2;

		if (text.p[at] != '{' || text.p[at + 1] != '{')
			continue;
		while (end < text.n && text.p[end] != '}')
			end++;
		if (end > at + 2 && end + 1 < text.n &&
		    text.p[end + 1] == '}') {
			*blank = slice_of(text.p + at, end + 2 - at);
			return true;
		}
	}
	return false;
}

static bool use_value(struct filling *f, struct blank *b, struct slice value)
{
	struct slice *v = jwt_mem_take(f->mem, 1, sizeof *v);

	if (v == NULL)
		return fail(f, ERR_NOMEM);
	*v = value;
	b->values = v;
	b->n = 1;
	return true;
}

/* "team:x" of "team".  The tag is compared as it is, its name in lower case. */
static bool tag_value(struct slice tag, struct slice name, struct slice *value)
{
	if (tag.n <= name.n || tag.p[name.n] != ':')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (tag.p[i] != (c >= 'A' && c <= 'Z' ? c + 32 : c))
			return false;
	}
	*value = slice_skip(tag, name.n + 1);
	return true;
}

/* None is no failure yet: an unknown operation behind it would be one. */
static bool use_tags(struct filling *f, struct blank *b,
    const struct jwt_texts *tags, struct slice name)
{
	struct slice *values = jwt_mem_take(f->mem, tags->n, sizeof *values);

	f->has_tags = true;
	if (values == NULL)
		return fail(f, ERR_NOMEM);
	for (size_t i = 0; i < tags->n; i++)
		if (tag_value(tags->items[i], name, &values[b->n]))
			b->n++;
	b->values = values;
	return b->n > 0 || !f->is_deny || fail(f, ERR_DENIED);
}

/* "tag(x)": x.  The word is any case; written otherwise than in lower case it
 * is part of the tag's name, which then no tag has, in nats-server too. */
static bool take_call(struct slice op, struct slice word, struct slice *name)
{
	if (op.n <= word.n || op.p[op.n - 1] != ')' ||
	    !slice_eq_nocase(slice_of(op.p, word.n), word))
		return false;
	*name = slice_of(op.p, op.n - 1);
	if (slice_has_prefix(op, word))
		*name = slice_skip(*name, word.n);
	return true;
}

static bool resolve(struct filling *f, struct blank *b)
{
	struct slice op = jwt_trim(slice_of(b->source.p + 2, b->source.n - 4));
	struct slice name;

	if (slice_eq_nocase(op, SLICE("name()")))
		return use_value(f, b, f->user->name);
	if (slice_eq_nocase(op, SLICE("subject()")))
		return use_value(f, b, nkey_text(&f->user->subject));
	if (slice_eq_nocase(op, SLICE("account-name()")))
		return use_value(f, b, f->account->name);
	if (slice_eq_nocase(op, SLICE("account-subject()")))
		return use_value(f, b,
		    nkey_text(&f->user->user.issuer_account));
	if (take_call(op, SLICE("tag("), &name))
		return use_tags(f, b, &f->user->tags, name);
	if (take_call(op, SLICE("account-tag("), &name))
		return use_tags(f, b, &f->account->tags, name);
	return fail(f, ERR_DENIED);
}

static bool find_blanks(struct filling *f, struct slice entry)
{
	struct slice source;
	size_t       at = 0;

	f->n_blanks = 0;
	f->has_tags = false;
	while (find_blank(entry, at, &source)) {
		struct blank *b = &f->blanks[f->n_blanks];

		if (f->n_blanks == BLANKS_MAX)
			return fail(f, ERR_DENIED);
		*b = (struct blank){ .source = source };
		f->n_blanks++;
		if (!resolve(f, b))
			return false;
		at = (size_t)(source.p - entry.p) + source.n;
	}
	return true;
}

/* How many combinations there are; 0 if a blank has no value. */
static bool count_combinations(struct filling *f, size_t *ret)
{
	size_t n = 1, emitted = f->entries.n / sizeof(struct slice);

	for (size_t i = 0; i < f->n_blanks; i++)
		if (__builtin_mul_overflow(n, f->blanks[i].n, &n) ||
		    n > EXPANSIONS_MAX)
			return fail(f, ERR_LIMIT);
	if (f->has_tags && emitted > EXPANSIONS_MAX - n)
		return fail(f, ERR_LIMIT);
	*ret = n;
	return true;
}

/* Of blanks that are alike the first decides. */
static struct slice value_of(const struct filling *f, size_t i)
{
	size_t first = 0;

	while (!slice_eq(f->blanks[first].source, f->blanks[i].source))
		first++;
	return f->blanks[first].values[f->blanks[first].chosen];
}

static bool emit(struct filling *f, struct slice text)
{
	struct slice copy;

	f->bytes += text.n;
	if (f->bytes > JWT_BYTES_MAX)
		return fail(f, ERR_LIMIT);
	copy = jwt_mem_text(f->mem, text);
	buf_put(&f->entries, &copy, sizeof copy);
	return (copy.p != NULL && !buf_failed(&f->entries)) ||
	    fail(f, ERR_NOMEM);
}

static bool emit_chosen(struct filling *f, struct slice entry, struct buf *text)
{
	const char *from = entry.p;

	buf_reset(text);
	for (size_t i = 0; i < f->n_blanks; i++) {
		const struct slice *s = &f->blanks[i].source;

		buf_put(text, from, (size_t)(s->p - from));
		buf_put_slice(text, value_of(f, i));
		from = s->p + s->n;
	}
	buf_put(text, from, (size_t)(entry.p + entry.n - from));
	if (buf_failed(text))
		return fail(f, ERR_NOMEM);
	if (subject_is_valid(buf_slice(text)))
		return emit(f, buf_slice(text));
	return !f->is_deny || fail(f, ERR_DENIED);
}

/* The last blank counts fastest. */
static void choose_next(struct filling *f)
{
	for (size_t i = f->n_blanks; i > 0; i--) {
		struct blank *b = &f->blanks[i - 1];

		if (++b->chosen < b->n)
			return;
		b->chosen = 0;
	}
}

static bool fill_entry(struct filling *f, struct slice entry)
{
	struct buf text = { 0 };
	size_t     n;
	bool       ok;

	ok = find_blanks(f, entry) && count_combinations(f, &n);
	for (size_t i = 0; ok && i < n; i++) {
		ok = emit_chosen(f, entry, &text);
		choose_next(f);
	}
	buf_fini(&text);
	return ok;
}

static bool has_blanks(const struct jwt_texts *list)
{
	struct slice blank;

	for (size_t i = 0; i < list->n; i++)
		if (find_blank(list->items[i], 0, &blank))
			return true;
	return false;
}

int jwt_fill_in(const struct jwt_texts *list, const struct jwt *user,
    const struct jwt *account, bool is_deny, struct jwt_mem *mem,
    struct jwt_texts *into)
{
	struct filling f = { .user = user, .account = account,
		.is_deny = is_deny, .mem = mem };
	struct slice  *items;

	*into = *list;
	if (!has_blanks(list))
		return 0;
	for (size_t i = 0; i < list->n && f.err == 0; i++)
		fill_entry(&f, list->items[i]);
	into->n = f.entries.n / sizeof *items;
	items = jwt_mem_take(mem, into->n, sizeof *items);
	if (items == NULL)
		fail(&f, ERR_NOMEM);
	else if (into->n > 0)
		memcpy(items, f.entries.p, into->n * sizeof *items);
	into->items = items;
	buf_fini(&f.entries);
	return f.err;
}
