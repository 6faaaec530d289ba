"""Accounts of the configuration that store, and those that do not; reloads."""
from fault import mote_only
from running import Running, wait_until
from server import ServerError
from stored import NOT_ENABLED, STREAM, Stored

ON = ', jetstream: enabled'


class Accounts(Stored):
    def config(self, a='', b='', server=None):
        return '''accounts {
  A { users: [{user: a, password: a}] %s }
  B { users: [{user: b, password: b}] %s }
  SYS { users: [{user: s, password: s}] }
}
system_account: SYS
sandbox: off
%s
''' % (a, b, self.block() if server is None else server)

    def serve_ours(self, config):
        """nats-server knows no sandbox."""
        return self.serve(self.for_server(config))

    def for_server(self, config):
        return config.replace('sandbox: off\n', '') if self.is_reference() else config

    def refused(self, server, config, why):
        """The reload fails, and says so."""
        server.config = self.for_server(config)
        server.write_config(server.text())
        server.signal('HUP')
        wait_until('the refusal', lambda: why in server.log())

    def test_an_account_without_it_is_told(self):
        s = self.serve_ours(self.config(a=ON))
        b = self.ask(s, 'b')
        for what in ('$JS.API.INFO', STREAM + 'NAMES', STREAM + 'INFO.X',
                     '$JS.API.CONSUMER.LIST.X', '$JS.API.CONSUMER.INFO.X.Y',
                     STREAM + 'MSG.GET.X'):
            self.assertEqual(self.error(b.ask(what)), NOT_ENABLED, what)
        self.assertEqual(self.error(b.ask(STREAM + 'CREATE.X', {'name': 'X'})), NOT_ENABLED)
        self.assertEqual(self.error(b.ask(STREAM + 'LEADER.STEPDOWN.X')), (503, 10010))
        for subject in ('$JS.API.CONSUMER.MSG.NEXT.X.Y', '$JS.API.DIRECT.GET.X', 'x'):
            self.assertTrue(self.is_unheard(b, subject), subject)

    def test_nobody_has_it(self):
        s = self.serve_ours(self.config())
        self.assertEqual(self.error(self.ask(s, 'a').ask('$JS.API.INFO')), NOT_ENABLED)

    def test_the_system_account_is_told_in_its_own_way(self):
        s = self.serve_ours(self.config(a=ON))
        c = self.ask(s, 's')
        kinds = {'$JS.API.INFO': 'account_info', STREAM + 'NAMES': 'system',
                 '$JS.API.NOPE': 'system', '$JS.API.DIRECT.GET.X': 'system',
                 '$JS.API.CONSUMER.MSG.NEXT.X.Y': 'system'}
        for subject, kind in kinds.items():
            answer = c.ask(subject)
            self.assertEqual(self.error(answer), NOT_ENABLED)
            self.assertEqual(answer['type'], 'io.nats.jetstream.api.v1.%s_response' % kind)

    def test_it_may_not_store(self):
        config = self.config(a=ON).replace('password: s}]', 'password: s}]' + ON)
        s = Running(self.binary(), self.for_server(config))
        self.addCleanup(s.remove)
        with self.assertRaisesRegex(ServerError, 'on the system account'):
            s.start()

    def test_only_the_system_account_is_configured(self):
        s = self.serve('accounts { SYS { users: [{user: s, password: s}] } }\n'
                       'system_account: SYS\n' + self.block())
        self.must_create(self.ask(s), 'X')

    def test_granted_more_than_there_is(self):
        server = self.block('max_mem: 1000000, max_file: 1000000')
        for limit, code in (('max_mem', 10028), ('max_file', 10047)):
            grant = ', jetstream: { %s: 600000 }' % limit
            s = Running(self.binary(), self.for_server(
                self.config(a=grant, b=grant, server=server)))
            self.addCleanup(s.remove)
            with self.assertRaisesRegex(ServerError, r'resources available \(%d\)' % code):
                s.start()

    def test_a_reload_takes_it_away_and_gives_it_back(self):
        s = self.serve_ours(self.config(a=ON, b=ON))
        a, b = self.ask(s, 'a'), self.ask(s, 'b')
        for c in (a, b):
            self.must_create(c, 'S')
            self.must_store(c, 'S.x', 1)
        s.reload(self.for_server(self.config(b=ON)))
        self.assertEqual(self.error(self.until_told(a)), NOT_ENABLED)
        self.assertTrue(self.is_unheard(a, 'S.x'))
        self.must_store(b, 'S.x', 2)
        s.reload(self.for_server(self.config(a=ON, b=ON)))
        wait_until('JetStream', lambda: 'streams' in a.ask('$JS.API.INFO'))
        self.must_store(a, 'S.x', 2)
        self.assertEqual(a.ask('$JS.API.INFO')['api'], {'level': 5, 'total': 1, 'errors': 0})

    @staticmethod
    def until_told(c):
        """The first answer with an error."""
        return wait_until('an error', lambda: [x for x in [c.ask('$JS.API.INFO')]
                                               if 'error' in x])[0]

    def test_a_reload_changes_limits(self):
        s = self.serve_ours(self.config(a=ON))
        a = self.ask(s, 'a')
        self.must_create(a, 'S')
        s.reload(self.for_server(self.config(a=', jetstream: { max_streams: 1 }')))
        wait_until('the limit', lambda:
                   a.ask('$JS.API.INFO')['limits']['max_streams'] == 1)
        self.assertEqual(self.error(a.ask(STREAM + 'CREATE.T', {'name': 'T'})), (400, 10027))

    @mote_only('a reload that changes more is refused there')
    def test_too_much_is_not_reloaded(self):
        server = self.block('max_mem: 1000000, max_file: 1000000')
        s = self.serve(self.config(a=ON, server=server))
        self.refused(s, self.config(a=', jetstream: { max_mem: 2000000 }', server=server),
                     'insufficient memory resources available (10028)')

    def test_a_reload_turns_it_off_and_on(self):
        s = self.serve_ours(self.config(a=ON))
        a = self.ask(s, 'a')
        self.must_create(a, 'S')
        self.must_store(a, 'S.x', 1)
        s.reload(self.for_server(self.config(a=ON, server='')))
        wait_until('the end', lambda: self.is_unheard(a, 'S.x'))
        s.reload(self.for_server(self.config(a=ON)))
        wait_until('JetStream', lambda: not self.is_unheard(a, 'S.x'))
        self.assertEqual(a.ask(STREAM + 'INFO.S')['state']['first_seq'], 1)

    def test_a_reload_turns_it_on_that_was_never_on(self):
        s = self.serve_ours(self.config(a=ON, server=''))
        a = self.ask(s, 'a')
        self.assertTrue(self.is_unheard(a, '$JS.API.INFO'))
        s.reload(self.for_server(self.config(a=ON)))
        wait_until('JetStream', lambda: not self.is_unheard(a, '$JS.API.INFO'))
        self.must_create(a, 'S')

    def test_what_a_reload_may_not_change(self):
        s = self.serve_ours(self.config(a=ON))
        rows = {'jetstream storage directory': self.block(folder='b'),
                'JetStreamDomain': self.block('domain: hub'),
                'Sync': self.block('sync: "10s"'), 'Strict': self.block('strict: false')}
        for why, server in rows.items():
            self.refused(s, self.config(a=ON, server=server), why)
        s.reload(self.for_server(self.config(
            a=ON, server=self.block('limits { max_ack_pending: 5 }'))))

    @mote_only('what it stored is not found again')
    def test_an_account_that_is_not_configured_any_more(self):
        s = self.serve_ours(self.config(a=ON, b=ON))
        b = self.ask(s, 'b')
        self.must_create(b, 'S')
        self.must_store(b, 'S.x', 1)
        text = self.for_server(self.config(a=ON, b=ON))
        s.reload(text.replace('B {', 'C {').replace('user: b', 'user: c'))
        s.reload(text)
        again = wait_until('B', lambda: self.may_come_in(s, 'b'))
        self.must_store(again, 'S.x', 2)

    def may_come_in(self, server, user):
        try:
            return self.ask(server, user)
        except ConnectionError:
            return None

    @mote_only('its queues are as long as it takes to fall behind')
    def test_requests_that_pile_up_are_dropped(self):
        s = self.serve(self.config(a=ON, server=self.block('request_queue_limit: 5')))
        ears, a = self.ask(s, 's'), self.ask(s, 'a')
        ears.subscribe('$JS.EVENT.ADVISORY.API.LIMIT_REACHED', 9)
        self.assertTrue(ears.ping())
        one = b'PUB $JS.API.STREAM.NAMES %s.x 0\r\n\r\n' % a.inbox
        a.send(one * 5)
        advisory = ears.json()
        self.assertEqual(advisory['type'], 'io.nats.jetstream.advisory.v1.api_limit_reached')
        self.assertEqual(advisory['dropped'], 5)
        self.assertIn('streams', a.ask(STREAM + 'NAMES'))


