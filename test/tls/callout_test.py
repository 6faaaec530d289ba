"""What a callout service is told of a client's TLS.  It holds for nats-server too."""
import ssl

import certs
from callout import Service
from identities import Key
from tls import TlsCase

CONFIG = '''
allow_non_tls: true
accounts {
  AUTH { users [ { user: auth, password: pwd } ] }
  APP { }
}
authorization { timeout: 4, auth_callout { issuer: %s, account: AUTH, auth_users: [ auth ] } }
'''


class Callout(TlsCase):
    def test_the_service_is_told_of_version_suite_and_certificates(self):
        issuer = Key('A', 41)
        server = self.tls('ca_file: "%s", verify: true' % certs.get('ca').cert,
                          outside=CONFIG % issuer.public)
        service = Service(server.port, issuer,
                          lambda r: service.response(r, jwt=service.user(r)))
        self.addCleanup(service.client.close)
        c = self.secure(server, 'client', options='"user":"bob","pass":"x"')
        told = service.asked[0]['nats']['client_tls']
        self.assertEqual('TLSv' + told['version'], c.tls.version())
        self.assertTrue(told['cipher'].startswith('TLS_'), told['cipher'])
        chains = told['verified_chains']
        self.assertEqual(ssl.PEM_cert_to_DER_cert(chains[0][0]), certs.get('client').der())
        self.assertNotIn('certs', told)
