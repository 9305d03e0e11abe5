//! Commands about time, files, the environment and the shell's own lines.

use super::{
    super::{
        exec::{Context, assignment, failed},
        parse::is_name,
        stdio::Input,
    },
    NAMES, TERMINAL,
    input::{Source, arguments},
};
use crate::{
    cli::{FileError, Io},
    client::transport::LocalFuture,
    wire::time::{SECOND, Time},
};
use std::{cell::RefCell, rc::Rc};

/// `seq [-w] [-s STRING] [FIRST [INCREMENT]] LAST`, whole numbers only.
pub async fn seq(context: Context, words: Vec<String>) -> i32 {
    let (mut separator, mut padded) = ("\n".to_string(), false);
    let mut numbers = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-w" => padded = true,
            "-s" => separator = words.next().unwrap_or_default(),
            word if word.starts_with("-s") => {
                separator = word.get(2..).unwrap_or_default().to_string();
            }
            word => match word.parse::<i64>() {
                Ok(number) => numbers.push((number, word.len())),
                Err(_) => {
                    let message = format!(
                        "seq: invalid floating point argument: ‘{word}’\n\
                         Try 'seq --help' for more information.\n"
                    );
                    context.io.stderr(message.as_bytes());
                    return 1;
                }
            },
        }
    }
    let (first, step, last) = match numbers.as_slice() {
        [(last, _)] => (1, 1, *last),
        [(first, _), (last, _)] => (*first, 1, *last),
        [(first, _), (step, _), (last, _)] => (*first, *step, *last),
        [] => {
            let text = "seq: missing operand\nTry 'seq --help' for more information.\n";
            context.io.stderr(text.as_bytes());
            return 1;
        }
        _ => {
            context.io.stderr(b"seq: extra operand\n");
            return 1;
        }
    };
    if step == 0 {
        let text = "seq: invalid Zero increment value: ‘0’\n\
                    Try 'seq --help' for more information.\n";
        context.io.stderr(text.as_bytes());
        return 1;
    }
    let width = if padded {
        first.to_string().len().max(last.to_string().len())
    } else {
        0
    };
    let mut next = Some(first);
    let mut text = String::new();
    while let Some(number) = next.filter(|n| if step > 0 { *n <= last } else { *n >= last }) {
        text.push_str(&format!("{number:0width$}"));
        next = number.checked_add(step);
        let more = next.is_some_and(|n| if step > 0 { n <= last } else { n >= last });
        text.push_str(if more { &separator } else { "\n" });
        if text.len() > 4096 {
            context.write(text.as_bytes()).await;
            text.clear();
        }
    }
    context.write(text.as_bytes()).await;
    0
}

/// Nanoseconds of `1`, `0.5`, `2m`; `None` if it is none.
fn duration(text: &str) -> Option<i64> {
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, text.get(digits.len()..)?),
        None => (text, "s"),
    };
    let unit = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 1,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !digits.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |text: &str| match text {
        "" => Some(0),
        text if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<i64>().ok(),
        _ => None,
    };
    let nine: String = format!("{fraction}000000000").chars().take(9).collect();
    let ns = number(whole)?
        .checked_mul(SECOND)?
        .checked_add(number(&nine)?)?;
    ns.checked_mul(unit)
}

