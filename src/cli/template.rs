//! The part of Go's text/template that messages are made with: `{{Count}}`, `{{.Time}}`, `{{Random 3 10}}`, literals.
//! Errors are Go's. Must not know where its values come from.

use super::values::quote;

/// What an action can ask for.
pub trait Source {
    /// A function without arguments (`Count`, `Time` …); `None` if there is none of that name.
    fn value(&self, name: &str) -> Option<String>;
    /// The same with a dot before it, where Go has a few more.
    fn field(&self, name: &str) -> Option<String> {
        self.value(name)
    }
    /// Random letters and digits, of a length between the two.
    fn random(&self, shortest: i64, longest: i64) -> String;
}

/// Expands a template called `name` (`body`, `subject`), or says why it cannot.
pub fn expand(name: &str, text: &str, source: &dyn Source) -> Result<String, String> {
    let (mut out, mut rest, mut line) = (String::new(), text, 1);
    // A `-}}` trims what follows.
    let mut trim = false;
    while let Some(start) = rest.find("{{") {
        let (plain, action) = rest.split_at(start);
        line += plain.matches('\n').count();
        let plain = if trim { plain.trim_start() } else { plain };
        let Some(end) = action.find("}}") else {
            return Err(format!("template: {name}:{line}: unclosed action"));
        };
        let body = &action[2..end];
        rest = &action[end + 2..];
        let left = body.starts_with("- ");
        out.push_str(if left { plain.trim_end() } else { plain });
        let body = if left { &body[2..] } else { body };
        trim = body.ends_with(" -");
        let body = body.trim_end_matches(" -").trim();
        let here = body.as_ptr() as usize - text.as_ptr() as usize;
        let column = here
            - text
                .get(..here)
                .and_then(|t| t.rfind('\n'))
                .map_or(0, |n| n + 1);
        let comment = body.starts_with("/*") && body.ends_with("*/");
        if !comment {
            out.push_str(&action_value(name, (line, column), body, source)?);
        }
        line += body.matches('\n').count();
    }
    out.push_str(if trim { rest.trim_start() } else { rest });
    Ok(out)
}

fn action_value(
    name: &str,
    (line, column): (usize, usize),
    body: &str,
    source: &dyn Source,
) -> Result<String, String> {
    let at = format!("template: {name}:{line}");
    let words: Vec<&str> = body.split_whitespace().collect();
    let Some(first) = words.first() else {
        return Err(format!("{at}: missing value for command"));
    };
    if body.len() > 1 && body.starts_with('"') && body.ends_with('"') {
        return Ok(body[1..body.len() - 1].replace("\\\"", "\""));
    }
    // What no Go token begins with.
    if let Some(
        odd @ ('{' | '}' | '!'..='#' | '%' | '&' | '*' | ',' | ';'..='@' | '['..=']' | '^' | '~'),
    ) = first.chars().next()
    {
        return Err(format!(
            "{at}: unexpected {} in command",
            quote(&odd.to_string())
        ));
    }
    if words.len() == 1 && first.parse::<i64>().is_ok() {
        return Ok(first.to_string());
    }
    if let Some(field) = first.strip_prefix('.') {
        return match source.field(field) {
            Some(value) if words.len() == 1 => Ok(value),
            _ => Err(format!(
                "{at}:{column}: executing {} at <{first}>: can't evaluate field {field} in type *util.pubData",
                quote(name)
            )),
        };
    }
    if *first == "Random" {
        let number = |index: usize| words.get(index).and_then(|w| w.parse().ok());
        return match (number(1), number(2)) {
            (Some(a), Some(b)) if words.len() == 3 => Ok(source.random(a, b)),
            _ => Err(format!(
                "{at}:{column}: executing {} at <Random>: wrong number of args for Random: want 2 got {}",
                quote(name),
                words.len() - 1
            )),
        };
    }
    match source.value(first) {
        Some(value) if words.len() == 1 => Ok(value),
        _ => Err(format!("{at}: function {} not defined", quote(first))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Source for Fixed {
        fn value(&self, name: &str) -> Option<String> {
            (name == "Count").then(|| "7".into())
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
        assert_eq!(
            expanded("a {{Count}} {{ .Count }} {{Random 3 3}}"),
            Ok("a 7 7 rrr".into())
        );
        assert_eq!(expanded("{{\"lit\"}} {{- 5 -}} z"), Ok("lit5z".into()));
        assert_eq!(expanded("no {braces}"), Ok("no {braces}".into()));
        assert_eq!(
            expanded("{{{Count}}}"),
            Err("template: body:1: unexpected \"{\" in command".into())
        );
        assert_eq!(
            expanded("{{nope}}"),
            Err("template: body:1: function \"nope\" not defined".into())
        );
        assert_eq!(
            expanded("{{.Foo}}"),
            Err("template: body:1:2: executing \"body\" at <.Foo>: can't evaluate field Foo in type *util.pubData".into())
        );
        assert_eq!(
            expanded("\n{{Count"),
            Err("template: body:2: unclosed action".into())
        );
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{} .\"Cn\\-/*a-z0-9\n]{0,40}") {
            let _ = expanded(&text);
        }
    }
}
