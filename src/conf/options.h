/* conf/options.h - every option of the server, once.
 *
 * A row is the struct member, its kind (what it may look like in the file and
 * its C type), its key and aliases, default, range, what a reload may do with
 * it and under which name it is told then, and the help line.  The parser, the
 * errors, the reference page and the reload check read these rows.  To add an
 * option, add a row; to add a part, move its keys from OPTIONS_ABSENT to rows.
 *
 * Everything an options struct points to lives in its arena and dies with it.
 * Strings are slices with a NUL behind them and none inside, so that s.p is a
 * C string; an absent one is SLICE_NONE.  Loaded options are immutable and may
 * be read on any thread.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define OPTION_SECOND  INT64_C(1000000000)
#define OPTION_KIB     INT64_C(1024)
#define OPTION_MIB     INT64_C(1048576)

/* Kinds: what a value may be, its C type, its default.
 *   BOOL      true, yes, on
 *   INT       a number            SIZE      bytes, with a suffix: 64MB
 *   DURATION  "2m"; nanoseconds   SECONDS   the same, or (with a warning) a number
 *   TIMEOUT   "2s", 2 or 0.5 (seconds); nanoseconds
 *   STRING    text                SECRET    text that is never shown, and wiped
 *   TAGS      one word or an array of them, trimmed and in lower case
 *   PAIRS     { name: text }      FLAGS     { name: true }
 *   POLICY    default, close or retry (enum write_policy)
 *   USERS     [ {user, pass} ]    PERMISSIONS { publish, subscribe }
 *   ACCOUNTS  [ name ], { name { users, exports, imports, mappings, .. } }
 *   MAPPINGS  { source: destination or [ {destination, weight} ] }
 *   CALLOUT   { issuer, auth_users, .. }     PROXIES   { trusted: [ {key} ] }
 *   RESOLVER  MEMORY, URL(..), { type, dir, .. }
 *   TOKENS    tokens (JWT), or the files they are in
 *   KEYS      one text or an array of them   PRELOAD   { account key: token }
 *   TLS       { cert_file, key_file }, always told by a reload: files may
 *             have changed
 */
#define OPTION_C_BOOL        bool
#define OPTION_C_INT         int64_t
#define OPTION_C_SIZE        int64_t
#define OPTION_C_DURATION    int64_t
#define OPTION_C_SECONDS     int64_t
#define OPTION_C_TIMEOUT     int64_t
#define OPTION_C_STRING      struct slice
#define OPTION_C_SECRET      struct slice
#define OPTION_C_TAGS        struct conf_strings
#define OPTION_C_PAIRS       struct conf_pairs
#define OPTION_C_FLAGS       struct conf_flags
#define OPTION_C_POLICY      enum write_policy
#define OPTION_C_USERS       struct conf_users
#define OPTION_C_PERMISSIONS const struct conf_permissions *
#define OPTION_C_ACCOUNTS    struct conf_accounts
#define OPTION_C_MAPPINGS    struct conf_mappings
#define OPTION_C_CALLOUT     const struct conf_callout *
#define OPTION_C_PROXIES     struct conf_strings
#define OPTION_C_RESOLVER    const struct conf_resolver *
#define OPTION_C_TOKENS      struct conf_strings
#define OPTION_C_KEYS        struct conf_strings
#define OPTION_C_PRELOAD     struct conf_pairs
#define OPTION_C_TLS         const struct conf_tls *

/* Changes: RELOAD is applied by a reload and told as "Reloaded: name = value",
 * QUIET the same without the value (of on|off one half), RESTART is refused
 * with Go's field name.
 * Flags: ZERO (0 stands for the default), or NONE. */
