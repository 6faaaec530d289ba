/* test/stress/sublist_stress.c - the sublist between threads.
 *
 * Readers find, through a match cache and without, while writers insert and
 * remove so that tables grow, split, merge and vanish, members become arrays
 * and single again, branches come and go.  A reader checks of every answer:
 *
 * - each subscription in it matches the subject, once, and has not been freed
 *   (a freed one is poisoned, and kept a while so that this can be seen);
 * - all permanent ones that match are in it;
 * - each one that was announced, which a writer does after its insert has
 *   returned, and was not withdrawn until after the find, is in it.
 *
 * Two mutants must fail, or the test proves nothing: STRESS_MUTANT_STAMP links
 * a sublist that raises the stamp before the change, STRESS_MUTANT_FREE frees
 * without waiting for the readers.
 *
 *     sublist_stress [seconds, 3]
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/hash.h"
#include "base/list.h"
#include "core/match.h"
#include "core/sub.h"
#include "core/sublist.h"
#include "proto/subject.h"

enum {
	READERS    = 3,
	WRITERS    = 2,
	SLOTS      = 1500,	/* for each writer */
	SUBJECTS   = 24,
	PATTERNS   = 1024,
	PERMANENT  = 40,
	SECTION    = 20,	/* finds in an epoch section */
	PROBES     = 40,	/* announcements checked with each find */
	KEPT       = 4096,	/* freed ones, by each thread */
	ALIVE      = 0x5afe5afe,
	DEAD       = 0x0dead0de,
	TEXT       = 24,
};

/* A subscription.  name is its announcement: number << 16 | pattern. */
struct member {
	struct sub         sub;
	uint32_t           magic;
	uint32_t           slot;	/* PERMANENT first, then the writers' */
	uint64_t           name;
	struct epoch_entry retired;
};

static char            subjects[SUBJECTS][TEXT];
static char            patterns[PATTERNS][TEXT];
static bool            matches[PATTERNS][SUBJECTS];
static struct sublist *list;
static struct member  *permanent[PERMANENT];
static unsigned        n_permanent[SUBJECTS];

/* What each slot has announced; 0: nothing. */
static uint64_t announced[PERMANENT + WRITERS * SLOTS];
static bool     is_over;

static _Thread_local uint64_t       dice;
static _Thread_local struct member *kept[KEPT];
static _Thread_local unsigned       n_kept;

static unsigned below(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 33) % n);
}

static void wrong(const char *what, uint64_t name, unsigned subject)
{
	fprintf(stderr, "%s: %s (number %llu) for %s\n", what,
	    patterns[name & 0xffff], (unsigned long long)name >> 16,
	    subjects[subject]);
	exit(1);
}

/* ---- the world ---------------------------------------------------------- */

static void make_texts(void)
{
	for (unsigned i = 0; i < SUBJECTS; i++)
		snprintf(subjects[i], TEXT, "s.%u.x", i);
	for (unsigned i = 0; i < PATTERNS; i++) {
		unsigned nr = i / 16 % SUBJECTS;

		/* Half of them match no subject: they make the tables work. */
		switch (i % 16) {
		case 0: snprintf(patterns[i], TEXT, "s.%u.x", nr); break;
		case 1: snprintf(patterns[i], TEXT, "s.%u.*", nr); break;
		case 2: snprintf(patterns[i], TEXT, "s.%u.>", nr); break;
		case 3: snprintf(patterns[i], TEXT, "*.%u.x", nr); break;
		case 4: snprintf(patterns[i], TEXT, "*.%u.>", nr); break;
		case 5: snprintf(patterns[i], TEXT, "s.*.%c", "xy"[nr % 2]); break;
		case 6: snprintf(patterns[i], TEXT, "s.%u.x", nr % 2); break;
		case 7: snprintf(patterns[i], TEXT, "s.%u.x.%u", nr, i); break;
		case 8: snprintf(patterns[i], TEXT, "s.%u.*.%u", nr, i); break;
		default: snprintf(patterns[i], TEXT, "b.%u", i); break;
		}
		for (unsigned k = 0; k < SUBJECTS; k++)
			matches[i][k] = subject_matches(slice_str(subjects[k]),
			    slice_str(patterns[i]));
	}
}

