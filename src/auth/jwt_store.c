/* auth/jwt_store.c - an index by key, and a directory behind it.
 *
 * The index knows of each token its hash, and in memory its text; what was used
 * last is at the end of a list.  A file that somebody else put there is found
 * all the same, and known from then on.
 */
#include "auth/jwt_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auth/nkey.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"

enum {
	TOKEN_MAX = 1 << 20,
	FIRST_SLOTS = 64,
	KEY_CHARS = NKEY_PUBLIC_CHARS,
	NAME_MAX_BYTES = KEY_CHARS + 16,
};

struct item {
	struct item *next;	/* in its slot */
	struct list  used;
	int64_t      until_ns;	/* INT64_MAX: no end */
	uint8_t      hash[JWT_STORE_HASH_BYTES];
	char         key[KEY_CHARS + 1];
	char        *token;	/* NULL: in the file */
	size_t       n;
};

struct jwt_store {
	struct jwt_store_config conf;
	int           dir;	/* -1: in memory */
	pthread_mutex_t lock;
	/* under the lock */
	struct item **slots;
	size_t        n_slots;	/* a power of two */
	size_t        n;
	struct list   used;	/* the longest unused first */
	uint8_t       hash[JWT_STORE_HASH_BYTES];
};

/* ---- names ----------------------------------------------------------------- */

struct name {
	char text[NAME_MAX_BYTES];
};

static bool is_key(struct slice key)
{
	uint8_t bytes[NKEY_BYTES];

	return nkey_get_public(key, NKEY_ACCOUNT, bytes);
}

/* key has been checked. */
static struct name name_of(struct slice key, const char *prefix,
    const char *suffix)
{
	struct name n;

	assert(key.n == KEY_CHARS);
	snprintf(n.text, sizeof n.text, "%s%.*s%s", prefix, SLICE_ARG(key),
	    suffix);
	return n;
}

static struct name file_of(struct slice key)
{
	return name_of(key, "", ".jwt");
}

/* The key whose file it is; empty: it is none of ours. */
static struct slice key_of_file(const char *file)
{
	struct slice name = slice_str(file);

	if (name.n != KEY_CHARS + 4 ||
	    memcmp(file + KEY_CHARS, ".jwt", 4) != 0 ||
	    !is_key(slice_of(file, KEY_CHARS)))
		return SLICE_NONE;
	return slice_of(file, KEY_CHARS);
}

/* ---- the index ------------------------------------------------------------- */

static struct item **slot_of(const struct jwt_store *s, struct slice key)
{
	return &s->slots[hash_slice(key) & (s->n_slots - 1)];
}

static struct item *find(const struct jwt_store *s, struct slice key)
{
	struct item *it = *slot_of(s, key);

	while (it != NULL && memcmp(it->key, key.p, KEY_CHARS) != 0)
		it = it->next;
	return it;
}

static void enlarge(struct jwt_store *s)
{
	size_t        n = s->n_slots * 2;
	struct item **slots = calloc(n, sizeof(struct item *));

	if (slots == NULL)
		return;		/* longer chains, no more */
	free(s->slots);
	s->slots = slots;
	s->n_slots = n;
	LIST_EACH(l, &s->used) {
		struct item  *it = CONTAINER_OF(l, struct item, used);
		struct item **at = slot_of(s, slice_of(it->key, KEY_CHARS));

		it->next = *at;
		*at = it;
	}
}

static void mix(struct jwt_store *s, const uint8_t hash[JWT_STORE_HASH_BYTES])
{
	for (int i = 0; i < JWT_STORE_HASH_BYTES; i++)
		s->hash[i] ^= hash[i];
}

static void touch(struct jwt_store *s, struct item *it)
{
	int64_t ttl = s->conf.ttl_ns;

	list_remove(&it->used);
	list_append(&s->used, &it->used);
	it->until_ns = ttl > 0 ? clock_wall_ns() + ttl : INT64_MAX;
}

static void forget(struct jwt_store *s, struct item *it)
{
	struct item **at = slot_of(s, slice_of(it->key, KEY_CHARS));

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
	list_remove(&it->used);
	mix(s, it->hash);
	s->n--;
	free(it->token);
	free(it);
}

