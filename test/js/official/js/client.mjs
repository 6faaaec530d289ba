// test/js/official/js/client.mjs - @nats-io/jetstream, kv and obj, and the older nats,
// unmodified, step by step.
//
//     node client.mjs URL [again]
//
// Each step prints "ok NAME" or "wrong NAME: why"; need() and same() leave it at once.
// With "again" the server has been killed and started anew on the same directory:
// what was confirmed must be there.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { connect, createInbox, headers, nanos } = require('@nats-io/transport-node');
const { AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType,
        jetstream, jetstreamManager } = require('@nats-io/jetstream');
const { Kvm } = require('@nats-io/kv');
const { Objm } = require('@nats-io/obj');

const PATIENCE = 30000;
const sleep = ms => new Promise(done => setTimeout(done, ms));

let nc, js, jsm;

function need(held, why) {
    if (!held)
        throw new Error(why);
}

function same(got, wanted, what) {
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    need(a === b, `${what}: ${a}, not ${b}`);
}

// The server's number for what it refuses.
async function refused(promise, code) {
    try {
        await promise;
    } catch (err) {
        return same(err.code, code, 'the number of ' + err.message);
    }
    throw new Error('it is not refused with ' + code);
}

async function until(what, condition) {
    for (const end = Date.now() + PATIENCE; !await condition(); await sleep(5))
        need(Date.now() < end, 'waited in vain for ' + what);
}

async function all(iterator) {
    const got = [];
    for await (const v of await iterator)
        got.push(v);
    return got;
}

async function fetched(c, n, more = {}) {
    const got = await all(c.fetch({ max_messages: n, expires: 5000, ...more }));
    for (const m of got)
        need(await m.ackAck(), 'an ack is confirmed');
    return got.map(m => m.string());
}

async function consumer(stream, config) {
    const info = await jsm.consumers.add(stream, { ack_policy: AckPolicy.Explicit, ...config });
    return js.consumers.get(stream, info.name);
}

// ---- streams ---------------------------------------------------------------------

async function streams() {
    const info = await jsm.streams.add({ name: 'ORDERS', subjects: ['orders.>'],
        allow_direct: true, max_msgs: 1000, metadata: { a: 'b' } });
    same(info.config.metadata.a, 'b', 'its metadata');
    await refused(jsm.streams.add({ name: 'OTHER', subjects: ['orders.x'] }), 10065);
    await refused(jsm.streams.add({ name: 'ORDERS', subjects: ['x'] }), 10058);
    same((await jsm.streams.update('ORDERS', { max_msgs: 500 })).config.max_msgs, 500, 'updated');
    same(await jsm.streams.find('orders.a'), 'ORDERS', 'found by subject');
    await jsm.streams.add({ name: 'SECOND', storage: StorageType.Memory });
    same(await all(jsm.streams.names()), ['ORDERS', 'SECOND'], 'names');
    same((await all(jsm.streams.list('orders.z'))).length, 1, 'those of a subject');
    need(await jsm.streams.delete('SECOND'), 'deleted');
    await refused(jsm.streams.info('SECOND'), 10059);
}

async function publishing() {
    for (let i = 1; i <= 10; i++)
        same((await js.publish(`orders.${i % 2}`, `${i}`)).seq, i, 'a sequence');
    const a = await js.publish('orders.id', '', { msgID: 'one' });
    const b = await js.publish('orders.id', '', { msgID: 'one' });
    need(b.duplicate && a.seq === b.seq, 'a duplicate is known');
    const expect = e => js.publish('orders.1', '', { expect: e });
    await refused(expect({ lastSequence: 3 }), 10071);
    await refused(expect({ lastSubjectSequence: 3 }), 10071);
    await refused(expect({ streamName: 'X' }), 10060);
    await refused(expect({ lastMsgID: 'two' }), 10070);
    const h = headers();
    h.set('Colour', 'red');
    await js.publish('orders.id', 'x', { headers: h, expect: { lastMsgID: 'one' } });
    const many = [];
    for (let i = 0; i < 1000; i++)
        many.push(js.publish('orders.many', `${i}`));
    same((await Promise.all(many)).map(p => p.seq).at(-1), 1012, 'a thousand at once');
    await jsm.streams.purge('ORDERS', { filter: 'orders.many' });
}

