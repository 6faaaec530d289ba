"""Another program decides who somebody is (ADR-26).

Whose word counts is configured, or with operators a matter of claims.  The program here
is a client that reads the question, which is a token signed by the
server, and answers with what a test wants.  Both servers must do the same.
"""
import json
import time

from callout import Service
from fault import Fault, mote_only
from identities import Client, ISSUED, Key, user
from operator_test import Operated, REFUSED

CONFIG = '''
accounts {
  AUTH { users [ { user: auth, password: pwd } ] }
  APP { }
  OTHER { }
}
authorization {
  timeout: 4
  auth_callout { issuer: %s, account: AUTH, auth_users: [ auth ]%s }
}
'''


class Callout(Fault):
    def setUp(self):
        super().setUp()
        self.issuer = Key('A', 41)

    def begin(self, answer, more=''):
        server = self.serve(CONFIG % (self.issuer.public, more))
        service = Service(server.port, self.issuer, lambda r: answer(service, r))
        self.addCleanup(service.client.close)
        return server, service

    def enter(self, server, **connect):
        """A client that was let in; or the error."""
        c = Client(server.port, **{'user': 'bob', 'pass': 'secret', 'name': 'me', **connect})
        self.addCleanup(c.close)
        error = c.ping()
        return c if error is None else error

    def placed(self, **how):
        return lambda s, r: s.response(r, jwt=s.user(r, **how))

    def test_the_program_is_told_who_asks(self):
        server, service = self.begin(self.placed())
        self.assertIsInstance(self.enter(server), Client)
        asked = service.asked[0]
        nats = asked['nats']
        self.assertEqual(asked['aud'], 'nats-authorization-request')
        self.assertEqual(asked['sub'], self.issuer.public)
        self.assertEqual(asked['iss'], nats['server_id']['id'])
        self.assertTrue(nats['user_nkey'].startswith('U'))
        self.assertEqual(nats['type'], 'authorization_request')
        self.assertEqual(nats['connect_opts']['user'], 'bob')
        self.assertEqual(nats['connect_opts']['pass'], 'secret')
        self.assertEqual(nats['client_info']['host'], '127.0.0.1')
        self.assertEqual(nats['client_info']['user'], 'bob')
        self.assertEqual(nats['client_info']['name'], 'me')
        self.assertEqual(nats['client_info']['kind'], 'Client')
        self.assertEqual(nats['client_info']['type'], 'nats')

    def test_who_is_placed_is_there_with_those_rights(self):
        server, _ = self.begin(self.placed(pub={'allow': ['a', '$SYS.REQ.USER.INFO']},
                                           sub={'allow': ['a', '_INBOX.>']}))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        info = json.loads(c.request('$SYS.REQ.USER.INFO'))['data']
        self.assertEqual((info['user'], info['account']), ('placed', 'APP'))
        c.subscribe('a', 1)
        c.publish('a', 'hello')
        self.assertEqual(c.message()[2], b'hello')
        c.subscribe('b', 2)
        self.assertIn('Permissions Violation for Subscription to "b"', c.ping())
        self.assertEqual(c.line(), b'PONG')
        c.publish('b', 'x')
        self.assertIn('Permissions Violation for Publish to "b"', c.ping())

    def test_two_may_be_placed_apart(self):
        server, _ = self.begin(lambda s, r: s.response(r, jwt=s.user(
            r, account=r['nats']['connect_opts']['user'])))
        one, two = self.enter(server, user='APP'), self.enter(server, user='OTHER')
        for c in (one, two):
            self.assertIsInstance(c, Client)
            c.subscribe('x', 1)
            self.assertIsNone(c.ping())
        one.publish('x', '1')
        self.assertEqual(one.message()[2], b'1')
        two.publish('x', '2')
        self.assertEqual(two.message()[2], b'2')

    def test_an_error_a_lie_and_silence_let_nobody_in(self):
        other = Key('A', 42)
        wrong = {
            'an error': lambda s, r: s.response(r, error='nope'),
            'no answer': lambda s, r: None,
            'no token': lambda s, r: b'hello',
            'an empty answer': lambda s, r: b'',
            'signed by another': lambda s, r: s.response(r, by=other, jwt=s.user(r)),
            'for another server': lambda s, r: s.response(r, audience=Key('N', 3).public,
                                                          jwt=s.user(r)),
            'for another login': lambda s, r: s.response(r, subject=Key('U', 9).public,
                                                         jwt=s.user(r)),
            'another user': lambda s, r: s.response(r, jwt=s.user(
                r, subject=Key('U', 9).public)),
            'user signed by another': lambda s, r: s.response(r, jwt=s.user(r, by=other)),
            'no such account': lambda s, r: s.response(r, jwt=s.user(r, account='NOPE')),
            'expired user': lambda s, r: s.response(r, jwt=s.user(r, expires=ISSUED - 1)),
            'neither user nor error': lambda s, r: s.response(r),
        }
        kind = []
        server, _ = self.begin(lambda s, r: wrong[kind[-1]](s, r))
        for why in wrong:
            with self.subTest(why=why):
                kind.append(why)
                self.assertEqual(self.enter(server), 'Authorization Violation')
        kind.append('right')
        wrong['right'] = self.placed()
        self.assertIsInstance(self.enter(server), Client)

    @mote_only('nats-server passes over where such a user may come from, and how')
    def test_where_from_and_how_counts_here_too(self):
        for why, limit in (('network', {'src': ['10.0.0.0/8']}),
                           ('kind', {'allowed_connection_types': ['WEBSOCKET']})):
            with self.subTest(why=why):
                server, _ = self.begin(self.placed(**limit))
                self.assertEqual(self.enter(server), 'Authorization Violation')

    def test_only_allowed_accounts(self):
        """Who is nobody yet is asked about; the answer may name allowed ones only."""
        server, _ = self.begin(lambda s, r: s.response(r, jwt=s.user(
            r, account=r['nats']['connect_opts']['user'])), ', allowed_accounts: [ APP ]')
        self.assertIsInstance(self.enter(server, user='APP'), Client)

    def test_the_service_itself_is_not_asked_about(self):
        server, service = self.begin(self.placed())
        c = self.enter(server, user='auth', **{'pass': 'pwd'})
        self.assertIsInstance(c, Client)
        self.assertEqual(self.enter(server, user='auth', **{'pass': 'wrong'}),
                         'Authorization Violation')
        self.assertEqual(service.asked, [])

    def test_nobody_asks_in_the_name_of_the_server(self):
        server, _ = self.begin(self.placed(account='AUTH'))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        c.publish('$SYS.REQ.USER.AUTH', 'x')
        self.assertIn('Permissions Violation for Publish to "$SYS.REQ.USER.AUTH"', c.ping())

    def test_who_leaves_meanwhile_is_forgotten(self):
        held = []
        server, service = self.begin(lambda s, r: held.append(r))
        first = Client(server.port, user='bob', **{'pass': 'secret'})
        while not held:
            service.join(0.01)
        first.close()
        service.answer = lambda r: service.response(r, jwt=service.user(r))
        self.assertIsInstance(self.enter(server), Client)

    def test_a_hundred_at_once(self):
        server, service = self.begin(self.placed())
        crowd = [Client(server.port, user='u%d' % i, **{'pass': 'x'}) for i in range(100)]
        for c in crowd:
            self.addCleanup(c.close)
            self.assertIsNone(c.ping())
        self.assertEqual(len(service.asked), 100)

    def test_boxes_for_those_who_have_a_curve_key(self):
        curve = Key('X', 51)
        server = self.serve(CONFIG % (self.issuer.public, ', xkey: ' + curve.public))
        c = Client(server.port, user='auth', **{'pass': 'pwd'})
        self.addCleanup(c.close)
        c.subscribe('$SYS.REQ.USER.AUTH', 1)
        c.ping()
        other = Client(server.port, user='bob', **{'pass': 'secret'})
        self.addCleanup(other.close)
        _, _, body = c.message()
        self.assertTrue(body.startswith(b'NATS/1.0\r\nNats-Server-Xkey: X'), body[:80])
        self.assertIn(b'\r\n\r\nxkv1', body)
        self.assertNotIn(b'secret', body)


