"""Peers that are slow, stop half way, or go without a word.

Promised: the slow one alone pays.  Messages to others stay whole, in order and on
their way; what is kept for slow ones has a bound for each and one for all.
"""
import socket
import threading
import time

from fault import MB, Client, Fault, mote_only
from running import wait_until


def stalled(test, server, subject):
    """A subscriber that never reads."""
    c = test.client(server, rcvbuf=4096)
    c.subscribe(subject)
    test.assertTrue(c.ping())
    return c


class Flood(threading.Thread):
    """Publishes n messages of size bytes, numbered; then asks for a PONG.
    ahead: never so many more than the reader has released from pace."""

    def __init__(self, server, subject, n, size, ahead=None):
        super().__init__(daemon=True)
        self.client = Client(server)
        self.subject = subject.encode()
        self.n, self.size = n, size
        self.pace = threading.Semaphore(ahead) if ahead else None
        self.done = False

    def run(self):
        self.client.timeout = 60
        self.client.sock.settimeout(60)
        fill = b'x' * (self.size - 8)
        for i in range(self.n):
            if self.pace is not None:
                self.pace.acquire(timeout=60)
            self.client.sock.sendall(b'PUB %s %d\r\n%08d%s\r\n' % (self.subject, self.size, i, fill))
        self.done = self.client.ping()
        self.client.close()


class Slow(Fault):
    def all_in_order(self, reader, flood):
        for i in range(flood.n):
            data = reader.message()
            self.assertIsNotNone(data, 'message %d of %d did not come' % (i, flood.n))
            self.assertEqual((int(data[:8]), len(data)), (i, flood.size))
            if flood.pace is not None:
                flood.pace.release()

    def test_one_byte_at_a_time_is_a_client_too(self):
        server = self.serve()
        session = (b'CONNECT {"verbose":false,"headers":true}\r\nSUB slow.* 1\r\nPUB slow.%d 5\r\nhe\r\no\r\n'
                   b'HPUB slow.%d 12 14\r\nNATS/1.0\r\n\r\nhi\r\nUNSUB 1\r\nPING\r\n')
        peers = []
        for i in range(40):
            p = Client.__new__(Client)
            super(Client, p).__init__('slow', server.port, 20)
            p.read_info(p.line())
            peers.append((p, session % (i, i)))
            self.addCleanup(p.close)
        for at in range(max(len(s) for _, s in peers)):
            for p, text in peers:
                if at < len(text):
                    p.sock.sendall(text[at:at + 1])
        for i, (p, _) in enumerate(peers):
            seen = b''
            while not seen.endswith(b'PONG\r\n'):
                piece = p.sock.recv(4096)
                self.assertTrue(piece, 'closed after %r' % seen)
                seen += piece
            self.assertIn(b'MSG slow.%d 1 5\r\nhe\r\no\r\n' % i, seen)
            self.assertIn(b'HMSG slow.%d 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n' % i, seen)

    def test_a_half_closed_socket_is_closed_whole(self):
        server = self.serve()
        good = self.witness(server)
        n_fds = server.n_fds()
        for text in (b'', b'SUB half 1\r\nPING\r\n', b'PUB n 100\r\nhal', b'PU', b'CONNECT {'):
            with self.subTest(text=text):
                c = self.client(server)
                c.send(text)
                c.half_close()
                self.assert_closes(c.sock, text)
                c.close()
        self.still_serves(server, good)
        self.assert_fds(server, n_fds)

    def test_a_reset_half_way_leaves_nothing(self):
        server = self.serve()
        good = self.witness(server)
        n_fds = server.n_fds()
        for i in range(300):
            c = Client(server)
            c.subscribe('reset.>')
            c.send((b'PUB n 1000000\r\n' + b'x' * 1000, b'SUB a', b'', b'HPUB n 12 900\r\nNATS')[i % 4])
            c.reset()
        self.assert_fds(server, n_fds)
        self.still_serves(server, good)

    def test_who_does_not_read_is_cut_at_max_pending(self):
        server = self.serve('max_pending: 1MB\nwrite_deadline: "60s"')
        bad = stalled(self, server, 'flood')
        good = self.client(server)
        good.subscribe('flood')
        self.assertTrue(good.ping())
        flood = Flood(server, 'flood', 20000, 1024, ahead=200)
        flood.start()
        self.all_in_order(good, flood)
        flood.join(60)
        self.assertTrue(flood.done, 'the publisher did not get through')
        server.wait_log('Slow Consumer Detected')
        self.assert_closes(bad.sock, 'the stalled one')

    def test_a_publisher_is_held_back_for_who_does_read(self):
        server = self.serve('max_pending: 32MB')
        good = self.client(server)
        good.subscribe('flood')
        self.assertTrue(good.ping())
        flood = Flood(server, 'flood', 40000, 1024)     # faster than one reads here
        flood.start()
        self.all_in_order(good, flood)
        flood.join(60)
        self.assertTrue(flood.done, 'the publisher did not get through')

    def test_who_does_not_read_is_cut_by_the_write_deadline(self):
        server = self.serve('write_deadline: "300ms"')
        bad = stalled(self, server, 'flood')
        flood = Flood(server, 'flood', 600, 65536)
        flood.start()
        flood.join(60)
        self.assertTrue(flood.done, 'the publisher did not get through')
        server.wait_log('Slow Consumer Detected')
        self.assert_closes(bad.sock, 'the stalled one')

    @mote_only('has no budget for all together; forty cost it 2.9 GB')
    def test_forty_stalled_ones_stay_within_the_budget(self):
        server = self.serve('max_outbound_memory: 64MB\nwrite_deadline: "120s"')
        before = server.rss()
        bad = [stalled(self, server, 'flood') for _ in range(40)]
        good = self.client(server, rcvbuf=1 << 22)
        good.subscribe('flood')
        self.assertTrue(good.ping())
        flood = Flood(server, 'flood', 3000, 65536, ahead=100)
        flood.start()
        peak = 0
        for i in range(3000):
            data = good.message()
            self.assertIsNotNone(data, 'message %d did not come' % i)
            self.assertEqual(int(data[:8]), i)
            flood.pace.release()
            if i % 50 == 0:
                peak = max(peak, server.rss())
        flood.join(60)
        self.assertTrue(flood.done, 'the publisher did not get through')
        self.assert_memory(peak - before, 128 * MB, 'forty stalled subscribers')
        server.wait_log('Slow Consumer Detected')
        self.assertTrue(good.ping())
        for c in bad:
            c.close()
        self.assertTrue(good.ping())
        wait_until('the stalled to be gone', lambda: server.n_fds() < 40)
        time.sleep(1.0)         # nothing tells when an allocator gives pages back
        self.assert_memory(server.rss() - before, 64 * MB, 'forty stalled ones, now gone')

    def test_a_publisher_that_reads_nothing_is_cut_too(self):
        server = self.serve('max_pending: 1MB\nwrite_deadline: "500ms"')
        good = self.witness(server)
        c = self.client(server, rcvbuf=4096)
        c.sock.settimeout(0.5)
        try:
            for _ in range(20000):      # 20 MB of +OK and of its own messages
                c.sock.sendall(b'SUB echo.x 1\r\n' + b'PUB echo.x 1000\r\n' + b'x' * 1000 + b'\r\nPING\r\n')
        except (OSError, socket.timeout):
            pass
        self.assert_closes(c.sock, 'it')
        self.still_serves(server, good)
