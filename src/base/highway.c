/* base/highway.c - HighwayHash, one packet of 32 bytes after the other. */
#include "base/highway.h"

#include <string.h>

static uint64_t get64(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t swap_halves(uint64_t v)
{
	return v >> 32 | v << 32;
}

void highway_init(struct highway *h, const uint8_t key[HIGHWAY_KEY_BYTES])
{
	static const uint64_t mul0[4] = { 0xdbe6d5d5fe4cce2f,
		0xa4093822299f31d0, 0x13198a2e03707344, 0x243f6a8885a308d3 };
	static const uint64_t mul1[4] = { 0x3bd39e10cb0ef593,
		0xc0acf169b5f18a8c, 0xbe5466cf34e90c6c, 0x452821e638d01377 };

	for (unsigned i = 0; i < 4; i++) {
		uint64_t k = get64(key + 8 * i);

		h->mul0[i] = mul0[i];
		h->mul1[i] = mul1[i];
		h->v0[i] = mul0[i] ^ k;
		h->v1[i] = mul1[i] ^ swap_halves(k);
	}
	h->n_rest = 0;
}

/* The bytes of two lanes, mixed so that each reaches the middle of a product. */
static void zip(uint64_t v1, uint64_t v0, uint64_t *to1, uint64_t *to0)
{
	*to0 += (((v0 & 0xff000000) | (v1 & 0xff00000000)) >> 24) |
	    (((v0 & 0xff0000000000) | (v1 & 0xff000000000000)) >> 16) |
	    (v0 & 0xff0000) | ((v0 & 0xff00) << 32) |
	    ((v1 & 0xff00000000000000) >> 8) | (v0 << 56);
	*to1 += (((v1 & 0xff000000) | (v0 & 0xff00000000)) >> 24) |
	    (v1 & 0xff0000) | ((v1 & 0xff0000000000) >> 16) |
	    ((v1 & 0xff00) << 24) | ((v0 & 0xff000000000000) >> 8) |
	    ((v1 & 0xff) << 48) | (v0 & 0xff00000000000000);
}

static void mix(struct highway *h, const uint64_t lanes[4])
{
	for (unsigned i = 0; i < 4; i++) {
		h->v1[i] += h->mul0[i] + lanes[i];
		h->mul0[i] ^= (h->v1[i] & UINT32_MAX) * (h->v0[i] >> 32);
		h->v0[i] += h->mul1[i];
		h->mul1[i] ^= (h->v0[i] & UINT32_MAX) * (h->v1[i] >> 32);
	}
	zip(h->v1[1], h->v1[0], &h->v0[1], &h->v0[0]);
	zip(h->v1[3], h->v1[2], &h->v0[3], &h->v0[2]);
	zip(h->v0[1], h->v0[0], &h->v1[1], &h->v1[0]);
	zip(h->v0[3], h->v0[2], &h->v1[3], &h->v1[2]);
}

static void take_packet(struct highway *h, const uint8_t *p)
{
	const uint64_t lanes[4] = { get64(p), get64(p + 8), get64(p + 16),
		get64(p + 24) };

	mix(h, lanes);
}

void highway_add(struct highway *h, struct slice bytes)
{
	size_t n;

	if (h->n_rest > 0) {
		n = sizeof h->rest - h->n_rest;
		if (n > bytes.n)
			n = bytes.n;
		if (n > 0)
			memcpy(h->rest + h->n_rest, bytes.p, n);
		h->n_rest += n;
		bytes = slice_skip(bytes, n);
		if (h->n_rest < sizeof h->rest)
			return;
		take_packet(h, h->rest);
		h->n_rest = 0;
	}
	for (; bytes.n >= sizeof h->rest; bytes = slice_skip(bytes,
	    sizeof h->rest))
		take_packet(h, (const uint8_t *)bytes.p);
	if (bytes.n > 0)
		memcpy(h->rest, bytes.p, bytes.n);
	h->n_rest = bytes.n;
}

static uint32_t rotate(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

/* Fewer than 32 bytes, and more than none. */
static void take_rest(struct highway *h)
{
	unsigned       n = (unsigned)h->n_rest, odd = n & 3;
	const uint8_t *tail = h->rest + (n & ~3u);
	uint8_t        packet[32] = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		h->v0[i] += ((uint64_t)n << 32) + n;
		h->v1[i] = (uint64_t)rotate((uint32_t)(h->v1[i] >> 32), n) << 32
		    | rotate((uint32_t)h->v1[i], n);
	}
	memcpy(packet, h->rest, n & ~3u);
	if (n & 16) {
		memcpy(packet + 28, h->rest + n - 4, 4);
	} else if (odd > 0) {
		packet[16] = tail[0];
		packet[17] = tail[odd >> 1];
		packet[18] = tail[odd - 1];
	}
	take_packet(h, packet);
}

void highway_end(struct highway *h, uint8_t ret[HIGHWAY_BYTES])
{
	uint64_t sum;

	if (h->n_rest > 0)
		take_rest(h);
	for (unsigned i = 0; i < 4; i++) {
		const uint64_t lanes[4] = { swap_halves(h->v0[2]),
			swap_halves(h->v0[3]), swap_halves(h->v0[0]),
			swap_halves(h->v0[1]) };

		mix(h, lanes);
	}
	sum = h->v0[0] + h->v1[0] + h->mul0[0] + h->mul1[0];
	for (unsigned i = 0; i < 8; i++)
		ret[i] = (uint8_t)(sum >> (8 * i));
}
