/* server/landlock.h - which files and ports this process may still reach.
 *
 * Landlock is a promise that a thread makes for itself and those it starts; so
 * it is to be made before there are others.  What is open already stays usable.
 * Spec: the kernel's userspace-api/landlock, ABI 1 to 7.
 */
#ifndef SERVER_LANDLOCK_H
#define SERVER_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum landlock_access {
	LANDLOCK_READ    = 1 << 0,	/* and list, of a directory */
	LANDLOCK_WRITE   = 1 << 1,	/* of a directory: make, replace and
					   remove files in it, and list it */
	LANDLOCK_BIND    = 1 << 2,
	LANDLOCK_CONNECT = 1 << 3,
	LANDLOCK_STORE   = 1 << 4,	/* of a directory: directories in it too */
};

struct landlock {
	int      fd;		/* the rule set's */
	int      abi;		/* 0: the kernel has none */
	uint64_t files;		/* rights it knows, as bits of the kernel's */
	bool     has_ports, has_scopes;
};

/* Nothing may be reached, but for TCP connections, unless they are limited, and
 * for what is allowed afterwards.  limits_peers: nor abstract sockets.
 * ERR_NOTFOUND: not in this kernel, or off.  ERR_IO: errno. */
int landlock_open(struct landlock *l, bool limits_connect, bool limits_peers);

/* The file, or all that is under the directory.  false: it is not there. */
bool landlock_allow_path(struct landlock *l, const char *path, unsigned access);

/* TCP only; port 0 is any that the system picks.  Nothing, where the kernel
 * does not know ports. */
void landlock_allow_port(struct landlock *l, uint16_t port, unsigned access);

/* From now on, for this thread and those that it starts; closes in any case.
 * ERR_IO: errno, and nothing is limited. */
int landlock_enter(struct landlock *l);

#endif /* SERVER_LANDLOCK_H */
