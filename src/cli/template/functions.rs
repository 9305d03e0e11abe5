//! The functions every template of Go has, as far as messages want them.

use super::{Value, printf::printf};

/// Why a call failed: a wrong number of arguments, or what the function said.
pub enum Failure {
    Arguments(String),
    Call(String),
}

/// Names, with the fewest arguments and, where there is one, the most.
const KNOWN: [(&str, usize, usize); 13] = [
    ("and", 1, usize::MAX),
    ("or", 1, usize::MAX),
    ("not", 1, 1),
    ("len", 1, 1),
    ("eq", 1, usize::MAX),
    ("ne", 2, 2),
    ("lt", 2, 2),
    ("le", 2, 2),
    ("gt", 2, 2),
    ("ge", 2, 2),
    ("print", 0, usize::MAX),
    ("println", 0, usize::MAX),
    ("printf", 1, usize::MAX),
];

/// Is there such a function? `Random` is one of messages.
pub fn is_known(name: &str) -> bool {
    name == "Random" || KNOWN.iter().any(|(known, ..)| *known == name)
}

/// Calls one.
pub fn call(name: &str, values: Vec<Value>) -> Result<Value, Failure> {
    let got = values.len();
    if let Some((_, least, most)) = KNOWN.iter().find(|(known, ..)| *known == name)
        && !(*least..=*most).contains(&got)
    {
        let least = match most {
            &usize::MAX => format!("at least {least}"),
            _ => least.to_string(),
        };
        let words = format!("wrong number of args for {name}: want {least} got {got}");
        return Err(Failure::Arguments(words));
    }
    let refuse = |words: &str| Err(Failure::Call(words.into()));
    Ok(match (name, &values[..]) {
        ("and" | "or", [.., last]) => {
            let decided = values.iter().find(|v| v.is_true() == (name == "or"));
            decided.unwrap_or(last).clone()
        }
        ("not", [value]) => Value::Bool(!value.is_true()),
        ("len", [Value::Text(text)]) => Value::Int(text.len() as i64),
        ("len", [value]) => return refuse(&format!("len of type {}", value.kind())),
        ("print", _) => Value::Text(print(&values)),
        ("println", _) => {
            let texts: Vec<String> = values.iter().map(Value::text).collect();
            Value::Text(format!("{}\n", texts.join(" ")))
        }
        ("printf", [Value::Text(format), rest @ ..]) => Value::Text(printf(format, rest)),
        ("printf", [value, ..]) => {
            let words = format!(
                "wrong type for value; expected string; got {}",
                value.kind()
            );
            return Err(Failure::Arguments(words));
        }
        ("eq", [_]) => return refuse("missing argument for comparison"),
        ("eq" | "ne", [first, others @ ..]) => {
            let mut equal = false;
            for other in others {
                if std::mem::discriminant(first) != std::mem::discriminant(other) {
                    return refuse(&incompatible(first, other));
                }
                equal |= first == other;
            }
            Value::Bool(equal == (name == "eq"))
        }
        (_, [first, second]) => {
            let order = match (first, second) {
                (Value::Int(a), Value::Int(b)) => a.partial_cmp(b),
                (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
                (Value::Text(a), Value::Text(b)) => a.partial_cmp(b),
                (Value::Bool(_) | Value::Nil, _) => {
                    return refuse("invalid type for comparison");
                }
                _ => return refuse(&incompatible(first, second)),
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

fn incompatible(first: &Value, second: &Value) -> String {
    let (first, second) = (first.kind(), second.kind());
    format!("incompatible types for comparison: {first} and {second}")
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
