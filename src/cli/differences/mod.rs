//! What differs between two configurations, as go-cmp reports it: natscli prints its report for edits. Knows the form,
//! not what is compared.

mod slices;

use super::values::{self, quote};
use crate::wire::sorted::Sorted;
use crate::wire::time::Time;
use crate::wire::{duration, json};

/// Equal fields shown on each side of one that differs.
const CONTEXT: usize = 2;

/// Longest line of what is new or gone, without the braces around it.
const WIDTH: usize = 80;

/// Bytes of an equal text that are shown, but for one that is hardly longer.
const TEXT: usize = 64;

/// Bytes of texts of which only pieces are shown where they differ.
const LONG: usize = 32;

/// Elements of an equal list that are shown.
const SHOWN: usize = 4;

/// A field's value, as Go has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Printed as it is.
    Plain(String),
    /// A string.
    Text(String),
    /// A list; `None` is Go's nil.
    List(List, Option<Vec<String>>),
    /// A map of strings; `None` is Go's nil.
    Map(Option<Vec<(String, String)>>),
    /// A pointer to a struct of this type; `None` is nil.
    Pointer(&'static str, Option<Fields>),
    /// A struct of this type.
    Struct(&'static str, Fields),
}

/// Which list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Strings, compared in alphabetical order.
    Sorted,
    /// Anything else, of this type.
    Of(&'static str),
}

/// Fields of a struct in their order.
pub type Fields = Vec<(&'static str, Value)>;

impl Value {
    /// A string.
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// A signed number.
    pub fn number(number: i64) -> Value {
        Value::Plain(number.to_string())
    }

    /// An unsigned number.
    pub fn unsigned(number: u64) -> Value {
        Value::Plain(number.to_string())
    }

    /// A truth value.
    pub fn flag(flag: bool) -> Value {
        Value::Plain(flag.to_string())
    }

    /// A value that Go knows how to print.
    pub fn named(name: &str) -> Value {
        Value::Plain(format!("s{}", quote(name)))
    }

    /// Nanoseconds.
    pub fn duration(ns: i64) -> Value {
        Value::named(&duration::format(ns))
    }

    /// A time, which is the year 1 if there is none.
    pub fn time(time: Option<Time>) -> Value {
        let text = time.map_or("0001-01-01T00:00:00Z".into(), Time::rfc3339);
        let text = text.replace('T', " ").replace('Z', " +0000 UTC");
        Value::named(&text)
    }

    /// A pointer to a time.
    pub fn time_if_any(time: Option<Time>) -> Value {
        time.map_or(Value::Plain("nil".into()), |time| Value::time(Some(time)))
    }

    /// A list of this type; an empty one is nil.
    pub fn list(kind: &'static str, items: impl Iterator<Item = Value>) -> Value {
        let items: Vec<String> = items.map(|item| item.line(false)).collect();
        Value::List(List::Of(kind), Some(items).filter(|i| !i.is_empty()))
    }

    /// A map of strings; an empty one is nil.
    pub fn map(entries: &Sorted<String, String>) -> Value {
        let entries = entries.iter().map(|(k, v)| (k.clone(), v.clone()));
        Value::Map(Some(entries.collect()).filter(|e: &Vec<_>| !e.is_empty()))
    }

    /// The value, or where it is nil although `there` a list or map with nothing in it.
    pub fn or_empty(self, there: bool) -> Value {
        match self {
            Value::Map(None) if there => Value::Map(Some(Vec::new())),
            Value::List(kind, None) if there => Value::List(kind, Some(Vec::new())),
            value => value,
        }
    }

    /// Strings, whose order does not count.
    pub fn strings(strings: &[String]) -> Value {
        let strings: Vec<String> = strings.iter().map(|text| quoted(text)).collect();
        Value::List(List::Sorted, Some(strings).filter(|s| !s.is_empty()))
    }

    /// The value with all lists in the order in which they are compared.
    fn sorted(&self) -> Value {
        let sorted = |fields: &Fields| {
            let fields = fields.iter();
            fields
                .map(|(name, value)| (*name, value.sorted()))
                .collect()
        };
        match self {
            Value::List(List::Sorted, Some(items)) => {
                let mut items = items.clone();
                items.sort();
                Value::List(List::Sorted, Some(items))
            }
            Value::Pointer(of, fields) => Value::Pointer(of, fields.as_ref().map(sorted)),
            Value::Struct(of, fields) => Value::Struct(of, sorted(fields)),
            value => value.clone(),
        }
    }

    fn is_zero(&self) -> bool {
        match self {
            Value::Plain(text) => matches!(&**text, "0" | "false" | "nil" | "s\"0s\""),
            Value::Text(text) => text.is_empty(),
            Value::List(_, items) => items.is_none(),
            Value::Map(items) => items.is_none(),
            Value::Pointer(_, fields) => fields.is_none(),
            Value::Struct(_, fields) => fields.iter().all(|(_, value)| value.is_zero()),
        }
    }

    /// The value on one line; with the names of its types if it is shown for a difference.
    fn line(&self, typed: bool) -> String {
        let kind = |kind: &'static str| if typed { kind } else { "" };
        let braced = |kind: &str, items: &[String]| {
            let mut items: Vec<&str> = items.iter().map(|item| &**item).collect();
            if !typed && items.len() > SHOWN {
                items.truncate(SHOWN);
                items.push("...");
            }
            format!("{kind}{{{}}}", items.join(", "))
        };
        match self {
            Value::Plain(text) => text.clone(),
            Value::Text(text) if !typed && text.len() > TEXT + "...".len() => {
                let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
                let end = ends.take_while(|end| *end <= TEXT).last();
                quoted(text.get(..end.unwrap_or(0)).unwrap_or_default()) + "..."
            }
            Value::Text(text) => quoted(text),
            Value::List(List::Sorted, items) => {
                let list = items
                    .as_ref()
                    .map_or("[]string(nil)".into(), |items| braced("[]string", items));
                let (open, close) = if typed { ("[]string(", ")") } else { ("", "") };
                format!("{open}Inverse(Sort, {list}){close}")
            }
            Value::List(List::Of(_), None) | Value::Map(None) | Value::Pointer(_, None) => {
                "nil".into()
            }
            Value::List(List::Of(of), Some(items)) => braced(kind(of), items),
            Value::Map(Some(items)) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|(k, v)| format!("{}: {}", quoted(k), quoted(v)))
                    .collect();
                braced(kind("map[string]string"), &items)
            }
            Value::Pointer(of, Some(fields)) => format!("&{}{}", kind(of), braces(fields, typed)),
            Value::Struct(of, fields) => format!("{}{}", kind(of), braces(fields, typed)),
        }
    }

    /// The value for a difference: on one line, or on one for each field where that is too long.
    fn body(&self, mark: char, typed: bool) -> Body {
        let line = self.line(typed);
        let kind = |kind: &'static str| if typed { kind } else { "" };
        let fields = |fields| {
            let set = set(fields, typed).into_iter();
            set.map(|(key, value, typed)| Line {
                mark,
                key: key.into(),
                body: value.body(mark, typed),
            })
            .collect()
        };
        let (open, lines, close) = match self {
            Value::List(List::Sorted, Some(items)) => {
                let open = "[]string(Inverse(Sort, []string{";
                (open.into(), batches(items, mark), "}))")
            }
            Value::List(List::Of(of), Some(items)) => {
                (format!("{}{{", kind(of)), batches(items, mark), "}")
            }
            Value::Pointer(of, Some(set)) => (format!("&{}{{", kind(of)), fields(set), "}"),
            Value::Struct(of, set) => (format!("{}{{", kind(of)), fields(set), "}"),
            _ => return Body::Text(line),
        };
        match line.len() > WIDTH + open.len() + close.len() {
            true => Body::Block(open, lines, close),
            false => Body::Text(line),
        }
    }
}

