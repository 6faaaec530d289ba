/* test/lib/ck_tsan/ck_pr.h - Concurrency Kit as ThreadSanitizer can see it.
 *
 * Found before the real one when built with -Dtsan_atomics=true.  ck's loads
 * and stores are assembly, or volatile accesses beside a fence: either way the
 * sanitizer sees no order between threads.  Here a load is an acquire and a
 * store a release.  So it checks that all sharing goes through ck_pr_*, not
 * that each fence is there: for those there are the proofs and the mutants.
 */
#ifndef TEST_LIB_CK_TSAN_CK_PR_H
#define TEST_LIB_CK_TSAN_CK_PR_H

#if !CK_USE_CC_BUILTINS
#error "this overlay needs CK_USE_CC_BUILTINS=1"
#endif

#define CK_TSAN_TYPES(X)						\
	X(char, char)							\
	X(uint, unsigned int)						\
	X(int, int)							\
	X(64, uint64_t)							\
	X(32, uint32_t)							\
	X(16, uint16_t)							\
	X(8, uint8_t)

/* The real ones keep their place under other names. */
#define ck_pr_md_load_ptr   ck_pr_hidden_load_ptr
#define ck_pr_md_store_ptr  ck_pr_hidden_store_ptr
#define ck_pr_md_load_char  ck_pr_hidden_load_char
#define ck_pr_md_store_char ck_pr_hidden_store_char
#define ck_pr_md_load_uint  ck_pr_hidden_load_uint
#define ck_pr_md_store_uint ck_pr_hidden_store_uint
#define ck_pr_md_load_int   ck_pr_hidden_load_int
#define ck_pr_md_store_int  ck_pr_hidden_store_int
#define ck_pr_md_load_64    ck_pr_hidden_load_64
#define ck_pr_md_store_64   ck_pr_hidden_store_64
#define ck_pr_md_load_32    ck_pr_hidden_load_32
#define ck_pr_md_store_32   ck_pr_hidden_store_32
#define ck_pr_md_load_16    ck_pr_hidden_load_16
#define ck_pr_md_store_16   ck_pr_hidden_store_16
#define ck_pr_md_load_8     ck_pr_hidden_load_8
#define ck_pr_md_store_8    ck_pr_hidden_store_8

#include_next <ck_pr.h>

#undef ck_pr_md_load_ptr
#undef ck_pr_md_store_ptr
#undef ck_pr_md_load_char
#undef ck_pr_md_store_char
#undef ck_pr_md_load_uint
#undef ck_pr_md_store_uint
#undef ck_pr_md_load_int
#undef ck_pr_md_store_int
#undef ck_pr_md_load_64
#undef ck_pr_md_store_64
#undef ck_pr_md_load_32
#undef ck_pr_md_store_32
#undef ck_pr_md_load_16
#undef ck_pr_md_store_16
#undef ck_pr_md_load_8
#undef ck_pr_md_store_8

#define CK_TSAN_DEFINE(name, type)					\
	static inline type ck_pr_md_load_##name(const type *at)		\
	{								\
		return __atomic_load_n(at, __ATOMIC_ACQUIRE);		\
	}								\
	static inline void ck_pr_md_store_##name(type *at, type v)	\
	{								\
		__atomic_store_n(at, v, __ATOMIC_RELEASE);		\
	}
CK_TSAN_TYPES(CK_TSAN_DEFINE)
#undef CK_TSAN_DEFINE
#undef CK_TSAN_TYPES

static inline void *ck_pr_md_load_ptr(const void *at)
{
	return __atomic_load_n((void *const *)at, __ATOMIC_ACQUIRE);
}

static inline void ck_pr_md_store_ptr(void *at, const void *v)
{
	__atomic_store_n((const void **)at, v, __ATOMIC_RELEASE);
}

/* ck makes these of a load and a compare-and-swap; that load was the real one. */
#define ck_pr_fas_char(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_uint(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_int(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_64(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_32(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_16(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_8(at, v) __atomic_exchange_n((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_char(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_uint(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_int(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_64(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_32(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_16(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_faa_8(at, v) __atomic_fetch_add((at), (v), __ATOMIC_ACQ_REL)
#define ck_pr_fas_ptr(at, v) \
	__atomic_exchange_n((void **)(at), (void *)(v), __ATOMIC_ACQ_REL)

#endif /* TEST_LIB_CK_TSAN_CK_PR_H */
