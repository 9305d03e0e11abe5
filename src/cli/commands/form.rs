//! How `stream add` and `consumer add` come by a setting: by its flag, with `--defaults` by its default, else by an answer.
//! Must not know which settings there are.

use super::Call;
use crate::cli::parse::Failure;

/// A question at the terminal.
pub struct Question<'a> {
    pub text: &'a str,
    /// What an empty answer means.
    pub default: &'a str,
    /// What `?` is answered.
    pub help: &'a str,
    /// What stands before the error where it cannot be asked.
    pub words: &'a str,
}

/// Takes settings from flags, and asks for the others.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    call: &'a Call,
    /// Nothing is asked that has a default.
    pub defaults: bool,
}

impl<'a> Asker<'a> {
    pub fn new(call: &'a Call) -> Asker<'a> {
        let defaults = call.values.is("defaults");
        Asker { call, defaults }
    }

    /// Asks, whatever the flags say.
    pub async fn ask(&self, question: &Question<'_>, required: bool) -> Result<String, Failure> {
        let (text, default, help) = (question.text, question.default, question.help);
        let prompt = self.call.prompt();
        let answer = prompt.input(text, default, help, required).await;
        answer.map_err(|e| e.context(question.words))
    }

    /// A text.
    pub async fn text(&self, flag: &str, question: &Question<'_>) -> Result<String, Failure> {
        match self.call.values.text(flag) {
            "" if self.defaults => Ok(question.default.into()),
            "" => self.ask(question, false).await,
            given => Ok(given.into()),
        }
    }

    /// One of several.
    pub async fn choice(
        &self,
        flag: &str,
        options: &[&str],
        question: &Question<'_>,
    ) -> Result<String, Failure> {
        match self.call.values.text(flag) {
            "" if self.defaults => Ok(question.default.into()),
            "" => {
                let options: Vec<String> = options.iter().map(|o| o.to_string()).collect();
                let (text, default, help) = (question.text, question.default, question.help);
                let prompt = self.call.prompt();
                let answer = prompt.select(text, &options, default, help).await;
                answer.map_err(|e| e.context(question.words))
            }
            given => Ok(given.into()),
        }
    }

    /// A yes or no. A question that defaults to yes asks for the opposite of its flag.
    pub async fn yes(
        &self,
        flag: &str,
        question: &str,
        default: bool,
        words: &str,
    ) -> Result<bool, Failure> {
        if self.call.values.given(flag) || self.defaults {
            return Ok(self.call.values.is(flag));
        }
        let yes = self.call.prompt().confirm(question, default).await;
        Ok(yes.map_err(|e| e.context(words))? != default)
    }
}
