/* js/advisory.h - what JetStream tells whoever listens to $JS.EVENT.
 *
 * Each is published only if somebody wants it, and made only then.
 *
 * Thread: owner.  Spec: jetstream reference, section 22.
 */
#ifndef JS_ADVISORY_H
#define JS_ADVISORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct api_request;
struct consumer;
struct js;
struct js_account;
struct stream;

/* word: of the subject, as CREATED; action: of the document, as "create". */
void advisory_stream_action(const struct stream *s, const char *word,
    const char *action);

/* An atomic batch will not be stored.  */
void advisory_batch_abandoned(const struct stream *s, struct slice id,
    const char *reason);

/* Does anybody listen to what is asked of the API? */
bool advisory_wants_audit(const struct js_account *a);
void advisory_audit(const struct api_request *r, struct slice response);

/* Of backups.  client: who asked, a JSON object, or empty; error: NULL, or why
 * there is none; times are of the wall. */
void advisory_snapshot_create(struct stream *s, struct slice client);
void advisory_snapshot_complete(const struct stream *s, struct slice client,
    int64_t start_ns, const char *error);
void advisory_restore_create(const struct js_account *a, struct slice stream,
    struct slice client);
void advisory_restore_complete(const struct js_account *a,
    struct slice stream, struct slice client, int64_t start_ns,
    uint64_t bytes);
/* In the system account, if there is one: so many requests were dropped; the
 * disk is full. */
void advisory_api_limit(struct js *js, uint64_t n_dropped);
void advisory_out_of_storage(const struct stream *s);

/* action: "create" or "delete". */
void advisory_consumer_action(const struct consumer *c, const char *action);
void advisory_max_deliver(const struct consumer *c, uint64_t seq,
    uint64_t n_delivered);
void advisory_naked(const struct consumer *c, uint64_t cseq, uint64_t seq,
    uint64_t n_delivered);
/* reason: may be empty. */
void advisory_terminated(const struct consumer *c, uint64_t cseq,
    uint64_t seq, uint64_t n_delivered, struct slice reason);
/* until: JS_TIME_UNSET: not paused. */
void advisory_paused(const struct consumer *c, bool is_paused, int64_t until);
void advisory_pinned(const struct consumer *c, struct slice group,
    struct slice id);
void advisory_unpinned(const struct consumer *c, struct slice group,
    const char *reason);
void advisory_ack_metric(const struct consumer *c, uint64_t cseq,
    uint64_t seq, int64_t ack_time_ns, uint64_t n_delivered);

#endif /* JS_ADVISORY_H */
