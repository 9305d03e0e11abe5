//! The commands as data: reads `commands.txt`, the one table behind parsing, help, completion and errors. Must not know
//! what a command does.

use super::{pattern::Pattern, values};

/// The part of the table that `+` marks, made by `build.rs`.
const CORE: &str = include_str!(concat!(env!("OUT_DIR"), "/core.txt"));

/// What the value of a flag or argument may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A flag without a value.
    Bool,
    /// Any text.
    Text,
    /// Any text, the flag may be repeated.
    List,
    /// `KEY=VALUE` or `KEY:VALUE`, the flag may be repeated.
    Map,
    /// A duration in fisk's notation.
    Duration,
    /// A number given as a float and cut. What reads it comes with the table: the core commands have no such flags.
    Int(fn(&str) -> Result<i64, String>),
    /// A signed integer; inside bounds where there are some.
    Int64(Option<(i64, i64)>),
    /// An unsigned integer of so many bits.
    Uint(u32),
    /// One of a comma-separated list.
    Enum(&'static str),
    /// A file that exists.
    File,
    /// A regular expression; what reads it comes with the table, too.
    Pattern(fn(&str) -> Result<Pattern, String>),
    /// A size in bytes, its number limited to so many bits.
    Size(u32),
}

/// A flag or an argument.
#[derive(Clone, Debug)]
pub struct Param {
    /// Name without dashes.
    pub name: &'static str,
    /// An argument, not a flag.
    pub argument: bool,
    /// One-letter name of a flag.
    pub short: Option<char>,
    /// What values it takes.
    pub kind: Kind,
    /// A `--no-…` form exists.
    pub negatable: bool,
    /// Must be given.
    pub required: bool,
    /// Left out of help.
    pub hidden: bool,
    /// An argument that takes all that are left.
    pub rest: bool,
    /// Value when not given.
    pub default: Option<&'static str>,
    /// Shown for the value in help.
    pub placeholder: Option<&'static str>,
    /// Variable that is used when not given.
    pub env: Option<&'static str>,
    /// One sentence.
    pub help: &'static str,
}

/// A command or a group of commands.
#[derive(Clone, Debug)]
pub struct Command {
    /// Words that lead to it; empty for `nats` itself.
    pub path: &'static str,
    /// Other names of its last word.
    pub aliases: Vec<&'static str>,
    /// Left out of lists.
    pub hidden: bool,
    /// First line: what lists show; more lines are paragraphs of their own.
    pub help: Vec<&'static str>,
    /// Why it is not here, and what to use instead.
    pub instead: Option<&'static str>,
    /// What it asks of servers: a subject, and the fields of the request.
    pub asks: Option<(&'static str, &'static str)>,
    /// Flags and arguments, in order.
    pub params: Vec<Param>,
}

impl Command {
    /// Its own flags.
    pub fn flags(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|p| !p.argument)
    }

    /// Its arguments.
    pub fn arguments(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|p| p.argument)
    }

    /// The last word of its path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit(' ').next().unwrap_or_default()
    }

    /// Path of the group it belongs to, `None` for `nats` itself.
    fn parent(&self) -> Option<&'static str> {
        match self.path.rsplit_once(' ') {
            Some((parent, _)) => Some(parent),
            None if self.path.is_empty() => None,
            None => Some(""),
        }
    }
}

/// All commands.
pub struct Spec {
    commands: Vec<Command>,
}

impl Spec {
    /// The commands that are there from the start, without their help.
    pub fn core() -> Spec {
        Spec::read(CORE, kind)
    }

    /// All commands, with their help.
    pub fn all() -> Spec {
        Spec::read(include_str!("commands.txt"), |word| match word {
            "int" => Kind::Int(values::int),
            "regexp" => Kind::Pattern(Pattern::new),
            _ => kind(word),
        })
    }

    fn read(table: &'static str, kind: fn(&'static str) -> Kind) -> Spec {
        let mut commands: Vec<Command> = Vec::new();
        for line in table.lines() {
            if let Some(names) = line.strip_prefix("command ") {
                commands.push(command(names));
            } else if let Some(last) = commands.last_mut() {
                if let Some(text) = line.strip_prefix("  ") {
                    last.params.push(param(text, kind));
                } else if let Some(why) = line.strip_prefix("! ") {
                    last.instead = Some(why);
                } else if let Some(question) = line.strip_prefix("? ") {
                    last.asks = Some(question.split_once(' ').unwrap_or((question, "")));
                } else if !line.is_empty() {
                    last.help.push(line);
                }
            }
        }
        Spec { commands }
    }

    /// Why this playground does not have a command, or the group it is in, and what to use instead.
    pub fn instead(&self, command: &Command) -> Option<&'static str> {
        let lineage = self.lineage(command);
        lineage.into_iter().rev().find_map(|c| c.instead)
    }

    /// The command at a path.
    pub fn get(&self, path: &str) -> Option<&Command> {
        self.commands.iter().find(|c| c.path == path)
    }

    /// `nats` itself, whose flags hold everywhere.
    pub fn root(&self) -> &Command {
        &self.commands[0]
    }

    /// The commands of a group, in order.
    pub fn children<'a>(&'a self, group: &Command) -> impl Iterator<Item = &'a Command> + use<'a> {
        let path = self
            .commands
            .iter()
            .find(|c| c.path == group.path)
            .map(|c| c.path);
        self.commands
            .iter()
            .filter(move |c| path.is_some() && c.parent() == path)
    }

    /// The command of a group with this name or alias.
    pub fn child(&self, group: &Command, word: &str) -> Option<&Command> {
        self.children(group)
            .find(|c| c.name() == word || c.aliases.contains(&word))
    }

    /// The groups around a command, outermost (`nats`) first, itself last.
    pub fn lineage(&self, command: &Command) -> Vec<&Command> {
        let around = |c: &&Command| {
            c.path.is_empty()
                || c.path == command.path
                || command
                    .path
                    .strip_prefix(c.path)
                    .is_some_and(|rest| rest.starts_with(' '))
        };
        self.commands.iter().filter(around).collect()
    }
}

