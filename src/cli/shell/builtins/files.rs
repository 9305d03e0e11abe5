//! Names of files: `ls`, `rm`.

use super::{
    super::exec::{Context, failed},
    input::arguments,
};
use crate::cli::{FileError, Io, width::filled};

/// `ls [-1alh] [FILE...]`
pub async fn ls(context: Context, words: Vec<String>) -> i32 {
    let found = match arguments(&context, "ls", "1aAlhrt", &words, 2) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let files = context.io.files();
    let mut status = 0;
    let (mut plain, mut folders) = (Vec::new(), Vec::new());
    let operands = match found.operands.is_empty() {
        true => vec![".".to_string()],
        false => found.operands.clone(),
    };
    for name in operands {
        match files.list(&name) {
            Ok(names) => folders.push((name, names)),
            Err(FileError::Missing) if files.read(&name).is_err() => {
                let why = failed(&name, &FileError::Missing);
                let why = why.get(name.len() + 2..).unwrap_or_default();
                let message = format!("ls: cannot access '{name}': {why}\n");
                context.io.stderr(message.as_bytes());
                status = 2;
            }
            Err(_) => plain.push(name),
        }
    }
    let one_by_one = found.has('1') || !context.io.stdout_is_terminal();
    let columns = context.io.size().0;
    let show = |folder: &str, names: &[String]| {
        if !found.has('l') {
            return listed(names, one_by_one, columns);
        }
        let path = |name: &String| match folder {
            "" => name.clone(),
            folder => format!("{folder}/{name}"),
        };
        let size = |name: &String| files.read(&path(name)).map(|content| content.len()).ok();
        let widest = names
            .iter()
            .filter_map(size)
            .max()
            .unwrap_or(0)
            .to_string()
            .len();
        let line = |name: &String| match size(name) {
            Some(size) => format!("-rw-r--r-- {size:widest$} {name}\n"),
            None => format!("drwxr-xr-x {:>widest$} {name}\n", "-"),
        };
        names.iter().map(line).collect()
    };
    let titled = folders.len() + plain.len() > 1;
    let mut text = show("", &plain);
    for (folder, names) in &folders {
        if titled {
            let blank = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{blank}{folder}:\n"));
        }
        text.push_str(&show(folder, names));
    }
    context.write(text.as_bytes()).await;
    status
}

/// Names one a line, or side by side.
fn listed(names: &[String], one_by_one: bool, columns: usize) -> String {
    match one_by_one {
        true => names.iter().map(|name| format!("{name}\n")).collect(),
        false => in_columns(names, columns),
    }
}

/// Names side by side, down the columns, in so many characters of width; each line with a newline.
pub fn in_columns(names: &[String], columns: usize) -> String {
    let width = |name: &str| name.chars().count();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0) + 2;
    let across = (columns / widest.max(1)).max(1);
    let down = names.len().div_ceil(across);
    let mut text = String::new();
    for row in 0..down {
        let cells: Vec<&str> = (row..names.len())
            .step_by(down)
            .filter_map(|at| names.get(at))
            .map(String::as_str)
            .collect();
        for (place, name) in cells.iter().enumerate() {
            text.push_str(name);
            if place + 1 < cells.len() {
                text.push_str(&filled("", widest - width(name), ' '));
            }
        }
        text.push('\n');
    }
    text
}

/// `rm [-f] FILE...`
pub fn rm(context: &Context, words: &[String]) -> i32 {
    let found = match arguments(context, "rm", "frRv", words, 1) {
        Ok(found) => found,
        Err(status) => return status,
    };
    let (force, deep) = (found.has('f'), found.has('r') || found.has('R'));
    if found.operands.is_empty() && !force {
        let text = "rm: missing operand\nTry 'rm --help' for more information.\n";
        context.io.stderr(text.as_bytes());
        return 1;
    }
    let mut status = 0;
    // Folders' files come back here; removing a folder is removing all in it.
    let mut names = found.operands;
    while let Some(name) = (!names.is_empty()).then(|| names.remove(0)) {
        let files = context.io.files();
        match files.remove(&name) {
            Ok(()) => {}
            Err(FileError::Missing) if force => {}
            Err(FileError::Folder) if deep => {
                let inside = files.list(&name).unwrap_or_default();
                names.splice(0..0, inside.iter().map(|inner| format!("{name}/{inner}")));
            }
            Err(error) => {
                let why = failed(&name, &error);
                let why = why.get(name.len() + 2..).unwrap_or_default();
                let message = format!("rm: cannot remove '{name}': {why}\n");
                context.io.stderr(message.as_bytes());
                status = 1;
            }
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::in_columns;

    #[test]
    fn columns_are_as_wide_as_the_longest_name() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(in_columns(&names(&["a", "bcd", "e"]), 12), "a    e\nbcd\n");
        let long = "n".repeat(70_000);
        let shown = in_columns(&names(&["a", &long, "e"]), 140_010);
        assert_eq!(shown, format!("a{}e\n{long}\n", " ".repeat(70_001)));
    }
}
