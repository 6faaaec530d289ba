"""Clients over TLS as they should be: INFO, handshake first or not, reload, monitoring.

All of it holds for nats-server too, unless marked.
"""
import json
import socket
import ssl
import subprocess
import time

import certs
from fault import mote_only
from running import wait_until
from tls import TLS12, Refused, TlsCase, context


class Info(TlsCase):
    def test_info_says_that_tls_is_required(self):
        c = self.secure(self.tls())
        self.assertTrue(c.info['tls_required'])
        self.assertNotIn('tls_verify', c.info)
        self.assertNotIn('tls_available', c.info)
        c = self.secure(self.verifying(), 'client')
        self.assertTrue(c.info['tls_required'])
        self.assertTrue(c.info['tls_verify'])

    def test_one_info_only(self):
        c = self.secure(self.tls())
        c.send(b'PING\r\n')
        self.assertEqual(c.line(), b'PONG')

    def test_both_versions_where_there_are_two(self):
        server = self.tls()
        self.assertEqual(self.secure(server, versions=(TLS12, TLS12)).tls.version(), 'TLSv1.2')
        self.assertIn(self.secure(server).tls.version(), ('TLSv1.2', 'TLSv1.3'))

    def test_both_kinds_of_key(self):
        for pair, auth in (('server', 'ECDSA'), ('server-rsa', 'RSA')):
            c = self.secure(self.tls(pair=pair), versions=(TLS12, TLS12))
            self.assertIn(auth, c.tls.cipher()[0])

    def test_curve_preferences_are_held(self):
        for name, openssl in (('CurveP384', 'secp384r1'), ('CurveP256', 'prime256v1')):
            server = self.tls('curve_preferences: ["%s"]' % name, pair='server-rsa')
            ctx = context(versions=(TLS12, TLS12))
            ctx.set_ecdh_curve(openssl)
            c = self.raw(server).read_info().upgrade(ctx)
            self.assertTrue(c.connect().ping())
        ctx.set_ecdh_curve('secp384r1')
        with self.assertRaises(Refused):
            self.raw(server).read_info().upgrade(ctx)


class First(TlsCase):
    def test_handshake_first_says_info_behind_it(self):
        server = self.tls('handshake_first: true', http=True)
        server.wait_log('Clients that are not using "TLS Handshake First" option will fail')
        c = self.secure(server, first=True)
        self.assertTrue(c.info['tls_required'])
        z = self.varz(server, 'connz')['connections'][0]
        self.assertTrue(z['tls_first'])
        c = self.raw(server)
        c.send(b'CONNECT {}\r\nPING\r\n')
        self.assertNotIn(b'INFO', c.rest())

    def test_auto_waits_a_little_for_the_handshake(self):
        server = self.tls('handshake_first: auto', http=True)
        began = time.monotonic()
        late = self.raw(server).read_info()
        self.assertGreater(time.monotonic() - began, 0.04)
        late.upgrade()
        self.assertTrue(late.connect().ping())
        self.assertTrue(self.secure(server, first=True).ping())
        firsts = [c.get('tls_first', False) for c in self.varz(server, 'connz')['connections']]
        self.assertEqual(firsts, [False, True])

    def test_a_duration_is_that_wait(self):
        server = self.tls('handshake_first: "400ms"')
        began = time.monotonic()
        c = self.raw(server).read_info()
        self.assertGreater(time.monotonic() - began, 0.35)
        c.upgrade()
        self.assertTrue(c.connect().ping())
        self.assertTrue(self.secure(server, first=True).ping())


class Optional(TlsCase):
    def optional(self, body=''):
        return self.tls(body, outside='allow_non_tls: true')

    def test_the_first_byte_decides(self):
        server = self.optional()
        server.wait_log('TLS available for client connections')
        c = self.secure(server)
        self.assertTrue(c.info['tls_available'])
        self.assertNotIn('tls_required', c.info)
        plain = self.raw(server).read_info()
        self.assertTrue(plain.connect().ping())
        plain.send(b'SUB a 1\r\nPING\r\n')
        self.assertEqual(plain.line(), b'PONG')
        c.send(b'PUB a 2\r\nhi\r\n')
        self.assertEqual(plain.line(), b'MSG a 1 2')

    def test_who_says_nothing_goes_on_without(self):
        server = self.optional('timeout: 0.3')
        c = self.raw(server).read_info()
        time.sleep(1)
        self.assertTrue(c.connect().ping())

    def test_handshake_first_takes_precedence(self):
        server = self.optional('handshake_first: true')
        c = self.secure(server, first=True)
        self.assertTrue(c.info['tls_required'])


