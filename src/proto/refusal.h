/* proto/refusal.h - everything a peer is told it did wrong.
 *
 * One row for each case: the text behind -ERR (empty: nothing is said),
 * whether it ends the connection, and the reason that monitoring then shows.
 * Spec: core protocol 1.16 and Appendix B.
 */
#ifndef PROTO_REFUSAL_H
#define PROTO_REFUSAL_H

#include <stdbool.h>

/* Why a connection ended: the words of /connz?state=closed. */
#define CLOSE_REASONS(X)						\
	X(NONE,             "Unknown State")				\
	X(CLIENT_CLOSED,    "Client Closed")				\
	X(AUTH_TIMEOUT,     "Authentication Timeout")			\
	X(AUTH_FAILED,      "Authentication Failure")			\
	X(TLS,              "TLS Handshake Failure")			\
	X(SLOW_PENDING,     "Slow Consumer (Pending Bytes)")		\
	X(SLOW_DEADLINE,    "Slow Consumer (Write Deadline)")		\
	X(WRITE_ERROR,      "Write Error")				\
	X(READ_ERROR,       "Read Error")				\
	X(PARSE_ERROR,      "Parse Error")				\
	X(STALE,            "Stale Connection")				\
	X(PROTOCOL,         "Protocol Violation")			\
	X(BAD_PROTO,        "Bad Client Protocol Version")		\
	X(MAX_CONNS,        "Maximum Connections Exceeded")		\
	X(MAX_ACC_CONNS,    "Maximum Account Connections Exceeded")	\
	X(MAX_PAYLOAD,      "Maximum Message Payload Exceeded")		\
	X(MAX_LINE,         "Maximum Control Line Exceeded")		\
	X(MAX_SUBS,         "Maximum Subscriptions Exceeded")		\
	X(SHUTDOWN,         "Server Shutdown")				\
	X(AUTH_EXPIRED,     "Authentication Expired")			\
	X(REVOKED,          "Credentials Revoked")			\
	X(NORESP_HEADERS,   "No Responders Requires Headers")		\
	X(KICKED,           "Kicked")					\
	X(PROXY_UNTRUSTED,  "Proxy Not Trusted")			\
	X(PROXY_REQUIRED,   "Proxy Required")

enum close_reason {
#define X(id, text) CLOSE_##id,
	CLOSE_REASONS(X)
#undef X
	N_CLOSE_REASONS
};

#define REFUSALS(X)							\
	/* id           closes  reason          text behind -ERR */	\
	X(UNKNOWN_OP,     true,  PROTOCOL,       "Unknown Protocol Operation") \
	X(LINE_TOO_LONG,  true,  MAX_LINE,       "maximum control line exceeded") \
	X(PAYLOAD,        true,  MAX_PAYLOAD,    "Maximum Payload Violation") \
	X(BAD_ARGS,       true,  PROTOCOL,       "")			\
	X(BAD_JSON,       true,  PROTOCOL,       "")			\
	X(NO_HEADERS,     true,  PROTOCOL,       "")			\
	X(PEER_ERR,       true,  PARSE_ERROR,    "")			\
	X(AUTH,           true,  AUTH_FAILED,    "Authorization Violation") \
	X(PROXY_UNTRUSTED, true, PROXY_UNTRUSTED, "Authorization Violation") \
	X(PROXY_REQUIRED, true,  PROXY_REQUIRED, "Authorization Violation") \
	X(AUTH_TIMEOUT,   true,  AUTH_TIMEOUT,   "Authentication Timeout") \
	X(AUTH_EXPIRED,   true,  AUTH_EXPIRED,   "User Authentication Expired") \
	X(ACC_EXPIRED,    true,  AUTH_EXPIRED,   "Account Authentication Expired") \
	X(REVOKED,        true,  REVOKED,        "User Authentication Revoked") \
	X(MAX_ACC_CONNS,  true,  MAX_ACC_CONNS,  "maximum account active connections exceeded") \
	X(MAX_CONNS,      true,  MAX_CONNS,      "maximum connections exceeded") \
	X(THROTTLED,      true,  MAX_CONNS,      "Connection throttling is active. Please try again later.") \
	X(BAD_PROTO,      true,  BAD_PROTO,      "invalid client protocol") \
	X(NORESP_HEADERS, true,  NORESP_HEADERS, "no responders requires headers support") \
	X(STALE,          true,  STALE,          "Stale Connection")	\
	X(MAX_SUBS,       false, NONE,           "maximum subscriptions exceeded") \
	X(BAD_SUBJECT,    false, NONE,           "Invalid Subject")	\
	X(BAD_PUBLISH,    false, NONE,           "Invalid Publish Subject")

enum refusal {
	REFUSAL_NONE,
#define X(id, closes, reason, text) REFUSAL_##id,
	REFUSALS(X)
#undef X
	N_REFUSALS
};

/* Never NULL; empty where nothing is sent. */
const char *refusal_text(enum refusal r);
bool refusal_closes(enum refusal r);
enum close_reason refusal_reason(enum refusal r);

const char *close_reason_text(enum close_reason r);

#endif /* PROTO_REFUSAL_H */
