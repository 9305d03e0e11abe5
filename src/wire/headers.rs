//! NATS/1.0 header blocks: `NATS/1.0[ status[ text]]␍␊`, `Key: value␍␊` lines, an empty line. A server passes blocks on as
//! they are and looks keys up literally; a client reads status and fields and writes blocks.

/// First line of a block without a status.
pub const VERSION: &str = "NATS/1.0";

/// A value by its key, as nats-server finds it: case-sensitive, directly after CRLF, directly before `:`, first hit wins,
/// leading spaces of the value skipped (`getHeaderKeyIndex`).
pub fn get<'a>(block: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let (_, value) = find(block, key)?;
    Some(&block[value.0..value.1])
}

/// `block` without each `key`; empty when nothing but the version line is left.
pub fn remove(block: &[u8], key: &str) -> Vec<u8> {
    // A line is found by the end of the one before it, which `rest` begins with.
    let (mut kept, mut rest) = (Vec::with_capacity(block.len()), block);
    while let Some((start, (_, end))) = find(rest, key) {
        kept.extend_from_slice(&rest[..start - 2]);
        rest = &rest[end..];
        if rest.is_empty() {
            rest = b"\r\n";
        }
    }
    kept.extend_from_slice(rest);
    if kept.len() < block.len() && kept.len() <= VERSION.len() + 4 {
        kept.clear();
    }
    kept
}

/// `block` with another value for the first `key`, behind at most one of the blanks that were there.
pub fn replace(block: &[u8], key: &str, value: &[u8]) -> Vec<u8> {
    match find(block, key) {
        Some((at, (start, end))) => {
            let start = start.min(at + key.len() + 2);
            [&block[..start], value, &block[end..]].concat()
        }
        None => block.to_vec(),
    }
}

/// Appends a field to `block`, which is started when empty.
pub fn push(block: &mut Vec<u8>, key: &str, value: &[u8]) {
    if block.is_empty() {
        block.extend_from_slice(VERSION.as_bytes());
        block.extend_from_slice(b"\r\n\r\n");
    }
    block.truncate(block.len().saturating_sub(2));
    block.extend_from_slice(key.as_bytes());
    block.extend_from_slice(b": ");
    block.extend_from_slice(value);
    block.extend_from_slice(b"\r\n\r\n");
}

/// Does a field that [`push`] appends begin a line? It does not where the end of the last line is missing.
pub fn is_open(block: &[u8]) -> bool {
    block.is_empty() || block[..block.len().saturating_sub(2)].ends_with(b"\r\n")
}

/// Status code of the first line (`NATS/1.0 404 Message Not Found` → 404) and its description; `None` without one.
pub fn status(block: &[u8]) -> Option<(u16, &str)> {
    let line = block.split(|b| *b == b'\r' || *b == b'\n').next()?;
    let rest = str::from_utf8(line.strip_prefix(VERSION.as_bytes())?)
        .ok()?
        .trim();
    let code = rest.get(..3)?.parse().ok()?;
    Some((code, rest[3..].trim_start()))
}

/// Lines, which end with CRLF; the last may lack it.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(block);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all.windows(2).position(|pair| pair == b"\r\n");
        rest = end.map(|end| &all[end + 2..]);
        Some(&all[..end.unwrap_or(all.len())])
    })
}

/// Fields in order, key and value trimmed as clients do. Lines without a colon are skipped.
pub fn fields(block: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    block.split(|b| *b == b'\n').skip(1).filter_map(|line| {
        let (key, value) = str::from_utf8(line).ok()?.split_once(':')?;
        Some((key.trim(), value.trim()))
    })
}

/// Where the line of `key` starts, and where its value starts and ends.
fn find(block: &[u8], key: &str) -> Option<(usize, (usize, usize))> {
    let mut at = 0;
    while let Some(line_end) = block[at..].windows(2).position(|pair| pair == b"\r\n") {
        at += line_end + 2;
        if let Some(rest) = block[at..].strip_prefix(key.as_bytes())
            && rest.first() == Some(&b':')
        {
            let rest = &rest[1..];
            let blanks = rest.iter().take_while(|b| **b == b' ').count();
            let start = at + key.len() + 1 + blanks;
            let value = &block[start..];
            let length = value
                .windows(2)
                .position(|pair| pair == b"\r\n")
                .unwrap_or(value.len());
            return Some((at, (start, start + length)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"NATS/1.0\r\nA: 1\r\nKV-Operation:   DEL\r\nA: 2\r\nE:\r\n\r\n";

    #[test]
    fn lookup_is_literal() {
        assert_eq!(get(BLOCK, "A"), Some(&b"1"[..]));
        assert_eq!(get(BLOCK, "KV-Operation"), Some(&b"DEL"[..]));
        assert_eq!(get(BLOCK, "E"), Some(&b""[..]));
        assert_eq!(get(BLOCK, "kv-operation"), None);
        assert_eq!(get(BLOCK, "KV"), None);
        assert_eq!(get(b"", "A"), None);
        assert_eq!(get(b"A: 1\r\n\r\n", "A"), None);
        assert_eq!(get(b"NATS/1.0\r\nA:x", "A"), Some(&b"x"[..]));
    }

    #[test]
    fn fields_come_and_go() {
        let mut block = Vec::new();
        push(&mut block, "A", b"1");
        push(&mut block, "B", b"2");
        assert_eq!(block, b"NATS/1.0\r\nA: 1\r\nB: 2\r\n\r\n");
        let other = replace(&block, "A", b"long");
        assert_eq!(other, b"NATS/1.0\r\nA: long\r\nB: 2\r\n\r\n");
        let other = replace(b"NATS/1.0\r\nA:  \t1\r\nA: 2\r\n\r\n", "A", b"3");
        assert_eq!(other, b"NATS/1.0\r\nA: 3\r\nA: 2\r\n\r\n");
        block = remove(&block, "A");
        assert_eq!(block, b"NATS/1.0\r\nB: 2\r\n\r\n");
        assert_eq!(remove(&block, "none"), block);
        assert_eq!(
            remove(BLOCK, "A"),
            b"NATS/1.0\r\nKV-Operation:   DEL\r\nE:\r\n\r\n"
        );
        assert_eq!(
            remove(b"NATS/1.0\r\nB: 1234\r\nA:x", "A"),
            b"NATS/1.0\r\nB: 1234\r\n"
        );
        assert!(remove(&block, "B").is_empty());
        assert_eq!(
            fields(BLOCK).collect::<Vec<_>>(),
            [("A", "1"), ("KV-Operation", "DEL"), ("A", "2"), ("E", "")]
        );
    }

    #[test]
    fn many_of_one_name_go() {
        let block = format!("NATS/1.0\r\nB: 1234\r\n{}\r\n", "A:\r\n".repeat(200_000));
        let left = remove(block.as_bytes(), "A");
        assert_eq!(left, b"NATS/1.0\r\nB: 1234\r\n\r\n");
    }

    #[test]
    fn status_line() {
        assert_eq!(
            status(b"NATS/1.0 404 Message Not Found\r\n\r\n"),
            Some((404, "Message Not Found"))
        );
        assert_eq!(
            status(b"NATS/1.0 503\r\nNats-Subject: x\r\n\r\n"),
            Some((503, ""))
        );
        assert_eq!(status(BLOCK), None);
        assert_eq!(status(b"NATS/1.0 x\r\n\r\n"), None);
    }
}
