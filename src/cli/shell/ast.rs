//! What a parsed line is made of. Plain data: knows neither text nor how it is run.

use std::rc::Rc;

/// Commands one after the other.
#[derive(Clone, Debug, Default)]
pub struct List(pub Vec<Rc<Item>>);

/// An and-or list with what ends it.
#[derive(Clone, Debug)]
pub struct Item {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others, each after `&&` (`true`) or `||`.
    pub rest: Vec<(bool, Pipeline)>,
    /// Ended by `&`.
    pub background: bool,
    /// As it was written, for `jobs`.
    pub text: String,
}

/// Commands joined by `|`.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// `!` before it.
    pub negated: bool,
    /// `time` before it.
    pub timed: bool,
    /// At least one.
    pub commands: Vec<Command>,
}

/// A command with its redirections, in order.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is done.
    pub kind: Kind,
    /// From left to right.
    pub redirections: Vec<Redirection>,
}

/// The kinds of commands.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `X=1 nats kv ls`.
    Simple {
        /// Before the name.
        assignments: Vec<(String, Word)>,
        /// Name and arguments.
        words: Vec<Word>,
    },
    /// `for NAME in WORDS; do BODY; done`.
    For {
        /// The variable.
        name: String,
        /// What it runs through.
        words: Vec<Word>,
        /// What is done with each.
        body: List,
    },
    /// `while CONDITION; do BODY; done`, or `until`.
    Loop {
        /// Runs until the condition holds, instead of while.
        until: bool,
        /// Asked before each round.
        condition: List,
        /// What is done.
        body: List,
    },
    /// `if`, each `elif`, `else`.
    If {
        /// Conditions and what to do.
        branches: Vec<(List, List)>,
        /// `else`.
        otherwise: Option<List>,
    },
    /// `{ …; }`.
    Group(List),
    /// `( … )`.
    Subshell(List),
    /// `(( … ))`.
    Arithmetic(Word),
}

/// Where a file descriptor goes.
#[derive(Clone, Debug)]
pub struct Redirection {
    /// 0 to 9; above 2 it goes nowhere.
    pub descriptor: u8,
    /// What is done.
    pub kind: Redirect,
    /// File name, descriptor, or text.
    pub target: Word,
}

/// The kinds of redirections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>>`
    Append,
    /// `>&`, `<&`
    Duplicate,
    /// `&>`: standard output and standard error.
    Both,
    /// `<<` with its body, `<<<`: the target is the text itself.
    Text,
}

/// One word as written.
#[derive(Clone, Debug, Default)]
pub struct Word(pub Vec<Piece>);

/// A part of a word.
#[derive(Clone, Debug)]
pub enum Piece {
    /// As it stands; quoted text is never split, nor are its braces expanded.
    Text {
        /// The characters.
        text: String,
        /// Came in quotes or after a backslash.
        quoted: bool,
    },
    /// `$NAME`, `${NAME…}`.
    Variable {
        /// A name, digits or one of `? # $ ! @ * -`.
        name: String,
        /// What follows the name in braces.
        change: Change,
        /// In double quotes: the value is not split.
        quoted: bool,
    },
    /// `$(…)`.
    Command {
        /// What is run.
        list: List,
        /// In double quotes.
        quoted: bool,
    },
    /// `$((…))`.
    Arithmetic {
        /// The expression, expanded first.
        expression: Word,
        /// In double quotes.
        quoted: bool,
    },
}

/// What `${…}` does with the value.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing.
    None,
    /// `${#X}`: its length in characters.
    Length,
    /// `${X-W}`, `${X=W}`, `${X+W}`, `${X?W}`, with `:` also if it is empty.
    Default {
        /// `-`, `=`, `+` or `?`.
        operator: char,
        /// `:` before the operator.
        or_empty: bool,
        /// The word.
        word: Word,
    },
    /// `${X#W}`, `${X##W}`, `${X%W}`, `${X%%W}`.
    Strip {
        /// At the end (`%`) instead of the beginning (`#`).
        end: bool,
        /// Doubled: as much as can be.
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// Nothing known: what stands after `${`, with the closing brace.
    Unknown(String),
}

impl Word {
    /// The word as it stands, if there is nothing to expand in it.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text { text, .. }] => Some(text),
            _ => None,
        }
    }

    /// A word of plain text.
    pub fn text(text: &str) -> Word {
        Word(vec![Piece::Text {
            text: text.to_string(),
            quoted: false,
        }])
    }
}
