"""test/js/side_by_side.py - what two servers say, held against each other."""
import re

# Never the same on two servers, or from one moment to the next.
VARIES = {'created', 'ts', 'time', 'first_ts', 'last_ts', 'last_active', 'leader', 'bytes',
          'storage', 'memory', 'pause_remaining', 'cluster', 'api', 'delivered_at',
          'active', 'mote.lag_seconds'}

# Of what is wrong with a request that is JSON; what is none each tells in its own.
SHARED_WORDS = ('unknown field', 'cannot unmarshal', 'can not unmarshal', 'consumer action')

# In advisories, too.
EVENT_VARIES = VARIES | {'id', 'timestamp', 'client', 'server', 'ack_time', 'delay', 'pinned_ts',
                         'pinned_id', 'pinned_client_id', 'account'}


def steady(value, varies=frozenset(VARIES)):
    """A document without what varies."""
    if isinstance(value, str) and value.startswith('invalid JSON: ') and \
            not any(words in value for words in SHARED_WORDS):
        return 'invalid JSON'           # each reader has its own words
    if isinstance(value, str) and 'stream identity does not match' in value:
        return value[:-8]
    if isinstance(value, dict):
        value = {k: steady(v, varies) for k, v in value.items() if k not in varies}
        if 'sources' in value and 'state' in value:     # a map of nats-server's
            value['sources'].sort(key=str)
        return value
    if isinstance(value, list):
        return [steady(v, varies) for v in value]
    return value


def steady_ack(subject):
    """An ack's subject without the time in it."""
    return re.sub(r'^(\$JS\.ACK\.\S+\.\d+\.\d+\.\d+)\.\d+\.(\d+)$', r'\1.T.\2', subject)


def differences(a, b, where=''):
    """In words, one for each; a is mote's."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            yield from differences(a.get(key, 'absent'), b.get(key, 'absent'),
                                   where + '.' + key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, '%s[%d]' % (where, i))
    elif a != b:
        yield '%s: mote %r, nats-server %r' % (where.lstrip('.'), a, b)
