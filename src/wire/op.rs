//! The operations of the client protocol in both directions and how they are written. Fields are bytes: the protocol
//! passes on whatever it is given. Reading them is `parser`'s work.

use super::decimal;

/// What a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOp<'a> {
    /// `CONNECT {json}`
    Connect(&'a [u8]),
    /// `PUB` or `HPUB`.
    Publish(Publish<'a>),
    /// `SUB subject [queue] sid`
    Subscribe {
        /// Subject, wildcards allowed.
        subject: &'a [u8],
        /// Queue group.
        queue: Option<&'a [u8]>,
        /// Name of the subscription within the connection: any text without blanks.
        sid: &'a [u8],
    },
    /// `UNSUB sid [max]`
    Unsubscribe {
        /// What [`ClientOp::Subscribe`] named.
        sid: &'a [u8],
        /// End after this many messages since the SUB, not at once.
        max: Option<u64>,
    },
    /// `PING`
    Ping,
    /// `PONG`
    Pong,
    /// `+OK`, which servers ignore.
    Ok,
    /// `-ERR text`; the text as it came, quotes included.
    Err(&'a [u8]),
    /// `INFO {json}`, which servers ignore.
    Info(&'a [u8]),
}

/// A message from a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Subject.
    pub subject: &'a [u8],
    /// Reply subject; empty when there is none.
    pub reply: &'a [u8],
    /// Header block; empty when there is none.
    pub headers: &'a [u8],
    /// Payload without headers.
    pub payload: &'a [u8],
    /// Header size and total size as typed (`007`): receivers get them back verbatim. Empty: write the real ones.
    pub sizes: (&'a [u8], &'a [u8]),
}

/// What a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerOp<'a> {
    /// `INFO {json}`
    Info(&'a [u8]),
    /// `MSG` or `HMSG`.
    Message(Delivery<'a>),
    /// `+OK`
    Ok,
    /// `-ERR 'text'`; the text without quotes.
    Err(&'a [u8]),
    /// `PING`
    Ping,
    /// `PONG`
    Pong,
}

/// A message to a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// Subject it was published to.
    pub subject: &'a [u8],
    /// Subscription it is for.
    pub sid: &'a [u8],
    /// Reply subject; empty when there is none.
    pub reply: &'a [u8],
    /// Header block; empty when there is none.
    pub headers: &'a [u8],
    /// Payload without headers.
    pub payload: &'a [u8],
}

impl ClientOp<'_> {
    /// Appends the operation as it goes over the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            ClientOp::Connect(json) => line(out, &[b"CONNECT", json]),
            ClientOp::Publish(message) => message.write(out),
            ClientOp::Subscribe {
                subject,
                queue,
                sid,
            } => {
                line(out, &[b"SUB", subject, queue.unwrap_or_default(), sid]);
            }
            ClientOp::Unsubscribe { sid, max: None } => line(out, &[b"UNSUB", sid]),
            ClientOp::Unsubscribe {
                sid,
                max: Some(max),
            } => line(out, &[b"UNSUB", sid, max.to_string().as_bytes()]),
            ClientOp::Ping => line(out, &[b"PING"]),
            ClientOp::Pong => line(out, &[b"PONG"]),
            ClientOp::Ok => line(out, &[b"+OK"]),
            ClientOp::Err(text) => line(out, &[b"-ERR", text]),
            ClientOp::Info(json) => line(out, &[b"INFO", json]),
        }
    }
}

impl Publish<'_> {
    /// Appends `PUB` or, with a header block, `HPUB`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let verb: &[u8] = if self.headers.is_empty() {
            b"PUB"
        } else {
            b"HPUB"
        };
        out.extend_from_slice(verb);
        word(out, self.subject);
        word(out, self.reply);
        body(out, self.headers, self.payload, self.sizes);
    }
}

impl ServerOp<'_> {
    /// Appends the operation as it goes over the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        match *self {
            ServerOp::Info(json) => {
                out.extend_from_slice(b"INFO ");
                out.extend_from_slice(json);
                out.extend_from_slice(b" \r\n");
            }
            ServerOp::Message(message) => message.write(out, Default::default()),
            ServerOp::Ok => line(out, &[b"+OK"]),
            ServerOp::Err(text) => {
                out.extend_from_slice(b"-ERR '");
                out.extend_from_slice(text);
                out.extend_from_slice(b"'\r\n");
            }
            ServerOp::Ping => line(out, &[b"PING"]),
            ServerOp::Pong => line(out, &[b"PONG"]),
        }
    }
}

impl Delivery<'_> {
    /// Appends `MSG` or, with a header block, `HMSG`. `sizes` as in [`Publish::sizes`].
    pub fn write(&self, out: &mut Vec<u8>, sizes: (&[u8], &[u8])) {
        self.write_head(out);
        body(out, self.headers, self.payload, sizes);
    }

    /// Like [`Delivery::write`] with a second blank before the size, the form of an account's internal client.
    pub fn write_double_space(&self, out: &mut Vec<u8>) {
        self.write_head(out);
        out.push(b' ');
        body(out, self.headers, self.payload, Default::default());
    }

    fn write_head(&self, out: &mut Vec<u8>) {
        let parts = [
            self.subject,
            self.sid,
            self.reply,
            self.headers,
            self.payload,
        ];
        // Room for all of it at once, the rest of the lines included.
        out.reserve(parts.iter().map(|part| part.len()).sum::<usize>() + 64);
        let verb: &[u8] = if self.headers.is_empty() {
            b"MSG"
        } else {
            b"HMSG"
        };
        out.extend_from_slice(verb);
        word(out, self.subject);
        word(out, self.sid);
        word(out, self.reply);
    }
}

/// Appends words separated by a blank, empty ones left out, and CRLF.
fn line(out: &mut Vec<u8>, words: &[&[u8]]) {
    for (i, text) in words.iter().enumerate() {
        if i == 0 {
            out.extend_from_slice(text);
        } else {
            word(out, text);
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn word(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() {
        out.push(b' ');
        out.extend_from_slice(text);
    }
}

/// Appends the sizes, CRLF, headers, payload and CRLF.
fn body(out: &mut Vec<u8>, headers: &[u8], payload: &[u8], sizes: (&[u8], &[u8])) {
    out.reserve(headers.len() + payload.len() + 32);
    if !headers.is_empty() {
        size(out, headers.len(), sizes.0);
    }
    size(out, headers.len() + payload.len(), sizes.1);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

fn size(out: &mut Vec<u8>, value: usize, typed: &[u8]) {
    if !typed.is_empty() {
        return word(out, typed);
    }
    out.push(b' ');
    decimal::push(out, value as u64);
}
