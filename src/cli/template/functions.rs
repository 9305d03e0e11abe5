//! The functions every template of Go has, as far as messages want them.

use super::{Value, printf::printf};

/// Names, with the fewest arguments and, where there is one, the most.
const KNOWN: [(&str, usize, usize); 18] = [
    ("and", 1, MANY),
    ("or", 1, MANY),
    ("not", 1, 1),
    ("len", 1, 1),
    ("index", 1, MANY),
    ("slice", 1, MANY),
    ("eq", 1, MANY),
    ("ne", 2, 2),
    ("lt", 2, 2),
    ("le", 2, 2),
    ("gt", 2, 2),
    ("ge", 2, 2),
    ("print", 0, MANY),
    ("println", 0, MANY),
    ("printf", 1, MANY),
    ("html", 0, MANY),
    ("js", 0, MANY),
    ("urlquery", 0, MANY),
];
const MANY: usize = usize::MAX;

/// Is there such a function?
pub fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(known, ..)| *known == name)
}

/// The only type that a function takes as its argument number `index`, from 0, if it does not take any.
pub fn wants(name: &str, index: usize) -> Option<&'static str> {
    match (name, index) {
        ("printf", 0) => Some("string"),
        ("Random", _) => Some("uint"),
        _ => None,
    }
}

/// May a function have so many arguments, of which `written` stand behind its name?
pub fn check(name: &str, written: usize, given: usize) -> Result<(), String> {
    let known = KNOWN.iter().find(|(known, ..)| *known == name);
    let (least, most) = match known {
        Some((_, least, most)) => (*least, *most),
        None if name == "Random" => (2, 2),
        None => (0, 0),
    };
    match most {
        _ if (least..=most).contains(&given) => Ok(()),
        MANY => Err(format!(
            "wrong number of args for {name}: want at least {least} got {written}"
        )),
        _ => Err(format!(
            "wrong number of args for {name}: want {least} got {given}"
        )),
    }
}

