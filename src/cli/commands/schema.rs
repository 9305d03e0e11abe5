//! What JSON schemas of configurations forbid, in the words of the validator that natscli has. The order in which that finds
//! things is any.

/// What is wrong at one place, a line each. Several are led by a line of their own.
pub(super) type Causes = Vec<String>;

/// The longest description, in characters.
const DESCRIPTION: usize = 4096;

/// What is wrong with all of a configuration; nothing where it is valid.
pub(super) fn all(mut causes: Vec<Causes>) -> Causes {
    causes.retain(|c| !c.is_empty());
    match causes.as_mut_slice() {
        // It is all there is, and has no line of its own.
        [only] if only.len() > 1 => only.split_off(1),
        _ => causes.concat(),
    }
}

/// What is wrong at `path`, from what is wrong below it.
pub(super) fn group(path: &str, mut below: Vec<Causes>) -> Causes {
    below.retain(|causes| !causes.is_empty());
    let mut causes = below.concat();
    if below.len() > 1 {
        causes.insert(0, format!("{path}: "));
    }
    causes
}

/// A name without what separates those of subjects; as long as `times` says, `*` or `+`.
pub(super) fn pattern(path: &str, name: &str, times: char) -> Causes {
    match name.contains(['.', '*', '>']) || times == '+' && name.is_empty() {
        true => vec![format!("{path}: does not match pattern '^[^.*>]{times}$'")],
        false => Causes::new(),
    }
}

/// A text that there has to be.
pub(super) fn filled(path: &str, text: &str) -> Causes {
    match text {
        "" => vec![format!("{path}: length must be >= 1, but got 0")],
        _ => Causes::new(),
    }
}

pub(super) fn description(text: &str) -> Causes {
    let length = text.chars().count();
    match length > DESCRIPTION {
        true => vec![format!(
            "/description: length must be <= {DESCRIPTION}, but got {length}"
        )],
        false => Causes::new(),
    }
}

pub(super) fn number(path: &str, value: i64, least: i64, most: i64) -> Causes {
    let (sign, bound) = match value {
        _ if value < least => (">=", least),
        _ if value > most => ("<=", most),
        _ => return Causes::new(),
    };
    vec![format!("{path}: must be {sign} {bound} but found {value}")]
}
