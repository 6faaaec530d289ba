/* core/exports.c - what an account lets others have, and whom. */
#include "core/exports.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "proto/subject.h"

static struct slice token_at(struct slice subject, int64_t position)
{
	struct slice token = SLICE_NONE;

	for (int64_t i = 0; i < position; i++)
		if (!subject_take_token(&subject, &token))
			return SLICE_NONE;
	return token;
}

/* ---- who may have it ----------------------------------------------------- */

static bool is_listed(const struct export_spec *x, struct slice importer)
{
	for (size_t i = 0; i < x->n_accounts; i++)
		if (slice_eq(x->accounts[i], importer))
			return true;
	return false;
}

static bool is_revoked(const struct export_spec *x, struct slice importer,
    int64_t issued_s)
{
	for (size_t i = 0; i < x->n_revocations; i++) {
		const struct revocation_spec *r = &x->revocations[i];

		if (r->at_s >= issued_s && (slice_eq(r->account, importer) ||
		    slice_eq(r->account, SLICE("*"))))
			return true;
	}
	return false;
}

static bool is_activated(const struct export_spec *x, struct slice importer,
    const struct import_spec *import, int64_t now_s)
{
	return import->is_activated && (import->activation_expires_s == 0 ||
	    import->activation_expires_s > now_s) &&
	    !is_revoked(x, importer, import->activation_issued_s);
}

static bool admits(const struct export_spec *x, struct slice importer,
    const struct import_spec *import, int64_t now_s)
{
	if (x->token_position > 0)
		return slice_eq(token_at(import->subject, x->token_position),
		    importer);
	if (x->needs_token)
		return is_activated(x, importer, import, now_s);
	return x->n_accounts == 0 || is_listed(x, importer);
}

static bool covers(const struct export_spec *x, enum share_kind kind,
    struct slice subject)
{
	return x->kind == kind && subject_is_subset(subject, x->subject);
}

/* Is another export that covers it, as well, narrower?  Of one that is there
 * twice the last counts. */
static bool is_outdone(const struct account_spec *exporter,
    const struct export_spec *x, struct slice subject)
{
	for (size_t i = 0; i < exporter->n_exports; i++) {
		const struct export_spec *y = &exporter->exports[i];

		if (y == x || !covers(y, x->kind, subject) ||
		    !subject_is_subset(y->subject, x->subject))
			continue;
		if (!subject_is_subset(x->subject, y->subject) || y > x)
			return true;
	}
	return false;
}

const struct export_spec *exports_admit(const struct account_spec *exporter,
    struct slice importer, const struct import_spec *import, int64_t now_s)
{
	const struct export_spec *found = NULL;

	if (!subject_is_valid(import->subject))
		return NULL;
	for (size_t i = 0; i < exporter->n_exports; i++) {
		const struct export_spec *x = &exporter->exports[i];

		if (!covers(x, import->kind, import->subject) ||
		    is_outdone(exporter, x, import->subject))
			continue;
		if (!admits(x, importer, import, now_s))
			return NULL;
		if (found == NULL)
			found = x;
	}
	return found;
}

/* ---- are they sound? ----------------------------------------------------- */

static int refuse(struct buf *why, const struct export_spec *x,
    const char *what)
{
	buf_printf(why, "Error adding %s export ",
	    x->kind == SHARE_STREAM ? "stream" : "service");
	text_put_quoted(why, x->subject);
	buf_printf(why, ": %s", what);
	return ERR_CONFIG;
}

static int refuse_latency(struct buf *why, const struct export_spec *x,
    bool says_where, const char *what)
{
	buf_put_str(why, "Error adding service latency sampling for ");
	text_put_quoted(why, x->subject);
	if (says_where) {
		buf_put_str(why, " on subject ");
		text_put_quoted(why, x->latency);
	}
	buf_printf(why, ": %s", what);
	return ERR_CONFIG;
}

static int check_latency(const struct export_spec *x, bool has_system,
    struct buf *why)
{
	if (x->latency.n == 0)
		return 0;
	if (!has_system)
		return refuse_latency(why, x, false,
		    "system account not setup");
	if (x->answer != ANSWER_SINGLETON)
		return refuse_latency(why, x, true,
		    "bad service response type");
	if (!subject_is_literal(x->latency))
		return refuse_latency(why, x, true, "invalid publish subject");
	return 0;
}

static int check(const struct export_spec *x, bool has_system, struct buf *why)
{
	if (!subject_is_valid(x->subject) && x->kind == SHARE_SERVICE)
		return refuse(why, x, "sublist: invalid subject");
	if (x->token_position > 0 && !slice_eq(token_at(x->subject,
	    x->token_position), SLICE("*")))
		return refuse(why, x, "sublist: invalid subject");
	return x->kind == SHARE_SERVICE ? check_latency(x, has_system, why) : 0;
}

int exports_check(const struct account_spec *exporter, bool has_system,
    struct buf *why)
{
	for (size_t i = 0; i < exporter->n_exports; i++) {
		int err = check(&exporter->exports[i], has_system, why);

		if (err != 0)
			return err;
	}
	return 0;
}
