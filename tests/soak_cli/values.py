"""What may stand for an argument or a flag's value: mostly what makes sense, sometimes what is odd.

Few names, so that commands meet each other's streams, buckets and keys. Must not know which command asks.
"""

BUCKETS = "B1 B1 B1 B2 B2 b-3".split()
STREAMS = "S1 S1 S1 S2 S2 KV_B1".split()
CONSUMERS = "C1 C1 C2 P1".split()
KEYS = "k1 k1 k2 a.b a.c a.b.c x=y k-3 k/4 _k".split()
SUBJECTS = "s.1 s.1 s.2 s.a.b t.1 t.2".split()
PATTERNS = "s.> s.* s.1 t.> > $KV.B1.>".split()
CONTEXTS = "ctx1 ctx1 ctx2 c-3".split()
TEXTS = ["hello", "v1", "two words", "", "äöü €", '{"a":1}', "x" * 200, "日本語", "👍🏽 ok", "a\nb", "\t", "%s %d",
         "\\n", "{{", "{{Count}}", "{{.Count}} of", "{{Random 3 3 | len}}", '{{Count | printf "%05d"}}',
         "{{if eq Count 1}}one{{else}}more{{end}}"]
SEED = "SUAAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIUGBQ"  # of a user

USUAL = {  # by the name of the argument or flag
    "bucket": BUCKETS, "stream": STREAMS, "consumer": CONSUMERS, "durable": CONSUMERS, "key": KEYS, "context": CONTEXTS,
    "name": CONTEXTS, "mirror": BUCKETS + STREAMS, "source": BUCKETS + STREAMS, "destination": ["S2", "D1", "ctx2"],
    "subject": SUBJECTS, "subjects": PATTERNS, "filter": PATTERNS, "last-for": SUBJECTS, "ignore-subject": PATTERNS,
    "transform-source": PATTERNS, "transform-destination": ["x.>", "y.{{wildcard(1)}}", "z.{{partition(3,1)}}"],
    "republish-source": PATTERNS, "republish-destination": ["rp.>", "rp.{{wildcard(1)}}", "s.>"],
    "body": TEXTS, "value": TEXTS, "description": TEXTS, "target": ["d.1", "d.2"], "reply": ["r.1"],
    "deliver-group": ["g1"], "queue": ["q1"], "deliver": "all new last subject 1h 2 10m".split(),
    "header": ["A:1", "B: two words", "Nats-Msg-Id:1", "Nats-TTL:1h", "X-Y:{{Count}}", "Nats-Rollup:sub",
               "Nats-Expected-Last-Sequence:1"],
    "headers": ["A=1"], "match-headers": ["A=1"], "metadata": ["a=1", "b:2", "k=v=w", "ü=ö"], "tag": ["a"],
    "tags": ["a", "b,c"],
    "heartbeat": "1s 10s 50ms".split(), "max-age": "1h 1d 1y 50ms 0".split(), "dupe-window": "1m 2m 1d".split(),
    "until": ["1h", "2090-01-01T00:00:00Z", "2090-01-01 00:00:00"], "pause": ["1h", "2090-01-01T00:00:00Z"],
    "since": ["1h", "1s", "1d"], "content": ["h.*", "."], "match-payload": ["h.*", "ok"],
    "server": ["nats://127.0.0.1:4222", "localhost", "127.0.0.1:4222,127.0.0.1:1"], "inbox-prefix": ["_MY", "inbox.x"],
    "js-api-prefix": ["$JS.API", "X"], "domain": ["hub"], "js-domain": ["hub"], "user": ["u"], "password": ["p", ""],
    "creds": ["user.creds"] * 3 + [
        "user.nk", "none.creds", "file://user.creds", "env://CREDS", "data:;base64,eA==", "data:;base64,e", "nsc://a/b"],
    "nkey": ["user.nk"] * 3 + ["user.creds", "none.nk", "file://user.nk", SEED], "jwt": ["x", "user.creds", "eyJ0.a.b"],
    "seed": [SEED, SEED, "user.nk", "x"], "token": ["t"],
    "output": ["out.json"], "outfile": ["out.json"], "csv": ["out.csv"], "config": ["stream.json", "consumer.json"],
    "translate": ["cat", "tr a-z A-Z", "wc -c", "false"], "command": ["echo hi", "cat", "false"],
    "label": ["kv", "stream", "pub"],
    "match": ["stream", "10058", "not found", "(?i)KEY"], "code": ["10058", "10059", "10014"], "credential": ["none.creds"],
    "payload": ["hi", "ping"], "namespace": ["ns"],
    "count": "1 2 3".split(), "wait": ["300ms", "1s"], "sleep": ["10ms"], "timeout": "500ms 1s 2s".split(),
}
WAITING = ("count", "wait", "sleep", "timeout")  # where only short times are of use
DURATIONS = "1s 5s 1m 2m30s 1h 24h 1d 2w 1M 1y 90s 1h30m 36h 100ms 500us 1d12h".split()
NUMBERS = "0 1 2 3 5 10 100".split()
SIZES = "1K 10K 1MB 1M 100 1024B 512 64KB 2kib 1.5M 1048577".split()

