/* auth/jwt.h - signed claims: who somebody is, said by somebody else.
 *
 * A token is decoded once into a struct jwt: immutable, counted, with all it
 * points to in memory of its own.  Decoding proves one thing only, that the
 * issuer it names has signed it and is of a kind that may issue such a token;
 * whether that issuer is to be believed is jwt_verify.h's question.  A field
 * that is absent says so: keys by is_set, lists by is_set, numbers by
 * JWT_ABSENT, texts by being empty.  Tokens of version 1 are read into the same
 * structs.
 * Spec: core protocol 4.4.
 */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/nkey.h"
#include "base/slice.h"

enum {
	JWT_BYTES_MAX = 1 << 20,
	JWT_ITEMS_MAX = 1 << 15		/* of any list in a token */
};
#define JWT_ABSENT   INT64_MIN
#define JWT_NO_LIMIT INT64_C(-1)

enum jwt_kind {
	JWT_OPERATOR, JWT_ACCOUNT, JWT_USER, JWT_ACTIVATION, JWT_AUTH_REQUEST,
	JWT_AUTH_RESPONSE, JWT_GENERIC, N_JWT_KINDS
};

/* Memory that is freed as one.  Zeroed is empty.  Private to jwt*.c. */
struct jwt_mem {
	struct jwt_chunk *chunks;
	size_t            used;
};

/* ---- parts -------------------------------------------------------------- */

struct jwt_texts {
	const struct slice *items;
	size_t              n;
	bool                is_set;
};

struct jwt_keys {
	const struct nkey *items;
	size_t             n;
};

/* Issued to this key at or before that second: not valid any more.  Sorted by
 * key; "*" is everybody. */
struct jwt_revocation {
	struct slice key;
	int64_t      at_s;
};

struct jwt_revocations {
	const struct jwt_revocation *items;
	size_t                       n;
};

/* Entries as they stand in the token: "subject", "subject queue", or a
 * template of one. */
struct jwt_permissions {
	struct jwt_texts publish_allow, publish_deny;
	struct jwt_texts subscribe_allow, subscribe_deny;
	bool             allows_responses;
	int64_t          responses_max, responses_ttl_ns;	/* 0: default */
};

struct jwt_hours {
	struct slice start, end;	/* "08:00:00" */
};

/* What a user may do and when: in a user's token or as a scope's template. */
struct jwt_user_limits {
	struct jwt_permissions  permissions;
	int64_t                 subs, data, payload;	/* -1: none; ABSENT is 0 */
	struct jwt_texts        src;			/* CIDRs */
	const struct jwt_hours *hours;
	size_t                  n_hours;
	struct slice            location;		/* IANA; empty: ours */
	struct jwt_texts        connection_types;
	bool                    is_bearer, needs_proxy;
};

/* A key that signs for an account; with a scope only for users who have none
 * but the template's rights. */
struct jwt_signing_key {
	struct nkey                   key;
	const struct jwt_user_limits *scope;	/* NULL: no scope */
	struct slice                  role, description;
};

enum jwt_share { JWT_STREAM = 1, JWT_SERVICE };
enum jwt_response { JWT_SINGLETON, JWT_STREAMED, JWT_CHUNKED };

struct jwt_import {
	struct slice   name, subject, to, local_subject;
	struct nkey    account;
	struct slice   token;			/* of an activation, or empty */
	enum jwt_share kind;
	bool           shares, allows_trace;
};

struct jwt_export {
	struct slice           name, subject, description, info_url;
	enum jwt_share         kind;
	enum jwt_response      response;
	bool                   has_response, needs_token, is_advertised;
	bool                   allows_trace;
	struct jwt_revocations revocations;
	int64_t                response_threshold_ns;	/* 0: none */
	int64_t                account_token_position;	/* 0: none, else from 1 */
	bool                   has_latency;
	int64_t                latency_sampling;	/* percent; 0: by headers */
	struct slice           latency_results;
};

struct jwt_storage_limits {
	int64_t memory, disk, streams, consumers, max_ack_pending;
	int64_t memory_stream_bytes_max, disk_stream_bytes_max;
	bool    needs_max_bytes;
};

struct jwt_tier {
	struct slice              name;
	struct jwt_storage_limits limits;
};

/* -1: no limit, 0: none allowed. */
struct jwt_account_limits {
	int64_t                   subs, data, payload;
	int64_t                   imports, exports, conns, leafs;
	bool                      allows_wildcards, disallows_bearer;
	struct jwt_storage_limits storage;	/* zero if there are tiers */
	const struct jwt_tier    *tiers;
	size_t                    n_tiers;
};

struct jwt_destination {
	struct slice subject, cluster;
	int64_t      weight;			/* 1 to 100 */
	bool         has_weight;
};

struct jwt_mapping {
	struct slice                  source;
	const struct jwt_destination *to;
	size_t                        n_to;
};

/* ---- claims --------------------------------------------------------------- */

