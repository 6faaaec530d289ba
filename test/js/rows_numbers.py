"""test/js/rows_numbers.py - numbers at and beyond their ends, and what is no number.

Sequences go up to 2^64 - 1, in requests as in configurations; what is beyond or
below is told by its digits.  What differs at the very end of the sequences stands
in doc/jetstream.md.
"""
S, C = '$JS.API.STREAM.', '$JS.API.CONSUMER.'
DIRECT = '$JS.API.DIRECT.GET.S'

HALF, LAST, BEYOND = '9223372036854775808', '18446744073709551615', '18446744073709551616'
NUMBERS = (HALF, LAST, BEYOND, '-1', '1.5', '99999999999999999999999999', '"5"')


def consumer(name, **members):
    """members: their values as they stand in the text."""
    more = ''.join(',"%s":%s' % m for m in members.items())
    return (C + 'CREATE.S.' + name,
            '{"stream_name":"S","config":{"name":"%s"%s}}' % (name, more))


def about_messages(n):
    return [(S + 'MSG.GET.S', '{"seq":%s}' % n),
            (S + 'MSG.GET.S', '{"seq":%s,"next_by_subj":"s.*"}' % n),
            (S + 'MSG.DELETE.S', '{"seq":%s}' % n),
            (DIRECT, '{"seq":%s}' % n), (DIRECT, '{"seq":%s,"batch":2}' % n),
            (DIRECT, '{"multi_last":["s.0"],"up_to_seq":%s}' % n),
            (S + 'PURGE.S', '{"keep":%s}' % n),
            (S + 'PURGE.S', '{"keep":%s,"filter":"s.1"}' % n), (S + 'INFO.S', '')]


def about_consumers(n):
    return [consumer('a', deliver_policy='"by_start_sequence"', opt_start_seq=n),
            (C + 'DELETE.S.a', ''),
            consumer('b', deliver_subject='"d"', rate_limit_bps=n), (C + 'DELETE.S.b', ''),
            consumer('r', durable_name='"r"', ack_policy='"explicit"'),
            (C + 'RESET.S.r', '{"seq":%s}' % n), (C + 'INFO.S.r', ''), (C + 'DELETE.S.r', '')]


SEQUENCES = [(S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>'], 'allow_direct': True})] + \
    [('s.%d' % (i % 3), 'x') for i in range(6)] + \
    [row for n in NUMBERS for row in about_messages(n) + about_consumers(n)] + \
    [row for n in NUMBERS for row in ((S + 'PURGE.S', '{"seq":%s,"filter":"s.1"}' % n),
                                      (S + 'INFO.S', ''))] + \
    [('s.1', 'x')] + \
    [row for n in NUMBERS if n != LAST for row in ((S + 'PURGE.S', '{"seq":%s}' % n),
                                                   (S + 'INFO.S', ''), ('s.1', 'x'))]


def a_stream_from(first, storage):
    return [(S + 'CREATE.F', '{"name":"F","subjects":["f.>"],"storage":"%s","first_seq":%s}' % (
        storage, first)), (S + 'INFO.F', ''), ('f.1', 'x'), ('f.1', 'y'), (S + 'INFO.F', ''),
            (S + 'MSG.GET.F', '{"seq":%s}' % first),
            (C + 'CREATE.F.c', {'stream_name': 'F', 'config': {'name': 'c'}}),
            ('f.1', 'x', 'Nats-Expected-Last-Sequence: ' + first),
            (S + 'PURGE.F', ''), (S + 'INFO.F', ''), ('f.1', 'q'), (S + 'DELETE.F', '')]


# Of a file from 2^63 on nats-server finds nothing again.
FIRST = a_stream_from(HALF, 'memory') + [row for n in NUMBERS[2:] for storage in
                                         ('file', 'memory') for row in a_stream_from(n, storage)]


def given(row, *texts):
    return [(row, text) for text in texts]


