/* server/server.c - created bottom-up, drained top-down. */
#include "server/server.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/operators.h"
#include "auth/resolver.h"
#include "auth/throttle.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "conf/options.h"
#include "core/accounts.h"
#include "core/plan.h"
#include "net/handshaker.h"
#include "net/tls.h"
#include "server/account_change.h"
#include "server/claims.h"
#include "server/handshakes.h"
#include "server/jetstream.h"
#include "server/monitoring.h"
#include "server/sandbox.h"
#include "server/server_int.h"
#include "server/settings.h"
#include "server/settings_auth.h"
#include "server/tenants.h"
#include "server/trust.h"
#include "session/handoff.h"
#include "session/secure.h"
#include "session/version.h"

enum { WORKER_STACK = 512 * 1024 };

#define FAREWELL_NS (50 * NS_PER_MS)

/* ---- mail to workers ------------------------------------------------------ */

struct errand {
	struct mail mail;
	void      (*fn)(struct hub *h, void *ctx);
	void       *ctx;
};

static void run_errand(struct mail *m, void *receiver)
{
	struct errand *e = CONTAINER_OF(m, struct errand, mail);

	e->fn(receiver, e->ctx);
	free(e);
}

bool server_tell(struct server *s, unsigned worker,
    void (*fn)(struct hub *h, void *ctx), void *ctx)
{
	struct errand *e = malloc(sizeof *e);

	if (e == NULL)
		return false;
	*e = (struct errand){ .mail.deliver = run_errand, fn, ctx };
	loop_post(s->control, worker, &e->mail);
	return true;
}

/* ---- who comes in --------------------------------------------------------- */

struct arrival {
	struct mail             mail;
	int                     fd;
	struct sockaddr_storage peer;
};

static void adopt(struct mail *m, void *receiver)
{
	struct arrival *a = CONTAINER_OF(m, struct arrival, mail);

	hub_adopt(receiver, a->fd, &a->peer);
	free(a);
}

/* To each worker in turn, unless it has more than its share already. */
static unsigned choose_worker(struct server *s)
{
	unsigned best = s->next_worker++ % s->n_workers;

	for (unsigned i = 0; i < s->n_workers; i++)
		if (hub_load(&s->shared, i) < hub_load(&s->shared, best))
			best = i;
	return best;
}

static void accepted(struct listener *l, int fd,
    const struct sockaddr_storage *peer)
{
	struct server  *s = l->ctx;
	unsigned        w = choose_worker(s);
	struct arrival *a;

	if (w == 0) {
		hub_adopt(s->workers[0].hub, fd, peer);
		return;
	}
	a = malloc(sizeof *a);
	if (a == NULL) {
		close(fd);
		return;
	}
	*a = (struct arrival){ .mail.deliver = adopt, fd, *peer };
	loop_post(s->workers[0].loop, w, &a->mail);
}

static void stop_listening(struct hub *h, void *ctx)
{
	struct server *s = ctx;

	(void)h;
	listener_stop(&s->listener);
}

void server_stop_listening(struct server *s)
{
	server_tell(s, 0, stop_listening, s);
}

static void start_listening(struct hub *h, void *ctx)
{
	struct server *s = ctx;

	(void)h;
	if (listener_start(&s->listener, s->workers[0].loop, s->listen_fd) == 0)
		s->listen_fd = -1;
}

/* ---- birth ---------------------------------------------------------------- */

struct server *server_create(struct options *o, const char *config_file,
    const char *digest)
{
	struct server *s = calloc(1, sizeof *s);

	if (s == NULL) {
		options_destroy(o);
		return NULL;
	}
	s->options = o;
	s->listen_fd = s->requests.fd = s->signals.fd = -1;
	s->listener.watch.fd = -1;
	s->started_ns = s->config_loaded_ns = clock_wall_ns();
	pthread_mutex_init(&s->lock, NULL);
	memccpy(s->digest, digest, '\0', sizeof s->digest - 1);
	if (config_file != NULL)
		s->config_file = strdup(config_file);
	if (config_file != NULL && s->config_file == NULL) {
		server_destroy(s);
		return NULL;
	}
	return s;
}

