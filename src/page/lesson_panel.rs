//! The lesson: one step at a time, its commands with a Run button each, and whether it is done.

use super::{state::Page, panes::title};
use crate::lesson::{Block, Command, Inline, Terminal, WALKTHROUGH};
use leptos::{html, prelude::*};

/// The lesson's panel.
#[component]
pub fn LessonPanel(page: Page) -> impl IntoView {
    let lesson = page.lesson;
    let heading = NodeRef::<html::H2>::new();
    let count = WALKTHROUGH.steps.len();
    let turn = move |to: usize| {
        page.open(to);
        if let Some(heading) = heading.get_untracked() {
            heading.focus().ok();
        }
    };
    let outcome = move || {
        let step = lesson.current();
        lesson.is_done(step).then(|| {
            view! { <span class="lesson__complete"><b>"✓ Step complete"</b>": "{step.done}</span> }
        })
    };
    view! {
        <section class="lesson" aria-label="Lesson">
            {move || {
                let index = lesson.step.get();
                let step = &WALKTHROUGH.steps[index];
                let (prose, details): (Vec<_>, Vec<_>) =
                    step.blocks.iter().partition(|block| !matches!(block, Block::Details(..)));
                view! {
                    <div class="lesson__step">
                        <p class="lesson__place">{format!("{} · {} of {count}", WALKTHROUGH.title, index + 1)}</p>
                        <h2 tabindex="-1" node_ref=heading>{step.title}</h2>
                        {blocks(page, prose)}
                        <div class="lesson__outcome" role="status">{outcome}</div>
                        {blocks(page, details)}
                    </div>
                }.into_any()
            }}
            <div class="lesson__foot">
                <div
                    class="progress"
                    role="progressbar"
                    aria-label="Lesson progress"
                    aria-valuemin="0"
                    aria-valuemax=count
                    aria-valuenow=move || WALKTHROUGH.steps.iter().filter(|step| lesson.is_done(step)).count()
                >
                    {WALKTHROUGH.steps.iter().enumerate().map(|(index, step)| {
                        let state = move || {
                            if lesson.is_done(step) { "done" }
                            else if lesson.step.get() == index { "current" }
                            else { "" }
                        };
                        view! { <i data-step=state></i> }
                    }).collect_view()}
                </div>
                <div class="lesson__turn">
                    <button
                        type="button"
                        aria-label="Previous step"
                        disabled=move || lesson.step.get() == 0
                        on:click=move |_| turn(lesson.step.get_untracked().saturating_sub(1))
                    >"‹ Previous"</button>
                    <button
                        type="button"
                        class="lesson__next"
                        aria-label="Next step"
                        disabled=move || lesson.step.get() + 1 == count
                        on:click=move |_| turn(lesson.step.get_untracked() + 1)
                    >"Next ›"</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn blocks(page: Page, blocks: Vec<&'static Block>) -> AnyView {
    blocks.into_iter().map(|block| self::block(page, block)).collect_view().into_any()
}

fn block(page: Page, block: &'static Block) -> AnyView {
    match block {
        Block::Paragraph(text) => view! { <p>{inlines(text)}</p> }.into_any(),
        Block::List(items) => {
            let items = items.iter().map(|item| view! { <li>{inlines(item)}</li> }).collect_view();
            view! { <ul>{items}</ul> }.into_any()
        }
        Block::Command(command) => self::command(page, *command),
        Block::Details(title, inner) => view! {
            <details><summary>{*title}</summary>{blocks(page, inner.iter().collect())}</details>
        }
        .into_any(),
    }
}

fn inlines(text: &'static [Inline]) -> AnyView {
    text.iter()
        .map(|inline| match inline {
            Inline::Text(text) => (*text).into_any(),
            Inline::Code(text) => view! { <code>{*text}</code> }.into_any(),
            Inline::Emphasis(text) => view! { <em>{*text}</em> }.into_any(),
            Inline::Link(text, to) => view! { <a href=*to rel="noreferrer">{*text}</a> }.into_any(),
        })
        .collect_view()
        .into_any()
}

fn command(page: Page, command: Command) -> AnyView {
    let letter = match command.terminal {
        Terminal::A => "A",
        Terminal::B => "B",
        Terminal::Server => "Server",
    };
    let line = move || page.lesson.line(command);
    view! {
        <div class="command">
            <span class="command__terminal" title=title(command.terminal)>{letter}</span>
            <code>{line}</code>
            <span class="command__done">
                {move || page.lesson.has_run(command).then_some(view! { <span role="img" aria-label="has run">"✓"</span> })}
            </span>
            <button type="button" on:click=move |_| page.run(command.terminal, untrack(line))>"Run"</button>
        </div>
    }
    .into_any()
}
