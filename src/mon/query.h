/* mon/query.h - what is asked behind the '?' of a URL.
 *
 * As Go's net/url reads it: parts between '&'; one with a ';' or a malformed
 * escape is skipped; of a name that comes twice the first counts.  The errors
 * are Go's words, which tools show to people.  Spec: core protocol 6.1.
 */
#ifndef MON_QUERY_H
#define MON_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;

enum { QUERY_BYTES_MAX = 8192, QUERY_PARAMS_MAX = 32 };

struct query {
	struct {
		struct slice name, value;	/* into text */
	} params[QUERY_PARAMS_MAX];
	unsigned n;
	char     text[QUERY_BYTES_MAX];
};

/* What is beyond the maxima is left out. */
void query_parse(struct slice in, struct query *ret);

/* The decoded value; empty when absent.  Borrowed from q. */
struct slice query_str(const struct query *q, const char *name);

/* Absent or empty: *ret gets false or 0.  False: malformed, and error has the
 * text of a 400. */
bool query_bool(const struct query *q, const char *name, bool *ret,
    struct buf *error);
bool query_int(const struct query *q, const char *name, int64_t *ret,
    struct buf *error);
bool query_u64(const struct query *q, const char *name, uint64_t *ret,
    struct buf *error);

/* A boolean or "detail", in any case. */
bool query_subs(const struct query *q, bool *lists, bool *details,
    struct buf *error);

/* Undoes %xx, and '+' where is_query.  out has room for in.n bytes; the number
 * written, or -1: malformed. */
long percent_decode(struct slice in, bool is_query, char *out);

#endif /* MON_QUERY_H */
