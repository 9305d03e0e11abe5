//! What an address asks of the page. Pure; the page hands in the query and the fragment.

/// Which panes an embedded page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// Only the terminal.
    #[default]
    Terminal,
    /// Only the stream.
    Stream,
    /// Both.
    Both,
}

/// An address, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// `?embed=1`: no header, one step and a terminal.
    pub embed: bool,
    /// `panel=`
    pub panel: Panel,
    /// `server=`: offered, never connected to unasked.
    pub server: Option<String>,
    /// `#step=`: a step's slug.
    pub step: Option<String>,
    /// `#run=`: command lines of a shared session.
    pub run: Vec<String>,
}

impl Address {
    /// Reads a query (`?a=b&…`) and a fragment (`#a=b&…`).
    pub fn read(query: &str, fragment: &str) -> Address {
        let mut address = Address::default();
        for (name, value) in fields(query.trim_start_matches('?')) {
            match name {
                "embed" => address.embed = value != "0",
                "panel" => {
                    address.panel = match value.as_str() {
                        "stream" => Panel::Stream,
                        "both" => Panel::Both,
                        _ => Panel::Terminal,
                    }
                }
                "server" if !value.is_empty() => address.server = Some(value),
                _ => {}
            }
        }
        for (name, value) in fields(fragment.trim_start_matches('#')) {
            match name {
                "step" => address.step = Some(value),
                "run" => address.run = value.lines().map(String::from).collect(),
                _ => {}
            }
        }
        address
    }
}

/// The fragment that opens a step, of a shared session behind its command lines.
pub fn fragment(lines: &[String], step: &str) -> String {
    let run = match lines {
        [] => String::new(),
        lines => format!("run={}&", encode(&lines.join("\n"))),
    };
    format!("#{run}step={step}")
}

fn fields(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.split('&').map(|field| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        (name, decode(value))
    })
}

/// Percent-encodes everything that is not plain in a fragment; blanks become `+`.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b':' | b',' => {
                out.push(byte.into());
            }
            byte => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(char::from_digit(digit.into(), 16).map(|c| c.to_ascii_uppercase()));
                }
            }
        }
    }
    out
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let address = Address::read("?embed=1&panel=both&theme=dark", "#step=update");
        assert_eq!((address.embed, address.panel), (true, Panel::Both));
        assert_eq!(address.step.as_deref(), Some("update"));
        let address = Address::read("?server=ws%3A%2F%2F127.0.0.1%3A8443", "");
        assert_eq!(address.server.as_deref(), Some("ws://127.0.0.1:8443"));
        assert_eq!(Address::read("", ""), Address::default());
        assert_eq!(
            Address::read("?%&=&embed", "#%zz&step").step.as_deref(),
            Some("")
        );
    }

    #[test]
    fn a_shared_session_reads_back() {
        let lines = ["nats kv put b k 'a & b=c+d%'", "echo ü | cat"].map(String::from);
        let address = Address::read("", &fragment(&lines, "put"));
        assert_eq!(address.run, lines);
        assert_eq!(address.step.as_deref(), Some("put"));
        assert_eq!(fragment(&[], "put"), "#step=put");
    }
}
