/* server/embed.c - include/mote/server.h over struct server. */
#include "mote/server.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/options.h"
#include "server/config.h"
#include "server/server.h"

struct mote {
	struct options    *options;	/* until the start */
	char              *config_file;
	struct server     *server;
	struct buf         error;
	struct conf_report report;
	pthread_t          control;
	bool               has_thread;
	bool               is_running;	/* atomic */
};

static int fail(struct mote *m, const char *text)
{
	buf_reset(&m->error);
	buf_put_str(&m->error, text);
	return -1;
}

/* ---- before the start ------------------------------------------------------ */

struct mote *mote_create(const char *config_file)
{
	struct mote *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->options = options_create_default();
	if (config_file != NULL)
		m->config_file = strdup(config_file);
	if (m->options == NULL ||
	    (config_file != NULL && m->config_file == NULL)) {
		mote_destroy(m);
		return NULL;
	}
	return m;
}

bool mote_set(struct mote *m, const char *option, const char *value)
{
	int err;

	if (m->options == NULL)
		return fail(m, "the server has been started") == 0;
	buf_reset(&m->error);
	err = options_set(m->options, option, slice_str(value), &m->error);
	if (err != 0 && m->error.n == 0)
		buf_printf(&m->error, "option \"%s\": %s", option,
		    err_text(err));
	return err == 0;
}

static int load(struct mote *m)
{
	int err = 0;

	if (m->config_file != NULL)
		err = config_load(m->options, m->config_file, &m->report);
	if (err != 0)
		buf_put_slice(&m->error, buf_slice(&m->report.errors));
	if (err == 0)
		err = options_validate(m->options, &m->error);
	return err;
}

/* ---- running --------------------------------------------------------------- */

static void *run(void *ctx)
{
	struct mote *m = ctx;

	server_run(m->server);
	__atomic_store_n(&m->is_running, false, __ATOMIC_RELEASE);
	return NULL;
}

int mote_start(struct mote *m)
{
	bool is_logged;

	if (m->server != NULL || m->options == NULL)
		return fail(m, "started already");
	buf_reset(&m->error);
	if (load(m) != 0)
		return -1;
	m->server = server_create(m->options, m->config_file,
	    m->report.digest);
	m->options = NULL;
	if (m->server == NULL)
		return fail(m, err_text(ERR_NOMEM));
	if (server_open(m->server, &m->error, &is_logged) != 0)
		return -1;
	m->is_running = true;
	m->has_thread = pthread_create(&m->control, NULL, run, m) == 0;
	if (!m->has_thread) {
		m->is_running = false;
		return fail(m, "no thread to run on");
	}
	return 0;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NS_PER_MS }, NULL);
}

bool mote_wait_ready(struct mote *m, int timeout_ms)
{
	int64_t until = clock_ns() + timeout_ms * NS_PER_MS;

	/* The socket listens since mote_start: who connects is served as soon
	 * as the first worker turns. */
	while (!mote_is_running(m) && clock_ns() < until)
		nap();
	return mote_is_running(m);
}

uint16_t mote_port(const struct mote *m)
{
	return m->server == NULL ? 0 : server_port(m->server);
}

int mote_reload(struct mote *m)
{
	uint64_t n;

	if (!mote_is_running(m))
		return fail(m, "not running");
	n = server_n_reloads(m->server);
	server_request(m->server, REQUEST_RELOAD);
	while (server_n_reloads(m->server) == n && mote_is_running(m))
		nap();
	buf_reset(&m->error);
	return server_last_reload(m->server, &m->error) == 0 ? 0 : -1;
}

void mote_drain(struct mote *m)
{
	if (mote_is_running(m))
		server_request(m->server, REQUEST_LAME_DUCK);
}

void mote_stop(struct mote *m)
{
	if (!m->has_thread)
		return;
	server_request(m->server, REQUEST_STOP);
	pthread_join(m->control, NULL);
	m->has_thread = false;
}

bool mote_is_running(const struct mote *m)
{
	return __atomic_load_n(&m->is_running, __ATOMIC_ACQUIRE);
}

const char *mote_error(const struct mote *m)
{
	struct buf *b = (struct buf *)(uintptr_t)&m->error;

	buf_put_char(b, '\0');
	if (buf_failed(b))
		return err_text(ERR_NOMEM);
	b->n--;
	return b->p;
}

void mote_destroy(struct mote *m)
{
	if (m == NULL)
		return;
	mote_stop(m);
	server_destroy(m->server);
	options_destroy(m->options);
	conf_report_fini(&m->report);
	buf_fini(&m->error);
	free(m->config_file);
	free(m);
}
