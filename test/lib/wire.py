"""test/lib/wire.py - plays one .wire transcript against one server.

test/wire/README.md describes the language.  A file is read into steps first,
so a misspelt directive fails before a server is started; each step is one
method of Play, found by the first word of its line or by the arrow in it.
"""
import ast
import datetime
import http.client
import json
import os
import re
import shlex
import subprocess
import time

from peer import Peer, PeerError, shown
from server import Server, ServerError

COMMENT = re.compile(r'(^|\s\s|\t)\s*# .*$|^#$')
ARROW = re.compile(r'^(=|[a-z]\w*(?:[,|][a-z]\w*)*)(>>|>|<<|<)(?: (.*))?$', re.S)
COLON = re.compile(r'^([a-z]\w*(?:,[a-z]\w*)*): (\S+)(?: (.*))?$', re.S)
PLACE = re.compile(r'\{(\*|n|id|time|prog)(?::(\w+))?\}')
VALUE = {'*': '.*?', 'n': '[0-9]+', 'id': '[A-Z2-7]{56}',
         'time': r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z',
         'prog': 'nats-server|mote'}


class WireError(Exception):
    """The server and the transcript disagree, or the transcript is wrong."""


class Step:
    """block: the indented lines below, as text or, for some, as steps."""

    def __init__(self, number, text):
        self.number, self.text, self.block = number, text, []

    def words(self):
        return self.text.split(None, 1) + ['']


def read_steps(lines, first=1):
    steps = []
    for number, raw in enumerate(lines, first):
        raw = raw.rstrip('\n')
        if raw.startswith('\t') and steps:
            steps[-1].block.append(raw[1:])
            continue
        text = COMMENT.sub('', raw).rstrip()
        if text:
            steps.append(Step(number, text))
        elif steps and steps[-1].block and not raw:
            steps[-1].block.append('')
    return steps


def check_steps(steps, path):
    for s in steps:
        if ARROW.match(s.text) or s.text.endswith('<info'):
            continue
        m = COLON.match(s.text)
        name = 'on_' + m.group(2) if m else 'do_' + s.words()[0]
        name = name.replace('-', '_')
        if not hasattr(Play, name):
            raise WireError('%s:%d: no such word: %s' % (path, s.number, s.text))
        if s.words()[0] in ('mote-only', 'nats-only', 'repeat'):
            check_steps(read_steps(s.block, s.number + 1), path)


def pattern(text):
    """Literal but for {*}, {n}, {id}, {time}, {prog}, each with an optional
    :name that remembers it, and {re:...}."""
    out, i = '', 0
    while i < len(text):
        if text.startswith('{re:', i):
            depth, j = 1, i + 4
            while depth:
                depth += {'{': 1, '}': -1}.get(text[j], 0)
                j += 1
            out += '(?:%s)' % text[i + 4:j - 1]
            i = j
            continue
        m = PLACE.match(text, i)
        if m:
            name = '?P<%s>' % m.group(2) if m.group(2) else '?:'
            out += '(%s%s)' % (name, VALUE[m.group(1)])
            i = m.end()
            continue
        out += re.escape(text[i])
        i += 1
    return re.compile(out, re.S)


def bytes_of(text):
    """'"PUB a 3\\r\\n" "x"*3' -> b'PUB a 3\\r\\nxxx'."""
    out, rest = b'', text.strip()
    while rest:
        m = re.match(r'("(?:[^"\\]|\\.)*")(?:\*(\d+))?\s*', rest)
        if not m:
            raise WireError('expected "bytes" or "bytes"*N, found ' + rest)
        out += ast.literal_eval('b' + m.group(1)) * int(m.group(2) or 1)
        rest = rest[m.end():]
    return out


