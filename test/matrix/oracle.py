"""test/matrix/oracle.py - who may do what, in the fewest words; knows no code of ours.

From the documentation (core protocol 1.14): deny wins; what an allow list does not
wholly cover is refused; once entries that name queues match, the others do not let a
member in; with reply permissions and no allow list only replies may be published.  A
rule is {pub_allow, pub_deny, sub_allow, sub_deny, resp}, each absent when unset; an
entry is 'subject' or 'subject queue', resp how often a reply may be given.
"""


def reads(pattern, text):
    """Does text, its wildcards taken as words, match the pattern?"""
    p, t = pattern.split('.'), text.split('.')
    if p[-1] == '>':
        p, t = p[:-1], t[:len(p) - 1] if len(t) >= len(p) else None
    return t is not None and len(p) == len(t) and all(
        w in ('*', x) for w, x in zip(p, t))


def covers(pattern, other):
    """Is all that other stands for in pattern?"""
    p, o = pattern.split('.'), other.split('.')
    return reads(pattern, other) and (
        o[-1] != '>' or p[-1] == '>' and len(p) <= len(o))


def entries(rule, name):
    for entry in rule.get(name) or ():
        subject, _, queue = entry.partition(' ')
        yield subject, queue


def may_publish(rule, subject):
    allow = rule.get('pub_allow', [] if 'resp' in rule else None)
    return ((allow is None or any(covers(a, subject) for a in allow))
            and not any(reads(d, subject) for d in rule.get('pub_deny', ())))


def may_subscribe(rule, subject, queue=''):
    hits = [q for s, q in entries(rule, 'sub_allow') if covers(s, subject)]
    named = [q for q in hits if q]
    if 'sub_allow' in rule and not (any(covers(q, queue) for q in named)
                                    if queue and named else '' in hits):
        return False
    return not any(reads(s, subject) and (not q or queue and covers(q, queue))
                   for s, q in entries(rule, 'sub_deny'))


def may_receive(rule, pattern, queue, subject):
    """A subscription is given only what it could have asked for by name."""
    return (may_subscribe(rule, pattern, queue) and covers(pattern, subject)
            and may_subscribe(rule, subject, queue))


def n_replies(rule, was_given, reply, n_tries):
    """Of so many publishes to the reply subject of a message it was given (or not)."""
    if may_publish(rule, reply):
        return n_tries
    return min(n_tries, rule.get('resp', 0)) if was_given else 0
