"""test/matrix/worlds.py - a server for each kind of identity, with all rules in it.

For rule number k there are two accounts: Lk, where the tried user, a free one and its
mate live together, and which exports a service; Ik, where the tried user imports from
X.  Q asks the services of all Lk.  What each is for: paths.py.
"""
import time

from callout import Service
from identities import Chain, Key, user as user_token
from running import Running
from rules import RULES
from seats import PATIENCE, Seat, sync

ALL = {'pub_allow': ['>'], 'sub_allow': ['>']}
MAPPINGS = {'m.*': 'foo.{{wildcard(1)}}', 'm.*.*': '{{wildcard(2)}}.{{wildcard(1)}}',
            'foo.c': 'bar.c'}
NAMES = list(RULES)
N = len(NAMES)
SHIFT = 7               # rules that a change moves everybody by; no divisor of N
NEVER = 4102444800      # 2100


# ---- permissions, in the two languages ----------------------------------------------

def config_permissions(rule):
    def side(name):
        parts = ['%s: [ %s ]' % (what, ', '.join('"%s"' % e for e in rule[name + what]))
                 for what in ('allow', 'deny') if name + what in rule]
        return '{ %s }' % ', '.join(parts) if parts else ''
    parts = ['%s: %s' % (word, side(name)) for word, name in
             (('publish', 'pub_'), ('subscribe', 'sub_')) if side(name)]
    if 'resp' in rule:
        parts.append('allow_responses: { max: %d, expires: "1m" }' % rule['resp'])
    return '{ %s }' % ', '.join(parts)


def claims_permissions(rule):
    nats = {side: {what: rule['%s_%s' % (side, what)] for what in ('allow', 'deny')
                   if '%s_%s' % (side, what) in rule} for side in ('pub', 'sub')}
    if 'resp' in rule:
        nats['resp'] = {'max': rule['resp'], 'ttl': 60_000_000_000}
    return nats


# ---- the kinds -----------------------------------------------------------------------

class World:
    """changed: whether everybody has moved on to another rule."""
    keeps_connections = True        # over a change
    reference_cuts = False          # them, then

    def __init__(self, binary, workers):
        self.binary, self.workers = binary, workers
        self.shift = 0
        self.server = None

    def rule(self, k):
        return RULES[self.name(k)]

    def effective(self, k):
        rule = self.rule(k)
        return rule['own'] or rule.get('default', {})

    def name(self, k):
        return NAMES[(k + self.shift) % N]

    def start(self):
        self.prepare()
        self.server = Running(self.binary, self.text())
        self.server.start()
        self.at_start()
        self.tried = [self.sit(self.connect_tried('L', k)) for k in range(N)]
        self.importers = [self.sit(self.connect_tried('I', k)) for k in range(N)]
        self.free = [self.sit(self.connect_free('L%d' % k)) for k in range(N)]
        self.mates = [self.sit(self.connect_free('L%d' % k)) for k in range(N)]
        self.x, self.q = self.sit(self.connect_free('X')), self.sit(self.connect_free('Q'))
        for s in (*self.free, *self.mates, self.x, self.q):
            s.subscribe('stay.here', 'stay')        # who hears something is not moved
            s.ask()
            s.answer()
        return self

    def text(self):
        return self.config() + ('\nworkers: %d\n' % self.workers if self.workers else '')

    def sit(self, connect):
        return Seat(self.server.port, **connect)

    def stop(self):
        """What the server said or how it ended, where that is not well."""
        status = self.server.exit()
        trouble = self.server.complaint() or (
            'it ended with %s' % status if status else '')
        self.server.remove()
        return trouble

    def change(self):
        self.shift = SHIFT
        self.put_in_force()
        if not self.keeps_connections:
            for k in range(N):
                for kind, seats in (('L', self.tried), ('I', self.importers)):
                    seats[k].close()
                    seats[k] = self.sit(self.connect_tried(kind, k))

    def prepare(self):
        pass

    def at_start(self):
        pass


