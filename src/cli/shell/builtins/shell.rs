//! What belongs to the shell itself: `echo`, `printf`, variables, leaving loops.

use super::super::{
    exec::{Context, Leave, assignment},
    parse::is_name,
    word::{quote, unescape},
};
use crate::cli::{Io, width::filled};

/// `break [n]`, `continue [n]`.
pub fn leave(context: &Context, name: &str, arguments: &[String]) -> i32 {
    let loops = context.scope.loops.get();
    if loops == 0 {
        let message = format!("{name}: only meaningful in a `for', `while', or `until' loop");
        context.complain(&message);
        return 0;
    }
    let count = match arguments.first() {
        None => 1,
        Some(text) => match text.parse::<usize>() {
            Ok(count) if count > 0 => count.min(loops),
            _ => {
                context.complain(&format!("{name}: {text}: numeric argument required"));
                context.scope.leaving.set(Some(Leave::Exit));
                return 128;
            }
        },
    };
    context.scope.leaving.set(Some(match name {
        "break" => Leave::Break(count),
        _ => Leave::Continue(count),
    }));
    0
}

/// `exit [n]`: ends the line (or the subshell); the terminal stays.
pub fn exit(context: &Context, arguments: &[String]) -> i32 {
    context.scope.leaving.set(Some(Leave::Exit));
    match arguments.first() {
        None => context.scope.status.get(),
        Some(text) => match text.parse::<i32>() {
            Ok(status) => status & 255,
            Err(_) => {
                context.complain(&format!("exit: {text}: numeric argument required"));
                2
            }
        },
    }
}

/// `echo [-neE] WORD...`
pub async fn echo(context: Context, arguments: Vec<String>) -> i32 {
    let (mut newline, mut escapes) = (true, false);
    let mut words = arguments.as_slice();
    while let Some((first, rest)) = words.split_first() {
        let Some(flags) = first.strip_prefix('-').filter(|flags| {
            !flags.is_empty() && flags.chars().all(|c| matches!(c, 'n' | 'e' | 'E'))
        }) else {
            break;
        };
        for flag in flags.chars() {
            match flag {
                'n' => newline = false,
                flag => escapes = flag == 'e',
            }
        }
        words = rest;
    }
    let text = words.join(" ");
    let mut bytes = match text.split_once("\\c").filter(|_| escapes) {
        Some((before, _)) => {
            newline = false;
            unescape(before)
        }
        None if escapes => unescape(&text),
        None => text.into_bytes(),
    };
    if newline {
        bytes.push(b'\n');
    }
    context.write(&bytes).await;
    0
}

/// `export [-n] [NAME[=VALUE]...]`
pub fn export(context: &Context, arguments: &[String]) -> i32 {
    let mut status = 0;
    let mut exported = true;
    let mut named = false;
    let mut variables = context.scope.variables.borrow_mut();
    for argument in arguments {
        match argument.as_str() {
            "-n" => exported = false,
            "-p" => {}
            flag if flag.starts_with('-') => {
                context.complain(&format!("export: {flag}: invalid option"));
                let usage = b"export: usage: export [-fn] [name[=value] ...] or export -p\n";
                context.io.stderr(usage);
                return 2;
            }
            word => {
                named = true;
                let name = assignment(word).map_or(word, |(name, _)| name);
                if !is_name(name) {
                    let message = format!("export: `{word}': not a valid identifier");
                    context.complain(&message);
                    status = 1;
                    continue;
                }
                if let Some((name, value)) = assignment(word) {
                    variables.set(name, value);
                }
                variables.export(name, exported);
            }
        }
    }
    if !named {
        let mut text = String::new();
        for (name, value, _) in variables.iter().filter(|(_, _, exported)| *exported) {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            text.push_str(&format!("declare -x {name}=\"{value}\"\n"));
        }
        context.io.stdout(text.as_bytes());
    }
    status
}