async function reading() {
    same((await jsm.streams.getMessage('ORDERS', { seq: 503 }))?.seq, undefined, 'what has gone');
    await jsm.streams.update('ORDERS', { max_msgs: -1 });
    const s = await js.streams.get('ORDERS');
    same((await s.info()).state.messages, 0, 'the limit took the first');
    for (let i = 1; i <= 9; i++)
        await js.publish(`orders.${i % 3}`, `${i}`, { msgID: `again${i}` });
    same((await s.getMessage({ last_by_subj: 'orders.2' })).string(), '8', 'the last');
    same((await s.getMessage({ seq: 1014, next_by_subj: 'orders.1' })).string(), '4', 'the next');
    need(await s.deleteMessage(1014), 'deleted');
    need(await s.deleteMessage(1015, false), 'deleted without trace');
    same((await s.info(false, { deleted_details: true })).state.deleted, [1014, 1015], 'told');
    const d = jsm.direct;
    same((await d.getMessage('ORDERS', { seq: 1016 })).string(), '4', 'one directly');
    same(await d.getMessage('ORDERS', { seq: 1014 }), null, 'none directly');
    same((await all(d.getBatch('ORDERS', { seq: 1016, batch: 3 }))).map(m => m.string()),
        ['4', '5', '6'], 'a batch');
    same((await all(d.getLastMessagesFor('ORDERS', { multi_last: ['orders.*'] })))
        .map(m => m.string()), ['7', '8', '9'], 'the last of each');
}

async function limits() {
    await jsm.streams.add({ name: 'SHORT', subjects: ['short.>'], discard: DiscardPolicy.New,
        max_msgs_per_subject: 1, discard_new_per_subject: true, max_msg_size: 100,
        allow_msg_ttl: true });
    await js.publish('short.a', '', { ttl: '1s' });
    await refused(js.publish('short.a'), 10077);
    await refused(js.publish('short.b', new Uint8Array(101)), 10054);
    await until('it to go', async () => (await jsm.streams.info('SHORT')).state.messages === 0);
    await js.publish('short.a');
}

// ---- consumers -------------------------------------------------------------------

async function fetching() {
    const c = await consumer('ORDERS', { durable_name: 'worker' });
    const got = await all(c.fetch({ max_messages: 4, expires: 5000 }));
    same(got.map(m => m.string()), ['1', '4', '5', '6'], 'four');
    need(await got[0].ackAck() && await got[1].ackAck(), 'acks are confirmed');
    got[2].nak();
    got[3].term('enough');
    const left = await fetched(c, 4);
    same(left.sort(), ['5', '7', '8', '9'], 'one again, and the rest');
    same(await c.next({ expires: 1000 }), null, 'no more');
    const info = await c.info();
    same([info.num_ack_pending, info.ack_floor.stream_seq], [0, 1021], 'all is done');
}

async function consuming() {
    const c = await consumer('ORDERS', { durable_name: 'all' });
    const messages = await c.consume({ max_messages: 3, expires: 1000 });
    let n = 0;
    for await (const m of messages) {
        m.ack();
        if (++n === 7)
            await js.publish('orders.end', 'end');
        if (m.string() === 'end')
            break;
    }
    await messages.close();
    same(n, 8, 'all of them');
    const seen = [];
    const d = await consumer('ORDERS', { durable_name: 'called' });
    const called = await d.consume({ callback: m => { seen.push(m.seq); m.ack(); } });
    await until('eight calls', () => seen.length === 8);
    await called.close();
    const bytes = await d.consume({ max_bytes: 1000, expires: 1000 });
    await js.publish('orders.end', 'end');
    for await (const m of bytes) {
        m.ack();
        break;
    }
}

