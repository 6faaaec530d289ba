/* core/transform.c - compile a destination, then apply it.
 *
 * Each token of the destination becomes one op that refers to tokens of the
 * source by position.  Applying finds these in the subject anew for each op:
 * subjects are a few tokens, and nothing has to be kept aside.
 */
#include "core/transform.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/random.h"
#include "base/text.h"
#include "proto/subject.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

struct transform_op {
	void       (*put)(const struct transform_op *, struct slice subject,
	    struct buf *out);	/* NULL: text, as it is */
	struct slice text;	/* the token; of split: the delimiter */
	int64_t      number;	/* size, position, buckets */
	uint32_t    *at;	/* tokens of the source, from 0 */
	size_t       n_at;
};

/* ---- functions -------------------------------------------------------- */

/* The token at that position; empty when there is none. */
static struct slice token_at(struct slice subject, size_t position)
{
	struct slice token = SLICE_NONE;

	for (size_t i = 0; i <= position; i++)
		if (!subject_take_token(&subject, &token))
			return SLICE_NONE;
	return token;
}

static struct slice argument(const struct transform_op *op,
    struct slice subject)
{
	return token_at(subject, op->at[0]);
}

static void put_wildcard(const struct transform_op *op, struct slice subject,
    struct buf *out)
{
	buf_put_slice(out, argument(op, subject));
}

/* FNV-1a, 32 bits: partitions must agree with every other server's. */
static uint32_t hash_more(uint32_t h, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * UINT32_C(16777619);
	return h;
}

static void put_partition(const struct transform_op *op, struct slice subject,
    struct buf *out)
{
	uint32_t h = UINT32_C(2166136261), buckets = (uint32_t)op->number;

	if (op->n_at == 0)
		h = hash_more(h, subject);
	for (size_t i = 0; i < op->n_at; i++)
		h = hash_more(h, token_at(subject, op->at[i]));
	buf_put_u64(out, buckets == 0 ? 0 : h % buckets);
}

static void put_random(const struct transform_op *op, struct slice subject,
    struct buf *out)
{
	(void)subject;
	buf_put_u64(out, op->number <= 0 ? 0 :
	    random_below((uint32_t)op->number));
}

static void put_two(struct slice token, size_t at, struct buf *out)
{
	buf_put(out, token.p, at);
	buf_put_char(out, '.');
	buf_put_slice(out, slice_skip(token, at));
}

/* Does the number lie inside the token?  If not, the token stays whole. */
static bool is_inside(const struct transform_op *op, struct slice token)
{
	return op->number > 0 && (uint64_t)op->number < token.n;
}

static void put_split_left(const struct transform_op *op,
    struct slice subject, struct buf *out)
{
	struct slice token = argument(op, subject);

	if (is_inside(op, token))
		put_two(token, (size_t)op->number, out);
	else
		buf_put_slice(out, token);
}

static void put_split_right(const struct transform_op *op,
    struct slice subject, struct buf *out)
{
	struct slice token = argument(op, subject);

	if (is_inside(op, token))
		put_two(token, token.n - (size_t)op->number, out);
	else
		buf_put_slice(out, token);
}

/* Slices of one size, the first of another one unless that is 0. */
static void put_slices(struct slice token, size_t first, size_t size,
    struct buf *out)
{
	size_t n = first == 0 ? size : first;

	while (token.n > n) {
		buf_put(out, token.p, n);
		buf_put_char(out, '.');
		token = slice_skip(token, n);
		n = size;
	}
	buf_put_slice(out, token);
}

static void put_slice_left(const struct transform_op *op,
    struct slice subject, struct buf *out)
{
	struct slice token = argument(op, subject);

	if (is_inside(op, token))
		put_slices(token, 0, (size_t)op->number, out);
	else
		buf_put_slice(out, token);
}

static void put_slice_right(const struct transform_op *op,
    struct slice subject, struct buf *out)
{
	struct slice token = argument(op, subject);

	if (is_inside(op, token))
		put_slices(token, token.n % (size_t)op->number,
		    (size_t)op->number, out);
	else
		buf_put_slice(out, token);
}

static void put_left(const struct transform_op *op, struct slice subject,
    struct buf *out)
{
	struct slice token = argument(op, subject);

	if (is_inside(op, token))
		token.n = (size_t)op->number;
	buf_put_slice(out, token);
}

static void put_right(const struct transform_op *op, struct slice subject,
    struct buf *out)
{
	struct slice token = argument(op, subject);

	if (is_inside(op, token))
		token = slice_skip(token, token.n - (size_t)op->number);
	buf_put_slice(out, token);
}

