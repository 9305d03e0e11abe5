//! `grep`: lines that match. Patterns are matched in one pass over a line, so that none of them takes for ever.

use super::{
    super::{exec::Context, glob},
    input::{Source, arguments},
};
use crate::cli::Io;

/// `grep [-EFinvcoqwlh] [-m N] [-e] PATTERN [FILE...]`
pub async fn grep(context: Context, words: Vec<String>) -> i32 {
    let takes = "EFinvcoqwlhHe:m:,extended-regexp=E,fixed-strings=F,ignore-case=i,line-number=n,\
                 invert-match=v,count=c,only-matching=o,quiet=q,word-regexp=w,max-count=m,color=h,\
                 line-buffered=h,no-filename=h";
    let mut found = match arguments(&context, "grep", takes, &words, 2) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let pattern = match found.value('e') {
        Some(pattern) => pattern.to_string(),
        None if found.operands.is_empty() => {
            let text = "Usage: grep [OPTION]... PATTERNS [FILE]...\n\
                        Try 'grep --help' for more information.\n";
            context.io.stderr(text.as_bytes());
            return 2;
        }
        None => found.operands.remove(0),
    };
    let style = match (found.has('F'), found.has('E')) {
        (true, _) => Style::Fixed,
        (_, true) => Style::Extended,
        _ => Style::Basic,
    };
    let pattern = match Pattern::new(&pattern, style, found.has('i'), found.has('w')) {
        Ok(pattern) => pattern,
        Err(why) => {
            context.io.stderr(format!("grep: {why}\n").as_bytes());
            return 2;
        }
    };
    let named = (found.operands.len() > 1 || found.has('H')) && !found.has('h');
    let most = found
        .value('m')
        .map_or(u64::MAX, |n| n.parse().unwrap_or(u64::MAX));
    let (inverted, only) = (found.has('v'), found.has('o'));
    let mut source = Source::new(&context, found.operands.clone(), "grep: {}");
    let mut any = false;
    while source.open() {
        let file = match (named, source.name.as_str()) {
            (false, _) => String::new(),
            (true, "-") => "(standard input):".to_string(),
            (true, name) => format!("{name}:"),
        };
        let (mut count, mut number) = (0, 0);
        while count < most
            && let Some(line) = source.line().await
        {
            number += 1;
            let line = String::from_utf8_lossy(&line);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            let chars: Vec<char> = line.chars().collect();
            let matched = pattern.find(&chars, 0);
            if matched.is_some() == inverted {
                continue;
            }
            count += 1;
            any = true;
            if found.has('q') {
                return 0;
            }
            if found.has('l') {
                let name = source.name.as_str();
                context.write(format!("{name}\n").as_bytes()).await;
                break;
            }
            if found.has('c') {
                continue;
            }
            let place = match found.has('n') {
                true => format!("{file}{number}:"),
                false => file.clone(),
            };
            if !only {
                context.write(format!("{place}{line}\n").as_bytes()).await;
                continue;
            }
            let mut next = matched;
            while let Some((start, end)) = next {
                if end > start {
                    let part: String = chars.iter().skip(start).take(end - start).collect();
                    context.write(format!("{place}{part}\n").as_bytes()).await;
                }
                next = pattern.find(&chars, end.max(start + 1));
            }
        }
        if found.has('c') && !found.has('q') {
            context.write(format!("{file}{count}\n").as_bytes()).await;
        }
    }
    match (source.failed, any) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Fixed,
    Basic,
    Extended,
}

/// A step of a pattern: what has to come, or where to go on.
#[derive(Clone, Debug)]
enum Step {
    Char(char),
    Any,
    Class(Vec<char>),
    Start,
    End,
    /// Begins or ends a word.
    Edge,
    /// Both ways.
    Fork(usize, usize),
    Done,
}

/// A pattern as steps; each names the next by its place, so all ways are followed at once.
struct Pattern {
    steps: Vec<(Step, usize)>,
    start: usize,
    ignore_case: bool,
    words: bool,
}

/// Steps a pattern may have.
const MOST: usize = 5000;

impl Pattern {
    fn new(text: &str, style: Style, ignore_case: bool, words: bool) -> Result<Pattern, String> {
        let text = match ignore_case {
            true => text.to_lowercase(),
            false => text.to_string(),
        };
        let mut compiler = Compiler {
            text: text.chars().collect(),
            at: 0,
            style,
            steps: vec![(Step::Done, 0)],
            depth: 0,
        };
        let tree = compiler.alternatives()?;
        if compiler.at < compiler.text.len() {
            return Err("Unmatched ) or \\)".to_string());
        }
        let start = compiler.place(&tree, 0)?;
        Ok(Pattern {
            steps: compiler.steps,
            start,
            ignore_case,
            words,
        })
    }

