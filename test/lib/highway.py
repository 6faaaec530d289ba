"""test/lib/highway.py - HighwayHash-64, with which nats-server seals its meta.inf.

Slow, and enough for a file of a few hundred bytes.
"""
MASK = (1 << 64) - 1
MUL0 = (0xdbe6d5d5fe4cce2f, 0xa4093822299f31d0, 0x13198a2e03707344, 0x243f6a8885a308d3)
MUL1 = (0x3bd39e10cb0ef593, 0xc0acf169b5f18a8c, 0xbe5466cf34e90c6c, 0x452821e638d01377)
# Byte i of what is added comes from byte ZIP[i] of the two lanes.
ZIP = (3, 12, 2, 5, 14, 1, 15, 0, 11, 4, 10, 13, 9, 6, 8, 7)


def _lanes(block):
    return [int.from_bytes(block[i:i + 8], 'little') for i in range(0, 32, 8)]


def _swap(lane):
    return (lane >> 32 | lane << 32) & MASK


class _State:
    def __init__(self, key):
        self.mul0, self.mul1 = list(MUL0), list(MUL1)
        self.v0 = [m ^ k for m, k in zip(MUL0, _lanes(key))]
        self.v1 = [m ^ _swap(k) for m, k in zip(MUL1, _lanes(key))]

    def mix(self, lanes):
        for i, lane in enumerate(lanes):
            self.v1[i] = (self.v1[i] + self.mul0[i] + lane) & MASK
            self.mul0[i] ^= (self.v1[i] & 0xffffffff) * (self.v0[i] >> 32)
            self.v0[i] = (self.v0[i] + self.mul1[i]) & MASK
            self.mul1[i] ^= (self.v0[i] & 0xffffffff) * (self.v1[i] >> 32)
        for source, to in ((self.v1, self.v0), (self.v0, self.v1)):
            for i in (0, 2):
                both = b''.join(v.to_bytes(8, 'little') for v in source[i:i + 2])
                mixed = bytes(both[n] for n in ZIP)
                to[i] = (to[i] + int.from_bytes(mixed[:8], 'little')) & MASK
                to[i + 1] = (to[i + 1] + int.from_bytes(mixed[8:], 'little')) & MASK

    def mix_rest(self, rest):
        n, even = len(rest), len(rest) & ~3
        block = bytearray(32)
        for i in range(4):
            self.v0[i] = (self.v0[i] + (n << 32) + n) & MASK
            halves = (self.v1[i] >> 32, self.v1[i] & 0xffffffff)
            high, low = ((h << n | h >> (32 - n)) & 0xffffffff for h in halves)
            self.v1[i] = high << 32 | low
        block[:even] = rest[:even]
        if n & 16:
            block[28:] = rest[-4:]
        elif n & 3:
            tail = rest[even:]
            block[16:19] = bytes((tail[0], tail[len(tail) >> 1], tail[-1]))
        self.mix(_lanes(block))


def highway64(key, data):
    """The eight bytes for a key of 32."""
    state, whole = _State(key), len(data) // 32 * 32
    for i in range(0, whole, 32):
        state.mix(_lanes(data[i:i + 32]))
    if len(data) > whole:
        state.mix_rest(data[whole:])
    for _ in range(4):
        state.mix([_swap(state.v0[i]) for i in (2, 3, 0, 1)])
    total = state.v0[0] + state.v1[0] + state.mul0[0] + state.mul1[0]
    return (total & MASK).to_bytes(8, 'little')