class Play:
    def __init__(self, path, binary, kind, timeout=10.0, cutter=None):
        self.path, self.kind, self.timeout = path, kind, timeout
        self.cutter = cutter
        self.server = Server(binary)
        self.args, self.bare = [], False
        self.is_up, self.show_pings = False, False
        self.code = None            # of the server, once the file asked for it
        self.peers = {}
        self.winner = None
        self.log_at = 0
        self.ran = self.status = self.headers = self.body = None
        self.vars = {'DIR': self.server.dir, 'CONF': self.server.conf}
        with open(path, encoding='utf-8') as f:
            self.steps = read_steps(f.readlines())
        check_steps(self.steps, path)

    # ---- running -----------------------------------------------------------

    def run(self):
        """Raises WireError naming the line."""
        try:
            self.run_steps(self.steps)
            self.finish()
        finally:
            for p in self.peers.values():
                p.close()
            self.server.remove()

    def run_steps(self, steps):
        for s in steps:
            try:
                self.run_step(s)
            except (WireError, PeerError, ServerError, OSError, KeyError,
                    ValueError, http.client.HTTPException) as e:
                if getattr(e, 'is_told', False):
                    raise
                told = WireError(self.tell(s, e))
                told.is_told = True
                raise told from None

    def tell(self, s, e):
        what = str(e) if isinstance(e, (WireError, PeerError, ServerError)) \
            else '%s: %s' % (type(e).__name__, e)
        out = ['%s:%d: %s' % (self.path, s.number, s.text)]
        out += ['    ' + x for x in what.splitlines()]
        m = ARROW.match(s.text) or COLON.match(s.text)
        for name in re.split('[,|]', m.group(1)) if m else []:
            if name in self.peers:
                out += ['    : ' + x for x in self.peers[name].seen]
        out.append(self.server.log_tail())
        return '\n'.join(out)

    def run_step(self, s):
        m = COLON.match(s.text)
        if m and not ARROW.match(s.text.split(' ')[0]):
            verb = getattr(self, 'on_' + m.group(2).replace('-', '_'))
            for p in self.named(m.group(1)):
                verb(p, self.fill(m.group(3) or ''))
            return
        if s.text.endswith('<info'):
            for p in self.named(s.text[:-5]):
                p.read_info(p.line())
            return
        m = ARROW.match(s.text)
        if m:
            self.arrow(m.group(1), m.group(2), self.fill(m.group(3) or ''))
            return
        word, rest = (s.text.split(None, 1) + [''])[:2]
        getattr(self, 'do_' + word.replace('-', '_'))(self.fill(rest), s)

    def fill(self, text):
        """${NAME} becomes its value.  ${a.cid}: of the first INFO of a."""
        def value(m):
            if m.group(1) not in self.vars:
                raise WireError('no ${%s} yet' % m.group(1))
            return str(self.vars[m.group(1)])
        return re.sub(r'\$\{([\w.]+)\}', value, text)

    def finish(self):
        """Every transcript also asks: did it live, leave cleanly, leak?"""
        if not self.is_up:
            return
        if self.code is None:
            for p in self.peers.values():
                p.close()
            before = self.server.proc.poll()
            if before is not None:
                raise WireError('%s: the server died with %d\n%s' % (
                    self.path, before, self.server.log_tail(40)))
            code = self.server.stop()
            if code != 0:
                raise WireError('%s: the server left with %s\n%s' % (
                    self.path, code, self.server.log_tail(40)))
        if self.server.complaint():
            raise WireError('%s: %s\n%s' % (self.path, self.server.complaint(),
                                            self.server.log_tail(40)))

    def up(self):
        if not self.is_up:
            self.server.start(self.args, self.bare)
            self.is_up = True
            self.vars.update(PORT=self.server.port, PID=self.server.pid,
                             HTTP=self.server.http_port)

    def named(self, names):
        out = []
        for name in re.split('[,|]', names):
            if name not in self.peers:
                raise WireError('%s is not connected' % name)
            out.append(self.peers[name])
        return out

    # ---- arrows ------------------------------------------------------------

    def arrow(self, names, arrow, text):
        if names == '=':
            peers = [self.winner]
        elif '|' in names:
            peers = [self.one_of(self.named(names))]
        else:
            peers = self.named(names)
        for p in peers:
            if arrow == '>':
                p.send(text.encode() + b'\r\n')
            elif arrow == '>>':
                p.send(bytes_of(text))
            elif arrow == '<':
                self.expect(p.line(), text)
            else:
                want = bytes_of(text)
                got = p.exactly(len(want))
                if got != want:
                    raise WireError('expected  %s\ncame      %s' % (
                        shown(want), shown(got)))

    def one_of(self, peers):
        until = time.monotonic() + self.timeout
        while time.monotonic() < until:
            for p in peers:
                if p.has_line():
                    self.winner = p
                    return p
        raise WireError('none of them got a line')

    def expect(self, got, text):
        m = got is not None and pattern(text).fullmatch(
            got.decode('utf-8', 'surrogateescape'))
        if not m:
            raise WireError('expected  %s\ncame      %s' % (text, shown(got)))
        self.vars.update(m.groupdict())

    # ---- one client --------------------------------------------------------

    def on_info(self, p, text):
        check_json(p.info, text)

    def on_info_order(self, p, text):
        check_order(p.info, text.split())

    def on_eof(self, p, text):
        got = p.rest()
        if got is None or (got and text != 'after-anything'):
            raise WireError('expected  the end\ncame      %s' % shown(got))

    def on_quiet(self, p, text):
        """Nothing came, and nothing is on its way: a message of another
        worker may be, for a moment.  So first a little time, then a PING,
        whose PONG has to be the next thing."""
        time.sleep(float(text[:-2]) / 1000 if text else 0.03)
        p.send(b'PING\r\n')
        self.expect(p.line(), 'PONG')

    def on_sync(self, p, _):
        """PING and its PONG: all that was sent so far has been handled."""
        p.send(b'PING\r\n')
        self.expect(p.line(), 'PONG')

    def on_close(self, p, _):
        p.close()

    def on_half_close(self, p, _):
        p.half_close()

    def on_discard(self, p, text):
        """Reads N lines and forgets them."""
        for _ in range(int(text)):
            if p.line() is None:
                raise WireError('fewer than %s lines' % text)

    # ---- words -------------------------------------------------------------

    def do_config(self, _, s):
        self.server.write_config(self.fill('\n'.join(s.block) + '\n'))

    do_rewrite_config = do_config

    def do_write(self, name, s):
        with open(os.path.join(self.server.dir, name), 'w',
                  encoding='utf-8') as f:
            f.write(self.fill('\n'.join(s.block) + '\n'))

    def do_args(self, text, _):
        self.args += shlex.split(text)

    def do_bare(self, _text, _s):
        self.bare = True

    def do_start(self, _text, _s):
        self.up()

    def do_one_read(self, reason, _s):
        """The cuts of --split would change what the reference answers."""
        if not reason:
            raise WireError('say why')
        self.cutter = None

    def do_show_pings(self, _text, _s):
        self.show_pings = True

    def do_raw(self, names, _s):
        self.up()
        for name in names.split():
            self.peers[name] = Peer(name, self.server.port, self.timeout,
                                    self.cutter)
            self.peers[name].show_pings = self.show_pings

    def do_deaf(self, names, _s):
        """As connect, with the smallest receive buffer: it fills soon."""
        self.up()
        for name in names.split():
            self.peers[name] = p = Peer(name, self.server.port, self.timeout,
                                        self.cutter, rcvbuf=4096)
            p.read_info(p.line())

    def do_connect(self, names, s):
        self.do_raw(names, s)
        for name in names.split():
            p = self.peers[name]
            p.read_info(p.line())
            self.vars[name + '.cid'] = p.info.get('client_id', '')

    def do_client(self, text, s):
        """client a b {"x": 1}: connected, CONNECT said, first PONG taken."""
        names, _, more = text.partition('{')
        options = {'verbose': False, 'pedantic': False}
        options.update(json.loads('{' + more) if more else {})
        self.do_connect(names, s)
        for p in self.named(','.join(names.split())):
            p.send(b'CONNECT %s\r\nPING\r\n' % json.dumps(options).encode())
            if options['verbose']:
                self.expect(p.line(), '+OK')
            self.expect(p.line(), 'PONG')
            if options.get('protocol') == 1:
                p.read_info(p.line())

    def do_tally(self, names, s):
        """How many MSG and HMSG lines came to all of them together, in any
        order: one 'COUNT PATTERN' a line, COUNT a number or LOW-HIGH."""
        want = [self.fill(x).split(None, 1) for x in s.block if x]
        peers = self.named(','.join(names.split()))
        total = sum(int(n.split('-')[0]) for n, _ in want)
        heads, until = [], time.monotonic() + self.timeout
        while True:
            for p in peers:
                heads += self.heads_until_pong(p)
            if len(heads) >= total or time.monotonic() > until:
                break
        for count, text in want:
            p = pattern(text)
            n = sum(1 for h in heads if p.fullmatch(h))
            heads = [h for h in heads if not p.fullmatch(h)]
            low, _, high = count.partition('-')
            if not int(low) <= n <= int(high or low):
                raise WireError('expected  %s x %s\ncame      %d\nthe others: %s'
                                % (count, text, n, heads[:5]))
        if heads:
            raise WireError('came too  %s' % heads[:5])

    def heads_until_pong(self, p):
        time.sleep(0.03)
        p.send(b'PING\r\n')
        heads = []
        while True:
            line = p.line()
            if line is None:
                raise WireError('no PONG for %s' % p.name)
            if line == b'PONG':
                return heads
            if line.startswith((b'MSG ', b'HMSG ')):
                heads.append(line.decode())
                p.exactly(int(line.split()[-1]) + 2)
            else:
                raise WireError('came      %s' % shown(line))

    def do_repeat(self, text, s):
        steps = read_steps(s.block, s.number + 1)
        for i in range(1, int(text) + 1):
            self.vars['i'] = i
            self.run_steps(steps)

    def do_mote_only(self, reason, s):
        self.only('mote', reason, s)

    def do_nats_only(self, reason, s):
        self.only('nats', reason, s)

    def only(self, kind, reason, s):
        if not reason:
            raise WireError('say why this differs')
        if self.kind == kind:
            self.run_steps(read_steps(s.block, s.number + 1))

    def do_signal(self, name, _s):
        self.up()
        self.server.signal(name)

    def do_exit(self, text, _s):
        if self.ran:
            self.code = self.ran.returncode
        else:
            self.code = self.server.wait()
        if self.code is None or str(self.code) != text:
            raise WireError('expected  exit %s\ncame      %s\n%s' % (
                text, self.code, self.ran_text()))

    def do_sleep(self, text, _s):
        """Only for things that are about time; say why in a comment."""
        time.sleep(float(text[:-2]) / 1000)

    # ---- the log, files, programs ------------------------------------------

    def do_log_full(self, text, _s):
        """A whole line of the log from here on, stamp and all."""
        self.find_log(lambda x: pattern(text).fullmatch(x), text)

    def find_log(self, matches, text):
        self.up()
        until = time.monotonic() + self.timeout
        while True:
            lines = self.server.log().split('\n')[:-1]
            for i in range(self.log_at, len(lines)):
                m = matches(lines[i])
                if m:
                    self.vars.update(m.groupdict())
                    self.log_at = i + 1
                    return
            if time.monotonic() > until:
                raise WireError('not in the log: ' + text)
            time.sleep(0.01)

    def do_log(self, text, _s):
        """log [INF] TEXT: a later line of the log, without its stamp."""
        p = pattern(text)
        self.find_log(lambda x: p.fullmatch(re.sub(
            r'^\[\d+\] (\d{4}/\S+ \S+ )?', '', x)), text)

    def do_log_lacks(self, text, _s):
        for line in self.server.log().split('\n'):
            if pattern(text).search(line):
                raise WireError('in the log: ' + line)

    def do_log_again(self, _text, _s):
        """The next log step looks from the beginning."""
        self.log_at = 0

    def do_file(self, text, _s):
        """file PATH is TEXT | has PATTERN | absent"""
        path, verb, want = (text.split(None, 2) + [''])[:3]
        path = os.path.join(self.server.dir, path)
        until = time.monotonic() + self.timeout
        while True:
            got = None
            if os.path.exists(path):
                with open(path, encoding='utf-8', errors='replace') as f:
                    got = f.read()
            if (verb == 'absent' and got is None) or got is not None and (
                    verb == 'is' and got == want or
                    verb == 'has' and pattern(want).search(got)):
                return
            if time.monotonic() > until:
                raise WireError('expected  %s %s\ncame      %r' % (
                    verb, want, got))
            time.sleep(0.01)

    def do_move(self, text, _s):
        src, dst = text.split()
        os.rename(os.path.join(self.server.dir, src),
                  os.path.join(self.server.dir, dst))

    def do_run(self, text, _s):
        """The server's binary again, to its end."""
        self.ran = subprocess.run(
            [self.server.binary] + shlex.split(text), cwd=self.server.dir,
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=self.timeout + 20, check=False)
        self.out = self.ran.stdout.decode('utf-8', 'replace')
        self.err = self.ran.stderr.decode('utf-8', 'replace')

    def ran_text(self):
        return 'stdout: %s\nstderr: %s' % (self.out, self.err) if self.ran \
            else ''

    def do_stdout(self, text, _s):
        """The next line; 'stdout nothing' when it said none."""
        self.out = self.take_line(self.out, text)

    def do_stderr(self, text, _s):
        self.err = self.take_line(self.err, text)

    def take_line(self, have, text):
        if text == 'nothing':
            if have:
                raise WireError('expected  nothing\ncame      %r' % have)
            return have
        line, _, rest = have.partition('\n')
        self.expect(line.encode(), text)
        return rest

    def do_stdout_has(self, text, _s):
        if not pattern(text).search(self.out):
            raise WireError('not there: %s\n%s' % (text, self.ran_text()))

    def do_stderr_has(self, text, _s):
        if not pattern(text).search(self.err):
            raise WireError('not there: %s\n%s' % (text, self.ran_text()))

    # ---- monitoring --------------------------------------------------------

    def do_http(self, text, _s):
        """http GET /varz 200"""
        self.up()
        self.asked = text
        self.ask()

    def ask(self):
        method, path, status = self.asked.split()
        if not self.server.http_port:
            raise WireError('this server has no monitoring port')
        c = http.client.HTTPConnection('127.0.0.1', self.server.http_port,
                                       timeout=self.timeout)
        c.request(method, path)
        r = c.getresponse()
        self.status, self.headers = r.status, r.headers
        self.body = r.read().decode('utf-8')
        c.close()
        if str(r.status) != status:
            raise WireError('expected  %s\ncame      %d %s' % (
                status, r.status, self.body[:500]))

    def do_header(self, text, _s):
        name, want = text.split(': ', 1)
        self.expect(self.headers.get(name, '(absent)').encode(), want)

    def do_body(self, text, _s):
        """body "the whole of it" """
        if self.body.encode() != bytes_of(text):
            raise WireError('expected  %s\ncame      %s' % (
                text, shown(self.body.encode())))

    def do_body_has(self, text, _s):
        def check():
            if not pattern(text).search(self.body):
                raise WireError('not there: %s\n%s' % (text, self.body[:2000]))
        self.soon(check)

    def do_body_lacks(self, text, _s):
        if pattern(text).search(self.body):
            raise WireError('is there: %s\n%s' % (text, self.body[:2000]))

    def do_json(self, text, _s):
        self.soon(lambda: check_json(json.loads(self.body), text))

    def soon(self, check):
        """Monitoring trails what a client has seen: a connection is closed
        first and listed as closed then.  So ask again for a while."""
        until = time.monotonic() + 2.0
        while True:
            try:
                return check()
            except WireError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.02)
            self.ask()


