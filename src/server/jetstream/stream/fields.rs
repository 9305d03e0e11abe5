//! The header fields of a published message that mean something to a stream, found in one pass.

use std::borrow::Cow;

use crate::wire::{headers, ttl::digits};

/// Values as published, leading blanks dropped; empty ones count as absent.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // Each is the header `Nats-` and its name.
pub struct Fields<'a> {
    pub msg_id: &'a [u8],
    pub expected_stream: &'a [u8],
    pub expected_last_sequence: &'a [u8],
    pub expected_last_subject_sequence: &'a [u8],
    pub expected_last_subject_sequence_subject: &'a [u8],
    pub expected_last_msg_id: &'a [u8],
    pub rollup: &'a [u8],
    pub ttl: &'a [u8],
    pub incr: &'a [u8],
    pub batch_id: &'a [u8],
    pub stream_source: &'a [u8],
    pub schedule: &'a [u8],
    pub schedule_next: &'a [u8],
    pub scheduler: &'a [u8],
    pub marker_reason: &'a [u8],
    /// `KV-Operation`, without `Nats-`.
    pub kv_operation: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads a header block. As nats-server looks for them: case matters, the first of a name counts.
    pub fn read(block: &'a [u8]) -> Fields<'a> {
        let mut fields = Fields::default();
        if block.is_empty() {
            return fields;
        }
        // A table: a `match` on bytes would be ten times the code.
        let known: [(&[u8], &mut &[u8]); 16] = [
            (b"Nats-Msg-Id", &mut fields.msg_id),
            (b"Nats-Expected-Stream", &mut fields.expected_stream),
            (
                b"Nats-Expected-Last-Sequence",
                &mut fields.expected_last_sequence,
            ),
            (
                b"Nats-Expected-Last-Subject-Sequence",
                &mut fields.expected_last_subject_sequence,
            ),
            (
                b"Nats-Expected-Last-Subject-Sequence-Subject",
                &mut fields.expected_last_subject_sequence_subject,
            ),
            (
                b"Nats-Expected-Last-Msg-Id",
                &mut fields.expected_last_msg_id,
            ),
            (b"Nats-Rollup", &mut fields.rollup),
            (b"Nats-TTL", &mut fields.ttl),
            (b"Nats-Incr", &mut fields.incr),
            (b"Nats-Batch-Id", &mut fields.batch_id),
            (b"Nats-Stream-Source", &mut fields.stream_source),
            (b"Nats-Schedule", &mut fields.schedule),
            (b"Nats-Schedule-Next", &mut fields.schedule_next),
            (b"Nats-Scheduler", &mut fields.scheduler),
            (b"Nats-Marker-Reason", &mut fields.marker_reason),
            (b"KV-Operation", &mut fields.kv_operation),
        ];
        let mut seen = 0u32;
        for line in headers::lines(block).skip(1) {
            let Some(colon) = line.iter().position(|b| *b == b':') else {
                continue;
            };
            let value = &line[colon + 1..];
            let blanks = value.iter().take_while(|b| **b == b' ').count();
            let found = known.iter().position(|(name, _)| *name == &line[..colon]);
            if let Some(at) = found
                && seen & (1 << at) == 0
            {
                seen |= 1 << at;
                *known[at].1 = &value[blanks..];
            }
        }
        fields
    }
}

/// An expected sequence; what is no number is 2^64-1, which is always wrong.
pub fn parse_seq(value: &[u8]) -> u64 {
    digits(value).map_or(u64::MAX, |n| n as u64)
}

/// The block as it is stored: without a status on its first line and without `Nats-Request-Info`.
pub fn clean(block: &[u8]) -> Cow<'_, [u8]> {
    let version = headers::VERSION.as_bytes();
    let mut block = Cow::Borrowed(block);
    if let Some(rest) = block.strip_prefix(version)
        && let Some(line @ 1..) = rest.iter().position(|b| *b == b'\r')
    {
        let rest = &rest[line..];
        block = match rest.len() {
            4 => Cow::Borrowed(b""),
            _ => Cow::Owned([version, rest].concat()),
        };
    }
    if headers::get(&block, "Nats-Request-Info").is_some() {
        block = Cow::Owned(headers::remove(&block, "Nats-Request-Info"));
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_the_first_of_their_name() {
        let fields = Fields::read(
            b"NATS/1.0\r\nnats-msg-id: x\r\nNats-Msg-Id:  a \r\nNats-Msg-Id: b\r\nNats-Rollup:\r\n\r\n",
        );
        assert_eq!((fields.msg_id, fields.rollup), (&b"a "[..], &b""[..]));
        assert_eq!(
            (parse_seq(b"12"), parse_seq(b"x"), parse_seq(b"-1")),
            (12, u64::MAX, u64::MAX)
        );
        assert_eq!(parse_seq(b"18446744073709551617"), 1);
    }

    #[test]
    fn status_lines_are_not_stored() {
        assert_eq!(
            &*clean(b"NATS/1.0 503 x\r\nA: b\r\n\r\n"),
            b"NATS/1.0\r\nA: b\r\n\r\n"
        );
        assert_eq!(&*clean(b"NATS/1.0 503 x\r\n\r\n"), b"");
        for kept in [&b"NATS/1.0\r\n\r\n"[..], b"NATS/1.0", b"NATS/1.0\nA: t\n\n"] {
            assert_eq!(&*clean(kept), kept);
        }
        assert_eq!(
            &*clean(b"NATS/1.0\r\nNats-Request-Info: {}\r\nA: b\r\n\r\n"),
            b"NATS/1.0\r\nA: b\r\n\r\n"
        );
    }
}