async function ordered() {
    const c = await js.consumers.get('ORDERS', { filter_subjects: ['orders.1', 'orders.2'] });
    const messages = await c.consume();
    const seen = [];
    for await (const m of messages) {
        seen.push(m.string());
        if (seen.length === 2)
            await jsm.consumers.delete('ORDERS', m.info.consumer);
        if (seen.length === 5)
            break;
    }
    same(seen, ['1', '4', '5', '7', '8'], 'in order, though its consumer went');
    const p = await js.consumers.getPushConsumer('ORDERS', { filter_subjects: 'orders.1',
        deliver_policy: DeliverPolicy.Last });
    for await (const m of await p.consume()) {
        same(m.string(), '7', 'the last, pushed');
        break;
    }
}

async function pushing() {
    await jsm.consumers.add('ORDERS', { durable_name: 'pushed', ack_policy: AckPolicy.Explicit,
        deliver_subject: createInbox(), idle_heartbeat: nanos(1000), flow_control: true });
    const c = await js.consumers.getPushConsumer('ORDERS', 'pushed');
    let n = 0;
    const messages = await c.consume();
    for await (const m of messages) {
        need(await m.ackAck(), 'an ack is confirmed');
        if (++n === 9)
            break;
    }
    same((await c.info()).num_ack_pending, 0, 'all acked');
}

async function managing_consumers() {
    await consumer('ORDERS', { durable_name: 'managed' });
    const info = await jsm.consumers.update('ORDERS', 'managed', { max_ack_pending: 7,
        filter_subject: 'orders.1' });
    same([info.config.max_ack_pending, info.num_pending], [7, 3], 'updated');
    await refused(jsm.consumers.add('ORDERS', { durable_name: 'managed' }), 10148);
    const names = (await all(jsm.consumers.list('ORDERS'))).map(i => i.name);
    need(names.includes('managed') && names.includes('worker'), 'listed');
    need(await jsm.consumers.delete('ORDERS', 'managed'), 'deleted');
    await refused(jsm.consumers.info('ORDERS', 'managed'), 10014);
}

async function pausing() {
    const c = await consumer('ORDERS', { durable_name: 'paused' });
    need((await jsm.consumers.pause('ORDERS', 'paused', new Date(Date.now() + 3600000))).paused,
        'paused');
    same(await c.next({ expires: 1000 }), null, 'it says nothing');
    need(!(await jsm.consumers.resume('ORDERS', 'paused')).paused, 'it goes on');
    need(await c.next(), 'and says something');
    await jsm.consumers.reset('ORDERS', 'paused', 1017);
    same((await c.next()).string(), '5', 'from there');
}

async function priority_groups() {
    const c = await consumer('ORDERS', { durable_name: 'overflow', priority_policy: 'overflow',
        priority_groups: ['g'] });
    const many = { group: 'g', min_pending: 5000, expires: 1000 };
    same((await all(c.fetch({ max_messages: 1, ...many }))).length, 0, 'there are not so many');
    same((await fetched(c, 1, { group: 'g', min_pending: 2 })).length, 1, 'but two');
    const p = await consumer('ORDERS', { durable_name: 'pinned', priority_policy: 'pinned_client',
        priority_groups: ['g'], priority_timeout: nanos(60000) });
    const messages = await p.consume({ group: 'g', max_messages: 1, expires: 1000 });
    const pins = new Set();
    for await (const m of messages) {
        m.ack();
        pins.add(m.headers.get('Nats-Pin-Id'));
        if (pins.size === 2)
            break;
        await jsm.consumers.unpin('ORDERS', 'pinned', 'g');
    }
    need(!pins.has(''), 'each has a pin');
}