#define OPTIONS(X)								\
	/* member            kind      key, aliases                             \
	 *     default  min  max  flags  change  name on reload, help */	\
	X(server_name,       STRING,   "server_name", "",			\
	  0, 0, 0, NONE, RESTART, "ServerName",					\
	  "name shown to clients and operators; the server's id by default")	\
	X(host,              STRING,   "host", "net",				\
	  0, 0, 0, NONE, RESTART, "Host",					\
	  "address clients connect to; without credentials and without "	\
	  "an address only loopback listens")					\
	X(port,              INT,      "port", "",				\
	  4222, -1, 65535, ZERO, RESTART, "Port",				\
	  "port clients connect to; -1 takes a free one")			\
	X(client_advertise,  STRING,   "client_advertise", "",			\
	  0, 0, 0, NONE, RELOAD, "client_advertise",				\
	  "host[:port] told to clients instead of our own")			\
	X(server_tags,       TAGS,     "server_tags", "",			\
	  0, 0, 0, NONE, QUIET, "tags",						\
	  "words by which operators select servers")				\
	X(server_metadata,   PAIRS,    "server_metadata", "",			\
	  0, 0, 0, NONE, QUIET, "metadata",					\
	  "names and texts shown in monitoring")				\
	X(feature_flags,     FLAGS,    "feature_flags", "",			\
	  0, 0, 0, NONE, RESTART, "FeatureFlags",				\
	  "switches of single features; unknown ones are only logged")		\
	X(workers,           INT,      "workers", "",				\
	  0, 0, 64, NONE, RESTART, "Workers",					\
	  "event loops; 0 is one a processor core")				\
	X(trace,             BOOL,     "trace", "",				\
	  0, 0, 1, NONE, RELOAD, "trace",					\
	  "log the protocol of every client")					\
	X(debug,             BOOL,     "debug", "",				\
	  0, 0, 1, NONE, RELOAD, "debug",					\
	  "log what connections do")						\
	X(trace_verbose,     BOOL,     "trace_verbose", "",			\
	  0, 0, 1, NONE, RELOAD, "trace_verbose",				\
	  "trace, the system account too")					\
	X(trace_headers,     BOOL,     "trace_headers", "",			\
	  0, 0, 1, NONE, RELOAD, "trace_headers",				\
	  "trace, of messages the headers only")				\
	X(logtime,           BOOL,     "logtime", "",				\
	  1, 0, 1, NONE, RELOAD, "logtime",					\
	  "begin log lines with the time")					\
	X(logtime_utc,       BOOL,     "logtime_utc", "",			\
	  0, 0, 1, NONE, RELOAD, "logtime_utc",					\
	  "that time in UTC")							\
	X(log_file,          STRING,   "log_file", "logfile",			\
	  0, 0, 0, NONE, RELOAD, "log_file",					\
	  "file to log to instead of standard error")				\
	X(log_size_limit,    SIZE,     "log_size_limit", "logfile_size_limit",	\
	  0, 0, INT64_MAX, NONE, RESTART, "LogSizeLimit",			\
	  "size at which the log file is rotated; 0 never")			\
	X(log_max_num,       INT,      "log_max_num", "logfile_max_num",	\
	  0, 0, INT64_MAX, NONE, RESTART, "LogMaxFiles",			\
	  "log files kept, with the active one; 0 keeps all")			\
	X(syslog,            BOOL,     "syslog", "",				\
	  0, 0, 1, NONE, RELOAD, "syslog",					\
	  "log to syslog")							\
	X(remote_syslog,     STRING,   "remote_syslog", "",			\
	  0, 0, 0, NONE, RELOAD, "remote_syslog",				\
	  "udp://host:port, tcp://host:port or unix:///path to log to")		\
	X(max_traced_msg_len, INT,     "max_traced_msg_len", "",		\
	  0, 0, INT64_MAX, NONE, RELOAD, "max_traced_msg_len",			\
	  "bytes of a payload shown in a trace; 0 is all")			\
	X(pid_file,          STRING,   "pid_file", "pidfile",			\
	  0, 0, 0, NONE, RELOAD, "pid_file",					\
	  "file to write the process id to")					\
	X(ports_file_dir,    STRING,   "ports_file_dir", "",			\
	  0, 0, 0, NONE, RELOAD, "ports_file_dir",				\
	  "directory for the file that lists the ports listened on")		\
	X(http_host,         STRING,   "http_host", "",				\
	  0, 0, 0, NONE, RESTART, "HTTPHost",					\
	  "address of monitoring; that of clients by default")			\
	X(http_port,         INT,      "http_port", "monitor_port",		\
	  0, -1, 65535, NONE, RESTART, "HTTPPort",				\
	  "port of monitoring; 0 is off, -1 takes a free one")			\
	X(https_port,        INT,      "https_port", "",				\
	  0, -1, 65535, NONE, RESTART, "HTTPSPort",				\
	  "the same over HTTPS, with the certificate of tls")			\
	X(http_base_path,    STRING,   "http_base_path", "",			\
	  0, 0, 0, NONE, RESTART, "HTTPBasePath",				\
	  "what the paths of monitoring begin with")				\
	X(prometheus_prefix, STRING,   "prometheus_prefix", "",			\
	  0, 0, 0, NONE, RESTART, "PrometheusPrefix",				\
	  "what the names of metrics begin with; nats by default")		\
	X(max_connections,   INT,      "max_connections", "max_conn",		\
	  65536, -1, INT32_MAX, NONE, RELOAD, "max_connections",		\
	  "clients at a time; 0 or -1 (what is kept then) lets nobody in")	\
	X(max_subscriptions, INT,      "max_subscriptions", "max_subs",		\
	  0, -1, INT32_MAX, NONE, RESTART, "MaxSubs",				\
	  "subscriptions of a connection; 0 is no limit")			\
	X(max_sub_tokens,    INT,      "max_sub_tokens",			\
	  "max_subscription_tokens",						\
	  0, 0, 255, NONE, RESTART, "MaxSubTokens",				\
	  "tokens of a subject subscribed to; 0 is no limit")			\
	X(max_control_line,  SIZE,     "max_control_line", "",			\
	  4096, 0, INT32_MAX, ZERO, RELOAD, "max_control_line",			\
	  "longest protocol line of a client")					\
	X(max_payload,       SIZE,     "max_payload", "",			\
	  OPTION_MIB, 0, INT32_MAX, ZERO, RELOAD, "max_payload",		\
	  "largest message, headers included")					\
	X(max_pending,       SIZE,     "max_pending", "",			\
	  64 * OPTION_MIB, 0, INT64_MAX, ZERO, RESTART, "MaxPending",		\
	  "outbound backlog at which a client is a slow consumer")		\
	X(max_outbound_memory, SIZE,   "max_outbound_memory", "",		\
	  0, 0, INT64_MAX, NONE, RESTART, "MaxOutboundMemory",			\
	  "outbound backlog of all clients together; 0 is chosen by "		\
	  "the server")								\
	X(max_closed_clients, INT,     "max_closed_clients", "",		\
	  10000, 0, INT32_MAX, ZERO, RESTART, "MaxClosedClients",		\
	  "closed connections remembered for monitoring")			\
	X(ping_interval,     SECONDS,  "ping_interval", "",			\
	  120 * OPTION_SECOND, 0, INT64_MAX, ZERO, RELOAD, "ping_interval",	\
	  "silence after which a client is pinged")				\
	X(ping_max,          INT,      "ping_max", "",				\
	  2, 0, INT32_MAX, ZERO, RELOAD, "ping_max",				\
	  "pings without an answer before a client is stale")			\
	X(write_deadline,    SECONDS,  "write_deadline", "",			\
	  10 * OPTION_SECOND, 0, INT64_MAX, ZERO, RELOAD, "write_deadline",	\
	  "time a client may take to accept what is written to it")		\
	X(write_timeout,     POLICY,   "write_timeout", "",			\
	  WRITE_DEFAULT, 0, 0, NONE, RESTART, "WriteTimeout",			\
	  "what is done then: default, close or retry")				\
	X(no_fast_producer_stall, BOOL, "no_fast_producer_stall", "",		\
	  0, 0, 1, NONE, QUIET, "fast producers will not be stalled"		\
	  "|fast producers will be stalled",					\
	  "never slow a publisher down for a slow subscriber")			\
	X(lame_duck_duration, DURATION, "lame_duck_duration", "",		\
	  120 * OPTION_SECOND, 0, INT64_MAX, ZERO, RESTART,			\
	  "LameDuckDuration", "time over which clients are sent away")		\
	X(lame_duck_grace_period, DURATION, "lame_duck_grace_period", "",	\
	  10 * OPTION_SECOND, 0, INT64_MAX, ZERO, RESTART,			\
	  "LameDuckGracePeriod", "time before the first of them")		\
	X(no_header_support, BOOL,     "no_header_support", "",			\
	  0, 0, 1, NONE, RESTART, "NoHeaderSupport",				\
	  "refuse messages with headers")					\
	X(disable_sublist_cache, BOOL, "disable_sublist_cache",			\
	  "no_sublist_cache",							\
	  0, 0, 1, NONE, RESTART, "NoSublistCache",				\
	  "match every message anew")						\
	X(tls,               TLS,      "tls", "",				\
	  0, 0, 0, NONE, RELOAD, "tls",						\
	  "clients speak TLS: cert_file, key_file, ca_file, verify ...")	\
	X(allow_non_tls,     BOOL,     "allow_non_tls", "",			\
	  0, 0, 1, NONE, RESTART, "AllowNonTLS",				\
	  "clients may do without")						\
	X(no_auth_user,      STRING,   "no_auth_user", "",			\
	  0, 0, 0, NONE, RESTART, "NoAuthUser",					\
	  "user that clients without credentials become")			\
	X(auth_user,         STRING,   "authorization.user",			\
	  "authorization.username",						\
	  0, 0, 0, NONE, QUIET, "authorization username",			\
	  "the one user there is")						\
	X(auth_pass,         SECRET,   "authorization.pass",			\
	  "authorization.password",						\
	  0, 0, 0, NONE, QUIET, "authorization password",			\
	  "that user's password, plain or bcrypt")				\
	X(auth_token,        SECRET,   "authorization.token", "",		\
	  0, 0, 0, NONE, QUIET, "authorization token",				\
	  "word that lets a client in, plain or bcrypt")			\
	X(auth_timeout,      TIMEOUT,  "authorization.timeout", "",		\
	  2 * OPTION_SECOND, 0, INT64_MAX, ZERO, RELOAD,			\
	  "authorization timeout",						\
	  "time a client may take to say who it is")				\
	X(default_permissions, PERMISSIONS, "authorization.default_permissions",\
	  "authorization.default_permission authorization.permissions",		\
	  0, 0, 0, NONE, QUIET, "authorization users",				\
	  "permissions of users that have none of their own")			\
	X(max_failed_logins, INT,      "max_failed_logins", "",			\
	  5, 0, 1000, NONE, RESTART, "MaxFailedLogins",				\
	  "wrong credentials from one address before it is heard once a "	\
	  "second only; 0 is no limit")						\
	X(sandbox,           BOOL,     "sandbox", "",				\
	  1, 0, 1, NONE, RESTART, "Sandbox",					\
	  "give up what a server never needs: other files, other ports, "	\
	  "other system calls")							\
	X(users,             USERS,    "authorization.users", "",		\
	  0, 0, 0, NONE, QUIET, "authorization users",				\
	  "who may connect: user, pass or nkey, permissions; with limits "	\
	  "{ max_msgs_per_second, max_bytes_per_second } a user's connections "	\
	  "together publish no faster: they are read slower; 0 is no limit")	\
	X(auth_callout,      CALLOUT,  "authorization.auth_callout",		\
	  "authorization.auth_hook",						\
	  0, 0, 0, NONE, RESTART, "AuthCallout",				\
	  "service that decides who connects: issuer, auth_users, account, "	\
	  "xkey, allowed_accounts")						\
	X(proxy_required,    BOOL,     "authorization.proxy_required", "",	\
	  0, 0, 1, NONE, RESTART, "ProxyRequired",				\
	  "the one user comes through a trusted proxy only")			\
	X(proxies,           PROXIES,  "proxies", "",				\
	  0, 0, 0, NONE, QUIET, "proxies",					\
	  "public keys of the proxies that are trusted: trusted [ {key} ]")	\
	X(accounts,          ACCOUNTS, "accounts", "",				\
	  0, 0, 0, NONE, QUIET, "accounts",					\
	  "subject spaces of their own: users, default_permissions, exports, "	\
	  "imports, mappings, limits, msg_trace; limits may hold "		\
	  "max_msgs_per_second and max_bytes_per_second of all its clients "	\
	  "together, that are then read slower; 0 is no limit")			\
	X(mappings,          MAPPINGS, "mappings", "maps",			\
	  0, 0, 0, NONE, QUIET, "accounts",					\
	  "what messages are called when they come in, of clients that are "	\
	  "in no account of their own")						\
	X(system_account,    STRING,   "system_account", "system",		\
	  0, 0, 0, NONE, RESTART, "SystemAccount",				\
	  "account that sees the server's events and may ask for its state")	\
	X(no_system_account, BOOL,     "no_system_account",			\
	  "no_system no_sys_acc",						\
	  0, 0, 1, NONE, RESTART, "NoSystemAccount",				\
	  "make no system account where none is configured")			\
	X(operators,         TOKENS,   "operator",				\
	  "operators root roots root_operator root_operators",			\
	  0, 0, 0, NONE, RESTART, "TrustedOperators",				\
	  "tokens of the operators whose accounts are served, or their files")	\
	X(trusted_keys,      KEYS,     "trusted_keys", "trusted",		\
	  0, 0, 0, NONE, RESTART, "TrustedKeys",				\
	  "public keys of such operators, without their tokens")		\
	X(resolver,          RESOLVER, "resolver",				\
	  "account_resolver accounts_resolver",					\
	  0, 0, 0, NONE, QUIET, "accounts",					\
	  "where tokens of accounts come from: MEMORY, URL(..) or a directory")	\
	X(resolver_preload,  PRELOAD,  "resolver_preload", "",			\
	  0, 0, 0, NONE, QUIET, "accounts",					\
	  "tokens of accounts by their public keys")				\
	X(resolver_pinned_accounts, KEYS, "resolver_pinned_accounts", "",	\
	  0, 0, 0, NONE, QUIET, "accounts",					\
	  "keys of accounts that no resolver may take away")			\
	X(resolver_tls,      TLS,      "resolver_tls", "",			\
	  0, 0, 0, NONE, QUIET, "accounts",					\
	  "how a resolver's URL is trusted")					\
	X(js_enabled,        BOOL,     "jetstream.enabled",			\
	  "jetstream.enable",							\
	  0, 0, 1, NONE, QUIET, "JetStream",					\
	  "streams that are stored, and their consumers")			\
	X(js_store_dir,      STRING,   "jetstream.store_dir",			\
	  "jetstream.store jetstream.storedir store_dir storedir",		\
	  0, 0, 0, NONE, RESTART, "jetstream storage directory",		\
	  "where they are, below a directory jetstream")			\
	X(js_max_memory,     SIZE,     "jetstream.max_mem",			\
	  "jetstream.max_memory_store jetstream.max_mem_store",		\
	  -1, -1, INT64_MAX, NONE, RESTART, "JetStreamMaxMemory",		\
	  "bytes of streams in memory, also as \"1G\" (of 1024s); below 0 "	\
	  "it is three quarters of it")						\
	X(js_max_storage,    SIZE,     "jetstream.max_file",			\
	  "jetstream.max_file_store",						\
	  -1, -1, INT64_MAX, NONE, RESTART, "JetStreamMaxStore",		\
	  "bytes of streams in files, likewise; below 0 it is three quarters "	\
	  "of what is free")							\
	X(js_sync,           STRING,   "jetstream.sync_interval",		\
	  "jetstream.sync",							\
	  0, 0, 0, NONE, RESTART, "SyncInterval",				\
	  "always: what is acknowledged is on the disk; or, as \"2m\", how "	\
	  "often it gets there")						\
	X(js_key,            SECRET,   "jetstream.key",				\
	  "jetstream.encryption_key jetstream.ek",				\
	  0, 0, 0, NONE, RESTART, "JetStreamKey",				\
	  "what streams in files are encrypted with; a long random text")	\
	X(js_prev_key,       SECRET,   "jetstream.prev_key",			\
	  "jetstream.prev_encryption_key jetstream.prev_ek",			\
	  0, 0, 0, NONE, RESTART, "JetStreamOldKey",				\
	  "the key before this one: what it opens gets the new one")		\
	X(js_cipher,         STRING,   "jetstream.cipher", "",			\
	  0, 0, 0, NONE, RESTART, "JetStreamCipher",				\
	  "chacha (ChaCha20-Poly1305, the default) or aes (AES-256-GCM)")	\
	X(js_domain,         STRING,   "jetstream.domain", "",			\
	  0, 0, 0, NONE, RESTART, "JetStreamDomain",				\
	  "token by which this JetStream is told from others")			\
	X(js_strict,         BOOL,     "jetstream.strict", "",			\
	  1, 0, 1, NONE, RESTART, "JetStreamStrict",				\
	  "refuse requests with unknown fields")				\
	X(js_request_queue,  INT,      "jetstream.request_queue_limit", "",	\
	  10000, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "requests that may wait; one more and all are dropped; up to 0 it "	\
	  "is the default")							\
	X(js_buffered_msgs,  INT,      "jetstream.max_buffered_msgs", "",	\
	  0, INT64_MIN, INT64_MAX, NONE, RESTART, "StreamMaxBufferedMsgs",	\
	  "messages of a stream that may wait to be written, more are refused; "	\
	  "up to 0 it is what memory is there for")				\
	X(js_buffered_size,  SIZE,     "jetstream.max_buffered_size", "",	\
	  0, INT64_MIN, INT64_MAX, NONE, RESTART, "StreamMaxBufferedSize",	\
	  "the same in bytes")							\
	X(js_info_queue,     INT,      "jetstream.info_queue_limit", "",	\
	  0, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "the same for those that only ask; up to 0 it is the other one")	\
	X(js_max_ack_pending, INT,     "jetstream.limits.max_ack_pending", "",	\
	  0, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "most that a consumer may have pending; up to 0 it is no limit")	\
	X(js_max_request_batch, INT,   "jetstream.limits.max_request_batch",	\
	  "",									\
	  0, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "most that one request may ask for; up to 0 it is no limit")		\
	X(js_duplicate_window, DURATION, "jetstream.limits.duplicate_window",	\
	  "",									\
	  0, INT64_MIN, INT64_MAX, NONE, QUIET, "JetStream limits",		\
	  "longest window of message ids; up to 0 it is no limit")		\
	X(js_batches_per_stream, INT, 						\
	  "jetstream.limits.batch.max_inflight_per_stream", "",		\
	  0, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "batches under way in a stream; up to 0 it is 50")			\
	X(js_batches,        INT,      "jetstream.limits.batch.max_inflight_total",	\
	  "",									\
	  0, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "batches under way in all; up to 0 it is 1000")			\
	X(js_batch_msgs,     INT,      "jetstream.limits.batch.max_msgs", "",	\
	  0, INT32_MIN, INT32_MAX, NONE, QUIET, "JetStream limits",		\
	  "messages of a batch; up to 0 it is 1000")				\
	X(js_batch_timeout,  DURATION, "jetstream.limits.batch.timeout", "",	\
	  0, INT64_MIN, INT64_MAX, NONE, QUIET, "JetStream limits",		\
	  "silence that ends a batch; up to 0 it is 10s")			\
	X(default_sentinel,  STRING,   "default_sentinel", "",			\
	  0, 0, 0, NONE, QUIET, "default sentinel",				\
	  "token of clients that bring none")

