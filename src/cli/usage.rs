//! The usage block of `--help` and of wrong command lines, laid out as fisk's compact template does.

use super::{
    render::wrap::wrap,
    spec::{Command, Kind, Param, Spec},
    values,
};

/// The usage of a command at `width` columns; `global` adds the flags that hold for all commands.
pub fn usage(spec: &Spec, command: &Command, width: usize, global: bool) -> String {
    let root = command.path.is_empty();
    let mut out = String::from("usage: nats");
    if !root {
        out.push(' ');
        out.push_str(command.path);
    }
    if command.flags().next().is_some() {
        out.push_str(" [<flags>]");
    }
    for argument in command.arguments() {
        let dots = if argument.rest { "..." } else { "" };
        out.push_str(&match argument.required {
            true => format!(" <{}>{dots}", argument.name),
            false => format!(" [<{}>{dots}]", argument.name),
        });
    }
    let children: Vec<_> = spec.children(command).filter(|c| !c.hidden).collect();
    if !children.is_empty() {
        out.push_str(" <command> [<args> ...]");
    }
    out.push_str("\n\n");
    let instead = spec
        .instead(command)
        .map(|why| format!("This playground does not have it: {why}."));
    for paragraph in command.help.iter().copied().chain(instead.as_deref()) {
        for line in wrap(paragraph, width) {
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
    }
    let arguments: Vec<_> = command
        .arguments()
        .map(|a| (argument_label(a), a.help.to_string()))
        .collect();
    section(&mut out, "Args", &arguments, width);
    let rows: Vec<_> = children
        .iter()
        .map(|c| (c.path.to_string(), c.help[0].to_string()))
        .collect();
    section(
        &mut out,
        if root { "Commands" } else { "Subcommands" },
        &rows,
        width,
    );
    let globals: Vec<&Param> = spec
        .lineage(command)
        .into_iter()
        .filter(|c| c.path != command.path || root)
        .flat_map(Command::flags)
        .filter(|f| root || !command.flags().any(|own| own.name == f.name))
        .collect();
    if !root {
        section(
            &mut out,
            "Flags",
            &flag_rows(&command.flags().collect::<Vec<_>>()),
            width,
        );
        if !command.aliases.is_empty() {
            out.push_str("Command Aliases: ");
            out.push_str(&command.aliases.join(", "));
            out.push('\n');
        }
        out.push('\n');
    }
    if global {
        section(&mut out, "Global Flags", &flag_rows(&globals), width);
    } else {
        out.push_str("Pass --help to see global flags applicable to this command.\n");
    }
    out
}

fn argument_label(argument: &Param) -> String {
    match argument.required {
        true => format!("<{}>", argument.name),
        false => format!("[<{}>]", argument.name),
    }
}

fn flag_rows(flags: &[&Param]) -> Vec<(String, String)> {
    let any_short = flags.iter().any(|f| f.short.is_some());
    let visible = flags.iter().filter(|f| !f.hidden);
    visible
        .map(|f| (flag_label(f, any_short), flag_help(f)))
        .collect()
}

fn flag_help(flag: &Param) -> String {
    match flag.env {
        Some(name) => format!("{} (${name})", flag.help),
        None => flag.help.into(),
    }
}

fn flag_label(flag: &Param, any_short: bool) -> String {
    let mut label = match flag.short {
        Some(short) => format!("-{short}, --"),
        None if any_short => "    --".into(),
        None => "--".to_string(),
    };
    if flag.negatable {
        label.push_str("[no-]");
    }
    label.push_str(flag.name);
    if !matches!(flag.kind, Kind::Bool) {
        label.push('=');
        match (flag.placeholder, flag.default) {
            (Some(placeholder), _) => label.push_str(placeholder),
            (None, Some(default)) if matches!(flag.kind, Kind::Text) => {
                label.push_str(&values::quote(default))
            }
            (None, Some(default)) => label.push_str(default),
            (None, None) => label.push_str(&flag.name.to_ascii_uppercase()),
        }
    }
    if matches!(flag.kind, Kind::List | Kind::Map) {
        label.push_str(" ...");
    }
    label
}

/// A title, two columns, an empty line; nothing without rows.
fn section(out: &mut String, title: &str, rows: &[(String, String)], width: usize) {
    if rows.is_empty() {
        return;
    }
    let most = (width * 3 / 8).max(30);
    let first = rows
        .iter()
        .map(|(label, _)| label.len())
        .filter(|l| *l < most)
        .max()
        .unwrap_or(0);
    out.push_str(title);
    out.push_str(":\n");
    for (label, help) in rows {
        out.push_str(&format!("  {label:first$}  "));
        if label.len() >= most {
            out.push_str(&format!("\n  {:first$}  ", ""));
        }
        for (index, line) in wrap(help, width.saturating_sub(first + 4).max(1))
            .iter()
            .enumerate()
        {
            if index > 0 {
                out.push_str(&format!("  {:first$}  ", ""));
            }
            out.push_str(line);
            out.push('\n');
        }
    }
    out.push('\n');
}
