//! Go's `Sprintf`, for the values of templates.

use super::{LONGEST, Value};
use crate::cli::{values::quote, width::filled};

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
        match formatted(verb, value, &flags, (width, precision)) {
            Some(text) => {
                // Zeros of a whole number are among its digits.
                let zeros = flags.contains('0') && !matches!(value, Value::Int(_));
                let sign = matches!(value, Value::Float(_));
                out.push_str(&padded(&text, flags.contains('-'), (zeros, sign), width));
            }
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
fn formatted(
    verb: char,
    value: &Value,
    flags: &str,
    (width, precision): (usize, Option<usize>),
) -> Option<String> {
    let (sharp, spaced) = (flags.contains('#'), flags.contains(' '));
    let sign = |negative: bool| match negative {
        true => "-",
        false if flags.contains('+') => "+",
        false if spaced => " ",
        false => "",
    };
    Some(match (verb, value) {
        ('v', Value::Text(text)) if sharp => quote(text),
        ('v' | 's', Value::Text(text)) => match precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.clone(),
        },
        ('q', Value::Text(text)) if sharp && bare(text) => format!("`{text}`"),
        ('q', Value::Text(text)) => ascii(quote(text), flags),
        ('T', value) => value.kind().into(),
        ('x' | 'X', Value::Text(text)) => {
            let text = text.bytes().take(precision.unwrap_or(usize::MAX));
            let bytes: Vec<String> = text.map(|b| format!("{b:02x}")).collect();
            let (mark, between) = match (sharp, spaced) {
                (true, true) => ("0x", " 0x"),
                (true, false) => ("0x", ""),
                (false, true) => ("", " "),
                (false, false) => ("", ""),
            };
            let mark = if bytes.is_empty() { "" } else { mark };
            let text = format!("{mark}{}", bytes.join(between));
            if verb == 'X' {
                text.to_uppercase()
            } else {
                text
            }
        }
        ('v' | 't', Value::Bool(_)) | ('v', Value::Nil | Value::Data(_)) => value.text(),
        ('v' | 'd' | 'x' | 'X' | 'o' | 'O' | 'b', Value::Int(number)) => {
            let size = number.unsigned_abs();
            let (digits, mark) = match verb {
                'x' => (format!("{size:x}"), "0x"),
                'X' => (format!("{size:X}"), "0X"),
                'o' => (format!("{size:o}"), "0"),
                'O' => (format!("{size:o}"), "0o"),
                'b' => (format!("{size:b}"), "0b"),
                _ => (size.to_string(), ""),
            };
            let mark = if sharp || verb == 'O' { mark } else { "" };
            let sign = sign(*number < 0);
            let least = match precision {
                Some(least) => least,
                None if flags.contains('0') && !flags.contains('-') => {
                    width - sign.len().min(width)
                }
                None => 0,
            };
            format!("{sign}{mark}{}", filled(&digits, least, '0'))
        }
        ('q', Value::Int(number)) => {
            let quoted = quote(&letter(*number).replace('"', "'"));
            let inner = quoted.trim_matches('"').replace('\'', "\\'");
            let inner = if *number == i64::from(b'"') {
                "\"".into()
            } else {
                inner
            };
            ascii(format!("'{inner}'"), flags)
        }
        ('U', Value::Int(number)) => {
            let shown = match sharp && quote(&letter(*number)).chars().count() == 3 {
                true => format!(" '{}'", letter(*number)),
                false => String::new(),
            };
            format!("U+{:04X}{shown}", *number as u64)
        }
        ('c', Value::Int(number)) => letter(*number),
        ('v' | 'g' | 'G' | 'e' | 'E' | 'f' | 'F', Value::Float(number)) => {
            let size = number.abs();
            let text = match verb {
                'f' | 'F' => format!("{size:.*}", precision.unwrap_or(6)),
                'e' | 'E' => with_exponent(&format!("{size:.*e}", precision.unwrap_or(6))),
                _ => shortest(size, precision),
            };
            let text = match verb {
                'E' | 'G' => text.to_uppercase(),
                _ => text,
            };
            format!("{}{text}", sign(number.is_sign_negative()))
        }
        _ => return None,
    })
}

/// The character of a number.
fn letter(number: i64) -> String {
    let letter = u32::try_from(number).ok().and_then(char::from_u32);
    letter.unwrap_or(char::REPLACEMENT_CHARACTER).into()
}

/// Whether a text can stand between backticks.
fn bare(text: &str) -> bool {
    let hidden = |c: char| c == '`' || c == '\u{feff}' || (c.is_control() && c != '\t');
    !text.contains(hidden)
}

