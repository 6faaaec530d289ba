"""test/js/actors.py - who works on a server until it dies, and what each was told.

Actors work until the server is killed; it is started again on the same store;
and each holds what it finds against what it had been told.  What was confirmed
must be so; what was asked for and not answered may be either, and is asked for
again, as a client would.

    Publisher   messages with ids, several under way; each is stored once
    Eraser      deletes some of them; none comes back
    Worker      takes each from a consumer and has every ack confirmed
    Crew        a work queue: a job done is gone, a job not done is there
    Purger      purges a stream of its own up to a sequence
    Keeper      keys: each put expects the last, some are purged to a marker
    Maker       makes, changes and deletes streams and consumers
    Batcher     batches: each is there as a whole or not at all

test/js/kill kills the server, test/js/lazydisk takes the disk's power away too.
"""
import base64
import collections
import json
import random
import re
import signal
import subprocess
import threading
import time

from ask import Ask
from peer import PeerError

SECOND = 10 ** 9
STREAM, CONSUMER = '$JS.API.STREAM.', '$JS.API.CONSUMER.'


class Gone(Exception):
    """The server does not answer any more."""


class Wrong(Exception):
    """It says what it must not."""


class Refused(Wrong):
    """It says that it did not do it: wrong, unless its disk is dead."""


def check(value, text, *args):
    if not value:
        raise Wrong(text % args)


def answer(c):
    """(the reply subject that was used, the document or None) of what comes next."""
    m = c.next()
    if m is None:
        raise Gone
    if m[2].startswith(b'NATS/1.0 503'):
        raise Refused('nobody did it')
    return m[0], json.loads(m[3]) if m[3] else None


def taken(doc, what):
    """The document of a publish that must have been stored."""
    if not doc or 'error' in doc:
        raise Refused('%s is refused: %r' % (what, doc))
    return doc


def ask(c, subject, what=b'', may_fail=()):
    """The document; one that tells of an error is wrong, but for these numbers."""
    c.request(subject, what)
    doc = answer(c)[1]
    check(doc is not None, '%s: nobody answers', subject)
    number = doc.get('error', {}).get('err_code')
    if number is not None and number not in may_fail:
        raise Refused('%s: %r' % (subject, doc))
    return doc


def stored(c, stream, first=1):
    """{sequence: payload} of all that is in a stream."""
    found = {}
    while True:
        c.request('$JS.API.DIRECT.GET.' + stream, {'seq': first, 'batch': 100})
        while True:
            m = c.next()
            if m is None:
                raise Gone
            seq = re.search(rb'Nats-Sequence: (\d+)', m[2])
            if seq is None:
                break
            first = int(seq.group(1)) + 1
            found[first - 1] = m[3]
        if b' 204 ' not in m[2] or b'Nats-Num-Pending: 0' in m[2]:
            return found


class Actor:
    """work() until Gone; look() at what is there.  Each has its own connection, and
    one thread at a time."""

    def __init__(self, rng):
        self.rng = random.Random(rng.random())

    def prepare(self, c):
        pass

    def work(self, c):
        raise NotImplementedError

    def look(self, c, is_last):
        raise NotImplementedError


class Publisher(Actor):
    WINDOW = 6
    HURRY = 500                         # messages a round; then it goes slowly

    def __init__(self, rng, stream, subject):
        super().__init__(rng)
        self.stream, self.subject = stream, subject
        self.n = 0
        self.unknown = set()
        self.confirmed = {}             # sequence: number

    def payload(self, n):
        return b'%s %d' % (self.subject.encode(), n)

    def work(self, c):
        flying, again = {}, collections.deque(sorted(self.unknown))
        at_first = self.n
        while True:
            if self.n - at_first > self.HURRY:
                time.sleep(0.01)
            while len(flying) < self.WINDOW:
                if again:
                    n = again.popleft()
                else:
                    self.n += 1
                    n = self.n
                self.unknown.add(n)
                data = self.payload(n) + b' ' * self.rng.choice((0, 10, 300))
                flying[c.request(self.subject, data, b'Nats-Msg-Id: %s-%d\r\n'
                                 % (self.subject.encode(), n))] = n
            reply, doc = answer(c)
            taken(doc, 'a message')
            n = flying.pop(reply)
            self.unknown.discard(n)
            was = self.confirmed.setdefault(doc['seq'], n)
            check(was == n, 'sequence %d is given to %d and %d', doc['seq'], was, n)

    def look(self, c, is_last):
        """Told by the Eraser, which knows what may have gone."""


