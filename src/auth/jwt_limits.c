/* auth/jwt_limits.c - from where and when: CIDRs and hours of the day. */
#include "auth/jwt_int.h"

#include <arpa/inet.h>

#include "base/text.h"

enum { V4_BYTES = 4, V6_BYTES = 16, MAPPED_BITS = 96 };

static bool is_mapped(const uint8_t *addr)
{
	static const uint8_t prefix[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		0xff };

	return memcmp(addr, prefix, sizeof prefix) == 0;
}

/* An address as text, without what Go does not take either (zones, zeros in
 * front).  0: it is none, else its length. */
static size_t parse_address(struct slice text, uint8_t addr[V6_BYTES])
{
	char s[INET6_ADDRSTRLEN];

	if (text.n >= sizeof s || memchr(text.p, '\0', text.n) != NULL)
		return 0;
	memcpy(s, text.p, text.n);
	s[text.n] = '\0';
	if (inet_pton(AF_INET, s, addr) == 1)
		return V4_BYTES;
	return inet_pton(AF_INET6, s, addr) == 1 ? V6_BYTES : 0;
}

static bool parse_bits(struct slice text, int64_t max, int64_t *bits)
{
	int64_t v = 0;

	if (text.n == 0 || text.n > 3)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (text.p[i] - '0');
	}
	*bits = v;
	return v <= max;
}

static bool has_prefix(const uint8_t *addr, const uint8_t *net, int64_t bits)
{
	size_t  whole = (size_t)bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	if (memcmp(addr, net, whole) != 0)
		return false;
	return bits % 8 == 0 || ((addr[whole] ^ net[whole]) & mask) == 0;
}

int jwt_cidr_match(struct slice cidr, const uint8_t *addr, size_t n)
{
	const char *slash = cidr.n == 0 ? NULL : memchr(cidr.p, '/', cidr.n);
	uint8_t     bytes[V6_BYTES], *net = bytes;
	size_t      n_net, at;
	int64_t     bits;

	if (slash == NULL)
		return -1;
	at = (size_t)(slash - cidr.p);
	n_net = parse_address(slice_of(cidr.p, at), bytes);
	if (n_net == 0 || !parse_bits(slice_skip(cidr, at + 1),
	    (int64_t)n_net * 8, &bits))
		return -1;
	if (n_net == V6_BYTES && bits >= MAPPED_BITS && is_mapped(net)) {
		net += V6_BYTES - V4_BYTES;
		bits -= MAPPED_BITS;
		n_net = V4_BYTES;
	}
	if (n == V6_BYTES && is_mapped(addr)) {
		addr += V6_BYTES - V4_BYTES;
		n = V4_BYTES;
	}
	return n == n_net && has_prefix(addr, net, bits);
}

/* Up to the colon, which is taken too, or to the end. */
static struct slice take_until_colon(struct slice *rest)
{
	const char  *colon = rest->n == 0 ? NULL :
	    memchr(rest->p, ':', rest->n);
	struct slice part = *rest;

	if (colon != NULL)
		part.n = (size_t)(colon - rest->p);
	*rest = slice_skip(*rest, part.n + (colon != NULL));
	return part;
}

/* Go reads a fraction of a second though it was not asked to, and drops it. */
static struct slice drop_fraction(struct slice s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] >= '0' && s.p[n - 1] <= '9')
		n--;
	if (n > 0 && n < s.n && (s.p[n - 1] == '.' || s.p[n - 1] == ','))
		s.n = n - 1;
	return s;
}

bool jwt_parse_hour(struct slice text, int64_t *seconds)
{
	struct slice rest = text;
	struct slice hour = take_until_colon(&rest);
	struct slice minute = take_until_colon(&rest);
	struct slice second = drop_fraction(rest);
	int64_t      h, m, s;

	if (hour.n < 1 || hour.n > 2 || minute.n != 2 || second.n != 2 ||
	    !parse_bits(hour, 23, &h) || !parse_bits(minute, 59, &m) ||
	    !parse_bits(second, 59, &s))
		return false;
	*seconds = (h * 60 + m) * 60 + s;
	return true;
}