/* Parts of nats-server that are not here: told so, unless they are off. */
#define OPTIONS_ABSENT(X)						\
	X("ocsp") X("ocsp_cache")						\
	X("websocket") X("ws") X("mqtt")					\
	X("cluster") X("gateway") X("leafnodes") X("leaf")		\
	X("jetstream.tpm")

/* What means nothing here and may stay in a file. */
#define OPTIONS_IGNORED(X)						\
	X("prof_port") X("prof_block_rate") X("connect_error_reports")	\
	X("reconnect_error_reports")						\
	X("default_js_domain")							\
	X("jetstream.unique_tag") X("jetstream.extension_hint")		\
	X("jetstream.max_outstanding_catchup")					\
	X("jetstream.max_concurrent_io")					\
	X("jetstream.meta_compact") X("jetstream.meta_compact_size")		\
	X("jetstream.meta_compact_sync")					\
	X("jetstream.limits.max_ha_assets")

enum write_policy { WRITE_DEFAULT, WRITE_CLOSE, WRITE_RETRY };

struct conf_strings {
	const struct slice *v;
	size_t              n;
};

struct conf_pair {
	struct slice name, text;
};

struct conf_pairs {
	const struct conf_pair *v;
	size_t                  n;
};

struct conf_flag {
	struct slice name;
	bool         is_on;
};

