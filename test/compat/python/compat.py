"""test/compat/python/compat.py - the behaviours of test/compat/run, with nats-py.

The driver owns the servers: ask() sends it a line and gives its answer
(README.md).  A test fails by any exception.
"""
import asyncio
import re
import ssl
import sys
import traceback
from importlib.metadata import version

import nats
import nats.errors

PATIENCE = 10.0
MAX_PAYLOAD = 1 << 20

url = ""
opened = []


async def ask(line):
    print(line, flush=True)
    answer = await asyncio.to_thread(sys.stdin.readline)
    if not answer:
        raise SystemExit(2)
    need(not answer.startswith("failed"), line + ": " + answer)
    return answer.rstrip("\n")


async def server(name):
    global url
    url = (await ask("server " + name)).removeprefix("url ")


def need(held, why):
    if not held:
        raise AssertionError(why)


def same(got, wanted, what):
    need(got == wanted, f"{what}: {got!r:.200}, not {wanted!r:.200}")


class Events:
    """What the callbacks of one connection saw."""

    def __init__(self):
        self.disconnected = asyncio.Event()
        self.reconnected = asyncio.Event()
        self.closed = asyncio.Event()
        self.lameduck = asyncio.Event()
        self.errors = asyncio.Queue()

    def setter(self, name):
        async def callback():
            getattr(self, name).set()
        return callback

    async def error(self, err):
        await self.errors.put(err)

    async def violation(self, text):
        """Passes over other errors: the library tells those of its socket too."""
        while True:
            err = str(await soon(self.errors.get(), "violation"))
            if "permissions violation" in err.lower():
                return need(text.lower() in err.lower(), f"{err}, not {text}")


async def soon(awaitable, what):
    try:
        return await asyncio.wait_for(awaitable, PATIENCE)
    except asyncio.TimeoutError:
        raise AssertionError("no " + what) from None


async def connect(**options):
    ev = Events()
    nc = await soon(nats.connect(url, **{
        "name": "compat", "reconnect_time_wait": 0.02, "max_reconnect_attempts": 500,
        "error_cb": ev.error, "disconnected_cb": ev.setter("disconnected"),
        "reconnected_cb": ev.setter("reconnected"), "closed_cb": ev.setter("closed"),
        "lame_duck_mode_cb": ev.setter("lameduck"), **options}), "connect")
    nc.ev = ev
    opened.append(nc)
    return nc


async def refusal(**options):
    """The error of a connect that must fail."""
    try:
        await connect(allow_reconnect=False, **options)
    except nats.errors.Error as err:
        return str(err)
    raise AssertionError("it could connect")


class Sub:
    """A subscription that keeps what it gets."""

    @classmethod
    async def new(cls, nc, subject, queue="", max_msgs=0):
        self = cls()
        self.got = []
        self.more = asyncio.Condition()
        self.sub = await nc.subscribe(subject, queue=queue, cb=self.take, max_msgs=max_msgs)
        return self

    async def take(self, msg):
        async with self.more:
            self.got.append(msg)
            self.more.notify_all()

    async def wait(self, n):
        async with self.more:
            await soon(self.more.wait_for(lambda: len(self.got) >= n), f"message {n}")
        return self.got[n - 1] if n else None

    async def exactly(self, n, what=""):
        """After a flush all has come, but not all may have been taken."""
        await self.wait(n)
        same(self.sub.pending_msgs, 0, "waiting " + what)
        same(len(self.got), n, what or "messages")


async def flush(*conns):
    """The library's own flush overtakes what was published before it, so a
    message to oneself it is: in order behind all that this connection sent."""
    for nc in conns:
        sub = await nc.subscribe(nc.new_inbox())
        await nc.publish(sub.subject)
        await sub.next_msg(PATIENCE)
        await sub.unsubscribe()


async def answering(nc, subject, times=1):
    async def pong(msg):
        for _ in range(times):
            await msg.respond(b"pong:" + msg.data)
    await nc.subscribe(subject, cb=pong)
    await flush(nc)


