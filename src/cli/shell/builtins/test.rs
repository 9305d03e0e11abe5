//! `test`, `[` and `[[`: conditions.

use super::super::{exec::Context, glob};
use crate::cli::{FileError, Io};

/// `test EXPRESSION`, `[ EXPRESSION ]`, `[[ EXPRESSION ]]`
pub fn test(context: &Context, name: &str, mut words: Vec<String>) -> i32 {
    let close = match name {
        "[" => Some("]"),
        "[[" => Some("]]"),
        _ => None,
    };
    if let Some(close) = close
        && words.pop().as_deref() != Some(close)
    {
        context.complain(&format!("{name}: missing `{close}'"));
        return 2;
    }
    let mut condition = Condition {
        context,
        words: &words,
        patterns: name == "[[",
        depth: 0,
    };
    let result = if words.is_empty() {
        Ok(false)
    } else {
        condition.or()
    };
    let result = match (result, words.as_slice()) {
        (Ok(_), [first, _]) if !condition.words.is_empty() => {
            Err(format!("{first}: unary operator expected"))
        }
        (Ok(_), [_, second, _]) if !condition.words.is_empty() => {
            Err(format!("{second}: binary operator expected"))
        }
        (Ok(_), _) if !condition.words.is_empty() => Err("too many arguments".to_string()),
        (result, _) => result,
    };
    match result {
        Ok(holds) => i32::from(!holds),
        Err(why) => {
            context.complain(&format!("{name}: {why}"));
            2
        }
    }
}

struct Condition<'a> {
    context: &'a Context,
    words: &'a [String],
    /// `==` matches patterns.
    patterns: bool,
    depth: usize,
}

const BINARY: &[&str] = &[
    "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "=~",
];

impl Condition<'_> {
    fn word(&self, at: usize) -> Option<&str> {
        self.words.get(at).map(String::as_str)
    }

    fn step(&mut self, count: usize) {
        self.words = self.words.get(count..).unwrap_or_default();
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut holds = self.and()?;
        while self.word(0) == Some("-o") {
            self.step(1);
            holds |= self.and()?;
        }
        Ok(holds)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut holds = self.not()?;
        while self.word(0) == Some("-a") {
            self.step(1);
            holds &= self.not()?;
        }
        Ok(holds)
    }

    fn not(&mut self) -> Result<bool, String> {
        if self.depth == 100 {
            return Err("too many arguments".to_string());
        }
        let binary =
            self.word(1).is_some_and(|word| BINARY.contains(&word)) && self.words.len() > 2;
        if self.word(0) == Some("!") && self.words.len() > 1 && !binary {
            self.step(1);
            self.depth += 1;
            let holds = self.not()?;
            self.depth -= 1;
            return Ok(!holds);
        }
        if self.word(0) == Some("(") && self.words.len() > 2 && !binary {
            self.step(1);
            self.depth += 1;
            let holds = self.or()?;
            self.depth -= 1;
            if self.word(0) != Some(")") {
                return Err("`)' expected".to_string());
            }
            self.step(1);
            return Ok(holds);
        }
        self.one(binary)
    }

    fn one(&mut self, binary: bool) -> Result<bool, String> {
        let Some(first) = self.word(0).map(str::to_string) else {
            return Err("argument expected".to_string());
        };
        if binary {
            let operator = self.word(1).unwrap_or_default().to_string();
            let right = self.word(2).unwrap_or_default().to_string();
            self.step(3);
            return self.compare(&first, &operator, &right);
        }
        if let Some(operator) = first.strip_prefix('-')
            && let Some(operand) = self.word(1).map(str::to_string)
            && !matches!(operand.as_str(), "-a" | "-o" if self.words.len() > 2)
        {
            if let Some(holds) = self.unary(operator, &operand) {
                self.step(2);
                return Ok(holds);
            }
            return Err(match self.words.len() {
                2 => format!("{first}: unary operator expected"),
                _ => format!("{operand}: binary operator expected"),
            });
        }
        self.step(1);
        Ok(!first.is_empty())
    }

    fn unary(&self, operator: &str, operand: &str) -> Option<bool> {
        let file = || self.context.io.files().read(operand);
        Some(match operator {
            "z" => operand.is_empty(),
            "n" => !operand.is_empty(),
            "e" | "r" | "w" => !matches!(file(), Err(FileError::Missing | FileError::Other(_))),
            "f" => file().is_ok(),
            "d" => file() == Err(FileError::Folder),
            "s" => file().is_ok_and(|content| !content.is_empty()),
            "v" => self.context.value(operand).is_some(),
            "x" | "L" | "h" => false,
            "t" => match operand {
                "0" => self.context.io.stdin_is_terminal(),
                _ => self.context.io.stdout_is_terminal(),
            },
            _ => return None,
        })
    }

    fn compare(&self, left: &str, operator: &str, right: &str) -> Result<bool, String> {
        let number = |text: &str| {
            let value = text.trim().parse::<i64>();
            value.map_err(|_| format!("{text}: integer expression expected"))
        };
        Ok(match operator {
            "=" | "==" if self.patterns => glob::matches(right, left),
            "!=" if self.patterns => !glob::matches(right, left),
            "=" | "==" => left == right,
            "!=" => left != right,
            "<" => left < right,
            ">" => left > right,
            "-eq" => number(left)? == number(right)?,
            "-ne" => number(left)? != number(right)?,
            "-lt" => number(left)? < number(right)?,
            "-le" => number(left)? <= number(right)?,
            "-gt" => number(left)? > number(right)?,
            "-ge" => number(left)? >= number(right)?,
            operator => return Err(format!("{operator}: not in this shell, use grep -E")),
        })
    }
}
