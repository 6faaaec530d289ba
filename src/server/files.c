/* server/files.c - the process id and the ports, for others to find.
 *
 * Spec: core protocol 3.3.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "conf/options.h"
#include "server/monitoring.h"
#include "server/server_int.h"
#include "server/settings.h"

static int write_file(const char *path, mode_t mode, struct slice text)
{
	int     fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	ssize_t n;
	int     err = 0;

	if (fd < 0)
		return ERR_IO;
	n = write(fd, text.p, text.n);
	if (n < 0 || (size_t)n != text.n)
		err = ERR_IO;
	if (close(fd) != 0)
		err = ERR_IO;
	return err;
}

/* ---- the process id ------------------------------------------------------- */

int files_write_pid(struct server *s, struct buf *why)
{
	const char *path = s->options->pid_file.p;
	struct buf  text = { 0 };
	int         err = 0;

	if (path == NULL || (s->pid_file != NULL &&
	    strcmp(path, s->pid_file) == 0))
		return 0;
	buf_put_u64(&text, (uint64_t)getpid());
	if (write_file(path, 0640, buf_slice(&text)) != 0) {
		buf_printf(why, "Could not write pidfile: open %s: %s", path,
		    strerror(errno));
		err = ERR_IO;
	} else {
		free(s->pid_file);
		s->pid_file = strdup(path);
	}
	buf_fini(&text);
	return err;
}

/* ---- the ports ------------------------------------------------------------ */

static void put_url(struct json_writer *w, const char *scheme,
    const char *host, unsigned port)
{
	struct buf url = { 0 };
	bool       is_ip6 = strchr(host, ':') != NULL;

	buf_printf(&url, "%s://%s%s%s:%u", scheme, is_ip6 ? "[" : "", host,
	    is_ip6 ? "]" : "", port);
	json_str(w, buf_slice(&url));
	buf_fini(&url);
}

/* Every address, where we listen on all. */
static void put_all_urls(struct json_writer *w, const char *scheme,
    unsigned port)
{
	struct ifaddrs *list = NULL;
	struct buf      host = { 0 };

	if (getifaddrs(&list) != 0)
		return;
	for (struct ifaddrs *a = list; a != NULL; a = a->ifa_next) {
		if (a->ifa_addr == NULL ||
		    (a->ifa_addr->sa_family != AF_INET &&
		    a->ifa_addr->sa_family != AF_INET6))
			continue;
		buf_reset(&host);
		buf_printf(&host, "%s://", scheme);
		listen_put_address(&host,
		    (const struct sockaddr_storage *)a->ifa_addr);
		/* The port that an interface's address has is 0. */
		if (!buf_failed(&host) && host.p[host.n - 1] == '0') {
			host.n--;
			buf_put_u64(&host, port);
			json_str(w, buf_slice(&host));
		}
	}
	buf_fini(&host);
	freeifaddrs(list);
}

static void put_urls(struct json_writer *w, const char *key,
    const char *scheme, const char *host, unsigned port)
{
	json_key(w, key);
	json_begin_array(w);
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		put_all_urls(w, scheme, port);
	else
		put_url(w, scheme, host, port);
	json_end_array(w);
}

static void ports_json(const struct server *s, struct buf *out)
{
	const char        *host = settings_host(s->options);
	const char        *http_host = s->options->http_host.n > 0
	    ? s->options->http_host.p : host;
	struct json_writer w;

	json_init(&w, out, 0);
	json_begin_object(&w);
	put_urls(&w, "nats", "nats", host, s->port);
	if (monitoring_port(s) != 0)
		put_urls(&w, "monitoring", "http", http_host,
		    monitoring_port(s));
	json_end_object(&w);
}

/* The name that this program was started by. */
static const char *program_name(void)
{
	extern char *program_invocation_short_name;

	return program_invocation_short_name;
}

void files_write_ports(struct server *s)
{
	const char *dir = s->options->ports_file_dir.p;
	struct buf  path = { 0 }, text = { 0 };

	if (dir == NULL)
		return;
	buf_printf(&path, "%s/%s_%ld.ports", dir, program_name(),
	    (long)getpid());
	ports_json(s, &text);
	free(s->ports_file);
	s->ports_file = buf_take_str(&path);
	if (s->ports_file != NULL && !buf_failed(&text) &&
	    write_file(s->ports_file, 0666, buf_slice(&text)) != 0)
		log_error("Error writing ports file (%s): %s", s->ports_file,
		    strerror(errno));
	buf_fini(&text);
}

void files_remove_ports(struct server *s)
{
	if (s->ports_file != NULL)
		unlink(s->ports_file);
	free(s->ports_file);
	s->ports_file = NULL;
}
