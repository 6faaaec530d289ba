// test/compat/js/compat.mjs - the behaviours of test/compat/run, in JavaScript.
//
// Run as `node compat.mjs PACKAGE`: the same tests for @nats-io/transport-node and
// for the older nats, whose differences (how an error is told) are in the few
// functions under "two generations".  The driver owns the servers: ask() sends it
// a line and gives its answer (README.md).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const PACKAGE = process.argv[2];
const nats = require(PACKAGE);
const PATIENCE = 10000;
const MAX_PAYLOAD = 1 << 20;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let url = '';
let open = [];

async function ask(line) {
    process.stdout.write(line + '\n');
    const answer = (await answers.next()).value;
    need(!answer.startsWith('failed'), `${line}: ${answer}`);
    return answer;
}

async function server(name) {
    url = (await ask('server ' + name)).slice('url '.length);
}

function need(held, why) {
    if (!held)
        throw new Error(why);
}

function same(got, wanted, what) {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    need(a === b, `${what}: ${a}, not ${b}`);
}

// The rejection of promise, as an error.
async function refusal(promise, what) {
    try {
        await promise;
    } catch (err) {
        return err;
    }
    throw new Error(what + ' was not refused');
}

function soon(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('no ' + what)), PATIENCE);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// ---- two generations -----------------------------------------------------------

// name/code and text of an error and of everything that caused it.
function textOf(err) {
    let text = '';
    for (let e = err; e; e = e.cause ?? e.chainedError)
        text += ` ${e.name} ${e.code ?? ''} ${e.message}`;
    return text;
}

function isNoResponders(err) {
    return PACKAGE === 'nats' ? err.code === '503' : err.isNoResponders?.() === true ||
        err instanceof nats.errors.NoRespondersError;
}

function isAuthError(err) {
    return /AuthorizationError|AUTHORIZATION_VIOLATION/.test(textOf(err));
}

// The permission violation in a status event, or null.
function violationIn(status) {
    if (status.type !== 'error')
        return null;
    if (PACKAGE === 'nats')
        return status.data === 'PERMISSIONS_VIOLATION' ? status.permissionContext : null;
    return status.error instanceof nats.errors.PermissionViolationError ? status.error : null;
}

// ---- connections and subscriptions ------------------------------------------------

class Events {
    constructor(nc) {
        this.seen = [];
        this.waiters = [];
        this.read(nc).catch(() => {});
    }

    async read(nc) {
        for await (const s of nc.status()) {
            this.seen.push(s);
            this.waiters = this.waiters.filter((look) => !look());
        }
    }

    // The first event of which test() gives something: that something.
    wait(test, what) {
        const found = () => this.seen.map(test).find((x) => x);
        return soon(new Promise((resolve) => {
            const look = () => {
                const x = found();
                if (x)
                    resolve(x);
                return Boolean(x);
            };
            if (!look())
                this.waiters.push(look);
        }), what);
    }

    waitType(type) {
        return this.wait((s) => s.type === type && s, type + ' event');
    }
}

async function connect(options = {}) {
    const nc = await nats.connect({
        servers: url, name: 'compat', reconnectTimeWait: 20, reconnectJitter: 0,
        maxReconnectAttempts: 500, timeout: PATIENCE, ...options,
    });
    nc.events = new Events(nc);
    open.push(nc);
    return nc;
}

async function trusting(authority, own) {
    const [, caFile] = (await ask('certs ' + authority)).split(' ');
    if (!own)
        return { caFile };
    const [, certFile, keyFile] = (await ask('certs ' + own)).split(' ');
    return { caFile, certFile, keyFile };
}

function credsIn(folder) {
    return { authenticator: nats.credsAuthenticator(readFileSync(folder + '/user.creds')) };
}

// Let in: it publishes, hears, and is told what it may not.  options() makes them of
// what is in the folder.
async function logIn(method, options) {
    const [, at, folder] = (await ask('login ' + method)).split(' ');
    url = at;
    const nc = await connect(options(folder));
    const sub = new Sub(nc, 'open.>');
    nc.publish('open.x', 'y');
    same(text(await sub.wait(1)), 'y', 'message');
    nc.publish('closed.x', 'x');
    await nc.events.wait((s) => violationIn(s)?.subject === 'closed.x' &&
        violationIn(s).operation === 'publish', 'violation for closed.x');
    new Sub(nc, 'closed.y');
    await nc.events.wait((s) => violationIn(s)?.subject === 'closed.y' &&
        violationIn(s).operation === 'subscription', 'violation for closed.y');
    return nc;
}

