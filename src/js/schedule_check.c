/* js/schedule_check.c - may this message ask to be published later?
 *
 * Spec: jetstream reference, section 11, in the order of nats-server's checks.
 */
#include "js/headers.h"
#include "js/publish.h"
#include "js/schedule.h"
#include "js/stream_int.h"
#include "proto/subject.h"

static bool has(const struct publish *p, const char *name, struct slice *value)
{
	*value = SLICE_NONE;
	return publish_header(p, name, value);
}

static bool check_pattern(struct publish *p)
{
	struct schedule x;
	struct slice    text, zone;
	bool            has_zone = has(p, "Nats-Schedule-Time-Zone", &zone);
	unsigned        code;

	has(p, "Nats-Schedule", &text);
	code = schedule_read(text, has_zone, zone, &x);
	if (code == 0) {
		if (schedule_next(&x, stream_ts(p->s)) == INT64_MAX)
			code = SCHEDULE_BAD_PATTERN;
		schedule_fini(&x);
	}
	if (!p->s->config->allow_schedules)
		return js_fail(&p->e, 10188);
	return code == 0 || js_fail(&p->e, code);
}

static bool check_ttl(struct publish *p)
{
	struct slice text;
	int64_t      ttl_s;

	if (!has(p, "Nats-Schedule-TTL", &text) || text.n == 0)
		return true;
	if (!ttl_read(text, &ttl_s))
		return js_fail(&p->e, 10191);
	return p->s->config->allow_msg_ttl || js_fail(&p->e, 10166);
}

static bool is_ours(const struct publish *p, struct slice subject)
{
	const struct stream_config *c = p->s->config;

	for (size_t i = 0; i < c->n_subjects; i++)
		if (subject_matches(subject, c->subjects[i]))
			return true;
	return false;
}

static bool check_target(struct publish *p)
{
	struct slice target, source;

	if (!has(p, "Nats-Schedule-Target", &target) ||
	    !subject_is_literal(target) || slice_eq(target, p->subject) ||
	    !is_ours(p, target))
		return js_fail(&p->e, 10190);
	return !has(p, "Nats-Schedule-Source", &source) || source.n == 0 ||
	    (subject_is_literal(source) && !slice_eq(source, target) &&
	    !slice_eq(source, p->subject) && is_ours(p, source)) ||
	    js_fail(&p->e, 10203);
}

static bool check_rollups(struct publish *p)
{
	struct slice text;

	if (has(p, "Nats-Schedule-Rollup", &text) && text.n > 0 &&
	    !slice_eq(text, SLICE("sub")))
		return js_fail(&p->e, 10192);
	if (!has(p, "Nats-Rollup", &text) || text.n == 0)
		publish_put_header(p, NULL, "Nats-Rollup", SLICE("sub"));
	else if (!slice_eq(text, SLICE("sub")))
		return js_fail(&p->e, 10192);
	return true;
}

/* "Nats-Schedule-Next: purge" ends the schedule that Nats-Scheduler names; all
 * else in these two is for the server to say. */
static bool check_scheduler(struct publish *p)
{
	struct slice     next, scheduler, text;
	struct store_msg m = { 0 };
	uint64_t         seq;
	bool             ok, is_there = has(p, "Nats-Schedule-Next", &next);

	is_there = has(p, "Nats-Scheduler", &scheduler) || is_there;
	if (!is_there)
		return true;
	if (!slice_eq(next, SLICE("purge")) ||
	    !subject_is_literal(scheduler) ||
	    slice_eq(scheduler, p->subject))
		return js_fail(&p->e, 10212);
	ok = store_find_last(p->s->store, scheduler, UINT64_MAX, &seq) != 0 ||
	    store_read(p->s->store, seq, &m) != 0 ||
	    (m.hdr.n > 0 && js_header_get(m.hdr, SLICE("Nats-Schedule"),
	    &text));
	store_msg_fini(&m);
	return ok || js_fail(&p->e, 10212);
}

bool schedule_check(struct publish *p)
{
	static bool (*const checks[])(struct publish *) = {
		check_pattern, check_ttl, check_target, check_rollups,
	};
	struct slice text;

	if (p->headers.n == 0)
		return true;
	if (!has(p, "Nats-Schedule", &text) || text.n == 0)
		return check_scheduler(p);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (!checks[i](p))
			return false;
	return check_scheduler(p);
}
