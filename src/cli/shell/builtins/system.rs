//! Commands about the environment, what is read, and the shell's own lines.

use super::{
    super::{
        exec::{Context, assignment},
        parse::is_name,
        stdio::Input,
    },
    NAMES, TERMINAL,
    input::{Source, arguments},
};
use crate::{cli::Io, client::transport::LocalFuture};
use std::{cell::RefCell, rc::Rc};

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
    let separators = context.io.variables.borrow().get("IFS").map(String::from);
    let separators = separators.unwrap_or(" \t\n".to_string());
    let separates = |c: char| separators.contains(c);
    let blank = |c: char| separates(c) && " \t\n".contains(c);
    let mut rest = line.trim_matches(blank);
    let mut names = found.operands.as_slice();
    if names.is_empty() {
        context
            .scope
            .variables
            .borrow_mut()
            .set("REPLY", line.as_str());
    }
    while let Some((name, others)) = names.split_first() {
        let end = rest.find(separates).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start_matches(blank);
        let after = after.strip_prefix(separates).unwrap_or(after);
        let after = after.trim_start_matches(blank);
        let value = match others.is_empty() && !after.is_empty() {
            true => rest,
            false => word,
        };
        rest = after;
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
