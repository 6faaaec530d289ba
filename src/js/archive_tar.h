/* js/archive_tar.h - files in a row: the tar that nats-server's backups are.
 *
 * Regular files only.  Read and written as a stream: a file's size is said
 * before its bytes.  Spec: POSIX pax interchange format.
 */
#ifndef JS_ARCHIVE_TAR_H
#define JS_ARCHIVE_TAR_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum tar_what {
	TAR_FILE,	/* name, size: one begins */
	TAR_DATA,	/* bytes: some of it */
	TAR_FILE_END,	/* all of it has come */
	TAR_END,	/* no more of them */
};

struct tar_event {
	enum tar_what what;
	struct slice  name;	/* good until the next file begins */
	uint64_t      size;
	struct slice  bytes;	/* of the input */
};

enum tar_state { TAR_AT_HEADER, TAR_IN_EXTRA, TAR_IN_DATA, TAR_IN_PADDING,
	TAR_AT_END };

/* Zeroed it is at the beginning; ends with tar_reader_fini. */
struct tar_reader {
	enum tar_state state;
	uint64_t       left;	/* bytes of what we are in */
	uint32_t       padding;	/* and behind them */
	char           extra_kind;
	struct buf     extra;	/* a header that speaks of the next file */
	struct buf     name;
	bool           has_name, has_size;	/* said by such a one */
	uint64_t       size;
};

/* The next event off the front of *in.  1: *ev.  0: *in is at its end, and more
 * is needed.  ERR_CORRUPT: no tar, or one with other things than files.
 * ERR_NOMEM. */
int tar_next(struct tar_reader *r, struct slice *in, struct tar_event *ev);
void tar_reader_fini(struct tar_reader *r);

/* A file's header; its bytes follow, then its padding. */
void tar_put_header(struct buf *out, struct slice name, uint64_t size,
    int64_t wall_ns);
void tar_put_padding(struct buf *out, uint64_t size);
/* Header, bytes and padding. */
void tar_put_file(struct buf *out, struct slice name, struct slice bytes,
    int64_t wall_ns);
void tar_put_end(struct buf *out);

#endif /* JS_ARCHIVE_TAR_H */
