/* store/check.c - open it, read all of it, tell. */
#include "store/check.h"

#include <inttypes.h>

#include "base/err.h"
#include "store/disk.h"
#include "store/dry_disk.h"
#include "store/store.h"

struct check {
	struct buf *report;
	uint64_t    n_lost;
};

static void tell_loss(void *ctx, const struct store_loss *loss)
{
	struct check *c = ctx;
	const char   *why = loss->why == STORE_LOST ? "damaged"
	    : "torn end, or damaged";

	c->n_lost += loss->last_seq - loss->first_seq + 1;
	buf_printf(c->report, "  lost: sequence %" PRIu64, loss->first_seq);
	if (loss->last_seq > loss->first_seq)
		buf_printf(c->report, " to %" PRIu64, loss->last_seq);
	buf_printf(c->report, " (%s, block %08x)\n", why, loss->block_nr);
}

static int read_all(struct store *s)
{
	struct store_msg m = { 0 };
	uint64_t         seq = 0;
	int              err;

	while ((err = store_find_next(s, SLICE_NONE, seq + 1, &seq)) == 0) {
		err = store_read(s, seq, &m);
		/* what is damaged has been told, and is gone */
		if (err != 0 && err != ERR_CORRUPT)
			break;
	}
	store_msg_fini(&m);
	return err == ERR_NOTFOUND ? 0 : err;
}

static void describe(struct store *s, struct buf *report)
{
	struct store_state st;

	store_get_state(s, &st);
	buf_printf(report, "  %" PRIu64 " messages of %" PRIu64 " subjects in "
	    "%" PRIu64 " blocks, sequences %" PRIu64 " to %" PRIu64 "\n",
	    st.n_msgs, st.n_subjects, st.n_blocks, st.first_seq, st.last_seq);
	if (st.n_lost + st.n_torn > 0)
		buf_printf(report, "  %" PRIu64 " lost since the store was made "
		    "or last rebuilt\n", st.n_lost + st.n_torn);
}

int store_check(struct disk *d, const char *path,
    const struct store_secret *secret, struct buf *report)
{
	struct check        c = { .report = report };
	struct disk        *dry = dry_disk_create(d);
	struct store_config conf = { .disk = dry, .lost = tell_loss,
		.ctx = &c, .secret = secret };
	struct store       *s;
	int                 err = ERR_NOMEM;

	if (dry != NULL)
		err = store_open(&conf, path, &s);
	if (err == 0) {
		err = read_all(s);
		describe(s, report);
		store_abandon(s);
	}
	dry_disk_destroy(dry);
	return err == 0 && c.n_lost > 0 ? ERR_CORRUPT : err;
}
