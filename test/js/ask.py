"""test/js/ask.py - JetStream in raw protocol: one request, one answer.

Not a client library: what is sent is what stands here, so a test says what it
means byte by byte.
"""
import itertools
import json

from fault import Client

_numbers = itertools.count(1)


class Ask(Client):
    """A connection with one inbox; requests go one after the other."""

    def __init__(self, server, options=''):
        super().__init__(server, options)
        self.n = 0
        self.inbox = b'_INBOX.ask%d' % next(_numbers)
        self.send(b'SUB %s.* 1\r\nSUB %s.to.> 2\r\n' % (self.inbox, self.inbox))
        if not self.ping():
            raise ConnectionError('no PONG')

    def request(self, subject, payload=b'', headers=b''):
        """The reply subject that was used."""
        self.n += 1
        return self.ask_at(b'%s.%d' % (self.inbox, self.n), subject, payload, headers)

    def request_to(self, tail, subject, payload=b'', headers=b''):
        """The same, the reply subject ending in tail."""
        return self.ask_at(b'%s.to.%s' % (self.inbox, tail.encode()), subject, payload,
                           headers)

    def ask_at(self, reply, subject, payload, headers):
        if isinstance(payload, dict):
            payload = json.dumps(payload).encode()
        if headers:
            block = b'NATS/1.0\r\n' + headers + b'\r\n'
            self.send(b'HPUB %s %s %d %d\r\n%s%s\r\n' % (
                subject.encode(), reply, len(block), len(block) + len(payload),
                block, payload))
        else:
            self.send(b'PUB %s %s %d\r\n%s\r\n' % (
                subject.encode(), reply, len(payload), payload))
        return reply

    def next(self):
        """(subject, reply, headers, payload) of what comes; None: nothing came,
        or the connection is gone."""
        line = self.line()
        while line is not None and not line.startswith((b'MSG ', b'HMSG ')):
            line = self.line()
        if line is None:
            return None
        words = line.split()
        n_sizes = 2 if words[0] == b'HMSG' else 1
        total = int(words[-1])
        n_head = int(words[-2]) if n_sizes == 2 else 0
        reply = words[3] if len(words) == 4 + n_sizes else b''
        body = self.exactly(total + 2)
        if len(body) < total + 2:
            return None
        return words[1], reply, body[:n_head], body[n_head:-2]

    def ask(self, subject, payload=b'', headers=b''):
        """The answer as a document; None: none came."""
        self.request(subject, payload, headers)
        m = self.next()
        if m is None or not m[3]:
            return None
        return json.loads(m[3])

    def json(self):
        """The payload of what comes next, as a document."""
        m = self.next()
        return None if m is None else json.loads(m[3])
