/* bench/proc.c - process CPU clock, smaps_rollup, one field of /varz. */
#include "proc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

static int64_t cpu_ns_of(pid_t pid)
{
	struct timespec ts;
	clockid_t       id;

	if (pid == 0 || clock_getcpuclockid(pid, &id) != 0 ||
	    clock_gettime(id, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* "Rss:   1234 kB" adds to where it belongs. */
static void add_field(struct usage *u, const char *line)
{
	static const struct { const char *name; bool is_rss; } fields[] = {
		{ "Rss:", true },
		{ "Private_Clean:", false },
		{ "Private_Dirty:", false },
	};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		size_t  n = strlen(fields[i].name);
		int64_t v;

		if (strncmp(line, fields[i].name, n) != 0)
			continue;
		v = strtoll(line + n, NULL, 10) * 1024;
		*(fields[i].is_rss ? &u->rss_bytes : &u->private_bytes) += v;
	}
}

void usage_memory(struct usage *u, pid_t pid)
{
	char  path[64], line[256];
	FILE *f;

	u->rss_bytes = u->private_bytes = 0;
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	f = pid == 0 ? NULL : fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL)
		add_field(u, line);
	fclose(f);
}

void usage_clocks(struct usage *u, pid_t pid)
{
	u->cpu_ns = cpu_ns_of(pid);
	u->own_cpu_ns = clock_cpu_ns();
	u->wall_ns = clock_ns();
}

void usage_begin(struct usage *u, pid_t pid)
{
	usage_memory(u, pid);
	usage_clocks(u, pid);
}

void usage_end(struct usage *u, pid_t pid)
{
	usage_clocks(u, pid);
	usage_memory(u, pid);
}

static int http_get(const char *host, uint16_t port, const char *path,
    struct buf *out)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval     patience = { .tv_sec = 5 };
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char               ask[128], part[4096];
	ssize_t            r = -1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	snprintf(ask, sizeof ask, "GET %s HTTP/1.0\r\nHost: bench\r\n\r\n", path);
	if (inet_pton(AF_INET, host, &to.sin_addr) == 1 &&
	    connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
	    send(fd, ask, strlen(ask), MSG_NOSIGNAL) > 0)
		while ((r = recv(fd, part, sizeof part, 0)) > 0)
			buf_put(out, part, (size_t)r);
	close(fd);
	return r == 0 ? 0 : -1;
}

int64_t varz_in_msgs(const char *host, uint16_t port)
{
	static const char key[] = "\"in_msgs\":";
	struct buf        answer = { 0 };
	int64_t           v = -1;
	char             *text = NULL, *at;

	if (port != 0 && http_get(host, port, "/varz", &answer) == 0)
		text = buf_take_str(&answer);
	at = text == NULL ? NULL : strstr(text, key);
	if (at != NULL)
		v = strtoll(at + sizeof key - 1, NULL, 10);
	free(text);
	buf_fini(&answer);
	return v;
}
