"""What an operator may say at the start, and what does not fit together.

Each row is a configuration and either None, it starts, or the end of the line that
says why it does not: that of nats-server, but for the file's position where ours
is the option's and theirs the value's.
"""
import http.server
import os
import re
import shutil
import tempfile
import threading
import unittest

import fault
from fault import Fault
from identities import Chain, Key, user
from running import Running
from server import ServerError

OP, STARTS = 'operator: %(op)s\n', None


class Start(Fault):
    def setUp(self):
        super().setUp()
        self.dir = tempfile.mkdtemp(prefix='mote-start-')
        self.addCleanup(shutil.rmtree, self.dir)
        chain, a, u, stranger = Chain(), Key('A', 1), Key('U', 2), Key('O', 90)
        bare = Chain()
        bare.claims = {}
        system = chain.system
        self.words = {
            'dir': self.dir, 'op': chain.operator(), 'bare': bare.operator(),
            'other': Chain(number=1).operator(), 'sys': system.public, 'a': a.public,
            'key': chain.key.public, 'account': chain.account(a),
            'token': chain.system_token(),
            'pre': 'resolver_preload: { %s: %s }\n' % (system.public, chain.system_token()),
            'untrusted': chain.account(system, by=stranger),
            'expired': chain.account(system, expires=1000),
            'user': user(a, u), 'bearer': user(a, u, bearer_token=True),
            'scoped': user(Key('A', 5), u, bare=True, issuer_account=a.public),
            'strict': chain.operator(strict_signing_key_usage=True,
                                     signing_keys=[stranger.public]),
            'old': chain.operator(assert_server_version='2.15.1'),
            'new': chain.operator(assert_server_version='9.0.0'),
            'odd': chain.operator(assert_server_version='x'),
            'web': self.web(), 'oweb': chain.operator(
                account_server_url='http://127.0.0.1:%d/ok' % self.port),
            'obad': chain.operator(account_server_url='http://127.0.0.1:%d/bad' % self.port),
        }

    def web(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):           # pylint: disable=invalid-name
                key = self.path.rpartition('/')[2]
                self.send_response(404 if 'bad' in self.path else 200)
                self.end_headers()
                if key == outer.words['sys']:
                    self.wfile.write(outer.words['token'].encode())

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        self.port = web.server_port
        return 'http://127.0.0.1:%d' % self.port

    def refusal(self, config):
        """None, or the last line of a server that did not start."""
        # pylint: disable=protected-access
        server = Running(fault._binary, config)
        self.addCleanup(server.remove)
        try:
            server.start()
        except ServerError:
            lines = [l for l in server.log().splitlines() if l.strip()]
            return lines[-1] if lines else 'nothing'
        self.assertEqual(server.exit() & ~1, 0)
        return None

    def check(self, *rows):
        for config, why in rows:
            with self.subTest(config):
                got = self.refusal(config % self.words)
                if why is None:
                    self.assertIsNone(got)
                else:
                    self.assertIsNotNone(got, 'it started')
                    self.assertTrue(got.endswith(why % self.words), got)

    def test_resolvers(self):
        full = 'resolver: { type: full, dir: "%(dir)s/d/e" }\n'
        system = 'error resolving system account: '
        self.check(
            (OP + 'resolver: MEM\n%(pre)s', STARTS),
            (OP + 'resolver: MEM\n', system + 'account missing'),
            (OP + 'resolver: MEM\nresolver_preload: { %(sys)s: %(untrusted)s }\n',
             system + 'account validation failed'),
            (OP + 'resolver: MEM\nresolver_preload: { %(sys)s: %(expired)s }\n',
             system + 'account validation failed'),
            (OP + 'resolver: MEM\nresolver_preload: { %(a)s: %(token)s }\n',
             system + 'account missing'),
            (OP + 'resolver: MEM\nresolver_preload: { %(sys)s: junk }\n',
             'invalid account JWT'),
            (OP + full, STARTS),
            (OP + full + '%(pre)s', STARTS),
            ('operator: %(bare)s\n' + full, 'using nats based account resolver - the system '
             'account needs to be specified in configuration or the operator jwt'),
            ('operator: %(bare)s\nresolver: MEM\n', STARTS),
            ('operators: [%(op)s, %(other)s]\nresolver: MEM\n%(pre)s', STARTS),
            ('operators: [%(op)s, %(other)s]\n',
             'operators require an account resolver to be configured'),
            (OP + 'resolver: URL("%(web)s/ok")\n', STARTS),
            (OP + 'resolver: URL("%(web)s/ok")\n%(pre)s', 'resolver preloads only available '
             'for writeable resolver types MEM/DIR/CACHE_DIR'),
            (OP + 'resolver: URL("%(web)s/bad")\n',
             'could not fetch <"%(web)s/bad/">: 404 Not Found'),
            ('operator: %(oweb)s\n', STARTS),
            ('operator: %(obad)s\n',
             'could not fetch <"%(web)s/bad/accounts/">: 404 Not Found'))
        self.assertTrue(os.path.isdir(self.dir + '/d/e'))

    def test_a_web_server_that_is_not_there(self):
        got = self.refusal(OP % self.words + 'resolver: URL("http://127.0.0.1:1/x")\n')
        self.assertRegex(got, re.escape('could not fetch <"http://127.0.0.1:1/x/">: '))

    def test_operators(self):
        rest = 'resolver: MEM\n%(pre)s'
        parsing = 'error parsing operator JWT: '
        version = 'operator %(key)s expect'
        self.check(
            ('operator: %(account)s\n' + rest, parsing + 'not operator claim'),
            ('operator: %(old)s\n' + rest, STARTS),
            ('operator: %(new)s\n' + rest,
             version + 'ed major version 9 > server major version 2'),
            ('operator: %(odd)s\n' + rest, version + 's version x got error instead: asserted '
             'server version must be of the form <major>.<minor>.<update>'),
            ('operator: %(strict)s\n' + rest,
             'error resolving system account: account validation failed'),
            ('trusted: [%(key)s]\nsystem_account: %(sys)s\n' + rest, STARTS),
            ('trusted: [XX]\n', 'trust key "XX" required to be a valid public operator nkey'),
            (OP + 'trusted: [%(key)s]\n' + rest,
             "conflicting options for 'TrustedKeys' and 'TrustedOperators'"),
            (OP + 'resolver_pinned_accounts: [x]\n' + rest,
             'pinned account key "x" is not a valid public account nkey'),
            (OP + 'resolver_pinned_accounts: [%(a)s]\n' + rest, STARTS))

    def test_what_does_not_go_with_operators(self):
        rest = 'resolver: MEM\n%(pre)s'
        self.check(
            (OP + 'system_account: %(a)s\n' + rest,
             'system_account in config and operator JWT must be identical'),
            ('operator: %(bare)s\nsystem_account: %(sys)s\n' + rest, STARTS),
            ('operator: %(bare)s\nsystem_account: XX\n' + rest,
             'error resolving system account: will only fetch valid account keys'),
            (OP + 'accounts { X {} }\n' + rest,
             'operators do not allow Accounts to be configured directly'),
            (OP + 'authorization { users: [ {user: a, password: b} ] }\n' + rest,
             'operators do not allow users to be configured directly'),
            (OP + 'no_auth_user: a\n' + rest,
             'no_auth_user not compatible with Trusted Operator'),
            (OP + 'authorization { token: a }\n' + rest, STARTS))

    def test_sentinels(self):
        rest = 'resolver: MEM\n%(pre)s'
        self.check(
            ('default_sentinel: "%(bearer)s"\n',
             'default sentinel requires operators and accounts'),
            (OP + 'default_sentinel: "x"\n' + rest, 'default sentinel JWT not valid'),
            (OP + 'default_sentinel: "%(user)s"\n' + rest,
             'default sentinel must be a bearer token'),
            (OP + 'default_sentinel: "%(bearer)s"\n' + rest, STARTS),
            (OP + 'default_sentinel: "%(scoped)s"\n' + rest, STARTS))


if __name__ == '__main__':
    unittest.main()
