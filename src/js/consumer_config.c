/* js/consumer_config.c - a consumer's configuration: the table of its fields. */
#include "js/consumer_config.h"

#include "base/buf.h"
#include "base/json.h"
#include "js/errors.h"

static const char *const deliver_policies[] = { "all", "last", "new",
	"by_start_sequence", "by_start_time", "last_per_subject", NULL };
static const char *const ack_policies[] = { "none", "all", "explicit",
	"flow_control", NULL };
static const char *const priorities[] = { "none", "overflow",
	"pinned_client", "prioritized", NULL };

static bool read_deliver_policy(void *object, const struct json *j,
    struct js_hold *h, struct js_error *e)
{
	struct consumer_config *c = object;
	struct slice            s = SLICE_NONE;

	(void)h;
	json_as_str(j, &s);
	for (int i = 0; deliver_policies[i] != NULL; i++)
		if (slice_eq(slice_str(deliver_policies[i]), s)) {
			c->deliver_policy = (enum deliver_policy)i;
			return true;
		}
	return slice_eq(s, SLICE("undefined")) ||
	    js_fail_value(e, j);
}

static void write_deliver_policy(const void *object, const char *name,
    struct json_writer *w)
{
	json_key(w, name);
	json_cstr(w, deliver_policies[
	    ((const struct consumer_config *)object)->deliver_policy]);
}

static bool read_replay(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct consumer_config *c = object;
	struct slice            s = SLICE_NONE;

	(void)h;
	json_as_str(j, &s);
	c->replays_original = slice_eq(s, SLICE("original"));
	return c->replays_original || slice_eq(s, SLICE("instant")) ||
	    js_fail_value(e, j);
}

static void write_replay(const void *object, const char *name,
    struct json_writer *w)
{
	json_key(w, name);
	json_cstr(w, ((const struct consumer_config *)object)->replays_original
	    ? "original" : "instant");
}

static bool read_filter(void *object, const struct json *j, struct js_hold *h,
    struct js_error *e)
{
	struct consumer_config *c = object;
	struct slice            s;

	if (!json_as_str(j, &s))
		return js_fail_here(h, e, j, "string");
	return js_hold_copy(h, s, &c->one_filter) ||
	    js_fail_with(e, 10025, "out of memory");
}

static void write_filter(const void *object, const char *name,
    struct json_writer *w)
{
	const struct consumer_config *c = object;

	if (!c->is_single_filter || c->n_filters == 0)
		return;
	json_key(w, name);
	json_str(w, c->filters[0]);
}

static void write_filters(const void *object, const char *name,
    struct json_writer *w)
{
	const struct consumer_config *c = object;

	if (c->is_single_filter || c->n_filters == 0)
		return;
	json_key(w, name);
	json_begin_array(w);
	for (size_t i = 0; i < c->n_filters; i++)
		json_str(w, c->filters[i]);
	json_end_array(w);
}