class Eraser(Actor):
    """Knows all of the publishers' stream."""

    def __init__(self, rng, publishers):
        super().__init__(rng)
        self.publishers = publishers
        self.asked, self.erased = set(), set()
        self.looked_to = 1

    def prepare(self, c):
        ask(c, STREAM + 'CREATE.LOAD', {'name': 'LOAD', 'subjects': ['load.*'],
                                        'allow_direct': True, 'duplicate_window': 600 * SECOND})

    def work(self, c):
        while True:
            known = [s for p in self.publishers for s in list(p.confirmed)[-500:]
                     if s not in self.asked]
            if not known:
                time.sleep(0.01)
                c.request(STREAM + 'INFO.LOAD')
                answer(c)
                continue
            seq = self.rng.choice(known)
            self.asked.add(seq)
            ask(c, STREAM + 'MSG.DELETE.LOAD', {'seq': seq, 'no_erase': True})
            self.erased.add(seq)

    def look(self, c, is_last):
        """All of it at the end, else what is new."""
        first = 1 if is_last else max(1, self.looked_to - 2000)
        found = stored(c, 'LOAD', first)
        back = [s for s in self.erased if s in found]
        check(not back, 'deleted and back: %r', back[:9])
        wanted = {s: p.payload(n) for p in self.publishers for s, n in p.confirmed.items()
                  if s >= first and s not in self.asked}
        given = set(self.publishers[0].confirmed) & set(self.publishers[1].confirmed)
        check(not given, 'sequences given to two: %r', sorted(given)[:9])
        lost = sorted(s for s in wanted if s not in found)
        check(not lost, '%d confirmed messages lost, %r of %d..%d', len(lost), lost[:9],
              min(found, default=0), max(found, default=0))
        other = [s for s, text in wanted.items() if found[s].rstrip() != text]
        check(not other, 'another message than was confirmed: %r', other[:9])
        twice = [k for k, n in collections.Counter(v.rstrip() for v in found.values()).items()
                 if n > 1]
        check(not twice, 'stored twice: %r', twice[:9])
        self.looked_to = max(found, default=first)


