//! Where streams come from, for Graphviz: what `stream report --dot` writes.

use crate::{cli::values::quote, client::types::StreamInfo};

/// Streams and their origins in the language of dot: numbered as they are met and written by name, as natscli's library
/// does it. Nothing if none has an origin.
pub(super) fn dot(streams: &[StreamInfo]) -> Option<String> {
    let mut nodes: Vec<&str> = Vec::new();
    let mut edges: Vec<(&str, &str, String)> = Vec::new();
    for stream in streams {
        let config = &stream.config;
        let sources = config.sources.iter().map(|source| {
            let label = match source.filter_subject.as_str() {
                "" => String::new(),
                filter => format!(",label={}", quote(filter)),
            };
            (&source.name, format!("color=\"green\"{label}"))
        });
        let mirror = config.mirror.iter();
        let mirror = mirror.map(|m| (&m.name, "color=\"blue\",label=\"Mirror\"".to_string()));
        for (origin, look) in sources.chain(mirror) {
            for name in [&config.name, origin] {
                if !nodes.contains(&name.as_str()) {
                    nodes.push(name);
                }
            }
            edges.push((origin, &config.name, look));
        }
    }
    let number = |name: &str| nodes.iter().position(|n| *n == name).map_or(0, |at| at + 1);
    let mut out = "digraph  {\n\tlabel=\"Stream Replication Structure\";\n".to_string();
    let mut names = nodes.clone();
    names.sort();
    for name in names {
        out.push_str(&format!("\tn{}[label={}];\n", number(name), quote(name)));
    }
    edges.sort_by_key(|(from, ..)| *from);
    for (from, to, look) in &edges {
        let (from, to) = (number(from), number(to));
        out.push_str(&format!("\tn{from}->n{to}[{look}];\n"));
    }
    out.push_str("\t\n}\n");
    Some(out).filter(|_| !edges.is_empty())
}
