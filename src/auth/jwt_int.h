/* auth/jwt_int.h - what the parts of jwt share: memory and readers.
 *
 * A reader walks JSON into structs by tables of fields.  The first thing that
 * is wrong stops it: later reads do nothing, and the caller looks at err once.
 */
#ifndef AUTH_JWT_INT_H
#define AUTH_JWT_INT_H

#include "auth/jwt.h"
#include "core/permissions.h"

struct json;

/* From struct jwt_mem: n zeroed things of that size; of nothing, an address that is not NULL.
 * NULL: out of memory. */
void *jwt_mem_take(struct jwt_mem *m, size_t n, size_t size);

/* Its bytes; p is NULL when out of memory. */
struct slice jwt_mem_text(struct jwt_mem *m, struct slice s);
void jwt_mem_fini(struct jwt_mem *m);

/* Without the blanks and line ends around it. */
struct slice jwt_trim(struct slice s);

struct jwt_reader {
	struct jwt_mem *mem;
	int             err;		/* 0 until something is wrong */
	int64_t         version;
	const char     *why;
};

/* Says why once; returns false. */
bool jwt_reader_fail(struct jwt_reader *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool jwt_reader_fail_key(struct jwt_reader *r, const char *name,
    struct slice text, const char *kind);
bool jwt_reader_no_memory(struct jwt_reader *r);

/* Types of fields, and what lies at their offset. */
enum jwt_field_type {
	JWT_F_TEXT,	/* struct slice */
	JWT_F_NUMBER,	/* int64_t */
	JWT_F_FLAG,	/* bool */
	JWT_F_TEXTS,	/* struct jwt_texts */
	JWT_F_KEY,	/* struct nkey, of this kind; "" is none */
	JWT_F_KEYS,	/* struct jwt_keys, of this kind */
};

struct jwt_field {
	const char         *name;
	enum jwt_field_type type;
	size_t              at;
	enum nkey_kind      kind;
};

#define JWT_FIELD(name, type, of, member) \
	{ name, JWT_F_##type, offsetof(struct of, member), N_NKEY_KINDS }
#define JWT_KEY_FIELD(name, type, of, member, kind) \
	{ name, JWT_F_##type, offsetof(struct of, member), kind }

void jwt_read_fields(struct jwt_reader *r, const struct json *object,
    const struct jwt_field *fields, size_t n_fields, void *into);

/* The claims of t, whose kind, name and so on are set.  top is the whole
 * document, nats may be NULL. */
void jwt_read_claims(struct jwt_reader *r, const struct json *top,
    const struct json *nats, struct jwt *t);

/* An entry of a permission list, "subject" or "subject queue", as a rule.
 * False: it is none. */
bool jwt_rule_of(struct slice text, bool may_queue,
    struct permission_rule *rule);

/* Fills in what a scope's template leaves open: *into has the entries that
 * come of list's.  is_deny: an entry that cannot be filled in is a failure,
 * else it is left out.  0; ERR_DENIED: no login; ERR_LIMIT: more than 4096 of
 * them; ERR_NOMEM. */
int jwt_fill_in(const struct jwt_texts *list, const struct jwt *user,
    const struct jwt *account, bool is_deny, struct jwt_mem *mem,
    struct jwt_texts *into);

/* The CIDR holds the address of n bytes, 4 or 16; neither matches nothing.
 * 1, 0, or -1: it is none. */
int jwt_cidr_match(struct slice cidr, const uint8_t *addr, size_t n);

/* "15:04:05" as seconds since midnight. */
bool jwt_parse_hour(struct slice text, int64_t *seconds);

/* Does it say that this account exports?  (Whether a signing key that signed it
 * is one of that account's is jwt_check_activation's question.) */
bool jwt_activation_is_of(const struct jwt *activation,
    const struct nkey *exporter);

#endif /* AUTH_JWT_INT_H */
