"""test/matrix/paths.py - every way by which a message meets a permission.

Each function plays one path for all rules of a world at once and yields
(path, number of the rule, cell, what happened, what should).
"""
import collections

from oracle import (covers, may_publish, may_receive, may_subscribe, n_replies, reads)
from rules import PATTERNS, QUEUES, SUBJECTS
from seats import sync
from worlds import N

PLAIN = {'p%d' % i: p for i, p in enumerate(PATTERNS)}
QUEUED = {'q%d' % i: q for i, q in enumerate(QUEUES)}
N_TRIES = 3             # publishes to one reply subject


def rules(world):
    return [world.effective(k) for k in range(N)]


def is_wider(rule, pattern):
    """Is some of the pattern denied, but not all?"""
    denied = rule.get('sub_deny', ())
    return any(reads(pattern, d.partition(' ')[0]) or covers(pattern, d.partition(' ')[0])
               for d in denied)


def name_of(rule, pattern, path):
    return 'wider subscription' if is_wider(rule, pattern) else path


def violated(seat, verb):
    return {(subject, queue) for v, subject, queue, _ in seat.violations if v == verb}


def subscribe_plain(seats):
    for s in seats:
        for sid, pattern in PLAIN.items():
            s.subscribe(pattern, sid)
    sync(seats)


def unsubscribe(seats, sids):
    for s in seats:
        for sid in sids:
            s.unsubscribe(sid)
    sync(seats)


def given(seats, wanted=lambda m: m.body == 'hello'):
    """[{(sid, subject)}] of what was said so far."""
    return [collections.Counter((m.sid, m.subject) for m in got if wanted(m))
            for got in sync(seats).values()]


def publish_all(seats, subjects=tuple(SUBJECTS), body='hello'):
    for s in seats:
        for subject in subjects:
            s.publish(subject, body)
    sync(seats)


# ---- subscriptions ------------------------------------------------------------------

def live(w):
    """SUB, and delivery to it."""
    subscribe_plain(w.tried)
    refused = [violated(s, 'Subscription') for s in w.tried]
    publish_all(w.free)
    got = given(w.tried)
    for k, rule in enumerate(rules(w)):
        for sid, p in PLAIN.items():
            yield ('subscribe', k, 'SUB ' + p, (p, '') not in refused[k],
                   may_subscribe(rule, p))
            for s in SUBJECTS:
                if covers(p, s) and s != 'foo.c':       # which is mapped
                    yield (name_of(rule, p, 'delivery'), k, 'SUB %s given %s' % (p, s),
                           got[k][sid, s], int(may_receive(rule, p, '', s)))
    unsubscribe(w.tried, PLAIN)


def queue(w):
    """Members of queue groups: alone, then beside one who may everything."""
    subjects = [s for s in SUBJECTS if s != 'foo.c']
    for p in PATTERNS:
        for s in (*w.tried, *w.mates):
            for sid, q in QUEUED.items():
                s.subscribe(p, sid, q)
        sync(w.mates)
        unsubscribe(w.mates, QUEUED)
        sync(w.tried)
        refused = [violated(s, 'Subscription') for s in w.tried]
        publish_all(w.free, subjects)
        alone = given(w.tried)
        for s in w.mates:
            for sid, q in QUEUED.items():
                s.subscribe(p, sid, q)
        sync(w.mates)
        publish_all(w.free, subjects)
        both, mate = given(w.tried), given(w.mates)
        for k, rule in enumerate(rules(w)):
            for sid, q in QUEUED.items():
                yield ('queue member', k, 'SUB %s %s' % (p, q), (p, q) not in refused[k],
                       may_subscribe(rule, p, q))
                for s in subjects:
                    if not covers(p, s):
                        continue
                    may = may_receive(rule, p, q, s)
                    cell = 'SUB %s %s given %s' % (p, q, s)
                    path = name_of(rule, p, 'queue member')
                    yield path, k, cell, alone[k][sid, s], int(may)
                    had = (both[k][sid, s], mate[k][sid, s])
                    fine = had == (0, 1) or may and had == (1, 0)
                    yield path, k, cell + ' (or its mate)', had, had if fine else (0, 1)
        unsubscribe((*w.tried, *w.mates), QUEUED)


