//! Subjects and the wildcards `*` and `>`: validity, matching, overlap. A wildcard is one only as a whole token;
//! `a*` and `foo.>x` are plain text, where no function says something else.

/// Tokens of a subject.
pub fn tokens(subject: &[u8]) -> impl Iterator<Item = &[u8]> {
    subject.split(|b| *b == b'.')
}

/// May be subscribed to as far as the server minds: no empty token, `>` only at the end. Any other byte goes.
pub fn is_subscribable(subject: &[u8]) -> bool {
    let mut ended = false;
    tokens(subject).all(|token| {
        let ok = !token.is_empty() && !ended;
        ended = token == b">";
        ok
    })
}

/// Valid in a stream's or consumer's configuration: subscribable and without blanks (space, tab, CR, LF, FF).
pub fn is_valid(subject: &[u8]) -> bool {
    is_subscribable(subject)
        && !subject
            .iter()
            .any(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0x0c))
}

/// Has no wildcard token.
pub fn is_literal(subject: &[u8]) -> bool {
    tokens(subject).all(|token| token != b"*" && token != b">")
}

/// Is it valid and without wildcards, as a subject to publish to has to be (`IsValidPublishSubject` of nats-server)?
pub fn is_valid_literal(subject: &[u8]) -> bool {
    is_valid(subject) && is_literal(subject)
}

/// Does `pattern`, wildcards allowed, match the literal `subject`? A `*` in `subject` is plain text; a subject with an
/// empty token is matched by nothing.
pub fn matches(pattern: &[u8], subject: &[u8]) -> bool {
    let mut wanted = tokens(pattern);
    let mut given = tokens(subject);
    loop {
        match (wanted.next(), given.next()) {
            (Some(b">"), Some(token)) => {
                // In the middle of a pattern it matches nothing.
                let last = wanted.next().is_none();
                return last && !token.is_empty() && given.all(|token| !token.is_empty());
            }
            (Some(b"*"), Some(token)) if !token.is_empty() => {}
            (Some(a), Some(b)) if a == b && !a.is_empty() => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Is every subject that `inner` matches also matched by `outer`? Both may have wildcards. Here, as in nats-server
/// (`isSubsetMatchTokenized`), all that begins with `*` in `outer` stands for any token but `*`.
pub fn is_subset(inner: &[u8], outer: &[u8]) -> bool {
    let mut outer = tokens(outer);
    let mut inner = tokens(inner);
    loop {
        match (outer.next(), inner.next()) {
            (Some(b">"), Some(_)) => return true,
            (_, Some(b">" | b"")) => return false,
            (Some(a), Some(b)) if a == b || a.starts_with(b"*") && b != b"*" => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Is there a subject that both match (nats-server's `SubjectsCollide`)? If both have wildcards, all that begins like one is one.
pub fn overlap(a: &[u8], b: &[u8]) -> bool {
    match (is_literal(a), is_literal(b)) {
        _ if a == b => return true,
        (true, true) => return false,
        (true, false) => return is_subset(a, b),
        (false, true) => return is_subset(b, a),
        (false, false) => {}
    }
    let wild = |token: &[u8]| token.starts_with(b"*") || token.starts_with(b">");
    let meet =
        |(x, y): (&[u8], &[u8])| !x.is_empty() && !y.is_empty() && (x == y || wild(x) || wild(y));
    let longer = |than: &[u8], this: &[u8]| tokens(this).count() > tokens(than).count();
    let open = |subject: &[u8]| tokens(subject).any(|token| token == b">");
    tokens(a).zip(tokens(b)).all(meet) && (!longer(a, b) || open(a)) && (!longer(b, a) || open(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity() {
        for subject in [
            "a", "a.b", "*", ">", "a.*.b", "a.>", "a*", "a>", "a.*b", "foo.>x", "é",
        ] {
            assert!(is_valid(subject.as_bytes()), "{subject}");
        }
        for subject in ["", ".", "a.", ".a", "a..b", ">.a", "a.>.b"] {
            assert!(!is_subscribable(subject.as_bytes()), "{subject}");
        }
        for subject in ["a b", "a\tb", "a.b\r"] {
            assert!(
                is_subscribable(subject.as_bytes()) && !is_valid(subject.as_bytes()),
                "{subject}"
            );
        }
        assert!(is_literal(b"a.b*") && !is_literal(b"a.*") && !is_literal(b">"));
    }

    #[test]
    fn matching() {
        for (pattern, subject, want) in [
            ("a.b", "a.b", true),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.*", "a", false),
            ("a.>", "a", false),
            ("a.>", "a.b.c", true),
            (">", "a", true),
            ("*.b", "a.b", true),
            ("*", "a.b", false),
            ("a.bar", "a.*", false),
            ("a.*", "a.*", true),
            ("a.*", "a.", false),
            (">", "", false),
            ("a.>", "a.b..c", false),
            ("a.>.b", "a.b", false),
            ("a.>.b", "a.b.b", false),
            (">.b", "a.b", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), subject.as_bytes()),
                want,
                "{pattern} {subject}"
            );
        }
    }

    #[test]
    fn subset_and_overlap() {
        for (a, b, subset, both) in [
            ("a.b", "a.*", true, true),
            ("a.*", "a.b", false, true),
            ("a.*", "*.*", true, true),
            ("a.>", "a.*", false, true),
            ("a.*", "a.>", true, true),
            (">", "a", false, true),
            ("a.*", "*.b", false, true),
            ("a.*.c", "a.b", false, false),
            ("a.*.c", "*.>", true, true),
            ("a", "a.>", false, false),
            ("a.b", "b.a", false, false),
            ("*", ">", true, true),
            (">", ">", true, true),
            ("a.b", "a.*x", true, false),
            ("a.*", "a.*x", false, true),
            ("a.b.c", "a.*x.*", true, true),
            ("*.b", "*.*x", true, true),
            ("*.b", "*.>x", false, true),
            ("*.b", "*.x>", false, false),
            ("*.b", ">.b.c", true, false),
            ("*.", ">.*", true, false),
        ] {
            assert_eq!(is_subset(a.as_bytes(), b.as_bytes()), subset, "{a} in {b}");
            assert_eq!(overlap(a.as_bytes(), b.as_bytes()), both, "{a} with {b}");
        }
    }
}