struct conf_flags {
	const struct conf_flag *v;
	size_t                  n;
};

/* One entry of an allow or deny list.  The subject is valid; a queue, of
 * subscriptions only, may be a pattern; empty: any, and none. */
struct conf_rule {
	struct slice subject, queue;
};

struct conf_rules {
	const struct conf_rule *v;
	size_t                  n;
	bool                    is_set;	/* set and empty: nothing is allowed */
};

struct conf_permissions {
	struct conf_rules publish_allow, publish_deny;
	struct conf_rules subscribe_allow, subscribe_deny;
	bool    allows_responses;
	int64_t responses_max;		/* negative: no limit */
	int64_t responses_ttl_ns;	/* negative: no limit */
};

/* Kinds of connection a user may come by: bits of conf_user.connections. */
enum {
	CONNECTION_STANDARD    = 1 << 0,
	CONNECTION_WEBSOCKET   = 1 << 1,
	CONNECTION_LEAFNODE    = 1 << 2,
	CONNECTION_LEAFNODE_WS = 1 << 3,
	CONNECTION_MQTT        = 1 << 4,
	CONNECTION_MQTT_WS     = 1 << 5,
	CONNECTION_IN_PROCESS  = 1 << 6,
};

/* Where something was written, for who complains about it later. */
struct conf_place {
	const char *file;
	int         line, col;
};

