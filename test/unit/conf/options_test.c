/* test/unit/conf/options_test.c - pairs with src/conf/options.c, options_load.c,
 * options_users.c, options_validate.c, options_reload.c.
 *
 * The table of options is data, so most tests walk it: every row has a value
 * that loads here, whoever adds a row is told to add one.  The rest are texts
 * and the errors they must give, place and all.
 */
#include <dirent.h>

#include "base/err.h"
#include "check.h"
#include "conf/options.h"
#include "fail_alloc.h"

static struct options *loaded;
static char            told[8192];	/* warnings, then errors */

static int load(const char *text)
{
	struct conf_report r = { 0 };
	int                err;

	options_destroy(loaded);
	loaded = options_create_default();
	CHECK(loaded != NULL);
	err = options_load_text(loaded, slice_str(text), "t.conf", &r);
	snprintf(told, sizeof told, "%.*s%.*s", SLICE_ARG(buf_slice(&r.warnings)),
	    SLICE_ARG(buf_slice(&r.errors)));
	CHECK((err == ERR_CONFIG) == (r.n_errors > 0));
	conf_report_fini(&r);
	return err;
}

__attribute__((destructor)) static void unload(void)
{
	options_destroy(loaded);
}

static const char *value_of(const char *key)
{
	static char text[512];
	struct buf  out = { 0 };

	option_put_value(&out, option_find(slice_str(key)), loaded);
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
	return text;
}

/* ---- the table -------------------------------------------------------- */

static bool has_number(const struct option *row)
{
	return row->kind == KIND_INT || row->kind == KIND_SIZE ||
	    row->kind == KIND_DURATION || row->kind == KIND_SECONDS ||
	    row->kind == KIND_TIMEOUT;
}

TEST(rows_are_complete_and_defaults_in_range)
{
	for (enum option_id id = 0; id < N_OPTIONS; id++) {
		const struct option *row = option_of(id);

		CHECK(row->help[0] != '\0', "%s has no help", row->key);
		CHECK(row->name[0] != '\0', "%s has no name", row->key);
		CHECK(option_find(slice_str(row->key)) == row, "%s", row->key);
		if (has_number(row))
			CHECK(row->dflt >= row->min && row->dflt <= row->max,
			    "default of %s", row->key);
	}
}

TEST(the_reference_page_has_every_option)
{
	struct buf out = { 0 };

	options_write_reference(&out);
	buf_put_char(&out, '\0');
	for (enum option_id id = 0; id < N_OPTIONS; id++) {
		CHECK(strstr(out.p, option_of(id)->key) != NULL);
		CHECK(strstr(out.p, option_of(id)->help) != NULL);
	}
	CHECK(strstr(out.p, "default 1m0s") == NULL);
	CHECK(strstr(out.p, "ping_interval\n    duration, from 0s, default "
	    "2m0s; reloadable") != NULL);
	buf_fini(&out);
}

/* One good text for each row, and what it is then. */
static const struct { const char *key, *text, *value; } good[] = {
	{ "server_name", "server_name: n1", "n1" },
	{ "host", "net: 1.2.3.4", "1.2.3.4" },
	{ "port", "port: 4333", "4333" },
	{ "client_advertise", "client_advertise: \"h:1\"", "h:1" },
	{ "server_tags", "server_tags: [\" Aa:B \", '', c]", "[aa:b c]" },
	{ "server_metadata", "server_metadata { b: c, A: \"x y\" }",
	  "map[A:x y b:c]" },
	{ "feature_flags", "feature_flags { js_x: true }", "map[js_x:true]" },
	{ "workers", "workers: 2", "2" },
	{ "trace", "trace: on", "true" },
	{ "debug", "DEBUG = yes", "true" },
	{ "trace_verbose", "trace_verbose: true", "true" },
	{ "trace_headers", "trace_headers: true", "true" },
	{ "logtime", "logtime: no", "false" },
	{ "logtime_utc", "logtime_utc: true", "true" },
	{ "log_file", "logfile: '/x'", "/x" },
	{ "log_size_limit", "logfile_size_limit: 10mb", "10485760" },
	{ "log_max_num", "log_max_num: 3", "3" },
	{ "syslog", "syslog: true", "true" },
	{ "remote_syslog", "remote_syslog: \"udp://h:1\"", "udp://h:1" },
	{ "max_traced_msg_len", "max_traced_msg_len: 5", "5" },
	{ "pid_file", "pidfile: /p", "/p" },
	{ "ports_file_dir", "ports_file_dir: /d", "/d" },
	{ "http_host", "http_host: ::1", "::1" },
	{ "http_port", "monitor_port: 8222", "8222" },
	{ "http_base_path", "http_base_path: /m", "/m" },
	{ "prometheus_prefix", "prometheus_prefix: gnatsd", "gnatsd" },
	{ "max_connections", "max_conn: 5", "5" },
	{ "max_subscriptions", "max_subs: 7", "7" },
	{ "max_sub_tokens", "max_subscription_tokens: 255", "255" },
	{ "max_control_line", "max_control_line: 2k", "2000" },
	{ "max_payload", "max_payload: 2MiB", "2097152" },
	{ "max_pending", "max_pending: 8m", "8000000" },
	{ "max_outbound_memory", "max_outbound_memory: 1g", "1000000000" },
	{ "max_closed_clients", "max_closed_clients: 9", "9" },
	{ "ping_interval", "ping_interval: \"90s\"", "1m30s" },
	{ "ping_max", "ping_max: 3", "3" },
	{ "write_deadline", "write_deadline: 5", "5s" },
	{ "write_timeout", "write_timeout: Retry", "retry" },
	{ "no_fast_producer_stall", "no_fast_producer_stall: true", "true" },
	{ "lame_duck_duration", "lame_duck_duration: \"30s\"", "30s" },
	{ "lame_duck_grace_period", "lame_duck_grace_period: '1s'", "1s" },
	{ "no_header_support", "no_header_support: true", "true" },
	{ "disable_sublist_cache", "no_sublist_cache: true", "true" },
	{ "proxy_protocol", "proxy_protocol: true", "true" },
	{ "https_port", "https_port: 8223", "8223" },
	{ "tls", "tls { cert_file: a, key_file: b }", "enabled" },
	{ "allow_non_tls", "allow_non_tls: true", "true" },
	{ "no_auth_user", "no_auth_user: u", "u" },
	{ "max_failed_logins", "max_failed_logins: 9", "9" },
	{ "sandbox", "sandbox: off", "false" },
	{ "authorization.user", "authorization { username: u }", "u" },
	{ "authorization.pass", "authorization { user: u, password: p }",
	  "[REDACTED]" },
	{ "authorization.token", "authorization { token: t }", "[REDACTED]" },
	{ "authorization.timeout", "authorization { timeout: 1.5 }", "1.5" },
	{ "authorization.users", "authorization { users: [{user: a}] }",
	  "1 users" },
	{ "authorization.default_permissions", "authorization { user: a, "
	  "permissions: { publish: a } }", "set" },
	{ "authorization.auth_callout", "authorization { auth_hook { issuer: "
	  "AX, users: [a, b], acc: C } }", "&{AX C [a b]  []}" },
	{ "authorization.proxy_required", "authorization { user: a, "
	  "proxy_required: true }", "true" },
	{ "proxies", "proxies { trusted: [{key: A}, {public_key: B}] }",
	  "[A B]" },
	{ "accounts", "accounts { A {}, B {} }", "2 accounts" },
	{ "mappings", "maps { a: b, \"c.*\": [] }", "2 mappings" },
	{ "system_account", "system: S", "S" },
	{ "no_system_account", "no_sys_acc: true", "true" },
	{ "operator", "root_operators: [\"eyJx\", eyJy]", "2 tokens" },
	{ "trusted_keys", "trusted: OA", "[OA]" },
	{ "resolver", "accounts_resolver: URL(http://h/x)", "URL(http://h/x/)" },
	{ "resolver_preload", "resolver_preload { A: x }", "1 tokens" },
	{ "resolver_pinned_accounts", "resolver_pinned_accounts: [A, B]",
	  "[A B]" },
	{ "max_failed_logins", "max_failed_logins: 7", "7" },
	{ "sandbox", "sandbox: off", "false" },
	{ "tls", "tls { timeout: 3 }", "enabled" },
	{ "allow_non_tls", "allow_non_tls: true", "true" },
	{ "https_port", "https_port: 8443", "8443" },
	{ "resolver_tls", "resolver_tls { timeout: 3 }", "enabled" },
	{ "jetstream.enabled", "jetstream: enabled", "true" },
	{ "jetstream.store_dir", "store_dir: /d", "/d" },
	{ "jetstream.max_mem", "jetstream { max_memory_store: 1GB }",
	  "1073741824" },
	{ "jetstream.max_file", "jetstream { max_file: 7 }", "7" },
	{ "jetstream.sync_interval", "jetstream { sync: always }", "always" },
	{ "jetstream.key", "jetstream { ek: secret }", "[REDACTED]" },
	{ "jetstream.prev_key", "jetstream { prev_encryption_key: old }",
	  "[REDACTED]" },
	{ "jetstream.cipher", "jetstream { cipher: ChaChaPoly }",
	  "ChaChaPoly" },
	{ "jetstream.domain", "jetstream { domain: hub }", "hub" },
	{ "jetstream.strict", "jetstream { strict: false }", "false" },
	{ "jetstream.max_buffered_msgs",
	  "jetstream { max_buffered_msgs: 9 }", "9" },
	{ "jetstream.max_buffered_size",
	  "jetstream { max_buffered_size: 9 }", "9" },
	{ "jetstream.request_queue_limit",
	  "jetstream { request_queue_limit: 9 }", "9" },
	{ "jetstream.info_queue_limit", "jetstream { info_queue_limit: -1 }",
	  "-1" },
	{ "jetstream.limits.max_ack_pending",
	  "jetstream { limits { max_ack_pending: 5 } }", "5" },
	{ "jetstream.limits.max_request_batch",
	  "jetstream { limits { max_request_batch: 6 } }", "6" },
	{ "jetstream.limits.duplicate_window",
	  "jetstream { limits { duplicate_window: \"1m\" } }", "1m0s" },
	{ "jetstream.limits.batch.max_inflight_per_stream", "jetstream { limits { "
	  "batch { max_inflight_per_stream: 7 } } }", "7" },
	{ "jetstream.limits.batch.max_inflight_total", "jetstream { limits { "
	  "batch { max_inflight_total: 8 } } }", "8" },
	{ "jetstream.limits.batch.max_msgs", "jetstream { limits { batch { "
	  "max_msgs: 9 } } }", "9" },
	{ "jetstream.limits.batch.timeout", "jetstream { limits { batch { "
	  "timeout: \"5s\" } } }", "5s" },
	{ "default_sentinel", "default_sentinel: eyJ", "eyJ" },
};

