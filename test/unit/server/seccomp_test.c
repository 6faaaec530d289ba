/* seccomp_test.c - what a server does not do, it cannot do.
 *
 * Each attempt is made in a process of its own behind the filter; its exit
 * status is the errno that the attempt met, 0 when it succeeded, KILLED when
 * the kernel ended it.  Attempts are bare system calls where the C library
 * would try something else first.
 */
#include "server/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "check.h"

extern char **environ;

enum { KILLED = 254 };

static int result(bool ok)
{
	return ok ? 0 : errno;
}

/* ---- what has to work ----------------------------------------------------- */

static void *nothing(void *ctx)
{
	return ctx;
}

static int start_thread(void)
{
	pthread_t t;
	int       err = pthread_create(&t, NULL, nothing, NULL);

	return err != 0 ? err : pthread_join(t, NULL);
}

static int allocate(void)
{
	for (size_t n = 16; n < (size_t)1 << 26; n *= 2) {
		char *p = malloc(n);

		if (p == NULL)
			return ENOMEM;
		memset(p, 1, n);
		free(p);
	}
	return 0;
}

static int open_file(void) { return result(open("/dev/null", O_RDWR) >= 0); }
static int open_tcp(void) { return result(socket(AF_INET6, SOCK_STREAM |
    SOCK_NONBLOCK | SOCK_CLOEXEC, 0) >= 0); }
static int open_udp(void) { return result(socket(AF_INET, SOCK_DGRAM, 0) >=
    0); }
static int open_local(void) { return result(socket(AF_UNIX, SOCK_DGRAM, 0) >=
    0); }

static int look_up(void)
{
	struct addrinfo *list = NULL, hints = { .ai_socktype = SOCK_STREAM };
	int              err = getaddrinfo("localhost", "4222", &hints, &list);

	if (err == 0)
		freeaddrinfo(list);
	return err == 0 ? 0 : 200;
}

static int tell_time(void)
{
	time_t    now = time(NULL);
	struct tm tm;

	return result(localtime_r(&now, &tm) != NULL);
}

static int nap(void)
{
	return result(nanosleep(&(struct timespec){ 0, 1000 }, NULL) == 0);
}

static int name_thread(void) { return result(prctl(PR_SET_NAME, "x") == 0); }
static int own_limit(void)
{
	struct rlimit r;

	return result(getrlimit(RLIMIT_NOFILE, &r) == 0);
}

/* ---- what must not -------------------------------------------------------- */

static int run_program(void)
{
	char *const argv[] = { (char *)(uintptr_t)"/bin/true", NULL };

	execve(argv[0], argv, environ);
	return errno;
}

static int run_open_file(void)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };
	int         fd = open("/bin/true", O_RDONLY);

	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return errno;
}

static int trace_parent(void) { return result(ptrace(PTRACE_ATTACH, getppid(),
    NULL, NULL) == 0); }
static int be_traced(void) { return result(ptrace(PTRACE_TRACEME, 0, NULL,
    NULL) == 0); }

static int read_parent(void)
{
	char         c;
	struct iovec here = { &c, 1 }, there = { &c, 1 };

	return result(process_vm_readv(getppid(), &here, 1, &there, 1, 0) > 0);
}

static int fork_off(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return result(pid > 0);
}

static int fork_by_clone3(void)
{
	uint64_t args[8] = { [4] = SIGCHLD };
	long     pid = syscall(435, args, sizeof args);

	if (pid == 0)
		_exit(0);
	return result(pid > 0);
}

static int new_space(void) { return result(unshare(CLONE_NEWUSER) == 0); }
static int open_raw(void) { return result(socket(AF_INET, SOCK_RAW, 1) >= 0); }
static int open_packet(void) { return result(socket(AF_PACKET, SOCK_DGRAM, 0)
    >= 0); }
static int open_vsock(void) { return result(socket(AF_VSOCK, SOCK_STREAM, 0)
    >= 0); }
static int open_audit(void) { return result(socket(AF_NETLINK, SOCK_RAW, 9)
    >= 0); }
static int open_crypto(void) { return result(socket(AF_ALG, SOCK_SEQPACKET, 0)
    >= 0); }

