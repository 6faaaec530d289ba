/* bench/run.h - one run of one scenario: what was asked, what came out.
 *
 * A scenario is a function that drives its peers until its bounds in messages
 * and time are reached, waits until all is delivered, and puts its findings
 * into the report.  The report is one JSON object on one line.
 */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "hist.h"
#include "peer.h"
#include "proc.h"
#include "tally.h"

struct scenario;

struct run {
	/* asked */
	const struct scenario *what;
	const char *host;
	uint16_t    port;
	uint16_t    monitor_port;	/* 0: there is none */
	pid_t       server_pid;		/* 0: no server costs */
	double      seconds;		/* of the measured part; 0: the scenario's */
	uint64_t    messages_max;	/* of the measured part; 0: the scenario's */
	uint64_t    window_bytes;
	char      **command;		/* of the server, for "start" */
	int         server_core;	/* where that runs; -1: anywhere */
	bool        is_far;	/* peers opened now are those that receive */

	/* found */
	struct loop  loop;
	struct tally tally;
	struct buf   report;
	bool         is_failed;
};

enum shape {
	ONLY_PUB,	/* no subscriber */
	ALL_TO_ALL,	/* every subscriber gets every message */
	PAIRS,		/* publisher i to subscriber i */
	GROUP,		/* the subscribers are one queue group */
};

/* Who the peers say they are; what those may do is the server's to know
 * (bench/compare).  The password is always "bench". */
enum users {
	USERS_NONE,
	USERS_SIDES,	/* "pub" who publishes or asks, "sub" the others */
	USERS_PAIRS,	/* "u<i>" publisher i and subscriber i */
};

struct scenario {
	const char *name;
	bool      (*play)(struct run *r);	/* false: could not */
	unsigned    n_pubs, n_subs;
	enum shape  shape;
	uint32_t    payload;
	uint32_t    in_flight;		/* requests of one client */
	double      seconds;
	uint64_t    messages_max;
	const char *help;
	enum users  users;
	const char *subject;	/* published on, before ".<i>"; NULL: "bench" */
	/* JetStream */
	uint32_t    keys;	/* distinct subjects, ".0" and on */
	const char *answer;	/* what a good one begins with */
	bool        has_ids;	/* Nats-Msg-Id with each */
	uint32_t    batch;	/* of one pull; 0: the server pushes */
};

bool play_flow(struct run *r);		/* flow.c */
bool play_storm(struct run *r);
bool play_stalled(struct run *r);
bool play_paced(struct run *r);
/* The same, while a process of its own does the work, so that it does not delay
 * what is timed.  What work leaves in result, of that many bytes, comes back. */
bool play_paced_beside(struct run *r,
    void (*work)(struct run *r, void *result), void *result, size_t size);
bool play_request(struct run *r);	/* request.c */
bool play_cold(struct run *r);		/* cold.c */
bool play_idle(struct run *r);		/* idle.c */
bool play_start(struct run *r);
bool play_rejected(struct run *r);	/* rejected.c */
bool play_wrong(struct run *r);
bool play_js_ask(struct run *r);	/* js_ask.c */
bool play_js_fill(struct run *r);
bool play_js_take(struct run *r);	/* js_take.c */

/* Says why on stderr; the run is failed. */
void run_fail(struct run *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Opens n peers at p, each size bytes long with its struct peer first, and
 * waits until the server has greeted them all. */
bool run_open_peers(struct run *r, void *p, size_t size, unsigned n);
/* A PING behind all that was queued, from each; waits for the answers. */
bool run_sync_peers(struct run *r, void *p, size_t size, unsigned n);
void run_close_peers(void *p, size_t size, unsigned n);

/* How long a phase goes on, and whether it still goes on at all. */
struct bounds {
	int64_t  stop_ns;
	int64_t  last_ns;	/* of the last progress */
	uint64_t n_seen;
	bool     is_over;	/* the time: begin nothing new */
};

void run_begin(struct bounds *b, double seconds, uint64_t n_done);
/* One turn of the loop; n_done counts progress.  False: the loop is broken, or
 * nothing has come for too long; run_fail was called. */
bool run_turn(struct run *r, struct bounds *b, const uint64_t *n_done);

void report_u64(struct run *r, const char *key, uint64_t v);
void report_f64(struct run *r, const char *key, double v);
void report_ratio(struct run *r, const char *key, double a, double b);
/* Percentiles in microseconds. */
void report_latency(struct run *r, const struct hist *h);
/* The common rows: rates, CPU for each message and delivery, memory. */
void report_costs(struct run *r, const struct usage *from,
    const struct usage *to, uint64_t n_messages, uint64_t n_deliveries);

#endif /* BENCH_RUN_H */
