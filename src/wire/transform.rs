//! Subject transforms: a source pattern and a destination with place holders (`$1`, `{{partition(3,1)}}` …), as in
//! streams, their sources, mirrors and republishing.

use super::subject;

/// One token of the destination.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// The token itself.
    Text(Vec<u8>),
    /// The rest of the source's tokens.
    Rest,
    /// A token of the source, whole.
    Token(i64),
    /// A hash of tokens of the source, or of all of it, modulo the number of partitions.
    Partition { tokens: Vec<i64>, count: i32 },
    /// A random number below the maximum.
    Random(i32),
    /// A token of the source cut at a place.
    Cut { cut: Cut, token: i64, at: i32 },
    /// A token of the source split at a delimiter.
    Split { token: i64, delimiter: Vec<u8> },
}

/// Ways to cut a token at a number of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    SplitFromLeft,
    SplitFromRight,
    SliceFromLeft,
    SliceFromRight,
    Left,
    Right,
}

/// A transform that can be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    source: Vec<u8>,
    source_tokens: usize,
    parts: Vec<Part>,
}

const BAD_SUBJECT: &str = "invalid subject";
const INVALID: &str = "invalid mapping destination: invalid transform";
const UNKNOWN: &str = "invalid mapping destination: unknown function";
const OUT_OF_RANGE: &str = "invalid mapping destination: wildcard index out of range";
const NOT_ENOUGH: &str = "invalid mapping destination: not enough arguments passed to the function";
const TOO_MANY: &str = "invalid mapping destination: too many arguments passed to the function";
const INVALID_ARGUMENT: &str =
    "invalid mapping destination: function argument is invalid or in the wrong format";

fn fail<T>(error: &str, token: &[u8]) -> Result<T, String> {
    Err(match token {
        b"" => error.into(),
        token => format!("{error} in {}", String::from_utf8_lossy(token)),
    })
}

impl Transform {
    /// A transform from `source` (empty: `>`) to `destination`; `None` without a destination.
    ///
    /// # Errors
    /// The texts of nats-server's `NewSubjectTransform`.
    pub fn new(source: &str, destination: &str) -> Result<Option<Transform>, String> {
        if destination.is_empty() {
            return Ok(None);
        }
        let source = if source.is_empty() { ">" } else { source }.as_bytes();
        let (Some(from), Some(to)) = (shape(source), shape(destination.as_bytes())) else {
            return Err(BAD_SUBJECT.into());
        };
        if !to.wildcards.is_empty() || from.rest != to.rest {
            return Err(BAD_SUBJECT.into());
        }
        let wild = from.rest || !from.wildcards.is_empty();
        let mut parts = Vec::new();
        for token in subject::tokens(destination.as_bytes()) {
            parts.push(match place_holder(token)? {
                None if token == b">" => Part::Rest,
                None => Part::Text(token.to_vec()),
                Some(part) if wild => resolve(part, &from.wildcards, token)?,
                Some(part @ Part::Random(_)) => part,
                // Without wildcards the whole subject is hashed.
                Some(Part::Partition { count, .. }) => Part::Partition {
                    tokens: Vec::new(),
                    count,
                },
                Some(_) => return fail(OUT_OF_RANGE, token),
            });
        }
        Ok(Some(Transform {
            source: source.to_vec(),
            source_tokens: subject::tokens(source).count(),
            parts,
        }))
    }

    /// Checks a configured transform more strictly than [`Transform::new`].
    ///
    /// # Errors
    /// The texts of nats-server's `ValidateMapping`.
    pub fn validate(source: &str, destination: &str) -> Result<(), String> {
        if destination.is_empty() {
            return Ok(());
        }
        let mut ended = false;
        for token in subject::tokens(destination.as_bytes()) {
            if token.is_empty() || ended {
                return fail(INVALID, token);
            }
            if is_function(token) {
                if function(token).is_none() {
                    return fail(UNKNOWN, token);
                }
            } else if token == b">" {
                ended = true;
            } else if token.iter().any(|b| b"\t\n\x0c\r ".contains(b)) {
                return Err(INVALID.into());
            }
        }
        Transform::new(source, destination).map(|_| ())
    }

