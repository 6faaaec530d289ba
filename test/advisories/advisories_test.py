"""What was once a hole in nats-server; rows.py says which is which."""
import base64
import json
import os
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

import certs
from callout import Service
from fault import binary, raw
from identities import Chain, ISSUED, Key, user as user_token
from running import PATIENCE, Running
from server import ServerError
from tls import Refused, Tls, TlsCase, context

DOORS = ('tcp', 'tls')
SECRET = 'hunter2-very-secret'
NOW = int(time.time())


def any_loopback():
    """Who failed too often from one address has to wait."""
    return '127.%d.%d.%d' % tuple(1 + b % 250 for b in os.urandom(3))


class Visitor(Tls):
    """Says CONNECT with fields; signs the nonce with key."""

    def __init__(self, server, door, key=None, **fields):
        super().__init__(server.port, source=any_loopback())
        self.read_info()
        if door == 'tls':
            self.upgrade(context())
        self.fields = {'verbose': False, 'protocol': 1, 'headers': True,
                       'no_responders': True, **fields}
        if key is not None:
            self.fields['sig'] = key.sign_nonce(self.info['nonce'])

    def say(self, *lines):
        for line in lines:
            self.send(line.encode() + b'\r\n')
        return self

    def come_in(self):
        return self.say('CONNECT ' + json.dumps(self.fields))

    def outcome(self):
        """What is said up to a PONG or the end; the last is 'PONG' or ''."""
        told = []
        try:
            self.say('PING')
        except (Refused, OSError):
            pass
        while True:
            try:
                line = self.line().decode(errors='replace')
            except (Refused, OSError):
                line = ''
            if not line.startswith('INFO'):
                told.append(line)
            if line.startswith(('MSG', 'HMSG')):
                told.append(self.exactly(int(line.split()[-1]) + 2)[:-2].decode())
            elif line in ('PONG', ''):
                return told

    def request(self, subject, body=''):
        """The body of the answer; None: nobody is there, or one may not."""
        inbox = 'answer.' + os.urandom(4).hex()
        self.say('SUB %s r' % inbox, 'PUB %s %s %d\r\n%s' % (
            subject, inbox, len(body.encode()), body))
        for tries in range(12):         # a PONG may overtake an answer
            told = self.outcome()
            answers = [told[i + 1] for i, line in enumerate(told)
                       if line.startswith(('MSG ' + inbox, 'HMSG ' + inbox))]
            if answers or told[-1] == '' or told[0].startswith('-ERR'):
                break
            time.sleep(0.01 * tries)
        self.say('UNSUB r')
        return None if not answers or ' 503' in answers[0][:12] else answers[0]


class Case(TlsCase):
    """door_server: for each door a server of that configuration."""
    door = ''

    def door_server(self, door, config='', http=False):
        if door == 'tls':
            return self.tls(outside=config, http=http)
        return self.serve(config, http=http)

    def each_door(self, config='', http=False):
        for self.door in DOORS:
            yield self.door, self.door_server(self.door, config, http)

    def each_page_server(self, config=''):
        """Monitoring in clear, and over TLS at a port that is known beforehand."""
        self.door = 'http'
        yield 'http', 'tcp', self.serve(config, http=True)
        self.door = 'https'
        port = free_port()
        server = self.tls(outside='https: "127.0.0.1:%d"\n' % port + config)
        server.http_port = port
        yield 'https', 'tls', server

    def _formatMessage(self, msg, standard):
        return super()._formatMessage('%s: %s' % (self.door, msg), standard)

    def visit(self, server, door, key=None, **fields):
        v = Visitor(server, door, key, **fields)
        self.addCleanup(v.close)
        return v

    def enter(self, server, door, key=None, **fields):
        v = self.visit(server, door, key, **fields).come_in()
        self.assertEqual(v.outcome(), ['PONG'], 'it should have been let in')
        return v

    def assert_kept_out(self, server, door, why, key=None, **fields):
        v = self.visit(server, door, key, **fields).come_in()
        self.assertEqual(v.outcome()[-1], '', why)

    def chain_config(self, *accounts, more=''):
        """accounts: (key, token)."""
        rows = [(self.chain.system, self.chain.system_token()), *accounts]
        return ('operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload '
                '{\n%s\n}\n%s\n' % (
                    self.chain.operator(), self.chain.system.public,
                    '\n'.join('%s: %s' % (k.public, t) for k, t in rows), more))

    def put_claims(self, server, door, key, token):
        """By the system account's request; the answer."""
        v = self.enter(server, door, Key('U', 99), jwt=user_token(self.chain.system,
                                                                 Key('U', 99)))
        return v.request('$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE'
                         % getattr(key, 'public', key), token)


