/* auth/xkey.h - boxes that only the holder of one curve key can open.
 *
 * "xkv1", 24 bytes of nonce, then NaCl's crypto_box: the opener knows that the
 * holder of the sender's key made it.  Thread: any.
 * Spec: core protocol 4.3, last line.
 */
#ifndef AUTH_XKEY_H
#define AUTH_XKEY_H

#include <stdbool.h>

#include "auth/nkey.h"
#include "base/slice.h"

struct buf;

/* Appends the box.  False, and nothing appended: to is no key one can seal for
 * (it must be a curve key), or out of memory. */
bool xkey_seal(const uint8_t secret[NKEY_BYTES], const struct nkey *to,
    struct slice plain, struct buf *out);

/* Appends what is in it.  False, and nothing appended: no box, damaged, not
 * for us or not from that sender, or out of memory. */
bool xkey_open(const uint8_t secret[NKEY_BYTES], const struct nkey *from,
    struct slice box, struct buf *out);

#endif /* AUTH_XKEY_H */