/// `set [-OPTIONS] [-o NAME]...`; alone it prints the variables.
pub fn set(context: &Context, arguments: &[String]) -> i32 {
    let mut options = context.scope.options.get();
    if arguments.is_empty() {
        let variables = context.scope.variables.borrow();
        let lines = variables.iter().map(|(name, value, _)| match value {
            "" => format!("{name}=\n"),
            value => format!("{name}={}\n", quote(value)),
        });
        context.io.stdout(lines.collect::<String>().as_bytes());
        return 0;
    }
    if let [only] = arguments
        && only == "-o"
    {
        context.io.stdout(options.list().as_bytes());
        return 0;
    }
    let taken = options.set(arguments);
    context.scope.options.set(options);
    let Err(message) = taken else { return 0 };
    context.complain(&format!("set: {message}"));
    if message.ends_with("invalid option") {
        let usage = b"set: usage: set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]\n";
        context.io.stderr(usage);
    }
    2
}

/// `unset NAME...`
pub fn unset(context: &Context, arguments: &[String]) -> i32 {
    for name in arguments.iter().filter(|name| is_name(name)) {
        context.scope.variables.borrow_mut().unset(name);
    }
    0
}

/// `printf FORMAT [WORD...]`
pub async fn printf(context: Context, arguments: Vec<String>) -> i32 {
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => arguments.as_slice(),
    };
    let Some((format, mut words)) = arguments.split_first() else {
        let usage = b"printf: usage: printf [-v var] format [arguments]\n";
        context.io.stderr(usage);
        return 2;
    };
    let mut status = 0;
    loop {
        let before = words.len();
        let mut form = Form {
            context: &context,
            out: Vec::new(),
            words,
            errors: Vec::new(),
            stop: false,
        };
        form.run(format).await;
        words = form.words;
        context.write(&form.out).await;
        for error in &form.errors {
            context.complain(&format!("printf: {error}"));
            status = 1;
        }
        // The format is used again while it takes words.
        if form.stop || words.is_empty() || words.len() == before {
            return status;
        }
    }
}

/// One use of a format.
struct Form<'a> {
    context: &'a Context,
    /// What is not written yet.
    out: Vec<u8>,
    words: &'a [String],
    errors: Vec<String>,
    stop: bool,
}

