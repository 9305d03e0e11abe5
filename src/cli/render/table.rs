//! Tables with borders, as natscli draws them with go-pretty.

use super::cells::{Escape, char_columns, columns};

/// A table being filled.
pub struct Table {
    title: String,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    footer: Vec<String>,
    /// Columns whose cells were all given as numbers.
    right: Vec<bool>,
}

/// How a table looks at a terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Columns of the terminal; no limit where there is none.
    pub width: Option<usize>,
    /// SGR code of the borders.
    pub colour: Option<u8>,
    /// The scheme `double`.
    pub double: bool,
}

/// Top left, horizontal, top down, top right, vertical, left, cross, right, bottom left, bottom up, bottom right.
const ROUNDED: [&str; 11] = ["╭", "─", "┬", "╮", "│", "├", "┼", "┤", "╰", "┴", "╯"];
const DOUBLE: [&str; 11] = ["╔", "═", "╦", "╗", "║", "╠", "╬", "╣", "╚", "╩", "╝"];

impl Table {
    /// A table under a title (none if empty).
    pub fn new(title: impl Into<String>, headers: &[&str]) -> Table {
        Table {
            title: title.into(),
            headers: headers.iter().map(|h| h.to_string()).collect(),
            rows: Vec::new(),
            footer: Vec::new(),
            right: vec![false; headers.len()],
        }
    }

    /// Right-aligns columns of plain numbers.
    pub fn numbers(mut self, columns: &[usize]) -> Table {
        for column in columns {
            if let Some(right) = self.right.get_mut(*column) {
                *right = true;
            }
        }
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Sets the footer.
    pub fn footer(&mut self, cells: Vec<String>) {
        self.footer = cells;
    }

    /// Whether there are rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table for other programs, as [`Table::render`] ends it: `csv`, `tsv`, `md` or `markdown`; `None` for other formats.
    pub fn plain(&self, format: &str) -> Option<String> {
        let (start, between, end, mark) = match format {
            "csv" => ("", ",", "", ""),
            "tsv" => ("", "\t", "", ""),
            "md" | "markdown" => ("| ", " | ", " |", "# "),
            _ => return None,
        };
        let markdown = !mark.is_empty();
        let cell = |text: &String| {
            let text = untabbed(text);
            let odd = match between {
                "," => text.contains(['"', ',', '\n']),
                _ => text.contains(['\n', '"']) || text.contains("    "),
            };
            match odd {
                _ if markdown => text.replace('|', "\\|").replace('\n', "<br/>"),
                true => format!("\"{}\"", text.replace('"', "\"\"")),
                false => text,
            }
        };
        let line = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(cell).collect();
            format!("{start}{}{end}", cells.join(between))
        };
        let title = Some(&self.title).filter(|title| !title.is_empty());
        let mut lines: Vec<String> = title
            .map(|title| format!("{mark}{title}"))
            .into_iter()
            .collect();
        lines.push(line(&self.headers));
        if markdown {
            let dashes = self.right.iter().map(|right| match right {
                true if !self.rows.is_empty() => " ---:|",
                _ => " --- |",
            });
            lines.push(format!("|{}", dashes.collect::<String>()));
        }
        lines.extend(self.rows.iter().map(line));
        lines.extend(Some(&self.footer).filter(|f| !f.is_empty()).map(line));
        let text = lines.join("\n");
        Some(
            text.split('\n')
                .map(|line| format!("{}\n", line.trim_end()))
                .collect(),
        )
    }