static int map_code(void)
{
	return result(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 200
	    : result(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int kill_parent(void) { return result(kill(getppid(), 0) == 0); }
static int signal_parent(void) { return result(syscall(SYS_tgkill, getppid(),
    getppid(), 0) == 0); }
static int signal_self(void) { return result(syscall(SYS_tgkill, getpid(),
    syscall(SYS_gettid), 0) == 0); }
static int listen_anew(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	return result(listen(s, 1) == 0);
}

static int be_root(void) { return result(setuid(0) == 0); }
static int own_file(void) { return result(chown("/dev/null", 0, 0) == 0); }
static int other_root(void) { return result(chroot("/") == 0); }
static int be_dumpable(void) { return result(prctl(PR_SET_DUMPABLE, 1) == 0); }
static int own_filter(void) { return result(syscall(SYS_seccomp, 0, 0, 0) ==
    0); }
static int new_ring(void) { return result(syscall(425, 1, NULL) >= 0); }
static int push_key(void) { return result(ioctl(0, TIOCSTI, "x") == 0); }
static int other_limit(void) { return result(syscall(SYS_prlimit64, getppid(),
    0, NULL, NULL) == 0); }
static int unknown_call(void) { return result(syscall(9999) == 0); }
#ifdef __x86_64__
static int x32_call(void) { return result(syscall(0x40000000 + 39) >= 0); }
#endif

/* ---- behind the filter ---------------------------------------------------- */

static int outcome(int (*attempt)(void))
{
	int   status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (seccomp_enter() != 0)
			_exit(255);
		_exit(attempt());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return KILLED;
	CHECK(WIFEXITED(status), "status %x", (unsigned)status);
	return WEXITSTATUS(status);
}

TEST(what_is_needed_works)
{
	static const struct { const char *why; int (*attempt)(void); } t[] = {
		{ "a thread", start_thread }, { "memory", allocate },
		{ "a file", open_file }, { "tcp", open_tcp },
		{ "udp", open_udp }, { "a local socket", open_local },
		{ "names", look_up }, { "the time", tell_time },
		{ "a nap", nap }, { "a thread's name", name_thread },
		{ "its own limits", own_limit }, { "abort", signal_self },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(outcome(t[i].attempt), 0, "%s", t[i].why);
}

TEST(what_is_not_needed_fails)
{
	static const struct {
		const char *why;
		int       (*attempt)(void);
		int         want;
	} t[] = {
		{ "another program", run_program, KILLED },
		{ "an open program", run_open_file, KILLED },
		{ "trace another", trace_parent, KILLED },
		{ "be traced", be_traced, KILLED },
		{ "read another's memory", read_parent, KILLED },
		{ "another name space", new_space, KILLED },
		{ "another root", other_root, KILLED },
		{ "a process", fork_off, EPERM },
		{ "a process, the new way", fork_by_clone3, ENOSYS },
		{ "a raw socket", open_raw, EPERM },
		{ "a packet socket", open_packet, EPERM },
		{ "a socket to the host", open_vsock, EPERM },
		{ "the audit log", open_audit, EPERM },
		{ "the kernel's ciphers", open_crypto, EPERM },
		{ "writable code", map_code, EPERM },
		{ "code out of data", make_code, EPERM },
		{ "kill", kill_parent, ENOSYS },
		{ "a signal to another", signal_parent, EPERM },
		{ "another port", listen_anew, ENOSYS },
		{ "another user", be_root, ENOSYS },
		{ "another owner", own_file, ENOSYS },
		{ "to be looked into again", be_dumpable, EPERM },
		{ "another filter", own_filter, ENOSYS },
		{ "io_uring", new_ring, ENOSYS },
		{ "a key pressed on the terminal", push_key, EPERM },
		{ "another's limits", other_limit, EPERM },
		{ "a call from the future", unknown_call, ENOSYS },
#ifdef __x86_64__
		{ "the other numbering", x32_call, ENOSYS },
#endif
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(outcome(t[i].attempt), t[i].want, "%s", t[i].why);
}

/* ---- all threads ---------------------------------------------------------- */

static int to_thread[2], from_thread[2];

static void *wait_and_listen(void *ctx)
{
	char byte;

	(void)ctx;
	byte = read(to_thread[0], &byte, 1) == 1 ? (char)listen_anew() : 1;
	return write(from_thread[1], &byte, 1) == 1 ? NULL : &to_thread;
}

static int older_thread(void)
{
	pthread_t t;
	char      byte = 0;

	if (pipe(to_thread) != 0 || pipe(from_thread) != 0 ||
	    pthread_create(&t, NULL, wait_and_listen, NULL) != 0)
		return 200;
	if (seccomp_enter() != 0)
		return 201;
	if (write(to_thread[1], &byte, 1) != 1 ||
	    read(from_thread[0], &byte, 1) != 1)
		return 202;
	pthread_join(t, NULL);
	return byte;
}

TEST(a_thread_that_was_there_before_is_behind_it_too)
{
	int   status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(older_thread());
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), ENOSYS);
}
