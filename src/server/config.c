/* server/config.c - a configuration file, read and understood. */
#include "server/config.h"

#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/nkey.h"
#include "base/err.h"
#include "base/text.h"
#include "conf/options.h"
#include "core/accounts.h"
#include "core/mappings.h"
#include "server/trust.h"
#include "core/plan.h"
#include "server/settings_auth.h"
#include "server/specs.h"

/* ---- keys ---------------------------------------------------------------- */

static bool is_key_of(struct slice text, enum nkey_kind kind)
{
	uint8_t key[NKEY_BYTES];

	return nkey_get_public(text, kind, key);
}

static bool is_key(const struct conf_key *k)
{
	static const char letters[N_NKEY_KINDS + 1] = {
		[NKEY_OPERATOR] = 'O', [NKEY_ACCOUNT] = 'A', [NKEY_USER] = 'U',
		[NKEY_SERVER] = 'N', [NKEY_CLUSTER] = 'C', [NKEY_CURVE] = 'X',
	};

	for (int kind = 0; kind < N_NKEY_KINDS; kind++)
		if ((k->letter == '*' || k->letter == letters[kind]) &&
		    is_key_of(k->text, (enum nkey_kind)kind))
			return true;
	return false;
}

/* In the order of the file. */
static int check_keys(const struct options *o, struct conf_report *r)
{
	const struct conf_key **all;
	size_t                  n = 0;

	for (const struct conf_key *k = o->keys; k != NULL; k = k->next)
		n++;
	all = calloc(n + 1, sizeof *all);
	if (all == NULL)
		return ERR_NOMEM;
	for (const struct conf_key *k = o->keys; k != NULL; k = k->next)
		all[--n] = k;
	for (; all[n] != NULL; n++)
		if (!is_key(all[n]))
			conf_report_error(r, NULL, "%.*s",
			    SLICE_ARG(all[n]->complaint));
	free(all);
	return 0;
}

/* ---- tokens -------------------------------------------------------------- */

/* NULL: it is one of that kind, and signed; otherwise why not, until the next
 * call. */
static const char *refuse_token(struct slice text, enum jwt_kind kind,
    const char *other_kind)
{
	struct jwt *t;
	const char *why = NULL;
	int         err = jwt_decode(jwt_find_in_text(text), &t, &why);

	if (err != 0)
		return err == ERR_SYNTAX ? why : err_text(err);
	if (t->kind != kind)
		why = other_kind;
	jwt_unref(t);
	return why;
}

static void check_tokens(const struct options *o, struct conf_report *r)
{
	const char *why;

	for (size_t i = 0; i < o->operators.n; i++) {
		why = refuse_token(o->operators.v[i], JWT_OPERATOR,
		    "not operator claim");
		if (why != NULL)
			conf_report_error(r, &o->places[OPTION_operators],
			    "error parsing operator JWT: %s", why);
	}
	for (size_t i = 0; i < o->resolver_preload.n; i++)
		if (refuse_token(o->resolver_preload.v[i].text, JWT_ACCOUNT,
		    "") != NULL)
			conf_report_error(r, &o->places[OPTION_resolver_preload],
			    "invalid account JWT");
}

/* As in nats-server a check makes it, too. */
static void check_dir(const struct options *o, struct conf_report *r)
{
	struct buf                why = { 0 };
	const struct conf_place *at = &o->places[OPTION_resolver];

	if (trust_make_dir(o, &why) != 0) {
		conf_report_error(r, at,
		    "dir needs to point to an accessible directory");
		conf_report_error(r, at, "%.*s", SLICE_ARG(buf_slice(&why)));
	}
	buf_fini(&why);
}

/* ---- mappings ------------------------------------------------------------ */

static void complain(struct conf_report *r, const struct conf_mapping *m,
    struct slice why)
{
	struct buf text = { 0 };

	buf_put_str(&text, "Error adding mapping for ");
	text_put_quoted(&text, m->source);
	if (m->is_short) {
		buf_put_str(&text, " to ");
		text_put_quoted(&text, m->choices[0].subject);
	}
	conf_report_error(r, &m->place, "%.*s : %.*s",
	    SLICE_ARG(buf_slice(&text)), SLICE_ARG(why));
	buf_fini(&text);
}

/* Each alone, so that all that is wrong is told. */
static int check_mapping(const struct conf_mapping *m, struct conf_report *r)
{
	struct mapping_choice *choices = calloc(m->n_choices + 1,
	    sizeof *choices);
	struct mapping_spec    spec = { m->source, choices, m->n_choices };
	struct mappings       *made = NULL;
	struct buf             why = { 0 };
	size_t                 bad;
	int                    err;

	if (choices == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->n_choices; i++)
		choices[i] = (struct mapping_choice){ m->choices[i].subject,
			(uint32_t)m->choices[i].weight, m->choices[i].cluster };
	err = mappings_create(&spec, 1, &made, &bad, &why);
	if (err == ERR_SUBJECT)
		complain(r, m, buf_slice(&why));
	mappings_destroy(made);
	buf_fini(&why);
	free(choices);
	return err == ERR_NOMEM ? err : 0;
}

static int check_mappings(const struct conf_mappings *mappings,
    struct conf_report *r)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < mappings->n; i++)
		err = check_mapping(&mappings->v[i], r);
	return err;
}

/* ---- accounts among each other -------------------------------------------- */

static int plan_aside(const struct options *o, const struct specs *specs,
    struct buf *why)
{
	struct plan_request r = { .specs = specs->v, .n_specs = specs->n,
		.is_whole = true };
	struct plan        *plan = NULL;
	int                 err = ERR_NOMEM;

	r.all = accounts_create(1, settings_system_account(o));
	if (r.all != NULL)
		err = plan_create(&r, &plan, why);
	plan_destroy(plan);
	accounts_destroy(r.all);
	return err;
}

/* Who may import what is planned as if it were to be done. */
static int check_plan(const struct options *o, struct conf_report *r)
{
	struct buf   why = { 0 };
	struct specs specs;
	int          err = specs_init(&specs, o);

	if (err == 0)
		err = plan_aside(o, &specs, &why);
	if (err == ERR_CONFIG)
		conf_report_error(r, &o->places[OPTION_accounts], "%.*s",
		    SLICE_ARG(buf_slice(&why)));
	buf_fini(&why);
	specs_fini(&specs);
	return err == ERR_NOMEM ? err : 0;
}

/* -------------------------------------------------------------------------- */

static int check(const struct options *o, struct conf_report *r)
{
	int err = check_keys(o, r);

	check_tokens(o, r);
	check_dir(o, r);
	if (err == 0)
		err = check_mappings(&o->mappings, r);
	for (size_t i = 0; err == 0 && i < o->accounts.n; i++)
		err = check_mappings(&o->accounts.v[i].mappings, r);
	if (err == 0 && r->n_errors == 0 && o->accounts.n > 0)
		err = check_plan(o, r);
	return err == 0 && r->n_errors > 0 ? ERR_CONFIG : err;
}

int config_load(struct options *o, const char *path, struct conf_report *r)
{
	int err = options_load_file(o, path, r);

	return err != 0 ? err : check(o, r);
}
