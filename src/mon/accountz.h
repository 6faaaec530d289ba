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
struct json_writer;

/* Percent, or by the headers of a request. */
enum { SAMPLING_HEADERS = -1 };

struct account_export {
	struct slice  subject, type;	/* "stream", "service" */
	bool          token_req;
	struct slice  response_type;	/* "Singleton" ..; empty: a stream */
	struct slice  latency_results;	/* empty: not measured */
	int64_t       latency_sampling;
	struct slices approved_accounts;
};

struct account_import {
	struct slice subject, account, to, local_subject, type;
	bool         invalid, share, tracking;
	struct slice latency_results;	/* of the export; empty: not measured */
	int64_t      latency_sampling;
};

struct account_destination {
	struct slice subject;
	int64_t      weight;		/* with those before it, percent */
	struct slice cluster;
};

struct account_mapping {
	struct slice                      source;
	const struct account_destination *to;
	size_t                            n_to;
};

/* What is configured of an account.  All may be empty. */
struct account_detail {
	const struct account_mapping *mappings;
	size_t                        n_mappings;
	const struct account_export  *exports;
	size_t                        n_exports;
	const struct account_import  *imports;
	size_t                        n_imports;
	struct slice  jwt, issuer_key, name_tag;	/* name_tag empty: the name */
	struct slices tags;
	struct slice  decoded_jwt, validation_result_jwt;	/* JSON */
	struct slice  revoked_user;			/* JSON */
	bool          is_expired, is_incomplete;
	/* Ours: publishing is held back to so much a second; 0: no limit. */
	int64_t       msgs_per_second_max, bytes_per_second_max;
	uint64_t      rate_waits;	/* publishers were held back for them ... */
	int64_t       rate_wait_time;	/* ... ns, in sum */
};

struct account_stats {
	struct slice name;
	int64_t      update_time;	/* ns since 1970: when it was configured */
	bool         is_system, has_jetstream;
	uint64_t     conns, leafnodes, total_conns;
	uint64_t     sent_msgs, sent_bytes, received_msgs, received_bytes;
	uint64_t     slow_consumers;
	struct subsz_stats subs;
	const struct account_detail *detail;	/* or NULL: nothing */
};

struct accountz {
	struct slice server_id, system_account;
	int64_t      now;
	const struct account_stats *accounts;	/* in order of name */
	size_t                      n_accounts;
};

/* wanted: empty for the list of names.  False: it does not exist, and error got
 * the text of a 400. */
bool accountz_write(const struct accountz *a, struct slice wanted,
    struct json_writer *w, struct buf *error);

/* The detail alone, as a request for one account is answered. */
void account_detail_write(const struct account_stats *a,
    struct json_writer *w);

/* The traffic and counts of one, into an object that is open. */
void account_stat_write(const struct account_stats *a, struct json_writer *w);

/* shows_unused: those that nobody is connected to as well. */
void accstatz_write(const struct accountz *a, bool shows_unused,
    struct json_writer *w);

#endif /* MON_ACCOUNTZ_H */
