/* test/compat/c/need.h - what a test with libnats needs to hold; when it does not,
 * the function it stands in is left with false, and why says what and where. */
#ifndef TEST_COMPAT_NEED_H
#define TEST_COMPAT_NEED_H

#include <nats/nats.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static char why[1024];

static bool failed(int line, const char *fmt, ...)
{
	int     n = snprintf(why, sizeof why, "line %d: ", line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why + n, sizeof why - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

#define NEED(cond, ...)						\
	do {							\
		if (!(cond))					\
			return failed(__LINE__, __VA_ARGS__);	\
	} while (0)

#define NEED_OK(call)						\
	do {							\
		natsStatus s_ = (call);				\
		NEED(s_ == NATS_OK, "%s: %s, %s", #call,	\
		    natsStatus_GetText(s_),			\
		    nats_GetLastError(NULL));			\
	} while (0)

#endif /* TEST_COMPAT_NEED_H */
