/* server/landlock.c - three system calls that the C library has no names for.
 *
 * The kernel's numbers are written down here, because headers are often older
 * than kernels: each ABI knows some more rights, and what is not known cannot
 * be limited.
 */
#include "server/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

/* The same on every processor. */
enum { NR_CREATE_RULESET = 444, NR_ADD_RULE = 445, NR_RESTRICT_SELF = 446 };
enum { RULE_PATH = 1, RULE_PORT = 2 };
enum { CREATE_VERSION = 1 };

enum file_right {
	EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2,
	READ_DIR = 1 << 3, REMOVE_DIR = 1 << 4, REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7, MAKE_REG = 1 << 8, REFER = 1 << 13,
	TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15,
};
enum {
	OF_ANY_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
	READING     = READ_FILE | READ_DIR,
	STORING     = MAKE_DIR | REMOVE_DIR | REFER,
	WRITING     = WRITE_FILE | READ_DIR | REMOVE_FILE | MAKE_REG | TRUNCATE,
};
enum { PORT_BIND = 1 << 0, PORT_CONNECT = 1 << 1 };
enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 };

struct ruleset_attr {
	uint64_t files, ports, scopes;
};

struct path_attr {
	uint64_t allowed;
	int32_t  parent_fd;
} __attribute__((packed));

struct port_attr {
	uint64_t allowed, port;
};

/* What each ABI knows in all. */
static const struct level {
	uint32_t files;
	uint32_t attr_size;
	bool     has_ports, has_scopes;
} levels[] = {
	{ 0, 0, false, false },
	{ 0x1fff, 8, false, false },
	{ 0x3fff, 8, false, false },
	{ 0x7fff, 8, false, false },
	{ 0x7fff, 16, true, false },
	{ 0xffff, 16, true, false },
	{ 0xffff, 24, true, true },
	{ 0xffff, 24, true, true },
};

enum { ABI_MAX = sizeof levels / sizeof levels[0] - 1 };

static int abi_of_kernel(void)
{
	long n = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_VERSION);

	return n < 0 ? 0 : n > ABI_MAX ? ABI_MAX : (int)n;
}

int landlock_open(struct landlock *l, bool limits_connect, bool limits_peers)
{
	int                 abi = abi_of_kernel();
	const struct level *level = &levels[abi];
	struct ruleset_attr attr = { .files = level->files };

	if (abi == 0)
		return ERR_NOTFOUND;
	if (level->has_ports)
		attr.ports = limits_connect ? PORT_BIND | PORT_CONNECT
		    : PORT_BIND;
	if (level->has_scopes)
		attr.scopes = limits_peers
		    ? SCOPE_SIGNALS | SCOPE_ABSTRACT_SOCKETS : SCOPE_SIGNALS;
	*l = (struct landlock){
		.abi = abi,
		.files = level->files,
		.has_ports = level->has_ports,
		.has_scopes = level->has_scopes,
	};
	l->fd = (int)syscall(NR_CREATE_RULESET, &attr, level->attr_size, 0);
	return l->fd < 0 ? ERR_IO : 0;
}

bool landlock_allow_path(struct landlock *l, const char *path, unsigned access)
{
	struct path_attr attr = { .parent_fd = open(path,
	    O_PATH | O_CLOEXEC) };
	struct stat      st;
	bool             ok = attr.parent_fd >= 0 &&
	    fstat(attr.parent_fd, &st) == 0;

	if (ok) {
		attr.allowed = (access & LANDLOCK_READ ? READING : 0u) |
		    (access & LANDLOCK_WRITE ? WRITING : 0u) |
		    (access & LANDLOCK_STORE ? STORING : 0u);
		attr.allowed &= l->files;
		if (!S_ISDIR(st.st_mode))
			attr.allowed &= OF_ANY_FILE;
		/* It may be refused for a pipe, which needs no permission. */
		syscall(NR_ADD_RULE, l->fd, RULE_PATH, &attr, 0);
	}
	if (attr.parent_fd >= 0)
		close(attr.parent_fd);
	return ok;
}

void landlock_allow_port(struct landlock *l, uint16_t port, unsigned access)
{
	struct port_attr attr = {
		.allowed = (access & LANDLOCK_BIND ? PORT_BIND : 0u) |
		    (access & LANDLOCK_CONNECT ? PORT_CONNECT : 0u),
		.port = port,
	};

	if (l->has_ports)
		syscall(NR_ADD_RULE, l->fd, RULE_PORT, &attr, 0);
}

int landlock_enter(struct landlock *l)
{
	int err = 0, number;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(NR_RESTRICT_SELF, l->fd, 0) != 0)
		err = ERR_IO;
	number = errno;
	close(l->fd);
	l->fd = -1;
	errno = number;
	return err;
}
