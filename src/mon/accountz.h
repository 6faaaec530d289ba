/* mon/accountz.h - /accountz and /accstatz: subject spaces and their traffic.
 * Spec: core protocol 6.6.
 */
#ifndef MON_ACCOUNTZ_H
#define MON_ACCOUNTZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "mon/subsz.h"

struct buf;
struct query;

struct account_stats {
	struct slice name;
	int64_t      update_time;	/* ns since 1970: when it was configured */
	bool         is_system;
	uint64_t     conns, leafnodes, total_conns;
	uint64_t     sent_msgs, sent_bytes, received_msgs, received_bytes;
	uint64_t     slow_consumers;
	struct subsz_stats subs;
};

struct accountz {
	struct slice server_id, system_account;
	int64_t      now;
	const struct account_stats *accounts;	/* in order of name */
	size_t                      n_accounts;
};

/* wanted: empty for the list of names.  False: it does not exist, and out got
 * the text of a 400. */
bool accountz_write(const struct accountz *a, struct slice wanted,
    struct buf *out);

/* shows_unused: those that nobody is connected to as well. */
void accstatz_write(const struct accountz *a, bool shows_unused,
    struct buf *out);

#endif /* MON_ACCOUNTZ_H */
