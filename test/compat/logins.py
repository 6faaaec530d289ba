"""test/compat/logins.py - a server for each way to log in, and what the client needs.

Whoever is let in may publish and subscribe below open. and _INBOX., no more.  A
folder for each login holds what that way needs: user.nk (a seed), user.pub (its
public key), user.creds, and where certificates count ca.pem, client.pem, client.key.
"""
import os
import shutil
import tempfile
import time

import certs
from callout import Service
from identities import Chain, ISSUED, Client, Key, user as user_token
from running import Running

OPEN = ["open.>", "_INBOX.>"]
MAY = '{ publish: ["open.>", "_INBOX.>"], subscribe: ["open.>", "_INBOX.>"] }'
RIGHTS = {"pub": {"allow": OPEN}, "sub": {"allow": OPEN}}
BCRYPT = "$2a$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG"     # s3cret
EXPIRY_SECONDS = 4              # long enough to log in on a loaded machine
CREDS = """-----BEGIN NATS USER JWT-----
%s
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
%s
------END USER NKEY SEED------
"""


class Login:
    """One server for one method; url and folder."""

    def __init__(self, path, method):
        self.folder = tempfile.mkdtemp(prefix="login-")
        self.key, self.account, self.chain = Key("U", 7), Key("A", 7), Chain()
        self.service = None
        self.server = Running(path, getattr(self, "of_" + method)())
        self.server.start()
        if method == "callout":
            self.begin_service()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)

    def of_bcrypt(self):
        return ('authorization { users: [ { user: worker, password: "%s", permissions: %s } ]'
                ' }' % (BCRYPT, MAY))

    def of_nkey(self):
        self.write("user.nk", self.key.seed + "\n")
        self.write("user.pub", self.key.public + "\n")
        return ("authorization { users: [ { nkey: %s, permissions: %s } ] }"
                % (self.key.public, MAY))

    def of_certificate(self):
        for name, path in (("ca.pem", certs.get("ca").cert), ("client.pem",
                           certs.get("client").cert), ("client.key", certs.get("client").key)):
            shutil.copy(path, os.path.join(self.folder, name))
        pair = certs.get("server")
        return ('tls { cert_file: "%s", key_file: "%s", ca_file: "%s", verify_and_map: true }'
                '\nauthorization { users: [ { user: "bob@acme.org", permissions: %s } ] }'
                % (pair.cert, pair.key, certs.get("ca").cert, MAY))

    def of_no_auth_user(self):
        return ("no_auth_user: guest\nauthorization { users: [ { user: guest, password: x, "
                "permissions: %s }, { user: other, password: y } ] }" % MAY)

    def of_callout(self):
        return ("accounts { AUTH { users: [ { user: auth, password: pwd } ] }, APP {} }\n"
                "authorization { timeout: 10, auth_callout { issuer: %s, account: AUTH,"
                " auth_users: [ auth ] } }" % self.account.public)

    def begin_service(self):
        def answer(r):
            if r["nats"]["connect_opts"].get("pass") != "s3cret":
                return self.service.response(r, error="wrong password")
            return self.service.response(r, jwt=self.service.user(r, **RIGHTS))
        self.service = Service(self.server.port, self.account, answer)

    def of_creds(self, expires=0):
        token = user_token(self.account, self.key, expires=expires, **RIGHTS)
        self.write("user.creds", CREDS % (token, self.key.seed))
        return ("operator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload {\n"
                "%s: %s\n%s: %s\n}" % (
                    self.chain.operator(), self.chain.system.public,
                    self.chain.system.public, self.chain.system_token(),
                    self.account.public, self.chain.account(self.account)))

    def of_expiring(self):
        return self.of_creds(int(time.time()) + EXPIRY_SECONDS)

    def revoke(self):
        token = self.chain.account(self.account, issued=ISSUED + 9,
                                   revocations={self.key.public: ISSUED + 5})
        c = Client(self.server.port, user_token(self.chain.system, self.key), self.key)
        answer = c.request("$SYS.REQ.ACCOUNT.%s.CLAIMS.UPDATE" % self.account.public, token)
        c.close()
        if answer is None or b'"code":200' not in answer:
            raise OSError("the claims were not taken: %r" % answer)

    def remove(self):
        if self.service is not None:
            self.service.client.close()
        shutil.rmtree(self.folder, ignore_errors=True)
