/* mon/process.h - what this process uses of the machine. */
#ifndef MON_PROCESS_H
#define MON_PROCESS_H

#include <stdint.h>

/* Zeroed before the first use. */
struct process_sampler {
	int64_t wall_ns, cpu_ns;	/* at the last sample */
	double  cpu_percent;		/* between the last two */
};

/* Percent of one core, over the time since the last sample; asked again within
 * a second it gives the same number.  0 the first time.
 * now_ns, cpu_ns: clock_ns() and clock_cpu_ns(). */
double process_cpu_percent(struct process_sampler *s, int64_t now_ns,
    int64_t cpu_ns);

/* Resident memory in bytes; 0: not known. */
int64_t process_resident(void);

int64_t process_n_cores(void);

#endif /* MON_PROCESS_H */