/// Quoted, in backticks where that takes no escapes.
fn quoted(text: &str) -> String {
    quoted_bytes(text.as_bytes())
}

fn quoted_bytes(bytes: &[u8]) -> String {
    let quoted = json::quote(bytes);
    let raw = |c: char| c != '`' && (matches!(c, '\t' | ' ') || json::is_printable(c));
    match str::from_utf8(bytes) {
        Ok(text) if quoted.len() > text.len() + 2 && text.chars().all(raw) => format!("`{text}`"),
        _ => quoted,
    }
}

/// The elements of a list, as many on a line as fit.
fn batches(items: &[String], mark: char) -> Vec<Line> {
    let mut rows: Vec<String> = Vec::new();
    for item in items {
        match rows.last_mut() {
            Some(row) if row.len() + item.len() + 4 <= WIDTH => row.push_str(&format!(", {item}")),
            _ => rows.push(item.clone()),
        }
    }
    let line = |row| Line {
        mark,
        key: String::new(),
        body: Body::Text(row),
    };
    rows.into_iter().map(line).collect()
}

/// The fields that are set, and whether with their types. Those of a struct that is new or gone were not compared: their strings
/// are not sorted.
fn set(fields: &Fields, alone: bool) -> Vec<(&'static str, Value, bool)> {
    let set = fields.iter().filter(|(_, value)| !value.is_zero());
    set.map(|(name, value)| match value {
        Value::List(List::Sorted, items) if alone => (
            *name,
            Value::List(List::Of("[]string"), items.clone()),
            true,
        ),
        value => (*name, value.clone(), false),
    })
    .collect()
}

