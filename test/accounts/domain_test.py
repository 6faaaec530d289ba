"""JetStream by the name of its domain."""
from stored import NOT_ENABLED, STREAM, Stored

HUB = '$JS.hub.API.'


class Domain(Stored):
    def setUp(self):
        super().setUp()
        self.server = self.serve('''accounts {
  A { users: [{user: a, password: a}], jetstream: enabled }
  B { users: [{user: b, password: b}] }
}
''' + self.block('domain: hub'))
        self.a, self.b = self.ask(self.server, 'a'), self.ask(self.server, 'b')

    def test_both_names_are_its_own(self):
        self.assertEqual(self.a.ask(HUB + 'INFO')['domain'], 'hub')
        answer = self.a.ask(HUB + 'STREAM.CREATE.S', {'name': 'S', 'subjects': ['s', '$KV.b.>'],
                                                      'allow_direct': True})
        self.assertNotIn('error', answer)
        self.assertEqual(self.a.ask(STREAM + 'NAMES')['streams'], ['S'])
        self.assertEqual(self.a.ask('s', b'x'), {'stream': 'S', 'domain': 'hub', 'seq': 1})
        self.assertEqual(self.a.ask(HUB + '$KV.b.k', b'x')['seq'], 2)
        self.a.request(HUB + 'DIRECT.GET.S.$KV.b.k')
        message = self.a.next()
        self.assertEqual(message[3], b'x')
        self.assertIn(b'Nats-Sequence: 2\r\n', message[2])

    def test_what_is_not_there_is_unheard(self):
        for what in ('CONSUMER.MSG.NEXT.S.C', 'DIRECT.GET.S', 'DIRECT.GET.S.x', '$KV.b.k',
                     'NOPE'):
            self.assertTrue(self.is_unheard(self.a, HUB + what), what)
        self.assertTrue(self.is_unheard(self.a, '$JS.other.API.INFO'))

    def test_an_account_without_it_is_told(self):
        self.assertEqual(self.error(self.b.ask(HUB + 'INFO')), NOT_ENABLED)

    def test_a_long_name_and_a_long_domain_are_acknowledged(self):
        name = 'N' * 255
        self.must_create(self.a, name)
        self.assertEqual(self.a.ask(name + '.x', b'x'),
                         {'stream': name, 'domain': 'hub', 'seq': 1})


class Routes(Stored):
    """What feature_flags { js_ack_fc_v2: true } puts into subjects."""

    def setUp(self):
        super().setUp()
        self.a = self.ask(self.serve('''accounts {
  A { users: [{user: a, password: a}], jetstream: enabled }
}
feature_flags { js_ack_fc_v2: true }
''' + self.block('domain: hub')), 'a')
        self.must_create(self.a, 'S')

    def consumer(self, name, **config):
        config = dict(config, name=name, durable_name=name)
        answer = self.a.ask('$JS.API.CONSUMER.CREATE.S.' + name,
                            {'stream_name': 'S', 'config': config})
        self.assertNotIn('error', answer)

    def test_an_ack_names_domain_and_account(self):
        self.consumer('C', ack_policy='explicit')
        self.must_store(self.a, 'S.x', 1)
        self.a.request('$JS.API.CONSUMER.MSG.NEXT.S.C', {'batch': 1})
        reply = self.a.next()[1].decode()
        self.assertRegex(reply, r'^\$JS\.ACK\.hub\.NUmM6cRx\.S\.C\.1\.1\.1\.\d+\.0$')
        self.a.request(reply, b'+ACK')
        self.assertEqual(self.a.next()[3], b'')
        info = self.a.ask('$JS.API.CONSUMER.INFO.S.C')
        self.assertEqual(info['ack_floor']['stream_seq'], 1)

    def test_flow_control_does_too(self):
        ear = self.a
        ear.send(b'SUB d 9\r\n')
        self.consumer('P', ack_policy='none', deliver_subject='d', flow_control=True,
                      idle_heartbeat=10 ** 9)
        for _ in range(25):                 # twice the first window
            ear.send(b'PUB S.x 100000\r\n' + b'x' * 100000 + b'\r\n')
        n = 0
        while n < 25:
            _, reply, headers, payload = ear.next()
            n += len(payload) > 0
            if b'FlowControl' in headers:
                self.assertRegex(reply.decode(), r'^\$JS\.FC\.hub\.NUmM6cRx\.S\.P\.\w{4}$')
                ear.send(b'PUB %s 0\r\n\r\n' % reply)
