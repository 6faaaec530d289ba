/* session/pings.c - is the peer still there? */
#include "session/pings.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "session/client.h"
#include "session/hub.h"

#define FIRST_PING_NS (2 * NS_PER_S)
#define RTT_FRESH_NS  (3600 * NS_PER_S)

static int64_t interval(const struct client *c)
{
	return c->hub->config->ping_interval_ns;
}

/* Up to a fifth more, so that a thousand clients that came together do not
 * answer together. */
static int64_t jittered(int64_t ns)
{
	return ns + ns / 5 * random_below(1000) / 1000;
}

void pings_begin(struct client *c)
{
	int64_t first = interval(c) < FIRST_PING_NS ? interval(c)
	    : FIRST_PING_NS;

	c->next_ping_ns = loop_now_ns(c->hub->loop) + jittered(first);
}

static bool is_known_alive(const struct client *c, int64_t now)
{
	return now - c->asked_ns < interval(c) && c->rtt_known_ns != 0 &&
	    now - c->rtt_known_ns < RTT_FRESH_NS;
}

static void ask(struct client *c, int64_t now)
{
	c->n_pings_out++;
	c->ping_sent_ns = now;
	conn_put(&c->conn, "PING\r\n", 6);
}

void pings_tick(struct client *c, int64_t now)
{
	log_debug("%s - Client Ping Timer", client_label(c));
	c->next_ping_ns = now + interval(c);
	if (c->paced_until_ns != 0)
		return;		/* its PONG would not be read */
	if (is_known_alive(c, now)) {
		log_debug("%s - Delaying PING due to remote client data or "
		    "ping", client_label(c));
		return;
	}
	if (c->n_pings_out + 1 > c->hub->config->pings_max) {
		log_debug("%s - Stale Client Connection - Closing",
		    client_label(c));
		c->hub->stats.n_stale++;
		client_refuse(c, REFUSAL_STALE);
		return;
	}
	ask(c, now);
}
