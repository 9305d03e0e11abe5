//! Compiles the lessons: a lesson that is malformed fails the build with its file and line. Takes the commands that a page has
//! from the start out of the table of commands.

use std::{env, fs, path::Path, process};

#[path = "src/lesson/compile.rs"]
mod compile;

fn main() {
    println!("cargo::rerun-if-changed=lessons");
    println!("cargo::rerun-if-changed=src/lesson/compile.rs");
    println!("cargo::rerun-if-changed=src/cli/commands.txt");
    let out = env::var("OUT_DIR").unwrap_or_else(|error| fail("OUT_DIR", 0, &error.to_string()));
    let lessons =
        fs::read_dir("lessons").unwrap_or_else(|error| fail("lessons", 0, &error.to_string()));
    for path in lessons
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
    {
        let shown = path.display().to_string();
        let markdown =
            fs::read_to_string(&path).unwrap_or_else(|error| fail(&shown, 0, &error.to_string()));
        let source = compile::compile(&markdown)
            .unwrap_or_else(|error| fail(&shown, error.line, &error.message));
        let name = path.with_extension("rs");
        let target = Path::new(&out).join(name.file_name().unwrap_or_default());
        fs::write(&target, source).unwrap_or_else(|error| fail(&shown, 0, &error.to_string()));
    }
    // What splits the page's code needs to know what leads where.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
    let table = "src/cli/commands.txt";
    let text = fs::read_to_string(table).unwrap_or_else(|error| fail(table, 0, &error.to_string()));
    fs::write(Path::new(&out).join("core.txt"), core(&text))
        .unwrap_or_else(|error| fail(table, 0, &error.to_string()));
}

/// The commands marked with `+`, without help.
fn core(table: &str) -> String {
    let mut core = String::new();
    let mut inside = false;
    for line in table.lines() {
        if line.starts_with("command ") {
            inside = line.starts_with("command +");
        }
        let kept = match line.strip_prefix("  ") {
            Some(param) => param
                .split_once("  ")
                .map_or(line, |(words, _)| &line[..words.len() + 2]),
            None if line.starts_with("command ") => line,
            None => continue,
        };
        if inside {
            core.push_str(kept);
            core.push('\n');
        }
    }
    core
}

fn fail(path: &str, line: usize, message: &str) -> ! {
    println!("cargo::error={path}:{line}: {message}");
    process::exit(1);
}
