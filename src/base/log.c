/* base/log.c - one line at a time, under one lock.
 *
 * A line is formatted into static memory, so that logging neither allocates
 * nor needs a deep stack, and leaves with one system call.  Text from peers
 * reaches the log, so control bytes are escaped: one call makes one line. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log_int.h"

enum { LOG_TEXT_MAX = 64 * 1024, LOG_WHY_MAX = 512 };

bool log_debug_on, log_trace_on;

static const struct {
	char name[4];
	const char *colour;
	int  priority;		/* of syslog */
} levels[] = {
	[LOG_LEVEL_FTL] = { "FTL", "31",   LOG_CRIT },
	[LOG_LEVEL_ERR] = { "ERR", "31",   LOG_ERR },
	[LOG_LEVEL_WRN] = { "WRN", "0;93", LOG_WARNING },
	[LOG_LEVEL_INF] = { "INF", "32",   LOG_NOTICE },
	[LOG_LEVEL_DBG] = { "DBG", "36",   LOG_DEBUG },
	[LOG_LEVEL_TRC] = { "TRC", "33",   LOG_NOTICE },
};

/* Where lines go; without any of the three, to stderr. */
struct sink {
	struct log_file   *file;
	struct log_remote *remote;
	bool               is_syslog;
};

static struct {
	pthread_mutex_t lock;	/* all below */
	struct sink     sink;
	bool            has_time, is_utc;
	enum { TTY_UNKNOWN, TTY_NO, TTY_YES } tty;	/* what stderr is */
	char            raw[LOG_TEXT_MAX];
	char            line[LOG_PREFIX_MAX + LOG_TEXT_MAX + 1];
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .has_time = true };

/* Only for log_configure, which has one caller at a time. */
static char why_text[LOG_WHY_MAX];

const char *log_why(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why_text, sizeof why_text, fmt, ap);
	va_end(ap);
	return why_text;
}

/* ---- a line ----------------------------------------------------------- */

static size_t put_stamp(char *to, size_t room)
{
	int64_t   now = clock_wall_ns();
	time_t    s = (time_t)(now / NS_PER_S);
	struct tm tm = { 0 };

	if (state.is_utc)
		gmtime_r(&s, &tm);
	else
		localtime_r(&s, &tm);
	return (size_t)snprintf(to, room,
	    "%04d/%02d/%02d %02d:%02d:%02d.%06d ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(now % NS_PER_S / NS_PER_US));
}

size_t log_prefix(char to[LOG_PREFIX_MAX], enum log_level level,
    bool has_colours)
{
	size_t n = (size_t)snprintf(to, LOG_PREFIX_MAX, "[%ld] ",
	    (long)getpid());

	if (state.has_time)
		n += put_stamp(to + n, LOG_PREFIX_MAX - n);
	if (has_colours)
		return n + (size_t)snprintf(to + n, LOG_PREFIX_MAX - n,
		    "[\x1b[%sm%s\x1b[0m] ", levels[level].colour,
		    levels[level].name);
	return n + (size_t)snprintf(to + n, LOG_PREFIX_MAX - n, "[%s] ",
	    levels[level].name);
}

/* Writes at most 4 bytes: the byte c so that it cannot start a new line or
 * talk to a terminal. */
static size_t put_safe(char *to, char c)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char     b = (unsigned char)c;

	if ((b >= ' ' && b != 0x7f) || b == '\t') {
		to[0] = c;
		return 1;
	}
	to[0] = '\\';
	if (c == '\n' || c == '\r') {
		to[1] = c == '\n' ? 'n' : 'r';
		return 2;
	}
	to[1] = 'x';
	to[2] = hex[b >> 4];
	to[3] = hex[b & 15];
	return 4;
}

/* raw, made safe, into to; what is too long ends in "...". */
static size_t put_text(char to[LOG_TEXT_MAX], size_t n_raw)
{
	static const char cut[] = { '.', '.', '.' };
	size_t            n = 0, max = n_raw < sizeof state.raw ? n_raw
	    : sizeof state.raw - 1;

	for (size_t i = 0; i < max; i++) {
		if (n > LOG_TEXT_MAX - 4 - sizeof cut)
			break;
		n += put_safe(to + n, state.raw[i]);
	}
	if (n_raw >= sizeof state.raw || n > LOG_TEXT_MAX - 4 - sizeof cut) {
		memcpy(to + n, cut, sizeof cut);
		n += sizeof cut;
	}
	return n;
}

void log_put(int fd, struct slice line)
{
	ssize_t n;

	while (line.n > 0) {
		n = write(fd, line.p, line.n);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			line = slice_skip(line, (size_t)n);
	}
}

