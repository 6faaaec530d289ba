/* js/scrub.h - what nobody reads is read now and then, before it is needed.
 *
 * One sealed block of one stream at a time is verified against its checksums,
 * by the store's pool, round and round over all streams.  What has rotted is
 * told when it is found: log, stream info, metrics.
 *
 * Thread: owner.
 */
#ifndef JS_SCRUB_H
#define JS_SCRUB_H

struct js;

void scrub_start(struct js *js);
void scrub_stop(struct js *js);

#endif /* JS_SCRUB_H */
