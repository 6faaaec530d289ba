"""test/faults/fault.py - what the fault tests share.

A test starts servers with serve(); when it ends, each must still be alive, must
exit with 0 on SIGTERM and must not have made a sanitizer speak.  So every test
also says "and it survives, and leaks nothing that LeakSanitizer sees".

Bounds on memory and time are generous: they tell a fault from none, bench/
measures.
"""
import resource
import socket
import struct
import time
import unittest

from peer import Peer
from running import PATIENCE, Running, wait_until

MB = 1 << 20
_binary = None
_is_sanitized = False


def use(binary):
    global _binary, _is_sanitized
    _binary = binary
    with open(binary, 'rb') as f:
        _is_sanitized = any(s in f.read() for s in (b'__asan_init', b'__tsan_init'))


def binary():
    return _binary


def is_sanitized():
    return _is_sanitized


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptors():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Client(Peer):
    """A peer that behaves: connected, answered, able to publish and hear."""

    def __init__(self, server, options='', rcvbuf=0, name='client'):
        super().__init__(name, server.port, PATIENCE, rcvbuf=rcvbuf)
        self.read_info(self.line())
        self.send(b'CONNECT {"verbose":false,"pedantic":false,"headers":true,'
                  b'"no_responders":true%s}\r\n' % (',' + options if options else '').encode())

    def ping(self):
        """True: everything sent before has been processed.  Passes over the
        INFO that follows the first PONG, and nothing else."""
        self.send(b'PING\r\n')
        line = self.line()
        while line is not None and line.startswith(b'INFO '):
            line = self.line()
        return line == b'PONG'

    def subscribe(self, subject, sid=1):
        self.send(b'SUB %s %d\r\n' % (subject.encode(), sid))

    def publish(self, subject, data):
        self.send(b'PUB %s %d\r\n%s\r\n' % (subject.encode(), len(data), data))

    def message(self):
        """The payload of the next MSG; None when something else came."""
        line = self.line()
        while line is not None and line.startswith(b'INFO '):
            line = self.line()
        if line is None or not line.startswith(b'MSG '):
            return None
        return self.exactly(int(line.split()[-1]) + 2)[:-2]

    def reset(self):
        """Closes with RST, whatever is under way."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()


def mote_only(why):
    """For what nats-server does not promise."""
    def mark(test):
        test.mote_only = why
        return test
    return mark


class Fault(unittest.TestCase):
    def setUp(self):
        why = getattr(getattr(self, self._testMethodName), 'mote_only', None)
        if why and self.is_reference():
            self.skipTest('nats-server: ' + why)

    def is_reference(self):
        return 'nats-server' in _binary.rpartition('/')[2]

    def serve(self, config='', http=False):
        server = Running(_binary, config, http)
        self.addCleanup(server.remove)
        server.start()
        self.addCleanup(self.must_end_well, server)
        return server

    def must_end_well(self, server):
        self.assertTrue(server.is_alive(), 'it died:\n' + server.log_tail(20))
        self.assertEqual(server.exit(), 0, server.log_tail())
        self.assertEqual(server.complaint(), '', server.log_tail(40))

    def client(self, server, options='', rcvbuf=0):
        c = Client(server, options, rcvbuf)
        self.addCleanup(c.close)
        return c

    def witness(self, server, options=''):
        """A good client that hears what the tests publish, wanted or not;
        still_serves() asks it later."""
        c = self.client(server, options)
        for sid, subject in enumerate(('still.>', 'n', 'a')):
            c.subscribe(subject, sid + 1)
        self.assertTrue(c.ping(), 'the witness cannot connect')
        c.n_asked = 0
        return c

    def still_serves(self, server, witness, options=''):
        """The old client hears a new one, and nothing came before that."""
        witness.n_asked += 1
        word = b'word %d' % witness.n_asked
        fresh = self.client(server, options)
        fresh.publish('still.serves', word)
        self.assertTrue(fresh.ping(), 'a new client is not served')
        self.assertEqual(witness.message(), word, 'the old client')
        fresh.close()

    def assert_memory(self, grown, bound, what):
        """Sanitizers keep what was freed, so their builds are not measured."""
        if not _is_sanitized:
            self.assertLess(grown, bound, '%s: %.1f MB more, bound %.1f MB'
                            % (what, grown / MB, bound / MB))

    def assert_closes(self, sock, what, patience=PATIENCE):
        """Reads sock to its end; what was read."""
        sock.settimeout(patience)
        data = b''
        end = time.monotonic() + patience
        try:
            while time.monotonic() < end:
                piece = sock.recv(1 << 16)
                if not piece:
                    return data
                data += piece
        except (ConnectionResetError, BrokenPipeError):
            return data
        except socket.timeout:
            pass
        return self.fail('%s: not closed; so far came %r' % (what, data[-200:]))

    def assert_fds(self, server, n, slack=3):
        """Closed connections give their descriptors back."""
        wait_until('descriptors back to %d' % n, lambda: server.n_fds() <= n + slack)


def raw(server):
    """A socket that has read its INFO and said nothing."""
    s = server.connect()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = b''
    while not data.endswith(b'\n'):
        piece = s.recv(4096)
        if not piece:
            break
        data += piece
    return s


def send_all(sock, data):
    """A server that has closed already is no error here.  False: it has."""
    try:
        sock.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False
