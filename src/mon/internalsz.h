/* mon/internalsz.h - endpoints that look into nats-server's own works.
 *
 * mote works otherwise; what can be said truthfully in their shape is said.
 * Neither arguments nor environment are shown: they may hold secrets.
 * Spec: core protocol 6.9.
 */
#ifndef MON_INTERNALSZ_H
#define MON_INTERNALSZ_H

#include <stdint.h>

struct buf;

/* {}: there are no queues between goroutines. */
void ipqueuesz_write(struct buf *out);

/* Where this thread is: its flight recorder, as text. */
void stacksz_write(struct buf *out);

/* {"cmdline": [..], "memstats": {..}}: resident memory is what there is. */
void expvar_write(int64_t mem_bytes, struct buf *out);

#endif /* MON_INTERNALSZ_H */
