/* base/err.h - what the world can do to us, one line each.
 *
 * A function that can fail returns 0 or one of these, negative.  What a peer
 * does wrong is not here: that is data, in proto/refusal.h.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERRORS(X)							\
	X(NOMEM,    1, "out of memory")					\
	X(IO,       2, "input/output error")				\
	X(NOTFOUND, 3, "not found")					\
	X(EXISTS,   4, "exists already")				\
	X(SUBJECT,  5, "malformed subject")				\
	X(LIMIT,    6, "a limit is reached")				\
	X(SYNTAX,   7, "malformed")					\
	X(RANGE,    8, "out of range")					\
	X(BUSY,     9, "busy, try again")				\
	X(DENIED,  10, "not permitted")					\
	X(CONFIG,  11, "the configuration is wrong")			\
	X(CLOSED,  12, "closed")					\
	X(NOSPC,   13, "no space left on the disk")			\
	X(CORRUPT, 14, "damaged data")					\
	X(VERSION, 15, "written by a newer version")

enum {
#define X(name, nr, text) ERR_##name = -(nr),
	ERRORS(X)
#undef X
};

/* The line above; "no error" for 0.  Never NULL. */
const char *err_text(int err);

#endif /* BASE_ERR_H */
