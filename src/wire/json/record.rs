//! Structs as JSON objects: a type lists its fields once with `record!`, and one decoder and one encoder serve all types,
//! so that a type costs its list and no code of its own. Reads as Go's `json.Unmarshal` (unknown fields are skipped, null and
//! missing ones leave a field as it is, a wrong type is an error), writes as `json.Marshal`, in the order of the list. Must
//! not know any type of the API.

use crate::wire::sorted::Sorted;

use super::{Decoder, Moment, Value, Writer, decode_lenient};
use crate::wire::time::Time;

/// Go's zero time, as JSON shows it where there is no time.
const ZERO_TIME: &[u8] = b"\"0001-01-01T00:00:00Z\"";

/// What reads itself from JSON.
pub trait FromJson {
    /// Go's name of the type, for error texts.
    fn name() -> &'static str
    where
        Self: Sized;

    /// Reads over what is there; the decoder collects mistakes.
    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>);
}

/// What writes itself as JSON.
pub trait ToJson {
    /// Adds the value.
    fn write(&self, writer: &mut Writer);

    /// Is it what Go's `omitempty` leaves out?
    fn is_empty(&self) -> bool {
        false
    }
}

/// Reads one value.
///
/// # Errors
/// Go's text.
pub fn from_json<T: FromJson + Default>(text: &[u8]) -> Result<T, String> {
    let mut value = T::default();
    read_json(text, &mut value)?;
    Ok(value)
}

/// The same into a value that is there.
///
/// # Errors
/// Go's text; parts of the value may have been read then.
pub fn read_json(text: &[u8], into: &mut dyn FromJson) -> Result<(), String> {
    decode_lenient(text, |decoder, value| {
        decoder.package = "api";
        into.read(decoder, value);
    })
}

/// A value as text.
pub fn to_json(value: &dyn ToJson) -> Vec<u8> {
    let mut writer = Writer::default();
    value.write(&mut writer);
    writer.finish()
}

/// Lists the fields of a struct, by the names they have in JSON, in the order they are written; those in brackets only if
/// they are not empty. The text is Go's name of the type.
macro_rules! record {
    ($type:ty, $name:literal: $($($always:ident)? $([$filled:ident])?),*) => {
        impl $crate::wire::json::FromJson for $type {
            fn name() -> &'static str {
                concat!("api.", $name)
            }

            fn read(&mut self, decoder: &mut $crate::wire::json::Decoder, value: $crate::wire::json::Value<'_>) {
                let names = concat!($($(stringify!($always), " ",)? $(stringify!($filled), "? ",)?)*);
                decoder.record(value, $name, names, &mut [$(&mut self.$($always)? $($filled)?),*]);
            }
        }

        impl $crate::wire::json::ToJson for $type {
            fn write(&self, writer: &mut $crate::wire::json::Writer) {
                let names = concat!($($(stringify!($always), " ",)? $(stringify!($filled), "? ",)?)*);
                writer.record(names, &[$(&self.$($always)? $($filled)?),*]);
            }
        }
    };
}

/// Lists the values of an enumeration with their texts; the first is the default, which counts as empty, and may have a
/// second text.
macro_rules! choice {
    ($type:ty, $name:literal: $first:ident $first_text:literal $(or $other:literal)? $(, $variant:ident $text:literal)*) => {
        impl $crate::wire::json::FromJson for $type {
            fn name() -> &'static str {
                concat!("api.", $name)
            }

            fn read(&mut self, decoder: &mut $crate::wire::json::Decoder, value: $crate::wire::json::Value<'_>) {
                let all = [Self::$first $(, Self::$variant)*];
                if let Some(at) = decoder.choice(value, &[$first_text $(, $text)* $(, $other)?]) {
                    *self = all.get(at).copied().unwrap_or(Self::$first);
                }
            }
        }

        impl $crate::wire::json::ToJson for $type {
            fn write(&self, writer: &mut $crate::wire::json::Writer) {
                writer.string([$first_text $(, $text)*][*self as usize]);
            }

            fn is_empty(&self) -> bool {
                matches!(self, Self::$first)
            }
        }
    };
}

pub(crate) use {choice, record};

impl Decoder {
    /// An object into the struct called `name`: `names` are those of `fields`, as [`Writer::record`] has them.
    pub fn record(
        &mut self,
        value: Value<'_>,
        name: &'static str,
        names: &str,
        fields: &mut [&mut dyn FromJson],
    ) {
        self.object(value, name, &mut |decoder, key, member| {
            let mut listed = names.split(' ');
            let at = listed.position(|name| name.strip_suffix('?').unwrap_or(name) == key);
            let field = at.and_then(|at| fields.get_mut(at));
            let known = field.is_some();
            if let Some(field) = field
                && !member.is_null()
            {
                field.read(decoder, member);
            }
            known
        });
    }