static struct member *member_create(uint32_t slot, uint64_t name)
{
	struct member *m = calloc(1, sizeof *m);

	if (m == NULL)
		abort();
	m->magic = ALIVE;
	m->slot = slot;
	m->name = name;
	m->sub.worker = (uint16_t)below(4);
	if (below(3) == 0)
		m->sub.queue = below(2) ? SLICE("q1") : SLICE("q2");
	return m;
}

static void insert(struct epoch_thread *e, struct member *m)
{
	if (sublist_insert(list, e, &m->sub,
	    slice_str(patterns[m->name & 0xffff])) != 0)
		abort();
}

/* Poison it, and really free one that was poisoned long ago. */
static void member_release(struct epoch_entry *e)
{
	struct member *m = CONTAINER_OF(e, struct member, retired);

	ck_pr_store_32(&m->magic, DEAD);
	free(kept[n_kept % KEPT]);
	kept[n_kept++ % KEPT] = m;
}

static void remove_member(struct epoch_thread *e, struct member *m)
{
	sublist_remove(list, e, &m->sub);
#ifdef STRESS_MUTANT_FREE
	member_release(&m->retired);
#else
	epoch_defer(e, &m->retired, member_release);
#endif
}

static void make_permanent(struct epoch_thread *e)
{
	for (unsigned i = 0; i < PERMANENT; i++) {
		uint64_t nr = (uint64_t)(i * 5) % PATTERNS;

		permanent[i] = member_create(i, 1u << 16 | nr);
		insert(e, permanent[i]);
		announced[i] = permanent[i]->name;
		for (unsigned k = 0; k < SUBJECTS; k++)
			n_permanent[k] += matches[nr][k];
	}
}

/* ---- writers ------------------------------------------------------------ */

static void withdraw(struct epoch_thread *e, uint64_t *word, struct member *m)
{
	__atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
	remove_member(e, m);
}

static void *writer(void *arg)
{
	unsigned             nr = (unsigned)(uintptr_t)arg;
	uint64_t            *words = &announced[PERMANENT + nr * SLOTS];
	struct member      **mine = calloc(SLOTS, sizeof *mine);
	struct epoch_thread *e = epoch_join();
	uint64_t             n = 2, n_ops = 0;
	unsigned             n_slots = SLOTS;

	dice = 7777 + nr;
	for (; !__atomic_load_n(&is_over, __ATOMIC_RELAXED); n_ops++) {
		unsigned k = below(n_slots);

		/* Now and then few slots, so that everything shrinks. */
		if (n_ops % 8192 == 0)
			n_slots = n_slots == SLOTS ? 8 : SLOTS;
		if (n_slots == 8 && n_ops % 8192 < SLOTS)
			k = (unsigned)(n_ops % 8192);
		if (mine[k] != NULL) {
			withdraw(e, &words[k], mine[k]);
			mine[k] = NULL;
		} else if (n_slots == SLOTS || k < 8) {
			mine[k] = member_create(PERMANENT + nr * SLOTS + k,
			    n++ << 16 | below(PATTERNS));
			insert(e, mine[k]);
			__atomic_store_n(&words[k], mine[k]->name,
			    __ATOMIC_SEQ_CST);
		}
		if (n_ops % 32 == 0)
			epoch_reclaim(e);
	}
	for (unsigned k = 0; k < SLOTS; k++)
		if (mine[k] != NULL)
			withdraw(e, &words[k], mine[k]);
	epoch_leave(e);
	for (unsigned k = 0; k < KEPT; k++)
		free(kept[k]);
	free(mine);
	return (void *)(uintptr_t)n_ops;
}

/* ---- readers ------------------------------------------------------------ */

struct reader {
	struct match_cache *cache;
	struct match_set    set;
	uint64_t            nr;		/* of the find */
	unsigned            subject;

	/* By slot: the find that met it last, and under what name. */
	uint64_t met[PERMANENT + WRITERS * SLOTS];
	uint64_t name[PERMANENT + WRITERS * SLOTS];
	unsigned n_permanent;
};