static bool know_accounts(struct server *s)
{
	const struct conf_accounts *all = &s->options->accounts;

	for (size_t i = 0; i < all->n; i++)
		if (accounts_get(s->shared.accounts, all->v[i].name) == NULL)
			return false;
	return true;
}

static bool open_shared(struct server *s)
{
	size_t n = handoff_counters_size(s->n_workers);

	s->shared.n_workers = s->n_workers;
	s->shared.identity = &s->identity;
	s->shared.hasher_member = s->n_workers + 1;
	s->shared.resolver_member = s->n_workers + 2;
	s->shared.handshaker_member = s->n_workers + 3;
	s->shared.accounts = accounts_create(s->n_workers,
	    server_system_account(s));
	s->shared.parcels = aligned_alloc(64, n);
	s->shared.loads = calloc(s->n_workers, sizeof *s->shared.loads);
	if (s->options->max_failed_logins > 0)
		s->shared.throttle = throttle_create(
		    (unsigned)s->options->max_failed_logins);
	if (s->shared.parcels != NULL)
		memset(s->shared.parcels, 0, n);
	return s->shared.accounts != NULL && know_accounts(s) && s->shared.parcels != NULL &&
	    s->shared.loads != NULL;
}

static bool open_workers(struct server *s)
{
	for (unsigned i = 0; i < s->n_workers; i++) {
		struct worker         *w = &s->workers[i];
		struct session_config *conf = settings_session(s->options,
		    &s->identity, auth_ref(s->auth),
		    secure_config_ref(s->secure), s->port, 0);

		w->server = s;
		w->loop = loop_create(s->mesh, i);
		if (conf == NULL || w->loop == NULL) {
			session_config_unref(conf);
			return false;
		}
		w->hub = hub_create(w->loop, &s->shared, conf,
		    (uint64_t)s->options->max_closed_clients);
		if (w->hub == NULL)
			return false;
	}
	return true;
}

static void on_requests(struct watch *w, uint32_t events);

static bool open_control(struct server *s)
{
	s->mesh = mesh_create(s->n_workers + HELPERS);
	s->control = s->mesh == NULL ? NULL
	    : loop_create(s->mesh, s->n_workers);
	s->requests.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->requests.ready = on_requests;
	if (s->control == NULL || s->requests.fd < 0)
		return false;
	loop_set_receiver(s->control, s);
	return loop_watch(s->control, &s->requests, EPOLLIN) == 0;
}

static void *run_worker(void *ctx)
{
	struct worker *w = ctx;

	if (loop_run(w->loop) != 0) {
		log_fatal("no memory to run a worker");
		server_request(w->server, REQUEST_STOP);
	}
	return NULL;
}

