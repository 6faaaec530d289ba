/* jwt_limits_test.c - CIDRs and hours, as Go reads them. */
#include "auth/jwt_int.h"

#include <arpa/inet.h>

#include "check.h"

static int match(const char *cidr, const char *addr)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, addr, bytes) == 1)
		return jwt_cidr_match(slice_str(cidr), bytes, 4);
	CHECK_INT(inet_pton(AF_INET6, addr, bytes), 1, "%s", addr);
	return jwt_cidr_match(slice_str(cidr), bytes, 16);
}

TEST(addresses_are_in_a_net_or_not)
{
	static const struct { const char *cidr, *addr; int want; } t[] = {
		{ "10.0.0.0/8", "10.255.1.2", 1 },      { "10.0.0.0/8", "11.0.0.0", 0 },
		{ "192.168.1.77/24", "192.168.1.1", 1 }, { "192.168.1.0/25", "192.168.1.128", 0 },
		{ "192.168.1.0/25", "192.168.1.127", 1 }, { "1.2.3.4/32", "1.2.3.4", 1 },
		{ "1.2.3.4/32", "1.2.3.5", 0 },         { "0.0.0.0/0", "255.255.255.255", 1 },
		{ "0.0.0.0/0", "::1", 0 },              { "::/0", "1.2.3.4", 0 },
		{ "2001:db8::/33", "2001:db8:7fff::1", 1 }, { "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "::1/128", "::1", 1 },                { "::1/128", "::2", 0 },
		{ "10.0.0.0/8", "::ffff:10.1.1.1", 1 }, { "::ffff:10.0.0.0/104", "10.9.9.9", 1 },
		{ "::ffff:10.0.0.0/104", "::ffff:11.0.0.1", 0 }, { "::ffff:0:0/80", "10.0.0.1", 0 },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		CHECK_INT(match(t[i].cidr, t[i].addr), t[i].want, "%s %s", t[i].cidr, t[i].addr);
}

TEST(an_unknown_address_is_in_no_net)
{
	CHECK_INT(jwt_cidr_match(SLICE("0.0.0.0/0"), NULL, 0), 0);
	CHECK_INT(jwt_cidr_match(SLICE("::/0"), NULL, 0), 0);
}

TEST(what_is_no_net_is_said_to_be_none)
{
	static const char *const bad[] = { "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33",
		"10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0/8", "10.0.0.256/8", "::1/129",
		"fe80::1%eth0/64", "010.0.0.0/8", "a/8", "10.0.0.0/0008", "10.0.0.0 /8",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8" };

	for (size_t i = 0; i < N_OF(bad); i++)
		CHECK_INT(match(bad[i], "10.0.0.1"), -1, "%s", bad[i]);
	CHECK_INT(jwt_cidr_match(slice_of("10.0.0.0\0/8", 11), NULL, 0), -1);
}

TEST(hours_are_seconds_of_a_day)
{
	static const struct { const char *text; int64_t want; } t[] = {
		{ "00:00:00", 0 },  { "23:59:59", 86399 }, { "8:01:02", 28862 },
		{ "08:00:00.25", 28800 }, { "08:00:00,9", 28800 },
		{ "", -1 }, { "8", -1 }, { "08:00", -1 }, { "24:00:00", -1 }, { "08:60:00", -1 },
		{ "08:00:60", -1 }, { "08:0:00", -1 }, { "08:00:0", -1 }, { "008:00:00", -1 },
		{ "-8:00:00", -1 }, { "08:00:00 ", -1 }, { "08:00:00.", -1 }, { "08:00:00:00", -1 },
		{ "0a:00:00", -1 },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		int64_t s = -1;

		CHECK_INT(jwt_parse_hour(slice_str(t[i].text), &s), t[i].want >= 0, "%s", t[i].text);
		CHECK_INT(s, t[i].want, "%s", t[i].text);
	}
}
