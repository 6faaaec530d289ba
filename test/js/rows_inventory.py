"""test/js/rows_inventory.py - what test/js/compare asks of the features that its other
rows pass by; doc/jetstream.md says which these are.

Rows as in rows_publish.py.  SETS have the plain configuration, CONFIGURED are
(what stands in the jetstream block, rows).
"""
S, C = '$JS.API.STREAM.', '$JS.API.CONSUMER.'
SECOND, MS = 10 ** 9, 10 ** 6
SOON = 600 * SECOND


def stream(name, **config):
    return (S + 'CREATE.' + name, dict({'name': name}, **config))


def update(name, **config):
    return (S + 'UPDATE.' + name, dict({'name': name}, **config))


def info(name):
    return (S + 'INFO.' + name, '')


def consumer(of, name, *more, **config):
    """What is more is said beside the configuration."""
    config = dict({'name': name, 'inactive_threshold': SOON}, **config)
    return (C + 'CREATE.%s.%s' % (of, name),
            dict({'stream_name': of, 'config': config}, **(more[0] if more else {})))


PEDANTIC = {'pedantic': True}

# Of streams: what is kept, and how it is told.
KEEPING = [
    stream('I', subjects=['i.>'], retention='interest'), ('i.a', 'nobody'), info('I'),
    consumer('I', 'c', ack_policy='explicit'), ('i.a', 'somebody'), info('I'),
    update('I', subjects=['i.>'], retention='limits'), ('i.a', 'x'), info('I'),
    update('I', subjects=['i.>'], retention='interest'), info('I'),
    update('I', subjects=['i.>'], retention='workqueue'),
    stream('D', subjects=['d.>'], discard='new', max_msgs=2), ('d.a', '1'), ('d.a', '2'),
    ('d.a', '3'), info('D'),
    stream('P', subjects=['p.>'], discard='new', max_msgs_per_subject=1,
           discard_new_per_subject=True), ('p.a', '1'), ('p.a', '2'), ('p.b', '1'), info('P'),
    stream('Q', subjects=['q.>'], discard='old', max_msgs_per_subject=1,
           discard_new_per_subject=True),
    stream('Q', subjects=['q.>'], discard='new', discard_new_per_subject=True),
    stream('R', subjects=['r.>'], max_msgs_per_subject=2), ('r.a', '1'), ('r.a', '2'),
    ('r.a', '3'), (S + 'INFO.R', {'subjects_filter': '>', 'deleted_details': True}),
    stream('B', subjects=['b.>'], max_bytes=200), ('b.a', 'x' * 100), ('b.a', 'x' * 100),
    ('b.a', 'x' * 300), info('B'),
    stream('Z', subjects=['z'], max_msg_size=5), ('z', '123456'), ('z', '12345'),
    stream('K', subjects=['k'], max_consumers=1), consumer('K', 'a'), consumer('K', 'b'),
    stream('M', subjects=['m.>'], storage='memory', allow_direct=True), ('m.a', 'x'), info('M'),
    stream('N', subjects=['n'], no_ack=True), ('n', 'x', 'Nats-Msg-Id: 1'), info('N'),
    stream('PL', subjects=['pl'], placement={'cluster': 'x', 'tags': ['a']}), info('PL'),
    stream('F', subjects=['f'], first_seq=100), ('f', 'x'), info('F'),
    (S + 'MSG.GET.F', {'seq': 1}), (S + 'PURGE.F', {'seq': 200}), ('f', 'y'), info('F'),
    stream('X', subjects=['x.*'], subject_transform={'src': 'x.*', 'dest': 'y.{{wildcard(1)}}'}),
    ('x.a', 'x'), (S + 'MSG.GET.X', {'seq': 1}), (S + 'INFO.X', {'subjects_filter': '>'}),
    stream('X2', subjects=['x2'], subject_transform={'src': 'x2', 'dest': 'a.{{wildcard(1)}}'}),
    stream('X3', subjects=['x3.*'], subject_transform={'src': 'other', 'dest': 'a'}),
    update('X', subjects=['x.*'], subject_transform={'src': 'x.*', 'dest': 'z.{{wildcard(1)}}'}),
    ('x.a', 'x'), (S + 'MSG.GET.X', {'seq': 2}),
    stream('RP', subjects=['rp.*'], republish={'src': 'rp.*', 'dest': 'out.{{wildcard(1)}}',
                                               'headers_only': True}), info('RP'),
    stream('RQ', subjects=['rq.*'], republish={'src': 'rq.*', 'dest': 'rq.x'}),
    stream('RR', subjects=['rr.*'], republish={'src': 'no', 'dest': 'out'}),
    update('RP', subjects=['rp.*'], republish={'src': '>', 'dest': 'o.>'}),
    update('RP', subjects=['rp.*']),
    stream('C', subjects=['c'], compression='s2'), info('C'),
    update('C', subjects=['c'], compression='none'),
    stream('CX', subjects=['cx'], compression='zip'),
    stream('L', subjects=['l'], consumer_limits={'inactive_threshold': SECOND,
                                                 'max_ack_pending': 5}),
    consumer('L', 'a', inactive_threshold=2 * SECOND), consumer('L', 'a', inactive_threshold=0),
    consumer('L', 'b', inactive_threshold=SECOND, ack_policy='explicit', max_ack_pending=6),
    stream('MD', subjects=['md'], metadata={'a': 'b', '_nats.req.level': '9', '_nats.x': 'y'}),
    stream('MD2', subjects=['md2'], metadata={'a': 'b' * 131073}),
    stream('DE', subjects=['de'], description='d' * 4097),
    consumer('MD', 'c', metadata={'k': 'v', '_nats.level': '9'}), (C + 'INFO.MD.c', ''),
    (C + 'LIST.MD', ''), (S + 'LIST', {'subject': 'md'}),
    stream('SE', subjects=['se'], deny_delete=True, deny_purge=True), ('se', 'x'),
    (S + 'MSG.DELETE.SE', {'seq': 1}), (S + 'PURGE.SE', ''),
    ('se', 'x', 'Nats-Rollup: all'), update('SE', subjects=['se'], deny_delete=False),
    ('r.a', 'x', 'Nats-Expected-Last-Subject-Sequence: 3\r\n'
     'Nats-Expected-Last-Subject-Sequence-Subject: r.>'),
    ('r.a', 'x', 'Nats-Expected-Last-Subject-Sequence: 9\r\n'
     'Nats-Expected-Last-Subject-Sequence-Subject: r.>'),
    ('r.a', 'x', 'Nats-Expected-Last-Subject-Sequence-Subject: r.>'),
    ('r.b', 'x', 'Nats-Expected-Last-Subject-Sequence: 0\r\n'
     'Nats-Expected-Last-Subject-Sequence-Subject: other.>'),
    (S + 'MSG.GET.R', {'start_time': '2020-01-01T00:00:00Z'}),
    (S + 'MSG.GET.R', {'start_time': '2100-01-01T00:00:00Z'}),
    (S + 'MSG.GET.R', {'start_time': '2020-01-01T00:00:00Z', 'next_by_subj': 'r.b'}),
    (S + 'MSG.GET.R', {'seq': 4, 'no_hdr': True}), (S + 'MSG.GET.R', {'seq': 3, 'batch': 2}),
    (S + 'MSG.DELETE.R', {'seq': 3, 'no_erase': True}),
    (S + 'MSG.DELETE.R', {'seq': 4, 'no_erase': False}),
    stream('AS', subjects=['as'], persist_mode='async'), ('as', 'x'), info('AS'),
    stream('AT', subjects=['at'], persist_mode='async', allow_atomic=True),
    stream('AN', subjects=['an'], persist_mode='nope'),
    (S + 'TEMPLATE.CREATE.T', {'name': 'T'}), (S + 'TEMPLATE.NAMES', ''),
    stream('DD', subjects=['dd'], duplicate_window=50 * MS),
    stream('DD', subjects=['dd'], duplicate_window=-1),
    stream('DD', subjects=['dd'], duplicate_window=5 * SECOND, max_age=SECOND),
    stream('AG', subjects=['ag'], max_age=SECOND), info('AG'),
    stream('TT', subjects=['tt'], subject_delete_marker_ttl=SECOND), info('TT'),
    stream('TU', subjects=['tu'], subject_delete_marker_ttl=SECOND // 2),
    stream('TV', subjects=['tv'], subject_delete_marker_ttl=-1),
    ('tt', 'x', 'Nats-TTL: never'), ('tt', 'x', 'Nats-TTL: 0'), ('tt', 'x', 'Nats-TTL: 500ms'),
    ('tt', 'x', 'Nats-TTL: -1'), ('tt', 'x', 'Nats-TTL: 1h'), ('tt', 'x', 'Nats-TTL: 1x'),
]

# A mirror names those that have the same, and so does what is mirrored.
ALTERNATES = [
    stream('O', subjects=['o.>', 'q'], allow_direct=True),
    stream('M1', mirror={'name': 'O'}, mirror_direct=True), info('M1'), info('O'),
    stream('M2', mirror={'name': 'O', 'subject_transforms': [{'src': 'o.a', 'dest': ''}]}),
    info('M2'), info('M1'), info('O'),
    stream('M3', mirror={'name': 'O', 'subject_transforms': [{'src': 'o.b', 'dest': 'x'}]}),
    info('O'), info('M3'),
    stream('M4', mirror={'name': 'M1'}), info('M4'), info('M1'), info('O'),
    stream('S1', sources=[{'name': 'O'}], subjects=['s']), info('S1'), info('O'),
    update('S1', sources=[{'name': 'O'}], subjects=['s']), update('O', subjects=['o.>']),
    (S + 'LIST', ''), (S + 'DELETE.M2', ''), info('O'),
]

TRANSFORMS = [{'src': 'o.a', 'dest': 'x.a'}, {'src': 'o.b', 'dest': 'x.b'}]

FED = [
    stream('O', subjects=['o.>']),
    stream('A', mirror={'name': 'O', 'subject_transforms': TRANSFORMS}),
    stream('B', mirror={'name': 'O', 'subject_transforms': TRANSFORMS, 'filter_subject': 'o.a'}),
    stream('C', mirror={'name': 'O', 'subject_transforms': [{'src': 'o.>', 'dest': ''}]}),
    stream('D', mirror={'name': 'O', 'subject_transforms': [
        {'src': 'o.a', 'dest': 'x'}, {'src': 'o.*', 'dest': 'y.{{wildcard(1)}}'}]}),
    stream('E', sources=[{'name': 'O', 'subject_transforms': TRANSFORMS}]),
    stream('F', sources=[{'name': 'O', 'subject_transforms': TRANSFORMS, 'filter_subject': 'o'}]),
    stream('G', sources=[{'name': 'O', 'subject_transforms': [
        {'src': 'o.*', 'dest': 'y.{{wildcard(2)}}'}]}]),
    stream('H', sources=[{'name': 'O', 'filter_subject': 'o.a'},
                         {'name': 'O', 'filter_subject': 'o.b'}]),
    stream('I', sources=[{'name': 'O', 'filter_subject': 'o.a'},
                         {'name': 'O', 'filter_subject': 'o.a'}]),
    stream('J', mirror={'name': 'O'}, subjects=['j']),
    stream('J', mirror={'name': 'O'}, sources=[{'name': 'O'}]),
    stream('J', mirror={'name': 'O'}, first_seq=5),
    stream('J', mirror={'name': 'O'}, subject_transform={'src': '>', 'dest': 'a.>'}),
    stream('J', mirror={'name': 'O', 'opt_start_seq': 5}),
    stream('J2', mirror={'name': 'O', 'opt_start_seq': 5,
                         'opt_start_time': '2020-01-01T00:00:00Z'}),
    stream('J3', mirror={'name': 'J3'}), stream('J4', sources=[{'name': 'J4'}]),
    stream('K', mirror={'name': 'O', 'external': {'api': '$JS.x.API', 'deliver': 'd'}}),
    stream('K2', mirror={'name': 'O', 'external': {'api': 'o.>'}}),
    stream('K3', mirror={'name': 'O', 'domain': 'x'}),
    stream('K4', sources=[{'name': 'O', 'domain': 'x', 'external': {'api': 'y'}}]),
    update('A', mirror={'name': 'O'}), update('A', mirror={'name': 'B'}),
    update('J', subjects=['j'], allow_direct=True), ('j', 'x'), info('J'),
    update('J', mirror={'name': 'O'}),
    update('E', sources=[], subjects=['e']), info('E'),
    update('H', sources=[{'name': 'O', 'filter_subject': 'o.c'}]), info('H'),
    stream('W', subjects=['w.>'], retention='workqueue'),
    stream('W1', sources=[{'name': 'W'}]), stream('W2', mirror={'name': 'W'}),
    stream('MD', mirror={'name': 'O'}, mirror_direct=True),
    stream('MD2', subjects=['md2'], mirror_direct=True),
    ('o.a', 'x'), ('$JS.API.DIRECT.GET.O', {'seq': 1}),
]

# What would be changed is refused.
PEDANTRY = [
    stream('S', subjects=['s.>'], **PEDANTIC),
] + [stream('T', subjects=['t'], **PEDANTIC, **{field: -5})
     for field in ('max_msgs', 'max_msgs_per_subject', 'max_bytes', 'max_msg_size',
                   'max_consumers')] + [
    stream('T', subjects=['t'], subject_delete_marker_ttl=SECOND, **PEDANTIC),
    stream('T', subjects=['t'], subject_delete_marker_ttl=SECOND, allow_msg_ttl=True, **PEDANTIC),
    stream('T', subjects=['t'], subject_delete_marker_ttl=SECOND, allow_msg_ttl=True,
           allow_rollup_hdrs=True, deny_purge=True, **PEDANTIC),
    stream('T', subjects=['t'], allow_msg_schedules=True, **PEDANTIC),
    stream('T', subjects=['t'], republish={'src': '', 'dest': 'r'}, **PEDANTIC),
    stream('T', subjects=['t'], republish={'dest': 'r.>'}, **PEDANTIC),
    stream('T', subjects=['t'], subject_transform={'src': 't', 'dest': 'u'},
           republish={'src': '>', 'dest': '>'}, **PEDANTIC),
    stream('T', subjects=['t'], max_age=SECOND, **PEDANTIC),
    stream('T', subjects=['t'], max_msgs_per_subject=1, allow_direct=False, **PEDANTIC),
    stream('U', subjects=['u'], max_msgs_per_subject=1, **PEDANTIC),
    stream('V', mirror={'name': 'S'}, mirror_direct=False, **PEDANTIC),
    stream('V2', mirror={'name': 'U'}, **PEDANTIC),
    stream('V3', mirror={'name': 'U'}, mirror_direct=True, **PEDANTIC),
    stream('V4', mirror={'name': 'S'}, mirror_direct=True, **PEDANTIC),
    stream('X', **PEDANTIC), stream('X2', subjects=['x2'], num_replicas=0, **PEDANTIC),
    stream('X3', subjects=['x3'], metadata={'_nats.req.level': '0'}, **PEDANTIC),
    stream('X4', subjects=['x4'], allow_msg_counter=True, **PEDANTIC),
    stream('X5', sources=[{'name': 'S', 'consumer': {'name': 'c', 'deliver_subject': 'x5'}}],
           **PEDANTIC),
    update('S', subjects=['s.>'], max_msgs=-5, **PEDANTIC),
    update('S', subjects=['s.>'], allow_msg_schedules=True, **PEDANTIC),
    (S + 'INFO.S', dict(PEDANTIC)), (S + 'DELETE.S', dict(PEDANTIC)),
] + [consumer('S', 'c', PEDANTIC, **{'ack_policy': 'explicit', field: value})
     for field, value in (
         ('max_deliver', -5), ('max_waiting', -1), ('max_ack_pending', -5), ('max_batch', -1),
         ('max_expires', -1), ('max_bytes', -1), ('idle_heartbeat', -1),
         ('inactive_threshold', -1), ('priority_timeout', -1), ('backoff', [SECOND, 2 * SECOND]),
         ('ack_wait', -1), ('ack_wait', 0), ('max_deliver', 0), ('max_waiting', 0),
         ('num_replicas', -1), ('num_replicas', 1), ('filter_subjects', ['s.a']),
         ('filter_subject', 's.>'), ('rate_limit_bps', 0), ('sample_freq', '%'))] + [
    consumer('S', 'd', PEDANTIC, backoff=[SECOND, 2 * SECOND], max_deliver=3,
             ack_policy='explicit', ack_wait=5 * SECOND),
    consumer('S', 'e', PEDANTIC, backoff=[SECOND, 2 * SECOND], max_deliver=3,
             ack_policy='explicit', ack_wait=SECOND),
    consumer('S', 'f', PEDANTIC, ack_policy='none', backoff=[SECOND], max_deliver=2),
    consumer('S', 'g', PEDANTIC, deliver_policy='last_per_subject'),
    consumer('S', 'h', PEDANTIC, deliver_subject='d', ack_policy='flow_control',
             flow_control=True, idle_heartbeat=SECOND),
    consumer('S', 'i', PEDANTIC, deliver_subject='d', ack_policy='flow_control'),
    consumer('S', 'j', PEDANTIC, deliver_subject='d', ack_policy='none', max_ack_pending=5),
    stream('L', subjects=['l'], consumer_limits={'inactive_threshold': SOON,
                                                 'max_ack_pending': 5}),
    consumer('L', 'a', PEDANTIC, inactive_threshold=0, ack_policy='explicit'),
    consumer('L', 'b', PEDANTIC, ack_policy='explicit'),
    consumer('L', 'c', PEDANTIC, ack_policy='explicit', max_ack_pending=5),
    stream('P', subjects=['p'], **dict(PEDANTIC, pedantic='x')),
]

# Unknown fields, anywhere.
STRICTNESS = [
    stream('S', subjects=['s.>'], nope=1), stream('S', subjects=['s.>']), ('s.a', 'x'),
    stream('T', subjects=['t'], placement={'x': 1}), stream('T', subjects=['t'], republish={'x': 1}),
    stream('T', mirror={'name': 'S', 'x': 1}), stream('T', sources=[{'name': 'S', 'x': 1}]),
    stream('T', mirror={'name': 'S', 'external': {'x': 1}}),
    stream('T', subjects=['t'], consumer_limits={'x': 1}),
    stream('T', subjects=['t'], subject_transform={'x': 1}),
    stream('T', subjects=['t'], Max_Msgs=4), stream('T', subjects=5), stream('T', subjects=[5]),
    stream('T', max_msgs='5'), stream('T', max_msgs=1.5), stream('T', max_age='1s'),
    stream('T', num_replicas=-1), stream('T', num_replicas=6), stream('T', sealed='yes'),
    stream('T', metadata={'a': 5}), stream('T', max_msgs=2 ** 63), stream('T', first_seq=-1),
    stream('T', max_msg_size=2 ** 31), stream('T', discard='NEW'), stream('T', storage='File'),
    stream('T', retention='Limits'), (S + 'CREATE.Y', '{"name":"Y","subjects":["y"]} x'),
    (S + 'CREATE.Y', '{"name":"Y","name":"Y","subjects":["y"]}'), (S + 'CREATE.Y', '[]'),
    consumer('S', 'c', nope=1), consumer('S', 'c', {'nope': 1}),
    consumer('S', 'c', ack_policy='ALL'), consumer('S', 'c', replay_policy='x'),
    consumer('S', 'c', deliver_policy='x'), consumer('S', 'c', backoff='x'),
    consumer('S', 'c', max_deliver=1.5), consumer('S', 'c', filter_subjects='s.a'),
    consumer('S', 'c', opt_start_seq=-1), consumer('S', 'c', priority_policy='x'),
    (S + 'MSG.GET.S', {'x': 1, 'seq': 1}), (S + 'MSG.DELETE.S', {'x': 1, 'seq': 1}),
    (S + 'PURGE.S', {'x': 1}), (C + 'PAUSE.S.c', {'x': 1}),
    (C + 'NAMES.S', {'offset': 0, 'x': 1}), (S + 'INFO.S', {'offset': -1}),
]

# Of consumers: caps, groups, and what is reset.
CONSUMERS = [
    stream('S', subjects=['s.>'], allow_direct=True),
] + [('s.' + c, c) for c in 'abcab'] + [
    consumer('S', 'caps', max_batch=3, max_expires=SECOND, max_bytes=100, max_waiting=4),
    (C + 'INFO.S.caps', ''), consumer('S', 'caps', max_expires=MS),
    consumer('S', 'exp', max_expires=MS // 2), consumer('S', 'push', deliver_subject='d',
                                                        max_batch=4),
    consumer('S', 'push', deliver_subject='d', max_waiting=4),
    consumer('S', 'push', deliver_subject='d', max_expires=SECOND),
    consumer('S', 'push', deliver_subject='d', max_bytes=5),
    consumer('S', 'push', deliver_subject='d', flow_control=True),
    consumer('S', 'push', deliver_subject='d', idle_heartbeat=MS),
    consumer('S', 'push', deliver_subject='d', idle_heartbeat=SECOND, flow_control=True),
    (C + 'MSG.NEXT.S.push', ''), (C + 'INFO.S.push', ''),
    consumer('S', 'pull', flow_control=True), consumer('S', 'pull', idle_heartbeat=SECOND),
    consumer('S', 'pull', rate_limit_bps=1000), consumer('S', 'pull', deliver_group='g'),
    consumer('S', 'rate', deliver_subject='d', rate_limit_bps=1000),
    consumer('S', 'replay', replay_policy='original'),
    consumer('S', 'sampled', sample_freq='50%', ack_policy='explicit'),
    consumer('S', 'bad', sample_freq='x', ack_policy='explicit'),
    consumer('S', 'bad', backoff=[SECOND, SECOND]),
    consumer('S', 'bad', backoff=[SECOND, SECOND], max_deliver=2, ack_policy='explicit'),
    consumer('S', 'last', deliver_policy='last_per_subject'),
    consumer('S', 'last2', deliver_policy='last_per_subject', filter_subjects=['s.a', 's.b']),
    consumer('S', 'last3', deliver_policy='last', filter_subject='s.a'),
    consumer('S', 'seq', deliver_policy='by_start_sequence', opt_start_seq=3),
    consumer('S', 'seq0', deliver_policy='by_start_sequence', opt_start_seq=0),
    consumer('S', 'time', deliver_policy='by_start_time', opt_start_time='2020-01-01T00:00:00Z'),
    consumer('S', 'none', deliver_policy='new', opt_start_seq=1),
    consumer('S', 'mem', mem_storage=True, num_replicas=1, durable_name='mem'),
    consumer('S', 'three', num_replicas=3), consumer('S', 'heads', headers_only=True),
    consumer('S', 'dur', durable_name='dur', inactive_threshold=SOON),
    consumer('S', 'dur', durable_name='other'),
    (C + 'CREATE.S.s1.s.a', {'stream_name': 'S', 'config': {
        'name': 's1', 'filter_subject': 's.a', 'inactive_threshold': SOON}}),
    (C + 'CREATE.S.s2.s.a', {'stream_name': 'S', 'config': {
        'name': 's2', 'filter_subjects': ['s.a', 's.b'], 'inactive_threshold': SOON}}),
    consumer('S', 'both', filter_subject='s.a', filter_subjects=['s.b']),
    consumer('S', 'empty', filter_subjects=['s.a', '']),
    # groups
    consumer('S', 'g1', priority_policy='overflow', priority_groups=['g']),
    consumer('S', 'g2', priority_policy='overflow'),
    consumer('S', 'g3', priority_groups=['g']),
    consumer('S', 'g4', priority_policy='overflow', priority_groups=['g', 'h']),
    consumer('S', 'g5', priority_policy='overflow', priority_groups=['']),
    consumer('S', 'g6', priority_policy='overflow', priority_groups=['g'], deliver_subject='d'),
    consumer('S', 'g7', priority_policy='pinned_client', priority_groups=['g'],
             ack_policy='explicit'),
    consumer('S', 'g8', priority_policy='pinned_client', priority_groups=['g'],
             ack_policy='none'),
    consumer('S', 'g9', priority_policy='prioritized', priority_groups=['g']),
    consumer('S', 'ga', priority_policy='overflow', priority_groups=['g'],
             priority_timeout=SECOND),
    consumer('S', 'gb', priority_policy='pinned_client', priority_groups=['g'],
             priority_timeout=SECOND, ack_policy='explicit'), (C + 'INFO.S.gb', ''),
    (C + 'MSG.NEXT.S.g1', {'batch': 1, 'no_wait': True}),
    (C + 'MSG.NEXT.S.g1', {'batch': 1, 'no_wait': True, 'group': 'x'}),
    (C + 'MSG.NEXT.S.g1', {'batch': 1, 'no_wait': True, 'group': 'g', 'min_pending': 9}),
    (C + 'MSG.NEXT.S.g1', {'batch': 1, 'no_wait': True, 'group': 'g', 'priority': 3}),
    (C + 'MSG.NEXT.S.g9', {'batch': 1, 'no_wait': True, 'group': 'g', 'priority': 10}),
    (C + 'MSG.NEXT.S.g9', {'batch': 1, 'no_wait': True, 'group': 'g', 'min_pending': 1}),
    (C + 'MSG.NEXT.S.g7', {'batch': 1, 'no_wait': True, 'group': 'g', 'id': 'x'}),
    (C + 'UNPIN.S.g1', {'group': 'g'}), (C + 'UNPIN.S.g7', {'group': 'g'}),
    # pause
    consumer('S', 'p', pause_until='2100-01-01T00:00:00Z'), (C + 'INFO.S.p', ''),
    (C + 'MSG.NEXT.S.p', {'batch': 1, 'no_wait': True}),
    (C + 'PAUSE.S.p', {}), (C + 'INFO.S.p', ''),
    consumer('S', 'p', pause_until='2100-01-01T00:00:00Z'), (C + 'LIST.S', ''),
    # reset
    consumer('S', 'r1', ack_policy='explicit', deliver_policy='by_start_sequence',
             opt_start_seq=3),
    (C + 'RESET.S.r1', {'seq': 2}), (C + 'RESET.S.r1', {'seq': 4}), (C + 'RESET.S.r1', ''),
    (C + 'RESET.S.last', {'seq': 4}), (C + 'RESET.S.seq', {'seq': 1}),
    (C + 'RESET.S.time', {'seq': 1}), (C + 'RESET.S.push', {'seq': 2}),
    (C + 'RESET.S.none', {'seq': 2}), (C + 'RESET.X.none', {'seq': 2}),
    (C + 'CREATE.S', {'stream_name': 'S', 'config': {'durable_name': 'x'}}),
    (C + 'DURABLE.CREATE.S.y', {'stream_name': 'S', 'config': {'durable_name': 'z'}}),
    (C + 'NAMES.S', {'offset': 5}), (C + 'NAMES.S', {'offset': 500}),
    (C + 'LIST.S', {'offset': 500}),
]

# As the clients make them.
BUCKETS = [
    ('$JS.API.INFO', ''),
    stream('KV_b', subjects=['$KV.b.>'], max_msgs_per_subject=5, discard='new',
           allow_rollup_hdrs=True, deny_delete=True, allow_direct=True, max_msgs=-1,
           max_bytes=-1, max_age=0, max_msg_size=-1, max_consumers=-1, num_replicas=1,
           duplicate_window=120 * SECOND, allow_msg_ttl=True,
           subject_delete_marker_ttl=60 * SECOND),
    ('$KV.b.k', 'v', 'Nats-Expected-Last-Subject-Sequence: 0'),
    ('$KV.b.k', 'v', 'Nats-Expected-Last-Subject-Sequence: 0'), ('$KV.b.k', 'w'),
    ('$KV.b.k', '', 'KV-Operation: DEL'), ('$JS.API.DIRECT.GET.KV_b.$KV.b.k', ''),
    ('$KV.b.k', '', 'KV-Operation: PURGE\r\nNats-Rollup: sub'),
    ('$KV.b.k', '', 'KV-Operation: PURGE\r\nNats-Rollup: sub\r\nNats-TTL: 1h'),
    info('KV_b'), (S + 'NAMES', {'subject': '$KV.b.>'}), (S + 'LIST', {'subject': '$KV.*.>'}),
    stream('OBJ_o', subjects=['$O.o.C.>', '$O.o.M.>'], allow_rollup_hdrs=True, allow_direct=True,
           discard='new'),
    ('$O.o.C.n', 'chunk'), ('$O.o.M.bmFtZQ==', '{"name":"name"}', 'Nats-Rollup: sub'),
    ('$O.o.M.bmFtZQ==', '{"name":"name","x":1}', 'Nats-Rollup: sub'),
    ('$JS.API.DIRECT.GET.OBJ_o.$O.o.M.bmFtZQ==', ''), (S + 'PURGE.OBJ_o', {'filter': '$O.o.C.n'}),
    (S + 'INFO.OBJ_o', {'subjects_filter': '>'}),
    stream('A1', subjects=['$JS.>']), stream('A2', subjects=['$JS.API.>']),
    stream('A3', subjects=['$SYS.>']), stream('A4', subjects=['$JS.EVENT.none']),
    stream('A5', subjects=['$JSC.>']), stream('A6', subjects=['*'], no_ack=True),
]

# Limits of the server.
LIMITED = ('limits { max_ack_pending: 10, max_request_batch: 5, duplicate_window: 10s,'
           ' batch { max_inflight_per_stream: 1, max_inflight_total: 2, max_msgs: 3 } }'
           ', max_mem: 1000000, max_file: 1000000', [
               ('$JS.API.INFO', ''),
               stream('S', subjects=['s.>'], allow_atomic=True), info('S'),
               stream('T', subjects=['t'], duplicate_window=11 * SECOND),
               update('S', subjects=['s.>'], duplicate_window=11 * SECOND),
               stream('F', subjects=['f'], max_bytes=1000001),
               stream('F', subjects=['f'], max_bytes=900000),
               stream('G', subjects=['g'], max_bytes=900000), ('$JS.API.INFO', ''),
               stream('M', subjects=['m'], max_bytes=1000001, storage='memory'),
               consumer('S', 'a', ack_policy='explicit'),
               consumer('S', 'b', ack_policy='explicit', max_ack_pending=11),
               consumer('S', 'c', ack_policy='explicit', max_ack_pending=-1),
               consumer('S', 'd', max_batch=6), consumer('S', 'e', max_batch=5),
               consumer('S', 'f', {'pedantic': True}), consumer('S', 'g', {'pedantic': True},
                                                                max_batch=5),
               ('s.a', 'x', 'Nats-Batch-Id: x\r\nNats-Batch-Sequence: 1'),
               ('s.a', 'x', 'Nats-Batch-Id: y\r\nNats-Batch-Sequence: 1'),
               ('s.a', 'x', 'Nats-Batch-Id: x\r\nNats-Batch-Sequence: 2'),
               ('s.a', 'x', 'Nats-Batch-Id: x\r\nNats-Batch-Sequence: 3'),
               ('s.a', 'x', 'Nats-Batch-Id: x\r\nNats-Batch-Sequence: 4'),
           ])

LENIENT = ('strict: false', STRICTNESS)

MOMENTS = [
    stream('S', subjects=['s'], max_msg_size=-2**63), stream('S', subjects=['s'])] + [
        consumer('S', 'c%d' % i, ack_policy='explicit', deliver_policy='by_start_time',
                 opt_start_time=when) for i, when in enumerate(
                     ('2030-01-02t03:04:05z', '2030M01-02T03:04:05Z', '2030-01-02T03Z04:05Z',
                      '2030-02-29T03:04:05Z', '2028-02-29T03:04:05Z', '2030-04-31T03:04:05Z',
                      '2030-01-02T24:00:00Z', '2030-01-02T23:60:00Z', '2030-01-02T23:59:60Z',
                      '2030-00-02T00:00:00Z', '2030-13-02T00:00:00Z', '2030-01-00T00:00:00Z',
                      '2030-01-02T00:00:00+25:00', '2030-01-02T00:00:00', '2030-01-02'))]


def never_used(storage):
    """Purged and deleted from before anything came, and after."""
    rows = []
    for n, purge in enumerate(('', {'seq': 0}, {'seq': 1}, {'keep': 1}, {'filter': 'q'},
                               {'seq': 5})):
        name = 'E%d' % n
        rows += [stream(name, subjects=[name], storage=storage), info(name),
                 (S + 'MSG.DELETE.' + name, {'seq': 1}), (S + 'PURGE.' + name, purge), info(name),
                 (S + 'MSG.DELETE.' + name, {'seq': 0}), (S + 'MSG.DELETE.' + name, {'seq': 1}),
                 (name, '1'), (name, '2'), (name, '3'), info(name)]
    for seq in (2, 2, 1, 1, 3, 3, 4):
        rows += [(S + 'MSG.DELETE.E0', {'seq': seq}), info('E0')]
    rows += [(S + 'PURGE.E1', ''), (S + 'MSG.DELETE.E1', {'seq': 3}), info('E1'),
             (S + 'MSG.DELETE.E5', {'seq': 1}), (S + 'MSG.DELETE.E5', {'seq': 4}),
             stream('F', subjects=['f'], storage=storage, first_seq=10), (S + 'PURGE.F', ''),
             info('F'), (S + 'MSG.DELETE.F', {'seq': 9}), (S + 'MSG.DELETE.F', {'seq': 10})]
    return rows


SETS = [KEEPING, ALTERNATES, FED, PEDANTRY, STRICTNESS, CONSUMERS, BUCKETS,
        MOMENTS, never_used('file'), never_used('memory')]
CONFIGURED = [LIMITED, LENIENT]
