/* store/pack.h - a record's data as it is stored: smaller, encrypted, or both.
 *
 * The header stays readable, so that the scan, the footer and the compaction
 * go from record to record as ever; what is associated with the seal is all of
 * it that says what the data are.  A record that is moved or written twice is
 * copied as it lies: where it lies is no part of the seal.
 *
 * Thread: that of the seal.
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "store/format.h"

struct seal;

/* codec: what is wanted; compressed is only what gets smaller by it.  Sets
 * r->codec and r->stored; what is to be stored comes behind what out has.
 * Nothing does while r->codec stays 0: the data are stored as they are.
 * seal: needed where codec says so.  ERR_NOMEM. */
int record_pack(struct seal *seal, uint32_t codec, struct record *r,
    const struct slice data[3], struct buf *out);

/* The data behind what out has, from r's stored bytes, whose checksum fits.
 * seal: NULL, none is there.  ERR_DENIED: it is encrypted, and there is no seal.
 * ERR_CORRUPT; ERR_NOMEM. */
int record_unpack(struct seal *seal, const struct record *r, const char *stored,
    struct buf *out);

#endif /* STORE_PACK_H */