# What is odd: for any value, and for those of a type.
ODD = ["", "nosuch", "bad.name", "übung", "a b", "*", ">", "a..b", ".x", "x.", "-x", "--", "A" * 60, "$JS.API.INFO", "x/y",
       "0", "-1", "["]
ODD_DURATIONS = "0 0s -1s -1 abc 1 1.5h 99999999h 1d2h3 5S 1ns .5s 1e3s never 100y 300y".split()
ODD_NUMBERS = "-1 -2 abc 1.5 1e3 99999999999999999999 9223372036854775807 0x10 1_000 +5 2147483648 256 -0 1,000 01".split()
ODD_SIZES = "-1 0 abc 1.5 1X 99999999999 4GB 3G -5K 1e3 K 0K 1Ki 9999T 2147483648 16384P".split()


# What random texts consist of: wide, combined, unprintable, special to a shell, a table or JSON.
ALPHABETS = ["abc XYZ 019", "äöüßéñ", "日本語中文", "🙂👍🏽👨‍👩‍👧é̂", "\t\r\n", "\x01\x1b\x7f\xa0\xad", "\"'`\\<>&{}[]()",
             ",.;:=|/%$#@!~^*?-_+", "\u2028\u200b\u202e\ufeff\ufffd"]


def random_text(rng):
    letters = "".join(rng.sample(ALPHABETS, rng.choice([1, 1, 2, 4])))
    return "".join(rng.choice(letters) for _ in range(rng.choice([1, 3, 10, 30, 120]))).lstrip("-@")


def random_value(rng, parameter):
    """One that makes sense, but that no list here has; nothing for types that have none."""
    if parameter.type == "duration":
        return f"{rng.randrange(1, 5000)}{rng.choice(['ms', 's', 'm', 'h', 'd', 'us'])}"
    if parameter.type.startswith("size"):
        return f"{rng.randrange(1, 10 ** rng.randrange(1, 9))}{rng.choice(['', 'B', 'K', 'KB'])}"
    if parameter.type.startswith(("int", "uint")):
        return str(rng.randrange(10 ** rng.randrange(1, 6)))
    if parameter.name in ("metadata", "header"):
        return rng.choice(["K=", "K-x:"]) + random_text(rng)
    return random_text(rng) if USUAL.get(parameter.name, TEXTS) is TEXTS and parameter.type != "enum" else None


def of_type(parameter):
    """The usual and the odd values of a type."""
    if parameter.type == "enum":
        return parameter.choices, [parameter.choices[0].upper(), parameter.choices[-1][:2], "nosuch", ""]
    if parameter.type == "duration":
        return DURATIONS, ODD_DURATIONS
    if parameter.type.startswith(("int", "uint")):
        return NUMBERS, ODD_NUMBERS
    if parameter.type.startswith("size"):
        return SIZES, ODD_SIZES
    return TEXTS, ODD


def value(rng, parameter, oddness):
    if parameter.name not in WAITING and rng.random() < 0.2 and (drawn := random_value(rng, parameter)):
        return drawn
    usual, odd = of_type(parameter)
    return rng.choice(odd if rng.random() < oddness else USUAL.get(parameter.name, usual))