/* Signals are for the control thread alone. */
static bool start_workers(struct server *s)
{
	pthread_attr_t attr;
	sigset_t       all, old;
	bool           ok = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	for (unsigned i = 0; i < s->n_workers && ok; i++) {
		struct worker *w = &s->workers[i];

		ok = pthread_create(&w->thread, &attr, run_worker, w) == 0;
		w->is_running = ok;
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

/* ---- opening, step by step ------------------------------------------------ */

static void say_hello(const struct server *s)
{
	const struct options *o = s->options;

	log_notice("Starting mote");
	log_notice("  Version:  %s (mote %s)", NATS_VERSION, MOTE_VERSION);
	log_notice("  Git:      [not set]");
	log_notice("  Name:     %s", o->server_name.n > 0 ? o->server_name.p
	    : s->identity.id);
	log_notice("  ID:       %s", s->identity.id);
	if (s->config_file != NULL)
		log_notice("Using configuration file: %s (%s)", s->config_file,
		    s->digest);
	if (options_has_plain_secrets(o))
		log_warn("Plaintext passwords detected, use nkeys or bcrypt");
	if (options_advice(o) != NULL)
		log_warn("%s", options_advice(o));
}

static void say_who_may_connect(const struct server *s)
{
	const struct options *o = s->options;
	const char           *host = settings_host(o);
	bool is_loopback = strncmp(host, "127.", 4) == 0 ||
	    strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;

	if (options_has_credentials(o))
		return;
	if (o->host.n == 0)
		log_notice("No credentials and no address are configured: "
		    "listening on loopback only");
	else if (!is_loopback)
		log_warn("No credentials are configured: whoever reaches %s "
		    "may do everything", host);
}

struct slice server_system_account(const struct server *s)
{
	return s->operators != NULL ? operators_system_account(s->operators)
	    : settings_system_account(s->options);
}

static int open_trust(struct server *s, struct buf *why)
{
	int err;

	if (!trust_is_configured(s->options))
		return 0;
	err = trust_operators(s->options, &s->operators, why);
	if (err == 0)
		err = trust_resolver(s->options, s->operators, &s->resolver,
		    why);
	if (err == 0)
		operators_use(s->operators, s->resolver);
	return err;
}

static int open_identity(struct server *s, struct buf *why)
{
	int err;

	identity_init(&s->identity);
	s->hasher = hasher_create(HASHER_QUEUE_MAX);
	if (s->hasher == NULL)
		return ERR_NOMEM;
	err = open_trust(s, why);
	if (err == 0)
		err = settings_auth(s->options, s->operators, s->hasher,
		    &s->auth, why);
	if (err == 0)
		err = settings_secure(s->options, &s->secure, why);
	return err;
}

static int open_log(struct server *s, struct buf *why)
{
	struct log_config conf = settings_log(s->options);
	const char       *text = "";
	int               err = log_configure(&conf, &text);

	if (err != 0)
		buf_put_str(why, text);
	return err;
}

static int open_socket(struct server *s, struct buf *why)
{
	const struct options *o = s->options;
	struct buf            reason = { 0 };

	s->port = (uint16_t)(o->port < 0 ? 0 : o->port);
	s->listen_fd = listen_open(settings_host(o), &s->port, &reason);
	if (s->listen_fd < 0)
		buf_printf(why, "Error listening on port: %s:%lld, \"%.*s\"",
		    settings_host(o), (long long)o->port,
		    SLICE_ARG(buf_slice(&reason)));
	buf_fini(&reason);
	/* A reload that names the port we got changes nothing. */
	if (s->listen_fd >= 0)
		s->options->port = s->port;
	s->listener.accepted = accepted;
	s->listener.ctx = s;
	return s->listen_fd < 0 ? ERR_IO : 0;
}

static void say_secure(const struct server *s)
{
	const struct secure_config *c = s->secure;

	if (c == NULL)
		return;
	log_debug("TLS by %s", tls_library());
	log_notice("TLS %s for client connections", c->is_optional
	    ? "available" : "required");
	if (c->goes_first && c->first_wait_ns == 0)
		log_warn("Clients that are not using \"TLS Handshake First\" "
		    "option will fail to connect");
	if (s->options->tls->n_pairs == 0)
		log_warn("The tls block names no certificate: no client can "
		    "connect");
}

static void say_ready(const struct server *s)
{
	const char *host = settings_host(s->options);
	bool        is_ip6 = strchr(host, ':') != NULL;

	log_notice("Listening for client connections on %s%s%s:%u",
	    is_ip6 ? "[" : "", host, is_ip6 ? "]" : "", s->port);
	say_secure(s);
	log_notice("Server is ready");
}

static int open_accounts(struct server *s, struct buf *why)
{
	struct account_change *c;
	struct epoch_thread   *e;
	int err = account_change_create(s, s->options, &c, why);

	if (err != 0)
		return err;
	e = epoch_join();
	err = e == NULL ? ERR_NOMEM : account_change_commit(c, e);
	epoch_leave(e);
	account_change_destroy(c);
	return err;
}

/* What can still fail when the log is up. */
static int open_doors(struct server *s, struct buf *why)
{
	int err = monitoring_open(s, why);

	if (err == 0)
		err = open_socket(s, why);
	if (err == 0 && (!open_shared(s) || !open_workers(s)))
		err = ERR_NOMEM;
	if (err == 0)
		err = open_accounts(s, why);
	if (err == 0)
		err = monitoring_open_system(s);
	if (err == 0 && s->resolver != NULL)
		err = tenants_open(s, why);
	if (err == 0)
		err = claims_open(s);
	if (err == 0)
		err = files_write_pid(s, why);
	if (err == 0 && s->secure != NULL)
		err = handshakes_open(s);
	if (err == 0 && !start_workers(s))
		err = ERR_NOMEM;
	if (err == 0)
		err = jetstream_open(s);
	return err;
}

int server_open(struct server *s, struct buf *why, bool *is_logged)
{
	int err;

	*is_logged = false;
	hash_init();
	s->n_workers = settings_workers(s->options);
	err = open_identity(s, why);
	if (err == 0)
		err = open_log(s, why);
	if (err == 0 && !open_control(s))
		err = ERR_NOMEM;
	if (err == 0) {
		say_hello(s);
		say_who_may_connect(s);
		if (s->operators != NULL)
			operators_log(s->operators);
		err = open_doors(s, why);
		*is_logged = err != 0;
	}
	if (err != 0 && why->n == 0)
		buf_put_str(why, err_text(err));
	if (*is_logged)
		log_fatal("%.*s", SLICE_ARG(buf_slice(why)));
	return err;
}

/* ---- requests ------------------------------------------------------------- */

void server_request(struct server *s, unsigned requests)
{
	uint64_t one = 1;

	__atomic_fetch_or(&s->wanted, requests, __ATOMIC_RELEASE);
	if (write(s->requests.fd, &one, sizeof one) < 0)
		return;		/* full: it is readable already */
}

static void stop_worker(struct mail *m, void *receiver)
{
	struct server *s = CONTAINER_OF(m, struct worker, stop)->server;
	struct hub    *h = receiver;

	if (h->worker == 0) {
		listener_stop(&s->listener);
		jetstream_close(s);
	}
	hub_close_all(h);
	loop_stop(h->loop);
}

static void tell_workers_to_stop(struct server *s)
{
	for (unsigned i = 0; i < s->n_workers; i++) {
		struct worker *w = &s->workers[i];

		w->stop.deliver = stop_worker;
		if (w->is_running)
			loop_post(s->control, i, &w->stop);
	}
}

static void stop(struct server *s)
{
	if (s->is_stopping)
		return;
	s->is_stopping = true;
	__atomic_store_n(&s->shared.is_stopping, true, __ATOMIC_RELAXED);
	log_notice("Initiating Shutdown...");
	tell_workers_to_stop(s);
	loop_stop(s->control);
}

static void stop_now(struct timer *t, int64_t now_ns)
{
	(void)now_ns;
	stop(CONTAINER_OF(t, struct server, farewell));
}

/* Who listens to the system account hears of it before its connection ends. */
static void begin_stop(struct server *s)
{
	bool is_said = s->farewell.fire != NULL;

	s->farewell.fire = stop_now;
	if (is_said || s->is_stopping ||
	    !monitoring_say_leaving(s, "SHUTDOWN") ||
	    !timer_set(loop_timers(s->control), &s->farewell,
	    loop_now_ns(s->control) + FAREWELL_NS))
		stop(s);
}

static void reopen_log(void)
{
	if (log_reopen())
		log_notice("File log re-opened");
	else
		log_notice("File log re-open ignored, not a file logger");
}

static void on_requests(struct watch *w, uint32_t events)
{
	struct server *s = CONTAINER_OF(w, struct server, requests);
	unsigned       wanted = __atomic_exchange_n(&s->wanted, 0,
	    __ATOMIC_ACQUIRE);
	uint64_t       n;

	(void)events;
	if (read(w->fd, &n, sizeof n) < 0)
		n = 0;
	if (wanted & REQUEST_REOPEN)
		reopen_log();
	if (wanted & REQUEST_RELOAD)
		reload(s);
	if (wanted & REQUEST_LAME_DUCK)
		lame_duck_begin(s);
	if (wanted & REQUEST_STOP)
		begin_stop(s);
}

uint64_t server_n_reloads(struct server *s)
{
	uint64_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n_reloads;
	pthread_mutex_unlock(&s->lock);
	return n;
}

int server_last_reload(struct server *s, struct buf *why)
{
	int err;

	pthread_mutex_lock(&s->lock);
	err = s->last_reload;
	buf_put_slice(why, buf_slice(&s->last_reload_why));
	pthread_mutex_unlock(&s->lock);
	return err;
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

/* ---- running, and the end ------------------------------------------------- */

/* The control loop does not turn any more, and workers wait for its mail. */
static void join_workers(struct server *s)
{
	const struct timespec nap = { .tv_nsec = NS_PER_MS };

	while (!mesh_ring(s->mesh, s->n_workers))
		nanosleep(&nap, NULL);
	for (unsigned i = 0; i < s->n_workers; i++)
		if (s->workers[i].is_running)
			pthread_join(s->workers[i].thread, NULL);
	for (unsigned i = 0; i < s->n_workers; i++)
		s->workers[i].is_running = false;
}

void server_run(struct server *s)
{
	if (!server_tell(s, 0, start_listening, s)) {
		log_fatal("no memory to listen");
		server_request(s, REQUEST_STOP);
	}
	monitoring_start(s);
	files_write_ports(s);
	say_ready(s);
	if (loop_run(s->control) != 0)
		log_fatal("no memory to run");
	stop(s);	/* unless that is why it ended */
	join_workers(s);
	files_remove_ports(s);
	log_notice("Server Exiting..");
}

/* Threads that were started but never told to run. */
static void stop_unasked(struct server *s)
{
	if (s->n_workers == 0 || !s->workers[0].is_running)
		return;
	__atomic_store_n(&s->shared.is_stopping, true, __ATOMIC_RELAXED);
	tell_workers_to_stop(s);
	join_workers(s);
}

static void *receiver_of(struct server *s, unsigned member)
{
	if (member == s->shared.handshaker_member)
		return s->shared.handshaker;
	return member < s->n_workers ? (void *)s->workers[member].hub
	    : member == s->n_workers ? s : NULL;
}

/* Mail that came too late still has to free what it carries; it may post more,
 * and some waits at its sender because a ring was full. */
static void settle_mail(struct server *s)
{
	bool more;

	do {
		more = false;
		for (unsigned i = 0; i < s->n_workers + HELPERS; i++)
			more = !mesh_ring(s->mesh, i) || more;
		for (unsigned i = 0; i < s->n_workers + HELPERS; i++)
			if (receiver_of(s, i) != NULL)
				more = mesh_drain(s->mesh, i,
				    receiver_of(s, i)) > 0 || more;
		if (s->shared.handshaker != NULL)
			more = handshaker_give_back(s->shared.handshaker) ||
			    more;
	} while (more);
}

static void destroy_workers(struct server *s)
{
	/* A client may have been on its way from one to another. */
	for (unsigned i = 0; i < s->n_workers; i++)
		if (s->workers[i].hub != NULL)
			hub_close_all(s->workers[i].hub);
	for (unsigned i = 0; i < s->n_workers; i++) {
		hub_destroy(s->workers[i].hub);
		loop_destroy(s->workers[i].loop);
	}
}

/* Without an epoch they stay, as do those who could be met in a sublist. */
static void close_accounts(struct server *s)
{
	struct epoch_thread *e = s->shared.accounts == NULL ? NULL
	    : epoch_join();

	if (e == NULL)
		return;
	plan_withdraw(s->shared.accounts, e);
	epoch_leave(e);
	accounts_destroy(s->shared.accounts);
}

void server_destroy(struct server *s)
{
	if (s == NULL)
		return;
	if (s->mesh != NULL)
		stop_unasked(s);
	hasher_destroy(s->hasher);
	/* Whoever it tells must be there until it has ended. */
	resolver_stop(s->resolver);
	handshakes_stop(s);
	if (s->mesh != NULL)
		settle_mail(s);
	jetstream_destroy(s);
	destroy_workers(s);
	handshakes_close(s);
	claims_close(s);
	monitoring_close(s);
	sandbox_destroy(s->sandbox);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->requests.fd >= 0)
		close(s->requests.fd);
	if (s->signals.fd >= 0)
		close(s->signals.fd);
	tenants_close(s);
	resolver_destroy(s->resolver);
	close_accounts(s);
	loop_destroy(s->control);
	mesh_destroy(s->mesh);
	free(s->shared.parcels);
	free(s->shared.loads);
	throttle_destroy(s->shared.throttle);
	auth_unref(s->auth);
	operators_unref(s->operators);
	secure_config_unref(s->secure);
	identity_fini(&s->identity);
	options_destroy(s->options);
	pthread_mutex_destroy(&s->lock);
	buf_fini(&s->last_reload_why);
	free(s->pid_file);
	free(s->ports_file);
	free(s->config_file);
	free(s);
}
