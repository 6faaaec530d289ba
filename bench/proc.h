/* bench/proc.h - what another process has used so far. */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	int64_t wall_ns;
	int64_t cpu_ns;		/* all threads, user and system; 0: no pid */
	int64_t own_cpu_ns;	/* the generator's */
	int64_t rss_bytes;
	int64_t private_bytes;	/* private pages: not shared with the file */
};

/* Around what is measured.  Memory costs a walk of the page tables, so it is read
 * before the clocks at the start and after them at the end.  pid 0: only the
 * generator's own side. */
void usage_begin(struct usage *u, pid_t pid);
void usage_end(struct usage *u, pid_t pid);
/* Half of it alone. */
void usage_clocks(struct usage *u, pid_t pid);
void usage_memory(struct usage *u, pid_t pid);

/* in_msgs of the server's /varz, or -1. */
int64_t varz_in_msgs(const char *host, uint16_t port);

#endif /* BENCH_PROC_H */
