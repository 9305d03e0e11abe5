//! The names of the terminals: heads of those that are open, what opens the others; on a phone, what chooses one. They are
//! buttons that are pressed or not: several panes may be open, which tabs cannot say.

use super::{
    element::{Element, button, element, listen},
    live::Live,
    state::Page,
};
use crate::lesson::{Step, Terminal};
use leptos::prelude::window;

/// Up to this width, in pixels, there is room for one pane only; as in the style sheets.
const NARROW: f64 = 760.0;

/// Which panes are open, and which one a phone shows.
#[derive(Clone, Copy)]
pub struct Panes {
    b: Live<bool>,
    server: Live<bool>,
    /// The server's pane was opened or folded by hand: it is left as it is.
    by_hand: Live<bool>,
    front: Live<Pane>,
    narrow: Live<bool>,
    running: Live<[bool; 3]>,
    /// None of the terminals is to be seen until one has something to say.
    away: Live<bool>,
}

/// What a phone shows one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// A terminal.
    Terminal(Terminal),
    /// The stream.
    Stream,
}

impl Panes {
    /// Terminal A and the server's.
    pub fn new() -> Panes {
        let narrow = Live::new(is_narrow());
        listen(&window(), "resize", move |_| {
            let now = is_narrow();
            if now != narrow.get_untracked() {
                narrow.set(now);
            }
        });
        Panes {
            b: Live::new(false),
            server: Live::new(true),
            by_hand: Live::new(false),
            front: Live::new(Pane::Terminal(Terminal::A)),
            narrow,
            running: Live::new([false; 3]),
            away: Live::new(false),
        }
    }

    /// Puts the terminals out of sight, until [`Panes::bring`].
    pub fn put_away(self) {
        self.away.set(true);
    }

    /// Are the terminals out of sight?
    pub fn are_away(self) -> bool {
        self.away.get()
    }

    /// Puts the terminals back into sight; whether they were out of it.
    pub fn bring(self) -> bool {
        let away = self.away.get_untracked();
        if away {
            self.away.set(false);
        }
        away
    }

    /// Is there room for one pane only?
    pub fn narrow(self) -> bool {
        self.narrow.get()
    }

    /// Is a pane to be seen?
    pub fn is_open(self, pane: Pane) -> bool {
        if self.narrow.get() {
            return self.front.get() == pane;
        }
        match pane {
            Pane::Terminal(Terminal::B) => self.b.get(),
            Pane::Terminal(Terminal::Server) => self.server.get(),
            Pane::Terminal(Terminal::A) | Pane::Stream => true,
        }
    }

    /// Brings a terminal to the eye. Where there is room for one only, a watch in the other of A and B stays: it is what shows
    /// the effect.
    pub fn show(self, terminal: Terminal) {
        match terminal {
            Terminal::A => {}
            Terminal::B => self.b.set(true),
            Terminal::Server => self.server.set(true),
        }
        let watched = match self.front.get_untracked() {
            Pane::Terminal(front @ (Terminal::A | Terminal::B)) => self.running.get_untracked()[front as usize],
            Pane::Terminal(Terminal::Server) | Pane::Stream => false,
        };
        if terminal == Terminal::Server || !(watched && self.narrow.get_untracked()) {
            self.front.set(Pane::Terminal(terminal));
        }
    }

    /// Opens what a step needs; the server's log is folded away by the first step that has no use for it.
    pub fn for_step(self, index: usize, step: &Step) {
        if step.needs(Terminal::B) {
            self.b.set(true);
        }
        if step.needs(Terminal::Server) {
            self.server.set(true);
        } else if !self.by_hand.get_untracked() {
            self.server.set(index == 0);
        }
    }

    /// A terminal begins or ends to run a command.
    pub fn running(self, terminal: Terminal, running: bool) {
        self.running.update(|all| all[terminal as usize] = running);
    }

    fn choose(self, pane: Pane) {
        self.front.set(pane);
        if self.narrow.get_untracked() {
            return;
        }
        match pane {
            Pane::Terminal(Terminal::B) => self.b.update(|open| *open = !*open),
            Pane::Terminal(Terminal::Server) => {
                self.by_hand.set(true);
                self.server.update(|open| *open = !*open);
            }
            Pane::Terminal(Terminal::A) | Pane::Stream => {}
        }
    }
}

fn is_narrow() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width <= NARROW)
}

/// A terminal's name.
pub fn title(terminal: Terminal) -> &'static str {
    match terminal {
        Terminal::A => "Terminal A",
        Terminal::B => "Terminal B",
        Terminal::Server => "Server",
    }
}

/// The row of names.
pub fn pane_tabs(page: Page) -> Element {
    let tab = move |pane: Pane, class: &str, title: &str| {
        let panes = page.panes;
        let note = move || match pane {
            Pane::Terminal(terminal) if terminal != Terminal::Server && panes.running.get()[terminal as usize] => "running".into(),
            _ => String::new(),
        };
        button(class, move || panes.choose(pane))
            .pressed(move || panes.is_open(pane))
            .text(title)
            .with(&[element("small", "").attr("aria-hidden", "true").text_of(note)])
    };
    let terminal = move |terminal| tab(Pane::Terminal(terminal), "tab", title(terminal));
    element("div", "pane-tabs")
        .attr("role", "group")
        .attr("aria-label", "Panes")
        .with(&[
            terminal(Terminal::A),
            terminal(Terminal::B),
            terminal(Terminal::Server),
            tab(Pane::Stream, "tab pane-tabs__stream", "Stream").shown(move || page.panes.narrow()),
        ])
}
