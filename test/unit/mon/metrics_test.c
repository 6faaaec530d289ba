/* test/unit/mon/metrics_test.c - pairs with src/mon/metrics.c.
 *
 * Every line is held against the grammar of the text format, every metric has
 * one TYPE in front of it, and the names that dashboards query are there. */
#include "base/buf.h"
#include "check.h"
#include "js/report.h"
#include "mon/accountz.h"
#include "mon/metrics.h"
#include "mon/subsz.h"
#include "mon/varz.h"

/* One stream and its consumer; their names as report.names has them. */
static struct report report = {
	.status = 200,
	.names = { .p = (char[]){ "A\0S\0c" }, .n = 6 },
	.totals = { .n_streams = 1, .n_api = 9, .n_api_errors = 2,
	    .max_storage = 1000, .storage = 70, .lost = 4 },
	.streams = &(struct report_stream){ .account = 0, .name = 2,
	    .messages = 3, .bytes = 70, .lost = 4 },
	.n_streams = 1,
	.consumers = &(struct report_consumer){ .account = 0, .stream = 2,
	    .name = 4, .n_pending = 5, .n_ack_pending = 6, .lag_seconds = 7 },
	.n_consumers = 1,
};

static char *text_of_metrics(void)
{
	static const struct account_stats account = {
		.name = { "a\"b\\c\nd", 7 }, .conns = 3, .sent_bytes = 9 };
	static const struct accountz accounts = {
		.accounts = &account, .n_accounts = 1 };
	static const struct varz v = {
		.server_id = { "NABC", 4 }, .server_name = { "peer", 4 },
		.version = { "2.15.1", 6 }, .connections = 2, .in_msgs = 5,
		.cpu = 12.5, .mem = 1 << 20,
		.slow_consumer_stats = { .clients = 4 },
	};
	static const struct subsz_stats subs = { .num_subscriptions = 8 };
	static const struct connz_sums  sums = { .num_connections = 2 };
	struct buf out = { 0 };

	metrics_write(&(struct metrics){ SLICE("nats"), &v, &subs, &sums,
	    &accounts, &report, true }, &out);
	return buf_take_str(&out);
}

#define STREAM "{server_id=\"NABC\",server_name=\"peer\",account=\"A\","	\
	"account_id=\"A\",account_name=\"A\",stream_name=\"S\","		\
	"stream_leader=\"peer\",is_stream_leader=\"true\""
#define CONSUMER STREAM ",consumer_name=\"c\",consumer_leader=\"peer\","	\
	"is_consumer_leader=\"true\""

TEST(the_names_of_dashboards_are_there)
{
	static const char *const lines[] = {
		"\nnats_varz_connections{server_id=\"NABC\"} 2\n",
		"\nnats_varz_in_msgs{server_id=\"NABC\"} 5\n",
		"\n# TYPE nats_varz_in_msgs counter\n",
		"\n# TYPE nats_varz_connections gauge\n",
		"\nnats_varz_cpu{server_id=\"NABC\"} 12.5\n",
		"\nnats_varz_mem{server_id=\"NABC\"} 1048576\n",
		"\nnats_varz_slow_consumer_stats_clients{server_id=\"NABC\"} 4\n",
		"\nnats_varz_stale_connection_stats_leafs{server_id=\"NABC\"} 0\n",
		"\nnats_varz_version{server_id=\"NABC\",value=\"2.15.1\"} 1\n",
		"\nnats_subsz_num_subscriptions{server_id=\"NABC\"} 8\n",
		"\nnats_connz_num_connections{server_id=\"NABC\"} 2\n",
		"\nnats_routez_num_routes{server_id=\"NABC\"} 0\n",
		"\nnats_healthz_status{server_id=\"NABC\"} 0\n",
		"\nnats_accstatz_current_connections{server_id=\"NABC\","
		"account=\"a\\\"b\\\\c\\nd\",account_id=\"a\\\"b\\\\c\\nd\","
		"account_name=\"a\\\"b\\\\c\\nd\"} 3\n",
		"\nnats_server_jetstream_disabled{server_id=\"NABC\"} 0\n",
		"\nnats_server_total_streams{server_id=\"NABC\"} 1\n",
		"\nnats_server_lost_messages{server_id=\"NABC\"} 4\n",
		"\nnats_varz_jetstream_stats_storage{server_id=\"NABC\"} 70\n",
		"\nnats_varz_jetstream_config_max_storage{server_id=\"NABC\"} "
		"1000\n",
		"\n# TYPE nats_varz_jetstream_stats_api_total counter\n",
		"\nnats_varz_jetstream_stats_api_errors{server_id=\"NABC\"} 2\n",
		"\nnats_stream_total_messages" STREAM "} 3\n",
		"\nnats_stream_lost_messages" STREAM "} 4\n",
		"\nnats_consumer_num_pending" CONSUMER "} 5\n",
		"\nnats_consumer_num_ack_pending" CONSUMER "} 6\n",
		"\nnats_consumer_lag_seconds" CONSUMER "} 7\n",
	};
	char *text = text_of_metrics();

	for (size_t i = 0; i < N_OF(lines); i++)
		CHECK(strstr(text, lines[i]) != NULL, "%s in %s", lines[i], text);
	free(text);
}

