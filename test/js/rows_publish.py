"""test/js/rows_publish.py - what test/js/compare asks about publishing: counters,
batches, schedules.

A row is (subject, payload[, headers[, reply[, answers]]]): reply is what follows
the inbox in the reply subject, answers how many messages it brings.
"""
S = '$JS.API.STREAM.'


def batch(identity, place, *more):
    return '\r\n'.join(('Nats-Batch-Id: ' + identity, 'Nats-Batch-Sequence: %s' % place) + more)


def fast(identity, place, op, gap='fail', flow=5):
    return '%s.%d.%s.%s.%d.$FI' % (identity, flow, gap, place, op)


COMMIT = 'Nats-Batch-Commit: 1'
EOB = 'Nats-Batch-Commit: eob'

COUNTERS = [
    (S + 'CREATE.N', {'name': 'N', 'subjects': ['n.*'], 'allow_msg_counter': True,
                      'allow_direct': True}),
    ('n.a', '', 'Nats-Incr: 1'), ('n.a', '', 'Nats-Incr: +41'), ('n.b', '', 'Nats-Incr: -5'),
    ('n.b', '', 'Nats-Incr: 5'), ('n.a', '', 'Nats-Incr: 0'),
    ('n.a', '', 'Nats-Incr: 99999999999999999999999999999999999999'),
    ('n.a', '', 'Nats-Incr: -100000000000000000000000000000000000043'),
    ('n.a', ''), ('n.a', '', 'Nats-Incr: x'), ('n.a', '', 'Nats-Incr: 1.5'),
    ('n.a', '', 'Nats-Incr: -'), ('n.a', 'body', 'Nats-Incr: 1'),
    ('n.a', '', 'Nats-Incr: 1\r\nNats-Rollup: sub'),
    ('n.a', '', 'Nats-Incr: 1\r\nNats-Expected-Stream: N'),
    ('n.a', '', 'Nats-Incr: 1\r\nNats-Expected-Last-Sequence: 7'),
    ('n.a', '', 'Nats-Incr: 1\r\nNats-Msg-Id: i'), ('n.a', '', 'Nats-Incr: 1\r\nNats-Msg-Id: i'),
    (S + 'MSG.GET.N', {'last_by_subj': 'n.a'}), (S + 'MSG.GET.N', {'last_by_subj': 'n.b'}),
    (S + 'INFO.N', ''),
    (S + 'UPDATE.N', {'name': 'N', 'subjects': ['n.*']}),
    (S + 'CREATE.P', {'name': 'P', 'subjects': ['p']}), ('p', '', 'Nats-Incr: 1'),
    ('p', 'x', 'Nats-Incr: x'),
    ('p', 'x', 'Nats-Stream-Source: S 1'),
]

