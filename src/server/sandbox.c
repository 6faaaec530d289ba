/* server/sandbox.c - from options to what may still be reached.
 *
 * Files are allowed by directory: a configuration is replaced by renaming,
 * a log is rotated, a certificate renewed.  Where a name is a symbolic link,
 * the directory of what it points to counts too.
 *
 * What was allowed is remembered, so that a reload which names another place is
 * refused in plain words before anything is changed, and not by the kernel
 * half way through.
 */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/arena.h"
#include "conf/options.h"
#include "server/landlock.h"
#include "server/seccomp.h"
#include "server/server_int.h"
#include "server/settings_js.h"
#include "server/trust.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false	/* they read and run what we do not know of */
#endif

struct place {
	char    *path;		/* real, without links */
	unsigned access;
};

enum { PORTS_MAX = 16 };

struct sandbox {
	struct landlock landlock;
	bool            has_files;
	int             proc;		/* /proc/self; see allow_system */
	struct place   *places;
	size_t          n_places, cap;
	uint16_t        ports[PORTS_MAX];	/* of those we connect to */
	size_t          n_ports;
	bool            limits_connect;	/* they are all known */
	struct buf      missing;	/* why something is */
};

/* ---- what the options name ------------------------------------------------ */

/* fn is told of a place once; it may come more than once.  false: it stops. */
typedef bool place_fn(void *ctx, const char *path, unsigned access);

