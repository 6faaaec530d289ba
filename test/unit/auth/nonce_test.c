/* nonce_test.c - the same connection, the same nonce; another, another. */
#include "auth/nonce.h"

#include <string.h>

#include "check.h"

TEST(each_connection_has_a_nonce_of_its_own)
{
	char a[NONCE_CHARS + 1], b[NONCE_CHARS + 1], again[NONCE_CHARS + 1];

	nonce_make(1, a);
	nonce_make(2, b);
	nonce_make(1, again);
	CHECK_INT(strlen(a), NONCE_CHARS);
	CHECK_INT(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_"), NONCE_CHARS);
	CHECK(strcmp(a, b) != 0);
	CHECK(strcmp(a, again) == 0);
}
