//! `grep`: lines that match a [`Pattern`]; here its basic and fixed forms are written as that has them.

use super::{
    super::exec::Context,
    input::{Arguments, Source, arguments},
};
use crate::cli::{Io, pattern::Pattern};

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
    let pattern = match compiled(&pattern, &found) {
        Ok(pattern) => pattern,
        Err(error) => {
            let message = format!("grep: {}\n", wrong(&error));
            context.io.stderr(message.as_bytes());
            return 2;
        }
    };
    let named = (found.operands.len() > 1 || found.has('H')) && !found.has('h');
    let most = found
        .value('m')
        .map_or(u64::MAX, |n| n.parse().unwrap_or(u64::MAX));
    let (inverted, ignore_case) = (found.has('v'), found.has('i'));
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
            let lower: Option<Vec<char>> =
                ignore_case.then(|| chars.iter().copied().map(lower_char).collect());
            let searched = lower.as_deref().unwrap_or(&chars);
            let matched = pattern.find(searched, 0);
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
            if !found.has('o') {
                context.write(format!("{place}{line}\n").as_bytes()).await;
                continue;
            }
            let mut next = matched;
            while let Some((start, end)) = next {
                if let Some(part) = chars.get(start..end).filter(|part| !part.is_empty()) {
                    let part: String = part.iter().collect();
                    context.write(format!("{place}{part}\n").as_bytes()).await;
                }
                next = pattern.find(searched, end.max(start + 1));
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

/// The pattern of a text, as the options have it.
fn compiled(text: &str, options: &Arguments) -> Result<Pattern, String> {
    let style = match (options.has('F'), options.has('E')) {
        (true, _) => Style::Fixed,
        (_, true) => Style::Extended,
        _ => Style::Basic,
    };
    let mut pattern = translated(text, style);
    if options.has('w') {
        pattern = format!("\\b(?:{pattern})\\b");
    }
    if options.has('i') {
        pattern = lower_case(&pattern);
    }
    Pattern::new(&pattern)
}

/// How a pattern is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Fixed,
    Basic,
    Extended,
}

/// Names of classes in brackets, and what they stand for.
const CLASSES: &[(&str, &str)] = &[
    ("[:digit:]", "0-9"),
    ("[:alpha:]", "a-zA-Z"),
    ("[:alnum:]", "a-zA-Z0-9"),
    ("[:upper:]", "A-Z"),
    ("[:lower:]", "a-z"),
    ("[:space:]", "\\s"),
];

/// Writes a pattern the way [`Pattern`] reads it.
fn translated(text: &str, style: Style) -> String {
    let mut out = String::new();
    let mut rest = text;
    // Where a basic pattern takes `*` and `^` for what they are.
    let mut first = true;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = after;
        match (style, c) {
            (Style::Fixed, c) => {
                out.extend(['\\', c].iter().skip(usize::from(c.is_alphanumeric())))
            }
            (_, '[') => {
                let skip = usize::from(after.starts_with('^'));
                let end = closing(after, skip).unwrap_or(after.len());
                let (inner, tail) = after.split_at(end);
                let mut inner = inner.replace('\\', "\\\\");
                for (name, range) in CLASSES {
                    inner = inner.replace(name, range);
                }
                out.push('[');
                out.push_str(&inner);
                rest = tail;
            }
            (_, '\\') => {
                let Some(escaped) = after.chars().next() else {
                    out.push('\\');
                    break;
                };
                rest = after.get(escaped.len_utf8()..).unwrap_or_default();
                let operator = style == Style::Basic && "(){}+?|".contains(escaped);
                if !operator {
                    out.push('\\');
                }
                out.push(if matches!(escaped, '<' | '>') {
                    'b'
                } else {
                    escaped
                });
                first = operator && matches!(escaped, '(' | '|');
                continue;
            }
            (Style::Basic, c) => {
                let last = after.is_empty() || after.starts_with("\\)") || after.starts_with("\\|");
                let literal = match c {
                    '*' | '^' => first,
                    '$' => last,
                    c => "(){}+?|".contains(c),
                };
                if literal != matches!(c, '^' | '$') {
                    out.push('\\');
                }
                out.push(c);
                first = first && c == '^';
                continue;
            }
            (Style::Extended, c) => out.push(c),
        }
        first = false;
    }
    out
}

/// Where the `]` stands that closes brackets whose content begins at `skip`.
fn closing(text: &str, skip: usize) -> Option<usize> {
    let mut at = skip + usize::from(text.get(skip..)?.starts_with(']'));
    loop {
        let rest = text.get(at..)?;
        if let Some((name, _)) = CLASSES.iter().find(|(name, _)| rest.starts_with(name)) {
            at += name.len();
            continue;
        }
        match rest.chars().next()? {
            ']' => return Some(at),
            c => at += c.len_utf8(),
        }
    }
}

/// Grep's words for what is wrong with a pattern.
fn wrong(error: &str) -> &'static str {
    const WORDS: &[(&str, &str)] = &[
        ("missing closing )", "Unmatched ( or \\("),
        ("unexpected )", "Unmatched ) or \\)"),
        ("missing closing ]", "Unmatched [, [^, [:, [., or [="),
        ("trailing backslash", "Trailing backslash"),
        ("class range", "Invalid range end"),
        ("repeat count", "Invalid content of \\{\\}"),
        ("too large", "Regular expression too big"),
    ];
    let found = WORDS.iter().find(|(part, _)| error.contains(part));
    found.map_or("Invalid preceding regular expression", |(_, words)| words)
}

/// Lower case, but for what a backslash stands before.
fn lower_case(pattern: &str) -> String {
    let mut escaped = false;
    let lower = |c: char| {
        let keep = std::mem::take(&mut escaped);
        escaped = c == '\\' && !keep;
        if keep { c } else { lower_char(c) }
    };
    pattern.chars().map(lower).collect()
}

fn lower_char(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