async function mustBeRefused(options) {
    const err = await refusal(connect({ ...options, reconnect: false }), 'login');
    need(isAuthError(err), textOf(err));
}

async function cutOff(nc, why) {
    const err = await soon(nc.closed(), 'end of the connection');
    need(why.test(textOf(err)), 'closed with ' + textOf(err));
}

class Sub {
    constructor(nc, subject, options = {}) {
        this.got = [];
        this.errors = [];
        this.waiters = [];
        this.sub = nc.subscribe(subject, {
            ...options,
            callback: (err, msg) => {
                (err ? this.errors : this.got).push(err ?? msg);
                this.waiters.forEach((look) => look());
            },
        });
    }

    get n() { return this.got.length; }

    wait(n) {
        return soon(new Promise((resolve) => {
            const look = () => this.n >= n && resolve(this.got[n - 1]);
            this.waiters.push(look);
            look();
        }), `message ${n} on ${this.sub.getSubject()}`);
    }
}

const text = (msg) => Buffer.from(msg.data).toString();

function answering(nc, subject, times = 1) {
    nc.subscribe(subject, {
        callback: (_, msg) => {
            for (let i = 0; i < times; i++)
                msg.respond('pong:' + text(msg));
        },
    });
    return nc.flush();
}

// ---- the behaviours ----------------------------------------------------------------

