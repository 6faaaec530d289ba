/* server/machine.h - what this machine, or the part of it lent to us, has. */
#ifndef SERVER_MACHINE_H
#define SERVER_MACHINE_H

#include <stdint.h>

/* Processor cores we may use: by affinity, and by the container's quota,
 * rounded up.  At least 1. */
unsigned machine_cores(void);

/* Bytes of memory: the machine's, or the container's limit.  At least 1. */
int64_t machine_memory(void);

#endif /* SERVER_MACHINE_H */
