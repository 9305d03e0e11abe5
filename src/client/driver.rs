//! What runs behind a [`super::Client`]: one task opens the transport, reads it and reconnects. Writing happens at once,
//! from the caller.

use super::{
    connection::{Event, Options, State, Who},
    core::{Core, Stop},
    error::Error,
    mailbox::Mailbox,
    runtime::Runtime,
    transport::{Connector, TransportError},
};
use crate::wire::{json::Writer, op::ClientOp};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    rc::Rc,
    task::{Context, Poll},
};

const MILLISECOND: i64 = 1_000_000;
/// nats.go's defaults.
const PING_INTERVAL: i64 = 120_000 * MILLISECOND;
const MAX_PINGS_OUT: usize = 2;

pub(super) struct Inner {
    pub connector: Rc<dyn Connector>,
    pub runtime: Rc<dyn Runtime>,
    pub options: Options,
    pub core: RefCell<Core>,
}

impl Inner {
    /// Opens a connection, up to the first PONG, and restores what the one before it had.
    pub async fn open(&self) -> Result<(), Stop> {
        let result = self.handshake().await;
        let mut core = self.core.borrow_mut();
        match result {
            Ok(()) => core.restore(),
            Err(_) => core.disconnect(),
        }
        result
    }

    async fn handshake(&self) -> Result<(), Stop> {
        let timeout = self.options.connect_timeout;
        let mut opening = self.connector.connect();
        let opened = self
            .within(timeout, |cx| {
                opening
                    .as_mut()
                    .poll(cx)
                    .map_err(|e| Stop::Broken(e.into()))
            })
            .await?;
        let transport = opened.ok_or(Stop::Broken(Error::Timeout))?;
        self.core.borrow_mut().transport = Some(transport);

        let ready = |core: &Core| core.info_seen;
        let info = self
            .within(timeout, |cx| self.read_until(cx, &ready))
            .await?;
        info.ok_or(Stop::Broken(Error::NoInfo))?;

        let pong = Mailbox::default();
        {
            let mut core = self.core.borrow_mut();
            let connect = self.connect_json(&core.info.nonce).map_err(Stop::Broken)?;
            core.send(ClientOp::Connect(&connect));
            core.ping(Some(pong.clone()));
        }
        let ready = |_: &Core| pong.len() > 0;
        let answered = self
            .within(timeout, |cx| self.read_until(cx, &ready))
            .await?;
        answered.ok_or(Stop::Broken(Error::Timeout))
    }

    /// CONNECT's options, in nats.go's order; `nonce` is what the server asks to be signed, if it does.
    fn connect_json(&self, nonce: &str) -> Result<Vec<u8>, Error> {
        let options = &self.options;
        let (mut jwt, mut nkey, mut sig) = (None, None, None);
        if let Some(signer) = &options.signer {
            match &signer.who {
                Who::Nkey(_) if nonce.is_empty() => return Err(Error::NkeysNotSupported),
                Who::Nkey(key) => nkey = Some(key.clone()),
                Who::Jwt(token) => jwt = Some(token.clone()),
            }
            let signature = (signer.sign)(nonce.as_bytes()).map_err(Error::Signing)?;
            sig = Some(signature).filter(|sig| !sig.is_empty());
        }
        let mut json = Writer::default();
        json.open();
        json.key("verbose").bool(false).key("pedantic").bool(false);
        for (name, value) in [
            ("jwt", &jwt),
            ("nkey", &nkey),
            ("sig", &sig),
            ("user", &options.user),
            ("pass", &options.pass),
            ("auth_token", &options.token),
        ] {
            if let Some(value) = value {
                json.key(name).string(value);
            }
        }
        json.key("tls_required").bool(false);
        json.key("name").string(&options.name);
        json.key("lang").string(&options.lang);
        json.key("version").string(&options.version);
        json.key("protocol").int(1);
        for name in ["echo", "headers", "no_responders"] {
            json.key(name).bool(true);
        }
        json.close();
        Ok(json.finish())
    }

