/* proto/connect.h - what a client says about itself in CONNECT.
 *
 * A CONNECT is unmarshalled over the options in force: what it does not name
 * keeps its value, so a second CONNECT changes only what it says.  All strings
 * lie in one allocation of the struct's own, which is wiped before it is freed.
 * Spec: core protocol 1.3.
 */
#ifndef PROTO_CONNECT_H
#define PROTO_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct connect_opts {
	bool verbose, pedantic, echo;		/* these start as true */
	bool tls_required, headers, no_responders, new_account;
	bool account;		/* one was named */
	int64_t protocol;	/* as said; only 0 and 1 are to be accepted */

	/* Empty where nothing was said.  Borrowed until the next
	 * connect_parse or connect_forget_secrets, or fini. */
	struct slice user, pass, auth_token, jwt, sig, nkey, proxy_sig;
	struct slice name, lang, version;

	/* Private: what the slices point into. */
	char  *memory;
	size_t memory_bytes;
};

/* The defaults of a client that has said nothing.  Allocates nothing. */
void connect_opts_init(struct connect_opts *o);

/* Wipes and frees; then o is as after init. */
void connect_opts_fini(struct connect_opts *o);

/* Unmarshals the JSON of a CONNECT over *inout.  Names are compared without
 * case, unknown ones are ignored, null is absent.  The caller has bounded the
 * size (max_control_line).  False: malformed, a wrong type, or out of memory;
 * *inout is untouched. */
bool connect_parse(struct slice json, struct connect_opts *inout);

/* Wipes pass, auth_token, jwt, sig and proxy_sig, which then are empty: for
 * once the peer's identity is settled.  The other strings stay where they are. */
void connect_forget_secrets(struct connect_opts *o);

#endif /* PROTO_CONNECT_H */
