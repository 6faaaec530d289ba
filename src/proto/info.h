/* proto/info.h - the INFO line: what the server says about itself.
 *
 * Plain values, borrowed during the call; empty strings, false and zero are
 * left out where nats-server leaves them out.
 * Spec: core protocol 1.2.
 */
#ifndef PROTO_INFO_H
#define PROTO_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;

struct info {
	/* Always present, from server_id to port, and headers, max_payload. */
	struct slice server_id;		/* an N key */
	struct slice server_name;	/* empty: the server_id */
	struct slice version;		/* of the nats-server we are like */
	int          proto;
	struct slice git_commit;
	struct slice go;
	struct slice host;
	int          port;
	bool         headers;
	bool         auth_required, tls_required, tls_verify, tls_available;
	int32_t      max_payload;
	bool         jetstream;
	uint64_t     client_id;
	struct slice client_ip;
	struct slice nonce;
	struct slice cluster;
	struct slice domain;
	const struct slice *connect_urls;
	size_t              n_connect_urls;
	bool         ldm;
	bool         connect_info;
	struct slice remote_account;
	bool         acc_is_sys;
	int          api_lvl;
	struct slice xkey;
	struct slice mote;		/* our own version; clients ignore it */
};

/* Appends "INFO {...} \r\n".  Out of memory shows in buf_failed(out). */
void info_write(const struct info *info, struct buf *out);

#endif /* PROTO_INFO_H */
