/* server/seccomp.c - an allow-list of system calls, as a filter for the kernel.
 *
 * What happens to a call, in this order:
 *   1  of another architecture: the process is killed
 *   2  in the list below: allowed
 *   3  in the table of arguments: allowed if a row fits, else EPERM
 *   4  one that a server makes under no circumstances (another program,
 *      another process' memory, another root): the process is killed.  Somebody
 *      else's code is running in it then, and a restart is better than
 *      whatever it tries next
 *   5  anything else: ENOSYS, as from a kernel that does not have it, because
 *      libraries try what is new and fall back (clone3 is one: its flags are in
 *      memory, where a filter cannot look)
 *
 * Written out by hand: a filter is a table and four kinds of instruction, and
 * so there is no build and no kernel for which the sandbox is left out because
 * a library was missing.  Kernels from 5.11 on remember that the calls of step
 * 2 do not depend on arguments, and do not run the filter for them; so the order
 * of the list matters for older ones only.
 */
#include "server/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#if defined(__x86_64__) && defined(__LP64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH

/* ---- what is allowed ------------------------------------------------------ */

static const int allowed[] = {
	/* each message */
	SYS_epoll_pwait, SYS_recvfrom, SYS_sendmsg, SYS_sendto, SYS_read,
	SYS_write, SYS_futex, SYS_epoll_ctl, SYS_accept4, SYS_close,
	SYS_clock_gettime,
	/* sockets */
	SYS_accept, SYS_bind, SYS_connect, SYS_getpeername, SYS_getsockname,
	SYS_getsockopt, SYS_recvmmsg, SYS_recvmsg, SYS_sendmmsg, SYS_setsockopt,
	SYS_shutdown,
	/* waiting */
	SYS_clock_getres, SYS_clock_nanosleep, SYS_epoll_create1,
	SYS_eventfd2, SYS_nanosleep, SYS_pipe2, SYS_ppoll, SYS_pselect6,
	SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_gettime,
	SYS_timerfd_settime,
	/* files: which of them is landlock's affair */
	SYS_dup, SYS_dup3, SYS_faccessat, SYS_fadvise64, SYS_fallocate,
	SYS_fchmod, SYS_fcntl, SYS_fdatasync, SYS_flock, SYS_fstat, SYS_fstatfs,
	SYS_fsync, SYS_ftruncate, SYS_getcwd, SYS_getdents64, SYS_lseek,
	SYS_mkdirat, SYS_openat, SYS_pread64, SYS_preadv, SYS_pwrite64,
	SYS_pwritev, SYS_pwritev2, SYS_readlinkat, SYS_readv, SYS_renameat2,
	SYS_statfs, SYS_statx, SYS_sync_file_range, SYS_umask, SYS_unlinkat,
	SYS_writev,
	/* memory */
	SYS_brk, SYS_madvise, SYS_membarrier, SYS_mincore, SYS_mlock,
	SYS_mlock2, SYS_mremap, SYS_msync, SYS_munlock, SYS_munmap,
	/* threads and signals */
	SYS_exit, SYS_exit_group, SYS_get_robust_list, SYS_getpid, SYS_getppid,
	SYS_gettid, SYS_restart_syscall, SYS_rseq, SYS_rt_sigaction,
	SYS_rt_sigpending, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_rt_sigtimedwait, SYS_sched_getaffinity, SYS_sched_getparam,
	SYS_sched_getscheduler, SYS_sched_yield, SYS_set_robust_list,
	SYS_set_tid_address, SYS_sigaltstack,
	/* about ourselves and the machine */
	SYS_getcpu, SYS_getegid, SYS_geteuid, SYS_getgid, SYS_getrandom,
	SYS_getrusage, SYS_gettimeofday, SYS_getuid, SYS_sysinfo, SYS_times,
	SYS_uname,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_openat2
	SYS_openat2,
#endif
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
#ifdef SYS_getrlimit
	SYS_getrlimit,
#endif
	/* older names for the same, which some processors still have */
#ifdef SYS_open
	SYS_access, SYS_dup2, SYS_epoll_wait, SYS_getdents, SYS_lstat,
	SYS_mkdir, SYS_open, SYS_pipe, SYS_poll, SYS_readlink, SYS_rename,
	SYS_rmdir, SYS_stat, SYS_unlink,
#endif
#ifdef SYS_time
	SYS_time,
#endif
#ifdef SYS_clock_gettime64	/* 32 bits, and time goes on */
	SYS_clock_getres_time64, SYS_clock_gettime64,
	SYS_clock_nanosleep_time64, SYS_futex_time64, SYS_ppoll_time64,
	SYS_pselect6_time64, SYS_recvmmsg_time64, SYS_rt_sigtimedwait_time64,
	SYS_timerfd_gettime64, SYS_timerfd_settime64,
#endif
#ifdef SYS_fcntl64
	SYS__llseek, SYS_fcntl64, SYS_fstat64, SYS_fstatat64, SYS_fstatfs64,
	SYS_ftruncate64, SYS_getegid32, SYS_geteuid32, SYS_getgid32,
	SYS_getuid32, SYS_lstat64, SYS_send, SYS_recv, SYS_stat64,
	SYS_statfs64, SYS_ugetrlimit,
#endif
};

/* Allowed if (argument & mask) is the value, of each that has a mask.  Only
 * the low 32 bits are seen: all that the kernel looks at in these. */
struct condition {
	unsigned arg;
	uint32_t mask, is;
};

