"""Backups: what `nats` makes of streams of one server comes back the same in another, in whichever of the two kinds.

The partner is a nats-server of its own, where there is one; without it the server under test is its own partner. Prints a line for
each thing found and a total.
"""
import asyncio, contextlib, io, itertools, json, os, shutil, subprocess, sys, tarfile, tempfile

import nats
from nats.errors import NoRespondersError, TimeoutError

URL, BIN = os.environ["NATS_URL"], os.environ["SERVER_BIN"]
PARTNER = "nats-server" if shutil.which("nats-server") else BIN
HOME = tempfile.mkdtemp(prefix="backup-")
LISTENING = "Listening for client connections on "
results = []


def check(what, found, wanted):
    results.append(found == wanted)
    print(f"{'ok' if found == wanted else 'not ok'} {what}" + ("" if found == wanted else f":\n  {found}\nnot\n  {wanted}"), flush=True)


@contextlib.contextmanager
def server(program, *flags):
    """The address of a server of its own."""
    folder = tempfile.mkdtemp(dir=HOME)
    command = [program, "-js", "-a", "127.0.0.1", "-p", "-1", "-sd", folder, *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if LISTENING in line:
            break
    try:
        # What it logs later is not read, and is little.
        yield "nats://" + line.strip().split(LISTENING)[-1]
    finally:
        process.kill()
        process.wait()


def cli(url, *words):
    """What `nats` prints, run far from the configuration of whoever runs this."""
    env = dict(os.environ, HOME=HOME, XDG_CONFIG_HOME=HOME)
    done = subprocess.run(["nats", "-s", url, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


class Client:
    """A connection that asks the API with plain JSON."""

    async def __aenter__(self):
        self.nc = await nats.connect(self.url)
        self.js = self.nc.jetstream()
        return self

    async def __aexit__(self, *_):
        await self.nc.close()

    def __init__(self, url):
        self.url = url

    async def api(self, subject, **request):
        answer = await self.nc.request("$JS.API." + subject, json.dumps(request).encode() if request else b"", timeout=10)
        return json.loads(answer.data)

    async def ask(self, subject, payload=b"", timeout=10):
        return json.loads((await self.nc.request(subject, payload, timeout=timeout)).data or b"null")

    async def stream(self, name, **config):
        config = {"name": name, "subjects": [name.lower() + ".>"], "storage": "file"} | config
        answer = await self.api(f"STREAM.CREATE.{name}", **config)
        assert "error" not in answer, answer

    async def consumer(self, stream, name, durable=True, **config):
        config = {"durable_name" if durable else "name": name, "ack_policy": "explicit"} | config
        answer = await self.api(f"CONSUMER.CREATE.{stream}.{name}", stream_name=stream, config=config)
        assert "error" not in answer, answer

    async def take(self, stream, consumer, count):
        return await (await self.js.pull_subscribe_bind(consumer, stream)).fetch(count, timeout=5)

    async def receive(self, subject, acks=None):
        """Subscribes; what comes is a list that grows, and an event says when an empty message came."""
        messages, over = [], asyncio.Event()

        async def on_message(message):
            messages.append(message)
            if not message.data:
                over.set()
            elif message.reply and (acks is None or len(messages) <= acks):
                await self.nc.publish(message.reply, b"")

        await self.nc.subscribe(subject, cb=on_message)
        await self.nc.flush()
        return messages, over


async def fill(c):
    """Streams of many kinds."""
    bucket = {"subjects": ["$KV.b.>"], "max_msgs_per_subject": 5, "allow_rollup_hdrs": True, "deny_delete": True, "allow_direct": True,
              "discard": "new", "description": "a bucket", "metadata": {"owner": "tests"}}
    await c.stream("KV_b", **bucket)
    kv = await c.js.key_value("b")
    for at in range(8):
        await kv.put("k.1", f"value {at}".encode())
        await kv.put(f"k.{at}", b"")
    await kv.delete("k.2")
    await kv.purge("k.1")

    await c.stream("S", duplicate_window=3_600_000_000_000)
    for at in range(1, 21):
        await c.js.publish(f"s.{at % 3}", b"%d" % at * at, headers={"Nats-Msg-Id": str(at), "Other": "a: b"} if at % 4 else None)
    for seq in (1, 2, 5, 6, 7, 11, 20):
        assert (await c.api("STREAM.MSG.DELETE.S", seq=seq))["success"]
    await c.consumer("S", "pull", max_deliver=4, metadata={"a": "b"}, description="pulls", ack_wait=3_600_000_000_000)
    first = await c.take("S", "pull", 6)
    for at in (0, 2, 3):
        await first[at].ack_sync()
    await c.consumer("S", "again", max_deliver=3, ack_wait=3_600_000_000_000)
    message = (await c.take("S", "again", 1))[0]
    while message.metadata.num_delivered < 3:
        await message.nak()
        message = (await c.take("S", "again", 1))[0]
    await c.consumer("S", "all", ack_policy="all", filter_subject="s.1")
    await (await c.take("S", "all", 3))[1].ack_sync()
    await c.consumer("S", "some", filter_subjects=["s.0", "s.2"], deliver_policy="last_per_subject")
    await c.consumer("S", "unused", deliver_policy="by_start_sequence", opt_start_seq=9)
    await c.consumer("S", "brief", durable=False, inactive_threshold=3_600_000_000_000)
    await c.take("S", "brief", 1)
    pushed, _ = await c.receive("pushed")
    await c.consumer("S", "push", ack_policy="none", deliver_subject="pushed")
    while len(pushed) < 13:
        await asyncio.sleep(0.01)

    await c.stream("M", storage="memory", retention="interest")
    for name in ("one", "two"):
        await c.consumer("M", name, mem_storage=name == "two")
    for at in range(6):
        await c.js.publish("m.x", b"%d" % at)
    for name, acked in (("one", 4), ("two", 2)):
        for message in (await c.take("M", name, 5))[:acked]:
            await message.ack_sync()

    await c.stream("W", retention="workqueue")
    await c.consumer("W", "worker", max_ack_pending=3)
    for at in range(6):
        await c.js.publish("w.x", b"%d" % at)
    await (await c.take("W", "worker", 3))[1].ack_sync()

    await c.stream("Never", first_seq=100)
    await c.consumer("Never", "early")
    await c.stream("Empty")
    await c.stream("Gone")
    for _ in range(3):
        await c.js.publish("gone.x", b"x")
    assert (await c.api("STREAM.PURGE.Gone"))["purged"] == 3
    await c.consumer("Gone", "late", deliver_policy="new")

    await c.stream("TTL", allow_msg_ttl=True, max_age=36_000_000_000_000)
    for ttl in ("never", "1h", "2h"):
        await c.js.publish("ttl.x", ttl.encode(), headers={"Nats-TTL": ttl})

    await c.stream("Large")
    for at in range(40):
        await c.js.publish("large.x", os.urandom(60_000) + b"e" * 5_000)


# When things were made, which a backup does not tell, who leads and who is there.
TRANSIENT = ("created", "ts", "cluster", "total", "offset", "limit", "type", "did_create", "push_bound")


def lasting(info):
    config = info["config"]
    metadata = config.get("metadata", {})
    config["metadata"] = {key: value for key, value in metadata.items() if not key.startswith("_nats.")}
    # `last_active` of a delivery or ack, too.
    for place in ("delivered", "ack_floor"):
        info.get(place, {}).pop("last_active", None)
    return {key: value for key, value in info.items() if key not in TRANSIENT}


async def described(c):
    """All streams of a server: info, messages, consumers."""
    found = {}
    for name in (await c.api("STREAM.NAMES"))["streams"] or []:
        info = lasting(await c.api(f"STREAM.INFO.{name}", deleted_details=True))
        messages = []
        for seq in range(max(info["state"]["first_seq"], 1), info["state"]["last_seq"] + 1):
            messages.append((await c.api(f"STREAM.MSG.GET.{name}", seq=seq)).get("message"))
        consumers = (await c.api(f"CONSUMER.LIST.{name}"))["consumers"]
        found[name] = {"info": info, "messages": messages} | {"consumer " + i["name"]: lasting(i) for i in consumers}
    return found


def backed_up(streams):
    """What of them a backup tells: not when messages were there that are gone. Who never had any begins at 1."""
    for parts in streams.values():
        state, kept = parts["info"]["state"], [message for message in parts["messages"] if message]
        state["last_ts"] = kept[-1]["time"] if kept else "0001-01-01T00:00:00Z"
        if state["first_seq"] == 0:
            state["first_seq"] = 1
            state.pop("num_deleted", None), state.pop("deleted", None)
    return streams


def compare(what, found, wanted):
    check(f"{what}: streams", list(found), list(wanted))
    for name, parts in wanted.items():
        for part, value in parts.items():
            check(f"{what}: {part} of {name}", found.get(name, {}).get(part), value)


def backup(url, names, folder):
    for name in names:
        code, said = cli(url, "stream", "backup", name, os.path.join(folder, name), "--no-progress", "--check")
        check(f"backup of {name}", code, 0) if code == 0 else check(f"backup of {name}", said, "")


def restore(url, names, folder):
    for name in names:
        code, said = cli(url, "stream", "restore", os.path.join(folder, name), "--no-progress")
        check(f"restore of {name}", code, 0) if code == 0 else check(f"restore of {name}", said, "")


async def crossing(source, target, what):
    """All streams of one server in the other, and what is found there."""
    with server(source) as from_url, server(target) as to_url:
        async with Client(from_url) as a, Client(to_url) as b:
            await fill(a)
            wanted = await described(a)
            folder = tempfile.mkdtemp(dir=HOME)
            backup(from_url, wanted, folder)
            restore(to_url, wanted, folder)
            compare(what, await described(b), backed_up(wanted))
            await working(b, what)


async def working(c, what):
    """What is restored works on."""
    check(f"{what}: the next sequence", (await c.js.publish("s.1", b"new")).seq, 21)
    # Ids are not in a backup: nats-server reads none back from the messages.
    again = await c.js.publish("s.1", b"again", headers={"Nats-Msg-Id": "19"})
    check(f"{what}: an id of before", (again.seq, again.duplicate), (22, None))
    got = await c.take("S", "pull", 10)
    check(f"{what}: what is pulled next", [m.metadata.sequence.stream for m in got], [13, 14, 15, 16, 17, 18, 19, 21, 22])
    check(f"{what}: as consumer sequence", got[0].metadata.sequence.consumer, 7)
    for at, message in enumerate(await c.take("M", "two", 1)):
        await message.ack_sync()
    info = (await c.api("STREAM.INFO.M"))["state"]
    check(f"{what}: kept by interest", (info["messages"], info["first_seq"]), (4, 3))
    check(f"{what}: no more than may wait", (await c.api("CONSUMER.INFO.W.worker"))["num_ack_pending"], 2)
    entry = await (await c.js.key_value("b")).put("k.3", b"x")
    check(f"{what}: revision in the bucket", entry, 19)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def s2(data, crc=None):
    """A stream with one block."""
    crc = crc32c(data) if crc is None else crc
    block = (len(data) + 4).to_bytes(3, "little") + crc.to_bytes(4, "little") + data
    return b"\xff\x06\x00\x00S2sTwO\x01" + block


def varint(number):
    text = b""
    while number >= 0x80:
        text, number = text + bytes([number & 0x7F | 0x80]), number >> 7
    return text + bytes([number])


def entry(name, body, headers=b"", seq=0, time=1_700_000_000_000_000_000, sizes=None):
    sizes = sizes or (len(headers), len(body))
    fields = [len(name), time * 2, seq, *sizes]
    return b"".join(map(varint, fields)) + name.encode() + headers + body


def state(messages=0, first=1, last=0, consumers=0, size=0):
    body = {"messages": messages, "bytes": size, "first_seq": first, "last_seq": last, "consumer_count": consumers}
    return entry("state.json", json.dumps(body).encode())


def consumer(config=None, **progress):
    pair = {"consumer_seq": 0, "stream_seq": 0}
    config = {"durable_name": "c", "name": "c", "ack_policy": "explicit", "deliver_policy": "all", "replay_policy": "instant"} | (config or {})
    return entry("consumers/c", json.dumps({"config": config, "state": {"delivered": pair, "ack_floor": pair} | progress}).encode())


def pair(consumer_seq, stream_seq):
    return {"consumer_seq": consumer_seq, "stream_seq": stream_seq}


def ttl(value):
    return b"NATS/1.0\r\nNats-TTL: %s\r\n\r\n" % value


def tape(*files, kind=tarfile.REGTYPE):
    """What a server before 2.15 made a backup of, as far as it says nothing else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.pax_headers = len(body), kind, {"mtime": "1795895165.328151085"}
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def meta(name):
    return "meta.inf", json.dumps({"Created": "2026-11-28T19:46:05Z", "name": name}).encode()


MAGIC, END = b"NATSARC1", bytes(5)
ONE, TWO = entry("r.1", b"one", seq=1), entry("r.2", b"two", seq=2)
NOTHING = None  # no stream
CUT = "restore failed: archive: invalid archive stream"
# What comes, what the answer says, and what is there then: messages, first and last sequence.
BROKEN = [
    ("nothing", b"", "restore failed: EOF", NOTHING),
    ("three bytes", b"abc", "restore failed: s2: corrupt input", NOTHING),
    ("words", b"this is no backup", "restore failed: s2: corrupt input", NOTHING),
    ("a short block", s2(b"abc"), "restore failed: unexpected EOF", NOTHING),
    ("a wrong checksum", s2(MAGIC, crc=7), "restore failed: s2: corrupt input, crc mismatch", NOTHING),
    ("half a block", s2(MAGIC)[:-1], "restore failed: s2: corrupt input", NOTHING),
    ("an unknown chunk", b"\xff\x06\x00\x00S2sTwO\x02\x00\x00\x00", "restore failed: s2: unsupported input", NOTHING),
    ("no entry", s2(MAGIC), "restore failed: EOF", NOTHING),
    ("another entry", s2(MAGIC + entry("state", b"{}")), "restore failed: expected state.json first", NOTHING),
    ("half an entry", s2(MAGIC + state()[:-1]), "restore failed: error in state.json: archive: invalid archive stream", NOTHING),
    ("bad state", s2(MAGIC + entry("state.json", b"{]")),
        "restore failed: error in state.json: invalid character ']' looking for beginning of object key string", NOTHING),
    ("wrong state", s2(MAGIC + entry("state.json", b'{"first_seq":"1"}')),
        "restore failed: error in state.json: json: cannot unmarshal string into Go struct field StreamState.first_seq of type uint64", NOTHING),
    ("minus one consumer", s2(MAGIC + state(consumers=-1)), "restore failed: invalid stream state: negative consumer count", NOTHING),
    ("no first", s2(MAGIC + state(first=0, last=3)),
        "restore failed: invalid stream state: inconsistent message count or sequence range", NOTHING),
    ("first after last", s2(MAGIC + state(first=5, last=3)),
        "restore failed: invalid stream state: inconsistent message count or sequence range", NOTHING),
    ("too many", s2(MAGIC + state(messages=4, last=3)),
        "restore failed: invalid stream state: message count exceeds sequence range", NOTHING),
    ("too large", s2(MAGIC + state(size=1 << 60)), "insufficient storage resources available", NOTHING),
    ("larger than that", s2(MAGIC + state(size=1 << 63)), "insufficient storage resources available", NOTHING),
    ("state alone", s2(MAGIC + state()), "restore failed: EOF", (0, 1, 0)),
    ("state of a used stream", s2(MAGIC + state(first=4, last=3)), "restore failed: EOF", (0, 4, 3)),
    ("no consumer", s2(MAGIC + state(last=2, consumers=1) + ONE), 'restore failed: expected consumer, found "r.1"', (0, 1, 0)),
    ("half a consumer", s2(MAGIC + state(consumers=1) + consumer()[:-1]),
        'restore failed: failed to decode consumer "c" state: archive: invalid archive stream', (0, 1, 0)),
    ("no configuration", s2(MAGIC + state(consumers=1) + entry("consumers/c", b'{"state":{}}')),
        'restore failed: consumer "c" is missing config', (0, 1, 0)),
    ("no progress", s2(MAGIC + state(consumers=1) + entry("consumers/c", b'{"config":{"name":"c"}}')),
        'restore failed: consumer "c" is missing state', (0, 1, 0)),
    ("no consumer's configuration", s2(MAGIC + state(consumers=1) + consumer({"ack_policy": "none", "max_ack_pending": 5, "backoff": [-1]})),
        'restore failed: failed to add consumer "c": consumer backoff needs to be positive (10184)', (0, 1, 0)),
    ("a wrong policy", s2(MAGIC + state(consumers=1) + consumer({"ack_policy": "some"})),
        'restore failed: failed to decode consumer "c" state: can not unmarshal "\\"some\\""', (0, 1, 0)),
    ("a floor of deliveries", s2(MAGIC + state(last=2, consumers=1) + consumer(ack_floor=pair(1, 0))),
        'restore failed: failed to set consumer "c" state: bad ack floor for consumer', (0, 1, 0)),
    ("a floor of sequences", s2(MAGIC + state(last=2, consumers=1) + consumer(ack_floor=pair(0, 1))),
        'restore failed: failed to set consumer "c" state: bad ack floor for stream', (0, 1, 0)),
    ("what cannot be pending", s2(MAGIC + state(last=2, consumers=1) + consumer(delivered=pair(1, 1), pending={"2": {"Sequence": 1, "Timestamp": 1}})),
        'restore failed: failed to set consumer "c" state: bad pending entry, sequence [2] out of range', (0, 1, 0)),
    ("no end", s2(MAGIC + state(2, last=2) + ONE + TWO), "restore failed: EOF", (2, 1, 2)),
    ("half a number", s2(MAGIC + state(2, last=2) + ONE + b"\x83"), CUT, (1, 1, 1)),
    ("half a name", s2(MAGIC + state(2, last=2) + ONE + TWO[:-5]), CUT, (1, 1, 1)),
    ("half a message", s2(MAGIC + state(2, last=2) + ONE + TWO[:-1]),
        "restore failed: failed to read message sequence 2: archive: invalid archive stream", (1, 1, 1)),
    ("a damaged block", s2(MAGIC + state(2, last=2) + ONE) + s2(TWO, crc=1), CUT, (1, 1, 1)),
    ("no sequence", s2(MAGIC + state(2, last=2) + ONE + entry("r.2", b"two")), "restore failed: expected message sequence", (1, 1, 1)),
    ("twice the same", s2(MAGIC + state(2, last=2) + ONE + ONE), "restore failed: message sequence 1 out of order", (1, 1, 1)),
    ("below the first", s2(MAGIC + state(2, first=2, last=3) + ONE), "restore failed: message sequence 1 out of order", (0, 2, 1)),
    ("a large message", s2(MAGIC + state(2, last=2) + ONE + entry("r.2", b"", seq=2, sizes=(0, 1 << 21))),
        "restore failed: message sequence 2 exceeds maximum payload size", (1, 1, 1)),
    ("a message for another stream", s2(MAGIC + state(2, last=2) + ONE + entry("r.2", b"x" * 99, seq=2)),
        "restore failed: message sequence 2 exceeds maximum message size", (1, 1, 1)),
    ("a short tape", s2(b"this is no tape, either"), "restore failed: unexpected EOF", NOTHING),
    ("a long tape", s2(b"this is no tape, either" * 99), "restore failed: archive/tar: invalid tar header", NOTHING),
    ("half a file", s2(tape(meta("R"))[:1560]), "restore failed: unexpected EOF", NOTHING),
    ("a folder", s2(tape(("msgs", b""), kind=tarfile.DIRTYPE)), "restore failed: unexpected content (account=$G)", NOTHING),
    ("a file elsewhere", s2(tape(("../x", b""))), "restore failed: unexpected content (account=$G)", NOTHING),
    ("another's files", s2(tape(meta("Other"))), "restore failed: stream names do not match", NOTHING),
    ("no time to live", s2(MAGIC + state(2, last=2) + ONE + entry("r.2", b"", ttl(b"long"), seq=2)),
        "restore failed: failed to parse message TTL: invalid per-message TTL (10165)", (1, 1, 1)),
]
# The same of backups that are none the worse.
WHOLE = [
    ("without messages", s2(MAGIC + state() + END), (0, 1, 0)),
    ("in two blocks", s2(MAGIC + state(2, last=2) + ONE) + s2(TWO + END), (2, 1, 2)),
    ("with more after its end", s2(MAGIC + state(2, last=2) + ONE + TWO + END + b"more") + b"more", (2, 1, 2)),
    ("with more than its state says", s2(MAGIC + state(1, last=1) + ONE + TWO + END), (2, 1, 2)),
    ("with gaps", s2(MAGIC + state(1, first=4, last=9) + entry("r.6", b"six", seq=6) + END), (1, 6, 9)),
    ("with nothing but gaps", s2(MAGIC + state(0, first=4, last=9) + END), (0, 10, 9)),
    ("with what had its time", s2(MAGIC + state(2, last=2) + ONE + entry("r.2", b"", ttl(b"1s"), seq=2) + END), (1, 1, 2)),
    ("with chunks that say nothing", s2(b"") + b"\xfe\x03\x00\x00abc" + s2(MAGIC + state() + END), (0, 1, 0)),
    ("with what it knows of its consumer", s2(MAGIC + state(2, last=2, consumers=1) + consumer() + ONE + TWO + END), (2, 1, 2)),
]
CONFIG = {"name": "R", "subjects": ["r.>"], "storage": "file", "max_msg_size": 90}


NAMES = (f"R{at}" for at in itertools.count())


async def restored(c, chunks, **config):
    """The answer to a whole restore, of a stream that never was: nats-server is some time about files of one that is gone."""
    config = CONFIG | {"name": next(NAMES)} | config
    answer = await c.api(f"STREAM.RESTORE.{config['name']}", config=config, state={"messages": 1})
    assert "error" not in answer, answer
    for chunk in chunks:
        assert (await c.nc.request(answer["deliver_subject"], chunk, timeout=10)).data == b""
    return config["name"], (await c.ask(answer["deliver_subject"])).get("error", {}).get("description")


async def there(c, name):
    """What is in the stream, which goes."""
    info = await c.api(f"STREAM.INFO.{name}")
    if "error" in info:
        return NOTHING
    await c.api(f"STREAM.DELETE.{name}")
    return tuple(info["state"][key] for key in ("messages", "first_seq", "last_seq"))


async def pieces(c):
    """Backups made by hand."""
    stream, said = await restored(c, [s2(tape(meta("R"), ("msgs/1.blk", b"")))], name="R")
    created = (await c.api("STREAM.INFO.R"))["created"]
    check("an empty stream of before", (said, created, await there(c, stream)), (None, "2026-11-28T19:46:05Z", (0, 0, 0)))
    for name, chunk, error, left in BROKEN:
        for size in (len(chunk) or 1, 7):
            chunks = [chunk[at:at + size] for at in range(0, len(chunk), size)]
            stream, said = await restored(c, chunks)
            check(f"{name} in pieces of {size}", said, error)
            check(f"what {name} leaves", await there(c, stream), left)
    for name, chunk, left in WHOLE:
        stream, said = await restored(c, [chunk])
        check(f"a backup {name}", said, None)
        check(f"what comes of a backup {name}", await there(c, stream), left)
    end = s2(MAGIC + state(2, last=2) + ONE + TWO + END)
    for config, error, left in (
        ({"max_msgs": 1}, None, (1, 2, 2)),
        ({"subjects": ["r.1"]}, None, (2, 1, 2)),
        ({"num_replicas": 3}, "restore failed: error adding stream: replicas > 1 not supported in non-clustered mode (10074)", NOTHING),
        ({"subjects": ["s.1"]}, "restore failed: error adding stream: subjects overlap with an existing stream (10065)", NOTHING),
        ({"sealed": True}, None, (2, 1, 2)),
        ({"storage": "memory"}, None, (2, 1, 2)),
        ({"mirror": {"name": "nobody"}, "subjects": []}, None, (2, 1, 2)),
        ({"first_seq": 9}, "restore failed: failed to store message sequence 1: expected sequence does not match store", (0, 9, 8)),
        ({"retention": "interest"}, None, (2, 1, 2)),
    ):
        stream, said = await restored(c, [end], **config)
        check(f"a restore with {config}", said, error)
        check(f"what comes of {config}", await there(c, stream), left)


BAD_REQUESTS = [
    ("SNAPSHOT.S", b"", 400, 10003, "bad request"),
    ("SNAPSHOT.S", {}, 400, 10003, "bad request"),
    ("SNAPSHOT.None", {"deliver_subject": "x"}, 404, 10059, "stream not found"),
    ("SNAPSHOT.S", {"deliver_subject": "x.*"}, 400, 10015, "deliver subject not valid"),
    ("SNAPSHOT.S", {"chunk_size": 1}, 400, 10015, "deliver subject not valid"),
    ("SNAPSHOT.S", {"deliver": "x"}, 400, 10025, 'invalid JSON: json: unknown field "deliver"'),
    ("SNAPSHOT.S", b"{", 400, 10025, "invalid JSON: unexpected EOF"),
    ("RESTORE.R", b"", 400, 10003, "bad request"),
    ("RESTORE.R", {"config": {"name": "T"}}, 400, 10056, "stream name in subject does not match request"),
    ("RESTORE.S", {"config": {}}, 400, 10130, "stream name already in use, cannot restore"),
    ("RESTORE.R", {"config": {"subjects": ["a..b"]}}, 500, 10052, "invalid subject"),
    ("RESTORE.R", {"config": {"max_bytes": 1 << 62}}, 500, 10047, "insufficient storage resources available"),
    ("RESTORE.R", {"configuration": {}}, 400, 10025, 'invalid JSON: json: unknown field "configuration"'),
    ("RESTORE.R", {"config": {}, "state": {"messages": "x"}}, 400, 10025,
        "invalid JSON: json: cannot unmarshal string into Go struct field StreamState.state.messages of type uint64"),
]


async def refusals(c):
    for subject, body, code, err_code, text in BAD_REQUESTS:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await c.ask("$JS.API.STREAM." + subject, body)
        check(f"{subject} {body}", answer.get("error"), {"code": code, "err_code": err_code, "description": text})


def replies(messages):
    """Where each is to be acknowledged: size and number of the chunk."""
    return [tuple(message.reply.split(".")[5:]) for message in messages]


def status(message):
    headers = message.headers or {}
    return headers.get("Status"), headers.get("Description")


async def transfers(c):
    """What goes back and forth for a snapshot."""
    events, _ = await c.receive("$JS.EVENT.ADVISORY.STREAM.>")
    chunks, over = await c.receive("chunks")
    answer = await c.api("STREAM.SNAPSHOT.Large", deliver_subject="chunks", chunk_size=200_000, window_size=300_000)
    check("what a snapshot tells", sorted(answer), ["config", "state", "type"])
    await over.wait()
    sizes = [len(message.data) for message in chunks]
    check("sizes of chunks", (set(sizes[:-2]), sizes[-2] < 200_000, sizes[-1]), ({200_000}, True, 0))
    check("acks of chunks", replies(chunks), [("200000", str(at + 1)) for at in range(len(sizes) - 2)] + [(), ()])
    check("the end", status(chunks[-1]), ("204", None))

    whole, over = await c.receive("whole")
    await c.api("STREAM.SNAPSHOT.S", deliver_subject="whole")
    await over.wait()
    small, over = await c.receive("small")
    await c.api("STREAM.SNAPSHOT.S", deliver_subject="small", no_consumers=True)
    await over.wait()
    check("a small one", (replies(small), status(small[-1])), ([(), ()], (None, None)))
    check("without consumers", len(small[0].data) < len(whole[0].data) - 500, True)

    # Who does not acknowledge gets no more than the window. Who sends no chunks has what came until then.
    deaf, over = await c.receive("deaf", acks=2)
    await c.api("STREAM.SNAPSHOT.Large", deliver_subject="deaf", chunk_size=4096, window_size=20_000)
    stalled = await c.api("STREAM.RESTORE.R", config=CONFIG)
    start = s2(MAGIC + state(9, last=9) + ONE + TWO)
    check("a first chunk", (await c.nc.request(stalled["deliver_subject"], start)).data, b"")
    try:
        check("published to what is being restored", await c.js.publish("r.3", b""), None)
    except nats.js.errors.NoStreamResponseError:
        pass
    await asyncio.wait_for(over.wait(), 20)
    check("chunks for the deaf", len(deaf), 4 + 2 + 1)
    check("no acks", status(deaf[-1]), ("408", "No Flow Response"))
    for _ in range(100):
        with contextlib.suppress(nats.js.errors.NoStreamResponseError):
            check("the next of a stalled restore", (await c.js.publish("r.3", b"")).seq, 3)
            break
        await asyncio.sleep(0.1)
    try:
        check("a late chunk", (await c.nc.request(stalled["deliver_subject"], b"x")).data, None)
    except NoRespondersError:
        check("what the stalled restore leaves", await there(c, "R"), (3, 1, 3))

    gone = await c.nc.subscribe("gone")
    await c.api("STREAM.SNAPSHOT.Large", deliver_subject="gone", chunk_size=4096, window_size=4096)
    first = await gone.next_msg()
    await gone.unsubscribe()
    mute = await c.api("STREAM.RESTORE.R", config=CONFIG)
    await c.nc.publish(mute["deliver_subject"], b"x")
    stream, said = await restored(c, [s2(MAGIC + state(2, last=2) + ONE + TWO + END)])
    check("what a restore leaves", await there(c, stream), (2, 1, 2))

    def found(kind):
        return [json.loads(e.data) for e in events if e.subject.startswith("$JS.EVENT.ADVISORY.STREAM." + kind)]

    while len(found("RESTORE_COMPLETE")) < 2 or len(found("SNAPSHOT_COMPLETE")) < 5:
        await asyncio.sleep(0.01)
    common = ["id", "stream", "timestamp", "type"]
    for kind, stream, fields in (
        ("SNAPSHOT_CREATE", "Large", ["client", "state"]),
        ("SNAPSHOT_COMPLETE", "Large", ["client", "end", "start"]),
        ("RESTORE_CREATE", "R", ["client"]),
        ("RESTORE_COMPLETE", "R", ["bytes", "client", "end", "start"]),
    ):
        event = found(kind)[0]
        check(f"advisory {kind}", sorted(event), sorted(common + fields))
        check(f"type of {kind}", event["type"], "io.nats.jetstream.advisory.v1." + kind.lower())
        check(f"who asked for {kind}", (event["stream"], event["client"]["acc"], event["client"]["lang"]), (stream, "$G", "python3"))
    errors = [(event["stream"], event.get("error")) for event in found("SNAPSHOT_COMPLETE")]
    check("errors of snapshots", errors, [("Large", None), ("S", None), ("S", None), ("Large", "no flow response"), ("Large", "no interest")])
    check("bytes of restores", [event["bytes"] for event in found("RESTORE_COMPLETE")][0], 0)


async def account(c):
    """All of an account at once."""
    wanted, folder = await described(c), os.path.join(HOME, "account")
    code, said = cli(c.url, "account", "backup", folder, "--force")
    check("account backup", (code, code and said), (0, 0))
    for name in wanted:
        await c.api(f"STREAM.DELETE.{name}")
    code, said = cli(c.url, "account", "restore", folder)
    check("account restore", (code, code and said), (0, 0))
    compare("account", await described(c), backed_up(wanted))


async def main():
    ours = os.environ["SERVER"] == "ours"
    async with Client(URL) as c:
        await fill(c)
        await refusals(c)
        await transfers(c)
    async with Client(URL) as c:
        await pieces(c)
        await account(c)
    await crossing(BIN, BIN, "from and to itself")
    if ours and PARTNER != BIN:
        await crossing(PARTNER, BIN, "from nats-server")
        await crossing(BIN, PARTNER, "to nats-server")
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")


try:
    asyncio.run(main())
finally:
    shutil.rmtree(HOME, ignore_errors=True)
