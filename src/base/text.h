/* base/text.h - numbers, durations and times as NATS writes and reads them.
 *
 * nats-server is written in Go, and its users read Go's formats in logs,
 * monitoring and configuration; these are those formats.
 * Spec: core protocol, Appendix A.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* "1h0m0s", "1.5s", "250ms", "5.996us" with the micro sign, "0s". */
void text_put_duration(struct buf *out, int64_t ns);

/* "1h15m30.9s", "-1m", "0".  False and *why (static or in a thread-local
 * buffer) with Go's words: time: invalid duration "x". */
bool text_parse_duration(struct slice s, int64_t *ns, const char **why);

/* "1y2d3h4m5s", leading zero units left out: uptime in monitoring. */
void text_put_uptime(struct buf *out, int64_t ns);

/* "2026-11-21T00:05:23.256104169Z", the fraction trimmed of zeros.
 * TEXT_TIME_NONE is Go's zero time, "0001-01-01T00:00:00Z". */
#define TEXT_TIME_NONE INT64_MIN
void text_put_time(struct buf *out, int64_t wall_ns);

/* The first rune of s, which is not empty, and its length.  What is no UTF-8
 * is TEXT_RUNE_BAD of length 1 (the same rune well-formed has length 3). */
#define TEXT_RUNE_BAD 0xfffdu
size_t text_next_rune(struct slice s, uint32_t *rune);

/* Go's %q: double quotes, \" \\ \n \r \t, \xNN for what is no UTF-8, \uNNNN
 * for what cannot be seen. */
void text_put_quoted(struct buf *out, struct slice s);

/* "8.00 MB", "512 B": units of 1024. */
void text_put_bytes(struct buf *out, uint64_t n);

/* Shortest decimal that reads back as v, in Go's JSON form; what is not
 * finite is null, since JSON has no word for it. */
void text_put_f64(struct buf *out, double v);

/* Whole decimal string, sign allowed where signed; false: not a number or out
 * of range.  Never reads past s. */
bool text_parse_i64(struct slice s, int64_t *ret);
bool text_parse_u64(struct slice s, uint64_t *ret);

/* 1 t T TRUE true True 0 f F FALSE false False. */
bool text_parse_bool(struct slice s, bool *ret);

/* Standard alphabets; the url form has no padding, base32 neither. */
void text_put_base64(struct buf *out, const void *p, size_t n);
void text_put_base64url(struct buf *out, const void *p, size_t n);
void text_put_base32(struct buf *out, const void *p, size_t n);
void text_put_hex(struct buf *out, const void *p, size_t n);

/* How many bytes to add, drop, change or swap with the next to turn a into b;
 * for "did you mean".  At most limit: that is "so many or more".  Strings
 * beyond 64 bytes are equal or far apart. */
unsigned text_distance(struct slice a, struct slice b, unsigned limit);

#endif /* BASE_TEXT_H */