fn command(names: &'static str) -> Command {
    let names = names.strip_prefix('+').unwrap_or(names);
    let (path, aliases) = names.split_once(", ").unwrap_or((names, ""));
    let (path, hidden) = match path.strip_prefix('~') {
        Some(path) => (path, true),
        None => (path, false),
    };
    Command {
        path: if path == "nats" { "" } else { path },
        aliases: aliases.split_whitespace().collect(),
        hidden,
        help: Vec::new(),
        instead: None,
        asks: None,
        params: Vec::new(),
    }
}

fn param(line: &'static str, kind: fn(&'static str) -> Kind) -> Param {
    let (mut words, help) = line.split_once("  ").unwrap_or((line, ""));
    let mut param = Param {
        name: "",
        argument: false,
        short: None,
        kind: Kind::Bool,
        negatable: false,
        required: false,
        hidden: false,
        rest: false,
        default: None,
        placeholder: None,
        env: None,
        help,
    };
    while !words.is_empty() {
        // A quoted default may have blanks.
        let end = match words
            .strip_prefix("=\"")
            .and_then(|quoted| quoted.find('"'))
        {
            Some(end) => end + 3,
            None => words.find(' ').unwrap_or(words.len()),
        };
        let (word, rest) = words.split_at(end);
        words = rest.trim_start();
        match word.chars().next() {
            Some('<' | '[') => {
                param.argument = true;
                param.kind = Kind::Text;
                param.required = word.starts_with('<');
                param.rest = word.ends_with("...");
                param.name = word
                    .trim_end_matches('.')
                    .trim_matches(['<', '>', '[', ']']);
            }
            Some('=') => param.default = Some(word[1..].trim_matches('"')),
            Some('$') => param.env = Some(&word[1..]),
            Some('!') => param.required = true,
            Some('~') => param.hidden = true,
            Some('-') => match word.strip_prefix("--") {
                Some(name) => {
                    param.negatable = name.starts_with("[no-]");
                    param.name = name.trim_start_matches("[no-]");
                }
                None => param.short = word.chars().nth(1),
            },
            Some(c) if c.is_ascii_uppercase() => param.placeholder = Some(word),
            _ => param.kind = kind(word),
        }
    }
    param
}

/// What a word of the table means, but for those that no core command has.
fn kind(word: &'static str) -> Kind {
    let (name, detail) = word.split_once(':').unwrap_or((word, ""));
    match name {
        "list" => Kind::List,
        "map" => Kind::Map,
        "duration" => Kind::Duration,
        "int64" => Kind::Int64(
            detail
                .split_once("..")
                .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?))),
        ),
        "uint8" => Kind::Uint(8),
        "uint16" => Kind::Uint(16),
        "uint32" => Kind::Uint(32),
        "uint" | "uint64" => Kind::Uint(64),
        "enum" => Kind::Enum(detail),
        "file" => Kind::File,
        "size32" => Kind::Size(32),
        "size64" => Kind::Size(64),
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table() {
        let spec = Spec::all();
        assert_eq!(spec.root().path, "");
        let add = spec.child(spec.get("kv").unwrap(), "new").unwrap();
        assert_eq!(add.path, "kv add");
        let history = add.flags().find(|f| f.name == "history").unwrap();
        assert!(matches!(history.kind, Kind::Int64(Some((1, 64)))));
        assert_eq!(history.default, Some("1"));
        assert!(
            add.flags()
                .find(|f| f.name == "compress")
                .unwrap()
                .negatable
        );
        let name = spec
            .root()
            .flags()
            .find(|f| f.name == "connection-name")
            .unwrap();
        assert_eq!(name.default, Some("NATS CLI Version v0.5.1"));
        assert_eq!(name.placeholder, Some("NAME"));
        let paths: Vec<_> = spec.lineage(add).iter().map(|c| c.path).collect();
        assert_eq!(paths, ["", "kv", "kv add"]);
    }

    #[test]
    fn core_commands_are_read_alike() {
        let (core, all) = (Spec::core(), Spec::all());
        for command in &core.commands {
            let whole = &all.get(command.path).unwrap().params;
            assert_eq!(command.params.len(), whole.len(), "{}", command.path);
            for (param, whole) in command.params.iter().zip(whole) {
                let [kind, wanted] = [param, whole].map(|p| std::mem::discriminant(&p.kind));
                assert_eq!((param.name, kind), (whole.name, wanted), "{}", command.path);
            }
        }
    }

    #[test]
    fn every_entry_is_whole() {
        let spec = Spec::all();
        for command in &spec.commands {
            assert!(!command.help.is_empty(), "{} has no help", command.path);
            assert!(
                command.parent().is_none_or(|p| spec.get(p).is_some()),
                "{}",
                command.path
            );
            for param in &command.params {
                assert!(
                    !param.name.is_empty() && !param.help.is_empty(),
                    "{param:?}"
                );
                assert!(
                    param
                        .name
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c == '-'),
                    "{param:?}"
                );
            }
        }
    }
}
