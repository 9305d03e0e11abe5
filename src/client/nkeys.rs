//! Keys that sign what a server asks to be signed (nkeys: Ed25519), and the files they come in. Must not know where a file is.

use super::connection::{Signer, Who};
use crate::wire::{base64, nkey};
use std::rc::Rc;

/// What a seed begins with, and what it may be of: an operator, an account or a user are written down.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;
const KINDS: [u8; 6] = [14 << 3, 13 << 3, 2 << 3, 0, USER, 23 << 3];

/// The two keys that a seed makes.
pub struct Pair {
    kind: u8,
    keys: ed25519_compact::KeyPair,
}

impl Pair {
    /// Reads a seed, such as `SUAAG…`; errors are in the words of nkeys.
    pub fn from_seed(seed: &[u8]) -> Result<Pair, String> {
        let bytes = nkey::decode(seed)?;
        let wrong = "nkeys: invalid seed";
        let [first, second, rest @ ..] = bytes.as_slice() else {
            return Err(wrong.into());
        };
        let kind = first << 5 | second >> 3;
        let seed = ed25519_compact::Seed::from_slice(rest);
        match seed {
            Ok(seed) if first & 248 == SEED && KINDS.contains(&kind) => Ok(Pair {
                kind,
                keys: ed25519_compact::KeyPair::from_seed(seed),
            }),
            _ => Err(wrong.into()),
        }
    }

    /// Finds the seed in a file: the second block of credentials, or the first line that begins like one.
    pub fn from_file(content: &[u8]) -> Result<Pair, String> {
        let begins = |line: &[u8]| [b"SO", b"SA", b"SU"].iter().any(|p| line.starts_with(*p));
        let seed = match blocks(content).get(1) {
            Some(seed) => Some(*seed),
            None => content
                .split(|b| *b == b'\n')
                .find(|line| begins(line.trim_ascii())),
        };
        let seed = seed.ok_or("nkeys: no nkey seed found")?;
        match begins(seed) {
            true => Pair::from_seed(seed),
            false => Err("nkeys: doesn't contain a seed nkey".into()),
        }
    }

    /// The public key, such as `UBEB…`.
    pub fn public(&self) -> String {
        nkey::encode(&[&[self.kind], self.keys.pk.as_ref()].concat())
    }

    /// Is it a user's?
    pub fn is_user(&self) -> bool {
        self.kind == USER
    }

    /// Signs; in base64 for URLs.
    pub fn sign(&self, text: &[u8]) -> String {
        base64::encode_url(self.keys.sk.sign(text, None).as_ref())
    }
}

/// Of a user whom the server knows by the public key.
impl From<Pair> for Signer {
    fn from(pair: Pair) -> Signer {
        Signer {
            who: Who::Nkey(pair.public()),
            sign: Rc::new(move |nonce| Ok(pair.sign(nonce))),
        }
    }
}

impl Signer {
    /// Of a user with a JWT. Where there are no keys, it is only said when they are to sign, as nats.go has it.
    pub fn of_user(jwt: String, pair: Result<Pair, String>) -> Signer {
        Signer {
            who: Who::Jwt(jwt),
            sign: Rc::new(move |nonce| match &pair {
                Ok(pair) => Ok(pair.sign(nonce)),
                Err(why) => Err(why.clone()),
            }),
        }
    }

    /// Of a user with a JWT that needs no signature.
    pub fn unsigned(jwt: String) -> Signer {
        Signer {
            who: Who::Jwt(jwt),
            sign: Rc::new(|_| Ok(String::new())),
        }
    }

    /// Of a file: credentials, or a seed alone.
    pub fn from_file(content: &[u8]) -> Result<Signer, String> {
        let pair = Pair::from_file(content)?;
        Ok(match blocks(content).len() {
            0 | 1 => pair.into(),
            _ => Signer::of_user(jwt(content), Ok(pair)),
        })
    }
}

/// The JWT of a file of credentials; all of it, where it has no block.
pub fn jwt(content: &[u8]) -> String {
    let jwt = blocks(content).first().copied().unwrap_or(content);
    String::from_utf8_lossy(jwt).into()
}

/// What stands alone in a line between two lines of dashes, as nkeys finds it.
fn blocks(content: &[u8]) -> Vec<&[u8]> {
    let lines: Vec<&[u8]> = content
        .split_inclusive(|b| *b == b'\n')
        .map_while(|line| line.strip_suffix(b"\n"))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let dashes = |line: &[u8]| {
        let before = line.strip_suffix(b"---");
        before.is_some_and(|before| before.windows(3).any(|three| three == b"---"))
    };
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b"_-.=".contains(c);
    let (mut blocks, mut at) = (Vec::new(), 0);
    while let Some([begin, body, end, ..]) = lines.get(at..) {
        let closed = end.starts_with(b"---") && dashes(end);
        if dashes(begin) && !body.is_empty() && body.iter().all(plain) && closed {
            blocks.push(*body);
            at += 3;
        } else {
            at += 1;
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "SUAAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIUGBQ";

    /// Made by nkeys 0.4.16.
    #[test]
    fn keys_and_signatures_are_those_of_nkeys() {
        let pair = Pair::from_seed(SEED.as_bytes()).unwrap();
        assert!(pair.is_user());
        let public = "UBEB5XTXFWQVPBOJ4WNAQYQBXDB7TQYHCKPD7RWX6NFKJX7NLAKOL3YH";
        assert_eq!(pair.public(), public);
        assert_eq!(
            pair.sign(b"a nonce"),
            "vQB8AlsHFo59n_F75Ck-K-0oiV2iSVenM6V3Eh9UkaUUleIAoyKvrEHdFu1R_nTgIi05to7XfU6auscsYTq5DA"
        );
    }

    #[test]
    fn files_are_read_as_nkeys_reads_them() {
        let creds = format!(
            "-----BEGIN NATS USER JWT-----\neyJ0.a-b_c\n------END NATS USER JWT------\n\n*** IMPORTANT ***\n\n\
             -----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n\n***\n"
        );
        let public = |content: &str| Pair::from_file(content.as_bytes()).map(|pair| pair.public());
        let found = public(SEED);
        assert!(found.is_ok());
        for content in [creds.clone(), creds.replace('\n', "\r\n")] {
            assert_eq!(public(&content), found);
            assert_eq!(jwt(content.as_bytes()), "eyJ0.a-b_c");
        }
        assert_eq!(jwt(b"garbage\n"), "garbage\n");
        assert_eq!(public(&format!("USER\n{SEED}\r\n")), found);
        for (content, why) in [
            ("garbage\n".into(), "nkeys: no nkey seed found"),
            ("SXAAG\n".into(), "nkeys: no nkey seed found"),
            (format!(" {SEED}"), "nkeys: doesn't contain a seed nkey"),
            (
                creds.replace(SEED, "SUAAx"),
                "illegal base32 data at input byte 4",
            ),
        ] {
            assert_eq!(public(&content), Err(why.into()));
        }
        // A public key is no seed.
        let key = found.unwrap();
        assert_eq!(
            Pair::from_seed(key.as_bytes()).err(),
            Some("nkeys: invalid seed".into())
        );
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn nothing_in_a_file_makes_them_panic(content: Vec<u8>, text in "[-SUA2-7a\r\n]{0,90}") {
            for content in [&content[..], text.as_bytes()] {
                let _ = (Pair::from_file(content).is_ok(), Pair::from_seed(content).is_ok(), jwt(content));
            }
        }
    }
}