class Delegated(Operated):
    """Account A asks a program that comes in as V; T is where it may place users."""

    def setUp(self):
        super().setUp()
        self.t, self.scoped, self.plain = Key('A', 6), Key('A', 7), Key('A', 8)
        self.stranger = Key('A', 42)
        self.sentinel = user(self.a, self.u, name='gate', bearer_token=True,
                             tags=['one:x', 'two'])

    def asking(self, allowed=True, users=None, **more):
        places = {'allowed_accounts': [self.t.public]} if allowed is True else {
            'allowed_accounts': allowed} if allowed else {}
        return self.chain.account(self.a, signing_keys=[self.plain.public], authorization={
            'auth_users': [(users or self.v).public], **places, **more})

    def target(self, **more):
        return self.chain.account(self.t, name='T', **more)

    def come_up(self, answer, config=None):
        server = self.serve(config or self.memory([(self.a, self.asking()),
                                                   (self.t, self.target())]))
        service = Service(server.port, self.a, lambda r: answer(service, r),
                          jwt=user(self.a, self.v), key=self.v)
        self.addCleanup(service.client.close)
        return server, service

    def placed(self, by=None, **how):
        return lambda s, r: s.response(r, jwt=s.user(r, account='', by=by or self.t, **how))

    def enter(self, server, jwt=None, key=None, **connect):
        c = self.login(server, jwt or self.sentinel, key, **connect)
        error = c.ping()
        return c if error is None else error

    def info(self, client):
        return json.loads(client.request('$SYS.REQ.USER.INFO'))['data']

    def test_the_program_of_its_account_is_told_who_asks(self):
        server, service = self.come_up(self.placed())
        self.assertIsInstance(self.enter(server, user='bob', name='me', **{'pass': 'x'}), Client)
        asked = service.asked[0]
        nats = asked['nats']
        self.assertEqual(asked['aud'], 'nats-authorization-request')
        self.assertEqual(asked['sub'], self.a.public)
        self.assertEqual(asked['iss'], nats['server_id']['id'])
        self.assertTrue(nats['user_nkey'].startswith('U'))
        self.assertEqual(nats['connect_opts']['jwt'], self.sentinel)
        self.assertEqual(nats['connect_opts']['user'], 'bob')
        self.assertEqual(nats['connect_opts']['pass'], 'x')
        self.assertEqual(nats['client_info']['user'], 'bob')
        self.assertEqual(nats['client_info']['name'], 'me')
        self.assertEqual(nats['client_info']['name_tag'], 'gate')
        self.assertEqual(nats['client_info']['tags'], ['one:x', 'two'])
        self.assertIsInstance(self.enter(server), Client)
        self.assertEqual(service.asked[1]['nats']['client_info']['user'], self.u.public)

    def test_who_is_placed_is_there_with_those_rights(self):
        server, service = self.come_up(self.placed(
            pub={'allow': ['a', '$SYS.REQ.USER.INFO']}, sub={'allow': ['a', '_INBOX.>']}))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        info = self.info(c)
        self.assertEqual(info['account'], self.t.public)
        self.assertEqual(info['user'], 'placed')
        self.assertIn('a', info['permissions']['publish']['allow'])
        c.subscribe('a', 1)
        service.client.publish('a', 'of another account')
        c.publish('a', 'hello')
        self.assertEqual(c.message()[2], b'hello')
        c.publish('b', 'x')
        self.assertIn('Permissions Violation for Publish to "b"', c.ping())

    def test_keys_that_sign_for_their_accounts(self):
        role = {'kind': 'user_scope', 'key': self.scoped.public, 'role': 'r', 'template': {
            'pub': {'allow': ['only', '$SYS.REQ.USER.INFO']}, 'sub': {}, 'subs': -1, 'data': -1,
            'payload': -1}}
        server, _ = self.come_up(lambda s, r: self.by_keys(s, r), self.memory([
            (self.a, self.asking()), (self.t, self.target(signing_keys=[role]))]))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        self.assertEqual(self.info(c)['account'], self.t.public)
        c.publish('other', 'x')
        self.assertIn('Permissions Violation for Publish to "other"', c.ping())

    def by_keys(self, s, r):
        token = self.scoped.sign(r['nats']['user_nkey'], {
            'pub': {}, 'sub': {}, 'type': 'user', 'version': 2, 'issuer_account': self.t.public})
        return s.response(r, jwt=token)

    def test_its_signing_key_may_answer(self):
        server, _ = self.come_up(lambda s, r: s.response(
            r, by=self.plain, issuer_account=self.a.public, jwt=s.user(
                r, account='', by=self.t)))
        self.assertIsInstance(self.enter(server), Client)

    def test_an_error_a_lie_and_silence_let_nobody_in(self):
        wrong = {
            'an error': lambda s, r: s.response(r, error='nope'),
            'no answer': lambda s, r: None,
            'no token': lambda s, r: b'hello',
            'signed by another': lambda s, r: s.response(
                r, by=self.stranger, jwt=s.user(r, account='', by=self.t)),
            'signed by where it places': lambda s, r: s.response(
                r, by=self.t, jwt=s.user(r, account='', by=self.t)),
            'for another server': lambda s, r: s.response(
                r, audience=Key('N', 3).public, jwt=s.user(r, account='', by=self.t)),
            'for another login': lambda s, r: s.response(
                r, subject=Key('U', 9).public, jwt=s.user(r, account='', by=self.t)),
            'another user': self.placed(subject=Key('U', 9).public),
            'no such account': self.placed(by=self.stranger),
            'a key that does not sign for it': self.placed(
                by=self.stranger, issuer_account=self.t.public),
            'an account that is not allowed': self.placed(by=self.b),
            'expired': self.placed(expires=ISSUED - 1),
            'neither user nor error': lambda s, r: s.response(r),
        }
        kind = []
        server, _ = self.come_up(lambda s, r: wrong[kind[-1]](s, r), self.memory([
            (self.a, self.asking()), (self.t, self.target()),
            (self.b, self.chain.account(self.b))]))
        for why in wrong:
            with self.subTest(why=why):
                kind.append(why)
                self.assertIn(self.enter(server), (REFUSED, 'Authentication Timeout'))
        kind.append('right')
        wrong['right'] = self.placed()
        self.assertIsInstance(self.enter(server), Client)

    def test_a_stranger_who_names_the_account_is_not_believed(self):
        server, _ = self.come_up(lambda s, r: s.response(
            r, by=self.stranger, issuer_account=self.a.public, jwt=s.user(
                r, account='', by=self.t)))
        self.assertEqual(self.enter(server), REFUSED)

    @mote_only('nats-server passes over revocations, and where such a user may come from')
    def test_what_refuses_any_user_refuses_these(self):
        for why, limit, account in (
                ('network', {'src': ['10.0.0.0/8']}, {}),
                ('kind', {'allowed_connection_types': ['WEBSOCKET']}, {}),
                ('revoked', {}, {'revocations': {'*': ISSUED + 1}})):
            with self.subTest(why=why):
                server, _ = self.come_up(self.placed(**limit), self.memory([
                    (self.a, self.asking()), (self.t, self.target(**account))]))
                self.assertEqual(self.enter(server), REFUSED)

    def test_who_is_not_valid_itself_is_not_asked_about(self):
        server, service = self.come_up(self.placed())
        self.must_be_refused(server, user(self.a, self.u), self.v)
        self.must_be_refused(server, user(self.b, self.u), self.u)
        self.must_be_refused(server, None, user='bob', **{'pass': 'x'})
        self.must_get_in(server, user(self.a, self.v), self.v)
        self.assertEqual(service.asked, [])

    def test_any_account_where_all_are_allowed(self):
        server, _ = self.come_up(self.placed(by=self.b), self.memory([
            (self.a, self.asking(allowed=['*'])), (self.b, self.chain.account(self.b))]))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        self.assertEqual(self.info(c)['account'], self.b.public)

    def test_nobody_asks_in_the_name_of_the_server(self):
        server, service = self.come_up(self.placed(by=self.a))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        self.assertEqual(self.info(c)['account'], self.a.public)
        also = self.must_get_in(server, user(self.a, self.v), self.v)
        for one in (c, also):
            one.publish('$SYS.REQ.USER.AUTH', 'x')
            self.assertIn('Permissions Violation for Publish to "$SYS.REQ.USER.AUTH"',
                          one.ping())
        self.assertEqual(len(service.asked), 1)

    def test_the_account_is_fetched_if_need_be(self):
        server, _ = self.come_up(self.placed(), self.directory(accounts=[
            (self.a, self.asking()), (self.t, self.target())]))
        crowd = [self.login(server, self.sentinel) for _ in range(10)]
        for c in crowd:
            self.assertIsNone(c.ping())
        self.assertEqual(self.info(crowd[0])['account'], self.t.public)

    def test_other_claims_of_the_account_are_theirs_too(self):
        server, _ = self.come_up(self.placed(), self.directory(accounts=[
            (self.a, self.asking()), (self.t, self.target())]))
        c, system = self.enter(server), self.in_system(server)
        self.assertIsInstance(c, Client)
        self.must_update(system, self.t, self.target(issued=ISSUED + 10, limits={'subs': 10}))
        c.subscribe('a', 1)
        c.publish('a', 'still here')
        self.assertEqual(c.message()[2], b'still here')
        self.must_update(system, self.t, self.target(
            issued=ISSUED + 20, revocations={'*': ISSUED + 1}))
        self.must_go(c, 'User Authentication Revoked')

    def test_who_is_placed_is_not_asked_about_again(self):
        server, service = self.come_up(self.placed(), self.directory(accounts=[
            (self.a, self.asking()), (self.t, self.target())]))
        c, system = self.enter(server), self.in_system(server)
        self.assertIsInstance(c, Client)
        self.must_update(system, self.t, self.target(issued=ISSUED + 10, default_permissions={
            'pub': {'deny': ['x']}, 'sub': {}}))
        self.assertIsNone(c.ping())
        self.assertEqual(len(service.asked), 1)
        after = self.enter(server)
        for one in (c, after):
            one.publish('x', 'x')
            self.assertIn('Permissions Violation for Publish to "x"', one.ping())

    def test_whom_it_may_place_is_up_to_date(self):
        server, _ = self.come_up(self.placed(), self.directory(accounts=[
            (self.a, self.asking()), (self.t, self.target())]))
        system = self.in_system(server)
        self.assertIsInstance(self.enter(server), Client)
        self.must_update(system, self.a, self.chain.account(
            self.a, issued=ISSUED + 10, authorization={'auth_users': [self.v.public]}))
        self.assertEqual(self.enter(server), REFUSED)

    def test_who_leaves_meanwhile_is_forgotten(self):
        held = []
        server, service = self.come_up(lambda s, r: held.append(r))
        first = self.login(server, self.sentinel)
        while not held:
            service.join(0.01)
        first.close()
        service.answer = lambda r: self.placed()(service, r)
        self.assertIsInstance(self.enter(server), Client)

    def test_who_is_placed_goes_when_its_time_is_over(self):
        server, _ = self.come_up(lambda s, r: s.response(r, jwt=s.user(
            r, account='', by=self.t, expires=int(time.time()) + 2)))
        c = self.enter(server)
        self.assertIsInstance(c, Client)
        self.must_go(c, 'User Authentication Expired')

    def test_the_limits_of_the_account_hold(self):
        server, _ = self.come_up(self.placed(), self.memory([
            (self.a, self.asking()), (self.t, self.target(limits={'conn': 1}))]))
        self.assertIsInstance(self.enter(server), Client)
        self.assertEqual(self.enter(server), 'maximum account active connections exceeded')

    def test_the_sentinel_of_the_server(self):
        server, service = self.come_up(self.placed(), self.memory(
            [(self.a, self.asking()), (self.t, self.target())],
            'default_sentinel: "%s"\n' % self.sentinel))
        c = self.login(server, None, user='bob', **{'pass': 'x'})
        self.assertIsNone(c.ping())
        self.assertEqual(service.asked[0]['nats']['connect_opts']['jwt'], self.sentinel)

    def test_boxes_for_accounts_that_have_a_curve_key(self):
        config = self.memory([(self.a, self.asking(xkey=Key('X', 51).public)),
                              (self.t, self.target())])
        server = self.serve(config)
        c = self.must_get_in(server, user(self.a, self.v), self.v)
        c.subscribe('$SYS.REQ.USER.AUTH', 1)
        c.ping()
        self.login(server, self.sentinel, user='bob', **{'pass': 'secret'})
        _, _, body = c.message()
        self.assertTrue(body.startswith(b'NATS/1.0\r\nNats-Server-Xkey: X'), body[:80])
        self.assertIn(b'\r\n\r\nxkv1', body)
        self.assertNotIn(b'secret', body)