async function work_queue() {
    await jsm.streams.add({ name: 'JOBS', subjects: ['jobs.*'], retention: RetentionPolicy.Workqueue });
    for (const text of ['1', '2', '3'])
        await js.publish('jobs.a', text);
    const c = await consumer('JOBS', { durable_name: 'crew' });
    await refused(jsm.consumers.add('JOBS', { durable_name: 'two', ack_policy: AckPolicy.Explicit }),
        10099);
    same(await fetched(c, 3), ['1', '2', '3'], 'all jobs');
    same((await jsm.streams.info('JOBS')).state.messages, 0, 'done is gone');
}

// ---- keys and objects ---------------------------------------------------------------

async function key_value() {
    const kv = await new Kvm(js).create('CONF', { history: 5, markerTTL: 1000 });
    same([await kv.put('a', '1'), await kv.put('a', '2')], [1, 2], 'revisions');
    same((await kv.get('a')).string(), '2', 'a value');
    same((await kv.get('a', { revision: 1 })).string(), '1', 'an old one');
    await kv.create('b', 'x');
    await refused(kv.create('b', 'y'), 10071);
    same(await kv.update('b', 'z', 3), 4, 'updated');
    await refused(kv.update('b', 'z', 3), 10071);
    same((await all(kv.keys())).sort(), ['a', 'b'], 'its keys');
    same((await all(kv.history({ key: 'a' }))).map(e => e.string()), ['1', '2'], 'its history');
    await kv.delete('a');
    same((await kv.get('a')).operation, 'DEL', 'deleted');
    await kv.create('a', 'again');
    await kv.purge('b');
    same((await all(kv.history({ key: 'b' }))).map(e => e.operation), ['PURGE'], 'purged');
    await kv.create('brief', '', '1s');
    await until('the brief one to go', async () => (await kv.get('brief'))?.operation !== 'PUT');
    same((await kv.status()).history, 5, 'its status');
}

async function watching() {
    const kv = await new Kvm(js).open('CONF');
    await kv.put('w.b', '0');
    const w = await kv.watch({ key: 'w.*' });
    const seen = [];
    for await (const e of w) {
        seen.push(`${e.key} ${e.operation}`);
        if (seen.length === 1) {
            await kv.put('w.a', '1');
            await kv.put('other', '1');
            await kv.delete('w.a');
        }
        if (seen.length === 3)
            break;
    }
    same(seen, ['w.b PUT', 'w.a PUT', 'w.a DEL'], 'what happened');
    same((await all(new Kvm(js).list())).map(s => s.bucket), ['CONF'], 'buckets');
    const gone = await new Kvm(js).create('GONE');
    need(await gone.destroy(), 'destroyed');
}

async function objects() {
    const store = await new Objm(js).create('FILES');
    const watch = (await store.watch())[Symbol.asyncIterator]();
    const data = new Uint8Array(512000).map((_, i) => i * 7);
    await store.putBlob({ name: 'big', options: { max_chunk_size: 10000 } }, data);
    need(Buffer.compare(await store.getBlob('big'), data) === 0, 'whole and sound');
    same((await watch.next()).value.name, 'big', 'and told');
    await store.putBlob({ name: 'gone' }, new Uint8Array(10));
    await store.delete('gone');
    need((await store.info('gone')).deleted, 'deleted');
    await store.link('link', await store.info('big'));
    same((await store.getBlob('link')).length, 512000, 'by a link');
    await store.update('big', { name: 'bigger', description: 'd' });
    same((await store.list()).filter(o => !o.deleted).map(o => o.name).sort(), ['bigger', 'link'],
        'listed');
    need((await store.seal()).sealed, 'sealed');
    const bin = await new Objm(js).create('BIN');
    need(await bin.destroy(), 'destroyed');
}

async function account() {
    const info = await jsm.getAccountInfo();
    need(info.streams >= 4 && info.storage > 0 && info.api.total > 50, JSON.stringify(info));
}