class Config(World):
    """Users with passwords."""

    def config(self):
        text = ['accounts {']
        for k in range(N):
            rule = self.rule(k)
            default = (', default_permissions: %s' % config_permissions(rule['default'])
                       if 'default' in rule else '')
            text += ['L%d { users [ %s ] %s' % (k, self.users('L', k), default),
                     'exports [ { service: "foo.*" } ]',
                     'mappings { %s } }' % ', '.join('"%s": "%s"' % m
                                                     for m in MAPPINGS.items()),
                     'I%d { users [ %s ] %s' % (k, self.users('I', k), default),
                     'imports [ { stream: { account: X, subject: "*" }, prefix: foo },',
                     '{ stream: { account: X, subject: "src.*" }, to: "bar.$1" },',
                     '{ service: { account: X, subject: "svc.*" }, to: "foo.*" } ] }']
        text += ['X { users [ %s ]' % free_user('X'),
                 'exports [ { stream: "*" }, { stream: "src.*" }, { service: "svc.*" } ] }',
                 'Q { users [ %s ], imports [' % free_user('Q'),
                 ', '.join('{ service: { account: L%d, subject: "foo.*" }, to: "k%d.*" }'
                           % (k, k) for k in range(N)), '] }', self.more(), '}', self.outside()]
        return '\n'.join(text)

    def more(self):
        return ''

    def outside(self):
        return ''

    def users(self, kind, k):
        return ', '.join(filter(None, (self.tried_user(kind, k),
                                       free_user('%s%d' % (kind, k)))))

    def tried_user(self, kind, k):
        return '{ user: "t%s%d", password: "pw", %s }' % (kind, k, self.own(k))

    def own(self, k):
        rule = self.rule(k)
        if not rule['own'] and 'default' in rule:
            return ''
        return 'permissions: ' + config_permissions(rule['own'])

    def connect_tried(self, kind, k):
        return {'user': 't%s%d' % (kind, k), 'pass': 'pw'}

    def connect_free(self, account):
        return {'user': 'free' + account, 'pass': 'pw'}

    def put_in_force(self):
        self.server.reload(self.text())


def free_user(account):
    return '{ user: "free%s", password: "pw", permissions: %s }' % (
        account, config_permissions(ALL))


class Nkey(Config):
    """Users with keys."""

    def prepare(self):
        self.keys = {(kind, k): Key('U', 1 + 2 * k + (kind == 'I'))
                     for k in range(N) for kind in 'LI'}

    def tried_user(self, kind, k):
        return '{ nkey: %s, %s }' % (self.keys[kind, k].public, self.own(k))

    def connect_tried(self, kind, k):
        key = self.keys[kind, k]
        return {'key': key, 'nkey': key.public}


class Callout(Config):
    """Users whom another program places, by a token without limits but the rule.

    Defaults in the configuration are for users in the configuration: who is placed
    has what the program gave him (so it is in nats-server).
    """
    keeps_connections = False

    def effective(self, k):
        return self.rule(k)['own']

    def prepare(self):
        self.issuer = Key('A', 200)

    def more(self):
        return 'AUTH { users [ { user: auth, password: pwd } ] }'

    def outside(self):
        free = ['free' + a for a in self.accounts()]
        return ('authorization { timeout: 10, auth_callout { issuer: %s, account: AUTH,'
                ' auth_users: [ auth, %s ] } }' % (self.issuer.public, ', '.join(free)))

    def accounts(self):
        return ['%s%d' % (kind, k) for k in range(N) for kind in 'LI'] + ['X', 'Q']

    def tried_user(self, kind, k):
        return ''

    def at_start(self):
        self.service = Service(self.server.port, self.issuer, self.place)

    def place(self, request):
        name = request['nats']['connect_opts']['user']
        rule = self.rule(int(name[2:]))
        return self.service.response(request, jwt=self.service.user(
            request, account=name[1:], **claims_permissions(rule['own'])))


