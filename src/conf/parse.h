/* conf/parse.h - a configuration file to a tree.
 *
 * Variables are put in and included files merged; what remains is plain maps,
 * arrays and scalars.  Spec: core protocol, "Lexical grammar".
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include "base/buf.h"
#include "base/slice.h"

struct conf_arena;
struct conf_value;

/* The map at the top, in the arena.  0, or ERR_CONFIG and the reason appended
 * to err without a line end, or ERR_NOMEM.  Thread: control (reads the
 * environment). */
int conf_parse_file(struct conf_arena *a, const char *path, struct buf *err,
    struct conf_value **ret);

/* name stands for the file: in positions, and its folder for includes. */
int conf_parse_text(struct conf_arena *a, struct slice text, const char *name,
    struct buf *err, struct conf_value **ret);

#endif /* CONF_PARSE_H */
