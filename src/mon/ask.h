/* mon/ask.h - what is asked in the body of a request to the system account.
 *
 * A body is empty, or a JSON object with options of its kind and a filter that
 * says which servers are meant.  Options go into the structs that /connz and
 * its like fill from a URL.  The errors are Go's words.
 * Spec: core protocol 5.6.
 */
#ifndef MON_ASK_H
#define MON_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct json;
struct server_info;

/* What lies at the offset. */
enum ask_type {
	ASK_STR,	/* struct slice */
	ASK_BOOL,	/* bool */
	ASK_INT,	/* int64_t */
	ASK_U64,	/* uint64_t */
	ASK_STRS,	/* const struct json *: an array of strings, or NULL */
};

struct ask_field {
	const char   *key;
	enum ask_type type;
	size_t        at;
	const char   *go_type;		/* NULL: as its type says */
};

/* One kind of request.  fields ends with one without a key. */
struct ask_spec {
	const char             *name;	/* of the options, for errors */
	const struct ask_field *fields;
};

extern const struct ask_spec ask_connz, ask_subsz;	/* their options */
extern const struct ask_spec ask_healthz, ask_jsz;	/* report_options */
/* These: struct ask_options. */
extern const struct ask_spec ask_accountz, ask_statz, ask_leafz, ask_routez,
    ask_gatewayz, ask_profilez, ask_ipqueuesz, ask_raftz, ask_varz,
    ask_statsz, ask_expvarz, ask_reload, ask_info;

struct ask_options {
	struct slice       account, name;
	const struct json *accounts;	/* NULL: all */
	bool               includes_unused;
	/* Checked, and without meaning here. */
	bool               flag;
	int64_t            number;
	struct slice       text;
};

/* Which servers are meant.  Empty: all. */
struct ask_filter {
	struct slice       name, cluster, host, domain;
	bool               is_exact;
	const struct json *tags;
};

struct ask {
	struct ask_filter filter;
	struct json      *doc;		/* what the strings lie in */
};

/* options is of the spec's type and zeroed.  False: *error has the reason, and
 * nothing is to be freed.  Else end with ask_fini; until then the options'
 * strings are good.  body may go. */
bool ask_read(struct slice body, const struct ask_spec *spec, void *options,
    struct ask *ret, struct buf *error);
void ask_fini(struct ask *a);	/* takes zeroed */

/* Is this server meant? */
bool ask_is_for(const struct ask_filter *f, const struct server_info *s);

/* Is name among the strings?  NULL: every name is. */
bool ask_names(const struct json *strings, struct slice name);

#endif /* MON_ASK_H */