    /// Polls until it is ready, `None` after `ns`. Wakes for [`Core::wake`] too.
    fn within<T>(
        &self,
        ns: i64,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<Result<T, Stop>>,
    ) -> impl Future<Output = Result<Option<T>, Stop>> {
        let mut timer = self.runtime.sleep(ns);
        poll_fn(move |cx| {
            if let Poll::Ready(result) = poll(cx) {
                return Poll::Ready(result.map(Some));
            }
            let mut core = self.core.borrow_mut();
            if matches!(core.state, State::Closed(_)) {
                return Poll::Ready(Err(Stop::Final(None)));
            }
            core.driver = Some(cx.waker().clone());
            timer.as_mut().poll(cx).map(|()| Ok(None))
        })
    }

    /// Reads whatever there is until `ready`.
    fn read_until(
        &self,
        cx: &mut Context<'_>,
        ready: &dyn Fn(&Core) -> bool,
    ) -> Poll<Result<(), Stop>> {
        loop {
            let mut core = self.core.borrow_mut();
            if ready(&core) {
                return Poll::Ready(Ok(()));
            }
            let Some(transport) = &mut core.transport else {
                return Poll::Ready(Err(Stop::Final(None)));
            };
            let bytes = match transport.poll_receive(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(bytes)) => bytes,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Stop::Broken(error.into()))),
            };
            if let Err(stop) = core.receive(&bytes) {
                return Poll::Ready(Err(stop));
            }
            drop(core);
            self.tell();
        }
    }

    /// Hands events out; nothing is borrowed meanwhile.
    fn tell(&self) {
        let events = std::mem::take(&mut self.core.borrow_mut().events);
        if let Some(on_event) = &self.options.on_event {
            for event in &events {
                on_event(event);
            }
        }
    }

    /// The task behind a connection that stands.
    pub async fn drive(self: Rc<Inner>) {
        loop {
            let why = match self.read_on().await {
                Stop::Final(why) => break self.core.borrow_mut().close(why),
                Stop::Broken(error) => error,
            };
            if !self.options.reconnect {
                break self.core.borrow_mut().close(Some(why));
            }
            if let Err(why) = self.reconnect(why).await {
                break self.core.borrow_mut().close(why);
            }
        }
        self.tell();
    }

    /// Reads while the connection stands, with a PING now and then.
    async fn read_on(&self) -> Stop {
        loop {
            match self
                .within(PING_INTERVAL, |cx| self.read_until(cx, &|_| false))
                .await
            {
                Err(stop) => return stop,
                Ok(_) => {
                    let mut core = self.core.borrow_mut();
                    if core.pongs.len() > MAX_PINGS_OUT {
                        return Stop::Broken(Error::Server("Stale Connection".into()));
                    }
                    core.ping(None);
                }
            }
        }
    }

    /// Tries again until it is connected, or has ended for the reason given.
    async fn reconnect(&self, mut why: Error) -> Result<(), Option<Error>> {
        {
            let mut core = self.core.borrow_mut();
            core.disconnect();
            core.events.push(Event::Disconnected(reason(&why)));
        }
        for attempts in 0.. {
            let delay = self.delay(attempts);
            {
                let mut core = self.core.borrow_mut();
                core.retry_now = false;
                core.state = State::Reconnecting {
                    attempts,
                    next: Some(self.runtime.now().after(delay)),
                    why: reason(&why),
                };
                core.events.push(Event::ReconnectDelay(delay));
            }
            self.tell();
            let now = |_: &mut Context<'_>| match self.core.borrow().retry_now {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            };
            if let Err(Stop::Final(why)) = self.within(delay, now).await {
                return Err(why);
            }
            if let State::Reconnecting { next, .. } = &mut self.core.borrow_mut().state {
                *next = None;
            }
            match self.open().await {
                Ok(()) => {
                    self.core.borrow_mut().events.push(Event::Reconnected);
                    self.tell();
                    return Ok(());
                }
                Err(Stop::Broken(error)) => why = error,
                Err(Stop::Final(why)) => return Err(why),
            }
        }
        Err(Some(why))
    }

    /// natscli's back-off: 0.5 s growing to 20 s, each halved to one and a half times.
    fn delay(&self, attempt: u32) -> i64 {
        let millis = match i64::from(attempt) {
            n @ 0..2 => 500 + 250 * n,
            n => (500 * n).min(20_000),
        };
        let jitter = self.runtime.random() % millis as u64;
        (millis / 2 + jitter as i64) * MILLISECOND
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::Transport(TransportError::Closed(why)) => why.clone(),
        error => error.to_string(),
    }
}
