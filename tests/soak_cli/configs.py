"""Random files that commands read: configurations of streams and of consumers, and contexts, as JSON; and the keys of users.

Must not know of commands, nor whether a server accepts what it writes.
"""
import json

from soak_cli import values

SECOND = 1_000_000_000
MAP = [{"src": "s.*", "dest": "m.{{wildcard(1)}}"}, {"src": "t.>", "dest": "n.>"}]
STREAM = {
    "name": ["S1", "S2", "SJ", "M1"], "subjects": [["s.>"], ["j.*"], ["j.a", "j.b.>"], [], "x", ["a b"]],
    "description": ["", "text", "ü"], "retention": ["limits", "interest", "workqueue", "x"],
    "storage": ["file", "memory"],
    "max_consumers": [-1, 0, 5, 1], "max_msgs": [-1, 0, 10, 3], "max_bytes": [-1, 0, 1000, 1 << 20],
    "max_age": [0, 3600 * SECOND, SECOND, -1], "max_msgs_per_subject": [-1, 0, 1, 5], "max_msg_size": [-1, 0, 10, 1000],
    "discard": ["old", "new"], "discard_new_per_subject": [True, False], "num_replicas": [0, 1, 3],
    "no_ack": [True, False], "duplicate_window": [0, 120 * SECOND, SECOND], "compression": ["s2", "none"],
    "sealed": [False, True], "deny_delete": [True, False], "deny_purge": [True, False], "allow_rollup_hdrs": [True, False],
    "allow_direct": [True, False], "mirror_direct": [True, False],
    "mirror": [{"name": "S1"}, {"name": "S2", "filter_subject": "s.1"}, {"name": "nosuch"}, {"name": "S1", "opt_start_seq": 3},
               {"name": "S1", "subject_transforms": MAP}],
    "sources": [[{"name": "S1"}], [{"name": "S1"}, {"name": "S2"}], [{"name": "S1", "subject_transforms": MAP}], []],
    "republish": [{"src": "s.>", "dest": "r.>"}, {"src": "j.a", "dest": "q", "headers_only": True}],
    "subject_transform": MAP, "first_seq": [0, 5, 100], "metadata": [{"a": "b"}, {}, {"a": "b", "c": "ü"}],
    "allow_msg_ttl": [True, False],
    "consumer_limits": [{"inactive_threshold": 5 * SECOND}, {"max_ack_pending": 10}, {}],
    "subject_delete_marker_ttl": [0, 60 * SECOND, SECOND], "placement": [{"tags": ["a"]}, {}],
    "persist_mode": ["default", "async"],
}
CONSUMER = {
    "durable_name": ["C1", "CJ"], "name": ["C2", "CJ"], "description": ["", "text"], "ack_policy": ["none", "all", "explicit"],
    "ack_wait": [0, 30 * SECOND, SECOND], "deliver_policy": ["all", "last", "new", "by_start_sequence", "last_per_subject"],
    "opt_start_seq": [0, 2, 100], "deliver_subject": ["d.1", ""], "deliver_group": ["g"], "filter_subject": ["s.1", "s.>", ""],
    "filter_subjects": [["s.1", "s.2"], ["s.1"], []], "flow_control": [True, False], "idle_heartbeat": [0, 5 * SECOND],
    "headers_only": [True, False], "max_deliver": [-1, 0, 5], "max_waiting": [0, 5, 512], "max_ack_pending": [-1, 0, 10],
    "replay_policy": ["instant", "original"], "rate_limit_bps": [0, 1000], "sample_freq": ["", "100", "50%", "x"],
    "num_replicas": [0, 1], "mem_storage": [True, False], "metadata": [{"a": "b"}, {}], "max_batch": [0, 10],
    "max_expires": [0, SECOND], "max_bytes": [0, 1000], "inactive_threshold": [0, 60 * SECOND],
    "backoff": [[SECOND, 2 * SECOND], [], None], "pause_until": ["2090-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
}
CONTEXT = {
    "url": ["127.0.0.1:4222", "nats://127.0.0.1:1", "", "bad url", "nats://u:p@127.0.0.1:4222", "localhost:4222,127.0.0.1:4222"],
    "description": ["", "text", "ü €"], "user": ["u", ""], "password": ["p", ""], "token": ["t"],
    "creds": ["", "none.creds", "user.creds"], "nkey": ["none.nk", "user.nk"], "user_jwt": ["x"],
    "user_seed": [values.SEED, "x"], "nsc": ["", "nsc://a/b"], "jetstream_domain": ["", "hub"],
    "jetstream_api_prefix": ["$JS.API", "X"], "inbox_prefix": ["_MY", "a b"], "color_scheme": ["red", "double", "nosuch"],
    "tls_first": [True, False], "nosuch": [1], "cert": ["none.pem"],
}
BROKEN = ["", "{", "[]", "null", '{"name": 5}', '{"nosuch": 1}']
KEYS = {
    "user.creds": ["-----BEGIN NATS USER JWT-----\neyJ0.a.b\n------END NATS USER JWT------\n\n"
                   f"-----BEGIN USER NKEY SEED-----\n{values.SEED}\n------END USER NKEY SEED------\n",
                   f"---\nx\n---\n---\n{values.SEED}\n---", "---\nx\n---", values.SEED],
    "user.nk": [values.SEED, f"# mine\n{values.SEED}\n", f" {values.SEED}", values.SEED[:20], values.SEED[:-1] + "A"],
}
# By what a line has.
FILES = {"stream.json": "stream.json", "consumer.json": "consumer.json", "ctx2": "nats/context/ctx2.json",
         "user.creds": "user.creds", "user.nk": "user.nk"}
BASES = {
    "ctx2": (CONTEXT, {"url": "nats://127.0.0.1:4222"}),
    "stream.json": (STREAM, {"name": "SJ", "subjects": ["j.*"]}),
    "consumer.json": (CONSUMER, {"durable_name": "CJ", "ack_policy": "explicit", "deliver_policy": "all",
                                 "replay_policy": "instant"}),
}


def text(rng, name, oddness):
    """What the file of this name, a key of FILES, shall contain."""
    if rng.random() < oddness:
        return rng.choice(BROKEN)
    if name in KEYS:
        return rng.choice(KEYS[name][:1] * 5 + KEYS[name])
    options, base = BASES[name]
    fields = rng.sample(list(options), rng.choice([1, 2, 3, 5]))
    return json.dumps(base | {field: rng.choice(options[field]) for field in fields}, ensure_ascii=False)
