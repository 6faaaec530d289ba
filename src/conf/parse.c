/* conf/parse.c - words to a tree.
 *
 * The text is read by a stack of frames, one for each map or array that is
 * open, and two places in each: before an entry, and behind one.  The table
 * `steps` has a function for each pair; nothing recurses but included files
 * and the environment, and those are counted.
 *
 *	TOP    the file itself         BLOCK  { } around it, as in JSON
 *	MAP    a value { }             ARRAY  a value [ ]
 *
 * Limits: CONF_DEPTH_MAX levels, INCLUDE_DEPTH_MAX files in each other, and
 * CONF_NODES_MAX values after variables are put in, since each may hold the
 * one before it twice.
 */
#include "conf/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/arena.h"
#include "conf/lex.h"
#include "conf/value.h"

enum { INCLUDE_DEPTH_MAX = 16, VARIABLE_DEPTH_MAX = 16 };

enum frame_kind { TOP, BLOCK, MAP, ARRAY, N_FRAME_KINDS };

struct frame {
	enum frame_kind    kind;
	bool               is_behind;	/* an entry is complete */
	struct conf_value *v;		/* BLOCK shares TOP's */
	struct slice       key;		/* of the entry that is read */
	int                line, col;	/* where that key, or v, begins */
};

/* A file being read, and who includes it. */
struct source {
	const struct source *from;
	const char          *path;
	dev_t                dev;
	ino_t                ino;
	unsigned             depth;
};

/* A variable of the environment being read, and which one named it. */
struct variable {
	const struct variable *from;
	struct slice           name;
	unsigned               depth;
};

struct parser {
	struct lex             lx;
	struct conf_arena     *arena;
	const struct source   *source;
	const struct variable *variable;
	struct conf_value     *root;
	struct frame           frames[CONF_DEPTH_MAX + 1];
	size_t                 n;	/* 0: done */
};

static int parse(struct conf_arena *a, struct slice text,
    const struct source *source, const struct variable *variable,
    struct buf *err, struct conf_value **ret);
static int parse_source(struct conf_arena *a, const char *path,
    const struct source *from, struct buf *err, struct conf_value **ret);

static struct frame *top(struct parser *p)
{
	return &p->frames[p->n - 1];
}

/* ---- putting values in ------------------------------------------------ */

static int put(struct parser *p, struct conf_value *v)
{
	struct frame *f = top(p);
	bool          ok;

	if (p->n + v->depth > CONF_DEPTH_MAX)
		return lex_fail(&p->lx, "more than %d levels of maps and arrays",
		    CONF_DEPTH_MAX);
	if (f->v->kind == CONF_ARRAY)
		ok = value_append(p->arena, f->v, v);
	else
		ok = value_put(p->arena, f->v, f->key, v);
	if (!ok)
		return ERR_NOMEM;
	if (f->v->n_nodes > CONF_NODES_MAX)
		return lex_fail(&p->lx, "more than %d values", CONF_NODES_MAX);
	return 0;
}

static void place(struct parser *p, struct conf_value *v, int line, int col)
{
	v->file = p->source->path;
	v->line = line;
	v->col = col;
}

/* A value in a map stands where its key does. */
static int put_at(struct parser *p, struct conf_value *v, int line, int col)
{
	const struct frame *f = top(p);

	if (f->kind == ARRAY)
		place(p, v, line, col);
	else
		place(p, v, f->line, f->col);
	return put(p, v);
}

static int push(struct parser *p, enum frame_kind kind, int line, int col)
{
	struct frame f = { .kind = kind, .v = p->root, .line = line, .col = col };

	if (p->n == CONF_DEPTH_MAX)
		return lex_fail(&p->lx, "more than %d levels of maps and arrays",
		    CONF_DEPTH_MAX);
	if (kind == MAP || kind == ARRAY)
		f.v = value_create(p->arena, kind == MAP ? CONF_MAP : CONF_ARRAY);
	if (f.v == NULL)
		return ERR_NOMEM;
	f.v->depth = kind == MAP || kind == ARRAY ? 1 : f.v->depth;
	p->frames[p->n++] = f;
	return 0;
}

