"""TLS misused, by accident or by malice (RELIABILITY: F6).

Promised: every one of these is refused, nothing is understood in clear where TLS is
required, and the server goes on serving others.
"""
import os
import random
import socket
import ssl
import struct
import subprocess
import time

import certs
from fault import mote_only
from running import PATIENCE, wait_until
from tls import TLS12, Refused, TlsCase, context

OLD = 'ALL:@SECLEVEL=0'


class Clear(TlsCase):
    def test_plaintext_is_not_understood_where_tls_is_required(self):
        server = self.tls()
        for words in (b'CONNECT {}\r\nPING\r\n', b'PING\r\n', b'\r\n', b'GET / HTTP/1.1\r\n\r\n'):
            with self.subTest(words=words):
                c = self.raw(server).read_info()
                c.send(words)
                self.assertNotIn(b'PONG', c.rest())
        self.assertTrue(self.secure(server).ping())

    def test_plaintext_ahead_of_the_handshake_is_not_understood_after_it(self):
        """STARTTLS injection: what was said in clear must not count."""
        server = self.tls()
        c = self.raw(server).read_info()
        c.send(b'CONNECT {"name":"injected"}\r\nPING\r\n')
        with self.assertRaises(Refused):
            c.upgrade()
        self.assertTrue(self.secure(server).ping())

    def test_tls_on_a_port_without_it_is_no_protocol(self):
        server = self.serve()
        c = self.raw(server).read_info()
        self.assertNotIn('tls_required', c.info)
        with self.assertRaises(Refused):
            c.upgrade()
        plain = self.client(server)
        self.assertTrue(plain.ping())

    def test_a_login_in_clear_is_not_accepted(self):
        server = self.tls(outside='authorization { user: u, password: p }')
        c = self.raw(server).read_info()
        c.send(b'CONNECT {"user":"u","pass":"p"}\r\nPING\r\n')
        self.assertNotIn(b'PONG', c.rest())
        self.assert_refused(server, options='"user":"u","pass":"x"')
        self.secure(server, options='"user":"u","pass":"p"')


class Old(TlsCase):
    def test_old_versions_are_refused(self):
        server = self.tls(pair='server-rsa')
        for v in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.subTest(version=v):
                self.assert_refused(server, versions=(v, v), ciphers=OLD)
        self.secure(server)

    def test_weak_suites_are_refused(self):
        server = self.tls(pair='server-rsa')
        for suite in ('AES128-SHA', 'AES256-GCM-SHA384', 'NULL-SHA256', 'AECDH-AES128-SHA',
                      'ADH-AES128-SHA256', 'DHE-RSA-AES128-SHA'):
            with self.subTest(suite=suite):
                self.assert_refused(server, versions=(TLS12, TLS12),
                                    ciphers=suite + ':@SECLEVEL=0')
        self.secure(server, versions=(TLS12, TLS12))

    @mote_only('offers CBC with SHA-1 still')
    def test_cbc_is_not_offered(self):
        server = self.tls(pair='server-rsa')
        self.assert_refused(server, versions=(TLS12, TLS12),
                            ciphers='ECDHE-RSA-AES128-SHA:@SECLEVEL=0')

    def test_a_configured_suite_is_the_only_one(self):
        server = self.tls('cipher_suites: ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]',
                          pair='server-rsa')
        self.assert_refused(server, versions=(TLS12, TLS12),
                            ciphers='ECDHE-RSA-AES128-GCM-SHA256')
        c = self.secure(server, versions=(TLS12, TLS12))
        self.assertEqual(c.tls.cipher()[0], 'ECDHE-RSA-AES256-GCM-SHA384')

    def test_min_version_is_held(self):
        if not self.has_13(self.tls()):
            self.skipTest('this build has no TLS 1.3')
        server = self.tls('min_version: "1.3"')
        self.assert_refused(server, versions=(TLS12, TLS12))
        self.assertEqual(self.secure(server).tls.version(), 'TLSv1.3')


