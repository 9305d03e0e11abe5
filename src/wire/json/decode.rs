//! Values into fields, strictly: an unknown field or a wrong type is an error in Go's words, with Go's path to the field.

use crate::wire::sorted::Sorted;

use super::parse::{after_blanks, invalid};
use super::{Document, Kind, Value, push_hex, quote};
use crate::wire::time::{SECOND, Time, days, month_days};

/// The layout Go names in errors about times.
const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// A time of a request: remembers the zone it was sent with, because replies show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The point in time. Beyond the year 2262 the nanoseconds wrap, as Go's `UnixNano` does.
    pub time: Time,
    /// As replies show it: fraction without trailing zeros, zone as sent.
    pub text: String,
}

/// Decodes a request as `unmarshalRequest` does: all values of the payload one after another into the same request; unknown
/// fields are refused. An empty payload leaves the request as it is.
///
/// # Errors
/// Go's text, to be put behind `invalid JSON: `.
pub fn decode(payload: &[u8], mut one: impl FnMut(&mut Decoder, Value<'_>)) -> Result<(), String> {
    values(payload, &mut one)
}

fn values(payload: &[u8], one: &mut dyn FnMut(&mut Decoder, Value<'_>)) -> Result<(), String> {
    let mut at = 0;
    while let Some((document, end)) = Document::parse(payload, at)? {
        let mut decoder = Decoder::default();
        one(&mut decoder, document.root());
        decoder.finish()?;
        at = end;
    }
    Ok(())
}

/// Decodes as a plain `json.Unmarshal`: exactly one value, unknown fields are skipped.
///
/// # Errors
/// Go's text, which does not say where the mistake is.
pub fn decode_lenient(
    payload: &[u8],
    mut one: impl FnMut(&mut Decoder, Value<'_>),
) -> Result<(), String> {
    single(payload, &mut one)
}

fn single(payload: &[u8], one: &mut dyn FnMut(&mut Decoder, Value<'_>)) -> Result<(), String> {
    const CUT: &str = "unexpected end of JSON input";
    let (document, end) = match Document::parse(payload, 0) {
        Ok(Some(found)) => found,
        Ok(None) => return Err(CUT.to_owned()),
        Err(error) => {
            let error = match error.as_str() {
                // Go looks what a blank would make of it.
                "unexpected EOF" => match Document::parse(&[payload, b" "].concat(), 0) {
                    Err(error) if error != "unexpected EOF" => error,
                    _ => return Err(CUT.to_owned()),
                },
                _ => error,
            };
            return Err(error.split(" at offset ").next().unwrap_or_default().into());
        }
    };
    if let Some(byte) = payload.get(after_blanks(payload, end)) {
        return Err(invalid(*byte, "after top-level value"));
    }
    let mut decoder = Decoder {
        lenient: true,
        ..Decoder::default()
    };
    one(&mut decoder, document.root());
    decoder.finish()
}

/// Where decoding stands: the path for error texts, and the first error.
///
/// As in Go a wrong type or unknown field does not end decoding (the first one is reported), while a value's own check
/// ([`Decoder::unmarshal`]) does and wins.
#[derive(Debug)]
pub struct Decoder {
    /// Go's package of the structs.
    pub(super) package: &'static str,
    lenient: bool,
    structs: Vec<&'static str>,
    path: Vec<String>,
    saved: Option<String>,
    fatal: Option<String>,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder {
            package: "server",
            lenient: false,
            structs: Vec::new(),
            path: Vec::new(),
            saved: None,
            fatal: None,
        }
    }
}

impl Decoder {
    fn finish(self) -> Result<(), String> {
        match self.fatal.or(self.saved) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// An object into a struct called `name` (without its package). `field` gets each member's name in lower case and its
    /// value, and says whether there is such a field. Null leaves the struct as it is.
    pub fn object(
        &mut self,
        value: Value<'_>,
        name: &'static str,
        field: &mut dyn FnMut(&mut Decoder, &str, Value<'_>) -> bool,
    ) {
        match value.kind() {
            Kind::Null => return,
            Kind::Object => {}
            _ => return self.mismatch(value, &format!("{}.{name}", self.package)),
        }
        self.structs.push(name);
        let depth = self.path.len();
        let mut members = value.children();
        while let (Some(key), Some(member)) = (members.next(), members.next()) {
            let key = key.text();
            self.path.push(fold(&key));
            let name = self.path[depth].clone();
            let known = field(self, &name, member);
            self.path.truncate(depth);
            if !known && !self.lenient {
                self.save(format!("json: unknown field {}", quote(key.as_bytes())));
            }
            if self.fatal.is_some() {
                break;
            }
        }
        self.structs.pop();
    }

    /// Says that the current field belongs to the embedded struct `name`: Go puts that into the path.
    pub fn embedded(&mut self, name: &'static str) {
        let last = self.path.len().saturating_sub(1);
        self.path.insert(last, name.to_owned());
    }

    /// `string`
    pub fn string(&mut self, value: Value<'_>, into: &mut String) {
        match value.kind() {
            Kind::String => *into = value.text(),
            Kind::Null => {}
            _ => self.mismatch(value, "string"),
        }
    }

    /// `bool`
    pub fn bool(&mut self, value: Value<'_>, into: &mut bool) {
        match value.kind() {
            Kind::Bool => *into = value.raw() == b"true",
            Kind::Null => {}
            _ => self.mismatch(value, "bool"),
        }
    }

    /// `int64`
    pub fn int64(&mut self, value: Value<'_>, into: &mut i64) {
        self.signed(value, "int64", i64::MIN, into);
    }

    /// `int`, which has 64 bits
    pub fn int(&mut self, value: Value<'_>, into: &mut i64) {
        self.signed(value, "int", i64::MIN, into);
    }

    /// `time.Duration`, nanoseconds
    pub fn duration(&mut self, value: Value<'_>, into: &mut i64) {
        self.signed(value, "time.Duration", i64::MIN, into);
    }

    /// `int32`
    pub fn int32(&mut self, value: Value<'_>, into: &mut i64) {
        self.signed(value, "int32", i64::from(i32::MIN), into);
    }

    /// `uint64`
    pub fn uint64(&mut self, value: Value<'_>, into: &mut u64) {
        match (value.kind(), parse(value.raw())) {
            (Kind::Number, Some(n)) if value.raw()[0] != b'-' => *into = n,
            (Kind::Null, _) => {}
            _ => self.mismatch(value, "uint64"),
        }
    }

    fn signed(&mut self, value: Value<'_>, go_type: &str, min: i64, into: &mut i64) {
        if let Some(number) = self.number(value, go_type, min) {
            *into = number;
        }
    }

    /// A signed number from `min` to as far above zero; `None` for null and after an error.
    pub fn number(&mut self, value: Value<'_>, go_type: &str, min: i64) -> Option<i64> {
        match (value.kind(), parse::<i64>(value.raw())) {
            (Kind::Number, Some(n)) if n >= min && n <= !min => return Some(n),
            (Kind::Null, _) => {}
            _ => self.mismatch(value, go_type),
        }
        None
    }

    /// A slice of the Go type `[]name`. As in Go, elements of an earlier value are decoded over; null empties it.
    pub fn list<T: Default>(
        &mut self,
        value: Value<'_>,
        name: &str,
        into: &mut Vec<T>,
        mut element: impl FnMut(&mut Decoder, Value<'_>, &mut T),
    ) {
        let count = self.elements(value, name, &mut |decoder, at, child| {
            if into.len() == at {
                into.push(T::default());
            }
            element(decoder, child, &mut into[at]);
        });
        if let Some(count) = count {
            into.truncate(count);
        }
    }

    /// Hands out the elements of a list by index. Their number; `None` if it is no list, or decoding has ended.
    fn elements(
        &mut self,
        value: Value<'_>,
        name: &str,
        element: &mut dyn FnMut(&mut Decoder, usize, Value<'_>),
    ) -> Option<usize> {
        if !matches!(value.kind(), Kind::Array | Kind::Null) {
            self.mismatch(value, &format!("[]{name}"));
            return None;
        }
        let mut count = 0;
        for child in value.children() {
            element(self, count, child);
            count += 1;
            if self.fatal.is_some() {
                return None;
            }
        }
        Some(count)
    }

    /// `[]string`
    pub fn strings(&mut self, value: Value<'_>, into: &mut Vec<String>) {
        self.list(value, "string", into, |d, value, text| {
            d.string(value, text);
        });
    }

    /// `map[string]string`; null empties it.
    pub fn map(&mut self, value: Value<'_>, into: &mut Sorted<String, String>) {
        if value.is_null() {
            into.clear();
        }
        self.members(value, "string", &mut |decoder, name, member| {
            let mut text = String::new();
            decoder.string(member, &mut text);
            into.insert(name, text);
        });
    }

    /// Hands out the members of a `map[string]name`; null has none.
    pub fn members(
        &mut self,
        value: Value<'_>,
        name: &str,
        member: &mut dyn FnMut(&mut Decoder, String, Value<'_>),
    ) {
        if !matches!(value.kind(), Kind::Object | Kind::Null) {
            return self.mismatch(value, &format!("map[string]{name}"));
        }
        let mut members = value.children();
        while let (Some(key), Some(value)) = (members.next(), members.next()) {
            member(self, key.text(), value);
        }
    }

    /// `*time.Time`
    pub fn moment(&mut self, value: Value<'_>, into: &mut Option<Moment>) {
        if value.is_null() {
            *into = None;
        } else if let Some(moment) = self.unmarshal(value, parse_moment) {
            *into = Some(moment);
        }
    }

    /// A type that reads itself (Go's `UnmarshalJSON`): gets the raw text, null included. Its error ends decoding.
    pub fn unmarshal<T>(
        &mut self,
        value: Value<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Option<T> {
        match read(value.raw()) {
            Ok(read) => Some(read),
            Err(error) => {
                self.fatal.get_or_insert(error);
                None
            }
        }
    }

    /// The error of nats-server's enumerations for `raw`, a value they do not have.
    pub fn bad_enum(raw: &[u8]) -> String {
        format!("can not unmarshal {}", quote(raw))
    }

    /// The error of a value that does not fit the Go type.
    pub fn mismatch(&mut self, value: Value<'_>, go_type: &str) {
        let text = self.mismatch_text(value, go_type);
        self.save(text);
    }

    /// The same where the type reads itself: decoding ends.
    pub fn refuse(&mut self, value: Value<'_>, go_type: &str) {
        let text = self.mismatch_text(value, go_type);
        self.fatal.get_or_insert(text);
    }

    fn mismatch_text(&self, value: Value<'_>, go_type: &str) -> String {
        let kind = match value.kind() {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        };
        let mut text = format!("json: cannot unmarshal {kind}");
        let named = ["uint64", "time.Duration", "server.ConnState"];
        let integer = go_type.starts_with("int") || named.contains(&go_type);
        if value.kind() == Kind::Number && integer {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(value.raw()));
        }
        match self.structs.last() {
            Some(name) => {
                text.push_str(" into Go struct field ");
                text.push_str(name);
                for part in &self.path {
                    text.push('.');
                    text.push_str(part);
                }
            }
            None => text.push_str(" into Go value"),
        }
        text.push_str(" of type ");
        text.push_str(go_type);
        text
    }

    fn save(&mut self, error: String) {
        self.saved.get_or_insert(error);
    }
}

/// Names match whatever their letter case, also the two other characters that fold to ASCII letters. All field names of
/// the API are in lower case.
fn fold(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

fn parse<T: std::str::FromStr>(raw: &[u8]) -> Option<T> {
    str::from_utf8(raw).ok()?.parse().ok()
}

/// `time.Time`'s reading of a JSON string, with its error texts.
fn parse_moment(raw: &[u8]) -> Result<Moment, String> {
    let text = match raw {
        [b'"', inner @ .., b'"'] => String::from_utf8_lossy(inner).into_owned(),
        _ => return Err("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
    };
    let bad = |rest: &str, element: &str| {
        Err(format!(
            "parsing time {} as \"{LAYOUT}\": cannot parse {} as \"{element}\"",
            quote_time(&text),
            quote_time(rest)
        ))
    };
    let range = |what: &str| {
        let time = quote_time(&text);
        Err(format!("parsing time {time}: {what} out of range"))
    };
    let mut rest = text.as_str();
    let mut numbers = [0u32; 6];
    let elements = [
        ("2006", "-"),
        ("01", "-"),
        ("02", "T"),
        ("15", ":"),
        ("04", ":"),
        ("05", ""),
    ];
    for (number, (element, separator)) in numbers.iter_mut().zip(elements) {
        // Hours alone may be of one digit.
        let short = element == "15" && rest.as_bytes().get(1) == Some(&b':');
        match rest.split_at_checked(element.len() - usize::from(short)) {
            Some((digits, after)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                *number = digits.parse().unwrap_or(0);
                match element {
                    "01" if !(1..=12).contains(number) => return range("month"),
                    "15" if *number > 23 => return range("hour"),
                    "04" if *number > 59 => return range("minute"),
                    "05" if *number > 59 => return range("second"),
                    _ => {}
                }
                rest = after;
            }
            _ => return bad(rest, element),
        }
        match rest.strip_prefix(separator) {
            Some(after) => rest = after,
            None => return bad(rest, separator),
        }
    }
    let mut shown = text[..text.len() - rest.len()].to_owned();
    if shown.len() < "2006-01-02T15:04:05".len() {
        shown.insert("2006-01-02T".len(), '0');
    }
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            fraction = &after[..digits.min(9)];
            rest = &after[digits..];
        }
    }
    let mut offset = 0;
    let (mut zone, tail) = match rest.as_bytes() {
        [b'Z', ..] => rest.split_at(1),
        [sign, a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()) => {
            let of = |tens: &u8, ones: &u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let (hours, minutes) = (of(a, b), of(c, d));
            if hours > 24 {
                return range("time zone offset hour");
            }
            if minutes > 60 {
                return range("time zone offset minute");
            }
            offset = (hours * 60 + minutes) * 60 * SECOND;
            match sign {
                b'+' => {}
                b'-' => offset = -offset,
                _ => return bad(rest, "Z07:00"),
            }
            rest.split_at(6)
        }
        _ => return bad(rest, "Z07:00"),
    };
    if !tail.is_empty() {
        let (time, extra) = (quote_time(&text), quote_time(tail));
        return Err(format!("parsing time {time}: extra text: {extra}"));
    }
    if offset == 0 {
        zone = "Z";
    }
    let [year, month, day, ..] = numbers;
    if day < 1 || day > month_days(i64::from(year), month) {
        return range("day");
    }
    let days = days(i64::from(year), month, day);
    let of_day = numbers[3] * 3600 + numbers[4] * 60 + numbers[5];
    let nanoseconds = fraction.parse::<i64>().unwrap_or(0) * 10i64.pow(9 - fraction.len() as u32);
    let time = (days * 86_400 + i64::from(of_day))
        .wrapping_mul(SECOND)
        .wrapping_add(nanoseconds)
        .wrapping_sub(offset);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(Moment {
        time: Time(time),
        text: shown + point + fraction + zone,
    })
}

/// How Go's package `time` puts text in quotes: ASCII as it is, of all else the bytes.
fn quote_time(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=0x7f => quoted.push(char::from(byte)),
            _ => push_hex(&mut quoted, "\\x", u32::from(byte), 2),
        }
    }
    quoted.push('"');
    quoted
}

impl Moment {
    /// Is it Go's zero time, which is none?
    pub fn is_zero(&self) -> bool {
        self.text == "0001-01-01T00:00:00Z"
    }

    /// For those who compare it: what nanoseconds cannot count is as early or as late as can be.
    pub fn clamped(mut self) -> Moment {
        if self.text.as_str() < "1677-09-22" {
            self.time = Time(i64::MIN);
        } else if self.text.as_str() > "2262-04-11" {
            self.time = Time(i64::MAX);
        }
        self
    }

    /// The same point in time without a zone of its own.
    pub fn utc(time: Time) -> Moment {
        Moment {
            time,
            text: time.rfc3339(),
        }
    }
}