async function after_restart() {
    const state = (await jsm.streams.info('ORDERS')).state;
    same([state.messages, state.last_seq], [9, 1023], 'messages');
    const info = await jsm.consumers.info('ORDERS', 'worker');
    need(info.ack_floor.stream_seq >= 1021 && info.num_ack_pending === 0, 'acks are remembered');
    same((await (await new Kvm(js).open('CONF')).get('a')).string(), 'again', 'a key');
    same((await (await new Objm(js).open('FILES')).getBlob('bigger')).length, 512000, 'an object');
    same((await js.publish('orders.9')).seq, 1024, 'sequences go on');
    need(await jsm.streams.delete('JOBS'), 'a stream goes');
}

// ---- the older package: everything in one, and of other names ------------------------

async function old_package() {
    const { connect, AckPolicy, consumerOpts, createInbox, nanos } = require('nats');
    const nc = await connect({ servers: process.argv[2] });
    const js = nc.jetstream({ timeout: PATIENCE });
    const jsm = await nc.jetstreamManager({ timeout: PATIENCE });
    await jsm.streams.add({ name: 'OLD', subjects: ['old.>'] });
    for (let i = 0; i < 6; i++)
        same((await js.publish(`old.${i % 2}`, `${i}`, { msgID: `${i}` })).seq, i + 1, 'a sequence');
    const opts = consumerOpts().durable('pushed').manualAck().ackExplicit()
        .deliverTo(createInbox()).idleHeartbeat(1000).flowControl();
    const sub = await js.subscribe('old.1', opts);
    const seen = [];
    for await (const m of sub) {
        m.ack();
        seen.push(m.string());
        if (seen.length === 3)
            break;
    }
    same(seen, ['1', '3', '5'], 'pushed');
    await jsm.consumers.add('OLD', { durable_name: 'puller', ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(PATIENCE) });
    const c = await js.consumers.get('OLD', 'puller');
    const got = [];
    for await (const m of await c.fetch({ max_messages: 6, expires: 5000 })) {
        need(await m.ackAck(), 'an ack is confirmed');
        got.push(m.string());
    }
    same(got, ['0', '1', '2', '3', '4', '5'], 'pulled');
    const pulled = await js.pull('OLD', 'puller', 1000).catch(err => err);
    need(pulled instanceof Error, 'no more');
    const kv = await js.views.kv('OLDCONF', { history: 3 });
    await kv.put('a', '1');
    same(await kv.update('a', '2', 1), 2, 'updated');
    same((await kv.get('a')).string(), '2', 'a value');
    same(await all(kv.keys()), ['a'], 'its keys');
    need(await kv.destroy(), 'destroyed');
    const os = await js.views.os('OLDFILES');
    await os.putBlob({ name: 'big' }, new Uint8Array(300000));
    same((await os.getBlob('big')).length, 300000, 'an object');
    need(await os.destroy(), 'destroyed');
    need(await jsm.streams.delete('OLD'), 'deleted');
    await nc.close();
}

// ---- playing ---------------------------------------------------------------------------

const FIRST = [streams, publishing, reading, limits, fetching, consuming, ordered, pushing,
    managing_consumers, pausing, priority_groups, work_queue, key_value, watching, objects,
    account, old_package];

async function play(step) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('it takes too long')), PATIENCE);
    });
    await Promise.race([step(), late]).finally(() => clearTimeout(timer));
}

nc = await connect({ servers: process.argv[2] });
js = jetstream(nc, { timeout: PATIENCE });
jsm = await jetstreamManager(nc, { timeout: PATIENCE });
for (const step of process.argv.length > 3 ? [after_restart] : FIRST) {
    try {
        await play(step);
        console.log('ok', step.name);
    } catch (err) {
        console.log(`wrong ${step.name}: ${err}`);
    }
}
await nc.close();
process.exit(0);
