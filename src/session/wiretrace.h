/* session/wiretrace.h - what was said on the wire, for the trace log.
 *
 * Call only when log_trace_on.  Secrets in CONNECT are blotted out.
 * Spec: core protocol 1.15.
 */
#ifndef SESSION_WIRETRACE_H
#define SESSION_WIRETRACE_H

#include "base/slice.h"

struct client;
struct client_sub;
struct msg;
struct op;
struct run;

void wiretrace_in(const struct client *c, const struct op *op);
void wiretrace_out(const struct client *c, const struct client_sub *s,
    const struct run *run, const struct msg *m);
/* ->> [text]: PONG, OK, -ERR ... */
void wiretrace_sent(const struct client *c, struct slice text);
void wiretrace_sent_err(const struct client *c, struct slice text);
void wiretrace_delsub(const struct client *c, const struct client_sub *s);

#endif /* SESSION_WIRETRACE_H */