    /// The table, each line ending in a newline; no empty line after it.
    pub fn render(&self, look: Look) -> String {
        let count = self.headers.len();
        let lines_of = |cells: &[String]| -> Vec<Vec<String>> {
            (0..count)
                .map(|i| cell_lines(cells.get(i).map_or("", String::as_str)))
                .collect()
        };
        let header = lines_of(&self.headers);
        let rows: Vec<_> = self.rows.iter().map(|row| lines_of(row)).collect();
        let footer = lines_of(&self.footer);
        let mut widths = vec![0; count];
        for row in [&header, &footer].into_iter().chain(&rows) {
            for (width, cell) in widths.iter_mut().zip(row) {
                let widest = cell.iter().map(|line| columns(line)).max().unwrap_or(0);
                *width = (*width).max(widest);
            }
        }
        // No cell at all leaves nothing to say "number".
        let right: Vec<bool> = self
            .right
            .iter()
            .map(|r| *r && !self.rows.is_empty())
            .collect();

        let total = widths.iter().sum::<usize>() + 3 * count + 1;
        let mut pen = Pen {
            out: String::new(),
            look,
            limit: None,
        };
        let [tl, h, td, tr, v, l, x, r, bl, bu, br] = if look.double { DOUBLE } else { ROUNDED };
        let shown = look.width.map_or(total, |w| w.min(total));
        if self.title.is_empty() {
            pen.limit = look.width.filter(|w| total > *w);
            pen.rule(&widths, [tl, h, td, tr]);
        } else {
            pen.border(tl);
            pen.border(&h.repeat(shown.saturating_sub(2)));
            pen.border(tr);
            pen.end();
            let inner = shown.saturating_sub(4);
            for line in title_lines(&self.title, inner) {
                let spare = inner.saturating_sub(columns(&line));
                let left = spare - spare / 2;
                pen.border(v);
                let [left, right] = [left, spare / 2].map(blanks);
                pen.text(&format!(" {left}{line}{right} "));
                pen.border(v);
                pen.end();
            }
            pen.limit = look.width.filter(|w| total > *w);
            pen.rule(&widths, [l, h, td, r]);
        }
        pen.row(&header, &widths, &right, v);
        pen.rule(&widths, [l, h, x, r]);
        for row in &rows {
            pen.row(row, &widths, &right, v);
        }
        if !self.footer.is_empty() && rows.is_empty() {
            // Under no rows go-pretty draws one line only, and takes the footer for numbers.
            pen.row(&footer, &widths, &vec![true; count], v);
        } else if !self.footer.is_empty() {
            pen.rule(&widths, [l, h, x, r]);
            pen.row(&footer, &widths, &right, v);
        }
        pen.rule(&widths, [bl, h, bu, br]);
        pen.out
    }
}

/// Writes lines, cutting what is wider than the terminal.
struct Pen {
    out: String,
    look: Look,
    /// Cut lines to this width.
    limit: Option<usize>,
}

