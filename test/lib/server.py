"""test/lib/server.py - start a server under test, find its ports, stop it.

Knows nothing of mote or nats-server beyond what both promise: -a, -p, -c and
--ports_file_dir.  Everything a server writes goes to a directory of its own.
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

START_SECONDS = 20.0
STOP_SECONDS = 15.0


class ServerError(Exception):
    pass


def kind_of(binary):
    """'nats' for the reference server, 'mote' for ours; by name, since both
    print the same version line."""
    return 'nats' if 'nats-server' in os.path.basename(binary) else 'mote'


class Server:
    """One server process.  dir, conf, err_path: set from the beginning;
    pid, port, http_port: once started."""

    def __init__(self, binary):
        self.binary = os.path.abspath(binary)
        self.dir = tempfile.mkdtemp(prefix='wire-')
        self.conf = os.path.join(self.dir, 'server.conf')
        self.err_path = os.path.join(self.dir, 'stderr.log')
        self.ports_dir = os.path.join(self.dir, 'ports')
        os.mkdir(self.ports_dir)
        self.env = {}           # beside this process's own
        self.proc = None
        self.port = self.http_port = None

    @property
    def pid(self):
        return self.proc.pid

    def write_config(self, text):
        """Whole or not at all: a reload may be reading it."""
        with open(self.conf + '.new', 'w', encoding='utf-8') as f:
            f.write(text)
        os.rename(self.conf + '.new', self.conf)

    def start(self, args=(), bare=False):
        """bare: only the arguments given, no free port on loopback."""
        argv = [self.binary]
        if not bare:
            argv += ['-a', '127.0.0.1', '-p', '-1',
                     '--ports_file_dir', self.ports_dir]
            if os.path.exists(self.conf):
                argv += ['-c', self.conf]
        argv += args
        with open(self.err_path, 'ab') as err:
            self.proc = subprocess.Popen(argv, cwd=self.dir, stderr=err,
                                         env=dict(os.environ, **self.env),
                                         stdin=subprocess.DEVNULL, stdout=err)
        self._await_ports()

    def _await_ports(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            ports = self._read_ports()
            if ports:
                self.port = port_of(ports['nats'][0])
                if ports.get('monitoring'):
                    self.http_port = port_of(ports['monitoring'][0])
                return
            if self.proc.poll() is not None:
                raise ServerError('server exited with %d instead of starting:\n%s'
                                  % (self.proc.returncode, self.log_tail()))
            time.sleep(0.003)
        raise ServerError('server wrote no ports file:\n' + self.log_tail())

    def _read_ports(self):
        for path in glob.glob(os.path.join(self.ports_dir, '*.ports')):
            try:
                with open(path, encoding='utf-8') as f:
                    ports = json.load(f)
            except (OSError, ValueError):
                return None     # half written
            return ports if ports.get('nats') else None
        return None

    def log(self):
        with open(self.err_path, 'rb') as f:
            return f.read().decode('utf-8', 'replace')

    def log_tail(self, lines=8):
        """The end of the log; of a sanitizer's complaint the beginning."""
        if not os.path.exists(self.err_path):
            return ''
        told = self.log().splitlines()
        shown = told[-lines:]
        for i, line in enumerate(told):
            if re.search('(ERROR|WARNING): \\w+Sanitizer|runtime error:', line):
                shown = told[i:i + 45]
                break
        return '\n'.join('    | ' + x for x in shown)

    def signal(self, name):
        self.proc.send_signal(getattr(signal, 'SIG' + name))

    def wait(self, seconds=STOP_SECONDS):
        """The exit code; None: still running."""
        try:
            return self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def complaint(self):
        """What a sanitizer said, or ''."""
        m = re.search(r'^.*(Sanitizer|runtime error).*$', self.log(), re.M)
        return m.group(0) if m else ''

    def stop(self):
        """The exit code after SIGTERM; kills, and says None, if that is slow."""
        if self.proc is None:
            return 0
        code = self.proc.poll()
        if code is None:
            self.proc.terminate()
            code = self.wait()
        if code is None:
            self.proc.kill()
            self.proc.wait()
        return code

    def remove(self):
        if self.proc is not None and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def port_of(url):
    return int(url.rsplit(':', 1)[1])
