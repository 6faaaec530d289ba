/* js/unopened.c - paths, and whose they are not. */
#include "js/unopened.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "js/js.h"
#include "js/place.h"

void unopened_add(struct list *all, const char *path)
{
	size_t           n = strlen(path) + 1;
	struct unopened *u = malloc(sizeof *u + n);

	if (u == NULL)
		return;
	u->link = (struct list){ 0 };
	memcpy(u->path, path, n);
	list_append(all, &u->link);
}

void unopened_clear(struct list *all)
{
	struct list *l;

	while ((l = list_take(all)) != NULL)
		free(CONTAINER_OF(l, struct unopened, link));
}

static bool is_of_an_account(const struct js *js, const char *path)
{
	for (struct list *l = js->accounts.next; l != &js->accounts;
	    l = l->next)
		if (strcmp(CONTAINER_OF(l, struct js_account, link)->dir,
		    path) == 0)
			return true;
	return false;
}

/* A stream's directory has its messages in it. */
static void look_for_messages(void *ctx, const char *path)
{
	struct buf msgs = { 0 };
	char      *p;

	buf_put_str(&msgs, path);
	buf_put_str(&msgs, "/msgs");
	p = buf_take_str(&msgs);
	if (p != NULL && !place_is_gone(path) && place_is_there(p))
		*(bool *)ctx = true;
	free(p);
}

static void add_stranger(void *ctx, const char *path)
{
	struct js *js = ctx;
	bool       holds_any = false;

	if (is_of_an_account(js, path))
		return;
	place_each(path, look_for_messages, &holds_any);
	if (holds_any)
		unopened_add(&js->strangers, path);
}

void unopened_find_strangers(struct js *js)
{
	place_each(js->config.dir, add_stranger, js);
}

bool unopened_is_told(const struct js *js, const struct unopened *u)
{
	return place_is_there(u->path) && !is_of_an_account(js, u->path);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void unopened_put_name(const struct unopened *u, struct buf *out)
{
	const char *slash = strrchr(u->path, '/');

	for (const char *p = slash == NULL ? u->path : slash + 1; *p != '\0';
	    p++) {
		int high = *p == '%' ? hex(p[1]) : -1;
		int low = high < 0 ? -1 : hex(p[2]);

		if (low < 0) {
			buf_put_char(out, *p);
			continue;
		}
		buf_put_char(out, (char)(high << 4 | low));
		p += 2;
	}
}