impl Form<'_> {
    fn next(&mut self) -> &str {
        match self.words.split_first() {
            Some((first, rest)) => {
                self.words = rest;
                first
            }
            None => "",
        }
    }

    fn number(&mut self) -> i64 {
        let text = self.next().to_string();
        // `'a` is the character's number.
        if let Some(c) = text.strip_prefix(['\'', '"']) {
            return c.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let (digits, radix) = match text.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None if text.len() > 1 && text.starts_with('0') => (text.as_str(), 8),
            None => (text.as_str(), 10),
        };
        match i64::from_str_radix(digits, radix) {
            Ok(value) => value,
            Err(_) if text.is_empty() => 0,
            Err(_) => {
                self.errors.push(format!("{text}: invalid number"));
                let end = digits.find(|c: char| !c.is_digit(radix));
                let digits = digits.get(..end.unwrap_or(0)).unwrap_or_default();
                i64::from_str_radix(digits, radix).unwrap_or(0)
            }
        }
    }

    async fn run(&mut self, format: &str) {
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('%') {
            self.out.extend(unescape(before));
            let end = after
                .find(|c: char| !"-+ #0123456789.*".contains(c))
                .unwrap_or(after.len());
            let (flags, tail) = after.split_at(end);
            let Some(kind) = tail.chars().next() else {
                self.errors
                    .push(format!("`%{after}': missing format character"));
                self.stop = true;
                return;
            };
            rest = tail.get(kind.len_utf8()..).unwrap_or_default();
            if !self.conversion(flags, kind) {
                return;
            }
            if self.out.len() > 4096 {
                self.context.write(&self.out).await;
                self.out.clear();
            }
        }
        self.out.extend(unescape(rest));
    }

    /// Prints the next word; `false` ends it all.
    fn conversion(&mut self, flags: &str, kind: char) -> bool {
        let digits = flags.trim_start_matches(['-', '+', ' ', '#', '0']);
        let signs = flags.get(..flags.len() - digits.len()).unwrap_or_default();
        let (width, precision) = match digits.split_once('.') {
            Some((width, precision)) => (width, Some(precision)),
            None => (digits, None),
        };
        let mut size = |text: &str| match text {
            "*" => usize::try_from(self.number()).unwrap_or(0),
            text => text.parse().unwrap_or(0),
        };
        let width = size(width).min(10_000);
        let precision = precision.map(|text| size(text).min(10_000));
        let text: Vec<u8> = match kind {
            '%' => b"%".to_vec(),
            's' | 'b' | 'q' | 'c' => {
                let word = self.next().to_string();
                let mut bytes = match kind {
                    'b' => unescape(&word),
                    'q' => quote(&word).into_bytes(),
                    'c' => word.chars().take(1).collect::<String>().into_bytes(),
                    _ => word.into_bytes(),
                };
                bytes.truncate(precision.unwrap_or(usize::MAX));
                bytes
            }
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                let value = self.number();
                let digits = match kind {
                    'x' => format!("{value:x}"),
                    'X' => format!("{value:X}"),
                    'o' => format!("{value:o}"),
                    _ => value.unsigned_abs().to_string(),
                };
                let decimal = matches!(kind, 'd' | 'i');
                let sign = match value {
                    ..0 if decimal => "-",
                    _ if decimal && signs.contains('+') => "+",
                    _ if decimal && signs.contains(' ') => " ",
                    _ => "",
                };
                let mut least = precision.unwrap_or(0);
                if signs.contains('0') && !signs.contains('-') && precision.is_none() {
                    least = width.saturating_sub(sign.len());
                }
                format!("{sign}{}", filled(&digits, least, '0')).into_bytes()
            }
            'f' | 'F' | 'e' | 'g' => {
                let word = self.next().to_string();
                fixed(&word, precision.unwrap_or(6)).unwrap_or_else(|| {
                    self.errors.push(format!("{word}: invalid number"));
                    b"0".to_vec()
                })
            }
            kind => {
                self.errors
                    .push(format!("`{kind}': invalid format character"));
                self.stop = true;
                return false;
            }
        };
        let fill = width.saturating_sub(String::from_utf8_lossy(&text).chars().count());
        let left = signs.contains('-');
        if !left {
            self.out.extend(std::iter::repeat_n(b' ', fill));
        }
        self.out.extend(text);
        if left {
            self.out.extend(std::iter::repeat_n(b' ', fill));
        }
        true
    }
}

/// A decimal with so many digits after its point, rounded half up; done on the digits, as floating point costs the page
/// more than this is worth.
fn fixed(text: &str, places: usize) -> Option<Vec<u8>> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !number(whole)
        || !number(fraction)
        || (whole.is_empty() && !text.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let mut all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let point = whole.len();
    all.resize(all.len().max(point + places + 1), b'0');
    let up = all.get(point + places).is_some_and(|b| *b >= b'5');
    all.truncate(point + places);
    if up {
        let carried = all.iter().rposition(|b| *b != b'9');
        match carried.and_then(|at| all.get_mut(at)) {
            Some(digit) => *digit += 1,
            None => all.insert(0, b'1'),
        }
        let from = carried.map_or(1, |at| at + 1);
        all.iter_mut().skip(from).for_each(|digit| *digit = b'0');
    }
    let point = all.len() - places;
    let mut out = sign.as_bytes().to_vec();
    if point == 0 {
        out.push(b'0');
    }
    out.extend_from_slice(all.get(..point)?);
    if places > 0 {
        out.push(b'.');
        out.extend_from_slice(all.get(point..)?);
    }
    Some(out)
}