    /// The subject transformed, if it matches; `random` feeds `{{random(n)}}`.
    pub fn apply(&self, subject: &[u8], random: u64) -> Option<Vec<u8>> {
        if self.source == b">" && self.parts == [Part::Rest] {
            return Some(subject.to_vec());
        }
        let fits = subject::is_subscribable(subject) && subject::is_literal(subject);
        if !fits || !subject::is_subset(subject, &self.source) {
            return None;
        }
        let tokens: Vec<&[u8]> = subject::tokens(subject).collect();
        let mut out = Vec::with_capacity(subject.len());
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                out.push(b'.');
            }
            let token = |index: i64| tokens.get(index as usize).copied().unwrap_or_default();
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Rest => {
                    let rest = tokens.get(self.source_tokens - 1..).unwrap_or_default();
                    out.extend_from_slice(&rest.join(&b'.'));
                }
                Part::Token(index) => out.extend_from_slice(token(*index)),
                Part::Partition {
                    tokens: chosen,
                    count,
                } => {
                    let hash = match chosen.as_slice() {
                        [] => fnv1a(&[subject]),
                        chosen => fnv1a(&chosen.iter().map(|&i| token(i)).collect::<Vec<_>>()),
                    };
                    let number = hash.checked_rem(*count as u32).unwrap_or(0);
                    out.extend_from_slice(number.to_string().as_bytes());
                }
                Part::Random(max) => {
                    let number = (random >> 33) as u32;
                    let number = (number as i32).checked_rem(*max).unwrap_or(0);
                    out.extend_from_slice(number.to_string().as_bytes());
                }
                Part::Cut {
                    cut,
                    token: index,
                    at,
                } => {
                    cut_token(&mut out, *cut, token(*index), *at);
                }
                Part::Split {
                    token: index,
                    delimiter,
                } => {
                    split_token(&mut out, token(*index), delimiter);
                }
            }
        }
        Some(out)
    }
}

/// What a subject is made of: positions of its `*` tokens, and whether it ends in `>`.
struct Shape {
    wildcards: Vec<i64>,
    rest: bool,
}

fn shape(subject: &[u8]) -> Option<Shape> {
    let mut shape = Shape {
        wildcards: Vec::new(),
        rest: false,
    };
    for (at, token) in subject::tokens(subject).enumerate() {
        if token.is_empty() || shape.rest {
            return None;
        }
        match token {
            b">" => shape.rest = true,
            b"*" => shape.wildcards.push(at as i64),
            _ => {}
        }
    }
    Some(shape)
}

/// Wildcard numbers (from 1; lower ones count as the first token, as in nats-server) to positions in the source.
fn resolve(mut part: Part, wildcards: &[i64], token: &[u8]) -> Result<Part, String> {
    let position = |number: i64| {
        if number < 1 {
            return Ok(0);
        }
        let at = usize::try_from(number - 1).ok();
        at.and_then(|at| wildcards.get(at)).copied().ok_or_else(|| {
            let token = String::from_utf8_lossy(token);
            format!("{OUT_OF_RANGE} in {token}: [{number}]")
        })
    };
    match &mut part {
        Part::Token(index) | Part::Cut { token: index, .. } | Part::Split { token: index, .. } => {
            *index = position(*index)?;
        }
        Part::Partition { tokens, .. } => {
            for index in tokens {
                *index = position(*index)?;
            }
        }
        Part::Text(_) | Part::Rest | Part::Random(_) => {}
    }
    Ok(part)
}

fn is_function(token: &[u8]) -> bool {
    token.len() > 4 && token.starts_with(b"{{") && token.ends_with(b"}}")
}

/// Names of functions in the order in which nats-server looks for them.
const FUNCTIONS: [&str; 10] = [
    "Wildcard",
    "Partition",
    "SplitFromLeft",
    "SplitFromRight",
    "SliceFromLeft",
    "SliceFromRight",
    "Right",
    "Left",
    "Split",
    "Random",
];

/// Name and arguments of the function that a token is, or that is anywhere in it: nats-server's regular expressions
/// (`indexPlaceHolders`) are not tied to the ends, and their arguments go up to the last `)}}`.
fn function(token: &[u8]) -> Option<(&'static str, &str)> {
    let token = str::from_utf8(token).ok()?;
    FUNCTIONS.iter().find_map(|name| {
        let found = token.char_indices().find_map(|(at, _)| {
            let inner = token[at..].strip_prefix("{{")?;
            arguments(inner.trim_ascii_start(), name)
        });
        Some((*name, found?))
    })
}

/// What is between the parentheses after a name. The capitals of the name, and no other letters, may be small.
fn arguments<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (is, rest) = text.split_at_checked(name.len())?;
    let same = |(a, b): (u8, u8)| a == b || a.to_ascii_lowercase() == b;
    if !name.bytes().zip(is.bytes()).all(same) {
        return None;
    }
    let rest = rest.trim_ascii_start().strip_prefix('(')?;
    let closes = |at: &usize| rest[at + 1..].trim_ascii_start().starts_with("}}");
    let mut ends = rest.rmatch_indices(')').map(|(at, _)| at);
    ends.find(closes).map(|end| &rest[..end])
}

