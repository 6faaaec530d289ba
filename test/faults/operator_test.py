"""Faults from the operator's side: configuration, signals, log file.

Promised: a reload that fails changes nothing at all; TERM ends the server in good
order under any load; a log that cannot be written stops a start, never a server.
"""
import os
import signal
import socket
import subprocess
import tempfile
import time

import fault
from fault import Client, Fault, mote_only, raw
from running import PATIENCE, wait_until
from slow_test import Flood

FIRST = 'authorization { user: "u", password: "first" }'
LOGIN = '"user":"u","pass":"%s"'

BROKEN = {
    'a syntax error': 'authorization { user: "u", password: "second"',
    'an unknown key': 'authorization { user: "u", password: "second" }\nno_such_option: 1',
    'a wrong type': 'authorization { user: "u", password: "second" }\nmax_payload: "many"',
    'a wrong value': 'authorization { user: "u", password: "second" }\nlame_duck_duration: "1s"',
    'what cannot be reloaded': 'authorization { user: "u", password: "second" }\nserver_name: "another"',
    'a missing include': 'include "nowhere.conf"',
    'not text at all': '\x00\x01\x02 {{{ \x7f',
}


class Reload(Fault):
    def may_enter(self, server, password):
        c = self.client(server, LOGIN % password)
        return c.ping()

    def test_a_broken_configuration_changes_nothing(self):
        server = self.serve(FIRST)
        good = self.witness(server, LOGIN % 'first')
        failed = 'Failed to reload server configuration'
        for why, config in BROKEN.items():
            with self.subTest(why=why):
                n = server.log().count(failed)
                server.config = config
                server.write_config(server.text())
                server.signal('HUP')
                wait_until('the refusal', lambda: server.log().count(failed) > n)
                self.assertFalse(self.may_enter(server, 'second'), 'the new password is valid')
                self.still_serves(server, good, LOGIN % 'first')

        os.unlink(server.conf)
        n = server.log().count(failed)
        server.signal('HUP')
        wait_until('the refusal', lambda: server.log().count(failed) > n)
        self.still_serves(server, good, LOGIN % 'first')

        server.reload('authorization { user: "u", password: "second" }')
        self.assertTrue(self.may_enter(server, 'second'))
        self.assertFalse(self.may_enter(server, 'first'))

    @mote_only('2.15.1 loses messages, cuts clients and may hang for good')
    def test_a_storm_of_signals_is_survived(self):
        server = self.serve(FIRST)
        good = self.witness(server, LOGIN % 'first')
        for i in range(50):
            server.signal('HUP')
            server.signal('USR1')
            good.publish('n', b'%d' % i)
            self.assertEqual(good.message(), b'%d' % i)
        self.assertTrue(good.ping(), 'the old client')
        # A client whose login meets a reload may be refused; it comes again.
        wait_until('a new client', lambda: self.may_enter(server, 'first'))


class Service(Fault):
    """We are the service manager."""

    def manage(self):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(PATIENCE)
        manager.bind('')                # the kernel picks an abstract name
        env = {'NOTIFY_SOCKET': '@' + manager.getsockname()[1:].decode(),
               'WATCHDOG_USEC': '300000'}
        os.environ.update(env)
        try:
            server = fault.Running(fault._binary)
            self.addCleanup(server.remove)
            server.start()
            return server, manager
        finally:
            for name in env:
                del os.environ[name]

    @mote_only('2.15.1 does not speak to service managers')
    def test_it_hears_of_start_watch_and_stop(self):
        server, manager = self.manage()
        self.assertEqual(manager.recv(100), b'READY=1')
        for _ in range(5):
            self.assertEqual(manager.recv(100), b'WATCHDOG=1')
        self.assertTrue(self.client(server).ping())
        self.assertEqual(server.exit(), 0)
        manager.setblocking(False)
        last = manager.recv(100)
        while last == b'WATCHDOG=1':
            last = manager.recv(100)
        self.assertEqual(last, b'STOPPING=1')

    @mote_only('2.15.1 does not speak to service managers')
    def test_one_that_hears_nothing_disturbs_nobody(self):
        server, manager = self.manage()
        good = self.witness(server)
        for i in range(20):             # its queue is full after ten
            good.publish('n', b'%d' % i)
            self.assertEqual(good.message(), b'%d' % i)
            time.sleep(0.1)
        self.still_serves(server, good)
        self.must_end_well(server)


class Term(Fault):
    def ends(self, sig):
        server = fault.Running(fault._binary)
        self.addCleanup(server.remove)
        server.start()
        crowd = [raw(server) for _ in range(200)]
        listeners = [Client(server, rcvbuf=4096) for _ in range(4)]
        for c in listeners:
            c.subscribe('flood')
            c.ping()
        floods = [Flood(server, 'flood', 1000000, 512) for _ in range(4)]
        for f in floods:
            f.run = quietly(f.run)
            f.start()
        wait_until('some load', lambda: listeners[0].has_line())
        self.assertEqual(server.exit(sig), 0)
        self.assertEqual(server.complaint(), '')
        for f in floods:
            f.join(PATIENCE)
        for c in crowd + [x.sock for x in listeners]:
            c.close()

    def test_term_during_load_ends_with_0(self):
        self.ends(signal.SIGTERM)

    def test_int_during_load_ends_with_0(self):
        self.ends(signal.SIGINT)


def quietly(run):
    def body():
        try:
            run()
        except OSError:
            pass        # the server is gone: that is the test
    return body


class Log(Fault):
    def test_a_log_file_that_cannot_be_opened_stops_the_start(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in (os.path.join(folder, 'missing', 'log'), folder):
                r = subprocess.run([fault._binary, '-a', '127.0.0.1', '-p', '-1', '-l', path],
                                   capture_output=True, timeout=PATIENCE, check=False)
                self.assertNotEqual(r.returncode, 0)
                self.assertIn(path.encode(), r.stderr + r.stdout)

    def test_a_log_file_that_is_full_stops_nothing(self):
        server = self.serve('log_file: "/dev/full"\ndebug: true\ntrace: true')
        good = self.witness(server)
        for _ in range(20):
            self.still_serves(server, good)
