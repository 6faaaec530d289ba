/* base/clock.h - time, always int64_t nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* Monotonic, from an unspecified start: for timers and durations. */
int64_t clock_ns(void);

/* Since 1970 UTC: for people and for files. */
int64_t clock_wall_ns(void);

/* CPU time this process has used, user and system. */
int64_t clock_cpu_ns(void);

#endif /* BASE_CLOCK_H */
