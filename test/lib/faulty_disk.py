"""test/lib/faulty_disk.py - a disk below a running server that fails when told to.

The other end of faulty_disk.c.  A rule says what becomes of some operations on
files whose path has a piece of text in it; it holds from then on, also while
the server runs.
"""
import errno
import mmap
import os
import struct
import tempfile

OPEN, READ, WRITE, TRUNCATE, SYNC, SYNC_DIR, RENAME, UNLINK, MKDIR = (
    1 << i for i in range(9))
CHANGES = WRITE | TRUNCATE | SYNC | SYNC_DIR | RENAME | UNLINK | MKDIR | OPEN

_RULE = struct.Struct('104sIiiiqqqq')
_N_RULES = 16


def library(binary):
    """None: this build has none."""
    path = os.path.join(os.path.dirname(os.path.abspath(binary)), 'test', 'libfaulty_disk.so')
    return path if os.path.exists(path) else None


class FaultyDisk:
    def __init__(self):
        fd, self.path = tempfile.mkstemp()
        os.ftruncate(fd, _RULE.size * _N_RULES)
        self.map = mmap.mmap(fd, _RULE.size * _N_RULES)
        os.close(fd)

    def environment(self, binary):
        return {'LD_PRELOAD': library(binary), 'FAULTY_DISK': self.path}

    # pylint: disable=too-many-arguments
    def rule(self, nr, path, ops, error=0, delay_ms=0, skip=0, n=-1, place=0):
        """place: of reads only those of this byte.  The path last: while it is empty there is
        no rule."""
        self.clear(nr)
        whole = _RULE.pack(path.encode(), ops, error, delay_ms, place, skip, n, 0, 0)
        at = nr * _RULE.size
        self.map[at + 104:at + _RULE.size] = whole[104:]
        self.map[at:at + 104] = whole[:104]

    def clear(self, nr):
        at = nr * _RULE.size
        self.map[at:at + _RULE.size] = bytes(_RULE.size)

    def hits(self, nr):
        return _RULE.unpack_from(self.map, nr * _RULE.size)[-1]

    def seen(self, nr):
        return _RULE.unpack_from(self.map, nr * _RULE.size)[-2]

    def remove(self):
        self.map.close()
        os.unlink(self.path)


NOSPC, IO, ACCES = errno.ENOSPC, errno.EIO, errno.EACCES
