//! A message and its headers as a client sees them. Knows no connection.

use crate::wire::headers;

/// Header fields in order. Names are looked up exactly as written: nats-server and nats.go do not fold case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    pub const fn new() -> Headers {
        Headers(Vec::new())
    }

    /// Adds a field after those of its name, or else after all.
    pub fn append(&mut self, name: &str, value: &str) {
        let last = self.0.iter().rposition(|(n, _)| n == name);
        let at = last.map_or(self.0.len(), |at| at + 1);
        self.0.insert(at, (name.into(), value.into()));
    }

    /// Has every field a name that nats.go sends?
    pub fn well_named(&self) -> bool {
        const SEPARATORS: &str = "\"()/,:;<=>?@[\\]{}";
        let fits = |c: char| c.is_ascii_graphic() && !SEPARATORS.contains(c);
        self.iter()
            .all(|(name, _)| !name.is_empty() && name.chars().all(fits))
    }

    /// Replaces every field of that name by one.
    pub fn insert(&mut self, name: &str, value: &str) {
        self.0.retain(|(n, _)| n != name);
        self.append(name, value);
    }

    /// The first value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value under `name`: what a server adds comes after what was stored.
    pub fn last(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().rposition(|(n, _)| n == name)?;
        self.0.get(at).map(|(_, value)| value.as_str())
    }

    /// Removes the last field of that name.
    pub fn remove_last(&mut self, name: &str) {
        if let Some(at) = self.0.iter().rposition(|(n, _)| n == name) {
            self.0.remove(at);
        }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// No fields at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The block for HPUB, `NATS/1.0` to the empty line; empty when there are no fields. Line ends inside names or values
    /// become blanks, so that a value cannot add fields.
    pub fn encode(&self) -> Vec<u8> {
        let one_line = |text: &str| text.replace(['\r', '\n'], " ");
        let mut block = Vec::new();
        for (name, value) in self.iter() {
            headers::push(&mut block, &one_line(name), one_line(value).as_bytes());
        }
        block
    }

    /// Reads a header block: its fields and the status line, if it has one.
    pub fn decode(block: &[u8]) -> (Headers, Option<Status>) {
        let fields = headers::fields(block).map(|(name, value)| (name.into(), value.into()));
        let status = headers::status(block).map(|(code, description)| Status {
            code,
            description: description.into(),
        });
        (Headers(fields.collect()), status)
    }
}

/// The status line of a header block: `100 Idle Heartbeat`, `404 No Messages`, `503` …
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The number.
    pub code: u16,
    /// The text after it; may be empty.
    pub description: String,
}

/// A message received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Subject it was published to. Bytes that are no UTF-8 are replaced.
    pub subject: String,
    /// Where an answer is wanted; acknowledgements of JetStream messages go here too.
    pub reply: Option<String>,
    /// Header fields.
    pub headers: Headers,
    /// Status line, for messages of the server itself.
    pub status: Option<Status>,
    /// Payload without headers.
    pub payload: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_both_ways() {
        let mut headers = Headers::new();
        headers.append("KV-Operation", "PURGE");
        headers.insert("Nats-Rollup", "all");
        headers.insert("Nats-Rollup", "sub");
        let block = headers.encode();
        assert_eq!(
            block,
            b"NATS/1.0\r\nKV-Operation: PURGE\r\nNats-Rollup: sub\r\n\r\n"
        );
        assert_eq!(Headers::decode(&block), (headers, None));

        let (headers, status) = Headers::decode(b"NATS/1.0 503\r\nNats-Subject: foo\r\n\r\n");
        assert_eq!(headers.get("Nats-Subject"), Some("foo"));
        assert_eq!(headers.get("nats-subject"), None);
        assert_eq!(
            status,
            Some(Status {
                code: 503,
                description: String::new()
            })
        );
        let (_, status) = Headers::decode(b"NATS/1.0 100 Idle Heartbeat\r\n\r\n");
        assert_eq!(
            status,
            Some(Status {
                code: 100,
                description: "Idle Heartbeat".into()
            })
        );
    }

    #[test]
    fn fields_of_one_name_stay_together() {
        let mut headers = Headers::new();
        for (name, value) in [("A", "1"), ("C", "2"), ("A", "3")] {
            headers.append(name, value);
        }
        assert_eq!(
            headers.iter().collect::<Vec<_>>(),
            [("A", "1"), ("A", "3"), ("C", "2")]
        );
    }

    #[test]
    fn names_are_printable_without_separators() {
        let named = |name: &str| {
            let mut headers = Headers::new();
            headers.append(name, "v");
            headers.well_named()
        };
        assert!(named("Nats-Msg-Id") && named("a.b_c~!"));
        assert!(
            !["", "a b", "a:b", "ä", "a/b", "a\\b"]
                .into_iter()
                .any(named)
        );
    }

    #[test]
    fn values_cannot_add_fields() {
        let mut headers = Headers::new();
        headers.append("a", "1\r\nb: 2");
        assert_eq!(headers.encode(), b"NATS/1.0\r\na: 1  b: 2\r\n\r\n");
    }
}
