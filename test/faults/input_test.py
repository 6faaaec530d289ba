"""Bytes that no client sends, before and after CONNECT.

Promised: they cost the one who sent them its connection at most.  Whoever else is
connected notices nothing, nothing of them is delivered, no descriptor stays.
"""
import random
import socket

from fault import Fault, Client, raw, send_all

AUTH = 'authorization { user: "u", password: "p" }'
LOGIN = '"user":"u","pass":"p"'

VERBS = [
    b'PUB still.serves 1\r\nx\r\n', b'HPUB still.serves 12 13\r\nNATS/1.0\r\n\r\nx\r\n',
    b'SUB > 1\r\n', b'SUB > q 1\r\n', b'UNSUB 1\r\n', b'PING\r\n', b'PONG\r\n', b'+OK\r\n',
    b"-ERR 'x'\r\n", b'INFO {}\r\n', b'MSG still.serves 1 1\r\nx\r\n',
    b'HMSG still.serves 1 12 13\r\nNATS/1.0\r\n\r\nx\r\n', b'RS+ $G >\r\n', b'RS- $G >\r\n',
    b'RMSG $G still.serves 1\r\nx\r\n', b'LS+ >\r\n', b'LS- >\r\n', b'LMSG still.serves 1\r\nx\r\n',
    b'A+ $G\r\n', b'A- $G\r\n', b'\r\n', b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\x02\x00\x01',
    b'\x00\x00\x00\x00', b'\xff\xff\xff\xff\r\n', b'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
]

NASTY_CONNECTS = [
    b'', b'{', b'}', b'[]', b'null', b'1', b'"x"', b'{"user":"u","pass":"p"', b'{"user":}',
    b'{"user":null,"pass":null}', b'{"user":{},"pass":[]}', b'{"user":["u"],"pass":"p"}',
    b'{"a":' + b'[' * 2000 + b']' * 2000 + b'}', b'{"a":' + b'{"a":' * 600 + b'1' + b'}' * 601,
    b'{"user":"u\\u0000","pass":"p\\u0000"}', b'{"user":"u\\ud800","pass":"p"}',
    b'{"user":"\xff\xfe","pass":"\xc0\x80"}', b'{"protocol":1e999}', b'{"protocol":-9223372036854775809}',
    b'{"protocol":18446744073709551616}', b'{"user":"u","pass":""}', b'{"user":"","pass":"p"}',
    b'{"auth_token":"p"}', b'{"jwt":"a.b.c","sig":"!"}', b'{"nkey":"U","sig":""}',
    b'{"nkey":"' + b'U' * 56 + b'","sig":"' + b'A' * 86 + b'"}', b'{"\\u0075ser":"x"}',
    b'{"user":"' + b'u' * 3900 + b'"}', b'{"lang":"' + b'\\u0041' * 600 + b'"}', b'\x00{}', b'{}\x00',
]

# Every one is wrong for a size, and wraps to something small in some width.
BAD_SIZES = [
    b'-1', b'+', b'x', b'1x', b'0x10', b'1e3', b'1.0', b'2147483648', b'4294967295',
    b'4294967296', b'4294967297', b'9223372036854775807', b'9223372036854775808',
    b'9223372036854775809', b'18446744073709551615', b'18446744073709551616',
    b'18446744073709551617', b'340282366920938463463374607431768211457', b'9' * 400,
]


