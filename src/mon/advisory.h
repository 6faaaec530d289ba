/* mon/advisory.h - what is said in the system account, as documents.
 *
 * Who the server is, who a client is, and the events about them.  Pure: filled
 * structs in, JSON out; when something is said, and to whom, is mon/events.
 * Spec: core protocol 5.5.
 */
#ifndef MON_ADVISORY_H
#define MON_ADVISORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "mon/fields.h"

struct account_stats;
struct buf;
struct client_info;
struct json_writer;

enum { SERVER_HASH_CHARS = 8 };

/* The short name that subjects for one server carry. */
void server_hash(struct slice server_name, char out[SERVER_HASH_CHARS]);

/* The server, as each message in the system account begins. */
struct server_info {
	struct slice  name, host, id;
	struct slice  cluster, domain;	/* empty: none */
	struct slice  ver;		/* of nats-server, that we speak as */
	struct slices tags, metadata;	/* metadata: pairs */
	bool          jetstream;
	bool          js_ack_fc_v2;	/* a feature flag */
	uint64_t      flags;
	uint64_t      seq;	/* of the message; counted for the server */
	int64_t       time;	/* ns since 1970, of the message */
};

/* An object. */
void server_info_write(const struct server_info *s, struct json_writer *w);

/* {"name":..,"host":..,"id":..}, what IDZ answers. */
void server_id_write(const struct server_info *s, struct json_writer *w);

/* ---- events -------------------------------------------------------------- */

/* now_ns: when it happened, since 1970.  Each has a fresh id, unless given. */
void advisory_connect(const struct server_info *s, int64_t now_ns,
    const struct client_info *client, struct json_writer *w);

/* Also of an authentication error.  client's stop_ns and reason are set. */
void advisory_disconnect(const struct server_info *s, int64_t now_ns,
    const struct client_info *client, struct json_writer *w);

/* id: NUID_CHARS of nuid_next; one event is told on several subjects. */
void advisory_conns(const struct server_info *s, int64_t now_ns,
    const char *id, const struct account_stats *account,
    struct json_writer *w);

/* ---- answers to requests ------------------------------------------------- */

/* {"server":..,"data": and the place for a value; end closes the object. */
void answer_begin(const struct server_info *s, struct json_writer *w);
void answer_end(struct json_writer *w);

/* Nothing to say but that it is done: {"server":..}. */
void answer_done(const struct server_info *s, struct json_writer *w);

/* The question was not understood (400), or the answer is that it is not to be
 * had (500); has_null_data: where data was due. */
void answer_error(const struct server_info *s, unsigned code,
    struct slice description, bool has_null_data, struct json_writer *w);

/* What a user is told about itself. */
struct user_info {
	struct slice user, account, account_name, user_name;
	struct slice permissions;	/* JSON; empty: all is allowed */
	int64_t      expires;		/* ns from now; 0: never */
};
void user_info_write(const struct user_info *u, struct json_writer *w);

#endif /* MON_ADVISORY_H */