static const struct row {
	int              nr;
	bool             is_own_pid;	/* the first argument must be */
	struct condition when[2];
} rows[] = {
#define ALL UINT32_MAX
#define TYPE 0xfu		/* without SOCK_NONBLOCK, SOCK_CLOEXEC */
#define SOCKET(domain, type) \
	{ SYS_socket, false, { { 0, ALL, domain }, { 1, TYPE, type } } }
	SOCKET(AF_INET, SOCK_STREAM), SOCKET(AF_INET, SOCK_DGRAM),
	SOCKET(AF_INET6, SOCK_STREAM), SOCKET(AF_INET6, SOCK_DGRAM),
	SOCKET(AF_UNIX, SOCK_STREAM), SOCKET(AF_UNIX, SOCK_DGRAM),
	/* How the C library asks for our addresses; protocol: routes. */
	{ SYS_socket, false, { { 0, ALL, AF_NETLINK }, { 2, ALL, 0 } } },

	/* Never writable and executable; never executable later. */
#define PROTECTION(nr, mask, is) { nr, false, { { 2, mask, is } } }
#ifdef SYS_mmap2
#define MAP SYS_mmap2
#else
#define MAP SYS_mmap
#endif
	PROTECTION(MAP, PROT_EXEC, 0),
	PROTECTION(MAP, PROT_EXEC | PROT_WRITE, PROT_EXEC),
	PROTECTION(SYS_mprotect, PROT_EXEC, 0),

	/* A thread of ours, not a process, nor one in another name space. */
	{ SYS_clone, false, { { 0, CLONE_VM | CLONE_THREAD | CLONE_NEWNS |
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
	    CLONE_NEWUTS | CLONE_NEWCGROUP, CLONE_VM | CLONE_THREAD } } },
	{ SYS_tgkill, true, { { 0, 0, 0 } } },
	{ SYS_prlimit64, false, { { 0, ALL, 0 } } },
	{ SYS_prctl, false, { { 0, ALL, PR_SET_NAME } } },
	{ SYS_prctl, false, { { 0, ALL, PR_GET_NAME } } },
	/* Of the calling thread: PRIO_PROCESS, 0. */
	{ SYS_setpriority, false, { { 0, ALL, 0 }, { 1, ALL, 0 } } },

	/* Is it a terminal, how much is there. */
	{ SYS_ioctl, false, { { 1, ALL, TCGETS } } },
	{ SYS_ioctl, false, { { 1, ALL, FIONREAD } } },
	{ SYS_ioctl, false, { { 1, ALL, FIONBIO } } },
	{ SYS_ioctl, false, { { 1, ALL, TIOCOUTQ } } },
};

static const int fatal[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_unshare, SYS_setns, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_chroot, SYS_init_module, SYS_finit_module, SYS_bpf,
	SYS_perf_event_open, SYS_keyctl, SYS_reboot,
};

/* ---- the filter ----------------------------------------------------------- */

enum { N_ALLOWED = sizeof allowed / sizeof allowed[0],
	N_ROWS = sizeof rows / sizeof rows[0],
	N_FATAL = sizeof fatal / sizeof fatal[0],
	CODE_MAX = 16 + 2 * (N_ALLOWED + N_ROWS + N_FATAL) + 12 * N_ROWS };

struct program {
	struct sock_filter code[CODE_MAX];
	unsigned short     n;
};

static void put(struct program *p, uint16_t code, uint8_t if_true,
    uint8_t if_false, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter){ code, if_true, if_false, k };
}

static void load(struct program *p, size_t at)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)at);
}

static void load_number(struct program *p)
{
	load(p, offsetof(struct seccomp_data, nr));
}

static void load_argument(struct program *p, unsigned i)
{
	bool is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	load(p, offsetof(struct seccomp_data, args) + 8 * i + (is_big ? 4 : 0));
}

static void answer(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, 0, 0, action);
}

/* If this call, then this answer. */
static void answer_call(struct program *p, int nr, uint32_t action)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)nr);
	answer(p, action);
}

/* Falls through unless the condition fails: then over "left" instructions. */
static void require(struct program *p, const struct condition *c, uint8_t left)
{
	load_argument(p, c->arg);
	put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, c->mask);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, left, c->is);
}

static void put_row(struct program *p, const struct row *r)
{
	struct condition own = { 0, ALL, (uint32_t)getpid() };

	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 7, (uint32_t)r->nr);
	require(p, r->is_own_pid ? &own : &r->when[0], 4);
	require(p, &r->when[1], 1);	/* true without a mask */
	answer(p, SECCOMP_RET_ALLOW);
	load_number(p);
}

static void build(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load_number(p);
	for (size_t i = 0; i < N_ALLOWED; i++)
		answer_call(p, allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < N_ROWS; i++)
		put_row(p, &rows[i]);
	for (size_t i = 0; i < N_ROWS; i++)
		answer_call(p, rows[i].nr, SECCOMP_RET_ERRNO | EPERM);
	for (size_t i = 0; i < N_FATAL; i++)
		answer_call(p, fatal[i], SECCOMP_RET_KILL_PROCESS);
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
}

/* SPEC_ALLOW: older kernels else turn on, for every thread, what protects it
 * from code of strangers in its own address space.  There is none. */
int seccomp_enter(void)
{
	struct program    p = { .n = 0 };
	struct sock_fprog fprog = { .filter = p.code };
	unsigned          flags = SECCOMP_FILTER_FLAG_TSYNC |
	    SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long              n;

	build(&p);
	fprog.len = p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return ERR_IO;
	n = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
	if (n == 0)
		return 0;
	if (n > 0)
		errno = EBUSY;	/* a thread that has a filter of its own */
	return n < 0 && (errno == ENOSYS || errno == EINVAL) ? ERR_NOTFOUND
	    : ERR_IO;
}

#else

int seccomp_enter(void)
{
	return ERR_NOTFOUND;
}

#endif /* ARCH */
