/* test/lib/check.c - the list of tests, and the main that runs it. */
#include "check.h"

enum { TESTS_MAX = 512 };
static struct CMUnitTest tests[TESTS_MAX];
static size_t            n_tests;

void check_register(const char *name, void (*test)(void **))
{
	if (n_tests == TESTS_MAX) {
		fprintf(stderr, "more than %d tests in one file\n", TESTS_MAX);
		exit(1);
	}
	tests[n_tests++] = (struct CMUnitTest){ name, test, NULL, NULL, NULL };
}

void check_why(const char *fmt, ...)
{
	va_list ap;
	char    text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (text[0] != '\0')
		print_error("because: %s\n", text);
}

/* MOTE_TEST_ONLY: a pattern of names, with * and ?. */
int main(void)
{
	if (getenv("MOTE_TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("MOTE_TEST_ONLY"));
	return _cmocka_run_group_tests("tests", tests, n_tests, NULL, NULL);
}
