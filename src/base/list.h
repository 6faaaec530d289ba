/* base/list.h - a doubly linked list whose links live in the things listed.
 *
 * The list is a ring with a head that is no element.  A zeroed link is in no
 * list, and so may be removed again without harm.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* The struct of this type whose member is at p. */
#define CONTAINER_OF(p, type, member) \
	((type *)(void *)((char *)(p) - offsetof(type, member)))

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline bool list_is_linked(const struct list *l)
{
	return l->next != NULL;
}

static inline void list_append(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void list_remove(struct list *l)
{
	if (l->next == NULL)
		return;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->next = l->prev = NULL;
}

/* The first link, taken off; NULL when empty. */
static inline struct list *list_take(struct list *head)
{
	struct list *l = head->next;

	if (l == head)
		return NULL;
	list_remove(l);
	return l;
}

/* l may be removed inside the body. */
#define LIST_EACH(l, head)                                               \
	for (struct list *l = (head)->next, *l##_next = l->next;         \
	    l != (head); l = l##_next, l##_next = l->next)

#endif /* BASE_LIST_H */
