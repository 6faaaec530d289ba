/* session/client.h - a client's session.
 *
 *     accepted --CONNECT--> (checking) --> ready --> closing --> gone
 *        |                                  ^
 *        +--- first operation, no login ----+
 *
 * Before that, where TLS is configured, securing: see session/secure.h.
 * Accepted: told INFO; with logins required only CONNECT is understood, and
 * the authentication timer runs.  Checking: its password is being hashed; its
 * input waits.  Ready: everything else.  Closing: the last words are on their
 * way; nothing is read.  Gone: unlinked from everything; freed when its
 * subscriptions are (they may be in another worker's hands for a moment).
 *
 * The struct is open inside session/ only; everything is the owner's.
 */
#ifndef SESSION_CLIENT_H
#define SESSION_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/list.h"
#include "core/permissions.h"
#include "core/replies.h"
#include "net/conn.h"
#include "proto/connect.h"
#include "proto/parse.h"
#include "proto/refusal.h"
#include "session/sids.h"

struct account;
struct callout;
struct client_info;
struct handoff_mark;
struct hub;
struct login;
struct rate;
struct secure;

enum client_state { CLIENT_SECURING, CLIENT_ACCEPTED, CLIENT_CHECKING, CLIENT_READY,
	CLIENT_CLOSING, CLIENT_GONE };

struct client {
	struct conn         conn;	/* first */
	struct hub         *hub;
	uint64_t            cid;
	enum client_state   state;
	enum close_reason   reason;
	struct parser       parser;
	struct connect_opts opts;
	const struct principal *who;	/* a reference */
	struct account     *account;
	struct account_traffic *traffic;	/* this worker's, of account */
	struct login       *login;	/* while checking */
	struct callout     *callout;	/* while another program is asked */
	struct rate        *rates[2];	/* session/pace.h; the first is NULL:
					   no limit */
	struct secure      *secure;	/* session/secure.c's; NULL: no TLS */

	struct sid_table     subs;
	struct sid_table    *shadows;	/* session/shadows.c's; or NULL */
	uint32_t             n_subs_kept;	/* with those removed but not
						   yet released */
	int16_t              proxy;	/* trusted, that it came through;
					   -1: none */
	struct verdict_cache verdicts;
	struct reply_grants  replies;

	uint64_t in_msgs, in_bytes, out_msgs, out_bytes, n_stalls;
	int64_t  start_wall_ns, start_ns;
	int64_t  asked_ns;	/* it last said something but PONG */
	int64_t  active_ns;	/* for monitoring: a message, a subscription */

	struct timer timer;	/* the earliest of what follows */
	int64_t  expires_at_ns;		/* its credentials; 0: never */
	union {
		int64_t auth_until_ns;		/* 0: none */
		int64_t linger_until_ns;	/* while closing */
	};
	int64_t  next_ping_ns;
	int64_t  retry_at_ns;	/* its login, after too many failures; 0: not */
	int64_t  paced_until_ns;	/* not read until then; 0: it is */
	int64_t  ping_sent_ns, rtt_ns, rtt_known_ns;
	int32_t  n_pings_out;

	bool is_connecting;	/* a CONNECT is being settled */
	bool has_connected;	/* one was accepted */
	bool had_first_pong;	/* and its INFO is out */
	bool has_waited;	/* for another's failures: once is enough */
	bool grants_replies;	/* allow_responses */
	bool is_stalled;	/* held back as a publisher ... */
	bool may_go_early;	/* ... only until the crowd is gone */
	uint8_t crowd;		/* enum crowd; atomic, read by any worker */
	bool is_moving;		/* to another worker: session/move.c */
	bool is_ip6;
	uint16_t port;

	int64_t     stalled_until_ns;
	struct list link;	/* hub's clients, or its dying */
	struct list stall_link, crowd_link;

	/* Leaving for another worker: see session/move.c. */
	int                  move_to;	/* -1: nowhere */
	uint32_t             move_score;
	struct handoff_mark *move_mark;	/* NULL: not hushed yet */
	struct list          move_link;
	struct grave grave;
	uint64_t     generation;	/* of the configuration it was checked by */
	uint8_t      ip[16];
};

static inline bool client_is_ready(const struct client *c)
{
	return c->state == CLIENT_READY;
}

/* NULL: out of memory, or the loop cannot watch it; fd is then closed. */
struct client *client_open(struct hub *h, int fd,
    const struct sockaddr_storage *peer);

/* Nothing stands before its login any more; says_info: not even INFO. */
void client_begin(struct client *c, bool says_info);

/* Tells the peer (if there is a text) and closes (if this refusal does). */
void client_refuse(struct client *c, enum refusal r);

/* "-ERR '<text>'", no more. */
void client_send_err(struct client *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What is queued is sent first, for a tenth of a second at most. */
void client_close(struct client *c, enum close_reason reason);

/* At once; what is queued is lost. */
void client_drop(struct client *c, enum close_reason reason);

/* The INFO line; is_after_pong adds what only the second one says. */
enum info_kind { INFO_FIRST, INFO_AFTER_PONG, INFO_LAME_DUCK };
void client_send_info(struct client *c, enum info_kind kind);

/* That the server is leaving.  False: it would not understand, or not yet. */
bool client_tell_lame_duck(struct client *c);

/* "127.0.0.1:4222 - cid:7" and, once connected, who it is; into a buffer that
 * the next call for a client of this hub reuses. */
const char *client_label(const struct client *c);

/* For monitoring; strings are borrowed from c.  wants_subs: the list too. */
void client_describe(const struct client *c, struct client_info *ret,
    bool wants_subs);

/* It leaves its hub, and is nobody's, until it joins another: its subscriptions
 * are none.  The socket goes along. */
void client_part(struct client *c);
void client_join(struct client *c, struct hub *h);

/* It is in a from now on, and counted there; its subscriptions are none. */
void client_set_account(struct client *c, struct account *a);

/* Bytes of a message at most: the least that server, account and user say. */
int64_t client_payload_max(const struct client *c);

/* After those, or the configuration, changed. */
void client_apply_limits(struct client *c);

/* After any of its deadlines changed. */
void client_arm_timer(struct client *c);

/* Some of a gone client's subscriptions are removed; true: it is rid of all,
 * and itself on the way to being freed. */
bool client_bury_some(struct client *c);

#endif /* SESSION_CLIENT_H */
