//! A map in sorted runs: a list of short sorted lists, so that a million keys are as fast to add and remove as ten, in a
//! tenth of the code of a tree. Large values belong into a `Box`, so that they do not move.

use std::borrow::Borrow;

/// Most entries in a run: shifting that many is cheap.
const RUN: usize = 256;

/// A map with the order of its keys.
#[derive(Clone, Debug)]
pub struct Sorted<K, V> {
    /// None is empty; each is sorted, and all of it comes before the next.
    runs: Vec<Vec<(K, V)>>,
    len: usize,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Sorted {
            runs: Vec::new(),
            len: 0,
        }
    }
}

/// Where an entry is: its run, and the place in it.
type Place = (usize, usize);

impl<K: Ord, V> Sorted<K, V> {
    /// Where a key is, or would go.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        // What is behind all others goes to the end of the last run.
        let others = self.runs.len().saturating_sub(1);
        let is_before = |run: &Vec<(K, V)>| run.last().is_some_and(|(k, _)| k.borrow() < key);
        let run = self.runs[..others].partition_point(is_before);
        let Some(entries) = self.runs.get(run) else {
            return Err((run, 0));
        };
        match entries.binary_search_by(|(k, _)| k.borrow().cmp(key)) {
            Ok(at) => Ok((run, at)),
            Err(at) => Err((run, at)),
        }
    }

    /// Puts an entry where its key would go.
    fn put(&mut self, (run, at): Place, entry: (K, V)) -> &mut V {
        self.len += 1;
        let full = match self.runs.get(run) {
            Some(entries) => entries.len() == RUN,
            None => {
                self.runs.push(Vec::new());
                false
            }
        };
        let (mut run, mut at) = (run, at);
        if full {
            // Ascending keys fill one run after another.
            let middle = if at == RUN { RUN } else { RUN / 2 };
            let upper = self.runs[run].split_off(middle);
            self.runs.insert(run + 1, upper);
            if at > middle || middle == RUN {
                (run, at) = (run + 1, at - middle);
            }
        }
        let entries = &mut self.runs[run];
        entries.insert(at, entry);
        &mut entries[at].1
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.place(key).ok()?;
        Some(&self.runs[run][at].1)
    }

    /// See [`Sorted::get`].
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.place(key).ok()?;
        Some(&mut self.runs[run][at].1)
    }

    /// Has the key a value?
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Sets the value of a key, and returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok((run, at)) => Some(std::mem::replace(&mut self.runs[run][at].1, value)),
            Err(place) => {
                self.put(place, (key, value));
                None
            }
        }
    }

    /// The value of a key, put in if it has none.
    pub fn get_or_insert(&mut self, key: K, value: V) -> &mut V {
        match self.place(&key) {
            Ok((run, at)) => &mut self.runs[run][at].1,
            Err(place) => self.put(place, (key, value)),
        }
    }

    /// Takes a value out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.place(key).ok()?;
        self.len -= 1;
        let entries = &mut self.runs[run];
        let (_, value) = entries.remove(at);
        if entries.is_empty() {
            self.runs.remove(run);
        } else if entries.len() * 4 <= entries.capacity() {
            entries.shrink_to_fit();
        }
        Some(value)
    }

    /// The first entry.
    pub fn first(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The last entry.
    pub fn last(&self) -> Option<(&K, &V)> {
        let (key, value) = self.runs.last()?.last()?;
        Some((key, value))
    }

    /// Keys and values in order, from the first key that is not before `key`.
    pub fn from<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let (run, at) = self.place(key).unwrap_or_else(|place| place);
        let mut iter = Iter {
            entries: [].iter(),
            runs: self.runs[run..].iter(),
        };
        if let Some(entries) = iter.runs.next() {
            iter.entries = entries[at..].iter();
        }
        iter
    }

    /// Keeps what `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let mut len = 0;
        self.runs.retain_mut(|run| {
            run.retain(|(key, value)| keep(key, value));
            len += run.len();
            !run.is_empty()
        });
        self.len = len;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Sorted::default();
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keys and values in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter {
            entries: [].iter(),
            runs: self.runs.iter(),
        }
    }

    /// Keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// Values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// See [`Sorted::iter`].
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let entries = self.runs.iter_mut().flatten();
        entries.map(|(key, value)| (&*key, value))
    }

    /// See [`Sorted::values`].
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.runs.iter_mut().flatten().map(|(_, value)| value)
    }
}

/// Entries in order. Half the code of the `Flatten` that would do.
pub struct Iter<'a, K, V> {
    entries: std::slice::Iter<'a, (K, V)>,
    runs: std::slice::Iter<'a, Vec<(K, V)>>,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                return Some((key, value));
            }
            self.entries = self.runs.next()?.iter();
        }
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a Sorted<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    /// See [`Sorted::iter`].
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V> IntoIterator for Sorted<K, V> {
    type Item = (K, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<(K, V)>>>;

    /// Everything, in order.
    fn into_iter(self) -> Self::IntoIter {
        self.runs.into_iter().flatten()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Sorted<K, V> {
    /// Of two values for a key the later stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut all = Sorted::default();
        for (key, value) in entries {
            all.insert(key, value);
        }
        all
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Sorted<K, V> {
    fn eq(&self, other: &Self) -> bool {
        // Equal entries may be cut into runs differently.
        self.len == other.len && (self.runs.iter().flatten()).eq(other.runs.iter().flatten())
    }
}

impl<K: Eq, V: Eq> Eq for Sorted<K, V> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Many keys, so that runs split, empty and shrink; `keys` are put in, every third is taken out.
    fn compare(keys: impl Iterator<Item = u64>) {
        let (mut list, mut tree) = (Sorted::default(), BTreeMap::new());
        for (step, key) in keys.enumerate() {
            if step % 3 == 2 {
                let key = tree.range(key..).next().map_or(key, |(key, _)| *key);
                assert_eq!(list.remove(&key), tree.remove(&key));
            } else {
                assert_eq!(list.insert(key, step), tree.insert(key, step));
            }
            assert_eq!((list.len(), list.get(&key)), (tree.len(), tree.get(&key)));
            if step % 61 == 0 {
                assert!(list.iter().eq(tree.iter()));
                assert!(list.from(&key).eq(tree.range(key..)));
                assert_eq!(list.first(), tree.first_key_value());
                assert_eq!(list.last(), tree.last_key_value());
            }
        }
        list.retain(|key, _| key % 7 != 0);
        tree.retain(|key, _| key % 7 != 0);
        let again: Sorted<_, _> = tree.iter().map(|(k, v)| (*k, *v)).collect();
        assert!(again == list && list.len() == tree.len());
        assert!(list.values_mut().map(|v| *v).eq(tree.values().copied()));
        while let Some((key, _)) = list.first() {
            let key = *key;
            assert_eq!(list.remove(&key), tree.remove(&key));
        }
        assert!(tree.is_empty() && list.is_empty() && list.last().is_none());
    }

    #[test]
    fn does_what_a_tree_does() {
        compare((0..500).map(|step| step * 37 % 61));
        compare(0..4000);
        compare((0..4000).rev());
        compare((0..4000).map(|step| step * 2_654_435_761 % 4001));
    }
}
