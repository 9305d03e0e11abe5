//! Go's `Sprintf`, for the values of templates.

use super::{LONGEST, Value};
use crate::cli::{values::quote, width::filled};

/// Largest width or precision that is one of the values, and largest number before the last digit of one, as in Go.
const MOST: i64 = 1_000_000;

/// Formats values; what does not fit is said in the text, as Go does.
pub fn printf(format: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut format = Format {
        rest: format,
        values,
        next: 0,
        indexed: false,
        wrong: false,
    };
    while let Some((before, rest)) = format.rest.split_once('%') {
        out.push_str(before);
        if out.len() > LONGEST {
            return out;
        }
        format.rest = rest;
        format.place(&mut out);
    }
    out.push_str(format.rest);
    let extra = values.get(format.next..).unwrap_or_default();
    if !format.indexed && !extra.is_empty() {
        let extra: Vec<String> = extra.iter().map(with_kind).collect();
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

/// A value whose verb says nothing about it.
fn with_kind(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".into(),
        value => format!("{}={}", value.kind(), value.text()),
    }
}

/// What is left of a format, and of the values for it.
struct Format<'a> {
    rest: &'a str,
    values: &'a [Value],
    next: usize,
    /// Whether a `[2]` chose a value: then none are left over.
    indexed: bool,
    /// Whether the current place has an index that is none.
    wrong: bool,
}