impl Pen {
    fn border(&mut self, piece: &str) {
        match self.look.colour {
            Some(code) => self.out.push_str(&format!("\x1b[{code}m{piece}\x1b[0m")),
            None => self.out.push_str(piece),
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn rule(&mut self, widths: &[usize], [left, flat, middle, right]: [&str; 4]) {
        self.border(left);
        for (index, width) in widths.iter().enumerate() {
            if index > 0 {
                self.border(middle);
            }
            self.border(&flat.repeat(width + 2));
        }
        self.border(right);
        self.end();
    }

    fn row(&mut self, cells: &[Vec<String>], widths: &[usize], right: &[bool], border: &str) {
        let height = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
        for line in 0..height {
            self.border(border);
            for ((cell, width), right) in cells.iter().zip(widths).zip(right) {
                let text = cell.get(line).map_or("", String::as_str);
                let spare = blanks(width - columns(text));
                match right {
                    true => self.text(&format!(" {spare}{text} ")),
                    false => self.text(&format!(" {text}{spare} ")),
                }
                self.border(border);
            }
            self.end();
        }
    }

    /// Ends a line, cut to the limit: its last two columns say so.
    fn end(&mut self) {
        if let Some(limit) = self.limit {
            let start = self.out.rfind('\n').map_or(0, |at| at + 1);
            let line = self.out.split_off(start);
            if let Some(width @ 1..) = limit.checked_sub(2) {
                self.out.push_str(&cut(&line, width));
                self.out.push_str(" ≈");
            }
        }
        self.out.push('\n');
    }
}

/// So many blanks, also more than `format!` takes.
fn blanks(count: usize) -> String {
    " ".repeat(count)
}

/// The first `width` columns; escape sequences take none and are all kept.
fn cut(line: &str, width: usize) -> String {
    let (mut out, mut used, mut escape) = (String::new(), 0, Escape::default());
    for c in line.chars() {
        if escape.takes(c) {
            out.push(c);
            continue;
        }
        used += char_columns(c);
        if used <= width {
            out.push(c);
        }
    }
    out
}

fn cell_lines(cell: &str) -> Vec<String> {
    untabbed(cell).split('\n').map(String::from).collect()
}

fn untabbed(cell: &str) -> String {
    cell.replace('\t', "    ").replace("\r\n", "\n")
}

/// A title broken hard, by characters, each line trimmed; nothing of it where there is no room.
fn title_lines(title: &str, width: usize) -> Vec<String> {
    let title = if width == 0 { "" } else { title };
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for c in title.chars() {
        if used + char_columns(c) > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        line.push(c);
        used += char_columns(c);
    }
    lines.push(line);
    lines.iter().map(|line| line.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rules() {
        let mut table = Table::new("Title", &["Key", "Length"]).numbers(&[1]);
        table.row(vec!["a".into(), "1".into()]);
        table.footer(vec!["Sum".into(), "1".into()]);
        let want = "\
╭──────────────╮
│     Title    │
├─────┬────────┤
│ Key │ Length │
├─────┼────────┤
│ a   │      1 │
├─────┼────────┤
│ Sum │      1 │
╰─────┴────────╯
";
        assert_eq!(table.render(Look::default()), want);
        let want = "# Title\n| Key | Length |\n| --- | ---:|\n| a | 1 |\n| Sum | 1 |\n";
        assert_eq!(table.plain("md").as_deref(), Some(want));
        let want = "Title\nKey,Length\na,1\nSum,1\n";
        assert_eq!(table.plain("csv").as_deref(), Some(want));
        assert_eq!(table.plain(""), None);
    }

    #[test]
    fn terminals_of_a_few_columns() {
        let mut table = Table::new("Key-Value Buckets", &["Bucket", "Description"]);
        table.row(vec!["b".into(), String::new()]);
        let at = |width| {
            let width = Some(width);
            table.render(Look {
                width,
                ..Look::default()
            })
        };
        assert_eq!(at(2), "╭╮\n│  │\n\n\n\n\n\n");
        assert_eq!(at(3), "╭─╮\n│  │\n├ ≈\n│ ≈\n├ ≈\n│ ≈\n╰ ≈\n");
        assert_eq!(at(4), "╭──╮\n│  │\n├─ ≈\n│  ≈\n├─ ≈\n│  ≈\n╰─ ≈\n");
        assert!(at(5).starts_with("╭───╮\n│ K │\n│ e │\n"));
        assert_eq!((at(1), at(0)), (at(2), at(2)));
        let wide = Table::new("世界", &["Bucket"]);
        let width = Some(5);
        let look = Look {
            width,
            ..Look::default()
        };
        assert!(wide.render(look).contains("│ 世 │\n"));
    }

    #[test]
    fn a_footer_without_rows() {
        let title = "Top 10 Active Subjects Report";
        let mut table = Table::new(title, &["Subject", "Message Count", "Bytes"]);
        table.footer(vec!["Totals".into(), "0".into(), "0 B".into()]);
        let want = "\
╭─────────────────────────────────╮
│  Top 10 Active Subjects Report  │
├─────────┬───────────────┬───────┤
│ Subject │ Message Count │ Bytes │
├─────────┼───────────────┼───────┤
│  Totals │             0 │   0 B │
╰─────────┴───────────────┴───────╯
";
        assert_eq!(table.render(Look::default()), want);
    }

    #[test]
    fn cells_of_any_width() {
        let mut table = Table::new("T", &["K"]);
        table.row(vec!["1".into()]);
        table.row(vec!["x".repeat(70_000)]);
        let text = table.render(Look::default());
        let widths = text.lines().map(|line| line.chars().count());
        assert_eq!(widths.collect::<Vec<_>>(), [70_004; 8]);
    }

    #[test]
    fn blanks_at_the_end_of_cells_and_tabs() {
        let mut table = Table::new("", &["Name", "Description"]);
        table.row(vec!["A".into(), "trailing blanks    ".into()]);
        table.row(vec!["D".into(), "tab\tx\t".into()]);
        let want = "\
╭──────┬─────────────────────╮
│ Name │ Description         │
├──────┼─────────────────────┤
│ A    │ trailing blanks     │
│ D    │ tab    x            │
╰──────┴─────────────────────╯
";
        assert_eq!(table.render(Look::default()), want);
        let want = "Name,Description\nA,trailing blanks\nD,tab    x\n";
        assert_eq!(table.plain("csv").as_deref(), Some(want));
    }

    #[test]
    fn wide_characters_and_cut_lines() {
        let mut table = Table::new("", &["K"]);
        table.row(vec!["世界".into()]);
        table.row(vec!["a\tb\nc ".into()]);
        let want = "\
╭────────╮
│ K      │
├────────┤
│ 世界   │
│ a    b │
│ c      │
╰────────╯
";
        assert_eq!(table.render(Look::default()), want);
        let mut table = Table::new("T", &["Name"]);
        table.row(vec!["x".repeat(30)]);
        let text = table.render(Look {
            width: Some(20),
            ..Look::default()
        });
        assert!(text.lines().all(|l| columns(l) == 20), "{text}");
        assert!(text.contains("│ xxxxxxxxxxxxxxxx ≈"), "{text}");
    }
}
