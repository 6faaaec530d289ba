"""test/tls/tls.py - what the TLS tests share: a client that upgrades, and servers.

The client drives its TLS over memory (ssl.MemoryBIO), so that a test decides which
bytes go out, how many at a time and when.
"""
import json
import socket
import ssl
import urllib.request

import certs
from fault import Fault
from running import PATIENCE, wait_until

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def context(cert=None, ca='ca', versions=None, ciphers=None):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.load_verify_locations(certs.get(ca).cert)
    ctx.maximum_version = TLS13
    if versions:
        ctx.minimum_version, ctx.maximum_version = versions
    if ciphers:
        ctx.set_ciphers(ciphers)
    if cert:
        pair = cert if isinstance(cert, certs.Pair) else certs.get(cert)
        ctx.load_cert_chain(pair.cert, pair.key)
    return ctx


class Refused(Exception):
    """The handshake or what followed it failed, on either side."""


class Tls:
    """A connection that has said nothing yet."""

    def __init__(self, port, piece=0, patience=PATIENCE, source=''):
        self.sock = socket.create_connection(('127.0.0.1', port), patience, (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.piece = piece      # bytes sent at a time; 0: all there are
        self.read = b''
        self.info = None
        self.tls = None

    def close(self):
        self.sock.close()

    # ---- in clear ----

    def read_info(self):
        line = self.line()
        if not line.startswith(b'INFO '):
            raise Refused('no INFO but %r' % line)
        self.info = json.loads(line[5:])
        return self

    # ---- TLS ----

    def _pump(self):
        data = self.out.read()
        step = self.piece or len(data) or 1
        for i in range(0, len(data), step):
            try:
                self.sock.sendall(data[i:i + step])
            except (BrokenPipeError, ConnectionResetError) as e:
                raise Refused('closed while sending') from e

    def _feed(self):
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionResetError:
            data = b''
        if data:
            self.inp.write(data)
        else:
            self.inp.write_eof()
        return bool(data)

    def upgrade(self, ctx=None, name='localhost'):
        self.inp, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (ctx or context()).wrap_bio(self.inp, self.out, server_hostname=name)
        while True:
            try:
                self.tls.do_handshake()
                self._pump()
                return self
            except ssl.SSLWantReadError:
                self._pump()
                if not self._feed():
                    raise Refused('closed during the handshake') from None
            except ssl.SSLError as e:
                try:
                    self._pump()
                except Refused:
                    pass
                raise Refused(str(e)) from e

    def encrypt(self, data):
        """The records of it, not sent."""
        self.tls.write(data)
        return self.out.read()

    # ---- the protocol ----

    def send(self, data):
        if self.tls is None:
            self.sock.sendall(data)
            return
        self.tls.write(data)
        self._pump()

    def _more(self):
        """False: the end."""
        if self.tls is None:
            try:
                data = self.sock.recv(1 << 16)
            except ConnectionResetError:
                data = b''
            self.read += data
            return bool(data)
        while True:
            try:
                data = self.tls.read(1 << 16)
                self.read += data
                return bool(data)
            except ssl.SSLWantReadError:
                self._feed()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return False
            except ssl.SSLError as e:
                raise Refused(str(e)) from e

    def line(self):
        while b'\r\n' not in self.read:
            if not self._more():
                return self.rest()
        line, _, self.read = self.read.partition(b'\r\n')
        return line

    def exactly(self, n):
        while len(self.read) < n and self._more():
            pass
        data, self.read = self.read[:n], self.read[n:]
        return data

    def rest(self):
        """What is left when the connection has ended."""
        while self._more():
            pass
        data, self.read = self.read, b''
        return data

    def connect(self, options=''):
        self.send(b'CONNECT {"verbose":false,"protocol":0%s}\r\n'
                  % (',' + options if options else '').encode())
        return self

    def ping(self):
        self.send(b'PING\r\n')
        line = self.line()
        while line.startswith(b'INFO'):
            line = self.line()
        return line == b'PONG'


class TlsCase(Fault):
    def tls(self, body='', pair='server', outside='', http=False):
        p = certs.get(pair)
        return self.serve('tls { cert_file: "%s", key_file: "%s"\n%s }\n%s'
                          % (p.cert, p.key, body, outside), http=http)

    def verifying(self, body='', http=False):
        return self.tls('ca_file: "%s", verify: true\n%s' % (certs.get('ca').cert, body),
                        http=http)

    def raw(self, server, piece=0):
        c = Tls(server.port, piece)
        self.addCleanup(c.close)
        return c

    def secure(self, server, cert=None, first=False, options='', **how):
        """Logged in.  Refused: it was."""
        c = self.raw(server)
        if not first:
            c.read_info()
        c.upgrade(context(cert, **how))
        if first:
            c.read_info()
        if not c.connect(options).ping():
            raise Refused('no PONG')
        return c

    def has_13(self, server, first=False):
        return self.secure(server, first=first).tls.version() == 'TLSv1.3'

    def assert_refused(self, server, cert=None, why='', **how):
        with self.assertRaises(Refused, msg=why):
            self.secure(server, cert, **how)

    def varz(self, server, what, scheme='http', ctx=None):
        url = '%s://localhost:%d/%s' % (scheme, server.http_port, what)
        with urllib.request.urlopen(url, timeout=PATIENCE, context=ctx) as r:
            return json.load(r)

    def closed_reason(self, server, n=1):
        """Of the last connection to have gone; there are n of them."""
        def look():
            z = self.varz(server, 'connz?state=closed')
            return z['total'] >= n and z['connections'][-1]['reason']
        return wait_until('a closed connection', look)
