/* test/unit/base/log_test.c - pairs with src/base/log.c, log_file.c and
 * log_remote.c.
 *
 * What matters: the exact format that tools grep for, one line for one call
 * whatever the text, and that a disk or a log server in trouble costs lines at
 * most.  Lines are taken from where they really go: a pipe in place of stderr,
 * a pseudo terminal, files in a fresh folder, sockets on loopback. */
#include "base/log.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <regex.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "check.h"

#define STAMP "[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6} "
#define BACKUP "\\.[0-9]{4}(\\.[0-9]{2}){5}\\.[0-9]{9}"

enum { TEXT_MAX = 256 * 1024 };
static char text[TEXT_MAX];
static char dir[] = "/tmp/mote-log-test-XXXXXX";
static char path[64];

static const struct log_config plain = { .has_time = false };

static void configure(const struct log_config *c)
{
	const char *why = "no reason";

	CHECK_INT(log_configure(c, &why), 0, "%s", why);
}

static bool matches(const char *s, const char *pattern)
{
	regex_t re;
	int     r;

	CHECK_INT(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	r = regexec(&re, s, 0, NULL, 0);
	regfree(&re);
	return r == 0;
}

static void read_fd(int fd)
{
	size_t  n = 0;
	ssize_t r;

	while (n < sizeof text - 1 &&
	    (r = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = '\0';
}

static void read_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0, "%s", name);
	read_fd(fd);
	close(fd);
}

/* ---- stderr ----------------------------------------------------------- */

static int saved_stderr, pipe_end;

static void capture(void)
{
	int ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	CHECK(fcntl(ends[1], F_SETPIPE_SZ, TEXT_MAX) >= 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	pipe_end = ends[0];
}

/* What was written since, in text. */
static void captured(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	read_fd(pipe_end);
	close(pipe_end);
}

TEST(a_line_has_pid_time_level_and_text)
{
	char want[256];

	capture();
	log_notice("Listening for client connections on %s:%d", "0.0.0.0", 4222);
	captured();
	snprintf(want, sizeof want, "^\\[%d\\] " STAMP "\\[INF\\] "
	    "Listening for client connections on 0\\.0\\.0\\.0:4222\n$",
	    (int)getpid());
	CHECK(matches(text, want), "before the first configure: %s", text);
}

TEST(levels_have_three_letters_and_time_can_be_left_out)
{
	char want[256];

	configure(&plain);
	capture();
	log_fatal("a");
	log_error("b");
	log_warn("c");
	log_notice("d");
	log_write(LOG_LEVEL_DBG, "e");
	log_write(LOG_LEVEL_TRC, "f");
	captured();
	snprintf(want, sizeof want, "[%1$d] [FTL] a\n[%1$d] [ERR] b\n"
	    "[%1$d] [WRN] c\n[%1$d] [INF] d\n[%1$d] [DBG] e\n[%1$d] [TRC] f\n",
	    (int)getpid());
	CHECK_STR(text, want);
}

static int n_evaluated;

static int evaluate(void)
{
	return ++n_evaluated;
}

TEST(debug_and_trace_cost_nothing_when_off)
{
	struct log_config c = plain;

	configure(&c);
	capture();
	log_debug("%d", evaluate());
	log_trace("%d", evaluate());
	captured();
	CHECK_STR(text, "");
	CHECK_INT(n_evaluated, 0);

	c.debug = c.trace = true;
	configure(&c);
	capture();
	log_debug("%d", evaluate());
	log_trace("%d", evaluate());
	captured();
	CHECK(matches(text, "\\[DBG\\] 1\n.*\\[TRC\\] 2\n$"), "%s", text);
	configure(&plain);
}

TEST(utc_is_utc)
{
	struct log_config c = { .has_time = true, .is_utc = true };
	char              hour[32];
	time_t            now;
	struct tm         tm;

	setenv("TZ", "XXX-05:00", 1);
	tzset();
	for (int i = 0; i < 2; i++) {
		c.is_utc = i == 0;
		configure(&c);
		capture();
		now = time(NULL);
		log_notice("x");
		captured();
		now += i == 0 ? 0 : 5 * 3600;
		gmtime_r(&now, &tm);
		strftime(hour, sizeof hour, " %H:", &tm);
		/* the hour may have turned between the two */
		CHECK(strstr(text, hour) != NULL || tm.tm_min == 59, "%s", text);
	}
	unsetenv("TZ");
	tzset();
	configure(&plain);
}

TEST(a_peer_cannot_forge_a_line)
{
	static const struct { const char *why, *in, *out; } t[] = {
		{ "line feed",             "a\n[1] [INF] b", "a\\n[1] [INF] b" },
		{ "carriage return",       "a\rb",           "a\\rb" },
		{ "terminal commands",     "\x1b[2Ja",       "\\x1b[2Ja" },
		{ "delete",                "a\x7f",          "a\\x7f" },
		{ "tabs and UTF-8 stay",   "\t\xc3\xa4",     "\t\xc3\xa4" },
		{ "backslashes stay",      "a\\nb",          "a\\nb" },
		{ "percent is only text",  "%s%n",           "%s%n" },
	};
	char want[256];

	configure(&plain);
	for (size_t i = 0; i < N_OF(t); i++) {
		capture();
		log_warn("%s", t[i].in);
		captured();
		snprintf(want, sizeof want, "[%d] [WRN] %s\n", (int)getpid(),
		    t[i].out);
		CHECK_STR(text, want, "%s", t[i].why);
	}
}

TEST(a_long_line_is_cut)
{
	static const struct { const char *why; char fill; size_t n, least; } t[] = {
		{ "fits",                        'x',  60000,  60000 },
		{ "does not",                    'x',  100000, 65000 },
		{ "fits only before escaping",   '\1', 60000,  65000 },
	};
	char *long_text = malloc(100001);

	configure(&plain);
	for (size_t i = 0; i < N_OF(t); i++) {
		size_t n;

		memset(long_text, t[i].fill, t[i].n);
		long_text[t[i].n] = '\0';
		capture();
		log_notice("%s", long_text);
		log_notice("next");
		captured();
		n = (size_t)(strchr(text, '\n') - text);
		CHECK(n >= t[i].least && n < 66000, "%s: %zu", t[i].why, n);
		CHECK_INT(memcmp(text + n - 3, "...", 3) == 0, t[i].n > n ||
		    t[i].fill == '\1', "says so: %s", t[i].why);
		CHECK(matches(text + n, "^\n\\[[0-9]+\\] \\[INF\\] next\n$"));
	}
	free(long_text);
}

TEST(errno_survives_and_can_be_printed)
{
	configure(&plain);
	capture();
	errno = ENOENT;
	log_error("%m");
	CHECK_INT(errno, ENOENT);
	captured();
	CHECK(strstr(text, "No such file") != NULL, "%s", text);
}

/* In a child, because stderr's nature is asked for once. */
TEST(a_terminal_gets_colours)
{
	int   master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	pid_t child;
	char  want[128];
	ssize_t n;

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
	capture();		/* a line, so that the answer is no by now */
	log_notice("x");
	captured();
	child = fork();
	if (child == 0) {
		dup2(slave, STDERR_FILENO);
		setenv("LOG_TEST_COLOURS", "1", 1);
		execl("/proc/self/exe", "log_test", NULL);
		_exit(1);
	}
	n = read(master, text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = '\0';
	snprintf(want, sizeof want, "[%d] [\x1b[0;93mWRN\x1b[0m] c\r\n",
	    (int)child);
	CHECK_STR(text, want);
	close(slave);
	close(master);
}

/* Runs instead of the tests when started as above. */
__attribute__((constructor(101))) static void be_the_coloured_child(void)
{
	const char *why;

	if (getenv("LOG_TEST_COLOURS") == NULL)
		return;
	log_configure(&plain, &why);
	log_warn("c");
	_exit(0);
}

/* ---- files ------------------------------------------------------------ */

static void fresh_dir(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/mote.log", dir);
}

/* How many names in dir match; they are removed when told so. */
static int count_names(const char *pattern, bool removes)
{
	DIR           *d = opendir(dir);
	struct dirent *e;
	int            n = 0;

	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || !matches(e->d_name, pattern))
			continue;
		n++;
		if (removes)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	return n;
}

static void remove_dir(void)
{
	log_close();
	count_names("", true);
	CHECK_INT(rmdir(dir), 0);
}

TEST(a_file_is_appended_to_and_private)
{
	struct log_config c = { .file = path };
	struct stat       st;
	mode_t            mask = umask(0);
	char              want[128];

	fresh_dir();
	configure(&c);
	log_notice("one");
	configure(&c);
	log_notice("two");
	umask(mask);
	read_file(path);
	snprintf(want, sizeof want, "[%1$d] [INF] one\n[%1$d] [INF] two\n",
	    (int)getpid());
	CHECK_STR(text, want, "no colours, nothing cut off");
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0640);
	remove_dir();
}

TEST(a_file_that_cannot_be_opened_changes_nothing)
{
	struct log_config bad = { .file = "/nonexistent/mote.log" };
	const char       *why = NULL;

	configure(&plain);
	CHECK_INT(log_configure(&bad, &why), ERR_IO);
	CHECK(strstr(why, "/nonexistent/mote.log") != NULL, "%s", why);
	capture();
	log_notice("still here");
	captured();
	CHECK(strstr(text, "still here") != NULL);
	CHECK(!log_reopen(), "stderr is no file");
}

TEST(a_moved_file_is_left_alone_after_reopen)
{
	struct log_config c = { .file = path };
	char              moved[80];

	fresh_dir();
	snprintf(moved, sizeof moved, "%s.1", path);
	configure(&c);
	log_notice("one");
	CHECK_INT(rename(path, moved), 0);
	log_notice("two");
	CHECK(log_reopen());
	log_notice("three");
	read_file(moved);
	CHECK(matches(text, "one\n.*two\n$"), "%s", text);
	read_file(path);
	CHECK(matches(text, "^\\[[0-9]+\\] \\[INF\\] three\n$"), "%s", text);
	remove_dir();
}

TEST(a_reopen_that_fails_goes_on_with_the_old_file)
{
	struct log_config c = { .file = path };
	char              moved[80];

	fresh_dir();
	snprintf(moved, sizeof moved, "%s.1", path);
	configure(&c);
	CHECK_INT(rename(path, moved), 0);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK(log_reopen());
	log_notice("on");
	read_file(moved);
	CHECK(matches(text, "Unable to re-open the logfile.*\n.*on\n$"), "%s",
	    text);
	CHECK_INT(rmdir(path), 0);
	remove_dir();
}

TEST(a_full_file_is_set_aside)
{
	struct log_config c = { .file = path, .file_bytes_max = 400 };
	char              want[512];

	fresh_dir();
	configure(&c);
	for (int i = 0; i < 20; i++)
		log_notice("0123456789");	/* 27 bytes or so */
	CHECK(count_names("^mote\\.log" BACKUP "$", false) >= 1);
	read_file(path);
	snprintf(want, sizeof want, "^\\[%d\\] \\[INF\\] Rotated log, backup "
	    "saved as \"%s/mote\\.log" BACKUP "\"\r\n", (int)getpid(), dir);
	CHECK(matches(text, want), "%s", text);
	CHECK(strlen(text) < 450);
	remove_dir();
}

TEST(no_line_is_lost_by_rotation)
{
	struct log_config c = { .file = path, .file_bytes_max = 500 };
	struct dirent    *e;
	DIR              *d;
	int               n = 0;

	fresh_dir();
	configure(&c);
	for (int i = 0; i < 200; i++)
		log_notice("line %d.", i);
	d = opendir(dir);
	while ((e = readdir(d)) != NULL) {
		char name[512];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
		read_file(name);
		for (char *p = text; (p = strstr(p, "] line ")) != NULL; p++)
			n++;
	}
	closedir(d);
	CHECK_INT(n, 200);
	CHECK(count_names(BACKUP, false) > 5);
	remove_dir();
}

TEST(the_oldest_backups_are_purged_and_nothing_else)
{
	static const struct { const char *why, *name; bool stays; } t[] = {
		{ "the oldest",        "mote.log.2001.01.02.03.04.05.000000001", false },
		{ "the second oldest", "mote.log.2001.01.02.03.04.05.000000002", false },
		{ "not yet to go",     "mote.log.2999.01.02.03.04.05.000000000", true },
		{ "somebody else's",   "mote.log.1",                             true },
		{ "no stamp",          "mote.log.2001.01.02.03.04.05.00000000x", true },
		{ "a longer stamp",    "mote.log.2001.01.02.03.04.05.0000000011", true },
		{ "another log's",     "vote.log.2001.01.02.03.04.05.000000001", true },
	};
	struct log_config c = { .file = path, .file_bytes_max = 1000,
		.files_max = 3 };
	char name[128];

	fresh_dir();
	for (size_t i = 0; i < N_OF(t); i++) {
		snprintf(name, sizeof name, "%s/%s", dir, t[i].name);
		close(open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	configure(&c);
	log_notice("%01000d", 0);	/* one rotation */
	for (size_t i = 0; i < N_OF(t); i++) {
		snprintf(name, sizeof name, "%s/%s", dir, t[i].name);
		CHECK_INT(access(name, F_OK) == 0, t[i].stays, "%s", t[i].why);
	}
	CHECK_INT(count_names("^mote\\.log" BACKUP "$", false), 2);
	read_file(path);
	CHECK(matches(text, "Rotated log, backup saved as .*\r\n.*"
	    "\\[INF\\] Purged log file \"mote\\.log\\.2001\\.01\\.02\\.03\\.04\\."
	    "05\\.000000001\"\r\n"), "%s", text);
	remove_dir();
}

TEST(one_file_means_no_backup)
{
	struct log_config c = { .file = path, .file_bytes_max = 100,
		.files_max = 1 };

	fresh_dir();
	configure(&c);
	for (int i = 0; i < 30; i++)
		log_notice("0123456789");
	CHECK_INT(count_names(BACKUP, false), 0);
	CHECK_INT(count_names("", false), 1);
	remove_dir();
}

TEST(a_smaller_limit_rotates_at_once)
{
	struct log_config c = { .file = path };

	fresh_dir();
	configure(&c);
	for (int i = 0; i < 30; i++)
		log_notice("0123456789");
	c.file_bytes_max = 300;
	configure(&c);
	CHECK_INT(count_names(BACKUP "$", false), 1);
	remove_dir();
}

TEST(a_rotation_that_fails_loses_no_line)
{
	struct log_config c = { .file = path, .file_bytes_max = 300 };
	char              moved[80];

	fresh_dir();
	snprintf(moved, sizeof moved, "%s.1", path);
	configure(&c);
	CHECK_INT(rename(path, moved), 0);
	for (int i = 0; i < 40; i++)
		log_notice("line %d.", i);
	read_file(moved);
	CHECK(strstr(text, "Unable to rename logfile for rotation (No such "
	    "file or directory), will attempt next rotation at size 600\r\n")
	    != NULL, "%s", text);
	CHECK(strstr(text, "] line 0.") != NULL);
	CHECK(strstr(text, "] line 39.") != NULL);
	remove_dir();
}

TEST(what_is_no_file_is_not_rotated)
{
	struct log_config c = { .file = "/dev/null", .file_bytes_max = 10 };

	configure(&c);
	log_notice("a line of more than ten bytes");
	log_close();
	CHECK_INT(access("/dev/null", F_OK), 0);
}

enum { WRITERS = 4, LINES = 500 };

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_notice("from %d: %d.", (int)(intptr_t)arg, i);
	return NULL;
}

TEST(lines_of_threads_do_not_mix)
{
	struct log_config c = { .file = path };
	pthread_t         thread[WRITERS];
	int               n = 0, next[WRITERS] = { 0 };

	fresh_dir();
	configure(&c);
	for (intptr_t i = 0; i < WRITERS; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, write_lines,
		    (void *)i), 0);
	for (int i = 0; i < 20; i++) {
		configure(&c);		/* the file changes hands meanwhile */
		log_reopen();
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	read_file(path);
	for (char *p = text; *p != '\0'; p = strchr(p, '\n') + 1, n++) {
		int pid, from, i;

		CHECK_INT(sscanf(p, "[%d] [INF] from %d: %d.\n", &pid, &from,
		    &i), 3);
		CHECK(from >= 0 && from < WRITERS);
		CHECK_INT(i, next[from]++, "in order");
	}
	CHECK_INT(n, WRITERS * LINES);
	remove_dir();
}

/* ---- syslog ----------------------------------------------------------- */

static int bound(int type, struct sockaddr_in *a)
{
	socklen_t n = sizeof *a;
	int       fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;

	if (a->sin_family == 0)
		*a = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	CHECK_INT(bind(fd, (struct sockaddr *)a, n), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)a, &n), 0);
	if (type == SOCK_STREAM)
		CHECK_INT(listen(fd, 8), 0);
	return fd;
}

