//! Reports of labels and values, as natscli's columns writer lays them out.

/// Collects a report.
#[derive(Default)]
pub struct Columns {
    heading: String,
    items: Vec<Item>,
}

enum Item {
    Row(String, String),
    /// Cut to fit if too long: lists and maps.
    Cut(String, String),
    Title(String),
    Line(String),
    Indent(usize),
}

impl Columns {
    /// A report under a heading (none if empty).
    pub fn new(heading: impl Into<String>) -> Columns {
        Columns {
            heading: heading.into(),
            items: Vec::new(),
        }
    }

    /// A row; without a label the value stands under the values.
    pub fn row(&mut self, label: &str, value: impl Into<String>) -> &mut Columns {
        self.items.push(Item::Row(label.into(), value.into()));
        self
    }

    /// A row unless the value is empty.
    pub fn row_if(&mut self, label: &str, value: &str) -> &mut Columns {
        if !value.is_empty() {
            self.row(label, value);
        }
        self
    }

    /// A row that says `true`, if so.
    pub fn row_if_true(&mut self, label: &str, holds: bool) -> &mut Columns {
        self.row_if(label, if holds { "true" } else { "" })
    }

    /// A row of a number, if there is one above 0.
    pub fn row_if_positive(
        &mut self,
        label: &str,
        value: i64,
        shown: fn(i64) -> String,
    ) -> &mut Columns {
        if value > 0 {
            self.row(label, shown(value));
        }
        self
    }

    /// A row of several values.
    pub fn list(&mut self, label: &str, values: &[String]) -> &mut Columns {
        self.row(label, values.join(", "))
    }

    /// A row for each entry, its value shortened in its middle when too long.
    pub fn map<'a>(&mut self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> &mut Columns {
        for (key, value) in pairs {
            self.items.push(Item::Cut(key.into(), value.into()));
        }
        self
    }

    /// The title of a section.
    pub fn title(&mut self, title: &str) -> &mut Columns {
        self.items.push(Item::Title(title.into()));
        self
    }

    /// A free line.
    pub fn line(&mut self, text: &str) -> &mut Columns {
        self.items.push(Item::Line(text.into()));
        self
    }

    /// Indents what follows.
    pub fn indent(&mut self, by: usize) -> &mut Columns {
        self.items.push(Item::Indent(by));
        self
    }

    /// The report. `most`: longest value of a map, see [`longest_value`]. `colour`: SGR code of the colons.
    pub fn render(&self, most: usize, colour: Option<u8>) -> String {
        let trimmed = |label: &str| label.strip_suffix(':').unwrap_or(label).len();
        let longest = self.items.iter().filter_map(|item| match item {
            Item::Row(label, _) | Item::Cut(label, _) => Some(trimmed(label)),
            _ => None,
        });
        let width = longest.max().unwrap_or(0) + 2;
        let colon = match colour {
            Some(code) => format!("\x1b[{code}m:\x1b[0m"),
            None => ":".into(),
        };
        let mut out = String::new();
        if !self.heading.is_empty() {
            out.push_str(&self.heading);
            out.push_str("\n\n");
        }
        let mut indent = 0;
        // What was printed last: nothing yet and titles need no empty line before a title.
        let (mut quiet, mut after_title) = (true, false);
        for (index, item) in self.items.iter().enumerate() {
            match item {
                Item::Indent(by) => {
                    indent = *by;
                    quiet &= index > 0;
                    continue;
                }
                Item::Title(title) => {
                    if !quiet {
                        out.push('\n');
                    }
                    push_blanks(&mut out, indent);
                    out.push_str(title);
                    out.push_str(if title.ends_with(':') {
                        "\n\n"
                    } else {
                        ":\n\n"
                    });
                    (quiet, after_title) = (true, true);
                    continue;
                }
                Item::Line(text) => {
                    if text.is_empty() && after_title {
                        continue;
                    }
                    push_blanks(&mut out, indent);
                    if !text.is_empty() {
                        out.push(' ');
                        out.push_str(text);
                    }
                    quiet = text.is_empty();
                }
                Item::Row(label, value) | Item::Cut(label, value) => {
                    let shown = label.strip_suffix(':').unwrap_or(label);
                    push_blanks(
                        &mut out,
                        indent + width.saturating_sub(shown.chars().count()),
                    );
                    out.push_str(shown);
                    out.push_str(if label.is_empty() { " " } else { &colon });
                    out.push(' ');
                    match item {
                        Item::Cut(..) => out.push_str(&shorten(value, most)),
                        _ => out.push_str(value),
                    }
                    quiet = false;
                }
            }
            after_title = false;
            out.push('\n');
        }
        out
    }
}

/// Longest value of a map at a terminal of `width` columns, or in a pipe.
pub fn longest_value(width: Option<usize>) -> usize {
    width.map_or(80, |w| w.saturating_sub(30).max(10))
}

fn shorten(value: &str, most: usize) -> String {
    let length = value.chars().count();
    if most <= 20 || length <= most {
        return value.into();
    }
    let half = most / 2 - 10;
    let head: String = value.chars().take(half).collect();
    let tail: String = value.chars().skip(length - half).collect();
    format!("{head} ... {tail}")
}

fn push_blanks(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_align_over_the_whole_report() {
        let mut report = Columns::new("Heading");
        report
            .row("A", "1")
            .row_if("B", "")
            .title("Section")
            .row("Longer", "");
        report
            .title("Tier: Default")
            .title("Next:")
            .line("")
            .row("Über", "x")
            .row("", "y");
        let want = "Heading\n\n       A: 1\n\nSection:\n\n  Longer: \n\nTier: Default:\n\nNext:\n\n    Über: x\n          y\n";
        assert_eq!(report.render(80, None), want);
    }

    #[test]
    fn long_values_of_maps_are_cut_in_the_middle() {
        let value = "a".repeat(40) + &"b".repeat(60);
        let mut report = Columns::new("");
        report.map([("L", &*value)].into_iter());
        let want = format!("  L: {} ... {}\n", "a".repeat(25), "b".repeat(25));
        assert_eq!(report.render(longest_value(Some(100)), None), want);
        let want = format!("  L: {} ... {}\n", "a".repeat(30), "b".repeat(30));
        assert_eq!(report.render(longest_value(None), None), want);
    }

    #[test]
    fn colons_take_the_scheme() {
        let mut report = Columns::new("");
        report.row("A", "1");
        assert_eq!(report.render(80, Some(34)), "  A\x1b[34m:\x1b[0m 1\n");
    }
}
