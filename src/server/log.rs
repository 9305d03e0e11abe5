//! The server's log: `[pid] YYYY/MM/DD hh:mm:ss.uuuuuu [TAG] text`. Keeps lines until the driver takes them.

use crate::wire::time::{Time, push_padded};

/// Lines not yet taken, and which kinds are wanted.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Process id shown.
    pub pid: u32,
    /// Offset of the local time shown, in nanoseconds; `None` shows no times.
    pub utc_offset: Option<i64>,
    /// `DBG` lines are wanted.
    pub debug: bool,
    /// `TRC` lines are wanted.
    pub trace: bool,
    pub(super) lines: Vec<String>,
    /// Which line says that JetStream has started, until lines are taken: what is restored is told before it.
    pub(super) started: Option<usize>,
}

impl Log {
    /// Adds a line.
    pub fn write(&mut self, now: Time, tag: &str, text: &str) {
        if tag == "DBG" && !self.debug || tag == "TRC" && !self.trace {
            return;
        }
        let mut line = format!("[{}] ", self.pid);
        if let Some(offset) = self.utc_offset {
            push_time(&mut line, now.after(offset));
        }
        for part in ["[", tag, "] ", text] {
            line.push_str(part);
        }
        self.lines.push(line);
    }

    /// Lines since the last call.
    pub fn take(&mut self) -> Vec<String> {
        self.started = None;
        std::mem::take(&mut self.lines)
    }
}

fn push_time(line: &mut String, time: Time) {
    let at = time.civil();
    for (value, width, separator) in [
        (at.year as u32, 4, '/'),
        (at.month, 2, '/'),
        (at.day, 2, ' '),
        (at.hour, 2, ':'),
        (at.minute, 2, ':'),
        (at.second, 2, '.'),
        (at.nanosecond / 1000, 6, ' '),
    ] {
        push_padded(line, value, width);
        line.push(separator);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut log = Log {
            pid: 7,
            utc_offset: Some(0),
            ..Log::default()
        };
        log.write(Time(1_795_537_149_846_945_610), "INF", "Server is ready");
        log.write(Time(0), "DBG", "no");
        assert_eq!(
            log.take(),
            ["[7] 2026/11/24 16:19:09.846945 [INF] Server is ready"]
        );
    }
}
