/* js/blk_index.c - numbers one after the other, and sets of bits. */
#include "js/blk_index.h"

#include <string.h>

#include "base/err.h"
#include "base/highway.h"
#include "js/blk.h"
#include "store/format.h"

enum {
	MAGIC = 11, VERSION_MIN = 1, VERSION_MAX = 4,
	SET_MAGIC = 22, SET_HEAD = 10, WORDS_1 = 64, WORDS_2 = 32,
	NODE_REST = 8 + 2,
};

#define SEQ_BEYOND (UINT64_C(1) << 62)

/* ---- opening -------------------------------------------------------------------- */

static bool is_sound(struct slice bytes, struct slice stream)
{
	struct highway h;
	uint8_t        sum[HIGHWAY_BYTES];

	if (bytes.n < 2 + sizeof sum)
		return false;
	blk_meta_key(stream, &h);
	highway_add(&h, slice_of(bytes.p, bytes.n - sizeof sum));
	highway_end(&h, sum);
	return memcmp(sum, bytes.p + bytes.n - sizeof sum, sizeof sum) == 0;
}

static bool skip_numbers(struct slice *in, unsigned n)
{
	uint64_t v;

	while (n > 0 && take_varint(in, &v))
		n--;
	return n == 0;
}

/* Its total and first file, and the last one, which older versions leave out
 * where there is one message. */
static bool skip_subject(struct slice *in, unsigned version)
{
	uint64_t n, total;

	if (!take_varint(in, &n))
		return false;
	if (n == 0)
		return true;
	if (n > in->n)
		return false;
	*in = slice_skip(*in, (size_t)n);
	return take_varint(in, &total) && skip_numbers(in, 1) &&
	    ((total <= 1 && version < 4) || skip_numbers(in, 1));
}

static bool skip_subjects(struct slice *in, unsigned version)
{
	uint64_t n;

	if (!take_varint(in, &n) || n > in->n)
		return false;
	while (n > 0 && skip_subject(in, version))
		n--;
	return n == 0;
}

bool blk_index_open(struct blk_index *x, struct slice bytes,
    struct slice stream)
{
	struct slice in = bytes;

	*x = (struct blk_index){ .next_seq = 1 };
	if (!is_sound(bytes, stream) || in.p[0] != MAGIC ||
	    in.p[1] < VERSION_MIN || in.p[1] > VERSION_MAX)
		return false;
	x->version = (unsigned)in.p[1];
	in = slice_of(in.p + 2, in.n - 2 - HIGHWAY_BYTES);
	if (!skip_numbers(&in, 2) || !take_varint(&in, &x->first_seq) ||
	    !skip_numbers(&in, 1) || !take_varint(&in, &x->last_seq) ||
	    !skip_numbers(&in, 1) || !skip_subjects(&in, x->version) ||
	    !take_varint(&in, &x->n_files))
		return false;
	x->rest = in;
	return x->first_seq < SEQ_BEYOND && x->last_seq < SEQ_BEYOND;
}

/* ---- files and their sets ------------------------------------------------------- */

static uint64_t get(const char *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return v;
}

static size_t node_bytes(const struct blk_index *x)
{
	return NODE_REST + (size_t)8 * x->n_words;
}

static bool take_set(struct blk_index *x)
{
	struct slice in = x->rest;
	uint64_t     n;

	if (in.n < SET_HEAD || in.p[0] != SET_MAGIC ||
	    (in.p[1] != 1 && in.p[1] != 2))
		return false;
	x->n_words = in.p[1] == 1 ? WORDS_1 : WORDS_2;
	n = get(in.p + 2, 4);
	in = slice_skip(in, SET_HEAD);
	if (n > in.n / node_bytes(x))
		return false;
	x->set = slice_of(in.p, (size_t)n * node_bytes(x));
	x->rest = slice_skip(in, x->set.n);
	return true;
}

/* number, bytes, first sequence and time, last sequence and time, how many are
 * gone, TTLs, schedules; the set. */
static bool take_file(struct blk_index *x, uint64_t *first)
{
	struct slice *in = &x->rest;
	uint64_t      last, n_gone;

	if (!skip_numbers(in, 2) || !take_varint(in, first) ||
	    !skip_numbers(in, 1) || !take_varint(in, &last) ||
	    !skip_numbers(in, 1) || !take_varint(in, &n_gone) ||
	    !skip_numbers(in, (x->version >= 2) + (x->version >= 3)))
		return false;
	x->n_files--;
	if (*first >= SEQ_BEYOND || last >= SEQ_BEYOND || *first > last + 1)
		return false;
	x->next_seq = last + 1;
	return n_gone == 0 || take_set(x);
}

static void take_node(struct blk_index *x)
{
	x->base = get(x->set.p, 8);
	x->words = slice_of(x->set.p + 8, (size_t)8 * x->n_words);
	x->at = 0;
	x->set = slice_skip(x->set, node_bytes(x));
}

static bool is_set(const struct blk_index *x, unsigned bit)
{
	return get(x->words.p + (size_t)8 * (bit / 64), 8) >> (bit % 64) & 1;
}

/* The next run of bits of the node.  False: there is none. */
static bool take_bits(struct blk_index *x, uint64_t *first, uint64_t *last)
{
	unsigned n = 8 * (unsigned)x->words.n;

	while (x->at < n && !is_set(x, x->at))
		x->at++;
	if (x->at == n)
		return false;
	*first = x->base + x->at;
	while (x->at < n && is_set(x, x->at))
		x->at++;
	*last = x->base + x->at - 1;
	return true;
}

int blk_index_next(struct blk_index *x, uint64_t *first, uint64_t *last)
{
	for (;;) {
		uint64_t from = x->next_seq, begin;

		if (take_bits(x, first, last))
			return *first <= *last && *last < SEQ_BEYOND ? 1
			    : ERR_CORRUPT;
		if (x->set.n > 0) {
			take_node(x);
			continue;
		}
		if (x->n_files == 0)
			return 0;
		if (!take_file(x, &begin))
			return ERR_CORRUPT;
		if (begin <= from)
			continue;
		*first = from;
		*last = begin - 1;
		return 1;
	}
}
