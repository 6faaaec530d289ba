/* mon/detail.h - what is configured of an account, from its policy. */
#ifndef MON_DETAIL_H
#define MON_DETAIL_H

#include "base/buf.h"
#include "mon/accountz.h"

struct account;
struct jwt;
struct resolver;

/* Zeroed is empty. */
struct detail {
	struct account_detail told;

	/* What it points to. */
	struct account_mapping     *mappings;
	struct account_destination *destinations;
	size_t                      n_destinations;
	struct account_export      *exports;
	struct account_import      *imports;
	struct buf                  own_info;	/* a subject */
	const struct jwt           *jwt;	/* a reference; or NULL */
	struct buf                  claims;	/* JSON */
};

/* r may be NULL.  Borrows from the policy, so: close it in the same epoch section.  What there
 * is no memory for is left out.  Thread: any, in epoch. */
void detail_open(struct detail *d, const struct account *a,
    struct resolver *r);
void detail_close(struct detail *d);	/* takes zeroed */

/* What a sound token claims, as JSON. */
void token_put_claims(struct slice token, struct buf *out);

#endif /* MON_DETAIL_H */