/// The place holder a destination token is, with wildcard numbers not resolved yet; `None` for an ordinary token.
fn place_holder(token: &[u8]) -> Result<Option<Part>, String> {
    if token.len() > 1 && token[0] == b'$' {
        // Other tokens may start with `$` too.
        let number = str::from_utf8(&token[1..])
            .ok()
            .and_then(|n| n.parse().ok());
        return Ok(number.map(Part::Token));
    }
    if !is_function(token) {
        return Ok(None);
    }
    let Some((name, text)) = function(token) else {
        return fail(UNKNOWN, token);
    };
    let arguments: Vec<&str> = text.split(',').map(str::trim_start).collect();
    let number = |text: &str| match text.trim_matches(' ').parse::<i32>() {
        Ok(number) => Ok(number),
        Err(_) => fail(INVALID_ARGUMENT, token),
    };
    let index = |text: &str| match text.trim_matches(' ').parse() {
        Ok(index) => Ok(index),
        Err(_) => fail(INVALID_ARGUMENT, token),
    };
    let two = || match arguments.as_slice() {
        [a, b] => Ok((*a, *b)),
        [_] | [] => fail(NOT_ENOUGH, token),
        _ => fail(TOO_MANY, token),
    };
    let cut = |cut| -> Result<Part, String> {
        let (a, b) = two()?;
        Ok(Part::Cut {
            cut,
            token: index(a)?,
            at: number(b)?,
        })
    };
    let part = match name {
        "Wildcard" => match arguments.as_slice() {
            [""] => return fail(NOT_ENOUGH, token),
            [one] => Part::Token(index(one)?),
            _ => return fail(TOO_MANY, token),
        },
        "Partition" => Part::Partition {
            count: number(arguments[0])?,
            tokens: arguments[1..]
                .iter()
                .map(|a| index(a))
                .collect::<Result<_, _>>()?,
        },
        "Random" => match arguments.as_slice() {
            [one] => Part::Random(number(one)?),
            _ => return fail(NOT_ENOUGH, token),
        },
        "Split" => {
            let (a, b) = two()?;
            let token_index = index(a)?;
            if b.contains([' ', '.']) {
                return fail(INVALID_ARGUMENT, token);
            }
            Part::Split {
                token: token_index,
                delimiter: b.as_bytes().to_vec(),
            }
        }
        "SplitFromLeft" => cut(Cut::SplitFromLeft)?,
        "SplitFromRight" => cut(Cut::SplitFromRight)?,
        "SliceFromLeft" => cut(Cut::SliceFromLeft)?,
        "SliceFromRight" => cut(Cut::SliceFromRight)?,
        "Left" => cut(Cut::Left)?,
        _ => cut(Cut::Right)?,
    };
    Ok(Some(part))
}