#define C(member) offsetof(struct consumer_config, member)
static const struct js_field fields[] = {
	{ "durable_name", JS_STR, true, C(durable) },
	{ "name", JS_STR, true, C(name) },
	{ "description", JS_STR, true, C(description) },
	{ "deliver_policy", JS_OTHER, .refuses_null = true,
	  .read = read_deliver_policy,
	  .write = write_deliver_policy },
	{ "opt_start_seq", JS_UINT, true, C(opt_start_seq) },
	{ "opt_start_time", JS_TIME, true, C(opt_start_time), C(start_told) },
	{ "ack_policy", JS_ENUM, false, C(ack_policy), .names = ack_policies },
	{ "ack_wait", JS_INT, true, C(ack_wait_ns), .type = "time.Duration" },
	{ "max_deliver", JS_INT, true, C(max_deliver), .type = "int" },
	{ "backoff", JS_INTS, true, C(backoff_ns), C(n_backoff) },
	{ "filter_subject", JS_OTHER, .read = read_filter,
	  .write = write_filter },
	{ "filter_subjects", JS_STRS, true, C(filters), C(n_filters),
	  .write = write_filters },
	{ "replay_policy", JS_OTHER, .refuses_null = true,
	  .read = read_replay,
	  .write = write_replay },
	{ "rate_limit_bps", JS_UINT, true, C(rate_limit_bps) },
	{ "sample_freq", JS_STR, true, C(sample_freq) },
	{ "max_waiting", JS_INT, true, C(max_waiting), .type = "int" },
	{ "max_ack_pending", JS_INT, true, C(max_ack_pending), .type = "int" },
	{ "flow_control", JS_BOOL, true, C(flow_control) },
	{ "headers_only", JS_BOOL, true, C(headers_only) },
	{ "max_batch", JS_INT, true, C(max_batch), .type = "int" },
	{ "max_expires", JS_INT, true, C(max_expires_ns),
	  .type = "time.Duration" },
	{ "max_bytes", JS_INT, true, C(max_bytes), .type = "int" },
	{ "deliver_subject", JS_STR, true, C(deliver_subject) },
	{ "deliver_group", JS_STR, true, C(deliver_group) },
	{ "idle_heartbeat", JS_INT, true, C(heartbeat_ns),
	  .type = "time.Duration" },
	{ "inactive_threshold", JS_INT, true, C(inactive_ns),
	  .type = "time.Duration" },
	{ "num_replicas", JS_INT, false, C(n_replicas), .type = "int" },
	{ "mem_storage", JS_BOOL, true, C(mem_storage) },
	{ "direct", JS_BOOL, true, C(direct) },
	{ "sourcing", JS_BOOL, true, C(sourcing) },
	{ "metadata", JS_METADATA, true, C(metadata), C(n_metadata) },
	{ "pause_until", JS_TIME, true, C(pause_until), C(pause_told) },
	{ "priority_groups", JS_STRS, true, C(groups), C(n_groups) },
	{ "priority_policy", JS_ENUM, true, C(priority),
	  .names = priorities, .type = "priority policy" },
	{ "priority_timeout", JS_INT, true, C(priority_timeout_ns),
	  .type = "time.Duration" },
	{ NULL },
};
#undef C

bool consumer_config_read(const struct json *object, bool is_strict,
    struct consumer_config **ret, struct js_error *e)
{
	struct js_hold         *h = js_hold_create();
	struct consumer_config *c = h == NULL ? NULL
	    : js_hold_alloc(h, 1, sizeof *c);

	if (c == NULL) {
		js_hold_destroy(h);
		return js_fail_with(e, 10025, "out of memory");
	}
	c->hold = h;
	c->opt_start_time = c->pause_until = JS_TIME_UNSET;
	if (js_fields_read_part(fields, "ConsumerConfig",
	    "CreateConsumerRequest.config", object, is_strict, c, h, e)) {
		*ret = c;
		return true;
	}
	consumer_config_destroy(c);
	return false;
}

void consumer_config_destroy(struct consumer_config *c)
{
	if (c != NULL)
		js_hold_destroy(c->hold);
}

bool consumer_config_set_name(struct consumer_config *c, struct slice name)
{
	return js_hold_copy(c->hold, name, &c->name);
}

unsigned consumer_config_level(const struct consumer_config *c)
{
	if (c->ack_policy == ACK_FLOW_CONTROL)
		return 4;
	return c->pause_until > JS_TIME_BEFORE || c->pause_told != NULL ||
	    c->priority != PRIORITY_NONE ||
	    c->n_groups > 0 ? 1 : 0;
}

void consumer_config_write(const struct consumer_config *c, bool is_dynamic,
    struct json_writer *w)
{
	json_begin_object(w);
	js_fields_write(fields, c, w);
	js_metadata_write(c->metadata, c->n_metadata, consumer_config_level(c),
	    is_dynamic, w);
	json_end_object(w);
}

bool consumer_config_equal(const struct consumer_config *a,
    const struct consumer_config *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool       is_equal;

	consumer_config_write(a, false, JSON_INTO(&x, 0));
	consumer_config_write(b, false, JSON_INTO(&y, 0));
	is_equal = !buf_failed(&x) && !buf_failed(&y) &&
	    slice_eq(buf_slice(&x), buf_slice(&y));
	buf_fini(&x);
	buf_fini(&y);
	return is_equal;
}
