/* nuid_test.c - names are base62, distinct, and distinct across threads. */
#include "base/nuid.h"

#include <ctype.h>
#include <pthread.h>

#include "check.h"

enum { N = 20000 };

static char names[2][N][NUID_CHARS];

static void *draw(void *to)
{
	char (*out)[NUID_CHARS] = to;

	for (int i = 0; i < N; i++)
		nuid_next(out[i]);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, NUID_CHARS);
}

TEST(two_threads_draw_distinct_base62_names)
{
	pthread_t other;

	CHECK_INT(pthread_create(&other, NULL, draw, names[1]), 0);
	draw(names[0]);
	CHECK_INT(pthread_join(other, NULL), 0);
	CHECK(memcmp(names[0][0], names[1][0], 12) != 0, "prefixes are random");
	CHECK(memcmp(names[0][0], names[0][1], 12) == 0, "and stay for a while");
	qsort(names, 2 * N, NUID_CHARS, compare);
	for (int i = 0; i < 2 * N; i++) {
		const char *name = names[i / N][i % N];

		for (int c = 0; c < NUID_CHARS; c++)
			CHECK(isalnum((unsigned char)name[c]));
		if (i > 0)
			CHECK(memcmp(name, name - NUID_CHARS, NUID_CHARS) != 0);
	}
}
