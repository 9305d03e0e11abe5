//! One terminal: its output, the line being typed, keys of a phone. What is typed is edited by the browser as in any text
//! field; keys that a shell knows better go to the console.

use super::{
    console::Console,
    element::{Element, button, element},
    link::Link,
    output::Output,
    panes::{Pane, title},
    sight::Sight,
    state::{Frame, Page},
    tty::Reading,
};
use crate::{
    cli::line_editor::{Action, Key},
    cli::width::text_width,
    lesson,
};
use leptos::{
    prelude::{document, window},
    wasm_bindgen::JsCast,
    web_sys::{self, KeyboardEvent},
};
use std::{cell::Cell, rc::Rc};

/// A terminal of the page.
pub fn terminal(page: Page, terminal: lesson::Terminal) -> Element {
    let name = title(terminal);
    let console = page.console(terminal);
    let way_out = format!("way-out-{}", terminal as u8);
    let input = element("textarea", "terminal__input")
        .attr("aria-label", &format!("{name} command"))
        .attr("aria-describedby", &way_out)
        .attr("rows", "1")
        .attr("spellcheck", "false")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .attr("autocorrect", "off")
        .attr("enterkeyhint", "send");
    let field: web_sys::HtmlTextAreaElement = (*input).clone().unchecked_into();
    let at = At { console: console.clone(), field: field.clone(), leaves: Rc::default() };
    let log = element("div", "").attr("role", "log").attr("aria-label", &format!("{name} output"));
    let entry = element("div", "terminal__entry")
        .with(&[element("span", "terminal__prompt").attr("aria-hidden", "true"), at.clone().listen(input)]);
    let clicked = field.clone();
    // A click anywhere goes on typing, unless it marks text; then it is the next key that does.
    let scroll = element("div", "terminal__scroll").attr("tabindex", "-1").with(&[log.clone(), entry.clone()]).on("click", move |_| {
        if !is_marked() {
            clicked.focus().ok();
        }
    });
    let scroll = at.clone().listen_to_keys(scroll);
    let view = View {
        page,
        frame: page.frame(terminal),
        console,
        output: Output::new(document(), (*log).clone().unchecked_into()),
        scroll: scroll.clone(),
        entry,
        input: field,
        columns: 80,
        sight: Sight::new(&scroll, false),
    };
    view.attach();
    let keys = [
        ("Tab", "Tab", Key::Tab),
        ("↑", "Up", Key::Up),
        ("↓", "Down", Key::Down),
        ("^C", "Control C", Key::Ctrl('c')),
        ("|", "Pipe", Key::Text("|".into())),
        (">", "Greater than", Key::Text(">".into())),
    ]
    .map(|(label, name, key)| {
        let at = at.clone();
        button("", move || press(&at.console, &at.field, key.clone())).attr("aria-label", name).text(label)
    });
    let note = (terminal == lesson::Terminal::Server).then(|| {
        element("p", "terminal__note")
            .text("A real server is connected; its log stays where it runs. What is below is the server in this page, which waits.")
            .shown(move || page.link.with(Link::is_real))
    });
    element("section", "terminal")
        .attr("aria-label", name)
        .shown(move || page.panes.is_open(Pane::Terminal(terminal)))
        .with(note.as_slice())
        .with(&[element("p", "").attr("id", &way_out).attr("hidden", "").text("Escape, then Tab leave the terminal.")])
        .with(&[scroll, element("div", "terminal__keys").attr("role", "group").attr("aria-label", "Keys").with(&keys)])
}

/// A console and the field where its line is typed.
#[derive(Clone)]
struct At {
    console: Rc<Console>,
    field: web_sys::HtmlTextAreaElement,
    /// Escape was the last key: Tab is the browser's, which moves on.
    leaves: Rc<Cell<bool>>,
}

impl At {
    /// Keys of the field, and of the output around it, which has the keyboard while something is marked there.
    fn listen_to_keys(self, scroll: Element) -> Element {
        scroll.on("keydown", move |event| {
            let event: &KeyboardEvent = event.unchecked_ref();
            let (name, left) = (event.key(), self.leaves.get());
            if event.target().as_ref() != Some(self.field.as_ref()) {
                if leaves_marked(event) {
                    return;
                }
                self.field.focus().ok();
            }
            // Shift is held for the way back.
            self.leaves.set(name == "Escape" || left && name == "Shift");
            if left && name == "Tab" {
                return;
            }
            if let Some(pressed) = key_of(event, &self.console, &self.field) {
                event.prevent_default();
                press(&self.console, &self.field, pressed);
            }
        })
    }