class Sizes(Case):
    def test_no_size_wraps(self):
        sizes = ('-1', '2147483648', '4294967296', '9223372036854775807',
                 '9223372036854775808', '18446744073709551615', '18446744073709551616',
                 '9' * 30, '0x10', '1e3', '+1')
        for door, server in self.each_door():
            for n in sizes:
                for line in ('PUB a ' + n, 'PUB a b ' + n, 'HPUB a 12 ' + n,
                             'HPUB a %s 12' % n, 'HPUB a %s %s' % (n, n)):
                    v = self.enter(server, door).say(line)
                    self.assertEqual(v.outcome()[-1], '', line)
            for line in ('SUB a 1\r\nUNSUB 1 ' + sizes[4], 'UNSUB 1 ' + sizes[-4]):
                self.assertEqual(self.enter(server, door).say(line).outcome(), ['PONG'])

    def test_http_sizes(self):
        server = self.serve(http=True)
        for n in ('-1', '9223372036854775808', '9' * 40):
            s = server.connect(server.http_port)
            self.addCleanup(s.close)
            s.sendall(b'GET /varz HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n'
                      % n.encode())
            s.shutdown(socket.SHUT_WR)
            self.assertIn(b' 400 ', self.assert_closes(s, n).split(b'\r\n')[0], n)


LOGINS = 'authorization { users [ { user: ann, password: "%s" }\n' \
         '{ user: bob, password: other, permissions: { publish: a } } ] }\n' % SECRET


class Secrets(Case):
    def test_not_in_the_log(self):
        """At the most talkative, with right and wrong passwords, and half a CONNECT."""
        for door, server in self.each_door(LOGINS + 'debug: true\ntrace: true\n'
                                           'trace_verbose: true\n'):
            self.enter(server, door, user='ann', **{'pass': SECRET})
            for fields in ({'user': 'bob', 'pass': SECRET}, {'auth_token': SECRET},
                           {'user': 'nobody', 'pass': SECRET}, {'jwt': SECRET},
                           {'nkey': 'U', 'sig': SECRET}, {'pass': SECRET}):
                self.assert_kept_out(server, door, fields, **fields)
            v = self.visit(server, door)
            v.say('CONNECT {"user":"ann","pass":"%s","x":}' % SECRET)
            self.assertEqual(v.outcome()[-1], '')
            v = self.enter(server, door, user='ann', **{'pass': SECRET})
            v.come_in().outcome()
            self.assertNotIn(SECRET, server.log())

    def test_not_told_to_others(self):
        for door, server in self.each_door(LOGINS):
            self.enter(server, door, user='ann', **{'pass': SECRET})
            bob = self.enter(server, door, user='bob', **{'pass': 'other'})
            bob.say('SUB > 1', 'SUB $SYS.> 2', 'PUB a 1\r\nx')
            self.assertNotIn(SECRET, ' '.join(bob.outcome()) + json.dumps(bob.info))

    PAGES = ('varz', 'varz?config=1', 'connz?auth=1&subs=detail', 'connz?state=any&auth=1',
             'accountz', 'accountz?acc=$G', 'accstatz', 'subsz?subs=1', 'healthz',
             'routez', 'leafz', 'gatewayz', 'jsz?config=1', '', 'metrics', 'varz/../varz')

    def test_not_in_monitoring(self):
        for scheme, door, server in self.each_page_server(LOGINS):
            self.enter(server, door, user='ann', **{'pass': SECRET})
            self.assert_kept_out(server, door, '', user='bob', **{'pass': SECRET})
            for page in self.PAGES:
                self.assertNotIn(SECRET, get(server, scheme, page), page)
            self.assertIn('"server_id"', get(server, scheme, 'varz'))

    def test_not_in_answers_of_the_system(self):
        config = ('accounts { SYS { users [ { user: sys, password: pw } ] }\n'
                  'A { users [ { user: ann, password: "%s" } ] } }\n'
                  'system_account: SYS\n' % SECRET)
        for door, server in self.each_door(config):
            v = self.enter(server, door, user='sys', **{'pass': 'pw'})
            v.say('SUB $SYS.> e')
            ann = self.enter(server, door, user='ann', **{'pass': SECRET})
            self.assert_kept_out(server, door, '', user='ann', **{'pass': SECRET + 'x'})
            answers = [v.request('$SYS.REQ.SERVER.PING.' + what, '{"auth":true}')
                       for what in ('VARZ', 'CONNZ', 'SUBSZ', 'ACCOUNTZ', 'STATSZ')]
            answers.append(ann.request('$SYS.REQ.USER.INFO'))
            for text in answers + v.outcome():
                self.assertTrue(text)
                self.assertNotIn(SECRET, text)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def get(server, scheme, page):
    """The text, whatever the status."""
    try:
        with urllib.request.urlopen(
                '%s://localhost:%d/%s' % (scheme, server.http_port, page),
                timeout=PATIENCE, context=context() if scheme == 'https' else None) as r:
            return r.read().decode()
    except urllib.error.HTTPError as e:
        return str(e.code) + ' ' + e.read().decode()


