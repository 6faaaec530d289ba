/* conf/value.h - a configuration as it was written: the document tree.
 *
 * Every value knows where it stands, so that whoever reads it can complain
 * with file, line and column.  A value in a map stands where its key does.
 * Values are in an arena, strings have a NUL behind them.
 * Spec: core protocol, "Lexical grammar".
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct conf_arena;
struct conf_value;

enum conf_kind { CONF_STRING, CONF_INT, CONF_FLOAT, CONF_BOOL, CONF_DATETIME,
	CONF_ARRAY, CONF_MAP };

enum {
	CONF_DEPTH_MAX = 60,		/* maps and arrays in each other */
	CONF_FILE_BYTES_MAX = 64 << 20,
	CONF_NODES_MAX = 4 << 20,	/* after variables are put in */
};

struct conf_member {
	struct slice       key;
	struct conf_value *value;
};

struct conf_map {
	struct conf_member *v;		/* in the order of the file */
	size_t              n, cap;
	uint32_t           *index;	/* hash table of i + 1, or NULL: small */
	size_t              index_cap;	/* power of two */
};

struct conf_array {
	struct conf_value **v;
	size_t              n, cap;
};

struct conf_value {
	enum conf_kind kind;
	bool           is_used;		/* was named as a variable: may be
					   unknown to whoever reads the map */
	bool           has_suffix;	/* INT that was written like 2m */
	int            line, col;	/* from 1 */
	const char    *file;
	size_t         n_nodes;		/* with all below it */
	unsigned       depth;		/* levels below it: 0 for a scalar */
	union {
		struct slice      str;	/* DATETIME: as it was written */
		int64_t           i;
		double            f;
		bool              b;
		struct conf_array array;
		struct conf_map   map;
	};
};

/* "a string", "an integer", ...: what stands there, for errors. */
const char *conf_kind_noun(enum conf_kind kind);

/* An empty value of that kind.  NULL: out of memory. */
struct conf_value *value_create(struct conf_arena *a, enum conf_kind kind);

/* Puts v, which is complete, in; of two with one key the last wins and takes
 * the first's place.  false: out of memory. */
bool value_put(struct conf_arena *a, struct conf_value *map, struct slice key,
    struct conf_value *v);
bool value_append(struct conf_arena *a, struct conf_value *array,
    struct conf_value *v);

/* Borrowed; the key is compared with case.  NULL: none. */
struct conf_value *value_get(const struct conf_value *map, struct slice key);

/* As Go prints it: compact JSON, keys sorted, a line end. */
void value_put_json(struct buf *out, const struct conf_value *v);

/* "sha256:<hex>" of that, into 72 bytes.  false: out of memory. */
bool value_digest(const struct conf_value *v, char ret[72]);

#endif /* CONF_VALUE_H */
