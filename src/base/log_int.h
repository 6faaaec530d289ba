/* base/log_int.h - what the log's files share: where lines go.
 *
 * Nothing here locks; log.c calls all of it with its lock held, but for the
 * two that open, which touch nothing shared.
 */
#ifndef BASE_LOG_INT_H
#define BASE_LOG_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/slice.h"

enum { LOG_PREFIX_MAX = 96 };

/* "[PID] 2026/11/21 01:26:28.857656 [INF] "; its length. */
size_t log_prefix(char to[LOG_PREFIX_MAX], enum log_level level,
    bool has_colours);

/* One system call, more only after a short write; errors are nobody's. */
void log_put(int fd, struct slice line);

/* Writes the reason down for log_configure and returns it. */
const char *log_why(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* ---- a file, log_file.c ----------------------------------------------- */

struct log_file;

/* NULL and *why.  Limits as in struct log_config. */
struct log_file *log_file_open(const char *path, int64_t bytes_max,
    int64_t files_max, const char **why);
void log_file_close(struct log_file *f);	/* takes NULL */

/* The next write starts a new file. */
bool log_file_is_full(const struct log_file *f);

/* Appends the line, and rotates when that made the file too large. */
void log_file_write(struct log_file *f, struct slice line);

/* false: cannot be opened, the old descriptor goes on. */
bool log_file_reopen(struct log_file *f);

/* ---- syslog on another machine, log_remote.c -------------------------- */

struct log_remote;

/* Resolves and connects, 2 s at most for each address.  NULL and *why. */
struct log_remote *log_remote_open(const char *url, const char **why);
void log_remote_close(struct log_remote *r);	/* takes NULL */

/* Never waits: a line that cannot leave now is counted, and the number told
 * with the next one that can. */
void log_remote_write(struct log_remote *r, int priority, struct slice text);

#endif /* BASE_LOG_INT_H */
