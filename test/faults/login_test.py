"""Who guesses passwords.

Promised by mote: after five failures an address is heard once a second; other
addresses do not notice, nor does who was in before from the same one; the answer is
that to any wrong password.  nats-server lets anybody guess as fast as he can.
"""
import socket
import threading
import time

from fault import Fault, mote_only
from running import PATIENCE

BCRYPT = '$2a$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG'   # s3cret
USERS = '''authorization { timeout: 5, users = [
  { user: plain, password: "s3cret" }, { user: hashed, password: "%s" } ] }''' % BCRYPT


def log_in(server, user, password, source='127.0.0.1'):
    """The answer to a PING behind the CONNECT, and how long it took."""
    began = time.monotonic()
    with socket.create_connection(('127.0.0.1', server.port), PATIENCE,
                                  (source, 0)) as s:
        s.sendall(b'CONNECT {"verbose":false,"user":"%s","pass":"%s"}\r\nPING\r\n' %
                  (user.encode(), password.encode()))
        got = b''
        while b'PONG' not in got and b'-ERR' not in got:
            try:
                data = s.recv(4096)
            except ConnectionResetError:
                break
            if not data:
                break
            got += data
    return got.partition(b'\r\n')[2], time.monotonic() - began


def is_in(answer):
    return answer.startswith(b'PONG')


class Login(Fault):
    def heard(self, server):
        return server.log().count('authentication error - User')

    def attack(self, server, user, seconds, threads=8):
        """The attempts made; all of them must have been refused."""
        answers = []
        until = time.monotonic() + seconds

        def guess():
            while time.monotonic() < until:
                answers.append(log_in(server, user, 'guess')[0])

        crowd = [threading.Thread(target=guess) for _ in range(threads)]
        for t in crowd:
            t.start()
        for t in crowd:
            t.join()
        self.assertEqual({a.rstrip() for a in answers if a},
                         {b"-ERR 'Authorization Violation'"})
        return len(answers)

    def slows(self, user):
        server = self.serve(USERS)
        began = time.monotonic()
        self.attack(server, user, 5)
        took = time.monotonic() - began
        # Five, one a second, and those that were under way with the fifth.
        self.assertLessEqual(self.heard(server), 5 + took + 8)
        self.assertGreaterEqual(self.heard(server), 5 + int(took) - 2)

    @mote_only('lets anybody guess')
    def test_one_source_is_heard_once_a_second(self):
        self.slows('plain')

    @mote_only('lets anybody guess')
    def test_so_it_is_where_passwords_are_hashed(self):
        self.slows('hashed')

    @mote_only('lets anybody guess')
    def test_so_it_is_for_a_user_that_is_unknown(self):
        self.slows('nobody')

    def test_neighbours_get_in_meanwhile(self):
        server = self.serve(USERS)
        self.assertTrue(is_in(log_in(server, 'plain', 's3cret')[0]))
        attack = threading.Thread(target=self.attack, args=(server, 'hashed', 4))
        attack.start()
        time.sleep(1)
        for source in '127.0.0.1', '127.0.0.2':
            answer, took = log_in(server, 'plain', 's3cret', source)
            self.assertTrue(is_in(answer), '%s: %r' % (source, answer))
            self.assertLess(took, 0.5, source)
        # For that name somebody else has failed: it may take a moment.
        answer, took = log_in(server, 'hashed', 's3cret', '127.0.0.3')
        self.assertTrue(is_in(answer), repr(answer))
        self.assertLess(took, 2.5)
        attack.join()

    def test_when_the_attack_is_over_all_is_as_before(self):
        server = self.serve(USERS)
        self.attack(server, 'plain', 2)
        time.sleep(2)
        answer, _ = log_in(server, 'hashed', 's3cret')
        self.assertTrue(is_in(answer), repr(answer))

    def test_many_with_the_right_password_at_once(self):
        server = self.serve(USERS)
        answers = []

        def come():
            answers.append(log_in(server, 'hashed', 's3cret')[0])

        crowd = [threading.Thread(target=come) for _ in range(200)]
        for t in crowd:
            t.start()
        for t in crowd:
            t.join()
        self.assertEqual([a for a in answers if not is_in(a)], [])

    def test_it_can_be_turned_off(self):
        server = self.serve('max_failed_logins: 0\n' + USERS
                            if not self.is_reference() else USERS)
        self.assertEqual(self.attack(server, 'plain', 1), self.heard(server))