/* The '}' or ']' of the innermost frame is taken. */
static int pop(struct parser *p)
{
	struct conf_value *v = top(p)->v;
	int                col = lex_col(&p->lx) - 1;

	p->n--;
	if (p->frames[p->n].kind == BLOCK) {
		top(p)->is_behind = top(p)->kind == BLOCK;
		return 0;
	}
	return put_at(p, v, p->lx.line, col);
}

/* ---- variables -------------------------------------------------------- */

static struct conf_value *variable_in_scope(struct parser *p, struct slice name)
{
	for (size_t i = p->n; i > 0; i--) {
		struct conf_value *v = p->frames[i - 1].v;

		v = v->kind == CONF_MAP ? value_get(v, name) : NULL;
		if (v != NULL)
			return v;
	}
	return NULL;
}

/* The text of the environment is read as a value: NUM=42 is an integer. */
static int parse_environment(struct parser *p, const struct variable *var,
    const char *text, struct conf_value **ret)
{
	struct buf         doc = { 0 };
	struct conf_value *root;
	int                err;

	buf_put_str(&doc, "pk=");
	buf_put_str(&doc, text);
	err = buf_failed(&doc) ? ERR_NOMEM : parse(p->arena, buf_slice(&doc),
	    p->source, var, p->lx.err, &root);
	if (err == 0)
		*ret = value_get(root, SLICE("pk"));
	if (doc.p != NULL)
		explicit_bzero(doc.p, doc.n);
	buf_fini(&doc);
	return err;
}

static int variable_in_environment(struct parser *p, const struct variable *var,
    struct conf_value **ret)
{
	const char *text = getenv(var->name.p);

	for (const struct variable *v = var->from; v != NULL; v = v->from)
		if (slice_eq(v->name, var->name)) {
			buf_printf(p->lx.err, "variable reference cycle for '%s'",
			    var->name.p);
			return ERR_CONFIG;
		}
	if (var->depth > VARIABLE_DEPTH_MAX) {
		buf_put_str(p->lx.err, "too many variables in each other");
		return ERR_CONFIG;
	}
	if (text == NULL)
		return 0;
	return parse_environment(p, var, text, ret);
}

/* Puts text in front of what was appended to b since at. */
static void prefix_error(struct buf *b, size_t at, const struct buf *prefix)
{
	struct buf tail = { 0 };

	buf_put(&tail, b->p + at, b->n - at);
	b->n = at;
	buf_put_slice(b, buf_slice(prefix));
	buf_put_slice(b, buf_slice(&tail));
	b->failed |= tail.failed || prefix->failed;
	buf_fini(&tail);
}

static int resolve(struct parser *p, struct slice name, struct conf_value **ret)
{
	size_t          at = p->lx.err->n;
	struct variable var = { .from = p->variable, .name = name,
		.depth = p->variable == NULL ? 1 : p->variable->depth + 1 };
	struct buf      prefix = { 0 };
	int             err;

	*ret = variable_in_scope(p, name);
	if (*ret != NULL) {
		(*ret)->is_used = true;
		return 0;
	}
	err = variable_in_environment(p, &var, ret);
	if (err == ERR_CONFIG) {
		buf_printf(&prefix, "variable reference for '%s' on line %d "
		    "could not be parsed: ", name.p, p->lx.line);
		prefix_error(p->lx.err, at, &prefix);
		buf_fini(&prefix);
	}
	if (err == 0 && *ret == NULL) {
		buf_printf(p->lx.err, "variable reference for '%s' on line %d "
		    "can not be found", name.p, p->lx.line);
		err = ERR_CONFIG;
	}
	return err;
}