    fn listen(self, input: Element) -> Element {
        let (typing, pasting) = (self.clone(), self);
        input
            .on("input", move |_| typed(&typing.console, &typing.field))
            .on("paste", move |event| {
                let data = event.unchecked_ref::<web_sys::ClipboardEvent>().clipboard_data();
                let text = data.and_then(|data| data.get_data("text/plain").ok());
                if let Some(text) = text.filter(|text| text.contains('\n')) {
                    event.prevent_default();
                    read_line(&pasting.console, &pasting.field);
                    pasting.console.paste(&text);
                    write_line(&pasting.console, &pasting.field);
                }
            })
    }
}

/// Draws one terminal.
struct View {
    page: Page,
    frame: Rc<Frame>,
    console: Rc<Console>,
    output: Output,
    scroll: Element,
    entry: Element,
    input: web_sys::HtmlTextAreaElement,
    columns: usize,
    /// The end, unless somebody has scrolled up to read.
    sight: Rc<Sight>,
}

impl View {
    fn attach(mut self) {
        let frame = self.frame.clone();
        let redraw = frame.clone();
        self.scroll.on_resize(move || redraw.request());
        frame.set(move || self.draw());
    }

    fn draw(&mut self) {
        self.measure();
        let tty = &self.console.tty;
        let keys = tty.reading() == Reading::Keys;
        // What a program shows may be later than what it does: the lesson's step may be done only now.
        let seen = |line: &str| {
            if self.page.lesson.output(line) {
                self.page.stream.look(self.page);
            }
        };
        let more = tty.with_screen(|screen| self.output.draw(screen, keys, seen));
        if more {
            self.frame.request();
        }
        let mode = if keys { "keys" } else { "line" };
        self.entry.set_attribute("data-mode", mode).ok();
        let prompt = prompt(&self.console);
        if let Some(element) = self.entry.first_element_child() {
            element.set_text_content(Some(&prompt));
        }
        write_line(&self.console, &self.input);
        let width = text_width(&prompt);
        let rows = (width + text_width(&self.input.value())) / self.columns + 1;
        let style = web_sys::HtmlElement::style(&self.input);
        style.set_property("text-indent", &format!("{width}ch")).ok();
        style.set_property("height", &format!("calc({rows} * var(--line-code))")).ok();
        self.sight.settle();
    }

    /// Learns how many columns and rows there is room for.
    fn measure(&mut self) {
        let (width, height) = (self.entry.client_width(), self.scroll.client_height());
        if width == 0 {
            return;
        }
        let prompt = self.entry.first_element_child();
        let cell = prompt.and_then(|prompt| {
            let before = prompt.text_content();
            prompt.set_text_content(Some("0000000000"));
            let cells = prompt.get_bounding_client_rect();
            prompt.set_text_content(before.as_deref());
            (cells.width() > 0.0 && cells.height() > 0.0).then(|| (cells.width() / 10.0, cells.height()))
        });
        let (cell, line) = cell.unwrap_or((8.0, 20.0));
        self.columns = (f64::from(width) / cell).max(1.0) as usize;
        self.console.tty.resize(self.columns, (f64::from(height) / line) as usize);
    }
}

/// What stands before the line.
fn prompt(console: &Console) -> String {
    match console.editor.borrow().search() {
        Some(search) => {
            let failed = if search.failed { "failed " } else { "" };
            format!("({failed}reverse-i-search)'{}': ", search.query)
        }
        None => console.prompt().into(),
    }
}

/// Takes the line and the cursor from the field.
fn read_line(console: &Console, input: &web_sys::HtmlTextAreaElement) {
    let (value, mut editor) = (input.value(), console.editor.borrow_mut());
    if editor.search().is_some() {
        return;
    }
    if editor.text() != value {
        editor.set(&value);
    }
    let units = input.selection_start().ok().flatten().unwrap_or(u32::MAX) as usize;
    let mut left = units;
    let characters = value.chars().take_while(|c| {
        let fits = left >= c.len_utf16();
        left = left.saturating_sub(c.len_utf16());
        fits
    });
    let cursor = characters.count();
    // To set it breaks a row of Tabs or of kills.
    if editor.cursor() != cursor {
        editor.set_cursor(cursor);
    }
}

