//! The journal on disk: one file that is appended to and made safe before anything it is about is sent out, and written
//! anew when it has grown.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nats_kv_playground::server::Server;
use nats_kv_playground::wire::time::Time;

/// The file is written anew when this many bytes and half of it have been appended.
const COMPACT: u64 = 64 << 20;

/// The journal of one server.
pub struct Storage {
    directory: PathBuf,
    file: File,
    /// Changes that are not in the file yet.
    pending: Vec<u8>,
    /// Bytes of the last snapshot, and those appended since.
    snapshot: u64,
    appended: u64,
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
        let (file, snapshot) = write_snapshot(server, &directory)?;
        Ok(Storage {
            directory,
            file,
            pending: Vec::new(),
            snapshot,
            appended: 0,
        })
    }

    /// Is everything safe that happened so far?
    pub fn is_safe(&mut self, server: &mut Server) -> bool {
        self.pending.append(&mut server.take_journal());
        self.pending.is_empty()
    }

    /// Makes everything that happened so far safe.
    pub fn commit(&mut self, server: &mut Server) -> io::Result<()> {
        if self.is_safe(server) {
            return Ok(());
        }
        self.file.write_all(&self.pending)?;
        self.file.sync_data()?;
        self.appended += self.pending.len() as u64;
        self.pending.clear();
        if self.appended > COMPACT && self.appended > self.snapshot / 2 {
            (self.file, self.snapshot) = write_snapshot(server, &self.directory)?;
            self.appended = 0;
        }
        Ok(())
    }
}

/// Puts a snapshot in the place of the journal: whenever the process dies, one of the two is there whole.
fn write_snapshot(server: &mut Server, directory: &Path) -> io::Result<(File, u64)> {
    let (new, journal) = (directory.join("journal.new"), directory.join("journal"));
    let snapshot = server.snapshot();
    let mut file = File::create(&new)?;
    file.write_all(&snapshot)?;
    file.sync_all()?;
    fs::rename(&new, &journal)?;
    File::open(directory)?.sync_all()?;
    let file = OpenOptions::new().append(true).open(&journal)?;
    Ok((file, snapshot.len() as u64))
}
