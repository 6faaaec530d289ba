/* session/limits.c - counted, immutable limits. */
#include "session/limits.h"

#include <stdlib.h>

#include "auth/auth.h"
#include "session/secure.h"

struct session_config *session_config_create(void)
{
	struct session_config *c = calloc(1, sizeof *c);

	if (c != NULL)
		c->n_refs = 1;
	return c;
}

struct session_config *session_config_ref(struct session_config *c)
{
	__atomic_fetch_add(&c->n_refs, 1, __ATOMIC_RELAXED);
	return c;
}

static void release(struct slice *s)
{
	free((char *)(uintptr_t)s->p);
	*s = SLICE_NONE;
}

void session_config_unref(struct session_config *c)
{
	if (c == NULL ||
	    __atomic_fetch_sub(&c->n_refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	release(&c->server_id);
	release(&c->server_name);
	release(&c->host);
	release(&c->xkey);
	release(&c->client_advertise);
	release(&c->js_domain);
	auth_unref(c->auth);
	secure_config_unref(c->secure);
	free(c);
}

bool session_config_keep(struct session_config *c, struct slice *field,
    struct slice s)
{
	char *p = malloc(s.n + 1);

	(void)c;
	if (p == NULL)
		return false;
	memcpy(p, s.p == NULL ? "" : s.p, s.n);
	p[s.n] = '\0';
	release(field);
	*field = slice_of(p, s.n);
	return true;
}