/// FNV-1a, 32 bits, of pieces one after another.
fn fnv1a(pieces: &[&[u8]]) -> u32 {
    let bytes = pieces.iter().flat_map(|piece| piece.iter());
    bytes.fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn cut_token(out: &mut Vec<u8>, cut: Cut, token: &[u8], at: i32) {
    let size = match usize::try_from(at) {
        Ok(size) if size > 0 && size < token.len() => size,
        // Too short to cut there.
        _ => return out.extend_from_slice(token),
    };
    let end = token.len() - size;
    match cut {
        Cut::Left => out.extend_from_slice(&token[..size]),
        Cut::Right => out.extend_from_slice(&token[end..]),
        Cut::SplitFromLeft => out.extend_from_slice(&[&token[..size], &token[size..]].join(&b'.')),
        Cut::SplitFromRight => out.extend_from_slice(&[&token[..end], &token[end..]].join(&b'.')),
        Cut::SliceFromLeft => {
            let slices: Vec<&[u8]> = token.chunks(size).collect();
            out.extend_from_slice(&slices.join(&b'.'));
        }
        Cut::SliceFromRight => {
            let slices: Vec<&[u8]> = token.rchunks(size).rev().collect();
            out.extend_from_slice(&slices.join(&b'.'));
        }
    }
}

/// Empty pieces are left out, as are their dots. No delimiter is between any two characters.
fn split_token(out: &mut Vec<u8>, token: &[u8], delimiter: &[u8]) {
    if delimiter.is_empty() {
        let characters = token.chunk_by(|_, next| next & 0xc0 == 0x80);
        out.extend_from_slice(&characters.collect::<Vec<_>>().join(&b'.'));
        return;
    }
    let mut pieces: Vec<&[u8]> = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at + delimiter.len() <= token.len() {
        if token[at..].starts_with(delimiter) {
            pieces.push(&token[from..at]);
            at += delimiter.len();
            from = at;
        } else {
            at += 1;
        }
    }
    pieces.push(&token[from..]);
    pieces.retain(|piece| !piece.is_empty());
    out.extend_from_slice(&pieces.join(&b'.'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(source: &str, destination: &str, subject: &str) -> Option<String> {
        let transform = Transform::new(source, destination).unwrap().unwrap();
        transform
            .apply(subject.as_bytes(), 0)
            .map(|out| String::from_utf8(out).unwrap())
    }

    /// Examples of the NATS documentation on subject mapping, and what nats-server makes of a few odd ones.
    #[test]
    fn documented_examples() {
        let cases = [
            ("bar.*.*", "baz.$2.$1", "bar.a.b", "baz.b.a"),
            (
                "orders.device1.>",
                "orders.>",
                "orders.device1.x.y",
                "orders.x.y",
            ),
            ("*", "{{splitfromleft(1,3)}}", "12345", "123.45"),
            ("*", "{{SplitFromRight(1,3)}}", "12345", "12.345"),
            ("*", "{{SliceFromLeft(1,3)}}", "1234567890", "123.456.789.0"),
            (
                "*",
                "{{SliceFromRight(1,3)}}",
                "1234567890",
                "1.234.567.890",
            ),
            ("*", "{{Split(1,-)}}", "-abc-def--ghi-", "abc.def.ghi"),
            ("*", "{{Split(1,)}}", "aé-b", "a.é.-.b"),
            ("a.*", "x.$-1", "a.b", "x.a"),
            ("*", "{{left(1,2)}}{{right(1,1)}}", "abc", "c"),
            ("*", "{{partition(3,1)}}-{{wildcard(1)}}", "abc", "abc"),
            ("*", "{{{ wildcard (1) }}x}}", "abc", "abc"),
            ("$KV.one.>", "$KV.all.>", "$KV.one.k.l", "$KV.all.k.l"),
        ];
        for (source, destination, subject, expected) in cases {
            assert_eq!(
                apply(source, destination, subject).as_deref(),
                Some(expected)
            );
        }
        assert_eq!(apply("a.*", "b.$1", "c.d"), None);
    }

    /// `nats server mapping "*" "{{partition(3,1)}}"` style: FNV-1a of the token modulo the count.
    #[test]
    fn partitions_hash_tokens() {
        assert_eq!(fnv1a(&[b"a"]), 0xe40c_292c);
        assert_eq!(fnv1a(&[b"foobar"]), 0xbf9c_f968);
        let expected = format!("p.{}", 0xbf9c_f968u32 % 7);
        assert_eq!(
            apply("x.*", "p.{{partition(7,1)}}", "x.foobar"),
            Some(expected)
        );
    }

    #[test]
    fn errors_are_nats_servers() {
        let cases = [
            ("a.*", "b.*", "invalid subject"),
            ("a.>", "b", "invalid subject"),
            (
                "a.*",
                "b.$2",
                "invalid mapping destination: wildcard index out of range in $2: [2]",
            ),
            (
                "a",
                "b.{{wildcard(1)}}",
                "invalid mapping destination: wildcard index out of range in {{wildcard(1)}}",
            ),
            (
                "a.*",
                "b.{{foo(1)}}",
                "invalid mapping destination: unknown function in {{foo(1)}}",
            ),
            (
                "a.*",
                "b.{{left(1)}}",
                "invalid mapping destination: not enough arguments passed to the function in {{left(1)}}",
            ),
            (
                "a.*",
                "b..c",
                "invalid mapping destination: invalid transform",
            ),
            (
                "a.*",
                "b.{{WILDCARD(1)}}",
                "invalid mapping destination: unknown function in {{WILDCARD(1)}}",
            ),
            (
                "a.*",
                "{{wildcard(99999999999)}}",
                "invalid mapping destination: wildcard index out of range in {{wildcard(99999999999)}}: [99999999999]",
            ),
        ];
        for (source, destination, expected) in cases {
            assert_eq!(
                Transform::validate(source, destination),
                Err(expected.to_string())
            );
        }
        assert_eq!(Transform::validate("a", ""), Ok(()));
    }
}
