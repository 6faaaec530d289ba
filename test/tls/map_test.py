"""verify_and_map: the user is whom the certificate names, whatever CONNECT says.

All of it holds for nats-server too, unless marked.
"""
import certs
from fault import mote_only
from tls import Refused, TlsCase

# The certificate `client` is C=US, O=Acme, OU=a, OU=b, CN=bob; e-mail and DNS names beside.
USERS = {
    'an e-mail address': 'bob@acme.org',
    'a DNS name': 'bob.acme.org',
    'the subject': 'CN=bob,OU=b,OU=a,O=Acme,C=US',
    'the subject, spaced': 'CN=bob, OU=b, OU=a, O=Acme, C=US',
    'the subject the other way round': 'C=US,O=Acme,OU=a,OU=b,CN=bob',
}
NOBODY = {
    'a part of the subject': 'CN=bob',
    'more than the subject': 'CN=bob,OU=b,OU=a,O=Acme,C=US,DC=org',
    'another attribute': 'CN=bob,OU=b,OU=a,O=Acme,L=US',
    'a prefix of an address': 'bob@acme.or',
    'another domain': 'acme.org',
}


class Map(TlsCase):
    def mapping(self, *users, more='', http=False):
        return self.tls('ca_file: "%s", verify_and_map: true' % certs.get('ca').cert,
                        outside='authorization { users [ %s ] }\n%s' % (
                            ', '.join('{ user: "%s"%s }' % u if isinstance(u, tuple)
                                      else '{ user: "%s" }' % u for u in users), more),
                        http=http)

    def test_each_name_it_bears_may_be_a_user(self):
        for why, user in USERS.items():
            with self.subTest(why=why):
                self.assertTrue(self.secure(self.mapping('other', user), 'client').ping())

    def test_what_it_does_not_bear_is_nobody(self):
        for why, user in NOBODY.items():
            with self.subTest(why=why):
                self.assert_refused(self.mapping('other', user), 'client')

    def test_connect_does_not_change_who_it_is(self):
        server = self.mapping(('bob@acme.org', ', permissions: { publish: "bob" }'),
                              ('admin', ', password: "pw"'))
        c = self.secure(server, 'client', options='"user":"admin"')
        c.send(b'PUB admin 1\r\nx\r\n')
        self.assertEqual(c.line(), b'-ERR \'Permissions Violation for Publish to "admin"\'')
        self.assertTrue(c.ping())

    def test_who_shows_none_that_is_known_is_refused(self):
        server = self.mapping('bob@acme.org')
        self.assert_refused(server, 'client-2')
        self.assert_refused(server, 'stranger')
        self.assert_refused(server)
        self.assertTrue(self.secure(server, 'client').ping())

    def test_the_first_kind_of_name_wins(self):
        server = self.mapping(('bob.acme.org', ', permissions: { publish: "dns" }'),
                              ('bob@acme.org', ', permissions: { publish: "mail" }'))
        c = self.secure(server, 'client')
        c.send(b'PUB mail 1\r\nx\r\nPUB dns 1\r\nx\r\n')
        self.assertEqual(c.line(), b'-ERR \'Permissions Violation for Publish to "dns"\'')

    def test_a_certificate_alone_does_not_do_where_there_is_a_password(self):
        server = self.mapping(('bob@acme.org', ', password: "pw"'))
        self.assert_refused(server, 'client')
        self.assertTrue(self.secure(server, 'client', options='"pass":"pw"').ping())

    def test_a_password_alone_does_not_let_in(self):
        server = self.mapping(('admin', ', password: "pw"'))
        with self.assertRaises(Refused):
            self.secure(server, 'client', options='"user":"admin","pass":"pw"')

    def test_accounts_and_monitoring(self):
        server = self.tls('ca_file: "%s", verify_and_map: true' % certs.get('ca').cert,
                          outside='accounts {\n A { users [ { user: "bob@acme.org" } ] }\n'
                                  ' B { users [ { user: "CN=ann,O=Acme" } ] }\n}', http=True)
        bob, ann = self.secure(server, 'client'), self.secure(server, 'client-2')
        for c in (bob, ann):
            c.send(b'SUB x 1\r\n')
            self.assertTrue(c.ping())
        bob.send(b'PUB x 1\r\nb\r\n')
        self.assertEqual(bob.line(), b'MSG x 1 1')
        shown = {c['authorized_user']: c['account']
                 for c in self.varz(server, 'connz?auth=1')['connections']}
        self.assertEqual(shown, {'bob@acme.org': 'A', 'CN=ann,O=Acme': 'B'})

    @mote_only('nats-server compares such names as text')
    def test_a_name_cannot_be_smuggled_into_an_attribute(self):
        """Advisory 2026-13: "CN=bob,O=Acme" as the value of one attribute is not two."""
        sly = certs.make('sly', '/CN=bob,O=Acme', certs.get('ca'), '', 'clientAuth')
        self.assert_refused(self.mapping('CN=bob,O=Acme'), sly)
