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