# ---- the behaviours -------------------------------------------------------------------

async def connect_():
    await server("plain")
    nc = await connect()
    info = nc._server_info          # the only way to some of the fields
    need(re.fullmatch("N[A-Z2-7]{55}", info["server_id"]), info["server_id"])
    same(nc.connected_server_version.major, 2, "version")
    need(nc.client_id > 0, "no client_id")
    same(nc.max_payload, MAX_PAYLOAD, "max_payload")
    same(info["client_ip"], "127.0.0.1", "client_ip")
    same(info["headers"], True, "headers")
    same(len(nc.discovered_servers), 0, "discovered servers")


async def publish_subscribe():
    nc = await connect()
    sub, other = await Sub.new(nc, "ps.a"), await Sub.new(nc, "ps.b")
    await nc.publish("ps.a", b"hello", reply="re.ply")
    m = await sub.wait(1)
    same((m.data, m.subject, m.reply), (b"hello", "ps.a", "re.ply"), "message")
    await flush(nc)
    await sub.exactly(1)
    await other.exactly(0)


async def order():
    a, b = await connect(), await connect()
    sub = await Sub.new(a, "order")
    await flush(a)
    for i in range(1000):
        await b.publish("order", b"%d" % i)
    await sub.wait(1000)
    same([int(m.data) for m in sub.got], list(range(1000)), "messages")


async def empty_and_binary_payload():
    nc = await connect()
    sub = await Sub.new(nc, "bin")
    everything = bytes(range(256)) + b"\r\n\r\n"
    await nc.publish("bin")
    await nc.publish("bin", everything)
    await sub.wait(2)
    same([m.data for m in sub.got], [b"", everything], "payloads")


async def wildcards():
    nc = await connect()
    wanted = {"w.*": 1, "w.>": 3, "w.*.c": 1, "*.a.*": 2, "w.a.b": 1, "w": 1,
              "w.*.*": 2}
    subs = {p: await Sub.new(nc, p) for p in wanted}
    for subject in ("w", "w.a", "w.a.b", "w.a.c"):
        await nc.publish(subject, b"x")
    await flush(nc)
    for pattern, n in wanted.items():
        await subs[pattern].exactly(n, pattern)


async def queue_group():
    a, b, pub = await connect(), await connect(), await connect()
    members = [await Sub.new(nc, s, "crew") for nc in (a, b) for s in ("q.x", "q.*")]
    other, plain = await Sub.new(a, "q.x", "other"), await Sub.new(b, "q.x")
    await flush(a)
    await flush(b)
    for i in range(400):
        await pub.publish("q.x", b"%d" % i)
    for nc in (pub, a, b):
        await flush(nc)
    await other.exactly(400, "other group")
    await plain.exactly(400, "plain")
    await soon(until(lambda: sum(len(m.got) for m in members) >= 400), "400 messages")
    need(all(m.got for m in members), "a member got nothing")
    same(sorted(int(x.data) for m in members for x in m.got), list(range(400)), "the group")


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


async def request_one():
    a, b = await connect(), await connect()
    await answering(a, "svc")
    for i in range(50):
        m = await b.request("svc", b"%d" % i, timeout=PATIENCE, old_style=i % 2 == 1)
        same(m.data, b"pong:%d" % i, "reply")
    many = await asyncio.gather(*(b.request("svc", b"%d" % i, timeout=PATIENCE) for i in range(50)))
    same([m.data for m in many], [b"pong:%d" % i for i in range(50)], "replies")


async def request_many():
    a, b = await connect(), await connect()
    await answering(a, "many", 3)
    inbox = b.new_inbox()
    replies = await Sub.new(b, inbox)
    await b.publish("many", b"x", reply=inbox)
    await replies.wait(3)
    await flush(a)
    await flush(b)
    await replies.exactly(3)
    same({m.data for m in replies.got}, {b"pong:x"}, "replies")


