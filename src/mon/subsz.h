/* mon/subsz.h - /subsz: how the sublists are doing, and who is in them.
 * Spec: core protocol 6.5.
 */
#ifndef MON_SUBSZ_H
#define MON_SUBSZ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "mon/fields.h"

struct buf;
struct json_writer;
struct query;
struct sub_info;
struct sub_info_list;

struct subsz_stats {
	uint64_t num_subscriptions, num_cache, num_inserts, num_removes;
	uint64_t num_matches;
	double   cache_hit_rate;
	uint64_t max_fanout;
	double   avg_fanout;
};

struct subsz_options {
	bool         lists_subs;
	int64_t      offset, limit;
	struct slice account;		/* empty: all */
	struct slice test;		/* a literal subject; empty: no test */
	struct slice within;		/* a pattern that covers it; empty: any */
	struct slice queue;		/* empty: any, and none */
};

struct subsz {
	struct slice         server_id;
	int64_t              now;
	struct subsz_stats   stats;
	struct subsz_options options;
	uint64_t             total;	/* that the options want */
	const struct sub_info_list *const *lists;	/* the first of them */
	size_t                      n_lists;
};

extern const struct field subsz_stats_fields[];

/* False: *error got the text of a 400. */
bool subsz_options_read(const struct query *q, struct subsz_options *ret,
    struct buf *error);

/* The last step of reading, for who has filled in the members in another way. */
bool subsz_options_check(struct subsz_options *o, struct buf *error);

/* Does it belong into the list?  For who gathers.  Thread: any. */
bool subsz_wants(const struct subsz_options *o, const struct sub_info *sub);

/* How many, at most, can be on the page or before it. */
uint64_t subsz_wanted(const struct subsz_options *o);

void subsz_write(const struct subsz *s, struct json_writer *w);

/* One SubDetail. */
void sub_info_write(const struct sub_info *sub, struct json_writer *w);

#endif /* MON_SUBSZ_H */