class Names(TlsCase):
    def test_the_certificate_is_chosen_by_server_name(self):
        pairs = ', '.join('{ cert_file: "%s", key_file: "%s" }' % (
            certs.get(n).cert, certs.get(n).key) for n in ('server-a', 'server-b', 'server'))
        server = self.serve('tls { certs: [ %s ] }' % pairs)
        for name, cert in (('a.example.org', 'server-a'), ('x.b.example.org', 'server-b'),
                           ('localhost', 'server')):
            with self.subTest(name=name):
                c = self.raw(server).read_info().upgrade(name=name)
                self.assertEqual(c.tls.getpeercert(True), certs.get(cert).der())
                self.assertTrue(c.connect().ping())
        for name in ('c.example.org', 'y.x.b.example.org'):
            with self.assertRaises(Refused):
                self.raw(server).read_info().upgrade(name=name)

    def test_both_kinds_of_key_for_one_name(self):
        pairs = ', '.join('{ cert_file: "%s", key_file: "%s" }' % (
            certs.get(n).cert, certs.get(n).key) for n in ('server', 'server-rsa'))
        server = self.serve('tls { certs: [ %s ] }' % pairs)
        for auth in ('ECDSA', 'RSA'):
            c = self.secure(server, versions=(TLS12, TLS12), ciphers='ECDHE+a' + auth)
            self.assertIn(auth, c.tls.cipher()[0])


class Limits(TlsCase):
    def test_pinned_certs_alone_come_in(self):
        client = certs.get('client')
        server = self.verifying('pinned_certs: ["%s"]' % client.spki())
        self.secure(server, 'client')
        self.assert_refused(server, 'client-2')

    def test_handshakes_may_be_limited(self):
        server = self.tls('connection_rate_limit: 3')
        results = []
        for _ in range(6):
            c = self.raw(server).read_info()
            try:
                results.append(c.upgrade().connect().ping())
            except Refused:
                results.append(False)
        self.assertEqual(results.count(True), 3, results)
        c = self.raw(server).read_info()
        self.assertEqual(c.rest(), b"-ERR 'Connection throttling is active. "
                         b"Please try again later.'\r\n")
        wait_until('the next second', lambda: self.comes_in(server))

    def comes_in(self, server):
        try:
            return self.secure(server)
        except Refused:
            return False

    def test_who_is_one_too_many_is_told_in_clear(self):
        server = self.tls(outside='max_connections: 1')
        self.secure(server)
        c = self.raw(server).read_info()
        self.assertEqual(c.rest(), b"-ERR 'maximum connections exceeded'\r\n")


