//! What a sequence is made of. Plain data, so that steps can be dropped and a failing sequence can be printed.

/// Every stream that a sequence may make.
pub const STREAMS: &[&str] = &["KV_a", "S", "T", "U"];

/// One step; `id` is its own for good, also when steps before it are dropped.
#[derive(Clone, Debug)]
pub struct Step {
    pub id: u32,
    pub act: Act,
}

#[derive(Clone, Debug)]
pub enum Act {
    /// Publishes with a reply subject of its own and collects what comes there. `<time 7>` in the payload is when step 7
    /// began.
    Request {
        subject: String,
        headers: Vec<(String, String)>,
        payload: String,
    },
    /// Subscribes for the rest of the sequence.
    Subscribe {
        subject: String,
        queue: Option<String>,
    },
    /// Ends the subscription of step `of`, at once or once it got `max` messages.
    Unsubscribe { of: u32, max: Option<u64> },
    /// Answers the `nth` message that step `of` got and that wants an ack.
    Answer {
        of: u32,
        nth: usize,
        payload: String,
    },
    /// Lets time pass.
    Wait { ms: u64 },
    /// Waits until what follows other streams has everything.
    Rest,
    /// Stops the server and starts it again. Clients connect and subscribe again.
    Restart,
}

impl Step {
    /// The subject on which answers to this step come.
    pub fn inbox(&self) -> String {
        format!("_R.{}", self.id)
    }

    /// The step of which the payload wants to know when it began.
    fn time(&self) -> Option<u32> {
        let Act::Request { payload, .. } = &self.act else {
            return None;
        };
        let (_, rest) = payload.split_once("<time ")?;
        rest.split_once('>')?.0.parse().ok()
    }

    /// The commands of this step. `began` says when a step began, `ack` is the subject to answer to if it is an answer.
    pub fn commands(&self, began: &dyn Fn(u32) -> String, ack: Option<&str>) -> Vec<u8> {
        let id = self.id;
        let request = |subject: &str, headers: &[(String, String)], payload: &str| {
            let inbox = self.inbox();
            let mut out = format!("SUB {inbox} {id}\r\n");
            if headers.is_empty() {
                out += &format!("PUB {subject} {inbox} {}\r\n{payload}\r\n", payload.len());
            } else {
                let mut block = "NATS/1.0\r\n".to_string();
                for (key, value) in headers {
                    block += &format!("{key}: {value}\r\n");
                }
                block += "\r\n";
                let (head, all) = (block.len(), block.len() + payload.len());
                out += &format!("HPUB {subject} {inbox} {head} {all}\r\n{block}{payload}\r\n");
            }
            out.into_bytes()
        };
        match &self.act {
            Act::Request {
                subject,
                headers,
                payload,
            } => match self.time() {
                Some(at) => {
                    let payload = payload.replace(&format!("<time {at}>"), &began(at));
                    request(subject, headers, &payload)
                }
                None => request(subject, headers, payload),
            },
            Act::Subscribe { subject, queue } => {
                let queue = queue
                    .as_ref()
                    .map_or(String::new(), |queue| format!("{queue} "));
                format!("SUB {subject} {queue}{id}\r\n").into_bytes()
            }
            Act::Unsubscribe { of, max } => {
                let max = max.map_or(String::new(), |max| format!(" {max}"));
                format!("UNSUB {of}{max}\r\n").into_bytes()
            }
            Act::Answer { payload, .. } => match ack {
                Some(subject) => request(subject, &[], payload),
                None => Vec::new(),
            },
            Act::Rest => {
                let inbox = self.inbox();
                let info =
                    |name: &&str| format!("PUB $JS.API.STREAM.INFO.{name} {inbox} 0\r\n\r\n");
                let infos: String = STREAMS.iter().map(info).collect();
                format!("SUB {inbox} {id}\r\n{infos}").into_bytes()
            }
            Act::Wait { .. } | Act::Restart => Vec::new(),
        }
    }
}
