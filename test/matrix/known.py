"""test/matrix/known.py - where nats-server does otherwise than its documentation says.

mote gets no such excuse.
"""

# Path or None for all, what the cell begins with, a test of (got, wanted), and why.
REASONS = [
    (None, 'SUB foo.>', lambda got, want: True,
     'allow "foo.*" opens "foo.>": the text of a pattern is taken for a subject'),
    ('reply subject', '', lambda got, want: got < want,
     'a message given to several subscriptions uses up replies that were not given'),
    ('service response', 'answers', lambda got, want: got < want,
     'a message given to several subscriptions uses up replies that were not given'),
    ('queue member', 'SUB bar.> ', lambda got, want: True,
     'entries that name queues are asked when subscribing, not at delivery'),
    ('stream import', 'SUB bar.> ', lambda got, want: True,
     'entries that name queues are asked when subscribing, not at delivery'),
]


def reason(path, cell, got, want):
    for where, begins, test, why in REASONS:
        if where in (None, path) and cell.startswith(begins) and test(got, want):
            return why
    return None