/// `sleep NUMBER[smhd]...`
pub async fn sleep(context: Context, words: Vec<String>) -> i32 {
    if words.is_empty() {
        let text = "sleep: missing operand\nTry 'sleep --help' for more information.\n";
        context.io.stderr(text.as_bytes());
        return 1;
    }
    let mut total = 0i64;
    for word in &words {
        match duration(word) {
            Some(ns) => total = total.saturating_add(ns),
            None => {
                let message = format!(
                    "sleep: invalid time interval ‘{word}’\n\
                     Try 'sleep --help' for more information.\n"
                );
                context.io.stderr(message.as_bytes());
                return 1;
            }
        }
    }
    context.shell.session.runtime.sleep(total).await;
    0
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `date [-u] [-R | -I[seconds]] [+FORMAT]`
pub async fn date(context: Context, words: Vec<String>) -> i32 {
    let now = context.shell.session.runtime.now();
    let mut offset = context.io.utc_offset(now);
    let mut format = "%a %b %e %H:%M:%S %Z %Y".to_string();
    for word in &words {
        match word.as_str() {
            "-u" | "--utc" => offset = 0,
            "-R" | "--rfc-email" => format = "%a, %d %b %Y %H:%M:%S %z".to_string(),
            "-I" | "--iso-8601" => format = "%Y-%m-%d".to_string(),
            "-Is" | "-Iseconds" | "--iso-8601=seconds" => {
                format = "%Y-%m-%dT%H:%M:%S%:z".to_string()
            }
            word => match word.strip_prefix('+') {
                Some(text) => format = text.to_string(),
                None => {
                    let message = format!("date: invalid date ‘{word}’\n");
                    context.io.stderr(message.as_bytes());
                    return 1;
                }
            },
        }
    }
    let text = formatted(&format, now, offset);
    context.write(format!("{text}\n").as_bytes()).await;
    0
}

fn formatted(format: &str, at: Time, offset: i32) -> String {
    let local = at.after(i64::from(offset) * SECOND);
    let civil = local.civil();
    let day = DAYS
        .get(local.weekday() as usize)
        .copied()
        .unwrap_or_default();
    let month = MONTHS
        .get(civil.month as usize - 1)
        .copied()
        .unwrap_or_default();
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (width, tail) = after.split_at(digits);
        let kind = match tail.strip_prefix(":z") {
            Some(_) => ":z",
            None => tail
                .get(..tail.chars().next().map_or(0, char::len_utf8))
                .unwrap_or(""),
        };
        rest = tail.get(kind.len()..).unwrap_or_default();
        out.push_str(&match kind {
            "Y" => civil.year.to_string(),
            "y" => format!("{:02}", civil.year.rem_euclid(100)),
            "m" => format!("{:02}", civil.month),
            "d" => format!("{:02}", civil.day),
            "e" => format!("{:2}", civil.day),
            "H" => format!("{:02}", civil.hour),
            "I" => format!("{:02}", (civil.hour + 11) % 12 + 1),
            "M" => format!("{:02}", civil.minute),
            "S" => format!("{:02}", civil.second),
            "p" => (if civil.hour < 12 { "AM" } else { "PM" }).to_string(),
            "N" => {
                let nine = format!("{:09}", civil.nanosecond);
                let width = width.parse().unwrap_or(9);
                nine.chars().take(width).collect()
            }
            "s" => at.0.div_euclid(SECOND).to_string(),
            "a" => short(day),
            "A" => day.to_string(),
            "b" | "h" => short(month),
            "B" => month.to_string(),
            "F" => formatted("%Y-%m-%d", at, offset),
            "T" => formatted("%H:%M:%S", at, offset),
            "R" => formatted("%H:%M", at, offset),
            "D" => formatted("%m/%d/%y", at, offset),
            "z" => format!("{sign}{hours:02}{minutes:02}"),
            ":z" => format!("{sign}{hours:02}:{minutes:02}"),
            "Z" if offset == 0 => "UTC".to_string(),
            "Z" => formatted("%z", at, offset),
            "n" => "\n".to_string(),
            "t" => "\t".to_string(),
            "%" => "%".to_string(),
            other => format!("%{width}{other}"),
        });
    }
    out.push_str(rest);
    out
}

/// `ls [-1alh] [FILE...]`
pub async fn ls(context: Context, words: Vec<String>) -> i32 {
    let found = match arguments(&context, "ls", "1aAlhrt", &words, 2) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let files = context.io.files();
    let mut status = 0;
    let (mut plain, mut folders) = (Vec::new(), Vec::new());
    let operands = match found.operands.is_empty() {
        true => vec![".".to_string()],
        false => found.operands.clone(),
    };
    for name in operands {
        match files.list(&name) {
            Ok(names) => folders.push((name, names)),
            Err(FileError::Missing) if files.read(&name).is_err() => {
                let why = failed(&name, &FileError::Missing);
                let why = why.get(name.len() + 2..).unwrap_or_default();
                let message = format!("ls: cannot access '{name}': {why}\n");
                context.io.stderr(message.as_bytes());
                status = 2;
            }
            Err(_) => plain.push(name),
        }
    }
    let one_by_one = found.has('1') || !context.io.stdout_is_terminal();
    let columns = context.io.size().0;
    let show = |folder: &str, names: &[String]| {
        if !found.has('l') {
            return listed(names, one_by_one, columns);
        }
        let path = |name: &String| match folder {
            "" => name.clone(),
            folder => format!("{folder}/{name}"),
        };
        let size = |name: &String| files.read(&path(name)).map(|content| content.len()).ok();
        let widest = names
            .iter()
            .filter_map(size)
            .max()
            .unwrap_or(0)
            .to_string()
            .len();
        let line = |name: &String| match size(name) {
            Some(size) => format!("-rw-r--r-- {size:widest$} {name}\n"),
            None => format!("drwxr-xr-x {:>widest$} {name}\n", "-"),
        };
        names.iter().map(line).collect()
    };
    let titled = folders.len() + plain.len() > 1;
    let mut text = show("", &plain);
    for (folder, names) in &folders {
        if titled {
            let blank = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{blank}{folder}:\n"));
        }
        text.push_str(&show(folder, names));
    }
    context.write(text.as_bytes()).await;
    status
}

