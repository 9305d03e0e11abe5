//! The bar that many messages are counted with.

use super::*;

/// The bar of many messages.
pub(super) struct Progress<'a> {
    pub(super) call: &'a Call,
    pub(super) total: i64,
    pub(super) done: i64,
    pub(super) started: i64,
    pub(super) drawn: i64,
}

impl<'a> Progress<'a> {
    /// One if there are enough messages to need it.
    pub(super) fn new(call: &'a Call, total: i64) -> Option<Progress<'a>> {
        let started = call.now().0;
        let shown = total > 20 && !call.values.is("raw");
        shown.then_some(Progress {
            call,
            total,
            done: 0,
            started,
            drawn: started,
        })
    }

    pub(super) fn rate(&self, elapsed: i64) -> String {
        let rate = self.done as i128 * 1_000_000_000 / i128::from(elapsed.max(1));
        let scaled = |unit: i128, name: char| {
            let hundredths = rate * 100 / unit;
            format!("{}.{:02}{name}", hundredths / 100, hundredths % 100)
        };
        match rate {
            ..1_000 => rate.to_string(),
            1_000..1_000_000 => scaled(1_000, 'K'),
            1_000_000..1_000_000_000 => scaled(1_000_000, 'M'),
            _ => scaled(1_000_000_000, 'B'),
        }
    }

    pub(super) fn figures(&self, elapsed: i64) -> String {
        let rounded = (elapsed + MILLISECOND / 2) / MILLISECOND * MILLISECOND;
        format!(
            "[{} in {}; {}/s]",
            self.done,
            go_duration(rounded),
            self.rate(elapsed)
        )
    }

    pub(super) fn step(&mut self) {
        self.done += 1;
        let now = self.call.now().0;
        if now - self.drawn >= 250 * MILLISECOND && self.done < self.total {
            let again = if self.drawn == self.started {
                ""
            } else {
                "\x1b[A\x1b[K"
            };
            self.drawn = now;
            let cells =
                (self.call.session.io.size().0.saturating_sub(30) / 2).saturating_sub(2) as i64;
            let quarters = self.done * cells * 4 / self.total.max(1);
            let partial = ["░", "░", "▒", "▓"][(quarters % 4) as usize];
            let full = quarters / 4;
            let bar = "█".repeat(full as usize)
                + if full < cells { partial } else { "" }
                + &"░".repeat((cells - full - 1).max(0) as usize);
            let percent = self.done * 10_000 / self.total.max(1);
            let figures = self.figures(now - self.started);
            let percent = format!("{}.{:02}", percent / 100, percent % 100);
            self.call
                .print(&format!("{again}{percent:>5}% ║{bar}║ {figures} \n"));
        }
    }

    pub(super) async fn end(self) {
        let again = if self.drawn == self.started {
            ""
        } else {
            "\x1b[A\x1b[K"
        };
        let figures = self.figures(self.call.now().0 - self.started);
        self.call.print(&format!("{again} done! {figures}\n"));
        self.call.session.runtime.sleep(300 * MILLISECOND).await;
    }
}
