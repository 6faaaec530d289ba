/* mon/connz.h - /connz: who is connected, and who was.
 *
 * Reading the options and writing the document are pure; in between a
 * selection picks, on each worker, what can be on the page: at most twice
 * offset + limit clients are ever copied, however many there are.
 * Spec: core protocol 6.3.
 */
#ifndef MON_CONNZ_H
#define MON_CONNZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct client_info;
struct json_writer;
struct query;

/* The numbers are those of requests; any other is no state anybody is in. */
enum { CONNZ_OPEN, CONNZ_CLOSED, CONNZ_ALL };

struct connz_options {
	const struct connz_sort *sort;
	bool             shows_auth, lists_subs, details_subs;
	int64_t          offset, limit;
	uint64_t         cid;		/* 0: all */
	int64_t          state;
	struct slice     user, account, mqtt_client;	/* empty: all */
	struct slice     sort_name;	/* empty: by cid */
	struct slice     subject;	/* whose subscriptions overlap; empty: all */
};

/* False: *error got the text of a 400.  Strings are borrowed from q. */
bool connz_options_read(const struct query *q, struct connz_options *ret,
    struct buf *error);

/* The last step of reading, for who has filled in the members in another way:
 * looks up sort_name, puts limits in range.  False: *error has the reason. */
bool connz_options_check(struct connz_options *o, struct buf *error);

/* Does a client have to be described with its subscriptions? */
bool connz_needs_subs(const struct connz_options *o);

/* ---- selection ---------------------------------------------------------- */

/* The best of what was offered.  Thread: one at a time. */
struct connz_selection {
	const struct connz_options *options;
	int64_t              now_ns;
	struct client_info **at;	/* clones */
	size_t               n, cap;
	uint64_t             n_total;	/* of the state and account asked for */
	bool                 failed;	/* out of memory */
};

void connz_selection_init(struct connz_selection *s,
    const struct connz_options *o, int64_t now_ns);
void connz_selection_fini(struct connz_selection *s);

/* Counts the client; true: it may be on the page, so describe its
 * subscriptions (if needed) and add it. */
bool connz_counts(struct connz_selection *s, const struct client_info *info);

/* Copies, unless its subscriptions are not those asked for. */
void connz_add(struct connz_selection *s, const struct client_info *info);

/* Moves everything that from has into s; from is empty then. */
void connz_merge(struct connz_selection *s, struct connz_selection *from);

/* ---- the document ------------------------------------------------------- */

struct connz {
	struct slice server_id;
	bool         account_is_unknown;
};

/* Sorts and cuts s. */
void connz_write(const struct connz *c, struct connz_selection *s,
    struct json_writer *w);

#endif /* MON_CONNZ_H */