/// Names one a line, or side by side down the columns.
fn listed(names: &[String], one_by_one: bool, columns: usize) -> String {
    let width = |name: &String| name.chars().count();
    let widest = names.iter().map(width).max().unwrap_or(0) + 2;
    let across = (columns / widest.max(1)).max(1);
    if one_by_one || names.is_empty() {
        return names.iter().map(|name| format!("{name}\n")).collect();
    }
    let down = names.len().div_ceil(across);
    let mut text = String::new();
    for row in 0..down {
        let cells: Vec<&str> = (row..names.len())
            .step_by(down)
            .filter_map(|at| names.get(at))
            .map(String::as_str)
            .collect();
        let cells: String = cells.iter().map(|name| format!("{name:widest$}")).collect();
        text.push_str(cells.trim_end());
        text.push('\n');
    }
    text
}

/// `rm [-f] FILE...`
pub fn rm(context: &Context, words: &[String]) -> i32 {
    let found = match arguments(context, "rm", "frRv", words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let (force, deep) = (found.has('f'), found.has('r') || found.has('R'));
    if found.operands.is_empty() && !force {
        let text = "rm: missing operand\nTry 'rm --help' for more information.\n";
        context.io.stderr(text.as_bytes());
        return 1;
    }
    let mut status = 0;
    // Folders' files come back here; removing a folder is removing all in it.
    let mut names = found.operands;
    while let Some(name) = (!names.is_empty()).then(|| names.remove(0)) {
        let files = context.io.files();
        match files.remove(&name) {
            Ok(()) => {}
            Err(FileError::Missing) if force => {}
            Err(FileError::Folder) if deep => {
                let inside = files.list(&name).unwrap_or_default();
                names.splice(0..0, inside.iter().map(|inner| format!("{name}/{inner}")));
            }
            Err(error) => {
                let why = failed(&name, &error);
                let why = why.get(name.len() + 2..).unwrap_or_default();
                let message = format!("rm: cannot remove '{name}': {why}\n");
                context.io.stderr(message.as_bytes());
                status = 1;
            }
        }
    }
    status
}

/// `env [NAME=VALUE...] [COMMAND [WORD...]]`
pub fn env(context: Context, words: Vec<String>) -> LocalFuture<'static, i32> {
    let mut variables = context.io.variables.borrow().clone();
    let mut words = words.into_iter().peekable();
    while let Some((name, value)) = words.peek().and_then(|word| assignment(word)) {
        variables.set(name, value);
        variables.export(name, true);
        words.next();
    }
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        let exported = variables.iter().filter(|(_, _, exported)| *exported);
        let text: String = exported
            .map(|(name, value, _)| format!("{name}={value}\n"))
            .collect();
        return Box::pin(async move {
            context.write(text.as_bytes()).await;
            0
        });
    }
    let mut io = (*context.io).clone();
    io.variables = Rc::new(RefCell::new(variables));
    let inner = Context {
        io: Rc::new(io),
        ..context
    };
    inner.run(words)
}

/// `read [-r] [-p PROMPT] [NAME...]`
pub async fn read(context: Context, words: Vec<String>) -> i32 {
    let found = match arguments(&context, "read", "rsp:", &words, 2) {
        Ok(found) => found,
        Err(status) => return status,
    };
    if let Some(name) = found.operands.iter().find(|name| !is_name(name)) {
        context.complain(&format!("read: `{name}': not a valid identifier"));
        return 1;
    }
    if let Some(prompt) = found.value('p')
        && context.io.stdin_is_terminal()
    {
        context.io.stderr(prompt.as_bytes());
    }
    let line = context.io.read_line().await;
    let ended = line.as_ref().is_none_or(|line| line.last() != Some(&b'\n'));
    let line = String::from_utf8_lossy(&line.unwrap_or_default()).into_owned();
    let mut line = line.trim_end_matches('\n').to_string();
    if !found.has('r') {
        line = line.replace('\\', "");
    }
    let whole = context.io.variables.borrow().get("IFS") == Some("");
    let mut rest = if whole { line.as_str() } else { line.trim() };
    let mut names = found.operands.as_slice();
    if names.is_empty() {
        context
            .scope
            .variables
            .borrow_mut()
            .set("REPLY", line.as_str());
    }
    while let Some((name, others)) = names.split_first() {
        let value = match rest.split_once([' ', '\t']) {
            Some((word, after)) if !others.is_empty() && !whole => {
                rest = after.trim_start();
                word
            }
            _ => std::mem::take(&mut rest),
        };
        context.scope.variables.borrow_mut().set(name, value);
        names = others;
    }
    i32::from(ended)
}