const tests = {
    async connect() {
        await server('plain');
        const info = (await connect()).info;
        need(/^N[A-Z2-7]{55}$/.test(info.server_id), 'server_id ' + info.server_id);
        need(/^2\.\d+\.\d+/.test(info.version), 'version ' + info.version);
        need(info.server_name.length > 0, 'no server_name');
        need(info.client_id > 0, 'no client_id');
        same(info.max_payload, MAX_PAYLOAD, 'max_payload');
        same(info.client_ip, '127.0.0.1', 'client_ip');
        same(info.headers, true, 'headers');
        same(info.proto, 1, 'proto');
        same(info.connect_urls ?? [], [], 'connect_urls');
        same([info.auth_required ?? false, info.tls_required ?? false], [false, false], 'required');
        same(Number(url.split(':')[2]), info.port, 'port');
    },

    async publish_subscribe() {
        const nc = await connect();
        const [sub, other] = [new Sub(nc, 'ps.a'), new Sub(nc, 'ps.b')];
        nc.publish('ps.a', 'hello', { reply: 're.ply' });
        const msg = await sub.wait(1);
        same([text(msg), msg.subject, msg.reply], ['hello', 'ps.a', 're.ply'], 'message');
        await nc.flush();
        same([sub.n, other.n], [1, 0], 'deliveries');
    },

    async order() {
        const [a, b] = [await connect(), await connect()];
        const sub = new Sub(a, 'order');
        await a.flush();
        for (let i = 0; i < 1000; i++)
            b.publish('order', String(i));
        await sub.wait(1000);
        sub.got.forEach((m, i) => same(text(m), String(i), 'message'));
    },

    async empty_and_binary_payload() {
        const nc = await connect();
        const sub = new Sub(nc, 'bin');
        const all = new Uint8Array(260).map((_, i) => i < 256 ? i : '\r\n\r\n'.charCodeAt(i - 256));
        nc.publish('bin');
        nc.publish('bin', all);
        await sub.wait(2);
        same(sub.got[0].data.length, 0, 'length');
        need(Buffer.compare(sub.got[1].data, all) === 0, 'other bytes');
    },

    async wildcards() {
        const nc = await connect();
        const wanted = { 'w.*': 1, 'w.>': 3, 'w.*.c': 1, '*.a.*': 2, 'w.a.b': 1, w: 1,
            'w.a*': 0, '>': 4 };
        const subs = Object.keys(wanted).map((p) => new Sub(nc, p));
        for (const s of ['w', 'w.a', 'w.a.b', 'w.a.c'])
            nc.publish(s, 'x');
        await nc.flush();
        same(Object.fromEntries(subs.map((s) => [s.sub.getSubject(), s.n])), wanted, 'counts');
    },

    async queue_group() {
        const [a, b, pub] = [await connect(), await connect(), await connect()];
        const members = [0, 1, 2, 3].map((i) =>
            new Sub(i % 2 ? a : b, i < 2 ? 'q.x' : 'q.*', { queue: 'crew' }));
        const other = new Sub(a, 'q.x', { queue: 'other' });
        const plain = new Sub(b, 'q.x');
        await Promise.all([a.flush(), b.flush()]);
        for (let i = 0; i < 400; i++)
            pub.publish('q.x', String(i));
        await pub.flush();
        await Promise.all([a.flush(), b.flush()]);
        need(members.every((m) => m.n > 0), 'a member got nothing');
        const seen = members.flatMap((m) => m.got.map(text));
        same([seen.length, new Set(seen).size], [400, 400], 'the group');
        same([other.n, plain.n], [400, 400], 'other group, plain');
    },

    async request_one() {
        const [a, b] = [await connect(), await connect()];
        await answering(a, 'svc');
        for (let i = 0; i < 50; i++)
            same(text(await b.request('svc', String(i), { timeout: PATIENCE })), 'pong:' + i, 'reply');
        const many = await Promise.all([...Array(50).keys()].map((i) =>
            b.request('svc', String(i), { timeout: PATIENCE, noMux: i % 2 === 0, reply: i % 2 ? undefined : 'r.' + i })));
        many.forEach((m, i) => same(text(m), 'pong:' + i, 'reply'));
    },

    async request_many() {
        const [a, b] = [await connect(), await connect()];
        await answering(a, 'many', 3);
        const got = [];
        const options = { strategy: 'count', maxMessages: 3, maxWait: PATIENCE };
        for await (const m of await b.requestMany('many', 'x', options))
            got.push(text(m));
        same(got, ['pong:x', 'pong:x', 'pong:x'], 'replies');
    },

    async headers() {
        const nc = await connect();
        const sub = new Sub(nc, 'hdr');
        const h = nats.headers();
        h.set('One', 'first: value');
        h.append('Two', 'a');
        h.append('Two', 'b');
        h.set('lower-Case', 'x');
        nc.publish('hdr', 'body', { headers: h, reply: 'back' });
        const only = nats.headers();
        only.set('Only', 'header');
        nc.publish('hdr', '', { headers: only });
        await sub.wait(2);
        const [m, empty] = sub.got;
        same([text(m), m.reply], ['body', 'back'], 'message');
        same(m.headers.get('One'), 'first: value', 'One');
        same(m.headers.values('Two'), ['a', 'b'], 'Two');
        same(m.headers.get('lower-Case'), 'x', 'lower-Case');
        same([empty.data.length, empty.headers.get('Only')], [0, 'header'], 'empty body');
    },

    async no_responders() {
        const nc = await connect();
        const err = await refusal(nc.request('no.one', 'x', { timeout: PATIENCE }), 'the request');
        need(isNoResponders(err), textOf(err));
    },

    async no_echo() {
        const [mute, other] = [await connect({ noEcho: true }), await connect()];
        const [sub, seen] = [new Sub(mute, 'echo'), new Sub(other, 'echo')];
        await Promise.all([mute.flush(), other.flush()]);
        mute.publish('echo', 'mine');
        await mute.flush();
        await seen.wait(1);
        other.publish('echo', 'yours');
        same([text(await sub.wait(1)), sub.n], ['yours', 1], 'message');
    },

    async unsubscribe() {
        const nc = await connect();
        const [sub, stays] = [new Sub(nc, 'un'), new Sub(nc, 'un')];
        nc.publish('un', '1');
        await nc.flush();
        sub.sub.unsubscribe();
        nc.publish('un', '2');
        await nc.flush();
        same([sub.n, stays.n], [1, 2], 'deliveries');
    },

    async unsubscribe_max() {
        const nc = await connect();
        const [sub, later] = [new Sub(nc, 'max', { max: 3 }), new Sub(nc, 'max')];
        later.sub.unsubscribe(5);
        for (let i = 0; i < 10; i++)
            nc.publish('max', 'x');
        await nc.flush();
        same([sub.n, later.n], [3, 5], 'deliveries');
    },

    async drain_subscription() {
        const [a, b] = [await connect(), await connect()];
        const sub = new Sub(a, 'drain');
        await a.flush();
        for (let i = 0; i < 50; i++)
            b.publish('drain', 'x');
        await b.flush();
        await soon(sub.sub.drain(), 'end of the drain');
        same(sub.n, 50, 'before the drain');
        b.publish('drain', 'late');
        await b.flush();
        await a.flush();
        same(sub.n, 50, 'after the drain');
    },

    async drain_connection() {
        const [a, b] = [await connect(), await connect()];
        const [sub, last] = [new Sub(a, 'bye'), new Sub(b, 'last')];
        await Promise.all([a.flush(), b.flush()]);
        for (let i = 0; i < 50; i++)
            b.publish('bye', 'x');
        await b.flush();
        a.publish('last', 'words');
        await soon(a.drain(), 'end of the drain');
        same([sub.n, a.isClosed()], [50, true], 'after the drain');
        same(text(await last.wait(1)), 'words', 'last message');
    },

    async flush_rtt() {
        const nc = await connect();
        for (let i = 0; i < 20; i++)
            await soon(nc.flush(), 'flush');
        const rtt = await nc.rtt();
        need(typeof rtt === 'number' && rtt >= 0, 'rtt is ' + rtt);
    },

    async payload_at_limit() {
        const nc = await connect();
        const sub = new Sub(nc, 'big');
        const big = new Uint8Array(MAX_PAYLOAD).map((_, i) => i * 31 >> 3);
        for (let i = 0; i < 3; i++) {
            nc.publish('big', big.subarray(i));
            const m = await sub.wait(i + 1);
            need(Buffer.compare(m.data, big.subarray(i)) === 0, 'other bytes');
        }
    },

    async payload_over_limit_client() {
        const nc = await connect();
        const err = await refusal((async () => nc.publish('big', new Uint8Array(MAX_PAYLOAD + 1)))(),
            'the message');
        need(/max_payload|MAX_PAYLOAD/i.test(textOf(err)), textOf(err));
        await nc.flush();
    },

    // The client knows the limit of its connect; the server's has sunk since.
    async payload_over_limit_server() {
        await server('plain');
        const nc = await connect({ reconnect: false });
        await ask('reload small');
        nc.publish('big', new Uint8Array(1000));
        await nc.flush();
        nc.publish('big', new Uint8Array(2000));
        // A server that does not read the payload may reset, before its -ERR is read.
        const err = await soon(nc.closed(), 'close');
        need(/maximum payload violation|MAX_PAYLOAD|ECONNRESET|EPIPE/i.test(textOf(err)),
            'closed with' + textOf(err));
        await ask('logged maximum payload exceeded: 2000 vs 1000');
    },

    async many_subscriptions() {
        await server('plain');
        const nc = await connect();
        const subs = [...Array(2000).keys()].map((i) => new Sub(nc, 'lots.' + i));
        subs.forEach((_, i) => nc.publish('lots.' + i, 'x'));
        await nc.flush();
        same(subs.filter((s) => s.n !== 1).length, 0, 'subscriptions without their message');
    },

    async reconnect() {
        const nc = await connect();
        const [plain, queue, limited] = [new Sub(nc, 're.*'), new Sub(nc, 're.x', { queue: 'crew' }),
            new Sub(nc, 're.x', { max: 3 })];
        nc.publish('re.x', 'before');
        await nc.flush();
        await ask('restart');
        await nc.events.waitType('disconnect');
        await nc.events.waitType('reconnect');
        for (let i = 0; i < 4; i++)
            nc.publish('re.x', 'after');
        await nc.flush();
        same([plain.n, queue.n, limited.n], [5, 5, 3], 'deliveries');
    },

    async lame_duck() {
        await server('lameduck');
        const nc = await connect({ reconnect: false });
        await ask('lameduck');
        await nc.events.waitType('ldm');
        await soon(nc.closed(), 'close');
        same(await ask('exited'), 'exit 0', 'the server');
    },

    async user_password() {
        await server('user');
        const nc = await connect({ user: 'alice', pass: 's3cr3t' });
        await nc.flush();
        same(nc.info.auth_required, true, 'auth_required');
    },

    async login_bcrypt() {
        await logIn('bcrypt', () => ({ user: 'worker', pass: 's3cret' }));
        await mustBeRefused({ user: 'worker', pass: 'wrong' });
    },

    async login_nkey() {
        await logIn('nkey', (folder) => ({
            authenticator: nats.nkeyAuthenticator(
                new TextEncoder().encode(readFileSync(folder + '/user.nk', 'utf8').trim())),
        }));
        await mustBeRefused({});
    },

    async login_creds() {
        await logIn('creds', credsIn);
        await mustBeRefused({});
    },

    async login_certificate() {
        await logIn('certificate', (folder) => ({
            tls: { caFile: folder + '/ca.pem', certFile: folder + '/client.pem',
                keyFile: folder + '/client.key' },
        }));
    },

    async login_no_auth_user() {
        await logIn('no_auth_user', () => ({}));
    },

    async login_callout() {
        await logIn('callout', () => ({ user: 'somebody', pass: 's3cret' }));
        await mustBeRefused({ user: 'somebody', pass: 'wrong' });
    },

    async cut_off_at_expiry() {
        const nc = await logIn('expiring', (f) => ({ ...credsIn(f), reconnect: false }));
        await cutOff(nc, /expired/i);
    },

    async cut_off_when_revoked() {
        const nc = await logIn('creds', (f) => ({ ...credsIn(f), reconnect: false }));
        await ask('revoke');
        await cutOff(nc, /revoked|authorization/i);
    },

    async tls() {
        await server('tls');
        const nc = await connect({ tls: await trusting('ca') });
        same(nc.info.tls_required, true, 'tls_required');
        await nc.flush();
    },

    async tls_wrong_authority() {
        await server('tls');
        await refusal(connect({ tls: await trusting('other-ca'), reconnect: false }), 'tls');
    },

    async tls_client_certificate() {
        for (const name of ['tls_verify', 'tls_map']) {
            await server(name);
            await (await connect({ tls: await trusting('ca', 'client') })).flush();
        }
    },

    async wrong_credentials() {
        await server('user');
        for (const [user, pass] of [['alice', 'wrong'], ['bob', 's3cr3t']]) {
            const err = await refusal(connect({ user, pass, reconnect: false }), user);
            need(isAuthError(err), textOf(err));
        }
    },

    async missing_credentials() {
        const err = await refusal(connect({ reconnect: false }), 'nobody');
        need(isAuthError(err), textOf(err));
    },

    async token() {
        await server('token');
        await (await connect({ token: 't0ken' })).flush();
        const err = await refusal(connect({ token: 't0kem', reconnect: false }), 'a wrong token');
        need(isAuthError(err), textOf(err));
    },

    async permission_publish() {
        await server('permissions');
        const nc = await connect({ user: 'worker', pass: 'w0rk' });
        const sub = new Sub(nc, 'open.>');
        for (const subject of ['closed.x', 'open.secret']) {
            nc.publish(subject, 'x');
            const v = await nc.events.wait((s) => violationIn(s)?.subject === subject && violationIn(s),
                'violation for ' + subject);
            same(v.operation, 'publish', 'operation');
        }
        nc.publish('open.x', 'y');
        same(text(await sub.wait(1)), 'y', 'message');
    },

    async permission_subscribe() {
        const nc = await connect({ user: 'worker', pass: 'w0rk' });
        const sub = new Sub(nc, 'closed.x');
        const v = await nc.events.wait(violationIn, 'violation');
        same([v.operation, v.subject], ['subscription', 'closed.x'], 'violation');
        same(sub.errors.length, 1, 'errors of the subscription');
        await nc.flush();
    },

    async permission_queue() {
        const nc = await connect({ user: 'worker', pass: 'w0rk' });
        const good = new Sub(nc, 'jobs', { queue: 'crew' });
        await nc.flush();
        same(good.errors.length, 0, 'errors of the permitted one');
        const bad = new Sub(nc, 'jobs', { queue: 'strangers' });
        const v = await nc.events.wait(violationIn, 'violation');
        same([v.subject, v.queue], ['jobs', 'strangers'], 'violation');
        await nc.flush();
        same([good.errors.length, bad.errors.length], [0, 1], 'errors');
    },

    async verbose_pedantic() {
        await server('plain');
        const nc = await connect({ verbose: true, pedantic: true });
        const sub = new Sub(nc, 'v.*');
        for (let i = 0; i < 20; i++)
            nc.publish('v.x', 'x');
        await nc.flush();
        sub.sub.unsubscribe();
        await nc.flush();
        same(sub.n, 20, 'deliveries');
    },
};

process.stdout.write('version ' + PACKAGE + ' ' + require(PACKAGE + '/package.json').version + '\n');
for (const [name, test] of Object.entries(tests)) {
    try {
        await test();
        process.stdout.write(`pass ${name}\n`);
    } catch (err) {
        process.stdout.write(`fail ${name} ${String(err.stack).replaceAll('\n', ' / ').slice(0, 400)}\n`);
    }
    await Promise.allSettled(open.map((nc) => nc.close()));
    open = [];
}
process.exit(0);
