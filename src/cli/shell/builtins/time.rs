//! Numbers and time: `seq`, `sleep`, `date`.

use super::super::exec::Context;
use crate::{
    cli::Io,
    wire::time::{SECOND, Time},
};

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