/* The piece up to the next delimiter off *rest; an empty delimiter parts
 * characters. */
static struct slice take_piece(struct slice *rest, struct slice delimiter)
{
	struct slice piece = *rest;
	const char  *at;
	uint32_t     rune;

	if (delimiter.n == 0) {
		piece.n = text_next_rune(*rest, &rune);
		*rest = slice_skip(*rest, piece.n);
		return piece;
	}
	at = memmem(rest->p, rest->n, delimiter.p, delimiter.n);
	if (at == NULL) {
		*rest = SLICE_NONE;
		return piece;
	}
	piece.n = (size_t)(at - piece.p);
	*rest = slice_skip(*rest, piece.n + delimiter.n);
	return piece;
}

static void put_split(const struct transform_op *op, struct slice subject,
    struct buf *out)
{
	struct slice token = argument(op, subject), rest = token;
	bool         is_first = true;

	while (rest.n > 0) {
		struct slice piece = take_piece(&rest, op->text);

		if (piece.n == 0)
			continue;
		if (!is_first)
			buf_put_char(out, '.');
		buf_put_slice(out, piece);
		is_first = false;
	}
	if (is_first)
		buf_put_slice(out, token);	/* no empty tokens */
}

/* ---- compiling -------------------------------------------------------- */

struct compile {
	struct transform  *t;
	enum transform_use use;
	size_t             n_wildcards;		/* in the source, "*" only */
	size_t             n_stars;		/* in the destination, so far */
	struct buf        *err;
};

static int refuse(struct compile *c, const char *why, struct slice token)
{
	buf_printf(c->err, "invalid mapping destination: %s", why);
	if (token.n > 0)
		buf_printf(c->err, " in %.*s", SLICE_ARG(token));
	return ERR_SUBJECT;
}

static int refuse_argument(struct compile *c, struct slice token)
{
	return refuse(c, "function argument is invalid or in the wrong format",
	    token);
}

static int refuse_count(struct compile *c, struct slice token, bool is_short)
{
	return refuse(c, is_short ?
	    "not enough arguments passed to the function" :
	    "too many arguments passed to the function", token);
}

static int refuse_index(struct compile *c, struct slice token, int64_t nr)
{
	refuse(c, "wildcard index out of range", token);
	if (c->n_wildcards > 0 || c->t->has_tail)
		buf_printf(c->err, ": [%lld]", (long long)nr);
	return ERR_SUBJECT;
}

static bool is_star(struct slice token)
{
	return token.n == 1 && token.p[0] == '*';
}

static bool is_tail(struct slice token)
{
	return token.n == 1 && token.p[0] == '>';
}

/* Where the nr-th "*" of the source is.  There is one. */
static uint32_t position_of(const struct transform *t, int64_t nr)
{
	struct slice rest = t->source, token;
	uint32_t     at = 0;

	for (; subject_take_token(&rest, &token); at++)
		if (is_star(token) && --nr == 0)
			break;
	return at;
}

/* A wildcard's number becomes an argument.  Below 1 nats-server takes the
 * first token, whatever it is, and files may live on that; but there is no
 * way back from there. */
static int add_index(struct compile *c, struct transform_op *op,
    struct slice token, int64_t nr)
{
	if ((nr > 0 && (uint64_t)nr > c->n_wildcards) ||
	    (nr <= 0 && c->use == TRANSFORM_IMPORT))
		return refuse_index(c, token, nr);
	op->at[op->n_at++] = nr <= 0 ? 0 : position_of(c->t, nr);
	return 0;
}

struct function {
	const char *name;
	void      (*put)(const struct transform_op *, struct slice,
	    struct buf *);
	int       (*compile)(struct compile *, struct transform_op *,
	    struct slice token, struct slice *args, size_t n);
};

/* Room for positions, which live as long as the transform. */
static int make_room(struct transform_op *op, size_t n)
{
	op->at = calloc(n, sizeof *op->at);
	return op->at == NULL ? ERR_NOMEM : 0;
}

/* Only blanks may stand around a number. */
static bool parse_argument(struct slice s, int64_t *ret)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = slice_skip(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	return text_parse_i64(s, ret);
}

static bool parse_small(struct slice s, int64_t *ret)
{
	return parse_argument(s, ret) && *ret >= INT32_MIN && *ret <= INT32_MAX;
}

static int compile_wildcard(struct compile *c, struct transform_op *op,
    struct slice token, struct slice *args, size_t n)
{
	int64_t nr;

	if (n > 1 || args[0].n == 0)
		return refuse_count(c, token, n == 1);
	if (!parse_argument(args[0], &nr))
		return refuse_argument(c, token);
	return make_room(op, 1) != 0 ? ERR_NOMEM : add_index(c, op, token, nr);
}

