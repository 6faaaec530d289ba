/* js/hash8.h - eight letters and digits that stand for a longer name.
 *
 * SHA-256, a byte modulo 62 for each; as nats-server makes them, since both ends
 * of a mirror compare them.  Spec: jetstream reference, section 13.2.
 * Thread: any.
 */
#ifndef JS_HASH8_H
#define JS_HASH8_H

#include "base/slice.h"

enum { HASH8 = 8 };

void hash8_of(struct slice text, char out[HASH8]);

/* Eight that stand for nothing. */
void hash8_random(char out[HASH8]);

#endif /* JS_HASH8_H */