static void receive(int fd)
{
	struct timeval limit = { .tv_sec = 5 };
	ssize_t        n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	n = recv(fd, text, sizeof text - 1, 0);
	CHECK(n >= 0, "nothing came");
	text[n < 0 ? 0 : n] = '\0';
}

#define FRAME(priority, said) \
	"^<" priority ">[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:" \
	"[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}) [^ ]+ [^ ]*\\[[0-9]+\\]: " said "\n$"

TEST(udp_syslog_gets_a_datagram_for_each_line)
{
	static const struct { enum log_level level; const char *want; } t[] = {
		{ LOG_LEVEL_FTL, FRAME("26", "text") },	/* daemon, crit */
		{ LOG_LEVEL_ERR, FRAME("27", "text") },
		{ LOG_LEVEL_WRN, FRAME("28", "text") },
		{ LOG_LEVEL_INF, FRAME("29", "text") },
		{ LOG_LEVEL_DBG, FRAME("31", "text") },
		{ LOG_LEVEL_TRC, FRAME("29", "text") },
	};
	struct sockaddr_in a = { 0 };
	struct log_config  c = { .has_time = true };
	char               url[64];
	int                fd = bound(SOCK_DGRAM, &a);

	snprintf(url, sizeof url, "udp://127.0.0.1:%d", ntohs(a.sin_port));
	c.remote_syslog = url;
	configure(&c);
	for (size_t i = 0; i < N_OF(t); i++) {
		log_write(t[i].level, "text");
		receive(fd);
		CHECK(matches(text, t[i].want), "%s", text);
	}
	log_close();
	close(fd);
}

