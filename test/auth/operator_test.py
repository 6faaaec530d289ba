"""Logins by JWT, and accounts that come by their tokens.

Every chain here is made by the test; what is compared with nats-server runs
against both.  What an operator may say at the start is in start_test.py.
"""
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time

from fault import Fault, mote_only
from identities import Chain, Client, ISSUED, Key, user
from running import wait_until
from server import ServerError

UPDATE = '$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE'
LOOKUP = '$SYS.REQ.ACCOUNT.%s.CLAIMS.LOOKUP'
REFUSED = 'Authorization Violation'


class Operated(Fault):
    """A chain, an account A with a user U, and somebody in the system account."""

    def setUp(self):
        super().setUp()
        self.chain = Chain()
        self.a, self.b = Key('A', 1), Key('A', 4)
        self.u, self.v, self.s = Key('U', 2), Key('U', 5), Key('U', 3)
        self.dir = tempfile.mkdtemp(prefix='mote-jwt-')
        self.addCleanup(shutil.rmtree, self.dir)

    def memory(self, accounts, more='', **operator):
        """accounts: (key, token)."""
        preload = [(self.chain.system, self.chain.system_token()), *accounts]
        return 'operator: %s\nresolver: MEMORY\nresolver_preload: {\n%s\n}\n%s' % (
            self.chain.operator(**operator),
            '\n'.join('%s: %s' % (k.public, t) for k, t in preload), more)

    def directory(self, kind='full', options='allow_delete: true', accounts=()):
        for key, token in [(self.chain.system, self.chain.system_token()), *accounts]:
            with open(self.file(key), 'w', encoding='ascii') as f:
                f.write(token)
        return 'operator: %s\nresolver: { type: %s, dir: "%s", %s }\n' % (
            self.chain.operator(), kind, self.dir, options)

    def file(self, key):
        return os.path.join(self.dir, key.public + '.jwt')

    def login(self, server, jwt=None, key=None, **connect):
        c = Client(server.port, jwt, key, **connect)
        self.addCleanup(c.close)
        return c

    def must_get_in(self, server, jwt, key=None, **connect):
        c = self.login(server, jwt, key, **connect)
        self.assertIsNone(c.ping())
        return c

    def must_be_refused(self, server, jwt, key=None, **connect):
        self.assertEqual(self.login(server, jwt, key, **connect).ping(), REFUSED)

    def in_system(self, server):
        return self.must_get_in(server, user(self.chain.system, self.s), self.s)

    def ask(self, client, subject, payload=''):
        """The answer without the server, which differs."""
        answer = json.loads(client.request(subject, payload))
        self.assertIn('server', answer)
        del answer['server']
        return answer

    def update(self, client, key, token):
        return self.ask(client, UPDATE % key.public, token)

    def must_update(self, client, key, token):
        self.assertEqual(self.update(client, key, token), {
            'data': {'account': key.public, 'code': 200, 'message': 'jwt updated'}})

    def must_go(self, client, error):
        self.assertEqual(self.next_line(client), "-ERR '%s'" % error)
        self.assertEqual(client.line(), b'')

    @staticmethod
    def next_line(client):
        line = client.line()
        while line == b'PING' or line.startswith(b'INFO'):
            line = client.line()
        return line.decode()


