/* mon/advisory.c - the tables of events and answers. */
#include "mon/advisory.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/nuid.h"
#include "mon/accountz.h"
#include "mon/varz.h"
#include "proto/refusal.h"
#include "session/info.h"

void server_hash(struct slice server_name, char out[SERVER_HASH_CHARS])
{
	static const char digits[] = "0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)server_name.p,
	    server_name.n);
	for (size_t i = 0; i < SERVER_HASH_CHARS; i++)
		out[i] = digits[hash[i] % (sizeof digits - 1)];
}

/* ---- the server ---------------------------------------------------------- */

#define S(key, kind, ...) FIELD(server_info, key, kind, __VA_ARGS__)
#define OPT               FIELD_OMITTED

static void write_flags(struct json_writer *w, const void *doc)
{
	const struct server_info *s = doc;

	varz_write_flags(s->js_ack_fc_v2, w);
}

static const struct field server_fields[] = {
	S(name, STR), S(host, STR), S(id, STR), S(cluster, STR, OPT),
	S(domain, STR, OPT), S(ver, STR), S(tags, STRS, OPT),
	S(metadata, PAIRS, OPT),
	{ "feature_flags", FIELD_WRITE, .write = write_flags },
	S(jetstream, BOOL), S(flags, U64), S(seq, U64), S(time, TIME),
	{ NULL },
};

static const struct field id_fields[] = {
	S(name, STR), S(host, STR), S(id, STR), { NULL },
};

void server_info_write(const struct server_info *s, struct json_writer *w)
{
	fields_write_object(server_fields, s, w);
}

void server_id_write(const struct server_info *s, struct json_writer *w)
{
	fields_write_object(id_fields, s, w);
}

/* ---- a client ------------------------------------------------------------ */

static const char *const kinds[N_CLIENT_KINDS] = { "Client", "Leafnode" };
static const char *const types[N_CLIENT_TYPES] = { "nats", "websocket", "mqtt" };

/* What of a struct client_info is called or shown otherwise. */
struct shown {
	struct slice name_tag, kind, client_type;
};

#define C(member, name, kind, ...) \
	FIELD_NAMED(client_info, name, member, kind, __VA_ARGS__)

static const struct field client_head_fields[] = {
	C(start_ns, "start", TIME, OPT), C(ip, "host", STR, OPT),
	C(cid, "id", U64, OPT), C(account, "acc", STR, OPT),
	C(user, "user", STR, OPT), C(name, "name", STR, OPT),
	C(lang, "lang", STR, OPT), C(version, "ver", STR, OPT), { NULL },
};

static const struct field client_end_fields[] = {
	C(rtt_ns, "rtt", I64, OPT), C(stop_ns, "stop", TIME, OPT), { NULL },
};

static const struct field client_jwt_fields[] = {
	C(jwt, "jwt", STR, OPT), C(issuer_key, "issuer_key", STR, OPT), { NULL },
};

static const struct field shown_fields[] = {
	FIELD(shown, name_tag, STR, OPT), { NULL },
};

static const struct field kind_fields[] = {
	FIELD(shown, kind, STR, OPT), FIELD(shown, client_type, STR, OPT),
	{ NULL },
};

static const struct field client_tail_fields[] = {
	C(mqtt_client, "client_id", STR, OPT), { NULL },
};

static const struct field tags_fields[] = {
	C(tags, "tags", WORDS, OPT), { NULL },
};

static void write_client(const struct client_info *c, bool has_ended,
    struct json_writer *w)
{
	struct shown shown = {
		.name_tag = c->name_tag.n > 0 ? c->name_tag : c->account,
		.kind = slice_str(kinds[c->kind]),
		.client_type = slice_str(types[c->type]),
	};

	json_key(w, "client");
	json_begin_object(w);
	fields_write(client_head_fields, c, w);
	if (has_ended)
		fields_write(client_end_fields, c, w);
	fields_write(client_jwt_fields, c, w);
	fields_write(shown_fields, &shown, w);
	fields_write(tags_fields, c, w);
	fields_write(kind_fields, &shown, w);
	fields_write(client_tail_fields, c, w);
	json_end_object(w);
}

/* ---- events -------------------------------------------------------------- */

static void begin_event(const struct server_info *s, const char *type,
    int64_t now_ns, const char *id, struct json_writer *w)
{
	char fresh[NUID_CHARS];

	if (id == NULL)
		nuid_next(fresh);
	json_begin_object(w);
	json_key(w, "type");
	json_cstr(w, type);
	json_key(w, "id");
	json_str(w, slice_of(id == NULL ? fresh : id, NUID_CHARS));
	json_key(w, "timestamp");
	json_time(w, now_ns);
	json_key(w, "server");
	server_info_write(s, w);
}

void advisory_connect(const struct server_info *s, int64_t now_ns,
    const struct client_info *client, struct json_writer *w)
{
	begin_event(s, "io.nats.server.advisory.v1.client_connect", now_ns, NULL,
	    w);
	write_client(client, false, w);
	json_end_object(w);
}

static void write_data(const char *key, uint64_t msgs, uint64_t bytes,
    struct json_writer *w)
{
	json_key(w, key);
	json_begin_object(w);
	json_key(w, "msgs");
	json_u64(w, msgs);
	json_key(w, "bytes");
	json_u64(w, bytes);
	json_end_object(w);
}

void advisory_disconnect(const struct server_info *s, int64_t now_ns,
    const struct client_info *client, struct json_writer *w)
{
	begin_event(s, "io.nats.server.advisory.v1.client_disconnect", now_ns,
	    NULL, w);
	write_client(client, true, w);
	/* Told from the client's side: what it sent is what we received. */
	write_data("sent", client->in_msgs, client->in_bytes, w);
	write_data("received", client->out_msgs, client->out_bytes, w);
	json_key(w, "reason");
	json_cstr(w, close_reason_text(client->reason));
	json_end_object(w);
}

void advisory_conns(const struct server_info *s, int64_t now_ns,
    const char *id, const struct account_stats *account,
    struct json_writer *w)
{
	begin_event(s, "io.nats.server.advisory.v1.account_connections", now_ns,
	    id, w);
	account_stat_write(account, w);
	json_end_object(w);
}

/* ---- answers ------------------------------------------------------------- */

static void begin_answer(const struct server_info *s, struct json_writer *w)
{
	json_begin_object(w);
	json_key(w, "server");
	server_info_write(s, w);
}

void answer_begin(const struct server_info *s, struct json_writer *w)
{
	begin_answer(s, w);
	json_key(w, "data");
}

void answer_end(struct json_writer *w)
{
	json_end_object(w);
}

void answer_done(const struct server_info *s, struct json_writer *w)
{
	begin_answer(s, w);
	json_end_object(w);
}

void answer_error(const struct server_info *s, unsigned code,
    struct slice description, bool has_null_data, struct json_writer *w)
{
	begin_answer(s, w);
	if (has_null_data) {
		json_key(w, "data");
		json_null(w);
	}
	json_key(w, "error");
	json_begin_object(w);
	json_key(w, "code");
	json_u64(w, code);
	json_key(w, "description");
	json_str(w, description);
	json_end_object(w);
	json_end_object(w);
}

#define U(key, kind, ...) FIELD(user_info, key, kind, __VA_ARGS__)

static const struct field user_fields[] = {
	U(user, STR), U(account, STR), U(account_name, STR, OPT),
	U(user_name, STR, OPT), U(permissions, JSON, OPT), U(expires, I64, OPT),
	{ NULL },
};

void user_info_write(const struct user_info *u, struct json_writer *w)
{
	fields_write_object(user_fields, u, w);
}
