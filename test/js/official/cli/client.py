"""test/js/official/cli/client.py - JetStream by the command line tool nats, step by step.

    client.py NATS URL [again]

Each step prints "ok NAME" or "wrong NAME: why" and reads what the tool prints, as
documents where it can print them.  With "again" the server has been killed and started
anew on the same directory: what was confirmed must be there.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

NATS, URL = sys.argv[1:3]
PATIENCE = 40.0

home = tempfile.TemporaryDirectory()
env = {k: v for k, v in os.environ.items() if not k.startswith('NATS_')}
env.update(HOME=home.name, XDG_CONFIG_HOME=home.name, NO_COLOR='1')


def check(value, what):
    if not value:
        raise AssertionError(what)


def run(args, status=0, stdin=None):
    done = subprocess.run([NATS, '--server', URL, *args], env=env, input=stdin, text=True,
                          stdin=None if stdin is not None else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=home.name, timeout=PATIENCE, check=False)
    check((done.returncode == 0) == (status == 0), 'nats %s ended with %d: %s' % (
        ' '.join(args), done.returncode, done.stdout[-400:]))
    return done.stdout


def nats(line, *more, **kw):
    """What it prints; line is split at blanks, more is not."""
    return run(line.split() + list(more), **kw)


def document(line, *more):
    return json.loads(nats(line + ' --json', *more))


def config_of(name):
    return document('stream info ' + name)['config']


def says(text, *patterns):
    for pattern in patterns:
        check(re.search(pattern, text), '%s is not in %r' % (pattern, text[-900:]))


class Beside:
    """The tool running beside the step."""

    def __init__(self, line):
        self.text = ''
        self.more = threading.Condition()
        self.process = subprocess.Popen([NATS, '--server', URL, *line.split()], env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.more:
                self.text += line
                self.more.notify_all()

    def wait(self, pattern):
        with self.more:
            found = self.more.wait_for(lambda: re.search(pattern, self.text), PATIENCE)
        check(found, '%s was not printed, but %r' % (pattern, self.text[-300:]))

    def close(self):
        self.process.kill()
        self.process.wait()


# ---- streams ---------------------------------------------------------------------

def stream_add():
    nats('stream add ORDERS --subjects orders.> --max-msgs 1000 --description first '
         '--metadata a:b --dupe-window 1m --allow-direct --defaults')
    config = config_of('ORDERS')
    check(config['description'] == 'first' and config['max_msgs'] == 1000, config)
    says(nats('stream add OTHER --subjects orders.x --defaults', status=1), '10065')
    nats('stream add SECOND --subjects second --storage memory --defaults')
    says(nats('stream ls'), 'ORDERS .* first ')
    check(nats('stream ls --names').split() == ['ORDERS', 'SECOND'], 'names')
    says(nats('stream find --subject second --names'), 'SECOND')
    document('stream copy SECOND THIRD --subjects third')
    nats('stream rm THIRD --force')


def publish():
    text = nats('pub orders.a --jetstream --count 5', 'body {{Count}}')
    says(text, r'Sequence: 5')
    says(nats('pub orders.b -J -H Nats-Msg-Id:one one'), 'Sequence: 6')
    says(nats('pub orders.b -J -H Nats-Msg-Id:one one'), 'Duplicate: true')
    nats('pub orders.c --jetstream', stdin='from a file')
    says(nats('pub nobody.there -J x', status=1), 'no response|no responders|no stream')
    says(nats('request orders.c x'), '"seq": *8')


def stream_look():
    info = document('stream info ORDERS')
    check(info['state']['messages'] == 8 and info['state']['num_subjects'] == 3, info['state'])
    says(nats('stream info ORDERS'), 'Subjects: orders.>', r'Messages: 8', 'Description: first')
    says(nats('stream state ORDERS'), r'Messages: 8')
    says(nats('stream report'), r'ORDERS .* File .* 8 ', 'SECOND .* Memory ')
    check(document('stream subjects ORDERS') == {'orders.a': 5, 'orders.b': 1, 'orders.c': 2},
          'subjects')
    says(nats('stream get ORDERS 2'), 'body 2', 'orders.a')
    says(nats('stream get ORDERS -S orders.b'), 'one', 'Nats-Msg-Id: one')
    text = nats('sub orders.> --stream ORDERS --direct --start-sequence 4 --count 3 --raw')
    says(text, r'(?s)body 4\s+body 5\s+one')


def stream_edit():
    text = nats('stream edit ORDERS --description second --max-msgs 500 --force')
    says(text, 'ORDERS was updated', 'Maximum Messages: 500')
    says(nats('stream edit ORDERS --max-msgs 400 --dry-run', status=1), '400')
    check(config_of('ORDERS')['max_msgs'] == 500, 'a dry run changes nothing')


def stream_thin():
    nats('stream rmm ORDERS 2 --force')
    says(nats('stream get ORDERS 2', status=1), 'no message found')
    nats('stream purge ORDERS --subject orders.b --force')
    nats('stream purge ORDERS --seq 4 --force')
    check(document('stream info ORDERS')['state']['messages'] == 4, 'four are left')
    nats('stream purge ORDERS --keep 3 --force')
    check(document('stream info ORDERS')['state']['first_seq'] == 5, 'five is the first')
    nats('stream seal SECOND --force')
    says(nats('pub second -J x', status=1), 'sealed')
    nats('stream rm SECOND --force')
    check(nats('stream ls --names').split() == ['ORDERS'], 'one is left')


# ---- consumers -------------------------------------------------------------------

def consumer_add():
    says(nats('consumer add ORDERS worker --pull --filter orders.> --deliver all '
              '--ack explicit --max-pending 10 --defaults'), 'Information for Consumer ORDERS > worker')
    info = document('consumer info ORDERS worker')
    check(info['config']['durable_name'] == 'worker' and info['num_pending'] == 3, info)
    nats('consumer add ORDERS pushed --target deliver.here --ack none --deliver last '
             '--heartbeat 1s --flow-control --defaults')
    check(sorted(json.loads(nats('consumer ls ORDERS --json'))) == ['pushed', 'worker'], 'listed')
    says(nats('consumer info ORDERS worker'), 'Unprocessed Messages: 3', 'Ack Policy: Explicit')
    says(nats('consumer report ORDERS'), 'worker .* Pull .* Explicit', 'pushed .* Push ')


def consumer_next():
    says(nats('consumer next ORDERS worker'), 'body 5', 'Acknowledged message')
    check(nats('consumer next ORDERS worker --raw').strip() == 'from a file', 'raw')
    says(nats('consumer next ORDERS worker --nak --no-ack'), 'x')
    says(nats('consumer next ORDERS worker'), 'tries: 2|delivered: 2')
    says(nats('consumer next ORDERS worker --wait 100ms', status=1), '(?i)timeout|no message')
    info = document('consumer info ORDERS worker')
    check(info['num_ack_pending'] == 0 and info['ack_floor']['stream_seq'] == 8, info)


def consumer_edit():
    nats('consumer edit ORDERS worker --description edited --max-pending 20 --force')
    nats('consumer edit ORDERS worker --filter orders.a --filter orders.b --force')
    config = document('consumer info ORDERS worker')['config']
    check(config['max_ack_pending'] == 20 and
          config['filter_subjects'] == ['orders.a', 'orders.b'], config)


def consumer_pause():
    says(nats('consumer pause ORDERS worker 1h --force'), 'Paused')
    nats('pub orders.a -J paused')
    says(nats('consumer info ORDERS worker'), 'Paused Until')
    nats('consumer next ORDERS worker --wait 100ms', status=1)
    nats('consumer resume ORDERS worker --force')
    says(nats('consumer next ORDERS worker'), 'paused')


def consumer_sub():
    sub = Beside('consumer sub ORDERS worker --ack')
    nats('pub orders.b -J', 'for the subscriber')
    sub.wait('for the subscriber')
    sub.close()


def consumer_groups():
    nats('consumer add ORDERS pins --pull --pinned-groups g --pinned-ttl 30s --ack explicit '
             '--defaults')
    check(document('consumer info ORDERS pins')['config']['priority_policy'] == 'pinned_client', 'pinned')
    says(nats('consumer unpin ORDERS pins g --force', status=1), 'no priority groups have pinned')
    nats('consumer add ORDERS ranked --pull --prioritized-groups g --ack explicit --defaults')
    for name in ('pins', 'ranked', 'pushed'):
        nats('consumer rm ORDERS %s --force' % name)
    check(json.loads(nats('consumer ls ORDERS --json')) == ['worker'], 'one is left')


# ---- keys and objects ---------------------------------------------------------------

def key_value():
    says(nats('kv add CONF --history 5 --ttl 1h'), 'Information for Key-Value Store Bucket CONF',
         'History Kept: 5')
    check(nats('kv put CONF a 1').strip() == '1', 'it shows what it put')
    nats('kv put CONF a 2')
    check(nats('kv get CONF a --raw').strip() == '2', 'a value')
    check(nats('kv get CONF a --raw --revision 1').strip() == '1', 'an old one')
    nats('kv create CONF b x')
    says(nats('kv create CONF b y', status=1), 'wrong last sequence|exists')
    nats('kv update CONF b z 3')
    says(nats('kv update CONF b z 3', status=1), 'wrong last sequence')
    check(sorted(nats('kv ls CONF').split()) == ['a', 'b'], 'its keys')
    says(nats('kv history CONF a'), r'1 .* PUT .* 1', r'2 .* PUT .* 2')
    nats('kv del CONF b --force')
    says(nats('kv get CONF b', status=1), 'not found')
    nats('kv purge CONF b --force')
    check('PUT' not in nats('kv history CONF b'), 'purged')
    says(nats('kv info CONF'), 'Bucket Name: CONF', 'Values Stored: 3')
    nats('kv add GONE')
    says(nats('kv ls'), 'CONF', 'GONE')
    nats('kv del GONE --force')
    says(nats('kv get GONE a', status=1), 'not found')


def kv_watch():
    watch = Beside('kv watch CONF')
    watch.wait(r'CONF > a: 2')
    nats('kv put CONF late here')
    watch.wait(r'CONF > late: here')
    nats('kv del CONF late --force')
    watch.wait(r'DEL.* CONF > late')
    watch.close()


def kv_ttl():
    nats('kv add SHORT --marker-ttl 1s')
    nats('kv create SHORT brief x --ttl 1s')
    watch = Beside('kv watch SHORT')
    watch.wait(r'(PURGE|DEL).* SHORT > brief')
    watch.close()


def objects():
    says(nats('object add FILES'), 'Bucket Name: FILES')
    data = ''.join('%d,' % i for i in range(60000))
    with open(os.path.join(home.name, 'big'), 'w', encoding='ascii') as f:
        f.write(data)
    nats('object put FILES big --no-progress --force')
    nats('object put FILES --name gone --no-progress --force', stdin='x')
    says(nats('object ls FILES'), 'big', 'gone')
    says(nats('object info FILES big'), 'Size: 341 KiB', 'Digest: SHA-256 ')
    nats('object get FILES big --output back --no-progress --force')
    with open(os.path.join(home.name, 'back'), encoding='ascii') as f:
        check(f.read() == data, 'whole and sound')
    nats('object rm FILES gone --force')
    check('gone' not in nats('object ls FILES'), 'removed')
    nats('object add BIN')
    nats('object rm BIN --force')
    nats('object seal FILES --force')
    says(nats('object info FILES'), 'Sealed: true')


# ---- measuring --------------------------------------------------------------------

def bench():
    more = '--size 64 --no-progress'
    for what, kind in (
            ('pub sync bench.s --create --msgs 200', 'publisher'),
            ('pub async bench.s --msgs 3000 --batch 100 --clients 2', 'publisher'),
            ('fetch --msgs 2000 --clients 2', 'consumer|fetch'),
            ('consume --msgs 200', 'consumer'),
            ('ordered --msgs 1000', 'consumer'),
            ('get sync --msgs 200', 'get'),
            ('get batch --msgs 200', 'get')):
        says(nats('bench js %s %s' % (what, more)), r'(%s).* stats: [\d,]+ msgs/sec' % kind)
    says(nats('bench kv put --msgs 200 ' + more), r'stats: [\d,]+ msgs/sec')
    says(nats('bench kv get --msgs 200 ' + more), r'stats: [\d,]+ msgs/sec')


def backup():
    nats('stream add BACKED --subjects=backed.> --defaults --metadata=team:x')
    for i in range(20):
        nats('pub backed.%d -J' % (i % 3), 'text ' * i)
    nats('consumer add BACKED worker --pull --defaults')
    nats('consumer next BACKED worker --count 3 --ack')
    nats('stream rmm BACKED 7 --force')
    before = document('stream info BACKED')['state']
    says(nats('backup stream BACKED kept --no-progress'), 'Received')
    says(nats('backup validate kept'), 'OK: 22 entries, 1 consumers, 19 messages, 3 subjects')
    says(nats('backup info kept'), r'Messages: 19', r'Names: worker')
    nats('stream rm BACKED --force')
    nats('backup restore stream kept --no-progress')
    after = document('stream info BACKED')['state']
    check(after == before, '%r is not %r' % (after, before))
    floor = document('consumer info BACKED worker')['ack_floor']
    check(floor['stream_seq'] == 3, floor)
    nats('stream rm BACKED --force')


def account():
    says(nats('account info'), 'JetStream Account Information', r'Streams: \d+',
         r'Consumers: \d+ of Unlimited|Consumers: \d+')
    says(nats('server check jetstream'), 'OK')
    says(nats('server check stream --stream ORDERS --msgs-warn 2 --msgs-critical 1'),
         'OK')
    says(nats('server check consumer --stream ORDERS --consumer worker'), 'OK')
    says(nats('server check kv --bucket CONF --values-warn 100 --values-critical 200'), 'OK')


def after_restart():
    state = document('stream info ORDERS')['state']
    check(state['messages'] == 5 and state['last_seq'] == 10, state)
    info = document('consumer info ORDERS worker')
    check(info['ack_floor']['stream_seq'] >= 9, info)
    check(nats('kv get CONF a --raw').strip() == '2', 'a key')
    nats('object get FILES big --output again --no-progress --force')
    says(nats('pub orders.a -J x'), 'Sequence: 11')
    nats('stream rm ORDERS --force')


FIRST = (stream_add, publish, stream_look, stream_edit, stream_thin, consumer_add, consumer_next,
         consumer_edit, consumer_pause, consumer_sub, consumer_groups, key_value, kv_watch,
         kv_ttl, objects, backup, bench, account)


def main():
    for step in (after_restart,) if len(sys.argv) > 3 else FIRST:
        try:
            step()
            print('ok', step.__name__, flush=True)
        except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError) as e:
            text = ('%s: %s' % (type(e).__name__, e)).replace('\n', ' / ')
            print('wrong %s: %s' % (step.__name__, text), flush=True)
    home.cleanup()


if __name__ == '__main__':
    main()