/* What may be published in a second; 0: no limit. */
struct conf_rate {
	int64_t msgs, bytes;
};

struct conf_user {
	struct slice user, pass;	/* pass: plain or bcrypt, maybe empty */
	struct slice nkey;		/* public; then neither of those */
	const struct conf_permissions *permissions;	/* NULL: all allowed;
					   default_permissions are filled in */
	uint32_t     connections;	/* CONNECTION_*; 0: all kinds */
	bool         proxy_required;
	struct conf_rate  rate;		/* of all its connections together */
	struct conf_place place;
};

struct conf_users {
	const struct conf_user *v;
	size_t                  n;
};

/* Equal digests: the same was written. */
struct conf_digest {
	char text[72];
};

struct conf_choice {
	struct slice subject;	/* may be malformed: core knows transforms */
	int64_t      weight;	/* percent, 0 to 100 */
	struct slice cluster;	/* empty: all that have no choice of their own */
};

struct conf_mapping {
	struct slice              source;	/* a valid pattern */
	const struct conf_choice *choices;
	size_t                    n_choices;
	bool                      is_short;	/* source: "destination" */
	struct conf_place         place;
};

struct conf_mappings {
	const struct conf_mapping *v;
	size_t                     n;
	struct conf_digest         digest;
};

enum conf_door { DOOR_NONE, DOOR_STREAM, DOOR_SERVICE };

