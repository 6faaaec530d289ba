/* blk_test.c - records there and back, records as nats-server wrote them, and
 * what a flipped bit does. */
#include "js/blk.h"

#include "base/err.h"
#include "check.h"

/* Of nats-server 2.15.1: stream ORDERS, file 1, the message "hello" on
 * orders.new with a header. */
static const char theirs[] =
	"\x43\x00\x00\x80\x01\x00\x00\x00\x00\x00\x00\x00\x1b\xa9\x1f"
	"\xa6\xa8\x05\xed\x18\x0a\x00\x6f\x72\x64\x65\x72\x73\x2e\x6e"
	"\x65\x77\x12\x00\x00\x00\x4e\x41\x54\x53\x2f\x31\x2e\x30\x0d"
	"\x0a\x41\x3a\x20\x62\x0d\x0a\x0d\x0a\x68\x65\x6c\x6c\x6f\x2b"
	"\x4b\x2e\x8e\xb8\xbd\xc5\xca\x2e\x00\x00\x00\x02\x00\x00\x00"
	"\x00\x00\x00\x00\x74\x93\x22\xa6\xa8\x05\xed\x18\x0a\x00\x6f"
	"\x72\x64\x65\x72\x73\x2e\x6e\x65\x77\x73\x65\x63\x6f\x6e\x64"
	"\xf9\xe5\x9e\xf2\x58\x42\x1e\x77\x1e\x00\x00\x00\x01\x00\x00"
	"\x00\x00\x00\x00\x40\x1b\xa9\x1f\xa6\xa8\x05\xed\x18\x00\x00"
	"\x87\x9f\xe7\xe3\x5f\x20\xce\xf5";

TEST(nats_servers_records_are_read)
{
	struct slice      in = slice_of(theirs, sizeof theirs - 1);
	struct highway    key;
	struct blk_record r;
	struct buf        out = { 0 };

	blk_key(SLICE("ORDERS"), 1, &key);
	CHECK_INT(blk_next(&in, &key, &r), 1);
	CHECK_INT(r.kind, BLK_MSG);
	CHECK_INT(r.seq, 1);
	CHECK_SLICE(r.subject, SLICE("orders.new"));
	CHECK_SLICE(r.hdr, SLICE("NATS/1.0\r\nA: b\r\n\r\n"));
	CHECK_SLICE(r.body, SLICE("hello"));
	blk_put(&out, &key, &r);
	CHECK_SLICE(buf_slice(&out), slice_of(theirs, out.n), "and written");
	CHECK_INT(blk_next(&in, &key, &r), 1);
	CHECK_SLICE(r.body, SLICE("second"));
	CHECK_INT(blk_next(&in, &key, &r), 1);
	CHECK_INT(r.kind, BLK_TOMBSTONE);
	CHECK_INT(r.seq, 1);
	CHECK_INT(in.n, 0);
	buf_fini(&out);
}

TEST(each_flipped_bit_is_noticed)
{
	const struct blk_record to = { .seq = 7, .ts_ns = 1, .subject = SLICE("a"),
		.hdr = SLICE("NATS/1.0\r\n\r\n"), .body = SLICE("payload") };
	struct buf        b = { 0 };
	struct highway    key;
	struct blk_record r;

	blk_key(SLICE("S"), 2, &key);
	blk_put(&b, &key, &to);
	CHECK_INT(b.n, blk_bytes(&to));
	for (size_t bit = 0; bit < 8 * b.n; bit++) {
		struct slice in = buf_slice(&b);
		int          rc;

		b.p[bit / 8] ^= (char)(1 << bit % 8);
		rc = blk_next(&in, &key, &r);
		/* the lengths are in no sum: what is split otherwise is the
		 * same bytes, in the same order */
		CHECK(rc != 1 || r.subject.n + r.hdr.n + r.body.n +
		    4 * (r.hdr.p != NULL) == 20 + 4, "bit %zu", bit);
		b.p[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t n = 0; n < b.n; n++) {
		struct slice in = slice_of(b.p, n);

		CHECK_INT(blk_next(&in, &key, &r), 0, "%zu bytes of it", n);
	}
	buf_fini(&b);
}

TEST(another_file_is_another_key)
{
	const struct blk_record to = { .kind = BLK_ERASED, .seq = 9 };
	struct buf        b = { 0 };
	struct highway    one, two;
	struct blk_record r;
	struct slice      in;

	blk_key(SLICE("S"), 1, &one);
	blk_key(SLICE("S"), 2, &two);
	blk_put(&b, &one, &to);
	in = buf_slice(&b);
	CHECK_INT(blk_next(&in, &two, &r), ERR_CORRUPT);
	in = buf_slice(&b);
	CHECK_INT(blk_next(&in, &one, &r), 1);
	CHECK(r.kind == BLK_ERASED && r.seq == 9 && r.subject.n == 0);
	buf_fini(&b);
}

TEST(the_sum_of_a_meta_file_is_nats_servers)
{
	static const char meta[] =
		"{\"Created\":\"2026-12-01T04:07:28.28854608Z\",\"name\":\""
		"ORDERS\",\"subjects\":[\"orders.\\u003e\"],\"retention\":"
		"\"limits\",\"max_consumers\":-1,\"max_msgs\":-1,\"max_byte"
		"s\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg"
		"_size\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_"
		"replicas\":1,\"duplicate_window\":120000000000,\"compressi"
		"on\":\"none\",\"allow_direct\":false,\"mirror_direct\":fal"
		"se,\"sealed\":false,\"deny_delete\":false,\"deny_purge\":f"
		"alse,\"allow_rollup_hdrs\":false,\"consumer_limits\":{},\""
		"allow_msg_ttl\":false,\"metadata\":{\"_nats.req.level\":\""
		"0\"}}";
	struct buf        b = { 0 };

	blk_put_meta_sum(&b, SLICE("ORDERS"), slice_of(meta, sizeof meta - 1));
	CHECK_SLICE(buf_slice(&b), SLICE("95d00793a93729e4"));
	buf_fini(&b);
}
