/* core/replies.c - open replies: a hash table with a list through it by age.
 *
 * All grants of a session live equally long, so the list in the order of
 * granting is also in the order of expiry: each grant first lets go of what
 * has expired at the old end, and nothing ever scans.  A grant that is used up
 * goes at once.  nats-server keeps both until a sweep; a peer cannot tell.
 */
#include "core/replies.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/list.h"
#include "core/permissions.h"

struct grant {
	struct list   age;
	struct grant *next;		/* in its bucket */
	uint64_t      hash;
	int64_t       granted_ns;
	int64_t       n_used;
	size_t        n;
	char          subject[];
};

struct reply_table {
	struct list    oldest;		/* head of the list by age */
	size_t         n, n_buckets;	/* a power of two */
	size_t         bytes;
	struct grant **buckets;
};

enum { FIRST_BUCKETS = 16 };

static size_t grant_bytes(size_t subject_bytes)
{
	return sizeof(struct grant) + subject_bytes + sizeof(struct grant *);
}

static struct grant **bucket_of(struct reply_table *t, uint64_t hash)
{
	return &t->buckets[hash & (t->n_buckets - 1)];
}

/* The link that points to the grant; to NULL when there is none. */
static struct grant **find_grant(struct reply_table *t, uint64_t hash,
    struct slice subject)
{
	struct grant **at = bucket_of(t, hash);

	while (*at != NULL && ((*at)->hash != hash ||
	    !slice_eq(slice_of((*at)->subject, (*at)->n), subject)))
		at = &(*at)->next;
	return at;
}

static void drop_grant(struct reply_table *t, struct grant **at)
{
	struct grant *g = *at;

	*at = g->next;
	list_remove(&g->age);
	t->n--;
	t->bytes -= grant_bytes(g->n);
	free(g);
}

static struct grant *oldest_grant(struct reply_table *t)
{
	return CONTAINER_OF(t->oldest.next, struct grant, age);
}

static void drop_oldest(struct reply_table *t)
{
	struct grant *g = oldest_grant(t);

	drop_grant(t, find_grant(t, g->hash, slice_of(g->subject, g->n)));
}

static bool is_expired(const struct grant *g, int64_t ttl_ns, int64_t now_ns)
{
	return ttl_ns > 0 && now_ns - g->granted_ns > ttl_ns;
}

static void make_room(struct reply_table *t, size_t subject_bytes,
    int64_t ttl_ns, int64_t now_ns)
{
	while (t->n > 0 && (is_expired(oldest_grant(t), ttl_ns, now_ns) ||
	    t->bytes + grant_bytes(subject_bytes) > REPLIES_BYTES_MAX))
		drop_oldest(t);
}

static struct reply_table *create_table(void)
{
	struct reply_table *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->buckets = calloc(FIRST_BUCKETS, sizeof *t->buckets);
	if (t->buckets == NULL) {
		free(t);
		return NULL;
	}
	t->n_buckets = FIRST_BUCKETS;
	list_init(&t->oldest);
	return t;
}

/* Without memory the chains just grow longer. */
static void grow_table(struct reply_table *t)
{
	size_t         n = t->n_buckets * 2;
	struct grant **buckets = calloc(n, sizeof *buckets);

	if (buckets == NULL)
		return;
	free(t->buckets);
	t->buckets = buckets;
	t->n_buckets = n;
	LIST_EACH(l, &t->oldest) {
		struct grant  *g = CONTAINER_OF(l, struct grant, age);
		struct grant **at = bucket_of(t, g->hash);

		g->next = *at;
		*at = g;
	}
}

static void add_grant(struct reply_table *t, uint64_t hash,
    struct slice reply, int64_t now_ns)
{
	struct grant  *g = malloc(sizeof *g + reply.n);
	struct grant **at;

	if (g == NULL)
		return;
	if (t->n >= t->n_buckets)
		grow_table(t);
	at = bucket_of(t, hash);
	*g = (struct grant){ .next = *at, .hash = hash, .granted_ns = now_ns,
		.n = reply.n };
	memcpy(g->subject, reply.p, reply.n);
	*at = g;
	list_append(&t->oldest, &g->age);
	t->n++;
	t->bytes += grant_bytes(reply.n);
}

void replies_grant(struct reply_grants *g, const struct permissions *p,
    struct slice reply, int64_t now_ns)
{
	int64_t        max, ttl_ns;
	uint64_t       hash;
	struct grant **at;

	if (reply.n == 0 || reply.n > REPLIES_BYTES_MAX / 2 ||
	    !permissions_responses(p, &max, &ttl_ns) ||
	    permissions_may_publish(p, reply))
		return;
	if (g->table == NULL && (g->table = create_table()) == NULL)
		return;

	hash = hash_slice(reply);
	at = find_grant(g->table, hash, reply);
	if (*at != NULL)
		drop_grant(g->table, at);
	make_room(g->table, reply.n, ttl_ns, now_ns);
	add_grant(g->table, hash, reply, now_ns);
}

bool replies_may_use(struct reply_grants *g, const struct permissions *p,
    struct slice subject, int64_t now_ns)
{
	int64_t        max, ttl_ns;
	struct grant **at;

	if (g->table == NULL || !permissions_responses(p, &max, &ttl_ns))
		return false;
	at = find_grant(g->table, hash_slice(subject), subject);
	if (*at == NULL)
		return false;
	if (is_expired(*at, ttl_ns, now_ns)) {
		drop_grant(g->table, at);
		return false;
	}
	(*at)->n_used++;
	if (max > 0 && (*at)->n_used >= max)
		drop_grant(g->table, at);
	return true;
}

size_t replies_count(const struct reply_grants *g)
{
	return g->table == NULL ? 0 : g->table->n;
}

void replies_fini(struct reply_grants *g)
{
	if (g->table == NULL)
		return;
	while (g->table->n > 0)
		drop_oldest(g->table);
	free(g->table->buckets);
	free(g->table);
	g->table = NULL;
}