/* The directory in which the file is, by the name given; "." has no slash. */
static bool directory_of(const char *path, char dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t      n = slash == NULL ? 1 : slash == path ? 1
	    : (size_t)(slash - path);

	if (n >= PATH_MAX)
		return false;
	memcpy(dir, slash == NULL ? "." : path, n);
	dir[n] = '\0';
	return true;
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* A file that is replaced by renaming, so the directory it is in; but where it
 * is a device or a pipe, only that. */
static bool name_file(const char *path, unsigned access, place_fn *fn,
    void *ctx)
{
	char        real[PATH_MAX], dir[PATH_MAX];
	struct stat st;
	bool        is_there = stat(path, &st) == 0;

	if (is_there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return fn(ctx, path, access);
	if (is_there && is_link(path) && realpath(path, real) != NULL &&
	    directory_of(real, dir) && !fn(ctx, dir, access))
		return false;
	/* In the directory of a link there is nothing of ours to write. */
	if (is_link(path) && access == LANDLOCK_WRITE)
		return true;
	return !directory_of(path, dir) || fn(ctx, dir, access);
}

static bool name_optional(struct slice path, unsigned access, place_fn *fn,
    void *ctx)
{
	return path.n == 0 || name_file(path.p, access, fn, ctx);
}

static bool name_tls(const struct conf_tls *t, place_fn *fn, void *ctx)
{
	for (size_t i = 0; i < t->n_pairs; i++)
		if (!name_optional(t->pairs[i].cert_file, LANDLOCK_READ, fn,
		    ctx) || !name_optional(t->pairs[i].key_file, LANDLOCK_READ,
		    fn, ctx))
			return false;
	return name_optional(t->ca_file, LANDLOCK_READ, fn, ctx);
}

static bool name_store(const struct options *o, place_fn *fn, void *ctx)
{
	char *dir = o->js_enabled ? settings_js_dir(o) : NULL;
	bool  ok = !o->js_enabled || (dir != NULL &&
	    fn(ctx, dir, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_STORE));

	free(dir);
	return ok;
}

static bool name_places(const struct options *o, place_fn *fn, void *ctx)
{
	return name_store(o, fn, ctx) && name_optional(o->log_file, LANDLOCK_WRITE, fn, ctx) &&
	    name_optional(o->pid_file, LANDLOCK_WRITE, fn, ctx) &&
	    (o->ports_file_dir.n == 0 ||
	    fn(ctx, o->ports_file_dir.p, LANDLOCK_WRITE)) &&
	    (o->tls == NULL || name_tls(o->tls, fn, ctx)) &&
	    (o->resolver_tls == NULL || name_tls(o->resolver_tls, fn, ctx)) &&
	    (o->resolver == NULL || o->resolver->dir.n == 0 ||
	    fn(ctx, o->resolver->dir.p, LANDLOCK_READ | LANDLOCK_WRITE));
}

/* fn is told of whom we connect to by TCP.  port is -1: not by a number. */
typedef bool peer_fn(void *ctx, const char *url, int port);

/* Of "scheme://host:port/path", by number, or else the scheme's own. */
static int port_of_url(const char *url, int scheme_port)
{
	const char  *host = strstr(url, "://");
	const char  *at = host == NULL ? url : host + 3;
	struct slice rest = slice_of(at, strcspn(at, "/"));
	const char  *colon = memrchr(rest.p, ':', rest.n);
	int64_t      port;

	if (colon == NULL || memchr(colon, ']', (size_t)(rest.p + rest.n -
	    colon)) != NULL)
		return scheme_port;
	rest = slice_skip(rest, (size_t)(colon + 1 - rest.p));
	return text_parse_i64(rest, &port) && port > 0 && port <= UINT16_MAX
	    ? (int)port : -1;
}

static bool name_peers(const struct options *o, peer_fn *fn, void *ctx)
{
	const char *log = o->remote_syslog.p;
	struct buf  url = { 0 };
	bool        ok = true;

	if (log != NULL && slice_has_prefix(o->remote_syslog,
	    SLICE("tcp://")) && !fn(ctx, log, port_of_url(log, -1)))
		return false;
	if (trust_url(o, &url)) {
		buf_put_char(&url, '\0');
		ok = !buf_failed(&url) && fn(ctx, url.p, port_of_url(url.p,
		    slice_has_prefix(buf_slice(&url), SLICE("https://"))
		    ? 443 : 80));
	}
	buf_fini(&url);
	return ok;
}

/* ---- allowing ------------------------------------------------------------- */

static bool remember(struct sandbox *b, const char *path, unsigned access)
{
	char          real[PATH_MAX];
	struct place *more;

	if (realpath(path, real) == NULL)
		return true;	/* opening it will say why */
	if (b->n_places == b->cap) {
		more = realloc(b->places, (b->cap * 2 + 8) * sizeof *more);
		if (more == NULL)
			return false;
		b->places = more;
		b->cap = b->cap * 2 + 8;
	}
	b->places[b->n_places].access = access;
	b->places[b->n_places].path = strdup(real);
	return b->places[b->n_places].path != NULL && ++b->n_places > 0;
}

static bool allow_place(void *ctx, const char *path, unsigned access)
{
	struct sandbox *b = ctx;

	landlock_allow_path(&b->landlock, path, access);
	return remember(b, path, access);
}

/* What the C library and ourselves read of the system. */
static void allow_system(struct sandbox *b, bool needs_names)
{
	static const char *const readable[] = {
		"/proc/self", "/sys/fs/cgroup", "/sys/devices/system/cpu",
		"/dev/null", "/dev/urandom", "/dev/random",
		"/etc/localtime", "/usr/share/zoneinfo", "/etc/ssl/certs",
		"/etc/ssl/openssl.cnf", "/usr/share/ca-certificates",
		"/etc/pki/tls/certs", "/etc/hosts", "/etc/resolv.conf",
		"/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
		"/etc/services", "/run/systemd/resolve",
		/* how names are looked up may be a module of the library */
		"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache",
	};

	/* A permission is that of an inode, and the kernel makes those of
	 * /proc anew when nobody held them; so we hold ours. */
	b->proc = open("/proc/self", O_PATH | O_CLOEXEC);
	for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
		landlock_allow_path(&b->landlock, readable[i], LANDLOCK_READ);
	landlock_allow_path(&b->landlock, "/dev/null", LANDLOCK_WRITE);
	/* These files are replaced now and then, and with them the permission;
	 * who has to look up names for good needs the directory. */
	if (needs_names)
		landlock_allow_path(&b->landlock, "/etc", LANDLOCK_READ);
}

static uint16_t port_of(int64_t port)
{
	return port < 0 ? 0 : (uint16_t)port;
}

static void allow_ports(struct sandbox *b, const struct options *o)
{
	enum { DNS = 53 };

	landlock_allow_port(&b->landlock, port_of(o->port), LANDLOCK_BIND);
	if (o->http_port != 0)
		landlock_allow_port(&b->landlock, port_of(o->http_port),
		    LANDLOCK_BIND);
	if (o->https_port != 0)
		landlock_allow_port(&b->landlock, port_of(o->https_port),
		    LANDLOCK_BIND);
	if (!b->limits_connect)
		return;
	landlock_allow_port(&b->landlock, DNS, LANDLOCK_CONNECT);
	for (size_t i = 0; i < b->n_ports; i++)
		landlock_allow_port(&b->landlock, b->ports[i],
		    LANDLOCK_CONNECT);
}

static bool allow_all(struct sandbox *b, const struct server *s)
{
	const struct options *o = s->options;

	for (const struct arena_file *f = arena_files(o->arena); f != NULL;
	    f = f->next)
		if (!name_file(f->path, LANDLOCK_READ, allow_place, b))
			return false;
	allow_system(b, o->remote_syslog.n > 0 || b->n_ports > 0);
	allow_ports(b, o);
	return name_places(o, allow_place, b);
}

/* ---- beginning ------------------------------------------------------------ */

static void note_missing(struct sandbox *b, const char *what, int err)
{
	if (b->missing.n > 0)
		buf_put_str(&b->missing, "; ");
	buf_printf(&b->missing, "no %s: %s", what, err == ERR_NOTFOUND
	    ? "this kernel does not offer it" : strerror(errno));
}

/* The service manager may listen in the name space without files. */
static bool has_abstract_peer(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path != NULL && *path == '@';
}

static bool note_peer(void *ctx, const char *url, int port)
{
	struct sandbox *b = ctx;

	(void)url;
	if (port < 0 || b->n_ports == PORTS_MAX)
		return false;
	b->ports[b->n_ports++] = (uint16_t)port;
	return true;
}

static void enclose_files(struct server *s, struct sandbox *b)
{
	int err;

	b->limits_connect = name_peers(s->options, note_peer, b);
	err = landlock_open(&b->landlock, b->limits_connect,
	    !has_abstract_peer());
	if (err == 0 && !allow_all(b, s)) {
		close(b->landlock.fd);
		errno = ENOMEM;
		err = ERR_IO;
	} else if (err == 0) {
		err = landlock_enter(&b->landlock);
	}
	b->has_files = err == 0;
	if (err != 0)
		note_missing(b, "landlock", err);
}

void sandbox_begin(struct server *s)
{
	if (!s->options->sandbox || IS_SANITIZED)
		return;
	s->sandbox = calloc(1, sizeof *s->sandbox);
	if (s->sandbox == NULL)
		return;
	s->sandbox->proc = -1;
	enclose_files(s, s->sandbox);
}

/* ---- completing ----------------------------------------------------------- */

static void say(struct sandbox *b, bool has_calls)
{
	const struct landlock *l = &b->landlock;
	struct buf             text = { 0 };

	if (b->has_files)
		buf_printf(&text, " landlock ABI %d (files%s%s)%s", l->abi,
		    l->has_ports ? ", ports" : "",
		    l->has_scopes ? ", signals" : "", has_calls ? "," : "");
	if (has_calls)
		buf_put_str(&text, " seccomp");
	if (b->missing.n == 0)
		log_notice("Sandbox:%.*s", SLICE_ARG(buf_slice(&text)));
	else
		log_warn("Sandbox:%.*s (%.*s)", SLICE_ARG(buf_slice(&text)),
		    SLICE_ARG(buf_slice(&b->missing)));
	buf_fini(&text);
}

void sandbox_complete(struct server *s)
{
	int err;

	if (!s->options->sandbox) {
		log_notice("Sandbox: off, as configured");
		return;
	}
	if (s->sandbox == NULL) {
		log_warn("Sandbox: off, %s", IS_SANITIZED
		    ? "this build is made to find errors"
		    : err_text(ERR_NOMEM));
		return;
	}
	/* No core file, no debugger: memory holds keys and passwords. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	err = seccomp_enter();
	if (err != 0)
		note_missing(s->sandbox, "seccomp", err);
	say(s->sandbox, err == 0);
}

void sandbox_destroy(struct sandbox *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n_places; i++)
		free(b->places[i].path);
	if (b->proc >= 0)
		close(b->proc);
	free(b->places);
	buf_fini(&b->missing);
	free(b);
}

/* ---- reloads -------------------------------------------------------------- */

static bool is_under(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '\0' ||
	    path[n] == '/' || (n == 1 && *dir == '/'));
}

struct wish {
	const struct sandbox *sandbox;
	struct buf           *why;
};

static bool is_allowed(void *ctx, const char *path, unsigned access)
{
	const struct wish *w = ctx;
	char               real[PATH_MAX];

	if (realpath(path, real) == NULL)
		return true;	/* opening it will say why */
	for (size_t i = 0; i < w->sandbox->n_places; i++)
		if (w->sandbox->places[i].access == access &&
		    is_under(real, w->sandbox->places[i].path))
			return true;
	buf_printf(w->why, "\"%s\" was not configured when the server started, "
	    "and its sandbox does not let it %s there now: restart it", real,
	    access & LANDLOCK_WRITE ? "write" : "read");
	return false;
}

static bool is_known(void *ctx, const char *url, int port)
{
	const struct wish *w = ctx;

	for (size_t i = 0; i < w->sandbox->n_ports; i++)
		if (w->sandbox->ports[i] == port)
			return true;
	buf_printf(w->why, "\"%s\" was not configured when the server "
	    "started, and its sandbox does not let it connect there now: "
	    "restart it", url);
	return false;
}

bool sandbox_allows(const struct server *s, const struct options *o,
    struct buf *why)
{
	const struct sandbox *b = s->sandbox;
	struct wish           w = { b, why };

	if (b == NULL || !b->has_files)
		return true;
	if (b->limits_connect && b->landlock.has_ports &&
	    !name_peers(o, is_known, &w))
		return false;
	return name_places(o, is_allowed, &w);
}

void sandbox_explain(const struct server *s, struct buf *why)
{
	static const char denied[] = "ermission denied";

	if (s->sandbox == NULL || !s->sandbox->has_files || why->n == 0 ||
	    memmem(why->p, why->n, denied, sizeof denied - 1) == NULL)
		return;
	while (why->n > 0 && why->p[why->n - 1] == '\n')
		why->n--;
	buf_put_str(why, " (the sandbox of the running server covers the "
	    "directories of its configuration only)\n");
}
