//! `nats errors`: the errors of the server, by number or by words.

use super::{Call, Outcome};
use crate::cli::{
    pattern::Pattern,
    render::{columns::Columns, table::Table},
    values,
};

struct Known {
    code: u16,
    http: u16,
    constant: String,
    description: String,
    comment: String,
    help: String,
}

fn known(line: &str) -> Option<Known> {
    let mut parts = line.split('|');
    let mut head = parts.next()?.split(' ');
    let mut text = || parts.next().unwrap_or_default().to_string();
    Some(Known {
        code: head.next()?.parse().ok()?,
        http: head.next()?.parse().ok()?,
        constant: format!("JS{}", head.next()?),
        description: text(),
        comment: text(),
        help: text(),
    })
}

/// The list that comes with the program, or the one of `--errors`.
fn all(call: &Call) -> Result<Vec<Known>, String> {
    let path = call.values.text("errors");
    if path.is_empty() {
        return Ok(include_str!("errors.txt")
            .lines()
            .filter_map(known)
            .collect());
    }
    let content = call
        .session
        .io
        .files()
        .read(path)
        .map_err(|e| format!("open {path}: {}", e.text()))?;
    let list: Vec<serde_json::Value> =
        serde_json::from_slice(&content).map_err(|e| e.to_string())?;
    let one = |entry: &serde_json::Value| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_string();
        Known {
            code: entry["error_code"].as_u64().unwrap_or(0) as u16,
            http: entry["code"].as_u64().unwrap_or(0) as u16,
            constant: text("constant"),
            description: text("description"),
            comment: text("comment"),
            help: text("help"),
        }
    };
    Ok(list.iter().map(one).collect())
}

/// `errors ls`.
pub async fn list(call: Call) -> Outcome {
    let mut errors = all(&call)?;
    let wanted = call.values.arg("match").to_lowercase();
    if !wanted.is_empty() {
        let pattern = Pattern::new(&wanted)?;
        errors.retain(|e| {
            let (code, http) = (e.code.to_string(), e.http.to_string());
            [
                &code,
                &http,
                &e.description,
                &e.help,
                &e.constant,
                &e.comment,
            ]
            .iter()
            .any(|text| pattern.is_match(&text.to_lowercase()))
        });
    }
    if errors.is_empty() {
        return Err(format!("no errors found matching regular expression {wanted}").into());
    }
    match call.values.arg("sort") {
        "code" => errors.sort_by_key(|e| e.code),
        "http" => errors.sort_by_key(|e| e.http),
        _ => errors.sort_by(|a, b| a.description.cmp(&b.description)),
    }
    if call.values.is("reverse") {
        errors.reverse();
    }
    let headers = [
        "NATS Code",
        "HTTP Error Code",
        "Description",
        "Comment",
        "Go Constant",
    ];
    let mut table = Table::new("NATS Errors", &headers).numbers(&[0, 1]);
    for e in errors {
        table.row(vec![
            e.code.to_string(),
            e.http.to_string(),
            e.description,
            e.comment,
            e.constant,
        ]);
    }
    call.table(&table);
    Ok(())
}

/// `errors lookup`.
pub async fn lookup(call: Call) -> Outcome {
    let code = values::uint(call.values.arg("code"), 16)? as u16;
    let Some(error) = all(&call)?.into_iter().find(|e| e.code == code) else {
        return Err(format!("no error matches code {code}").into());
    };
    let bold = match call.coloured() {
        true => format!("\x1b[1m{code}\x1b[22m"),
        false => code.to_string(),
    };
    let mut report = Columns::new(format!("NATS Error Code: {bold}"));
    report.row("Description", error.description);
    report.row_if("Comment", &error.comment);
    report.row("HTTP Code", error.http.to_string());
    report.row("Go Index Constant", error.constant);
    report.line("").line(match error.help.as_str() {
        "" => "No further information available",
        help => help,
    });
    call.report(&report);
    Ok(())
}