/* The word in front of c; its end, or NULL. */
static const char *skip_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz_"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return n == 0 || (*s >= '0' && *s <= '9') ? NULL : s + n;
}

TEST(each_metric_has_a_help_a_type_and_samples_in_a_row)
{
	char *text = text_of_metrics(), *line, *at = text;
	char  name[128] = "";
	int   n_heads = 0;

	while ((line = strsep(&at, "\n")) != NULL && *line != '\0') {
		if (strncmp(line, "# HELP ", 7) == 0) {
			const char *end = skip_name(line + 7);

			CHECK(end != NULL && *end == ' ' && end[1] != '\0',
			    "%s", line);
			snprintf(name, sizeof name, "%.*s",
			    (int)(end - line - 7), line + 7);
			n_heads++;
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			const char *end = skip_name(line + 7);

			CHECK(strncmp(line + 7, name, strlen(name)) == 0 &&
			    (strcmp(end, " gauge") == 0 ||
			    strcmp(end, " counter") == 0), "%s", line);
		} else {
			const char *end = skip_name(line);

			CHECK(end != NULL && *end == '{', "%s", line);
			CHECK_INT(end - line, strlen(name), "%s", line);
			CHECK(strncmp(line, name, strlen(name)) == 0, "%s", line);
			CHECK(strrchr(line, '}')[1] == ' ', "%s", line);
		}
	}
	CHECK(n_heads > 60);
	free(text);
}

TEST(health_and_absence_of_jetstream_are_told)
{
	static const struct varz        v = { .server_id = { "NABC", 4 } };
	static const struct subsz_stats subs;
	static const struct connz_sums  sums;
	static const struct accountz    accounts;
	struct report  sick = { .status = 503 };
	struct metrics m = { SLICE("nats"), &v, &subs, &sums, &accounts, &sick,
		true };
	struct buf     out = { 0 };
	char          *text;

	metrics_write(&m, &out);
	text = buf_take_str(&out);
	CHECK(strstr(text, "\nnats_healthz_status{server_id=\"NABC\"} 1\n"));
	free(text);
	m.report = NULL;
	metrics_write(&m, &out);
	text = buf_take_str(&out);
	CHECK(strstr(text, "\nnats_healthz_status{server_id=\"NABC\"} 0\n"));
	CHECK(strstr(text, "\nnats_server_jetstream_disabled{server_id=\"NABC\"}"
	    " 1\n"));
	CHECK(strstr(text, "nats_stream_") == NULL);
	CHECK(strstr(text, "_varz_jetstream_") == NULL);
	free(text);
}
