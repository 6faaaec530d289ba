"""No descriptors left.

Promised: clients that are connected go on as if nothing was, the server does not
spin on an accept that fails, and when descriptors come back new clients get in.
"""
import socket
import time

from fault import MB, Fault, Client
from running import wait_until

LIMIT = 64


class Descriptors(Fault):
    def exhaust(self, server):
        socks = []
        for _ in range(LIMIT + 40):
            s = socket.socket()
            s.settimeout(5)
            s.connect(('127.0.0.1', server.port))
            socks.append(s)
        self.addCleanup(lambda: [s.close() for s in socks])
        wait_until('the limit', lambda: server.n_fds() >= LIMIT - 4)
        return socks

    def test_exhaustion_is_survived_without_a_spin(self):
        server = self.serve()
        good = self.witness(server)
        other = self.client(server)
        self.assertTrue(other.ping())
        server.limit_fds(LIMIT)
        socks = self.exhaust(server)

        cpu, began = server.cpu(), time.monotonic()
        n = 0
        while time.monotonic() - began < 2.0:
            n += 1
            other.publish('n', b'%d' % n)
            self.assertEqual(good.message(), b'%d' % n, 'a client that was there before')
            time.sleep(0.05)
        self.assertLess(server.cpu() - cpu, 0.5, 'CPU seconds in two')
        self.assertLess(len(server.log()), MB, 'the log is flooded')

        for s in socks:
            s.close()
        wait_until('a new client', lambda: self.gets_in(server))
        self.still_serves(server, good)

    def gets_in(self, server):
        try:
            c = Client(server)
        except Exception:               # refused, reset, or no INFO: not yet
            return False
        ok = c.ping()
        c.close()
        return ok
