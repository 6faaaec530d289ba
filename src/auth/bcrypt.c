/* auth/bcrypt.c - libcrypt, with its variants levelled. */
#include "auth/bcrypt.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* "$2b$12$" then 22 characters of salt and 31 of hash. */
enum { PREFIX_CHARS = 7, SALT_CHARS = 22, HASH_AT = PREFIX_CHARS + SALT_CHARS };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool bcrypt_is_hash(struct slice s)
{
	return s.n >= PREFIX_CHARS && s.p[0] == '$' && s.p[1] == '2' &&
	    memchr("abxy", s.p[2], 4) != NULL && s.p[3] == '$' &&
	    is_digit(s.p[4]) && is_digit(s.p[5]) && s.p[6] == '$';
}

static bool is_base64(char c)
{
	return is_digit(c) || c == '.' || c == '/' || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

bool bcrypt_is_sound(struct slice hash)
{
	int cost;

	if (!bcrypt_is_hash(hash) || hash.n != BCRYPT_HASH_CHARS)
		return false;
	cost = (hash.p[4] - '0') * 10 + (hash.p[5] - '0');
	if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
		return false;
	for (size_t i = PREFIX_CHARS; i < hash.n; i++)
		if (!is_base64(hash.p[i]))
			return false;
	return true;
}

struct crypt_data *bcrypt_scratch_create(void)
{
	return calloc(1, sizeof(struct crypt_data));
}

void bcrypt_scratch_destroy(struct crypt_data *s)
{
	free(s);
}

/* The sanitizers shadow crypt_r, and the linker then leaves libcrypt out. */
static const char *run_crypt(const char *pass, const char *setting,
    struct crypt_data *scratch)
{
#ifdef XCRYPT_VERSION_NUM
	return crypt_rn(pass, setting, scratch, (int)sizeof *scratch);
#else
	return crypt_r(pass, setting, scratch);
#endif
}

bool bcrypt_matches(const char *hash, const char *pass,
    struct crypt_data *scratch)
{
	char        setting[BCRYPT_HASH_CHARS + 1];
	const char *got;
	bool        ok;

	memcpy(setting, hash, sizeof setting);
	setting[2] = 'b';
	got = run_crypt(pass, setting, scratch);
	/* the last character of the salt has spare bits that libcrypt clears;
	 * so the hashes alone are compared */
	ok = got != NULL && strlen(got) == BCRYPT_HASH_CHARS &&
	    sodium_memcmp(got + HASH_AT, setting + HASH_AT,
	    BCRYPT_HASH_CHARS - HASH_AT) == 0;
	sodium_memzero(scratch, sizeof *scratch);
	return ok;
}