TEST(every_option_goes_from_text_to_value)
{
	for (enum option_id id = 0; id < N_OPTIONS; id++) {
		size_t i = 0;

		while (i < N_OF(good) &&
		    option_find(slice_str(good[i].key)) != option_of(id))
			i++;
		CHECK(i < N_OF(good), "give %s a row here", option_of(id)->key);
		CHECK_INT(load(good[i].text), 0, "%s: %s", good[i].text, told);
		CHECK(loaded->is_given[id], "%s", good[i].key);
		CHECK_STR(value_of(good[i].key), good[i].value, "%s",
		    good[i].text);
	}
}

TEST(nothing_given_is_the_default)
{
	CHECK_INT(load("debug: false"), 0);
	CHECK_INT(loaded->port, 4222);
	CHECK_INT(loaded->max_payload, 1 << 20);
	CHECK_INT(loaded->max_pending, 64 << 20);
	CHECK_INT(loaded->max_connections, 65536);
	CHECK_INT(loaded->ping_interval, 120 * OPTION_SECOND);
	CHECK_INT(loaded->auth_timeout, 2 * OPTION_SECOND);
	CHECK(loaded->logtime);
	CHECK(loaded->host.p == NULL && !loaded->is_given[OPTION_host]);
	CHECK_SLICE(loaded->prometheus_prefix, SLICE("nats"));
	CHECK(!options_has_credentials(loaded));
}

TEST(zero_means_the_default_where_nats_server_means_it)
{
	CHECK_INT(load("max_payload: 0, ping_max: 0, write_deadline: \"0s\", "
	    "max_control_line: 0, port: 0, max_closed_clients: 0"), 0, "%s", told);
	CHECK_INT(loaded->max_payload, 1 << 20);
	CHECK_INT(loaded->ping_max, 2);
	CHECK_INT(loaded->write_deadline, 10 * OPTION_SECOND);
	CHECK_INT(loaded->max_control_line, 4096);
	CHECK_INT(loaded->port, 4222);
	CHECK_INT(loaded->max_closed_clients, 10000);
	CHECK_INT(load("max_connections: 0"), 0);
	CHECK_INT(loaded->max_connections, -1, "nobody, as in /varz there");
}