TEST(a_syslog_server_may_be_restarted)
{
	struct sockaddr_in a = { 0 };
	struct log_config  c = { 0 };
	char               url[64];
	int                listener = bound(SOCK_STREAM, &a), peer;

	snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
	c.remote_syslog = url;
	configure(&c);
	peer = accept(listener, NULL, NULL);
	log_notice("one");
	receive(peer);
	CHECK(matches(text, FRAME("29", "one")), "%s", text);

	close(peer);
	close(listener);
	log_notice("into the void");
	usleep(20000);
	log_notice("noticed");		/* the reset has arrived */
	log_notice("counted");
	listener = bound(SOCK_STREAM, &a);
	usleep(1050000);
	log_notice("dials again");	/* and cannot leave yet */
	peer = accept(listener, NULL, NULL);
	CHECK(peer >= 0);
	usleep(20000);
	log_notice("two");
	receive(peer);
	CHECK(matches(text, "<28>[^\n]* [0-9]+ log lines were lost\n"), "%s",
	    text);
	if (strstr(text, ": two\n") == NULL)
		receive(peer);
	CHECK(strstr(text, ": two\n") != NULL, "%s", text);
	log_close();
	close(peer);
	close(listener);
}

TEST(a_syslog_server_that_hangs_does_not_hang_us)
{
	struct sockaddr_in a = { 0 };
	struct log_config  c = { 0 };
	char               url[64];
	int                listener = bound(SOCK_STREAM, &a);
	int64_t            start = clock_ns();

	snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
	c.remote_syslog = url;
	configure(&c);			/* nobody ever reads */
	for (int i = 0; i < 2000; i++)
		log_notice("%0*d", 10000, i);
	CHECK(clock_ns() - start < 10 * NS_PER_S);
	log_close();
	close(listener);
}

