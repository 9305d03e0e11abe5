//! Lists and long texts side by side: what they have in common as go-cmp finds it, and the pieces it shows of them.

use super::{Body, Line, quoted_bytes};
use std::ops::Range;

/// A search for what two lists have in common, from one of their ends.
struct Search {
    /// 1, or -1 from the back.
    step: isize,
    /// Up to where there are steps.
    at: [isize; 2],
    /// Where it looks on.
    front: [isize; 2],
    /// Elements taken one after the other: of which of the lists, or of both.
    steps: Vec<[bool; 2]>,
}

impl Search {
    fn take(&mut self, which: [bool; 2]) {
        for (at, taken) in self.at.iter_mut().zip(which) {
            *at += if taken { self.step } else { 0 };
        }
        self.steps.push(which);
    }

    /// Takes what is left up to a place; `paired` says of two elements whether they are taken as one.
    fn reach(&mut self, place: [isize; 2], paired: &dyn Fn([isize; 2], isize) -> bool) {
        while self.at != place {
            let left = [0, 1].map(|list| (place[list] - self.at[list]).abs());
            let mut which = left.map(|left| left > 0);
            if which == [true, true] && !paired(self.at, self.step) {
                which[0] = left[0] > left[1] || left[0] == left[1] && self.step > 0;
                which[1] = !which[0];
            }
            self.take(which);
        }
    }
}

/// How to get from one list to another, as go-cmp finds it: from both ends in turn, by the first element they share near a
/// diagonal. With `changed`, one element that is in the place of another is that one, changed.
pub fn script(
    lengths: [usize; 2],
    changed: bool,
    same: &dyn Fn(usize, usize) -> bool,
) -> Vec<[bool; 2]> {
    let ends = lengths.map(|length| length as isize);
    let search = |step, at| Search {
        step,
        at,
        front: at,
        steps: Vec::new(),
    };
    let (mut this, mut other) = (search(1, [0, 0]), search(-1, ends));
    let equal = |place: [isize; 2], step: isize| {
        let [x, y] = place.map(|at| (at - isize::from(step < 0)) as usize);
        x < lengths[0] && y < lengths[1] && same(x, y)
    };
    let paired = |place: [isize; 2], step: isize| changed || equal(place, step);
    let mut budget = 4 * (ends[0] + ends[1]);
    let open = |a: &[isize; 2], b: &[isize; 2], step: isize| {
        (b[0] - a[0]) * step > 0 && (b[1] - a[1]) * step > 0
    };
    while budget > 0 && open(&this.front, &other.front, this.step) {
        let (step, mut out) = (this.step, [false, false]);
        for turn in 0.. {
            if out == [true, true] || budget <= 0 {
                break;
            }
            let away = step
                * if turn % 2 == 0 {
                    turn / 2
                } else {
                    -(turn + 1) / 2
                };
            let place = [this.front[0] + away, this.front[1] - away];
            let beyond = |list: usize| (place[list] - other.at[list]) * step >= 0;
            let before = |list: usize| (place[list] - this.at[list]) * step < 0;
            if beyond(0) || before(1) {
                out[0] = true;
            } else if beyond(1) || before(0) {
                out[1] = true;
            } else if equal(place, step) {
                this.reach(place, &paired);
                while open(&this.at, &other.at, step) && equal(this.at, step) {
                    this.take([true, true]);
                }
                this.front = this.at;
                out = [true, true];
            } else {
                budget -= 1;
            }
        }
        let left = [0, 1].map(|list| (other.at[list] - this.front[list]) * step);
        this.front[usize::from(left[0] < left[1])] += step;
        std::mem::swap(&mut this, &mut other);
    }
    let (mut first, last) = if this.step > 0 {
        (this, other)
    } else {
        (other, this)
    };
    first.reach(last.at, &paired);
    first.steps.extend(last.steps.into_iter().rev());
    first.steps
}

/// A run of elements: how many are equal, gone and new.
#[derive(Clone, Copy, Default)]
struct Run {
    equal: usize,
    gone: usize,
    new: usize,
}

impl Run {
    fn differs(self) -> bool {
        self.gone + self.new > 0
    }

    /// Adds a run to those before it, to the last one if it is of its kind.
    fn push(runs: &mut Vec<Run>, run: Run) {
        match runs.last_mut() {
            Some(last) if last.differs() == run.differs() => last.add(run),
            _ => runs.push(run),
        }
    }

    fn add(&mut self, other: Run) {
        self.equal += other.equal;
        self.gone += other.gone;
        self.new += other.new;
    }
}

/// Two lists, or texts as lists of bytes, of which pieces are to be shown.
pub struct Sides<'a> {
    /// How long they are.
    pub lengths: [usize; 2],
    /// Whether an element of the first is that of the second.
    pub same: &'a dyn Fn(usize, usize) -> bool,
    /// Shows some elements of the first or the second.
    pub shown: &'a dyn Fn(usize, Range<usize>) -> String,
    /// Elements on a line.
    pub chunk: usize,
    /// What the elements are called.
    pub unit: &'static str,
}

