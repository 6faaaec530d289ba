/* base/assert.h - checks that stay in production.
 *
 * Cheap, one condition each.  A failed one prints where, then the thread's
 * flight recorder, and aborts.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

_Noreturn void assert_failed(const char *what, const char *file, int line);

#undef assert
#define assert(cond) \
	(__builtin_expect(!!(cond), 1) ? (void)0 \
	    : assert_failed(#cond, __FILE__, __LINE__))

#endif /* BASE_ASSERT_H */
