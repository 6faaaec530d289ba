/* session/verbs.h - what a client may say, and what it does. */
#ifndef SESSION_VERBS_H
#define SESSION_VERBS_H

#include <stddef.h>

#include "base/slice.h"

struct block;
struct conn;

/* net/conn.h's input for clients: all whole operations in the bytes are done. */
size_t verbs_input(struct conn *conn, struct slice in, struct block *block,
    size_t *need);

#endif /* SESSION_VERBS_H */