struct jwt_operator {
	struct jwt_keys  signing_keys;		/* operators */
	struct nkey      system_account;
	struct slice     account_server_url, assert_server_version;
	struct jwt_texts service_urls;
	bool             is_strict;		/* its own key signs no accounts */
};

struct jwt_account {
	const struct jwt_import      *imports;
	const struct jwt_export      *exports;
	const struct jwt_signing_key *signing_keys;
	const struct jwt_mapping     *mappings;
	size_t                        n_imports, n_exports, n_signing_keys;
	size_t                        n_mappings;
	struct jwt_account_limits     limits;
	struct jwt_revocations        revocations;
	struct jwt_permissions        default_permissions;
	/* Auth callout, if there are users. */
	struct jwt_keys               auth_users, allowed_accounts;
	bool                          allows_any_account;
	struct nkey                   xkey;
	bool                          has_trace;
	struct slice                  trace_dest;
	int64_t                       trace_sampling;	/* percent */
	struct slice                  cluster_traffic;	/* "", system, owner */
	struct slice                  description, info_url;
};

struct jwt_user {
	struct jwt_user_limits limits;
	struct nkey            issuer_account;	/* if a signing key issued it */
};

struct jwt_activation {
	struct slice   subject;
	enum jwt_share kind;
	struct nkey    issuer_account;
};

struct jwt_auth_request {
	struct slice server_name, server_host, server_version, server_cluster;
	struct nkey  server_id, server_xkey, user_nkey;
	struct slice client_host, client_user, client_name, client_kind;
	struct slice client_type, client_nonce;
	int64_t      client_id;
	struct slice jwt, nkey, sig, auth_token, user, pass;	/* CONNECT's */
};

struct jwt_auth_response {
	struct slice jwt, error;
	struct nkey  issuer_account;
};

/* All else; a list of accounts makes it an order to delete them. */
struct jwt_generic {
	struct slice    type;
	struct jwt_keys accounts;
	bool            has_accounts;	/* there is such a list, and it is one
					   of accounts' keys */
};

struct jwt {
	enum jwt_kind    kind;
	int64_t          version;	/* 1 or 2 */
	struct slice     token;		/* as it came */
	struct slice     name, id, audience;
	struct nkey      issuer, subject;
	int64_t          issued_s, expires_s, not_before_s;	/* 0: not said */
	struct jwt_texts tags;
	union {
		struct jwt_operator      operator;
		struct jwt_account       account;
		struct jwt_user          user;
		struct jwt_activation    activation;
		struct jwt_auth_request  request;
		struct jwt_auth_response response;
		struct jwt_generic       generic;
	};
};

/* ---- life ----------------------------------------------------------------- */

/* Reads a token and checks its signature, nothing else: not the time.  0 and
 * *ret, the caller owns a reference; ERR_NOMEM; ERR_SYNTAX and *why (static or
 * in a thread-local buffer, until the next call).  Thread: any.  Costs an
 * Ed25519 verification. */
int jwt_decode(struct slice token, struct jwt **ret, const char **why);

struct jwt *jwt_ref(const struct jwt *t);
void jwt_unref(const struct jwt *t);	/* takes NULL */

/* ---- asking --------------------------------------------------------------- */

bool jwt_is_expired(const struct jwt *t, int64_t now_ns);
bool jwt_is_early(const struct jwt *t, int64_t now_ns);

/* When it expires, in wall nanoseconds; INT64_MAX: never. */
int64_t jwt_expires_ns(const struct jwt *t);

/* Has a key been revoked for what was issued then? */
bool jwt_is_revoked(const struct jwt_revocations *r, struct slice key,
    int64_t issued_s);

/* The signing key of an account that key is, or NULL.  The account's own key
 * is none of them. */
const struct jwt_signing_key *jwt_signing_key(const struct jwt *account,
    const struct nkey *key);

/* An account's auth callout: is it delegated at all, does this user skip it,
 * may it put users into that account? */
bool jwt_has_callout(const struct jwt *account);
bool jwt_skips_callout(const struct jwt *account, const struct nkey *user);
bool jwt_callout_may_place(const struct jwt *account,
    const struct nkey *target);

/* What is wrong with claims whose form is right, as nats-server's tools and
 * /accountz say it.  A token with a blocking issue must not be used. */
struct jwt_issue {
	struct slice description;	/* until visit returns */
	bool         is_blocking, is_time_check;
};
typedef void (*jwt_issue_visit)(void *ctx, const struct jwt_issue *issue);

/* True: nothing blocks (expired and too early block as well).  visit may be
 * NULL.  A check that cannot be done for want of memory blocks. */
bool jwt_validate(const struct jwt *t, int64_t now_ns, jwt_issue_visit visit,
    void *ctx);

/* ---- files ---------------------------------------------------------------- */

/* The token in a decorated file (-----BEGIN NATS USER JWT----- ..), else the
 * text without blanks around it.  The seed in one: empty if there is none. */
struct slice jwt_find_in_text(struct slice text);
struct slice jwt_find_seed_in_text(struct slice text);

#endif /* AUTH_JWT_H */
