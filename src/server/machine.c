/* server/machine.c - affinity and control groups. */
#include "server/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "base/text.h"

/* The file's first line, or nothing. */
static struct slice read_line(const char *path, char *buf, size_t cap)
{
	int     fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap);
	char   *end;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return SLICE_NONE;
	end = memchr(buf, '\n', (size_t)n);
	return slice_of(buf, end == NULL ? (size_t)n : (size_t)(end - buf));
}

/* cpu.max holds "<quota> <period>" in microseconds, or "max <period>". */
static unsigned quota_cores(void)
{
	char         buf[64];
	struct slice line = read_line("/sys/fs/cgroup/cpu.max", buf, sizeof buf);
	const char  *blank = line.n == 0 ? NULL : memchr(line.p, ' ', line.n);
	int64_t      quota, period;

	if (blank == NULL ||
	    !text_parse_i64(slice_of(line.p, (size_t)(blank - line.p)),
	    &quota) ||
	    !text_parse_i64(slice_skip(line, (size_t)(blank + 1 - line.p)),
	    &period) || quota <= 0 || period <= 0)
		return 0;
	return (unsigned)((quota - 1) / period + 1);
}

unsigned machine_cores(void)
{
	cpu_set_t set;
	unsigned  n = 1, quota = quota_cores();

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = (unsigned)CPU_COUNT(&set);
	if (quota != 0 && quota < n)
		n = quota;
	return n == 0 ? 1 : n;
}

int64_t machine_memory(void)
{
	static const char *const limits[] = {
		"/sys/fs/cgroup/memory.max",
		"/sys/fs/cgroup/memory/memory.limit_in_bytes",
	};
	int64_t pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	int64_t have = 1, limit;
	char    buf[64];

	if (pages > 0 && size > 0 &&
	    __builtin_mul_overflow(pages, size, &have))
		have = INT64_MAX;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		if (text_parse_i64(read_line(limits[i], buf, sizeof buf),
		    &limit) && limit > 0 && limit < have)
			have = limit;
	return have;
}
