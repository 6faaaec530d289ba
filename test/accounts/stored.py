"""test/accounts/stored.py - servers that store, in accounts, and whom they ask."""
import os
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../js'))

import fault                    # noqa: E402
from ask import Ask             # noqa: E402
from fault import Fault         # noqa: E402

NOT_ENABLED = (503, 10039)
STREAM = '$JS.API.STREAM.'


class Stored(Fault):
    def setUp(self):
        super().setUp()
        self.dir = tempfile.mkdtemp(prefix='mote-js-')
        self.addCleanup(shutil.rmtree, self.dir, True)

    @staticmethod
    def binary():
        return fault.binary()

    def block(self, more='', folder='a'):
        return 'jetstream { store_dir: "%s/%s"%s }' % (self.dir, folder,
                                                      more and '\n' + more)

    def ask(self, server, user=None):
        """Somebody who asks; user is the password too."""
        c = Ask(server, '"user":"%s","pass":"%s"' % (user, user) if user else '')
        self.addCleanup(c.close)
        return c

    def error(self, answer):
        self.assertIsNotNone(answer, 'nobody is there')
        self.assertIn('error', answer)
        return answer['error']['code'], answer['error']['err_code']

    def must_create(self, c, name, **config):
        answer = c.ask(STREAM + 'CREATE.' + name,
                       {'name': name, 'subjects': [name + '.>'], **config})
        self.assertNotIn('error', answer)
        return answer

    def must_store(self, c, subject, seq):
        self.assertEqual(c.ask(subject, b'x')['seq'], seq)

    def is_unheard(self, c, subject):
        """Told that nobody listens."""
        c.request(subject, b'x')
        message = c.next()
        return message is not None and message[2].startswith(b'NATS/1.0 503')