async def headers():
    """nats-py's headers are a dict: of several values for a key it keeps one."""
    nc = await connect()
    sub = await Sub.new(nc, "hdr")
    sent = {"One": "first: value", "Two": "b", "lower-Case": "x"}
    await nc.publish("hdr", b"body", reply="back", headers=sent)
    await nc.publish("hdr", b"", headers={"Only": "header"})
    await sub.wait(2)
    m, empty = sub.got
    same((m.data, m.reply, dict(m.headers)), (b"body", "back", sent), "message")
    same((empty.data, dict(empty.headers)), (b"", {"Only": "header"}), "empty body")


async def no_responders():
    nc = await connect()
    try:
        await nc.request("no.one", b"x", timeout=PATIENCE)
    except nats.errors.NoRespondersError:
        return
    raise AssertionError("a reply from nobody")


async def no_echo():
    mute, other = await connect(no_echo=True), await connect()
    sub, seen = await Sub.new(mute, "echo"), await Sub.new(other, "echo")
    await flush(other)
    await mute.publish("echo", b"mine")
    await seen.wait(1)
    await other.publish("echo", b"yours")
    same((await sub.wait(1)).data, b"yours", "first message")


async def unsubscribe():
    nc = await connect()
    sub, stays = await Sub.new(nc, "un"), await Sub.new(nc, "un")
    await nc.publish("un", b"1")
    await sub.wait(1)
    await sub.sub.unsubscribe()
    await nc.publish("un", b"2")
    await flush(nc)
    await stays.exactly(2)
    await sub.exactly(1)


async def unsubscribe_max():
    nc = await connect()
    sub = await Sub.new(nc, "max")
    await sub.sub.unsubscribe(3)
    for _ in range(10):
        await nc.publish("max", b"x")
    await flush(nc)
    await sub.exactly(3)


async def drain_subscription():
    a, b = await connect(), await connect()
    sub = await Sub.new(a, "drain")
    await flush(a)
    for _ in range(50):
        await b.publish("drain", b"x")
    await flush(b)
    await soon(sub.sub.drain(), "end of the drain")
    same(len(sub.got), 50, "before the drain")
    await b.publish("drain", b"late")
    await flush(b)
    await flush(a)
    same(len(sub.got), 50, "after the drain")


async def drain_connection():
    a, b = await connect(), await connect()
    sub, last = await Sub.new(a, "bye"), await Sub.new(b, "last")
    await flush(a)
    await flush(b)
    for _ in range(50):
        await b.publish("bye", b"x")
    await flush(b)
    await a.publish("last", b"words")
    await soon(a.drain(), "end of the drain")
    await soon(a.ev.closed.wait(), "close")
    same(len(sub.got), 50, "before the drain")
    same((await last.wait(1)).data, b"words", "last message")


async def flush_rtt():
    nc = await connect()
    for _ in range(20):
        await nc.flush(PATIENCE)
    if hasattr(nc, "rtt"):
        need(await nc.rtt() > 0, "no rtt")


async def payload_at_limit():
    nc = await connect()
    sub = await Sub.new(nc, "big")
    big = bytes(i * 31 >> 3 & 255 for i in range(MAX_PAYLOAD))
    for i in range(3):
        await nc.publish("big", big[i:])
        need((await sub.wait(i + 1)).data == big[i:], "other bytes")


async def payload_over_limit_client():
    nc = await connect()
    try:
        await nc.publish("big", bytes(MAX_PAYLOAD + 1))
    except nats.errors.MaxPayloadError:
        return await flush(nc)
    raise AssertionError("the client let it pass")


async def payload_over_limit_server():
    """The client knows the limit of its connect; the server's has sunk since."""
    await server("plain")
    nc = await connect(allow_reconnect=False)
    await ask("reload small")
    await nc.publish("big", bytes(1000))
    await flush(nc)
    await nc.publish("big", bytes(2000))
    # Not the text of the error: a server that does not read the payload may
    # reset, before its -ERR is read.
    await soon(nc.ev.closed.wait(), "close")
    await ask("logged maximum payload exceeded: 2000 vs 1000")