class Certificates(TlsCase):
    def test_a_client_needs_a_valid_certificate(self):
        server = self.verifying(http=True)
        refused = {
            None: 'no certificate', 'expired': 'it has ended',
            'not-yet': 'it has not begun', 'stranger': 'another authority',
            'wrong-use': 'it is for servers', 'self': 'signed by itself',
        }
        for i, (cert, why) in enumerate(refused.items()):
            with self.subTest(cert=cert, why=why):
                self.assert_refused(server, cert, why)
                self.assertEqual(self.closed_reason(server, i + 1), 'TLS Handshake Failure')
        for cert in ('client', 'any-use'):
            with self.subTest(cert=cert):
                c = self.secure(server, cert)
                self.assertTrue(c.info['tls_verify'])

    def test_a_key_that_is_not_the_certificates_is_refused(self):
        server = self.verifying()
        thief = certs.Pair('thief')
        certs.new_key(thief, 'ec')
        with self.assertRaises((Refused, ssl.SSLError)):
            pair = certs.Pair('client')
            pair.key = thief.key
            self.secure(server, pair)
        self.secure(server, 'client')

    def test_a_client_does_not_believe_another_server(self):
        server = self.tls(pair='server-a')
        c = self.raw(server).read_info()
        with self.assertRaises(Refused):
            c.upgrade(context(), name='localhost')
        c = self.raw(server).read_info()
        with self.assertRaises(Refused):
            c.upgrade(context(ca='other-ca'), name='a.example.org')
        c = self.raw(server).read_info()
        c.upgrade(context(), name='a.example.org')
        self.assertTrue(c.connect().ping())

    def test_a_chain_of_some_authorities_is_followed(self):
        self.secure(self.verifying(), certs.chain(3))

    def test_a_huge_chain_does_no_harm(self):
        server = self.verifying()
        leaf = certs.chain(12, padding=40)
        self.assertGreater(os.path.getsize(leaf.cert), 32 * 1024)
        try:
            self.secure(server, leaf)
        except Refused:
            pass
        self.secure(server, 'client')