static struct item *add(struct jwt_store *s, struct slice key)
{
	struct item *it = calloc(1, sizeof *it), **at;

	if (it == NULL)
		return NULL;
	if (s->n >= s->n_slots)
		enlarge(s);
	at = slot_of(s, key);
	memcpy(it->key, key.p, KEY_CHARS);
	it->next = *at;
	*at = it;
	s->n++;
	return it;
}

/* The index knows of the token; NULL: out of memory, and it does not. */
static struct item *know(struct jwt_store *s, struct slice key,
    struct slice token)
{
	struct item *it = find(s, key);

	if (it == NULL)
		it = add(s, key);
	if (it == NULL)
		return NULL;
	mix(s, it->hash);
	crypto_hash_sha256(it->hash, (const uint8_t *)token.p, token.n);
	mix(s, it->hash);
	touch(s, it);
	return it;
}

/* ---- files ----------------------------------------------------------------- */

static int sys_error(void)
{
	return errno == ENOENT ? ERR_NOTFOUND : errno == ENOMEM ? ERR_NOMEM
	    : ERR_IO;
}

/* A link may lead to another place in the directory (mounted secrets do), not
 * out of it; where the kernel cannot see to that, it may not lead anywhere. */
static int open_beneath(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
		    O_NOCTTY | O_NOFOLLOW);
	return (int)fd;
}

static int read_all(int fd, struct buf *out)
{
	for (;;) {
		char   *at = buf_reserve(out, 16384);
		ssize_t n;

		if (at == NULL)
			return ERR_NOMEM;
		n = read(fd, at, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : 0;
		buf_added(out, (size_t)n);
		if (out->n > TOKEN_MAX)
			return ERR_RANGE;
	}
}

static int read_file(struct jwt_store *s, struct slice key, struct buf *out)
{
	struct name name = file_of(key);
	struct stat st;
	int         fd = open_beneath(s->dir, name.text), err;

	if (fd < 0)
		return sys_error();
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > TOKEN_MAX)
		err = ERR_IO;
	else
		err = read_all(fd, out);
	close(fd);
	return err == ERR_RANGE ? ERR_IO : err;
}

static int write_all(int fd, struct slice s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		s = slice_skip(s, (size_t)n);
	}
	return 0;
}

static int write_aside(struct jwt_store *s, const char *aside,
    struct slice token)
{
	int fd = openat(s->dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	int err;

	if (fd < 0)
		return ERR_IO;
	err = write_all(fd, token);
	if (err == 0 && fsync(fd) != 0)
		err = ERR_IO;
	if (close(fd) != 0)
		err = ERR_IO;
	return err;
}

static int write_file(struct jwt_store *s, struct slice key,
    struct slice token)
{
	struct name aside = name_of(key, ".", ".tmp"), name = file_of(key);
	int         err;

	unlinkat(s->dir, aside.text, 0);	/* a crash may have left it */
	err = write_aside(s, aside.text, token);
	if (err == 0 && renameat(s->dir, aside.text, s->dir, name.text) != 0)
		err = ERR_IO;
	if (err != 0)
		unlinkat(s->dir, aside.text, 0);
	/* It is in place now; whether for good, the disk says. */
	return err == 0 && fsync(s->dir) != 0 ? ERR_IO : err;
}

static int remove_file(struct jwt_store *s, struct slice key, bool erases)
{
	struct name name = file_of(key);
	struct name kept = name_of(key, "", ".jwt.deleted");
	int         r = erases ? unlinkat(s->dir, name.text, 0)
	    : renameat(s->dir, name.text, s->dir, kept.text);

	if (r != 0)
		return errno == ENOENT ? 0 : ERR_IO;
	return fsync(s->dir) != 0 ? ERR_IO : 0;
}

/* ---- opening --------------------------------------------------------------- */

static void note_file(struct jwt_store *s, const char *file)
{
	struct slice key = key_of_file(file);
	struct buf   token = { 0 };

	if (key.n == 0)
		return;
	if (read_file(s, key, &token) != 0)
		log_warn("account's token %s cannot be read", file);
	else if (know(s, key, buf_slice(&token)) == NULL)
		log_warn("no memory to know of %s", file);
	buf_fini(&token);
}

static int read_dir(struct jwt_store *s, struct buf *why)
{
	int            fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	DIR           *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		buf_printf(why, "%s: %s", s->conf.dir, strerror(errno));
		return ERR_IO;
	}
	while ((e = readdir(d)) != NULL)
		note_file(s, e->d_name);
	closedir(d);
	return 0;
}

