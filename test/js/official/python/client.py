"""test/js/official/python/client.py - nats-py's JetStream, unmodified, step by step.

    client.py URL [again]

Each step prints "ok NAME" or "wrong NAME: why".  With "again" the server has been
killed and started anew on the same directory: what was confirmed must be there.
"""
import asyncio
import sys

import nats
from nats.errors import TimeoutError as NatsTimeout
from nats.js import api
from nats.js.errors import (APIError, BadRequestError, KeyNotFoundError,
                            KeyWrongLastSequenceError, NotFoundError)


def check(value, what):
    if not value:
        raise AssertionError(what)


async def streams(js):
    info = await js.add_stream(name='ORDERS', subjects=['orders.>'], max_msgs=1000)
    check(info.config.name == 'ORDERS', 'its name')
    await js.add_stream(name='ORDERS', subjects=['orders.>'], max_msgs=1000)
    try:
        await js.add_stream(name='OTHER', subjects=['orders.x'])
        check(False, 'an overlap is refused')
    except BadRequestError as e:
        check(e.err_code == 10065, 'with 10065')
    info = await js.update_stream(name='ORDERS', subjects=['orders.>'], max_msgs=500)
    check(info.config.max_msgs == 500, 'updated')
    check(await js.find_stream_name_by_subject('orders.a') == 'ORDERS', 'found by subject')


async def publishing(js):
    for i in range(1, 11):
        ack = await js.publish(f'orders.{i % 2}', b'%d' % i)
        check(ack.stream == 'ORDERS' and ack.seq == i, 'sequence %d' % i)
    a = await js.publish('orders.id', b'x', headers={'Nats-Msg-Id': 'one'})
    b = await js.publish('orders.id', b'x', headers={'Nats-Msg-Id': 'one'})
    check(b.duplicate and a.seq == b.seq, 'a duplicate is known')
    try:
        await js.publish('orders.1', b'', headers={'Nats-Expected-Last-Sequence': '3'})
        check(False, 'a wrong expectation is refused')
    except APIError as e:
        check(e.err_code == 10071, 'with 10071')
    m = await js.get_msg('ORDERS', 3)
    check(m.data == b'3', 'the third')
    m = await js.get_last_msg('ORDERS', 'orders.0')
    check(m.data == b'10', 'the last of a subject')


async def pulling(js):
    sub = await js.pull_subscribe('orders.*', 'worker')
    got = await sub.fetch(5, timeout=5)
    check([m.data for m in got] == [b'%d' % i for i in range(1, 6)], 'five in order')
    for m in got[:3]:
        await m.ack_sync()
    await got[3].nak()
    await got[4].term()
    rest = []
    while len(rest) < 7:                # what a nak brings back comes when it will
        rest += await sub.fetch(7 - len(rest), timeout=5)
    again = [m for m in rest if m.data == b'4']
    check(len(again) == 1 and again[0].metadata.num_delivered == 2, 'one again')
    for m in rest:
        await m.ack_sync()
    info = await sub.consumer_info()
    check(info.ack_floor.stream_seq == 11, 'floor at %d' % info.ack_floor.stream_seq)
    try:
        await sub.fetch(1, timeout=0.3)
        check(False, 'nothing is left')
    except NatsTimeout:
        pass


async def redelivery(js):
    await js.publish('orders.slow', b'slow')
    sub = await js.pull_subscribe('orders.slow', 'slow', config=api.ConsumerConfig(
        ack_wait=0.3, max_deliver=2))
    first = (await sub.fetch(1, timeout=2))[0]
    again = (await sub.fetch(1, timeout=3))[0]
    check(first.metadata.num_delivered == 1 and again.metadata.num_delivered == 2, 'twice')
    try:
        await sub.fetch(1, timeout=1)
        check(False, 'not a third time')
    except NatsTimeout:
        pass


async def ordered(js):
    sub = await js.subscribe('orders.>', ordered_consumer=True)
    got = [await sub.next_msg(timeout=5) for _ in range(11)]
    check([m.metadata.sequence.stream for m in got] == list(range(1, 12)), 'all in order')
    await sub.unsubscribe()