/* A password hash begins like a variable: $2a$11$... */
static bool is_bcrypt(struct slice name)
{
	return name.n >= 3 && name.p[0] == '2' && name.p[2] == '$' &&
	    memchr("abxy", name.p[1], 4) != NULL;
}

static int take_variable(struct parser *p, struct slice name,
    struct conf_value *v)
{
	struct conf_value *found = NULL;
	int                err;

	if (is_bcrypt(name)) {
		v->str = slice_of(name.p - 1, name.n + 1);
		return 0;
	}
	err = resolve(p, name, &found);
	if (err == 0) {
		*v = *found;
		v->is_used = false;
	}
	return err;
}

/* ---- values ----------------------------------------------------------- */

static void fill(struct conf_value *v, const struct lex_word *w)
{
	static const enum conf_kind kinds[] = {
		[LEX_STRING] = CONF_STRING, [LEX_INT] = CONF_INT,
		[LEX_FLOAT] = CONF_FLOAT,   [LEX_BOOL] = CONF_BOOL,
		[LEX_DATETIME] = CONF_DATETIME, [LEX_VARIABLE] = CONF_STRING,
	};

	v->kind = kinds[w->kind];
	v->has_suffix = w->has_suffix;
	if (w->kind == LEX_INT)
		v->i = w->i;
	else if (w->kind == LEX_FLOAT)
		v->f = w->f;
	else if (w->kind == LEX_BOOL)
		v->b = w->b;
	else
		v->str = w->text;
}

static int take_scalar(struct parser *p, int line, int col)
{
	struct conf_value *v = value_create(p->arena, CONF_STRING);
	struct lex_word    w;
	int                err;

	if (v == NULL)
		return ERR_NOMEM;
	err = lex_take_scalar(&p->lx, &w);
	if (err != 0)
		return err;
	fill(v, &w);
	if (w.kind == LEX_VARIABLE)
		err = take_variable(p, w.text, v);
	return err != 0 ? err : put_at(p, v, line, col);
}

static int take_value(struct parser *p)
{
	int line, col, r;

	top(p)->is_behind = true;
	while (lex_is_blank(r = lex_next(&p->lx)))
		;
	lex_back(&p->lx);
	line = p->lx.line;
	col = lex_col(&p->lx);
	if (r == '[' || r == '{') {
		lex_next(&p->lx);
		return push(p, r == '[' ? ARRAY : MAP, line, col);
	}
	return take_scalar(p, line, col);
}

/* ---- include ---------------------------------------------------------- */

static char *include_path(struct parser *p, struct slice name)
{
	const char *file = p->source->path;
	const char *slash = strrchr(file, '/');
	struct buf  path = { 0 };

	if (slash != NULL)
		buf_put(&path, file, (size_t)(slash - file) + 1);
	while (name.n > 0 && name.p[0] == '/')
		name = slice_skip(name, 1);	/* as nats-server: never absolute */
	buf_put_slice(&path, name);
	if (name.n == 0 && slash == NULL)
		buf_put_char(&path, '.');
	return buf_take_str(&path);
}

static int merge(struct parser *p, const struct conf_value *map)
{
	int err = 0;

	for (size_t i = 0; i < map->map.n && err == 0; i++) {
		top(p)->key = map->map.v[i].key;
		err = put(p, map->map.v[i].value);
	}
	return err;
}

static int take_include(struct parser *p)
{
	size_t             at = p->lx.err->n;
	struct buf         prefix = { 0 };
	struct conf_value *map;
	struct slice       name;
	char              *path;
	int                err;

	while (lex_is_blank(lex_peek(&p->lx)))
		lex_next(&p->lx);
	err = lex_take_include(&p->lx, &name);
	if (err != 0)
		return err;
	top(p)->is_behind = true;
	path = include_path(p, name);
	if (path == NULL)
		return ERR_NOMEM;
	err = parse_source(p->arena, path, p->source, p->lx.err, &map);
	if (err == ERR_CONFIG) {
		buf_printf(&prefix, "error parsing include file '%.*s', ",
		    SLICE_ARG(name));
		prefix_error(p->lx.err, at, &prefix);
		buf_fini(&prefix);
	}
	free(path);
	return err != 0 ? err : merge(p, map);
}