static int open_dir(struct jwt_store *s, struct buf *why)
{
	s->dir = open(s->conf.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0) {
		buf_printf(why, "%s: %s", s->conf.dir, strerror(errno));
		return ERR_CONFIG;
	}
	return read_dir(s, why);
}

static void set_config(struct jwt_store *s, const struct jwt_store_config *conf)
{
	s->conf = *conf;
	if (conf->kind == JWT_STORE_CACHE) {
		s->conf.erases = true;
		if (conf->n_max <= 0)
			s->conf.n_max = JWT_STORE_CACHE_MAX;
	} else {
		s->conf.ttl_ns = 0;
	}
}

static void drop_surplus(struct jwt_store *s);

int jwt_store_open(const struct jwt_store_config *conf, struct jwt_store **ret,
    struct buf *why)
{
	struct jwt_store *s = calloc(1, sizeof *s);
	int               err = 0;

	if (s == NULL)
		return ERR_NOMEM;
	s->dir = -1;
	list_init(&s->used);
	pthread_mutex_init(&s->lock, NULL);
	set_config(s, conf);
	s->n_slots = FIRST_SLOTS;
	s->slots = calloc(s->n_slots, sizeof(struct item *));
	if (s->slots == NULL)
		err = ERR_NOMEM;
	else if (conf->kind != JWT_STORE_MEMORY)
		err = open_dir(s, why);
	s->conf.dir = NULL;		/* the caller's */
	if (err != 0) {
		jwt_store_close(s);
		return err;
	}
	drop_surplus(s);
	*ret = s;
	return 0;
}

void jwt_store_close(struct jwt_store *s)
{
	if (s == NULL)
		return;
	while (!list_is_empty(&s->used))
		forget(s, CONTAINER_OF(s->used.next, struct item, used));
	if (s->dir >= 0)
		close(s->dir);
	pthread_mutex_destroy(&s->lock);
	free(s->slots);
	free(s);
}

enum jwt_store_kind jwt_store_kind(const struct jwt_store *s)
{
	return s->conf.kind;
}

/* ---- reading and writing ---------------------------------------------------- */

static int load_memory(struct jwt_store *s, struct slice key, struct buf *out)
{
	struct item *it = find(s, key);

	if (it == NULL)
		return ERR_NOTFOUND;
	buf_put(out, it->token, it->n);
	return buf_failed(out) ? ERR_NOMEM : 0;
}

static bool is_past(const struct item *it)
{
	return it->until_ns <= clock_wall_ns();
}

/* Removed from the directory, too. */
static void drop(struct jwt_store *s, struct item *it)
{
	if (remove_file(s, slice_of(it->key, KEY_CHARS), true) != 0)
		log_warn("account's token %s cannot be removed", it->key);
	forget(s, it);
}

static int load_file(struct jwt_store *s, struct slice key, struct buf *out)
{
	struct item *it = find(s, key);
	struct buf   token = { 0 };
	int          err;

	if (it != NULL && is_past(it)) {
		drop(s, it);
		return ERR_NOTFOUND;
	}
	err = read_file(s, key, &token);
	if (err == 0) {
		know(s, key, buf_slice(&token));
		drop_surplus(s);
		buf_put_slice(out, buf_slice(&token));
	} else if (err == ERR_NOTFOUND && it != NULL) {
		forget(s, it);	/* somebody has removed it */
	}
	buf_fini(&token);
	return err == 0 && buf_failed(out) ? ERR_NOMEM : err;
}

