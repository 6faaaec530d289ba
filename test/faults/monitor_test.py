"""Hostile clients of the monitoring port.

Promised: they disturb no NATS client, cost a bounded amount of memory, and do not
keep others from being answered.
"""
import json
import time

from fault import MB, Fault, send_all
from running import PATIENCE, wait_until


def get(server, path='/varz', timeout=PATIENCE):
    with server.connect(server.http_port, timeout) as s:
        s.sendall(b'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' % path.encode())
        data = b''
        while True:
            piece = s.recv(1 << 16)
            if not piece:
                return data
            data += piece


class Monitor(Fault):
    def flows(self, server, good, n=1000):
        c = self.client(server)
        for i in range(n):
            c.publish('n', b'%d' % i)
        for i in range(n):
            self.assertEqual(good.message(), b'%d' % i)
        c.close()

    def answers(self, server):
        """A server that bounds its work may be busy for a moment: asked again."""
        def answer():
            head, _, body = get(server).partition(b'\r\n\r\n')
            if head.startswith(b'HTTP/1.1 503'):
                return None
            self.assertTrue(head.startswith(b'HTTP/1.1 200'), head[:100])
            return json.loads(body)
        self.assertIn('server_id', wait_until('an answer', answer))

    def hostile(self, server, n):
        socks = [server.connect(server.http_port) for _ in range(n)]
        self.addCleanup(lambda: [s.close() for s in socks])
        return socks

    def test_two_hundred_silent_ones_disturb_nobody(self):
        server = self.serve(http=True)
        good = self.witness(server)
        before, n_fds = server.rss(), server.n_fds()
        socks = self.hostile(server, 200)
        self.flows(server, good)
        self.answers(server)
        self.assert_memory(server.rss() - before, 200 * 32768 + 4 * MB, '200 silent HTTP clients')
        for s in socks:
            self.assert_closes(s, 'a silent one')
            s.close()
        self.assert_fds(server, n_fds)

    def test_headers_that_never_end_are_cut(self):
        server = self.serve(http=True)
        good = self.witness(server)
        socks = self.hostile(server, 20)
        for s in socks:
            s.sendall(b'GET /varz HTTP/1.1\r\nX-Slow: ')
        end = time.monotonic() + PATIENCE
        while socks and time.monotonic() < end:
            socks = [s for s in socks if send_all(s, b'x')]
            self.flows(server, good, 10)
            time.sleep(0.1)
        self.assertEqual(len(socks), 0, 'they may go on for ever')
        self.answers(server)

    def test_huge_requests_are_refused(self):
        server = self.serve(http=True)
        good = self.witness(server)
        before = server.rss()
        for start in (b'GET /varz HTTP/1.1\r\nX-Big: ', b'GET /', b'', b'GET /varz HTTP/1.1\r\n' + b'A: b\r\n' * 9000):
            with self.subTest(start=start[:30]):
                for s in self.hostile(server, 5):
                    for i in range(64):         # 4 MB, none of it an end
                        if not send_all(s, (start if i == 0 else b'') + b'y' * 65536):
                            break
                    self.assert_closes(s, start[:30])
                    s.close()
                self.flows(server, good, 10)
        self.answers(server)
        self.assert_memory(server.rss() - before, 24 * MB, 'huge requests')

    def test_pipelined_garbage_is_survived(self):
        server = self.serve(http=True)
        good = self.witness(server)
        for junk in (b'\x00' * 100, b'GET', b'\r\n' * 1000, b'GET / HTTP/9.9\r\n\r\n', b'CONNECT {}\r\nPING\r\n',
                     b'GET /connz?limit=99999999999999999999&offset=-1 HTTP/1.1\r\nHost: x\r\n\r\n',
                     b'GET /connz?offset=9223372036854775807&limit=9223372036854775807 HTTP/1.1\r\n'
                     b'Host: x\r\n\r\n',
                     b'GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n',
                     b'GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n',
                     b'POST /varz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n',
                     b'POST /varz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
                     b'GET /varz HTTP/1.1\r\nHost: x\r\n\r\n' * 50, b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'):
            with self.subTest(junk=junk[:40]):
                s, = self.hostile(server, 1)
                send_all(s, junk + b'GET /varz HTTP/1.1\r\nHost: x\r\n\r\n')
                s.close()
        for s in self.hostile(server, 20):      # many answers, never read
            for _ in range(200):
                s.sendall(b'GET /varz HTTP/1.1\r\nHost: x\r\n\r\n')
        self.flows(server, good)
        self.answers(server)
