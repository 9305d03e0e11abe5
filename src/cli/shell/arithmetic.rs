//! `$((…))`: integers, operators and variables as in C. Knows variables only through [`Names`].

/// The variables of an expression.
pub trait Names {
    /// The value, which is an expression itself; empty if it is unset.
    fn get(&self, name: &str) -> String;
    /// Sets one.
    fn set(&mut self, name: &str, value: i64);
}

/// Evaluates an expression; errors in bash's words.
pub fn evaluate(text: &str, names: &mut dyn Names) -> Result<i64, String> {
    if text.trim().is_empty() {
        return Ok(0);
    }
    let mut expression = Expression {
        text,
        at: 0,
        last: 0,
        depth: 0,
        values: 0,
        names,
        idle: false,
    };
    expression.whole()
}

struct Expression<'a> {
    text: &'a str,
    at: usize,
    /// Where the last token began, for errors.
    last: usize,
    depth: usize,
    /// How many values of variables were evaluated.
    values: usize,
    names: &'a mut dyn Names,
    /// Only parsing: the other side of `&&`, `||` or `?:` decided.
    idle: bool,
}

/// Binary operators with their precedence, longer ones first.
const BINARY: &[(&str, u8)] = &[
    ("**", 12),
    ("<<", 9),
    (">>", 9),
    ("<=", 8),
    (">=", 8),
    ("==", 7),
    ("!=", 7),
    ("&&", 3),
    ("||", 2),
    ("*", 11),
    ("/", 11),
    ("%", 11),
    ("+", 10),
    ("-", 10),
    ("<", 8),
    (">", 8),
    ("&", 6),
    ("^", 5),
    ("|", 4),
];

/// Assignments with the operator they stand for.
const ASSIGNMENTS: &[(&str, &str)] = &[
    ("=", ""),
    ("+=", "+"),
    ("-=", "-"),
    ("*=", "*"),
    ("/=", "/"),
    ("%=", "%"),
    ("<<=", "<<"),
    (">>=", ">>"),
    ("&=", "&"),
    ("^=", "^"),
    ("|=", "|"),
];

/// Levels of parentheses and operators, so that no expression exhausts the stack.
const DEEPEST: usize = 200;
/// Values of variables in one expression: each may name others, twice.
const MOST: usize = 10_000;

const TOO_DEEP: &str = "expression recursion level exceeded";

