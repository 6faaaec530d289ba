"""test/lib/running.py - a server with a configuration, as compat and faults need it.

To what server.py does it adds: a restart on the same port, reload, limits of
descriptors, and a look at the process (memory, CPU time, descriptors).  What it
waits for are events (a log line, an exit); PATIENCE only ends a wait that failed.
"""
import glob
import os
import resource
import signal
import socket
import time

from server import Server, ServerError

PATIENCE = 20.0         # seconds; a loaded machine under a sanitizer is slow
_PAGE = os.sysconf('SC_PAGE_SIZE')
_TICK = os.sysconf('SC_CLK_TCK')


def wait_until(what, condition, patience=PATIENCE, step=0.01):
    """The first true value of condition(); ServerError when it stays false."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise ServerError('waited in vain for ' + what)
        time.sleep(step)


class Running(Server):
    """config is text in the server's own language, without host and port.
    http: with a monitoring port."""

    def __init__(self, binary, config='', http=False):
        super().__init__(binary)
        self.config = config
        self.http = http

    def start(self):                # pylint: disable=arguments-differ
        """Again after an exit: the same ports, the same configuration."""
        for path in glob.glob(os.path.join(self.ports_dir, '*.ports')):
            os.unlink(path)         # a killed server leaves its own
        self.write_config(self.text())
        super().start(bare=True, args=['-c', self.conf])
        return self

    def text(self):
        lines = ['host: "127.0.0.1"', 'port: %d' % (self.port or -1),
                 'ports_file_dir: "%s"' % self.ports_dir, self.config]
        if self.http:
            lines.append('http: "127.0.0.1:%d"' % (self.http_port or -1))
        return '\n'.join(lines) + '\n'

    def exit(self, sig=signal.SIGTERM):
        """Sends sig; the exit status, negative for the signal that killed it."""
        self.proc.send_signal(sig)
        return self.exited()

    def exited(self):
        status = self.wait(PATIENCE)
        if status is None:
            raise ServerError('the server did not exit\n' + self.log_tail())
        return status

    def reload(self, config):
        """Returns once the server has taken the new configuration."""
        done = 'Reloaded server configuration'
        n = self.log().count(done)
        self.config = config
        self.write_config(self.text())
        self.signal('HUP')
        wait_until('the reload', lambda: self.log().count(done) > n)

    def wait_log(self, text, patience=PATIENCE):
        wait_until('"%s" in the log' % text, lambda: text in self.log(), patience)

    def is_alive(self):
        return self.proc.poll() is None

    @property
    def url(self):
        return 'nats://127.0.0.1:%d' % self.port

    def connect(self, port=None, timeout=PATIENCE):
        return socket.create_connection(('127.0.0.1', port or self.port), timeout)

    def limit_fds(self, n):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (n, n))

    def rss(self):
        """Resident bytes."""
        with open('/proc/%d/statm' % self.pid, encoding='ascii') as f:
            return int(f.read().split()[1]) * _PAGE

    def cpu(self):
        """Seconds of CPU used since it started."""
        with open('/proc/%d/stat' % self.pid, encoding='utf-8') as f:
            fields = f.read().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def n_fds(self):
        return len(os.listdir('/proc/%d/fd' % self.pid))