    /// The first match from `from` on, the longest there: its start and end.
    fn find(&self, text: &[char], from: usize) -> Option<(usize, usize)> {
        let lower = |c: &char| c.to_lowercase().next().unwrap_or(*c);
        let folded: Vec<char> = match self.ignore_case {
            true => text.iter().map(lower).collect(),
            false => text.to_vec(),
        };
        (from..=text.len()).find_map(|start| {
            let end = self.longest(&folded, start)?;
            Some((start, end))
        })
    }

    fn longest(&self, text: &[char], start: usize) -> Option<usize> {
        let word = |at: Option<usize>| {
            let c = at.and_then(|at| text.get(at));
            c.is_some_and(|c| c.is_alphanumeric() || *c == '_')
        };
        let edge = |at: usize| word(at.checked_sub(1)) != word(Some(at));
        let apart = |at: usize| !(word(at.checked_sub(1)) && word(Some(at)));
        if self.words && !apart(start) {
            return None;
        }
        let mut best = None;
        let mut now = vec![self.start];
        for at in start..=text.len() {
            let mut seen = vec![false; self.steps.len()];
            let mut next = Vec::new();
            while let Some(place) = now.pop() {
                match seen.get_mut(place) {
                    Some(seen) if !*seen => *seen = true,
                    _ => continue,
                }
                let Some((step, after)) = self.steps.get(place) else {
                    continue;
                };
                let c = text.get(at);
                match step {
                    Step::Done if self.words && !apart(at) => {}
                    Step::Done => best = Some(at),
                    Step::Fork(one, other) => now.extend([*one, *other]),
                    Step::Start if at == 0 => now.push(*after),
                    Step::End if at == text.len() => now.push(*after),
                    Step::Edge if edge(at) => now.push(*after),
                    Step::Char(wanted) if c == Some(wanted) => next.push(*after),
                    Step::Any if c.is_some() => next.push(*after),
                    Step::Class(class) if c.is_some_and(|c| glob::class(class, *c).is_some()) => {
                        next.push(*after);
                    }
                    _ => {}
                }
            }
            if next.is_empty() {
                break;
            }
            now = next;
        }
        best
    }
}

/// A pattern as it is read.
enum Tree {
    One(Step),
    Then(Vec<Tree>),
    Or(Vec<Tree>),
    /// At least and at most so many (`None`: any number).
    Repeat(Box<Tree>, usize, Option<usize>),
}

struct Compiler {
    text: Vec<char>,
    at: usize,
    style: Style,
    steps: Vec<(Step, usize)>,
    depth: usize,
}

impl Compiler {
    /// Whether `sign` stands here as an operator: with a backslash in a basic pattern, without in an extended one.
    fn operator(&self, sign: char) -> bool {
        let here = self.text.get(self.at);
        match self.style {
            Style::Fixed => false,
            Style::Extended => here == Some(&sign),
            Style::Basic => here == Some(&'\\') && self.text.get(self.at + 1) == Some(&sign),
        }
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.operator(sign);
        if found {
            self.at += if self.style == Style::Basic { 2 } else { 1 };
        }
        found
    }

    fn alternatives(&mut self) -> Result<Tree, String> {
        let mut all = vec![self.sequence()?];
        while self.take('|') {
            all.push(self.sequence()?);
        }
        Ok(Tree::Or(all))
    }

    fn sequence(&mut self) -> Result<Tree, String> {
        let mut all: Vec<Tree> = Vec::new();
        while self.at < self.text.len() && !self.operator('|') {
            if self.depth > 0 && self.operator(')') {
                break;
            }
            let starred = self.text.get(self.at) == Some(&'*') && self.style != Style::Fixed;
            let bounds = if all.is_empty() {
                None
            } else if starred {
                self.at += 1;
                Some((0, None))
            } else if self.take('+') {
                Some((1, None))
            } else if self.take('?') {
                Some((0, Some(1)))
            } else if self.operator('{') {
                Some(self.bounds()?)
            } else {
                None
            };
            match (bounds, all.pop()) {
                (Some((least, most)), Some(last)) => {
                    all.push(Tree::Repeat(Box::new(last), least, most));
                }
                (_, last) => {
                    all.extend(last);
                    let first = all.is_empty();
                    all.push(self.one(first)?);
                }
            }
        }
        Ok(Tree::Then(all))
    }

