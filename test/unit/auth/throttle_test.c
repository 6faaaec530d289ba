/* throttle_test.c - attackers are slowed, neighbours are not locked out.
 *
 * The clock is ours.  An attacker is a loop that tries whenever it may; what
 * counts is how many attempts got as far as the password, and how long someone
 * honest takes to get in meanwhile.
 */
#include "auth/throttle.h"

#include <pthread.h>

#include "base/clock.h"
#include "check.h"

#define T0       (1000 * NS_PER_S)
#define PATIENCE NS_PER_S

static struct throttle_key key_of(struct throttle *t, unsigned host,
    const char *user)
{
	uint8_t ip[4] = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8),
		(uint8_t)host };

	return throttle_key(t, ip, false, slice_str(user));
}

static enum throttle_verdict ask_at(struct throttle *t,
    const struct throttle_key *k, int64_t now)
{
	int64_t wait = 0;
	enum throttle_verdict v = throttle_ask(t, k, false, PATIENCE, now,
	    &wait);

	CHECK((v == THROTTLE_WAIT) == (wait > 0));
	CHECK(wait <= NS_PER_S);
	return v;
}

/* true: it came as far as the password, which was wrong. */
static bool fail_at(struct throttle *t, const struct throttle_key *k,
    int64_t now)
{
	if (ask_at(t, k, now) != THROTTLE_GO)
		return false;
	throttle_tell(t, k, THROTTLE_WRONG, now);
	return true;
}

/* How many of its attempts, one a millisecond, came as far as the password. */
static int attack(struct throttle *t, const struct throttle_key *k,
    int64_t from, int64_t ns)
{
	int n = 0;

	for (int64_t now = from; now < from + ns; now += NS_PER_MS)
		n += fail_at(t, k, now);
	return n;
}

TEST(five_failures_are_free_and_then_there_is_one_a_second)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");

	for (int i = 0; i < 5; i++)
		CHECK(fail_at(t, &k, T0), "failure %d", i);
	CHECK_INT(ask_at(t, &k, T0), THROTTLE_WAIT);
	CHECK_INT(attack(t, &k, T0, 100 * NS_PER_S), 99);
	throttle_destroy(t);
}

TEST(a_wait_is_as_long_as_it_says)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");
	int64_t             wait = 0;

	for (int i = 0; i < 5; i++)
		fail_at(t, &k, T0);
	CHECK_INT(throttle_ask(t, &k, false, PATIENCE, T0, &wait),
	    THROTTLE_WAIT);
	CHECK_INT(ask_at(t, &k, T0 + wait - 1), THROTTLE_WAIT);
	CHECK_INT(ask_at(t, &k, T0 + wait), THROTTLE_GO);
	throttle_destroy(t);
}

TEST(who_waited_in_vain_is_refused)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");
	int64_t             wait = 0, now = T0 + NS_PER_S;

	for (int i = 0; i < 5; i++)
		fail_at(t, &k, T0);
	CHECK_INT(throttle_ask(t, &k, true, PATIENCE, now, &wait), THROTTLE_GO);
	CHECK_INT(throttle_ask(t, &k, true, PATIENCE, now, &wait),
	    THROTTLE_REFUSE);
	CHECK_INT(throttle_stats(t).n_refused, 1);
	throttle_destroy(t);
}

TEST(right_passwords_are_never_hindered)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");

	for (int i = 0; i < 10000; i++) {
		CHECK_INT(ask_at(t, &k, T0), THROTTLE_GO, "login %d", i);
		throttle_tell(t, &k, THROTTLE_RIGHT, T0);
	}
	CHECK_INT(throttle_stats(t).n_delayed, 0);
	throttle_destroy(t);
}

TEST(other_sources_do_not_notice)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key bad = key_of(t, 1, "eve");
	struct throttle_key good = key_of(t, 2, "derek");

	attack(t, &bad, T0, 20 * NS_PER_S);
	CHECK_INT(ask_at(t, &good, T0 + 20 * NS_PER_S), THROTTLE_GO);
	throttle_destroy(t);
}

TEST(who_was_in_before_gets_in_beside_an_attacker)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key bad = key_of(t, 1, "root");
	struct throttle_key good = key_of(t, 1, "derek");
	int64_t             then = T0 + 19 * NS_PER_S + NS_PER_S / 2;

	ask_at(t, &good, T0);
	throttle_tell(t, &good, THROTTLE_RIGHT, T0);
	attack(t, &bad, T0, 20 * NS_PER_S);
	CHECK_INT(ask_at(t, &bad, then), THROTTLE_WAIT);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(ask_at(t, &good, then), THROTTLE_GO);
		throttle_tell(t, &good, THROTTLE_RIGHT, then);
	}
	throttle_destroy(t);
}

TEST(to_guess_for_who_was_in_before_is_no_faster)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");

	ask_at(t, &k, T0);
	throttle_tell(t, &k, THROTTLE_RIGHT, T0);
	CHECK_INT(attack(t, &k, T0, 100 * NS_PER_S), 5 + 99);
	throttle_destroy(t);
}

TEST(a_source_is_free_soon_after_the_attack)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key bad = key_of(t, 1, "root");
	struct throttle_key new = key_of(t, 1, "derek");

	attack(t, &bad, T0, 3600 * NS_PER_S);
	CHECK_INT(ask_at(t, &new, T0 + 3601 * NS_PER_S), THROTTLE_GO);
	throttle_destroy(t);
}

