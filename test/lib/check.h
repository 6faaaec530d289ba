/* test/lib/check.h - TEST and CHECK over cmocka.
 *
 *     TEST(the_name_is_a_sentence_that_is_true) { CHECK(1 + 1 == 2); }
 *
 * A TEST registers itself; the program runs all of its file's.  CHECK_* take
 * an optional printf-style reason, told when they fail.
 */
#ifndef TEST_LIB_CHECK_H
#define TEST_LIB_CHECK_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Adds to the list that check_main (in check.c) runs. */
void check_register(const char *name, void (*test)(void **));

#define TEST(name)                                                       \
	static void name(void **check_state);                            \
	__attribute__((constructor)) static void name##_register(void)   \
	{                                                                \
		check_register(#name, name);                             \
	}                                                                \
	static void name(void **check_state __attribute__((unused)))

/* Prints the reason when a check is about to fail. */
void check_why(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define CHECK_(ok, shown, ...)                                           \
	do {                                                             \
		if (!(ok)) {                                             \
			check_why("" __VA_ARGS__);                       \
			shown;                                           \
			fail();                                          \
		}                                                        \
	} while (0)

#define CHECK(cond, ...)                                                 \
	CHECK_(cond, print_error("%s:%d: %s\n", __FILE__, __LINE__,      \
	    #cond), ##__VA_ARGS__)

#define CHECK_INT(got, want, ...)                                        \
	do {                                                             \
		long long check_g = (long long)(got);                    \
		long long check_w = (long long)(want);                   \
		CHECK_(check_g == check_w,                               \
		    print_error("%s:%d: %s is %lld, not %lld\n",         \
		    __FILE__, __LINE__, #got, check_g, check_w),         \
		    ##__VA_ARGS__);                                      \
	} while (0)

#define CHECK_SLICE(got, want, ...)                                      \
	do {                                                             \
		struct slice check_g = (got), check_w = (want);          \
		CHECK_(slice_eq(check_g, check_w),                       \
		    print_error("%s:%d: %s is \"%.*s\", not \"%.*s\"\n", \
		    __FILE__, __LINE__, #got, SLICE_ARG(check_g),        \
		    SLICE_ARG(check_w)), ##__VA_ARGS__);                 \
	} while (0)

#define CHECK_STR(got, want, ...)                                        \
	CHECK_SLICE(slice_str(got), slice_str(want), ##__VA_ARGS__)

#endif /* TEST_LIB_CHECK_H */