class Worker(Actor):
    def __init__(self, rng):
        super().__init__(rng)
        self.asked, self.acked = set(), set()

    def prepare(self, c):
        ask(c, CONSUMER + 'CREATE.LOAD.worker', {'stream_name': 'LOAD', 'config': {
            'name': 'worker', 'durable_name': 'worker', 'ack_policy': 'explicit',
            'filter_subject': 'load.0', 'ack_wait': SECOND // 5}})

    def take(self, c):
        """The next (sequence, reply); None: none came."""
        c.request(CONSUMER + 'MSG.NEXT.LOAD.worker', {'batch': 1, 'expires': SECOND})
        m = c.next()
        if m is None:
            raise Gone
        return (int(m[1].split(b'.')[5]), m[1].decode()) if m[1] else None

    def work(self, c):
        while True:
            got = self.take(c)
            if got is None:
                continue
            check(got[0] not in self.acked, '%d is delivered though acked', got[0])
            if self.rng.random() < 0.02:
                continue                # forgotten: it comes again
            self.ack(c, *got)

    def ack(self, c, seq, reply):
        self.asked.add(seq)
        c.request(reply, b'+ACK')
        answer(c)
        self.acked.add(seq)

    def look(self, c, is_last):
        info = ask(c, CONSUMER + 'INFO.LOAD.worker')
        floor = info['ack_floor']['stream_seq']
        n_open = info['num_ack_pending']
        check(n_open <= info['delivered']['consumer_seq'], 'pending: %r', info)
        if is_last:
            left = {s for s, v in stored(c, 'LOAD', floor + 1).items()
                    if v.startswith(b'load.0 ')} - self.acked - self.asked
            while left:
                got = self.take(c)
                check(got, 'what is not acked is not delivered: %r', sorted(left)[:9])
                check(got[0] not in self.acked, '%d is delivered though acked', got[0])
                self.ack(c, *got)
                left.discard(got[0])


class Crew(Actor):
    def __init__(self, rng):
        super().__init__(rng)
        self.n = 0
        self.there, self.asked, self.done = set(), set(), set()

    def prepare(self, c):
        ask(c, STREAM + 'CREATE.JOBS', {'name': 'JOBS', 'subjects': ['jobs'],
                                        'allow_direct': True, 'retention': 'workqueue'})
        ask(c, CONSUMER + 'CREATE.JOBS.crew', {'stream_name': 'JOBS', 'config': {
            'name': 'crew', 'durable_name': 'crew', 'ack_policy': 'explicit',
            'ack_wait': SECOND // 5}})

    def work(self, c):
        while True:
            for _ in range(self.rng.randrange(4)):
                self.n += 1
                self.there.add(ask(c, 'jobs', b'%d' % self.n)['seq'])
            c.request(CONSUMER + 'MSG.NEXT.JOBS.crew', {'batch': 1, 'no_wait': True})
            m = c.next()
            if m is None:
                raise Gone
            if not m[1]:
                continue
            seq = int(m[1].split(b'.')[5])
            check(seq not in self.done, 'job %d is given though done', seq)
            self.asked.add(seq)
            c.request(m[1].decode(), b'+ACK')
            answer(c)
            self.done.add(seq)

    def look(self, c, is_last):
        found = stored(c, 'JOBS')
        check(not self.done & set(found), 'done and back: %r', sorted(self.done & set(found))[:9])
        lost = self.there - self.asked - set(found)
        check(not lost, 'jobs lost: %r', sorted(lost)[:9])


class Purger(Actor):
    def __init__(self, rng):
        super().__init__(rng)
        self.asked = self.first = 0
        self.told = {0}                 # sequences; those cut off by a kill are no one's

    def prepare(self, c):
        ask(c, STREAM + 'CREATE.HEAP', {'name': 'HEAP', 'subjects': ['heap'],
                                        'allow_direct': True, 'compression': 's2'})

    def work(self, c):
        while True:
            for _ in range(self.rng.randrange(1, 30)):
                self.told.add(ask(c, 'heap', b'x' * self.rng.randrange(3000))['seq'])
            self.asked = max(self.asked, self.rng.randrange(max(1, self.first),
                                                            max(self.told) + 2))
            ask(c, STREAM + 'PURGE.HEAP', {'seq': self.asked})
            self.first = self.asked

    def look(self, c, is_last):
        found = set(stored(c, 'HEAP'))
        back = [s for s in found if s < self.first]
        check(not back, 'purged and back: %r', back[:9])
        lost = {s for s in self.told if s >= max(1, self.asked)} - found
        last = max(self.told)
        state = ask(c, STREAM + 'INFO.HEAP')['state']
        check(not lost, 'lost: %r of those from %d to %d: %r', sorted(lost)[:9], self.asked,
              last, state)
        check(state['last_seq'] >= last, 'the last was %d: %r', last, state)
        self.told = {s for s in self.told if s >= self.asked or s == last}


class Keeper(Actor):
    HISTORY = 3

    def __init__(self, rng):
        super().__init__(rng)
        self.n = 0
        self.now = {k: (0, b'') for k in ('$KV.K.%d' % i for i in range(5))}
        self.maybe = {}                 # key: what was asked for and not answered

    def prepare(self, c):
        ask(c, STREAM + 'CREATE.KV_K', {'name': 'KV_K', 'subjects': ['$KV.K.>'],
                                        'max_msgs_per_subject': self.HISTORY,
                                        'allow_rollup_hdrs': True, 'deny_delete': True})

    def work(self, c):
        while True:
            key = self.rng.choice(sorted(self.now))
            self.n += 1
            value = b'' if self.rng.random() < 0.1 else b'%d' % self.n
            headers = b'Nats-Expected-Last-Subject-Sequence: %d\r\n' % self.now[key][0]
            if not value:
                headers += b'KV-Operation: PURGE\r\nNats-Rollup: sub\r\n'
            self.maybe[key] = value
            c.request(key, value, headers)
            doc = answer(c)[1]
            self.now[key] = taken(doc, 'a put')['seq'], self.maybe.pop(key)

    def look(self, c, is_last):
        n_of = ask(c, STREAM + 'INFO.KV_K', {'subjects_filter': '>'})['state'].get('subjects', {})
        for key, was in self.now.items():
            doc = ask(c, STREAM + 'MSG.GET.KV_K', {'last_by_subj': key}, (10037,))
            m = doc.get('message')
            found = (m['seq'], base64.b64decode(m.get('data', ''))) if m else (0, b'')
            check(found == was or found[0] > was[0] and found[1] == self.maybe.get(key),
                  '%s: confirmed %r, asked for %r, found %r', key, was, self.maybe.get(key), found)
            check(not m or n_of[key] <= (self.HISTORY if found[1] else 1),
                  '%s: %r of them, the last is %r', key, n_of, found)
            self.now[key] = found
        self.maybe = {}


class Maker(Actor):
    """Names of streams ("S3") and consumers ("S3 c"), each there, not there, or
    unknown; a stream that is there has its description confirmed or asked for."""
    NAMES = ['M%d' % i for i in range(4)]

    def __init__(self, rng):
        super().__init__(rng)
        self.there, self.unknown = set(), set()
        self.n = 0
        self.told = {}                  # stream: descriptions it may have

    def change(self, c, name):
        """One of the requests that its state allows."""
        stream, _, consumer = name.partition(' ')
        self.n += 1
        self.unknown.add(name)
        if consumer and name in self.there:
            ask(c, CONSUMER + 'DELETE.%s.%s' % (stream, consumer))
        elif consumer:
            ask(c, CONSUMER + 'CREATE.%s.%s' % (stream, consumer), {
                'stream_name': stream, 'config': {'name': consumer, 'durable_name': consumer,
                                                  'ack_policy': 'explicit'}})
        elif name not in self.there:
            self.told[name] = {str(self.n)}
            ask(c, STREAM + 'CREATE.' + name, {'name': name, 'subjects': [name],
                                               'description': str(self.n)})
        elif self.rng.random() < 0.5:
            self.told[name].add(str(self.n))
            ask(c, STREAM + 'UPDATE.' + name, {'name': name, 'subjects': [name],
                                               'description': str(self.n)})
            self.told[name] = {str(self.n)}
            self.there.discard(name)    # put back below
        else:
            # its consumers go too
            self.unknown |= {n for n in self.there if n.startswith(name + ' ')}
            ask(c, STREAM + 'DELETE.' + name)
            self.there = {n for n in self.there if not n.startswith(name + ' ')}
            self.unknown = {n for n in self.unknown if not n.startswith(name + ' ')}
        self.unknown.discard(name)
        self.there ^= {name}

    def work(self, c):
        while True:
            names = self.NAMES + [s + ' c' for s in self.NAMES if s in self.there]
            self.change(c, self.rng.choice(names))
            if self.rng.random() < 0.3:
                stream = self.rng.choice(self.NAMES)
                if stream in self.there:
                    ask(c, stream, b'something')

    def look(self, c, is_last):
        names = {s for s in ask(c, STREAM + 'NAMES')['streams'] or () if s.startswith('M')}
        found = set(names)
        for s in names:
            found |= {s + ' ' + n for n in ask(c, CONSUMER + 'NAMES.' + s)['consumers'] or ()}
        lost, back = self.there - self.unknown - found, found - self.there - self.unknown
        check(not lost, 'made and lost: %r', sorted(lost))
        check(not back, 'deleted and back: %r', sorted(back))
        for s in names:
            config = ask(c, STREAM + 'INFO.' + s)['config']
            check(config['description'] in self.told[s], 'the description of %s is %r, not of %r',
                  s, config['description'], self.told[s])
        self.there, self.unknown = found, set()


class Batcher(Actor):
    HURRY = 50                          # batches a round

    def __init__(self, rng):
        super().__init__(rng)
        self.n = 0
        self.looked_to = 0
        self.confirmed = {}             # sequence of the last: (number, how many)

    def prepare(self, c):
        ask(c, STREAM + 'CREATE.BATCH', {'name': 'BATCH', 'subjects': ['batch'],
                                         'allow_direct': True, 'allow_atomic': True})

    def work(self, c):
        at_first = self.n
        while True:
            if self.n - at_first > self.HURRY:
                time.sleep(0.01)
            self.n += 1
            size = self.rng.choice((1, 2, 5, 40))
            for i in range(1, size + 1):
                block = b'NATS/1.0\r\nNats-Batch-Id: b%d\r\nNats-Batch-Sequence: %d\r\n' % (
                    self.n, i)
                text = b'%d %d %d' % (self.n, i, size)
                if i < size:
                    block += b'\r\n'
                    c.send(b'HPUB batch %d %d\r\n%s%s\r\n' % (
                        len(block), len(block) + len(text), block, text))
                else:
                    c.request('batch', text, block[10:] + b'Nats-Batch-Commit: 1\r\n')
            doc = taken(answer(c)[1], 'a batch')
            self.confirmed[doc['seq']] = self.n, size

    def look(self, c, is_last):
        first = 1 if is_last else self.looked_to + 1
        found = {s: tuple(int(n) for n in text.split())
                 for s, text in stored(c, 'BATCH', first).items()}
        for last, (n, size) in self.confirmed.items():
            if last < first:
                continue
            part = [found.get(last - size + i) for i in range(1, size + 1)]
            check(part == [(n, i, size) for i in range(1, size + 1)],
                  'batch %d of %d, confirmed to %d, is %r', n, size, last, part[:9])
        count = collections.Counter((n, size) for n, _, size in found.values())
        torn = {k: v for k, v in count.items() if k[1] != v}
        check(not torn, 'torn batches: %r, at %r of %r', torn, sorted(
            s for s, (n, _, size) in found.items() if (n, size) in torn)[:9],
              torn and ask(c, STREAM + 'INFO.BATCH')['state'])
        self.looked_to = max(found, default=self.looked_to)


class Round:
    """The actors at work, until the server is killed."""

    def __init__(self, server, actors):
        self.wrong = []
        self.is_killed = False
        self.may_refuse = False         # from here on: its disk is dead
        self.threads = [threading.Thread(target=self.play, args=(server, a)) for a in actors]
        for t in self.threads:
            t.start()

    def play(self, server, actor):
        try:
            c = Ask(server)
            try:
                actor.work(c)
            finally:
                c.close()
        except Wrong as e:
            if not self.may_refuse or not isinstance(e, Refused):
                self.wrong.append('%s: %s' % (type(actor).__name__, e))
        except (Gone, PeerError, OSError, ValueError) as e:
            if not self.is_killed:
                self.wrong.append('%s: no answer from a living server (%r)'
                                  % (type(actor).__name__, e))

    def kill(self, server):
        self.is_killed = True
        server.exit(signal.SIGKILL)
        for t in self.threads:
            t.join()


def start_and_kill(server, rng):
    """A start that does not get far."""
    with open(server.err_path, 'ab') as err:
        half = subprocess.Popen([server.binary, '-c', server.conf], cwd=server.dir, stderr=err,
                                stdout=err, stdin=subprocess.DEVNULL)
    time.sleep(rng.uniform(0.001, 0.08))
    half.kill()
    half.wait()


def look(server, actors, is_last):
    """What each finds wrong."""
    wrong = []
    for actor in actors:
        c = Ask(server)
        try:
            actor.look(c, is_last)
        except Wrong as e:
            wrong.append('%s: %s' % (type(actor).__name__, e))
        except Gone:
            wrong.append('%s: no answer' % type(actor).__name__)
        finally:
            c.close()
    return wrong


def cast(rng):
    publishers = [Publisher(rng, 'LOAD', 'load.%d' % i) for i in range(2)]
    return publishers + [Eraser(rng, publishers), Worker(rng), Crew(rng), Purger(rng), Maker(rng),
                         Keeper(rng), Batcher(rng)]


def prepare(server, rng):
    """The actors, all that they need made."""
    actors = cast(rng)
    c = Ask(server)
    for actor in actors:
        actor.prepare(c)
    c.close()
    return actors


def what_was_done(actors):
    p = actors[0]
    return ('%d + %d messages, %d erased, %d acks, %d jobs done, purged to %d, %d changes, %d puts, '
            '%d batches' % (
                len(p.confirmed), len(actors[1].confirmed), len(actors[2].erased),
                len(actors[3].acked), len(actors[4].done), actors[5].first, actors[6].n,
                actors[7].n, len(actors[8].confirmed)))
