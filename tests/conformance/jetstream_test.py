"""JetStream and the Key/Value store as nats.py uses them. Prints 'ok NAME' or 'not ok NAME' and a total."""
import asyncio, os, traceback

import nats
from nats.errors import TimeoutError
from nats.js import errors
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, KeyValueConfig, StreamConfig

TESTS = []


def test(function):
    TESTS.append(function)
    return function


async def bucket(js, name, **options):
    return await js.create_key_value(config=KeyValueConfig(bucket=name, **options))


async def stream(js, name, count, **options):
    await js.add_stream(config=StreamConfig(name=name, subjects=[f"{name}.>"], **options))
    for at in range(1, count + 1):
        await js.publish(f"{name}.m", str(at).encode())


def shown(entry):
    return None if entry is None else f"{entry.operation or 'PUT'} {entry.key} {(entry.value or b'').decode()} {entry.revision}"


async def take(watcher, count):
    return [shown(await watcher.updates(timeout=5)) for _ in range(count)]


@test
async def put_get_and_revisions(js):
    kv = await bucket(js, "put", history=5)
    assert await kv.put("a", b"1") == 1
    assert await kv.put("a", b"2") == 2
    entry = await kv.get("a")
    assert (entry.value, entry.revision) == (b"2", 2)
    assert (await kv.get("a", revision=1)).value == b"1"
    try:
        await kv.get("nothing")
        assert False
    except errors.KeyNotFoundError:
        pass


@test
async def create_and_update(js):
    kv = await bucket(js, "create")
    assert await kv.create("a", b"1") == 1
    try:
        await kv.create("a", b"2")
        assert False
    except errors.KeyWrongLastSequenceError as error:
        assert "wrong last sequence: 1" in str(error)
    assert await kv.update("a", b"3", last=1) == 2
    try:
        await kv.update("a", b"4", last=1)
        assert False
    except errors.KeyWrongLastSequenceError:
        pass


@test
async def delete_purge_and_history(js):
    kv = await bucket(js, "history", history=10)
    await kv.put("a", b"1")
    await kv.put("a", b"2")
    await kv.delete("a")
    try:
        await kv.get("a")
        assert False
    except errors.KeyNotFoundError as error:
        assert error.op == "DEL"
    assert [shown(e) for e in await kv.history("a")] == ["PUT a 1 1", "PUT a 2 2", "DEL a  3"]
    await kv.purge("a")
    assert [shown(e) for e in await kv.history("a")] == ["PURGE a  4"]


@test
async def keys(js):
    kv = await bucket(js, "keys")
    try:
        await kv.keys()
        assert False
    except errors.NoKeysError:
        pass
    for key in ("a", "b.c", "d"):
        await kv.put(key, b"v")
    await kv.delete("d")
    assert sorted(await kv.keys()) == ["a", "b.c"]


@test
async def watch(js):
    kv = await bucket(js, "watch", history=5)
    await kv.put("a", b"1")
    await kv.put("a", b"2")
    await kv.put("b.c", b"1")
    all, history, one = await kv.watchall(), await kv.watch(">", include_history=True), await kv.watch("b.*")
    assert await take(all, 3) == ["PUT a 2 2", "PUT b.c 1 3", None]
    assert await take(history, 4) == ["PUT a 1 1", "PUT a 2 2", "PUT b.c 1 3", None]
    assert await take(one, 2) == ["PUT b.c 1 3", None]
    await kv.put("a", b"3")
    await kv.delete("b.c")
    assert await take(all, 2) == ["PUT a 3 4", "DEL b.c  5"]
    assert await take(one, 1) == ["DEL b.c  5"]
    for watcher in (all, history, one):
        await watcher.stop()


@test
async def watch_many_large_values(js):
    kv = await bucket(js, "large")
    for at in range(150):
        await kv.put(f"k{at}", b"x" * 40_000)
    watcher = await kv.watchall()
    assert [(await watcher.updates(timeout=5)).revision for _ in range(150)] == list(range(1, 151))
    await watcher.stop()


@test
async def status(js):
    kv = await bucket(js, "status", history=3, ttl=3600)
    await kv.put("a", b"1")
    status = await kv.status()
    assert (status.bucket, status.values, status.history, status.ttl) == ("status", 1, 3, 3600)
    await js.delete_key_value("status")
    try:
        await js.key_value("status")
        assert False
    except errors.BucketNotFoundError:
        pass


