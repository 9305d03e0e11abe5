//! A lesson is data: Markdown (`lessons/*.md`) turned by the build script into steps, commands and checks.
//! Knows how to ask a server through the client whether a step's outcome is there; neither the page nor the terminal.

pub mod check;
#[cfg(test)]
mod compile;

/// The lesson the page opens with.
pub static WALKTHROUGH: Lesson = include!(concat!(env!("OUT_DIR"), "/walkthrough.rs"));

/// A lesson: steps in order.
#[derive(Debug)]
pub struct Lesson {
    /// Shown above each step.
    pub title: &'static str,
    /// At least one.
    pub steps: &'static [Step],
}

/// One step: prose and commands, and how to know that it is done.
#[derive(Debug)]
pub struct Step {
    /// Names the step in addresses (`#step=SLUG`) and in kept progress.
    pub slug: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What is shown, from top to bottom.
    pub blocks: &'static [Block],
    /// Commands that bring a fresh server to where the step starts.
    pub prepare: &'static [&'static str],
    /// The buckets and keys that they make, in this order.
    pub made: &'static [Check],
    /// All of them hold when the step is done.
    pub checks: &'static [Check],
    /// Says what is now true, as the end of "Step complete: …".
    pub done: &'static str,
}

/// A part of a step.
#[derive(Debug)]
pub enum Block {
    /// Prose.
    Paragraph(&'static [Inline]),
    /// Prose for who has connected a real server.
    OnReal(&'static [Inline]),
    /// Bullets, each one paragraph.
    List(&'static [&'static [Inline]]),
    /// A command to run.
    Command(Command),
    /// Folded away until asked for.
    Details(&'static str, &'static [Block]),
}

/// A run of text within a paragraph.
#[derive(Debug)]
pub enum Inline {
    /// Plain words.
    Text(&'static str),
    /// `code`
    Code(&'static str),
    /// *stress*
    Emphasis(&'static str),
    /// A link: its words, its address.
    Link(&'static str, &'static str),
}

/// A command line and where it is to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// The terminal it belongs to.
    pub terminal: Terminal,
    /// The line; complete unless `revision_of` is set.
    pub line: &'static str,
    /// Bucket and key whose revision, as it was before the step's first command, ends the line.
    pub revision_of: Option<(&'static str, &'static str)>,
}

/// The terminals of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Terminal {
    /// The first client.
    A,
    /// The second client.
    B,
    /// Where nats-server runs.
    Server,
}

/// Something that must be true for a step to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The server answers JetStream requests.
    JetStream,
    /// The bucket is there.
    Bucket(&'static str),
    /// The bucket is gone, and was there before.
    Removed(&'static str),
    /// Bucket and key: the key has a value.
    Value(&'static str, &'static str),
    /// Bucket, key and value.
    Is(&'static str, &'static str, &'static str),
    /// Bucket and key: the key's last message is a delete or purge marker.
    Deleted(&'static str, &'static str),
    /// A terminal has shown this text (colours aside).
    Output(&'static str),
}

impl Lesson {
    /// Where a step is in the lesson.
    pub fn position(&self, slug: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.slug == slug)
    }
}

impl Step {
    /// The step's commands in order, those in folded parts included.
    pub fn commands(&self) -> Vec<Command> {
        fn collect(blocks: &[Block], commands: &mut Vec<Command>) {
            for block in blocks {
                match block {
                    Block::Command(command) => commands.push(*command),
                    Block::Details(_, blocks) => collect(blocks, commands),
                    Block::Paragraph(_) | Block::OnReal(_) | Block::List(_) => {}
                }
            }
        }
        let mut commands = Vec::new();
        collect(self.blocks, &mut commands);
        commands
    }

    /// Does the step need this terminal open?
    pub fn needs(&self, terminal: Terminal) -> bool {
        self.blocks
            .iter()
            .any(|block| matches!(block, Block::Command(command) if command.terminal == terminal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walkthrough_has_ten_steps_with_names_of_their_own() {
        let slugs: Vec<_> = WALKTHROUGH.steps.iter().map(|step| step.slug).collect();
        assert_eq!(
            slugs,
            [
                "prerequisites",
                "jetstream",
                "bucket",
                "put",
                "get",
                "delete",
                "create",
                "update",
                "watch",
                "cleanup"
            ]
        );
        assert_eq!(WALKTHROUGH.position("update"), Some(7));
        assert_eq!(WALKTHROUGH.position("nowhere"), None);
    }

    #[test]
    fn commands_know_their_terminal_and_where_their_revision_comes_from() {
        let update = &WALKTHROUGH.steps[7];
        let commands = update.commands();
        assert_eq!(
            commands[0],
            Command {
                terminal: Terminal::A,
                line: "nats kv update my-sem Semaphore1 Value2 ",
                revision_of: Some(("my-sem", "Semaphore1")),
            }
        );
        assert!(update.needs(Terminal::B));
        assert!(!update.needs(Terminal::Server));
        assert!(WALKTHROUGH.steps[1].needs(Terminal::Server));
        assert_eq!(
            update.made,
            [
                Check::Bucket("my-sem"),
                Check::Value("my-sem", "Semaphore1")
            ]
        );
    }
}
