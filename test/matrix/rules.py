"""test/matrix/rules.py - the rules of the matrix, and the subjects they are tried with."""


def both(allow=None, deny=None, **more):
    """The same for publishing and subscribing."""
    rule = dict(more)
    if allow:
        rule.update(pub_allow=allow, sub_allow=allow)
    if deny:
        rule.update(pub_deny=deny, sub_deny=deny)
    return rule


# 'own' is what the user itself was given, 'default' what its account gives to those
# who were given nothing.
RULES = {name: how if 'own' in how else {'own': how} for name, how in {
    'none': {},
    'allow a subject': both(['foo.a']),
    'allow *': both(['foo.*']),
    'allow >': both(['foo.>']),
    'allow several': both(['foo.a', 'bar.>', '*.c']),
    'deny a subject': both(deny=['foo.a']),
    'deny *': both(deny=['foo.*']),
    'deny >': both(deny=['foo.>']),
    'deny all': both(deny=['>']),
    'allow and deny': both(['foo.>', 'bar'], ['foo.b', 'foo.*.x']),
    'deny inside of allow': both(['foo.*', '*.a'], ['*.b', 'foo.a']),
    'deny wider than allow': both(['foo.a', 'bar.a'], ['*.a']),
    'queue allow': {'sub_allow': ['foo.a v1', 'bar']},
    'queue allow beside plain': {'sub_allow': ['foo.*', 'foo.* v1']},
    'queue allow *': {'sub_allow': ['foo.> *.prod', 'bar.a v1', 'bar.>']},
    'queue deny': {'sub_deny': ['foo.a v1', 'bar.>']},
    'queue deny *': {'sub_deny': ['foo.* *.prod', 'foo.b v1']},
    'queue deny >': {'sub_allow': ['foo.>', '*.a'], 'sub_deny': ['foo.> >']},
    'queue allow and deny': {'sub_allow': ['foo.> v1', 'foo.> *.prod', 'foo.a'],
                             'sub_deny': ['foo.b v1', '*.*.x x.prod']},
    'default': {'own': {}, 'default': both(['foo.>', 'bar.a'], ['foo.b'])},
    'own, not default': {'own': both(['bar.>'], ['bar.b']),
                         'default': both(['foo.>'], ['foo.b'])},
    'replies only': {'resp': 1},
    'replies beside allow': {'pub_allow': ['foo.a'], 'resp': 2},
    'replies beside deny': both(None, ['bar.>'], resp=2),
}.items()}


SUBJECTS = ['foo', 'bar', 'foo.a', 'foo.b', 'foo.c', 'foo.a.x', 'foo.b.x', 'bar.a',
            'bar.b', 'baz.a', 'baz.c']
PATTERNS = ['foo', 'foo.a', 'foo.b', 'foo.*', 'foo.>', 'foo.*.x', 'foo.*.*', 'foo.a.>',
            'bar', 'bar.a', 'bar.>', 'baz.a', '*.a', '*.*', '*.>', '*', '>']
QUEUES = ['v1', 'v2', 'v1.prod', 'x.prod']