ATOMIC = [
    (S + 'CREATE.A', {'name': 'A', 'subjects': ['a.>'], 'allow_atomic': True,
                      'allow_rollup_hdrs': True, 'allow_msg_ttl': True}),
    ('a.1', 'one', batch('x', 1)), ('a.2', 'two', batch('x', 2)),
    (S + 'INFO.A', ''), ('a.3', 'three', batch('x', 3, COMMIT)), (S + 'INFO.A', ''),
    (S + 'MSG.GET.A', {'seq': 1}), (S + 'MSG.GET.A', {'seq': 3}),
    ('a.1', '1', batch('y', 1)), ('a.1', '2', batch('y', 2)), ('a.1', '', batch('y', 3, EOB)),
    (S + 'MSG.GET.A', {'seq': 5}), (S + 'INFO.A', {'subjects_filter': '>'}),
    ('a.1', 'x', batch('z', 1, COMMIT)),
    ('a.1', 'x', batch('z', 2)), ('a.1', 'x', batch('z', 2000)), ('a.1', 'x', batch('z', 0)),
    ('a.1', 'x', batch('z', 'x')), ('a.1', 'x', 'Nats-Batch-Id: z'),
    ('a.1', 'x', batch('z', 1, EOB)), ('a.1', 'x', batch('z' * 65, 1)),
    ('a.1', 'x', batch('z', 1)), ('a.1', 'x', batch('z', 3)), ('a.1', 'x', batch('z', 2)),
    ('a.1', 'x', batch('z', 1)), ('a.1', 'x', batch('z', 2, 'Nats-Batch-Commit: yes')),
    ('a.1', 'x', batch('z', 2, COMMIT)),
    ('a.1', 'x', batch('z', 1)), ('a.1', 'x', batch('z', 1)),
    ('a.1', 'x', batch('z', 2, COMMIT)),
    ('a.1', 'x', batch('z', 1, 'Nats-Required-Api-Level: 99')),
    ('a.1', 'x', batch('z', 2)),
    ('a.1', 'x', batch('i', 1, 'Nats-Msg-Id: 1')),
    ('a.1', 'x', batch('i', 2, 'Nats-Msg-Id: 1', COMMIT)),
    ('a.1', 'x', batch('i', 1, 'Nats-Msg-Id: 2')),
    ('a.1', 'x', batch('i', 2, 'Nats-Msg-Id: 3', COMMIT)),
    ('a.1', 'x', batch('i', 1, 'Nats-Msg-Id: 3', COMMIT)),
    ('a.1', 'x', batch('e', 1, 'Nats-Expected-Last-Msg-Id: 3', COMMIT)),
    ('a.1', 'x', batch('e', 1, 'Nats-Expected-Last-Sequence: 1', COMMIT)),
    ('a.1', 'x', batch('e', 1)),
    ('a.1', 'x', batch('e', 2, 'Nats-Expected-Last-Sequence: 1', COMMIT)),
    ('a.1', 'x', batch('e', 1)),
    ('a.1', 'x', batch('e', 2, 'Nats-Expected-Last-Sequence: 9', COMMIT)),
    ('a.9', 'x', batch('e', 1, 'Nats-Expected-Last-Subject-Sequence: 0')),
    ('a.9', 'x', batch('e', 2, 'Nats-Expected-Last-Subject-Sequence: 0', COMMIT)),
    ('a.9', 'x', batch('e', 1, 'Nats-Expected-Last-Subject-Sequence: 0')),
    ('a.8', 'x', batch('e', 2, 'Nats-Expected-Last-Subject-Sequence: 0', COMMIT)),
    ('a.7', 'x', batch('r', 1)), ('a.7', 'x', batch('r', 2, 'Nats-Rollup: sub', COMMIT)),
    ('a.7', 'x', batch('r', 1)), ('a.6', 'x', batch('r', 2, 'Nats-Rollup: all', COMMIT)),
    ('a.1', 'x', batch('r', 1, 'Nats-Rollup: sub')), ('a.1', 'x', batch('r', 2, COMMIT)),
    (S + 'INFO.A', {'subjects_filter': '>'}),
    ('a.1', 'x', batch('r', 1, 'Nats-Rollup: all')), ('a.2', 'x', batch('r', 2, COMMIT)),
    (S + 'INFO.A', {'subjects_filter': '>', 'deleted_details': True}),
    ('a.1', 'x', batch('t', 1, 'Nats-TTL: x', COMMIT)),
    (S + 'CREATE.B', {'name': 'B', 'subjects': ['b.>'], 'allow_atomic': True,
                      'allow_msg_counter': True}),
    ('b.1', '', batch('c', 1, 'Nats-Incr: 2')), ('b.1', '', batch('c', 2, 'Nats-Incr: 3')),
    ('b.2', '', batch('c', 3, 'Nats-Incr: 7', COMMIT)),
    (S + 'MSG.GET.B', {'seq': 2}), (S + 'MSG.GET.B', {'seq': 3}),
    (S + 'CREATE.C', {'name': 'C', 'subjects': ['c.>'], 'allow_atomic': True, 'max_msgs': 2,
                      'discard': 'new', 'max_msg_size': 100}),
    ('c.1', 'x', batch('d', 1)), ('c.2', 'x', batch('d', 2)),
    ('c.3', 'x', batch('d', 3, COMMIT)), (S + 'INFO.C', ''),
    ('c.1', 'x', batch('d', 1)), ('c.2', 'x', batch('d', 2, COMMIT)), (S + 'INFO.C', ''),
    ('c.1', 'x' * 90, batch('d', 1)),
    (S + 'CREATE.D', {'name': 'D', 'subjects': ['d.>']}), ('d.1', 'x', batch('x', 1, COMMIT)),
    (S + 'UPDATE.D', {'name': 'D', 'subjects': ['d.>'], 'allow_atomic': True}),
    ('d.1', 'x', batch('x', 1, COMMIT)),
]

