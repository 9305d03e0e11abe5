//! What servers send, a control line at a time.

use super::{Chunks, size};
use crate::wire::op::{Delivery, ServerOp};

/// Reads what servers send.
#[derive(Clone, Debug, Default)]
pub struct ServerOpParser {
    chunks: Chunks,
}

/// A server's bytes that are no operation: the control line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadServerOp(pub Vec<u8>);

impl ServerOpParser {
    /// Reads the next operation; call again until there is none. What is left of `input` is kept for the next chunk.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<ServerOp<'a>>, BadServerOp> {
        self.chunks.join(input);
        let bytes = self.chunks.unread(input);
        let Some(newline) = bytes.iter().position(|b| *b == b'\n') else {
            let length = bytes.len();
            self.chunks.keep(input, length);
            return Ok(None);
        };
        let line = &bytes[..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (verb_end, args_start) = split_verb(line);
        let bad = || BadServerOp(line.to_vec());
        let verb = line[..verb_end].to_ascii_uppercase();
        let mut sizes = (0, 0);
        let mut length = newline + 1;
        if verb == b"MSG" || verb == b"HMSG" {
            sizes = delivery(&verb, &line[args_start..]).ok_or_else(bad)?.1;
            length += sizes.1 + 2;
            if bytes.len() < length {
                let have = bytes.len();
                self.chunks.keep(input, have);
                return Ok(None);
            }
            if &bytes[length - 2..length] != b"\r\n" {
                return Err(bad());
            }
        }
        let line_length = line.len();
        let bytes = self.chunks.take(input, length);
        let line = &bytes[..line_length];
        let args = trim_blanks(&line[args_start..]);
        Ok(Some(match &verb[..] {
            b"MSG" | b"HMSG" => {
                let Some((mut message, _)) = delivery(&verb, args) else {
                    return Err(BadServerOp(line.to_vec()));
                };
                let body = &bytes[newline + 1..length - 2];
                (message.headers, message.payload) = body.split_at(sizes.0);
                ServerOp::Message(message)
            }
            b"PING" => ServerOp::Ping,
            b"PONG" => ServerOp::Pong,
            b"+OK" => ServerOp::Ok,
            b"INFO" => ServerOp::Info(args),
            b"-ERR" => {
                let quoted = args
                    .strip_prefix(b"'")
                    .and_then(|rest| rest.strip_suffix(b"'"));
                ServerOp::Err(quoted.unwrap_or(args))
            }
            _ => return Err(BadServerOp(line.to_vec())),
        }))
    }
}

fn trim_blanks(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Where a line's verb ends and its arguments start.
fn split_verb(line: &[u8]) -> (usize, usize) {
    let end = line
        .iter()
        .position(|b| matches!(b, b' ' | b'\t'))
        .unwrap_or(line.len());
    (
        end,
        end + line[end..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count(),
    )
}

/// Splits the arguments of MSG or HMSG; second: header size, total size.
fn delivery<'a>(verb: &[u8], args: &'a [u8]) -> Option<(Delivery<'a>, (usize, usize))> {
    let mut parts = args
        .split(|b| matches!(b, b' ' | b'\t'))
        .filter(|w| !w.is_empty());
    let total = size(parts.next_back()?)?;
    let header = if verb == b"HMSG" {
        size(parts.next_back()?)?
    } else {
        0
    };
    let (subject, sid) = (parts.next()?, parts.next()?);
    let reply = parts.next().unwrap_or_default();
    if parts.next().is_some() || header > total {
        return None;
    }
    Some((
        Delivery {
            subject,
            sid,
            reply,
            ..Default::default()
        },
        (header, total),
    ))
}
