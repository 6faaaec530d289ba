/* session/shadows.h - what a client's subscriptions want of other accounts.
 *
 * Where an account imports streams, a subscription has shadows: one in the
 * sublist of each exporter whose stream it may match.  What a shadow is given
 * gets its local name and is delivered as if it had been published here, on
 * the same sid and counted with the rest.  Shadows come and go with the
 * subscription that casts them.
 * Spec: core protocol 5.2.  Thread: the hub's.
 */
#ifndef SESSION_SHADOWS_H
#define SESSION_SHADOWS_H

#include <stdbool.h>

#include "base/slice.h"

struct account;
struct client;
struct client_sub;
struct sub;

/* s has just been inserted with this pattern; or its account's imports may have
 * changed: those that are the same stay.  False: out of memory, some may be
 * missing. */
bool shadows_update(struct client *c, struct client_sub *s,
    struct slice pattern);

/* s goes. */
void shadows_remove(struct client *c, struct client_sub *s);

/* The client is freed; it has none. */
void shadows_fini(struct client *c);

bool shadow_is(const struct sub *sub);

/* In whose sublist the shadow is. */
struct account *shadow_account(const struct sub *sub);

/* Its memory, at the very end. */
void shadow_free(struct client_sub *s);

#endif /* SESSION_SHADOWS_H */
