/* test/lib/lazy_disk.c - a file system that forgets what nobody synced.
 *
 *     lazy_disk DIRECTORY        mounts itself there, in the foreground
 *
 * All is in memory, each thing twice: as programs see it, and as the medium has
 * it.  Between the two stand the changes since the last sync, one by one: of a
 * file its writes and truncations, gone with fsync or fdatasync of it (or at
 * once, with O_DSYNC); of a directory its names, gone with fsync of that.  A
 * file that was synced and whose name was not is lost, as POSIX allows.
 *
 * What is written to DIRECTORY/.lazy_disk is a command:
 *
 *     lose HOW SEED     the power goes.  Of what was not synced there remains,
 *                       HOW: "nothing"; a "prefix" of each file's and each
 *                       directory's changes, the last write cut off anywhere;
 *                       "pages", any of 4096 bytes, in any order; or "torn",
 *                       any of 512 bytes, in any order
 *     fail N            operations that change something work N times more, and
 *                       then none, nor a sync (EIO) until the power goes
 *
 * Nobody may have a file open when the power goes.  Driven by
 * test/lib/lazy_disk.py; built where there is libfuse.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"

enum { NAME_BYTES = 256, PAGE = 4096, SECTOR = 512, MEDIUM_BYTES = 1 << 30 };

struct bytes {
	char  *p;
	size_t n, room;
};

/* Of a file: bytes at a place, or with data.p NULL a truncation to a size. */
struct change {
	struct list  link;
	size_t       at;
	struct bytes data;
};

struct name {
	struct list  link;
	char         name[NAME_BYTES];
	struct node *node;
};

/* Of a directory: "from" is no more, "to" is node; either may be "". */
struct step {
	struct list  link;
	char         from[NAME_BYTES], to[NAME_BYTES];
	struct node *node;
};

struct node {
	struct list  link;		/* in nodes */
	struct stat  stat;
	uint64_t     n_lookups;		/* the kernel's */
	unsigned     n_names;		/* names and steps that have it */
	struct bytes now, synced;	/* a file's */
	struct list  names_now, names_synced;	/* a directory's */
	struct list  changes;		/* or steps; oldest first */
};

enum how { NOTHING, PREFIX, PAGES, TORN, N_HOW };

static const char *const hows[N_HOW] = { "nothing", "prefix", "pages", "torn" };

static struct list  nodes;
static struct node *root, *control;
static uint64_t     dice_state, next_ino = 2;
static int64_t      n_left = -1;	/* operations before all fail; -1: no end */

static void *must(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "lazy_disk: out of memory\n");
		abort();
	}
	return p;
}

/* 0 <= result < n, the same for the same seed. */
static size_t dice(size_t n)
{
	uint64_t x = dice_state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (size_t)((x ^ x >> 31) % n);
}

/* ---- bytes --------------------------------------------------------------------- */

static void resize(struct bytes *b, size_t n)
{
	if (n > b->room) {
		b->room = n + n / 2;
		b->p = must(realloc(b->p, b->room));
	}
	if (n > b->n)
		memset(b->p + b->n, 0, n - b->n);
	b->n = n;
}

static void put(struct bytes *b, size_t at, const char *p, size_t n)
{
	if (n == 0)
		return;
	if (at + n > b->n)
		resize(b, at + n);
	memcpy(b->p + at, p, n);
}

/* The first n bytes of a change. */
static void redo(struct bytes *b, const struct change *c, size_t n)
{
	if (c->data.p == NULL)
		resize(b, c->at);
	else
		put(b, c->at, c->data.p, n);
}

static void forget_changes(struct node *x)
{
	LIST_EACH (l, &x->changes) {
		struct change *c = CONTAINER_OF(l, struct change, link);

		list_remove(l);
		free(c->data.p);
		free(c);
	}
}

static void note_change(struct node *x, size_t at, const char *p, size_t n)
{
	struct change *c = must(calloc(1, sizeof *c));

	c->at = at;
	c->data.n = n;
	if (p != NULL) {
		c->data.p = must(malloc(n + 1));
		memcpy(c->data.p, p, n);
	}
	redo(&x->now, c, n);
	list_append(&x->changes, &c->link);
}

