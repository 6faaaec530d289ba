"""Handshakes while the world changes: clients that die in the middle of them, reloads
and the end of the server.

Promised: whoever goes, wherever the handshake is, leaves nothing behind, no descriptor
and no memory; and who stays comes in.
"""
import random
import socket
import ssl
import struct
import threading
import time

import certs
from fault import mote_only
from running import wait_until
from tls import Refused, TlsCase, context


def hello(ctx):
    """The first flight of a client, and what makes the second of an answer."""
    inp, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(inp, out, server_hostname='localhost')
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class Dying(threading.Thread):
    """Comes, goes some of the way, and dies there, over and over."""

    def __init__(self, port, seed, data):
        super().__init__(daemon=True)
        self.port, self.data = port, data
        self.random = random.Random(seed)
        self.is_stopping = False
        self.n = 0

    def run(self):
        while not self.is_stopping:
            try:
                self.live_once()
            except OSError:
                time.sleep(0.01)    # it is gone, or has no room
            self.n += 1

    def live_once(self):
        r = self.random
        with socket.create_connection(('127.0.0.1', self.port), 5) as s:
            if r.random() < 0.9:
                s.recv(4096)
            s.sendall(self.data[:r.choice((1, 5, 60, len(self.data)))])
            if r.random() < 0.3:
                s.recv(1)
            elif r.random() < 0.5:
                time.sleep(r.random() / 50)
            if r.random() < 0.5:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


class Storm(TlsCase):
    SECONDS = 3

    def crowd(self, server, n=6):
        data = hello(context())
        all_of_them = [Dying(server.port, i, data) for i in range(n)]
        for t in all_of_them:
            t.start()

        def leave():
            for t in all_of_them:
                t.is_stopping = True
            for t in all_of_them:
                t.join(10)
        self.addCleanup(leave)
        return all_of_them, leave

    def text(self, pair):
        p = certs.get(pair)
        return 'tls { cert_file: "%s", key_file: "%s", timeout: 5 }' % (p.cert, p.key)

    def test_who_dies_in_the_middle_leaves_nothing(self):
        server = self.tls('timeout: 5', pair='server-rsa', http=True)
        self.secure(server)
        n_fds = server.n_fds()
        crowd, leave = self.crowd(server)
        end = time.monotonic() + self.SECONDS
        while time.monotonic() < end:
            self.secure(server).close()
        leave()
        self.assertGreater(sum(t.n for t in crowd), 20)
        wait_until('all to be gone', lambda: self.varz(server, 'varz')['connections'] <= 1)
        self.assert_fds(server, n_fds)
        self.assertTrue(self.secure(server).ping())

    def test_certificates_change_meanwhile(self):
        server = self.tls('timeout: 5')
        _, leave = self.crowd(server)
        for pair in ('server-rsa', 'server-2', 'server') * 3:
            server.reload(self.text(pair))
            c = self.secure(server)
            self.assertEqual(c.tls.getpeercert(True), certs.get(pair).der())
            c.close()
        leave()
        self.assertTrue(self.secure(server).ping())

    @mote_only('nats-server has no sandbox to turn off, and no reload that turns TLS on')
    def test_tls_comes_and_goes_by_reload(self):
        server = self.serve('sandbox: off')     # it would keep the files away
        _, leave = self.crowd(server)
        for _ in range(3):
            server.reload('sandbox: off\n' + self.text('server-rsa'))
            self.secure(server).close()
            server.reload('sandbox: off')
            self.client(server).ping()
        leave()
        self.assertTrue(self.client(server).ping())

    def test_the_end_comes_meanwhile(self):
        for _ in range(4):
            server = self.tls('timeout: 5', pair='server-rsa')
            _, leave = self.crowd(server)
            try:
                self.secure(server)
            except Refused:
                pass
            time.sleep(0.3)
            self.assertEqual(server.exit(), 0, server.log_tail())
            self.assertEqual(server.complaint(), '', server.log_tail(40))
            leave()
            server.start()      # must_end_well looks at it later

    def test_a_silent_crowd_is_cut_at_the_end(self):
        """Each has said hello and waits for its turn when the server leaves."""
        server = self.tls('timeout: 5', pair='server-rsa')
        data = hello(context())
        crowd = [self.raw(server).read_info() for _ in range(100)]
        for c in crowd:
            c.sock.sendall(data)
        self.assertEqual(server.exit(), 0, server.log_tail())
        self.assertEqual(server.complaint(), '', server.log_tail(40))
        for c in crowd:
            c.rest()
        server.start()