    /// The index of a text among `names`; any other is an error, which ends decoding.
    pub fn choice(&mut self, value: Value<'_>, names: &[&str]) -> Option<usize> {
        let text = value.text();
        let at = names.iter().position(|name| *name == text);
        if at.is_none() {
            self.unmarshal(value, |raw| Err::<(), _>(Decoder::bad_enum(raw)));
        }
        at
    }
}

impl Writer {
    /// A member, unless it is what Go's `omitempty` leaves out.
    pub fn filled(&mut self, name: &str, value: &dyn ToJson) {
        if !value.is_empty() {
            value.write(self.key(name));
        }
    }

    /// An object of `fields` whose `names` stand with blanks between them; those with a `?` are written if not empty.
    pub fn record(&mut self, names: &str, fields: &[&dyn ToJson]) {
        self.open();
        for (name, field) in names.split(' ').zip(fields) {
            let name = match name.strip_suffix('?') {
                Some(_) if field.is_empty() => continue,
                Some(name) => name,
                None => name,
            };
            self.key(name);
            field.write(self);
        }
        self.close();
    }
}

impl FromJson for String {
    fn name() -> &'static str {
        "string"
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.string(value, self);
    }
}

impl ToJson for String {
    fn write(&self, writer: &mut Writer) {
        writer.string(self);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl ToJson for &str {
    fn write(&self, writer: &mut Writer) {
        writer.string(self);
    }

    fn is_empty(&self) -> bool {
        str::is_empty(self)
    }
}

impl FromJson for bool {
    fn name() -> &'static str {
        "bool"
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.bool(value, self);
    }
}

impl ToJson for bool {
    fn write(&self, writer: &mut Writer) {
        writer.bool(*self);
    }

    fn is_empty(&self) -> bool {
        !self
    }
}

impl FromJson for u64 {
    fn name() -> &'static str {
        "uint64"
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.uint64(value, self);
    }
}

impl ToJson for u64 {
    fn write(&self, writer: &mut Writer) {
        writer.uint(*self);
    }

    fn is_empty(&self) -> bool {
        *self == 0
    }
}

/// Numbers that Go has with a sign, or that are small.
macro_rules! number {
    ($($type:ident $name:literal),*) => {$(
        impl FromJson for $type {
            fn name() -> &'static str {
                $name
            }

            fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
                if let Some(number) = decoder.number(value, $name, i64::MIN) {
                    match number.try_into() {
                        Ok(number) => *self = number,
                        Err(_) => decoder.mismatch(value, $name),
                    }
                }
            }
        }

        impl ToJson for $type {
            fn write(&self, writer: &mut Writer) {
                writer.int(*self as i64);
            }

            fn is_empty(&self) -> bool {
                *self == 0
            }
        }
    )*};
}

number!(i64 "int64", i32 "int32", u16 "uint16", u32 "uint32", usize "int");

impl FromJson for Option<Time> {
    fn name() -> &'static str {
        "time.Time"
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        let mut moment: Option<Moment> = None;
        if value.raw() != ZERO_TIME {
            decoder.moment(value, &mut moment);
        }
        *self = moment.map(|moment| moment.time);
    }
}

impl ToJson for Option<Time> {
    fn write(&self, writer: &mut Writer) {
        writer.time(*self);
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl ToJson for Moment {
    fn write(&self, writer: &mut Writer) {
        writer.string(&self.text);
    }
}

impl<T: FromJson + Default> FromJson for Option<T> {
    fn name() -> &'static str {
        T::name()
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        self.get_or_insert_default().read(decoder, value);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, writer: &mut Writer) {
        match self {
            Some(value) => value.write(writer),
            None => {
                writer.raw(b"null");
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<T: FromJson + Default> FromJson for Vec<T> {
    fn name() -> &'static str {
        T::name()
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.list(value, T::name(), self, |decoder, value, element| {
            element.read(decoder, value);
        });
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, writer: &mut Writer) {
        writer.open_list();
        for element in self {
            element.write(writer);
        }
        writer.close_list();
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// An object with any names, in the order they come.
impl<T: FromJson + Default> FromJson for Vec<(String, T)> {
    fn name() -> &'static str {
        T::name()
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.members(value, T::name(), &mut |decoder, name, member| {
            let mut value = T::default();
            value.read(decoder, member);
            self.push((name, value));
        });
    }
}

impl<T: ToJson> ToJson for Vec<(String, T)> {
    fn write(&self, writer: &mut Writer) {
        writer.open();
        for (name, value) in self {
            writer.key(name);
            value.write(writer);
        }
        writer.close();
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl FromJson for Sorted<String, String> {
    fn name() -> &'static str {
        "map[string]string"
    }

    fn read(&mut self, decoder: &mut Decoder, value: Value<'_>) {
        decoder.map(value, self);
    }
}

impl ToJson for Sorted<String, String> {
    fn write(&self, writer: &mut Writer) {
        writer.open();
        for (name, value) in self {
            writer.key(name).string(value);
        }
        writer.close();
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}
