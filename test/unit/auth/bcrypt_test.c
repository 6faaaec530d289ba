/* bcrypt_test.c - published vectors, and everything that only looks like one. */
#include "auth/bcrypt.h"

#include "check.h"

static bool matches(const char *hash, const char *pass)
{
	struct crypt_data *scratch = bcrypt_scratch_create();
	bool               ok = bcrypt_matches(hash, pass, scratch);

	bcrypt_scratch_destroy(scratch);
	return ok;
}

TEST(published_vectors_match)
{
	static const struct { const char *hash, *pass; } t[] = {
		{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		  "U*U" },
		{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy",
		  "" },
		{ "$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
		  "U*U*U" },
		{ "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
		  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
		  "XYZ0123456789" },
		{ "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq",
		  "\xa3" },
		/* $2x$ by name, computed without its mistake, as nats-server does */
		{ "$2x$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq",
		  "\xa3" },
		/* the same salt, its spare bits set */
		{ "$2a$05$abcdefghijklmnopqrstuv5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
		  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
		  "XYZ0123456789" },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK(bcrypt_is_sound(slice_str(t[i].hash)), "%s", t[i].hash);
		CHECK(matches(t[i].hash, t[i].pass), "%s", t[i].hash);
		CHECK(!matches(t[i].hash, "wrong"), "%s", t[i].hash);
	}
}

TEST(what_only_begins_like_a_hash_is_not_sound)
{
#define SALT "CCCCCCCCCCCCCCCCCCCCC."
#define HASH "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	static const struct { const char *why, *text; bool is_hash; } t[] = {
		{ "nothing",              "",                        false },
		{ "plain",                "secret",                  false },
		{ "no such variant",      "$2c$05$" SALT HASH,       false },
		{ "a cost of one digit",  "$2a$5$" SALT HASH,        false },
		{ "the old form",         "$2$05$" SALT HASH,        false },
		{ "a letter in the cost", "$2a$0x$" SALT HASH,       false },
		{ "cut at the cost",      "$2a$05",                  false },
		{ "nothing behind",       "$2a$05$",                 true },
		{ "one short",            "$2a$05$" SALT
		  "E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", true },
		{ "one more",             "$2a$05$" SALT HASH "W",   true },
		{ "cost too low",         "$2a$03$" SALT HASH,       true },
		{ "cost for days",        "$2a$31$" SALT HASH,       true },
		{ "cost beyond all",      "$2a$99$" SALT HASH,       true },
		{ "a byte not of base64", "$2a$05$" SALT
		  "!5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true },
		{ "a star",               "$2a$05$*CCCCCCCCCCCCCCCCCCCC." HASH, true },
	};

	for (size_t i = 0; i < N_OF(t); i++) {
		CHECK_INT(bcrypt_is_hash(slice_str(t[i].text)), t[i].is_hash,
		    "%s", t[i].why);
		CHECK(!bcrypt_is_sound(slice_str(t[i].text)), "%s", t[i].why);
	}
	CHECK(bcrypt_is_sound(SLICE("$2a$05$" SALT HASH)));
	CHECK(!bcrypt_is_sound(SLICE("$2a$05$" SALT "E5YPO9kmyuRGyh0XouQYb4YMJKvyO\0W")));
	CHECK(!bcrypt_is_sound(SLICE_NONE));
}
