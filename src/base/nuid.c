/* base/nuid.c - a random half and a counting half, in base62. */
#include "base/nuid.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

enum { PREFIX_CHARS = 12, COUNT_CHARS = 10, STEP_MIN = 33, STEP_MAX = 333 };

#define COUNT_END UINT64_C(839299365868340224)	/* 62 to the 10th */

static const char digits[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct nuid {
	bool     is_ready;
	uint64_t count, step;
	char     prefix[PREFIX_CHARS];
};

/* 248 is the last multiple of 62 in a byte: below it no digit is favoured. */
static char random_digit(void)
{
	uint8_t b;

	do
		random_bytes(&b, 1);
	while (b >= 248);
	return digits[b % 62];
}

static void begin_anew(struct nuid *u)
{
	for (int i = 0; i < PREFIX_CHARS; i++)
		u->prefix[i] = random_digit();
	random_bytes(&u->count, sizeof u->count);
	u->count %= COUNT_END;
	u->step = STEP_MIN + random_below(STEP_MAX - STEP_MIN);
	u->is_ready = true;
}

void nuid_next(char out[NUID_CHARS])
{
	static _Thread_local struct nuid u;
	uint64_t                         rest;

	u.count += u.step;
	if (!u.is_ready || u.count >= COUNT_END)
		begin_anew(&u);
	for (int i = 0; i < PREFIX_CHARS; i++)
		out[i] = u.prefix[i];
	rest = u.count;
	for (int i = NUID_CHARS - 1; i >= PREFIX_CHARS; i--, rest /= 62)
		out[i] = digits[rest % 62];
}
