/* test/lib/fake_host.h - what JetStream asks of a server, the half that is the
 * same in every test: a clock that is turned by hand, timers, and who listens.
 *
 * What is published, and to whom it goes, is each test's own. */
#ifndef TEST_LIB_FAKE_HOST_H
#define TEST_LIB_FAKE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/timer.h"
#include "js/host.h"

enum { FAKE_LISTENERS = 512, FAKE_PATTERN_MAX = 600 };

struct fake_listener {
	struct account *account;
	char            pattern[FAKE_PATTERN_MAX];
	js_take         take;	/* NULL: free */
	void           *ctx;
};

struct fake_host {
	struct timer_heap    timers;
	int64_t              now_ns;
	struct fake_listener listeners[FAKE_LISTENERS];
	size_t               n_listeners;	/* the most there have been */
};

/* The hooks, ctx among them; publish, is_wanted and put_client are the caller's
 * to add.  f: zeroed, but for what the clock says. */
struct js_host fake_host_hooks(struct fake_host *f);
void fake_host_fini(struct fake_host *f);

/* Does anybody listen?  account NULL: whoever's. */
bool fake_host_hears(const struct fake_host *f, const struct account *account,
    struct slice subject);
/* To all who listen, as core would. */
void fake_host_deliver(const struct fake_host *f,
    const struct account *account, const struct run *run);

#endif /* TEST_LIB_FAKE_HOST_H */
