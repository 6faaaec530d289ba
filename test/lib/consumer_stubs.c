/* test/lib/consumer_stubs.c - stand-ins, weak: the real ones win where linked. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "consumer_world.h"
#include "js/ack_payload.h"
#include "js/ack_subject.h"
#include "js/advisory.h"
#include "js/errors.h"
#include "js/pull_request.h"
#include "proto/subject.h"

#define WEAK __attribute__((weak))

WEAK size_t ack_subject_write(char *out, size_t cap, const struct ack_place *p)
{
	return (size_t)snprintf(out, cap,
	    "$JS.ACK.%.*s.%.*s.%ju.%ju.%ju.%jd.%ju", SLICE_ARG(p->stream),
	    SLICE_ARG(p->consumer), (uintmax_t)p->n_delivered,
	    (uintmax_t)p->stream_seq, (uintmax_t)p->consumer_seq,
	    (intmax_t)p->ts_ns, (uintmax_t)p->n_pending);
}

WEAK bool ack_subject_read(struct slice s, struct ack_place *p)
{
	struct slice t[16];
	size_t       n = 0;

	while (n < 16 && subject_take_token(&s, &t[n]))
		n++;
	return n == 9 && text_parse_u64(t[4], &p->n_delivered) &&
	    text_parse_u64(t[5], &p->stream_seq) &&
	    text_parse_u64(t[6], &p->consumer_seq);
}

WEAK void ack_payload_read(struct slice s, struct ack_payload *ret)
{
	*ret = (struct ack_payload){ 0 };
	if (slice_has_prefix(s, SLICE("-NAK"))) {
		ret->kind = ACK_SAYS_NAK;
		if (s.n > 5)
			text_parse_i64(slice_skip(s, 5), &ret->delay_ns);
	} else if (slice_has_prefix(s, SLICE("+WPI")))
		ret->kind = ACK_SAYS_PROGRESS;
	else if (slice_has_prefix(s, SLICE("+TERM")))
		ret->kind = ACK_SAYS_TERM;
	else if (slice_has_prefix(s, SLICE("+NXT"))) {
		ret->kind = ACK_SAYS_NEXT;
		ret->rest = s.n > 5 ? slice_skip(s, 5) : SLICE_NONE;
	} else if (s.n > 0 && !slice_eq(s, SLICE("+ACK")))
		ret->kind = ACK_SAYS_UNKNOWN;
}

static bool member(const struct json *j, const char *key, int64_t *ret)
{
	return json_get(j, key) == NULL || json_as_i64(json_get(j, key), ret);
}

WEAK bool pull_request_read(struct slice s, struct pull_request *r,
    struct buf *why)
{
	const char  *text;
	struct json *j;

	*r = (struct pull_request){ .batch = 1 };
	if (s.n == 0 || text_parse_i64(s, &r->batch))
		return true;
	j = json_parse(s, &text);
	if (j == NULL) {
		buf_put_str(why, text);
		return false;
	}
	member(j, "batch", &r->batch);
	member(j, "expires", &r->expires_ns);
	member(j, "max_bytes", &r->max_bytes);
	member(j, "idle_heartbeat", &r->heartbeat_ns);
	member(j, "min_pending", &r->min_pending);
	member(j, "min_ack_pending", &r->min_ack_pending);
	member(j, "priority", &r->priority);
	json_as_bool(json_get(j, "no_wait"), &r->no_wait);
	json_as_str(json_get(j, "group"), &r->group);
	json_as_str(json_get(j, "id"), &r->id);
	return true;	/* and the document lives as long as the test */
}

WEAK void pull_request_fini(struct pull_request *r)
{
	(void)r;
}

WEAK void consumer_config_destroy(struct consumer_config *g)
{
	free(g);
}

WEAK void consumer_config_write(const struct consumer_config *g,
    bool is_dynamic, struct json_writer *w)
{
	(void)is_dynamic;
	json_begin_object(w);
	json_key(w, "name");
	json_str(w, g->name);
	json_end_object(w);
}

WEAK bool consumer_config_read(const struct json *object, bool is_strict,
    struct consumer_config **ret, struct js_error *e)
{
	static char  names[64][64];
	static int   n;
	struct slice name = SLICE_NONE;

	(void)is_strict;
	(void)e;
	json_as_str(json_get(object, "name"), &name);
	snprintf(names[n & 63], 64, "%.*s", SLICE_ARG(name));
	*ret = world_config(names[n++ & 63]);
	return true;
}

WEAK bool consumer_config_check_update(const struct consumer_config *from,
    const struct consumer_config *to, struct js_error *e)
{
	(void)from;
	(void)to;
	(void)e;
	return true;
}

WEAK struct slice js_metadata_get(const struct js_metadata *m, size_t n,
    struct slice key)
{
	(void)m;
	(void)n;
	(void)key;
	return SLICE_NONE;
}

WEAK bool js_fail(struct js_error *e, unsigned err_code)
{
	e->err_code = (uint16_t)err_code;
	return false;
}

WEAK bool js_fail_with(struct js_error *e, unsigned err_code, const char *fmt,
    ...)
{
	(void)fmt;
	return js_fail(e, err_code);
}

WEAK void advisory_consumer_action(const struct consumer *c, const char *a)
{
	(void)c, (void)a;
}

WEAK void advisory_max_deliver(const struct consumer *c, uint64_t seq,
    uint64_t n)
{
	(void)c, (void)seq, (void)n;
}

WEAK void advisory_naked(const struct consumer *c, uint64_t cseq, uint64_t seq,
    uint64_t n)
{
	(void)c, (void)cseq, (void)seq, (void)n;
}

WEAK void advisory_terminated(const struct consumer *c, uint64_t cseq,
    uint64_t seq, uint64_t n, struct slice reason)
{
	(void)c, (void)cseq, (void)seq, (void)n, (void)reason;
}

WEAK void advisory_paused(const struct consumer *c, bool is_paused, int64_t t)
{
	(void)c, (void)is_paused, (void)t;
}

WEAK void advisory_pinned(const struct consumer *c, struct slice group,
    struct slice id)
{
	(void)c, (void)group, (void)id;
}

WEAK void advisory_unpinned(const struct consumer *c, struct slice group,
    const char *reason)
{
	(void)c, (void)group, (void)reason;
}

WEAK void advisory_ack_metric(const struct consumer *c, uint64_t cseq,
    uint64_t seq, int64_t t, uint64_t n)
{
	(void)c, (void)cseq, (void)seq, (void)t, (void)n;
}
