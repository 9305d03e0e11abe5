//! "Did you mean": a second line for commands this shell does not know. Never added to what `nats` itself says.

use super::builtins;
use crate::cli::spec::Spec;

/// What people have in their own shell, and what does it here.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "cd",
        "There is one folder here; files are named by their path.",
    ),
    (
        "mkdir",
        "Folders come with the files in them: echo hello > folder/file",
    ),
    (
        "vi",
        "There is no editor here: printf 'one\\ntwo\\n' > file",
    ),
    (
        "vim",
        "There is no editor here: printf 'one\\ntwo\\n' > file",
    ),
    (
        "nano",
        "There is no editor here: printf 'one\\ntwo\\n' > file",
    ),
    (
        "jq",
        "There is no jq here; grep, head and the flags of nats choose from its output.",
    ),
];

/// A hint for a command that was not found.
pub fn for_command(name: &str, arguments: &[String]) -> Option<String> {
    if let Some((_, hint)) = ELSEWHERE.iter().find(|(known, _)| *known == name) {
        return Some(hint.to_string());
    }
    let spec = Spec::all();
    // What people type without `nats` before it.
    if spec.child(spec.root(), name).is_some() {
        let next = arguments.first().filter(|word| !word.starts_with('-'));
        let next = next.map(|word| format!(" {word}")).unwrap_or_default();
        return Some(format!("Did you mean `nats {name}{next}`?"));
    }
    let names = builtins::NAMES.iter().map(|(name, _)| *name);
    let nearest = nearest(name, names.chain(["nats", "nats-server"]))?;
    Some(format!("Did you mean `{nearest}`?"))
}

/// The nearest of some names, if it is near enough.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = match word.chars().count() {
        0..=2 => return None,
        3..=4 => 1,
        5..=30 => 2,
        _ => return None,
    };
    let distances = names.map(|name| (distance(word, name), name));
    let (distance, name) = distances.min()?;
    (distance <= most).then_some(name)
}

/// Letters to add, leave out, change or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    let at = |rows: &[Vec<usize>], i: usize, j: usize| {
        rows.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let changed = at(&rows, i, j) + usize::from(x != y);
            let removed = at(&rows, i, j + 1) + 1;
            let added = row.last().copied().unwrap_or(0) + 1;
            let mut best = changed.min(removed).min(added);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&rows, i - 1, j - 1) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    at(&rows, a.len(), b.len())
}
