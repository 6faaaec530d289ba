/* session/services.h - requests to services of other accounts, and back.
 *
 * A service import is a subscription in the importer's account whose give
 * publishes in the exporter's, in the middle of the publisher's turn: so who
 * asks learns at once when nobody is there.  The answer comes back through a
 * door (session/answers.h).  Each step into another account is a hop; after
 * so many a message goes no further, whatever the imports say.
 * Spec: core protocol 5.2.
 */
#ifndef SESSION_SERVICES_H
#define SESSION_SERVICES_H

#include <stdint.h>

struct answers;
struct hub;
struct run;
struct services;
struct sub;

enum { HOPS_MAX = 16 };

/* NULL: out of memory.  h->answers is another part of it. */
struct services *services_create(void);
struct answers *services_answers(struct hub *h);
void services_destroy(struct services *x);	/* takes NULL */

/* The give of service imports (struct plan_request).  Thread: any hub's, in
 * epoch. */
uint32_t services_give(struct sub *sub, const struct run *run);

#endif /* SESSION_SERVICES_H */