/* ---- keys ------------------------------------------------------------- */

static int take_quoted_key(struct parser *p, struct slice *ret)
{
	bool   in_map = top(p)->kind == MAP;
	int    quote = lex_next(&p->lx), r;
	size_t start = p->lx.pos;

	while ((r = lex_next(&p->lx)) != quote)
		if (r == LEX_EOF)
			return lex_fail(&p->lx, !in_map ? "Unexpected EOF." :
			    quote == '"' ?
			    "Unexpected EOF processing double quoted map key." :
			    "Unexpected EOF processing quoted map key.");
	*ret = slice_of(p->lx.p + start, p->lx.pos - 1 - start);
	return 0;
}

static struct slice take_bare_key(struct parser *p)
{
	size_t start = p->lx.pos;
	int    r = lex_next(&p->lx);	/* the first may be anything */

	do
		r = lex_next(&p->lx);
	while (r != LEX_EOF && !lex_is_space(r) && !lex_is_separator(r));
	lex_back(&p->lx);
	return slice_of(p->lx.p + start, p->lx.pos - start);
}

static int invalid(struct parser *p)
{
	/* the last '}' of a JSON file; it stands where a key would */
	if (slice_eq(top(p)->key, SLICE("}"))) {
		p->n = 0;
		return 0;
	}
	buf_printf(p->lx.err, "config is invalid (%s:%d:%d)", p->source->path,
	    p->lx.line, lex_col(&p->lx));
	return ERR_CONFIG;
}

static int skip_spaces(struct parser *p)
{
	int r;

	while (lex_is_space(r = lex_next(&p->lx)))
		;
	lex_back(&p->lx);
	return r;
}

/* From the end of a key to its value. */
static int take_map_value(struct parser *p)
{
	int r = skip_spaces(p);

	if (lex_is_separator(r)) {
		lex_next(&p->lx);
		r = skip_spaces(p);
	}
	if (r == ',')
		return lex_fail(&p->lx, "Unexpected map value terminator \",\".");
	if (r == '}')
		return lex_fail(&p->lx, "Expected a value for the key '%.*s', "
		    "but got '}' instead.", SLICE_ARG(top(p)->key));
	return take_value(p);
}

static int take_top_value(struct parser *p)
{
	int r = skip_spaces(p);

	if (r == LEX_EOF)
		return invalid(p);
	if (lex_is_separator(r))
		lex_next(&p->lx);
	return take_value(p);
}

static int take_pair(struct parser *p)
{
	struct frame *f = top(p);
	bool          in_map = f->kind == MAP;
	int           r = lex_peek(&p->lx), err = 0;
	bool          is_bare = r != '"' && r != '\'';
	struct slice  key;

	if (lex_is_separator(r))
		return lex_fail(&p->lx, "Unexpected key separator '%c'%s", r,
		    in_map ? "." : "");
	f->line = p->lx.line;
	f->col = lex_col(&p->lx);
	if (is_bare)
		key = take_bare_key(p);
	else
		err = take_quoted_key(p, &key);
	if (err != 0)
		return err;
	r = lex_peek(&p->lx);
	if (is_bare && r == LEX_EOF && in_map)
		return lex_fail(&p->lx, "Unexpected EOF processing map key.");
	if (is_bare && lex_is_space(r) && slice_eq_nocase(key, SLICE("include")))
		return take_include(p);
	f->key = arena_copy(p->arena, key);
	if (f->key.p == NULL)
		return ERR_NOMEM;
	return in_map ? take_map_value(p) : take_top_value(p);
}

/* ---- the steps -------------------------------------------------------- */

