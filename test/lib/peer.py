"""test/lib/peer.py - a raw client: bytes out, lines in, everything remembered.

It knows no protocol, with one exception: a server's PING is answered and
hidden unless show_pings, so that no transcript depends on how long it takes.
"""
import collections
import json
import random
import socket
import time


class PeerError(Exception):
    pass


class Peer:
    def __init__(self, name, port, timeout, cutter=None, rcvbuf=0):
        self.name = name
        self.timeout = timeout
        self.cutter = cutter
        self.show_pings = False
        self.info = None
        self.buf = b''
        self.at_eof = False
        self.seen = collections.deque(maxlen=8)
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect(('127.0.0.1', port))

    def send(self, data):
        """A server that has closed is noticed when its bytes are read."""
        self.seen.append('%s> %s' % (self.name, shown(data)))
        pieces = self.cutter(data) if self.cutter else [data]
        try:
            for piece in pieces:
                self.sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except socket.timeout:
            raise PeerError('the server stopped reading') from None

    def _fill(self, until):
        """More bytes into buf.  False: time is up or the end is here."""
        left = until - time.monotonic()
        if self.at_eof or left <= 0:
            return False
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(1 << 18)
        except socket.timeout:
            return False
        except ConnectionResetError:
            data = b''
        if not data:
            self.at_eof = True
            return False
        self.buf += data
        return True

    def line(self, timeout=None):
        """The next line without CRLF, or None: none came."""
        until = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            end = self.buf.find(b'\n')
            if end < 0:
                if not self._fill(until):
                    return None
                continue
            line, self.buf = self.buf[:end + 1], self.buf[end + 1:]
            if line == b'PING\r\n' and not self.show_pings:
                self.send(b'PONG\r\n')
                continue
            self.seen.append('%s< %s' % (self.name, shown(line)))
            if not line.endswith(b'\r\n'):
                raise PeerError('a line that ends without CR: ' + shown(line))
            return line[:-2]

    def exactly(self, n):
        """The next n bytes, fewer when no more came."""
        until = time.monotonic() + self.timeout
        while len(self.buf) < n and self._fill(until):
            pass
        data, self.buf = self.buf[:n], self.buf[n:]
        self.seen.append('%s<< %s' % (self.name, shown(data)))
        return data

    def has_line(self):
        """Looks, waits for nothing; answers pings on the way."""
        while True:
            if not self.at_eof:
                self._fill(time.monotonic() + 0.001)
            if self.buf.startswith(b'PING\r\n') and not self.show_pings:
                self.buf = self.buf[6:]
                self.send(b'PONG\r\n')
                continue
            return b'\n' in self.buf

    def rest(self, timeout=None):
        """Everything up to the end of the stream; None: it did not end."""
        until = time.monotonic() + (self.timeout if timeout is None else timeout)
        while self._fill(until):
            pass
        data, self.buf = self.buf, b''
        if not self.show_pings and data == b'PING\r\n':
            data = b''
        return data if self.at_eof else None

    def read_info(self, line):
        if line is None or not line.startswith(b'INFO {') or line[-1:] != b' ':
            raise PeerError('expected INFO {...} with a blank at its end, came '
                            + shown(line))
        self.info = json.loads(line[5:],
                               object_pairs_hook=collections.OrderedDict)

    def close(self):
        self.sock.close()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)


def shown(data, limit=300):
    if data is None:
        return 'nothing'
    text = repr(bytes(data))[2:-1]
    return text if len(text) <= limit else '%s... (%d bytes)' % (
        text[:limit], len(data))


def cut_each(data, upto=1500):
    """Every byte by itself; the bulk of a large payload in one piece."""
    return [data[i:i + 1] for i in range(min(len(data), upto))] + \
        ([data[upto:]] if len(data) > upto else [])


def cut_random(seed):
    dice = random.Random(seed)

    def cut(data):
        pieces = []
        while data:
            n = dice.choice((1, 1, 2, 3, 5, 8, 13, 40, 1000, 70000))
            pieces.append(data[:n])
            data = data[n:]
        return pieces
    return cut
