/* mon/process.c - processor time and memory, from the kernel. */
#include "mon/process.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

double process_cpu_percent(struct process_sampler *s, int64_t now_ns,
    int64_t cpu_ns)
{
	int64_t passed = now_ns - s->wall_ns;

	if (s->wall_ns != 0 && passed < NS_PER_S)
		return s->cpu_percent;
	if (s->wall_ns != 0)	/* to a tenth of a percent, as ps does */
		s->cpu_percent = (double)((cpu_ns - s->cpu_ns) * 1000 / passed)
		    / 10;
	s->wall_ns = now_ns;
	s->cpu_ns = cpu_ns;
	return s->cpu_percent;
}

/* The second number of "size resident shared ..", in pages. */
int64_t process_resident(void)
{
	char        text[128], *from, *to;
	int64_t     pages;
	ssize_t     n;
	int         fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	from = strchr(text, ' ');
	to = from == NULL ? NULL : strchr(++from, ' ');
	if (to == NULL ||
	    !text_parse_i64(slice_of(from, (size_t)(to - from)), &pages))
		return 0;
	return pages * sysconf(_SC_PAGESIZE);
}

int64_t process_n_cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? n : 1;
}
