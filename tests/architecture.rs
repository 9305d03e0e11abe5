//! Holds what ARCHITECTURE.md promises of the source: which module may import which, and what no module may use.
#![cfg(not(target_arch = "wasm32"))]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The arrows: a module of the top level and what it may import.
const ARROWS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("server", &["wire"]),
    ("client", &["wire"]),
    ("host", &["client", "server", "wire"]),
    ("cli", &["client", "wire"]),
    ("lesson", &["client", "wire"]),
    ("page", &["cli", "client", "host", "lesson", "wire"]),
    ("js", &["client", "host", "page", "wire"]),
];

/// Outside crates, and the files (by the beginning of their path) that alone may use them.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("leptos", &["page/", "main.rs"]),
    (
        "web_sys",
        &["page/", "js.rs", "js/", "client/websocket.rs", "host/"],
    ),
    (
        "wasm_bindgen",
        &["page/", "js.rs", "js/", "client/websocket.rs", "host/"],
    ),
    ("gloo_timers", &["page/", "js.rs", "js/", "host/"]),
    ("tokio", &[]),
];

/// What the deterministic modules must not name: clocks and sources of randomness come in from outside.
const AMBIENT: &[&str] = &[
    "SystemTime",
    "time::Instant", // replay policies have a variant of the name
    "Instant::now",
    "getrandom",
    "thread_rng",
    "Math::random",
    "Date::now",
    "Date::new",
    "std::env",
    "std::net",
    "std::fs",
    "std::thread",
    "RandomState",
];

/// Lines of a file, its unit tests aside: the aim is 500, this is where it fails.
const LONGEST: usize = 600;

struct Source {
    /// Path below the folder searched, with `/`.
    path: String,
    /// The file as it is.
    text: String,
    /// The file without comments, strings and character literals.
    code: String,
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let sources: Vec<Source> = files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("readable");
            let path = file
                .strip_prefix(&root)
                .expect("below")
                .to_string_lossy()
                .replace('\\', "/");
            Source {
                code: code_only(&text),
                path,
                text,
            }
        })
        .collect();
    assert!(!sources.is_empty(), "no source in {folder}");
    sources
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Blanks comments, strings and character literals, so that only code is looked at.
fn code_only(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("r\"") && !code.ends_with(|c: char| c.is_alphanumeric()) {
            rest[2..].find('"').map_or(rest.len(), |end| end + 3)
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            0
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of a literal in quotes, escapes understood.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal rather than a lifetime.
fn is_character(text: &str) -> bool {
    text.starts_with("'\\") || text.chars().nth(2) == Some('\'')
}

/// The modules of the top level that a file names, by `crate::` and by `super::` from any depth.
fn imports(source: &Source) -> Vec<String> {
    let file = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = file.split('/').count();
    let mut heads = Vec::new();
    for (at, _) in source.code.match_indices("crate::") {
        heads.push(&source.code[at + "crate::".len()..]);
    }
    let up = "super::".repeat(depth);
    for (at, _) in source.code.match_indices(&up) {
        heads.push(&source.code[at + up.len()..]);
    }
    heads.into_iter().flat_map(first_names).collect()
}

/// `a::b` names a; `{a::b, c}` names a and c.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut names = vec![name(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Whether `word` stands in `code` as a word of its own.
fn names_word(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(part) && !code[at + word.len()..].starts_with(part))
}

/// A file up to its unit tests, which stand at its end.
fn without_unit_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ")
        .map_or(text, |at| &text[..at])
}

fn top(path: &str) -> &str {
    path.split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs")
}

fn no_problems(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn imports_follow_the_arrows() {
    let mut problems = Vec::new();
    let known = |name: &str| ARROWS.iter().find(|(module, _)| *module == name);
    for source in sources("src") {
        let module = top(&source.path);
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = known(module) else {
            problems.push(format!(
                "src/{}: a new module needs its arrows",
                source.path
            ));
            continue;
        };
        for import in imports(&source) {
            if import != module && known(&import).is_some() && !allowed.contains(&import.as_str()) {
                problems.push(format!(
                    "src/{}: {module} must not import {import}",
                    source.path
                ));
            }
        }
    }
    no_problems(problems);
}

/// A server without JetStream needs none of its code: it reaches it by what its configuration names.
#[test]
fn the_engine_is_the_one_door_to_jetstream() {
    let mut problems = Vec::new();
    for source in sources("src/server") {
        if !source.path.starts_with("jetstream/") && source.code.contains("jetstream::") {
            problems.push(format!("src/server/{}", source.path));
        }
    }
    no_problems(problems);
}

#[test]
fn outside_crates_stay_where_they_belong() {
    let mut problems = Vec::new();
    for source in sources("src") {
        for (name, places) in OUTSIDE {
            if names_word(&source.code, name) && !places.iter().any(|p| source.path.starts_with(p))
            {
                problems.push(format!("src/{}: must not use {name}", source.path));
            }
        }
    }
    no_problems(problems);
}

#[test]
fn time_and_randomness_come_from_outside() {
    let mut problems = Vec::new();
    for source in sources("src") {
        if !matches!(
            top(&source.path),
            "wire" | "server" | "client" | "cli" | "lesson"
        ) {
            continue;
        }
        for word in AMBIENT {
            if names_word(&source.code, word) {
                problems.push(format!("src/{}: must not use {word}", source.path));
            }
        }
    }
    no_problems(problems);
}

#[test]
fn nothing_is_put_into_the_page_as_markup() {
    let mut problems = Vec::new();
    for source in sources("src") {
        for word in [
            "inner_html",
            "set_inner_html",
            "set_outer_html",
            "insert_adjacent_html",
            "unsafe",
        ] {
            if names_word(&source.code, word) {
                problems.push(format!("src/{}: must not use {word}", source.path));
            }
        }
    }
    no_problems(problems);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut problems = Vec::new();
    for folder in ["src", "tests"] {
        for source in sources(folder) {
            let lines = without_unit_tests(&source.text).lines().count();
            if lines > LONGEST {
                problems.push(format!(
                    "{folder}/{}: {lines} lines, more than {LONGEST}",
                    source.path
                ));
            }
            if !source.text.starts_with("//!") {
                problems.push(format!(
                    "{folder}/{}: does not begin with a module comment",
                    source.path
                ));
            }
        }
    }
    no_problems(problems);
}

#[test]
fn the_checks_see_what_they_look_for() {
    let source = |path: &str, text: &str| Source {
        path: path.into(),
        text: text.into(),
        code: code_only(text),
    };
    let names = |path, text| imports(&source(path, text));
    assert_eq!(
        names("cli/mod.rs", "use crate::{client::{a, b}, wire::c, host};"),
        ["client", "wire", "host"]
    );
    assert_eq!(
        names(
            "server/jetstream/store.rs",
            "super::super::super::client::x"
        ),
        ["client"]
    );
    assert!(names("cli/mod.rs", "// crate::server\nlet x = \"crate::server\";").is_empty());
    assert!(
        names_word("let t = Instant::now();", "Instant") && !names_word("Instantly", "Instant")
    );
    assert_eq!(
        code_only("a<'b>('\"', \"x\\\"y\") /* c */"),
        "a<'b>( ,  )  "
    );
}
