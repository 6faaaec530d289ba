/* js/report_int.h - between the files of a report. */
#ifndef JS_REPORT_INT_H
#define JS_REPORT_INT_H

#include "js/report.h"

struct js_account;
struct stream;

enum report_reach { REACH_NOWHERE, REACH_ASKED, REACH_EVERYWHERE };

/* One walk over accounts.  Any function may be NULL. */
struct report_pass {
	enum report_reach reach;
	void   (*begin)(struct report *r, struct js *js);
	void   (*enter)(struct report *r, const struct js_account *a);
	/* How many things it has looked at, the stream included. */
	size_t (*stream)(struct report *r, struct stream *s);
	void   (*leave)(struct report *r);
	void   (*end)(struct report *r, struct js *js);
};

extern const struct report_pass report_summary, report_stats, report_sum,
    report_document, report_account, report_health, report_rows;

#endif /* JS_REPORT_INT_H */