class Bytes(TlsCase):
    def hellos(self):
        """Things that begin like a handshake."""
        r = random.Random(446)
        for n in (1, 4, 5, 6, 50, 600):
            yield bytes(r.randrange(256) for _ in range(n))
            yield b'\x16\x03\x01' + struct.pack('>H', n) + bytes(
                r.randrange(256) for _ in range(n))
        yield b'\x16\x03\x01\xff\xff' + b'\x01' * 70000
        yield b'\x16\x03\x01\x00\x00' * 1000
        yield b'\x16\x03\x03\x00\x04\x01\xff\xff\xff' + b'\x16\x03\x03\x40\x00' + bytes(16384)
        yield b'\x15\x03\x01\x00\x02\x02\x28'
        yield b'\x17\x03\x03\x00\x10' + bytes(16)
        yield b'\x80\x2e\x01\x00\x02' + bytes(60)      # SSL 2

    def test_garbage_is_refused(self):
        server = self.tls('timeout: 0.5')
        for data in self.hellos():
            with self.subTest(data=data[:12]):
                c = self.raw(server).read_info()
                try:
                    c.send(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                c.rest()
        self.assertTrue(self.secure(server).ping())

    def test_a_hello_that_is_damaged_anywhere_is_survived(self):
        server = self.tls('timeout: 0.5')
        hello = self.hello(server)
        r = random.Random(7)
        for _ in range(150):
            bad = bytearray(hello)
            for _ in range(r.randrange(1, 4)):
                bad[r.randrange(len(bad))] = r.randrange(256)
            c = self.raw(server).read_info()
            try:
                c.send(bytes(bad))
                c.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass            # it has hung up already
            c.rest()
        self.assertTrue(self.secure(server).ping())

    def hello(self, server):
        c = self.raw(server).read_info()
        inp, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context().wrap_bio(inp, out, server_hostname='localhost')
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        c.close()
        return out.read()

    def test_a_record_that_is_damaged_ends_the_connection(self):
        server = self.tls()
        c = self.secure(server)
        data = bytearray(c.encrypt(b'PING\r\n'))
        data[-1] ^= 1
        c.sock.sendall(data)
        try:
            self.assertNotIn(b'PONG', c.rest())
        except Refused:
            pass
        self.assertTrue(self.secure(server).ping())

    def test_clear_words_in_a_session_end_it(self):
        server = self.tls()
        c = self.secure(server)
        c.sock.sendall(b'PING\r\n' * 10)
        try:
            self.assertNotIn(b'PONG', c.rest())
        except Refused:
            pass
        self.assertTrue(self.secure(server).ping())

    def test_a_handshake_byte_by_byte_succeeds(self):
        server = self.tls('timeout: 15')
        c = self.raw(server, piece=1).read_info()
        c.upgrade()
        self.assertTrue(c.connect().ping())
        c.send(b'SUB a 1\r\nPUB a 5\r\nhello\r\n')
        self.assertTrue(c.line().startswith(b'MSG a 1 5'))

    def test_a_truncated_end_is_an_end(self):
        server = self.tls(http=True)
        whole = self.secure(server)
        whole.close()
        c = self.secure(server)
        c.sock.sendall(c.encrypt(b'PUB a 5\r\nhello\r\n')[:-3])
        c.close()
        hard = self.secure(server)
        hard.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        hard.close()
        wait_until('three ends', lambda: self.varz(
            server, 'connz?state=closed')['total'] == 3)
        self.assertTrue(self.secure(server).ping())

    def test_renegotiation_is_refused(self):
        server = self.tls('handshake_first: true', pair='server-rsa')
        p = subprocess.Popen(['openssl', 's_client', '-connect', '127.0.0.1:%d' % server.port,
                              '-tls1_2', '-CAfile', certs.get('ca').cert],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        self.addCleanup(p.kill)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.stdin.close)
        seen = b''
        while b'INFO {' not in seen:
            data = os.read(p.stdout.fileno(), 65536)
            self.assertTrue(data, seen)
            seen += data
        p.stdin.write(b'R\n')
        p.stdin.flush()
        p.wait(PATIENCE)
        self.assertIn(b'RENEGOTIATING', seen + p.stdout.read())
        self.assertTrue(self.secure(server, first=True).ping())


class Slow(TlsCase):
    def test_silence_is_given_a_time(self):
        server = self.tls('timeout: 0.5', http=True)
        c = self.raw(server).read_info()
        began = time.monotonic()
        self.assertEqual(c.rest(), b'')
        self.assertGreater(time.monotonic() - began, 0.4)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.closed_reason(server), 'TLS Handshake Failure')

    def test_a_handshake_that_stops_half_way_is_given_a_time(self):
        server = self.tls('timeout: 0.5')
        hello = Bytes.hello(self, server)
        for n in (1, 5, 60, len(hello)):
            with self.subTest(sent=n):
                c = self.raw(server).read_info()
                c.send(hello[:n])
                c.rest()
        self.assertTrue(self.secure(server).ping())

    def test_the_time_to_log_in_begins_after_the_handshake(self):
        server = self.tls('timeout: 5', outside='authorization { user: u, password: p, '
                          'timeout: 0.5 }')
        c = self.raw(server).read_info()
        time.sleep(0.9)
        c.upgrade()
        self.assertIn(b"-ERR 'Authentication Timeout'", c.rest())

    def test_handshakes_do_not_hold_up_others(self):
        """Forty at once, while somebody talks; bounds for a loaded machine."""
        server = self.tls('timeout: 10', pair='server-rsa')
        talker = self.secure(server)
        crowd = [self.raw(server).read_info() for _ in range(40)]
        hello = Bytes.hello(self, server)
        for c in crowd:
            c.send(hello)
        worst = 0.0
        for _ in range(50):
            began = time.monotonic()
            self.assertTrue(talker.ping())
            worst = max(worst, time.monotonic() - began)
        self.assertLess(worst, 0.5)
        for c in crowd:
            c.close()