static void sync_file(struct node *x)
{
	LIST_EACH (l, &x->changes) {
		struct change *c = CONTAINER_OF(l, struct change, link);

		redo(&x->synced, c, c->data.n);
	}
	forget_changes(x);
}

/* ---- names --------------------------------------------------------------------- */

static struct node *make_node(mode_t mode)
{
	struct node *x = must(calloc(1, sizeof *x));

	x->stat.st_ino = next_ino++;
	x->stat.st_mode = mode;
	x->stat.st_uid = getuid();
	x->stat.st_gid = getgid();
	x->stat.st_nlink = S_ISDIR(mode) ? 2 : 1;
	x->stat.st_blksize = PAGE;
	list_init(&x->names_now);
	list_init(&x->names_synced);
	list_init(&x->changes);
	list_append(&nodes, &x->link);
	return x;
}

static struct name *find(struct list *names, const char *name)
{
	for (struct list *l = names->next; l != names; l = l->next) {
		struct name *e = CONTAINER_OF(l, struct name, link);

		if (strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

static void drop_name(struct list *names, const char *name)
{
	struct name *e = find(names, name);

	if (e == NULL)
		return;
	list_remove(&e->link);
	e->node->n_names--;
	free(e);
}

static void add_name(struct list *names, const char *name, struct node *x)
{
	struct name *e = must(calloc(1, sizeof *e));

	drop_name(names, name);
	snprintf(e->name, sizeof e->name, "%s", name);
	e->node = x;
	x->n_names++;
	list_append(names, &e->link);
}

static void take_step(struct list *names, const struct step *s)
{
	if (s->from[0] != '\0')
		drop_name(names, s->from);
	if (s->to[0] != '\0')
		add_name(names, s->to, s->node);
}

static void note_step(struct node *dir, const char *from, const char *to,
    struct node *x)
{
	struct step *s = must(calloc(1, sizeof *s));

	snprintf(s->from, sizeof s->from, "%s", from);
	snprintf(s->to, sizeof s->to, "%s", to);
	s->node = x;
	x->n_names++;
	take_step(&dir->names_now, s);
	list_append(&dir->changes, &s->link);
}

/* The first n are on the medium, the others never were. */
static void end_steps(struct node *dir, size_t n)
{
	LIST_EACH (l, &dir->changes) {
		struct step *s = CONTAINER_OF(l, struct step, link);

		if (n > 0)
			take_step(&dir->names_synced, s);
		n -= n > 0;
		list_remove(l);
		s->node->n_names--;
		free(s);
	}
}

static void drop_names(struct list *names)
{
	while (!list_is_empty(names))
		drop_name(names, CONTAINER_OF(names->next, struct name,
		    link)->name);
}

/* A thing that neither a name nor the kernel has.  A directory takes what is in
 * it along. */
static void collect(void)
{
	bool is_done;

	do {
		is_done = true;
		LIST_EACH (l, &nodes) {
			struct node *x = CONTAINER_OF(l, struct node, link);

			if (x->n_names > 0 || x->n_lookups > 0 || x == root ||
			    x == control)
				continue;
			if (S_ISDIR(x->stat.st_mode)) {
				end_steps(x, 0);
				drop_names(&x->names_now);
				drop_names(&x->names_synced);
			} else {
				forget_changes(x);
			}
			list_remove(l);
			free(x->now.p);
			free(x->synced.p);
			free(x);
			is_done = false;
		}
	} while (!is_done);
}

/* ---- the power ------------------------------------------------------------------- */

static size_t count(const struct list *head)
{
	size_t n = 0;

	for (const struct list *l = head->next; l != head; l = l->next)
		n++;
	return n;
}

/* Any pieces of this size, as they lie on the medium. */
static void tear(struct bytes *b, const struct change *c, size_t size)
{
	for (size_t at = 0, n; at < c->data.n; at += n) {
		n = size - (c->at + at) % size;
		if (n > c->data.n - at)
			n = c->data.n - at;
		if (dice(2) == 0)
			put(b, c->at + at, c->data.p + at, n);
	}
}

static void lose_file(struct node *x, enum how how)
{
	size_t n = count(&x->changes), i = 0;

	if (n == 0)
		return;
	if (how == NOTHING)
		n = 0;
	else if (how == PREFIX)
		n = dice(n + 1);
	for (struct list *l = x->changes.next; i < n; l = l->next, i++) {
		const struct change *c = CONTAINER_OF(l, struct change, link);
		bool is_cut = how == PREFIX && i + 1 == n;

		if (how == PREFIX || c->data.p == NULL) {
			if (how == PREFIX || dice(2) == 0)
				redo(&x->synced, c, is_cut ?
				    dice(c->data.n + 1) : c->data.n);
		} else {
			tear(&x->synced, c, how == PAGES ? PAGE : SECTOR);
		}
	}
	forget_changes(x);
	resize(&x->now, 0);
	put(&x->now, 0, x->synced.p, x->synced.n);
}

static void lose_names(struct node *dir, enum how how)
{
	size_t n = count(&dir->changes);

	if (n == 0)
		return;
	end_steps(dir, how == NOTHING ? 0 : dice(n + 1));
	drop_names(&dir->names_now);
	for (struct list *l = dir->names_synced.next; l != &dir->names_synced;
	    l = l->next) {
		const struct name *e = CONTAINER_OF(l, struct name, link);

		add_name(&dir->names_now, e->name, e->node);
	}
}

static void lose(enum how how, uint64_t seed)
{
	dice_state = seed;
	n_left = -1;
	LIST_EACH (l, &nodes) {
		struct node *x = CONTAINER_OF(l, struct node, link);

		if (S_ISDIR(x->stat.st_mode))
			lose_names(x, how);
		else
			lose_file(x, how);
	}
	collect();
}

/* 0, or errno. */
static int obey(const char *text, size_t n)
{
	char               line[64], how[16];
	unsigned long long number;

	snprintf(line, sizeof line, "%.*s", (int)(n < 63 ? n : 63), text);
	if (sscanf(line, "fail %llu", &number) == 1) {
		n_left = (int64_t)number;
		return 0;
	}
	if (sscanf(line, "lose %15s %llu", how, &number) != 2)
		return EINVAL;
	for (enum how i = NOTHING; i < N_HOW; i++)
		if (strcmp(hows[i], how) == 0) {
			lose(i, number);
			return 0;
		}
	return EINVAL;
}

/* The disk is dead: said to the kernel. */
static bool fails(fuse_req_t req)
{
	if (n_left < 0 || n_left-- > 0)
		return false;
	n_left = 0;
	fuse_reply_err(req, EIO);
	return true;
}

/* ---- what the kernel asks ---------------------------------------------------------- */

static struct node *node_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? root : (struct node *)(uintptr_t)ino;
}

static const struct stat *stat_of(struct node *x)
{
	x->stat.st_size = (off_t)x->now.n;
	x->stat.st_blocks = (blkcnt_t)((x->now.n + SECTOR - 1) / SECTOR);
	return &x->stat;
}

static struct fuse_entry_param entry_of(struct node *x)
{
	x->n_lookups++;
	return (struct fuse_entry_param){ .ino = (uintptr_t)x,
		.attr = *stat_of(x) };
}

static struct node *look(fuse_ino_t dir, const char *name)
{
	struct name *e = find(&node_of(dir)->names_now, name);

	if (dir == FUSE_ROOT_ID && strcmp(name, ".lazy_disk") == 0)
		return control;
	return e == NULL ? NULL : e->node;
}

static void fs_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct node            *x = look(dir, name);
	struct fuse_entry_param e;

	if (x == NULL) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	e = entry_of(x);
	fuse_reply_entry(req, &e);
}

static void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	struct node *x = node_of(ino);

