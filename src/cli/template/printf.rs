//! Go's `Sprintf`, for the values of templates.

use super::{LONGEST, Value};
use crate::cli::values::quote;

/// Formats values; what does not fit is said in the text, as Go does.
pub fn printf(format: &str, values: &[Value]) -> String {
    let (mut out, mut values) = (String::new(), values.iter());
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if out.len() > LONGEST {
            break;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "+-# 0".contains(*c)) {
            flags.push(flag);
        }
        let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            // Nobody wants more; Go has a limit, too.
            digits.parse().unwrap_or(0).min(1_000_000)
        };
        let width = number(&mut chars);
        let dot = chars.next_if_eq(&'.');
        let precision = dot.map(|_| number(&mut chars).min(1000));
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = values.next() else {
            out.push_str(&format!("%!{verb}(MISSING)"));
            continue;
        };
        match formatted(verb, value, &flags, precision) {
            Some(text) => out.push_str(&padded(&text, &flags, width, value)),
            None => {
                let what = match value {
                    Value::Nil => "<nil>".into(),
                    value => format!("{}={}", value.kind(), value.text()),
                };
                out.push_str(&format!("%!{verb}({what})"));
            }
        }
    }
    let extra: Vec<String> = values
        .map(|value| match value {
            Value::Nil => "<nil>".into(),
            value => format!("{}={}", value.kind(), value.text()),
        })
        .collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

/// A value by a verb, not yet padded; `None` where they do not go together.
fn formatted(verb: char, value: &Value, flags: &str, precision: Option<usize>) -> Option<String> {
    let signed = |negative: bool, digits: String| {
        let sign = match negative {
            true => "-",
            false if flags.contains('+') => "+",
            false if flags.contains(' ') => " ",
            false => "",
        };
        format!("{sign}{digits}")
    };
    Some(match (verb, value) {
        ('v', Value::Text(_)) | ('s', Value::Text(_)) => {
            let text = value.text();
            match precision {
                Some(most) => text.chars().take(most).collect(),
                None => text,
            }
        }
        ('q', Value::Text(text)) => quote(text),
        ('T', value) => value.kind().into(),
        ('x', Value::Text(text)) => text.bytes().map(|b| format!("{b:02x}")).collect(),
        ('X', Value::Text(text)) => text.bytes().map(|b| format!("{b:02X}")).collect(),
        ('v' | 't', Value::Bool(_)) | ('v', Value::Nil | Value::Data(_)) => value.text(),
        ('v' | 'd' | 'x' | 'X' | 'o' | 'b', Value::Int(number)) => {
            let size = number.unsigned_abs();
            let digits = match verb {
                'x' => format!("{size:x}"),
                'X' => format!("{size:X}"),
                'o' => format!("{size:o}"),
                'b' => format!("{size:b}"),
                _ => size.to_string(),
            };
            let least = precision.unwrap_or(0);
            signed(*number < 0, format!("{digits:0>least$}"))
        }
        ('v' | 'g', Value::Float(number)) if precision.is_none() => {
            signed(*number < 0.0, number.abs().to_string())
        }
        ('c', Value::Int(number)) => {
            let letter = u32::try_from(*number).ok().and_then(char::from_u32);
            letter.unwrap_or(char::REPLACEMENT_CHARACTER).into()
        }
        ('f' | 'F', Value::Float(number)) => {
            let digits = precision.unwrap_or(6);
            signed(*number < 0.0, format!("{:.digits$}", number.abs()))
        }
        _ => return None,
    })
}

fn padded(text: &str, flags: &str, width: usize, value: &Value) -> String {
    let spare = width.saturating_sub(text.chars().count());
    let number = matches!(value, Value::Int(_) | Value::Float(_));
    match (flags.contains('-'), flags.contains('0') && number) {
        (true, _) => text.to_string() + &" ".repeat(spare),
        (false, true) => {
            let sign = text.len() - text.trim_start_matches(['-', '+', ' ']).len();
            let (sign, digits) = text.split_at(sign);
            format!("{sign}{}{digits}", "0".repeat(spare))
        }
        (false, false) => " ".repeat(spare) + text,
    }
}
