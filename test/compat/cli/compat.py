"""test/compat/cli/compat.py - the nats command line tool against a server.

Run as `compat.py NATS`.  Each test runs the tool as a person would and reads what
it prints.  A subscriber that runs beside is known to be there when a request to
its subject is no longer answered with "no responders" (ready()).  The driver
owns the servers: ask() sends it a line and gives its answer (README.md).
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

NATS = sys.argv[1]
PATIENCE = 20.0

url = ""
home = tempfile.TemporaryDirectory()
env = {k: v for k, v in os.environ.items() if not k.startswith("NATS_")}
env.update(HOME=home.name, XDG_CONFIG_HOME=home.name, NO_COLOR="1")
beside = []


def ask(line):
    print(line, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        raise SystemExit(2)
    need(not answer.startswith("failed"), line + ": " + answer)
    return answer.rstrip("\n")


def server(name):
    global url
    url = ask("server " + name).removeprefix("url ")


def need(held, why):
    if not held:
        raise AssertionError(why)


def nats(*args, at=None, status=0, stdin=None):
    """Run to the end; what it printed.  at: the server, "" for none."""
    where = ["--server", url] if at is None else ["--server", at] if at else []
    r = subprocess.run([NATS, *where, *args], env=env, input=stdin, text=True,
                       stdin=None if stdin is not None else subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=PATIENCE, check=False)
    ok = r.returncode == 0 if status == 0 else r.returncode != 0
    need(ok, f"nats {' '.join(args)} ended with {r.returncode}: {r.stdout[-300:]}")
    return r.stdout


class Beside:
    """The tool running beside the test."""

    def __init__(self, *args, at=None):
        self.text = ""
        self.more = threading.Condition()
        self.process = subprocess.Popen([NATS, "--server", at or url, *args], env=env, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=1)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        beside.append(self)

    def read(self):
        for line in self.process.stdout:
            with self.more:
                self.text += line
                self.more.notify_all()

    def wait(self, pattern):
        """Until it has printed something that pattern finds."""
        with self.more:
            found = self.more.wait_for(lambda: re.search(pattern, self.text), PATIENCE)
        need(found, f"{pattern} was not printed, but {self.text[-300:]!r}")
        return found

    def ended(self):
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        need(status == 0, f"it ended with {status}: {self.text[-300:]}")
        return self.text

    def close(self):
        self.process.kill()
        self.process.wait()


def ready(subject, login=""):
    """Returns when somebody subscribes to subject; they get a few empty messages."""
    host, port = re.search(r"//(?:.*@)?([\d.]+):(\d+)", url).groups()
    with socket.create_connection((host, int(port)), PATIENCE) as s:
        f = s.makefile("rb")
        f.readline()
        s.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true%s}\r\n'
                  b"SUB probe.reply 1\r\n" % login.encode())
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            s.sendall(b"PUB %s probe.reply 0\r\n\r\nPING\r\n" % subject.encode())
            seen = b""
            while not seen.endswith(b"PONG\r\n"):
                line = f.readline()
                need(line, "the probe was cut off")
                seen += line
            if b"503" not in seen:
                return
            time.sleep(0.01)
    raise AssertionError("nobody subscribes to " + subject)


# ---- the behaviours ---------------------------------------------------------------------

def pub_sub():
    server("plain")
    sub = Beside("sub", "cli.a")
    ready("cli.a")
    nats("pub", "cli.a", "hello there")
    sub.wait('Received on "cli.a"\n(.*\n)*?hello there\n')


def pub_count():
    sub = Beside("sub", "cli.count")
    ready("cli.count")
    text = nats("pub", "cli.count", "number {{Count}}.", "--count", "25")
    need("25" in text, text)
    sub.wait(r"number 25\.\n")
    need(re.findall(r"number (\d+)\.", sub.text) == [str(i) for i in range(1, 26)], sub.text)


def pub_headers():
    sub = Beside("sub", "cli.hdr")
    ready("cli.hdr")
    nats("pub", "cli.hdr", "with headers", "-H", "Colour: red", "-H", "Colour: blue", "-H", "X-Y: 1",
         "--reply", "back.to")
    sub.wait("with headers\n")
    need("reply" in sub.text and "back.to" in sub.text, sub.text)
    for line in ("Colour: red", "Colour: blue", "X-Y: 1"):
        need(line in sub.text, sub.text)


def sub_wildcard():
    flat = Beside("sub", "cli.w.*")
    ready("cli.w.x")
    deep = Beside("sub", "cli.w.>")
    ready("cli.w.x.y")
    nats("pub", "cli.w.a.b", "deep one")
    nats("pub", "cli.w.a", "flat one")
    deep.wait("flat one")
    flat.wait("flat one")
    need("deep one" in deep.text and "deep one" not in flat.text, flat.text)


def sub_queue():
    one, two = (Beside("sub", "cli.q", "--queue", "crew") for _ in range(2))
    ready("cli.q")
    end = time.monotonic() + PATIENCE
    n = 0
    while not ("<1." in one.text and "<1." in two.text):    # until both have taken some
        need(time.monotonic() < end, "one member got nothing")
        nats("pub", "cli.q", "<1.%d.{{Count}}>" % n, "--count", "50")
        n += 1
    ready("cli.q")      # all before this one is delivered
    sent = {f"<1.{i}.{k}>" for i in range(n) for k in range(1, 51)}
    while len(one.text.split("<1.")) + len(two.text.split("<1.")) - 2 < len(sent):
        need(time.monotonic() < end, "messages are missing")
        time.sleep(0.01)
    got = re.findall(r"<1\.\d+\.\d+>", one.text + two.text)
    need(len(got) == len(sent) and set(got) == sent, f"{len(got)} messages for {len(sent)}")


def request_reply():
    Beside("reply", "cli.svc", "--echo")
    ready("cli.svc")
    need(nats("request", "cli.svc", "echo me", "--raw").strip() == "echo me", "no echo")
    text = nats("request", "cli.svc", "echo me", "-H", "Kind: one")
    need("Received with rtt" in text and "Kind: one" in text, text)


def request_many():
    for _ in range(3):
        Beside("reply", "cli.many", "mine", "--queue", f"q{len(beside)}")
    ready("cli.many")
    end = time.monotonic() + PATIENCE
    while True:         # the three come one by one
        text = nats("request", "cli.many", "x", "--replies", "0", "--timeout", "400ms")
        if text.count("mine") == 3:
            break
        need(time.monotonic() < end, text)
    text = nats("request", "cli.many", "x", "--replies", "3", "--raw")
    need(text.count("mine") == 3, text)


def request_no_responders():
    text = nats("request", "cli.nobody", "x")
    need("No responders are available" in text, text)


def reply_command():
    Beside("reply", "cli.cmd.>", "--command", "echo ran {{1}}")
    ready("cli.cmd.first")
    text = nats("request", "cli.cmd.first.second", "x", "--raw")
    need("ran" in text, text)


def rtt():
    found = json.loads(nats("rtt", "--json", "5"))
    need(found and json.dumps(found).count(":") > 1, str(found))
    need(re.search(r"\d", nats("rtt")), "no time")


def check_connection():
    text = nats("server", "check", "connection", "--format", "json", "--connect-critical", "10s",
                "--rtt-critical", "10s", "--req-critical", "10s", "--connect-warn", "10s",
                "--rtt-warn", "10s", "--req-warn", "10s")
    need('"OK"' in text, text)


def bench_line(text, kind):
    need(re.search(kind + r" (aggregated )?stats: [\d,]+ msgs/sec", text), text[-400:])


MANY = "--msgs", "20000", "--size", "64", "--no-progress"


def bench_publish():
    bench_line(nats("bench", "pub", "cli.bench", "--clients", "2", *MANY), "publisher")


def bench_subscribe():
    sub = Beside("bench", "sub", "cli.bench", *MANY)
    ready("cli.bench")
    nats("bench", "pub", "cli.bench", "--clients", "2", *MANY)
    bench_line(sub.ended(), "subscriber")


def bench_request():
    Beside("bench", "service", "serve", "cli.breq", "--no-progress")
    ready("cli.breq")
    bench_line(nats("bench", "service", "request", "cli.breq", "--msgs", "500", "--no-progress"),
               "requester")


def latency():
    text = nats("latency", "--server-b", url, "--duration", "1s", "--rate", "200")
    need("Median Latency" in text and "Last Recv Wall Time" in text, text)


def user_password():
    server("user")
    login = ',"user":"alice","pass":"s3cr3t"'
    sub = Beside("sub", "cli.a", "--user", "alice", "--password", "s3cr3t")
    ready("cli.a", login)
    nats("pub", "cli.a", "known", at=url.replace("//", "//alice:s3cr3t@"))
    sub.wait("known")


def wrong_credentials():
    text = nats("pub", "cli.a", "x", "--user", "alice", "--password", "wrong", status=1)
    need("authorization violation" in text.lower(), text)
    text = nats("pub", "cli.a", "x", status=1)
    need("authorization violation" in text.lower(), text)


def context():
    nats("context", "add", "mine", "--server", url, "--user", "alice", "--password", "s3cr3t",
         "--select", at="")
    nats("pub", "cli.a", "x", at="")
    need(re.search(r"\d", nats("rtt", at="")), "no time")
    nats("context", "rm", "mine", "--force", at="")


def token_url():
    server("token")
    nats("pub", "cli.a", "x", at=url.replace("//", "//t0ken@"))
    text = nats("pub", "cli.a", "x", at=url.replace("//", "//t0kem@"), status=1)
    need("authorization violation" in text.lower(), text)


def permission_publish():
    server("permissions")
    login = "--user", "worker", "--password", "w0rk"
    nats("pub", "open.x", "x", *login)
    text = nats("request", "open.secret", "x", *login, "--timeout", "300ms")
    need('permissions violation for publish to "open.secret"' in text.lower(), text)


def permission_subscribe():
    sub = Beside("sub", "closed.x", "--user", "worker", "--password", "w0rk")
    sub.wait('(?i)permissions violation for subscription to "closed.x"')


# ---- with a system account ---------------------------------------------------------------

def admin():
    return url.replace("//", "//admin:adm1n@")


def shop():
    return url.replace("//", "//shop:sh0p@")


def server_list():
    server("accounts")
    found = json.loads(nats("server", "list", "--json", at=admin()))
    need([s["server"]["name"] for s in found] == ["compat"], str(found))
    need(found[0]["statsz"]["connections"] == 1, str(found))
    text = nats("server", "list", "1", at=admin())
    need("compat" in text and "Server Overview" in text, text)


def server_info():
    text = nats("server", "info", "compat", at=admin())
    need("Server information for compat" in text and "zone:one" not in text
         and re.search(r"Maximum Payload: 1\.0 MiB", text), text)
    text = nats("server", "info", "elsewhere", "--timeout", "500ms", at=admin(), status=1)
    need("error" in text, text)


def server_ping():
    text = nats("server", "ping", "1", at=admin())
    need("compat" in text and "1 replies" in text, text)


class Shop:
    """A client of the account SHOP that stays."""

    def __enter__(self):
        host, port = re.search(r"//(?:.*@)?([\d.]+):(\d+)", url).groups()
        self.sock = socket.create_connection((host, int(port)), PATIENCE)
        self.file = self.sock.makefile("rb")
        self.cid = json.loads(self.file.readline()[5:])["client_id"]
        self.sock.sendall(b'CONNECT {"verbose":false,"protocol":1,"user":"shop","pass":"sh0p",'
                          b'"name":"till"}\r\nSUB shop.> 1\r\nPING\r\n')
        while self.file.readline() != b"PONG\r\n":
            pass
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()


def server_report():
    with Shop():
        text = nats("server", "report", "connections", at=admin())
        need("till" in text and "SHOP" in text, text)
        text = nats("server", "report", "connections", "--account", "SHOP", at=admin())
        need("till" in text and "NATS CLI" not in text, text)
        text = nats("server", "report", "accounts", at=admin())
        need("SHOP" in text and "SYS" in text, text)


def server_request():
    names = {"variables": "max_payload", "connections": "num_connections",
             "subscriptions": "num_subscriptions", "accounts": "system_account",
             "routes": "num_routes", "gateways": "outbound_gateways", "leafnodes": "leafs",
             "jetstream": "disabled"}
    for kind, key in names.items():
        found = json.loads(nats("server", "request", kind, "--name", "compat", at=admin()))
        need(key in found["data"] and found["server"]["name"] == "compat", str(found))


def check_server():
    text = nats("server", "check", "server", "--name", "compat", "--format", "json", at=admin())
    need('"OK"' in text, text)


def server_kick():
    info = json.loads(nats("server", "list", "--json", at=admin()))
    with Shop() as till:
        nats("server", "request", "kick", str(till.cid), info[0]["server"]["id"], at=admin())
        need(till.file.read() is not None, "it was not kicked")
    with Shop():
        text = nats("server", "request", "kick", "99999", info[0]["server"]["id"], at=admin())
        need("no such client or leafnode id" in text, text)


def events():
    told = Beside("events", "--short", at=admin())
    ready("$SYS.ACCOUNT.SHOP.CONNECT", ',"user":"admin","pass":"adm1n"')
    with Shop():
        told.wait(r"\[Connection\] user: shop cid: \d+ in account SHOP")
    told.wait(r"\[Disconnection\] user: shop cid: \d+ in account SHOP: Client Closed")


def account_info():
    text = nats("account", "info", at=shop())
    need("Account: SHOP" in text, text)


# ---- ways to log in ----------------------------------------------------------------------

def log_in(method, *flags):
    """Let in: it publishes, hears, and is told what it may not.  %s in a flag is the
    folder of what the login takes.  Returns the flags."""
    global url
    _, url, folder = ask("login " + method).split()
    flags = [f.replace("%s", folder) for f in flags]
    answer = Beside("reply", "open.x", "heard", *flags)
    answer.wait("Listening on")
    need("heard" in nats("request", "open.x", "y", *flags), "no answer")
    text = nats("request", "closed.x", "x", *flags, "--timeout", "300ms")
    need('permissions violation for publish to "closed.x"' in text.lower(), text)
    Beside("sub", "closed.y", *flags).wait(
        '(?i)permissions violation for subscription to "closed.y"')
    return flags


def refused(*flags):
    text = nats("pub", "open.x", "x", *flags, status=1)
    need("authorization violation" in text.lower(), text)


def login_bcrypt():
    log_in("bcrypt", "--user", "worker", "--password", "s3cret")
    refused("--user", "worker", "--password", "wrong")


def login_nkey():
    log_in("nkey", "--nkey", "%s/user.nk")
    refused()


def login_creds():
    log_in("creds", "--creds", "%s/user.creds")
    refused()


def login_certificate():
    log_in("certificate", "--tlsca", "%s/ca.pem", "--tlscert", "%s/client.pem", "--tlskey",
           "%s/client.key")


def login_no_auth_user():
    log_in("no_auth_user")


def login_callout():
    log_in("callout", "--user", "somebody", "--password", "s3cret")
    refused("--user", "somebody", "--password", "wrong")


def cut_off(method, why, act=None):
    global url
    _, url, folder = ask("login " + method).split()
    sub = Beside("sub", "open.>", "--creds", folder + "/user.creds")
    sub.wait("Subscribing on")
    if act:
        ask(act)
    sub.wait(why)


def cut_off_at_expiry():
    cut_off("expiring", "(?i)authentication expired")


def cut_off_when_revoked():
    cut_off("creds", "(?i)authentication revoked", "revoke")


TESTS = [
    login_bcrypt, login_nkey, login_creds, login_certificate, login_no_auth_user,
    login_callout, cut_off_at_expiry, cut_off_when_revoked,
    pub_sub, pub_count, pub_headers, sub_wildcard, sub_queue, request_reply, request_many,
    request_no_responders, reply_command, rtt, check_connection, bench_publish,
    bench_subscribe, bench_request, latency, user_password, wrong_credentials, context,
    token_url, permission_publish, permission_subscribe, server_list, server_info, server_ping,
    server_report, server_request, check_server, server_kick, events, account_info,
]


def main():
    print("version natscli", subprocess.run([NATS, "--version"], env=env, text=True, check=False,
          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip())
    for test in TESTS:
        try:
            test()
            print("pass", test.__name__)
        except Exception as err:        # whatever it is, the others go on
            line = traceback.extract_tb(err.__traceback__)[1:2]
            where = f"line {line[0].lineno}: " if line else ""
            print("fail", test.__name__, where + repr(err).replace("\n", " / "))
        while beside:
            beside.pop().close()


main()
