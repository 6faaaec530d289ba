"""test/js/rows_errors.py - each number that the API can answer.

ROWS bring out numbers that no other row brings out; ELSEWHERE says of the rest of
the table of src/js/errors.c which test does, or why a single server never says it.
test/js/compare fails where a number is neither answered in its rows nor here.
"""
S, C = '$JS.API.STREAM.', '$JS.API.CONSUMER.'
SOON = 600000000000


def stream(name, **config):
    return (S + 'CREATE.' + name, dict({'name': name}, **config))


def consumer(of, name, **config):
    return (C + 'CREATE.%s.%s' % (of, name),
            {'stream_name': of, 'config': dict({'name': name, 'inactive_threshold': SOON},
                                               **config)})


def push(of, name, **config):
    return consumer(of, name, deliver_subject='deliver.' + name, **config)


LONG = 'n' * 300
BIG = {'k' * 1000 + str(i): 'v' * 1000 for i in range(100)}
TRANSFORM = {'src': 'a.*', 'dest': 'b.$1'}

STREAMS = [
    stream('S', subjects=['s.>'], max_msg_size=100),
    stream('a/b', subjects=['ab']), stream('a\\b', subjects=['ab']),
    (S + 'CREATE.a/b', {'name': 'a/b'}), (S + 'CREATE.x', {'name': 'a/b'}),
    # mirrors and sources
    stream('M', mirror={'name': 'S'}, max_msg_size=50),
    stream('M', sources=[{'name': 'S'}], max_msg_size=50),
    stream('M', mirror={'name': 'a.b'}), stream('M', sources=[{'name': 'a.b'}]),
    stream('M', mirror={'name': 'S', 'external': {'api': 's.>', 'deliver': 'd'}}),
    stream('M', mirror={'name': 'S', 'external': {'api': 'x', 'deliver': 'd.*'}}),
    stream('M', mirror={'name': 'S', 'external': {'api': '$JS.API', 'deliver': 'd'}}),
    stream('M', sources=[{'name': 'S', 'external': {'api': '$JS.API', 'deliver': 'd'}}]),
    stream('M', sources=[{'name': 'S', 'external': {'api': 'x', 'deliver': 'd.>'}}]),
    stream('C', subjects=['c.>']),
    stream('M', sources=[{'name': 'C'}, {'name': 'S', 'external': {'api': 'x', 'deliver': 'c'}}]),
    stream('M', sources=[{'name': 'C'}, {'name': 'S', 'external': {'api': 'x', 'deliver': 'c.d'}}]),
    stream('M', subjects=['m.>'], sources=[{'name': 'S', 'external': {'api': 'x',
                                                                      'deliver': 'm.x'}}]),
    (S + 'DELETE.M', ''),
    stream('M', subjects=['x.y'], sources=[{'name': 'S', 'external': {'api': 'x.y',
                                                                      'deliver': 'd'}}]),
    (S + 'DELETE.M', ''),
    stream('M', sources=[{'name': 'S', 'subject_transforms': [{'src': 'a..b', 'dest': 'b'}]}]),
    stream('M', sources=[{'name': 'S', 'subject_transforms': [TRANSFORM, TRANSFORM]}]),
    stream('M', sources=[{'name': 'S', 'subject_transforms': [{'src': 'a', 'dest': 'b.$1'}]}]),
    stream('M', mirror={'name': 'S', 'subject_transforms': [{'src': 'a..b', 'dest': 'b'}]}),
    stream('M', mirror={'name': 'S', 'subject_transforms': [{'src': 'a', 'dest': 'b.$1'}]}),
    stream('M', mirror={'name': 'S', 'subject_transforms': [TRANSFORM, TRANSFORM]}),
    stream('M', mirror={'name': 'S', 'opt_start_seq': 5,
                        'opt_start_time': '2030-01-01T00:00:00Z'}),
    stream('M', mirror={'name': 'S', 'filter_subject': 's.a'}, subjects=['q']),
    stream('M', subjects=['m'], subject_transform={'src': 'a..b', 'dest': 'b'}),
    stream('M', mirror={'name': 'S'}, allow_msg_counter=True),
    stream('M', mirror={'name': 'S'}, allow_msg_schedules=True),
    stream('M', sources=[{'name': 'S'}], allow_msg_schedules=True),
    stream('M', mirror={'name': 'S'}, allow_atomic=True),
    stream('M', mirror={'name': 'S'}, allow_batched=True),
    stream('M', sources=[{'name': 'S', 'consumer': {'name': 'x', 'deliver_subject': 'y'}},
                         {'name': 'S', 'consumer': {'name': 'x', 'deliver_subject': 'y'}}]),
    stream('M', subjects=['m'], metadata=BIG), stream('M', description='x' * 5000),
    # headers beyond 64k
    stream('H', subjects=['h']), ('h', '', 'A: ' + 'x' * 66000), ('h', '', 'A: ' + 'x' * 65000),
]