TEST(a_unix_socket_may_be_of_either_kind)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct log_config  c = { 0 };
	char               url[80];

	for (size_t i = 0; i < N_OF(types); i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		int fd, peer;

		fresh_dir();
		snprintf(url, sizeof url, "unix://%s", path);
		memcpy(a.sun_path, path, strlen(path) + 1);
		fd = peer = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);
		CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
		if (types[i] == SOCK_STREAM)
			CHECK_INT(listen(fd, 8), 0);
		c.remote_syslog = url;
		configure(&c);
		if (types[i] == SOCK_STREAM)
			peer = accept(fd, NULL, NULL);
		log_error("a\nb");
		receive(peer);
		CHECK(matches(text, FRAME("27", "a\\\\nb")), "%s", text);
		if (peer != fd)
			close(peer);
		close(fd);
		remove_dir();
	}
}

TEST(a_wrong_syslog_address_is_refused)
{
	static const struct { const char *why, *url, *says; } t[] = {
		{ "unknown scheme",   "http://localhost:514", "invalid network type" },
		{ "no scheme",        "localhost:514",        "invalid network type" },
		{ "no port",          "udp://127.0.0.1",      "missing port" },
		{ "an empty port",    "tcp://127.0.0.1:",     "missing port" },
		{ "no such port",     "tcp://127.0.0.1:x",    "127.0.0.1:x" },
		{ "nobody listens",   "tcp://127.0.0.1:1",    "refused" },
		{ "in brackets",      "tcp://[::1]:1",        "error connecting" },
		{ "no such socket",   "unix:///nonexistent",  "No such file" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		struct log_config c = { .remote_syslog = t[i].url };
		const char       *why = NULL;

		CHECK_INT(log_configure(&c, &why), ERR_IO, "%s", t[i].why);
		CHECK(strstr(why, t[i].says) != NULL, "%s: %s", t[i].why, why);
	}
}

/* ---- the gate --------------------------------------------------------- */

TEST(a_gate_lets_one_line_a_second_through)
{
	struct log_gate gate = { 0 };
	uint32_t        n = 99;

	CHECK(log_gate_open(&gate, &n));
	CHECK_INT(n, 0);
	for (int i = 0; i < 5; i++)
		CHECK(!log_gate_open(&gate, &n));
	gate.last_ns -= NS_PER_S;
	CHECK(log_gate_open(&gate, &n));
	CHECK_INT(n, 5, "told with the next");
	CHECK(!log_gate_open(&gate, &n));
	gate.last_ns -= NS_PER_S;
	CHECK(log_gate_open(&gate, &n));
	CHECK_INT(n, 1, "counted anew");
}
