//! Values into fields, strictly: an unknown field or a wrong type is an error in Go's words, with Go's path to the field.

use super::parse::{after_blanks, invalid};
use super::{Document, Kind, Moment, Value, quote};
use crate::wire::sorted::Sorted;

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
    pub package: &'static str,
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
        } else if let Some(moment) = self.unmarshal(value, Moment::parse) {
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
        let named = ["uint16", "uint64", "time.Duration", "server.ConnState"];
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