static bool stderr_has_colours(void)
{
	if (state.tty == TTY_UNKNOWN)
		state.tty = isatty(STDERR_FILENO) == 1 ? TTY_YES : TTY_NO;
	return state.tty == TTY_YES;
}

/* The text stands in state.line behind the room for a prefix. */
static void deliver(enum log_level level, size_t n_text)
{
	char         prefix[LOG_PREFIX_MAX];
	char        *text = state.line + LOG_PREFIX_MAX;
	struct sink *to = &state.sink;
	size_t       n;

	if (to->remote != NULL) {
		log_remote_write(to->remote, levels[level].priority,
		    slice_of(text, n_text));
		return;
	}
	if (to->is_syslog) {
		syslog(levels[level].priority, "%.*s", (int)n_text, text);
		return;
	}
	n = log_prefix(prefix, level,
	    to->file == NULL && stderr_has_colours());
	memcpy(text - n, prefix, n);
	text[n_text] = '\n';
	if (to->file != NULL)
		log_file_write(to->file, slice_of(text - n, n + n_text + 1));
	else
		log_put(STDERR_FILENO, slice_of(text - n, n + n_text + 1));
}

void log_vwrite(enum log_level level, const char *fmt, va_list ap)
{
	int saved = errno, n;

	pthread_mutex_lock(&state.lock);
	errno = saved;			/* for %m */
	n = vsnprintf(state.raw, sizeof state.raw, fmt, ap);
	if (n >= 0)
		deliver(level, put_text(state.line + LOG_PREFIX_MAX, (size_t)n));
	pthread_mutex_unlock(&state.lock);
	errno = saved;			/* callers log first, then look */
}

void log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(level, fmt, ap);
	va_end(ap);
}

/* ---- configuration ---------------------------------------------------- */

static int sink_open(struct sink *s, const struct log_config *c,
    const char **why)
{
	*s = (struct sink){ 0 };
	if (c->file != NULL)
		s->file = log_file_open(c->file, c->file_bytes_max,
		    c->files_max, why);
	else if (c->remote_syslog != NULL)
		s->remote = log_remote_open(c->remote_syslog, why);
	else
		s->is_syslog = c->uses_syslog;
	if (c->file != NULL && s->file == NULL)
		return ERR_IO;
	if (c->file == NULL && c->remote_syslog != NULL && s->remote == NULL)
		return ERR_IO;
	return 0;
}

/* From the old sink to the new one, under the lock. */
static void sink_change(struct sink s)
{
	log_file_close(state.sink.file);
	log_remote_close(state.sink.remote);
	if (state.sink.is_syslog && !s.is_syslog)
		closelog();
	if (s.is_syslog)
		openlog(program_invocation_short_name, LOG_PID, LOG_DAEMON);
	state.sink = s;
}

int log_configure(const struct log_config *c, const char **why)
{
	struct sink s;
	bool        is_full;
	int         err = sink_open(&s, c, why);

	if (err != 0)
		return err;
	pthread_mutex_lock(&state.lock);
	sink_change(s);
	state.has_time = c->has_time;
	state.is_utc = c->is_utc;
	is_full = s.file != NULL && log_file_is_full(s.file);
	pthread_mutex_unlock(&state.lock);

	__atomic_store_n(&log_debug_on, c->debug, __ATOMIC_RELAXED);
	__atomic_store_n(&log_trace_on, c->trace, __ATOMIC_RELAXED);
	if (is_full)
		log_notice("Rotating logfile...");
	return 0;
}

bool log_reopen(void)
{
	bool is_file;

	pthread_mutex_lock(&state.lock);
	is_file = state.sink.file != NULL;
	if (is_file)
		log_file_reopen(state.sink.file);
	pthread_mutex_unlock(&state.lock);
	return is_file;
}

void log_close(void)
{
	pthread_mutex_lock(&state.lock);
	sink_change((struct sink){ 0 });
	pthread_mutex_unlock(&state.lock);
}

/* ---- the gate --------------------------------------------------------- */

bool log_gate_open(struct log_gate *gate, uint32_t *n_held_back)
{
	int64_t now = clock_ns();
	int64_t last = __atomic_load_n(&gate->last_ns, __ATOMIC_RELAXED);

	if ((last != 0 && now - last < NS_PER_S) ||
	    !__atomic_compare_exchange_n(&gate->last_ns, &last, now, false,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
		__atomic_fetch_add(&gate->n_held_back, 1, __ATOMIC_RELAXED);
		return false;
	}
	*n_held_back = __atomic_exchange_n(&gate->n_held_back, 0,
	    __ATOMIC_RELAXED);
	return true;
}
