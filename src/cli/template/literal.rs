//! What numbers, letters and quoted texts in templates mean.

use super::Value;
use crate::cli::values::quote;

/// A number: with a dot or exponent one with fractions, else of any of Go's bases.
pub fn number(text: &str) -> Result<Value, String> {
    let digits = text.trim_start_matches(['+', '-']).replace('_', "");
    let sign = if text.starts_with('-') { "-" } else { "" };
    let (radix, skipped) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, 2),
        [b'0', b'o' | b'O', ..] => (8, 2),
        [b'0', b'b' | b'B', ..] => (2, 2),
        [b'0', _, ..] => (8, 0),
        _ => (10, 0),
    };
    let whole = format!("{sign}{}", digits.get(skipped..).unwrap_or_default());
    if let Ok(whole) = i64::from_str_radix(&whole, radix) {
        return Ok(Value::Int(whole));
    }
    let why = match format!("{sign}{digits}").parse() {
        Ok(number) if text.contains(['.', 'e', 'E']) => return Ok(Value::Float(number)),
        Ok(_) => "integer overflow",
        Err(_) => "illegal number syntax",
    };
    Err(format!("{why}: {}", quote(text)))
}

/// The number of a letter in single quotes.
pub fn letter(text: &str) -> Result<Value, String> {
    let letters = unquoted(text)?;
    let mut letters = letters.chars();
    match (letters.next(), letters.next()) {
        (None, _) => Err(INVALID.into()),
        (Some(letter), None) => Ok(Value::Int(u32::from(letter).into())),
        _ => Err(format!("malformed character constant: {text}")),
    }
}

const INVALID: &str = "invalid syntax";

/// A quoted text without its marks and Go's escapes.
pub fn unquoted(text: &str) -> Result<String, String> {
    let inner = text.get(1..text.len().saturating_sub(1));
    let inner = inner.unwrap_or_default();
    match text.starts_with('`') {
        true => Ok(inner.replace('\r', "")),
        false => unescaped(inner, text.starts_with('\'')).ok_or(INVALID.into()),
    }
}

fn unescaped(text: &str, single: bool) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let c = chars.next()?;
        let (length, radix) = match c {
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='7' => (2, 8),
            _ => {
                out.push(match c {
                    'a' => '\x07',
                    'b' => '\x08',
                    'f' => '\x0c',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\x0b',
                    '\\' => '\\',
                    '\'' if single => '\'',
                    '"' if !single => '"',
                    _ => return None,
                });
                continue;
            }
        };
        let mut digits = if radix == 8 { c.into() } else { String::new() };
        digits.extend(chars.by_ref().take(length));
        out.push(char::from_u32(u32::from_str_radix(&digits, radix).ok()?)?);
    }
    Some(out)
}