CONSUMERS = [
    stream('S', subjects=['s.>']), stream('W', subjects=['w.>'], retention='workqueue'),
    stream('I', subjects=['i.>'], retention='interest'),
    # names
    (C + 'CREATE.S.a/b', {'stream_name': 'S', 'config': {'name': 'a/b'}}),
    (C + 'CREATE.S.a\\b', {'stream_name': 'S', 'config': {'name': 'a\\b'}}),
    consumer('S', LONG, durable_name=LONG), consumer('S', 'x', durable_name='y'),
    (C + 'CREATE.S', {'stream_name': 'S', 'config': {'name': 'a.b'}}),
    (C + 'CREATE.S', {'stream_name': 'S', 'config': {'durable_name': 'd'}}),
    (C + 'DURABLE.CREATE.S', {'stream_name': 'S', 'config': {'durable_name': 'd'}}),
    (C + 'DURABLE.CREATE.S.d', {'stream_name': 'S', 'config': {'durable_name': 'd', 'name': 'e'}}),
    (C + 'DURABLE.CREATE.S.d', {'stream_name': 'S', 'config': {'durable_name': 'd.e'}}),
    (C + 'DURABLE.CREATE.S.d.x', {'stream_name': 'S', 'config': {'durable_name': 'd'}}),
    consumer('S', 'x', description='x' * 5000), consumer('S', 'x', metadata=BIG),
    # delivery
    push('S', 'x', ack_policy='explicit', deliver_group='a b'),
    consumer('S', 'x', deliver_subject='d..x'), consumer('S', 'x', deliver_subject='s.x'),
    consumer('S', 'x', direct=True), push('S', 'x', direct=True, durable_name='x'),
    consumer('S', 'x', max_waiting=-1), consumer('S', 'x', max_batch=-1),
    consumer('S', 'x', backoff=[1000000000, 2000000000], max_deliver=1),
    consumer('S', 'x', backoff=[-1]), consumer('S', 'x', num_replicas=3),
    consumer('I', 'x', num_replicas=1), consumer('S', 'x', priority_timeout=5),
    consumer('S', 'x', ack_policy='nope'), consumer('S', 'x', replay_policy='nope'),
    # flow control as an acknowledgement
    consumer('S', 'x', ack_policy='flow_control'), push('S', 'x', ack_policy='flow_control'),
    push('S', 'x', ack_policy='flow_control', flow_control=True, idle_heartbeat=5000000000,
         max_ack_pending=-1),
    push('S', 'x', ack_policy='flow_control', flow_control=True, idle_heartbeat=5000000000,
         ack_wait=5000000000),
    push('S', 'x', ack_policy='flow_control', flow_control=True, idle_heartbeat=5000000000,
         max_deliver=5),
    # work queues
    consumer('W', 'x', ack_policy='none'), push('W', 'x', ack_policy='none'),
    push('W', 'x', ack_policy='all'), consumer('W', 'x', ack_policy='explicit',
                                               deliver_policy='new'),
    consumer('W', 'one', ack_policy='explicit'), consumer('W', 'two', ack_policy='explicit'),
    (C + 'DELETE.W.one', ''),
    consumer('W', 'one', ack_policy='explicit', filter_subject='w.a'),
    consumer('W', 'two', ack_policy='explicit', filter_subject='w.a'),
    consumer('W', 'two', ack_policy='explicit'),
    # that are there
    push('S', 'p', durable_name='p'), consumer('S', 'p', durable_name='p', deliver_subject='e'),
    (C + 'CREATE.S', {'stream_name': 'S', 'config': {'name': 'p', 'inactive_threshold': SOON}}),
    (C + 'DURABLE.CREATE.S.p', {'stream_name': 'S', 'config': {
        'durable_name': 'p', 'deliver_subject': 'f', 'ack_policy': 'explicit'}}),
    # backups
    (S + 'SNAPSHOT.S', {'deliver_subject': 'a.*'}), (S + 'SNAPSHOT.S', {'chunk_size': 5}),
    (S + 'RESTORE.S', {'config': {'name': 'S'}, 'state': {}}),
]