class Logins(Operated):
    def setUp(self):
        super().setUp()
        self.account = self.chain.account(self.a)

    def test_a_user_is_whom_its_account_signed(self):
        s = self.serve(self.memory([(self.a, self.account)]))
        token = user(self.a, self.u)
        self.must_get_in(s, token, self.u)
        with self.subTest('its token again'):
            self.must_get_in(s, token, self.u)
        with self.subTest('no signature'):
            self.must_be_refused(s, token)
        with self.subTest("somebody else's signature"):
            self.must_be_refused(s, token, self.v)
        with self.subTest('signed by an account that is not there'):
            self.must_be_refused(s, user(self.b, self.u), self.u)
        with self.subTest('signed by a stranger for this account'):
            self.must_be_refused(s, user(self.b, self.u, issuer_account=self.a.public),
                                 self.u)
        with self.subTest('expired'):
            self.must_be_refused(s, user(self.a, self.u, expires=ISSUED), self.u)
        with self.subTest('an account is no user'):
            self.must_be_refused(s, self.account, self.a)
        with self.subTest('nothing at all'):
            self.must_be_refused(s, None)
        with self.subTest('a password'):
            self.must_be_refused(s, None, user='u', **{'pass': 'p'})
        for junk in ('x', 'a.b.c', token[:-4], token + 'AAAA', '.' * 3000):
            with self.subTest(junk=junk[:20]):
                self.must_be_refused(s, junk, self.u)

    def test_accounts_do_not_hear_each_other(self):
        s = self.serve(self.memory([(self.a, self.account),
                                    (self.b, self.chain.account(self.b))]))
        in_a = self.must_get_in(s, user(self.a, self.u), self.u)
        also = self.must_get_in(s, user(self.a, self.v), self.v)
        in_b = self.must_get_in(s, user(self.b, self.u), self.u)
        for c in (also, in_b):
            c.subscribe('x', 1)
            c.ping()
        in_a.publish('x', 'from a')
        in_a.ping()
        in_b.publish('x', 'from b')
        self.assertEqual(also.message()[2], b'from a')
        self.assertEqual(in_b.message()[2], b'from b')

    def test_a_bearer_needs_no_key_where_it_may_be_one(self):
        token = user(self.a, self.u, bearer_token=True)
        s = self.serve(self.memory([(self.a, self.account)]))
        self.must_get_in(s, token)
        s = self.serve(self.memory([(self.a, self.chain.account(
            self.a, limits={'disallow_bearer': True}))]))
        self.must_be_refused(s, token)
        self.must_be_refused(s, token, self.u)

    def test_permissions_are_those_of_the_token_or_of_the_account(self):
        s = self.serve(self.memory([(self.a, self.chain.account(
            self.a, default_permissions={'pub': {'allow': ['ok']}, 'sub': {}}))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.publish('no')
        self.assertEqual(c.ping(), 'Permissions Violation for Publish to "no"')
        self.assertIsNone(c.ping())
        c.publish('ok')
        self.assertIsNone(c.ping())
        c = self.must_get_in(s, user(self.a, self.v, pub={'deny': ['ok']}), self.v)
        c.publish('ok')
        self.assertEqual(c.ping(), 'Permissions Violation for Publish to "ok"')

    def test_limits_are_the_least_of_both(self):
        s = self.serve(self.memory([(self.a, self.chain.account(
            self.a, limits={'payload': 100, 'subs': 2}))]))
        c = self.must_get_in(s, user(self.a, self.u, payload=50), self.u)
        c.publish('x', 'y' * 51)
        self.assertEqual(c.ping(), 'Maximum Payload Violation')
        c = self.must_get_in(s, user(self.a, self.v, subs=1), self.v)
        c.subscribe('a', 1)
        self.assertIsNone(c.ping())
        c.subscribe('b', 2)
        self.assertEqual(c.ping(), 'maximum subscriptions exceeded')

    def test_source_addresses_and_kinds_of_connection_are_kept_to(self):
        s = self.serve(self.memory([(self.a, self.account)]))
        self.must_get_in(s, user(self.a, self.u, src=['127.0.0.0/8']), self.u)
        self.must_be_refused(s, user(self.a, self.u, src=['10.0.0.0/8']), self.u)
        self.must_get_in(s, user(self.a, self.u, allowed_connection_types=['STANDARD']),
                         self.u)
        self.must_be_refused(s, user(self.a, self.u,
                                     allowed_connection_types=['WEBSOCKET']), self.u)

    def test_who_brings_no_token_has_the_sentinel(self):
        token = user(self.a, self.u, bearer_token=True)
        s = self.serve(self.memory([(self.a, self.account)],
                                   'default_sentinel: "%s"\n' % token))
        self.must_get_in(s, None)
        self.must_get_in(s, user(self.a, self.v), self.v)
        self.must_be_refused(s, user(self.b, self.v), self.v)

    def test_nobody_comes_in_past_an_auth_callout(self):
        s = self.serve(self.memory([(self.a, self.chain.account(
            self.a, authorization={'auth_users': [self.v.public]}))]))
        self.must_get_in(s, user(self.a, self.v), self.v)
        c = self.login(s, user(self.a, self.u), self.u)
        self.assertIn(c.ping(), (REFUSED, 'Authentication Timeout'))

    def test_only_pinned_accounts_and_the_system_get_in(self):
        s = self.serve(self.memory([(self.a, self.account),
                                    (self.b, self.chain.account(self.b))],
                                   'resolver_pinned_accounts: [%s]\n' % self.a.public))
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.must_be_refused(s, user(self.b, self.u), self.u)
        self.in_system(s)

    def test_accounts_of_strangers_are_not_believed(self):
        stranger = Chain(number=3)
        s = self.serve(self.memory([(self.a, stranger.account(self.a))]))
        self.must_be_refused(s, user(self.a, self.u), self.u)

    def test_a_strict_operator_signs_with_other_keys(self):
        signer, key = Key('O', 60), Key('A', 61)
        more = {'strict_signing_key_usage': True, 'signing_keys': [signer.public]}
        s = self.serve('operator: %s\nresolver: MEMORY\nresolver_preload: {\n%s: %s\n%s: %s\n'
                       '%s: %s\n}\n' % (
                           self.chain.operator(**more), self.chain.system.public,
                           self.chain.system_token(by=signer), self.a.public,
                           self.chain.account(self.a, by=signer,
                                              signing_keys=[key.public]),
                           self.b.public, self.chain.account(self.b)))
        self.must_get_in(s, user(key, self.u, issuer_account=self.a.public), self.u)
        with self.subTest('its accounts have to as well'):
            self.must_be_refused(s, user(self.a, self.u), self.u)
        self.must_be_refused(s, user(self.b, self.u), self.u)

    def test_signing_keys_and_scopes(self):
        plain, scoped = Key('A', 61), Key('A', 62)
        scope = {'kind': 'user_scope', 'key': scoped.public, 'role': 'r', 'template': {
            'pub': {'allow': ['from.{{name()}}']}, 'sub': {}, 'subs': -1, 'data': -1,
            'payload': -1}}
        s = self.serve(self.memory([(self.a, self.chain.account(
            self.a, signing_keys=[plain.public, scope]))]))
        self.must_get_in(s, user(plain, self.u, issuer_account=self.a.public), self.u)
        token = user(scoped, self.v, name='kim', bare=True, issuer_account=self.a.public)
        c = self.must_get_in(s, token, self.v)
        c.publish('from.kim')
        self.assertIsNone(c.ping())
        c.publish('from.lee')
        self.assertEqual(c.ping(), 'Permissions Violation for Publish to "from.lee"')
        with self.subTest('a scoped user that brings its own'):
            self.must_be_refused(s, user(scoped, self.v, issuer_account=self.a.public,
                                         pub={'allow': ['>']}), self.v)

    def test_trusted_keys_without_a_token_of_the_operator(self):
        s = self.serve('trusted: [%s]\nsystem_account: %s\nresolver: MEMORY\n'
                       'resolver_preload: { %s: %s, %s: %s }\n' % (
                           self.chain.key.public, self.chain.system.public,
                           self.chain.system.public, self.chain.system_token(),
                           self.a.public, self.account))
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.must_be_refused(s, user(self.b, self.u), self.u)


class Time(Operated):
    def test_a_user_goes_when_its_token_expires(self):
        s = self.serve(self.memory([(self.a, self.chain.account(self.a))]))
        end = int(time.time()) + 2
        c = self.must_get_in(s, user(self.a, self.u, expires=end), self.u)
        stays = self.must_get_in(s, user(self.a, self.v), self.v)
        self.must_go(c, 'User Authentication Expired')
        self.assertLess(abs(time.time() - end), 1.5)
        self.assertIsNone(stays.ping())

    def test_all_go_when_their_account_expires(self):
        end = int(time.time()) + 2
        s = self.serve(self.memory([(self.a, self.chain.account(self.a, expires=end)),
                                    (self.b, self.chain.account(self.b))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        stays = self.must_get_in(s, user(self.b, self.u), self.u)
        self.must_go(c, 'Account Authentication Expired')
        self.assertLess(abs(time.time() - end), 1.5)
        self.must_be_refused(s, user(self.a, self.u), self.u)
        self.assertIsNone(stays.ping())

    def test_an_account_that_was_renewed_goes_on(self):
        end = int(time.time()) + 2
        s = self.serve(self.memory([(self.a, self.chain.account(self.a, expires=end))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        self.must_update(self.in_system(s), self.a, self.chain.account(
            self.a, issued=ISSUED + 1))
        time.sleep(max(0, end + 1 - time.time()))
        self.assertIsNone(c.ping())


class Updates(Operated):
    """What is in force changes while clients are in."""

    def begin(self, **nats):
        s = self.serve(self.directory(accounts=[(self.a, self.chain.account(self.a, **nats))]))
        return s, self.in_system(s)

    def test_a_revoked_user_goes_and_stays_out(self):
        s, system = self.begin()
        token = user(self.a, self.u, issued=ISSUED)
        c = self.must_get_in(s, token, self.u)
        stays = self.must_get_in(s, user(self.a, self.v), self.v)
        self.must_update(system, self.a, self.chain.account(
            self.a, issued=ISSUED + 1, revocations={self.u.public: ISSUED + 10}))
        self.must_go(c, 'User Authentication Revoked')
        self.must_be_refused(s, token, self.u)
        self.assertIsNone(stays.ping())
        with self.subTest('one issued later is not revoked'):
            self.must_get_in(s, user(self.a, self.u, issued=ISSUED + 11), self.u)
        with self.subTest('all that are older'):
            self.must_update(system, self.a, self.chain.account(
                self.a, issued=ISSUED + 2, revocations={'*': ISSUED + 5}))
            self.must_go(stays, 'User Authentication Revoked')

    def test_users_of_a_key_that_signs_no_more_go(self):
        key = Key('A', 61)
        s, system = self.begin(signing_keys=[key.public])
        token = user(key, self.u, issuer_account=self.a.public)
        c = self.must_get_in(s, token, self.u)
        stays = self.must_get_in(s, user(self.a, self.v), self.v)
        self.must_update(system, self.a, self.chain.account(self.a, issued=ISSUED + 1))
        self.assertIn(self.next_line(c), ('', "-ERR '%s'" % REFUSED))
        self.must_be_refused(s, token, self.u)
        self.assertIsNone(stays.ping())

    @mote_only('closes them instead')
    def test_a_scope_that_changes_is_kept_to_at_once(self):
        key = Key('A', 61)

        def account(allowed, issued):
            return self.chain.account(self.a, issued=issued, signing_keys=[{
                'kind': 'user_scope', 'key': key.public, 'role': 'r', 'template': {
                    'pub': {'allow': [allowed]}, 'sub': {}, 'subs': -1, 'data': -1,
                    'payload': -1}}])

        s = self.serve(self.directory(accounts=[(self.a, account('one', ISSUED))]))
        c = self.must_get_in(s, user(key, self.u, bare=True, issuer_account=self.a.public),
                             self.u)
        self.must_update(self.in_system(s), self.a, account('two', ISSUED + 1))
        c.publish('two')
        self.assertIsNone(c.ping())
        c.publish('one')
        self.assertEqual(c.ping(), 'Permissions Violation for Publish to "one"')

    def test_of_too_many_the_newest_go(self):
        s, system = self.begin()
        clients = [self.must_get_in(s, user(self.a, self.u), self.u) for _ in range(5)]
        self.must_update(system, self.a, self.chain.account(
            self.a, issued=ISSUED + 1, limits={'conn': 2}))
        for c in clients[2:]:
            self.must_go(c, 'maximum account active connections exceeded')
        for c in clients[:2]:
            self.assertIsNone(c.ping())
        c = self.login(s, user(self.a, self.u), self.u)
        self.assertEqual(c.ping(), 'maximum account active connections exceeded')

    def test_a_smaller_payload_holds_at_once(self):
        s, system = self.begin()
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.publish('x', 'y' * 100)
        self.assertIsNone(c.ping())
        self.must_update(system, self.a, self.chain.account(
            self.a, issued=ISSUED + 1, limits={'payload': 10}))
        c.publish('x', 'y' * 100)
        self.assertEqual(c.ping(), 'Maximum Payload Violation')

    def test_updates_and_logins_at_once(self):
        """Whoever gets in goes by the claims that were in force then or later."""
        s, system = self.begin()
        stop = threading.Event()
        errors = []

        def come_and_go(key):
            token = user(self.a, key)
            while not stop.is_set():
                c = Client(s.port, token, key)
                e = c.ping()
                c.close()
                if e is not None:
                    errors.append(e)

        threads = [threading.Thread(target=come_and_go, args=(Key('U', 70 + i),))
                   for i in range(4)]
        for t in threads:
            t.start()
        for i in range(60):
            self.must_update(system, self.a, self.chain.account(self.a,
                                                                issued=ISSUED + 1 + i))
        stop.set()
        for t in threads:
            t.join()
        self.assertEqual(errors, [])


class Imports(Operated):
    def token(self, importer, exporter, subject, kind, expires=0):
        return exporter.sign(importer, {'type': 'activation', 'version': 2,
                                        'subject': subject, 'kind': kind},
                             name='act', expires=expires)

    def exporter(self, needs_token=False):
        return self.chain.account(self.b, exports=[
            {'name': 's', 'subject': 'out.>', 'type': 'stream', 'token_req': needs_token},
            {'name': 'q', 'subject': 'ask', 'type': 'service', 'token_req': needs_token}])

    def importer(self, **tokens):
        return self.chain.account(self.a, imports=[
            {'name': 's', 'subject': 'out.>', 'account': self.b.public, 'type': 'stream',
             'to': 'b', **({'token': tokens['stream']} if tokens else {})},
            {'name': 'q', 'subject': 'ask', 'account': self.b.public, 'type': 'service',
             'local_subject': 'b.ask', **({'token': tokens['service']} if tokens else {})}])

    def must_be_connected(self, s, listens=True):
        """Of the exporter nobody has come yet when the importer's users do."""
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.subscribe('b.>', 1)
        self.assertIsNone(c.ping())
        in_b = self.must_get_in(s, user(self.b, self.v), self.v)
        in_b.subscribe('ask', 9)
        self.assertIsNone(in_b.ping())
        if not listens:
            c.send('UNSUB 1')
            self.assertIsNone(c.request('b.ask', 'q'))
            c.subscribe('b.>', 1)
            in_b.publish('out.x', 'stream')
            self.assertIsNone(in_b.ping())
            self.assertIsNone(c.ping())
            self.assertEqual(c.n_messages, 0)
            return
        in_b.publish('out.x', 'stream')
        self.assertEqual(c.message()[::2], ('b.out.x', b'stream'))
        c.subscribe('_INBOX.q', 2)
        c.publish('b.ask', 'question', '_INBOX.q')
        subject, reply, body = in_b.message()
        self.assertTrue((subject, body[-8:]) == ('ask', b'question'))
        in_b.publish(reply, 'answer')
        got = c.message()
        if got[0] == 'b.ask':       # it hears its own question, too
            got = c.message()
        self.assertEqual(got[::2], ('_INBOX.q', b'answer'))

    def test_public_exports(self):
        self.must_be_connected(self.serve(self.memory([
            (self.a, self.importer()), (self.b, self.exporter())])))

    def test_private_exports_need_an_activation(self):
        tokens = {'stream': self.token(self.a, self.b, 'out.>', 'stream'),
                  'service': self.token(self.a, self.b, 'ask', 'service')}
        self.must_be_connected(self.serve(self.memory([
            (self.a, self.importer(**tokens)), (self.b, self.exporter(True))])))

    def test_without_an_activation_nothing_comes(self):
        self.must_be_connected(self.serve(self.memory([
            (self.a, self.importer()), (self.b, self.exporter(True))])), False)

    def test_an_account_with_a_strangers_activation_is_not_valid(self):
        for why, importer, exporter in (('signed by a stranger', self.a, Key('A', 88)),
                                        ('for somebody else', Key('A', 88), self.b)):
            with self.subTest(why):
                tokens = {'stream': self.token(importer, exporter, 'out.>', 'stream'),
                          'service': self.token(importer, exporter, 'ask', 'service')}
                s = self.serve(self.memory([(self.a, self.importer(**tokens)),
                                            (self.b, self.exporter(True))]))
                self.must_be_refused(s, user(self.a, self.u), self.u)

    def test_an_activation_ends_with_its_time(self):
        end = int(time.time()) + 3
        tokens = {'stream': self.token(self.a, self.b, 'out.>', 'stream', end),
                  'service': self.token(self.a, self.b, 'ask', 'service', end)}
        s = self.serve(self.memory([(self.a, self.importer(**tokens)),
                                    (self.b, self.exporter(True))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.subscribe('b.out.>', 1)
        self.assertIsNone(c.ping())
        in_b = self.must_get_in(s, user(self.b, self.v), self.v)
        in_b.publish('out.x', 'one')
        self.assertEqual(c.message()[2], b'one')
        time.sleep(max(0, end + 1 - time.time()))
        in_b.publish('out.x', 'two')
        self.assertIsNone(in_b.ping())
        self.assertIsNone(c.ping())
        self.assertEqual(c.n_messages, 0)

    def test_an_exporter_that_closes_its_doors(self):
        s = self.serve(self.directory(accounts=[(self.a, self.importer()),
                                                (self.b, self.exporter())]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.subscribe('b.out.>', 1)
        self.assertIsNone(c.ping())
        in_b = self.must_get_in(s, user(self.b, self.v), self.v)
        in_b.publish('out.x', 'one')
        self.assertEqual(c.message()[2], b'one')
        self.must_update(self.in_system(s), self.b, self.chain.account(
            self.b, issued=ISSUED + 1))
        in_b.publish('out.x', 'two')
        self.assertIsNone(in_b.ping())
        self.assertIsNone(c.ping())
        self.assertEqual(c.n_messages, 0)

    def test_an_exporter_that_comes_later(self):
        s = self.serve(self.directory(accounts=[(self.a, self.importer())]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.subscribe('b.out.>', 1)
        self.assertIsNone(c.ping())
        self.must_update(self.in_system(s), self.b, self.exporter())
        in_b = self.must_get_in(s, user(self.b, self.v), self.v)
        c2 = self.must_get_in(s, user(self.a, self.u), self.u)
        c2.subscribe('b.out.>', 1)
        self.assertIsNone(c2.ping())
        in_b.publish('out.x', 'one')
        self.assertEqual(c2.message()[2], b'one')

    def test_accounts_that_import_in_a_circle_are_found(self):
        def account(key, other):
            return self.chain.account(key, exports=[
                {'name': 's', 'subject': 'out.>', 'type': 'stream'}], imports=[
                    {'name': 's', 'subject': 'out.>', 'account': other.public,
                     'type': 'stream', 'to': 'other'}])

        s = self.serve(self.memory([(self.a, account(self.a, self.b)),
                                    (self.b, account(self.b, self.a))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        c.subscribe('other.>', 1)
        self.assertIsNone(c.ping())
        in_b = self.must_get_in(s, user(self.b, self.v), self.v)
        in_b.publish('out.x', 'one')
        self.assertEqual(c.message()[::2], ('other.out.x', b'one'))


class Requests(Operated):
    """CLAIMS.*, with the same words."""

    def fails(self, message, account='n/a'):
        return {'error': {**({'account': account} if account else {}), 'code': 500,
                          'description': message}}

    def check_bad_updates(self, system, words, account_of_junk):
        for token, why in ((self.chain.account(self.a), 'subject does not match jwt content'),):
            self.assertEqual(self.update(system, self.b, token),
                             self.fails('%s - %s' % (words, why), self.b.public))
        self.assertEqual(self.update(system, self.a, 'junk'),
                         self.fails(words + ' - expected 3 chunks', account_of_junk))

    def test_full(self):
        s = self.serve(self.directory(options='allow_delete: true, limit: 3',
                                      accounts=[(self.a, self.chain.account(self.a))]))
        system = self.in_system(s)
        words = 'jwt update resulted in error'
        self.check_bad_updates(system, words, 'n/a')
        self.assertEqual(self.update(system, self.a, user(self.a, self.u)),
                         self.fails(words + ' - not account claim'))
        token = self.chain.account(self.b)
        self.assertEqual(system.request(LOOKUP % self.b.public), b'')
        self.assertEqual(self.ask(system, '$SYS.REQ.CLAIMS.UPDATE', token), {
            'data': {'account': self.b.public, 'code': 200, 'message': 'jwt updated'}})
        self.assertEqual(system.request(LOOKUP % self.b.public), token.encode())
        with open(self.file(self.b), encoding='ascii') as f:
            self.assertEqual(f.read(), token)
        third = Key('A', 6)
        self.assertEqual(self.update(system, third, self.chain.account(third)),
                         self.fails(words + ' - jwt store is full', third.public))
        self.assertEqual(sorted(self.ask(system, '$SYS.REQ.CLAIMS.LIST')['data']),
                         sorted([self.a.public, self.b.public, self.chain.system.public]))

    def test_old_subject(self):
        s = self.serve(self.directory())
        system = self.in_system(s)
        self.assertEqual(self.ask(system, '$SYS.ACCOUNT.%s.CLAIMS.UPDATE' % self.a.public,
                                  self.chain.account(self.a)), {
            'data': {'account': self.a.public, 'code': 200, 'message': 'jwt updated'}})

    def test_pack(self):
        s = self.serve(self.directory(accounts=[(self.a, self.chain.account(self.a))]))
        system = self.in_system(s)
        got = system.request_many('$SYS.REQ.CLAIMS.PACK', b'\0' * 32, 5, until=b'')
        want = [k.public.encode() + b'|' + t.encode() for k, t in (
            (self.a, self.chain.account(self.a)),
            (self.chain.system, self.chain.system_token()))]
        self.assertEqual(sorted(got), sorted([b'', *want]))
        self.assertEqual(got[-1], b'')
        same = bytes(x ^ y for x, y in zip(*(self.hash(w.split(b'|')[1]) for w in want)))
        self.assertEqual(system.request_many('$SYS.REQ.CLAIMS.PACK', same, 5, until=b''), [b''])

    @staticmethod
    def hash(data):
        import hashlib                          # pylint: disable=import-outside-toplevel
        return hashlib.sha256(data).digest()

    def order(self, key, subject=None, **data):
        return key.sign(subject or key, {'type': 'generic', 'version': 2, **data})

    def test_delete(self):
        s = self.serve(self.directory(accounts=[(self.a, self.chain.account(self.a)),
                                                (self.b, self.chain.account(self.b))]))
        system = self.in_system(s)
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        operator, stranger = self.chain.key, Key('O', 99)
        delete = '$SYS.REQ.CLAIMS.DELETE'
        words = 'delete accounts request by %s failed - %s'
        for order, who, why in (
                ('junk', '', 'expected 3 chunks'),
                (self.order(operator, accounts=[self.chain.system.public]), operator.public,
                 'not allowed to delete system account'),
                (self.order(operator), operator.public, 'malformed request'),
                (self.order(operator, accounts='x'), operator.public, 'malformed request'),
                (self.order(operator, accounts=['x']), operator.public, 'malformed request'),
                (self.order(stranger, accounts=[self.a.public]), stranger.public,
                 'not trusted'),
                (self.order(operator, self.a, accounts=[self.a.public]), self.a.public,
                 'not self signed')):
            self.assertEqual(self.ask(system, delete, order), self.fails(words % (who, why), ''))
        self.assertEqual(self.ask(system, delete, self.order(operator, accounts=[])),
                         {'data': {'code': 200, 'message': 'deleted 0 accounts'}})
        self.assertEqual(self.ask(system, delete, self.order(
            operator, accounts=[self.a.public, Key('A', 98).public])),
            {'data': {'code': 200, 'message': 'deleted 2 accounts'}})
        self.must_go(c, 'Account Authentication Expired')
        self.must_be_refused(s, user(self.a, self.u), self.u)
        self.assertFalse(os.path.exists(self.file(self.a)))
        self.assertTrue(os.path.exists(self.file(self.a) + '.deleted'))
        self.must_get_in(s, user(self.b, self.u), self.u)

    @mote_only('takes the same token for no news')
    def test_what_was_deleted_can_come_back(self):
        token = self.chain.account(self.a)
        s = self.serve(self.directory(accounts=[(self.a, token)]))
        system = self.in_system(s)
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.ask(system, '$SYS.REQ.CLAIMS.DELETE', self.order(self.chain.key,
                                                              accounts=[self.a.public]))
        self.must_be_refused(s, user(self.a, self.u), self.u)
        self.must_update(system, self.a, token)
        self.must_get_in(s, user(self.a, self.u), self.u)

    def test_delete_has_to_be_allowed(self):
        s = self.serve(self.directory(options='interval: "2m"',
                                      accounts=[(self.a, self.chain.account(self.a))]))
        self.assertEqual(self.ask(self.in_system(s), '$SYS.REQ.CLAIMS.DELETE', self.order(
            self.chain.key, accounts=[self.a.public])), self.fails(
                'delete accounts request by %s failed - delete must be enabled in server '
                'config' % self.chain.key.public, ''))
        self.assertTrue(os.path.exists(self.file(self.a)))

    def test_hard_delete_leaves_nothing(self):
        s = self.serve(self.directory(options='allow_delete: true, hard_delete: true',
                                      accounts=[(self.a, self.chain.account(self.a))]))
        self.ask(self.in_system(s), '$SYS.REQ.CLAIMS.DELETE', self.order(
            self.chain.key, accounts=[self.a.public]))
        self.assertEqual(os.listdir(self.dir), [self.chain.system.public + '.jwt'])

    def test_cache(self):
        s = self.serve(self.directory('cache', 'limit: 2, ttl: "1h"',
                                      accounts=[(self.a, self.chain.account(self.a))]))
        system = self.in_system(s)
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        self.check_bad_updates(system, 'jwt update cache resulted in error', self.a.public)
        self.assertEqual(self.update(system, self.a, self.chain.account(
            self.a, issued=ISSUED + 1)), {'data': {
                'account': self.a.public, 'code': 200, 'message': 'jwt updated cache'}})
        self.assertEqual(self.update(system, self.b, self.chain.account(self.b)), {'data': {
            'account': self.b.public, 'code': 200, 'message': 'jwt update cache skipped'}})
        self.assertIsNone(c.ping())
        for subject in (LOOKUP % self.a.public, '$SYS.REQ.CLAIMS.PACK'):
            self.assertIsNone(system.request(subject), subject)

    @mote_only('counts a file only when it was brought by an update')
    def test_a_cache_forgets_files_but_not_who_is_in(self):
        s = self.serve(self.directory('cache', 'limit: 2',
                                      accounts=[(self.a, self.chain.account(self.a))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        with open(self.file(self.b), 'w', encoding='ascii') as f:
            f.write(self.chain.account(self.b))
        self.must_get_in(s, user(self.b, self.u), self.u)
        self.assertEqual(len(os.listdir(self.dir)), 2)
        self.assertTrue(os.path.exists(self.file(self.b)), 'the newest')
        self.assertIsNone(c.ping())
        self.must_get_in(s, user(self.a, self.u), self.u)

    def test_memory(self):
        s = self.serve(self.memory([(self.a, self.chain.account(self.a))]))
        system = self.in_system(s)
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.check_bad_updates(system, 'jwt update resulted in error', self.a.public)
        self.assertEqual(self.update(system, self.a, ''),
                         self.fails('jwt update error - request body is empty', self.a.public))
        stranger = Chain(number=3)
        self.assertEqual(self.update(system, self.a, stranger.account(self.a)), self.fails(
            'jwt update resulted in error - account validation failed', self.a.public))
        self.must_update(system, self.a, self.chain.account(self.a, issued=ISSUED + 1))
        self.assertEqual(self.update(system, self.b, self.chain.account(self.b)), {'data': {
            'account': self.b.public, 'code': 200, 'message': 'jwt update skipped'}})
        for subject in (LOOKUP % self.a.public, '$SYS.REQ.CLAIMS.LIST',
                        '$SYS.REQ.CLAIMS.DELETE', '$SYS.REQ.CLAIMS.UPDATE'):
            self.assertIsNone(system.request(subject), subject)

    @mote_only('keeps it, though nobody can use it, in place of a good one')
    def test_a_token_that_cannot_be_used_does_not_replace_a_good_one(self):
        good = self.chain.account(self.a)
        s = self.serve(self.directory(accounts=[(self.a, good)]))
        system = self.in_system(s)
        for bad in (Chain(number=3).account(self.a), self.chain.account(self.a, expires=1000)):
            self.assertEqual(self.update(system, self.a, bad), self.fails(
                'jwt update resulted in error - account validation failed', self.a.public))
        self.assertEqual(system.request(LOOKUP % self.a.public), good.encode())

    def test_others_may_not_ask(self):
        s = self.serve(self.directory(accounts=[(self.a, self.chain.account(self.a))]))
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        for subject in (LOOKUP % self.a.public, '$SYS.REQ.CLAIMS.LIST', UPDATE % self.a.public):
            self.assertIsNone(c.request(subject, self.chain.account(self.a)), subject)

    def test_what_was_updated_is_there_after_a_restart(self):
        s = self.serve(self.directory())
        self.must_update(self.in_system(s), self.a, self.chain.account(self.a))
        self.must_get_in(s, user(self.a, self.u), self.u)
        s.exit()
        s.start()
        self.must_get_in(s, user(self.a, self.u), self.u)


class Url(Operated):
    def setUp(self):
        super().setUp()
        outer = self
        self.tokens = {self.chain.system.public: self.chain.system_token(),
                       self.a.public: self.chain.account(self.a)}
        self.paths, self.waits = [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):           # pylint: disable=invalid-name
                outer.paths.append(self.path)
                key = self.path.rpartition('/')[2]
                if key != outer.chain.system.public:
                    time.sleep(outer.waits)
                token = outer.tokens.get(key, '' if key == '' else None)
                try:
                    self.send_response(404 if token is None else 200)
                    self.end_headers()
                    self.wfile.write((token or '').encode())
                except OSError:
                    pass                # who asked has not waited

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.addCleanup(self.web.server_close)
        self.addCleanup(self.web.shutdown)

    def url(self):
        return 'http://127.0.0.1:%d/jwt' % self.web.server_port

    def begin(self):
        return self.serve('operator: %s\nresolver: URL("%s")\n' % (self.chain.operator(),
                                                                  self.url()))

    def test_accounts_are_fetched_when_somebody_comes(self):
        s = self.begin()
        self.assertIn('/jwt/', self.paths)
        self.assertNotIn('/jwt/' + self.a.public, self.paths)
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.assertIn('/jwt/' + self.a.public, self.paths)
        n = len(self.paths)
        self.must_get_in(s, user(self.a, self.v), self.v)
        self.assertEqual(len(self.paths), n, 'fetched once')
        self.must_be_refused(s, user(self.b, self.u), self.u)

    def test_the_operators_own_address(self):
        s = self.serve('operator: %s\n' % self.chain.operator(account_server_url=self.url()))
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.assertIn('/jwt/accounts/' + self.a.public, self.paths)

    def test_a_host_by_name(self):
        s = self.serve('operator: %s\nresolver: URL("%s")\n' % (
            self.chain.operator(), self.url().replace('127.0.0.1', 'localhost')))
        self.must_get_in(s, user(self.a, self.u), self.u)

    def test_a_certificate_is_looked_at(self):
        def run(*args):
            subprocess.run(['openssl', *args], cwd=self.dir, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        run('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert',
            '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir + '/cert', self.dir + '/key')
        self.web.socket = context.wrap_socket(self.web.socket, server_side=True)
        base = 'operator: %s\nresolver: URL("https://localhost:%d/jwt")\n' % (
            self.chain.operator(), self.web.server_port)
        s = self.serve(base + 'resolver_tls { ca_file: "%s/cert" }\n' % self.dir)
        self.must_get_in(s, user(self.a, self.u), self.u)
        with self.assertRaises(ServerError):
            self.serve(base)

    def test_junk_is_not_believed(self):
        s = self.begin()
        for i, junk in enumerate(('', 'x', 'a.b.c', 'y' * (2 << 20),
                                  self.chain.account(self.b),
                                  Chain(number=3).account(self.a))):
            key = Key('A', 100 + i)
            self.tokens[key.public] = junk
            self.must_be_refused(s, user(key, self.u), self.u)
        self.must_get_in(s, user(self.a, self.u), self.u)

    def test_a_slow_web_server_delays_only_who_waits_for_it(self):
        s = self.begin()
        self.must_get_in(s, user(self.a, self.u), self.u)
        self.waits = 5
        began = time.monotonic()
        waiting = Client(s.port, user(self.b, self.u), self.u)
        self.addCleanup(waiting.close)
        self.must_get_in(s, user(self.a, self.v), self.v)
        self.assertLess(time.monotonic() - began, 1.5)
        self.assertIn(waiting.ping(), (REFUSED, 'Authentication Timeout'))
        self.assertLess(time.monotonic() - began, 4)

    def test_a_web_server_that_is_gone_refuses_newcomers_only(self):
        s = self.begin()
        c = self.must_get_in(s, user(self.a, self.u), self.u)
        self.web.shutdown()
        self.web.server_close()
        self.must_be_refused(s, user(self.b, self.u), self.u)
        self.must_get_in(s, user(self.a, self.v), self.v)
        self.assertIsNone(c.ping())


class Reload(Operated):
    def test_tokens_that_are_given_along_may_change(self):
        s = self.serve(self.memory([(self.a, self.chain.account(self.a))]))
        token = user(self.a, self.u)
        c = self.must_get_in(s, token, self.u)
        stays = self.must_get_in(s, user(self.a, self.v), self.v)
        s.reload(self.memory([(self.a, self.chain.account(
            self.a, issued=ISSUED + 1, revocations={self.u.public: ISSUED}))]))
        # The reload looks at everybody again, or the new claims do.
        self.assertIn(self.next_line(c), ("-ERR '%s'" % REFUSED,
                                          "-ERR 'User Authentication Revoked'"))
        self.must_be_refused(s, token, self.u)
        self.assertIsNone(stays.ping())

    def test_operators_may_not_change(self):
        s = self.serve(self.memory([(self.a, self.chain.account(self.a))]))
        other = Chain(number=5)
        s.config = 'operator: %s\nresolver: MEMORY\nresolver_preload: { %s: %s }\n' % (
            other.operator(), other.system.public, other.system_token())
        s.write_config(s.text())
        s.proc.send_signal(1)
        wait_until('a refusal', lambda: 'config reload not supported for' in s.log_tail(40))
        self.must_get_in(s, user(self.a, self.u), self.u)
