//! nats-server's command line, read as Go's `flag` package does: one or two dashes, `-flag value` or `-flag=value`.
//! Serves `examples/server` and the `nats-server` command of the page. Opens no file and sends no signal.

use super::{Config, VERSION};
use crate::wire::json::quote;

/// What a command line asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Start a server.
    Run {
        /// How, but for JetStream.
        config: Config,
        /// `-js`: the driver knows where to get [`Config::jetstream`] from.
        jetstream: bool,
    },
    /// `--signal CMD[=PID]`, as given.
    Signal(String),
    /// Print and exit: help, version or an error.
    Exit {
        /// For standard output, with its newlines.
        stdout: String,
        /// For standard error, with its newlines.
        stderr: String,
        /// Exit code.
        code: i32,
    },
}

type Apply<T> = fn(&mut Start, T);

enum Kind {
    Bool(Apply<bool>),
    Text(&'static str, Apply<String>),
    Number(&'static str, Apply<i64>),
}

struct Flag {
    names: &'static [&'static str],
    kind: Kind,
    help: &'static str,
}

/// What has been read so far.
#[derive(Default)]
struct Start {
    config: Config,
    jetstream: bool,
    port: Option<i64>,
    websocket_port: Option<i64>,
    config_file: Option<String>,
    signal: Option<String>,
    check: bool,
    help: bool,
    version: bool,
}

const FLAGS: &[Flag] = &[
    Flag {
        names: &["a", "addr", "net"],
        kind: Kind::Text("HOST", |s, v| {
            s.config.host = if v.is_empty() { "0.0.0.0".into() } else { v }
        }),
        help: "Address to listen on",
    },
    Flag {
        names: &["p", "port"],
        kind: Kind::Number("PORT", |s, v| s.port = Some(v)),
        help: "Port for clients, 4222 unless given; -1 takes a free one",
    },
    Flag {
        names: &["ws_port"],
        kind: Kind::Number("PORT", |s, v| s.websocket_port = Some(v)),
        help: "Port for WebSocket clients; none unless given",
    },
    Flag {
        names: &["n", "name", "server_name"],
        kind: Kind::Text("NAME", |s, v| {
            s.config.server_name = Some(v).filter(|v| !v.is_empty())
        }),
        help: "Name of this server, its id unless given",
    },
    Flag {
        names: &["js", "jetstream"],
        kind: Kind::Bool(|s, v| s.jetstream = v),
        help: "Turn JetStream on",
    },
    Flag {
        names: &["sd", "store_dir"],
        kind: Kind::Text("DIR", |s, v| {
            if !v.is_empty() {
                s.config.store_dir = v;
            }
        }),
        help: "Where JetStream keeps file-backed streams",
    },
    Flag {
        names: &["user"],
        kind: Kind::Text("USER", |s, v| {
            s.config.user = Some(v).filter(|v| !v.is_empty())
        }),
        help: "User name that clients must give",
    },
    Flag {
        names: &["pass"],
        kind: Kind::Text("PASSWORD", |s, v| {
            s.config.pass = Some(v).filter(|v| !v.is_empty())
        }),
        help: "Password that clients must give",
    },
    Flag {
        names: &["auth"],
        kind: Kind::Text("TOKEN", |s, v| {
            s.config.token = Some(v).filter(|v| !v.is_empty())
        }),
        help: "Token that clients must give",
    },
    Flag {
        names: &["D", "debug"],
        kind: Kind::Bool(|s, v| s.config.debug = v),
        help: "Log what helps debugging",
    },
    Flag {
        names: &["V", "trace", "VV"],
        kind: Kind::Bool(|s, v| s.config.trace = v),
        help: "Log every protocol line",
    },
    Flag {
        names: &["DV", "DVV"],
        kind: Kind::Bool(|s, v| (s.config.debug, s.config.trace) = (v, v)),
        help: "Both",
    },
    Flag {
        names: &["T", "logtime"],
        kind: Kind::Bool(|s, v| s.config.utc_offset = v.then_some(0)),
        help: "Times in the log, on unless =false",
    },
    Flag {
        names: &["logtime_utc"],
        kind: Kind::Bool(|s, v| s.config.log_utc = v),
        help: "Those times in UTC",
    },
    Flag {
        names: &["c", "config"],
        kind: Kind::Text("FILE", |s, v| {
            s.config_file = Some(v).filter(|v| !v.is_empty())
        }),
        help: "Configuration file",
    },
    Flag {
        names: &["t"],
        kind: Kind::Bool(|s, v| s.check = v),
        help: "Check the configuration file only",
    },
    Flag {
        names: &["sl", "signal"],
        kind: Kind::Text("SIGNAL", |s, v| {
            s.signal = Some(v).filter(|v| !v.is_empty())
        }),
        help: "Send stop, quit, term, ldm, reopen or reload to a running server",
    },
    Flag {
        names: &["v", "version"],
        kind: Kind::Bool(|s, v| s.version = v),
        help: "Print the version",
    },
    Flag {
        names: &["h", "help"],
        kind: Kind::Bool(|s, v| s.help = v),
        help: "Print this",
    },
];

/// Reads a command line, without the command's own name.
pub fn parse(args: &[String]) -> Command {
    let mut start = Start::default();
    let rest = match read(args, &mut start) {
        Ok(rest) => rest,
        Err(error) => {
            return Command::Exit {
                stdout: usage(),
                stderr: error + "\n",
                code: 0,
            };
        }
    };
    for word in rest {
        match word.to_ascii_lowercase().as_str() {
            "version" => start.version = true,
            "help" => start.help = true,
            _ if start.version || start.help => {}
            _ => return fail(&format!("unrecognized command: {}", quote(word.as_bytes()))),
        }
    }
    if start.version {
        return Command::Exit {
            stdout: format!("nats-server: v{VERSION}\n"),
            stderr: String::new(),
            code: 0,
        };
    }
    if start.help {
        return Command::Exit {
            stdout: usage(),
            stderr: String::new(),
            code: 0,
        };
    }
    if let Some(signal) = start.signal {
        return Command::Signal(signal);
    }
    match start.config_file {
        Some(file) => {
            return fail(&format!(
                "{file}: configuration files are not read here, only flags"
            ));
        }
        None if start.check => {
            return fail("must specify [-c, --config] option to check configuration file syntax");
        }
        None => {}
    }
    let mut config = start.config;
    if config.server_name.iter().any(|name| name.contains(' ')) {
        return fail("server name cannot contain spaces");
    }
    for (given, port) in [
        (start.port, &mut config.port),
        (start.websocket_port, config.websocket_port.insert(0)),
    ] {
        // 0 is as good as nothing, -1 is any free port; the driver finds one for 0.
        match given.map(u16::try_from) {
            None | Some(Ok(0)) => {}
            Some(Ok(wanted)) => *port = wanted,
            Some(Err(_)) if given == Some(-1) => *port = 0,
            Some(Err(_)) => {
                let number = given.unwrap_or_default();
                return fail(&format!("listen tcp: address {number}: invalid port"));
            }
        }
    }
    if start.websocket_port.is_none_or(|port| port == 0) {
        config.websocket_port = None;
    }
    Command::Run {
        config,
        jetstream: start.jetstream,
    }
}

fn fail(text: &str) -> Command {
    Command::Exit {
        stdout: String::new(),
        stderr: format!("nats-server: {text}\n"),
        code: 1,
    }
}

/// Reads flags up to the first word that is none, and hands back the words from there.
fn read<'a>(args: &'a [String], start: &mut Start) -> Result<&'a [String], String> {
    let mut rest = args;
    while let Some((word, others)) = rest.split_first() {
        let Some(text) = word.strip_prefix('-').filter(|text| !text.is_empty()) else {
            break;
        };
        rest = others;
        let text = text.strip_prefix('-').unwrap_or(text);
        if text.is_empty() {
            break;
        }
        if text.starts_with(['-', '=']) {
            return Err(format!("bad flag syntax: {word}"));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let Some(flag) = FLAGS.iter().find(|flag| flag.names.contains(&name)) else {
            return Err(format!("flag provided but not defined: -{name}"));
        };
        if let Kind::Bool(apply) = flag.kind {
            apply(start, boolean(name, value)?);
            continue;
        }
        let value = match (value, rest.split_first()) {
            (Some(value), _) => value,
            (None, Some((next, others))) => {
                rest = others;
                next
            }
            (None, None) => return Err(format!("flag needs an argument: -{name}")),
        };
        match flag.kind {
            Kind::Text(_, apply) => apply(start, value.to_owned()),
            Kind::Number(_, apply) => {
                let number = value.parse().map_err(|_| {
                    format!(
                        "invalid value {} for flag -{name}: parse error",
                        quote(value.as_bytes())
                    )
                })?;
                apply(start, number);
            }
            Kind::Bool(_) => {}
        }
    }
    Ok(rest)
}