@test
async def pull_fetch_and_acks(js):
    await stream(js, "PULL", 10)
    sub = await js.pull_subscribe("PULL.>", durable="c")
    first = await sub.fetch(4, timeout=2)
    assert [m.metadata.sequence.stream for m in first] == [1, 2, 3, 4]
    await first[0].ack_sync()
    await first[1].nak()
    await first[2].term()
    await first[3].in_progress()
    await first[3].ack_sync()
    rest = await sub.fetch(10, timeout=2)
    assert sorted(m.metadata.sequence.stream for m in rest) == [2, 5, 6, 7, 8, 9, 10]
    for message in rest:
        await message.ack_sync()
    info = await sub.consumer_info()
    assert (info.num_pending, info.num_ack_pending, info.ack_floor.stream_seq) == (0, 0, 10)
    try:
        await sub.fetch(1, timeout=0.3)
        assert False
    except TimeoutError:
        pass


@test
async def redelivery_after_the_ack_wait(js):
    await stream(js, "WAIT", 1)
    sub = await js.pull_subscribe("WAIT.>", durable="c", config=ConsumerConfig(ack_wait=0.3, max_deliver=2))
    assert (await sub.fetch(1))[0].metadata.num_delivered == 1
    assert (await sub.fetch(1, timeout=2))[0].metadata.num_delivered == 2
    try:
        await sub.fetch(1, timeout=0.8)
        assert False
    except TimeoutError:
        pass


@test
async def push_subscriptions(js):
    await stream(js, "PUSH", 5)
    sub = await js.subscribe("PUSH.>", durable="c", manual_ack=True)
    for at in range(1, 6):
        message = await sub.next_msg(timeout=2)
        assert message.metadata.sequence.stream == at
        await message.ack()
    ordered = await js.subscribe("PUSH.>", ordered_consumer=True)
    assert [(await ordered.next_msg(timeout=2)).metadata.sequence.consumer for _ in range(5)] == [1, 2, 3, 4, 5]


@test
async def queue_group(js):
    await stream(js, "QUEUE", 6)
    subs = [await js.subscribe("QUEUE.>", queue="g", durable="g") for _ in range(2)]
    got = []
    for _ in range(20):
        for sub in subs:
            try:
                got.append((await sub.next_msg(timeout=0.05)).metadata.sequence.stream)
            except TimeoutError:
                pass
        if len(got) == 6:
            break
    assert sorted(got) == [1, 2, 3, 4, 5, 6]


@test
async def consumers_listed_and_deleted(js):
    await stream(js, "LIST", 3)
    for name in ("a", "b"):
        await js.add_consumer("LIST", ConsumerConfig(durable_name=name, ack_policy=AckPolicy.EXPLICIT))
    last = ConsumerConfig(name="l", deliver_policy=DeliverPolicy.LAST, ack_policy=AckPolicy.NONE)
    assert (await js.add_consumer("LIST", last)).num_pending == 1
    assert [info.name for info in await js.consumers_info("LIST")] == ["a", "b", "l"]
    assert await js.delete_consumer("LIST", "a")
    try:
        await js.consumer_info("LIST", "a")
        assert False
    except errors.NotFoundError as error:
        assert error.err_code == 10014


@test
async def object_store(js):
    store = await js.create_object_store("objects")
    await store.put("big", b"o" * 300_000)
    assert (await store.get("big")).data == b"o" * 300_000
    assert [info.name for info in await store.list()] == ["big"]
    await store.delete("big")


@test
async def a_time_zone_alone_is_no_schedule(js):
    await stream(js, "zone", 0)
    assert (await js.publish("zone.m", b"", headers={"Nats-Schedule-Time-Zone": "UTC"})).seq == 1


async def main():
    nc = await nats.connect(os.environ["NATS_URL"])
    passed = failed = 0
    for function in TESTS:
        try:
            await asyncio.wait_for(function(nc.jetstream()), 20)
            passed += 1
            print("ok", function.__name__)
        except Exception:
            failed += 1
            print("not ok", function.__name__)
            traceback.print_exc()
    await nc.close()
    print(f"{passed} passed, {failed} failed")


asyncio.run(main())
