//! Where a server's URL points to, read as nats.go reads it, with the errors of Go's `net/url` and `net`.

use crate::wire::json::quote;

/// nats-server's port, for URLs without one.
const DEFAULT_PORT: &str = "4222";

/// Host and port of a URL; scheme, credentials and port are optional. A host without a name is this computer.
///
/// # Errors
/// In Go's words, when it is no URL or has no port to connect to.
pub fn address(url: &str) -> Result<(String, u16), String> {
    let url = match url.contains("://") {
        true => url.to_owned(),
        false => format!("nats://{url}"),
    };
    let (mut host, mut port) = parse(&url)?;
    if port.is_empty() {
        // As nats.go has it, behind all there is.
        let colon = if url.ends_with(':') { "" } else { ":" };
        (host, port) = parse(&format!("{url}{colon}{DEFAULT_PORT}"))?;
    }
    let name = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(name) => name,
        None if host.contains(':') => {
            return Err(format!(
                "dial tcp: address {host}:{port}: too many colons in address"
            ));
        }
        None => &*host,
    };
    if port.is_empty() {
        return Err(format!("dial tcp: address {host}: missing port in address"));
    }
    let invalid = |_| format!("dial tcp: address {port}: invalid port");
    Ok((name.into(), port.parse().map_err(invalid)?))
}

/// Host, in the brackets that it may have, and the port, which may be empty: `parseAuthority` of `net/url`.
fn parse(url: &str) -> Result<(String, String), String> {
    let wrong = |why: String| Err(format!("parse {}: {why}", quote(url.as_bytes())));
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place);
    let (host, port) = match place.rfind(if place.starts_with('[') { ']' } else { ':' }) {
        None if place.starts_with('[') => return wrong("missing ']' in host".into()),
        None => (place, ""),
        Some(at) => place.split_at(at + usize::from(place.starts_with('['))),
    };
    let digits = port
        .strip_prefix(':')
        .unwrap_or(if port.is_empty() { "" } else { "?" });
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        let port = quote(port.as_bytes());
        return wrong(format!("invalid port {port} after host"));
    }
    if let Some(at) = host.find('%') {
        let escape: String = host[at..].chars().take(3).collect();
        return wrong(format!("invalid URL escape {}", quote(escape.as_bytes())));
    }
    let plain = |c: char| {
        !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"".contains(c)
    };
    if let Some(c) = host.chars().find(|c| !plain(*c)) {
        let c = quote(c.to_string().as_bytes());
        return wrong(format!("invalid character {c} in host name"));
    }
    Ok((host.into(), digits.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_points_to() {
        for (url, host, port) in [
            ("nats://127.0.0.1:4333", "127.0.0.1", 4333),
            ("localhost", "localhost", 4222),
            ("127.0.0.1:", "127.0.0.1", 4222),
            ("tls://user:p@ss@[::1]:1", "::1", 1),
            ("nats://[::1]", "::1", 4222),
            ("nats://host:5333/path?x#y", "host", 5333),
            ("nats://", "", 4222),
        ] {
            assert_eq!(address(url), Ok((host.into(), port)), "{url}");
        }
    }

    /// What nats 0.5.1 says to each.
    #[test]
    fn what_is_none() {
        for (url, error) in [
            (
                "foo bar",
                "parse \"nats://foo bar\": invalid character \" \" in host name",
            ),
            (
                "::::",
                "dial tcp: address ::::4222: too many colons in address",
            ),
            (
                "nats://127.0.0.1:abc",
                "parse \"nats://127.0.0.1:abc\": invalid port \":abc\" after host",
            ),
            (
                "nats://127.0.0.1:99999",
                "dial tcp: address 99999: invalid port",
            ),
            ("nats://[::1", "parse \"nats://[::1\": missing ']' in host"),
            ("%zz", "parse \"nats://%zz\": invalid URL escape \"%zz\""),
            (
                "a:b:c",
                "parse \"nats://a:b:c\": invalid port \":c\" after host",
            ),
        ] {
            assert_eq!(address(url), Err(error.into()));
        }
    }
}
