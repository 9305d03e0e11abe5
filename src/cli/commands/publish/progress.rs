//! The bar that many messages are counted with.

use super::*;
use crate::cli::{
    race::{First, race},
    render::columns::longest_value,
};
use crate::client::transport::LocalFuture;

/// How often the bar is drawn, whether there is something new or not.
const OFTEN: i64 = 250 * MILLISECOND;

/// A number of up to three digits before a point and two after it.
fn scaled(number: i64) -> String {
    let (unit, name) = match number {
        ..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, 'K'),
        1_000_000..1_000_000_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'B'),
    };
    let hundredths = (i128::from(number) * 100 + unit / 2) / unit;
    format!("{}.{:02}{name}", hundredths / 100, hundredths % 100)
}

/// The bar of many messages.
pub(super) struct Progress<'a> {
    call: &'a Call,
    total: i64,
    done: i64,
    started: i64,
    /// Whether there are enough messages to need one.
    pub(super) shown: bool,
    /// Whether there is a bar already.
    drawn: bool,
    /// When it is drawn next.
    due: i64,
}

impl<'a> Progress<'a> {
    /// Counts from now on.
    pub(super) fn new(call: &'a Call, total: i64) -> Progress<'a> {
        let started = call.now().0;
        Progress {
            call,
            total,
            done: 0,
            started,
            shown: total > 20 && !call.values.is("raw"),
            drawn: false,
            due: started + OFTEN,
        }
    }

    fn figures(&self, elapsed: i64) -> String {
        let rounded = (elapsed + MILLISECOND / 2) / MILLISECOND * MILLISECOND;
        format!(
            "[{} in {}; {}/s]",
            scaled(self.done),
            go_duration(rounded),
            scaled((i128::from(self.done) * 1_000_000_000 / i128::from(elapsed.max(1))) as i64)
        )
    }

    /// One more message is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        if !self.shown || self.done >= self.total {
            return;
        }
        let now = self.call.now().0;
        if now >= self.due {
            self.draw(now);
        }
    }

    /// Waits for something, and draws the bar meanwhile.
    pub(super) async fn during<T>(&mut self, wait: impl Future<Output = T>) -> T {
        let mut wait: LocalFuture<'_, T> = Box::pin(wait);
        while self.shown && self.done < self.total {
            let left = (self.due - self.call.now().0).max(0);
            let mut tick = self.call.session.runtime.sleep(left);
            match race(&mut wait, &mut tick).await {
                First::Left(value) => return value,
                First::Right(()) => self.draw(self.call.now().0),
            }
        }
        wait.await
    }

    /// What puts a line over the last one, if there is one.
    fn again(&self) -> &'static str {
        match self.drawn {
            true => "\x1b[A\x1b[K",
            false => "",
        }
    }

    fn draw(&mut self, now: i64) {
        let again = self.again();
        self.drawn = true;
        self.due = now + OFTEN - (now - self.started) % OFTEN;
        let cells = (longest_value(self.call.width()) / 2 - 2) as i64;
        let quarters = self.done * cells * 4 / self.total.max(1);
        let partial = ["░", "░", "▒", "▓"][(quarters % 4) as usize];
        let full = quarters / 4;
        let bar = "█".repeat(full as usize)
            + if full < cells { partial } else { "" }
            + &"░".repeat((cells - full - 1).max(0) as usize);
        let percent = (self.done * 10_000 + self.total / 2) / self.total.max(1);
        let figures = self.figures(now - self.started);
        let percent = format!("{}.{:02}", percent / 100, percent % 100);
        let bar = format!("{again}{percent:>5}% ║{bar}║ {figures} \n");
        self.call.print(&bar);
    }

    /// Leaves the bar: as far as it came, if that was not to the end.
    pub(super) async fn end(mut self) {
        if !self.shown {
            return;
        }
        let now = self.call.now().0;
        if self.done < self.total {
            self.draw(now);
        } else {
            let (again, figures) = (self.again(), self.figures(now - self.started));
            self.call.print(&format!("{again} done! {figures}\n"));
        }
        self.call.session.runtime.sleep(300 * MILLISECOND).await;
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn numbers_as_the_real_bar_shows_them() {
        let numbers = [999, 1000, 1449, 10_000, 113_020, 999_999, 1_234_567];
        let shown = [
            "999", "1.00K", "1.45K", "10.00K", "113.02K", "1000.00K", "1.23M",
        ];
        assert_eq!(numbers.map(scaled), shown);
    }
}
