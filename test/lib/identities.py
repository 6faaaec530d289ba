"""test/lib/identities.py - operators, accounts and users, and clients with JWTs.

A Chain is an operator with a system account; it makes accounts and users whose
tokens the tool in the build folder signs.  Keys are drawn from small numbers, so
that a test that is run twice says the same.
"""
import atexit
import json
import os
import socket
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.environ.get('MOTE_JWT_TOOL', os.path.join(ROOT, 'build/test/jwt_tool'))
ISSUED = 1795219679
NO_LIMITS = {'subs': -1, 'data': -1, 'payload': -1, 'imports': -1, 'exports': -1,
             'wildcards': True, 'conn': -1, 'leaf': -1}


class _Tool:
    """One process for all that a run signs; started when first wanted."""

    def __init__(self):
        self.process = None
        self.lock = threading.Lock()

    def ask(self, *words):
        words = [str(w).replace('\0', '') for w in words]
        if any(c in w for w in words for c in '\t\n'):
            return subprocess.run([TOOL, *words], text=True, check=True,
                                  stdout=subprocess.PIPE).stdout.strip()
        with self.lock:
            if self.process is None:
                self.process = subprocess.Popen(
                    [TOOL, 'lines'], text=True, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE)
                atexit.register(self.end)
            self.process.stdin.write('\t'.join(words) + '\n')
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError('jwt_tool: %s' % ' '.join(words)[:200])
        return answer.strip()

    def end(self):
        self.process.communicate()


tool = _Tool().ask


class Key:
    """KIND is O, A, U ..; of the seed n n n .."""

    def __init__(self, kind, n):
        self.seed, self.public = tool('key', kind, n).split()

    def sign(self, subject, nats, name='', issued=ISSUED, expires=0, audience=''):
        """A token about subject, a Key or a public key."""
        return tool('sign', self.seed, getattr(subject, 'public', subject), name,
                    issued, expires, audience, json.dumps(nats))

    def sign_nonce(self, nonce):
        return tool('nonce', self.seed, nonce)


class Chain:
    """number keeps the keys of several chains apart."""

    def __init__(self, number=0, **operator):
        self.key = Key('O', 10 + number)
        self.system = Key('A', 20 + number)
        self.claims = {'system_account': self.system.public, **operator}

    def operator(self, **more):
        return self.key.sign(self.key, {'type': 'operator', 'version': 2,
                                        **self.claims, **more}, name='OP')

    def account(self, key, name='ACC', by=None, issued=ISSUED, expires=0, limits=None,
                **nats):
        claims = {'limits': {**NO_LIMITS, **(limits or {})}, 'type': 'account',
                  'default_permissions': {'pub': {}, 'sub': {}}, 'version': 2, **nats}
        return (by or self.key).sign(key, claims, name=name, issued=issued,
                                     expires=expires)

    def system_token(self, **more):
        return self.account(self.system, name='SYS', **more)


def user(account, key, name='u', issued=ISSUED, expires=0, bare=False, **nats):
    """Signed by account, or by a signing key with issuer_account in nats.  bare:
    without limits, as a scope wants it."""
    claims = {'pub': {}, 'sub': {}, 'type': 'user', 'version': 2, **nats}
    if not bare:
        claims = {'subs': -1, 'data': -1, 'payload': -1, **claims}
    return account.sign(key, claims, name=name, issued=issued, expires=expires)


class Client:
    """A connection that says what it is told, and collects what comes."""

    def __init__(self, port, jwt=None, key=None, host='127.0.0.1', patience=10, **connect):
        self.sock = socket.create_connection((host, port), patience)
        self.data = b''
        self.n_messages = 0     # passed over by ping()
        self.info = json.loads(self.line()[5:])
        fields = {'verbose': False, 'pedantic': False, 'headers': True,
                  'no_responders': True, 'protocol': 1, **connect}
        if jwt is not None:
            fields['jwt'] = jwt
        if key is not None and 'nonce' in self.info:
            fields['sig'] = key.sign_nonce(self.info['nonce'])
        self.send('CONNECT ' + json.dumps(fields))
        self.inbox = '_INBOX.%s' % os.urandom(8).hex()

    def send(self, text):
        if isinstance(text, str):
            text = text.encode()
        self.sock.sendall(text + b'\r\n')

    def line(self):
        """One line without its end; b'' at the end of the connection."""
        while b'\r\n' not in self.data:
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                more = b''
            if not more:
                rest, self.data = self.data, b''
                return rest
            self.data += more
        line, self.data = self.data.split(b'\r\n', 1)
        return line

    def take(self, n):
        while len(self.data) < n + 2:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.data += more
        body, self.data = self.data[:n], self.data[n + 2:]
        return body

    def ping(self):
        """None, or the error that came in place of a PONG ('' at an end)."""
        try:
            self.send('PING')
        except OSError:
            pass
        while True:
            line = self.line()
            if line == b'PONG':
                return None
            if line == b'':
                return ''
            if line.startswith(b'-ERR'):
                return line[6:-1].decode()
            if line == b'PING':
                self.answer()
            words = line.split()
            if words[0] in (b'MSG', b'HMSG'):
                self.take(int(words[-1]))
                self.n_messages += 1

    def answer(self):
        try:
            self.send('PONG')
        except OSError:
            pass                # what it said before it left is still to be read

    def message(self):
        """The next one: (subject, reply, headers and payload)."""
        while True:
            line = self.line()
            words = line.split()
            if line == b'':
                raise EOFError
            if words[0] in (b'MSG', b'HMSG'):
                n_sizes = 2 if words[0] == b'HMSG' else 1
                body = self.take(int(words[-1]))
                reply = words[3] if len(words) == 4 + n_sizes else b''
                return words[1].decode(), reply.decode(), body
            if words[0] == b'PING':
                self.answer()
            if words[0] == b'-ERR':
                raise RuntimeError(line.decode())

    def subscribe(self, subject, sid):
        self.send('SUB %s %s' % (subject, sid))

    def publish(self, subject, payload=b'', reply=''):
        if isinstance(payload, str):
            payload = payload.encode()
        self.send(b'PUB %s %s %d\r\n%s' % (subject.encode(), reply.encode(), len(payload),
                                           payload))

    def request(self, subject, payload=b''):
        """What is answered first; None if there is nobody who could."""
        sid = os.urandom(4).hex()
        inbox = self.inbox + '.' + sid
        self.subscribe(inbox, sid)
        self.send('UNSUB %s 1' % sid)
        self.publish(subject, payload, inbox)
        _, _, body = self.message()
        return None if body.startswith(b'NATS/1.0 503') else body

    def request_many(self, subject, payload=b'', seconds=0.5, until=None):
        """All that is answered: until that body comes, or for some time."""
        sid = os.urandom(4).hex()
        inbox = self.inbox + '.' + sid
        self.subscribe(inbox, sid)
        self.publish(subject, payload, inbox)
        got, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            try:
                got.append(self.message()[2])
            except socket.timeout:
                break
            if until is not None and got[-1] == until:
                break
        self.sock.settimeout(10)
        self.send('UNSUB %s' % sid)
        return got

    def close(self):
        self.sock.close()