enum conf_response { RESPONSE_SINGLETON, RESPONSE_STREAM, RESPONSE_CHUNKED };

struct conf_export {
	enum conf_door      door;
	struct slice        subject;
	struct conf_strings accounts;	/* who may import it; none: all.  They
					   are configured */
	enum conf_response  response;
	int64_t             threshold_ns;	/* 0: the default */
	struct slice        latency;	/* where latency goes; empty: nowhere */
	int64_t             sampling;	/* percent; 0: as headers say */
	int64_t             token_position;	/* from 1; 0: none */
	bool                allows_trace;
	struct conf_place   place;
};

struct conf_import {
	enum conf_door    door;
	struct slice      account, subject;	/* the account is configured */
	struct slice      prefix, to;	/* either may be empty */
	bool              shares;
	bool              allows_trace;
	struct conf_place place;
};

/* -1: no limit. */
struct conf_account_limits {
	int64_t          connections, leafnodes, subscriptions, payload;
	struct conf_rate rate;
};

/* What an account may store; -1: no limit. */
struct conf_js_limits {
	int64_t max_memory, max_storage, max_streams, max_consumers;
	int64_t max_ack_pending, mem_max_stream_bytes, disk_max_stream_bytes;
	bool    max_bytes_required;
};

struct conf_account {
	struct slice      name;
	struct slice      nkey;		/* public; may be empty */
	struct conf_users users;
	const struct conf_permissions *default_permissions;
	const struct conf_export *exports;
	size_t                    n_exports;
	const struct conf_import *imports;
	size_t                    n_imports;
	struct conf_mappings       mappings;
	struct conf_account_limits limits;
	struct slice               trace_dest;	/* empty: none */
	int64_t                    trace_sampling;	/* percent */
	bool                       has_jetstream;
	struct conf_js_limits      jetstream;
};

