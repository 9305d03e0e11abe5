//! Files kept in memory, as small as a playground needs. Knows nothing of where they are kept between visits: what to keep
//! is [`MemoryFiles::all`].

use crate::{
    cli::{FileError, Files},
    wire::sorted::Sorted,
};
use std::cell::{Cell, RefCell};

/// Bytes of all files and their names together.
const CAPACITY: usize = 8 * 1024 * 1024;
/// Most files.
const MOST: usize = 10_000;

/// Files by absolute path.
pub struct MemoryFiles {
    files: RefCell<Sorted<String, Vec<u8>>>,
    used: Cell<usize>,
    changes: Cell<u64>,
    home: String,
}

impl MemoryFiles {
    /// No files; relative paths begin at `home`.
    pub fn new(home: &str) -> MemoryFiles {
        MemoryFiles {
            files: RefCell::default(),
            used: Cell::new(0),
            changes: Cell::new(0),
            home: home.to_string(),
        }
    }

    /// Path and content of every file, by path.
    pub fn all(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.files.borrow();
        files.iter().map(|(p, c)| (p.clone(), c.clone())).collect()
    }

    /// Grows with every change: says whether there is something to keep.
    pub fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn resolve(&self, path: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let folder = if path.starts_with('/') {
            ""
        } else {
            &self.home
        };
        for part in folder.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    fn is_folder(&self, path: &str) -> bool {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let files = self.files.borrow();
        let inside = files.from(&prefix).next();
        inside.is_some_and(|(name, _)| name.starts_with(&prefix))
            || format!("{}/", self.resolve(".").trim_end_matches('/')).starts_with(&prefix)
    }

    /// Why a path that leads to nothing does so: something above it may be no folder.
    fn missing(&self, absolute: &str) -> FileError {
        let files = self.files.borrow();
        let mut above = absolute;
        while let Some((folder, _)) = above.rsplit_once('/') {
            if folder == "/dev/null" || files.contains_key(folder) {
                return not_a_folder();
            }
            above = folder;
        }
        FileError::Missing
    }

    fn put(&self, path: &str, content: &[u8], keep: bool) -> Result<(), FileError> {
        let absolute = self.resolve(path);
        if absolute == "/dev/null" {
            return Ok(());
        }
        if path.is_empty() {
            return Err(FileError::Missing);
        }
        if path.ends_with('/') || self.is_folder(&absolute) {
            return Err(FileError::Folder);
        }
        if let error @ FileError::Other(_) = self.missing(&absolute) {
            return Err(error);
        }
        let mut files = self.files.borrow_mut();
        let old = files.get(&absolute).map(Vec::len);
        let removed = if keep { 0 } else { old.unwrap_or(0) };
        let name = if old.is_none() { absolute.len() } else { 0 };
        let used = self.used.get() - removed + name + content.len();
        if used > CAPACITY || (old.is_none() && files.len() >= MOST) {
            return Err(FileError::Other("no space left on device".to_string()));
        }
        let file = files.get_or_insert(absolute, Vec::new());
        if !keep {
            file.clear();
        }
        file.extend_from_slice(content);
        self.used.set(used);
        self.changes.set(self.changes.get() + 1);
        Ok(())
    }
}

fn not_a_folder() -> FileError {
    FileError::Other("not a directory".to_string())
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let absolute = self.resolve(path);
        if absolute == "/dev/null" {
            return Ok(Vec::new());
        }
        match self.files.borrow().get(&absolute) {
            Some(content) if !path.ends_with('/') => Ok(content.clone()),
            Some(_) => Err(not_a_folder()),
            None if !path.is_empty() && self.is_folder(&absolute) => Err(FileError::Folder),
            None => Err(self.missing(&absolute)),
        }
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        self.put(path, content, false)
    }

    fn append(&self, path: &str, content: &[u8]) -> Result<(), FileError> {
        self.put(path, content, true)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        let absolute = self.resolve(path);
        if self.is_folder(&absolute) {
            return Err(FileError::Folder);
        }
        let removed = self.files.borrow_mut().remove(&absolute);
        let content = removed.ok_or_else(|| self.missing(&absolute))?;
        self.used
            .set(self.used.get() - content.len() - absolute.len());
        self.changes.set(self.changes.get() + 1);
        Ok(())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let absolute = self.resolve(folder);
        if self.files.borrow().contains_key(&absolute) {
            return Err(not_a_folder());
        }
        if !self.is_folder(&absolute) {
            return Err(self.missing(&absolute));
        }
        let prefix = format!("{}/", absolute.trim_end_matches('/'));
        let files = self.files.borrow();
        let mut names: Vec<String> = files
            .from(&prefix)
            .map_while(|(path, _)| path.strip_prefix(&prefix))
            .map(|rest| rest.split_once('/').map_or(rest, |(first, _)| first).into())
            .collect();
        names.dedup();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_and_folders_are_what_files_lie_in() {
        let files = MemoryFiles::new("/home/me");
        assert_eq!(files.list("."), Ok(vec![]));
        assert_eq!(files.read("a"), Err(FileError::Missing));
        files.write("a", b"1").unwrap();
        files.append("./x/../a", b"2").unwrap();
        files.write("/home/me/folder/b", b"3").unwrap();
        assert_eq!(files.read("/home/me/a"), Ok(b"12".to_vec()));
        assert_eq!(
            files.list(""),
            Ok(vec!["a".to_string(), "folder".to_string()])
        );
        assert_eq!(files.read("folder"), Err(FileError::Folder));
        assert_eq!(files.write("folder", b""), Err(FileError::Folder));
        assert!(files.write("a/b", b"").is_err());
        assert_eq!(files.remove("a"), Ok(()));
        assert_eq!(files.remove("a"), Err(FileError::Missing));
        assert_eq!(files.all().len(), 1);
    }

    #[test]
    fn room_is_bounded_and_given_back() {
        let files = MemoryFiles::new("/");
        let big = vec![b'x'; CAPACITY - 2];
        files.write("a", &big).unwrap();
        assert_eq!(
            files.append("a", b"y"),
            Err(FileError::Other("no space left on device".to_string()))
        );
        assert!(files.write("b", b"").is_err());
        files.write("a", b"").unwrap();
        files.write("b", b"").unwrap();
        files.remove("a").unwrap();
        files.write("b", &big).unwrap();
    }
}