def reader(name, **config):
    """A consumer that feeds another stream."""
    return push('S', name, ack_policy='none', direct=True, flow_control=True,
                idle_heartbeat=5000000000, sourcing=True, **config)


MESSAGES = [
    stream('S', subjects=['s.>']),
    reader('r') + ('Nats-Stream-Identity: 12345678',),
    # counters
    stream('C', subjects=['c.>'], allow_msg_counter=True), ('c.a', '', 'Nats-Incr: 1'),
    ('c.a', '', 'Nats-Incr: 1\r\nNats-Stream-Source: O 1 > > c.a'),
    ('c.a', 'x', 'Nats-Incr: 1\r\nNats-Stream-Source: O 1 > > c.a'),
    ('c.a', 'x', 'Nats-Stream-Source: O 1 > > c.a'), ('c.a', '', 'Nats-Stream-Source: O 1'),
    ('s.a', 'x', 'Nats-Stream-Source: O 1 > > s.a'), ('s.a', 'x', 'Nats-Stream-Source: x'),
    ('s.a', 'x', 'Nats-Stream-Source: x\r\nNats-Expected-Stream: X'),
    ('s.a', 'x', 'Nats-Msg-Id: 1'),
] + [('s.a', 'x', 'Nats-Stream-Source: x\r\n' + other) for other in (
    'Nats-Incr: 1', 'Nats-TTL: x', 'Nats-TTL: 5', 'Nats-Msg-Id: 1', 'Nats-Rollup: x',
    'Nats-Expected-Last-Sequence: 99', 'Nats-Expected-Last-Subject-Sequence: 99',
    'Nats-Expected-Last-Sequence: x', 'Nats-Expected-Last-Msg-Id: 99', 'Nats-Schedule: x',
    'Nats-Schedule-Target: q', 'Nats-Batch-Id: x\r\nNats-Batch-Sequence: 1',
    'Nats-Required-Api-Level: 99')
]

SETS = [STREAMS, CONSUMERS, MESSAGES]

# Where another test brings a number out.
ELSEWHERE = {
    10002: 'accounts/claims_test.py', 10013: 'js/dialogues', 10023: 'js/faulty',
    10027: 'accounts/claims_test.py', 10039: 'accounts/stored.py', 10051: 'js/faulty',
    10062: 'js/snapshot', 10064: 'js/offline', 10076: 'unit/mon/healthz_test.c', 10104: 'js/faulty',
    10113: 'accounts/claims_test.py', 10120: 'accounts/claims_test.py',
    10122: 'accounts/claims_test.py', 10167: 'unit/js/stream_sync_test.c',
    10194: 'js/offline', 10195: 'js/offline', 10211: 'js/hostile', 10214: 'js/sources',
    10217: 'js/sources',
}

# Why a single server never says it, as nats-server does not when it is single.
CLUSTERED = 'only members of a cluster say it'
NEVER_USED = 'nothing says it in nats-server 2.15 either'
HARMS = 'what the disk or memory refuses; js/faulty has its like'
NEVER = {
    CLUSTERED: (10004, 10005, 10006, 10007, 10008, 10009, 10036, 10040, 10041, 10044, 10048, 10063,
                10075, 10118, 10119, 10123, 10124, 10129, 10202, 10224, 10226),
    NEVER_USED: (10011, 10019, 10032, 10033, 10061, 10066, 10067, 10068, 10072, 10073, 10085, 10092,
                 10093, 10117, 10163, 10180),
    HARMS: (10042, 10049, 10050, 10172),
    'limits are told by their own numbers': (10053,),
    'where a reader cannot be set up the reason itself is told': (10029, 10045),
    'only of a cluster, or of MQTT': (10035, 10158),
    'a subject without the name reaches nobody': (10016,),
    'another check comes first': (10078, 10096, 10103, 10105, 10106, 10126, 10132, 10134, 10181,
                                  10182, 10216),
    'below 0 is the default, or a matter of being pedantic': (10087, 10114),
}