static void meet(struct reader *r, struct sub *sub)
{
	struct member *m = CONTAINER_OF(sub, struct member, sub);

	if (ck_pr_load_32(&m->magic) != ALIVE)
		wrong("freed, and found", m->name, r->subject);
	if (!matches[m->name & 0xffff][r->subject])
		wrong("does not match", m->name, r->subject);
	if (r->met[m->slot] == r->nr && r->name[m->slot] == m->name)
		wrong("found twice", m->name, r->subject);
	r->met[m->slot] = r->nr;
	r->name[m->slot] = m->name;
	r->n_permanent += m->slot < PERMANENT;
}

static void find_cached(struct reader *r)
{
	const struct match *m = match_find(r->cache, list,
	    slice_str(subjects[r->subject]));

	for (uint32_t i = 0; i < m->n_plain; i++)
		meet(r, m->plain[i]);
	for (uint32_t g = 0; g < m->n_groups; g++)
		for (uint32_t i = 0; i < m->groups[g].n; i++)
			meet(r, m->groups[g].subs[i]);
}

static void find_plainly(struct reader *r)
{
	r->set.n = 0;
	sublist_find(list, slice_str(subjects[r->subject]), &r->set);
	for (size_t i = 0; i < r->set.n; i++)
		meet(r, r->set.subs[i]);
}

static void find_and_check(struct reader *r)
{
	unsigned first = below(PERMANENT + WRITERS * SLOTS - PROBES);
	uint64_t before[PROBES];

	r->nr++;
	r->n_permanent = 0;
	r->subject = below(SUBJECTS);
	for (unsigned i = 0; i < PROBES; i++)
		before[i] = __atomic_load_n(&announced[first + i],
		    __ATOMIC_SEQ_CST);
	if (below(4) != 0)
		find_cached(r);
	else
		find_plainly(r);
	if (r->n_permanent != n_permanent[r->subject])
		wrong("a permanent one is missing", 0, r->subject);
	for (unsigned i = 0; i < PROBES; i++) {
		uint64_t name = __atomic_load_n(&announced[first + i],
		    __ATOMIC_SEQ_CST);
		unsigned slot = first + i;

		if (name == 0 || name != before[i] ||
		    !matches[name & 0xffff][r->subject])
			continue;
		if (r->met[slot] != r->nr || r->name[slot] != name)
			wrong("announced, and missing", name, r->subject);
	}
}

static void *reader(void *arg)
{
	struct reader       *r = calloc(1, sizeof *r);
	struct epoch_thread *e = epoch_join();
	uint64_t             n;

	dice = 1000003 * (1 + (uint64_t)(uintptr_t)arg);
	r->cache = match_cache_create(64);
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		epoch_begin(e);
		for (unsigned i = 0; i < SECTION; i++)
			find_and_check(r);
		epoch_end(e);
		epoch_reclaim(e);
	}
	n = r->nr;
	epoch_leave(e);
	match_cache_destroy(r->cache);
	match_set_fini(&r->set);
	free(r);
	return (void *)(uintptr_t)n;
}

/* ---- all together ------------------------------------------------------- */

int main(int argc, char **argv)
{
	long                 seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 3;
	int64_t              end = clock_ns() + seconds * NS_PER_S;
	struct epoch_thread *e;
	pthread_t            threads[READERS + WRITERS];
	uint64_t             n[2] = { 0, 0 };

	hash_init();
	dice = 42;
	e = epoch_join();
	make_texts();
	list = sublist_create();
	make_permanent(e);
	for (unsigned i = 0; i < READERS + WRITERS; i++)
		if (pthread_create(&threads[i], NULL,
		    i < READERS ? reader : writer,
		    (void *)(uintptr_t)(i < READERS ? i : i - READERS)) != 0)
			abort();
	while (clock_ns() < end)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < READERS + WRITERS; i++) {
		void *count;

		pthread_join(threads[i], &count);
		n[i >= READERS] += (uintptr_t)count;
	}
	for (unsigned i = 0; i < PERMANENT; i++)
		remove_member(e, permanent[i]);
	epoch_leave(e);
	for (unsigned k = 0; k < KEPT; k++)
		free(kept[k]);
	sublist_destroy(list);
	printf("%llu finds, %llu changes\n", (unsigned long long)n[0],
	    (unsigned long long)n[1]);
	return 0;
}
