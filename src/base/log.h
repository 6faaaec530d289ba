/* base/log.h - one line for people, in nats-server's format.
 *
 *     [PID] 2026/11/21 01:26:28.857656 [INF] text
 *
 * To stderr, a file that is rotated by size, or syslog.  Any thread may log; a
 * line is written with one system call.  debug and trace are checked before
 * their arguments are evaluated.  Control bytes in the text are escaped and
 * 64 KiB are the most, so one call makes one line whatever a peer sent.  errno
 * is kept.  Spec: core protocol, "Log format".
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_FTL, LOG_LEVEL_ERR, LOG_LEVEL_WRN, LOG_LEVEL_INF,
	LOG_LEVEL_DBG, LOG_LEVEL_TRC };

struct log_config {
	const char *file;		/* NULL: stderr or syslog */
	int64_t     file_bytes_max;	/* 0: never rotate */
	int64_t     files_max;		/* with the active one; 0: all kept */
	bool        uses_syslog;
	const char *remote_syslog;	/* udp://host:port, tcp://.., unix:///..; or NULL */
	bool        has_time;
	bool        is_utc;
	bool        debug, trace;
};

/* What is on now; read without a lock by the macros below. */
extern bool log_debug_on, log_trace_on;
#define LOG_IS_ON(flag) \
	__builtin_expect(__atomic_load_n(&(flag), __ATOMIC_RELAXED), 0)

/* Starts, or changes over to, this configuration; strings are copied.  A file
 * comes before remote syslog, that before the local one.  Before the first
 * call lines go to stderr.  0, or ERR_IO and *why (owned by the module until
 * the next call): the old one stays.  A remote syslog is dialled, 2 s for each
 * address at most.  Thread: any, one at a time. */
int log_configure(const struct log_config *c, const char **why);

/* Closes and opens the file again (after an outside rotation).  false: there
 * is no file.  When it cannot be opened the old one goes on and says so.
 * Thread: any. */
bool log_reopen(void);

/* Back to stderr. */
void log_close(void);

void log_vwrite(enum log_level level, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void log_write(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_fatal(...)  log_write(LOG_LEVEL_FTL, __VA_ARGS__)
#define log_error(...)  log_write(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...)   log_write(LOG_LEVEL_WRN, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_INF, __VA_ARGS__)
#define log_debug(...) \
	do { if (LOG_IS_ON(log_debug_on)) \
		log_write(LOG_LEVEL_DBG, __VA_ARGS__); } while (0)
#define log_trace(...) \
	do { if (LOG_IS_ON(log_trace_on)) \
		log_write(LOG_LEVEL_TRC, __VA_ARGS__); } while (0)

/* At most one line a second from each place that hostile peers can make us
 * log at; the rest are counted and told with the next line.  Zeroed memory is
 * an open gate.  Thread: any. */
struct log_gate {
	int64_t  last_ns;
	uint32_t n_held_back;
};
bool log_gate_open(struct log_gate *gate, uint32_t *n_held_back);

#endif /* BASE_LOG_H */
