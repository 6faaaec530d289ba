"""test/js/rows_direct.py - what test/js/compare asks of direct gets.

Rows as in rows_publish.py.
"""
import json

S, GET = '$JS.API.STREAM.', '$JS.API.DIRECT.GET.S'


def get(n, **wish):
    """A wish that brings n messages."""
    return (GET, json.dumps(wish), None, 'd', n)


def single(payload, tail=''):
    return (GET + tail, payload)


ALL = ['s.>']

WISHES = [
    (S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>'], 'allow_direct': True}),
] + [(subject, subject) for subject in ('s.a', 's.b', 's.a', 's.c', 's.b')] + [
    (S + 'MSG.DELETE.S', {'seq': 2}),
    get(4, multi_last=ALL), get(2, multi_last=ALL, up_to_seq=2),
    get(4, multi_last=ALL, up_to_seq=5), get(1, multi_last=ALL, up_to_seq=6),
    get(1, multi_last=ALL, up_to_seq=99), get(1, multi_last=['s.b'], up_to_seq=1),
    get(2, multi_last=ALL, batch=1), get(4, multi_last=ALL, batch=-1),
    get(4, multi_last=ALL, no_hdr=True), get(4, multi_last=ALL, seq=3),
    get(1, multi_last=ALL, seq=99), get(1, multi_last=['none']),
    get(2, multi_last=['s.a', 's.a']), get(1, multi_last=['s..']),
    get(1, multi_last=[5]), get(1, multi_last='s.a'),
    get(1, multi_last=ALL, up_to_time='2020-01-01T00:00:00Z'),
    get(4, multi_last=ALL, up_to_time='2100-01-01T00:00:00Z'),
    get(1, multi_last=ALL, up_to_seq=5, up_to_time='2020-01-01T00:00:00Z'),
    get(1, multi_last=ALL, next_by_subj='s.a'), get(1, multi_last=ALL, last_by_subj='s.a'),
    get(3, multi_last=[], batch=2, seq=1),
    get(1, seq=1, batch=-1), get(3, seq=1, batch=2), get(2, seq=1, batch=2, max_bytes=-1),
    get(2, seq=1, batch=2, max_bytes=1), get(1, seq=99, batch=1), get(2, seq=5, batch=9),
    get(1, batch=3), get(1, batch=-1), get(3, next_by_subj='s.a', batch=2),
    get(1, last_by_subj='s.a', batch=1), get(1, up_to_seq=5),
    get(1, seq=-1), get(1, seq='x'), get(1, last_by_subj=5), get(1, no_hdr='x', seq=1),
    get(1, seq=1, no_hdr=True), get(1, seq=1, nope=1), get(1, SEQ=1), get(1, seq=None),
    get(1, start_time='0001-01-01T00:00:00Z'), get(1, start_time='2100-01-01T00:00:00Z'),
    get(3, start_time='2020-01-01T00:00:00Z', batch=2), get(1, start_time='x'),
    single('null'), single('5'), single('[]'), single('{}'), single(' '),
    single('', '.s.a'), single('', '.s.*'), single('', '.s.z'), single('null', '.s.a'),
    single('{"no_hdr":true}', '.s.a'), single('{"batch":1}', '.s.a'),
    single('{"up_to_seq":1}', '.s.a'), single('{"multi_last":[]}', '.s.a'),
]

# 1025 subjects, and patterns that overlap.
MANY = [
    (S + 'CREATE.S', {'name': 'S', 'subjects': ['s.>'], 'allow_direct': True}),
] + [('s.%d' % i, 'x') for i in range(1024)] + [
    get(2, multi_last=['s.*', 's.>', 's.*'], batch=1),
    get(2, multi_last=ALL, batch=1, seq=1024),
    ('s.more', 'x'),
    get(1, multi_last=ALL), get(1, multi_last=ALL, seq=1020), get(1, multi_last=ALL, batch=1),
    get(2, multi_last=ALL, batch=1, up_to_seq=1024),
    get(2, multi_last=['s.1', 's.more'], batch=1),
]

SETS = [WISHES, MANY]
