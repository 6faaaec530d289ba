"""test/js/rows_requests.py - what test/js/compare asks that is malformed, empty,
null or out of range.

Rows as in rows_publish.py.
"""
S, C = '$JS.API.STREAM.', '$JS.API.CONSUMER.'
SOON = 600000000000


def consumer(name, **config):
    return (C + 'CREATE.S.' + name, {'stream_name': 'S', 'config': dict(
        config, name=name, inactive_threshold=SOON)})


def pause(text):
    return (C + 'PAUSE.S.c', text)


def unpin(text, of='S.c'):
    return (C + 'UNPIN.' + of, text)


def reset(text):
    return (C + 'RESET.S.c', text)


MALFORMED = [
    (S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>']}), ('s.a', 'x'),
    # null
    (S + 'CREATE.T', 'null'), (S + 'UPDATE.S', 'null'), (S + 'INFO.S', 'null'),
    (S + 'NAMES', 'null'), (S + 'DELETE.T', 'null'), (S + 'PURGE.T', 'null'),
    (S + 'MSG.GET.S', 'null'), (S + 'MSG.GET.S', '5'), (S + 'INFO.S', '5'),
    (S + 'INFO.S', '[1]'), (S + 'DELETE.S', '[]'), (S + 'NAMES', '5'),
    (S + 'MSG.DELETE.S', '{}'), (S + 'MSG.DELETE.S', '{"no_erase":true}'),
    (S + 'MSG.DELETE.S', '5'), (C + 'CREATE.S.c', 'null'),
    (S + 'CREATE.U', {'name': 'U', 'retention': None}),
    (S + 'CREATE.U', {'name': 'U', 'storage': None}),
    (S + 'CREATE.U', {'name': 'U', 'discard': None}),
    (S + 'CREATE.U', {'name': 'U', 'persist_mode': None}),
    (S + 'CREATE.U', {'name': 'U', 'compression': None}),
    (S + 'CREATE.U', {'name': 'U', 'subjects': None, 'max_age': None, 'mirror': None}),
    consumer('d', ack_policy=None), consumer('d', deliver_policy=None),
    consumer('d', replay_policy=None),
    consumer('d', priority_policy=None), (C + 'CREATE.S.d', {'stream_name': 'S',
                                                              'config': None}),
    # names
    (S + 'UPDATE.S', {'name': 'X'}), (S + 'UPDATE.S', {'name': 'X', 'subjects': ['a..b']}),
    (S + 'CREATE.S', {'name': 'X', 'subjects': ['a..b']}), (S + 'UPDATE.S', {}),
    (S + 'CREATE.S', {}), (S + 'UPDATE.S', {'name': 'a.b'}), (S + 'UPDATE.S', {'name': 'a/b'}),
    (S + 'UPDATE.Q', {'name': 'Q', 'num_replicas': 3}),
    (S + 'UPDATE.S', {'name': 'S', 'num_replicas': 3}),
    (S + 'CREATE.S', {'name': 'S', 'num_replicas': 3}),
    # times
    consumer('e', deliver_policy='by_start_time', opt_start_time='0001-01-01T00:00:00Z'),
    consumer('f', opt_start_time='0001-01-01T00:00:00Z'),
    consumer('g', pause_until='0001-01-01T00:00:00Z'),
    consumer('h', pause_until='2000-01-01T00:00:00Z'),
    (C + 'CREATE.S.c', {'stream_name': 'S', 'config': {
        'name': 'c', 'durable_name': 'c', 'ack_policy': 'explicit'}}),
    pause('{"pause_until":null}'), pause('{"pause_until":"2000-01-01T00:00:00Z"}'),
    pause('{"pause_until":"0001-01-01T00:00:00Z"}'), pause('5'), pause('x'), pause('[]'),
    pause('null'), pause('{"pause_until":"x"}'), pause('{"pause_until":5}'),
    # groups
    unpin('{"group":"a b"}'), unpin('{"group":"a.b"}'), unpin('{"group":"a*"}'),
    unpin('{"group":"%s"}' % ('a' * 17)), unpin('{"group":""}'), unpin('{"group":5}'),
    unpin('{"group":"a/b_-="}'), unpin('{"group":"a b"}', 'X.c'),
    unpin('{"group":"a b"}', 'S.none'), unpin('x'), unpin('5'), unpin('null'),
    consumer('p', priority_policy='pinned_client', priority_groups=['a b'],
             ack_policy='explicit'),
    consumer('p', priority_policy='pinned_client', priority_groups=['A'],
             ack_policy='explicit'),
    unpin('{"group":"B"}', 'S.p'), unpin('{"group":"A","x":1}', 'S.p'),
    # resets
    reset('{"seq":1}'), reset('{"seq":0}'), reset('{}'), reset(''), reset('null'), reset('5'),
    reset('[]'), reset(' '), reset('x'), reset('{"seq":-1}'), reset('{"seq":"x"}'),
    reset('{"seq":1,"x":2}'), reset('{"seq":9}'),
]


def fed(number, **consumer_config):
    """A mirror, and a stream with one source, by a consumer of that kind."""
    more = consumer_config.pop('more', {})
    origin = dict(more, name='S', consumer=consumer_config)
    return [(S + 'CREATE.M%d' % number, {'name': 'M%d' % number, 'mirror': origin}),
            (S + 'CREATE.N%d' % number, {'name': 'N%d' % number, 'sources': [origin]})]


def two(number, first, second):
    sources = [{'name': 'S', **({'consumer': {'name': name, 'deliver_subject': 'd'}}
                                if name else {})} for name in (first, second)]
    return [(S + 'CREATE.P%d' % number, {'name': 'P%d' % number, 'sources': sources})]


GOOD = {'name': 'x', 'deliver_subject': 'd'}

CONSUMERS = [(S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>']})] + sum((
    fed(1), fed(2, name='x'), fed(3, deliver_subject='d'),
    fed(4, name='a.b', deliver_subject='d'), fed(5, name='a b', deliver_subject='d'),
    fed(6, name='a/b', deliver_subject='d'), fed(7, name='x', deliver_subject='d.*'),
    fed(8, name='x', deliver_subject='d..'), fed(9, **GOOD, z=1),
    fed(10, **GOOD, more={'opt_start_seq': 5}),
    fed(11, **GOOD, more={'opt_start_time': '2020-01-01T00:00:00Z'}),
    fed(12, **GOOD, more={'filter_subject': 's.a'}), fed(13, **GOOD),
    two(1, 'x', 'x'), two(2, 'x', 'y'), two(3, 'x', None), two(4, None, None)), [])


def update(number, before, after):
    """Created, updated and gone again."""
    name = 'U%d' % number
    old, new = ({'name': name, 'subjects': [name + '.*'], **config}
                for config in (before, after))
    return [(S + 'CREATE.' + name, old), (S + 'UPDATE.' + name, new),
            (S + 'INFO.' + name, ''), (S + 'DELETE.' + name, '')]


MARKERS = {'allow_msg_ttl': True, 'subject_delete_marker_ttl': 1000000000}

# What may be set and taken back, or may not.
EITHER_WAY = [
    {'max_consumers': 5}, {'storage': 'memory'}, {'retention': 'workqueue'},
    {'retention': 'interest'}, {'deny_delete': True}, {'deny_purge': True}, MARKERS,
    {'allow_msg_ttl': True}, {'allow_msg_counter': True}, {'allow_msg_schedules': True},
    {'allow_atomic': True}, {'allow_batched': True}, {'persist_mode': 'async'},
    {'compression': 's2'}, {'discard': 'new'}, {'max_msgs_per_subject': 1},
    {'duplicate_window': 1000000000}, {'no_ack': True}, {'allow_direct': True},
    {'mirror_direct': True}, {'description': 'x', 'metadata': {'a': 'b'}},
    {'republish': {'src': '>', 'dest': 'r.>'}}, {'max_bytes': 100}, {'max_msg_size': 5},
    {'placement': {'cluster': 'x'}}, {'consumer_limits': {'max_ack_pending': 5}},
    {'num_replicas': 2}, {'sealed': True}, {'allow_rollup_hdrs': True},
    {'mirror': {'name': 'S'}, 'subjects': []},
]

LIMITS = {'name': 'L', 'subjects': ['l']}

UPDATES = [(S + 'CREATE.S', {'name': 'S', 'subjects': ['s']})] + sum((
    update(2 * i, {}, one) + update(2 * i + 1, one, {})
    for i, one in enumerate(EITHER_WAY)), []) + [
    (S + 'CREATE.L', LIMITS),
    (C + 'CREATE.L.c', {'stream_name': 'L', 'config': {
        'name': 'c', 'durable_name': 'c', 'ack_policy': 'explicit', 'max_ack_pending': 10}}),
    (C + 'CREATE.L.d', {'stream_name': 'L', 'config': {'name': 'd',
                                                        'inactive_threshold': SOON}}),
    (S + 'UPDATE.L', {**LIMITS, 'consumer_limits': {'max_ack_pending': 5}}),
    (S + 'UPDATE.L', {**LIMITS, 'consumer_limits': {'inactive_threshold': 1000000000}}),
    (S + 'UPDATE.L', {**LIMITS, 'consumer_limits': {'max_ack_pending': 10,
                                                    'inactive_threshold': SOON}}),
    (S + 'UPDATE.L', {**LIMITS, 'max_consumers': 1}), (S + 'INFO.L', ''),
    (C + 'LIST.L', ''),
]

SETS = [MALFORMED, CONSUMERS, UPDATES]
