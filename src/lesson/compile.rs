//! Turns a lesson's Markdown into the Rust source of its data. Runs in the build script (and in tests), never in the page.
//!
//! ```text
//! # Lesson title
//! ## Step title {#slug}
//! Prose, bullets, `code`, *stress*, links;
//! > Prose that is shown while a real server is connected;
//! fenced blocks:
//!   nats A|B|Server     a command a line; one may end in {revision BUCKET KEY}
//!   prepare             the command of a server, and those that bring a fresh one to the start of the step
//!   expect WORDS        what must be true, a line each; WORDS end "Step complete: …". A line is one of
//!     jetstream is on · bucket B exists · bucket B is removed · output has TEXT
//!     key B K has a value · key B K is deleted · key B K is VALUE
//! ### Title             folded away, until the next heading
//! ```

use pulldown_cmark::{
    CodeBlockKind, Event, HeadingLevel, OffsetIter, Options, Parser, Tag, TagEnd,
};
use std::fmt::Write;

/// Where and why a lesson is malformed.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    /// Line of the Markdown file, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Compiles a lesson to a Rust expression of type `Lesson`.
pub fn compile(markdown: &str) -> Result<String, Error> {
    let mut compiler = Compiler {
        markdown,
        line: 1,
        title: None,
        steps: Vec::new(),
    };
    let mut events =
        Parser::new_ext(markdown, Options::ENABLE_HEADING_ATTRIBUTES).into_offset_iter();
    while let Some((event, range)) = events.next() {
        compiler.line = markdown[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Heading { level, id, .. }) => {
                let title = plain(&mut events);
                compiler.heading(level, id.as_deref(), title)?;
            }
            Event::Start(Tag::Paragraph) => {
                let inlines = compiler.inlines(&mut events, TagEnd::Paragraph)?;
                compiler.block(format!("Block::Paragraph({inlines})"))?;
            }
            Event::Start(Tag::BlockQuote(_)) => {
                let inlines = compiler.inlines(&mut events, TagEnd::BlockQuote(None))?;
                compiler.block(format!("Block::OnReal({inlines})"))?;
            }
            Event::Start(Tag::List(None)) => {
                let mut items = String::from("Block::List(&[");
                while let Some((Event::Start(Tag::Item), _)) = events.next() {
                    items += &compiler.inlines(&mut events, TagEnd::Item)?;
                    items += ", ";
                }
                compiler.block(items + "])")?;
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let text = plain(&mut events);
                compiler.fenced(&info, &text)?;
            }
            other => return compiler.fail(format!("{other:?} has no place in a lesson")),
        }
    }
    compiler.finish()
}

struct Compiler<'a> {
    markdown: &'a str,
    line: usize,
    title: Option<String>,
    steps: Vec<Step>,
}

/// A step as it is gathered; blocks, commands and checks are Rust expressions.
struct Step {
    line: usize,
    slug: String,
    title: String,
    blocks: Vec<String>,
    details: Option<(String, Vec<String>)>,
    prepare: Vec<String>,
    checks: Vec<String>,
    done: String,
}

/// What is there once these lines (Rust expressions, as `prepare` has them) have run, as checks.
fn made(prepare: &[String]) -> String {
    let mut made: Vec<String> = Vec::new();
    for line in prepare {
        let words: Vec<&str> = line.trim_matches('"').split(' ').collect();
        match words[..] {
            ["nats", "kv", "add", bucket, ..] => made.push(format!("Check::Bucket({bucket:?})")),
            ["nats", "kv", verb, bucket, key, ..] => {
                let value = format!("Check::Value({bucket:?}, {key:?})");
                made.retain(|check| *check != value);
                if matches!(verb, "put" | "create" | "update") {
                    made.push(value);
                }
            }
            _ => {}
        }
    }
    made.join(", ")
}

impl Step {
    /// Puts an open folded part among the blocks.
    fn fold(&mut self) {
        if let Some((title, blocks)) = self.details.take() {
            self.blocks.push(format!(
                "Block::Details({title:?}, &[{}])",
                blocks.join(", ")
            ));
        }
    }
}

