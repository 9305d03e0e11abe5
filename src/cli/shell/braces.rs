//! `{a,b}` and `{1..5}`: one word to several, before anything else in it is looked at.

use super::ast::{Piece, Word};
use crate::cli::width::filled;

/// Words that one word may become, and their characters together.
const MOST: usize = 100_000;
const MOST_PARTS: usize = 1_000_000;
/// Opening braces in one word, as looking for their ends costs the square of it.
const MOST_OPEN: usize = 100;

/// What a word would become is more than [`MOST`] allows.
#[derive(Debug)]
struct TooMany;

/// A piece of a word, unquoted text taken apart.
#[derive(Clone)]
enum Part {
    Char(char),
    Piece(Piece),
}

/// The words that a word stands for; an error if they are too many.
pub fn expand(word: &Word) -> Result<Vec<Word>, String> {
    let open = word.0.iter().map(|piece| match piece {
        Piece::Text {
            text,
            quoted: false,
        } => text.matches('{').count(),
        _ => 0,
    });
    match open.sum() {
        0 => return Ok(vec![word.clone()]),
        1..=MOST_OPEN => {}
        _ => {
            return Err(format!(
                "brace expansion: more than {MOST_OPEN} braces in a word"
            ));
        }
    }
    let mut parts = Vec::new();
    for piece in &word.0 {
        match piece {
            Piece::Text {
                text,
                quoted: false,
            } => parts.extend(text.chars().map(Part::Char)),
            piece => parts.push(Part::Piece(piece.clone())),
        }
    }
    let words = expand_parts(&parts).map_err(|TooMany| {
        format!("brace expansion: more than {MOST} words, or {MOST_PARTS} characters")
    })?;
    Ok(words.into_iter().map(joined).collect())
}

fn joined(parts: Vec<Part>) -> Word {
    let mut pieces = Vec::new();
    for part in parts {
        match (part, pieces.last_mut()) {
            (
                Part::Char(c),
                Some(Piece::Text {
                    text,
                    quoted: false,
                }),
            ) => text.push(c),
            (Part::Char(c), _) => pieces.push(Piece::Text {
                text: c.to_string(),
                quoted: false,
            }),
            (Part::Piece(piece), _) => pieces.push(piece),
        }
    }
    Word(pieces)
}

fn is(part: &Part, c: char) -> bool {
    matches!(part, Part::Char(found) if *found == c)
}

/// Expands the first pair of braces that has something to expand, then what it contains and what follows.
fn expand_parts(parts: &[Part]) -> Result<Vec<Vec<Part>>, TooMany> {
    let found = (0..parts.len()).find_map(|start| Some((start, braces(parts, start)?)));
    let Some((start, (braces, end))) = found else {
        return Ok(vec![parts.to_vec()]);
    };
    let mut choices = Words::default();
    match braces {
        Braces::List(alternatives) => {
            for alternative in alternatives {
                for word in expand_parts(alternative)? {
                    choices.push(word)?;
                }
            }
        }
        Braces::Sequence(sequence) => sequence.write(&mut choices)?,
    }
    let (before, behind) = (&parts[..start], &parts[end..]);
    let tails = expand_parts(behind)?;
    let mut words = Words::default();
    for choice in choices.words {
        for tail in &tails {
            words.push([before, &choice, tail].concat())?;
        }
    }
    Ok(words.words)
}

/// Words, as many as may be.
#[derive(Default)]
struct Words {
    words: Vec<Vec<Part>>,
    parts: usize,
}

impl Words {
    fn push(&mut self, word: Vec<Part>) -> Result<(), TooMany> {
        self.parts += word.len();
        if self.words.len() == MOST || self.parts > MOST_PARTS {
            return Err(TooMany);
        }
        self.words.push(word);
        Ok(())
    }
}

/// What is in a pair of braces.
enum Braces<'a> {
    /// `a,b`
    List(Vec<&'a [Part]>),
    /// `1..5`
    Sequence(Sequence),
}

/// The braces that open at `start` if they stand for something, and where they end.
fn braces(parts: &[Part], start: usize) -> Option<(Braces<'_>, usize)> {
    if !is(parts.get(start)?, '{') {
        return None;
    }
    let mut depth = 0usize;
    let mut from = start + 1;
    let mut alternatives: Vec<&[Part]> = Vec::new();
    for (at, part) in parts.iter().enumerate().skip(start) {
        if is(part, '{') {
            depth += 1;
        } else if is(part, ',') && depth == 1 {
            alternatives.push(parts.get(from..at)?);
            from = at + 1;
        } else if is(part, '}') {
            depth -= 1;
            if depth == 0 {
                let last = parts.get(from..at)?;
                let braces = if alternatives.is_empty() {
                    Braces::Sequence(sequence(last)?)
                } else {
                    alternatives.push(last);
                    Braces::List(alternatives)
                };
                return Some((braces, at + 1));
            }
        }
    }
    None
}

/// Numbers, or letters, from one to another.
struct Sequence {
    from: i64,
    to: i64,
    /// Between two of them, above zero.
    step: i64,
    /// Digits and sign of a number at least, filled with zeros.
    width: usize,
    letters: bool,
}

/// `1..5`, `01..10`, `a..e`, `0..10..2`
fn sequence(parts: &[Part]) -> Option<Sequence> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Char(c) => text.push(*c),
            Part::Piece(_) => return None,
        }
    }
    let mut ends = text.split("..");
    let (first, last, step) = (ends.next()?, ends.next()?, ends.next());
    if ends.next().is_some() {
        return None;
    }
    let letter = |text: &str| {
        let mut chars = text.chars();
        let c = chars.next().filter(char::is_ascii_alphabetic)?;
        chars.next().is_none().then_some(i64::from(u32::from(c)))
    };
    let letters = letter(first).zip(letter(last));
    let (from, to) = match letters {
        Some(ends) => ends,
        None => (first.parse().ok()?, last.parse::<i64>().ok()?),
    };
    let step = match step {
        Some(step) => step.parse::<i64>().ok()?.checked_abs()?.max(1),
        None => 1,
    };
    let padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.len() > 1;
    let width = if padded(first) || padded(last) {
        first.len().max(last.len())
    } else {
        0
    };
    Some(Sequence {
        from,
        to,
        step,
        width,
        letters: letters.is_some(),
    })
}

impl Sequence {
    fn write(&self, words: &mut Words) -> Result<(), TooMany> {
        let steps = self.from.abs_diff(self.to) / self.step.unsigned_abs();
        let steps = i64::try_from(steps).map_err(|_| TooMany)?;
        let up = self.from <= self.to;
        for i in 0..=steps {
            let far = self.step.wrapping_mul(i);
            let value = if up {
                self.from.wrapping_add(far)
            } else {
                self.from.wrapping_sub(far)
            };
            words.push(self.word(value).chars().map(Part::Char).collect())?;
        }
        Ok(())
    }

    fn word(&self, value: i64) -> String {
        if self.letters {
            return char::from_u32(value as u32).map_or_else(String::new, String::from);
        }
        let sign = if value < 0 { "-" } else { "" };
        let digits = value.unsigned_abs().to_string();
        let width = self.width.saturating_sub(sign.len());
        format!("{sign}{}", filled(&digits, width, '0'))
    }
}
