//! Go's text/template, which messages are made with: `{{Count}}`, `{{.Time}}`, `{{Random 3 10}}`, literals, pipelines, variables,
//! `if`, `with`, `range`, `define`, `template`, `block`, and the functions for them, but for `call` and complex numbers. Errors are
//! Go's. Must not know where its values come from.

mod functions;
mod lex;
mod literal;
mod printf;
mod walk;

use super::values::quote;

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
    /// Numbers like `Unix`; Go computes with them as with others.
    Int64(i64),
    /// `1.5`
    Float(f64),
    /// What has fields, as it is printed.
    Data(String),
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
            Value::Int64(_) => "int64",
            Value::Float(_) => "float64",
            Value::Data(_) => "*util.pubData",
            Value::Text(_) => "string",
        }
    }

    /// As `%v` prints it.
    fn text(&self) -> String {
        match self {
            Value::Nil => "<nil>".into(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) | Value::Int64(value) => value.to_string(),
            Value::Float(value) => {
                let sign = if *value < 0.0 { "-" } else { "" };
                format!("{sign}{}", printf::shortest(value.abs(), None))
            }
            Value::Data(value) => format!("&{value}"),
            Value::Text(value) => value.clone(),
        }
    }

    /// As it stands in a message.
    fn shown(&self) -> String {
        match self {
            Value::Nil => "<no value>".into(),
            Value::Data(value) => value.clone(),
            value => value.text(),
        }
    }

    /// A whole number, of whichever type.
    fn whole(&self) -> Option<i64> {
        match self {
            Value::Int(value) | Value::Int64(value) => Some(*value),
            _ => None,
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(value) | Value::Int64(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Data(_) => true,
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
    /// The fields of the dot, in order. Without any it is `nil`.
    fn fields(&self) -> &'static [&'static str] {
        &[]
    }
    /// Random letters and digits, of a length between the two, if there is such a function.
    fn random(&self, _shortest: i64, _longest: i64) -> Option<String> {
        None
    }
}

/// Expands a template called `name` (`body`, `subject`), or says why it cannot.
pub fn expand(name: &str, text: &str, source: &dyn Source) -> Result<String, String> {
    if !text.contains("{{") {
        return Ok(text.into());
    }
    walk::expand(name, text, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Source for Fixed {
        fn value(&self, name: &str) -> Option<Value> {
            (name == "Count").then_some(Value::Int(7))
        }
        fn fields(&self) -> &'static [&'static str] {
            &["Count"]
        }
        fn random(&self, shortest: i64, _: i64) -> Option<String> {
            Some("r".repeat(shortest as usize))
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
            (
                "{{range 3}}{{.}}{{end}}|{{range 0}}{{else}}none{{end}}|{{range $i := 9}}{{if eq $i 1}}{{continue}}{{end}}\
                 {{if gt $i 2}}{{break}}{{end}}{{$i}}{{$.Count}} {{end}}",
                "012|none|07 27 ",
            ),
            (
                "{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}{{with $y := Count}}{{.}}{{$y}}{{else}}{{end}}",
                "3277",
            ),
            (
                "{{$x := 1}}{{if true}}{{print ($x = 5)}}{{end}}{{$x}}",
                "55",
            ),
            (
                "{{with 0}}{{else with 5}}{{.}}{{end}}{{with .}}{{.Count}}{{end}}",
                "57",
            ),
            (
                "{{define \"T\"}}<{{.}}>{{end}}{{template \"T\" 5}}{{template \"T\"}}{{block \"B\" .}}[{{.Count}}]{{end}}",
                "<5><<no value>>[7]",
            ),
            (
                "{{index \"abc\" 1}} {{slice \"abcdef\" 1 3}}{{slice \"abc\" 2}} {{len (slice \"ab\")}}",
                "98 bcc 2",
            ),
            (
                "{{html \"<a b=\\\"c\\\">&\"}} {{js \"'<\\n\"}} {{urlquery \"a b/ü\"}}",
                "&lt;a b=&#34;c&#34;&gt;&amp; \\'\\u003C\\u000A a+b%2F%C3%BC",
            ),
            (
                "{{'a'}} {{0b101}} {{017}} {{0x_1f}} {{1e3}} {{\"\\x41\\u00fc\\101\"}} {{printf \"%T\" 1}}",
                "97 5 15 31 1000 AüA int",
            ),
            ("{{or true (len 1)}} {{eq nil nil}}", "true true"),
            ("{{printf \"%v\" .}} {{.}}", "&{7} {7}"),
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
            ("{{$x}}", ":1: undefined variable \"$x\""),
            (
                "{{$x = 1}}",
                ":1:7: executing \"body\" at <1>: undefined variable: $x",
            ),
            (
                "{{3}}{{$x = len $x}}",
                ":1:16: executing \"body\" at <$x>: undefined variable: $x",
            ),
            (
                "{{with $x := 5}}{{end}}{{$x}}",
                ":1: undefined variable \"$x\"",
            ),
            (
                "{{range \"abc\"}}{{end}}",
                ":1:8: executing \"body\" at <\"abc\">: range can't iterate over abc",
            ),
            (
                "{{range $i, $e := 3}}{{end}}",
                ":1:18: executing \"body\" at <3>: can't use 3 to iterate over more than one variable",
            ),
            ("{{break}}", ":1: {{break}} outside {{range}}"),
            (
                "{{template \"no\"}}",
                ":1:11: executing \"body\" at <{{template \"no\"}}>: template \"no\" not defined",
            ),
            (
                "{{define \"x\"}}{{.Foo}}{{end}}{{template \"x\" .}}",
                ":1:16: executing \"x\" at <.Foo>: can't evaluate field Foo in type *util.pubData",
            ),
            (
                "{{define \"x\"}}a{{end}}{{define \"x\"}}b{{end}}",
                ":1: template: multiple definition of template \"x\"",
            ),
            (
                "{{if true}}{{define \"x\"}}{{end}}{{end}}",
                ":1: unexpected <define> in command",
            ),
            (
                "{{index \"abc\" 9}}",
                ":1:2: executing \"body\" at <index \"abc\" 9>: error calling index: index out of range: 9",
            ),
            ("{{a#b}}", ":1: bad character U+0023 '#'"),
            ("{{1+1+1}}", ":1: bad number syntax: \"1+1\""),
            ("{{1+2x}}", ":1: bad number syntax: \"1+2x\""),
            ("{{1++2}}", ":1: bad number syntax: \"1+\""),
            ("{{2x+1}}", ":1: bad number syntax: \"2x\""),
            ("{{\"a\"\"b\"}}", ":1: unexpected \"\\\"b\\\"\" in operand"),
            (
                "{{print\n(1}}",
                ":2: unclosed left paren in action started at body:1",
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
        let elses = format!("{{{{if false}}}}{}", "{{else if false}}".repeat(9999));
        assert!(expanded(&elses).is_err());
        assert!(expanded(&format!("{{{{{}", "1+".repeat(100_000))).is_err());
    }

    #[test]
    fn what_has_no_end_is_ended() {
        let calls_itself = "{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}";
        let error = expanded(calls_itself).unwrap_err();
        assert!(error.ends_with("exceeded maximum template depth (100000)"));
        assert!(expanded("{{range 9000000000000000000}}{{end}}").is_ok());
        assert!(expanded("{{range 9000000000000000000}}{{range 0}}{{end}}{{end}}").is_ok());
        for text in [
            "{{$x := \"a\"}}{{range 40}}{{$x = print $x $x}}{{end}}{{len $x}}",
            "{{range 2000000}}{{$x := printf \"%1000000d\" 1}}{{end}}",
            "{{$x := printf \"%1000000d\" 1}}{{range 2000000}}{{$y := $x}}{{end}}",
        ] {
            let error = expanded(text).unwrap_err();
            assert!(error.ends_with("more text than any message has"), "{error}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\{\\{|\\}\\}|if|else|end|range|with|define|template|block|break|\\$x|:=|index|slice|printf|%5d|é|[ .\"Cn\\-/*a-z0-9()|,='`\n]){0,40}") {
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
