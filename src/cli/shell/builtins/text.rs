//! Commands that read text and print some of it.

use super::{
    super::exec::{Context, failed},
    input::{Source, arguments},
};
use crate::{cli::Io, wire::base64};
use std::collections::VecDeque;

/// `cat [-n] [FILE...]`
pub async fn cat(context: Context, words: Vec<String>) -> i32 {
    let found = match arguments(&context, "cat", "nu,number=n", &words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let numbered = found.has('n');
    let mut source = Source::new(&context, found.operands, "cat: {}");
    let mut number = 0;
    while source.open() {
        if numbered {
            while let Some(line) = source.line().await {
                number += 1;
                let mut out = format!("{number:6}\t").into_bytes();
                out.extend(line);
                context.write(&out).await;
            }
        } else {
            while let Some(chunk) = source.chunk().await {
                context.write(&chunk).await;
            }
        }
    }
    i32::from(source.failed)
}

/// `-3` as `-n 3`, as `head` and `tail` have it.
fn old_count(words: &[String]) -> Vec<String> {
    let number = |word: &&String| {
        let digits = word.strip_prefix('-').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    match words.split_first() {
        Some((first, rest)) if number(&first) => {
            let count = first.trim_start_matches('-').to_string();
            [vec!["-n".to_string(), count], rest.to_vec()].concat()
        }
        _ => words.to_vec(),
    }
}

/// `head [-n [-]N | -c N] [FILE...]` and `tail [-n [+]N | -c N] [FILE...]`
pub async fn ends(context: Context, name: &'static str, words: Vec<String>) -> i32 {
    let takes = "n:c:qv,lines=n,bytes=c,quiet=q,verbose=v";
    let found = match arguments(&context, name, takes, &old_count(&words), 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let head = name == "head";
    let bytes = found.value('c');
    let text = bytes.or(found.value('n')).unwrap_or("10");
    let (sign, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(digits), _) => (Some('-'), digits),
        (_, Some(digits)) => (Some('+'), digits),
        _ => (None, text),
    };
    let Ok(count) = digits.parse::<usize>() else {
        let what = if bytes.is_some() { "bytes" } else { "lines" };
        let message = format!("{name}: invalid number of {what}: ‘{text}’\n");
        context.io.stderr(message.as_bytes());
        return 1;
    };
    let titled = (found.operands.len() > 1 || found.has('v')) && !found.has('q');
    let complaint = if head {
        "head: cannot open '{}' for reading: {}"
    } else {
        "tail: cannot open '{}' for reading: {}"
    };
    let mut source = Source::new(&context, found.operands.clone(), complaint);
    let mut first = true;
    while source.open() {
        if titled {
            let title = match source.name.as_str() {
                "-" => "standard input",
                name => name,
            };
            let blank = if first { "" } else { "\n" };
            context
                .write(format!("{blank}==> {title} <==\n").as_bytes())
                .await;
        }
        first = false;
        let part = Part { head, sign, count };
        match bytes.is_some() {
            true => part.bytes(&context, &mut source).await,
            false => part.lines(&context, &mut source).await,
        }
    }
    i32::from(source.failed)
}

/// The part of a file that `head` or `tail` shows.
struct Part {
    head: bool,
    /// `-`: all but the last of a head. `+`: a tail from the one of this number on.
    sign: Option<char>,
    count: usize,
}

impl Part {
    /// So many bytes. A head ends as soon as it has them, though more may come.
    async fn bytes(&self, context: &Context, source: &mut Source) {
        let (head, count) = (self.head, self.count);
        if head && self.sign != Some('-') {
            let mut left = count;
            while left > 0
                && let Some(chunk) = source.chunk().await
            {
                let part = chunk.get(..left).unwrap_or(&chunk);
                left -= part.len();
                context.write(part).await;
            }
            return;
        }
        if self.sign == Some('+') {
            let mut skip = count.saturating_sub(1);
            while let Some(chunk) = source.chunk().await {
                let part = chunk.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(chunk.len());
                context.write(part).await;
            }
            return;
        }
        let mut last = VecDeque::new();
        while let Some(chunk) = source.chunk().await {
            last.extend(chunk);
            let spare = last.len().saturating_sub(count);
            let before: Vec<u8> = last.drain(..spare).collect();
            if head {
                context.write(&before).await;
            }
            if !source.has_room(last.len()) {
                return;
            }
        }
        if !head {
            context.write(last.make_contiguous()).await;
        }
    }

    /// So many lines, written as soon as they are known to be part of it.
    async fn lines(&self, context: &Context, source: &mut Source) {
        match (self.head, self.sign) {
            (true, None | Some('+')) => {
                let mut left = self.count;
                while left > 0
                    && let Some(line) = source.line().await
                {
                    left -= 1;
                    context.write(&line).await;
                }
            }
            (false, Some('+')) => {
                let mut skip = self.count.saturating_sub(1);
                while let Some(line) = source.line().await {
                    match skip {
                        0 => context.write(&line).await,
                        _ => skip -= 1,
                    }
                }
            }
            _ => {
                let mut last = VecDeque::new();
                while let Some(line) = source.line().await {
                    last.push_back(line);
                    if last.len() > self.count
                        && let Some(line) = last.pop_front()
                        && self.head
                    {
                        context.write(&line).await;
                    }
                }
                if !self.head {
                    for line in last {
                        context.write(&line).await;
                    }
                }
            }
        }
    }
}

/// `wc [-lwcm] [FILE...]`
pub async fn wc(context: Context, words: Vec<String>) -> i32 {
    let takes = "lwcm,lines=l,words=w,bytes=c,chars=m";
    let found = match arguments(&context, "wc", takes, &words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let mut shown: Vec<usize> = Vec::new();
    for (index, letter) in ['l', 'w', 'm', 'c'].into_iter().enumerate() {
        if found.has(letter) || (found.options.is_empty() && letter != 'm') {
            shown.push(index);
        }
    }
    let named = !found.operands.is_empty();
    let from_input = !named || found.operands.iter().any(|name| name == "-");
    let several = found.operands.len() > 1;
    let mut source = Source::new(&context, found.operands, "wc: {}");
    let mut rows = Vec::new();
    let mut total = [0; 4];
    while source.open() {
        let mut counts = [0; 4];
        while let Some(line) = source.line().await {
            let text = String::from_utf8_lossy(&line);
            let more = [
                usize::from(line.ends_with(b"\n")),
                text.split_whitespace().count(),
                text.chars().count(),
                line.len(),
            ];
            for (sums, more) in counts.iter_mut().zip(&mut total).zip(more) {
                *sums.0 += more;
                *sums.1 += more;
            }
        }
        rows.push((counts, source.name.clone()));
    }
    if several {
        rows.push((total, "total".to_string()));
    }
    let width = match total.last() {
        _ if shown.len() == 1 && rows.len() == 1 => 1,
        _ if from_input => 7,
        Some(bytes) => bytes.to_string().len(),
        None => 1,
    };
    for (counts, name) in rows {
        let columns = shown.iter().filter_map(|index| counts.get(*index));
        let columns: Vec<String> = columns.map(|count| format!("{count:width$}")).collect();
        let name = if named {
            format!(" {name}")
        } else {
            String::new()
        };
        context
            .write(format!("{}{name}\n", columns.join(" ")).as_bytes())
            .await;
    }
    i32::from(source.failed)
}

/// `sort [-nru] [-k N] [-t C] [FILE...]`
pub async fn sort(context: Context, words: Vec<String>) -> i32 {
    let takes = "nruk:t:,numeric-sort=n,reverse=r,unique=u,key=k,field-separator=t";
    let found = match arguments(&context, "sort", takes, &words, 2) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let (numeric, reverse) = (found.has('n'), found.has('r'));
    let key = found.value('k').map(|text| {
        let digits = text.find(|c: char| !c.is_ascii_digit());
        let digits = text.get(..digits.unwrap_or(text.len()));
        digits.unwrap_or_default().parse::<usize>().unwrap_or(1)
    });
    let separator = found.value('t').and_then(|text| text.chars().next());
    let unique = found.has('u');
    let mut source = Source::new(&context, found.operands, "sort: cannot read: {}");
    let (mut lines, mut size) = (Vec::new(), 0);
    while let Some(mut line) = source.next().await {
        size += line.len();
        if !source.has_room(size) {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        lines.push(line);
    }
    if source.failed {
        return 2;
    }
    // Of every line once, not at every comparison.
    let mut lines: Vec<(SortKey, Vec<u8>)> = lines
        .into_iter()
        .map(|line| {
            let text = sort_key(&line, key, separator);
            let key = match numeric {
                true => SortKey::Number(number(&text)),
                false => SortKey::Text(text),
            };
            (key, line)
        })
        .collect();
    lines.sort_by(|a, b| {
        let order = match unique {
            true => a.0.cmp(&b.0),
            false => a.cmp(b),
        };
        if reverse { order.reverse() } else { order }
    });
    if unique {
        lines.dedup_by(|a, b| a.0 == b.0);
    }
    for (_, mut line) in lines {
        line.push(b'\n');
        context.write(&line).await;
    }
    0
}

/// What lines are compared by; one that is equal leaves it to the whole line.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Number(i128),
    Text(Vec<u8>),
}

/// The line from its field `key` on.
fn sort_key(line: &[u8], key: Option<usize>, separator: Option<char>) -> Vec<u8> {
    let Some(key) = key else {
        return line.to_vec();
    };
    let text = String::from_utf8_lossy(line);
    let mut rest: &str = &text;
    for _ in 1..key {
        if rest.is_empty() {
            break;
        }
        rest = match separator {
            Some(separator) => rest.split_once(separator).map_or("", |(_, rest)| rest),
            None => {
                let blanks = rest.len() - rest.trim_start().len();
                let word = rest.get(blanks..).unwrap_or_default();
                let end = word.find(char::is_whitespace).unwrap_or(word.len());
                word.get(end..).unwrap_or_default()
            }
        };
    }
    rest.as_bytes().to_vec()
}

/// The number a text begins with, in thousandths.
fn number(text: &[u8]) -> i128 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.');
    let digits = digits
        .get(..end.unwrap_or(digits.len()))
        .unwrap_or_default();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let thousandths = format!("{fraction}000").chars().take(3).collect::<String>();
    let value = format!("{whole}{thousandths}").parse::<i128>();
    sign * value.unwrap_or(0)
}

/// `uniq [-cd] [FILE]`
pub async fn uniq(context: Context, words: Vec<String>) -> i32 {
    let found = match arguments(&context, "uniq", "cd,count=c,repeated=d", &words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let (counted, repeated) = (found.has('c'), found.has('d'));
    let mut source = Source::new(&context, found.operands, "uniq: {}");
    let mut last: Option<(Vec<u8>, usize)> = None;
    loop {
        let line = source.next().await;
        if let (Some((same, count)), Some(line)) = (&mut last, &line)
            && same == line
        {
            *count += 1;
            continue;
        }
        if let Some((line, count)) = last.take()
            && (count > 1 || !repeated)
        {
            let mut out = match counted {
                true => format!("{count:7} ").into_bytes(),
                false => Vec::new(),
            };
            out.extend(line);
            context.write(&out).await;
        }
        match line {
            Some(line) => last = Some((line, 1)),
            None => return i32::from(source.failed),
        }
    }
}

/// `cut -d C -f LIST [FILE...]`
pub async fn cut(context: Context, words: Vec<String>) -> i32 {
    let takes = "d:f:s,delimiter=d,fields=f,only-delimited=s";
    let found = match arguments(&context, "cut", takes, &words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let delimiter = found.value('d').unwrap_or("\t").to_string();
    let ranges: Option<Vec<(usize, usize)>> = found.value('f').and_then(|list| {
        let range = |text: &str| match text.split_once('-') {
            Some((from, to)) => Some((
                if from.is_empty() {
                    1
                } else {
                    from.parse().ok()?
                },
                if to.is_empty() {
                    usize::MAX
                } else {
                    to.parse().ok()?
                },
            )),
            None => text.parse().ok().map(|one| (one, one)),
        };
        list.split(',').map(range).collect()
    });
    let Some(ranges) = ranges else {
        let text = "cut: you must specify a list of bytes, characters, or fields\n\
                    Try 'cut --help' for more information.\n";
        context.io.stderr(text.as_bytes());
        return 1;
    };
    let only = found.has('s');
    let mut source = Source::new(&context, found.operands.clone(), "cut: {}");
    while let Some(line) = source.next().await {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\n');
        if !line.contains(&delimiter) && only {
            continue;
        }
        let text = if line.contains(&delimiter) {
            let fields = line.split(&delimiter).enumerate();
            let fields = fields.filter(|(index, _)| {
                let number = index + 1;
                ranges
                    .iter()
                    .any(|(from, to)| (*from..=*to).contains(&number))
            });
            let fields: Vec<&str> = fields.map(|(_, field)| field).collect();
            fields.join(&delimiter)
        } else {
            line.to_string()
        };
        context.write(format!("{text}\n").as_bytes()).await;
    }
    i32::from(source.failed)
}

/// `base64 [-d] [-w N] [FILE]`
pub async fn base64(context: Context, words: Vec<String>) -> i32 {
    let takes = "dDw:,decode=d,wrap=w";
    let found = match arguments(&context, "base64", takes, &words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let decode = found.has('d') || found.has('D');
    let wrap = found
        .value('w')
        .map_or(76, |text| text.parse().unwrap_or(76));
    let mut source = Source::new(&context, found.operands, "base64: {}");
    while source.open() {
        let Some(all) = source.rest().await else {
            return 1;
        };
        if decode {
            let text: String = String::from_utf8_lossy(&all).split_whitespace().collect();
            match base64::decode(&text) {
                Some(bytes) => context.write(&bytes).await,
                None => {
                    context.io.stderr(b"base64: invalid input\n");
                    return 1;
                }
            }
            continue;
        }
        let text = base64::encode(&all);
        if wrap == 0 {
            context.write(text.as_bytes()).await;
            continue;
        }
        for line in text.as_bytes().chunks(wrap) {
            context.write(&[line, b"\n"].concat()).await;
        }
    }
    i32::from(source.failed)
}

/// `tee [-a] [FILE...]`
pub async fn tee(context: Context, words: Vec<String>) -> i32 {
    let found = match arguments(&context, "tee", "a,append=a", &words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let files = context.io.files();
    let mut status = 0;
    let complain = |name: &str, error: &crate::cli::FileError| {
        let message = format!("tee: {}\n", failed(name, error));
        context.io.stderr(message.as_bytes());
        1
    };
    for name in found.operands.iter().filter(|_| !found.has('a')) {
        if let Err(error) = files.write(name, b"") {
            status = complain(name, &error);
        }
    }
    let mut source = Source::new(&context, Vec::new(), "");
    source.open();
    while let Some(chunk) = source.chunk().await {
        for name in &found.operands {
            if let Err(error) = files.append(name, &chunk) {
                status = complain(name, &error);
            }
        }
        context.write(&chunk).await;
    }
    status
}
