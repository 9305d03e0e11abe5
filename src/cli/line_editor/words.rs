//! Where words begin and end, as readline counts them.

/// Whether a character belongs to a word: letters and digits. All that is not ASCII counts, as the tables of what is a letter
/// elsewhere weigh more than the editor.
fn in_word(c: &char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// Start of the last run of characters that `belongs` takes, at or before `from`.
fn run_start(text: &[char], from: usize, belongs: fn(&char) -> bool) -> usize {
    let before = text.get(..from).unwrap_or_default();
    let after = |at: Option<usize>| at.map_or(0, |at| at + 1);
    let end = after(before.iter().rposition(belongs));
    let word = before.get(..end).unwrap_or_default();
    after(word.iter().rposition(|c| !belongs(c)))
}

/// Start of the word (letters and digits) at or before `from`.
pub fn start(text: &[char], from: usize) -> usize {
    run_start(text, from, in_word)
}

/// Start of the blank-separated word at or before `from`.
pub fn blank_start(text: &[char], from: usize) -> usize {
    run_start(text, from, |c| !c.is_whitespace())
}

/// End of the word (letters and digits) at or after `from`.
pub fn end(text: &[char], from: usize) -> usize {
    let rest = text.iter().enumerate().skip(from);
    let mut rest = rest.skip_while(|(_, c)| !in_word(c));
    rest.find(|(_, c)| !in_word(c))
        .map_or(text.len(), |(at, _)| at)
}

/// Makes letters upper case (`u`), lower case (`l`), or the first upper and the rest lower (`c`).
pub fn change_case(text: &mut [char], kind: char) {
    let mut first = true;
    for c in text {
        let upper = kind == 'u' || (kind == 'c' && first);
        first &= !in_word(c);
        *c = if upper {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        };
    }
}