	x->n_lookups -= n < x->n_lookups ? n : x->n_lookups;
	if (x->n_lookups == 0 && x->n_names == 0)
		collect();
	fuse_reply_none(req);
}

static void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *f)
{
	(void)f;
	fuse_reply_attr(req, stat_of(node_of(ino)), 0);
}

static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *to,
    int what, struct fuse_file_info *f)
{
	struct node *x = node_of(ino);

	(void)f;
	if (x != control && fails(req))
		return;
	if (what & FUSE_SET_ATTR_MODE)
		x->stat.st_mode = (x->stat.st_mode & S_IFMT) |
		    (to->st_mode & 07777);
	if ((what & FUSE_SET_ATTR_SIZE) && x != control)
		note_change(x, (size_t)to->st_size, NULL, 0);
	fuse_reply_attr(req, stat_of(x), 0);
}

/* A new thing in a directory; NULL: the kernel has its error. */
static struct node *make(fuse_req_t req, fuse_ino_t dir, const char *name,
    mode_t mode)
{
	struct node *x;

	if (fails(req))
		return NULL;
	if (look(dir, name) != NULL || strlen(name) >= NAME_BYTES) {
		fuse_reply_err(req, look(dir, name) != NULL ? EEXIST
		    : ENAMETOOLONG);
		return NULL;
	}
	x = make_node(mode);
	note_step(node_of(dir), "", name, x);
	return x;
}

