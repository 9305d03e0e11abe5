//! The table "Wire": the lines of the protocol that pass between the terminals and the server, whichever that is.

use super::{
    element::{Element, element, react},
    live::Live,
    messages::{shown_value, time_of_day},
    pace::Pace,
    panes::title,
    rows::{Table, cell, row},
    sight::Sight,
    state::Page,
    stream_pane::Tab,
    traffic::{Line, Traffic},
};
use crate::lesson::Terminal;
use std::rc::Rc;

/// What is heard of the terminals' connections.
#[derive(Clone)]
pub struct Heard {
    /// All of it.
    pub traffic: Rc<Traffic>,
    /// When it is drawn, while it is looked at.
    pub pace: Pace,
}

/// Listens to the terminals' connections.
pub fn listen(page: Page, tab: Live<Tab>) -> Heard {
    let traffic = Rc::<Traffic>::default();
    let (listening, counted) = (traffic.clone(), traffic.clone());
    let pace = Pace::new(move || counted.counted());
    page.room().tap.listen(move |passing, bytes| {
        let further = listening.hear(passing, bytes);
        match tab.get_untracked() {
            Tab::Wire => pace.touch(),
            Tab::Tape if further => pace.touch(),
            _ => {}
        }
    });
    Heard { traffic, pace }
}

/// The table, drawn only while it is looked at.
pub fn wire_view(heard: Heard, tab: Live<Tab>) -> Element {
    let columns = [("way", "Terminal"), ("name", "Line and payload"), ("time", "Time")];
    let mut table = Table::new("Wire", "Lines of the protocol", &columns);
    let sight = Sight::new(&table.scroll, false);
    let scroll = table.scroll.clone();
    react(move || {
        if tab.get() != Tab::Wire {
            return;
        }
        heard.pace.track();
        sight.keep();
        let lines = heard.traffic.lines.borrow();
        let shown = heard.pace.rows(lines.len(), Some(&sight));
        let mut lines = lines.iter().skip(lines.len() - shown).peekable();
        let first = lines.peek().map_or(u64::MAX, |line| line.number);
        table.still(heard.pace.is_flooded());
        table.draw(|number| *number < first, lines.map(|line| (line.number, || drawn(line))));
    });
    element("div", "stream__table").shown(move || tab.get() == Tab::Wire).with(&[scroll])
}

fn drawn(line: &Line) -> Element {
    let text = cell("name", &line.text);
    let text = match &line.payload {
        None | Some((_, 0)) => text,
        Some((beginning, size)) => {
            // Headers are lines, which end in one character here.
            let mut payload = beginning.clone();
            payload.retain(|byte| *byte != b'\r');
            let shown = shown_value(&payload, size - (beginning.len() - payload.len()));
            let size = element("span", "fate").text(&format!("{size} B "));
            text.with(&[element("div", "payload").with(&[size]).text(shown.trim_end())])
        }
    };
    let way = if line.sent { "sent" } else { "got" };
    row(&[cell("way", &format!("{} {way}", short(line.terminal))), text, cell("time", &time_of_day(line.at))])
}

/// A terminal's letter.
fn short(terminal: Terminal) -> &'static str {
    title(terminal).trim_start_matches("Terminal ")
}
