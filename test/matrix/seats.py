"""test/matrix/seats.py - connections of the matrix: many, each asked all at once.

Everything is written without waiting, and read up to the PONG that says that it has
been processed.
"""
import collections
import json
import re
import socket

Given = collections.namedtuple('Given', 'sid subject reply body')
VIOLATION = re.compile(r"Permissions Violation for (Publish|Subscription) to \"([^\"]*)\""
                       r"(?: using queue \"([^\"]*)\")?(?: \(sid \"([^\"]*)\"\))?$")
PATIENCE = 30


class Gone(Exception):
    """The server closed, and what it said last."""


class Seat:
    """A connection.  violations: of sync(), as (verb, subject, queue, sid)."""

    def __init__(self, port, key=None, **connect):
        self.port, self.key, self.connect = port, key, connect
        self.sock = None
        self.open()

    def open(self):
        self.close()
        self.sock = socket.create_connection(('127.0.0.1', self.port), PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = self.sock.makefile('rb', 1 << 16)
        info = json.loads(self.read.readline()[5:])
        fields = {'verbose': False, 'pedantic': False, 'headers': True, **self.connect}
        if self.key:
            fields['sig'] = self.key.sign_nonce(info['nonce'])
        self.out = ['CONNECT ' + json.dumps(fields)]
        self.ask()
        self.answer()

    def close(self):
        if self.sock is not None:
            self.read.close()
            self.sock.close()

    def subscribe(self, subject, sid, queue=''):
        self.out.append('SUB %s %s %s' % (subject, queue, sid))

    def unsubscribe(self, sid):
        self.out.append('UNSUB %s' % sid)

    def publish(self, subject, body='', reply='', **header):
        if not header:
            self.out.append('PUB %s %s %d\r\n%s' % (subject, reply, len(body), body))
            return
        head = 'NATS/1.0\r\n%s\r\n' % ''.join(
            '%s: %s\r\n' % (k.replace('_', '-'), v) for k, v in header.items())
        self.out.append('HPUB %s %s %d %d\r\n%s%s' % (
            subject, reply, len(head), len(head) + len(body), head, body))

    def ask(self):
        """Sends what has gathered; answer() reads up to here."""
        self.out.append('PING\r\n')
        try:
            self.sock.sendall('\r\n'.join(self.out).encode())
        except OSError:
            pass                # its reading tells
        self.out = []

    def answer(self):
        """What it was given since the last time."""
        given, self.violations, said = [], [], ''
        while True:
            try:
                line = self.read.readline()
            except ConnectionResetError:
                line = b''
            if not line:
                raise Gone(said or 'closed')
            line = line.decode().rstrip('\r\n')
            verb, _, rest = line.partition(' ')
            if verb == 'PONG':
                return given
            if verb in ('MSG', 'HMSG'):
                words = rest.split(' ')
                n_sizes = 2 if verb == 'HMSG' else 1
                body = self.read.read(int(words[-1]) + 2)[:-2]
                if n_sizes == 2:
                    body = body[int(words[-2]):]
                given.append(Given(words[1], words[0],
                                   words[2] if len(words) == 3 + n_sizes else '',
                                   body.decode()))
            elif verb == '-ERR':
                said = rest.strip("'")
                found = VIOLATION.match(said)
                if found:
                    self.violations.append(tuple(g or '' for g in found.groups()))
            elif verb == 'PING':
                self.sock.sendall(b'PONG\r\n')


def sync(seats):
    """{seat: what it was given}, all of them having been processed."""
    for s in seats:
        s.ask()
    return {s: s.answer() for s in seats}
