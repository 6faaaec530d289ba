/* js/unopened.h - directories that are on the disk and not in use.
 *
 * A stream that could not be opened stays where it is, and is told of for as
 * long as it is there: by then nobody else remembers that it ever was.
 *
 * Thread: owner.
 */
#ifndef JS_UNOPENED_H
#define JS_UNOPENED_H

#include <stdbool.h>

#include "base/list.h"
#include "base/slice.h"

struct buf;
struct js;

struct unopened {
	struct list link;
	char        path[];
};

/* path is copied.  Without memory it is not told of. */
void unopened_add(struct list *all, const char *path);
void unopened_clear(struct list *all);

/* After all accounts are enabled: adds to js->strangers the directories that
 * hold streams and belong to none of them. */
void unopened_find_strangers(struct js *js);

/* Is it still there, and still nobody's? */
bool unopened_is_told(const struct js *js, const struct unopened *u);

/* The name that the directory was made for, as far as it can be told. */
void unopened_put_name(const struct unopened *u, struct buf *out);

#endif /* JS_UNOPENED_H */
