/* auth/throttle.c - debts of failures, in tables of fixed size.
 *
 * A debt is the time at which all failures are paid off; each adds a second,
 * and time passing pays.  So "five at once, then one a second" is: an attempt
 * may be made while the debt is at most four seconds.  Attempts that are under
 * way (bcrypt takes long) count as failures until they end, once there is a
 * debt at all; without one, so many may be under way that a thousand clients
 * which come back at once need no more than a few rounds.
 *
 * The tables are of eight-way sets, chosen by a keyed hash.  A full set forgets
 * whom it is safest to forget: the smallest debt, the oldest acquaintance.
 * Acquaintances have a table of their own, or a site with many users would
 * push out the attackers.
 *
 * When all sources together fail more than a hundred times a second for a
 * while (a botnet), a source that has failed once has had its share.
 *
 * One mutex; it is held for a few lookups, on logins only.
 */
#include "auth/throttle.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

enum {
	WAYS             = 8,
	SETS             = 512,	/* of each table */
	UNDER_WAY_MAX    = 32,	/* of a source without a debt */
	USER_FAILURES    = 10,	/* free, of a user name */
	ALL_FAILURES_MAX = 500,	/* of everybody, at once */
};
#define COST_NS      (1 * NS_PER_S)		/* of a failure */
#define COST_ALL_NS  (10 * NS_PER_MS)		/* for everybody's debt */
#define WAIT_MAX_NS  (1 * NS_PER_S)		/* longer: refused */
#define BUSY_WAIT_NS (50 * NS_PER_MS)
#define FRIEND_NS    (24 * 3600 * NS_PER_S)	/* how long one is remembered */

struct entry {
	uint64_t key;		/* 0: free */
	int64_t  paid_ns;	/* when its failures are paid off */
	int64_t  until_ns;	/* of an acquaintance: when it is none any more */
	uint32_t n_under_way;
};

struct throttle {
	pthread_mutex_t       lock;
	unsigned              failures_max;
	int64_t               all_paid_ns;
	struct throttle_stats stats;
	uint8_t               secret[crypto_shorthash_KEYBYTES];
	struct entry          debts[SETS][WAYS];
	struct entry          friends[SETS][WAYS];
};

struct throttle *throttle_create(unsigned failures_max)
{
	struct throttle *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	t->failures_max = failures_max > 0 ? failures_max : 1;
	random_bytes(t->secret, sizeof t->secret);
	return t;
}