    fn bounds(&mut self) -> Result<(usize, Option<usize>), String> {
        self.take('{');
        let start = self.at;
        while self.at < self.text.len() && !self.operator('}') {
            self.at += 1;
        }
        let inner: String = self.text.iter().skip(start).take(self.at - start).collect();
        let bad = || "Invalid content of \\{\\}".to_string();
        if !self.take('}') {
            return Err("Unmatched { or \\{".to_string());
        }
        let (least, most) = match inner.split_once(',') {
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
            None => (inner.as_str(), Some(inner.as_str())),
        };
        let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n <= 255);
        let least = number(if least.is_empty() { "0" } else { least }).ok_or_else(bad)?;
        match most {
            None => Ok((least, None)),
            Some(most) => match number(most) {
                Some(most) if most >= least => Ok((least, Some(most))),
                _ => Err(bad()),
            },
        }
    }

    fn one(&mut self, first: bool) -> Result<Tree, String> {
        if self.take('(') {
            if self.depth == 50 {
                return Err("Regular expression too big".to_string());
            }
            self.depth += 1;
            let inner = self.alternatives()?;
            self.depth -= 1;
            if !self.take(')') {
                return Err("Unmatched ( or \\(".to_string());
            }
            return Ok(inner);
        }
        let c = self.text.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        if self.style == Style::Fixed {
            return Ok(Tree::One(Step::Char(c)));
        }
        let last = self.at == self.text.len() || self.operator('|') || self.operator(')');
        Ok(Tree::One(match c {
            '.' => Step::Any,
            '^' if first || self.style == Style::Extended => Step::Start,
            '$' if last || self.style == Style::Extended => Step::End,
            '[' => {
                let rest: Vec<char> = self.text.get(self.at - 1..).unwrap_or_default().to_vec();
                let negated = usize::from(rest.get(1) == Some(&'^'));
                let end = rest.iter().skip(2 + negated).position(|c| *c == ']');
                let Some(end) = end else {
                    return Err("Unmatched [, [^, [:, [., or [=".to_string());
                };
                self.at += 2 + negated + end;
                Step::Class(rest.into_iter().take(3 + negated + end).collect())
            }
            '\\' => {
                let Some(c) = self.text.get(self.at).copied() else {
                    return Err("Trailing backslash".to_string());
                };
                self.at += 1;
                match c {
                    'b' | '<' | '>' => Step::Edge,
                    'w' => Step::Class("[a-zA-Z0-9_]".chars().collect()),
                    's' => Step::Class("[ \t]".chars().collect()),
                    c => Step::Char(c),
                }
            }
            c => Step::Char(c),
        }))
    }

    /// Lays a tree out in front of the step `after`; where it begins.
    fn place(&mut self, tree: &Tree, after: usize) -> Result<usize, String> {
        match tree {
            Tree::One(step) => self.push(step.clone(), after),
            Tree::Then(all) => all
                .iter()
                .rev()
                .try_fold(after, |after, tree| self.place(tree, after)),
            Tree::Or(all) => {
                let mut start = None;
                for tree in all.iter().rev() {
                    let here = self.place(tree, after)?;
                    start = Some(match start {
                        None => here,
                        Some(other) => self.push(Step::Fork(here, other), 0)?,
                    });
                }
                Ok(start.unwrap_or(after))
            }
            Tree::Repeat(inner, least, most) => {
                let mut next = match most {
                    Some(most) => {
                        let mut next = after;
                        for _ in *least..*most {
                            let here = self.place(inner, next)?;
                            next = self.push(Step::Fork(here, after), 0)?;
                        }
                        next
                    }
                    None => {
                        let fork = self.push(Step::Fork(after, after), 0)?;
                        let here = self.place(inner, fork)?;
                        if let Some(step) = self.steps.get_mut(fork) {
                            step.0 = Step::Fork(here, after);
                        }
                        fork
                    }
                };
                for _ in 0..*least {
                    next = self.place(inner, next)?;
                }
                Ok(next)
            }
        }
    }

    fn push(&mut self, step: Step, after: usize) -> Result<usize, String> {
        if self.steps.len() == MOST {
            return Err("Regular expression too big".to_string());
        }
        self.steps.push((step, after));
        Ok(self.steps.len() - 1)
    }
}