impl Format<'_> {
    /// What stands after a percent sign, with its value.
    fn place(&mut self, out: &mut String) {
        self.wrong = false;
        let end = self.rest.trim_start_matches(['+', '-', '#', ' ', '0']);
        let mut flags = self.rest[..self.rest.len() - end.len()].to_string();
        self.rest = end;
        let mut index = self.index();
        let width = if self.skip('*') {
            index = false;
            let width = self.given();
            if width.is_none() {
                out.push_str("%!(BADWIDTH)");
            }
            if width.is_some_and(|width| width < 0) {
                flags.push('-');
            }
            width
        } else {
            let width = self.number();
            self.wrong |= index && width.is_some();
            width
        };
        let mut precision = None;
        if self.skip('.') {
            self.wrong |= index;
            index = self.index();
            precision = if self.skip('*') {
                index = false;
                let given = self.given().filter(|given| *given >= 0);
                if given.is_none() {
                    out.push_str("%!(BADPREC)");
                }
                given
            } else {
                Some(self.number().unwrap_or(0))
            };
        }
        if !index {
            self.index();
        }
        let mut rest = self.rest.chars();
        let verb = rest.next();
        self.rest = rest.as_str();
        match (verb, self.values.get(self.next)) {
            (None, _) => out.push_str("%!(NOVERB)"),
            (Some('%'), _) => out.push('%'),
            (Some(verb), _) if self.wrong => out.push_str(&format!("%!{verb}(BADINDEX)")),
            (Some(verb), None) => out.push_str(&format!("%!{verb}(MISSING)")),
            (Some(verb), Some(value)) => {
                self.next += 1;
                let width = width.unwrap_or(0).unsigned_abs() as usize;
                let precision = precision.map(|precision| precision as usize);
                let Some(text) = formatted(verb, value, &flags, (width, precision)) else {
                    out.push_str(&format!("%!{verb}({})", with_kind(value)));
                    return;
                };
                // Zeros of a whole number are among its digits.
                let zeros = flags.contains('0') && value.whole().is_none();
                let sign = matches!(value, Value::Float(_));
                out.push_str(&padded(&text, flags.contains('-'), (zeros, sign), width));
            }
        }
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `[2]`: the value that is next; whether one stands there.
    fn index(&mut self) -> bool {
        if !self.skip('[') {
            return false;
        }
        self.indexed = true;
        let inside = self.rest.split_once(']');
        let number = inside.map(|(digits, rest)| {
            self.rest = rest;
            let digits = Some(digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<usize>().ok())
        });
        let number = number.flatten();
        match number.and_then(|number| number.checked_sub(1)) {
            Some(next) if next < self.values.len() => self.next = next,
            _ => self.wrong = true,
        }
        number.is_some()
    }

    /// Digits; with too large a number nothing is left of the format.
    fn number(&mut self) -> Option<i64> {
        let end = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &self.rest[..self.rest.len() - end.len()];
        if digits.is_empty() {
            return None;
        }
        let number = digits.parse().ok().filter(|number| number / 10 <= MOST);
        self.rest = if number.is_some() { end } else { "" };
        number
    }

    /// A number that is one of the values.
    fn given(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        value
            .whole()
            .filter(|number| (-MOST..=MOST).contains(number))
    }
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
        (_, Value::Int64(number)) => {
            return formatted(verb, &Value::Int(*number), flags, (width, precision));
        }
        ('x' | 'X', Value::Text(text)) => {
            let text = text.bytes().take(precision.unwrap_or(usize::MAX));
            let mut out = String::new();
            for byte in text {
                if spaced && !out.is_empty() {
                    out.push(' ');
                }
                if sharp && (spaced || out.is_empty()) {
                    out.push_str("0x");
                }
                let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
                out.extend(digits.into_iter().flatten());
            }
            if verb == 'X' {
                out.make_ascii_uppercase();
            }
            out
        }
        ('v' | 't', Value::Bool(_)) | ('v', Value::Nil | Value::Data(_)) => value.text(),
        ('v' | 'd' | 'x' | 'X' | 'o' | 'O' | 'b', Value::Int(0)) if precision == Some(0) => {
            String::new()
        }
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
            // More places than format! takes are all zeros.
            let precision = precision.map(|places| places.min(u16::MAX.into()));
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
        assert_eq!(printf("%2000000d", &[Value::Int(5)]).len(), 2_000_000);
        assert_eq!(printf("%.2000000d", &[Value::Int(5)]).len(), 2_000_000);
        let long = text(&"a".repeat(2000));
        assert_eq!(printf("%.1500s", &[long]).len(), 1500);
        assert_eq!(printf("%.2000e", &[Value::Float(1.5)]).len(), 2006);
    }

    #[test]
    fn values_are_widths_and_have_indexes() {
        let text = |text: &str| Value::Text(text.into());
        for (format, values, wanted) in [
            ("%*d|", &[Value::Int(5), Value::Int(1)][..], "    1|"),
            ("%-*d|", &[Value::Int(5), Value::Int(1)][..], "1    |"),
            ("%*d|", &[Value::Int(-5), Value::Int(1)][..], "1    |"),
            ("%0*d", &[Value::Int(5), Value::Int(1)][..], "00001"),
            ("%.*f", &[Value::Int(2), Value::Float(1.23456)][..], "1.23"),
            (
                "%*.*f|",
                &[Value::Int(8), Value::Int(2), Value::Float(1.23456)][..],
                "    1.23|",
            ),
            ("%*d", &[text("x"), Value::Int(1)][..], "%!(BADWIDTH)1"),
            (
                "%*d",
                &[Value::Int(2000000), Value::Int(1)][..],
                "%!(BADWIDTH)1",
            ),
            (
                "%.*f",
                &[Value::Int(-1), Value::Float(1.5)][..],
                "%!(BADPREC)1.500000",
            ),
            ("%.*d", &[text("a"), Value::Int(7)][..], "%!(BADPREC)7"),
            ("%*", &[Value::Int(3)][..], "%!(NOVERB)"),
            ("%*d", &[Value::Int(3)][..], "%!d(MISSING)"),
            ("%*d", &[][..], "%!(BADWIDTH)%!d(MISSING)"),
            ("%[2]d %[1]d", &[Value::Int(1), Value::Int(2)][..], "2 1"),
            ("%[1]d", &[Value::Int(1), Value::Int(2)][..], "1"),
            (
                "%[3]d",
                &[Value::Int(1), Value::Int(2)][..],
                "%!d(BADINDEX)",
            ),
            ("%[0]d", &[Value::Int(1)][..], "%!d(BADINDEX)"),
            ("%[x]d", &[Value::Int(1)][..], "%!d(BADINDEX)"),
            ("%[]d", &[Value::Int(1)][..], "%!d(BADINDEX)"),
            ("%[1", &[Value::Int(1)][..], "%!(NOVERB)"),
            ("%[", &[Value::Int(1)][..], "%!(NOVERB)"),
            ("%[1]", &[Value::Int(1)][..], "%!(NOVERB)"),
            ("%[2]*[1]d|", &[Value::Int(1), Value::Int(4)][..], "   1|"),
            ("%[1]2d", &[Value::Int(1)][..], "%!d(BADINDEX)"),
            ("%[1].2f", &[Value::Float(1.5)][..], "%!f(BADINDEX)"),
            ("%2[1]d|", &[Value::Int(1)][..], " 1|"),
            ("%.[1]*f|", &[Value::Int(2), Value::Float(1.5)][..], "1.50|"),
            ("%.2[1]f|", &[Value::Float(1.5)][..], "1.50|"),
            (
                "%[2]d %d",
                &[Value::Int(1), Value::Int(2), Value::Int(3)][..],
                "2 3",
            ),
            (
                "%[1]d %d %[1]v",
                &[Value::Int(1), Value::Int(2)][..],
                "1 2 1",
            ),
            ("%[1]%", &[Value::Int(1)][..], "%"),
            (
                "%[99999999999999999999]d x",
                &[Value::Int(1)][..],
                "%!d(BADINDEX) x",
            ),
            ("%[+1]d", &[Value::Int(1)][..], "%!d(BADINDEX)"),
            ("%[1]x]", &[Value::Int(255)][..], "ff]"),
            ("%[ab", &[Value::Int(1)][..], "%!a(BADINDEX)b"),
            ("%é|", &[Value::Int(1)][..], "%!é(int=1)|"),
            ("%[1]é", &[Value::Int(1)][..], "%!é(int=1)"),
            ("%%%d%", &[Value::Int(1)][..], "%1%!(NOVERB)"),
            (
                "%-05d|%05s|%-05s|",
                &[Value::Int(1), text("a"), text("b")][..],
                "1    |0000a|b    |",
            ),
            ("%!", &[Value::Int(1)][..], "%!!(int=1)"),
            ("%z%d", &[text("a")][..], "%!z(string=a)%!d(MISSING)"),
            ("%.d|", &[Value::Int(0)][..], "|"),
            ("%.0d|", &[Value::Int(0)][..], "|"),
            ("%.x|", &[text("ab")][..], "|"),
        ] {
            assert_eq!(printf(format, values), wanted, "{format}");
        }
    }
}
