"""test/lib/running.py - one server process, as a test sees it.

The tests that need a running server (compat, faults) start it through this
class: always on loopback, always on a port that the kernel picked, its address
read from the ports file.  What the class waits for are events (a file, a log
line, an exit), never a length of time; PATIENCE only ends a wait that failed.
"""
import glob
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 20.0    # seconds; a loaded machine under a sanitizer is slow
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


class ServerError(Exception):
    pass


def wait_until(what, condition, patience=PATIENCE, step=0.01):
    """The first true value of condition(); ServerError when it stays false."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise ServerError("waited in vain for " + what)
        time.sleep(step)


class Server:
    """config is text in the server's own language, without host and port.
    nofile: the limit on descriptors the process gets; http: monitor too."""

    def __init__(self, path, config="", nofile=None, http=False, log=True):
        self.path = os.path.abspath(path)
        self.config = config
        self.nofile = nofile
        self.http = http
        self.dir = tempfile.mkdtemp(prefix="running-")
        self.log_path = os.path.join(self.dir, "server.log")
        self.conf_path = os.path.join(self.dir, "server.conf")
        self.port = -1
        self.http_port = -1
        self.process = None
        self.keeps_log = log

    # ---- life -------------------------------------------------------------
    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Again after stop(): the same port, the same configuration."""
        self.write_config()
        err = open(self.log_path, "ab")
        try:
            self.process = subprocess.Popen(
                [self.path, "-c", self.conf_path], stdin=subprocess.DEVNULL,
                stdout=err, stderr=err, cwd=self.dir,
                preexec_fn=self._limit if self.nofile else None)
        finally:
            err.close()
        ports = wait_until("the ports file", self._ports)
        self.port = _port_of(ports["nats"])
        if self.http:
            self.http_port = _port_of(ports["monitoring"])
        wait_until("the client port", self._is_listening)
        return self

    def stop(self, sig=signal.SIGTERM):
        """Returns the exit status; negative: the signal that killed it."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.wait_exit()

    def wait_exit(self, patience=PATIENCE):
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise ServerError("the server did not exit") from None
        self.process = None
        for path in self._port_files():
            os.unlink(path)    # a killed server leaves its own
        return status

    def close(self):
        try:
            if self.process is not None:
                self.stop(signal.SIGKILL)
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- doing things to it -------------------------------------------------
    def signal(self, sig):
        self.process.send_signal(sig)

    def reload(self, config):
        """Returns once the server has taken the new configuration."""
        seen = self.log().count("Reloaded server configuration")
        self.config = config
        self.write_config()
        self.signal(signal.SIGHUP)
        wait_until("the reload", lambda:
            self.log().count("Reloaded server configuration") > seen)

    def write_config(self, text=None):
        """text replaces everything, for configurations that shall fail."""
        if text is None:
            text = f'host: "127.0.0.1"\nport: {self.port}\n' \
                   f'ports_file_dir: "{self.dir}"\n'
            if self.http:
                text += f'http: "127.0.0.1:{self.http_port}"\n'
            text += self.config + "\n"
        with open(self.conf_path + ".new", "w") as f:
            f.write(text)
        os.replace(self.conf_path + ".new", self.conf_path)

    def connect(self, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    # ---- looking at it ------------------------------------------------------
    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def wait_log(self, text, patience=PATIENCE):
        wait_until(f'"{text}" in the log', lambda: text in self.log(), patience)

    def version(self):
        out = subprocess.run([self.path, "--version"], capture_output=True,
            text=True, timeout=PATIENCE, check=False).stdout
        return out.strip()

    def rss(self):
        """Resident bytes."""
        with open(f"/proc/{self.pid}/statm") as f:
            return int(f.read().split()[1]) * _PAGE

    def cpu(self):
        """Seconds of CPU used since it started."""
        with open(f"/proc/{self.pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def n_fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # ---- inside ---------------------------------------------------------------
    def _limit(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.nofile, self.nofile))

    def _port_files(self):
        return glob.glob(os.path.join(glob.escape(self.dir), "*.ports"))

    def _ports(self):
        if self.process.poll() is not None:
            raise ServerError(f"the server exited with {self.process.returncode}"
                f" at start:\n{self.log()[-2000:]}")
        for path in self._port_files():
            try:
                with open(path) as f:
                    ports = json.load(f)
            except (ValueError, OSError):  # half written
                continue
            if ports.get("nats") and (ports.get("monitoring") or not self.http):
                return ports
        return None

    def _is_listening(self):
        try:
            self.connect(1.0).close()
            return True
        except OSError:
            return False


def _port_of(urls):
    return int(re.search(r":(\d+)/?$", urls[0]).group(1))