int jwt_store_load(struct jwt_store *s, struct slice key, struct buf *out)
{
	int err;

	if (!is_key(key))
		return ERR_NOTFOUND;
	pthread_mutex_lock(&s->lock);
	err = s->dir < 0 ? load_memory(s, key, out) : load_file(s, key, out);
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* A cache never refuses; it drops what nobody asked for longest. */
static void drop_surplus(struct jwt_store *s)
{
	while (s->conf.kind == JWT_STORE_CACHE &&
	    s->n > (size_t)s->conf.n_max)
		drop(s, CONTAINER_OF(s->used.next, struct item, used));
}

static bool is_full(const struct jwt_store *s, struct slice key)
{
	return s->conf.kind == JWT_STORE_FULL && s->conf.n_max > 0 &&
	    s->n >= (size_t)s->conf.n_max && find(s, key) == NULL;
}

static int save_memory(struct jwt_store *s, struct slice key,
    struct slice token)
{
	char        *copy = malloc(token.n);
	struct item *it = copy == NULL ? NULL : know(s, key, token);

	if (it == NULL) {
		free(copy);
		return ERR_NOMEM;
	}
	memcpy(copy, token.p, token.n);
	free(it->token);
	it->token = copy;
	it->n = token.n;
	return 0;
}

/* Whether the old token is there or the new one, only the directory knows. */
static void look_again(struct jwt_store *s, struct slice key)
{
	struct buf b = { 0 };

	load_file(s, key, &b);
	buf_fini(&b);
}

static int save_file(struct jwt_store *s, struct slice key, struct slice token)
{
	int err = write_file(s, key, token);

	if (err == 0 && know(s, key, token) == NULL)
		err = ERR_NOMEM;
	if (err != 0)
		look_again(s, key);
	drop_surplus(s);
	return err;
}

int jwt_store_save(struct jwt_store *s, struct slice key, struct slice token)
{
	int err;

	if (!is_key(key) || token.n == 0 || token.n > TOKEN_MAX)
		return ERR_RANGE;
	pthread_mutex_lock(&s->lock);
	if (is_full(s, key))
		err = ERR_LIMIT;
	else
		err = s->dir < 0 ? save_memory(s, key, token)
		    : save_file(s, key, token);
	pthread_mutex_unlock(&s->lock);
	return err;
}

int jwt_store_delete(struct jwt_store *s, struct slice key)
{
	struct item *it;
	int          err = 0;

	if (!is_key(key))
		return ERR_RANGE;
	pthread_mutex_lock(&s->lock);
	if (s->dir >= 0)
		err = remove_file(s, key, s->conf.erases);
	it = find(s, key);
	if (err == 0 && it != NULL)
		forget(s, it);
	pthread_mutex_unlock(&s->lock);
	return err;
}

void jwt_store_expire(struct jwt_store *s)
{
	pthread_mutex_lock(&s->lock);
	/* In order of use is in order of age, too. */
	while (!list_is_empty(&s->used)) {
		struct item *it = CONTAINER_OF(s->used.next, struct item,
		    used);

		if (!is_past(it))
			break;
		drop(s, it);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- all of them ----------------------------------------------------------- */

size_t jwt_store_count(struct jwt_store *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

void jwt_store_hash(struct jwt_store *s, uint8_t hash[JWT_STORE_HASH_BYTES])
{
	pthread_mutex_lock(&s->lock);
	memcpy(hash, s->hash, JWT_STORE_HASH_BYTES);
	pthread_mutex_unlock(&s->lock);
}

static int by_text(const void *a, const void *b)
{
	return memcmp(a, b, KEY_CHARS);
}

bool jwt_store_keys(struct jwt_store *s, struct buf *out)
{
	size_t from = out->n;

	pthread_mutex_lock(&s->lock);
	LIST_EACH(l, &s->used)
		buf_put(out, CONTAINER_OF(l, struct item, used)->key,
		    KEY_CHARS);
	pthread_mutex_unlock(&s->lock);
	if (buf_failed(out))
		return false;
	if (out->n > from)
		qsort(out->p + from, (out->n - from) / KEY_CHARS, KEY_CHARS,
		    by_text);
	return true;
}
