/* core/imports.c - compiling imports, and names on either side of the door. */
#include "core/imports.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "core/account.h"
#include "core/transform.h"
#include "proto/subject.h"

#define THRESHOLD_NS (120 * NS_PER_S)

/* ---- life ---------------------------------------------------------------- */

struct imports *imports_create(size_t n_max)
{
	struct imports *im = calloc(1, sizeof *im);

	if (im == NULL)
		return NULL;
	im->n_refs = 1;
	im->streams = calloc(n_max + 1, sizeof *im->streams);
	im->services = calloc(n_max + 1, sizeof *im->services);
	if (im->streams == NULL || im->services == NULL) {
		imports_unref(im);
		return NULL;
	}
	return im;
}

struct imports *imports_ref(struct imports *im)
{
	if (im != NULL)
		__atomic_fetch_add(&im->n_refs, 1, __ATOMIC_RELAXED);
	return im;
}

static void stream_destroy(struct stream_import *s)
{
	if (s != NULL)
		transform_destroy(s->transform);
	free(s);
}

void imports_unref(struct imports *im)
{
	if (im == NULL ||
	    __atomic_sub_fetch(&im->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < im->n_streams; i++)
		stream_destroy(im->streams[i]);
	for (size_t i = 0; i < im->n_services; i++)
		service_import_unref(im->services[i]);
	free(im->streams);
	free(im->services);
	free(im);
}

struct service_import *service_import_ref(struct service_import *s)
{
	__atomic_fetch_add(&s->n_refs, 1, __ATOMIC_RELAXED);
	return s;
}

void service_import_unref(struct service_import *s)
{
	if (s == NULL ||
	    __atomic_sub_fetch(&s->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	transform_destroy(s->transform);
	free(s);
}

void imports_drop_last(struct imports *im, enum share_kind kind)
{
	if (kind == SHARE_STREAM)
		stream_destroy(im->streams[--im->n_streams]);
	else
		service_import_unref(im->services[--im->n_services]);
}

/* ---- compiling ----------------------------------------------------------- */

/* n bytes behind a struct of that size, zeroed. */
static void *alloc_with(size_t size, size_t n, char **bytes)
{
	char *p = calloc(1, size + n);

	if (p != NULL)
		*bytes = p + size;
	return p;
}

static struct slice keep(char **at, struct slice s)
{
	struct slice kept = slice_of(*at, s.n);

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}

static int refuse(struct buf *why, const char *what)
{
	buf_put_str(why, what);
	return ERR_CONFIG;
}

/* From remote to local; on failure it is told of the pair first, second. */
static int compile(struct slice remote, struct slice local, const char *kind,
    struct slice first, struct slice second, struct transform **ret,
    struct buf *why)
{
	struct buf text = { 0 };
	int        err = transform_create(remote, local, TRANSFORM_IMPORT, ret,
	    &text);

	if (err == ERR_SUBJECT) {
		buf_printf(why, "failed to create mapping transform for %s "
		    "import subject from ", kind);
		text_put_quoted(why, first);
		buf_put_str(why, " to ");
		text_put_quoted(why, second);
		buf_put_str(why, ": ");
		buf_put_slice(why, buf_slice(&text));
		err = ERR_CONFIG;
	}
	buf_fini(&text);
	return err;
}

/* A prefix is a destination as well: "p." and the same again. */
static int put_local(const struct import_spec *spec, struct buf *local,
    struct buf *why)
{
	struct slice prefix = spec->prefix;

	if (prefix.n == 0) {
		buf_put_slice(local, spec->to.n > 0 ? spec->to : spec->subject);
		return 0;
	}
	if (subject_has_wildcard(prefix))
		return refuse(why, "stream import prefix can not contain "
		    "wildcard tokens");
	buf_put_slice(local, prefix);
	if (prefix.p[prefix.n - 1] != '.')
		buf_put_char(local, '.');
	buf_put_slice(local, spec->subject);
	return 0;
}

static bool has_stream(const struct imports *im, const struct account *exporter,
    struct slice remote)
{
	for (size_t i = 0; i < im->n_streams; i++)
		if (im->streams[i]->exporter == exporter &&
		    slice_eq(im->streams[i]->remote, remote))
			return true;
	return false;
}

static int add_stream(struct imports *im, const struct import_spec *spec,
    struct account *exporter, struct slice local, struct buf *why)
{
	struct stream_import *s;
	char                 *at;
	int                   err = 0;

	if (has_stream(im, exporter, spec->subject))
		return refuse(why, "stream import already exists");
	s = alloc_with(sizeof *s, spec->subject.n + local.n, &at);
	if (s == NULL)
		return ERR_NOMEM;
	s->exporter = exporter;
	s->remote = keep(&at, spec->subject);
	s->local = keep(&at, local);
	s->allows_trace = spec->allows_trace;
	if (!slice_eq(local, spec->subject))
		err = compile(s->remote, s->local, "stream", spec->subject,
		    local, &s->transform, why);
	if (err != 0) {
		stream_destroy(s);
		return err;
	}
	if (s->transform != NULL && s->transform->target.n > 0)
		s->local = s->transform->target;
	im->streams[im->n_streams++] = s;
	return 0;
}

static const struct service_import *find_service(const struct imports *im,
    const struct account *exporter, struct slice local)
{
	for (size_t i = 0; i < im->n_services; i++)
		if (im->services[i]->exporter == exporter &&
		    slice_eq(im->services[i]->local, local))
			return im->services[i];
	return NULL;
}

static int refuse_double(struct buf *why, const struct service_import *s)
{
	buf_put_str(why, "duplicate service import subject ");
	text_put_quoted(why, s->local);
	buf_put_str(why, ", previously used in import for account ");
	text_put_quoted(why, s->exporter->name);
	buf_put_str(why, ", subject ");
	text_put_quoted(why, s->remote);
	return ERR_CONFIG;
}

static struct service_import *make_service(const struct import_spec *spec,
    const struct export_spec *export, struct slice local)
{
	struct service_import *s;
	char                  *at;

	s = alloc_with(sizeof *s, spec->subject.n + local.n + export->latency.n,
	    &at);
	if (s == NULL)
		return NULL;
	s->n_refs = 1;
	s->remote = keep(&at, spec->subject);
	s->local = keep(&at, local);
	s->latency = keep(&at, export->latency);
	s->is_renamed = !slice_eq(local, spec->subject);
	s->shares = spec->shares;
	s->answer = export->answer;
	s->threshold_ns = export->threshold_ns > 0 ? export->threshold_ns
	    : THRESHOLD_NS;
	s->sampling = export->sampling;
	s->allows_trace = export->allows_trace;
	return s;
}

static int add_service(struct imports *im, const struct import_spec *spec,
    const struct export_spec *export, struct account *importer,
    struct account *exporter, struct slice local, sub_give give,
    struct buf *why)
{
	struct service_import *s = make_service(spec, export, local);
	int                    err = 0;

	if (s == NULL)
		return ERR_NOMEM;
	s->importer = importer;
	s->exporter = exporter;
	s->sub.give = give;
	s->sub.worker = SUB_ANYWHERE;
	s->sub.relays = true;
	if (s->is_renamed && subject_has_wildcard(s->remote))
		err = compile(s->remote, s->local, "service", local,
		    s->remote, &s->transform, why);
	if (s->transform != NULL)
		s->local = s->transform->target;
	if (err == 0 && !subject_is_valid(s->local))
		err = refuse(why, "sublist: invalid subject");
	if (err == 0 && find_service(im, exporter, s->local) != NULL)
		err = refuse_double(why, find_service(im, exporter, s->local));
	if (err != 0)
		service_import_unref(s);
	else
		im->services[im->n_services++] = s;
	return err;
}

int imports_add(struct imports *im, const struct import_spec *spec,
    const struct export_spec *export, struct account *importer,
    struct account *exporter, sub_give give, struct buf *why)
{
	struct buf local = { 0 };
	int        err = put_local(spec, &local, why);

	if (err == 0 && buf_failed(&local))
		err = ERR_NOMEM;
	if (err == 0)
		err = spec->kind == SHARE_STREAM
		    ? add_stream(im, spec, exporter, buf_slice(&local), why)
		    : add_service(im, spec, export, importer, exporter,
		    buf_slice(&local), give, why);
	buf_fini(&local);
	return err;
}

/* ---- the next configuration ---------------------------------------------- */

static bool is_same_service(const struct service_import *a,
    const struct service_import *b)
{
	return a->exporter == b->exporter && slice_eq(a->local, b->local) &&
	    slice_eq(a->remote, b->remote) && a->shares == b->shares &&
	    a->answer == b->answer && a->threshold_ns == b->threshold_ns &&
	    slice_eq(a->latency, b->latency) && a->sampling == b->sampling &&
	    a->allows_trace == b->allows_trace &&
	    (a->transform == NULL) == (b->transform == NULL) &&
	    (a->transform == NULL || slice_eq(a->transform->destination,
	    b->transform->destination));
}

void imports_keep_same(struct imports *im, const struct imports *old)
{
	for (size_t i = 0; old != NULL && i < im->n_services; i++)
		for (size_t k = 0; k < old->n_services; k++)
			if (is_same_service(im->services[i],
			    old->services[k])) {
				service_import_unref(im->services[i]);
				im->services[i] =
				    service_import_ref(old->services[k]);
				break;
			}
}

bool imports_hold(const struct imports *im, const struct service_import *s)
{
	for (size_t i = 0; im != NULL && i < im->n_services; i++)
		if (im->services[i] == s)
			return true;
	return false;
}

bool stream_import_is_same(const struct stream_import *a,
    const struct stream_import *b)
{
	return a->exporter == b->exporter && slice_eq(a->remote, b->remote) &&
	    slice_eq(a->local, b->local) && a->allows_trace == b->allows_trace &&
	    (a->transform == NULL) == (b->transform == NULL) &&
	    (a->transform == NULL || slice_eq(a->transform->destination,
	    b->transform->destination));
}

/* ---- names --------------------------------------------------------------- */

void service_import_remote(const struct service_import *s,
    struct slice subject, struct buf *out)
{
	if (!s->is_renamed)
		buf_put_slice(out, subject);
	else if (s->transform == NULL)
		buf_put_slice(out, s->remote);
	else
		transform_invert(s->transform, subject, out);
}

void stream_import_local(const struct stream_import *s, struct slice subject,
    struct buf *out)
{
	if (s->transform == NULL)
		buf_put_slice(out, subject);
	else
		transform_apply(s->transform, subject, out);
}

/* Each "*" of the pattern becomes the token that local has there, a ">" the
 * rest of it: what both have in common, if they have something. */
static void narrow(struct slice pattern, struct slice local, struct buf *out)
{
	struct slice token, other;

	while (subject_take_token(&pattern, &token)) {
		struct slice rest = local;
		bool         has_other = subject_take_token(&local, &other);

		if (out->n > 0)
			buf_put_char(out, '.');
		if (has_other && slice_eq(token, SLICE(">"))) {
			buf_put_slice(out, rest);
			return;
		}
		buf_put_slice(out, has_other && slice_eq(token, SLICE("*")) &&
		    !slice_eq(other, SLICE(">")) ? other : token);
	}
}

static bool put_remote(const struct stream_import *s, struct slice pattern,
    struct buf *out)
{
	if (!subject_is_subset(pattern, s->local))
		return false;
	if (s->transform != NULL)
		return transform_invert(s->transform, pattern, out);
	buf_put_slice(out, pattern);
	return true;
}

bool stream_import_remote(const struct stream_import *s, struct slice pattern,
    struct buf *out)
{
	struct buf common = { 0 };
	bool       found;

	if (subject_is_subset(s->local, pattern)) {
		buf_put_slice(out, s->remote);
		return true;
	}
	if (put_remote(s, pattern, out))
		return true;
	if (!subject_has_wildcard(pattern))
		return false;
	narrow(pattern, s->local, &common);
	found = !buf_failed(&common) && put_remote(s, buf_slice(&common), out);
	buf_fini(&common);
	return found;
}
