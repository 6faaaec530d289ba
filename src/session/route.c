/* session/route.c - match, then fan-out. */
#include "session/route.h"

#include "base/buf.h"
#include "core/account.h"
#include "core/fanout.h"
#include "core/match.h"
#include "core/msg.h"
#include "session/hub.h"

static bool make_prefix(struct run *run, struct slice shown,
    struct buf *prefix)
{
	buf_reset(prefix);
	buf_put(prefix, "HMSG ", 5);
	buf_put_slice(prefix, shown);
	buf_put_char(prefix, ' ');
	run->prefix = buf_slice(prefix);
	return !buf_failed(prefix);
}

uint64_t route(struct hub *h, struct account *a, struct run *run,
    struct buf *prefix)
{
	return route_shown(h, a, run, run->subject, prefix);
}

uint64_t route_shown(struct hub *h, struct account *a, struct run *run,
    struct slice shown, struct buf *prefix)
{
	const struct match *m = match_find(h->matches, a->sublist,
	    run->subject);

	if ((m->n_plain == 0 && m->n_groups == 0) ||
	    !make_prefix(run, shown, prefix))
		return 0;
	run->port = &h->port;
	return fanout(m, run, &h->port);
}
