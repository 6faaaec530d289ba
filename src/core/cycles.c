/* core/cycles.c - a search in the graph of imports, with a stack of its own.
 *
 * Each import is visited once: seen says in which search it was last.
 */
#include "core/cycles.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/imports.h"
#include "proto/subject.h"

enum { SEARCH_MAX = 1024 };	/* imports still to be followed */

/* What an import takes from where to where. */
struct step {
	const struct account *from, *to;
	struct slice          local, remote;
};

struct search {
	enum share_kind   kind;
	struct step       start;
	cycles_imports_of imports_of;
	uint32_t          nr;
	struct step       todo[SEARCH_MAX];
	size_t            n;
};

static size_t count(const struct imports *im, enum share_kind kind)
{
	return kind == SHARE_STREAM ? im->n_streams : im->n_services;
}

static struct step step_of(const struct imports *im, enum share_kind kind,
    size_t i, const struct account *owner)
{
	if (kind == SHARE_STREAM)
		return (struct step){ owner, im->streams[i]->exporter,
			im->streams[i]->local, im->streams[i]->remote };
	return (struct step){ owner, im->services[i]->exporter,
		im->services[i]->local, im->services[i]->remote };
}

static bool is_seen(struct search *s, const struct imports *im, size_t i)
{
	uint32_t *seen = s->kind == SHARE_STREAM ? &im->streams[i]->seen
	    : &im->services[i]->seen;
	bool      was = *seen == s->nr;

	*seen = s->nr;
	return was;
}

static bool is_closed_by(const struct search *s, const struct step *last)
{
	return last->to == s->start.from &&
	    subject_overlaps(last->remote, s->start.local);
}

/* What takes over where this one ends.  False: too many. */
static bool follow(struct search *s, const struct step *at)
{
	const struct imports *im = s->imports_of(at->to);

	for (size_t i = 0; im != NULL && i < count(im, s->kind); i++) {
		struct step next = step_of(im, s->kind, i, at->to);

		if (!subject_overlaps(at->remote, next.local) ||
		    is_seen(s, im, i))
			continue;
		if (s->n == SEARCH_MAX)
			return false;
		s->todo[s->n++] = next;
	}
	return true;
}

int cycles_check_last(const struct imports *im, enum share_kind kind,
    const struct account *owner, cycles_imports_of imports_of,
    const char **why)
{
	static uint32_t last_nr;
	struct search  *s = malloc(sizeof *s);
	int             err = 0;

	if (s == NULL)
		return ERR_NOMEM;
	s->kind = kind;
	s->imports_of = imports_of;
	s->nr = ++last_nr;
	s->n = 1;
	s->todo[0] = s->start = step_of(im, kind, count(im, kind) - 1, owner);
	while (err == 0 && s->n > 0) {
		struct step at = s->todo[--s->n];

		*why = is_closed_by(s, &at) ? "import forms a cycle"
		    : follow(s, &at) ? NULL : "search cycle depth exhausted";
		if (*why != NULL)
			err = ERR_CONFIG;
	}
	free(s);
	return err;
}
