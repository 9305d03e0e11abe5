//! Ids by the hash of a name: open addressing, with the hash beside the id, so that looking one up touches one place here
//! and then one name. Must not know names.

/// A table of ids; the same hash may be there more than once.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// A power of two, or none.
    slots: Vec<Slot>,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    id: u32,
}

const EMPTY: Slot = Slot {
    hash: 0,
    id: u32::MAX,
};

impl Table {
    /// The id with this hash that `is_it`.
    pub fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots.get(at)?;
            if slot.id == EMPTY.id {
                return None;
            }
            if slot.hash == hash && is_it(slot.id) {
                return Some(slot.id);
            }
            at = self.after(at);
        }
    }

    /// Adds an id, which must not be there.
    pub fn insert(&mut self, hash: u32, id: u32) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.resize();
        }
        self.len += 1;
        self.put(Slot { hash, id });
    }

    /// Takes an id out, which must be there.
    pub fn remove(&mut self, hash: u32, id: u32) {
        let mut hole = self.home(hash);
        while self.slots[hole].id != id {
            hole = self.after(hole);
        }
        self.len -= 1;
        if self.len * 16 < self.slots.len() {
            self.slots[hole] = EMPTY;
            return self.resize();
        }
        // Those behind that look for their place from before the hole move up.
        let mut at = self.after(hole);
        while self.slots[at].id != EMPTY.id {
            let home = self.home(self.slots[at].hash);
            if self.distance(home, at) >= self.distance(hole, at) {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
            at = self.after(at);
        }
        self.slots[hole] = EMPTY;
    }

    /// Makes it twice as large as it has to be, for those that are there.
    fn resize(&mut self) {
        let size = ((self.len + 1) * 2).next_power_of_two().max(8);
        let slots = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
        let used = slots.into_iter().filter(|slot| slot.id != EMPTY.id);
        used.for_each(|slot| self.put(slot));
    }

    fn put(&mut self, slot: Slot) {
        let mut at = self.home(slot.hash);
        while self.slots[at].id != EMPTY.id {
            at = self.after(at);
        }
        self.slots[at] = slot;
    }

    fn home(&self, hash: u32) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & self.slots.len().wrapping_sub(1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.slots.len().wrapping_sub(1)
    }
}