static void fs_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name,
    mode_t mode)
{
	struct node            *x = make(req, dir, name, S_IFDIR | mode);
	struct fuse_entry_param e;

	if (x == NULL)
		return;
	e = entry_of(x);
	fuse_reply_entry(req, &e);
}

/* The page cache is kept out of it: a program's calls come as they are. */
static void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *f)
{
	(void)ino;
	f->direct_io = 1;
	fuse_reply_open(req, f);
}

static void fs_create(fuse_req_t req, fuse_ino_t dir, const char *name,
    mode_t mode, struct fuse_file_info *f)
{
	struct node            *x = make(req, dir, name, S_IFREG | mode);
	struct fuse_entry_param e;

	if (x == NULL)
		return;
	e = entry_of(x);
	f->direct_io = 1;
	fuse_reply_create(req, &e, f);
}

static void fs_remove(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct node *x = look(dir, name);

	if (x == NULL)
		fuse_reply_err(req, ENOENT);
	else if (!list_is_empty(&x->names_now))
		fuse_reply_err(req, ENOTEMPTY);
	else if (!fails(req)) {
		note_step(node_of(dir), name, "", x);
		fuse_reply_err(req, 0);
	}
}

/* From one directory to another would be two steps, and a power cut could come
 * between them: no server here does that. */
static void fs_rename(fuse_req_t req, fuse_ino_t dir, const char *from,
    fuse_ino_t to_dir, const char *to, unsigned flags)
{
	struct node *x = look(dir, from), *there = look(to_dir, to);

	if (x == NULL)
		fuse_reply_err(req, ENOENT);
	else if (dir != to_dir || strlen(to) >= NAME_BYTES)
		fuse_reply_err(req, dir != to_dir ? EXDEV : ENAMETOOLONG);
	else if (there != NULL && (flags != 0 ||
	    !list_is_empty(&there->names_now)))
		fuse_reply_err(req, flags != 0 ? EEXIST : ENOTEMPTY);
	else if (!fails(req)) {
		note_step(node_of(dir), from, to, x);
		fuse_reply_err(req, 0);
	}
}

static void fs_read(fuse_req_t req, fuse_ino_t ino, size_t n, off_t at,
    struct fuse_file_info *f)
{
	const struct bytes *b = &node_of(ino)->now;
	size_t              from = (size_t)at < b->n ? (size_t)at : b->n;

	(void)f;
	fuse_reply_buf(req, b->n == 0 ? NULL : b->p + from,
	    n < b->n - from ? n : b->n - from);
}

static void fs_write(fuse_req_t req, fuse_ino_t ino, const char *p, size_t n,
    off_t at, struct fuse_file_info *f)
{
	struct node *x = node_of(ino);
	int          err = x == control ? obey(p, n) : 0;

	if (x != control && fails(req))
		return;
	if (err != 0) {
		fuse_reply_err(req, err);
		return;
	}
	if (x != control)
		note_change(x, (size_t)at, p, n);
	if (f->flags & O_DSYNC)		/* in O_SYNC, too */
		sync_file(x);
	fuse_reply_write(req, n);
}

