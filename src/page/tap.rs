//! Where the terminals' connections can be listened to. Hands transports on as they are until somebody listens, and knows
//! nothing of what passes.

use crate::{
    client::transport::{Connector, LocalFuture, Transport, TransportError},
    lesson::Terminal,
};
use std::{cell::RefCell, rc::Rc};

/// Puts something around a terminal's new connection.
type Listener = Box<dyn Fn(Terminal, Box<dyn Transport>) -> Box<dyn Transport>>;

/// The place to listen at; clones are the same.
#[derive(Clone, Default)]
pub struct Tap(Rc<RefCell<Option<Listener>>>);

impl Tap {
    /// Every connection from now on goes through `listener`.
    pub fn listen(
        &self,
        listener: impl Fn(Terminal, Box<dyn Transport>) -> Box<dyn Transport> + 'static,
    ) {
        *self.0.borrow_mut() = Some(Box::new(listener));
    }

    /// The same way to a server, for a terminal.
    pub fn on(&self, terminal: Terminal, connector: Rc<dyn Connector>) -> Rc<dyn Connector> {
        Rc::new(Tapped {
            tap: self.clone(),
            terminal,
            connector,
        })
    }
}

struct Tapped {
    tap: Tap,
    terminal: Terminal,
    connector: Rc<dyn Connector>,
}

impl Connector for Tapped {
    fn connect(&self) -> LocalFuture<'static, Result<Box<dyn Transport>, TransportError>> {
        let (tap, terminal, opening) = (self.tap.clone(), self.terminal, self.connector.connect());
        Box::pin(async move {
            let transport = opening.await?;
            Ok(match &*tap.0.borrow() {
                Some(listener) => listener(terminal, transport),
                None => transport,
            })
        })
    }

    fn url(&self) -> String {
        self.connector.url()
    }
}
