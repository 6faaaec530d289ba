/* auth/certmap.h - which user does a certificate name?  (verify_and_map)
 *
 * In this order, and the first that is a user's name wins: e-mail addresses, DNS
 * names, URIs, the subject as a distinguished name in its order, the same in any
 * order, the subject as Go spells it.
 *
 * A subject is compared as a whole and attribute by attribute, never as the
 * prefix or the rest of a text: one more attribute is somebody else.  (Advisory
 * 2026-13 of nats-server is the opposite.)  For the same reason Go's spelling,
 * which has no place for some attributes, counts only where it left none out.
 * Spec: core protocol 4.8; RFC 4514 for names as text.
 *
 * Pure functions of the certificate and the names.  Thread: any.
 */
#ifndef AUTH_CERTMAP_H
#define AUTH_CERTMAP_H

#include <stdbool.h>

#include "base/slice.h"

struct dn;
struct tls_peer;

/* How a candidate is to be looked up: a user of exactly this name; a user whose
 * name is a DN that is equal (dn_eq) to the certificate's, or is in any order. */
enum certmap_how { CERTMAP_NAME, CERTMAP_DN, CERTMAP_DN_ANY_ORDER };

/* Calls visit with one candidate after the other until it returns true: that is
 * a user.  name is empty but for CERTMAP_NAME; borrowed during the call.
 * False: nobody, or out of memory. */
bool certmap_visit(const struct tls_peer *p, bool (*visit)(void *ctx,
    enum certmap_how how, struct slice name), void *ctx);

/* ---- distinguished names ------------------------------------------------- */

/* "CN=bob,OU=a+L=b,O=Acme", the most specific part first.  Types by their short
 * name in any case, or as numbers with dots.  NULL: it is no such name, or out
 * of memory.  Owned: dn_destroy. */
struct dn *dn_parse(struct slice text);
void dn_destroy(struct dn *dn);	/* takes NULL */

/* The subject of a certificate.  NULL: it is empty, holds what is no text, or is
 * out of all proportion; or out of memory.  Owned. */
struct dn *dn_of_peer(const struct tls_peer *p);

/* Are they the same, whole?  in_any_order: of their relative names; within one of
 * these the order never counts. */
bool dn_eq(const struct dn *a, const struct dn *b, bool in_any_order);

#endif /* AUTH_CERTMAP_H */
