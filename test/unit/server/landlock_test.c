/* landlock_test.c - what was not allowed cannot be reached.
 *
 * Each attempt is made in a process of its own that has enclosed itself; its
 * exit status is the errno that the attempt met, 0 when it succeeded.  Where
 * the kernel has no landlock there is nothing to try, and the test says so.
 */
#include "server/landlock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "check.h"

extern char **environ;

static char     root[] = "/tmp/mote-landlock-XXXXXX";
static uint16_t open_port, other_port, free_port;

/* ---- attempts: 0 or errno ------------------------------------------------- */

static int result(bool ok)
{
	return ok ? 0 : errno;
}

static int try_open(const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", root, name);
	return result(open(path, flags | O_CLOEXEC, 0600) >= 0);
}

static int read_in(void) { return try_open("read/a", O_RDONLY); }
static int list_in(void) { return try_open("read", O_RDONLY | O_DIRECTORY); }
static int write_in(void) { return try_open("read/a", O_WRONLY); }
static int make_in(void) { return try_open("read/b", O_WRONLY | O_CREAT); }
static int cut_in(void) { return try_open("read/a", O_RDONLY | O_TRUNC); }
static int read_out(void) { return try_open("out/a", O_RDONLY); }
static int list_out(void) { return try_open("out", O_RDONLY | O_DIRECTORY); }
static int make_out(void) { return try_open("out/b", O_WRONLY | O_CREAT); }
static int read_up(void) { return try_open("read/../out/a", O_RDONLY); }
static int read_link(void) { return try_open("read/link", O_RDONLY); }
static int write_log(void) { return try_open("log/a", O_WRONLY); }
static int make_log(void) { return try_open("log/b", O_WRONLY | O_CREAT); }
static int cut_log(void) { return try_open("log/a", O_WRONLY | O_TRUNC); }
static int read_log(void) { return try_open("log/a", O_RDONLY); }
static int read_file(void) { return try_open("one/a", O_RDONLY); }
static int read_beside(void) { return try_open("one/b", O_RDONLY); }
static int read_passwords(void) { return result(open("/etc/shadow",
    O_RDONLY) >= 0); }

static int try_rename(const char *from, const char *to)
{
	char a[256], b[256];

	snprintf(a, sizeof a, "%s/%s", root, from);
	snprintf(b, sizeof b, "%s/%s", root, to);
	return result(rename(a, b) == 0);
}

static int rotate(void) { return try_rename("log/a", "log/a.1"); }
static int carry_out(void) { return try_rename("log/a", "out/c"); }
static int carry_in(void) { return try_rename("out/a", "log/c"); }

static int try_unlink(const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", root, name);
	return result(unlink(path) == 0);
}

static int remove_log(void) { return try_unlink("log/a"); }
static int remove_in(void) { return try_unlink("read/a"); }

static int make_link(void)
{
	char path[256];

	snprintf(path, sizeof path, "%s/log/l", root);
	return result(symlink("/etc/shadow", path) == 0);
}

static int run_program(void)
{
	char *const argv[] = { (char *)(uintptr_t)"/bin/true", NULL };

	execve(argv[0], argv, environ);
	return errno;
}

static int try_tcp(uint16_t port, bool binds)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int                s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return result((binds ? bind : connect)(s, (struct sockaddr *)&a,
	    sizeof a) == 0);
}

static int connect_allowed(void) { return try_tcp(open_port, false); }
static int connect_other(void) { return try_tcp(other_port, false); }
static int bind_any(void) { return try_tcp(0, true); }
static int bind_other(void) { return try_tcp(free_port, true); }
static int stop_parent(void) { return result(kill(getppid(), 0) == 0); }
static int raise_own(void) { return result(kill(getpid(), 0) == 0); }

static int connect_abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t          n;
	int                s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "%s", root);
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    strlen(root));
	return result(connect(s, (struct sockaddr *)&a, n) == 0);
}

/* ---- an enclosed process -------------------------------------------------- */

static void allow(struct landlock *l, const char *name, unsigned access)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", root, name);
	CHECK(landlock_allow_path(l, path, access), "%s", name);
}

static int enclose(void)
{
	struct landlock l;
	int             err = landlock_open(&l, true, true);

	if (err != 0)
		return err;
	allow(&l, "read", LANDLOCK_READ);
	allow(&l, "log", LANDLOCK_WRITE);
	allow(&l, "one/a", LANDLOCK_READ);
	CHECK(!landlock_allow_path(&l, "/nowhere", LANDLOCK_READ));
	landlock_allow_port(&l, open_port, LANDLOCK_CONNECT);
	landlock_allow_port(&l, 0, LANDLOCK_BIND);
	return landlock_enter(&l);
}