# The wrong kind of value: which number it is answered with, and when.
KINDS = [(S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>']})] + \
    given(C + 'CREATE.S.x', *('{"stream_name":"S","config":%s}' % v for v in (
        '5', '"x"', '[]', 'true', 'null', '{"name":5}', '{"backoff":5}', '{"backoff":["x"]}',
        '{"metadata":5}', '{"metadata":{"a":5}}', '{"filter_subjects":"x"}',
        '{"filter_subjects":[5]}', '{"opt_start_time":5}', '{"opt_start_time":"x"}',
        '{"max_deliver":"x"}', '{"max_deliver":99999999999999999999}', '{"flow_control":5}',
        '{"ack_wait":1.5}', '{"ack_policy":5}', '{"x":{}}', '{"priority_groups":5}',
        '{"priority_policy":null}', '{"priority_policy":"x"}', '{"priority_policy":5}',
        '{"replay_policy":null}', '{"deliver_policy":"x"}', '{"backoff":[1.5]}',
        '{"filter_subject":5}'))) + \
    given(C + 'CREATE.S.x', '{"stream_name":5}', '{"action":5}', '{"action":"x"}',
          '{"action":null}', '{"config":{},"pedantic":5}') + \
    given(S + 'CREATE.T', '{"name":5}', '{"subjects":5}', '{"subjects":[5]}',
          '{"max_msgs":9223372036854775808}', '{"max_age":"x"}', '{"placement":5}',
          '{"mirror":5}', '{"mirror":{"name":5}}', '{"sources":5}', '{"sources":[5]}',
          '{"sources":[{"external":5}]}', '{"republish":5}', '{"subject_transform":{"src":5}}',
          '{"consumer_limits":5}', '{"max_msg_size":3000000000}', '{"max_msg_size":-2147483649}',
          '{"metadata":{"a":5}}', '{"storage":"x"}', '{"retention":{}}', '5', '"x"', '[]',
          '{"compression":null}', '{"compression":"x"}', '{"persist_mode":"x"}', '{"discard":5}',
          '{"sources":[{"name":"O","subject_transforms":5}]}',
          '{"sources":[{"name":"O"},{"name":"P","subject_transforms":[{"src":5}]}]}',
          '{"mirror":{"external":{"api":5}}}', '{"consumer_limits":{"max_ack_pending":"x"}}',
          '{"consumer_limits":{"inactive_threshold":1.5}}', '{"placement":{"tags":[5]}}') + \
    [(subject, text) for text in ('5', '"x"', '[1]', '{"seq":"x"}', '{"offset":"x"}',
                                  '{"pause_until":"x"}')
     for subject in (S + 'INFO.S', S + 'NAMES', S + 'LIST', S + 'PURGE.S', S + 'MSG.GET.S',
                     S + 'MSG.DELETE.S', C + 'NAMES.S', C + 'LIST.S', C + 'PAUSE.S.c',
                     S + 'SNAPSHOT.S', S + 'RESTORE.R', C + 'UNPIN.S.c', C + 'RESET.S.c')]

# A time is told again as it was sent, with its zone and its year.
ZONES = ('2030-01-01T00:00:00Z', '2030-01-01T00:00:00+02:00', '2030-01-01T00:00:00.5-07:30',
         '2030-01-01T00:00:00+00:00', '2030-01-01T00:00:00-00:00', '2030-01-01T00:00:00.100Z',
         '2030-01-01T00:00:00.120+01:00', '2030-01-01T00:00:00.000+01:00',
         '2030-01-01T00:00:00.123456789123Z', '2030-01-01T00:00:00.123456789123+01:00',
         '2262-04-11T23:47:16.854775807Z', '2030-01-01T00:00:00+23:59')
# What ns since 1970 cannot hold: nats-server tells it again and then begins elsewhere.
FAR = ('2262-04-11T23:47:17Z', '3000-01-01T00:00:00.50+01:00', '9999-12-31T23:59:59Z',
       '1600-01-01T00:00:00Z', '0001-01-01T00:00:00Z')


def told(i, time):
    started = {'deliver_policy': '"by_start_time"', 'opt_start_time': '"%s"' % time}
    return [consumer('a%d' % i, **started), consumer('a%d' % i, **started),
            (C + 'INFO.S.a%d' % i, ''), consumer('q%d' % i),
            (C + 'PAUSE.S.q%d' % i, {'pause_until': time}), (C + 'INFO.S.q%d' % i, ''),
            consumer('q%d' % i, description='"x"'), (S + 'MSG.GET.S', {
                'start_time': time, 'next_by_subj': 's.a'})] + told_at_least(i, time) + \
        [consumer('p%d' % i, pause_until='"%s"' % time), (C + 'INFO.S.p%d' % i, '')]


def told_at_least(i, time):
    origin = {'name': 'S', 'opt_start_time': time}
    return [consumer('p%d' % i, pause_until='"%s"' % time), (C + 'INFO.S.p%d' % i, ''),
            (S + 'CREATE.M', {'name': 'M', 'mirror': origin}), (S + 'DELETE.M', ''),
            (S + 'CREATE.N', {'name': 'N', 'sources': [origin]}), (S + 'DELETE.N', '')]


TIMES = [(S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>']}), ('s.a', 'x')] + \
    [row for i, time in enumerate(ZONES) for row in told(i, time)] + \
    [row for i, time in enumerate(FAR) for row in told_at_least(i + 100, time)]

SETS = [SEQUENCES, FIRST, KINDS, TIMES]
