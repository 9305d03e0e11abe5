//! `nats cheat`: commands to copy.

use super::{Call, Outcome, check_folder};

/// Labels and their texts.
fn all() -> Vec<(&'static str, &'static str)> {
    let sections = include_str!("cheats.txt").split("== ").skip(1);
    sections
        .filter_map(|section| section.split_once('\n'))
        .collect()
}

/// `cheat`.
pub async fn cheat(call: Call) -> Outcome {
    let cheats = all();
    let folder = call.values.text("save");
    if !folder.is_empty() {
        check_folder(&call.session, folder)?;
        for (label, text) in cheats {
            let path = format!("{folder}/{label}");
            let text = format!("---\ntags: [nats]\n---\n\n{text}");
            let written = call.session.io.files().write(&path, text.as_bytes());
            written.map_err(|e| format!("open {path}: {}", e.text()))?;
            call.line(&format!("Saved cheat to {path}"));
        }
        return Ok(());
    }
    let label = call.values.arg("label");
    match cheats.iter().find(|(name, _)| *name == label) {
        Some((_, text)) if !call.values.is("list") => call.line(text.trim_end()),
        _ => {
            call.print("Available Cheats:\n\n");
            cheats
                .iter()
                .for_each(|(name, _)| call.line(&format!("    {name}")));
        }
    }
    Ok(())
}