static int compile_partition(struct compile *c, struct transform_op *op,
    struct slice token, struct slice *args, size_t n)
{
	int64_t nr;
	int     err = 0;

	if (!parse_small(args[0], &op->number))
		return refuse_argument(c, token);
	if (n > 1 && make_room(op, n - 1) != 0)
		return ERR_NOMEM;
	for (size_t i = 1; i < n && err == 0; i++) {
		if (!parse_argument(args[i], &nr))
			return refuse_argument(c, token);
		/* a literal source has nothing to choose from */
		if (c->n_wildcards > 0 || c->t->has_tail)
			err = add_index(c, op, token, nr);
	}
	return err;
}

static int compile_random(struct compile *c, struct transform_op *op,
    struct slice token, struct slice *args, size_t n)
{
	if (n > 1)
		return refuse_count(c, token, true);	/* says nats-server */
	if (!parse_small(args[0], &op->number))
		return refuse_argument(c, token);
	c->t->draws = true;
	return 0;
}

/* A wildcard and a number. */
static int compile_number(struct compile *c, struct transform_op *op,
    struct slice token, struct slice *args, size_t n)
{
	int64_t nr;

	if (n != 2)
		return refuse_count(c, token, n < 2);
	if (!parse_argument(args[0], &nr) || !parse_small(args[1], &op->number))
		return refuse_argument(c, token);
	return make_room(op, 1) != 0 ? ERR_NOMEM : add_index(c, op, token, nr);
}

static int compile_split(struct compile *c, struct transform_op *op,
    struct slice token, struct slice *args, size_t n)
{
	int64_t nr;

	if (n != 2)
		return refuse_count(c, token, n < 2);
	if (!parse_argument(args[0], &nr) ||
	    (args[1].n > 0 && memchr(args[1].p, ' ', args[1].n) != NULL))
		return refuse_argument(c, token);
	op->text = args[1];
	return make_room(op, 1) != 0 ? ERR_NOMEM : add_index(c, op, token, nr);
}

static const struct function functions[] = {
	{ "wildcard",       put_wildcard,    compile_wildcard },
	{ "partition",      put_partition,   compile_partition },
	{ "split",          put_split,       compile_split },
	{ "splitFromLeft",  put_split_left,  compile_number },
	{ "splitFromRight", put_split_right, compile_number },
	{ "sliceFromLeft",  put_slice_left,  compile_number },
	{ "sliceFromRight", put_slice_right, compile_number },
	{ "left",           put_left,        compile_number },
	{ "right",          put_right,       compile_number },
	{ "random",         put_random,      compile_random },
};

static bool is_space(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\f' || ch == '\r';
}

static struct slice trim_front(struct slice s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = slice_skip(s, 1);
	return s;
}

static struct slice trim_back(struct slice s)
{
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* "{{ name (args) }}" in two; false: it is not of that form. */
static bool split_call(struct slice token, struct slice *name,
    struct slice *args)
{
	struct slice in = slice_of(token.p + 2, token.n - 4);
	const char  *open;

	in = trim_back(trim_front(in));
	open = in.n == 0 ? NULL : memchr(in.p, '(', in.n);
	if (open == NULL || in.p[in.n - 1] != ')')
		return false;
	*name = trim_back(slice_of(in.p, (size_t)(open - in.p)));
	*args = slice_of(open + 1, (size_t)(in.p + in.n - 1 - (open + 1)));
	return true;
}

/* The names without regard to case: nats-server does that with the first
 * letters of their words only. */
static const struct function *function_of(struct slice token,
    struct slice *args)
{
	struct slice name;

	if (!split_call(token, &name, args))
		return NULL;
	for (size_t i = 0; i < N_OF(functions); i++)
		if (slice_eq_nocase(name, slice_str(functions[i].name)))
			return &functions[i];
	return NULL;
}

static bool is_call(struct slice token)
{
	return token.n > 4 && token.p[0] == '{' && token.p[1] == '{' &&
	    token.p[token.n - 1] == '}' && token.p[token.n - 2] == '}';
}

/* Parted by commas; white space behind a comma is none of an argument. */
static size_t split_arguments(struct slice s, struct slice *ret)
{
	size_t n = 0;

	for (;;) {
		const char *comma = s.n == 0 ? NULL : memchr(s.p, ',', s.n);

		ret[n] = s;
		if (comma == NULL)
			return n + 1;
		ret[n].n = (size_t)(comma - s.p);
		s = trim_front(slice_skip(s, ret[n++].n + 1));
	}
}

static int compile_call(struct compile *c, struct transform_op *op,
    struct slice token)
{
	struct slice           args, *all;
	const struct function *f = function_of(token, &args);
	size_t                 n;
	int                    err;

