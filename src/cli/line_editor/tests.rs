//! What readline does, as its manual says.

use super::*;

/// Types `keys`: `^x` is control, `~x` Alt, other characters themselves.
fn typed(editor: &mut LineEditor, keys: &str) -> Action {
    let mut keys = keys.chars();
    let mut action = Action::Bell;
    while let Some(c) = keys.next() {
        action = editor.key(match c {
            '^' => Key::Ctrl(keys.next().unwrap()),
            '~' => Key::Alt(keys.next().unwrap()),
            '\n' => Key::Enter,
            '\t' => Key::Tab,
            '\x7f' => Key::Backspace,
            c => Key::Text(c.into()),
        });
    }
    action
}

fn after(keys: &str) -> String {
    let mut editor = LineEditor::default();
    typed(&mut editor, keys);
    let (text, cursor) = (editor.text(), editor.cursor());
    text.chars()
        .take(cursor)
        .chain(['|'])
        .chain(text.chars().skip(cursor))
        .collect()
}

#[test]
fn moves_and_deletes_as_readline() {
    assert_eq!(after("nats kv^a"), "|nats kv");
    assert_eq!(after("nats kv^a^f^fX^e!"), "naXts kv!|");
    assert_eq!(after("nats kv put~b~b"), "nats |kv put");
    assert_eq!(after("nats kv put^a~f~f"), "nats kv| put");
    assert_eq!(after("nats kv my-kv^w"), "nats kv |");
    assert_eq!(after("one two three^a~d"), "| two three");
    assert_eq!(after("abc^a^d"), "|bc");
    assert_eq!(after("abc\x7f"), "ab|");
    assert_eq!(after("ab^t"), "ba|");
    assert_eq!(after("^b^h^w"), "|");
}

#[test]
fn kills_join_and_come_back() {
    assert_eq!(after("one two three^w^w^y"), "one two three|");
    assert_eq!(after("one two^u^y^y"), "one twoone two|");
    assert_eq!(after("one two^a^k^y"), "one two|");
    assert_eq!(after("a^ub^u^y~y"), "a|");
}

#[test]
fn history_keeps_the_line_being_typed() {
    let mut editor = LineEditor::new(vec!["first".into(), "second".into()]);
    typed(&mut editor, "draft^p");
    assert_eq!(editor.text(), "second");
    typed(&mut editor, "^p");
    assert_eq!(editor.text(), "first");
    assert_eq!(typed(&mut editor, "^p"), Action::Bell);
    typed(&mut editor, "^n^n");
    assert_eq!(editor.text(), "draft");
    assert_eq!(typed(&mut editor, "\n"), Action::Run("draft".into()));
    assert_eq!(editor.history(), ["first", "second", "draft"]);
    typed(&mut editor, "draft\n  \n");
    assert_eq!(editor.history().len(), 3);
}

#[test]
fn searches_backwards() {
    let history = [
        "nats kv add b",
        "nats kv put b k 1",
        "nats kv get b k",
        "ls",
    ];
    let mut editor = LineEditor::new(history.map(String::from).to_vec());
    typed(&mut editor, "x^rkv");
    assert_eq!(editor.text(), "nats kv get b k");
    typed(&mut editor, "^r");
    assert_eq!(editor.text(), "nats kv put b k 1");
    typed(&mut editor, "zzz");
    assert!(editor.search().unwrap().failed);
    typed(&mut editor, "^g");
    assert_eq!(editor.text(), "x");
    assert_eq!(
        typed(&mut editor, "^radd\n"),
        Action::Run("nats kv add b".into())
    );
}

#[test]
fn tells_what_to_do() {
    let mut editor = LineEditor::default();
    assert_eq!(typed(&mut editor, "^d"), Action::EndOfInput);
    assert_eq!(
        typed(&mut editor, "na\t"),
        Action::Complete { again: false }
    );
    assert_eq!(typed(&mut editor, "\t"), Action::Complete { again: true });
    assert_eq!(typed(&mut editor, "^l"), Action::ClearScreen);
    assert_eq!(editor.text(), "na");
    assert_eq!(typed(&mut editor, "^c"), Action::Interrupt);
    assert_eq!(editor.text(), "");
}

#[test]
fn undo_and_completion() {
    assert_eq!(after("abc^u^_"), "abc|");
    let mut editor = LineEditor::default();
    typed(&mut editor, "nats k");
    editor.replace_before(1, "kv ");
    assert_eq!(editor.text(), "nats kv ");
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn no_keys_make_it_panic(keys in proptest::collection::vec((0u8..20, proptest::char::any()), 0..200)) {
        let mut editor = LineEditor::new(vec!["nats kv put b k".into(), "ä ö".into()]);
        for (kind, c) in keys {
            editor.key(match kind {
                0..=5 => Key::Text(c.into()),
                6 => Key::Ctrl(c),
                7..=9 => Key::Ctrl((b'a' + (c as u32 % 26) as u8) as char),
                10..=11 => Key::Alt((b'a' + (c as u32 % 26) as u8) as char),
                12 => Key::Enter,
                13 => Key::Backspace,
                14 => Key::Up,
                15 => Key::Down,
                16 => Key::WordLeft,
                17 => Key::WordBackspace,
                18 => Key::WordRight,
                _ => Key::Left,
            });
            assert!(editor.cursor() <= editor.text().chars().count());
        }
    }
}