impl Expression<'_> {
    /// What is left, blanks skipped.
    fn rest(&mut self) -> &str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.step(token.len());
        }
        found
    }

    fn step(&mut self, length: usize) {
        self.last = self.at;
        self.at += length;
    }

    fn error(&mut self, what: &str) -> String {
        let at_end = self.rest().is_empty();
        let from = if at_end { self.last } else { self.at };
        let token = self.text.get(from..).unwrap_or_default();
        let text = self.text.trim_start();
        format!("{text}: {what} (error token is \"{token}\")")
    }

    fn whole(&mut self) -> Result<i64, String> {
        let value = self.comma()?;
        match self.rest() {
            "" => Ok(value),
            _ => Err(self.error("syntax error in expression")),
        }
    }

    /// What the value of a variable comes to.
    fn value(&mut self, name: &str) -> Result<i64, String> {
        let text = self.names.get(name);
        if self.idle || text.trim().is_empty() {
            return Ok(0);
        }
        let mut inner = Expression {
            text: &text,
            at: 0,
            last: 0,
            depth: self.depth,
            values: self.values + 1,
            names: &mut *self.names,
            idle: false,
        };
        if inner.values > MOST {
            return Err(inner.error(TOO_DEEP));
        }
        let value = inner.whole();
        self.values = inner.values;
        value
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.ternary()?;
        while self.take(",") {
            value = self.ternary()?;
        }
        Ok(value)
    }

    /// Runs a part one level deeper: each recursion passes through here.
    fn deeper(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<i64, String>,
    ) -> Result<i64, String> {
        if self.depth == DEEPEST {
            return Err(self.error(TOO_DEEP));
        }
        self.depth += 1;
        let value = part(self);
        self.depth -= 1;
        value
    }

    fn ternary(&mut self) -> Result<i64, String> {
        let condition = self.binary(1)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let idle = self.idle;
        self.idle = idle || condition == 0;
        let yes = self.deeper(Self::ternary)?;
        if !self.take(":") {
            return Err(self.error("`:' expected for conditional expression"));
        }
        self.idle = idle || condition != 0;
        let no = self.deeper(Self::ternary)?;
        self.idle = idle;
        Ok(if condition != 0 { yes } else { no })
    }

    fn binary(&mut self, lowest: u8) -> Result<i64, String> {
        let mut left = self.unary()?;
        loop {
            let rest = self.rest();
            let Some((operator, precedence)) = BINARY
                .iter()
                .find(|(operator, _)| rest.starts_with(operator))
                .filter(|(_, precedence)| *precedence >= lowest)
            else {
                return Ok(left);
            };
            self.step(operator.len());
            let idle = self.idle;
            self.idle |= (*operator == "&&" && left == 0) || (*operator == "||" && left != 0);
            // `**` groups to the right.
            let tighter = precedence + u8::from(*operator != "**");
            let right = self.deeper(|this| this.binary(tighter))?;
            let skip = self.idle;
            self.idle = idle;
            left = match *operator {
                "&&" => i64::from(left != 0 && right != 0),
                "||" => i64::from(left != 0 || right != 0),
                _ if skip => 0,
                operator => self.apply(operator, left, right)?,
            };
        }
    }

    fn apply(&mut self, operator: &str, left: i64, right: i64) -> Result<i64, String> {
        Ok(match operator {
            "**" if right < 0 => return Err(self.error("exponent less than 0")),
            "**" => left.wrapping_pow(u32::try_from(right).unwrap_or(u32::MAX)),
            "/" | "%" if right == 0 => {
                self.at = self.last;
                return Err(self.error("division by 0"));
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "*" => left.wrapping_mul(right),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "&" => left & right,
            "^" => left ^ right,
            "|" => left | right,
            _ => right,
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.deeper(Self::operand)
    }

    fn operand(&mut self) -> Result<i64, String> {
        for (sign, by) in [("++", 1), ("--", -1)] {
            if self.take(sign) {
                let name = self.name();
                if name.is_empty() {
                    return Err(self.error("syntax error: operand expected"));
                }
                let value = self.value(&name)?.wrapping_add(by);
                return Ok(self.set(&name, value));
            }
        }
        if self.take("-") {
            return self.unary().map(i64::wrapping_neg);
        }
        if self.take("+") {
            return self.unary();
        }
        if self.take("!") {
            return self.unary().map(|value| i64::from(value == 0));
        }
        if self.take("~") {
            return self.unary().map(|value| !value);
        }
        if self.take("(") {
            let value = self.comma()?;
            if !self.take(")") {
                return Err(self.error("missing `)'"));
            }
            return Ok(value);
        }
        let name = self.name();
        if !name.is_empty() {
            return self.variable(&name);
        }
        self.number()
    }

    fn name(&mut self) -> String {
        let rest = self.rest();
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            return String::new();
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let name = name.to_string();
        if !name.is_empty() {
            self.step(name.len());
        }
        name
    }

    fn set(&mut self, name: &str, value: i64) -> i64 {
        if !self.idle {
            self.names.set(name, value);
        }
        value
    }

    fn variable(&mut self, name: &str) -> Result<i64, String> {
        let rest = self.rest();
        let assignment = ASSIGNMENTS
            .iter()
            .find(|(sign, _)| rest.starts_with(sign) && !rest.starts_with("=="));
        if let Some((sign, operator)) = assignment {
            self.step(sign.len());
            let right = self.deeper(Self::ternary)?;
            let value = match *operator {
                "" => right,
                _ if self.idle => 0,
                operator => {
                    let left = self.value(name)?;
                    self.apply(operator, left, right)?
                }
            };
            return Ok(self.set(name, value));
        }
        let value = self.value(name)?;
        for (sign, by) in [("++", 1), ("--", -1)] {
            if self.take(sign) {
                self.set(name, value.wrapping_add(by));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<i64, String> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let token = rest.get(..end).unwrap_or_default().to_ascii_lowercase();
        let (digits, radix) = match token.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None if token.len() > 1 && token.starts_with('0') => (token.as_str(), 8),
            None => (token.as_str(), 10),
        };
        if token.is_empty() {
            return Err(self.error("syntax error: operand expected"));
        }
        match i64::from_str_radix(digits, radix) {
            Ok(value) => {
                self.step(end);
                Ok(value)
            }
            Err(_) => Err(self.error("value too great for base")),
        }
    }
}