impl Compiler<'_> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        Err(Error {
            line: self.line,
            message: message.into(),
        })
    }

    fn step(&mut self) -> Result<&mut Step, Error> {
        let line = self.line;
        let message = "a step starts with \"## Title {#slug}\"".to_string();
        self.steps.last_mut().ok_or(Error { line, message })
    }

    fn heading(
        &mut self,
        level: HeadingLevel,
        id: Option<&str>,
        title: String,
    ) -> Result<(), Error> {
        match (level, id) {
            (HeadingLevel::H1, _) if self.title.is_none() => self.title = Some(title),
            (HeadingLevel::H1, _) => return self.fail("a lesson has one title"),
            (HeadingLevel::H2, Some(slug)) => {
                if let Some(step) = self.steps.last_mut() {
                    step.fold();
                }
                if self.steps.iter().any(|step| step.slug == slug) {
                    return self.fail(format!("there is a step {slug} already"));
                }
                self.steps.push(Step {
                    line: self.line,
                    slug: slug.to_string(),
                    title,
                    blocks: Vec::new(),
                    details: None,
                    prepare: Vec::new(),
                    checks: Vec::new(),
                    done: String::new(),
                });
            }
            (HeadingLevel::H2, None) => return self.fail("a step needs a name: {#slug}"),
            (HeadingLevel::H3, _) => {
                let step = self.step()?;
                step.fold();
                step.details = Some((title, Vec::new()));
            }
            _ => return self.fail("headings of a lesson have one to three #"),
        }
        Ok(())
    }

    fn block(&mut self, block: String) -> Result<(), Error> {
        let step = self.step()?;
        match &mut step.details {
            Some((_, blocks)) => blocks.push(block),
            None => step.blocks.push(block),
        }
        Ok(())
    }

    fn fenced(&mut self, info: &str, text: &str) -> Result<(), Error> {
        let (kind, rest) = info.split_once(' ').unwrap_or((info, ""));
        match (kind, rest) {
            ("nats", "A" | "B" | "Server") => {
                for line in text.lines() {
                    self.line += 1;
                    let command = self.command(rest, line)?;
                    self.block(command)?;
                }
            }
            ("nats", _) => return self.fail("a nats block names its terminal: A, B or Server"),
            ("prepare", "") if !text.starts_with("nats-server ") => {
                return self.fail("a prepare block begins with nats-server");
            }
            ("prepare", "") => {
                for line in text.lines() {
                    self.step()?.prepare.push(format!("{line:?}"));
                }
            }
            ("expect", done) if !done.is_empty() => {
                for line in text.lines() {
                    self.line += 1;
                    let check = self.check(line)?;
                    self.step()?.checks.push(check);
                }
                self.step()?.done = done.to_string();
            }
            ("expect", _) => {
                return self.fail("an expect block says what is then true: expect WORDS");
            }
            _ => return self.fail(format!("a block is nats, prepare or expect, not {kind:?}")),
        }
        Ok(())
    }

    fn command(&self, terminal: &str, line: &str) -> Result<String, Error> {
        let program = line.split(' ').next().unwrap_or_default();
        if !matches!(program, "nats" | "nats-server") {
            return self.fail(format!("a command is nats or nats-server, not {program:?}"));
        }
        let (line, revision_of) = match line.split_once("{revision ") {
            None => (line, "None".to_string()),
            Some((line, of)) => match of.strip_suffix('}').and_then(|of| of.split_once(' ')) {
                Some((bucket, key)) => (line, format!("Some(({bucket:?}, {key:?}))")),
                None => return self.fail("a command may end in {revision BUCKET KEY}"),
            },
        };
        Ok(format!(
            "Block::Command(Command {{ terminal: Terminal::{terminal}, line: {line:?}, revision_of: {revision_of} }})"
        ))
    }

    fn check(&self, line: &str) -> Result<String, Error> {
        let words: Vec<&str> = line.split(' ').collect();
        let check = match words[..] {
            ["jetstream", "is", "on"] => "JetStream".to_string(),
            ["bucket", bucket, "exists"] => format!("Bucket({bucket:?})"),
            ["bucket", bucket, "is", "removed"] => format!("Removed({bucket:?})"),
            ["key", bucket, key, "has", "a", "value"] => format!("Value({bucket:?}, {key:?})"),
            ["key", bucket, key, "is", "deleted"] => format!("Deleted({bucket:?}, {key:?})"),
            ["key", bucket, key, "is", value] => format!("Is({bucket:?}, {key:?}, {value:?})"),
            ["output", "has", _, ..] => format!("Output({:?})", &line["output has ".len()..]),
            _ => return self.fail(format!("no check reads {line:?}")),
        };
        Ok(format!("Check::{check}"))
    }

    /// The text up to `end` as a list of `Inline`s.
    fn inlines(&mut self, events: &mut OffsetIter<'_>, end: TagEnd) -> Result<String, Error> {
        let mut out = String::from("&[");
        let mut text = String::new();
        for_each_until(events, end, |event, events, at| {
            self.line = self.markdown[..at].matches('\n').count() + 1;
            match event {
                Event::Text(words) => text += &words,
                Event::SoftBreak => text.push(' '),
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                other => {
                    flush(&mut out, &mut text);
                    match other {
                        Event::Code(code) => push(&mut out, format_args!("Code({:?})", &*code)),
                        Event::Start(Tag::Emphasis) => {
                            push(&mut out, format_args!("Emphasis({:?})", plain(events)));
                        }
                        Event::Start(Tag::Link { dest_url, .. }) => {
                            let words = plain(events);
                            push(&mut out, format_args!("Link({words:?}, {:?})", &*dest_url));
                        }
                        other => return self.fail(format!("{other:?} has no place in prose")),
                    }
                }
            }
            Ok(())
        })?;
        flush(&mut out, &mut text);
        Ok(out + "]")
    }

    fn finish(mut self) -> Result<String, Error> {
        let Some(title) = self.title.take() else {
            return self.fail("a lesson starts with \"# Title\"");
        };
        if self.steps.is_empty() {
            return self.fail("a lesson has at least one step");
        }
        let mut out = format!("Lesson {{ title: {title:?}, steps: &[\n");
        for mut step in self.steps {
            step.fold();
            if step.checks.is_empty() {
                let message = format!("step {} has no expect block", step.slug);
                return Err(Error {
                    line: step.line,
                    message,
                });
            }
            let Step {
                slug,
                title,
                blocks,
                prepare,
                checks,
                done,
                ..
            } = step;
            let made = made(&prepare);
            let (blocks, prepare, checks) =
                (blocks.join(",\n"), prepare.join(", "), checks.join(", "));
            let _ = writeln!(
                out,
                "Step {{ slug: {slug:?}, title: {title:?}, blocks: &[\n{blocks}], \
                 prepare: &[{prepare}], made: &[{made}], checks: &[{checks}], done: {done:?} }},"
            );
        }
        Ok(out + "] }")
    }
}