	if (f == NULL)
		return refuse(c, "unknown function", token);
	all = calloc(args.n + 1, sizeof *all);
	if (all == NULL)
		return ERR_NOMEM;
	n = split_arguments(args, all);
	op->put = f->put;
	err = f->compile(c, op, token, all, n);
	free(all);
	if (err == 0 && c->use == TRANSFORM_IMPORT && f->put != put_wildcard)
		return refuse(c, "the only mapping function allowed for import "
		    "transforms is {{Wildcard()}}", token);
	return err;
}

static int compile_index(struct compile *c, struct transform_op *op,
    struct slice token, int64_t nr)
{
	op->put = put_wildcard;
	return make_room(op, 1) != 0 ? ERR_NOMEM : add_index(c, op, token, nr);
}

static int compile_token(struct compile *c, struct transform_op *op,
    struct slice token)
{
	int64_t nr;

	op->text = token;
	if (is_call(token))
		return compile_call(c, op, token);
	if (token.n > 1 && token.p[0] == '$' &&
	    text_parse_i64(slice_skip(token, 1), &nr))
		return compile_index(c, op, token, nr);
	if (is_star(token))
		return compile_index(c, op, token, (int64_t)++c->n_stars);
	return 0;
}

/* ---- do they fit each other? ------------------------------------------ */

static bool has_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_space(s.p[i]))
			return true;
	return false;
}

/* The shape of a mapping's destination, before its functions are looked at. */
static int check_shape(struct compile *c)
{
	struct slice rest = c->t->destination, token, args;
	bool         has_tail = false;

	while (subject_take_token(&rest, &token)) {
		if (token.n == 0 || has_tail)
			return refuse(c, "invalid transform", token);
		if (is_call(token) && function_of(token, &args) == NULL)
			return refuse(c, "unknown function", token);
		if (!is_call(token) && has_blank(token))
			return refuse(c, "invalid transform", SLICE_NONE);
		has_tail = is_tail(token);
	}
	return 0;
}

/* Are both subjects, with a ">" in both or in none, and no "*" in a mapping's
 * destination? */
static bool fits(const struct compile *c)
{
	struct slice rest = c->t->destination, token;
	bool         has_tail = false;
	size_t       n_stars = 0;

	while (subject_take_token(&rest, &token)) {
		if (token.n == 0 || has_tail ||
		    (!is_call(token) && has_blank(token)))
			return false;
		has_tail = is_tail(token);
		n_stars += is_star(token);
	}
	return subject_is_valid(c->t->source) && has_tail == c->t->has_tail &&
	    (n_stars == 0 || c->use == TRANSFORM_IMPORT);
}

static void count_wildcards(struct compile *c)
{
	struct slice rest = c->t->source, token;

	while (subject_take_token(&rest, &token)) {
		c->n_wildcards += is_star(token);
		c->t->has_tail = rest.p == NULL && is_tail(token);
	}
}

/* The op that puts the token at that position; NULL: none. */
static const struct transform_op *user_of(const struct transform *t,
    uint32_t position)
{
	for (size_t i = 0; i < t->n_ops; i++)
		if (t->ops[i].put == put_wildcard && t->ops[i].at[0] == position)
			return &t->ops[i];
	return NULL;
}

static bool uses_all(const struct compile *c)
{
	for (size_t nr = 1; nr <= c->n_wildcards; nr++)
		if (user_of(c->t, position_of(c->t, (int64_t)nr)) == NULL)
			return false;
	return true;
}

static int compile_ops(struct compile *c)
{
	struct transform *t = c->t;
	struct slice      rest = t->destination, token;
	int               err = 0;

	t->ops = calloc(subject_count_tokens(rest), sizeof *t->ops);
	if (t->ops == NULL)
		return ERR_NOMEM;
	t->is_fixed = !t->has_tail;
	while (err == 0 && subject_take_token(&rest, &token)) {
		struct transform_op *op = &t->ops[t->n_ops++];

		err = compile_token(c, op, token);
		t->is_fixed = t->is_fixed && op->put == NULL;
	}
	if (err == 0 && c->use == TRANSFORM_IMPORT && !uses_all(c))
		return refuse(c, "not using all of the token wildcard(s)",
		    t->destination);
	return err;
}