FAST = [
    (S + 'CREATE.F', {'name': 'F', 'subjects': ['f.>'], 'allow_batched': True}),
    ('f.1', '1', '', fast('x', 1, 0)), ('f.1', '2', '', fast('x', 2, 1), 0),
    ('f.1', '3', '', fast('x', 3, 1), 0), ('f.1', '4', '', fast('x', 4, 1), 0),
    ('f.1', '5', '', fast('x', 5, 1)), ('f.1', '6', '', fast('x', 6, 1), 0),
    ('f.1', '', '', fast('x', 6, 4)), ('f.1', '', '', fast('x', 7, 3)), (S + 'INFO.F', ''),
    ('f.1', '1', '', fast('y', 1, 2)), (S + 'INFO.F', ''),
    ('f.1', '1', '', fast('y', 1, 0)), ('f.1', '2', '', fast('y', 2, 2)),
    ('f.1', '1', '', fast('g', 1, 0)), ('f.1', '2', '', fast('g', 4, 1), 2), (S + 'INFO.F', ''),
    ('f.1', '1', '', fast('h', 1, 0, 'ok')), ('f.1', '2', '', fast('h', 4, 1, 'ok'), 1),
    ('f.1', '3', '', fast('h', 5, 2, 'ok')), (S + 'INFO.F', ''),
    ('f.1', '2', '', fast('u', 2, 1)), ('f.1', '2', '', fast('u', 1, 4)),
    ('f.1', '2', '', fast('u', 1, 1)), ('f.1', '2', '', fast('u', 2, 0)),
    ('f.1', '2', '', fast('u', 1, 3)), ('f.1', '2', '', fast('u', 0, 0)),
    ('f.1', '2', '', fast('u', 1, 7)), ('f.1', '2', '', fast('u', 1, 0, 'no')),
    ('f.1', '2', '', fast('u' * 65, 1, 0)), ('f.1', '2', '', 'a.$FI'),
    ('f.1', '1', 'Nats-Expected-Last-Sequence: 99', fast('e', 1, 0), 2),
    ('f.1', '1', '', fast('e', 1, 0)),
    ('f.1', '1', 'Nats-Expected-Last-Sequence: 99', fast('e', 2, 1), 2),
    ('f.1', '1', 'Nats-Expected-Last-Sequence: 99', fast('k', 1, 0, 'ok'), 2),
    ('f.1', '1', 'Nats-Expected-Last-Sequence: 99', fast('k', 2, 1, 'ok')),
    ('f.1', '1', '', fast('k', 3, 2, 'ok')),
    ('f.1', '1', 'Nats-Msg-Id: a', fast('m', 1, 0)),
    ('f.1', '1', 'Nats-Msg-Id: a', fast('m', 2, 2)),
    ('f.1', '1', 'Nats-Msg-Id: a', fast('n', 1, 0)),
    ('f.1', '1', '', fast('p', 1, 0), 2), ('f.1', '', '', fast('p', 9, 4), 2),
    (S + 'INFO.F', ''),
    (S + 'CREATE.G', {'name': 'G', 'subjects': ['g']}), ('g', 'x', '', fast('x', 1, 0)),
]