async def many_subscriptions():
    await server("plain")
    nc = await connect()
    subs = [await nc.subscribe(f"lots.{i}") for i in range(2000)]
    for i in range(2000):
        await nc.publish(f"lots.{i}", b"x")
    await flush(nc)
    same(sum(s.pending_msgs != 1 for s in subs), 0, "subscriptions without their message")


async def reconnect():
    nc = await connect()
    plain, queue = await Sub.new(nc, "re.*"), await Sub.new(nc, "re.x", "crew")
    limited = await Sub.new(nc, "re.x")
    await limited.sub.unsubscribe(3)
    await nc.publish("re.x", b"before")
    for sub in (plain, queue, limited):
        await sub.wait(1)
    await ask("restart")
    await soon(nc.ev.disconnected.wait(), "disconnect")
    await soon(nc.ev.reconnected.wait(), "reconnect")
    for _ in range(4):
        await nc.publish("re.x", b"after")
    await flush(nc)
    await plain.exactly(5, "plain")
    await queue.exactly(5, "queue")
    await limited.exactly(3, "limited")


async def lame_duck():
    await server("lameduck")
    nc = await connect(allow_reconnect=False)
    await ask("lameduck")
    await soon(nc.ev.lameduck.wait(), "lame duck notice")
    await soon(nc.ev.closed.wait(), "close")
    same(await ask("exited"), "exit 0", "the server")


async def user_password():
    await server("user")
    nc = await connect(user="alice", password="s3cr3t")
    await flush(nc)


async def wrong_credentials():
    for user, password in (("alice", "wrong"), ("bob", "s3cr3t")):
        err = await refusal(user=user, password=password)
        need("authorization violation" in err.lower(), err)


async def missing_credentials():
    err = await refusal()
    need("authorization violation" in err.lower(), err)


async def token():
    await server("token")
    nc = await connect(token="t0ken")
    await flush(nc)
    err = await refusal(token="t0kem")
    need("authorization violation" in err.lower(), err)


async def permission_publish():
    await server("permissions")
    nc = await connect(user="worker", password="w0rk")
    sub = await Sub.new(nc, "open.>")
    for subject in ("closed.x", "open.secret"):
        await nc.publish(subject, b"x")
        await nc.ev.violation(f'permissions violation for publish to "{subject}"')
    await nc.publish("open.x", b"y")
    same((await sub.wait(1)).data, b"y", "message")


async def permission_subscribe():
    nc = await connect(user="worker", password="w0rk")
    await Sub.new(nc, "closed.x")
    await nc.ev.violation('permissions violation for subscription to "closed.x"')
    await flush(nc)


async def permission_queue():
    nc = await connect(user="worker", password="w0rk")
    await Sub.new(nc, "jobs", "crew")
    await flush(nc)
    same(nc.ev.errors.qsize(), 0, "errors of the permitted one")
    await Sub.new(nc, "jobs", "strangers")
    await nc.ev.violation('subscription to "jobs" using queue "strangers"')
    await flush(nc)


async def verbose_pedantic():
    await server("plain")
    nc = await connect(verbose=True, pedantic=True)
    sub = await Sub.new(nc, "v.*")
    for _ in range(20):
        await nc.publish("v.x", b"x")
    await flush(nc)
    await sub.exactly(20)
    await sub.sub.unsubscribe()
    await flush(nc)


async def trusting(authority, own=None):
    ctx = ssl.create_default_context(cafile=(await ask("certs " + authority)).split()[1])
    if own:
        ctx.load_cert_chain(*(await ask("certs " + own)).split()[1:])
    return ctx


async def tls():
    await server("tls")
    nc = await connect(tls=await trusting("ca"))
    sub = await nc.subscribe("big")
    await nc.publish("big", b"x" * 900000)
    same(len((await sub.next_msg(PATIENCE)).data), 900000, "size")


