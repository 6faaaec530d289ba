"""Another program decides who somebody is (ADR-26).

The program here is a client that reads the question, which is a token signed by the
server, and answers with what a test wants.  Both servers must do the same.
"""
from callout import Service
from fault import Fault, mote_only
from identities import Client, ISSUED, Key

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