fn push(out: &mut String, inline: std::fmt::Arguments<'_>) {
    let _ = write!(out, "Inline::{inline}, ");
}

fn flush(out: &mut String, text: &mut String) {
    if !text.is_empty() {
        push(out, format_args!("Text({text:?})"));
        text.clear();
    }
}

/// Hands each event before `end` to `take`, with the place it starts at.
fn for_each_until<'a>(
    events: &mut OffsetIter<'a>,
    end: TagEnd,
    mut take: impl FnMut(Event<'a>, &mut OffsetIter<'a>, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    while let Some((event, range)) = events.next() {
        if event == Event::End(end) {
            break;
        }
        take(event, events, range.start)?;
    }
    Ok(())
}

/// The words up to the end of the element that has just started.
fn plain(events: &mut OffsetIter<'_>) -> String {
    let mut text = String::new();
    for (event, _) in events {
        match event {
            Event::Text(words) | Event::Code(words) => text += &words,
            Event::SoftBreak => text.push(' '),
            Event::End(_) => break,
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# L\n\n## S {#s}\n\n";
    const EXPECT: &str = "\n```expect done\nbucket b exists\n```\n";

    fn error(body: &str) -> (usize, String) {
        let error = compile(&format!("{HEAD}{body}{EXPECT}")).expect_err("malformed");
        (error.line, error.message)
    }

    #[test]
    fn blocks_become_data() {
        let body = "A `b` *c* [d](https://e)\nf.\n\n> G\n> `h`\n\n- one\n- two\n\n```nats B\nnats kv ls\n```\n\n### More\n\nText.\n";
        let source = compile(&format!("{HEAD}{body}{EXPECT}")).expect("well-formed");
        for part in [
            r#"Lesson { title: "L", steps:"#,
            r#"Step { slug: "s", title: "S","#,
            r#"Block::Paragraph(&[Inline::Text("A "), Inline::Code("b"), Inline::Text(" "), Inline::Emphasis("c"), Inline::Text(" "), Inline::Link("d", "https://e"), Inline::Text(" f."), ])"#,
            r#"Block::OnReal(&[Inline::Text("G "), Inline::Code("h"), ])"#,
            r#"Block::List(&[&[Inline::Text("one"), ], &[Inline::Text("two"), ], ])"#,
            r#"Block::Command(Command { terminal: Terminal::B, line: "nats kv ls", revision_of: None })"#,
            r#"checks: &[Check::Bucket("b")], done: "done""#,
        ] {
            assert!(source.contains(part), "{part} in {source}");
        }
    }

    #[test]
    fn what_is_prepared_is_known() {
        let lines = "nats-server -js\nnats kv add b\nnats kv put b k v\nnats kv create b l v\nnats kv del b k --force";
        let source =
            compile(&format!("{HEAD}```prepare\n{lines}\n```\n{EXPECT}")).expect("well-formed");
        let made = r#"made: &[Check::Bucket("b"), Check::Value("b", "l")], checks"#;
        assert!(source.contains(made), "{source}");
    }

    #[test]
    fn errors_name_their_line() {
        assert_eq!(error("```nats C\nnats kv ls\n```\n").0, 5);
        assert_eq!(
            error("Text.\n\n```nats A\nrm -rf\n```\n"),
            (8, "a command is nats or nats-server, not \"rm\"".into())
        );
        assert_eq!(error("```prepare\nnats kv ls\n```\n").0, 5);
        assert_eq!(error("Text.\n<b>\n").0, 6);
        assert_eq!(error("Text.\n\n![x](y)\n").0, 7);
        assert_eq!(error("## Again {#s}\n").0, 5);
        assert_eq!(error("## Nameless\n").0, 5);
        assert_eq!(error("#### Deep\n").0, 5);
        assert_eq!(error("```expect x\nthe moon is full\n```\n").0, 6);
        assert_eq!(
            error("```nats A\nnats kv update b k v {revision b}\n```\n").0,
            6
        );
    }

    #[test]
    fn a_step_without_a_check_is_refused() {
        let error = compile(HEAD).expect_err("malformed");
        assert_eq!(
            error,
            Error {
                line: 3,
                message: "step s has no expect block".into()
            }
        );
        assert_eq!(compile("Text.\n").expect_err("no step").line, 1);
        assert!(compile("## S {#s}\n").is_err());
    }
}
