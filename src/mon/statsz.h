/* mon/statsz.h - STATSZ: the server in numbers, as it tells of itself.
 * Spec: core protocol 5.6, "STATSZ fields".
 */
#ifndef MON_STATSZ_H
#define MON_STATSZ_H

#include <stdint.h>

struct json_writer;
struct server_info;
struct varz;

struct statsz {
	const struct varz *varz;	/* where most of it is */
	uint64_t active_accounts;	/* with clients */
	uint64_t active_servers;	/* that are known, and this one */
};

/* {"server":..,"statsz":..}. */
void statsz_write(const struct server_info *s, const struct statsz *stats,
    struct json_writer *w);

#endif /* MON_STATSZ_H */