fn boolean(name: &str, value: Option<&str>) -> Result<bool, String> {
    match value.unwrap_or("true") {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(format!(
            "invalid boolean value {} for -{name}: parse error",
            quote(other.as_bytes())
        )),
    }
}

fn usage() -> String {
    let mut text = String::from("\nUsage: nats-server [options]\n\nOptions:\n");
    for flag in FLAGS {
        let names = flag.names.iter().map(|name| {
            if name.len() > 2 && *name != "DVV" {
                format!("--{name}")
            } else {
                format!("-{name}")
            }
        });
        let value = match flag.kind {
            Kind::Bool(_) => String::new(),
            Kind::Text(value, _) | Kind::Number(value, _) => format!(" {value}"),
        };
        let left = names.collect::<Vec<_>>().join(", ") + &value;
        text.push_str(&format!("    {left:<34} {}\n", flag.help));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Command {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    fn config(line: &str) -> Config {
        match run(line) {
            Command::Run { config, .. } => config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_dash_or_two() {
        let c = config(
            "-js -p 14222 --addr=0.0.0.0 -DV --name kv -sd /d --user u --pass=p --ws_port 8080",
        );
        assert!(c.debug && c.trace);
        assert_eq!(
            (c.port, c.websocket_port, &c.host[..], &c.store_dir[..]),
            (14222, Some(8080), "0.0.0.0", "/d")
        );
        assert_eq!(
            (
                c.server_name.as_deref(),
                c.user.as_deref(),
                c.pass.as_deref()
            ),
            (Some("kv"), Some("u"), Some("p"))
        );
        assert_eq!(config("--jetstream=false -p -1").port, 0);
        assert!(config("").websocket_port.is_none());
        for (line, on) in [("", false), ("-D -js", true), ("--jetstream=false", false)] {
            assert!(
                matches!(run(line), Command::Run { jetstream, .. } if jetstream == on),
                "{line}"
            );
        }
        assert_eq!(config("-T=false").utc_offset, None);
    }

    /// As nats-server 2.15.2 took them.
    #[test]
    fn empty_values_and_spaces() {
        let words =
            |words: &[&str]| parse(&words.iter().map(|w| w.to_string()).collect::<Vec<_>>());
        assert!(matches!(
            words(&["-n", "a b"]),
            Command::Exit { stderr, code: 1, .. } if stderr == "nats-server: server name cannot contain spaces\n"
        ));
        let Command::Run { config, .. } = words(&["-n", "a\tb", "-a", "", "-sd", ""]) else {
            panic!("not taken");
        };
        assert_eq!(config.server_name.as_deref(), Some("a\tb"));
        assert_eq!(config.host, "0.0.0.0");
        assert_eq!(config.store_dir, Config::default().store_dir);
    }

    /// Texts and exit codes as nats-server 2.15.2 gave them, but for its configuration file.
    #[test]
    fn errors() {
        for (line, want, want_code) in [
            ("-nope", "flag provided but not defined: -nope\n", 0),
            (
                "-p abc",
                "invalid value \"abc\" for flag -p: parse error\n",
                0,
            ),
            (
                "-D=foo",
                "invalid boolean value \"foo\" for -D: parse error\n",
                0,
            ),
            ("-p", "flag needs an argument: -p\n", 0),
            ("---", "bad flag syntax: ---\n", 0),
            ("foo", "nats-server: unrecognized command: \"foo\"\n", 1),
            ("-", "nats-server: unrecognized command: \"-\"\n", 1),
            (
                "-c /nope.conf",
                "nats-server: /nope.conf: configuration files are not read here, only flags\n",
                1,
            ),
            ("-v", "", 0),
            ("help", "", 0),
        ] {
            match run(line) {
                Command::Exit { stderr, code, .. } => {
                    assert_eq!((&stderr[..], code), (want, want_code), "{line}")
                }
                other => panic!("{line}: {other:?}"),
            }
        }
        assert!(matches!(run("--signal stop"), Command::Signal(s) if s == "stop"));
        assert!(
            matches!(run("-v"), Command::Exit { stdout, .. } if stdout == "nats-server: v2.15.2\n")
        );
    }
}
