/* js/consumer_config_check.c - defaults, and what may not be (section 15.2 to
 * 15.4): one function for each point, in order.
 */
#include "js/consumer_config.h"

#include <stdio.h>

#include "base/text.h"
#include "js/errors.h"
#include "js/names.h"
#include "js/stream_config.h"
#include "proto/subject.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

enum { DESCRIPTION_MAX = 4096, METADATA_MAX = 128 * 1024, GROUP_MAX = 16,
	ACK_PENDING = 1000, MAX_WAITING = 512 };

struct check {
	struct consumer_config       *c;
	const struct stream_config   *stream;
	const struct consumer_limits *limits;
	bool                          pedantic;
	struct js_error              *e;
};

static bool too_pedantic(struct check *k, const char *text)
{
	return !k->pedantic || js_fail_with(k->e, 10157, "%s", text);
}

static bool check_negatives(struct check *k)
{
	struct consumer_config *c = k->c;
	struct {
		int64_t    *v;
		int64_t     least;
		const char *text;
	} rows[] = {
		{ &c->max_deliver, -1, "max_deliver must be set to -1" },
		{ &c->max_waiting, 0, "max_waiting must not be negative" },
		{ &c->max_ack_pending, -1, "max_ack_pending must be set to -1" },
		{ &c->max_batch, 0, "max_batch must not be negative" },
		{ &c->max_expires_ns, 0, "max_expires must not be negative" },
		{ &c->max_bytes, 0, "max_bytes must not be negative" },
		{ &c->heartbeat_ns, 0, "idle_heartbeat must not be negative" },
		{ &c->inactive_ns, 0,
		  "inactive_threshold must not be negative" },
		{ &c->priority_timeout_ns, 0,
		  "priority_timeout must not be negative" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (*rows[i].v < rows[i].least) {
			if (!too_pedantic(k, rows[i].text))
				return false;
			*rows[i].v = rows[i].least;
		}
	return true;
}

static bool default_acks(struct check *k)
{
	struct consumer_config *c = k->c;
	bool                    waits = c->ack_policy == ACK_EXPLICIT ||
	    c->ack_policy == ACK_ALL;

	if (c->ack_policy == ACK_FLOW_CONTROL && !k->pedantic &&
	    consumer_config_is_push(c)) {
		c->flow_control = true;
		c->heartbeat_ns = S;
	}
	if (c->n_backoff > 0 && c->ack_wait_ns != c->backoff_ns[0]) {
		if (!too_pedantic(k, "first backoff value has to equal batch "
		    "AckWait"))
			return false;
		c->ack_wait_ns = c->backoff_ns[0];
	}
	if (c->ack_wait_ns == 0 && waits)
		c->ack_wait_ns = 30 * S;
	if (c->max_deliver == 0)
		c->max_deliver = -1;
	return true;
}

/* What the stream says goes for all its consumers; what the server or the
 * account does, for those that acknowledge. */
static bool default_ack_pending(struct check *k)
{
	struct consumer_config *c = k->c;
	int64_t                 most = k->limits->max_ack_pending;

	if (c->max_ack_pending != 0)
		return true;
	if (k->stream->limit_ack_pending > 0) {
		if (!too_pedantic(k, "max_ack_pending must be set if it's "
		    "configured in stream limits"))
			return false;
		c->max_ack_pending = k->stream->limit_ack_pending;
	} else if (c->ack_policy != ACK_NONE) {
		c->max_ack_pending = most > 0 && most < ACK_PENDING ? most
		    : ACK_PENDING;
	}
	return true;
}

static bool default_inactive(struct check *k)
{
	const struct consumer_config *before = k->limits->before;
	struct consumer_config       *c = k->c;

	if (c->inactive_ns == 0 && k->stream->limit_inactive_ns > 0) {
		if (!too_pedantic(k, "inactive_threshold must be set if it's "
		    "configured in stream limits"))
			return false;
		c->inactive_ns = k->stream->limit_inactive_ns;
	}
	/* it is as durable as it was */
	if (c->inactive_ns == 0 && (before != NULL ? before : c)->durable.n == 0)
		c->inactive_ns = 5 * S;
	return true;
}

static bool default_pull(struct check *k)
{
	struct consumer_config *c = k->c;

	if (!consumer_config_is_push(c) && c->max_waiting == 0)
		c->max_waiting = MAX_WAITING;
	if (!consumer_config_is_push(c) && c->max_batch == 0 &&
	    k->limits->max_request_batch > 0) {
		if (!too_pedantic(k, "max_request_batch must be set if it's "
		    "JetStream limits are set"))
			return false;
		c->max_batch = k->limits->max_request_batch;
	}
	if (c->priority == PRIORITY_PINNED && c->priority_timeout_ns == 0)
		c->priority_timeout_ns = 120 * S;
	return true;
}

static bool check_names(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (c->name.n > 0 && !js_name_is_valid(c->name))
		return js_fail_with(k->e, 10052, "consumer name can not contain "
		    "'.', '*', '>', '\\', '/'");
	if (c->durable.n > 0 && !js_name_is_valid(c->durable))
		return js_fail_with(k->e, 10052, "consumer durable name can not "
		    "contain '.', '*', '>', '\\', '/'");
	if (c->name.n > JS_NAME_MAX || c->durable.n > JS_NAME_MAX)
		return js_fail_with(k->e, 10102, "%d", JS_NAME_MAX);
	if (c->n_replicas > k->stream->n_replicas)
		return js_fail(k->e, 10126);
	if (c->n_replicas < 0)
		return js_fail(k->e, 10133);
	for (size_t i = 0; i < c->n_backoff; i++)
		if (c->backoff_ns[i] < 0)
			return js_fail(k->e, 10184);
	return c->ack_wait_ns >= 0 || js_fail(k->e, 10183);
}

static bool check_flow_acks(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (c->ack_policy != ACK_FLOW_CONTROL)
		return true;
	if (!consumer_config_is_push(c))
		return js_fail(k->e, 10218);
	if (!c->flow_control)
		return js_fail(k->e, 10219);
	if (c->heartbeat_ns != S)
		return js_fail_with(k->e, 10052, "flow control ack policy "
		    "heartbeat needs to be 1s");
	if (c->max_ack_pending <= 0)
		return js_fail(k->e, 10220);
	if (c->ack_wait_ns != 0 || c->n_backoff > 0)
		return js_fail(k->e, 10221);
	return c->max_deliver <= 0 || js_fail(k->e, 10222);
}

static bool check_texts(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (c->n_backoff > 0 && c->max_deliver != -1 &&
	    (int64_t)c->n_backoff > c->max_deliver)
		return js_fail(k->e, 10116);
	if (c->description.n > DESCRIPTION_MAX)
		return js_fail_with(k->e, 10107, "%d", DESCRIPTION_MAX);
	return true;
}

static bool check_push(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (subject_has_wildcard(c->deliver_subject))
		return js_fail(k->e, 10079);
	if (!subject_is_literal(c->deliver_subject))
		return js_fail(k->e, 10112);
	for (size_t i = 0; i < k->stream->n_subjects; i++)
		if (subject_matches(c->deliver_subject,
		    k->stream->subjects[i]))
			return js_fail(k->e, 10081);
	if (c->max_waiting != 0)
		return js_fail(k->e, 10080);
	if (c->max_ack_pending > 0 && c->ack_policy == ACK_NONE)
		return js_fail(k->e, 10082);
	return c->heartbeat_ns == 0 || c->heartbeat_ns >= 100 * MS ||
	    js_fail(k->e, 10083);
}

static bool check_pull(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (c->ack_policy == ACK_NONE &&
	    k->stream->retention == RETENTION_WORKQUEUE)
		return js_fail(k->e, 10084);
	if (c->rate_limit_bps > 0)
		return js_fail(k->e, 10086);
	if (c->heartbeat_ns > 0)
		return js_fail(k->e, 10088);
	if (c->flow_control)
		return js_fail(k->e, 10089);
	if (c->max_expires_ns > 0 && c->max_expires_ns < MS)
		return js_fail(k->e, 10115);
	if (k->limits->max_request_batch > 0 &&
	    c->max_batch > k->limits->max_request_batch)
		return js_fail_with(k->e, 10125, "%lld",
		    (long long)k->limits->max_request_batch);
	return true;
}

static bool check_kind(struct check *k)
{
	return consumer_config_is_push(k->c) ? check_push(k) : check_pull(k);
}

static bool check_caps(struct check *k)
{
	const struct consumer_config *c = k->c;
	const int64_t caps[] = { k->limits->max_ack_pending,
		k->stream->limit_ack_pending };

	for (size_t i = 0; i < 2; i++)
		if (caps[i] > 0 && c->max_ack_pending > caps[i])
			return js_fail_with(k->e, 10121, "%lld",
			    (long long)caps[i]);
	if (k->stream->limit_inactive_ns > 0 &&
	    c->inactive_ns > k->stream->limit_inactive_ns) {
		struct buf text = { 0 };

		text_put_duration(&text, k->stream->limit_inactive_ns);
		js_fail_with(k->e, 10153, "%.*s", SLICE_ARG(buf_slice(&text)));
		buf_fini(&text);
		return false;
	}
	if (c->direct && !consumer_config_is_push(c))
		return js_fail(k->e, 10090);
	return !c->direct || c->durable.n == 0 || js_fail(k->e, 10091);
}

static bool check_filters(struct check *k)
{
	struct consumer_config *c = k->c;

	if (c->one_filter.n > 0 && c->n_filters > 0)
		return js_fail(k->e, 10136);
	if (c->one_filter.n > 0) {
		c->filters = &c->one_filter;
		c->n_filters = 1;
		c->is_single_filter = true;
	}
	for (size_t i = 0; i < c->n_filters; i++) {
		if (c->filters[i].n == 0)
			return js_fail(k->e, 10139);
		if (!subject_is_valid(c->filters[i]))
			return js_fail_with(k->e, 10052, "invalid subject");
		for (size_t n = 0; n < i; n++)
			if (subject_is_subset(c->filters[i], c->filters[n]) ||
			    subject_is_subset(c->filters[n], c->filters[i]))
				return js_fail(k->e, 10138);
	}
	return true;
}

static bool check_start(struct check *k)
{
	static const char *const names[] = { "all", "last", "new",
		"by start sequence", "by start time", "last per subject" };
	const struct consumer_config *c = k->c;
	const char *policy = names[c->deliver_policy];
	bool        has_seq = c->opt_start_seq > 0;
	bool        has_time = c->opt_start_time != JS_TIME_UNSET;

	if (c->deliver_policy == DELIVER_BY_START_SEQUENCE) {
		if (!has_seq)
			return js_fail_with(k->e, 10094, "consumer delivery "
			    "policy is deliver by start sequence, but optional "
			    "start sequence is not set");
		has_seq = false;
	} else if (c->deliver_policy == DELIVER_BY_START_TIME) {
		if (!has_time)
			return js_fail_with(k->e, 10094, "consumer delivery "
			    "policy is deliver by start time, but optional "
			    "start time is not set");
		has_time = false;
	}
	if (has_seq || has_time)
		return js_fail_with(k->e, 10094, "consumer delivery policy is "
		    "deliver %s, but optional %s is also set", policy,
		    !has_seq ? "start time" :
		    c->deliver_policy == DELIVER_BY_START_TIME
		    ? "start start sequence" : "start sequence");
	return c->deliver_policy != DELIVER_LAST_PER_SUBJECT ||
	    c->n_filters > 0 || js_fail_with(k->e, 10094, "consumer delivery "
	    "policy is deliver last per subject, but optional filter subject is "
	    "not set");
}

/* nats-server's reader of numbers tells what is none from what is too large;
 * of one below 0 it has nothing to tell. */
static bool fail_sampling(struct check *k, struct slice s)
{
	struct slice digits = s;
	int64_t      n;

	if (text_parse_i64(s, &n))
		return js_fail_with(k->e, 10095, "<nil>");
	if (digits.n > 0 && (*digits.p == '-' || *digits.p == '+'))
		digits = slice_skip(digits, 1);
	while (digits.n > 0 && *digits.p >= '0' && *digits.p <= '9')
		digits = slice_skip(digits, 1);
	return js_fail_with(k->e, 10095, "strconv.Atoi: parsing \"%.*s\": %s",
	    SLICE_ARG(s), digits.n == 0 && s.n > 1 ? "value out of range"
	    : "invalid syntax");
}

static bool check_sampling(struct check *k)
{
	struct consumer_config *c = k->c;
	struct slice            s = c->sample_freq;
	int64_t                 n;

	if (s.n == 0)
		return true;
	if (s.p[s.n - 1] == '%')
		s.n--;
	if (!text_parse_i64(s, &n) || n < 0)
		return fail_sampling(k, s);
	c->sample_percent = n > 100 ? 100 : (int)n;
	return true;
}

static bool check_rest(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (c->flow_control && c->heartbeat_ns == 0)
		return js_fail(k->e, 10108);
	if (c->durable.n > 0 && c->name.n > 0 && !slice_eq(c->durable, c->name))
		return js_fail(k->e, 10132);
	return js_metadata_size(c->metadata, c->n_metadata) <= METADATA_MAX ||
	    js_fail_with(k->e, 10135, "128KB");
}

bool consumer_group_is_valid(struct slice s)
{
	if (s.n > GROUP_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && (c == '\0' ||
		    strchr("/_=-", c) == NULL))
			return false;
	}
	return true;
}

static bool check_priority(struct check *k)
{
	const struct consumer_config *c = k->c;

	if (c->priority == PRIORITY_NONE) {
		if (c->n_groups > 0)
			return js_fail(k->e, 10196);
		return c->priority_timeout_ns == 0 || js_fail(k->e, 10197);
	}
	if (consumer_config_is_push(c))
		return js_fail(k->e, 10178);
	if (c->n_groups == 0)
		return js_fail(k->e, 10159);
	for (size_t i = 0; i < c->n_groups; i++) {
		if (c->groups[i].n == 0)
			return js_fail(k->e, 10161);
		if (!consumer_group_is_valid(c->groups[i]))
			return js_fail(k->e, 10162);
	}
	return true;
}

bool consumer_config_check(struct consumer_config *c,
    const struct stream_config *stream, const struct consumer_limits *limits,
    bool pedantic, struct js_error *e)
{
	static bool (*const checks[])(struct check *) = {
		check_negatives, default_acks, default_ack_pending,
		default_inactive, default_pull, check_names,
		check_flow_acks, check_texts, check_kind, check_caps,
		check_filters, check_start, check_sampling, check_rest,
		check_priority,
	};
	struct check k = { c, stream, limits, pedantic, e };

	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (!checks[i](&k))
			return false;
	return true;
}

bool consumer_config_check_update(const struct consumer_config *from,
    const struct consumer_config *to, struct js_error *e)
{
	const struct {
		bool        is_wrong;
		const char *text;
	} rows[] = {
		{ from->deliver_policy != to->deliver_policy,
		  "deliver policy can not be updated" },
		{ from->mem_storage != to->mem_storage,
		  "storage type can not be updated" },
		{ from->opt_start_seq != to->opt_start_seq,
		  "start sequence can not be updated" },
		{ from->opt_start_time != to->opt_start_time,
		  "start time can not be updated" },
		{ from->ack_policy != to->ack_policy,
		  "ack policy can not be updated" },
		{ from->replays_original != to->replays_original,
		  "replay policy can not be updated" },
		{ from->heartbeat_ns != to->heartbeat_ns,
		  "heart beats can not be updated" },
		{ from->flow_control != to->flow_control,
		  "flow control can not be updated" },
		{ !consumer_config_is_push(from) && consumer_config_is_push(to),
		  "can not update pull consumer to push based" },
		{ consumer_config_is_push(from) && !consumer_config_is_push(to),
		  "can not update push consumer to pull based" },
		{ from->max_waiting != to->max_waiting,
		  "max waiting can not be updated" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].is_wrong)
			return js_fail_with(e, 10012, "%s", rows[i].text);
	return true;
}