static int top_before(struct parser *p)
{
	int r = lex_next(&p->lx);

	if (lex_is_space(r) || lex_take_comment(&p->lx, r))
		return 0;
	if (r == '{')
		return push(p, BLOCK, p->lx.line, lex_col(&p->lx));
	if (r == '/')
		return lex_fail(&p->lx, "Unexpected EOF.");
	if (r == LEX_EOF) {
		p->n = 0;
		return 0;
	}
	if (r == '}' && top(p)->kind == BLOCK)
		return pop(p);
	lex_back(&p->lx);
	return take_pair(p);
}

/* A lone '/' behind a value is skipped, as in nats-server. */
static int top_behind(struct parser *p)
{
	struct frame *f = top(p);
	bool          in_block = f->kind == BLOCK;
	int           r = lex_next(&p->lx);

	if (lex_take_comment(&p->lx, r) || lex_is_blank(r) || r == '/')
		return 0;
	if (in_block && r == '}')
		return pop(p);
	if (!lex_is_newline(r) && r != ';' && r != ',' &&
	    (in_block || (r != LEX_EOF && r != '}')))
		return lex_fail(&p->lx, "Expected a %s value to end with a new "
		    "line, comment or EOF, but got '%s' instead.",
		    in_block ? "block-level" : "top-level", lex_shown(r));
	f->is_behind = false;
	return 0;
}

static int map_before(struct parser *p)
{
	int r = lex_next(&p->lx);

	if (lex_is_space(r) || lex_take_comment(&p->lx, r))
		return 0;
	if (r == ']')
		return lex_fail(&p->lx,
		    "Unexpected array end ']' processing map.");
	if (r == '}')
		return pop(p);
	if (r == LEX_EOF)
		return lex_fail(&p->lx, "Unexpected EOF processing map.");
	if (r == '/')
		return 0;
	lex_back(&p->lx);
	return take_pair(p);
}

static int map_behind(struct parser *p)
{
	int r = lex_next(&p->lx);

	if (lex_is_blank(r) || lex_take_comment(&p->lx, r))
		return 0;
	if (r == '}')
		return pop(p);
	if (r != ';' && r != ',' && r != '/' && !lex_is_newline(r))
		return lex_fail(&p->lx, "Expected a map value terminator \",\" "
		    "or a map terminator \"}\", but got '%s' instead.",
		    lex_shown(r));
	top(p)->is_behind = false;
	return 0;
}

static int array_before(struct parser *p)
{
	int r = lex_next(&p->lx);

	if (lex_is_space(r) || lex_take_comment(&p->lx, r))
		return 0;
	if (r == ',' || r == '/')
		return lex_fail(&p->lx, "Unexpected array value terminator ','.");
	if (r == ']')
		return pop(p);
	lex_back(&p->lx);
	return take_value(p);
}

static int array_behind(struct parser *p)
{
	int r = lex_next(&p->lx);

	if (lex_is_blank(r) || lex_take_comment(&p->lx, r))
		return 0;
	if (r == ']')
		return pop(p);
	if (r != ',' && r != '/' && !lex_is_newline(r))
		return lex_fail(&p->lx, "Expected an array value terminator \",\" "
		    "or an array terminator \"]\", but got '%s' instead.",
		    lex_shown(r));
	top(p)->is_behind = false;
	return 0;
}

static int (*const steps[N_FRAME_KINDS][2])(struct parser *) = {
	[TOP]   = { top_before,   top_behind },
	[BLOCK] = { top_before,   top_behind },
	[MAP]   = { map_before,   map_behind },
	[ARRAY] = { array_before, array_behind },
};

/* ---- files ------------------------------------------------------------ */

static int parse(struct conf_arena *a, struct slice text,
    const struct source *source, const struct variable *variable,
    struct buf *err_text, struct conf_value **ret)
{
	struct parser p = { .arena = a, .source = source, .variable = variable };
	int           err = 0;