impl Sides<'_> {
    /// What they have in common and what not, in turn.
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for step in script(self.lengths, false, self.same) {
            let one = Run {
                equal: usize::from(step == [true, true]),
                gone: usize::from(step == [true, false]),
                new: usize::from(step == [false, true]),
            };
            Run::push(&mut runs, one);
        }
        // A few that are equal between two differences belong to them.
        let mut joined: Vec<Run> = Vec::new();
        for run in runs {
            if let [.., before, between] = &mut joined[..]
                && run.differs()
                && between.equal <= self.chunk / 4
                && before.gone + run.gone > 0
                && before.new + run.new > 0
            {
                before.add(*between);
                before.add(run);
                joined.pop();
            } else {
                joined.push(run);
            }
        }
        // Those that are equal at the ends of a difference do not.
        let (mut x, mut y) = (0, 0);
        let mut runs = vec![Run::default()];
        for run in joined {
            let (old, new) = (run.equal + run.gone, run.equal + run.new);
            let most = old.min(new);
            let same = |at: &usize| (self.same)(x + at, y + at);
            let head = (0..most).take_while(same).count();
            let same = |at: &usize| (self.same)(x + old - 1 - at, y + new - 1 - at);
            let tail = (0..most - head).take_while(same).count();
            for (equal, gone, new) in [
                (head, 0, 0),
                (0, old - head - tail, new - head - tail),
                (tail, 0, 0),
            ] {
                Run::push(&mut runs, Run { equal, gone, new });
            }
            x += old;
            y += new;
        }
        runs.retain(|run| run.equal > 0 || run.differs());
        runs
    }

    /// Adds some elements, on as many lines as they take.
    fn show(&self, lines: &mut Vec<Line>, mark: char, side: usize, range: Range<usize>) {
        for start in range.clone().step_by(self.chunk) {
            let end = range.end.min(start + self.chunk);
            lines.push(row(mark, Body::Text((self.shown)(side, start..end))));
        }
    }

    /// The pieces that differ, with what is around them.
    pub fn pieces(&self) -> Vec<Line> {
        let runs = self.runs();
        let last = runs.len().saturating_sub(1);
        let mut lines = Vec::new();
        let (mut x, mut y) = (0, 0);
        for (at, run) in runs.into_iter().enumerate() {
            let near = |away: bool, length: usize| match away {
                true => 0,
                false => length.min(2 * self.chunk),
            };
            let head = near(at == 0, run.equal);
            let mut tail = near(at == last, run.equal - head);
            if run.equal - head - tail <= self.chunk {
                tail = run.equal - head;
            }
            self.show(&mut lines, ' ', 0, x..x + head);
            let hidden = run.equal - head - tail;
            x += head + hidden;
            if hidden > 0 {
                lines.push(row(' ', Body::Elided(hidden, self.unit)));
            }
            self.show(&mut lines, ' ', 0, x..x + tail);
            x += tail;
            y += run.equal;
            self.show(&mut lines, '-', 0, x..x + run.gone);
            self.show(&mut lines, '+', 1, y..y + run.new);
            x += run.gone;
            y += run.new;
        }
        lines
    }
}

fn row(mark: char, body: Body) -> Line {
    let key = String::new();
    Line { mark, key, body }
}

/// The pieces of two texts that differ.
pub fn text(old: &[u8], new: &[u8]) -> Vec<Line> {
    let sides = Sides {
        lengths: [old.len(), new.len()],
        same: &|x, y| old[x] == new[y],
        shown: &|side, range| quoted_bytes(&[old, new][side][range]),
        chunk: 64,
        unit: "bytes",
    };
    sides.pieces()
}

/// The pieces of two lists of numbers that differ.
pub fn numbers(old: &[String], new: &[String]) -> Vec<Line> {
    let sides = Sides {
        lengths: [old.len(), new.len()],
        same: &|x, y| old[x] == new[y],
        shown: &|side, range| [old, new][side][range].join(", "),
        chunk: 8,
        unit: "int64s",
    };
    sides.pieces()
}

#[cfg(test)]
mod tests {
    use super::script;

    /// All lists of up to `most` elements of three kinds.
    fn lists(most: u32) -> impl Iterator<Item = Vec<u32>> {
        let of = |length: u32| {
            (0..3u32.pow(length)).map(move |n| (0..length).map(|at| n / 3u32.pow(at) % 3).collect())
        };
        (0..=most).flat_map(of)
    }

    #[test]
    fn a_script_leads_from_each_list_to_each_other() {
        for old in lists(5) {
            for new in lists(5) {
                for changed in [false, true] {
                    let same = |x: usize, y: usize| old[x] == new[y];
                    let (mut x, mut y) = (0, 0);
                    for [gone, come] in script([old.len(), new.len()], changed, &same) {
                        if gone && come {
                            assert!(changed || same(x, y), "{old:?} {new:?}");
                        }
                        x += usize::from(gone);
                        y += usize::from(come);
                    }
                    assert_eq!((x, y), (old.len(), new.len()), "{old:?} {new:?}");
                }
            }
        }
    }
}
