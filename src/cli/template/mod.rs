//! The part of Go's text/template that messages are made with: `{{Count}}`, `{{.Time}}`, `{{Random 3 10}}`, literals,
//! pipelines, `if` and the functions for it, `printf`. No variables, `range`, `with` or `define`. Errors are Go's. Must not
//! know where its values come from.

mod functions;
mod parse;
mod printf;

use super::values::quote;
use parse::{Kind, Node, Parser, Term};

/// Bytes after which no more is made: servers take no longer message, whatever they are set to.
const LONGEST: usize = 64 << 20;

/// What a template computes with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `nil`
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// Numbers like `Count`.
    Int(i64),
    /// `1.5`
    Float(f64),
    /// Everything else.
    Text(String),
}

impl Value {
    /// Its Go type.
    fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
        }
    }

    /// As `%v` prints it.
    fn text(&self) -> String {
        match self {
            Value::Nil => "<nil>".into(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Text(value) => value.clone(),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(value) => !value.is_empty(),
        }
    }
}

/// What an action can ask for.
pub trait Source {
    /// A function without arguments (`Count`, `Time` …); `None` if there is none of that name.
    fn value(&self, name: &str) -> Option<Value>;
    /// The same with a dot before it, where Go has a few more.
    fn field(&self, name: &str) -> Option<Value> {
        self.value(name)
    }
    /// Random letters and digits, of a length between the two.
    fn random(&self, shortest: i64, longest: i64) -> String;
}

/// The fields of the dot, in order.
const FIELDS: [&str; 7] = [
    "Cnt",
    "Count",
    "Unix",
    "UnixNano",
    "TimeStamp",
    "Time",
    "Request",
];

/// Expands a template called `name` (`body`, `subject`), or says why it cannot.
pub fn expand(name: &str, text: &str, source: &dyn Source) -> Result<String, String> {
    let known = |word: &str| functions::is_known(word) || source.value(word).is_some();
    let nodes = Parser::new(name, text, &known).whole()?;
    let run = Run { name, text, source };
    let mut out = String::new();
    run.nodes(&nodes, &mut out)?;
    Ok(out)
}

struct Run<'a> {
    name: &'a str,
    text: &'a str,
    source: &'a dyn Source,
}