def claims_of(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


def short_key(letter, n):
    """A public key with n bytes, its checksum right."""
    data = bytes([{'U': 20 << 3, 'A': 0, 'O': 14 << 3}[letter]]) + bytes(n)
    crc = 0
    for b in data:
        crc ^= b << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return base64.b32encode(data + struct.pack('<H', crc)).decode().rstrip('=')


def unsigned(claims, head=None):
    """A token with a signature of zeros."""
    parts = [json.dumps(p).encode() for p in
             (head or {'typ': 'JWT', 'alg': 'ed25519-nkey'}, claims)] + [bytes(64)]
    return '.'.join(base64.urlsafe_b64encode(p).decode().rstrip('=') for p in parts)


ODD = (None, 0, -1, 1e400, '', 'x', [], [None], {}, {'': None}, True, [[]], [{}], 1 << 64)


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.chain = Chain()
        self.a, self.b, self.u = Key('A', 1), Key('A', 2), Key('U', 1)

    def config(self, **more):
        return self.chain_config((self.a, self.chain.account(self.a)),
                                 (self.b, self.chain.account(self.b, **more)))

    def test_odd_claims_of_users(self):
        """Rightly signed, for whoever has an account can sign: no answer but a refusal
        or a welcome, and never the end of the server."""
        odd = [{name: value} for value in ODD for name in
               ('pub', 'sub', 'resp', 'src', 'times', 'subs', 'tags', 'issuer_account',
                'allowed_connection_types', 'type', 'version', 'bearer_token')]
        odd += [{'pub': {'allow': v}} for v in ODD]
        for door, server in self.each_door(self.config()):
            for nats in odd + [{'resp': {'max': v, 'ttl': v}} for v in ODD]:
                token = user_token(self.a, self.u, **nats)
                v = self.visit(server, door, self.u, jwt=token).come_in()
                self.assertIn(v.outcome()[-1], ('PONG', ''), nats)
            for claims in ODD:
                self.assert_kept_out(server, door, claims, self.u, jwt=unsigned(claims))
                self.assert_kept_out(server, door, claims, self.u,
                                     jwt=unsigned({'nats': claims, 'iss': claims}))
            self.enter(server, door, self.u, jwt=user_token(self.a, self.u))

    def test_odd_claims_of_accounts(self):
        names = ('imports', 'exports', 'limits', 'signing_keys', 'revocations', 'mappings',
                 'default_permissions', 'authorization', 'trace', 'tags', 'type')
        for door, server in self.each_door(self.config()):
            v = self.enter(server, door, Key('U', 99), jwt=user_token(
                self.chain.system, Key('U', 99)))
            for name in names:
                for value in ODD:
                    nats = {'limits': {}, 'type': 'account', 'version': 2, name: value}
                    token = self.chain.key.sign(self.b, nats, issued=ISSUED + 5)
                    self.assertIsNotNone(v.request(
                        '$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE' % self.b.public, token),
                        (name, value))
            self.enter(server, door, self.u, jwt=user_token(self.a, self.u))

    def test_short_keys(self):
        for door, server in self.each_door(self.config()):
            for n in (0, 1, 16, 31, 33, 64):
                for iss, sub in (('A', 'U'), ('O', 'A'), ('U', 'U')):
                    token = unsigned({'iss': short_key(iss, n), 'sub': short_key(sub, n),
                                      'iat': ISSUED, 'nats': {'type': 'user', 'version': 2,
                                      'issuer_account': short_key('A', n)}})
                    self.assert_kept_out(server, door, n, self.u, jwt=token)
                self.assert_kept_out(server, door, n, self.u, nkey=short_key('U', n))
            for sig in ('', 'A', 'A' * 84, 'A' * 85, 'A' * 86, 'A' * 200, '=' * 86):
                self.assert_kept_out(server, door, sig, jwt=user_token(self.a, self.u),
                                     sig=sig)
        nkeys = 'authorization { users [ { nkey: %s } ] }' % self.u.public
        for door, server in self.each_door(nkeys):
            for n in (0, 1, 31, 33):
                self.assert_kept_out(server, door, n, self.u, nkey=short_key('U', n))
            for sig in ('', 'A', 'A' * 84, 'A' * 86, 'A' * 200):
                self.assert_kept_out(server, door, sig, nkey=self.u.public, sig=sig)
            self.enter(server, door, self.u, nkey=self.u.public)

    def importing(self, token):
        return self.chain.account(self.b, issued=ISSUED + 9, imports=[
            {'name': 'i', 'subject': 'secret', 'account': self.a.public, 'type': 'stream',
             **({'token': token} if token else {})}])

    def activation(self, by, to, subject='secret', expires=0):
        return by.sign(to, {'subject': subject, 'kind': 'stream', 'type': 'activation',
                            'version': 2}, expires=expires)

    def test_activations_of_others_open_nothing(self):
        export = [{'name': 'e', 'subject': 'secret', 'type': 'stream', 'token_req': True}]
        stranger = Key('A', 3)
        tokens = {
            'none': (None, False),
            'for another': (self.activation(self.a, stranger), False),
            'by another': (self.activation(stranger, self.b), False),
            'by itself': (self.activation(self.b, self.b), False),
            'for another subject': (self.activation(self.a, self.b, 'other'), False),
            'expired': (self.activation(self.a, self.b, expires=NOW - 5), False),
            'its own': (self.activation(self.a, self.b), True),
        }
        for why, (token, opens) in tokens.items():
            for door in DOORS:
                with self.subTest(why=why, door=door):
                    server = self.door_server(door, self.chain_config(
                        (self.a, self.chain.account(self.a, exports=export)),
                        (self.b, self.importing(token))))
                    to = self.visit(server, door, self.u, jwt=user_token(self.b, self.u))
                    # An account with such a token may be refused as a whole.
                    if to.come_in().say('SUB > 1').outcome()[-1] == '' and not opens:
                        continue
                    by = self.enter(server, door, self.u, jwt=user_token(self.a, self.u))
                    by.say('PUB secret 1\r\nx').outcome()
                    self.assertEqual('MSG secret 1 1' in to.outcome(), opens)

    def test_claims_are_for_the_account_that_is_named(self):
        """The subject of the request says A, the token is B's."""
        for door, server in self.each_door(self.config()):
            token = self.chain.account(self.b, issued=ISSUED + 9,
                                       revocations={'*': NOW + 1000})
            self.assertIn('"error"', self.put_claims(server, door, self.a, token))
            for k in (self.a, self.b):
                self.enter(server, door, self.u, jwt=user_token(k, self.u))
            stranger = Key('O', 77)
            forged = stranger.sign(self.b, claims_of(token)['nats'], issued=ISSUED + 9)
            self.assertIn('"error"', self.put_claims(server, door, self.b, forged))
            self.enter(server, door, self.u, jwt=user_token(self.b, self.u))

    def test_no_path_is_made_of_a_name(self):
        names = ('../escape', '..', '/etc/escape', 'x/../../escape', '%2e%2e%2fescape',
                 '\\..\\escape', 'A' * 5000, '~', self.a.public.lower())
        for door in DOORS:
            with self.subTest(door=door):
                server = self.door_server(door)     # for a place that goes with it
                home = os.path.join(server.dir, 'deep', 'jwt')
                os.makedirs(home)
                config = ('operator: %s\nsystem_account: %s\nresolver: { type: full, dir:'
                          ' "%s", allow_delete: true }\nresolver_preload { %s: %s }\n' % (
                              self.chain.operator(), self.chain.system.public, home,
                              self.chain.system.public, self.chain.system_token()))
                full = self.door_server(door, config)
                v = self.enter(full, door, Key('U', 99), jwt=user_token(
                    self.chain.system, Key('U', 99)))
                before = files_below(server.dir)
                for name in names:
                    token = self.chain.account(name, issued=ISSUED + 1)
                    for subject in ('$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE' % name,
                                    '$SYS.REQ.ACCOUNT.%s.CLAIMS.LOOKUP' % name,
                                    '$SYS.REQ.CLAIMS.UPDATE'):
                        if len(subject) < 4000 and '..' not in subject:
                            v.request(subject, token)
                        answer = v.request('$SYS.REQ.CLAIMS.UPDATE', token)
                        self.assertNotIn('"code":200', answer or '', name)
                    delete = self.chain.key.sign(
                        self.chain.key, {'type': 'generic', 'version': 2,
                                         'accounts': [name, '../../ports']})
                    v.request('$SYS.REQ.CLAIMS.DELETE', delete)
                self.assertEqual(files_below(server.dir), before)
                good = self.chain.account(self.a, issued=ISSUED + 1)
                self.assertIn('"code":200', v.request(
                    '$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE' % self.a.public, good))
                self.assertEqual(files_below(server.dir) - before,
                                 {os.path.join(home, self.a.public + '.jwt')})


def files_below(folder):
    return {os.path.join(d, f) for d, _, files in os.walk(folder) for f in files
            if not f.endswith('.log')}


class Ends(Case):
    """Live connections whose time is over."""

    def setUp(self):
        super().setUp()
        self.chain = Chain()
        self.a, self.u = Key('A', 1), Key('U', 1)
        self.config = self.chain_config((self.a, self.chain.account(self.a)))

    def assert_cut_off(self, v, why):
        told = []
        while not told or told[-1]:
            told.append(v.line().decode())
        self.assertIn(why, ' '.join(told))

    def test_expired_users_are_cut_off(self):
        for door, server in self.each_door(self.config):
            token = user_token(self.a, self.u, expires=int(time.time()) + 2)
            v = self.enter(server, door, self.u, jwt=token)
            self.assert_cut_off(v, 'User Authentication Expired')
            self.assert_kept_out(server, door, 'expired', self.u, jwt=token)
            hours = [{'start': '00:00:00', 'end': '00:00:01'},
                     {'start': '23:59:58', 'end': '23:59:59'}]
            self.assert_kept_out(server, door, 'at no hour', self.u, jwt=user_token(
                self.a, self.u, times=hours, times_location='UTC'))

    def test_revoked_users_are_cut_off(self):
        """Those whose token is older than the revocation; for one, then for all."""
        older, newer = user_token(self.a, self.u), user_token(self.a, self.u,
                                                             issued=ISSUED + 100)
        for door, server in self.each_door(self.config):
            for i, who in enumerate((self.u.public, '*')):
                old = self.enter(server, door, self.u, jwt=older)
                new = self.enter(server, door, self.u, jwt=newer)
                claims = self.chain.account(self.a, issued=ISSUED + 200 + i,
                                            revocations={who: ISSUED + 50})
                self.assertIn('"code":200', self.put_claims(server, door, self.a, claims))
                self.assert_cut_off(old, 'User Authentication Revoked')
                self.assert_kept_out(server, door, 'revoked', self.u, jwt=older)
                self.assertEqual(new.outcome(), ['PONG'])
                again = self.chain.account(self.a, issued=ISSUED + 300 + i)
                self.put_claims(server, door, self.a, again)

    def test_an_expired_account_cuts_all_off(self):
        for door, server in self.each_door(self.config):
            v = self.enter(server, door, self.u, jwt=user_token(self.a, self.u))
            claims = self.chain.account(self.a, issued=ISSUED + 1,
                                        expires=int(time.time()) + 2)
            self.assertIn('"code":200', self.put_claims(server, door, self.a, claims))
            self.assert_cut_off(v, 'Account Authentication Expired')
            self.assert_kept_out(server, door, 'expired', self.u,
                                 jwt=user_token(self.a, self.u))

    def test_placed_users_are_cut_off(self):
        issuer = Key('A', 41)
        server = self.serve(
            'accounts { AUTH { users [ { user: auth, password: pwd } ] }, APP {} }\n'
            'authorization { auth_callout { issuer: %s, account: AUTH, auth_users: [ auth ]'
            ' } }' % issuer.public)
        service = Service(server.port, issuer, lambda r: service.response(
            r, jwt=service.user(r, expires=int(time.time()) + 2)))
        self.addCleanup(service.client.close)
        v = self.enter(server, 'tcp', user='bob', **{'pass': 'x'})
        self.assert_cut_off(v, 'User Authentication Expired')


class Cycles(Case):
    def must_not_start(self, config, why):
        server = Running(binary(), config)
        self.addCleanup(server.remove)
        with self.assertRaises(ServerError) as caught:
            server.start()
        self.assertIn(why, str(caught.exception))

    def test_in_the_configuration(self):
        ring = 'accounts {\n%s\n}' % '\n'.join(
            '%s { exports [ { service: "s" } ], imports [ { service: { account: %s, subject:'
            ' "s" } } ] }' % tuple(pair) for pair in ('AB', 'BC', 'CA'))
        self.must_not_start(ring, 'cycle')
        self.must_not_start(ring.replace('service', 'stream'), 'cycle')

    def test_by_claims(self):
        """No request goes round for ever, whatever the claims say; and a chain as long
        as there are accounts is gone down without recursion."""
        self.chain = Chain()
        n, u = 60, Key('U', 1)
        keys = [Key('A', 100 + i) for i in range(n)]
        for kind in ('service', 'stream'):
            rows = [(k, self.chain.account(
                k, exports=[{'name': 'e', 'subject': 's', 'type': kind}],
                imports=[{'name': 'i', 'subject': 's', 'account': to.public, 'type': kind,
                          **({'local_subject': 's'} if kind == 'service' else {})}]))
                    for k, to in zip(keys, keys[1:] + keys[:1])]
            for door, server in self.each_door(self.chain_config(*rows)):
                for k in keys[::20]:
                    v = self.enter(server, door, u, jwt=user_token(k, u))
                    v.say('SUB s 1', 'SUB re 2', 'PUB s re 1\r\nx', 'PUB s 1\r\ny')
                    self.assertEqual(v.outcome()[-1], 'PONG')
                    v.close()
                v = self.enter(server, door, u, jwt=user_token(keys[0], u))
                self.assertEqual(v.outcome(), ['PONG'])


class Flags(Case):
    def test_tls_is_the_same(self):
        """By flags or by a file: neither old versions nor weak suites."""
        pair = certs.get('server')
        server = Running(binary())
        self.addCleanup(server.remove)
        open(server.conf, 'w', encoding='ascii').close()
        super(Running, server).start(args=['--tls', '--tlscert', pair.cert, '--tlskey',
                                           pair.key])
        self.addCleanup(self.must_end_well, server)
        in_file = self.tls()
        for s in (server, in_file):
            self.enter(s, 'tls')
            self.assert_refused(s, versions=(1 + 0x300, 2 + 0x300),
                                ciphers='ALL:@SECLEVEL=0')
            for weak in ('AES128-SHA', 'AES256-SHA256', 'ECDHE-RSA-AES128-SHA', 'NULL'):
                self.assert_refused(s, versions=(0x303, 0x303),
                                    ciphers=weak + ':@SECLEVEL=0')
            v = Tls(s.port).read_info()
            self.addCleanup(v.close)
            v.send(b'CONNECT {}\r\nPING\r\n')
            self.assertNotIn(b'PONG', v.rest())

    def test_the_library_can_be_replaced(self):
        """By the system's updates: it is linked to, not in it."""
        told = subprocess.run(['ldd', binary()], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        self.assertRegex(told, 'libmbedtls|libssl')


class Login(Case):
    def test_nobody_chooses_his_account(self):
        config = ('accounts { SYS { users [ { user: sys, password: pw } ] }\n'
                  'A { users [ { user: ann, password: pw } ] }, B {} }\n'
                  'system_account: SYS\n')
        for door, server in self.each_door(config):
            for more in ({'account': 'SYS'}, {'account': 'B'}, {'account': '$SYS'},
                         {'account': 'B', 'new_account': True}, {'new_account': True}):
                v = self.visit(server, door, user='ann', **{'pass': 'pw'}, **more).come_in()
                if v.outcome()[-1] == 'PONG':
                    self.assertIn('"account":"A"', v.request('$SYS.REQ.USER.INFO'), more)
        for door, server in self.each_door(''):
            v = self.visit(server, door, account='$SYS', new_account=True).come_in()
            if v.outcome()[-1] == 'PONG':
                self.assertIsNone(v.request('$SYS.REQ.SERVER.PING'))

    def test_a_system_account_is_no_open_door(self):
        configs = {
            'beside users': 'authorization { users [ { user: u, password: p } ] }\n'
                            'accounts { "$SYS" { users [ { user: s, password: p } ] } }',
            'beside nkeys': 'authorization { users [ { nkey: %s } ] }\n'
                            'accounts { "$SYS" { users [ { user: s, password: p } ] } }'
                            % Key('U', 1).public,
            'beside accounts': 'accounts { "$SYS" { users [ { user: s, password: p } ] }\n'
                               'A { users [ { user: a, password: p } ] } }',
        }
        for why, config in configs.items():
            for door, server in self.each_door(config):
                self.assert_kept_out(server, door, why)
                self.assert_kept_out(server, door, why, user='', **{'pass': ''})
        # Nobody else has a login: then the default account is open, as it was, but
        # not that of the system.
        for door, server in self.each_door(
                'accounts { "$SYS" { users [ { user: s, password: p } ] } }'):
            v = self.enter(server, door)
            self.assertIn('"account":"$G"', v.request('$SYS.REQ.USER.INFO'))
            self.assertIsNone(v.request('$SYS.REQ.SERVER.PING'))
            self.assert_kept_out(server, door, '', user='s', **{'pass': ''})

    def test_little_is_kept_before_a_login(self):
        for door, server in self.each_door('authorization { user: u, password: p }'):
            v = self.visit(server, door)
            v.say('CONNECT {"user":"' + 'x' * 4000)
            try:
                for _ in range(64):
                    v.send(b'y' * 1024)
            except (OSError, Refused):
                pass
            self.assertEqual(v.outcome()[-1], '')
            v = self.visit(server, door).say('PUB a 1000000')
            self.assertEqual(v.outcome()[-1], '')

    def test_words_of_servers_close(self):
        words = ('RS+ A a 1', 'RS- A a', 'LS+ a', 'LS- a', 'RMSG A a 1\r\nx', 'LMSG a 1\r\nx',
                 'A+ A', 'A- A', 'INFO {}', 'MSG a 1 1\r\nx', 'HMSG a 1 1 1\r\nx', '+OK',
                 "-ERR 'x'", 'INFO', 'CONNECT', 'CONNECT []', '\x10\x0c\x00\x04MQTT\x04')
        for door, server in self.each_door():
            for word in words:
                for ready in (False, True):
                    v = self.visit(server, door)
                    if ready:
                        v.come_in()
                    told = v.say(word, 'RS+ A a 1').outcome()
                    self.assertEqual(told[-1], '', (word, ready))

    def test_the_first_word_is_connect(self):
        """Before it nothing counts, and where there is a user for those without a
        login, no more than his rights."""
        users = ('authorization { users [ { user: u, password: p }\n{ user: guest, password:'
                 ' g, permissions: { publish: { deny: ">" }, subscribe: "open" } } ] }\n')
        for more in ('', 'no_auth_user: guest\n'):
            for door, server in self.each_door(users + more):
                ear = self.enter(server, door, user='u', **{'pass': 'p'}).say('SUB > 1')
                ear.outcome()
                for word in ('PUB open 1\r\nx', 'HPUB open 12 12\r\nNATS/1.0\r\n\r\n',
                             'SUB > 1', 'SUB closed 1', 'UNSUB 1', 'PING\r\nPUB open 1\r\nx',
                             'PONG\r\nSUB > 1'):
                    self.visit(server, door).say(word).outcome()
                    late = self.visit(server, door).say(word)
                    ear.say('PUB closed 4\r\nmine')
                    told = ' '.join(ear.outcome())
                    self.assertEqual(told, 'MSG closed 1 4 mine PONG', word)
                    self.assertNotIn('MSG', ' '.join(late.outcome()), word)


class Requests(Case):
    CONFIG = ('accounts { SYS { users [ { user: sys, password: pw } ] }\n'
              'A { users [ { user: ann, password: pw } ] }\n'
              'B { users [ { user: bob, password: pw } ] } }\nsystem_account: SYS\n')

    def test_others_ask_the_system_nothing(self):
        """An account may ask about itself, by the few subjects it was given."""
        for door, server in self.each_door(self.CONFIG):
            ann = self.enter(server, door, user='ann', **{'pass': 'pw'})
            bob = self.enter(server, door, user='bob', **{'pass': 'pw'}, name='bob-here')
            bob.say('SUB of.bob 1').outcome()
            sys = self.enter(server, door, user='sys', **{'pass': 'pw'})
            ident = json.loads(sys.request('$SYS.REQ.SERVER.PING.IDZ'))
            ident = ident.get('id') or ident['server']['id']
            pages = ('VARZ', 'CONNZ', 'SUBSZ', 'ACCOUNTZ', 'STATSZ', 'ROUTEZ', 'LEAFZ',
                     'GATEWAYZ', 'JSZ', 'HEALTHZ', 'PROFILEZ', 'EXPVARZ', 'IDZ', 'KICK',
                     'LDM', 'RELOAD')
            subjects = ['$SYS.REQ.SERVER.PING', '$SYS.REQ.SERVER.PING.KICK',
                        '$SYS.REQ.CLAIMS.LIST', '$SYS.REQ.CLAIMS.PACK',
                        '$SYS.REQ.CLAIMS.UPDATE', '$SYS.REQ.CLAIMS.DELETE']
            for p in pages:
                subjects += ['$SYS.REQ.SERVER.PING.' + p,
                             '$SYS.REQ.SERVER.%s.%s' % (ident, p),
                             '$SYS.REQ.ACCOUNT.B.' + p, '$SYS.REQ.ACCOUNT.SYS.' + p]
            subjects += ['$SYS.REQ.ACCOUNT.B.' + p for p in (
                'CONNS', 'INFO', 'CLAIMS.LOOKUP', 'CLAIMS.UPDATE')]
            for s in subjects:
                text = ann.request(s, '{"cid":%d,"acc":"B"}' % bob.info['client_id']) or ''
                self.assertNotIn('bob', text, s)
                self.assertNotIn('"B"', text, s)
                self.assertNotRegex(text, '"(mem|cpu|subscriptions_list)":', s)
            self.assertEqual(bob.outcome(), ['PONG'])

    def test_reserved_names_are_not_for_clients(self):
        for door, server in self.each_door(self.CONFIG):
            ann = self.enter(server, door, user='ann', **{'pass': 'pw'})
            ann.say('SUB > 1').outcome()
            for subject in ('_GR_.a.b', '$GR.a', '$NRG.P.x'):
                told = ann.say('PUB %s 1\r\nx' % subject).outcome()
                self.assertIn('Permissions Violation', told[0], subject)
            for reply in ('_R_.a.b', '_GR_.a.b', '$GR.a', '$JS.ACK.a.b.1.1.1.1.1'):
                told = ann.say('PUB a %s 1\r\nx' % reply).outcome()
                self.assertIn('Permissions Violation', told[0], reply)
            told = ann.say('SUB a _sys_ 2').outcome()
            self.assertIn('Permissions Violation', told[0])

    def test_no_line_end_gets_through(self):
        """In what is not a line of the protocol: names, tokens, queries."""
        lines = 'x\r\nPUB a 1\r\nx\r\n', 'x\nPUB a 1\nx\n', 'x\r', 'x\x00y', 'x y', 'x\ty'
        for door, server in self.each_door('', http=door_has_http):
            ear = self.enter(server, door).say('SUB > 1')
            ear.outcome()
            for bad in lines:
                self.visit(server, door, name=bad, lang=bad, version=bad,
                           user=bad).come_in().outcome()
            for line in server.log().splitlines():
                self.assertNotRegex(line, '^PUB')
            self.assertEqual(ear.outcome(), ['PONG'])
            for bad in ('%0d%0aPUB%20a', 'a%20b', '%00', '%0a'):
                get(server, 'http', 'subsz?subs=1&test=' + bad)
                get(server, 'http', bad)
            self.assertEqual(ear.outcome(), ['PONG'])
        self.chain = Chain()
        a, u = Key('A', 1), Key('U', 1)
        for door, server in self.each_door(self.chain_config((a, self.chain.account(a)))):
            ear = self.enter(server, door, u, jwt=user_token(a, u)).say('SUB > 1')
            ear.outcome()
            for i, bad in enumerate(lines):
                claims = self.chain.account(
                    a, name=bad, issued=ISSUED + i + 1,
                    mappings={'m': [{'subject': bad, 'weight': 100}]},
                    exports=[{'name': bad, 'subject': bad, 'type': 'stream'}])
                self.put_claims(server, door, a, claims)
                told = ear.say('PUB m 1\r\ny').outcome()
                self.assertEqual(told[1:], ['y', 'PONG'], bad)
                self.assertRegex(told[0], '^MSG [^ \t\r\n]+ 1 1$')
                token = user_token(a, u, name=bad, pub={'allow': [bad]})
                self.visit(server, door, u, jwt=token).come_in().outcome()
            for line in server.log().splitlines():
                self.assertNotRegex(line, '^PUB')

    def test_offset_and_limit(self):
        for door, server in self.each_door(self.CONFIG):
            sys = self.enter(server, door, user='sys', **{'pass': 'pw'})
            for offset in NUMBERS:
                for limit in NUMBERS:
                    for what in ('CONNZ', 'SUBSZ'):
                        text = sys.request('$SYS.REQ.SERVER.PING.' + what,
                                           '{"offset":%s,"limit":%s,"subscriptions":true}'
                                           % (offset, limit))
                        self.assertTrue(text, (what, offset, limit))


door_has_http = True
NUMBERS = ('0', '-1', '1', '2147483647', '4294967296', '9223372036854775807',
           '-9223372036854775808', '18446744073709551615')


class Http(Case):
    def test_offset_and_limit(self):
        for scheme, door, server in self.each_page_server():
            for _ in range(3):
                self.enter(server, door).say('SUB a 1').outcome()
            for page in ('connz', 'connz?state=any', 'subsz?subs=1'):
                for offset in NUMBERS:
                    for limit in NUMBERS[::3]:
                        join = '&' if '?' in page else '?'
                        text = get(server, scheme, '%s%soffset=%s&limit=%s' % (
                            page, join, offset, limit))
                        self.assertTrue(text.startswith(('{', '400')), text[:100])

    def test_no_path_of_what_is_off(self):
        upgrade = ('GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade'
                   '\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
                   'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n')
        for scheme, _, server in self.each_page_server():
            for path in ('/mqtt', '/leafnode', '/', '/debug/pprof/', '/debug/pprof/heap'):
                s = server.connect(server.http_port)
                self.addCleanup(s.close)
                if scheme == 'https':
                    s = context().wrap_socket(s, server_hostname='localhost')
                    self.addCleanup(s.close)
                s.sendall((upgrade % path).encode())
                first = s.recv(4096).split(b'\r\n')[0]
                self.assertNotIn(b' 101', first)
                if path != '/':
                    self.assertIn(b' 404', first, path)
        server = self.serve()
        for path in ('/mqtt', '/leafnode'):
            s = raw(server)
            self.addCleanup(s.close)
            s.sendall((upgrade % path).encode())
            self.assertNotIn(b'101', self.assert_closes(s, path))


class Headers(Case):
    CONFIG = ('accounts {\nX { users [ { user: x, password: pw } ]\n'
              'exports [ { service: "who" } ] }\n'
              'A { users [ { user: ann, password: pw } ]\nimports [ { service: { account: X,'
              ' subject: "who" }, share: true } ] } }\n')

    def test_who_asks_is_said_by_the_server(self):
        forged = '{"acc":"X","user":"admin"}'
        for door, server in self.each_door(self.CONFIG):
            x = self.enter(server, door, user='x', **{'pass': 'pw'}).say('SUB who 1')
            x.outcome()
            ann = self.enter(server, door, user='ann', **{'pass': 'pw'})
            for name in ('Nats-Request-Info', 'nats-request-info', 'NATS-REQUEST-INFO',
                         'Nats-Request-Info ', ' Nats-Request-Info', 'Nats-Request-Info\t'):
                head = 'NATS/1.0\r\nA: b\r\n%s: %s\r\nC: d\r\n\r\n' % (name, forged)
                ann.say('HPUB who re %d %d\r\n%sx' % (len(head), len(head) + 1, head))
                ann.outcome()
                line, text, _ = x.outcome()
                self.assertTrue(line.startswith('HMSG'), name)
                self.assertNotIn('admin', text, name)
                self.assertEqual(text.lower().count('nats-request-info'), 1, name)
                self.assertIn('"user":"ann"', text)
                self.assertIn('A: b\r\n', text)
                self.assertIn('C: d\r\n', text)

    def test_traces_go_nowhere_else(self):
        """Not to what only a server says, nor with a line end in the name."""
        for door, server in self.each_door(Requests.CONFIG):
            sys = self.enter(server, door, user='sys', **{'pass': 'pw'})
            sys.say('SUB $SYS.REQ.SERVER.PING 1', 'SUB mine 2', 'SUB $NRG.> 3').outcome()
            ann = self.enter(server, door, user='ann', **{'pass': 'pw'})
            ann.say('SUB > 1').outcome()
            for to in ('$NRG.a', '_GR_.a', '$GR.a', '_R_.a.b', 'a b', 'a.*', '>', ''):
                head = 'NATS/1.0\r\nNats-Trace-Dest: %s\r\n\r\n' % to
                ann.say('HPUB a %d %d\r\n%sx' % (len(head), len(head) + 1, head))
                self.assertEqual(ann.outcome()[-1], 'PONG', to)
            self.assertEqual(sys.outcome(), ['PONG'])
