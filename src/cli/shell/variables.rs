//! The shell's variables. Knows nothing of where values come from.

use super::arithmetic::Names;
use crate::wire::sorted::Sorted;

/// All variables by name.
#[derive(Clone, Debug, Default)]
pub struct Variables(Sorted<String, Variable>);

#[derive(Clone, Debug, Default)]
struct Variable {
    /// `None`: unset on purpose, it hides the environment around the shell.
    value: Option<String>,
    exported: bool,
}

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.value.as_deref()
    }

    /// Sets a variable; it stays exported if it was.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variable(name).value = Some(value.into());
    }

    fn variable(&mut self, name: &str) -> &mut Variable {
        self.0.get_or_insert(name.to_string(), Variable::default())
    }

    /// Makes a variable part of the environment, or no longer.
    pub fn export(&mut self, name: &str, exported: bool) {
        self.variable(name).exported = exported;
    }

    /// Forgets a variable.
    pub fn unset(&mut self, name: &str) {
        let gone = Variable {
            value: None,
            exported: true,
        };
        self.0.insert(name.to_string(), gone);
    }

    /// What a command sees: `None` if this shell has nothing to say about it, `Some(None)` if it was unset.
    pub fn exported(&self, name: &str) -> Option<Option<String>> {
        let variable = self.0.get(name)?;
        variable.exported.then(|| variable.value.clone())
    }

    /// Name, value and whether exported, of those that are set, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.0
            .iter()
            .filter_map(|(name, v)| Some((name.as_str(), v.value.as_deref()?, v.exported)))
    }
}

impl Names for Variables {
    fn get(&self, name: &str) -> String {
        Variables::get(self, name).unwrap_or_default().to_string()
    }

    fn set(&mut self, name: &str, value: i64) {
        Variables::set(self, name, value.to_string());
    }
}
