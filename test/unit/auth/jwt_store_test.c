/* jwt_store_test.c - what was saved is there, also for the next server; nothing
 * else in the directory is touched; limits, use and age are kept to. */
#include "auth/jwt_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/nkey.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "check.h"

struct key {
	char text[NKEY_PUBLIC_CHARS + 1];
};

static struct slice key_of(int n, struct key *k)
{
	uint8_t bytes[NKEY_BYTES];

	memset(bytes, n, sizeof bytes);
	nkey_put_public(NKEY_ACCOUNT, bytes, k->text);
	return slice_of(k->text, NKEY_PUBLIC_CHARS);
}

struct place {
	char dir[64];
};

static struct place place_make(void)
{
	struct place p = { "/tmp/jwt_store_test.XXXXXX" };

	hash_init();
	umask(022);
	CHECK(mkdtemp(p.dir) != NULL);
	return p;
}

static void place_remove(struct place *p)
{
	DIR           *d = opendir(p->dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (unlinkat(dirfd(d), e->d_name, 0) != 0)
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	closedir(d);
	CHECK_INT(rmdir(p->dir), 0);
}

static const char *path_of(const struct place *p, const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	return path;
}

static void put_file(const struct place *p, const char *name, const char *text)
{
	FILE *f = fopen(path_of(p, name), "w");

	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static bool has_file(const struct place *p, struct slice key,
    const char *suffix)
{
	char name[128];

	snprintf(name, sizeof name, "%.*s%s", SLICE_ARG(key), suffix);
	return access(path_of(p, name), F_OK) == 0;
}

static struct jwt_store *opened(const struct jwt_store_config *conf)
{
	struct jwt_store *s = NULL;
	struct buf        why = { 0 };

	CHECK_INT(jwt_store_open(conf, &s, &why), 0, "%.*s",
	    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	return s;
}

static int save(struct jwt_store *s, int n, const char *token)
{
	struct key k;

	return jwt_store_save(s, key_of(n, &k), slice_str(token));
}

static void check_token(struct jwt_store *s, int n, const char *want)
{
	struct buf out = { 0 };
	struct key k;
	int        err = jwt_store_load(s, key_of(n, &k), &out);

	CHECK_INT(err, want == NULL ? ERR_NOTFOUND : 0, "key %d", n);
	if (want != NULL)
		CHECK_SLICE(buf_slice(&out), slice_str(want));
	buf_fini(&out);
}

static void check_hash(struct jwt_store *s, const char *a, const char *b)
{
	uint8_t one[32], two[32] = { 0 }, got[32];

	crypto_hash_sha256(one, (const uint8_t *)a, strlen(a));
	if (b != NULL)
		crypto_hash_sha256(two, (const uint8_t *)b, strlen(b));
	for (int i = 0; i < 32; i++)
		one[i] ^= two[i];
	jwt_store_hash(s, got);
	CHECK(memcmp(one, got, 32) == 0);
}

/* What all kinds have in common. */
static void check_life(struct jwt_store *s)
{
	static const uint8_t nothing[32];
	uint8_t    hash[32];
	struct key k;
	struct buf keys = { 0 };

	check_token(s, 1, NULL);
	CHECK_INT(save(s, 1, "one"), 0);
	CHECK_INT(save(s, 2, "two"), 0);
	CHECK_INT(save(s, 1, "uno"), 0);
	check_token(s, 1, "uno");
	check_token(s, 2, "two");
	check_hash(s, "uno", "two");
	CHECK_INT(jwt_store_count(s), 2);
	CHECK(jwt_store_keys(s, &keys));
	CHECK_INT(keys.n, 2 * NKEY_PUBLIC_CHARS);
	CHECK(memcmp(keys.p, keys.p + NKEY_PUBLIC_CHARS, NKEY_PUBLIC_CHARS) < 0);
	buf_fini(&keys);
	CHECK_INT(jwt_store_delete(s, key_of(1, &k)), 0);
	CHECK_INT(jwt_store_delete(s, key_of(1, &k)), 0, "again");
	check_token(s, 1, NULL);
	check_hash(s, "two", NULL);
	CHECK_INT(jwt_store_delete(s, key_of(2, &k)), 0);
	jwt_store_hash(s, hash);
	CHECK(memcmp(hash, nothing, 32) == 0, "empty again");
}

TEST(all_kinds_save_replace_and_delete)
{
	static const enum jwt_store_kind kinds[] = { JWT_STORE_MEMORY,
		JWT_STORE_FULL, JWT_STORE_CACHE };

	for (size_t i = 0; i < N_OF(kinds); i++) {
		struct place            p = place_make();
		struct jwt_store_config conf = { .kind = kinds[i],
			.dir = p.dir, .erases = true };
		struct jwt_store       *s = opened(&conf);

		CHECK_INT(jwt_store_kind(s), kinds[i]);
		check_life(s);
		jwt_store_close(s);
		place_remove(&p);
	}
}

TEST(the_next_server_finds_what_was_saved)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir };
	struct jwt_store       *s = opened(&conf);
	struct key              k;
	struct stat             st;
	char                    name[96];

	CHECK_INT(save(s, 1, "one"), 0);
	CHECK_INT(save(s, 2, "two"), 0);
	jwt_store_close(s);
	snprintf(name, sizeof name, "%.*s.jwt", SLICE_ARG(key_of(1, &k)));
	CHECK_INT(stat(path_of(&p, name), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0640);
	s = opened(&conf);
	CHECK_INT(jwt_store_count(s), 2);
	check_hash(s, "one", "two");
	check_token(s, 1, "one");
	CHECK_INT(jwt_store_delete(s, key_of(1, &k)), 0);
	CHECK(!has_file(&p, key_of(1, &k), ".jwt"));
	CHECK(has_file(&p, key_of(1, &k), ".jwt.deleted"), "renamed");
	jwt_store_close(s);
	place_remove(&p);
}

TEST(a_file_put_there_by_hand_is_found)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir };
	struct jwt_store       *s = opened(&conf);
	struct key              k;
	char                    name[96];

	snprintf(name, sizeof name, "%.*s.jwt", SLICE_ARG(key_of(7, &k)));
	put_file(&p, name, "by hand");
	check_token(s, 7, "by hand");
	check_hash(s, "by hand", NULL);
	unlink(path_of(&p, name));
	check_token(s, 7, NULL);
	CHECK_INT(jwt_store_count(s), 0);
	jwt_store_close(s);
	place_remove(&p);
}

