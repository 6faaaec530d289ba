/* base/nuid.h - unique names: 22 characters of base62.
 *
 * 12 random ones that stay for a while and 10 that count up by a random step,
 * so that millions of names cost one look at the entropy.  Names are unique,
 * not secret: the next can be guessed.
 * Spec: core protocol, Appendix A.
 */
#ifndef BASE_NUID_H
#define BASE_NUID_H

enum { NUID_CHARS = 22 };

/* Not NUL-terminated.  Each thread has its own sequence.  Thread: any. */
void nuid_next(char out[NUID_CHARS]);

#endif /* BASE_NUID_H */