impl Run<'_> {
    fn nodes(&self, nodes: &[Node], out: &mut String) -> Result<(), String> {
        for node in nodes {
            if out.len() > LONGEST {
                break;
            }
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Action(pipe) => match self.pipe(pipe)? {
                    Value::Nil => out.push_str("<no value>"),
                    value => out.push_str(&value.text()),
                },
                Node::If(pipe, yes, no) => {
                    let taken = if self.pipe(pipe)?.is_true() { yes } else { no };
                    self.nodes(taken, out)?;
                }
            }
        }
        Ok(())
    }

    /// An error where a piece of the text is executed.
    fn error(&self, from: usize, to: usize, words: &str) -> String {
        let before = self.text.get(..from).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = from - before.rfind('\n').map_or(0, |at| at + 1);
        let mut piece = self.text.get(from..to).unwrap_or_default().to_string();
        if let Some((cut, _)) = piece.char_indices().nth(20) {
            piece.truncate(cut);
            piece.push_str("...");
        }
        let name = self.name;
        let quoted = quote(name);
        format!("template: {name}:{line}:{column}: executing {quoted} at <{piece}>: {words}")
    }

    fn pipe(&self, pipe: &[Vec<Term>]) -> Result<Value, String> {
        let mut last = None;
        for command in pipe {
            last = Some(self.command(command, last)?);
        }
        Ok(last.unwrap_or(Value::Nil))
    }

    fn command(&self, command: &[Term], last: Option<Value>) -> Result<Value, String> {
        let Some((first, rest)) = command.split_first() else {
            return Ok(Value::Nil);
        };
        let arguments = !rest.is_empty() || last.is_some();
        let wrong = |words: &str| Err(self.error(first.from, first.to, words));
        match &first.kind {
            Kind::Function(name) => {
                let mut values = Vec::new();
                for term in rest {
                    values.push(self.term(term)?);
                }
                values.extend(last);
                if name == "Random" {
                    return self.random(first, rest, &values);
                }
                if let Some(value) = self.source.value(name) {
                    let got = values.len();
                    return match got {
                        0 => Ok(value),
                        _ => wrong(&format!(
                            "wrong number of args for {name}: want 0 got {got}"
                        )),
                    };
                }
                functions::call(name, values).map_err(|failure| {
                    let to = rest.last().map_or(first.to, |term| term.to);
                    match failure {
                        functions::Failure::Arguments(words) => {
                            self.error(first.from, first.to, &words)
                        }
                        functions::Failure::Call(why) => {
                            self.error(first.from, to, &format!("error calling {name}: {why}"))
                        }
                    }
                })
            }
            Kind::Value(Value::Nil) => wrong("nil is not a command"),
            Kind::Field(name) if arguments && !name.is_empty() => wrong(&format!(
                "{name} has arguments but cannot be invoked as function"
            )),
            _ if arguments => {
                let piece = self.text.get(first.from..first.to).unwrap_or_default();
                wrong(&format!("can't give argument to non-function {piece}"))
            }
            _ => self.term(first),
        }
    }

    fn term(&self, term: &Term) -> Result<Value, String> {
        match &term.kind {
            Kind::Value(value) => Ok(value.clone()),
            Kind::Function(_) => self.command(std::slice::from_ref(term), None),
            Kind::Group(pipe) => self.pipe(pipe),
            Kind::Field(name) if name.is_empty() => {
                let fields = FIELDS.iter().filter_map(|name| self.source.field(name));
                let fields: Vec<String> = fields.map(|value| value.text()).collect();
                Ok(Value::Text(format!("{{{}}}", fields.join(" "))))
            }
            Kind::Field(name) => self.source.field(name).ok_or_else(|| {
                let words = format!("can't evaluate field {name} in type *util.pubData");
                self.error(term.from, term.to, &words)
            }),
        }
    }

    fn random(&self, first: &Term, terms: &[Term], values: &[Value]) -> Result<Value, String> {
        let [shortest, longest] = values else {
            let words = format!(
                "wrong number of args for Random: want 2 got {}",
                values.len()
            );
            return Err(self.error(first.from, first.to, &words));
        };
        let mut bounds = [0; 2];
        for (index, value) in [shortest, longest].into_iter().enumerate() {
            let term = terms.get(index).unwrap_or(first);
            let piece = self.text.get(term.from..term.to).unwrap_or_default();
            let words = match (value, &term.kind) {
                (Value::Int(number @ 0..), Kind::Value(_)) => {
                    bounds[index] = *number;
                    continue;
                }
                (_, Kind::Value(_)) => format!("expected unsigned integer; found {piece}"),
                _ => format!("wrong type for value; expected uint; got {}", value.kind()),
            };
            return Err(self.error(term.from, term.to, &words));
        }
        Ok(Value::Text(self.source.random(bounds[0], bounds[1])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Source for Fixed {
        fn value(&self, name: &str) -> Option<Value> {
            (name == "Count").then_some(Value::Int(7))
        }
        fn random(&self, shortest: i64, _: i64) -> String {
            "r".repeat(shortest as usize)
        }
    }

    fn expanded(text: &str) -> Result<String, String> {
        expand("body", text, &Fixed)
    }

    #[test]
    fn as_go_expands_them() {
        for (text, want) in [
            ("a {{Count}} {{ .Count }} {{Random 3 3}}", "a 7 7 rrr"),
            ("{{\"lit\"}} {{- 5 -}} z", "lit5z"),
            ("no {braces} a}}b", "no {braces} a}}b"),
            ("{{/* c */}}a{{- /* c */ -}} b", "ab"),
            ("{{\"}}\"}}{{`a\"b`}}{{\"a\\\"b\"}}", "}}a\"ba\"b"),
            ("{{if true}}{{if false}}a{{else}}b{{end}}{{end}}c", "bc"),
            (
                "{{if eq Count 1}}1{{else if eq .Count 7}}7{{else}}-{{end}}",
                "7",
            ),
            ("{{if true}} a {{- end -}} b", " ab"),
            (
                "{{eq 1 2 1}} {{lt 1 2}} {{ge 1 2}} {{ne \"a\" \"b\"}}",
                "true true false true",
            ),
            ("{{and 1 0 2}} {{or 0 \"\" 3}} {{not true}}", "0 3 false"),
            ("{{print \"a\" 1 2 \"b\" 3}}|{{print 1 2}}", "a1 2b3|1 2"),
            (
                "{{Count | printf \"%05d\"}} {{len (printf \"%d\" 100)}}",
                "00007 3",
            ),
            (
                "{{printf \"%+d % d %x %X %o %b %c\" 5 6 255 255 8 5 65}}",
                "+5  6 ff FF 10 101 A",
            ),
            (
                "{{printf \"%5d|%-5d|%05d|%.3d\" 42 42 42 42}}",
                "   42|42   |00042|042",
            ),
            (
                "{{printf \"%5.1f|%g|%f\" 1.25 1.25 1.25}}",
                "  1.2|1.25|1.250000",
            ),
            (
                "{{printf \"%q %x %.2s %5.2s\" \"a\\\"b\" \"hi\" \"abc\" \"abc\"}}",
                "\"a\\\"b\" 6869 ab    ab",
            ),
            (
                "{{printf \"%d %d\" 1}}|{{printf \"x\" 1}}",
                "1 %!d(MISSING)|x%!(EXTRA int=1)",
            ),
            (
                "{{printf \"%s\" 1}}{{printf \"%\"}}",
                "%!s(int=1)%!(NOVERB)",
            ),
            ("{{Count | }}", "7"),
        ] {
            assert_eq!(expanded(text), Ok(want.into()), "{text}");
        }
    }

    #[test]
    fn errors_are_gos() {
        for (text, want) in [
            ("{{{Count}}}", ":1: unexpected \"{\" in command"),
            ("{{nope}}", ":1: function \"nope\" not defined"),
            ("\n{{Count", ":2: unclosed action"),
            ("{{}}", ":1: missing value for command"),
            ("{{if}}x{{end}}", ":1: missing value for if"),
            ("{{if true}}x", ":1: unexpected EOF"),
            ("{{end}}", ":1: unexpected {{end}}"),
            ("{{else}}", ":1: unexpected {{else}}"),
            ("{{if true}}a{{end x}}", ":1: unexpected \"x\" in end"),
            (
                "{{1 | 2}}",
                ":1: non executable command in pipeline stage 2",
            ),
            ("{{ | Count}}", ":1: unexpected \"|\" in command"),
            (
                "{{.Foo}}",
                ":1:2: executing \"body\" at <.Foo>: can't evaluate field Foo in type *util.pubData",
            ),
            (
                "{{len 1}}",
                ":1:2: executing \"body\" at <len 1>: error calling len: len of type int",
            ),
            (
                "{{Random -1 5}}",
                ":1:9: executing \"body\" at <-1>: expected unsigned integer; found -1",
            ),
            (
                "{{Count \"x\"}}",
                ":1:2: executing \"body\" at <Count>: wrong number of args for Count: want 0 got 1",
            ),
            (
                "a\n{{nil}}",
                ":2:2: executing \"body\" at <nil>: nil is not a command",
            ),
            (
                "{{eq 1 \"a\"}}",
                ":1:2: executing \"body\" at <eq 1 \"a\">: error calling eq: incompatible types for comparison: int and string",
            ),
        ] {
            assert_eq!(
                expanded(text),
                Err(format!("template: body{want}")),
                "{text}"
            );
        }
        let deep = "{{if (".repeat(100_000);
        assert!(expanded(&deep).is_err() && expanded(&"{{(".repeat(9999)).is_err());
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\{\\{|\\}\\}|if|else|end|printf|%5d|[ .\"Cn\\-/*a-z0-9()|\n]){0,40}") {
            let _ = expanded(&text);
        }
    }

    #[test]
    fn what_is_too_long_for_any_message_is_cut_off() {
        let verbs = format!(
            "{{{{printf \"{}\"{}}}}}",
            "%999999d".repeat(90),
            " 1".repeat(90)
        );
        for text in [verbs.clone(), verbs.repeat(3)] {
            let length = expanded(&text).expect("fits").len();
            assert!((LONGEST..LONGEST + 2_000_000).contains(&length), "{length}");
        }
    }
}
