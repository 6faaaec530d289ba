"""Publishers that are too fast for what was agreed.

Promised by mote: a user's limit holds for all of the user's connections together,
whatever worker they are on; nothing published is lost, in whatever pieces it came;
others, and what the slowed one receives, are not slowed.
"""
import threading
import time

from fault import Fault, mote_only

USERS = '''workers: 2
authorization { users = [
  { user: slow, password: p, limits: { %s } }
  { user: free, password: p } ] }'''


def login(user):
    return '"user":"%s","pass":"p"' % user


@mote_only('has no such limits')
class Rate(Fault):
    def setUp(self):
        if self.is_reference():
            self.skipTest('nats-server: has no such limits')
        super().setUp()

    def enter(self, limits):
        server = self.serve(USERS % limits)
        ear = self.client(server, login('free'))
        ear.subscribe('r.>')
        self.assertTrue(ear.ping())
        return server, ear

    def hear(self, ear, n, size):
        """Seconds until all n have come."""
        began = time.monotonic()
        for i in range(n):
            data = ear.message()
            self.assertIsNotNone(data, 'message %d' % i)
            self.assertEqual(len(data), size)
        return time.monotonic() - began

    def test_messages_come_at_the_rate_and_all_of_them(self):
        server, ear = self.enter('max_msgs_per_second: 500')
        slow = self.client(server, login('slow'))
        slow.send(b'PUB r.a 4\r\nabcd\r\n' * 1500)      # in few reads
        # A full bucket, and the rest at the rate.
        took = self.hear(ear, 1500, 4)
        self.assertGreater(took, 1.7)
        self.assertLess(took, 4)
        self.assertTrue(slow.ping(), 'it is still a client')

    def test_bytes_come_at_the_rate(self):
        server, ear = self.enter('max_bytes_per_second: 100KB')
        slow = self.client(server, login('slow'))
        threading.Thread(target=slow.send, daemon=True,
                         args=(b'PUB r.a 10000\r\n%s\r\n' % (b'x' * 10000) * 30,)).start()
        took = self.hear(ear, 30, 10000)
        self.assertGreater(took, 1.5)
        self.assertLess(took, 4)

    def test_one_message_larger_than_a_second_s_worth_passes(self):
        server, ear = self.enter('max_bytes_per_second: 100KB')
        slow = self.client(server, login('slow'))
        slow.publish('r.a', b'x' * 250000)
        self.assertLess(self.hear(ear, 1, 250000), 1)
        slow.publish('r.a', b'y')
        self.assertGreater(self.hear(ear, 1, 1), 1)

    def test_connections_of_a_user_share_it(self):
        server, ear = self.enter('max_msgs_per_second: 500')
        for c in [self.client(server, login('slow')) for _ in range(4)]:
            c.send(b'PUB r.a 4\r\nabcd\r\n' * 400)
        took = self.hear(ear, 1600, 4)
        self.assertGreater(took, 1.8)
        self.assertLess(took, 5)

    def test_others_and_its_own_subscriptions_do_not_wait(self):
        server, ear = self.enter('max_msgs_per_second: 10')
        slow = self.client(server, login('slow'))
        slow.subscribe('to.slow')
        self.assertTrue(slow.ping())
        slow.send(b'PUB r.a 1\r\nx\r\n' * 100)
        time.sleep(0.3)
        began = time.monotonic()
        free = self.client(server, login('free'))
        for i in range(100):
            free.publish('to.slow', b'%d' % i)
            self.assertEqual(slow.message(), b'%d' % i)
        self.assertLess(time.monotonic() - began, 2)

    def test_who_goes_while_it_waits_is_gone(self):
        server, ear = self.enter('max_msgs_per_second: 1')
        slow = self.client(server, login('slow'))
        slow.send(b'PUB r.a 1\r\nx\r\n' * 1000)
        time.sleep(0.2)
        slow.reset()
        self.still_serves(server, self.witness(server, login('free')), login('free'))

    def test_a_reload_that_lifts_the_limit_lets_it_go(self):
        server, ear = self.enter('max_msgs_per_second: 1')
        slow = self.client(server, login('slow'))
        slow.send(b'PUB r.a 1\r\nx\r\n' * 1000)
        time.sleep(0.2)
        server.reload(USERS % 'max_msgs_per_second: 1000000')
        self.assertLess(self.hear(ear, 1000, 1), 2)