class Purge(Stored):
    CONFIG = '''accounts {
  A { users: [{user: a, password: a}], jetstream: enabled }
  SYS { users: [{user: s, password: s}] }
}
system_account: SYS
'''

    def test_all_streams_of_an_account_go(self):
        s = self.serve(self.CONFIG + self.block())
        a, system = self.ask(s, 'a'), self.ask(s, 's')
        for name in 'ST':
            self.must_create(a, name)
            self.must_store(a, name + '.x', 1)
        done = {'type': 'io.nats.jetstream.api.v1.account_purge_response', 'initiated': True}
        self.assertEqual(system.ask('$JS.API.ACCOUNT.PURGE.A'), done)
        self.assertIsNone(a.ask(STREAM + 'NAMES')['streams'])
        self.assertTrue(self.is_unheard(a, 'S.x'))
        self.assertEqual(system.ask('$JS.API.ACCOUNT.PURGE.NOBODY'), done)
        with self.subTest('and it stores again'):
            self.must_create(a, 'S')
            self.must_store(a, 'S.x', 1)

    def test_what_an_account_left_behind_goes_too(self):
        s = self.serve(self.CONFIG + self.block())
        a, system = self.ask(s, 'a'), self.ask(s, 's')
        self.must_create(a, 'S')
        s.reload(self.CONFIG.replace(', jetstream: enabled', '') + self.block())
        wait_until('the end', lambda: 'error' in a.ask('$JS.API.INFO'))
        self.assertTrue(system.ask('$JS.API.ACCOUNT.PURGE.A')['initiated'])
        s.reload(self.CONFIG + self.block())
        wait_until('JetStream', lambda: 'error' not in a.ask('$JS.API.INFO'))
        self.assertIsNone(a.ask(STREAM + 'NAMES')['streams'])

    def test_only_the_system_account_may(self):
        s = self.serve(self.CONFIG + self.block())
        a, system = self.ask(s, 'a'), self.ask(s, 's')
        self.must_create(a, 'S')
        a.request('$JS.API.ACCOUNT.PURGE.A')
        self.assertEqual(a.ask(STREAM + 'NAMES')['streams'], ['S'])
        self.assertTrue(system.ping())