static void fs_fsync(fuse_req_t req, fuse_ino_t ino, int data_only,
    struct fuse_file_info *f)
{
	(void)data_only;
	(void)f;
	if (fails(req))
		return;
	sync_file(node_of(ino));
	fuse_reply_err(req, 0);
}

static void fs_fsyncdir(fuse_req_t req, fuse_ino_t ino, int data_only,
    struct fuse_file_info *f)
{
	(void)data_only;
	(void)f;
	if (fails(req))
		return;
	end_steps(node_of(ino), SIZE_MAX);
	fuse_reply_err(req, 0);
}

/* What is in it when it is opened is what a reader gets. */
static void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *f)
{
	struct bytes *b = must(calloc(1, sizeof *b));
	struct list  *names = &node_of(ino)->names_now;

	for (struct list *l = names->next; l != names; l = l->next) {
		struct name *e = CONTAINER_OF(l, struct name, link);
		size_t at = b->n, n = fuse_add_direntry(req, NULL, 0, e->name,
		    NULL, 0);

		resize(b, at + n);
		fuse_add_direntry(req, b->p + at, n, e->name, &e->node->stat,
		    (off_t)b->n);
	}
	f->fh = (uintptr_t)b;
	fuse_reply_open(req, f);
}

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t n, off_t at,
    struct fuse_file_info *f)
{
	const struct bytes *b = (struct bytes *)(uintptr_t)f->fh;
	size_t              from = (size_t)at < b->n ? (size_t)at : b->n;

	(void)ino;
	fuse_reply_buf(req, b->n == 0 ? NULL : b->p + from,
	    n < b->n - from ? n : b->n - from);
}

static void fs_releasedir(fuse_req_t req, fuse_ino_t ino,
    struct fuse_file_info *f)
{
	struct bytes *b = (struct bytes *)(uintptr_t)f->fh;

	(void)ino;
	free(b->p);
	free(b);
	fuse_reply_err(req, 0);
}

static void fs_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs v = { .f_bsize = PAGE, .f_frsize = PAGE,
		.f_blocks = MEDIUM_BYTES / PAGE, .f_bfree = MEDIUM_BYTES / PAGE,
		.f_bavail = MEDIUM_BYTES / PAGE, .f_namemax = NAME_BYTES - 1 };

	(void)ino;
	fuse_reply_statfs(req, &v);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = fs_lookup, .forget = fs_forget,
	.getattr = fs_getattr, .setattr = fs_setattr,
	.mkdir = fs_mkdir, .rmdir = fs_remove, .unlink = fs_remove,
	.rename = fs_rename, .open = fs_open, .create = fs_create,
	.read = fs_read, .write = fs_write, .fsync = fs_fsync,
	.opendir = fs_opendir, .readdir = fs_readdir,
	.releasedir = fs_releasedir, .fsyncdir = fs_fsyncdir,
	.statfs = fs_statfs,
};

int main(int argc, char **argv)
{
	char                 how[] = "-ofsname=lazy_disk,default_permissions";
	char                *options[] = { argv[0], how, NULL };
	struct fuse_args     args = FUSE_ARGS_INIT(2, options);
	struct fuse_session *s;
	int                  rc = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: lazy_disk DIRECTORY\n");
		return 2;
	}
	list_init(&nodes);
	root = make_node(S_IFDIR | 0755);
	root->stat.st_ino = FUSE_ROOT_ID;
	control = make_node(S_IFREG | 0600);
	s = fuse_session_new(&args, &operations, sizeof operations, NULL);
	if (s != NULL && fuse_set_signal_handlers(s) == 0 &&
	    fuse_session_mount(s, argv[1]) == 0) {
		printf("mounted\n");
		fflush(stdout);
		rc = fuse_session_loop(s) < 0;
		fuse_session_unmount(s);
	}
	if (s != NULL)
		fuse_session_destroy(s);
	fuse_opt_free_args(&args);
	return rc;
}
