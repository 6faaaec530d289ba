/* js/schedule.h - when a message that is to be published later is due.
 *
 *   @at 2026-12-24T18:00:00Z       once
 *   @every 5m                      from the second it was stored in
 *   0 30 8 * * mon-fri             second, minute, hour, day, month, weekday
 *   @hourly @daily @midnight @weekly @monthly @yearly @annually
 *
 * Spec: jetstream reference, section 11 (ADR-51).  Thread: any.
 */
#ifndef JS_SCHEDULE_H
#define JS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct zone;

enum schedule_kind { SCHEDULE_AT, SCHEDULE_EVERY, SCHEDULE_CRON };

/* A bit for each value that matches. */
struct cron {
	uint64_t seconds, minutes, hours, days, months, weekdays;
	bool     any_day, any_weekday;	/* a plain star */
};

struct schedule {
	enum schedule_kind kind;
	int64_t            ns;		/* AT: wall time; EVERY: how often */
	struct cron        cron;
	struct zone       *zone;	/* of CRON; NULL: UTC */
};

enum { SCHEDULE_BAD_PATTERN = 10189, SCHEDULE_BAD_ZONE = 10223 };

/* has_zone: zone is named, which only a cron's may be.  0, or the number of the
 * error; then there is nothing to fini. */
unsigned schedule_read(struct slice text, bool has_zone, struct slice zone,
    struct schedule *ret);
void schedule_fini(struct schedule *x);

/* The first time it is due after after_ns (wall); INT64_MAX: never. */
int64_t schedule_next(const struct schedule *x, int64_t after_ns);

#endif /* JS_SCHEDULE_H */
