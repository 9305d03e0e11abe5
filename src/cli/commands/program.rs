//! Programs that commands start: `--translate` and `--command`. Must not know where they run.

use super::{Call, message};
use crate::cli::{
    Program, Ran,
    template::{self, Source, Value},
    values::quote,
};

/// What a line for a program lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Single,
    Double,
    Escape,
}

/// The words of a line, quoted as for `/bin/sh`; nothing in them is expanded.
pub fn split(line: &str) -> Result<Vec<String>, Open> {
    let (mut words, mut word) = (Vec::new(), None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if matches!(c, ' ' | '\n' | '\t') {
            words.extend(word.take());
            continue;
        }
        let text: &mut String = word.get_or_insert_default();
        match c {
            '\'' => loop {
                match chars.next().ok_or(Open::Single)? {
                    '\'' => break,
                    c => text.push(c),
                }
            },
            '"' => loop {
                match chars.next().ok_or(Open::Double)? {
                    '"' => break,
                    '\\' => match chars.next().ok_or(Open::Double)? {
                        '\n' => {}
                        c if "$`\"\\".contains(c) => text.push(c),
                        c => text.extend(['\\', c]),
                    },
                    c => text.push(c),
                }
            },
            '\\' => match chars.next().ok_or(Open::Escape)? {
                '\n' => {}
                c => text.push(c),
            },
            c => text.push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Starts a program and waits for it.
pub async fn run(call: &Call, program: Program) -> Ran {
    match (&call.session.programs, program.words.first()) {
        (Some(programs), Some(_)) => programs(program).await,
        (_, name) => Ran::missing(name.map_or("", String::as_str)),
    }
}

/// What a template of `--translate` sees.
struct Where<'a>(&'a str, &'a str);

impl Source for Where<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        match name {
            "Subject" => Some(Value::Text(self.0.into())),
            "Stream" => Some(Value::Text(self.1.into())),
            _ => None,
        }
    }
}

/// A body as the program of `--translate`, if there is one, prints it; what to say where that fails.
pub async fn translate(
    call: &Call,
    payload: &[u8],
    (subject, stream): (&str, &str),
) -> Result<Vec<u8>, String> {
    let filter = call.values.text("translate");
    if filter.is_empty() {
        return Ok(payload.to_vec());
    }
    let wrong = |data: &[u8], why: &str| {
        let data = quote(&String::from_utf8_lossy(data));
        format!("{data}\nError while translating msg body: {why}\n\n")
    };
    let line = template::expand("translate", filter, &Where(subject, stream));
    let line = line.map_err(|why| wrong(b"", &why))?;
    let words = split(&line).map_err(|open| {
        let why = match open {
            Open::Escape => "EOF found after escape character",
            _ => "EOF found when expecting closing quote",
        };
        let words = "the filter command line could not be parsed";
        wrong(b"", &format!("{words}: {why}"))
    })?;
    let program = Program {
        words,
        environment: Vec::new(),
        input: payload.to_vec(),
    };
    let Ran { output, failure } = run(call, program).await;
    match failure {
        Some(why) => Err(wrong(&output, &why)),
        None => Ok(output),
    }
}

/// A body in full as it is shown.
pub async fn shown(call: &Call, payload: &[u8], place: (&str, &str)) -> Vec<u8> {
    show(call, payload, place, message::framed).await
}

/// A body by itself as it is shown.
pub async fn shown_compact(call: &Call, payload: &[u8], place: (&str, &str)) -> Vec<u8> {
    show(call, payload, place, message::ended).await
}

async fn show(
    call: &Call,
    payload: &[u8],
    place: (&str, &str),
    form: fn(Vec<u8>) -> Vec<u8>,
) -> Vec<u8> {
    if payload.is_empty() && call.values.text("translate").is_empty() {
        return form(b"nil body".to_vec());
    }
    match translate(call, payload, place).await {
        Ok(output) => form(output),
        Err(text) => text.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_as_a_shell_splits_them() {
        for (line, words) in [
            ("a  b\tc\n", vec!["a", "b", "c"]),
            ("a 'b c'\"d e\" ''", vec!["a", "b cd e", ""]),
            (r#"a\ b "\"\$\x" '\'"#, vec!["a b", r#""$\x"#, r"\"]),
            ("", vec![]),
        ] {
            assert_eq!(
                split(line),
                Ok(words.into_iter().map(String::from).collect())
            );
        }
        assert_eq!(split("a 'b"), Err(Open::Single));
        assert_eq!(split("a \"b\\"), Err(Open::Double));
        assert_eq!(split("a\\"), Err(Open::Escape));
    }
}