/// Calls one, or says why it failed.
pub fn call(name: &str, values: Vec<Value>) -> Result<Value, String> {
    Ok(match (name, &values[..]) {
        ("and" | "or", [.., last]) => last.clone(),
        ("not", [value]) => Value::Bool(!value.is_true()),
        ("len", [Value::Text(text)]) => Value::Int(text.len() as i64),
        ("len", [Value::Nil]) => {
            return Err("reflect: call of reflect.Value.Type on zero Value".into());
        }
        ("len", [value]) => return Err(format!("len of type {}", bare(value))),
        ("index" | "slice", [item, indexes @ ..]) => return part(name, item, indexes),
        ("print", _) => Value::Text(print(&values)),
        ("println", _) => {
            let texts: Vec<String> = values.iter().map(Value::text).collect();
            Value::Text(format!("{}\n", texts.join(" ")))
        }
        ("printf", [Value::Text(format), rest @ ..]) => Value::Text(printf(format, rest)),
        ("html" | "js" | "urlquery", _) => {
            Value::Text(print(&values).chars().map(|c| escaped(name, c)).collect())
        }
        ("eq", [_]) => return Err("missing argument for comparison".into()),
        ("eq" | "ne", [first, others @ ..]) => {
            let mut equal = false;
            for other in others {
                if !equal && !matches!((first, other), (Value::Nil, _) | (_, Value::Nil)) {
                    comparable(first, other)?;
                }
                equal |= first == other || whole(first, other).is_some_and(|(a, b)| a == b);
            }
            Value::Bool(equal == (name == "eq"))
        }
        (_, [first, second]) => {
            let none = |value: &Value| matches!(value, Value::Nil | Value::Data(_));
            if none(first) || none(second) {
                return Err("invalid type for comparison".into());
            }
            comparable(first, second)?;
            let order = match (first, second, whole(first, second)) {
                (.., Some((a, b))) => Some(a.cmp(&b)),
                (Value::Float(a), Value::Float(b), _) => a.partial_cmp(b),
                (Value::Text(a), Value::Text(b), _) => a.partial_cmp(b),
                _ => return Err("invalid type for comparison".into()),
            };
            Value::Bool(order.is_some_and(|order| match name {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        _ => Value::Nil,
    })
}

/// The type of what a pointer points at.
fn bare(value: &Value) -> &'static str {
    value.kind().trim_start_matches('*')
}

/// Two numbers that are both whole.
fn whole(first: &Value, second: &Value) -> Option<(i64, i64)> {
    first.whole().zip(second.whole())
}

fn comparable(first: &Value, second: &Value) -> Result<(), String> {
    let same = std::mem::discriminant(first) == std::mem::discriminant(second);
    if same || whole(first, second).is_some() {
        return Ok(());
    }
    let (first, second) = (first.kind(), second.kind());
    Err(format!(
        "incompatible types for comparison: {first} and {second}"
    ))
}

/// A byte of a text, or a piece of it. A byte is a number as others are.
fn part(name: &str, item: &Value, indexes: &[Value]) -> Result<Value, String> {
    let text = match item {
        Value::Text(text) => text.as_bytes(),
        Value::Nil => return Err(format!("{name} of untyped nil")),
        _ if indexes.is_empty() && name == "index" => return Ok(item.clone()),
        _ if name == "index" => return Err(format!("can't index item of type {}", bare(item))),
        _ => return Err(format!("can't slice item of type {}", bare(item))),
    };
    match indexes.len() {
        4.. if name == "slice" => {
            return Err(format!("too many slice indexes: {}", indexes.len()));
        }
        3 if name == "slice" => return Err("cannot 3-index slice a string".into()),
        _ => {}
    }
    let mut bounds = [0, text.len()];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = match index {
            Value::Int(at) | Value::Int64(at) => match usize::try_from(*at) {
                Ok(at) if at <= text.len() => at,
                _ => return Err(format!("index out of range: {at}")),
            },
            Value::Nil => return Err("cannot index slice/array with nil".into()),
            _ => {
                let kind = index.kind();
                return Err(format!("cannot index slice/array with type {kind}"));
            }
        };
    }
    let [from, to] = bounds;
    if name == "index" {
        return match (indexes.len(), text.get(from)) {
            (0, _) => Ok(item.clone()),
            (1, Some(byte)) => Ok(Value::Int((*byte).into())),
            (_, Some(_)) => Err("can't index item of type uint8".into()),
            (_, None) => Err("reflect: string index out of range".into()),
        };
    }
    match text.get(from..to) {
        Some(piece) => Ok(Value::Text(String::from_utf8_lossy(piece).into())),
        None => Err(format!("invalid slice index: {from} > {to}")),
    }
}

/// A character for HTML, JavaScript or an address.
fn escaped(name: &str, c: char) -> String {
    match (name, c) {
        ("html", '&') => "&amp;".into(),
        ("html", '"' | '\'') => format!("&#{};", u32::from(c)),
        ("html", '<') => "&lt;".into(),
        ("html", '>') => "&gt;".into(),
        ("html", '\0') => char::REPLACEMENT_CHARACTER.into(),
        ("js", '\\' | '\'' | '"') => format!("\\{c}"),
        ("js", '<' | '>' | '&' | '=') => format!("\\u{:04X}", u32::from(c)),
        ("js", _) if c < ' ' || c != ' ' && (c.is_control() || c.is_whitespace()) => {
            format!("\\u{:04X}", u32::from(c))
        }
        ("urlquery", ' ') => "+".into(),
        ("urlquery", _) if !c.is_ascii_alphanumeric() && !"-_.~".contains(c) => {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).bytes();
            bytes.map(|byte| format!("%{byte:02X}")).collect()
        }
        _ => c.into(),
    }
}

/// Go's `Sprint`: blanks between two that are no texts.
fn print(values: &[Value]) -> String {
    let mut out = String::new();
    let mut was_text = true;
    for (index, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Text(_));
        if index > 0 && !is_text && !was_text {
            out.push(' ');
        }
        out.push_str(&value.text());
        was_text = is_text;
    }
    out
}