async def tls_wrong_authority():
    await server("tls")
    try:
        await connect(tls=await trusting("other-ca"), allow_reconnect=False)
    except (ssl.SSLError, nats.errors.Error, AssertionError):
        return
    raise AssertionError("it connected")


async def tls_client_certificate():
    await server("tls_verify")
    await flush(await connect(tls=await trusting("ca", "client")))
    await server("tls_map")
    await flush(await connect(tls=await trusting("ca", "client")))


async def log_in(method, options=None, **more):
    """Let in: it publishes, hears, and is told what it may not.  options() makes
    them of what is in the folder."""
    global url
    _, url, folder = (await ask("login " + method)).split()
    nc = await connect(**(options(folder) if options else {}), **more)
    sub = await Sub.new(nc, "open.>")
    await nc.publish("open.x", b"y")
    same((await sub.wait(1)).data, b"y", "message")
    await nc.publish("closed.x", b"x")
    await nc.ev.violation('permissions violation for publish to "closed.x"')
    await Sub.new(nc, "closed.y")
    await nc.ev.violation('permissions violation for subscription to "closed.y"')
    return nc


def creds_in(folder):
    return {"user_credentials": folder + "/user.creds"}


async def login_bcrypt():
    await log_in("bcrypt", user="worker", password="s3cret")
    await refusal(user="worker", password="wrong")


async def login_nkey():
    await log_in("nkey", lambda folder: {"nkeys_seed": folder + "/user.nk"})
    await refusal()


async def login_creds():
    await log_in("creds", creds_in)
    await refusal()


def bob(folder):
    ctx = ssl.create_default_context(cafile=folder + "/ca.pem")
    ctx.load_cert_chain(folder + "/client.pem", folder + "/client.key")
    return {"tls": ctx, "tls_hostname": "localhost"}


async def login_certificate():
    await log_in("certificate", bob)


async def login_no_auth_user():
    await log_in("no_auth_user")


async def login_callout():
    await log_in("callout", user="somebody", password="s3cret")
    await refusal(user="somebody", password="wrong")


async def cut_off(nc, why):
    await soon(nc.ev.closed.wait(), "end")
    need(why in str(nc.last_error).lower(), f"closed with {nc.last_error}")


async def cut_off_at_expiry():
    nc = await log_in("expiring", creds_in, allow_reconnect=False)
    await cut_off(nc, "authentication expired")


async def cut_off_when_revoked():
    nc = await log_in("creds", creds_in, allow_reconnect=False)
    await ask("revoke")
    await cut_off(nc, "authentication revoked")


TESTS = [
    login_bcrypt, login_nkey, login_creds, login_certificate, login_no_auth_user,
    login_callout, cut_off_at_expiry, cut_off_when_revoked,
    connect_, publish_subscribe, order, empty_and_binary_payload, wildcards, queue_group,
    request_one, request_many, headers, no_responders, no_echo, unsubscribe,
    unsubscribe_max, drain_subscription, drain_connection, flush_rtt, payload_at_limit,
    payload_over_limit_client, payload_over_limit_server, many_subscriptions, reconnect,
    lame_duck, user_password, wrong_credentials, missing_credentials, token,
    permission_publish, permission_subscribe, permission_queue, verbose_pedantic,
    tls, tls_wrong_authority, tls_client_certificate,
]


async def main():
    print("version nats-py", version("nats-py"))
    for test in TESTS:
        name = test.__name__.rstrip("_")
        try:
            await test()
            print("pass", name, flush=True)
        except Exception as err:        # whatever it is, the others go on
            line = traceback.extract_tb(err.__traceback__)[1:2]
            where = f"line {line[0].lineno}: " if line else ""
            print("fail", name, where + repr(err).replace("\n", " / "), flush=True)
        while opened:
            await opened.pop().close()


asyncio.run(main())
