//! What a check found, and the forms it can be written in. Knows no server.

use super::*;

/// A figure. Seconds are kept in ns.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: i64,
    pub(super) warn: i64,
    pub(super) crit: i64,
    pub(super) unit: &'static str,
}

/// What a check found.
pub(super) struct Findings {
    pub(super) check: &'static str,
    pub(super) name: String,
    pub(super) ok: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) criticals: Vec<String>,
    pub(super) figures: Vec<Figure>,
}

/// Four decimals of seconds, or a whole number.
pub(super) fn plain(value: i64, unit: &str) -> String {
    match unit {
        "s" => {
            let (sign, value) = signed(value);
            let rounded = (value + 50_000) / 100_000;
            format!("{sign}{}.{:04}", rounded / 10_000, rounded % 10_000)
        }
        _ => value.to_string(),
    }
}

/// A limit of time in a sentence: seconds as Go prints such a number.
pub(super) fn seconds(ns: i64) -> String {
    shortest(ns, "s", -4, 21, 2)
}

/// A number in as few digits as tell it from others, with an exponent below and above these, of so many digits at least.
fn shortest(value: i64, unit: &str, low: i32, high: i32, width: usize) -> String {
    let decimals = if unit == "s" { 9 } else { 0 };
    let (sign, value) = signed(value);
    let digits = value.to_string();
    let exponent = digits.len() as i32 - 1 - decimals;
    if value != 0 && (exponent < low || exponent >= high) {
        let (first, rest) = digits.split_at(1);
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() { "" } else { "." };
        let minus = if exponent < 0 { '-' } else { '+' };
        let exponent = exponent.unsigned_abs();
        return format!("{sign}{first}{point}{rest}e{minus}{exponent:0width$}");
    }
    if unit != "s" {
        return format!("{sign}{value}");
    }
    let text = format!(
        "{sign}{}.{:09}",
        value / 1_000_000_000,
        value % 1_000_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn signed(value: i64) -> (&'static str, u64) {
    (if value < 0 { "-" } else { "" }, value.unsigned_abs())
}

impl Findings {
    pub(super) fn new(check: &'static str, name: impl Into<String>) -> Findings {
        Findings {
            check,
            name: name.into(),
            ok: Vec::new(),
            warnings: Vec::new(),
            criticals: Vec::new(),
            figures: Vec::new(),
        }
    }

    pub(super) fn ok(&mut self, text: String) {
        self.ok.push(text);
    }

    pub(super) fn critical(&mut self, text: String) {
        self.criticals.push(text);
    }

    pub(super) fn figure(
        &mut self,
        name: &'static str,
        value: i64,
        (warn, crit): (i64, i64),
        unit: &'static str,
    ) {
        self.figures.push(Figure {
            name,
            value,
            warn,
            crit,
            unit,
        });
    }

    /// A time against its limits.
    pub(super) fn timed(
        &mut self,
        ns: i64,
        (warn, crit): (i64, i64),
        bad: &dyn Fn(i64) -> String,
        good: String,
    ) {
        match ns {
            _ if crit != 0 && ns >= crit => self.criticals.push(bad(crit)),
            _ if warn != 0 && ns >= warn => self.warnings.push(bad(warn)),
            _ => self.ok.push(good),
        }
    }

    pub(super) fn status(&self) -> (&'static str, i32) {
        match () {
            _ if !self.criticals.is_empty() => ("CRITICAL", 2),
            _ if !self.warnings.is_empty() => ("WARNING", 1),
            _ => ("OK", 0),
        }
    }

    pub(super) fn nagios(&self) -> String {
        let mut words = vec![self.status().0.to_string(), self.name.clone()];
        words.extend(self.criticals.iter().map(|t| format!("Crit:{t}")));
        words.extend(self.warnings.iter().map(|t| format!("Warn:{t}")));
        words.extend(self.ok.iter().map(|t| format!("OK:{t}")));
        let mut text = words.join(" ");
        if !self.figures.is_empty() {
            text.push_str(" |");
        }
        for Figure {
            name,
            value,
            warn,
            crit,
            unit,
        } in &self.figures
        {
            text.push_str(&format!(" {name}={}{unit}", plain(*value, unit)));
            if *warn != 0 {
                text.push_str(&format!(";{}", plain(*warn, unit)));
            } else if *crit != 0 {
                text.push(';');
            }
            if *crit != 0 {
                text.push_str(&format!(";{}", plain(*crit, unit)));
            }
        }
        text
    }

    pub(super) fn json(&self) -> String {
        let mut text = String::from("{\n");
        let mut field =
            |name: &str, value: String| text.push_str(&format!("  \"{name}\": {value},\n"));
        let quoted = |text: &str| json::print(&text);
        let list = |list: &[String]| {
            let lines: Vec<String> = list.iter().map(|t| format!("    {}", quoted(t))).collect();
            format!("[\n{}\n  ]", lines.join(",\n"))
        };
        field("status", quoted(self.status().0));
        field("check_suite", quoted(self.check));
        field("check_name", quoted(&self.name));
        for (name, texts) in [
            ("warning", &self.warnings),
            ("critical", &self.criticals),
            ("ok", &self.ok),
        ] {
            if !texts.is_empty() {
                field(name, list(texts));
            }
        }
        let figures: Vec<String> = self
            .figures
            .iter()
            .map(|f| {
                let number = |value| shortest(value, f.unit, -6, i32::MAX, 1);
                let (value, warn, crit) = (number(f.value), number(f.warn), number(f.crit));
                let unit = if f.unit.is_empty() { String::new() } else { format!(",\n      \"unit\": \"{}\"", f.unit) };
                format!(
                    "    {{\n      \"name\": \"{}\",\n      \"value\": {value},\n      \"warning\": {warn},\n      \"critical\": {crit}{unit}\n    }}",
                    f.name
                )
            })
            .collect();
        let figures = match figures.is_empty() {
            true => "[]".to_string(),
            false => format!("[\n{}\n  ]", figures.join(",\n")),
        };
        text.push_str(&format!("  \"perf_data\": {figures}\n}}"));
        text
    }

    pub(super) fn prometheus(&self, namespace: &str) -> String {
        let (check, item) = (self.check, self.name.replace('"', "."));
        let named = |name: &str| match namespace {
            "" => format!("{check}_{name}"),
            namespace => format!("{namespace}_{check}_{name}"),
        };
        let mut families: Vec<(String, String, String, String)> = self
            .figures
            .iter()
            .map(|f| {
                let help =
                    help::of(f).unwrap_or_else(|| format!("Data about the NATS CLI check {check}"));
                let label = format!("item=\"{item}\"");
                (
                    named(f.name),
                    help,
                    label,
                    shortest(f.value, f.unit, -4, 6, 2),
                )
            })
            .collect();
        let (status, code) = self.status();
        families.push((
            named("status_code"),
            format!("Nagios compatible status code for {check}"),
            format!("item=\"{item}\",status=\"{status}\""),
            code.to_string(),
        ));
        families.sort();
        families
            .iter()
            .map(|(name, help, label, value)| {
                let (name, sample) = match is_metric(name) {
                    true => (name.clone(), format!("{name}{{{label}}}")),
                    // What is no name of old is quoted, and stands among the labels.
                    false => {
                        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
                        let name = format!("\"{}\"", name.replace('\n', "\\n"));
                        let sample = format!("{{{name},{label}}}");
                        (name, sample)
                    }
                };
                format!("# HELP {name} {help}\n# TYPE {name} gauge\n{sample} {value}\n")
            })
            .collect()
    }

    pub(super) fn text(&self) -> String {
        let mut out = format!("{}: {}\n\n", self.name, self.status().0);
        let mut table = Table::new("", &["Status", "Message"]);
        for (status, texts) in [
            ("OK", &self.ok),
            ("Warning", &self.warnings),
            ("Critical", &self.criticals),
        ] {
            texts
                .iter()
                .for_each(|text| table.row(vec![status.into(), text.clone()]));
        }
        if !table.is_empty() {
            out.push_str(&format!(
                "Status Detail\n\n{}",
                table.render(Default::default())
            ));
        }
        let headers = [
            "Metric",
            "Value",
            "Unit",
            "Critical Threshold",
            "Warning Threshold",
            "Description",
        ];
        let mut table = Table::new("", &headers);
        for f in &self.figures {
            let three = |value: i64| {
                let (sign, value) = signed(value);
                let (whole, millis) = match f.unit {
                    "s" => (value / 1_000_000_000, value / 1_000_000 % 1000),
                    _ => (value, 0),
                };
                format!(
                    "{sign}{}.{millis:03}",
                    crate::cli::render::number(whole as i64)
                )
            };
            let cells = [
                f.name.into(),
                three(f.value),
                f.unit.into(),
                three(f.crit),
                three(f.warn),
                help::of(f).unwrap_or_default(),
            ];
            table.row(cells.to_vec());
        }
        if !table.is_empty() {
            out.push_str(&format!(
                "\nCheck Metrics\n\n{}",
                table.render(Default::default())
            ));
        }
        out
    }

    /// Prints it and ends the command.
    pub(super) fn end(self, call: &Call) -> Outcome {
        let format = call.values.text("format");
        let text = match format {
            "json" => self.json(),
            "prometheus" => self.prometheus(call.values.text("namespace")),
            "text" => self.text(),
            _ => self.nagios(),
        };
        let text = text + "\n";
        let path = call.values.text("outfile");
        if path.is_empty() {
            call.print(&text);
        } else if let Err(error) = call.session.io.files().write_private(path, text.as_bytes()) {
            return Err(format!("open {path}: {}", error.text()).into());
        }
        match self.status().1 {
            _ if format == "prometheus" => Ok(()),
            0 => Ok(()),
            code => Err(Failure::Exit(code)),
        }
    }
}

/// Whether Prometheus has always taken a name.
fn is_metric(name: &str) -> bool {
    let plain = |c: char| c == '_' || c == ':' || c.is_ascii_alphanumeric();
    name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn limits_as_go_prints_them() {
        let limits = [1, 1000, 50_000, 100_000, 500_000_000, 3_600_000_000_000];
        let printed = ["1e-09", "1e-06", "5e-05", "0.0001", "0.5", "3600"];
        assert_eq!(limits.map(seconds), printed);
    }
}