class BeforeConnect(Fault):
    def test_no_verb_has_an_effect_before_authentication(self):
        server = self.serve(AUTH)
        good = self.witness(server, LOGIN)
        n_fds = server.n_fds()
        for verb in VERBS:
            with self.subTest(verb=verb):
                s = raw(server)
                send_all(s, verb + b'PING\r\nPUB still.serves 1\r\ny\r\n')
                answer = self.assert_closes(s, verb)
                self.assertNotIn(b'PONG', answer)
                self.assertNotIn(b'MSG', answer)
                s.close()
        self.still_serves(server, good, LOGIN)
        self.assert_fds(server, n_fds)

    def test_no_malformed_connect_lets_anyone_in(self):
        server = self.serve(AUTH)
        good = self.witness(server, LOGIN)
        for options in NASTY_CONNECTS:
            with self.subTest(options=options[:60]):
                s = raw(server)
                send_all(s, b'CONNECT ' + options + b'\r\nPING\r\n')
                self.assertNotIn(b'PONG', self.assert_closes(s, options[:60]))
                s.close()
        self.still_serves(server, good, LOGIN)

    def test_a_control_line_without_end_is_cut_off(self):
        for config, login in (('', ''), (AUTH, LOGIN)):
            server = self.serve(config)
            good = self.witness(server, login)
            for start in (b'CONNECT {"user":"', b'PUB ', b'SUB ', b'HPUB ', b'UNSUB ', b'INFO {"a":"'):
                with self.subTest(start=start, config=config):
                    s = raw(server)
                    for _ in range(512):        # 2 MB at most
                        if not send_all(s, start + b'a' * 4096):
                            break
                        start = b''
                    self.assert_closes(s, 'the long line')
                    s.close()
            self.still_serves(server, good, login)

    def test_noise_closes_only_its_own_connection(self):
        seed = random.randrange(1 << 32)
        dice = random.Random(seed)
        for config, login in (('', ''), (AUTH, LOGIN)):
            server = self.serve(config)
            good = self.witness(server, login)
            n_fds = server.n_fds()
            for _ in range(300):
                s = raw(server)
                send_all(s, noise(dice))
                if dice.random() < 0.5:
                    half_close(s)
                    self.assert_closes(s, 'seed %d' % seed)
                s.close()
            with self.subTest(seed=seed):
                self.still_serves(server, good, login)
                self.assert_fds(server, n_fds)


def half_close(sock):
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass            # the server was faster


def noise(dice):
    """Random bytes, or pieces of the protocol joined at random; nothing in them
    publishes on a subject that a witness hears."""
    if dice.random() < 0.4:
        return dice.randbytes(dice.choice((1, 7, 100, 5000)))
    words = [b'CONNECT ', b'{}', b'{"verbose":', b'SUB ', b'UNSUB ', b'PING', b'PONG', b'\r\n', b'\r', b'\n',
             b' ', b'\t', b'foo', b'foo.*', b'>', b'1', b'99999999999', b'-1', b'INFO ', b'+OK', b'-ERR ',
             b'\x00', b'\xff', b'"' * 50, b'a' * 3000]
    return b''.join(dice.choice(words) for _ in range(dice.randrange(1, 60)))


class Sizes(Fault):
    def refused(self, server, line):
        c = Client(server)
        c.ping()
        c.send(line + b'\r\nx\r\nPUB still.serves 1\r\ny\r\n')
        self.assert_closes(c.sock, line[:60])
        c.close()

    def test_no_size_wraps(self):
        server = self.serve()
        good = self.witness(server)
        for size in BAD_SIZES:
            for line in (b'PUB a ' + size, b'PUB a r ' + size + b' ', b'HPUB a ' + size + b' 12',
                         b'HPUB a 12 ' + size, b'HPUB a r 12 ' + size, b'HPUB a %s %s' % (size, size)):
                with self.subTest(line=line[:60]):
                    self.refused(server, line)
        self.still_serves(server, good)

    def test_a_header_longer_than_the_message_is_refused(self):
        server = self.serve()
        good = self.witness(server)
        for line in (b'HPUB a 13 12', b'HPUB a 1048576 12', b'HPUB a 4294967308 12', b'HPUB a 1 0'):
            self.refused(server, line)
        self.still_serves(server, good)

    def test_an_unsub_with_any_number_harms_nobody(self):
        server = self.serve()
        good = self.witness(server)
        for n in BAD_SIZES:
            c = self.client(server)
            c.send(b'SUB n 1\r\nUNSUB 1 %s\r\nUNSUB %s\r\nUNSUB %s 1\r\nPING\r\n' % (n, n, n))
            c.sock.settimeout(5)
            c.sock.recv(4096)       # PONG, or the end: either is an answer
            c.close()
        self.still_serves(server, good)

    def test_max_payload_is_a_limit_to_the_byte(self):
        server = self.serve('max_payload: 100')
        good = self.witness(server)
        c = self.client(server)
        c.publish('n', b'x' * 100)
        self.assertEqual(good.message(), b'x' * 100)
        c.send(b'PUB n 101\r\n')
        self.assertIn(b'Maximum Payload Violation', self.assert_closes(c.sock, 'PUB n 101'))
        c = self.client(server)
        c.send(b'HPUB n 12 101\r\n')
        self.assertIn(b'Maximum Payload Violation', self.assert_closes(c.sock, 'HPUB n 12 101'))
        self.still_serves(server, good)