# ---- publishing ---------------------------------------------------------------------

def publish(w):
    """What arrives, and what is said about what does not."""
    for s in w.free:
        s.subscribe('>', 'ear')
    sync(w.free)
    mapped = {'foo.c': 'bar.c', 'm.a': 'foo.a', 'm.b': 'foo.b', 'm.a.foo': 'foo.a',
              'm.x.bar': 'bar.x', 'm.a.baz': 'baz.a'}
    publish_all(w.tried, {**dict.fromkeys(SUBJECTS), **mapped})
    # Violations came with the first answer: publish_all() has read it.
    refused = [violated(s, 'Publish') for s in w.tried]
    got = given(w.free)
    for k, rule in enumerate(rules(w)):
        wanted = collections.Counter(mapped.get(s, s) for s in SUBJECTS + list(mapped)
                                     if s != 'foo.c') + collections.Counter(['bar.c'])
        for s in {**dict.fromkeys(SUBJECTS), **mapped}:
            to = mapped.get(s, s)
            may = may_publish(rule, to)
            path = 'mapped publish' if s in mapped else 'publish'
            yield path, k, 'PUB %s arrives as %s' % (s, to), got[k]['ear', to], \
                wanted[to] if may else 0
            yield path, k, 'PUB %s is refused' % s, (to, '') in refused[k], not may
    unsubscribe(w.free, ['ear'])


def mapped_delivery(w):
    """A message that a mapping sends to a subject that the receiver is denied."""
    subscribe_plain(w.tried)
    publish_all(w.free, ['m.a', 'm.b', 'foo.c', 'm.x.bar'], 'mapped')
    got = given(w.tried, lambda m: m.body == 'mapped')
    for k, rule in enumerate(rules(w)):
        for sid, p in PLAIN.items():
            for s in ('foo.a', 'foo.b', 'bar.c', 'bar.x'):
                if covers(p, s):
                    yield ('mapped delivery', k, 'SUB %s given %s' % (p, s),
                           got[k][sid, s], int(may_receive(rule, p, '', s)))
    unsubscribe(w.tried, PLAIN)


def reply(w):
    """The reply subjects of messages that were given to it, and of such that were not."""
    subscribe_plain(w.tried)
    replies = {s: 'rep.' + s for s in SUBJECTS if s != 'foo.c'}
    replies['foo.a'], replies['bar.a'] = 'bar.b', 'foo.b'
    for f in w.free:
        f.subscribe('>', 'ear')
        for s, r in replies.items():
            f.publish(s, 'ask', r)
    sync(w.free)
    given(w.tried)
    for t in w.tried:
        for r in replies.values():
            for _ in range(N_TRIES):
                t.publish(r, 'answer')
    sync(w.tried)
    got = given(w.free, lambda m: m.body == 'answer')
    for k, rule in enumerate(rules(w)):
        for s, r in replies.items():
            was_given = any(may_receive(rule, p, '', s) for p in PATTERNS)
            yield ('reply subject', k, 'asked on %s, answers %s' % (s, r), got[k]['ear', r],
                   n_replies(rule, was_given, r, N_TRIES))
    unsubscribe(w.free, ['ear'])
    unsubscribe(w.tried, PLAIN)


# ---- other accounts -----------------------------------------------------------------