void throttle_destroy(struct throttle *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* ---- keys ----------------------------------------------------------------- */

static uint64_t hash(const struct throttle *t, const void *p, size_t n)
{
	uint8_t  out[crypto_shorthash_BYTES];
	uint64_t h;

	crypto_shorthash(out, p, n, t->secret);
	memcpy(&h, out, sizeof h);
	return h == 0 ? 1 : h;
}

struct throttle_key throttle_key(const struct throttle *t, const uint8_t *ip,
    bool is_ip6, struct slice name)
{
	/* What kind of key, the network, the name's hash. */
	uint8_t             text[1 + 8 + 8] = { is_ip6 ? 'S' : 's' };
	size_t              n_ip = is_ip6 ? 8 : 4;
	struct throttle_key k;

	memcpy(text + 1, ip, n_ip);
	k.source = hash(t, text, 1 + n_ip);
	k.user = hash(t, name.n > 0 ? name.p : "", name.n);
	text[0] = is_ip6 ? 'P' : 'p';
	memcpy(text + 9, &k.user, sizeof k.user);
	k.pair = hash(t, text, sizeof text);
	return k;
}

/* ---- tables --------------------------------------------------------------- */

static struct entry *find(struct entry (*table)[WAYS], uint64_t key)
{
	struct entry *set = table[key % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/* The larger, the worse to forget. */
static int64_t weight(const struct entry *e)
{
	if (e->key == 0)
		return INT64_MIN;
	return e->until_ns != 0 ? e->until_ns
	    : e->paid_ns + e->n_under_way * COST_NS;
}

static struct entry *find_or_add(struct entry (*table)[WAYS], uint64_t key)
{
	struct entry *set = table[key % SETS], *least = set;
	struct entry *e = find(table, key);

	if (e != NULL)
		return e;
	for (int i = 1; i < WAYS; i++)
		if (weight(&set[i]) < weight(least))
			least = &set[i];
	*least = (struct entry){ .key = key };
	return least;
}

/* ---- debts ---------------------------------------------------------------- */

static void owe(int64_t *paid_ns, int64_t cost_ns, int64_t now)
{
	*paid_ns = (*paid_ns > now ? *paid_ns : now) + cost_ns;
}

/* How long until one more failure fits beside failures_max of them; 0 and
 * less: it does now. */
static int64_t excess(const struct entry *e, unsigned failures_max, int64_t now)
{
	int64_t room = (int64_t)(failures_max - 1) * COST_NS;

	if (e->paid_ns <= now)
		return e->n_under_way < UNDER_WAY_MAX ? 0 : BUSY_WAIT_NS;
	return e->paid_ns + e->n_under_way * COST_NS - now - room;
}

static unsigned share(const struct throttle *t, int64_t now)
{
	return t->all_paid_ns - now > ALL_FAILURES_MAX * COST_ALL_NS ? 1
	    : t->failures_max;
}

static bool is_friend(const struct entry *e, int64_t now)
{
	return e != NULL && e->until_ns > now;
}

/* How long the source has to wait; the user may not count. */
static int64_t source_wait(struct throttle *t, const struct throttle_key *k,
    int64_t now)
{
	const struct entry *e = find(t->debts, k->source);

	return e == NULL ? 0 : excess(e, share(t, now), now);
}

static int64_t user_wait(struct throttle *t, const struct throttle_key *k,
    int64_t patience, int64_t now)
{
	const struct entry *e = find(t->debts, k->user);
	int64_t             wait = e == NULL ? 0
	    : e->paid_ns - now - (USER_FAILURES - 1) * COST_NS;

	if (wait > WAIT_MAX_NS)
		wait = WAIT_MAX_NS;
	return wait < patience ? wait : patience;
}

/* An attempt is under way; it came back. */
static void set_out(struct throttle *t, const struct throttle_key *k)
{
	struct entry *known = find(t->friends, k->pair);

	find_or_add(t->debts, k->source)->n_under_way++;
	if (known != NULL)
		known->n_under_way++;
}

static void come_back(struct throttle *t, const struct throttle_key *k)
{
	struct entry *e = find(t->debts, k->source);
	struct entry *known = find(t->friends, k->pair);

	/* Either may have been forgotten meanwhile, or be new. */
	if (e != NULL && e->n_under_way > 0)
		e->n_under_way--;
	if (known != NULL && known->n_under_way > 0)
		known->n_under_way--;
}

static enum throttle_verdict judge(struct throttle *t,
    const struct throttle_key *k, bool has_waited, int64_t patience,
    int64_t now, int64_t *wait)
{
	const struct entry *known = find(t->friends, k->pair);

	if (is_friend(known, now) && excess(known, t->failures_max, now) <= 0)
		return THROTTLE_GO;
	*wait = source_wait(t, k, now);
	if (*wait <= 0 && !has_waited)
		*wait = user_wait(t, k, patience, now);
	if (*wait <= 0)
		return THROTTLE_GO;
	/* Of those that waited for the same second one is heard. */
	return *wait <= (has_waited ? BUSY_WAIT_NS : WAIT_MAX_NS)
	    ? THROTTLE_WAIT : THROTTLE_REFUSE;
}

enum throttle_verdict throttle_ask(struct throttle *t,
    const struct throttle_key *key, bool has_waited, int64_t patience_ns,
    int64_t now_ns, int64_t *wait_ns)
{
	enum throttle_verdict v;
	int64_t               wait;

	pthread_mutex_lock(&t->lock);
	v = judge(t, key, has_waited, patience_ns, now_ns, &wait);
	if (v == THROTTLE_GO)
		set_out(t, key);
	t->stats.n_delayed += v == THROTTLE_WAIT;
	t->stats.n_refused += v == THROTTLE_REFUSE;
	pthread_mutex_unlock(&t->lock);
	if (v == THROTTLE_WAIT)
		*wait_ns = wait;
	return v;
}

/* ---- how it ended --------------------------------------------------------- */

static void note_wrong(struct throttle *t, const struct throttle_key *k,
    int64_t now)
{
	struct entry *known = find(t->friends, k->pair);

	t->stats.n_wrong++;
	owe(&find_or_add(t->debts, k->source)->paid_ns, COST_NS, now);
	owe(&find_or_add(t->debts, k->user)->paid_ns, COST_NS, now);
	owe(&t->all_paid_ns, COST_ALL_NS, now);
	if (known != NULL)
		owe(&known->paid_ns, COST_NS, now);
}

static void note_right(struct throttle *t, const struct throttle_key *k,
    int64_t now)
{
	find_or_add(t->friends, k->pair)->until_ns = now + FRIEND_NS;
}

void throttle_tell(struct throttle *t, const struct throttle_key *key,
    enum throttle_outcome how, int64_t now_ns)
{
	pthread_mutex_lock(&t->lock);
	come_back(t, key);
	if (how == THROTTLE_RIGHT)
		note_right(t, key, now_ns);
	else if (how == THROTTLE_WRONG)
		note_wrong(t, key, now_ns);
	pthread_mutex_unlock(&t->lock);
}

void throttle_tell_late(struct throttle *t, const struct throttle_key *key,
    bool is_right, int64_t now_ns)
{
	pthread_mutex_lock(&t->lock);
	(is_right ? note_right : note_wrong)(t, key, now_ns);
	pthread_mutex_unlock(&t->lock);
}

struct throttle_stats throttle_stats(struct throttle *t)
{
	struct throttle_stats s;

	pthread_mutex_lock(&t->lock);
	s = t->stats;
	pthread_mutex_unlock(&t->lock);
	return s;
}
