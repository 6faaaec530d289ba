/* net/tls_int.h - between net/tls.c and the library below it.
 *
 * A backend is one struct tls_backend.  It moves bytes and believes or
 * disbelieves certificates; chunks, names and addresses are tls.c's.
 */
#ifndef NET_TLS_INT_H
#define NET_TLS_INT_H

#include "net/tls.h"

enum { TLS_RECORD_MAX = 16384 };

struct tls_context {
	uint32_t          n_refs;	/* atomic */
	bool              is_client, is_insecure;
	size_t            n_pairs;
	struct tls_peer **own;		/* what our certificates say */
	void             *lib;		/* the backend's */
};

struct tls_session {
	struct tls_context *context;
	void               *lib;	/* the backend's */
	int                 fd;
	char               *server_name;	/* a client's */
	struct tls_peer    *peer;
	size_t              retry_n;	/* bytes that are being sent */
	bool                is_done;	/* the handshake */
	bool                is_broken;	/* nothing can be said any more */
	bool                has_more, has_said_bye;
};

/* What recv and send give instead of a count. */
enum { TLS_IO_EOF = 0, TLS_IO_WANTS = -1, TLS_IO_ERROR = -2 };

struct tls_backend {
	/* "Mbed TLS 2.28.3" */
	const char *(*name)(void);
	bool        (*has_13)(void);

	/* The files are known to be readable.  Fills c->lib and c->own[]; half
	 * of it, on failure, for context_close. */
	int  (*context_open)(struct tls_context *c,
	    const struct tls_settings *s, struct buf *why);
	void (*context_close)(struct tls_context *c);

	/* false: out of memory; half-built, for close. */
	bool (*open)(struct tls_session *s);
	void (*close)(struct tls_session *s);

	enum tls_want (*handshake)(struct tls_session *s, struct buf *why);
	ssize_t       (*recv)(struct tls_session *s, void *to, size_t n);
	ssize_t       (*send)(struct tls_session *s, const void *p, size_t n);
	/* Is it worth to recv again, without another event of the socket? */
	bool          (*may_have_more)(struct tls_session *s);
	void          (*say_bye)(struct tls_session *s);

	/* *ret NULL: it showed none.  false: out of memory, or malformed. */
	bool     (*peer)(struct tls_session *s, struct tls_peer **ret);
	unsigned (*version)(const struct tls_session *s);	/* 0x0303, ... */
	unsigned (*suite)(const struct tls_session *s);		/* IANA's */
};

extern const struct tls_backend tls_backend;

/* Is our certificate number i for this server name? */
bool tls_own_serves(const struct tls_context *c, size_t i, struct slice name);

#endif /* NET_TLS_INT_H */
