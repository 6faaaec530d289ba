/* session/wiretrace.c - what was said on the wire, for the trace log. */
#include "session/wiretrace.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "core/msg.h"
#include "session/client.h"
#include "session/hub.h"

static const char *const verb_names[N_VERBS] = {
	[VERB_CONNECT] = "CONNECT", [VERB_INFO] = "INFO", [VERB_PING] = "PING",
	[VERB_PONG] = "PONG", [VERB_PUB] = "PUB", [VERB_HPUB] = "HPUB",
	[VERB_SUB] = "SUB", [VERB_UNSUB] = "UNSUB", [VERB_OK] = "OK",
	[VERB_ERR] = "-ERR",
};

/* ---- secrets ------------------------------------------------------------- */

static const struct slice secrets[] = {
	{ "\"pass\"", 6 }, { "\"auth_token\"", 12 }, { "\"sig\"", 5 },
	{ "\"proxy_sig\"", 11 }, { "\"jwt\"", 5 },
};

/* If a secret's name begins at at: the length of its name. */
static size_t secret_at(struct slice at)
{
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (at.n >= secrets[i].n && slice_eq_nocase(
		    slice_of(at.p, secrets[i].n), secrets[i]))
			return secrets[i].n;
	return 0;
}

/* Blanks, a colon, and a string or whatever runs to the next comma. */
static size_t value_length(struct slice at)
{
	size_t i = 0;
	bool   is_string;

	while (i < at.n && (isspace((unsigned char)at.p[i]) || at.p[i] == ':'))
		i++;
	is_string = i < at.n && at.p[i] == '"';
	for (i += is_string; i < at.n; i++) {
		if (is_string && at.p[i] == '\\')
			i++;
		else if (is_string ? at.p[i] == '"'
		    : at.p[i] == ',' || at.p[i] == '}')
			break;
	}
	return i + is_string < at.n ? i + is_string : at.n;
}

static void put_without_secrets(struct buf *b, struct slice json)
{
	while (json.n > 0) {
		size_t n = secret_at(json);

		buf_put(b, json.p, n > 0 ? n : 1);
		json = slice_skip(json, n > 0 ? n : 1);
		if (n > 0) {
			buf_put_str(b, ":\"[REDACTED]\"");
			json = slice_skip(json, value_length(json));
		}
	}
}

/* ---- lines --------------------------------------------------------------- */

static struct slice shorten(const struct client *c, struct slice s, bool *cut)
{
	int32_t max = c->hub->config->traced_msg_max;

	*cut = max > 0 && s.n > (size_t)max;
	if (*cut)
		s.n = (size_t)max;
	return s;
}

static void trace_payload(const struct client *c, const char *way,
    struct slice body, uint32_t hdr_size)
{
	struct buf b = { 0 };
	bool       is_cut;

	if (c->hub->config->traces_headers_only)
		body.n = hdr_size;
	body = shorten(c, body, &is_cut);
	text_put_quoted(&b, body);
	log_trace("%s - %s MSG_PAYLOAD: [%.*s%s]", client_label(c), way,
	    SLICE_ARG(buf_slice(&b)), is_cut ? "..." : "");
	buf_fini(&b);
}

static void put_args(struct buf *b, const struct op *op)
{
	if (op->verb == VERB_CONNECT && op->n_args > 0) {
		buf_put_char(b, ' ');
		put_without_secrets(b, op->args[0]);
		return;
	}
	for (unsigned i = 0; i < op->n_args; i++) {
		buf_put_char(b, ' ');
		buf_put_slice(b, op->args[i]);
	}
}

/* A PUB that was recognised in one pass has no words to show. */
static void put_usual_pub(struct buf *b, const struct op *op)
{
	buf_printf(b, " %.*s ", SLICE_ARG(op->subject));
	if (op->reply.n > 0)
		buf_printf(b, "%.*s ", SLICE_ARG(op->reply));
	if (op->verb == VERB_HPUB)
		buf_printf(b, "%u ", op->hdr_size);
	buf_put_u64(b, op->size);
}

void wiretrace_in(const struct client *c, const struct op *op)
{
	struct buf b = { 0 };
	bool       is_message = op->verb == VERB_PUB || op->verb == VERB_HPUB;

	buf_put_str(&b, verb_names[op->verb]);
	if (is_message)
		put_usual_pub(&b, op);
	else
		put_args(&b, op);
	log_trace("%s - <<- [%.*s]", client_label(c), SLICE_ARG(buf_slice(&b)));
	buf_fini(&b);
	if (is_message)
		trace_payload(c, "<<-", op->body, op->hdr_size);
}

void wiretrace_out(const struct client *c, const struct client_sub *s,
    const struct run *run, const struct msg *m)
{
	bool is_h = m->hdr_size > 0 && c->parser.has_headers;

	log_trace("%s - ->> [%sMSG %.*s %.*s%.*s]", client_label(c),
	    is_h ? "H" : "", SLICE_ARG(run->subject),
	    SLICE_ARG(client_sub_sid(s)), (int)(m->body_at - 2), m->tail.p);
	trace_payload(c, "->>", slice_of(m->tail.p + m->body_at, m->size),
	    m->hdr_size);
}

void wiretrace_sent(const struct client *c, struct slice text)
{
	log_trace("%s - ->> [%.*s]", client_label(c), SLICE_ARG(text));
}

void wiretrace_sent_err(const struct client *c, struct slice text)
{
	log_trace("%s - ->> [-ERR %.*s]", client_label(c), SLICE_ARG(text));
}

void wiretrace_delsub(const struct client *c, const struct client_sub *s)
{
	log_trace("%s - <-> [DELSUB %.*s]", client_label(c),
	    SLICE_ARG(client_sub_sid(s)));
}
