/* mon/subsz.c - the tables of /subsz. */
#include "mon/subsz.h"

#include "base/buf.h"
#include "base/json.h"
#include "mon/query.h"
#include "proto/subject.h"
#include "session/info.h"

enum { SUBS_PER_PAGE = 1024 };

#define S(key, kind, ...) FIELD(subsz_stats, key, kind, __VA_ARGS__)

const struct field subsz_stats_fields[] = {
	S(num_subscriptions, U64, FIELD_GAUGE("subscriptions now")),
	S(num_cache, U64, FIELD_GAUGE("subjects whose match is remembered")),
	S(num_inserts, U64, FIELD_COUNTER("subscriptions made")),
	S(num_removes, U64, FIELD_COUNTER("subscriptions ended")),
	S(num_matches, U64, FIELD_COUNTER("subjects matched")),
	S(cache_hit_rate, F64, FIELD_GAUGE("share of matches remembered")),
	S(max_fanout, U64, FIELD_GAUGE("most receivers of a subject")),
	S(avg_fanout, F64, FIELD_GAUGE("receivers of a subject, on average")),
	{ NULL },
};

#define D(key, name, kind, ...) FIELD_NAMED(sub_info, name, key, kind, __VA_ARGS__)

static const struct field sub_fields[] = {
	D(account, "account", STR, FIELD_OMITTED),
	D(account, "account_tag", STR, FIELD_OMITTED),
	D(subject, "subject", STR),
	D(queue, "qgroup", STR, FIELD_OMITTED),
	D(sid, "sid", STR),
	D(n_msgs, "msgs", U64),
	D(msgs_max, "max", U64, FIELD_OMITTED),
	D(cid, "cid", U64),
	{ NULL },
};

void sub_info_write(const struct sub_info *sub, struct json_writer *w)
{
	fields_write_object(sub_fields, sub, w);
}

bool subsz_options_read(const struct query *q, struct subsz_options *ret,
    struct buf *error)
{
	*ret = (struct subsz_options){
		.account = query_str(q, "acc"),
		.test = query_str(q, "test"),
	};
	return query_bool(q, "subs", &ret->lists_subs, error) &&
	    query_int(q, "offset", &ret->offset, error) &&
	    query_int(q, "limit", &ret->limit, error) &&
	    subsz_options_check(ret, error);
}

bool subsz_options_check(struct subsz_options *o, struct buf *error)
{
	if (o->offset < 0)
		o->offset = 0;
	if (o->limit <= 0)
		o->limit = SUBS_PER_PAGE;
	if (o->test.n == 0 || subject_is_literal(o->test))
		return true;
	buf_put_str(error, "invalid test subject, must be valid publish subject: ");
	buf_put_slice(error, o->test);
	return false;
}

bool subsz_wants(const struct subsz_options *o, const struct sub_info *sub)
{
	return (o->account.n == 0 || slice_eq(o->account, sub->account)) &&
	    (o->test.n == 0 || subject_matches(o->test, sub->subject)) &&
	    (o->within.n == 0 || subject_is_subset(sub->subject, o->within)) &&
	    (o->queue.n == 0 || slice_eq(o->queue, sub->queue));
}

uint64_t subsz_wanted(const struct subsz_options *o)
{
	/* Neither is negative, so the sum fits. */
	return (uint64_t)o->offset + (uint64_t)o->limit;
}

static void write_page(const struct subsz *s, struct json_writer *w)
{
	uint64_t first = (uint64_t)s->options.offset;
	uint64_t limit = (uint64_t)s->options.limit, seen = 0;

	json_key(w, "subscriptions_list");
	json_begin_array(w);
	for (size_t i = 0; i < s->n_lists; i++) {
		struct sub_info sub;
		size_t          at = 0;

		while (sub_info_next(s->lists[i], &at, &sub))
			if (++seen > first && seen - first <= limit)
				sub_info_write(&sub, w);
	}
	json_end_array(w);
}

void subsz_write(const struct subsz *s, struct json_writer *w)
{
	uint64_t total = s->options.lists_subs ? s->total : 0;

	json_begin_object(w);
	json_key(w, "server_id");
	json_str(w, s->server_id);
	json_key(w, "now");
	json_time(w, s->now);
	fields_write(subsz_stats_fields, &s->stats, w);
	json_key(w, "total");
	json_u64(w, total);
	json_key(w, "offset");
	json_i64(w, s->options.offset);
	json_key(w, "limit");
	json_i64(w, s->options.limit);
	if (total > (uint64_t)s->options.offset)
		write_page(s, w);
	json_end_object(w);
}