class Jwt(World):
    """Tokens with the rule in them; the account's claims have the defaults."""
    keeps_connections = False
    number = 0

    def prepare(self):
        self.chain = Chain(self.number)
        self.names = ['%s%d' % (kind, k) for k in range(N) for kind in 'LI'] + ['X', 'Q']
        self.keys = {n: Key('A', 100 + i) for i, n in enumerate(self.names)}
        self.signers = {n: Key('A', 200 - i) for i, n in enumerate(self.names)}
        self.user = Key('U', 1)
        self.issued = 1795219679

    def claims(self, name):
        keys, imports, exports = self.keys, [], []
        def put(where, kind, subject, account='', **more):
            where.append({'name': '%s %s' % (kind, subject), 'subject': subject,
                       'type': kind, **({'account': account} if account else {}), **more})
        claims = {'default_permissions': claims_permissions({})}
        if name[0] in 'LI':
            claims.update(self.rights(name))
        if name[0] == 'L':
            put(exports, 'service', 'foo.*')
            claims['mappings'] = {m: [{'subject': to, 'weight': 100}]
                                  for m, to in MAPPINGS.items()}
        elif name[0] == 'I':
            x = keys['X'].public
            put(imports, 'stream', '*', x, to='foo')
            put(imports, 'stream', 'src.*', x, local_subject='bar.$1')
            put(imports, 'service', 'svc.*', x, local_subject='foo.*')
        elif name == 'X':
            for kind, subject in (('stream', '*'), ('stream', 'src.*'), ('service', 'svc.*')):
                put(exports, kind, subject)
        else:
            for k in range(N):
                put(imports, 'service', 'foo.*', keys['L%d' % k].public,
                    local_subject='k%d.*' % k)
        return {'imports': imports, 'exports': exports, **claims}

    def rights(self, name):
        rule = self.rule(int(name[1:]))
        return {'default_permissions': claims_permissions(rule.get('default', {}))}

    def token(self, name):
        return self.chain.account(self.keys[name], name=name, issued=self.issued,
                                  **self.claims(name))

    def config(self):
        rows = ['%s: %s' % (self.keys[n].public, self.token(n)) for n in self.names]
        rows.append('%s: %s' % (self.chain.system.public, self.chain.system_token()))
        return ('operator: %s\nsystem_account: %s\nresolver: MEMORY\n'
                'resolver_preload {\n%s\n}\n' % (
                    self.chain.operator(), self.chain.system.public, '\n'.join(rows)))

    def at_start(self):
        token = user_token(self.chain.system, self.user)
        self.system = self.sit({'key': self.user, 'jwt': token})

    def connect_tried(self, kind, k):
        return {'key': self.user, 'jwt': user_token(
            self.keys['%s%d' % (kind, k)], self.user,
            **claims_permissions(self.rule(k)['own']))}

    def connect_free(self, account):
        return {'key': self.user, 'jwt': user_token(self.keys[account], self.user,
                                                    **claims_permissions(ALL))}

    def put_in_force(self):
        """By requests, as `nats auth account push` and nsc do."""
        self.issued += 10
        self.system.subscribe('_INBOX.claims', 'claims')
        for name in self.names:
            if name[0] in 'LI':
                self.system.publish(
                    '$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE' % self.keys[name].public,
                    self.token(name), '_INBOX.claims')
        answers = sync([self.system])[self.system]
        until = time.monotonic() + PATIENCE
        while len(answers) < 2 * N and time.monotonic() < until:
            answers += sync([self.system])[self.system]
        bad = [a.body for a in answers if '"code":200' not in a.body]
        if bad or len(answers) < 2 * N:
            raise RuntimeError('%d claims taken; %s' % (len(answers), bad[:1]))


class JwtDefault(Jwt):
    """The rule is the account's default; tokens that are silent."""
    keeps_connections = True

    def rights(self, name):
        return {'default_permissions': claims_permissions(
            self.effective(int(name[1:])))}

    def connect_tried(self, kind, k):
        return {'key': self.user, 'jwt': user_token(
            self.keys['%s%d' % (kind, k)], self.user)}


class JwtScoped(Jwt):
    """The rule is the template of a signing key.  nats-server cuts its users off when
    it changes."""
    keeps_connections = True
    reference_cuts = True

    def rights(self, name):
        rule = self.rule(int(name[1:]))
        template = {'subs': -1, 'data': -1, 'payload': -1,
                    **claims_permissions(rule['own'])}
        return {**super().rights(name), 'signing_keys': [
            {'kind': 'user_scope', 'key': self.signers[name].public, 'role': 'r',
             'template': template}]}

    def connect_tried(self, kind, k):
        name = '%s%d' % (kind, k)
        return {'key': self.user, 'jwt': user_token(
            self.signers[name], self.user, bare=True,
            issuer_account=self.keys[name].public)}


WORLDS = {'config user': Config, 'nkey user': Nkey, 'JWT user': Jwt,
          'JWT, account default': JwtDefault, 'JWT, scoped key': JwtScoped,
          'callout-placed user': Callout}
