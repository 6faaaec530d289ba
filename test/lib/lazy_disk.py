"""test/lib/lazy_disk.py - a file system that forgets what nobody synced, mounted.

The other end of lazy_disk.c, which says what the power leaves.
"""
import os
import subprocess

HOWS = ('nothing', 'prefix', 'pages', 'torn')


def program(binary):
    """None: this build has none."""
    path = os.path.join(os.path.dirname(os.path.abspath(binary)), 'test', 'lazy_disk')
    return path if os.path.exists(path) else None


class LazyDisk:
    """Of the build of binary; OSError when it cannot be mounted."""

    def __init__(self, binary, folder):
        self.dir = folder
        # it may say why it cannot
        self.proc = subprocess.Popen([program(binary), folder], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.proc.stdout.readline()
        if line != 'mounted\n':
            self.proc.wait()
            raise OSError(line.strip() or 'lazy_disk ended')

    def command(self, text):
        fd = os.open(self.dir + '/.lazy_disk', os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)

    def lose(self, how, seed):
        """The power goes, and comes back.  Nobody may have a file open."""
        self.command('lose %s %d' % (how, seed))

    def fail(self, n):
        """After n more operations that change something all fail, until the power goes."""
        self.command('fail %d' % n)

    def unmount(self):
        self.proc.terminate()
        self.proc.wait()
        subprocess.run(['umount', '-l', self.dir], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.proc.stdout.close()