TEST(addresses_are_taken_apart)
{
	static const struct { const char *text, *host; int port; } t[] = {
		{ "listen: 4333", "", 4333 },
		{ "listen: \":4333\"", "", 4333 },
		{ "listen: 127.0.0.1:4333", "127.0.0.1", 4333 },
		{ "listen: \"[::1]:4333\"", "::1", 4333 },
		{ "listen: localhost:-1", "localhost", -1 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_INT(load(t[i].text), 0, "%s: %s", t[i].text, told);
		CHECK_SLICE(loaded->host, slice_str(t[i].host), "%s", t[i].text);
		CHECK_INT(loaded->port, t[i].port, "%s", t[i].text);
	}
	CHECK_INT(load("http: \"1.2.3.4:8222\""), 0);
	CHECK_SLICE(loaded->http_host, SLICE("1.2.3.4"));
	CHECK_INT(loaded->http_port, 8222);
}

TEST(tracing_more_is_tracing)
{
	CHECK_INT(load("trace_verbose: true"), 0);
	CHECK(loaded->trace);
	CHECK_INT(load("trace_headers: true"), 0);
	CHECK(loaded->trace && !loaded->trace_verbose);
}

/* ---- what is wrong ---------------------------------------------------- */

TEST(errors_name_the_place_and_the_reason)
{
	static const struct { const char *text, *errors; } t[] = {
		{ "prot: 1", "t.conf:1:1: unknown field \"prot\"; did you mean "
		  "\"port\"?\n" },
		{ "a: 1\n  max_payloads: 5", "t.conf:1:1: unknown field \"a\"\n"
		  "t.conf:2:3: unknown field \"max_payloads\"; did you mean "
		  "\"max_payload\"?\n" },
		{ "authorization { user: a\n usr: b }", "t.conf:2:2: unknown "
		  "field \"usr\"; did you mean \"user\"?\n" },
		{ "user: a", "t.conf:1:1: unknown field \"user\"\n" },
		{ "port: 70000", "t.conf:1:1: port value is too big: it may be "
		  "-1 to 65535, but is 70000\n" },
		{ "port: \"4222\"", "t.conf:1:1: \"port\" wants a whole number, "
		  "for example 100, but found a string, \"4222\"\n" },
		{ "listen: 70000", "t.conf:1:1: port value is too big: it may be "
		  "-1 to 65535, but is 70000\n" },
		{ "listen: \"x\"", "t.conf:1:1: could not parse address string "
		  "\"x\"\n" },
		{ "listen: \"::1:4222\"", "t.conf:1:1: could not parse address "
		  "string \"::1:4222\"\n" },
		{ "listen: \"x:y\"", "t.conf:1:1: could not parse port \"y\"\n" },
		{ "max_sub_tokens: -1", "t.conf:1:1: max_sub_tokens value can not "
		  "be negative: it may be 0 to 255, but is -1\n" },
		{ "ping_interval: x", "t.conf:1:1: error parsing ping_interval: "
		  "time: invalid duration \"x\"\n" },
		{ "lame_duck_duration: \"1s\"", "t.conf:1:1: invalid "
		  "lame_duck_duration of 1s, minimum is 30 seconds\n" },
		{ "write_timeout: x", "t.conf:1:1: write_timeout must be "
		  "'default', 'close' or 'retry'\n" },
		{ "server_name: 'a b'",
		  "t.conf:1:1: server name cannot contain spaces\n" },
		{ "log_file: \"a\\x00b\"",
		  "t.conf:1:1: \"log_file\" must not hold a NUL byte\n" },
		{ "cluster { name: x }", "t.conf:1:1: \"cluster\" is not built "
		  "into this server yet\n" },
		{ "jetstream: 5", "t.conf:1:1: Expected map, bool or string to "
		  "define JetStream, got int64\n" },
		{ "jetstream { domain: \"a.b\" }", "t.conf:1:13: invalid domain "
		  "name: may not contain ., * or >\n" },
		{ "jetstream { domain: \"\" }", "t.conf:1:13: invalid domain "
		  "name: may not contain ., * or >\n" },
		{ "jetstream { sync: soon }", "t.conf:1:13: error parsing "
		  "sync_interval: time: invalid duration \"soon\"\n" },
		{ "jetstream { sync: \"-1s\" }", "t.conf:1:13: error parsing "
		  "sync_interval: it is negative\n" },
		{ "jetstream { tpm {} }", "t.conf:1:13: \"tpm\" is not built "
		  "into this server yet\n" },
		{ "jetstream { ek: \"\" }", "t.conf:1:13: \"key\" is empty: "
		  "nothing would be encrypted\n" },
		{ "jetstream { cipher: foo }", "t.conf:1:13: Unknown cipher "
		  "type: \"foo\"\n" },
		{ "debug: 1\nport: x\nxyzzy: 1", "t.conf:1:1: \"debug\" wants "
		  "true or false, but found an integer, 1\nt.conf:2:1: \"port\" "
		  "wants a whole number, for example 100, but found a string, "
		  "\"x\"\nt.conf:3:1: unknown field \"xyzzy\"\n" },
		{ "port: 1 2", "Parse error on line 1: 'Expected a top-level "
		  "value to end with a new line, comment or EOF, but got '2' "
		  "instead.'\n" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_INT(load(t[i].text), ERR_CONFIG, "%s", t[i].text);
		CHECK_STR(told, t[i].errors, "%s", t[i].text);
	}
}

TEST(authorization_is_whole_or_refused)
{
	static const struct { const char *block, *error; } t[] = {
		{ "", "\"authorization\" lets everybody in: it names no user and "
		  "no token" },
		{ "token: ''", "\"authorization\" lets everybody in: it names no "
		  "user and no token" },
		{ "pass: a", "\"authorization\" lets everybody in: it names no "
		  "user and no token" },
		{ "users: []", "\"authorization\" lets everybody in: it names no "
		  "user and no token" },
		{ "user: a, token: b", "Cannot have a user/pass and token" },
		{ "user: a, users: [{user: b}]",
		  "Can not have a single user/pass and a users array" },
		{ "token: a, users: [{user: b}]",
		  "Can not have a token and a users array" },
		{ "users: [{user: b}, {user: b}]", "Duplicate user \"b\" detected" },
		{ "users: [{pass: b}]", "User entry requires a user" },
		{ "users: [{user: b, x: 1}]", "unknown field \"x\"" },
		{ "users: [x]", "Expected user entry to be a map/struct" },
		{ "users: x", "Expected users field to be an array" },
		{ "users: [{user: b, nkey: x}]",
		  "Nkey users do not take usernames or passwords" },
		{ "users: [{nkey: x, pass: y}]",
		  "Nkey users do not take usernames or passwords" },
		{ "users: [{nkey: x}, {nkey: x}]",
		  "Duplicate nkey \"x\" detected" },
		{ "users: [{user: b, connection_types: [foo]}]",
		  "invalid connection types [\"FOO\"]" },
		{ "users: [{user: b, connection_types: [foo, mqtt, bar]}]",
		  "invalid connection types [\"FOO\" \"BAR\"]" },
		{ "auth_callout { }", "Authorization callouts require an issuer "
		  "to be specified" },
		{ "user: a, timeout: x", "error parsing authorization config, "
		  "'timeout' time: invalid duration \"x\"" },
	};
	char text[256];

	for (size_t i = 0; i < N_OF(t); i++) {
		snprintf(text, sizeof text, "authorization { %s }", t[i].block);
		CHECK_INT(load(text), ERR_CONFIG, "%s", text);
		CHECK(strstr(told, t[i].error) != NULL, "%s: %s", text, told);
		CHECK(strncmp(told, "t.conf:1:", 9) == 0, "%s", told);
	}
	CHECK_INT(load("authorization { timeout: 1 }"), 0, "%s", told);
}

TEST(a_secret_is_not_in_an_error)
{
	CHECK_INT(load("authorization { user: a, pass: 12345 }"), ERR_CONFIG);
	CHECK(strstr(told, "12345") == NULL, "%s", told);
	CHECK_INT(load("authorization { users: [{user: a, pass: 12345}] }"),
	    ERR_CONFIG);
	CHECK(strstr(told, "12345") == NULL, "%s", told);
}

TEST(durations_without_quotes_are_warned_about)
{
	CHECK_INT(load("ping_interval: 2m"), 0);
	CHECK_STR(told, "t.conf:1:1: invalid use of field \"ping_interval\": "
	    "ping_interval should be converted to a duration\n"
	    "t.conf:1:1: without quotes that is 2000000 seconds; is a duration "
	    "in quotes meant, \"2m\" for example?\n");
	CHECK_INT(loaded->ping_interval, 2000000 * OPTION_SECOND);
	CHECK_INT(load("authorization { user: a, timeout: 61 }"), 0);
	CHECK(strstr(told, "timeout of 61 (61.000000 seconds) is high") != NULL,
	    "%s", told);
	CHECK_INT(load(""), 0);
	CHECK_STR(told, "t.conf: config has no values or is empty\n");
	CHECK_INT(load("write_deadline: 9223372036854775807"), ERR_CONFIG);
}

TEST(what_is_off_or_means_nothing_may_stay)
{
	static const char *const t[] = { "jetstream: false", "jetstream: disabled",
		"ocsp: off", "prof_port: 6060", "connect_error_reports: 5",
		"no_system_account: true", "store_dir: /x", "https_port: 0",
		"X: 1\nport: $X" };

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(load(t[i]), 0, "%s: %s", t[i], told);
}

/* ---- JetStream -------------------------------------------------------- */

TEST(sizes_of_storage_may_be_in_quotes_or_below_zero)
{
	static const struct { const char *size; int64_t bytes; } t[] = {
		{ "5", 5 }, { "\"1K\"", 1024 }, { "\"2M\"", 2 << 20 },
		{ "\"1G\"", 1 << 30 }, { "\"1T\"", INT64_C(1) << 40 },
		{ "1G", 1000000000 }, { "\"\"", 0 }, { "0", 0 }, { "-1", -1 },
		{ "-5", -1 }, { "\"-5G\"", -1 },
	};
	char text[64];

	for (size_t i = 0; i < N_OF(t); i++) {
		snprintf(text, sizeof text, "jetstream { max_mem: %s }",
		    t[i].size);
		CHECK_INT(load(text), 0, "%s: %s", text, told);
		CHECK_INT(loaded->js_max_memory, t[i].bytes, "%s", text);
	}
}

/* What stands behind the place is what nats-server says. */
TEST(what_of_jetstream_is_not_used_is_checked_all_the_same)
{
	static const struct { const char *key, *error; } t[] = {
		{ "max_mem: \"1GB\"", "max_mem_store strconv.ParseInt" },
		{ "max_mem: \"12\"", "max_mem_store sizes defined as strings must "
		  "end in K, M, G, T" },
		{ "max_file: \"99999999999T\"", "max_file_store strconv.ParseInt" },
		{ "max_file: true", "max_file_store must be int64 or string" },
		{ "max_buffered_size: 1.5", "max_buffered_size must be int64 or "
		  "string" },
		{ "max_buffered_msgs: x", "Expected a parseable size for "
		  "\"max_buffered_msgs\", got x" },
		{ "max_concurrent_io: 3", "Expected an absolute size for "
		  "\"max_concurrent_io\" between 4 and 8192, got 3" },
		{ "meta_compact: -1", "Expected an absolute size for "
		  "\"meta_compact\", got -1" },
		{ "meta_compact_sync: 5", "wants true or false" },
		{ "unique_tag: 5", "wants a string" },
		{ "limits: 5", "Expected a map to define JetStreamLimits, got "
		  "int64" },
		{ "limits { batch: 5 }", "Expected a map to define batch limits, "
		  "got int64" },
		{ "limits { batch { timeout: x } }", "invalid duration" },
		{ "limits { batch { nope: 1 } }", "unknown field \"nope\"" },
		{ "limits { nope: 1 }", "unknown field \"nope\"" },
		{ "store_dir: a, store: b", "Duplicate 'store_dir' configuration" },
	};
	char text[128];

	for (size_t i = 0; i < N_OF(t); i++) {
		snprintf(text, sizeof text, "jetstream { %s }", t[i].key);
		CHECK_INT(load(text), ERR_CONFIG, "%s", text);
		CHECK(strstr(told, t[i].error) != NULL, "%s: %s", text, told);
	}
	CHECK_INT(load("jetstream { unique_tag: x, extension_hint: y, "
	    "max_outstanding_catchup: \"1M\", max_buffered_msgs: -1, "
	    "max_concurrent_io: 4, meta_compact_size: 0, limits { max_ha_assets: "
	    "5, batch { timeout: \"5s\", max_msgs: 9 } } }"), 0, "%s", told);
	CHECK_INT(loaded->js_buffered_msgs, -1);
	CHECK_INT(load("jetstream { max_buffered_msgs: 7, max_buffered_size: "
	    "\"2M\" }"), 0, "%s", told);
	CHECK_INT(loaded->js_buffered_msgs, 7);
	CHECK_INT(loaded->js_buffered_size, 2 << 20);
}

TEST(an_accounts_jetstream_is_refused_in_nats_servers_words)
{
	static const struct { const char *js, *error; } t[] = {
		{ "foo", "Expected 'enabled' or 'disabled' for string value, got "
		  "'foo'" },
		{ "{ max_mem: x }", "Expected a parseable size for \"max_mem\", "
		  "got x" },
		{ "{ max_bytes: 5 }", "Expected a parseable bool for "
		  "\"max_bytes\", got 5" },
		{ "{ cluster_traffic: x }", "Expected 'system' or 'owner' string "
		  "value for \"cluster_traffic\", got x" },
		{ "{ cluster_traffic: 5 }", "Expected either 'system' or 'owner' "
		  "string value for \"cluster_traffic\", got 5" },
		{ "{ nope: 5 }", "unknown field \"nope\"" },
	};
	char text[128];

	for (size_t i = 0; i < N_OF(t); i++) {
		snprintf(text, sizeof text, "accounts { A { jetstream: %s } }",
		    t[i].js);
		CHECK_INT(load(text), ERR_CONFIG, "%s", text);
		CHECK(strstr(told, t[i].error) != NULL, "%s: %s", text, told);
	}
}

/* ---- accounts --------------------------------------------------------- */

static const struct conf_account *account(const char *name)
{
	for (size_t i = 0; i < loaded->accounts.n; i++)
		if (slice_eq(loaded->accounts.v[i].name, slice_str(name)))
			return &loaded->accounts.v[i];
	CHECK(false, "no account %s", name);
	return NULL;
}

TEST(an_account_nobody_said_anything_of_has_no_limits)
{
	const struct conf_account *a;

	CHECK_INT(load("accounts: [A, B]"), 0, "%s", told);
	a = account("B");
	CHECK_INT(a->users.n + a->n_exports + a->n_imports + a->mappings.n, 0);
	CHECK_INT(a->limits.connections, -1);
	CHECK_INT(a->limits.leafnodes, -1);
	CHECK_INT(a->limits.subscriptions, -1);
	CHECK_INT(a->limits.payload, -1);
	CHECK_INT(a->limits.rate.msgs + a->limits.rate.bytes, 0);
	CHECK_INT(a->trace_dest.n, 0);
	CHECK(!options_has_credentials(loaded));
}

/* Also of an account that says nothing else, and before one's tracing. */
TEST(what_an_accounts_jetstream_does_not_name_is_not_limited)
{
	const struct conf_account *a;

	CHECK_INT(load("accounts { A { jetstream: enabled }, B { jetstream "
	    "{ store: 1M, streams: 3 }, msg_trace: t }, C { users: [] } }"), 0,
	    "%s", told);
	a = account("A");
	CHECK(a->has_jetstream);
	CHECK_INT(a->jetstream.max_memory, -1);
	CHECK_INT(a->jetstream.max_storage, -1);
	CHECK_INT(a->jetstream.max_streams, -1);
	CHECK_INT(a->jetstream.disk_max_stream_bytes, -1);
	a = account("B");
	CHECK(a->has_jetstream);
	CHECK_INT(a->jetstream.max_storage, 1000000);
	CHECK_INT(a->jetstream.max_streams, 3);
	CHECK_INT(a->jetstream.max_memory, -1);
	CHECK_INT(a->jetstream.max_ack_pending, -1);
	CHECK(!account("C")->has_jetstream);
}

TEST(limits_and_tracing_of_an_account_are_read)
{
	const struct conf_account *a;

	CHECK_INT(load("accounts { A { limits { max_conn: 5, max_subs: -7, "
	    "max_pay: 1k, max_leafs: 0, max_msgs_per_second: 10, "
	    "max_bytes_per_second: 1KB }, msg_trace { dest: t, sampling: 25% }, "
	    "jetstream: disabled }, B { trace_dest: \"u.v\" } }"), 0, "%s", told);
	a = account("A");
	CHECK_INT(a->limits.connections, 5);
	CHECK_INT(a->limits.subscriptions, -1);
	CHECK_INT(a->limits.payload, 1000);
	CHECK_INT(a->limits.leafnodes, 0);
	CHECK_INT(a->limits.rate.msgs, 10);
	CHECK_INT(a->limits.rate.bytes, 1024);
	CHECK_SLICE(a->trace_dest, SLICE("t"));
	CHECK_INT(a->trace_sampling, 25);
	CHECK_SLICE(account("B")->trace_dest, SLICE("u.v"));
	CHECK_INT(account("B")->trace_sampling, 100);
	CHECK_INT(load("accounts { A { limits { max_msgs_per_second: -1 } } }"),
	    ERR_CONFIG);
	CHECK_STR(told, "t.conf:1:25: max_msgs_per_second value can not be "
	    "negative: it is -1\n");
}

TEST(users_of_accounts_have_keys_limits_and_their_account_s_permissions)
{
	const struct conf_user *u;

	CHECK_INT(load("accounts { A { users: [{nkey: UX, proxy_required: yes, "
	    "clients: [mqtt, MQTT_WS]}, {user: a, pass: b, limits: "
	    "{ max_msgs_per_second: 3, max_bytes_per_second: 4 }, permissions: "
	    "{ pub: y }}], default_permissions: { publish: x } } }"), 0, "%s",
	    told);
	CHECK_INT(account("A")->users.n, 2);
	u = account("A")->users.v;
	CHECK_SLICE(u[0].nkey, SLICE("UX"));
	CHECK(u[0].proxy_required && !u[1].proxy_required);
	CHECK_INT(u[0].connections, CONNECTION_MQTT | CONNECTION_MQTT_WS);
	CHECK_SLICE(u[0].permissions->publish_allow.v[0].subject, SLICE("x"));
	CHECK_SLICE(u[1].permissions->publish_allow.v[0].subject, SLICE("y"));
	CHECK_INT(u[1].rate.msgs, 3);
	CHECK_INT(u[1].rate.bytes, 4);
	CHECK_INT(u[0].place.line, 1);
	CHECK_STR(u[0].place.file, "t.conf");
	CHECK(options_has_credentials(loaded));
	CHECK(options_has_plain_secrets(loaded));
	CHECK(loaded->keys != NULL && loaded->keys->next == NULL);
	CHECK_SLICE(loaded->keys->text, SLICE("UX"));
	CHECK_SLICE(loaded->keys->complaint, SLICE("t.conf:1:25: Not a valid "
	    "public nkey for a user"));
}

TEST(users_of_the_system_account_shut_nobody_out)
{
	CHECK_INT(load("accounts { S { users: [{user: a}] } }, system: S"), 0,
	    "%s", told);
	CHECK(!options_has_credentials(loaded));
	CHECK_INT(load("accounts { \"$SYS\": { users: [{user: a}] } }"), 0,
	    "%s", told);
	CHECK(!options_has_credentials(loaded));
	CHECK_INT(load("accounts { S { users: [{user: a}] } }"), 0);
	CHECK(options_has_credentials(loaded));
}

TEST(exports_are_read_in_all_their_forms)
{
	const struct conf_export *e;

	CHECK_INT(load("accounts { A { exports: [{stream: \"a.*\", accounts: "
	    "[B, C], account_token_position: 2}, {service: s, response_type: "
	    "Chunked, threshold: \"5s\", allow_trace: yes}, {latency: {sampling: "
	    "\"headers\", subject: l}, service: r}, {service: q, latency: m}] }, "
	    "B {}, C {} }"), 0, "%s", told);
	CHECK_INT(account("A")->n_exports, 4);
	e = account("A")->exports;
	CHECK_INT(e[0].door, DOOR_STREAM);
	CHECK_SLICE(e[0].subject, SLICE("a.*"));
	CHECK_INT(e[0].accounts.n, 2);
	CHECK_SLICE(e[0].accounts.v[1], SLICE("C"));
	CHECK_INT(e[0].token_position, 2);
	CHECK_INT(e[1].door, DOOR_SERVICE);
	CHECK_INT(e[1].response, RESPONSE_CHUNKED);
	CHECK_INT(e[1].threshold_ns, 5 * OPTION_SECOND);
	CHECK(e[1].allows_trace);
	CHECK_SLICE(e[2].latency, SLICE("l"));
	CHECK_INT(e[2].sampling, 0);
	CHECK_SLICE(e[3].latency, SLICE("m"));
	CHECK_INT(e[3].sampling, 100);
	CHECK_INT(e[3].place.line, 1);
}

TEST(imports_are_read_in_all_their_forms)
{
	const struct conf_import *i;

	CHECK_INT(load("accounts { A { imports: [{stream: {account: B, subject: "
	    "\"a.>\"}, prefix: \"p.\", allow_trace: true}, {to: t, share: true, "
	    "service: {account: B, subject: s}}, {service: {account: B, subject: "
	    "r}}] }, B {} }"), 0, "%s", told);
	CHECK_INT(account("A")->n_imports, 3);
	i = account("A")->imports;
	CHECK_INT(i[0].door, DOOR_STREAM);
	CHECK_SLICE(i[0].account, SLICE("B"));
	CHECK_SLICE(i[0].subject, SLICE("a.>"));
	CHECK_SLICE(i[0].prefix, SLICE("p"));
	CHECK(i[0].allows_trace && !i[0].shares && i[0].to.n == 0);
	CHECK_INT(i[1].door, DOOR_SERVICE);
	CHECK_SLICE(i[1].to, SLICE("t"));
	CHECK(i[1].shares);
	CHECK_SLICE(i[2].subject, SLICE("r"));
}

TEST(mappings_are_read_in_all_their_forms)
{
	const struct conf_mapping *m;

	CHECK_INT(load("mappings { a: b, c: {dest: d, weight: \"5%\"}, \"e.*\": "
	    "[{destination: f, weight: 0}, {destination: \"{{\", weight: 100, "
	    "cluster: x}] }"), 0, "%s", told);
	CHECK_INT(loaded->mappings.n, 3);
	m = loaded->mappings.v;
	CHECK(m[0].is_short && !m[1].is_short && !m[2].is_short);
	CHECK_INT(m[0].choices[0].weight, 100);
	CHECK_INT(m[1].choices[0].weight, 5);
	CHECK_SLICE(m[1].choices[0].subject, SLICE("d"));
	CHECK_SLICE(m[2].source, SLICE("e.*"));
	CHECK_INT(m[2].n_choices, 2);
	CHECK_INT(m[2].choices[0].weight, 0);
	CHECK_SLICE(m[2].choices[1].cluster, SLICE("x"));
}

TEST(a_resolver_is_read_in_all_its_forms)
{
	const struct conf_resolver *r;

	CHECK_INT(load("resolver: mem"), 0, "%s", told);
	CHECK_INT(loaded->resolver->kind, RESOLVER_MEMORY);
	CHECK_INT(load("resolver: 'URL(\"http://h/x\")'"), 0, "%s", told);
	CHECK_INT(loaded->resolver->kind, RESOLVER_URL);
	CHECK_SLICE(loaded->resolver->url, SLICE("http://h/x/"));
	CHECK_INT(load("resolver { type: full, dir: d, allow_delete: on, "
	    "hard_delete: on, limit: 5, interval: \"2m\", timeout: \"1s\" }"), 0,
	    "%s", told);
	r = loaded->resolver;
	CHECK_INT(r->kind, RESOLVER_FULL);
	CHECK_SLICE(r->dir, SLICE("d"));
	CHECK(r->allows_delete && r->deletes_hard);
	CHECK_INT(r->limit, 5);
	CHECK_INT(r->interval_ns, 120 * OPTION_SECOND);
	CHECK_INT(r->timeout_ns, OPTION_SECOND);
	CHECK_INT(load("resolver { type: Cache, dir: d, ttl: \"1h\" }"), 0, "%s",
	    told);
	CHECK_INT(loaded->resolver->kind, RESOLVER_CACHE);
	CHECK_INT(loaded->resolver->ttl_ns, 3600 * OPTION_SECOND);
}

/* test/conf/cases.txt has the rest, held against nats-server. */
TEST(what_fits_not_together_is_told_with_its_place)
{
	static const struct { const char *text, *errors; } t[] = {
		{ "accounts { A { users: [{user: a}] } }\nauthorization { users: "
		  "[{user: a}] }", "t.conf:1:32: Duplicate user \"a\" detected\n" },
		{ "accounts { A { users: [{nkey: a}] }\nB { users: [{nkey: a}] } }",
		  "t.conf:2:21: Duplicate nkey \"a\" detected\n" },
		{ "accounts { A { exports: [{stream: a, accounts: [X]}] } }",
		  "t.conf:1:51: \"X\" account not defined for stream export\n" },
		{ "accounts { A { imports: [\n{service: {account: X, subject: a}}] "
		  "} }",
		  "t.conf:2:35: \"X\" account not defined for service import\n" },
		{ "accounts { A { imports: [\n{service: {account: B, subject: a}}, "
		  "{service: {account: B, subject: b}, to: a}] }, B {} }",
		  "t.conf:2:79: Duplicate service import subject \"a\", previously "
		  "used in import for account \"B\", subject \"a\"\n" },
		{ "accounts { A { users: [{user: a}] } }\nauthorization { token: t }",
		  "Can not have a token and accounts\n" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_INT(load(t[i].text), ERR_CONFIG, "%s", t[i].text);
		CHECK_STR(told, t[i].errors, "%s", t[i].text);
	}
}

TEST(a_key_may_be_a_secret_so_only_public_ones_are_shown)
{
	CHECK_INT(load("accounts { A { nkey: 123 } }"), ERR_CONFIG);
	CHECK(strstr(told, "123") == NULL, "%s", told);
	CHECK_INT(load("proxies { trusted: [{key: 123}] }"), ERR_CONFIG);
	CHECK(strstr(told, "123") == NULL, "%s", told);
}

/* ---- users and permissions -------------------------------------------- */

TEST(users_have_their_own_permissions_or_the_default_ones)
{
	const struct conf_user *u;

	CHECK_INT(load("authorization { default_permissions: { publish: d }\n"
	    "users: [ {user: a, pass: p, permissions: { subscribe: s }}\n"
	    "{user: b, connection_types: [standard, MQTT_WS]} ] }"), 0, "%s",
	    told);
	CHECK_INT(loaded->users.n, 2);
	u = loaded->users.v;
	CHECK_SLICE(u[0].user, SLICE("a"));
	CHECK_SLICE(u[0].pass, SLICE("p"));
	CHECK_INT(u[0].permissions->publish_allow.n, 0);
	CHECK_SLICE(u[0].permissions->subscribe_allow.v[0].subject, SLICE("s"));
	CHECK_INT(u[0].connections, 0);
	CHECK_SLICE(u[1].permissions->publish_allow.v[0].subject, SLICE("d"));
	CHECK_INT(u[1].connections, CONNECTION_STANDARD | CONNECTION_MQTT_WS);
	CHECK(options_has_credentials(loaded));
	CHECK(options_has_plain_secrets(loaded));
}

static const struct conf_permissions *permissions(const char *map)
{
	char text[512];

	snprintf(text, sizeof text,
	    "authorization { users: [{user: a, permissions: %s}] }", map);
	if (load(text) != 0)
		return NULL;
	return loaded->users.v[0].permissions;
}

TEST(permissions_are_read_in_all_their_forms)
{
	const struct conf_permissions *p;

	p = permissions("{ pub: [a, 'b.>'], sub: { allow: \"c q.*\", deny: [d, "
	    "\"e  w\"] } }");
	CHECK(p != NULL, "%s", told);
	CHECK_INT(p->publish_allow.n, 2);
	CHECK_SLICE(p->publish_allow.v[1].subject, SLICE("b.>"));
	CHECK(!p->publish_deny.is_set);
	CHECK_SLICE(p->subscribe_allow.v[0].subject, SLICE("c"));
	CHECK_SLICE(p->subscribe_allow.v[0].queue, SLICE("q.*"));
	CHECK_INT(p->subscribe_deny.v[0].queue.n, 0);
	CHECK_SLICE(p->subscribe_deny.v[1].queue, SLICE("w"));
	CHECK(!p->allows_responses);

	p = permissions("{ publish: [] }");
	CHECK(p != NULL && !p->publish_allow.is_set, "no list, not an empty one");
}

TEST(who_may_only_answer_may_publish_nothing_else)
{
	const struct conf_permissions *p = permissions("{ allow_responses: true }");

	CHECK(p->allows_responses && p->publish_allow.is_set);
	CHECK_INT(p->publish_allow.n, 0);
	CHECK_INT(p->responses_max, 1);
	CHECK_INT(p->responses_ttl_ns, 120 * OPTION_SECOND);
	p = permissions("{ publish: a, allow_responses: { max: -1, ttl: '5s' } }");
	CHECK_INT(p->publish_allow.n, 1);
	CHECK_INT(p->responses_max, -1);
	CHECK_INT(p->responses_ttl_ns, 5 * OPTION_SECOND);
	p = permissions("{ allow_responses: { max: 0, expires: '0s' } }");
	CHECK_INT(p->responses_max, 1);
	CHECK_INT(p->responses_ttl_ns, 120 * OPTION_SECOND);
	p = permissions("{ allow_responses: false }");
	CHECK(!p->allows_responses && !p->publish_allow.is_set);
}

TEST(wrong_permissions_are_refused)
{
	static const struct { const char *map, *error; } t[] = {
		{ "x", "Expected permissions to be a map/struct" },
		{ "{ foo: x }", "Unknown field \"foo\" parsing permissions" },
		{ "{ publish: { foo: x } }", "Unknown field name \"foo\" parsing "
		  "subject permissions, only 'allow' or 'deny' are permitted" },
		{ "{ publish: 'a..b' }", "subject \"a..b\" is not a valid subject" },
		{ "{ publish: 'a b' }", "subject \"a b\" is not a valid subject" },
		{ "{ publish: '' }", "subject \"\" is not a valid subject" },
		{ "{ publish: '>.a' }", "subject \">.a\" is not a valid subject" },
		{ "{ publish: '.a' }", "subject \".a\" is not a valid subject" },
		{ "{ publish: 'a.' }", "subject \"a.\" is not a valid subject" },
		{ "{ subscribe: 'a b c' }",
		  "subject \"a b c\" is not a valid subject" },
		{ "{ subscribe: ' a' }", "subject \" a\" is not a valid subject" },
		{ "{ subscribe: 'a ' }", "subject \"a \" is not a valid subject" },
		{ "{ subscribe: 'a b..c' }", "queue \"b..c\" is not a valid queue" },
		{ "{ publish: [1 ] }",
		  "Subject in permissions array cannot be cast to string" },
		{ "{ publish: 1 }", "Expected subject permissions to be a subject, "
		  "or array of subjects" },
		{ "{ allow_responses: x }", "error parsing response permissions, "
		  "expected a boolean or a map" },
		{ "{ allow_responses: { ttl: 5 } }",
		  "error parsing expires, not a duration string" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(permissions(t[i].map) == NULL, "%s", t[i].map);
		CHECK(strstr(told, t[i].error) != NULL, "%s: %s", t[i].map, told);
	}
}

TEST(bcrypt_is_no_plain_secret)
{
	CHECK_INT(load("authorization { user: a, pass: $2a$11$abcdefghijk }"), 0);
	CHECK(!options_has_plain_secrets(loaded));
	CHECK_INT(load("authorization { token: $2a }"), ERR_CONFIG);
	CHECK_INT(load("authorization { token: '$2a$1x$' }"), 0);
	CHECK(options_has_plain_secrets(loaded));
}

/* ---- together --------------------------------------------------------- */

TEST(options_that_do_not_fit_are_refused)
{
	static const struct { const char *text, *error; } t[] = {
		{ "debug: true", "" },
		{ "lame_duck_grace_period: '2m'", "lame duck grace period (2m0s) "
		  "should be strictly lower than lame duck duration (2m0s)" },
		{ "max_payload: 10mb, max_pending: 5mb", "max_payload (10485760) "
		  "cannot be higher than max_pending (5242880)" },
		{ "no_auth_user: x", "no_auth_user: \"x\" present, but users/nkeys "
		  "are not defined" },
		{ "no_auth_user: x, authorization { users: [{user: a}] }",
		  "no_auth_user: \"x\" not present as user or nkey in "
		  "authorization block or account configuration" },
		{ "no_auth_user: a, authorization { users: [{user: a}] }", "" },
		{ "accounts { $SYS { jetstream: enabled } }, jetstream: on",
		  "Not allowed to enable JetStream on the system account" },
		{ "accounts { S { jetstream: on } }, system_account: S", "" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf err = { 0 };

		CHECK_INT(load(t[i].text), 0, "%s: %s", t[i].text, told);
		CHECK_INT(options_validate(loaded, &err),
		    t[i].error[0] == '\0' ? 0 : ERR_CONFIG, "%s", t[i].text);
		CHECK_SLICE(buf_slice(&err), slice_str(t[i].error));
		buf_fini(&err);
	}
	CHECK_INT(load("max_payload: 9MB"), 0);
	CHECK(options_advice(loaded) != NULL);
	CHECK_INT(load("max_payload: 8MB"), 0);
	CHECK(options_advice(loaded) == NULL);
}

/* ---- the command line ------------------------------------------------- */

TEST(the_command_line_wins)
{
	struct options    *o = options_create_default(), *again;
	struct conf_report r = { 0 };
	struct buf         err = { 0 };

	CHECK_INT(options_set(o, "port", SLICE("0x10_00"), &err), 0);
	CHECK_INT(options_set(o, "host", SLICE("1.1.1.1"), &err), 0);
	CHECK_INT(options_set(o, "trace_verbose", SLICE("T"), &err), 0);
	CHECK_INT(options_set(o, "authorization.user", SLICE("me"), &err), 0);
	CHECK_INT(options_load_text(o, SLICE("listen: \"2.2.2.2:5\", trace: no, "
	    "max_payload: 5, trace_verbose: false"), "t", &r), 0);
	again = options_create_default();
	CHECK_INT(options_inherit_forced(again, o), 0);
	CHECK_INT(again->max_payload, 1 << 20, "that was in the file");
	for (int i = 0; i < 2; i++) {
		const struct options *x = i == 0 ? o : again;

		CHECK_INT(x->port, 4096);
		CHECK_SLICE(x->host, SLICE("1.1.1.1"));
		CHECK(x->trace_verbose && x->trace);
		CHECK_SLICE(x->auth_user, SLICE("me"));
		CHECK(x->is_forced[OPTION_host] && x->is_given[OPTION_port]);
	}
	CHECK_INT(o->max_payload, 5);
	options_destroy(o);
	options_destroy(again);
	conf_report_fini(&r);
}

TEST(wrong_flags_are_refused)
{
	static const struct { const char *key, *text, *error; int err; } t[] = {
		{ "port", "70000", "port value is too big: it may be -1 to 65535, "
		  "but is 70000", ERR_CONFIG },
		{ "port", "x", "port wants a whole number, but found \"x\"",
		  ERR_CONFIG },
		{ "port", "1__0", "port wants a whole number, but found \"1__0\"",
		  ERR_CONFIG },
		{ "port", "", "port wants a whole number, but found \"\"",
		  ERR_CONFIG },
		{ "debug", "maybe", "debug wants true or false, but found "
		  "\"maybe\"", ERR_CONFIG },
		{ "ping_interval", "5", "ping_interval: time: missing unit in "
		  "duration \"5\"", ERR_CONFIG },
		{ "authorization.users", "x",
		  "authorization.users can be set in a file only", ERR_CONFIG },
		{ "nonsense", "1", "", ERR_NOTFOUND },
	};
	struct options *o = options_create_default();

	for (size_t i = 0; i < N_OF(t); i++) {
		struct buf err = { 0 };

		CHECK_INT(options_set(o, t[i].key, slice_str(t[i].text), &err),
		    t[i].err, "%s=%s", t[i].key, t[i].text);
		CHECK_SLICE(buf_slice(&err), slice_str(t[i].error));
		buf_fini(&err);
	}
	CHECK_INT(o->port, 4222);
	options_destroy(o);
}

TEST(numbers_are_go_s_literals)
{
	static const struct { const char *text; int64_t v; } t[] = {
		{ "10", 10 }, { "-1", -1 }, { "0x1F", 31 }, { "017", 15 },
		{ "0o17", 15 }, { "0b101", 5 }, { "1_000", 1000 }, { "0", 4222 },
	};
	struct options *o = options_create_default();
	struct buf      err = { 0 };

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_INT(options_set(o, "port", slice_str(t[i].text), &err), 0,
		    "%s", t[i].text);
		CHECK_INT(o->port, t[i].v, "%s", t[i].text);
	}
	options_destroy(o);
}

/* ---- reload ----------------------------------------------------------- */

static bool note(void *ctx, const struct option_diff *d)
{
	struct buf *out = ctx;

	buf_printf(out, "%s%.*s\n", d->is_reloadable ? "" : "! ",
	    SLICE_ARG(d->text));
	return true;
}

static const char *diff(const char *from, const char *to)
{
	static char     text[2048];
	struct buf      out = { 0 };
	struct options *old;

	CHECK_INT(load(from), 0, "%s: %s", from, told);
	old = loaded;
	loaded = NULL;
	CHECK_INT(load(to), 0, "%s: %s", to, told);
	options_diff(old, loaded, note, &out);
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&out)));
	buf_fini(&out);
	options_destroy(old);
	return text;
}

/* The lines are what nats-server logged for the same change. */
TEST(a_reload_tells_each_change)
{
	static const struct { const char *from, *to, *lines; } t[] = {
		{ "debug: false", "debug: false", "" },
		{ "server_name: a", "server_name: b", "! config reload not "
		  "supported for ServerName: old=a, new=b\n" },
		{ "trace: no", "trace_verbose: true",
		  "trace = true\ntrace_verbose = true\n" },
		{ "trace: no", "max_payload: 1000", "max_payload = 1000\n" },
		{ "trace: no", "ping_interval: \"1m\"", "ping_interval = 1m0s\n" },
		{ "trace: no", "max_connections: 0", "max_connections = -1\n" },
		{ "trace: no", "max_pending: 10mb", "! config reload not "
		  "supported for MaxPending: old=67108864, new=10485760\n" },
		{ "trace: no", "write_timeout: retry", "! config reload not "
		  "supported for WriteTimeout: old=, new=retry\n" },
		{ "trace: no", "write_timeout: default", "" },
		{ "trace: no", "lame_duck_duration: '1m'", "! config reload not "
		  "supported for LameDuckDuration: old=2m0s, new=1m0s\n" },
		{ "trace: no", "feature_flags: {js_ack_fc_v2: true}", "! config "
		  "reload not supported for FeatureFlags: old=map[], "
		  "new=map[js_ack_fc_v2:true]\n" },
		{ "trace: no", "http: 24772", "! config reload not supported for "
		  "HTTPPort: old=0, new=24772\n" },
		{ "trace: no", "no_fast_producer_stall: true",
		  "fast producers will not be stalled\n" },
		{ "trace: no", "server_tags: [a]", "tags\n" },
		{ "jetstream { store_dir: /a, domain: x }", "trace: no",
		  "JetStream\n" },
		{ "trace: no", "jetstream { store_dir: /a, max_mem: 5 }",
		  "JetStream\n" },
		{ "jetstream { store_dir: /a }", "jetstream { store_dir: /b }",
		  "! config reload not supported for jetstream storage "
		  "directory: old=/a, new=/b\n" },
		{ "jetstream: true", "jetstream { limits { max_ack_pending: 5 } }",
		  "JetStream limits\n" },
		{ "trace: no", "server_metadata: {a: b}", "metadata\n" },
		{ "server_metadata: {a: b, c: d}", "server_metadata: {c: d, a: b}",
		  "" },
		{ "trace: no", "authorization {user: a, pass: b, timeout: 3}",
		  "authorization username\nauthorization password\n"
		  "authorization timeout = 3\n" },
		{ "authorization {users: [{user: a}]}",
		  "authorization {users: [{user: a, pass: b}]}",
		  "authorization users\n" },
		{ "trace: no", "accounts { X { users: [{user: a}] } }",
		  "accounts\n" },
		{ "accounts { X {}, Y {} }", "accounts { Y {}, X {} }", "" },
		{ "accounts { X {} }", "accounts { X {} }\nmappings { a: b }",
		  "accounts\n" },
		{ "accounts { X {} }", "accounts { X {} }\nsystem_account: X",
		  "! config reload not supported for SystemAccount: old=, new=X\n" },
		{ "trace: no", "no_system_account: true", "! config reload not "
		  "supported for NoSystemAccount: old=false, new=true\n" },
		{ "trace: no", "no_auth_user: a", "! config reload not supported "
		  "for NoAuthUser: old=, new=a\n" },
		{ "trace: no", "authorization { auth_callout { issuer: A, users: "
		  "[a] } }", "! config reload not supported for AuthCallout: "
		  "old=<nil>, new=&{A $G [a]  []}\n" },
		{ "authorization { user: a, proxy_required: true }",
		  "authorization { user: a }", "! config reload not supported for "
		  "ProxyRequired: old=true, new=false\n" },
		{ "trace: no", "trusted: O", "! config reload not supported for "
		  "TrustedKeys: old=[], new=[O]\n" },
		{ "trace: no", "resolver: MEM", "! config reload does not support "
		  "moving to or from an account resolver\n" },
		{ "resolver: MEM", "resolver: URL(x)", "accounts\n" },
		{ "resolver: MEM", "resolver: MEM\nresolver_preload { a: b }",
		  "accounts\n" },
		{ "authorization {users: [{user: a, permissions: {pub: a}}]}",
		  "authorization {users: [{user: a, permissions: {pub: b}}]}",
		  "authorization users\n" },
		{ "authorization {users: [{user: a, permissions: {pub: a}}]}",
		  "authorization {users: [{user: a, permissions: {pub: a}}]}", "" },
		{ "authorization {users: [{user: a}]}",
		  "authorization {users: [{user: a}]}, no_auth_user: a",
		  "! config reload not supported for NoAuthUser: old=, new=a\n" },
		{ "port: 4333", "port: -1", "" },
		{ "port: 4333", "port: 4334", "! config reload not supported for "
		  "Port: old=4333, new=4334\n" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_STR(diff(t[i].from, t[i].to), t[i].lines, "%s -> %s",
		    t[i].from, t[i].to);
}

/* ---- files ------------------------------------------------------------ */

TEST(the_examples_load)
{
	const char    *root = getenv("MOTE_ROOT");
	char           path[512];
	DIR           *dir;
	struct dirent *e;
	size_t         n = 0;

	snprintf(path, sizeof path, "%s/conf", root == NULL ? ".." : root);
	dir = opendir(path);
	CHECK(dir != NULL, "%s", path);
	while ((e = readdir(dir)) != NULL) {
		struct options    *o = options_create_default();
		struct conf_report r = { 0 };
		struct buf         err = { 0 };

		snprintf(path, sizeof path, "%s/conf/%s",
		    root == NULL ? ".." : root, e->d_name);
		if (strstr(e->d_name, ".conf") != NULL) {
			CHECK_INT(options_load_file(o, path, &r), 0, "%s: %.*s",
			    path, SLICE_ARG(buf_slice(&r.errors)));
			CHECK_INT(r.n_warnings, 0, "%s: %.*s", path,
			    SLICE_ARG(buf_slice(&r.warnings)));
			buf_put_char(&err, ' ');
			CHECK(options_validate(o, &err) == 0 || memmem(err.p,
			    err.n, "not built into", 14) != NULL, "%s: %.*s",
			    path, SLICE_ARG(buf_slice(&err)));
			buf_fini(&err);
			CHECK_INT(strlen(r.digest), 71);
			n++;
		}
		conf_report_fini(&r);
		options_destroy(o);
	}
	closedir(dir);
	CHECK(n >= 8);
}

TEST(a_file_that_is_not_there_is_an_error)
{
	struct options    *o = options_create_default();
	struct conf_report r = { 0 };

	CHECK_INT(options_load_file(o, "/no/such.conf", &r), ERR_CONFIG);
	CHECK_SLICE(buf_slice(&r.errors),
	    SLICE("open /no/such.conf: no such file or directory\n"));
	CHECK_STR(r.digest, "");
	conf_report_fini(&r);
	options_destroy(o);
}

/* ---- memory ----------------------------------------------------------- */

static int load_whole(const char *text)
{
	struct options    *o = options_create_default();
	struct conf_report r = { 0 };
	int                err = ERR_NOMEM;

	if (o != NULL)
		err = options_load_text(o, slice_str(text), "t.conf", &r);
	conf_report_fini(&r);
	options_destroy(o);
	return err;
}

TEST(memory_that_runs_out_is_told_and_all_comes_back)
{
	static const char text[] =
		"server_name: \"a\\tb\", server_tags: [x, y]\n"
		"server_metadata { a: b, c: d }, X: {publish: a}\n"
		"authorization { users: [ {user: a, permissions: $X},\n"
		"{user: b, pass: c, permissions: { subscribe: 'd e' }} ],\n"
		"auth_callout { issuer: A, auth_users: [a], allowed_accounts: [B] } "
		"}\nmax_payload: $NUMBER\n"
		"accounts { A { users: [{nkey: U}, {user: c}], nkey: A, exports: "
		"[{stream: a, accounts: [B]}, {service: s, latency: l}], msg_trace: "
		"t, default_permissions: $X }, B { imports: [{stream: {account: A, "
		"subject: a}, prefix: p}, {service: {account: A, subject: s}, to: "
		"t}], mappings { m: [{destination: n, weight: 5, cluster: c}] } } }\n"
		"operator: [eyJ], trusted: O, resolver: 'URL(x)', maps { a: b }\n"
		"resolver_preload { A: b }, proxies { trusted: [{key: U}] }\n";
	long n_live = fail_alloc_n_live();
	long n = 0;
	int  err;

	setenv("NUMBER", "1k", 1);
	do {
		fail_alloc_at(++n);
		err = load_whole(text);
		CHECK_INT(err, fail_alloc_has_failed() ? ERR_NOMEM : 0,
		    "allocation %ld", n);
		CHECK_INT(fail_alloc_n_live(), n_live, "allocation %ld", n);
	} while (err != 0);
	fail_alloc_at(0);
	CHECK(n > 20, "only %ld allocations", n);
}
