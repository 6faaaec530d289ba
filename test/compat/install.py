"""test/compat/install.py - get each client, build its program, say how to run it.

Each function returns (command, environment), or raises Absent with the reason.
Everything is written below build/compat/ and found again by the next run; what
was made from which versions and sources is remembered in a stamp beside it, so
that a changed pin or program is built anew.
"""
import hashlib
import os
import shutil
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# test/js/clients runs these.
JETSTREAM = os.path.join(ROOT, "test", "js", "official")
CACHE = os.environ.get("MOTE_COMPAT_DIR") or os.path.join(ROOT, "build", "compat")

NATS_PY = "2.16.0"

INSTALL_SECONDS = 280

_npm = threading.Lock()     # both JavaScript clients live in one folder


class Absent(Exception):
    """This client cannot be had here, and why."""


def _tool(name):
    path = shutil.which(name)
    if path is None:
        raise Absent(f"there is no {name} on this machine")
    return path


def _do(what, argv, cwd=None, env=None):
    try:
        r = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})},
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace",
                           timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Absent(f"{what}: not done after {INSTALL_SECONDS} s") from None
    except OSError as e:
        raise Absent(f"{what}: {e}") from None
    if r.returncode != 0:
        last = " / ".join(r.stdout.strip().splitlines()[-3:])
        raise Absent(f"{what} failed: {last}")
    return r.stdout


def _stamp_of(*parts):
    h = hashlib.sha256()
    for part in parts:
        if os.path.isfile(part):
            with open(part, "rb") as f:
                h.update(f.read())
        else:
            h.update(part.encode())
    return h.hexdigest()


def _is_fresh(folder, stamp):
    try:
        with open(os.path.join(folder, "stamp")) as f:
            return f.read() == stamp
    except OSError:
        return False


def _mark(folder, stamp):
    with open(os.path.join(folder, "stamp"), "w") as f:
        f.write(stamp)


def _folder(name):
    path = os.path.join(CACHE, name)
    os.makedirs(path, exist_ok=True)
    return path


# ---- C ---------------------------------------------------------------------------

def c_client():
    return _c("c", os.path.join(HERE, "c", "compat.c"))


def jetstream_c():
    return _c("jetstream-c", os.path.join(JETSTREAM, "c", "client.c"))


def _c(name, source):
    _tool("cc")
    work = _folder(name)
    program = os.path.join(work, "program")
    flags, env = _libnats(_folder("c"))
    stamp = _stamp_of(source, os.path.join(HERE, "c", "need.h"), " ".join(flags))
    if not _is_fresh(work, stamp):
        # The harness is ours, its warnings too; the library's headers are not.
        _do("compiling " + source, ["cc", "-std=gnu11", "-g", "-Wall", "-Wextra",
            "-o", program, source, *flags, "-lpthread"])
        _mark(work, stamp)
    return [program], env


def _libnats(work):
    """Compiler flags and environment: the system's library, else the packages
    of this distribution unpacked beside the program."""
    if shutil.which("pkg-config") and subprocess.run(
            ["pkg-config", "--exists", "libnats"], check=False).returncode == 0:
        out = _do("pkg-config", ["pkg-config", "--cflags", "--libs", "libnats"])
        return out.split(), {}
    root = os.path.join(work, "root")
    libs = _find_library(root) or (_unpack_libnats(work, root), _find_library(root))[1]
    if libs is None:
        raise Absent("libnats-dev has no libnats.so")
    return (["-isystem", os.path.join(root, "usr", "include"), "-L" + libs, "-lnats",
             "-Wl,--allow-shlib-undefined"], {"LD_LIBRARY_PATH": libs})


def _find_library(root):
    for folder, _, files in os.walk(root):
        if "libnats.so" in files:
            return folder
    return None


