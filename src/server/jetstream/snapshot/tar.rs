//! Tape archives as Go's `archive/tar` writes them: ustar, with names and sizes in PAX records where ustar has no room. Only
//! plain files. Must not know what is in them.

use crate::wire::input::Input;

/// Bytes of a header, and what bodies are filled up to.
pub const BLOCK: usize = 512;
/// Most bytes of a file. Go has no limit; blocks of messages are smaller.
const MAX_FILE: u64 = 64 << 20;

/// A file.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub name: Vec<u8>,
    /// What is in it.
    pub body: Vec<u8>,
}

/// Why it cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// No archive.
    Header,
    /// Something that is no plain file.
    Content,
    /// A file that is too large.
    Size,
}

impl Error {
    /// As nats-server says it.
    pub fn text(self) -> &'static str {
        match self {
            Error::Header => "archive/tar: invalid tar header",
            Error::Content => "unexpected content (account=$G)",
            Error::Size => "a file is too large",
        }
    }
}

/// Reads an archive that comes in parts.
#[derive(Debug, Default)]
pub struct Reader {
    /// Where to put bytes.
    pub input: Input,
    /// Name and size of the next file, where it has them in records of its own.
    name: Option<Vec<u8>>,
    size: Option<u64>,
    over: bool,
}

impl Reader {
    /// Is there a piece of something at its end?
    pub fn is_inside(&self) -> bool {
        !self.over && self.input.rest().iter().any(|byte| *byte != 0)
    }

    /// The next file; `None` until more has come, and after the end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next_file(&mut self) -> Result<Option<File>, Error> {
        while !self.over {
            let Some((head, rest)) = self.input.rest().split_first_chunk::<BLOCK>() else {
                return Ok(None);
            };
            if head.iter().all(|byte| *byte == 0) {
                let Some((second, _)) = rest.split_first_chunk::<BLOCK>() else {
                    return Ok(None);
                };
                self.over = second.iter().all(|byte| *byte == 0);
                match self.over {
                    true => break,
                    false => return Err(Error::Header),
                }
            }
            let header = Header::read(head)?;
            let records = header.kind == b'x';
            let size = self.size.filter(|_| !records).unwrap_or(header.size);
            if size > MAX_FILE {
                return Err(Error::Size);
            }
            let size = size as usize;
            let end = BLOCK + size.next_multiple_of(BLOCK);
            let Some(member) = self.input.take(end) else {
                return Ok(None);
            };
            let body = member[BLOCK..BLOCK + size].to_vec();
            if records {
                self.read_records(body)?;
                continue;
            }
            if !matches!(header.kind, b'0' | 0) {
                return Err(Error::Content);
            }
            self.size = None;
            let name = self.name.take().unwrap_or(header.name);
            return Ok(Some(File { name, body }));
        }
        self.input = Input::default();
        Ok(None)
    }

    /// `<length> <key>=<value>␊` again and again.
    fn read_records(&mut self, records: Vec<u8>) -> Result<(), Error> {
        let mut rest = &records[..];
        while !rest.is_empty() {
            let blank = rest
                .iter()
                .position(|byte| *byte == b' ')
                .ok_or(Error::Header)?;
            let length: usize = text(&rest[..blank]).parse().map_err(|_| Error::Header)?;
            let (record, after) = rest.split_at_checked(length).ok_or(Error::Header)?;
            let record = record
                .get(blank + 1..)
                .and_then(|record| record.strip_suffix(b"\n"));
            let record = record.ok_or(Error::Header)?;
            let equals = record
                .iter()
                .position(|byte| *byte == b'=')
                .ok_or(Error::Header)?;
            let value = &record[equals + 1..];
            match &record[..equals] {
                b"path" => self.name = Some(value.to_vec()),
                b"size" => self.size = Some(text(value).parse().map_err(|_| Error::Header)?),
                _ => {}
            }
            rest = after;
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// What stands before a file.
struct Header {
    name: Vec<u8>,
    size: u64,
    kind: u8,
}

impl Header {
    fn read(block: &[u8; BLOCK]) -> Result<Header, Error> {
        const CHECKSUM: std::ops::Range<usize> = 148..156;
        let counted = block.iter().enumerate().map(|(at, byte)| {
            let byte = if CHECKSUM.contains(&at) { b' ' } else { *byte };
            u64::from(byte)
        });
        if octal(&block[CHECKSUM])? != counted.sum::<u64>() {
            return Err(Error::Header);
        }
        let mut name = until_nul(&block[..100]).to_vec();
        let prefix = until_nul(&block[345..500]);
        if block[257..].starts_with(b"ustar\x00") && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        Ok(Header {
            name,
            size: octal(&block[124..136])?,
            kind: block[156],
        })
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn octal(field: &[u8]) -> Result<u64, Error> {
    let digits = text(field).trim_matches(['\0', ' ']);
    match digits {
        "" => Ok(0),
        digits => u64::from_str_radix(digits, 8).map_err(|_| Error::Header),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    /// Header and padded body of a file.
    fn member(name: &str, kind: u8, body: &[u8]) -> Vec<u8> {
        let mut block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let padding = vec![0; body.len().next_multiple_of(BLOCK) - body.len()];
        [&block, body, &padding].concat()
    }

    fn read(archive: &[u8], size: usize) -> Result<Vec<(String, usize)>, Error> {
        let (mut reader, mut files) = (Reader::default(), vec![]);
        for part in archive.chunks(size) {
            reader.input.end().extend_from_slice(part);
            while let Some(file) = reader.next_file()? {
                files.push((String::from_utf8_lossy(&file.name).into(), file.body.len()));
            }
        }
        assert!(!reader.is_inside());
        Ok(files)
    }

    #[test]
    fn files_in_any_parts() {
        let long = "d/".repeat(80) + "f";
        let record = format!("{} path={long}\n", long.len() + 10);
        let archive = [
            member("a", b'0', b"abc"),
            member("PaxHeaders.0/f", b'x', record.as_bytes()),
            member("f", b'0', &[7; BLOCK]),
            member("empty", 0, b""),
            vec![0; 2 * BLOCK],
            b"what comes after the end".to_vec(),
        ]
        .concat();
        let wanted = [("a".to_owned(), 3), (long, BLOCK), ("empty".to_owned(), 0)];
        for size in [1, 100, 1 << 20] {
            assert_eq!(read(&archive, size).as_deref(), Ok(&wanted[..]));
        }
    }

    #[test]
    fn many_files_in_one_part() {
        let archive = member("a", b'0', b"").repeat(20_000);
        let files = read(&archive, archive.len());
        assert_eq!(files, Ok(vec![("a".to_owned(), 0); 20_000]));
    }

    #[test]
    fn what_is_none() {
        let of = |kind, body: &[u8]| read(&[member("a", kind, body), vec![0; 1024]].concat(), 99);
        assert_eq!(of(b'5', b""), Err(Error::Content));
        for records in [
            "x",
            "9999 path=x\n",
            "3 \n",
            "7 path\n",
            "10 size=x\n",
            "2 path=x\n",
        ] {
            assert_eq!(
                of(b'x', records.as_bytes()),
                Err(Error::Header),
                "{records}"
            );
        }
        assert_eq!(of(b'x', b"19 size=9999999999\n"), Ok(vec![]));
        let mut damaged = member("a", b'0', b"abc");
        damaged[3] = 1;
        assert_eq!(read(&damaged, 99), Err(Error::Header));
        let huge = [
            member("x", b'x', b"19 size=9999999999\n"),
            member("a", b'0', b""),
        ]
        .concat();
        assert_eq!(read(&huge, 99), Err(Error::Size));
    }
}