struct conf_accounts {
	const struct conf_account *v;
	size_t                     n;
	struct conf_digest         digest;
};

struct conf_callout {
	struct slice        issuer;	/* public account key */
	struct slice        account;	/* "$G" if nothing was said */
	struct slice        xkey;	/* public curve key; may be empty */
	struct conf_strings auth_users;	/* at least one */
	struct conf_strings allowed_accounts;	/* configured; none: all */
	struct conf_digest  digest;
};

enum conf_resolver_kind { RESOLVER_MEMORY, RESOLVER_URL, RESOLVER_FULL,
	RESOLVER_CACHE };

struct conf_resolver {
	enum conf_resolver_kind kind;
	struct slice       url;		/* of URL; ends in '/' */
	struct slice       dir;		/* of FULL and CACHE */
	bool               allows_delete, deletes_hard;
	int64_t            limit;	/* tokens kept; 0: the default */
	int64_t            ttl_ns, interval_ns, timeout_ns;	/* 0: likewise */
	struct conf_digest digest;
};

/* A public key that was written somewhere.  Reading options does not know the
 * format, so who does asks for each. */
struct conf_key {
	struct slice           text;
	char                   letter;	/* it begins with, or '*': any */
	struct slice           complaint;	/* with its place */
	const struct conf_key *next;
};

struct conf_tls_pair {
	struct slice cert_file, key_file;
};

enum { TLS_PIN_BYTES = 32 };
struct conf_tls_pin {
	uint8_t sha256[TLS_PIN_BYTES];	/* of a SubjectPublicKeyInfo */
};

/* A tls block: a listener's, later a link's. */
struct conf_tls {
	const struct conf_tls_pair *pairs;
	size_t                      n_pairs;
	struct slice ca_file;
	bool         verify, verify_and_map;	/* the latter implies the former */
	bool         insecure;
	bool         is_tls13_only;	/* min_version */
	const uint16_t *suites, *groups;	/* IANA's numbers; none: default */
	size_t       n_suites, n_groups;
	int64_t      timeout_ns;
	int64_t      rate_max;		/* handshakes a second; 0: no limit */
	const struct conf_tls_pin *pins;
	size_t       n_pins;
	bool         goes_first;	/* handshake_first ... */
	int64_t      first_wait_ns;	/* ... or, after so long, INFO; 0: never */
	struct slice place;		/* "file:1:5: ", for what its files say */
};

/* --tls and its kin: they replace the certificates of a file's block. */
struct conf_tls_flags {
	bool         is_given, is_off, verify;
	struct slice cert_file, key_file, ca_file;
};

enum option_id {
#define X(member, ...) OPTION_##member,
	OPTIONS(X)
#undef X
	N_OPTIONS
};

struct conf_arena;

/* The values.  Times are nanoseconds, sizes bytes. */
struct options {
#define X(member, kind, ...) OPTION_C_##kind member;
	OPTIONS(X)
#undef X
	bool is_given[N_OPTIONS];	/* by the file or the command line */
	struct conf_place places[N_OPTIONS];	/* in the file; else zeroed */
	bool is_forced[N_OPTIONS];	/* by the command line: a file does not
					   change it */
	bool has_authorization;		/* the file has the block */
	const struct conf_key *keys;	/* the last written first */
	struct conf_tls_flags tls_flags;	/* of the command line */
	struct conf_arena *arena;	/* knows the files that were read */
};

