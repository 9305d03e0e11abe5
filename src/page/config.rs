//! The view "Config": the configuration of the bucket's stream in the server's own words, and what of it makes a stream a
//! bucket, in ours.

use super::{
    element::{Element, element, react},
    live::Live,
    state::Page,
    stream_pane::Tab,
};
use crate::wire::json::{Document, Value, indent};

/// What the fields mean that matter to a bucket.
const MEANINGS: [(&str, &str); 14] = [
    ("name", "KV_ and the bucket’s name: that is how clients find it."),
    ("subjects", "A key is a subject behind $KV and the bucket’s name."),
    ("mirror", "The bucket that is copied here, with its subjects and revisions. Who writes, writes there."),
    ("sources", "Buckets that are copied here as well, each key under this bucket’s name."),
    ("max_msgs_per_subject", "The history: how many revisions of each key are kept."),
    ("max_age", "The TTL in nanoseconds; what is older goes. 0: nothing does."),
    ("max_msg_size", "How large a value may be, in bytes. -1: as large as any message."),
    ("max_bytes", "How large the bucket may become. -1: as large as there is room."),
    ("discard", "new: a full bucket refuses a value, rather than forget another key’s."),
    ("deny_delete", "No revision can be taken out by itself: a delete is one more message, a marker."),
    ("allow_rollup_hdrs", "A purge is a marker, too: one that takes the place of all that the key had before."),
    ("allow_direct", "A get reads the stream at once, whichever server has it; no request to the API is needed."),
    ("allow_msg_ttl", "A value may have a TTL of its own."),
    ("subject_delete_marker_ttl", "How long a marker stays, in nanoseconds, for a value whose time ran out."),
];

/// The view, drawn only while it is looked at.
pub fn config(page: Page, tab: Live<Tab>) -> Element {
    let (json, meanings) = (element("pre", ""), element("dl", ""));
    let view = element("div", "stream__body config")
        .attr("tabindex", "0")
        .attr("role", "group")
        .attr("aria-label", "Configuration of the stream")
        .shown(move || tab.get() == Tab::Config)
        .with(&[json.clone(), meanings.clone()]);
    let mut drawn = String::new();
    react(move || {
        if tab.get() != Tab::Config {
            return;
        }
        page.stream.pace.track();
        let now = configuration(&page.stream.model.borrow().described_as);
        if now != drawn {
            draw(&now, &json, &meanings);
            drawn = now;
        }
    });
    view
}

/// The configuration in the answer to STREAM.INFO, on lines.
fn configuration(answer: &[u8]) -> String {
    let Ok(Some((document, _))) = Document::parse(answer, 0) else { return String::new() };
    let mut parts = document.root().children();
    let config = parts.find(|part| part.text() == "config").and_then(|_| parts.next());
    let written = config.map(Value::raw).map(indent).unwrap_or_default();
    // Go writes these signs so for the sake of HTML, which this is not.
    [("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&")].iter().fold(written, |text, (code, sign)| text.replace(code, sign))
}

fn draw(config: &str, json: &Element, meanings: &Element) {
    json.set_text_content(None);
    meanings.set_text_content(None);
    for line in config.split_inclusive('\n') {
        // Those of the configuration itself are two blanks in.
        let field = line.strip_prefix("  \"").and_then(|rest| rest.split_once('"'));
        match field.and_then(|(field, rest)| MEANINGS.iter().find(|(name, _)| *name == field).map(|found| (found, rest))) {
            Some(((name, meaning), rest)) => {
                json.clone().text("  ").with(&[element("b", "").text(&format!("\"{name}\""))]).text(rest);
                meanings.clone().with(&[element("dt", "").text(name), element("dd", "").text(meaning)]);
            }
            None => drop(json.clone().text(line)),
        }
    }
}
