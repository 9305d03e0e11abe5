//! What `set` turns on and off. Knows nothing of how commands run.

/// The options that change something here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `-e`: a command that fails ends the line, and what was pasted behind it.
    pub errexit: bool,
    /// `-u`: a variable that is not set is an error.
    pub nounset: bool,
    /// `-x`: commands are printed before they run.
    pub xtrace: bool,
    /// A pipeline fails if any of its commands does.
    pub pipefail: bool,
}

/// Letter and name of each option of bash. All are taken, as scripts set them; those not in [`Options`] change nothing.
const ALL: &[(char, &str)] = &[
    ('a', "allexport"),
    ('B', "braceexpand"),
    (' ', "emacs"),
    ('e', "errexit"),
    ('E', "errtrace"),
    ('T', "functrace"),
    ('h', "hashall"),
    ('H', "histexpand"),
    (' ', "history"),
    (' ', "ignoreeof"),
    (' ', "interactive-comments"),
    ('k', "keyword"),
    ('m', "monitor"),
    ('C', "noclobber"),
    ('n', "noexec"),
    ('f', "noglob"),
    (' ', "nolog"),
    ('b', "notify"),
    ('u', "nounset"),
    ('t', "onecmd"),
    ('P', "physical"),
    (' ', "pipefail"),
    (' ', "posix"),
    ('p', "privileged"),
    ('v', "verbose"),
    (' ', "vi"),
    ('x', "xtrace"),
];

impl Options {
    fn option(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "errexit" => &mut self.errexit,
            "nounset" => &mut self.nounset,
            "pipefail" => &mut self.pipefail,
            "xtrace" => &mut self.xtrace,
            _ => return None,
        })
    }

    fn turn(&mut self, name: &str, on: bool) {
        if let Some(option) = self.option(name) {
            *option = on;
        }
    }

    /// Takes arguments of `set`. Errors are what bash says after `set: `.
    pub fn set(&mut self, arguments: &[String]) -> Result<(), String> {
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (on, letters) = match (argument.strip_prefix('-'), argument.strip_prefix('+')) {
                (Some(letters), _) if !letters.is_empty() && letters != "-" => (true, letters),
                (_, Some(letters)) if !letters.is_empty() => (false, letters),
                _ => return Err("arguments of a script are not there".to_string()),
            };
            for letter in letters.chars() {
                if letter == 'o' {
                    let name = arguments.next().map_or("", String::as_str);
                    if !ALL.iter().any(|(_, known)| *known == name) {
                        return Err(format!("{name}: invalid option name"));
                    }
                    self.turn(name, on);
                    continue;
                }
                let known = ALL.iter().find(|(known, _)| *known == letter);
                let Some((_, name)) = known.filter(|_| letter != ' ') else {
                    let sign = if on { '-' } else { '+' };
                    return Err(format!("{sign}{letter}: invalid option"));
                };
                self.turn(name, on);
            }
        }
        Ok(())
    }

    /// What `set -o` prints.
    pub fn list(mut self) -> String {
        let mut text = String::new();
        for (_, name) in ALL {
            if let Some(option) = self.option(name) {
                let state = if *option { "on" } else { "off" };
                text.push_str(&format!("{name:<15}\t{state}\n"));
            }
        }
        text
    }
}