/// The fields that are set, in braces.
fn braces(fields: &Fields, alone: bool) -> String {
    let set = set(fields, alone).into_iter();
    let set: Vec<String> = set
        .map(|(name, value, typed)| format!("{name}: {}", value.line(typed)))
        .collect();
    format!("{{{}}}", set.join(", "))
}

/// One line of a report, or what it opens.
struct Line {
    mark: char,
    /// Empty for an element of a list.
    key: String,
    body: Body,
}

enum Body {
    Text(String),
    Block(String, Vec<Line>, &'static str),
    /// So many equal ones of this are left out.
    Elided(usize, &'static str),
}

/// The report on two structs of type `kind` with the same fields; empty if nothing differs.
pub fn report(kind: &str, old: Fields, new: Fields) -> String {
    let mut both = old.iter().zip(&new);
    if both.all(|((_, old), (_, new))| old.sorted() == new.sorted()) {
        return String::new();
    }
    let mut out = format!("  {kind}{{\n");
    print(&fields(old, new), 1, &mut out);
    out + "  }\n"
}

fn fields(old: Fields, new: Fields) -> Vec<Line> {
    let mut lines = Vec::new();
    for ((name, old), (_, new)) in old.into_iter().zip(new) {
        pair(name.into(), Some(old), Some(new), &mut lines);
    }
    thin(lines, "fields")
}

/// The lines of a field, an element or an entry that was, is, or both.
fn pair(key: String, old: Option<Value>, new: Option<Value>, lines: &mut Vec<Line>) {
    let listed = |value: Value| match value {
        Value::List(..) => value.sorted(),
        value => value,
    };
    let [old, new] = [old, new].map(|value| value.map(listed));
    let mut push = |mark, value: &Value, typed| {
        let body = match typed {
            true => value.body(mark, true),
            false => Body::Text(value.line(false)),
        };
        lines.push(Line {
            mark,
            key: key.clone(),
            body,
        });
    };
    if let (Some(old), Some(new)) = (&old, &new) {
        if old.sorted() == new.sorted() {
            return push(' ', &old.sorted(), false);
        }
        if let Some(body) = inside(old, new) {
            return lines.push(Line {
                mark: ' ',
                key,
                body,
            });
        }
    }
    if let Some(old) = &old {
        push('-', old, true);
    }
    if let Some(new) = &new {
        push('+', new, true);
    }
}

/// What differs inside of two values, if there is more than one thing in them.
fn inside(old: &Value, new: &Value) -> Option<Body> {
    let mut lines = Vec::new();
    let (open, unit, close) = match (old, new) {
        (Value::List(List::Of(DURATIONS), Some(old)), Value::List(_, Some(new)))
            if changes(old, new) =>
        {
            let numbers =
                |items: &[String]| -> Vec<String> { items.iter().map(|i| number(i)).collect() };
            let lines = slices::numbers(&numbers(old), &numbers(new));
            return Some(Body::Block(format!("{DURATIONS}{{"), lines, "}"));
        }
        (Value::List(list, Some(old)), Value::List(_, Some(new))) => {
            let count = elements(old, new, &mut lines);
            if count < 2 {
                return None;
            }
            match list {
                List::Sorted => ("[]string(Inverse(Sort, []string{".into(), "elements", "}))"),
                List::Of(kind) => (format!("{kind}{{"), "elements", "}"),
            }
        }
        (Value::Map(Some(old)), Value::Map(Some(new))) => {
            let mut keys: Vec<&String> = old.iter().chain(new).map(|(key, _)| key).collect();
            keys.sort();
            keys.dedup();
            if keys.len() < 2 {
                return None;
            }
            let find = |map: &[(String, String)], key: &str| {
                map.iter()
                    .find(|(k, _)| k == key)
                    .map(|(_, value)| Value::text(value))
            };
            for key in keys {
                pair(quoted(key), find(old, key), find(new, key), &mut lines);
            }
            ("map[string]string{".into(), "entries", "}")
        }
        (Value::Text(old), Value::Text(new)) if old.len().min(new.len()) >= LONG => {
            let open = "strings.Join({".into();
            return Some(Body::Block(
                open,
                slices::text(old.as_bytes(), new.as_bytes()),
                "}, \"\")",
            ));
        }
        (Value::Pointer(kind, Some(old)), Value::Pointer(_, Some(new))) => {
            return Some(nested(format!("&{kind}{{"), old, new));
        }
        (Value::Struct(kind, old), Value::Struct(_, new)) => {
            return Some(nested(format!("{kind}{{"), old, new));
        }
        _ => return None,
    };
    Some(Body::Block(open, thin(lines, unit), close))
}

fn nested(open: String, old: &Fields, new: &Fields) -> Body {
    Body::Block(open, fields(old.clone(), new.clone()), "}")
}

/// The one list of numbers there is.
const DURATIONS: &str = "[]time.Duration";

/// Whether more elements of two lists differ than are the same.
fn changes(old: &[String], new: &[String]) -> bool {
    let mut same = 0;
    let (mut x, mut y) = (0, 0);
    let script = script(old, new);
    for [left, right] in &script {
        same += usize::from(*left && *right && old[x] == new[y]);
        x += usize::from(*left);
        y += usize::from(*right);
    }
    script.len() > 2 * same
}

/// The nanoseconds of a duration that is shown as `s"1m0s"`.
fn number(shown: &str) -> String {
    let text = shown.trim_start_matches('s').trim_matches('"');
    values::duration(text).unwrap_or(0).to_string()
}

fn script(old: &[String], new: &[String]) -> Vec<[bool; 2]> {
    slices::script([old.len(), new.len()], true, &|x, y| old[x] == new[y])
}

/// The element of a list: a text, if it is one that took no escapes.
fn element(item: &str) -> Value {
    let text = item.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    match text.filter(|text| !text.contains('\\')) {
        Some(text) => Value::text(text),
        None => Value::Plain(item.into()),
    }
}

/// The lines of two lists. How many elements there are, those that changed places with another as one.
fn elements(old: &[String], new: &[String], lines: &mut Vec<Line>) -> usize {
    let (mut old_items, mut new_items) = (old.iter().peekable(), new.iter().peekable());
    let script = script(old, new);
    for [left, right] in &script {
        let left = old_items.next_if(|_| *left).map(|item| element(item));
        let right = new_items.next_if(|_| *right).map(|item| element(item));
        pair(String::new(), left, right, lines);
    }
    script.len()
}

/// Leaves out equal lines that are far from one that differs, unless it would be a single one.
fn thin(lines: Vec<Line>, unit: &'static str) -> Vec<Line> {
    let (mut thinned, mut run) = (Vec::new(), Vec::new());
    for line in lines {
        if line.mark == ' ' && !matches!(line.body, Body::Block(..)) {
            run.push(line);
        } else {
            elide(&mut thinned, &mut run, false, unit);
            thinned.push(line);
        }
    }
    elide(&mut thinned, &mut run, true, unit);
    thinned
}

/// Moves a run of equal lines to `out`: those next to one that differs, before it or, unless it is the `last` run, after it.
fn elide(out: &mut Vec<Line>, run: &mut Vec<Line>, last: bool, unit: &'static str) {
    let (first, length) = (out.is_empty(), run.len());
    let near = |away: bool, length: usize| if away { 0 } else { CONTEXT.min(length) };
    let head = near(first, length);
    let hidden = length - head - near(last, length - head);
    if hidden > 1 {
        let line = Line {
            mark: ' ',
            key: String::new(),
            body: Body::Elided(hidden, unit),
        };
        run.splice(head..head + hidden, [line]);
    }
    out.append(run);
}

/// Prints lines, the texts of neighbours under each other.
fn print(lines: &[Line], depth: usize, out: &mut String) {
    let aligned = |line: &&Line| !line.key.is_empty() && matches!(line.body, Body::Text(_));
    let length = |line: &Line| line.key.chars().count();
    let tabs = "\t".repeat(depth);
    let mut width = 0;
    for (at, line) in lines.iter().enumerate() {
        if at == 0 || !aligned(&&lines[at - 1]) {
            width = lines[at..]
                .iter()
                .take_while(aligned)
                .map(length)
                .max()
                .unwrap_or(0);
        }
        out.push_str(&format!("{} {tabs}", line.mark));
        if !line.key.is_empty() {
            out.push_str(&format!("{}: ", line.key));
        }
        if aligned(&line) {
            out.push_str(&" ".repeat(width - length(line)));
        }
        match &line.body {
            Body::Text(text) => out.push_str(&format!("{text},\n")),
            Body::Elided(count, unit) => {
                out.push_str(&format!("... // {count} identical {unit}\n"))
            }
            Body::Block(open, lines, close) => {
                out.push_str(&format!("{open}\n"));
                print(lines, depth + 1, out);
                out.push_str(&format!("{} {tabs}{close},\n", line.mark));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn texts_are_quoted_where_backticks_would_hide_something() {
        assert_eq!(quoted("a \"b"), "`a \"b`");
        assert_eq!(quoted("a\tb"), "`a\tb`");
        assert_eq!(quoted("\u{202e}x"), r#""\u202ex""#);
        assert_eq!(quoted("\u{200b}\""), r#""\u200b\"""#);
        assert_eq!(quoted("é"), "\"é\"");
    }
}
