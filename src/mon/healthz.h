/* mon/healthz.h - /healthz: may work be sent here?
 * Spec: core protocol 6.8.
 */
#ifndef MON_HEALTHZ_H
#define MON_HEALTHZ_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct json_writer;
struct query;

struct healthz_options {
	bool         details;
	struct slice account, stream, consumer;
	bool         enabled, enabled_only;	/* is JetStream on? no more */
	bool         server_only;		/* leave JetStream alone */
	bool         meta_only;			/* one server has no such layer */
};

/* What somebody has found out. */
struct healthz_verdict {
	unsigned     status;	/* as HTTP has it */
	const char  *said;	/* "unavailable" .. */
	struct slice why;	/* the first that is wrong; empty: nothing */
	struct slice errors;	/* all, as JSON: the insides of an array */
};

/* False: *error got the text of a 400. */
bool healthz_options_read(const struct query *q, struct healthz_options *ret,
    struct buf *error);

/* Before anybody is asked: is something wrong with the question, or with the
 * listeners (is_ready: they accept)?  *ret is good until the program ends. */
bool healthz_is_wrong(const struct healthz_options *o, bool is_ready,
    struct healthz_verdict *ret);

/* JetStream is configured and does not run. */
extern const struct healthz_verdict healthz_no_jetstream;
extern const struct healthz_verdict healthz_ok;

/* tells_status: the document has the status too. */
void healthz_write(const struct healthz_options *o,
    const struct healthz_verdict *v, bool tells_status,
    struct json_writer *w);

#endif /* MON_HEALTHZ_H */