static int outcome(int (*attempt)(void), bool is_enclosed)
{
	int   status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(is_enclosed && enclose() != 0 ? 255 : attempt());
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- the world outside ---------------------------------------------------- */

static void put_file(const char *name)
{
	CHECK_INT(try_open(name, O_WRONLY | O_CREAT), 0, "%s", name);
}

static void make_tree(void)
{
	static const char *const dirs[] = { "read", "log", "out", "one" };
	char from[256], to[256];

	if (root[sizeof root - 2] != 'X')
		return;
	CHECK(mkdtemp(root) != NULL);
	for (size_t i = 0; i < N_OF(dirs); i++) {
		snprintf(from, sizeof from, "%s/%s", root, dirs[i]);
		CHECK_INT(mkdir(from, 0700), 0);
		snprintf(from, sizeof from, "%s/a", dirs[i]);
		put_file(from);
	}
	put_file("one/b");
	snprintf(from, sizeof from, "%s/out/a", root);
	snprintf(to, sizeof to, "%s/read/link", root);
	CHECK_INT(symlink(from, to), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind,
    struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

__attribute__((destructor)) static void remove_tree(void)
{
	if (root[sizeof root - 2] != 'X')
		nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int listen_tcp(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t          n = sizeof a;
	int                s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(s, (struct sockaddr *)&a, n), 0);
	CHECK_INT(listen(s, 16), 0);
	CHECK_INT(getsockname(s, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return s;
}

static int listen_abstract(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int                s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "%s", root);
	CHECK_INT(bind(s, (struct sockaddr *)&a, (socklen_t)(offsetof(
	    struct sockaddr_un, sun_path) + 1 + strlen(root))), 0);
	return s;
}

/* 0: the kernel has none, and the test is over. */
static int abi(void)
{
	struct landlock l;
	int             err = landlock_open(&l, true, true);

	if (err == ERR_NOTFOUND) {
		print_message("this kernel has no landlock\n");
		return 0;
	}
	CHECK_INT(err, 0);
	close(l.fd);
	return l.abi;
}

TEST(what_is_not_allowed_is_denied_and_what_is_works)
{
	static const struct {
		const char *why;
		int       (*attempt)(void);
		int         since;	/* ABI */
		int         want;
	} t[] = {
		{ "read a file below", read_in, 1, 0 },
		{ "list it", list_in, 1, 0 },
		{ "write where one reads", write_in, 1, EACCES },
		{ "make a file where one reads", make_in, 1, EACCES },
		{ "truncate where one reads", cut_in, 3, EACCES },
		{ "remove where one reads", remove_in, 1, EACCES },
		{ "read elsewhere", read_out, 1, EACCES },
		{ "list elsewhere", list_out, 1, EACCES },
		{ "make elsewhere", make_out, 1, EACCES },
		{ "read elsewhere by ..", read_up, 1, EACCES },
		{ "read elsewhere by a link", read_link, 1, EACCES },
		{ "read the system's passwords", read_passwords, 1, EACCES },
		{ "read the one file", read_file, 1, 0 },
		{ "read the file beside it", read_beside, 1, EACCES },
		{ "write a log", write_log, 1, 0 },
		{ "begin a log", make_log, 1, 0 },
		{ "truncate a log", cut_log, 1, 0 },
		{ "read a log", read_log, 1, EACCES },
		{ "make a link to elsewhere", make_link, 1, EACCES },
		{ "move a log out", carry_out, 1, EACCES },
		{ "move something in", carry_in, 1, EACCES },
		{ "rotate a log", rotate, 1, 0 },
		{ "run a program", run_program, 1, EACCES },
		{ "connect to the port", connect_allowed, 1, 0 },
		{ "connect to another port", connect_other, 4, EACCES },
		{ "listen on any port", bind_any, 1, 0 },
		{ "listen on another port", bind_other, 4, EACCES },
		{ "send oneself a signal", raise_own, 1, 0 },
		{ "send another a signal", stop_parent, 6, EPERM },
		{ "connect to an abstract socket", connect_abstract, 6, EPERM },
	};
	int fds[3], has = abi();

	if (has == 0)
		skip();
	make_tree();
	close(listen_tcp(&free_port));
	fds[0] = listen_tcp(&open_port);
	fds[1] = listen_tcp(&other_port);
	fds[2] = listen_abstract();
	for (size_t i = 0; i < N_OF(t); i++)
		if (has >= t[i].since)
			CHECK_INT(outcome(t[i].attempt, true), t[i].want, "%s",
			    t[i].why);
	for (size_t i = 0; i < N_OF(fds); i++)
		close(fds[i]);
}

/* Else the test above shows nothing. */
TEST(all_of_that_works_outside)
{
	static int (*const attempts[])(void) = {
		read_in, read_out, list_out, make_out, read_up, read_link,
		read_log, run_program, stop_parent, read_beside, remove_log,
		write_in, make_in, make_link, bind_other,
	};

	make_tree();
	close(listen_tcp(&free_port));
	put_file("log/a");
	for (size_t i = 0; i < N_OF(attempts); i++)
		CHECK_INT(outcome(attempts[i], false), 0, "attempt %zu", i);
}
