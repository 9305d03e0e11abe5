//! Whole streams of operations as text, for tests of the parsers.

use nats_kv_playground::wire::parser::{ClientOpParser, Limits, ServerOpParser};

/// Debug texts of all operations in `chunks`; an error ends them.
pub fn client_ops(limits: &Limits, chunks: &[&[u8]]) -> Vec<String> {
    let mut parser = ClientOpParser::new(limits.clone());
    let mut ops = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            match parser.next(&mut input) {
                Ok(Some(parsed)) => ops.push(format!("{} {:?}", parsed.verb, parsed.op)),
                Ok(None) => break,
                Err(error) => {
                    // Where the error is counted from depends on the chunk.
                    ops.push(
                        format!("{error:?}")
                            .split(" at:")
                            .next()
                            .unwrap_or_default()
                            .to_owned(),
                    );
                    return ops;
                }
            }
        }
    }
    ops
}

/// The same for a server's operations.
pub fn server_ops(chunks: &[&[u8]]) -> Vec<String> {
    let mut parser = ServerOpParser::default();
    let mut ops = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            match parser.next(&mut input) {
                Ok(Some(op)) => ops.push(format!("{op:?}")),
                Ok(None) => break,
                Err(error) => {
                    ops.push(format!("{error:?}"));
                    return ops;
                }
            }
        }
    }
    ops
}
