/* store/store_keys.c - the store's own key, and what is encrypted with it.
 *
 * An encrypted store has a random key.  It lies, itself encrypted with the owner's,
 * in both copies of the metadata and as the first record of each block, so
 * that no damage in one place takes it away.  When its owner has another key,
 * all of them are written again, the metadata last: a crash in between leaves
 * some with the one and some with the other, and both are known until
 * the next opening has gone through.
 */
#include "store/store_int.h"

#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/seal.h"

/* Where the KEY record of a block with a cipher begins. */
enum { KEY_AT = BLOCK_HEADER_BYTES,
	KEY_RECORD_BYTES = RECORD_HEADER_BYTES + STORE_KEY_BYTES };

/* ---- having one ----------------------------------------------------------- */

/* secret: the store's.  Both of its users get a seal of it. */
static int take_secret(struct store *s, const uint8_t secret[SEAL_SECRET_BYTES])
{
	s->seal = seal_create(&s->meta.id, secret, s->cfg.secret->cipher);
	s->job.seal = s->seal == NULL ? NULL : seal_clone(s->seal);
	return s->job.seal == NULL ? ERR_NOMEM : 0;
}

static int wrap(struct store *s)
{
	s->meta.key = slice_of(s->key, sizeof s->key);
	return seal_wrap(s->seal, s->cfg.secret->key, s->key);
}

int store_make_key(struct store *s)
{
	uint8_t secret[SEAL_SECRET_BYTES];
	int     err;

	random_bytes(secret, sizeof secret);
	err = take_secret(s, secret);
	sodium_memzero(secret, sizeof secret);
	return err == 0 ? wrap(s) : err;
}

/* key: as a file has it.  *is_old: it is not as it would be written today. */
static int try_key(struct store *s, struct slice key, bool *is_old)
{
	const struct store_secret *c = s->cfg.secret;
	uint8_t                    secret[SEAL_SECRET_BYTES];
	int err = seal_unwrap(&s->meta.id, c->key, key, secret);

	*is_old = key.n == STORE_KEY_BYTES && get32(key.p) != c->cipher;
	if (err == ERR_DENIED && c->prev_key.n > 0) {
		err = seal_unwrap(&s->meta.id, c->prev_key, key, secret);
		*is_old = true;
	}
	if (err != 0)
		return err;
	err = take_secret(s, secret);
	sodium_memzero(secret, sizeof secret);
	if (err != 0)
		return err;
	if (*is_old)
		return wrap(s);
	memmove(s->key, key.p, sizeof s->key);
	s->meta.key = slice_of(s->key, sizeof s->key);
	return 0;
}

/* ---- finding it ----------------------------------------------------------- */

/* The KEY record of block nr.  ERR_NOTFOUND. */
static int read_key(struct store *s, uint32_t nr, char out[STORE_KEY_BYTES])
{
	char          name[FILE_NAME_BYTES], bytes[KEY_RECORD_BYTES];
	struct record r;
	ssize_t       got;
	int           fd;

	block_name(nr, name);
	fd = s->disk->open(s->disk, s->dir, name, DISK_READ);
	if (fd < 0)
		return disk_err(fd);
	got = s->disk->pread(s->disk, fd, bytes, sizeof bytes, KEY_AT);
	s->disk->close(s->disk, fd);
	if (got < 0)
		return disk_err(got);
	if (got < KEY_RECORD_BYTES ||
	    !record_get(bytes, block_seed(&s->meta.id, nr), KEY_AT, &r) ||
	    r.type != RECORD_KEY || record_data_bytes(&r) != STORE_KEY_BYTES ||
	    record_data_crc(r.seq, bytes + RECORD_HEADER_BYTES,
	    STORE_KEY_BYTES) != r.data_crc)
		return ERR_NOTFOUND;
	memcpy(out, bytes + RECORD_HEADER_BYTES, STORE_KEY_BYTES);
	return 0;
}

/* The newest that opens.  ERR_NOTFOUND: no block has any; ERR_DENIED: none
 * opens. */
