//! The lesson: one step at a time, its commands with a Run button each, and whether it is done.

use super::{
    element::{Element, button, element, react},
    link::Link,
    panes::title,
    state::{Page, focus},
};
use crate::lesson::{Block, Check, Command, Inline, Step, Terminal, WALKTHROUGH};
use leptos::{prelude::request_animation_frame, wasm_bindgen::JsCast, web_sys::MouseEvent};

/// The lesson's panel.
pub fn lesson_panel(page: Page) -> Element {
    let lesson = page.lesson;
    let panel = element("section", "lesson").attr("aria-label", "Lesson");
    let last = WALKTHROUGH.steps.len() - 1;
    panel.with(&[
        element("div", "lesson__step").with_of(move || step(page, lesson.step.get())),
        element("div", "lesson__foot").with(&[
            progress(page),
            element("div", "lesson__turn").with(&[
                button("", move || page.turn(lesson.step.get_untracked().saturating_sub(1)))
                    .attr("aria-label", "Previous step")
                    .flag("disabled", move || lesson.step.get() == 0)
                    .text("‹ Previous"),
                button("lesson__next", move || page.turn(lesson.step.get_untracked() + 1))
                    .attr("aria-label", "Next step")
                    .flag("disabled", move || lesson.step.get() == last)
                    .text("Next ›"),
            ]),
        ]),
    ])
}

fn step(page: Page, index: usize) -> Vec<Element> {
    let step: &'static Step = &WALKTHROUGH.steps[index];
    let done = move || page.lesson.is_done(step);
    let (prose, details): (Vec<_>, Vec<_>) = step.blocks.iter().partition(|block| !matches!(block, Block::Details(..)));
    let place = format!("{} · {} of {}", WALKTHROUGH.title, index + 1, WALKTHROUGH.steps.len());
    let mut elements = vec![
        element("p", "lesson__place").text(&place),
        element("h2", "").attr("tabindex", "-1").text(step.title),
        left_out(page, index),
    ];
    elements.extend(prose.into_iter().map(|prose| block(page, prose)));
    let outcome = element("div", "lesson__outcome").attr("role", "status");
    let seen = outcome.clone();
    elements.push(outcome.with_of(move || {
        let complete = done().then(|| {
            element("span", "lesson__complete").with(&[element("b", "").text("✓ Step complete")]).text(&format!(": {}", step.done))
        });
        // Done just now, while the step is open: a phone may have it out of sight. A page around this one is not ours to scroll.
        if complete.is_some() && seen.is_connected() && !page.embedded {
            let seen = seen.clone();
            request_animation_frame(move || seen.bring_into_view());
        }
        complete.into_iter().collect()
    }));
    elements.extend(details.into_iter().map(|details| block(page, details)));
    elements
}

/// Offers to make what a step needs, as long as it is not there.
fn left_out(page: Page, index: usize) -> Element {
    let prepare = WALKTHROUGH.steps[index].prepare;
    let lacks = move || match page.lesson.lacks.get() {
        _ if prepare.is_empty() || page.lesson.preparing.get() || page.link.with(Link::is_real) => "",
        _ if !page.stream.jetstream.get() || page.link.with(|link| *link == Link::Stopped) => "JetStream is not on. ",
        Some(Check::Bucket(_)) => "The bucket of this step is not there. ",
        Some(_) => "The key of this step is not there. ",
        None => "",
    };
    let act = move || {
        page.prepare(prepare);
        // The button is gone, and with it the keyboard's place.
        focus(".lesson h2");
    };
    let offer = button("", act).text("Make what this step needs");
    let why = element("span", "").text_of(move || lacks().into());
    element("p", "lesson__before").with(&[why, offer]).shown(move || !lacks().is_empty())
}

fn progress(page: Page) -> Element {
    let lesson = page.lesson;
    let steps = WALKTHROUGH.steps;
    let marks: Vec<Element> = (0..steps.len())
        .map(|index| {
            element("i", "").attr_of("data-step", move || match () {
                () if lesson.is_done(&steps[index]) => Some("done"),
                () if lesson.step.get() == index => Some("current"),
                () => None,
            })
        })
        .collect();
    let bar = element("div", "progress")
        .attr("role", "progressbar")
        .attr("aria-label", "Lesson progress")
        .attr("aria-valuemin", "0")
        .attr("aria-valuemax", &steps.len().to_string())
        .with(&marks);
    let shown = bar.clone();
    react(move || {
        let done = steps.iter().filter(|step| lesson.is_done(step)).count();
        shown.set_attribute("aria-valuenow", &done.to_string()).ok();
    });
    bar
}

fn block(page: Page, block: &'static Block) -> Element {
    match block {
        Block::Paragraph(text) => inlines("p", "", text),
        Block::OnReal(text) => inlines("p", "lesson__before", text).shown(move || page.link.with(Link::is_real)),
        Block::List(items) => {
            let items: Vec<Element> = items.iter().map(|item| inlines("li", "", item)).collect();
            element("ul", "").with(&items)
        }
        Block::Command(command) => self::command(page, *command),
        Block::Details(title, inner) => {
            let inner: Vec<Element> = inner.iter().map(|inner| self::block(page, inner)).collect();
            element("details", "").with(&[element("summary", "").text(title)]).with(&inner)
        }
    }
}

fn inlines(name: &str, class: &str, text: &[Inline]) -> Element {
    text.iter().fold(element(name, class), |within, inline| match inline {
        Inline::Text(text) => within.text(text),
        Inline::Code(text) => within.with(&[element("code", "").text(text)]),
        Inline::Emphasis(text) => within.with(&[element("em", "").text(text)]),
        Inline::Link(text, to) => within.with(&[element("a", "").attr("href", to).attr("rel", "noreferrer").text(text)]),
    })
}

fn command(page: Page, command: Command) -> Element {
    let letter = match command.terminal {
        Terminal::A => "A",
        Terminal::B => "B",
        Terminal::Server => "Server",
    };
    let line = move || page.lesson.line(command);
    let ran = element("span", "").attr("role", "img").attr("aria-label", "has run").text("✓");
    element("div", "command").with(&[
        element("span", "command__terminal").attr("title", title(command.terminal)).text(letter),
        element("code", "").with_of(move || words(&line())),
        element("span", "command__done").with(&[ran.shown(move || page.lesson.has_run(command))]),
        element("button", "")
            .attr("type", "button")
            .on("click", move |event| page.run(command.terminal, line(), event.unchecked_ref::<MouseEvent>().detail() == 0))
            .text("Run")
            .with(&[element("span", "visually-hidden").text_of(move || format!(" {} in {}", line(), title(command.terminal)))]),
    ])
}

/// Each an element, so that a line is broken between them, not after the first hyphen of `--raw`.
fn words(line: &str) -> Vec<Element> {
    line.split_inclusive(' ').map(|word| element("span", "").text(word)).collect()
}
