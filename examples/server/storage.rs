//! The journal on disk: one file that is appended to and made safe before anything it is about is sent out. Once most of it
//! is about what is gone, a new one is written ([`Rewriting`]) while the old one is in use.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use nats_kv_playground::server::Server;
use nats_kv_playground::wire::time::Time;

/// The file is not written anew before so many bytes have been appended.
const MANY: u64 = 16 << 20;
/// What a new file makes safe at a time: less would wait for the disk more often, and more hold up the old file's writes.
const PIECE: usize = 8 << 20;

/// The journal of one server.
pub struct Storage {
    directory: PathBuf,
    file: File,
    /// Changes that are not in the file yet, and whether they have to be on the disk before anything goes out.
    pending: Vec<u8>,
    promised: bool,
    /// Bytes of the file, and those that were there before it was appended to.
    size: u64,
    snapshot: u64,
    /// Takes the place of the file.
    rewriting: Option<Rewriting>,
}

impl Storage {
    /// Restores `server` from `<store_dir>/jetstream` and keeps it there from now on. A journal that cannot be read whole
    /// stays beside the one that takes its place.
    pub fn open(server: &mut Server, store_dir: &str, now: Time) -> io::Result<Storage> {
        let directory = Path::new(store_dir).join("jetstream");
        fs::create_dir_all(&directory)?;
        let journal = directory.join("journal");
        match fs::read(&journal) {
            Ok(log) if server.restore(&log, now) > 0 => {
                let damaged = directory.join(format!("journal.damaged-{}", now.0));
                // Until there is a new one it also keeps its name, where files can have two.
                fs::hard_link(&journal, &damaged).or_else(|_| fs::rename(&journal, &damaged))?;
                let text = format!("The damaged journal is kept as {}", damaged.display());
                server.note("WRN", &text, now);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let (file, size) = Rewriting::start(server, &directory).finish(&directory)?;
        Ok(Storage {
            directory,
            file,
            pending: Vec::new(),
            promised: false,
            size,
            snapshot: size,
            rewriting: None,
        })
    }

    /// Is everything safe that happened so far?
    pub fn is_safe(&mut self, server: &mut Server) -> bool {
        self.promised |= server.has_promised();
        self.pending.append(&mut server.take_journal());
        self.pending.is_empty()
    }

    /// Makes everything that happened so far safe.
    pub fn commit(&mut self, server: &mut Server) -> io::Result<()> {
        if self.is_safe(server) {
            return Ok(());
        }
        if let Some(rewriting) = self.rewriting.take_if(|new| new.is_nearly_done()) {
            match rewriting.finish(&self.directory) {
                Ok((file, size)) => (self.file, self.size) = (file, size),
                // All is in the old file, too.
                Err(error) => eprintln!("nats-server: cannot write the journal anew: {error}"),
            }
            self.snapshot = self.size;
        }
        self.file.write_all(&self.pending)?;
        // What is only written survives the process, but not the machine.
        if std::mem::take(&mut self.promised) {
            self.file.sync_data()?;
        }
        self.size += self.pending.len() as u64;
        let written = std::mem::take(&mut self.pending);
        if let Some(new) = &mut self.rewriting {
            new.append(written);
        } else if self.is_overgrown(server) {
            self.rewriting = Some(Rewriting::start(server, &self.directory));
        }
        Ok(())
    }

    /// Would less than half of it do?
    fn is_overgrown(&self, server: &Server) -> bool {
        let appended = self.size - self.snapshot;
        appended > MANY.max(self.snapshot / 2) && self.size > 2 * server.file_bytes()
    }
}

/// A thread that writes a new journal beside the old one: whenever the process dies, one of the two is there whole.
struct Rewriting {
    /// What is appended to the old one meanwhile.
    changes: Sender<Vec<u8>>,
    /// Bytes it is to have by now, and those still missing.
    size: u64,
    left: Arc<AtomicU64>,
    thread: JoinHandle<io::Result<File>>,
}

impl Rewriting {
    /// Begins with the server as it is.
    fn start(server: &mut Server, directory: &Path) -> Rewriting {
        let snapshot = server.snapshot();
        let size = snapshot.len() as u64;
        let left = Arc::new(AtomicU64::new(size));
        let (changes, more) = mpsc::channel();
        let (path, missing) = (directory.join("journal.new"), left.clone());
        let thread = thread::spawn(move || write(&path, snapshot, &more, &missing));
        Rewriting {
            changes,
            size,
            left,
            thread,
        }
    }

    fn append(&mut self, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        self.size += length;
        self.left.fetch_add(length, Ordering::Relaxed);
        // Who takes nothing any more has failed, which is what it ends with.
        let _ = self.changes.send(bytes);
    }

    /// Is there so little left that it may be waited for? Also if it has failed.
    fn is_nearly_done(&self) -> bool {
        self.left.load(Ordering::Relaxed) < PIECE as u64 || self.thread.is_finished()
    }

    /// Waits for the rest and puts the new file in the place of the old one; the file, and its size.
    fn finish(self, directory: &Path) -> io::Result<(File, u64)> {
        drop(self.changes);
        let written = self.thread.join();
        let file = written.map_err(|_| io::Error::other("its thread has panicked"))??;
        fs::rename(directory.join("journal.new"), directory.join("journal"))?;
        File::open(directory)?.sync_all()?;
        Ok((file, self.size))
    }
}

/// Writes a snapshot and the changes that follow, piece by piece, until there are no more; `left` counts down.
fn write(
    path: &Path,
    snapshot: Vec<u8>,
    changes: &Receiver<Vec<u8>>,
    left: &AtomicU64,
) -> io::Result<File> {
    let mut file = File::create(path)?;
    let mut unsynced = 0;
    for bytes in std::iter::once(snapshot).chain(changes) {
        for piece in bytes.chunks(PIECE) {
            file.write_all(piece)?;
            left.fetch_sub(piece.len() as u64, Ordering::Relaxed);
            unsynced += piece.len();
            if unsynced >= PIECE {
                file.sync_data()?;
                unsynced = 0;
            }
        }
    }
    file.sync_all()?;
    Ok(file)
}
