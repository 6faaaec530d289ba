/* base/compiler.h - what we tell the compiler. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

/* The build zeroes every local, so that no stale secret can be read.  Not this
 * one: it is large, in a hot function, and never read before it is written. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define NOT_ZEROED __attribute__((uninitialized))
#endif
#endif
#ifndef NOT_ZEROED
#define NOT_ZEROED
#endif

/* The seldom half of a hot function, which else would cost that its registers. */
#define NOT_INLINED __attribute__((noinline))

#endif /* BASE_COMPILER_H */
