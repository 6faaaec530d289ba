/* mon/documents.h - the documents of monitoring, for whoever asks.
 *
 * The monitoring port and requests in the system account ask here, and get the
 * same answers.  What workers know is asked of them (mon/collect), so an answer
 * may come later; the rest the server has filled in.
 * Thread: control, all of it, but where it says else.
 */
#ifndef MON_DOCUMENTS_H
#define MON_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "js/report.h"
#include "mon/collect.h"
#include "mon/connz.h"
#include "mon/healthz.h"
#include "mon/subsz.h"
#include "mon/varz.h"

struct account;
struct account_stats;
struct client;
struct documents;
struct json;
struct loop;
struct resolver;
struct session_shared;

enum document_outcome {
	DOCUMENT_TOLD,		/* body is the document */
	DOCUMENT_REFUSED,	/* body says why */
	DOCUMENT_BUSY,		/* later, perhaps; body says so */
	DOCUMENT_NOT_MEANT,	/* the question is for other servers */
};

/* One question.  The asker fills in what the document wants to know, and keeps
 * it until done has been called, which happens once, perhaps at once. */
struct inquiry {
	struct documents *documents;
	void (*done)(struct inquiry *q, enum document_outcome how);
	void (*forget)(struct inquiry *q);	/* instead, when all ends */
	int64_t  now_ns;		/* since 1970 */
	unsigned indent;		/* blanks a level */

	struct connz_options   connz;
	struct subsz_options   subsz;
	struct healthz_options healthz;
	struct report_options  jsz;
	bool                   tells_status;	/* healthz says it too */
	bool                   tells_jetstream;	/* count: for STATSZ */
	struct slice           account;		/* empty: all */
	const struct json     *accounts;	/* accstatz: these; NULL: all */
	bool                   shows_unused;
	collect_visit          visit;		/* of documents_visit */

	struct buf  body;		/* freed by the asker */
	unsigned    status;		/* healthz: as HTTP says it */
	struct slice why;		/* healthz: what is wrong; until done
					   returns, as these: */
	const struct report *report;	/* of JetStream; NULL: it is off */
	uint64_t    n;			/* subscriptions, visits, accounts told */
	struct varz varz;		/* of documents_count */
	struct subsz_stats subs;
	struct connz_sums  sums;
	uint64_t    n_active_accounts;	/* with clients */
};

/* shared and loop are kept.  NULL: out of memory. */
struct documents *documents_create(struct loop *loop,
    struct session_shared *shared);

/* After the last turn of all loops.  What is under way is forgotten.  Takes
 * NULL. */
void documents_destroy(struct documents *d);

/* The part of /varz that is identity and settings: copied, its strings are
 * kept until the next call.  At start and after a reload. */
void documents_set_identity(struct documents *d, const struct varz *identity);
const struct varz *documents_identity(const struct documents *d);

/* The rows of "http_req_stats"; kept. */
void documents_set_hits(struct documents *d, const struct varz_hits *hits,
    size_t n);

/* Where accounts' tokens are found; kept.  NULL: nowhere. */
void documents_set_resolver(struct documents *d, struct resolver *r);

/* Where JetStream is, from now on; kept.  By default it is not configured. */
void documents_set_jetstream(struct documents *d,
    const struct collect_jetstream *j);

/* Do the listeners accept?  False at first. */
void documents_set_ready(struct documents *d, bool is_ready);
bool documents_is_ready(const struct documents *d);

/* ---- documents ----------------------------------------------------------- */

void documents_varz(struct inquiry *q);
void documents_connz(struct inquiry *q);	/* options are checked */
void documents_subsz(struct inquiry *q);	/* options are checked */
void documents_accountz(struct inquiry *q);
/* The detail of q->account alone. */
void documents_account(struct inquiry *q);
void documents_accstatz(struct inquiry *q);
void documents_routez(struct inquiry *q);
void documents_gatewayz(struct inquiry *q);
void documents_leafz(struct inquiry *q);
void documents_jsz(struct inquiry *q);
/* What /jsz tells of one account, q->jsz.account. */
void documents_account_jsz(struct inquiry *q);
void documents_healthz(struct inquiry *q);

/* No document but the numbers that several need; q->subsz may select what q->n
 * counts. */
void documents_count(struct inquiry *q);

/* The same, q->sums over all clients, and q->report with REPORT_NUMBERS. */
void documents_sum(struct inquiry *q);

/* q->visit is called for every client, on its worker; what it wrote is the
 * body, and q->n how often it was true. */
void documents_visit(struct inquiry *q);

/* For /metrics: all accounts, as accstatz tells them.  Owned: free(*ret).
 * The number. */
size_t documents_list_accounts(const struct documents *d,
    struct account_stats **ret);

/* Numbers of one account.  Thread: any. */
void account_stats_fill(const struct account *a, struct account_stats *ret);

#endif /* MON_DOCUMENTS_H */
