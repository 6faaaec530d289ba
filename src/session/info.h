/* session/info.h - what monitoring is told about one client.
 *
 * A session describes itself into a struct client_info whose strings it goes
 * on owning: no allocation, unless the subscriptions are asked for.  Whoever
 * needs the description longer, or on another thread, clones it: one
 * allocation that holds everything.
 * Spec: core protocol 6.3, ConnInfo and SubDetail.
 */
#ifndef SESSION_INFO_H
#define SESSION_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/refusal.h"

struct buf;

/* ---- subscriptions ------------------------------------------------------ */

struct sub_info {
	struct slice account;	/* empty: not told */
	struct slice subject;
	struct slice queue;	/* empty: none */
	struct slice sid;
	uint64_t     n_msgs;	/* delivered */
	uint64_t     msgs_max;	/* of UNSUB; 0: no limit */
	uint64_t     cid;
};

/* Descriptions laid end to end in one block.  Zeroed is empty. */
struct sub_info_list {
	char    *p;
	size_t   n, cap;	/* bytes */
	uint64_t n_subs;
	bool     failed;	/* memory ran out: some are missing */
};

/* Copies. */
void sub_info_add(struct sub_info_list *list, const struct sub_info *sub);

/* Takes the next one; *at starts as 0 and is for the list to move.  False: that
 * was all.  The slices are borrowed until the list changes. */
bool sub_info_next(const struct sub_info_list *list, size_t *at,
    struct sub_info *ret);

/* The list is empty and sound again. */
void sub_info_list_fini(struct sub_info_list *list);

/* ---- certificates ------------------------------------------------------- */

enum { SHA256_HEX = 64 };

struct cert_info {
	struct slice subject;		/* as Go prints it */
	struct slice spki_sha256, cert_sha256;	/* hex, SHA256_HEX each */
};

/* Appends one to a list of them. */
void cert_info_put(struct buf *list, const struct cert_info *c);

/* Takes the next one; *at starts as 0.  False: that was all. */
bool cert_info_next(struct slice list, size_t *at, struct cert_info *ret);

/* ---- clients ------------------------------------------------------------ */

/* More kinds come with links and other front doors. */
enum client_kind { CLIENT_KIND_CLIENT, CLIENT_KIND_LEAF, N_CLIENT_KINDS };
enum client_type { CLIENT_TYPE_NATS, CLIENT_TYPE_WEBSOCKET, CLIENT_TYPE_MQTT,
	N_CLIENT_TYPES };

struct client_info {
	uint64_t          cid;
	enum client_kind  kind;
	enum client_type  type;
	struct slice      ip;		/* text */
	uint16_t          port;
	enum close_reason reason;	/* once stopped */

	int64_t start_ns;		/* these three: since 1970 */
	int64_t last_activity_ns;
	int64_t stop_ns;		/* 0: the client is still here */
	int64_t rtt_ns;			/* 0: not known yet */

	uint64_t pending_bytes;
	uint64_t in_msgs, in_bytes;	/* received from the client */
	uint64_t out_msgs, out_bytes;	/* sent to it */
	uint64_t n_stalls;		/* it was held back as a publisher */
	uint64_t n_rate_waits;		/* it, or who shares its rate, for the rate */
	uint64_t n_subs;

	/* As the client said in CONNECT; empty: it did not. */
	struct slice name, lang, version;
	struct slice tls_version, tls_cipher;	/* "1.3"; empty: no TLS */
	bool         is_tls_first;
	struct slice tls_certs;	/* it showed; for cert_info_next */
	struct slice user;	/* as authenticated, secrets never */
	struct slice account;
	struct slice name_tag;	/* the account's name, if that is not its key */
	struct slice jwt, issuer_key;		/* empty: no JWT, or a bearer's */
	struct slice tags;		/* "a:b,c" */
	struct slice mqtt_client, proxy_key;	/* empty: none */

	struct sub_info_list subs;	/* empty unless asked for */
};

/* For what a session filled in: frees the list of subscriptions. */
void client_info_fini(struct client_info *info);

/* Everything in one allocation, subscriptions included.  NULL: out of memory.
 * Owned: client_info_destroy. */
struct client_info *client_info_clone(const struct client_info *info);
void client_info_destroy(struct client_info *clone);	/* takes NULL */

/* Bytes that a clone occupies. */
size_t client_info_size(const struct client_info *info);

#endif /* SESSION_INFO_H */
