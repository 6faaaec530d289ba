/* base/tls_peer.h - what the certificate of a TLS peer says.
 *
 * Read by ourselves from the DER, so that it is the same whichever TLS library
 * made the connection.  Whether the certificate may be believed is the
 * library's business, before; what is read here is who it names.
 *
 * One allocation holds the whole chain; slices point into it.  Immutable.
 * Thread: any.
 */
#ifndef BASE_TLS_PEER_H
#define BASE_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;

enum { TLS_CHAIN_MAX = 10 };

/* The general names of a certificate, by their tag in it. */
enum tls_name_kind { TLS_NAME_EMAIL = 1, TLS_NAME_DNS = 2, TLS_NAME_URI = 6,
	TLS_NAME_IP = 7 };

struct tls_peer {
	size_t       n_certs;	/* at least 1 */
	struct slice certs[TLS_CHAIN_MAX];	/* DER, the peer's own first */
	/* Of the first one: */
	struct slice subject;	/* its Name, DER, tag and length included */
	struct slice spki;	/* SubjectPublicKeyInfo, likewise */
	struct slice names;	/* the alternative ones, for tls_peer_next_name */
	int64_t      not_before_s, not_after_s;	/* since 1970 */
};

/* Copies n certificates, 1 to TLS_CHAIN_MAX.  NULL: out of memory, or the
 * first is not a certificate.  Owned: tls_peer_destroy. */
struct tls_peer *tls_peer_create(const struct slice *certs, size_t n);
void tls_peer_destroy(struct tls_peer *p);	/* takes NULL */

/* The next alternative name of that kind; *at begins as 0 and is for this
 * function to move.  An address is its 4 or 16 bytes. */
bool tls_peer_next_name(const struct tls_peer *p, enum tls_name_kind kind,
    size_t *at, struct slice *ret);

/* May a server that is reached by this name (or address, as text) show this
 * certificate?  "*" stands for one whole first label.  The subject's CN does
 * not count. */
bool tls_peer_serves(const struct tls_peer *p, struct slice name);

/* The subject as Go's pkix.Name prints it: "CN=bob,OU=a+OU=b,O=x".  Attributes
 * it has no field for are left out, or (is_full) come last, as "1.2.3=#1303...".
 */
void tls_peer_put_subject(const struct tls_peer *p, bool is_full,
    struct buf *out);

/* ---- a Name, attribute by attribute ------------------------------------- */

struct tls_attribute {
	struct slice oid;	/* DER, the contents only */
	struct slice value;	/* text; in buf's memory if it was UTF-16 */
	bool         is_text;	/* else value is the DER of something else */
	bool         begins_rdn;	/* the first of its relative name */
};

/* Walks a subject from its first attribute to its last; *at begins as 0.
 * False: that was all, or the rest is malformed.  scratch: for values that
 * have to be recoded, reset by each call. */
bool tls_subject_next(struct slice subject, size_t *at, struct buf *scratch,
    struct tls_attribute *ret);

/* Is the subject well-formed as a whole? */
bool tls_subject_is_valid(struct slice subject);

/* "CN" for 2.5.4.3 and the few others that have a short name; else NULL. */
const char *tls_attribute_short_name(struct slice oid);
void tls_put_oid(struct buf *out, struct slice oid);	/* "2.5.4.3" */

#endif /* BASE_TLS_PEER_H */