async def pushing(js):
    sub = await js.subscribe('orders.0', durable='pushed', config=api.ConsumerConfig(
        flow_control=True, idle_heartbeat=1))
    for want in (b'2', b'4', b'6', b'8', b'10'):
        m = await sub.next_msg(timeout=5)
        check(m.data == want, 'wanted %r, not %r' % (want, m.data))
        await m.ack()
    await sub.unsubscribe()


async def purging(js):
    await js.purge_stream('ORDERS', subject='orders.id')
    info = await js.stream_info('ORDERS', subjects_filter='>')
    check('orders.id' not in info.state.subjects, 'gone')
    check(info.state.messages == 11, '%d left' % info.state.messages)
    check(await js.delete_msg('ORDERS', 2), 'deleted')
    try:
        await js.get_msg('ORDERS', 2)
        check(False, 'a deleted one is not found')
    except NotFoundError:
        pass


async def work_queue(js):
    await js.add_stream(name='JOBS', subjects=['jobs.*'],
                        retention=api.RetentionPolicy.WORK_QUEUE)
    for i in range(3):
        await js.publish('jobs.a', b'%d' % i)
    sub = await js.pull_subscribe('jobs.*', 'crew')
    for m in await sub.fetch(3, timeout=5):
        await m.ack_sync()
    check((await js.stream_info('JOBS')).state.messages == 0, 'done is gone')


async def key_value(js):
    kv = await js.create_key_value(bucket='CONF', history=5)
    check(await kv.put('a', b'1') == 1, 'the first revision')
    check(await kv.put('a', b'2') == 2, 'the second')
    check((await kv.get('a')).value == b'2', 'the last value')
    await kv.create('b', b'x')
    try:
        await kv.create('b', b'y')
        check(False, 'a key is created once')
    except KeyWrongLastSequenceError:
        pass
    await kv.update('b', b'z', last=3)
    check(sorted(await kv.keys()) == ['a', 'b'], 'its keys')
    check([e.value for e in await kv.history('a')] == [b'1', b'2'], 'its history')
    watcher = await kv.watchall()
    seen = [await watcher.updates(timeout=5) for _ in range(3)]
    check([e.key if e else None for e in seen] == ['a', 'b', None], 'a watch')
    await kv.put('c', b'new')
    check((await watcher.updates(timeout=5)).key == 'c', 'and what comes')
    await watcher.stop()
    await kv.delete('a')
    try:
        await kv.get('a')
        check(False, 'a deleted key is not found')
    except KeyNotFoundError:
        pass
    await kv.purge('b')


async def objects(js):
    store = await js.create_object_store(bucket='FILES')
    data = bytes(range(256)) * 2000
    await store.put('big', data)
    check((await store.get('big')).data == data, 'whole and sound')
    check([o.name for o in await store.list()] == ['big'], 'listed')
    await store.put('gone', b'x')
    await store.delete('gone')


async def after_restart(js):
    info = await js.stream_info('ORDERS')
    check(info.state.messages == 10 and info.state.last_seq == 12,
          '%d messages to %d' % (info.state.messages, info.state.last_seq))
    c = await js.consumer_info('ORDERS', 'worker')
    check(c.ack_floor.stream_seq >= 11 and c.num_ack_pending == 0, 'acks are remembered')
    kv = await js.key_value('CONF')
    check((await kv.get('c')).value == b'new', 'a key')
    check((await (await js.object_store('FILES')).get('big')).info.size == 512000, 'an object')
    check((await js.publish('orders.9', b'later')).seq == 13, 'sequences go on')
    check(await js.delete_stream('JOBS'), 'a stream goes')


FIRST = (streams, publishing, pulling, redelivery, ordered, pushing, purging, work_queue,
         key_value, objects)


async def main():
    nc = await nats.connect(sys.argv[1])
    js = nc.jetstream(timeout=5)
    for step in (after_restart,) if len(sys.argv) > 2 else FIRST:
        try:
            await asyncio.wait_for(step(js), 40)
            print('ok', step.__name__, flush=True)
        except Exception as e:                  # pylint: disable=broad-except
            print('wrong %s: %s: %s' % (step.__name__, type(e).__name__, e), flush=True)
    await nc.close()


asyncio.run(main())
