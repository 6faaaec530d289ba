/* session/requestor.c - who asks, told to the service that is asked. */
#include "session/requestor.h"

#include "base/buf.h"
#include "base/json.h"
#include "session/client.h"
#include "session/hub.h"
#include "session/info.h"

#define INFO_HEADER "Nats-Request-Info"

/* ---- the object ---------------------------------------------------------- */

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	if (s.n == 0)
		return;
	json_key(w, key);
	json_str(w, s);
}

static void put_json(struct json_writer *w, const char *key, struct slice s)
{
	if (s.n == 0)
		return;
	json_key(w, key);
	json_raw(w, s);
}

static void put_head(struct json_writer *w, const struct client_info *info)
{
	json_key(w, "start");
	json_time(w, info->start_ns);
	put_text(w, "host", info->ip);
	json_key(w, "id");
	json_u64(w, info->cid);
}

static void put_tail(struct json_writer *w, const struct client_info *info)
{
	put_text(w, "jwt", info->jwt);
	put_text(w, "issuer_key", info->issuer_key);
	put_text(w, "name_tag", info->name_tag);
	put_json(w, "tags", info->tags);
	put_text(w, "kind", SLICE("Client"));
	put_text(w, "client_type", SLICE("nats"));
}

void requestor_put(const struct client *c, const struct requestor_details *d,
    struct buf *out)
{
	struct client_info  info;
	struct json_writer *w = JSON_INTO(out, 0);

	client_describe(c, &info, false);
	json_begin_object(w);
	if (d->is_shared)
		put_head(w, &info);
	put_text(w, "acc", info.account);
	put_text(w, "svc", d->service);
	if (d->is_shared) {
		put_text(w, "user", info.user);
		put_text(w, "name", info.name);
		put_text(w, "lang", info.lang);
		put_text(w, "ver", info.version);
	}
	if (info.rtt_ns > 0) {
		json_key(w, "rtt");
		json_i64(w, info.rtt_ns);
	}
	if (d->is_shared || d->says_server)
		put_text(w, "server", c->hub->config->server_name);
	if (d->is_shared)
		put_tail(w, &info);
	json_end_object(w);
	client_info_fini(&info);
}

/* ---- the header ---------------------------------------------------------- */

/* A line with its end, off *rest. */
static struct slice take_line(struct slice *rest)
{
	const char  *lf = memchr(rest->p, '\n', rest->n);
	struct slice line = slice_of(rest->p,
	    lf == NULL ? rest->n : (size_t)(lf - rest->p) + 1);

	*rest = slice_skip(*rest, line.n);
	return line;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = slice_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Readers differ in what they make of case and blanks; any that might take it
 * for ours counts. */
static bool is_ours(struct slice line)
{
	const char *colon = memchr(line.p, ':', line.n);

	return colon != NULL && slice_eq_nocase(trim(slice_of(line.p,
	    (size_t)(colon - line.p))), SLICE(INFO_HEADER));
}

/* A line that goes on with the one before. */
static bool goes_on(struct slice line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t') &&
	    trim(line).n > 0;
}

static void put_others(struct slice headers, struct buf *out)
{
	bool was_ours = false;

	buf_put_slice(out, take_line(&headers));
	while (headers.n > 0) {
		struct slice line = take_line(&headers);

		was_ours = is_ours(line) || (was_ours && goes_on(line));
		if (trim(line).n > 0 && !was_ours)
			buf_put_slice(out, line);
	}
}

void requestor_put_headers(struct slice headers, struct slice info,
    struct buf *out)
{
	if (headers.n == 0 && info.n == 0)
		return;
	if (headers.n > 0)
		put_others(headers, out);
	else
		buf_put_str(out, "NATS/1.0\r\n");
	if (out->n > 0 && out->p[out->n - 1] != '\n')
		buf_put_str(out, "\r\n");
	if (info.n > 0) {
		buf_put_str(out, INFO_HEADER ": ");
		buf_put_slice(out, info);
		buf_put_str(out, "\r\n");
	}
	buf_put_str(out, "\r\n");
}
