/* mon/detail.h - what is configured of an account, from its policy. */
#ifndef MON_DETAIL_H
#define MON_DETAIL_H

#include "base/buf.h"
#include "mon/accountz.h"

struct account;

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
};

/* Borrows from the policy, so: close it in the same epoch section.  What there
 * is no memory for is left out.  Thread: any, in epoch. */
void detail_open(struct detail *d, const struct account *a);
void detail_close(struct detail *d);	/* takes zeroed */

#endif /* MON_DETAIL_H */
