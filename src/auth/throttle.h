/* auth/throttle.h - who has failed to log in too often has to wait.
 *
 * Failures are counted for each source (an IPv4 address, or the /64 of an IPv6
 * one), whatever worker they came to.  After so many in a row further attempts
 * from there are made at one a second: those that come too early wait, or are
 * refused before any password is looked at.  Failures are also counted for
 * each user name, wherever they came from; that only ever makes somebody wait
 * a second, so nobody is locked out by another's failures.  And a source from
 * which a user has logged in before is not hindered in doing so again: an
 * attacker behind the same router does not keep out those who live there.
 *
 * Names that do not exist are counted like those that do, and a refusal looks
 * as any other.  Time is a parameter.  Thread: any, for everything.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct throttle;

/* Who tries, as whom; hashes under a key of this throttle.  Zeroed: nobody. */
struct throttle_key {
	uint64_t source, user, pair;
};

enum throttle_verdict {
	THROTTLE_GO,		/* look at the password, then throttle_tell */
	THROTTLE_WAIT,		/* ask again in so long */
	THROTTLE_REFUSE,
};

enum throttle_outcome {
	THROTTLE_RIGHT,
	THROTTLE_WRONG,
	THROTTLE_VOID,		/* it was not looked at after all, or is looked
				   at by somebody else */
};

struct throttle_stats {
	uint64_t n_wrong, n_delayed, n_refused;
};

/* failures_max: that many at once are free, at least 1.  NULL: out of memory. */
struct throttle *throttle_create(unsigned failures_max);
void throttle_destroy(struct throttle *t);	/* takes NULL */

/* ip: 4 bytes, or 16 if is_ip6.  name: what identifies the user, maybe empty. */
struct throttle_key throttle_key(const struct throttle *t, const uint8_t *ip,
    bool is_ip6, struct slice name);

/* May this attempt be made now?  has_waited: it asked before and was told to
 * wait.  patience_ns: no wait for the sake of the user name is longer.
 * *wait_ns is set with THROTTLE_WAIT only. */
enum throttle_verdict throttle_ask(struct throttle *t,
    const struct throttle_key *key, bool has_waited, int64_t patience_ns,
    int64_t now_ns, int64_t *wait_ns);

/* How it ended.  Once for each THROTTLE_GO. */
void throttle_tell(struct throttle *t, const struct throttle_key *key,
    enum throttle_outcome how, int64_t now_ns);

/* That somebody else has decided: one that was told as void. */
void throttle_tell_late(struct throttle *t, const struct throttle_key *key,
    bool is_right, int64_t now_ns);

/* Since the beginning. */
struct throttle_stats throttle_stats(struct throttle *t);

#endif /* AUTH_THROTTLE_H */