TEST(foreign_files_are_nobodys_business)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_CACHE, .dir = p.dir,
		.n_max = 1 };
	struct jwt_store       *s;
	struct key              k;
	char                    folder[96], link[96];

	put_file(&p, "README.jwt", "hello");
	put_file(&p, "a", "b");
	snprintf(folder, sizeof folder, "%.*s.jwt", SLICE_ARG(key_of(1, &k)));
	CHECK_INT(mkdir(path_of(&p, folder), 0700), 0);
	snprintf(link, sizeof link, "%.*s.jwt", SLICE_ARG(key_of(2, &k)));
	CHECK_INT(symlink("/etc/hostname", path_of(&p, link)), 0);
	s = opened(&conf);
	CHECK_INT(jwt_store_count(s), 0);
	CHECK_INT(save(s, 3, "three"), 0);
	CHECK_INT(save(s, 4, "four"), 0);
	CHECK_INT(jwt_store_count(s), 1);
	CHECK_INT(access(path_of(&p, "README.jwt"), F_OK), 0);
	CHECK_INT(access(path_of(&p, "a"), F_OK), 0);
	jwt_store_close(s);
	place_remove(&p);
}

TEST(a_link_may_not_lead_out_of_the_directory)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir };
	struct jwt_store       *s;
	struct buf              out = { 0 };
	struct key              k;
	char                    name[96];

	snprintf(name, sizeof name, "%.*s.jwt", SLICE_ARG(key_of(2, &k)));
	CHECK_INT(symlink("../../etc/hostname", path_of(&p, name)), 0);
	s = opened(&conf);
	CHECK_INT(jwt_store_load(s, key_of(2, &k), &out), ERR_IO);
	CHECK_INT(out.n, 0);
	CHECK_INT(save(s, 2, "mine"), 0, "the link is replaced");
	check_token(s, 2, "mine");
	buf_fini(&out);
	jwt_store_close(s);
	place_remove(&p);
}

TEST(names_are_keys_of_accounts_and_nothing_else)
{
	static const char *const bad[] = { "", "../../etc/passwd", "A",
		"OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT",
		"ACFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVYYOV",
		"ACFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVYYOU/x" };
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir };
	struct jwt_store       *s = opened(&conf);
	struct buf              out = { 0 };

	for (size_t i = 0; i < N_OF(bad); i++) {
		struct slice key = slice_str(bad[i]);

		CHECK_INT(jwt_store_load(s, key, &out), ERR_NOTFOUND, "%s", bad[i]);
		CHECK_INT(jwt_store_save(s, key, SLICE("x")), ERR_RANGE);
		CHECK_INT(jwt_store_delete(s, key), ERR_RANGE);
	}
	CHECK_INT(jwt_store_count(s), 0);
	buf_fini(&out);
	jwt_store_close(s);
	place_remove(&p);
}