def schedule(pattern, target='t.out', *more):
    return '\r\n'.join(('Nats-Schedule: ' + pattern, 'Nats-Schedule-Target: ' + target) + more)


FAR = '@at 2100-01-01T00:00:00Z'
SCHEDULES = [
    (S + 'CREATE.T', {'name': 'T', 'subjects': ['t.>'], 'allow_msg_schedules': True}),
    ('t.s', 'x', schedule(FAR)), (S + 'MSG.GET.T', {'seq': 1}),
    ('t.s', 'y', schedule('@every 1h')), (S + 'INFO.T', {'subjects_filter': '>'}),
    ('t.c', 'y', schedule('0 30 8 * * mon-fri')), ('t.c', 'y', schedule('@hourly')),
    ('t.c', 'y', schedule('0 30 8 * *')), ('t.c', 'y', schedule('0 30 8 * * 7')),
    ('t.c', 'y', schedule('0 30 8 ? JAN,feb *')), ('t.c', 'y', schedule('*/15 5/10 1-5/2 * * *')),
    ('t.c', 'y', schedule('60 * * * * *')), ('t.c', 'y', schedule('0 0 0 30 2 *')),
    ('t.c', 'y', schedule('@every 500ms')), ('t.c', 'y', schedule('@every x')),
    ('t.c', 'y', schedule('@at yesterday')), ('t.c', 'y', schedule('@nope')),
    ('t.c', 'y', schedule('0 0 8 * * *', 't.out', 'Nats-Schedule-Time-Zone: Europe/Paris')),
    ('t.c', 'y', schedule('0 0 8 * * *', 't.out', 'Nats-Schedule-Time-Zone: Nowhere/Land')),
    ('t.c', 'y', schedule(FAR, 't.out', 'Nats-Schedule-Time-Zone: Europe/Paris')),
    ('t.s', 'x', 'Nats-Schedule: ' + FAR), ('t.s', 'x', schedule(FAR, 't.*')),
    ('t.s', 'x', schedule(FAR, 't.s')), ('t.s', 'x', schedule(FAR, 'other')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-Source: t.src')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-Source: t.out')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-Source: t.s')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-Source: t.*')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-TTL: 5m')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-TTL: x')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Rollup: all')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Rollup: sub')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-Rollup: all')),
    ('t.s', 'x', schedule(FAR, 't.out', 'Nats-Schedule-Rollup: sub')),
    ('t.p', 'x', 'Nats-Schedule-Next: purge\r\nNats-Scheduler: t.s'),
    (S + 'INFO.T', {'subjects_filter': '>'}),
    ('t.p', 'x', 'Nats-Schedule-Next: purge\r\nNats-Scheduler: t.p'),
    ('t.p', 'x', 'Nats-Schedule-Next: purge'),
    ('t.p', 'x', 'Nats-Schedule-Next: purge\r\nNats-Scheduler: t.*'),
    ('t.p', 'x', 'Nats-Schedule-Next: now\r\nNats-Scheduler: t.s'),
    ('t.p', 'x', 'Nats-Scheduler: t.s'), ('t.d', 'plain'),
    ('t.p', 'x', 'Nats-Schedule-Next: purge\r\nNats-Scheduler: t.d'),
    (S + 'CREATE.U', {'name': 'U', 'subjects': ['u.>']}), ('u.s', 'x', schedule(FAR, 'u.t')),
    ('u.s', 'x', schedule('bad', 'u.t')), ('u.s', 'x', 'Nats-Scheduler: u.x'),
    (S + 'UPDATE.U', {'name': 'U', 'subjects': ['u.>'], 'allow_msg_schedules': True}),
    ('u.s', 'x', schedule(FAR, 'u.t')),
    (S + 'UPDATE.U', {'name': 'U', 'subjects': ['u.>']}),
]

SETS = [COUNTERS, ATOMIC, FAST, SCHEDULES]