/// Puts the line and the cursor into the field.
fn write_line(console: &Console, input: &web_sys::HtmlTextAreaElement) {
    let editor = console.editor.borrow();
    let text = editor.text();
    if input.value() != text {
        input.set_value(&text);
        let units: usize = text.chars().take(editor.cursor()).map(char::len_utf16).sum();
        input.set_selection_range(units as u32, units as u32).ok();
    }
}

/// A key that is the console's business.
fn press(console: &Rc<Console>, input: &web_sys::HtmlTextAreaElement, key: Key) {
    read_line(console, input);
    let todo = console.key(key);
    if let Some(Action::Complete { again }) = todo {
        let (line, field) = (console.clone(), input.clone());
        console.complete(again, move || show_line(&line, &field));
    }
    show_line(console, input);
    input.focus().ok();
}

/// Writes the line into the field, cursor and all.
fn show_line(console: &Console, input: &web_sys::HtmlTextAreaElement) {
    write_line(console, input);
    let cursor = console.editor.borrow().cursor();
    let units: usize = input.value().chars().take(cursor).map(char::len_utf16).sum();
    input.set_selection_range(units as u32, units as u32).ok();
}

/// The field has changed by itself: typed, pasted, dictated, filled in.
fn typed(console: &Rc<Console>, input: &web_sys::HtmlTextAreaElement) {
    let value = input.value();
    if console.tty.reading() == Reading::Keys {
        input.set_value("");
        console.key(Key::Text(value));
    } else if value.contains('\n') {
        console.editor.borrow_mut().set("");
        console.paste(&value);
        write_line(console, input);
    } else {
        read_line(console, input);
        console.tty.write(b"");
    }
}

/// The code of a key that an input method takes. Safari's `isComposing` does not say so of the last key of a composition.
const COMPOSING: u32 = 229;

/// Is something marked in the page?
fn is_marked() -> bool {
    window().get_selection().ok().flatten().is_some_and(|marked| !marked.is_collapsed())
}

/// Is a key for what is marked in the output, rather than for the line?
fn leaves_marked(event: &KeyboardEvent) -> bool {
    let name = event.key();
    let copies = (event.ctrl_key() || event.meta_key()) && name.eq_ignore_ascii_case("c");
    copies || matches!(name.as_str(), "Control" | "Shift" | "Alt" | "Meta" | "Tab" | "PageUp" | "PageDown")
}

/// Which key of ours it is; `None` leaves it to the browser.
fn key_of(event: &KeyboardEvent, console: &Console, input: &web_sys::HtmlTextAreaElement) -> Option<Key> {
    let name = event.key();
    let (control, alt) = (event.ctrl_key(), event.alt_key());
    if event.key_code() == COMPOSING || event.meta_key() || (control && event.shift_key()) {
        return None;
    }
    // At a prompt and in a search every key is ours.
    let raw = console.tty.reading() == Reading::Keys || console.editor.borrow().search().is_some();
    let mut characters = name.chars();
    let single = characters.next().filter(|_| characters.next().is_none());
    match (name.as_str(), single) {
        (_, Some(letter)) if control && !alt => {
            let letter = letter.to_ascii_lowercase();
            // Copying what is marked, and pasting, are the browser's.
            let copies = letter == 'c' && (is_marked() || input.selection_start() != input.selection_end());
            (!copies && "abcdefghklnprtuwy_/".contains(letter)).then_some(Key::Ctrl(letter))
        }
        (_, Some(letter)) if alt && !control => {
            let letter = letter.to_ascii_lowercase();
            "bdfulcy.<>".contains(letter).then_some(Key::Alt(letter))
        }
        (_, Some(letter)) if raw => Some(Key::Text(letter.into())),
        ("Enter", _) => Some(Key::Enter),
        // From an empty line Tab moves on, as everywhere in the page.
        ("Tab", _) if !event.shift_key() && (raw || !input.value().is_empty()) => Some(Key::Tab),
        ("ArrowUp", _) => Some(Key::Up),
        ("ArrowDown", _) => Some(Key::Down),
        ("ArrowLeft", _) if raw => Some(Key::Left),
        ("ArrowRight", _) if raw => Some(Key::Right),
        ("Home", _) if raw => Some(Key::Home),
        ("End", _) if raw => Some(Key::End),
        ("Backspace", _) if control || alt => Some(Key::WordBackspace),
        ("Backspace", _) if raw => Some(Key::Backspace),
        ("Delete", _) if raw => Some(Key::Delete),
        ("Escape", _) if raw => Some(Key::Escape),
        _ => None,
    }
}
