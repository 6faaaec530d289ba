/* test/unit/mon/metrics_test.c - pairs with src/mon/metrics.c.
 *
 * Every line is held against the grammar of the text format, every metric has
 * one TYPE in front of it, and the names that dashboards query are there. */
#include "base/buf.h"
#include "check.h"
#include "mon/accountz.h"
#include "mon/metrics.h"
#include "mon/subsz.h"
#include "mon/varz.h"

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
	    &accounts, true }, &out);
	return buf_take_str(&out);
}

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
