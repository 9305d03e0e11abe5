//! `nats errors`: the errors of the server, by number or by words.

use super::{Call, Outcome};
use crate::{
    cli::{
        pattern::Pattern,
        render::{columns::Columns, table::Table},
        values,
    },
    wire::json::{Decoder, Value, decode_lenient},
};

#[derive(Default)]
struct Known {
    code: u16,
    http: i64,
    constant: String,
    description: String,
    comment: String,
    help: String,
    url: String,
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
        url: String::new(),
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
    let mut list = Vec::new();
    decode_lenient(&content, |decoder, value| {
        decoder.list(value, "*server.ErrorsData", &mut list, read);
    })?;
    Ok(list)
}

/// One error of a file.
fn read(decoder: &mut Decoder, value: Value<'_>, into: &mut Known) {
    decoder.object(value, "ErrorsData", &mut |decoder, name, value| {
        match name {
            "constant" => decoder.string(value, &mut into.constant),
            "code" => decoder.int(value, &mut into.http),
            "error_code" => match decoder.number(value, "uint16", -65536) {
                Some(..0) => decoder.mismatch(value, "uint16"),
                Some(code) => into.code = code as u16,
                None => {}
            },
            "description" => decoder.string(value, &mut into.description),
            "comment" => decoder.string(value, &mut into.comment),
            "help" => decoder.string(value, &mut into.help),
            "url" => decoder.string(value, &mut into.url),
            "deprecates" => decoder.string(value, &mut String::new()),
            _ => return false,
        }
        true
    });
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
    report.row_if("Help URL", &error.url);
    report.line("").line(match error.help.as_str() {
        "" => "No further information available",
        help => help,
    });
    call.report(&report);
    Ok(())
}
