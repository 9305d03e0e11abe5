//! `{a,b}` and `{1..5}`: one word to several, before anything else in it is looked at.

use super::ast::{Piece, Word};
use crate::cli::width::filled;

/// Words that one word may become, and their characters together.
const MOST: usize = 100_000;
const MOST_PARTS: usize = 1_000_000;
/// Opening braces in one word, as looking for their ends costs the square of it.
const MOST_OPEN: usize = 100;

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
    let words = expand_parts(&parts).ok_or_else(|| {
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

/// Expands the first pair of braces that has something to expand, then what it contains and what follows; `None` if that
/// is too much.
fn expand_parts(parts: &[Part]) -> Option<Vec<Vec<Part>>> {
    for start in 0..parts.len() {
        let Some((choices, end)) = choices(parts, start) else {
            continue;
        };
        let before = parts.get(..start)?;
        let tails = expand_parts(parts.get(end..)?)?;
        let mut words = Vec::new();
        let mut size = 0;
        for choice in choices? {
            for tail in &tails {
                let word = [before, &choice, tail].concat();
                size += word.len();
                if words.len() == MOST || size > MOST_PARTS {
                    return None;
                }
                words.push(word);
            }
        }
        return Some(words);
    }
    Some(vec![parts.to_vec()])
}

/// What braces stand for, `None` if that is too much; and where they end.
type Choices = (Option<Vec<Vec<Part>>>, usize);

/// What the braces that open at `start` stand for, and where they end.
fn choices(parts: &[Part], start: usize) -> Option<Choices> {
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
                if alternatives.is_empty() {
                    return Some((sequence(last)?, at + 1));
                }
                alternatives.push(last);
                let words: Option<Vec<_>> = alternatives.into_iter().map(expand_parts).collect();
                return Some((words.map(|words| words.concat()), at + 1));
            }
        }
    }
    None
}

/// `1..5`, `01..10`, `a..e`, `0..10..2`; `Some(None)` if that is too much.
fn sequence(parts: &[Part]) -> Option<Option<Vec<Vec<Part>>>> {
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
    let steps = from.abs_diff(to) / step.unsigned_abs();
    if steps >= MOST as u64 {
        return Some(None);
    }
    let step = if from <= to { step } else { -step };
    let values = (0..=steps as i64).map(|i| from.wrapping_add(step.wrapping_mul(i)));
    let words = values.map(|value| match letters {
        Some(_) => char::from_u32(value as u32).map_or_else(String::new, String::from),
        None => {
            let sign = if value < 0 { "-" } else { "" };
            let digits = value.unsigned_abs().to_string();
            format!(
                "{sign}{}",
                filled(&digits, width.saturating_sub(sign.len()), '0')
            )
        }
    });
    let words = words.map(|w| w.chars().map(Part::Char).collect());
    Some(Some(words.collect()))
}
