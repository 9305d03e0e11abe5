//! JSON as natscli prints it: indented by two, with Go's escapes, and each object's keys in the order of the Go type it
//! comes from.

use crate::wire::json::{ToJson, Writer, indent, to_json};
use serde_json::Value;

/// A value as text, without a newline at the end.
pub fn print(value: &dyn ToJson) -> String {
    indent(&to_json(value))
}

/// Names: `null` if there are none.
pub fn names(names: &[String]) -> String {
    let mut writer = Writer::default();
    match names {
        [] => writer.raw(b"null"),
        names => writer.strings(names),
    };
    indent(&writer.finish())
}

/// What has no type here, its keys in the order of their letters.
impl ToJson for Value {
    fn write(&self, writer: &mut Writer) {
        match self {
            Value::Object(fields) => {
                writer.open();
                for (key, value) in fields {
                    writer.key(key);
                    value.write(writer);
                }
                writer.close();
            }
            Value::Array(items) => {
                writer.open_list();
                for item in items {
                    item.write(writer);
                }
                writer.close_list();
            }
            Value::String(text) => {
                writer.string(text);
            }
            other => {
                writer.raw(other.to_string().as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_those_of_go() {
        let value = json!({"b": [1, -2.5, null], "a": {}, "c": ["<\u{2028}>"], "d": []});
        let want = "{\n  \"a\": {},\n  \"b\": [\n    1,\n    -2.5,\n    null\n  ],\n  \"c\": [\n    \"\\u003c\\u2028\\u003e\"\n  ],\n  \"d\": []\n}";
        assert_eq!(print(&value), want);
        assert_eq!(print(&Value::Null), "null");
        assert_eq!(names(&[]), "null");
        assert_eq!(names(&["a".into(), "b".into()]), "[\n  \"a\",\n  \"b\"\n]");
    }
}