def _unpack_libnats(work, root):
    for tool in ("apt-get", "apt-cache", "dpkg-deb"):
        _tool(tool)
    # Lists of our own: the machine's may be empty, or locked.
    state = os.path.join(work, "apt")
    os.makedirs(os.path.join(state, "lists", "partial"), exist_ok=True)
    os.makedirs(os.path.join(state, "archives", "partial"), exist_ok=True)
    own = ["-o", "Dir::State::lists=" + os.path.join(state, "lists"),
           "-o", "Dir::Cache=" + state, "-o", "APT::Sandbox::User="]
    _do("apt-get update", ["apt-get", *own, "-qq", "update"])
    text = _do("apt-cache depends", ["apt-cache", *own, "depends", "--recurse",
               "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
               "--no-replaces", "--no-enhances", "libnats-dev"])
    wanted = sorted({line for line in text.splitlines()
                     if line.startswith(("libnats", "libprotobuf-c", "libsodium"))})
    if not wanted:
        raise Absent("this distribution has no libnats-dev")
    _do("apt-get download", ["apt-get", *own, "download", *wanted], cwd=state)
    for deb in os.listdir(state):
        if deb.endswith(".deb"):
            _do("dpkg-deb", ["dpkg-deb", "-x", os.path.join(state, deb), root])


# ---- JavaScript --------------------------------------------------------------------

def js_transport_node():
    return _js("@nats-io/transport-node")


def js_nats():
    return _js("nats")


def jetstream_js():
    source = os.path.join(JETSTREAM, "js")
    return ["node", _js_program(source, "jetstream-js", "client.mjs")], {}


def _js(package):
    source = os.path.join(HERE, "js")
    with _npm:
        program = _js_program(source, "js", "compat.mjs")
    return ["node", program, package], {}


def _js_program(source, name, program):
    _tool("node")
    _tool("npm")
    work = _folder(name)
    manifest = os.path.join(source, "package.json")
    stamp = _stamp_of(manifest)
    if not _is_fresh(work, stamp):
        shutil.copy(manifest, work)
        _do("npm install", ["npm", "install", "--no-package-lock",
            "--no-audit", "--no-fund", "--ignore-scripts",
            "--loglevel=error"], cwd=work)
        _mark(work, stamp)
    # Beside node_modules, where its imports are looked for.
    return shutil.copy(os.path.join(source, program), work)


# ---- Python ------------------------------------------------------------------------

def python_client():
    work = _folder("python")
    venv = os.path.join(work, "venv")
    python = os.path.join(venv, "bin", "python")
    stamp = _stamp_of("nkeys " + NATS_PY, sys.version)
    if not _is_fresh(work, stamp):
        shutil.rmtree(venv, ignore_errors=True)
        _do("python3 -m venv", [sys.executable, "-m", "venv", venv])
        _do("pip install", [python, "-m", "pip", "install", "--quiet",
                            "--disable-pip-version-check", "nats-py[nkeys]==" + NATS_PY])
        _mark(work, stamp)
    return [python, os.path.join(HERE, "python", "compat.py")], {}


def jetstream_python():
    python = python_client()[0][0]
    return [python, os.path.join(JETSTREAM, "python", "client.py")], {}


# ---- Go ------------------------------------------------------------------------------

def go_client():
    return [_go("go", "compat", ".")], {}


def jetstream_go():
    return [_go("jetstream-go", "client", ".", os.path.join(JETSTREAM, "go"))], {}


def jwt_maker():
    return _go("jwt", "jwt", ".")


def cli():
    return [sys.executable, os.path.join(HERE, "cli", "compat.py"), _nats()], {}


def jetstream_cli():
    return [sys.executable, os.path.join(JETSTREAM, "cli", "client.py"), _nats()], {}


def _nats():
    return _go("cli", "nats", "github.com/nats-io/natscli/nats")


def _go(name, binary, package, source=None):
    _tool("go")
    work = _folder(name)
    source = source or os.path.join(HERE, name)
    program = os.path.join(work, binary)
    files = [os.path.join(source, f) for f in sorted(os.listdir(source))
             if f.endswith((".go", ".mod"))]
    stamp = _stamp_of(package, *files)
    if not _is_fresh(work, stamp):
        for f in files:
            shutil.copy(f, work)
        # go.mod pins; the checksum data base vouches for what go.sum will say.
        _do("go build", ["go", "build", "-mod=mod", "-trimpath", "-ldflags=-s -w",
                         "-o", program, package], cwd=work,
            env={"GOFLAGS": "-modcacherw -buildvcs=false", "CGO_ENABLED": "0",
                 "GOPATH": os.path.join(CACHE, "gopath"),
                 "GOMODCACHE": os.path.join(CACHE, "gopath", "pkg", "mod"),
                 "GOCACHE": os.path.join(CACHE, "gocache")})
        _mark(work, stamp)
    return program
