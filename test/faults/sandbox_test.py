"""The running server has given up what it does not need, and lacks nothing.

Promised by mote: every thread is behind landlock and seccomp (what that means is
tried from inside by test/unit/server/{landlock,seccomp}_test.c); reloads, logs and
includes go on working; what a reload cannot reach any more is refused in words.
Every other suite runs inside the sandbox too.
"""
import os
import socket
import tempfile
import threading

import fault
from fault import Fault
from running import PATIENCE, wait_until

FAILED = 'Failed to reload server configuration'


class Sandbox(Fault):
    def setUp(self):
        if self.is_reference():
            self.skipTest('nats-server: has no sandbox')
        super().setUp()
        self.dir = tempfile.TemporaryDirectory(prefix='mote-sandbox-')
        self.addCleanup(self.dir.cleanup)

    def serve_enclosed(self, config=''):
        server = self.serve(config)
        if fault.is_sanitized():
            self.skipTest('a build with sanitizers has no sandbox')
        if 'landlock' not in server.log():
            self.skipTest('this kernel has no landlock')
        return server

    def path(self, *names):
        path = os.path.join(self.dir.name, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def put(self, text, *names):
        with open(self.path(*names), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(*names)

    def thread_states(self, server):
        """Of each thread: is it behind a filter, may it gain privileges."""
        states = []
        for task in os.listdir('/proc/%d/task' % server.pid):
            with open('/proc/%d/task/%s/status' % (server.pid, task),
                      encoding='ascii') as f:
                fields = dict(line.split(':', 1) for line in f)
            states.append((int(fields['Seccomp']), int(fields['NoNewPrivs'])))
        return states

    def refused(self, server, config, *words):
        n = server.log().count(FAILED)
        server.config = config
        server.write_config(server.text())
        server.signal('HUP')
        wait_until('the refusal', lambda: server.log().count(FAILED) > n)
        for word in words:
            self.assertIn(word, server.log().rpartition(FAILED)[2])

    def test_every_thread_is_behind_it(self):
        server = self.serve_enclosed('workers: 3')
        states = self.thread_states(server)
        self.assertGreaterEqual(len(states), 4)
        self.assertEqual(set(states), {(2, 1)})
        self.still_serves(server, self.witness(server))

    def test_it_can_be_turned_off(self):
        server = self.serve('sandbox: false')
        self.assertIn('Sandbox: off, as configured', server.log())
        self.assertEqual({s for s, _ in self.thread_states(server)}, {0})

    def test_a_reload_to_another_place_is_refused_in_words(self):
        first = self.path('one', 'log')
        server = self.serve_enclosed()
        good = self.witness(server)
        self.refused(server, 'log_file: "%s"' % first, 'sandbox', 'restart')
        self.refused(server, 'pid_file: "%s"' % self.path('two', 'pid'), 'sandbox')
        self.refused(server, 'remote_syslog: "tcp://127.0.0.1:1"', 'sandbox')
        self.assertFalse(os.path.exists(first))
        self.still_serves(server, good)

    def test_a_reload_in_the_same_place_works(self):
        pid = self.path('run', 'pid')
        server = self.serve_enclosed('pid_file: "%s"' % pid)
        self.assertEqual(open(pid, encoding='ascii').read(), str(server.pid))
        server.reload('pid_file: "%s"' % self.path('run', 'other'))
        self.assertEqual(open(self.path('run', 'other'), encoding='ascii').read(),
                         str(server.pid))

    def test_what_is_included_from_elsewhere_is_read_again(self):
        """By .. and by a link; the files are replaced, as editors do."""
        server = self.serve_enclosed()      # only for its directory
        here = os.path.dirname(server.conf)
        real = self.put('max_payload: 1000', 'shared', 'real.conf')
        os.symlink(real, os.path.join(here, 'link.conf'))
        up = os.path.relpath(self.put('max_pending: 100000', 'up', 'up.conf'), here)
        server.exit()
        server.config = 'include "link.conf"\ninclude "%s"' % up
        server.start()
        new = self.put('max_payload: 2000', 'shared', 'new.conf')
        os.rename(new, real)
        server.reload(server.config)
        self.assertIn('Reloaded: max_payload = 2000', server.log())

    def test_an_include_that_is_new_and_elsewhere_is_explained(self):
        server = self.serve_enclosed()
        up = os.path.relpath(self.put('max_payload: 1000', 'up.conf'),
                             os.path.dirname(server.conf))
        self.refused(server, 'include "%s"' % up, 'ermission denied', 'sandbox')

    def test_a_log_server_is_dialled_again(self):
        lines = []
        with socket.create_server(('127.0.0.1', 0)) as listener:
            port = listener.getsockname()[1]

            def take():
                while True:
                    try:
                        peer, _ = listener.accept()
                    except OSError:
                        return
                    lines.append(peer.recv(65536))
                    peer.close()        # and so each line needs another

            taker = threading.Thread(target=take, daemon=True)
            taker.start()
            server = self.serve('debug: true\nremote_syslog: "tcp://127.0.0.1:%d"' % port)
            self.assertEqual(self.client(server).ping(), True)

            def come_again():
                self.client(server).ping()
                return len(lines) >= 3
            wait_until('the third connection', come_again, PATIENCE, 0.3)
            listener.close()