TEST(a_full_store_refuses_more_but_not_other_tokens)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir,
		.n_max = 2 };
	struct jwt_store       *s = opened(&conf);

	CHECK_INT(save(s, 1, "one"), 0);
	CHECK_INT(save(s, 2, "two"), 0);
	CHECK_INT(save(s, 3, "three"), ERR_LIMIT);
	CHECK_INT(save(s, 2, "deux"), 0);
	check_token(s, 3, NULL);
	jwt_store_close(s);
	place_remove(&p);
}

TEST(a_cache_forgets_what_nobody_asked_for_longest)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_CACHE, .dir = p.dir,
		.n_max = 2 };
	struct jwt_store       *s = opened(&conf);
	struct key              k;

	CHECK_INT(save(s, 1, "one"), 0);
	CHECK_INT(save(s, 2, "two"), 0);
	check_token(s, 1, "one");
	CHECK_INT(save(s, 3, "three"), 0);
	check_token(s, 2, NULL);
	check_token(s, 1, "one");
	check_token(s, 3, "three");
	CHECK(!has_file(&p, key_of(2, &k), ".jwt"), "and its file");
	CHECK(!has_file(&p, key_of(2, &k), ".jwt.deleted"));
	jwt_store_close(s);
	place_remove(&p);
}

TEST(a_cache_forgets_what_is_too_old)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_CACHE, .dir = p.dir,
		.ttl_ns = 50 * NS_PER_MS };
	struct jwt_store       *s = opened(&conf);

	CHECK_INT(save(s, 1, "one"), 0);
	CHECK_INT(save(s, 2, "two"), 0);
	check_token(s, 1, "one");
	usleep(60 * 1000);
	check_token(s, 1, NULL);
	CHECK_INT(jwt_store_count(s), 1);
	jwt_store_expire(s);
	CHECK_INT(jwt_store_count(s), 0);
	jwt_store_close(s);
	place_remove(&p);
}

/* A disk that takes no more: the limit of a file's size is one. */
TEST(what_cannot_be_written_leaves_the_old_token)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir };
	struct jwt_store       *s = opened(&conf);
	struct rlimit           was, small;
	static char             big[8192];
	DIR                    *d;
	struct dirent          *e;
	int                     n = 0;

	memset(big, 'x', sizeof big - 1);
	CHECK_INT(save(s, 1, "one"), 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){ 4096, was.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	CHECK_INT(save(s, 1, big), ERR_IO);
	CHECK_INT(save(s, 2, big), ERR_IO);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &was), 0);
	check_token(s, 1, "one");
	check_token(s, 2, NULL);
	check_hash(s, "one", NULL);
	d = opendir(p.dir);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	CHECK_INT(n, 1, "something was left behind");
	CHECK_INT(save(s, 1, big), 0, "and then it goes on");
	jwt_store_close(s);
	place_remove(&p);
}

TEST(what_is_no_token_is_not_read)
{
	struct place            p = place_make();
	struct jwt_store_config conf = { .kind = JWT_STORE_FULL, .dir = p.dir };
	struct buf              out = { 0 }, why = { 0 };
	struct jwt_store       *s;
	struct key              k;
	char                    name[96];

	snprintf(name, sizeof name, "%.*s.jwt", SLICE_ARG(key_of(1, &k)));
	put_file(&p, name, "");
	CHECK_INT(truncate(path_of(&p, name), 2 << 20), 0);
	snprintf(name, sizeof name, "%.*s.jwt", SLICE_ARG(key_of(2, &k)));
	CHECK_INT(mkfifo(path_of(&p, name), 0600), 0);
	s = opened(&conf);
	CHECK_INT(jwt_store_count(s), 0);
	CHECK_INT(jwt_store_load(s, key_of(1, &k), &out), ERR_IO, "too large");
	CHECK_INT(jwt_store_load(s, key_of(2, &k), &out), ERR_IO, "a pipe");
	CHECK_INT(jwt_store_save(s, key_of(3, &k), SLICE_NONE), ERR_RANGE);
	jwt_store_close(s);
	place_remove(&p);
	CHECK_INT(jwt_store_open(&conf, &s, &why), ERR_CONFIG, "no directory");
	CHECK(why.n > 0);
	buf_fini(&why);
	buf_fini(&out);
}

TEST(many_keys_are_told_apart)
{
	struct jwt_store_config conf = { .kind = JWT_STORE_MEMORY };
	struct jwt_store       *s;
	char                    text[16];

	hash_init();
	s = opened(&conf);
	for (int i = 0; i < 256; i++) {
		snprintf(text, sizeof text, "token %d", i);
		CHECK_INT(save(s, i, text), 0);
	}
	for (int i = 0; i < 256; i++) {
		snprintf(text, sizeof text, "token %d", i);
		check_token(s, i, text);
	}
	CHECK_INT(jwt_store_count(s), 256);
	jwt_store_close(s);
}
