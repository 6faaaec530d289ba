/* store/scan.h - find the records of a block that has no footer.
 *
 * For the block that was being written when the process ended, and for any
 * whose footer is damaged.  Damage costs what it hit: behind it the scan goes
 * on at the next record that passes all its checks.  A pure function of the
 * bytes.
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include <stdint.h>

#include "base/slice.h"
#include "store/block_table.h"
#include "store/format.h"

struct seal;

/* What a message counts for: fixed bytes for each, more if it has headers. */
struct cost {
	uint32_t fixed, headers;
};

static inline uint32_t cost_of(struct cost c, const struct record *r)
{
	return c.fixed + (r->hdr_len > 0 ? c.headers : 0) +
	    (uint32_t)record_data_bytes(r);
}

struct scan {
	struct block_table *table;	/* owned by the caller; of what is sound */
	bool     has_header;
	struct block_header header;
	uint64_t first_seq;		/* entries count from here */
	uint64_t last_seq;		/* of a record; first_seq - 1: none */
	uint64_t durable_seq;		/* was on the disk; 0: not known */
	int64_t  first_ts_ns, last_ts_ns;
	uint64_t end;			/* behind the last sound record */
	uint64_t dirty_end;		/* behind the last byte that is not 0 */
	uint32_t n_damaged;		/* places where something was, but not sound */
	uint64_t damaged_at;		/* the first of them */
	uint64_t blob_generation;
	struct record blob_of;		/* the record of it; type 0: none */
	const char  *blob;		/* as it is stored, in bytes */
	struct slice key;		/* of the first KEY record, in bytes */
};

/* bytes: the whole file.  first_seq counts when the header is damaged.
 * seal: for messages that are encrypted; else NULL.
 * ERR_VERSION; ERR_NOMEM; ERR_NOTFOUND: the header is of another store or
 * block; ERR_DENIED: a message is encrypted, and seal is NULL.  On any of them
 * there is nothing to free. */
int block_scan(struct slice bytes, const struct store_id *id, uint32_t nr,
    uint64_t first_seq, struct cost cost, struct seal *seal,
    struct scan *ret);

#endif /* STORE_SCAN_H */
