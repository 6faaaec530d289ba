/* core/account.c - a name and its sublist. */
#include "core/account.h"

#include <stdlib.h>

#include "core/sublist.h"

struct account *account_create(struct slice name)
{
	struct account *a = calloc(1, sizeof *a);
	char           *copy = malloc(name.n + 1);

	if (a == NULL || copy == NULL)
		goto fail;
	a->sublist = sublist_create();
	if (a->sublist == NULL)
		goto fail;
	if (name.n > 0)
		memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	a->name = slice_of(copy, name.n);
	return a;
fail:
	free(copy);
	free(a);
	return NULL;
}

void account_destroy(struct account *a)
{
	if (a == NULL)
		return;
	sublist_destroy(a->sublist);
	free((char *)(uintptr_t)a->name.p);
	free(a);
}