def stream_import(w):
    """X publishes; the importer sees it below a prefix, or under another name."""
    sent = {'a': 'foo.a', 'b': 'foo.b', 'c': 'foo.c', 'src.a': 'bar.a', 'src.b': 'bar.b'}
    subscribe_plain(w.importers)
    publish_all([w.x], sent)
    got = given(w.importers)
    for k, rule in enumerate(rules(w)):
        for sid, p in PLAIN.items():
            for s in sent.values():
                if covers(p, s):
                    yield ('stream import', k, 'SUB %s given %s' % (p, s), got[k][sid, s],
                           int(may_receive(rule, p, '', s)))
    unsubscribe(w.importers, PLAIN)
    # One importer at a time: members in other accounts are of the same group.
    for k, rule in enumerate(rules(w)):
        member = [w.importers[k]]
        for p in ('foo.a', 'foo.*', 'bar.>', '*.a', '>'):
            for sid, q in QUEUED.items():
                member[0].subscribe(p, sid, q)
            sync(member)
            publish_all([w.x], sent)
            got = given(member)[0]
            for sid, q in QUEUED.items():
                for s in sent.values():
                    if covers(p, s):
                        yield ('stream import', k, 'SUB %s %s given %s' % (p, q, s),
                               got[sid, s], int(may_receive(rule, p, q, s)))
            unsubscribe(member, QUEUED)


def service_request(w):
    """The importer asks X, and hears the answer where it subscribed."""
    w.x.subscribe('svc.*', 'svc')
    sync([w.x])
    subscribe_plain(w.importers)
    asked = {'foo.a': 'bar.a', 'foo.b': 'bar', 'foo.c': 'baz.a'}
    for k, i in enumerate(w.importers):
        for s, r in asked.items():
            i.publish(s, 'ask %d %s' % (k, s), r)
    sync(w.importers)
    refused = [violated(i, 'Publish') for i in w.importers]
    requests = sync([w.x])[w.x]
    for m in requests:
        w.x.publish(m.reply, 'answer to ' + m.body)
    sync([w.x])
    reached = collections.Counter(m.body for m in requests)
    got = given(w.importers, lambda m: m.body.startswith('answer'))
    for k, rule in enumerate(rules(w)):
        for s, r in asked.items():
            may = may_publish(rule, s)
            yield ('service request', k, 'PUB %s reaches X' % s,
                   reached['ask %d %s' % (k, s)], int(may))
            yield ('service request', k, 'PUB %s is refused' % s,
                   (s, '') in refused[k], not may)
            for sid, p in PLAIN.items():
                if covers(p, r):
                    yield ('service request', k, 'asks %s, SUB %s hears it' % (s, p),
                           got[k][sid, r], int(may and may_receive(rule, p, '', r)))
    unsubscribe(w.importers, PLAIN)
    unsubscribe([w.x], ['svc'])


def service_response(w):
    """Q asks the tried user, whose answers go to reply subjects of the server."""
    subscribe_plain(w.tried)
    w.q.subscribe('ans.>', 'ans')
    asked = ('foo.a', 'foo.b')
    for k in range(N):
        for s in asked:
            w.q.publish('k%d.%s' % (k, s[4:]), 'ask', 'ans.%d.%s' % (k, s))
    sync([w.q])
    heard = sync(w.tried)
    got = [collections.Counter((m.sid, m.subject) for m in heard[t]) for t in w.tried]
    for t, messages in heard.items():
        for r in {m.reply for m in messages}:
            for _ in range(N_TRIES):
                t.publish(r, 'answer')
    sync(w.tried)
    answers = collections.Counter(m.subject for m in sync([w.q])[w.q])
    for k, rule in enumerate(rules(w)):
        for s in asked:
            hears = any(may_receive(rule, p, '', s) for p in PATTERNS)
            for sid, p in PLAIN.items():
                if covers(p, s):
                    yield ('service response', k, 'SUB %s is asked on %s' % (p, s),
                           got[k][sid, s], int(may_receive(rule, p, '', s)))
            # One answer, and to no more than what was asked.
            may = hears and n_replies(rule, True, '_R_.x.y', 1)
            yield ('service response', k, 'answers %s' % s,
                   answers['ans.%d.%s' % (k, s)], int(may))
    w.q.unsubscribe('ans')
    unsubscribe(w.tried, PLAIN)


