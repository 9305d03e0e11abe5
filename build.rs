//! Compiles the lessons: a lesson that is malformed fails the build with its file and line.

use std::{env, fs, path::Path, process};

#[path = "src/lesson/compile.rs"]
mod compile;

fn main() {
    println!("cargo::rerun-if-changed=lessons");
    println!("cargo::rerun-if-changed=src/lesson/compile.rs");
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
}

fn fail(path: &str, line: usize, message: &str) -> ! {
    println!("cargo::error={path}:{line}: {message}");
    process::exit(1);
}
