/* test/unit/store/crc_test.c - pairs with src/store/crc.c. */
#include "store/crc.h"

#include "check.h"

TEST(the_known_answers_come_out)
{
	char zeros[32] = { 0 };

	CHECK_INT(crc32c(0, "123456789", 9), 0xe3069283);
	CHECK_INT(crc32c(0, zeros, sizeof zeros), 0x8a9136aa);
	CHECK_INT(crc32c(0, "", 0), 0);
}

TEST(instruction_and_table_agree_and_go_on)
{
	unsigned char bytes[300];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 37 + i / 7);
	for (unsigned n = 0; n <= sizeof bytes; n++) {
		uint32_t whole = crc32c(n, bytes, n);

		CHECK_INT(whole, crc32c_slow(n, bytes, n));
		CHECK_INT(whole, crc32c(crc32c(n, bytes, n / 3),
		    bytes + n / 3, n - n / 3));
	}
}
