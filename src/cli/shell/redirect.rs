//! `<`, `>` and their kin, and the bodies of here-documents. Runs nothing, opens nothing.

use super::{
    ast::{Redirect, Redirection, Word},
    parse::{ParseError, Parsed, Parser, newline_unexpected},
    word::quoted,
};

impl Parser<'_> {
    /// The redirection that begins here.
    pub(super) fn redirection(&mut self) -> Parsed<Option<Redirection>> {
        let digits = self
            .rest()
            .bytes()
            .take_while(|b| b.is_ascii_digit())
            .count();
        let after = self.rest().get(digits..).unwrap_or_default();
        const KINDS: &[(&str, Redirect)] = &[
            ("&>", Redirect::Both),
            ("<<<", Redirect::Text),
            ("<<", Redirect::Text),
            (">>", Redirect::Append),
            (">&", Redirect::Duplicate),
            ("<&", Redirect::Duplicate),
            (">|", Redirect::Write),
            (">", Redirect::Write),
            ("<", Redirect::Read),
        ];
        let Some((operator, kind)) = KINDS
            .iter()
            .find(|(operator, _)| after.starts_with(operator))
            .filter(|(operator, _)| digits == 0 || *operator != "&>")
        else {
            return Ok(None);
        };
        let number = self.rest().get(..digits).unwrap_or_default();
        let descriptor = match number {
            "" => u8::from(!operator.starts_with('<')),
            _ => number.parse().ok().filter(|n| *n <= 9).ok_or(ParseError {
                message: format!("{number}: Bad file descriptor"),
                incomplete: false,
            })?,
        };
        self.at += digits + operator.len();
        self.blanks();
        let strips = *operator == "<<" && self.take("-");
        let target_at = self.at;
        let Some(mut target) = self.word()? else {
            return Err(match self.peek() {
                None => newline_unexpected(),
                Some(_) => self.unexpected(),
            });
        };
        if *operator == "<<" {
            let raw = self
                .text
                .get(target_at..self.at)
                .unwrap_or_default()
                .to_string();
            target = self.here_document(&raw, strips)?;
        } else if *operator == "<<<" {
            target.0.push(quoted("\n"));
        }
        Ok(Some(Redirection {
            descriptor,
            kind: *kind,
            target,
        }))
    }

    /// Cuts the body of a here-document out of the lines that follow.
    fn here_document(&mut self, delimiter: &str, strips: bool) -> Parsed<Word> {
        let literal = delimiter.contains(['\'', '"', '\\']);
        let delimiter: String = delimiter
            .chars()
            .filter(|c| !matches!(c, '\'' | '"' | '\\'))
            .collect();
        let newline = self.at + self.rest().find('\n').unwrap_or(self.rest().len());
        let (start, mut at) = self.bodies.unwrap_or((newline, newline + 1));
        let mut body = String::new();
        loop {
            let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) else {
                return Err(ParseError {
                    message: format!(
                        "warning: here-document delimited by end-of-file (wanted `{delimiter}')"
                    ),
                    incomplete: true,
                });
            };
            let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
            at = (at + line.len() + 1).min(self.text.len());
            let line = if strips {
                line.trim_start_matches('\t')
            } else {
                line
            };
            if line == delimiter {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.bodies = Some((start, at));
        if literal {
            return Ok(Word(vec![quoted(&body)]));
        }
        self.apart(&body, |parser| parser.here_text())
    }
}
