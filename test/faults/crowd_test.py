"""Many peers that want nothing, or leave at once.

Promised: one that has not authenticated costs at most 8 KB whatever it has sent, and
goes when auth_timeout is over, however slowly it talks; good clients get in
meanwhile; who has gone leaves no memory behind.
"""
import selectors
import time

from fault import MB, Fault, descriptors, mote_only, raw, send_all
from running import PATIENCE, wait_until

LOGIN = '"user":"u","pass":"p"'
CROWD = min(10000, descriptors() - 500)


def auth(timeout):
    return 'authorization { user: "u", password: "p", timeout: %s }' % timeout


def crowd_of(test, server, n, says=b''):
    """n connections that have read their INFO and said no more than says."""
    socks = []
    test.addCleanup(lambda: [s.close() for s in socks])
    for _ in range(n):
        socks.append(raw(server))
        if says:
            socks[-1].sendall(says)
    return socks


def ends_of(socks, patience):
    """What each had to read up to its end; None for those that stay open."""
    got = {s: b'' for s in socks}
    left = set(socks)
    watch = selectors.DefaultSelector()
    for s in socks:
        s.setblocking(False)
        watch.register(s, selectors.EVENT_READ)
    end = time.monotonic() + patience
    while left and time.monotonic() < end:
        for key, _ in watch.select(0.2):
            s = key.fileobj
            try:
                data = s.recv(4096)
            except ConnectionResetError:
                data = b''
            got[s] += data
            if not data:
                left.discard(s)
                watch.unregister(s)
    watch.close()
    return [None if s in left else got[s] for s in socks]


class Crowd(Fault):
    def one_costs(self, says, server_says=''):
        server = self.serve(auth(300) + server_says)
        good = self.witness(server, LOGIN)
        before = server.rss()
        crowd_of(self, server, CROWD, says)
        wait_until('all to be accepted', lambda: server.n_fds() > CROWD)
        began = time.monotonic()
        self.still_serves(server, good, LOGIN)
        self.assertLess(time.monotonic() - began, 2.0, 'a good client waits for the silent')
        self.assert_memory(server.rss() - before, CROWD * 8192, '%d strangers' % CROWD)

    @mote_only('uses about 17 KB for each')
    def test_ten_thousand_silent_ones_cost_little(self):
        self.one_costs(b'')

    @mote_only('uses about 17 KB for each')
    def test_ten_thousand_half_connects_cost_little(self):
        self.one_costs(b'CONNECT {"user":"' + b'u' * 3000)

    def test_the_silent_are_cut_by_the_auth_timeout(self):
        server = self.serve(auth(2))
        good = self.witness(server, LOGIN)
        n_fds = server.n_fds()
        socks = crowd_of(self, server, CROWD // 4)
        self.still_serves(server, good, LOGIN)
        for data in ends_of(socks, PATIENCE):
            self.assertIsNotNone(data, 'one is still connected')
            self.assertIn(b'Authentication Timeout', data)
        for s in socks:
            s.close()
        self.still_serves(server, good, LOGIN)
        self.assert_fds(server, n_fds)

    def test_talking_slowly_does_not_extend_the_auth_timeout(self):
        server = self.serve(auth(1))
        s = raw(server)
        began = time.monotonic()
        for byte in b'CONNECT {"user":"' + b'u' * 4000:
            if not send_all(s, bytes([byte])) or time.monotonic() - began > PATIENCE:
                break
            time.sleep(0.05)
        self.assertLess(time.monotonic() - began, PATIENCE, 'never cut')
        s.close()

    @mote_only('keeps a buffer for each')
    def test_an_announced_payload_costs_nothing_before_it_comes(self):
        server = self.serve()
        good = self.witness(server)
        before = server.rss()
        clients = []
        for i in range(500):
            c = self.client(server)
            c.send(b'PUB n 1048576\r\n' + b'x' * (i % 10))
            clients.append(c)
        self.still_serves(server, good)
        self.assert_memory(server.rss() - before, 500 * 16384 + 4 * MB, '500 announced MB')
        for c in clients:
            c.reset()
        self.still_serves(server, good)


class Churn(Fault):
    def round(self, server, n):
        for _ in range(n // 200):
            socks = []
            for _ in range(200):
                socks.append(raw(server))
                socks[-1].sendall(b'CONNECT {"verbose":false,"name":"churn"}\r\n'
                                  b'SUB churn.* 1\r\nSUB churn.%d q 2\r\nPING\r\n' % len(socks))
            for s in socks:
                while b'PONG' not in s.recv(4096):
                    pass
                s.close()

    def test_connections_leave_nothing_behind(self):
        server = self.serve()
        good = self.witness(server)
        n_fds = server.n_fds()
        self.round(server, 12000)       # also fills the list of closed connections
        self.assert_fds(server, n_fds)
        before = server.rss()
        self.round(server, 8000)
        self.assert_fds(server, n_fds)
        bound = 16 * MB if self.is_reference() else 2 * MB
        self.assert_memory(server.rss() - before, bound, '8000 more connections')
        self.still_serves(server, good)

    def test_subscriptions_leave_nothing_behind(self):
        server = self.serve()
        good = self.witness(server)
        c = self.client(server)
        rss = []
        for r in range(4):
            for base in range(0, 50000, 1000):
                c.send(b''.join(b'SUB churn.%d.%d %d\r\n' % (r, i, i) for i in range(base + 1, base + 1001)))
            self.assertTrue(c.ping())
            for base in range(0, 50000, 1000):
                c.send(b''.join(b'UNSUB %d\r\n' % i for i in range(base + 1, base + 1001)))
            self.assertTrue(c.ping())
            rss.append(server.rss())
        bound = 32 * MB if self.is_reference() else 4 * MB
        self.assert_memory(rss[3] - rss[1], bound, '100000 subscriptions come and gone')
        self.still_serves(server, good)