/* What an import's destinations look like. */
static int make_target(struct transform *t)
{
	struct buf target = { 0 };

	for (size_t i = 0; i < t->n_ops; i++) {
		if (i > 0)
			buf_put_char(&target, '.');
		if (t->ops[i].put != NULL)
			buf_put_char(&target, '*');
		else
			buf_put_slice(&target, t->ops[i].text);
	}
	if (buf_failed(&target)) {
		buf_fini(&target);
		return ERR_NOMEM;
	}
	t->target = buf_slice(&target);		/* the memory is ours now */
	return 0;
}

static int compile(struct compile *c)
{
	int err = 0;

	count_wildcards(c);
	if (c->use == TRANSFORM_MAPPING)
		err = check_shape(c);
	if (err != 0)
		return err;
	if (!fits(c)) {
		buf_put_str(c->err, "invalid subject");
		return ERR_SUBJECT;
	}
	err = compile_ops(c);
	if (err == 0 && c->use == TRANSFORM_IMPORT)
		err = make_target(c->t);
	return err;
}

/* ---- life ------------------------------------------------------------- */

/* The texts lie behind the struct. */
static struct transform *create_empty(struct slice source,
    struct slice destination)
{
	struct transform *t = calloc(1, sizeof *t + source.n + destination.n + 1);
	char             *bytes;

	if (t == NULL)
		return NULL;
	bytes = (char *)(t + 1);
	if (source.n > 0)
		memcpy(bytes, source.p, source.n);
	if (destination.n > 0)
		memcpy(bytes + source.n, destination.p, destination.n);
	t->source = slice_of(bytes, source.n);
	t->destination = slice_of(bytes + source.n, destination.n);
	return t;
}

int transform_create(struct slice source, struct slice destination,
    enum transform_use use, struct transform **ret, struct buf *err)
{
	struct compile c = { .use = use, .err = err };
	int            rc;

	c.t = create_empty(source, destination);
	if (c.t == NULL)
		return ERR_NOMEM;
	rc = compile(&c);
	if (rc != 0) {
		transform_destroy(c.t);
		return rc;
	}
	*ret = c.t;
	return 0;
}

void transform_destroy(struct transform *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_ops; i++)
		free(t->ops[i].at);
	free(t->ops);
	free((char *)(uintptr_t)t->target.p);
	free(t);
}

/* ---- applying --------------------------------------------------------- */

/* All but the first n tokens; empty when there are no more. */
static struct slice skip_tokens(struct slice s, size_t n)
{
	struct slice token;

	while (n > 0 && subject_take_token(&s, &token))
		n--;
	return s;
}

void transform_apply(const struct transform *t, struct slice subject,
    struct buf *out)
{
	size_t n_ops = t->n_ops - t->has_tail;

	if (t->is_fixed) {
		buf_put_slice(out, t->destination);
		return;
	}
	for (size_t i = 0; i < n_ops; i++) {
		const struct transform_op *op = &t->ops[i];

		if (i > 0)
			buf_put_char(out, '.');
		if (op->put == NULL)
			buf_put_slice(out, op->text);
		else
			op->put(op, subject, out);
	}
	if (!t->has_tail)
		return;
	if (n_ops > 0)
		buf_put_char(out, '.');
	buf_put_slice(out, skip_tokens(subject,
	    subject_count_tokens(t->source) - 1));
}

/* The token that all uses of a source position have in the pattern: one text,
 * or "*".  False: two texts. */
static bool bound_token(const struct transform *t, uint32_t position,
    struct slice pattern, struct slice *ret)
{
	struct slice token;

	*ret = SLICE("*");
	for (size_t i = 0; i < t->n_ops; i++) {
		const struct transform_op *op = &t->ops[i];

		if (!subject_take_token(&pattern, &token))
			break;
		if (op->put != put_wildcard || op->at[0] != position ||
		    is_star(token))
			continue;
		if (!is_star(*ret) && !slice_eq(*ret, token))
			return false;
		*ret = token;
	}
	return true;
}

static bool put_source(const struct transform *t, struct slice pattern,
    struct buf *out)
{
	struct slice rest = t->source, token;

	for (uint32_t at = 0; subject_take_token(&rest, &token); at++) {
		if (at > 0)
			buf_put_char(out, '.');
		if (is_star(token) && !bound_token(t, at, pattern, &token))
			return false;
		if (rest.p == NULL && t->has_tail)
			token = skip_tokens(pattern, t->n_ops - 1);
		buf_put_slice(out, token);
	}
	return true;
}

bool transform_invert(const struct transform *t, struct slice pattern,
    struct buf *out)
{
	size_t n = out->n;

	if (!subject_is_subset(pattern, t->target) ||
	    !put_source(t, pattern, out)) {
		out->n = n;
		return false;
	}
	return true;
}