/// With `+` a quoted text has no other letters than those of ASCII.
fn ascii(quoted: String, flags: &str) -> String {
    if !flags.contains('+') {
        return quoted;
    }
    let one = |c: char| match c as u32 {
        0..0x80 => c.to_string(),
        code @ 0x80..0x1_0000 => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    quoted.chars().map(one).collect()
}

/// `1.5e3` as Go writes it: `1.5e+03`.
fn with_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else {
        return text.into();
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// `%g`: with an exponent where it is large or small, and without zeros at the end.
pub fn shortest(size: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(digits) => format!("{size:.*e}", digits.max(1) - 1),
        None => format!("{size:e}"),
    };
    let Some((digits, exponent)) = text.split_once('e') else {
        return text; // no number
    };
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    let count = digits.len() - usize::from(digits.contains('.'));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let most = match precision {
        None => 6,
        Some(digits) => digits.max(1) as i32,
    };
    if exponent < -4 || exponent >= most {
        return with_exponent(&format!("{digits}e{exponent}"));
    }
    let places = (count as i32 - 1 - exponent).max(0) as usize;
    format!("{size:.places$}")
}

fn padded(text: &str, left: bool, (zeros, sign): (bool, bool), width: usize) -> String {
    let spare = width.saturating_sub(text.chars().count());
    if left {
        return text.to_string() + &" ".repeat(spare);
    }
    if !zeros {
        return " ".repeat(spare) + text;
    }
    let sign = match sign {
        true => text.len() - text.trim_start_matches(['-', '+', ' ']).len(),
        false => 0,
    };
    let (sign, digits) = text.split_at(sign);
    format!("{sign}{}{digits}", "0".repeat(spare))
}

#[cfg(test)]
mod tests {
    use super::{Value, printf};

    #[test]
    fn flags_change_what_go_changes_by_them() {
        let text = |text: &str| Value::Text(text.into());
        for (format, value, wanted) in [
            ("%#x", text("hi"), "0x6869"),
            ("% x", text("hi"), "68 69"),
            ("%# X", text("hi"), "0X68 0X69"),
            ("%.1x", text("hi"), "68"),
            ("%#q", text("a\"b"), "`a\"b`"),
            ("%#q", text("a`b"), "\"a`b\""),
            ("%+q", text("é\u{1f600}"), "\"\\u00e9\\U0001f600\""),
            ("%q", Value::Int(233), "'é'"),
            ("%+q", Value::Int(233), "'\\u00e9'"),
            ("%q", Value::Int(39), "'\\''"),
            ("%U", Value::Int(233), "U+00E9"),
            ("%#U", Value::Int(233), "U+00E9 'é'"),
            ("%#x", Value::Int(-255), "-0xff"),
            ("%#X", Value::Int(255), "0XFF"),
            ("%#o", Value::Int(8), "010"),
            ("%O", Value::Int(8), "0o10"),
            ("%#b", Value::Int(5), "0b101"),
            ("%#08x", Value::Int(255), "0x000000ff"),
            ("%08x", Value::Int(-255), "-00000ff"),
            ("%08.3d", Value::Int(5), "     005"),
            ("%-08d|", Value::Int(5), "5       |"),
            ("%05s", text("a"), "0000a"),
            ("%#04q", text("a"), "0`a`"),
            ("%#v", text("a"), "\"a\""),
            ("%10.2v", text("hello"), "        he"),
            ("%U", Value::Int(-1), "U+FFFFFFFFFFFFFFFF"),
            ("%08.3f", Value::Float(-2.71999), "-002.720"),
            ("%v", Value::Float(12345678.0), "1.2345678e+07"),
            ("%v", Value::Float(0.0001), "0.0001"),
            ("%e", Value::Float(1234.5), "1.234500e+03"),
            ("%.2E", Value::Float(-0.000123), "-1.23E-04"),
            ("%v", Value::Float(1e21), "1e+21"),
            ("%v", Value::Float(123456789.5), "1.234567895e+08"),
            ("%g", Value::Float(100000.0), "100000"),
            ("%g", Value::Float(0.00001), "1e-05"),
            ("%.3g", Value::Float(1234.5), "1.23e+03"),
            ("%G", Value::Float(1e30), "1E+30"),
            ("%+.1f", Value::Float(2.25), "+2.2"),
        ] {
            assert_eq!(printf(format, &[value]), wanted, "{format}");
        }
        // Wider than format! takes.
        assert_eq!(printf("%070000d", &[Value::Int(-5)]).len(), 70_000);
        assert_eq!(printf("%70000s", &[text("a")]).len(), 70_000);
    }
}