def trace(w):
    """Where the events about a message go is published to in its name."""
    for f in w.free:
        f.subscribe('>', 'ear')
    sync(w.free)
    pairs = [(s, d) for s in ('foo.a', 'bar.a') for d in ('foo.b', 'bar.b', 'baz.c')]
    for s, d in pairs:
        for t in w.tried:
            t.publish(s, 'traced', Nats_Trace_Dest=d)
        heard = {}
        sync(w.tried)
        refused = [violated(t, 'Publish') for t in w.tried]
        for _ in range(2):          # an event may follow the message's own PONG
            for f, more in sync(w.free).items():
                heard.setdefault(f, []).extend(more)
        for k, rule in enumerate(rules(w)):
            got = collections.Counter(m.subject for m in heard[w.free[k]])
            may_trace, may = may_publish(rule, d), may_publish(rule, s)
            cell = 'PUB %s traced to %s: ' % (s, d)
            yield 'trace destination', k, cell + 'message', got[s], int(may and may_trace)
            yield ('trace destination', k, cell + 'event', bool(got[d]), may_trace)
            if not may_trace:
                yield ('trace destination', k, cell + 'refused',
                       bool(refused[k]), True)
    unsubscribe(w.free, ['ear'])


# ---- a change under subscriptions that are there ---------------------------------------

def change(w):
    """Subscriptions that are no longer allowed are taken away, with a word; what the
    others may be given is what the new rule says."""
    if not w.keeps_connections:
        w.change()
        return
    before = rules(w)
    subscribe_plain(w.tried)
    subscribe_plain(w.importers)
    queued = {'%s/%s' % (p, q): (p, q) for p in PATTERNS for q in QUEUES}
    for t in w.tried:
        for sid, (p, q) in queued.items():
            t.subscribe(p, sid, q)
    sync(w.tried)
    w.change()
    sync((*w.tried, *w.importers))
    taken = [{sid: (p, q) for _, p, q, sid in t.violations} for t in w.tried]
    publish_all(w.free)
    publish_all([w.x], ['a', 'b'])
    got, imported = given(w.tried), given(w.importers)
    for k, rule in enumerate(rules(w)):
        for sid, (p, q) in {**queued, **{s: (p, '') for s, p in PLAIN.items()}}.items():
            if may_subscribe(before[k], p, q):
                yield ('change', k, 'SUB %s %s taken away' % (p, q), taken[k].get(sid),
                       None if may_subscribe(rule, p, q) else (p, q))
            else:
                yield ('change', k, 'SUB %s %s stays refused' % (p, q),
                       taken[k].get(sid), None)
        for sid, p in PLAIN.items():
            was = may_subscribe(before[k], p)
            for s in SUBJECTS:
                if covers(p, s) and s != 'foo.c':
                    yield ('change', k, 'SUB %s given %s' % (p, s), got[k][sid, s],
                           int(was and may_receive(rule, p, '', s)))
            for s in ('foo.a', 'foo.b'):
                if covers(p, s):
                    yield ('change', k, 'SUB %s imports %s' % (p, s), imported[k][sid, s],
                           int(was and may_receive(rule, p, '', s)))
    unsubscribe(w.tried, [*PLAIN, *queued])
    unsubscribe(w.importers, PLAIN)


PATHS = [live, queue, publish, mapped_delivery, reply, stream_import, service_request,
         service_response, trace]

# What the server cannot do yet: the way, and the kinds of connection or reader.
NOT_BUILT = ['leaf node: delivery to it', 'leaf node: publish from it',
             'gateway: delivery across', 'stream: replay to a consumer',
             'stream: direct get', 'stream: republish', 'stream: mirror and source']