TEST(many_sources_against_one_user_make_it_wait_and_never_lock_it_out)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key good = key_of(t, 60000, "derek");
	int64_t             wait = 0;

	for (unsigned i = 0; i < 50; i++) {
		struct throttle_key bad = key_of(t, i, "derek");

		throttle_ask(t, &bad, true, PATIENCE, T0, &wait);
		throttle_tell(t, &bad, THROTTLE_WRONG, T0);
	}
	CHECK_INT(throttle_ask(t, &good, false, PATIENCE, T0, &wait),
	    THROTTLE_WAIT);
	CHECK_INT(wait, NS_PER_S);
	CHECK_INT(throttle_ask(t, &good, false, 1000, T0, &wait),
	    THROTTLE_WAIT);
	CHECK_INT(wait, 1000, "no longer than it has patience");
	CHECK_INT(throttle_ask(t, &good, true, PATIENCE, T0, &wait),
	    THROTTLE_GO, "once is enough");
	throttle_destroy(t);
}

TEST(many_at_once_are_not_many_free_guesses)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");
	int                 n = 0;

	while (n < 1000 && ask_at(t, &k, T0) == THROTTLE_GO)
		n++;
	CHECK_INT(n, 32, "under way at once");
	throttle_tell(t, &k, THROTTLE_VOID, T0);
	CHECK_INT(ask_at(t, &k, T0), THROTTLE_GO, "one came back");
	throttle_tell(t, &k, THROTTLE_WRONG, T0);
	CHECK(ask_at(t, &k, T0) != THROTTLE_GO, "those may all be wrong");
	for (int i = 0; i < 31; i++)
		throttle_tell(t, &k, THROTTLE_RIGHT, T0);
	CHECK_INT(ask_at(t, &k, T0), THROTTLE_GO, "but were right");
	throttle_destroy(t);
}

TEST(what_another_decides_late_counts_all_the_same)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key k = key_of(t, 1, "derek");

	for (int i = 0; i < 5; i++) {
		CHECK_INT(ask_at(t, &k, T0), THROTTLE_GO);
		throttle_tell(t, &k, THROTTLE_VOID, T0);
		throttle_tell_late(t, &k, false, T0);
	}
	CHECK_INT(ask_at(t, &k, T0), THROTTLE_WAIT);
	throttle_tell_late(t, &k, true, T0 + 5 * NS_PER_S);
	CHECK_INT(ask_at(t, &k, T0 + 5 * NS_PER_S), THROTTLE_GO);
	throttle_destroy(t);
}

TEST(an_ip6_source_is_its_network)
{
	struct throttle    *t = throttle_create(5);
	uint8_t             a[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2, 3 };
	uint8_t             b[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2, 9, 9 };
	uint8_t             c[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 3 };
	struct slice        me = SLICE("me");
	struct throttle_key ka = throttle_key(t, a, true, me);
	struct throttle_key kb = throttle_key(t, b, true, me);
	struct throttle_key kc = throttle_key(t, c, true, me);
	struct throttle_key k4 = throttle_key(t, a, false, me);

	CHECK(ka.source == kb.source && ka.pair == kb.pair);
	CHECK(ka.source != kc.source && ka.pair != kc.pair);
	CHECK(ka.source != k4.source && ka.user == k4.user);
	CHECK(ka.user != throttle_key(t, a, true, SLICE("you")).user);
	CHECK(ka.user != throttle_key(t, a, true, SLICE_NONE).user);
	throttle_destroy(t);
}

TEST(a_botnet_has_one_guess_each)
{
	struct throttle *t = throttle_create(5);
	unsigned         n = 0;
	int64_t          wait;

	for (unsigned i = 0; i < 2000; i++) {
		struct throttle_key k = key_of(t, i, "x");

		throttle_ask(t, &k, true, PATIENCE, T0, &wait);
		throttle_tell(t, &k, THROTTLE_WRONG, T0);
	}
	for (unsigned i = 1990; i < 2000; i++) {
		struct throttle_key k = key_of(t, i, "x");

		n += throttle_ask(t, &k, true, PATIENCE, T0, &wait) ==
		    THROTTLE_GO;
	}
	/* where many keys meet in one place one may have been forgotten */
	CHECK(n <= 4, "%u of 10 are not known any more", n);
	throttle_destroy(t);
}

TEST(what_does_not_fit_is_forgotten_and_the_worst_last)
{
	struct throttle    *t = throttle_create(5);
	struct throttle_key bad = key_of(t, 1, "eve");
	int64_t             wait;

	attack(t, &bad, T0, NS_PER_S);
	for (unsigned i = 100; i < 100100; i++) {
		struct throttle_key k = key_of(t, i, "");

		if (throttle_ask(t, &k, true, PATIENCE, T0, &wait) ==
		    THROTTLE_GO)
			throttle_tell(t, &k, THROTTLE_WRONG, T0);
	}
	CHECK(ask_at(t, &bad, T0) != THROTTLE_GO);
	CHECK_INT(throttle_stats(t).n_wrong, 100000 + 5);
	throttle_destroy(t);
}

/* ---- several threads ------------------------------------------------------ */

enum { THREADS = 4 };

static void *attack_again(void *ctx)
{
	struct throttle    *t = ctx;
	struct throttle_key k = key_of(t, 1, "derek");
	int64_t             n = 0;

	for (int64_t now = T0; now < T0 + 20 * NS_PER_S; now += NS_PER_MS)
		n += fail_at(t, &k, now);
	return (void *)(intptr_t)n;
}

TEST(threads_share_the_allowance)
{
	struct throttle *t = throttle_create(5);
	pthread_t        id[THREADS];
	int64_t          sum = 0;
	void            *n;

	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&id[i], NULL, attack_again, t), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(id[i], &n);
		sum += (intptr_t)n;
	}
	CHECK(sum >= 5 && sum <= 25 + THREADS, "%lld", (long long)sum);
	CHECK_INT(throttle_stats(t).n_wrong, sum);
	throttle_destroy(t);
}