/* What loading a file had to say.  Zeroed is empty. */
struct conf_report {
	struct buf errors;	/* one a line, each line ended */
	struct buf warnings;
	size_t     n_errors, n_warnings;
	char       digest[80];	/* "sha256:<hex>", or empty: did not parse */
};

void conf_report_fini(struct conf_report *r);

/* An error that was found after loading.  place may be NULL. */
void conf_report_error(struct conf_report *r, const struct conf_place *place,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Defaults everywhere.  NULL: out of memory. */
struct options *options_create_default(void);

/* Wipes what is secret.  Takes NULL. */
void options_destroy(struct options *o);

/* Reads a file into o, which holds defaults and perhaps forced values; these
 * stay.  0, or ERR_CONFIG with everything that is wrong in r->errors, ERR_NOMEM;
 * o is then good for options_destroy only.  Relative paths of includes count
 * from the including file.  Does not do options_validate.  Thread: control. */
int options_load_file(struct options *o, const char *path,
    struct conf_report *r);

/* The same for bytes; name stands for the file in errors, and its directory
 * is where includes are looked for. */
int options_load_text(struct options *o, struct slice text, const char *name,
    struct conf_report *r);

/* One option from the command line, by key, as text: "true", "4222" (Go's
 * integers: 0x10 and 1_000 too), "2m".  It is forced from then on.  Of a tls
 * block "tls", "tls.cert_file", "tls.key_file", "tls.ca_file", "tls.verify".
 * ERR_NOTFOUND: no such key.  ERR_CONFIG: *err says what is wrong with it. */
int options_set(struct options *o, const char *key, struct slice text,
    struct buf *err);

/* Forced values of from become o's: a reload starts with this. */
int options_inherit_forced(struct options *o, const struct options *from);

/* Do these options fit together?  0, or ERR_CONFIG and the first reason, with
 * nats-server's text, appended to err.  To be done before start and reload. */
int options_validate(const struct options *o, struct buf *err);

/* A warning to log at start, with nats-server's text, or NULL. */
const char *options_advice(const struct options *o);

/* Must somebody say who they are?  A user, a token, users, operators or a
 * callout are configured.  Users of the system account do not count: with
 * nobody but them all others need say nothing. */
bool options_has_credentials(const struct options *o);

/* Is a password or token written in clear? */
bool options_has_plain_secrets(const struct options *o);

/* ---- the rows --------------------------------------------------------- */

#define OPTION_KINDS(X) X(BOOL) X(INT) X(SIZE) X(DURATION) X(SECONDS)	\
	X(TIMEOUT) X(STRING) X(SECRET) X(TAGS) X(PAIRS) X(FLAGS)	\
	X(POLICY) X(USERS) X(PERMISSIONS) X(ACCOUNTS) X(MAPPINGS)	\
	X(CALLOUT) X(PROXIES) X(RESOLVER) X(TOKENS) X(KEYS) X(PRELOAD)	\
	X(TLS)

enum option_kind {
#define X(kind) KIND_##kind,
	OPTION_KINDS(X)
#undef X
	N_KINDS
};
enum option_change { CHANGE_RELOAD, CHANGE_QUIET, CHANGE_RESTART };
enum { OPTION_FLAG_NONE = 0, OPTION_FLAG_ZERO = 1 };

union option_value {
#define X(kind) OPTION_C_##kind as_##kind;
	OPTION_KINDS(X)
#undef X
};

struct option {
	const char        *key, *aliases;	/* aliases: by blanks, or "" */
	enum option_kind   kind;
	int64_t            dflt, min, max;
	unsigned           flags;
	enum option_change change;
	const char        *name, *help;
	size_t             at;			/* in struct options */
};

/* Borrowed for ever.  option_of: id < N_OPTIONS. */
const struct option *option_of(enum option_id id);

/* The row whose key or alias this is (without case), or NULL. */
const struct option *option_find(struct slice key);

/* The value as text, as logged and reloaded: "2m0s", "4222", "[a b]". */
void option_put_value(struct buf *out, const struct option *row,
    const struct options *o);

/* The page about all options, plain text. */
void options_write_reference(struct buf *out);

/* ---- reload ----------------------------------------------------------- */

struct option_diff {
	const struct option *row;
	enum option_id       id;
	bool                 is_reloadable;
	/* What to log behind "Reloaded: ", as "max_payload = 1000"; of what is
	 * not reloadable the error: "config reload not supported for
	 * MaxPending: old=67108864, new=10485760".  Never a secret.  Borrowed
	 * until visit returns. */
	struct slice         text;
};

/* Calls visit for each difference, in the order of the rows, until it returns
 * false.  port -1 in new is no difference: a free port is kept. */
void options_diff(const struct options *old, const struct options *new,
    bool (*visit)(void *ctx, const struct option_diff *d), void *ctx);

#endif /* CONF_OPTIONS_H */
