/* auth/nonce.h - what a peer is given to sign.
 *
 * Not drawn and kept, but derived from the connection's number under a key of
 * this process: another for every connection, unpredictable, and it takes no
 * memory while the peer makes up its mind.  Spec: core protocol 1.2, 4.3.
 */
#ifndef AUTH_NONCE_H
#define AUTH_NONCE_H

#include <stdint.h>

enum { NONCE_CHARS = 15 };

/* Of this connection: base64url, NUL-terminated.  Thread: any. */
void nonce_make(uint64_t cid, char out[NONCE_CHARS + 1]);

#endif /* AUTH_NONCE_H */