/// `xargs [-n N] [-I TEXT] [COMMAND [WORD...]]`
pub async fn xargs(context: Context, words: Vec<String>) -> i32 {
    let mut most = None;
    let mut replaced = None;
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next_if(|word| word.starts_with('-')) {
        let (flag, value) = word.split_at(word.len().min(2));
        let value = match value {
            "" if matches!(flag, "-n" | "-I" | "-L") => words.next().unwrap_or_default(),
            value => value.to_string(),
        };
        match flag {
            "-n" | "-L" => most = value.parse::<usize>().ok().filter(|n| *n > 0),
            "-I" => replaced = Some(value),
            "-r" | "-t" => {}
            _ => {
                let message = format!(
                    "xargs: invalid option -- '{}'\nTry 'xargs --help' for more information.\n",
                    flag.trim_start_matches('-')
                );
                context.io.stderr(message.as_bytes());
                return 1;
            }
        }
    }
    let mut command: Vec<String> = words.collect();
    if command.is_empty() {
        command.push("echo".to_string());
    }
    let mut io = (*context.io).clone();
    io.input = Input::Null;
    let inner = Context {
        io: Rc::new(io),
        ..context.clone()
    };
    let mut source = Source::new(&context, Vec::new(), "");
    let mut waiting: Vec<String> = Vec::new();
    let mut failures = false;
    let mut runs = 0;
    loop {
        let line = source.next().await;
        let ended = line.is_none();
        let line = String::from_utf8_lossy(&line.unwrap_or_default()).into_owned();
        match &replaced {
            Some(_) if line.trim().is_empty() => {}
            Some(_) => waiting.push(line.trim().to_string()),
            None => waiting.extend(line.split_whitespace().map(str::to_string)),
        }
        loop {
            let count = match (&replaced, most) {
                (Some(_), _) => 1,
                (None, Some(most)) => most,
                (None, None) => usize::MAX,
            };
            let last = ended && (!waiting.is_empty() || (runs == 0 && replaced.is_none()));
            if waiting.len() < count && !last {
                break;
            }
            let taken: Vec<String> = waiting.drain(..count.min(waiting.len())).collect();
            let words = match (&replaced, taken.first()) {
                (Some(text), Some(value)) => command
                    .iter()
                    .map(|word| word.replace(text, value))
                    .collect(),
                _ => [command.clone(), taken].concat(),
            };
            runs += 1;
            let status = inner.run(words).await;
            if status == 127 {
                return 127;
            }
            failures |= status != 0;
        }
        if ended {
            return if failures { 123 } else { 0 };
        }
    }
}

/// `history [-c] [N]`
pub async fn history(context: Context, words: Vec<String>) -> i32 {
    let lines = context.shell.history.borrow().clone();
    let last = match words.first().map(String::as_str) {
        Some("-c") => {
            context.shell.history.borrow_mut().clear();
            return 0;
        }
        Some(text) => match text.parse::<usize>() {
            Ok(last) => last,
            Err(_) => {
                context.complain(&format!("history: {text}: numeric argument required"));
                return 1;
            }
        },
        None => usize::MAX,
    };
    for (index, line) in lines
        .iter()
        .enumerate()
        .skip(lines.len().saturating_sub(last))
    {
        context
            .write(format!("{:5}  {line}\n", index + 1).as_bytes())
            .await;
    }
    0
}

/// `help [COMMAND]`
pub async fn help(context: Context, words: Vec<String>) -> i32 {
    if let Some(word) = words.first() {
        let known = NAMES.iter().chain(TERMINAL).find(|(name, _)| name == word);
        let Some((name, what)) = known else {
            context.complain(&format!("help: no help topics match `{word}'."));
            return 1;
        };
        context.write(format!("{name}: {what}\n").as_bytes()).await;
        return 0;
    }
    let mut text = String::new();
    let row = |(name, what): &(&str, &str)| format!("  {name:<12} {what}\n");
    text.push_str("The terminal has these commands:\n");
    text.extend(TERMINAL.iter().map(row));
    text.push_str("\nand a small shell around them:\n");
    text.extend(NAMES.iter().map(row));
    text.push_str(
        "\nIt knows quotes, $NAME, $?, $(command), $((1+2)), ; && || | & < > >> 2>&1, for, while, if\n\
         and {1..5}. Tab completes, the up arrow goes back in the history, ^R searches it, ^C interrupts.\n",
    );
    context.write(text.as_bytes()).await;
    0
}