class Traffic(TlsCase):
    def test_large_and_small_both_ways(self):
        server = self.tls(outside='max_payload: 2MB\nmax_pending: 32MB')
        c, d = self.secure(server), self.secure(server)
        d.send(b'SUB > 1\r\n')
        self.assertTrue(d.ping())
        for n in (0, 1, 127, 16383, 16384, 16385, 65536, 300000, 2000000):
            data = (b'0123456789' * (n // 10 + 1))[:n]
            c.send(b'PUB a %d\r\n%s\r\n' % (n, data))
            self.assertEqual(d.line(), b'MSG a 1 %d' % n)
            self.assertEqual(d.exactly(n + 2), data + b'\r\n')
        for i in range(3000):
            c.send(b'PUB b 4\r\n%04d\r\n' % i)
        for i in range(3000):
            self.assertEqual(d.line(), b'MSG b 1 4')
            self.assertEqual(d.exactly(6), b'%04d\r\n' % i)

    def test_a_receiver_that_pauses_gets_everything(self):
        server = self.tls()
        c, d = self.secure(server), self.secure(server)
        d.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        d.send(b'SUB a 1\r\n')
        self.assertTrue(d.ping())
        data = bytes(range(256)) * 40
        for i in range(600):
            c.send(b'PUB a %d\r\n%04d%s\r\n' % (len(data) + 4, i, data))
        self.assertTrue(c.ping())
        time.sleep(1)
        for i in range(600):
            self.assertEqual(d.line(), b'MSG a 1 %d' % (len(data) + 4))
            self.assertEqual(d.exactly(len(data) + 6), b'%04d%s\r\n' % (i, data))

    def test_many_operations_in_one_record(self):
        """More plaintext than is read at once, and no event to tell of the rest."""
        server = self.tls(outside='authorization { user: u, password: p }')
        c = self.raw(server).read_info().upgrade()
        c.send(b'CONNECT {"verbose":false,"user":"u","pass":"p"}\r\nSUB a 1\r\n'
               + b'PUB a 1\r\nx\r\n' * 1200 + b'PING\r\n')
        got = b''
        while not got.endswith(b'PONG\r\n'):
            got += c.exactly(1)
        self.assertEqual(got.count(b'MSG a 1 1\r\nx\r\n'), 1200)


class Reload(TlsCase):
    def text(self, pair, body='', outside=''):
        p = certs.get(pair)
        return 'tls { cert_file: "%s", key_file: "%s"\n%s }\n%s' % (p.cert, p.key, body, outside)

    def test_new_handshakes_see_the_new_certificate(self):
        server = self.tls()
        old = self.secure(server)
        self.assertEqual(old.tls.getpeercert(True), certs.get('server').der())
        server.reload(self.text('server-2'))
        self.assertIn('Reloaded: tls = enabled', server.log())
        new = self.secure(server)
        self.assertEqual(new.tls.getpeercert(True), certs.get('server-2').der())
        self.assertTrue(old.ping())

    def test_a_bad_certificate_changes_nothing(self):
        server = self.tls()
        old = self.secure(server)
        a, b = certs.get('server'), certs.get('server-2')
        n = server.log().count('Failed to reload')
        server.config = 'tls { cert_file: "%s", key_file: "%s" }' % (a.cert, b.key)
        server.write_config(server.text())
        server.signal('HUP')
        wait_until('the refusal', lambda: server.log().count('Failed to reload') > n)
        self.assertIn('tls: private key does not match public key', server.log())
        self.assertTrue(old.ping())
        self.secure(server)

    def test_who_is_not_pinned_any_more_goes(self):
        ca = 'ca_file: "%s", verify: true, ' % certs.get('ca').cert
        pins = [certs.get(n).spki() for n in ('client', 'client-2')]
        http = 'http: "127.0.0.1:-1"'
        server = self.tls(ca + 'pinned_certs: ["%s", "%s"]' % tuple(pins), outside=http)
        gone, stays = self.secure(server, 'client'), self.secure(server, 'client-2')
        server.reload(self.text('server', ca + 'pinned_certs: ["%s"]' % pins[1], http))
        gone.rest()
        self.assertTrue(stays.ping())
        self.assertEqual(self.closed_reason(server), 'TLS Handshake Failure')

    def test_a_certificate_is_asked_for_from_now_on(self):
        server = self.tls()
        old = self.secure(server)
        server.reload(self.text('server', 'verify: true, ca_file: "%s"' % certs.get('ca').cert))
        self.assertTrue(old.ping())
        self.assert_refused(server)
        self.secure(server, 'client')


class Monitoring(TlsCase):
    def test_connz_tells_version_suite_and_certificate(self):
        server = self.verifying(http=True)
        c = self.secure(server, 'client', versions=(TLS12, TLS12))
        z = self.varz(server, 'connz?auth=1')['connections'][0]
        self.assertEqual(z['tls_version'], '1.2')
        self.assertEqual(z['tls_cipher_suite'], 'TLS_' + c.tls.cipher()[0].replace(
            '-', '_').replace('AES128', 'WITH_AES_128').replace('AES256', 'WITH_AES_256'))
        cert = certs.get('client')
        digest = certs.openssl('dgst', '-sha256', '-hex', stdin=cert.der()).decode().split()[-1]
        self.assertEqual(z['tls_peer_certs'][0], {
            'subject': 'CN=bob,OU=a+OU=b,O=Acme,C=US',
            'spki_sha256': cert.spki(), 'cert_sha256': digest})
        self.assertNotIn('tls_peer_certs', self.varz(server, 'connz')['connections'][0])

    def test_varz_tells_when_the_certificate_ends(self):
        server = self.verifying('timeout: 3', http=True)
        z = self.varz(server, 'varz')
        end = certs.openssl('x509', '-in', certs.get('server').cert, '-noout', '-enddate')
        want = time.strptime(end.decode().strip().split('=')[1], '%b %d %H:%M:%S %Y %Z')
        self.assertEqual(z['tls_cert_not_after'], time.strftime('%Y-%m-%dT%H:%M:%SZ', want))
        self.assertTrue(z['tls_required'])
        self.assertTrue(z['tls_verify'])
        self.assertEqual(z['tls_timeout'], 3)
        self.assertEqual(z['auth_timeout'], 4)

    def https(self, body=''):
        server = self.tls(body, outside='https: "127.0.0.1:-1"')
        line = wait_until('the port', lambda: [
            x for x in server.log().splitlines() if 'Starting https monitor on' in x])[0]
        server.http_port = int(line.rpartition(':')[2])
        return server

    def test_the_same_over_https(self):
        server = self.https('verify: true, ca_file: "%s"' % certs.get('ca').cert)
        z = self.varz(server, 'varz', 'https', context())   # asked for no certificate
        if not self.is_reference():     # says -1
            self.assertEqual(z['https_port'], server.http_port)
        self.assertEqual(z['http_port'], 0)
        self.assertEqual(self.varz(server, 'healthz', 'https', context()), {'status': 'ok'})
        with self.assertRaises(OSError):
            self.varz(server, 'varz', 'https', context(ca='other-ca'))
        plain = socket.create_connection(('127.0.0.1', server.http_port), 20)
        self.addCleanup(plain.close)
        plain.sendall(b'GET /varz HTTP/1.0\r\n\r\n')
        try:
            self.assertNotIn(b'server_id', plain.recv(65536))
        except ConnectionResetError:
            pass
        self.varz(server, 'varz', 'https', context())

    def test_https_keeps_a_connection(self):
        server = self.https()
        s = socket.create_connection(('127.0.0.1', server.http_port), 20)
        t = context().wrap_socket(s, server_hostname='localhost')
        self.addCleanup(t.close)
        for _ in range(3):
            t.sendall(b'GET /varz HTTP/1.1\r\nHost: x\r\n\r\n')
            data = b''
            while b'\r\n\r\n' not in data:
                data += t.recv(65536)
            head, _, body = data.partition(b'\r\n\r\n')
            n = int(head.split(b'Content-Length: ')[1].split()[0])
            while len(body) < n:
                body += t.recv(65536)
            self.assertIn('server_id', json.loads(body))

    @mote_only('goes on with the old one')
    def test_https_takes_the_new_certificate(self):
        server = self.https()
        p = certs.get('server-2')
        server.reload('tls { cert_file: "%s", key_file: "%s" }\nhttps: "127.0.0.1:-1"'
                      % (p.cert, p.key))
        s = socket.create_connection(('127.0.0.1', server.http_port), 20)
        t = context().wrap_socket(s, server_hostname='localhost')
        self.addCleanup(t.close)
        self.assertEqual(t.getpeercert(True), p.der())

    def test_https_needs_a_certificate(self):
        with self.assertRaisesRegex(Exception, 'TLS cert and key required for HTTPS'):
            self.serve('https: "127.0.0.1:-1"')


class Config(TlsCase):
    def refusal(self, *args):
        """What the server says instead of starting."""
        from fault import _binary
        got = subprocess.run((_binary, '-a', '127.0.0.1', '-p', '-1') + args, timeout=20,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(got.returncode, 1, got.stdout)
        return got.stdout.decode()

    def conf(self, text):
        path = certs.directory() + '/t.conf'
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return path

    def test_what_is_wrong_is_told(self):
        a, b = certs.get('server'), certs.get('server-2')
        pair = 'cert_file: "%s", key_file: "%s", ' % (a.cert, a.key)
        table = {
            'tls { cert_file: "%s" }' % a.cert: "missing 'key_file' in TLS configuration",
            'tls { key_file: "%s" }' % a.key: "missing 'cert_file' in TLS configuration",
            'tls { cert_file: "/nix.pem", key_file: "%s" }' % a.key:
                'error parsing X509 certificate/key pair: open /nix.pem: '
                'no such file or directory',
            'tls { cert_file: "%s", key_file: "%s" }' % (a.cert, b.key):
                'error parsing X509 certificate/key pair: tls: private key does not '
                'match public key',
            'tls { %s ca_file: "/nix.pem" }' % pair: 'open /nix.pem: no such file or directory',
            'tls { %s ca_file: "%s" }' % (pair, a.key): 'failed to parse root ca certificate',
            'tls { %s foo: bar }' % pair: 'error parsing tls config, unknown field "foo"',
            'tls { %s cipher_suites: ["FOO"] }' % pair: 'unrecognized cipher FOO',
            'tls { %s cipher_suites: [] }' % pair:
                "error parsing tls config, 'cipher_suites' cannot be empty",
            'tls { %s cipher_suites: ["TLS_RSA_WITH_RC4_128_SHA"] }' % pair:
                "insecure cipher suites configured without 'allow_insecure_cipher_suites' "
                'option set: TLS_RSA_WITH_RC4_128_SHA',
            'tls { %s curve_preferences: ["FOO"] }' % pair: 'unrecognized curve preference FOO',
            'tls { %s min_version: "1.1" }' % pair:
                'error parsing tls config: unsupported TLS version: TLS 1.1',
            'tls { %s min_version: "1.4" }' % pair:
                'error parsing tls config: unknown version: 1.4',
            'tls { %s pinned_certs: ["abc"] }' % pair:
                "error parsing tls config, 'pinned_certs' key abc does not look like "
                'hex-encoded sha256 of DER encoded SubjectPublicKeyInfo',
            'tls { %s timeout: x }' % pair:
                "error parsing tls config, 'timeout' time: invalid duration \"x\"",
            'tls { %s handshake_first: x }' % pair:
                'field "handshake_first"\'s value "x" is invalid',
            'tls { %s verify: 1 }' % pair:
                "error parsing tls config, expected 'verify' to be a boolean",
            'tls { %s verify_cert_and_check_known_urls: true }' % pair:
                'verify_cert_and_check_known_urls not supported in this context',
            'tls { %s certs: [ { cert_file: a, key_file: b } ] }' % pair:
                "error parsing tls config, cannot combine 'cert_file' option with "
                "'certs' option",
            'tls { certs: [ { cert_file: "%s" } ] }' % a.cert:
                "error parsing certificates config: both 'cert_file' and 'cert_key' "
                'options are required',
        }
        for text, want in table.items():
            with self.subTest(config=text):
                for flag in ((), ('-t',)):
                    self.assertIn(want, self.refusal('-c', self.conf(text), *flag))

    def test_flags_stand_for_a_block(self):
        a = certs.get('server')
        for args, want in {
                ('--tls',): 'TLS Server certificate must be present and valid',
                ('--tls', '--tlscert', a.cert):
                    'TLS Server private key must be present and valid',
                ('--tls', '--tlscert', '/nix.pem', '--tlskey', a.key): 'open /nix.pem',
        }.items():
            with self.subTest(args=args):
                self.assertIn(want, self.refusal(*args))

    def started(self, *args):
        from fault import _binary
        from server import Server
        server = Server(_binary)
        self.addCleanup(server.remove)
        server.start(args=list(args))
        return server

    def test_flags_start_tls(self):
        a, ca = certs.get('server'), certs.get('ca')
        pair = ('--tlscert', a.cert, '--tlskey', a.key)
        self.secure(self.started('--tls', *pair))
        server = self.started('--tlsverify', '--tlscacert', ca.cert, *pair)
        self.assert_refused(server)
        self.secure(server, 'client')

    def test_a_flag_turns_a_files_block_off(self):
        a = certs.get('server')
        conf = self.conf('tls { cert_file: "%s", key_file: "%s" }' % (a.cert, a.key))
        c = self.raw(self.started('--tls=false', '-c', conf)).read_info()
        self.assertNotIn('tls_required', c.info)
        self.assertTrue(c.connect().ping())


USERS = 'authorization { users: [ %s ] }'


class Mapped(TlsCase):
    """verify_and_map: the certificate of `client` is CN=bob,OU=b,OU=a,O=Acme,C=US, with
    an e-mail address and a DNS name."""

    def login(self, users, options='', more='', cert='client'):
        """Who it became; None: refused."""
        server = self.tls('ca_file: "%s", verify_and_map: true' % certs.get('ca').cert,
                          outside=(USERS % users if users else '') + '\n' + more, http=True)
        try:
            self.secure(server, cert, options=options)
        except Refused:
            return None
        return self.varz(server, 'connz?auth=1')['connections'][0].get('authorized_user')

    def test_each_kind_of_name_is_a_users(self):
        for name in ('bob@acme.org', 'bob.acme.org', 'CN=bob,OU=a+OU=b,O=Acme,C=US',
                     'CN=bob,OU=b,OU=a,O=Acme,C=US', 'C=US,O=Acme,OU=a,OU=b,CN=bob'):
            with self.subTest(name=name):
                self.assertEqual(self.login('{ user: "%s" }' % name), name)

    def test_the_order_is_address_name_subject(self):
        dn = '{ user: "CN=bob,OU=b,OU=a,O=Acme,C=US" }'
        dns, mail = '{ user: "bob.acme.org" }', '{ user: "bob@acme.org" }'
        self.assertEqual(self.login(', '.join((dn, dns, mail))), 'bob@acme.org')
        self.assertEqual(self.login(', '.join((dn, dns))), 'bob.acme.org')

    def test_a_part_of_a_name_is_nobody(self):
        for name in ('CN=bob', 'CN=bob,O=Acme', 'bob', 'CN=bob,OU=b,OU=b,O=Acme,C=US',
                     'acme.org', 'CN=bob,OU=b,OU=a,O=Acme,C=US,DC=x'):
            with self.subTest(name=name):
                self.assertIsNone(self.login('{ user: "%s" }' % name))

    def test_the_password_is_asked_for_if_there_is_one(self):
        user = '{ user: "bob@acme.org", password: x }'
        self.assertIsNone(self.login(user))
        self.assertIsNone(self.login(user, '"user":"bob@acme.org"'))
        self.assertEqual(self.login(user, '"pass":"x"'), 'bob@acme.org')

    def test_who_one_says_one_is_does_not_count(self):
        users = '{ user: "bob@acme.org" }, { user: ann, password: p }'
        self.assertIsNone(self.login(users, '"user":"ann","pass":"p"'))
        self.assertIsNone(self.login('{ user: ann, password: p }', '"user":"ann","pass":"p"'))
        self.assertIsNone(self.login('{ user: ann, password: p }', more='no_auth_user: ann'))

    def test_a_user_for_other_connections_is_passed_over(self):
        users = '{ user: "bob@acme.org", allowed_connection_types: [WEBSOCKET] }, ' \
            '{ user: "bob.acme.org" }'
        self.assertEqual(self.login(users), 'bob.acme.org')

    def test_without_users_others_log_in_as_ever(self):
        self.assertIsNone(self.login('', '"user":"a","pass":"x"',
                                     'authorization { user: a, password: b }'))
        self.assertEqual(self.login('', '"user":"a","pass":"b"',
                                    'authorization { user: a, password: b }'), 'a')

    @mote_only('takes CN=admin,UID=m for CN=admin')
    def test_an_attribute_go_does_not_know_counts_too(self):
        cert = certs.make('uid', '/CN=admin/UID=m', certs.get('ca'), eku='clientAuth')
        self.assertIsNone(self.login('{ user: "CN=admin" }', cert=cert))
        self.assertEqual(self.login('{ user: "0.9.2342.19200300.100.1.1=m,CN=admin" }',
                                    cert=cert), '0.9.2342.19200300.100.1.1=m,CN=admin')