	lex_init(&p.lx, text, a, err_text);
	p.root = value_create(a, CONF_MAP);
	if (p.root == NULL)
		return ERR_NOMEM;
	p.root->depth = 1;
	place(&p, p.root, 1, 1);
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL) {
		buf_printf(err_text, "%s: is not text: it holds a NUL byte",
		    source->path);
		return ERR_CONFIG;
	}
	p.frames[p.n++] = (struct frame){ .kind = TOP, .v = p.root };
	while (p.n > 0 && err == 0) {
		const struct frame *f = top(&p);

		err = steps[f->kind][f->is_behind](&p);
	}
	if (err == 0)
		*ret = p.root;
	return err;
}

/* Go's words: open x: no such file or directory. */
static int fail_errno(struct buf *err, const char *verb, const char *path)
{
	char  room[128];
	const char *text = strerror_r(errno, room, sizeof room);

	buf_printf(err, "%s %s: %c%s", verb, path,
	    text[0] >= 'A' && text[0] <= 'Z' ? text[0] | 32 : text[0], text + 1);
	return ERR_CONFIG;
}

static int read_all(int fd, const char *path, struct buf *text, struct buf *err)
{
	for (;;) {
		char   *room = buf_reserve(text, 16384);
		ssize_t n;

		if (room == NULL)
			return ERR_NOMEM;
		n = read(fd, room, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "read", path);
		if (n == 0)
			return 0;
		buf_added(text, (size_t)n);
		if (text->n > CONF_FILE_BYTES_MAX) {
			buf_printf(err, "%s: larger than %d bytes", path,
			    CONF_FILE_BYTES_MAX);
			return ERR_CONFIG;
		}
	}
}

static int check_chain(const struct source *s, struct buf *err)
{
	for (const struct source *i = s->from; i != NULL; i = i->from)
		if (i->dev == s->dev && i->ino == s->ino) {
			buf_printf(err, "%s: includes itself", s->path);
			return ERR_CONFIG;
		}
	if (s->depth > INCLUDE_DEPTH_MAX) {
		buf_printf(err, "%s: more than %d files include each other",
		    s->path, INCLUDE_DEPTH_MAX);
		return ERR_CONFIG;
	}
	return 0;
}

static int parse_open(struct conf_arena *a, int fd, struct source *s,
    struct buf *err_text, struct conf_value **ret)
{
	struct buf  text = { 0 };
	struct stat st;
	int         err;

	if (fstat(fd, &st) != 0)
		return fail_errno(err_text, "stat", s->path);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	err = check_chain(s, err_text);
	if (err == 0)
		err = read_all(fd, s->path, &text, err_text);
	if (err == 0)
		err = parse(a, buf_slice(&text), s, NULL, err_text, ret);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_fini(&text);
	return err;
}

static int parse_source(struct conf_arena *a, const char *path,
    const struct source *from, struct buf *err_text, struct conf_value **ret)
{
	struct slice  kept = arena_copy(a, slice_str(path));
	struct source s = { .from = from, .path = kept.p,
		.depth = from == NULL ? 1 : from->depth + 1 };
	int           fd, err;

	if (kept.p == NULL || !arena_add_file(a, kept.p))
		return ERR_NOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_errno(err_text, "open", path);
	err = parse_open(a, fd, &s, err_text, ret);
	close(fd);
	return err;
}

int conf_parse_file(struct conf_arena *a, const char *path, struct buf *err,
    struct conf_value **ret)
{
	return parse_source(a, path, NULL, err, ret);
}

int conf_parse_text(struct conf_arena *a, struct slice text, const char *name,
    struct buf *err, struct conf_value **ret)
{
	struct slice  kept = arena_copy(a, slice_str(name));
	struct source s = { .path = kept.p, .depth = 1 };

	if (kept.p == NULL)
		return ERR_NOMEM;
	return parse(a, text, &s, NULL, err, ret);
}
