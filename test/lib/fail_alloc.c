/* test/lib/fail_alloc.c - the other end of the linker's --wrap. */
#include "fail_alloc.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void  __real_free(void *p);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void  __wrap_free(void *p);

static long countdown;		/* 0: not armed */
static bool is_for_ever;
static bool has_failed;	/* atomic */
static long n_live;

static bool fails_now(void)
{
	if (__atomic_load_n(&countdown, __ATOMIC_RELAXED) == 0)
		return __atomic_load_n(&is_for_ever, __ATOMIC_RELAXED) &&
		    fail_alloc_has_failed();
	if (__atomic_sub_fetch(&countdown, 1, __ATOMIC_RELAXED) != 0)
		return false;
	__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
	return true;
}

static void *counted(void *p)
{
	if (p != NULL)
		__atomic_add_fetch(&n_live, 1, __ATOMIC_RELAXED);
	return p;
}

static void arm(long n, bool for_ever)
{
	__atomic_store_n(&is_for_ever, for_ever, __ATOMIC_RELAXED);
	__atomic_store_n(&has_failed, false, __ATOMIC_RELAXED);
	__atomic_store_n(&countdown, n, __ATOMIC_RELAXED);
}

void fail_alloc_at(long n)
{
	arm(n, false);
}

void fail_alloc_from(long n)
{
	arm(n, true);
}

bool fail_alloc_has_failed(void)
{
	return __atomic_load_n(&has_failed, __ATOMIC_RELAXED);
}

long fail_alloc_n_live(void)
{
	return __atomic_load_n(&n_live, __ATOMIC_RELAXED);
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails_now() ? NULL : counted(__real_aligned_alloc(align, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	if (fails_now())
		return NULL;
	return p == NULL ? counted(__real_malloc(size))
	    : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return __wrap_realloc(p, bytes);
}

char *__wrap_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char  *copy = __wrap_malloc(len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, strlen(s));
}

void __wrap_free(void *p)
{
	if (p != NULL)
		__atomic_sub_fetch(&n_live, 1, __ATOMIC_RELAXED);
	__real_free(p);
}
