/* test/lib/fail_alloc.h - memory that runs out when the test says so.
 *
 * The linker routes the program's malloc, calloc, realloc, reallocarray,
 * aligned_alloc, strdup, strndup and free here (fail_alloc_dep in
 * test/meson.build), not those inside the C library.  Also counts, so that a test
 * can see that all came back.
 */
#ifndef TEST_LIB_FAIL_ALLOC_H
#define TEST_LIB_FAIL_ALLOC_H

#include <stdbool.h>

/* The n-th allocation from now on fails, once; 0: none does. */
void fail_alloc_at(long n);
/* And so do all that follow. */
void fail_alloc_from(long n);

/* Has it failed since fail_alloc_at? */
bool fail_alloc_has_failed(void);

/* Blocks allocated and not freed.  Thread: any. */
long fail_alloc_n_live(void);

#endif /* TEST_LIB_FAIL_ALLOC_H */