# ---- JSON --------------------------------------------------------------------

GO_DURATION = re.compile(r'(\d+y)?(\d+d)?(\d+h)?(\d+m)?(\d+(\.\d+)?(s|ms|µs|ns))?')
TYPES = {
    'int': lambda v: isinstance(v, int) and not isinstance(v, bool),
    'num': lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    'str': lambda v: isinstance(v, str),
    'bool': lambda v: isinstance(v, bool),
    'list': lambda v: isinstance(v, list),
    'map': lambda v: isinstance(v, dict),
    'dur': lambda v: isinstance(v, str) and v and GO_DURATION.fullmatch(v),
    'time': lambda v: isinstance(v, str) and is_time(v),
}


def is_time(text):
    m = re.fullmatch(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{0,8}[1-9])?Z', text)
    if not m:
        return False
    datetime.datetime.fromisoformat(m.group(1))
    return True


MISSING = object()


def lookup(value, path):
    for part in re.findall(r'[^.\[\]]+|\[\d+\]', path):
        try:
            if part.startswith('['):
                value = value[int(part[1:-1])]
            else:
                value = value[part]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def check_json(value, text):
    """Blank-separated checks: path, !path, path=value, path:type, path~regex,
    path#length, path>=number."""
    for check in shlex.split(text):
        if check.startswith('!'):
            if lookup(value, check[1:]) is not MISSING:
                raise WireError('%s is there: %r' % (
                    check[1:], lookup(value, check[1:])))
            continue
        m = re.match(r'([\w./\[\]-]+)(?:(>=|=|:|~|#)(.*))?$', check, re.S)
        if not m:
            raise WireError('not a check: ' + check)
        path, op, want = m.groups()
        got = lookup(value, path)
        if got is MISSING:
            raise WireError('no %s in %s' % (path, shown(
                json.dumps(value).encode(), 1500)))
        if not check_value(got, op, want):
            raise WireError('%s is %s, expected %s%s' % (
                path, json.dumps(got), op, want))


def check_value(got, op, want):
    if op is None:
        return True
    if op == '=':
        try:
            return got == json.loads(want)
        except ValueError:
            return got == want
    if op == ':':
        return bool(TYPES[want](got))
    if op == '~':
        return re.search(want, str(got)) is not None
    if op == '#':
        return len(got) == int(want)
    return got >= float(want)


def check_order(value, names):
    came = [k for k in value if k in names]
    if came != names:
        raise WireError('expected  %s\ncame      %s' % (
            ' '.join(names), ' '.join(came)))
