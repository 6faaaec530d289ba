"""JetStream of accounts that come by their tokens: limits, tiers, changes."""
import json

from fault import mote_only
from identities import Chain, Client, ISSUED, Key, user
from running import Running, wait_until
from server import ServerError
from stored import NOT_ENABLED, STREAM, Stored

SOME = {'mem_storage': 1000000, 'disk_storage': 2000000, 'streams': 3, 'consumer': 2}


class Claims(Stored):
    def setUp(self):
        super().setUp()
        self.chain = Chain(3)
        self.a, self.u, self.s = Key('A', 31), Key('U', 32), Key('U', 33)

    def config(self, token, system=None, jetstream=None):
        return 'operator: %s\nresolver: MEMORY\nresolver_preload: {\n%s: %s\n%s: %s\n}\n%s' % (
            self.chain.operator(), self.chain.system.public,
            system or self.chain.system_token(), self.a.public, token,
            self.block() if jetstream is None else jetstream)

    def token(self, n=0, **limits):
        return self.chain.account(self.a, issued=ISSUED + n, limits=limits)

    def login(self, server, account, key):
        c = Client(server.port, user(account, key), key)
        self.addCleanup(c.close)
        self.assertIsNone(c.ping())
        return c

    def serve_with(self, **limits):
        """A server, and somebody of the account."""
        s = self.serve(self.config(self.token(**limits)))
        return s, self.login(s, self.a, self.u)

    @staticmethod
    def ask_json(c, subject, payload=b''):
        answer = c.request(subject, payload if isinstance(payload, bytes)
                           else json.dumps(payload))
        return None if answer is None else json.loads(answer)

    def create(self, c, name, **config):
        return self.ask_json(c, STREAM + 'CREATE.' + name,
                             {'name': name, 'subjects': [name], **config})

    def info(self, c):
        return self.ask_json(c, '$JS.API.INFO')

    def update(self, system, token):
        answer = self.ask_json(system, '$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE' % self.a.public,
                               token.encode())
        self.assertEqual(answer['data']['code'], 200)

    def test_limits_are_the_tokens(self):
        s, c = self.serve_with(**SOME, max_ack_pending=7, mem_max_stream_bytes=5,
                               disk_max_stream_bytes=100000, max_bytes_required=True)
        self.assertEqual(self.info(c)['limits'], {
            'max_memory': 1000000, 'max_storage': 2000000, 'max_streams': 3,
            'max_consumers': 2, 'max_ack_pending': 7, 'memory_max_stream_bytes': 5,
            'storage_max_stream_bytes': 100000, 'max_bytes_required': True})
        self.assertEqual(self.error(self.create(c, 'S')), (400, 10113))
        self.assertNotIn('error', self.create(c, 'S', max_bytes=1000))
        self.assertEqual(self.error(self.create(c, 'T', max_bytes=100001)), (400, 10122))
        self.assertTrue(s.is_alive())

    def test_zero_is_none_or_no_limit(self):
        _, c = self.serve_with(disk_storage=1000)
        limits = self.info(c)['limits']
        self.assertEqual((limits['max_memory'], limits['max_storage'],
                          limits['max_streams'], limits['max_ack_pending'],
                          limits['storage_max_stream_bytes']), (0, 1000, 0, -1, -1))
        self.assertEqual(self.error(self.create(c, 'M', storage='memory')), (500, 10028))
        self.assertNotIn('error', self.create(c, 'S'))

    def test_a_token_that_grants_nothing(self):
        for limits in ({}, {'streams': 5}, {'tiered_limits': {'R1': {}}}):
            with self.subTest(limits):
                _, c = self.serve_with(**limits)
                self.assertEqual(self.error(self.info(c)), NOT_ENABLED)

    def test_tiers(self):
        _, c = self.serve_with(tiered_limits={
            'R1': SOME, 'R3': {'mem_storage': -1, 'disk_storage': 5, 'streams': -1,
                               'consumer': -1}})
        self.assertNotIn('error', self.create(c, 'S', max_bytes=1000))
        self.assertEqual(self.error(self.create(c, 'T', num_replicas=3)), (500, 10074))
        info = self.info(c)
        self.assertEqual(set(info['limits'].values()), {0, False})
        self.assertEqual(info['streams'], 1)
        r1, r3 = info['tiers']['R1'], info['tiers']['R3']
        self.assertEqual((r1['streams'], r1['reserved_storage'], r1['limits']['max_streams'],
                          r1['limits']['max_ack_pending']), (1, 1000, 3, -1))
        self.assertEqual((r3['streams'], r3['limits']['max_storage']), (0, 5))
        for name in 'TU':
            self.assertNotIn('error', self.create(c, name))
        self.assertEqual(self.error(self.create(c, 'V')), (400, 10027))

    def test_a_tier_that_is_not_for_one_replica(self):
        _, c = self.serve_with(tiered_limits={'R3': SOME})
        self.assertEqual(self.error(self.create(c, 'S')), (400, 10120))

    def test_an_update_takes_it_away_and_gives_it_back(self):
        s, c = self.serve_with(**SOME)
        system = self.login(s, self.chain.system, self.s)
        self.create(c, 'S')
        self.assertEqual(self.ask_json(c, 'S', b'x')['seq'], 1)
        self.update(system, self.token(1))
        wait_until('the end', lambda: 'error' in self.info(c))
        self.assertIsNone(c.request('S', b'x'))
        self.update(system, self.token(2, disk_storage=10))
        wait_until('JetStream', lambda: 'error' not in self.info(c))
        self.assertEqual(self.error(self.ask_json(c, 'S', b'x')), (400, 10002))
        self.update(system, self.token(3, **SOME))
        wait_until('the limit', lambda: self.info(c)['limits']['max_storage'] == 2000000)
        self.assertEqual(self.ask_json(c, 'S', b'x')['seq'], 2)

    def test_who_gets_in_finds_its_streams(self):
        # the first request comes right behind the login
        s, c = self.serve_with(**SOME)
        self.create(c, 'S')
        self.ask_json(c, 'S', b'x')
        s.exit()
        s.start()
        c = Client(s.port, user(self.a, self.u), self.u)
        self.addCleanup(c.close)
        c.subscribe('in', 1)
        c.publish('S', b'x', 'in')
        self.assertEqual(json.loads(c.message()[2])['seq'], 2)

    def test_streams_open_before_anybody_comes(self):
        s, c = self.serve_with(**SOME)
        self.create(c, 'S', max_age=200000000)
        self.ask_json(c, 'S', b'x')
        s.exit()
        s.start()
        wait_until('the stream', lambda: 'estored ' in s.log())
        system = self.login(s, self.chain.system, self.s)
        self.assertEqual(self.error(self.info(system)), NOT_ENABLED)

    def test_the_system_account_may_not(self):
        s = Running(self.binary(), self.config(
            self.token(), system=self.chain.system_token(limits=SOME)))
        self.addCleanup(s.remove)
        with self.assertRaisesRegex(ServerError, 'on the system account'):
            s.start()

    def test_a_purge_by_key(self):
        s, c = self.serve_with(**SOME)
        system = self.login(s, self.chain.system, self.s)
        self.create(c, 'S')
        self.assertTrue(self.ask_json(
            system, '$JS.API.ACCOUNT.PURGE.' + self.a.public)['initiated'])
        self.assertIsNone(self.ask_json(c, STREAM + 'NAMES')['streams'])

    @mote_only('its sandbox is none')
    def test_a_reload_turns_it_on(self):
        s = self.serve('sandbox: off\n' + self.config(self.token(**SOME), jetstream=''))
        c = self.login(s, self.a, self.u)
        self.assertIsNone(c.request('$JS.API.INFO'))
        s.reload('sandbox: off\n' + self.config(self.token(**SOME),
                                                jetstream=self.block('domain: hub')))
        wait_until('JetStream', lambda: c.request('$JS.hub.API.INFO') is not None)
        self.assertNotIn('error', self.create(c, 'S'))

    @mote_only('nobody answers there then')
    def test_more_than_there_is(self):
        s = self.serve(self.config(self.token(**SOME), jetstream=self.block(
            'max_mem: 5, max_file: 5')))
        c = self.login(s, self.a, self.u)
        self.assertEqual(self.error(self.info(c)), NOT_ENABLED)