static int find_in_blocks(struct store *s, const uint32_t *nrs, size_t n)
{
	char key[STORE_KEY_BYTES];
	bool is_old;
	int  err = ERR_NOTFOUND;

	for (; n > 0; n--) {
		int rc = read_key(s, nrs[n - 1], key);

		if (rc == 0 && s->cfg.secret == NULL)
			return ERR_DENIED;
		if (rc == 0)
			rc = try_key(s, slice_of(key, sizeof key), &is_old);
		if (rc != ERR_NOTFOUND)
			err = rc;
		if (rc != ERR_NOTFOUND && rc != ERR_DENIED)
			break;
	}
	return err;
}

static int find_key(struct store *s, const uint32_t *nrs, size_t n,
    bool *is_old)
{
	int err = ERR_NOTFOUND;

	if (s->meta.key.n > 0 && s->cfg.secret == NULL)
		return ERR_DENIED;
	if (s->meta.key.n > 0)
		err = try_key(s, s->meta.key, is_old);
	/* who has no key has no reason to look for one in sound metadata */
	if ((err != ERR_NOTFOUND && err != ERR_DENIED) ||
	    (s->cfg.secret == NULL && s->meta.generation > 0))
		return err;
	*is_old = true;
	return find_in_blocks(s, nrs, n);
}

int store_find_key(struct store *s, const uint32_t *nrs, size_t n,
    bool *is_old)
{
	bool had_one = s->meta.key.n > 0;
	int  err = find_key(s, nrs, n, is_old);

	if (err == ERR_NOTFOUND && had_one)
		err = ERR_DENIED;
	if (err == ERR_DENIED)
		log_error("Store %02x%02x%02x%02x is encrypted, and %s; it is "
		    "left as it is", s->meta.id.b[0], s->meta.id.b[1],
		    s->meta.id.b[2], s->meta.id.b[3], s->cfg.secret == NULL
		    ? "there is no key" : "not with this key");
	return err;
}

/* ---- writing it ----------------------------------------------------------- */

void store_put_key(const struct store *s, uint32_t nr, struct buf *out)
{
	struct record r = { .type = RECORD_KEY, .body_len = STORE_KEY_BYTES };
	char          header[RECORD_HEADER_BYTES];

	r.data_crc = record_data_crc(r.seq, s->key, sizeof s->key);
	record_put(header, block_seed(&s->meta.id, nr), KEY_AT, &r);
	buf_put(out, header, sizeof header);
	buf_put(out, s->key, sizeof s->key);
}

static int renew_key(struct store *s, struct block_file *b, struct buf *image)
{
	int err = block_open(s, b), rc;

	buf_reset(image);
	store_put_key(s, b->nr, image);
	if (err != 0 || buf_failed(image))
		return err != 0 ? err : ERR_NOMEM;
	rc = s->disk->pwrite(s->disk, b->fd, image->p, image->n, KEY_AT);
	if (rc >= 0)
		rc = s->disk->sync(s->disk, b->fd);
	return disk_err(rc);
}

int store_renew_keys(struct store *s)
{
	struct buf image = { 0 };
	int        err = 0;

	for (size_t i = 0; i < s->n_blocks && err == 0; i++)
		if (s->blocks[i]->codec & CODEC_CIPHER)
			err = renew_key(s, s->blocks[i], &image);
	buf_fini(&image);
	return err;
}

/* ---- the blob in the metadata --------------------------------------------- */

int store_put_meta(struct store *s, struct buf *out)
{
	struct meta m;
	struct buf  sealed = { 0 };
	char        generation[8];
	size_t      at;
	int         err = 0;

	s->meta.generation++;
	s->meta.codec |= store_codec(s);
	m = s->meta;
	if (s->seal != NULL) {
		put64(generation, m.blob_generation);
		at = seal_begin(&sealed);
		buf_put_slice(&sealed, m.blob);
		err = seal_shut(s->seal, SEAL_BLOB, slice_of(generation,
		    sizeof generation), &sealed, at);
		m.blob = buf_slice(&sealed);
	}
	meta_put(out, &m);
	buf_fini(&sealed);
	return err == 0 && buf_failed(out) ? ERR_NOMEM : err;
}

int store_open_blob(struct store *s, enum codec cipher, struct buf *out)
{
	char generation[8];

	put64(generation, s->meta.blob_generation);
	return seal_open(s->seal, cipher, SEAL_BLOB, slice_of(generation,
	    sizeof generation), s->meta.blob, out);
}
