/* base/zone.h - what the clock on the wall says in some place.
 *
 * Reads the system's zone files (RFC 8536) itself: libc knows one zone, that of
 * the process, and changing it is not safe with threads.  Each opening reads a
 * file of a few kilobytes.  Thread: any.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdint.h>

#include "base/slice.h"

struct zone;

/* By its IANA name, "Europe/Berlin"; "UTC"; "" or "Local" is this process's.
 * The caller owns *ret.  0; ERR_NOTFOUND: no such zone, or no name of one;
 * ERR_SYNTAX: its file is damaged; ERR_IO; ERR_NOMEM. */
int zone_open(struct slice name, struct zone **ret);
void zone_close(struct zone *z);	/* takes NULL */

/* From the bytes of a zone file. */
int zone_parse(struct slice file, struct zone **ret);

/* Seconds east of UTC at a moment, in seconds since 1970 UTC. */
int64_t zone_offset_s(const struct zone *z, int64_t utc_s);

/* The moment at which that zone's clock shows local_s, in seconds since 1970 as
 * if it were UTC.  Of an hour that comes twice, one of both; an hour that is
 * skipped is near its gap. */
int64_t zone_utc_s(const struct zone *z, int64_t local_s);

#endif /* BASE_ZONE_H */
