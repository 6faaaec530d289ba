/* certmap_fuzz.c - any bytes as a certificate, and as a user's name.
 *
 * The first byte says how many of the next belong to the name.  Holds: nothing is
 * read outside; a name that is parsed equals itself; what is equal in order is so
 * in any order; a candidate is never empty. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/certmap.h"
#include "base/buf.h"
#include "base/tls_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool look(void *ctx, enum certmap_how how, struct slice name)
{
	size_t *n = ctx;

	if (how == CERTMAP_NAME && name.n == 0)
		abort();
	return ++*n > 10000;
}

static void check_names(struct slice text, const struct tls_peer *p)
{
	struct dn *a = dn_parse(text), *b = p == NULL ? NULL : dn_of_peer(p);

	if (a != NULL && (!dn_eq(a, a, false) || !dn_eq(a, a, true)))
		abort();
	if (b != NULL && (!dn_eq(b, b, false) || !dn_eq(b, b, true)))
		abort();
	if (a != NULL && b != NULL && dn_eq(a, b, false) && !dn_eq(a, b, true))
		abort();
	dn_destroy(a);
	dn_destroy(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice     in = slice_of((const char *)data, size), name, der;
	struct tls_peer *p;
	struct buf       out = { 0 };
	size_t           n = 0, n_name;

	if (size == 0)
		return 0;
	n_name = data[0] < size ? data[0] : size - 1;
	name = slice_of(in.p + 1, n_name);
	der = slice_skip(in, 1 + n_name);
	p = tls_peer_create(&der, 1);
	check_names(name, p);
	if (p != NULL) {
		certmap_visit(p, look, &n);
		tls_peer_put_subject(p, true, &out);
		tls_peer_serves(p, name);
	}
	tls_peer_destroy(p);
	buf_fini(&out);
	return 0;
}
