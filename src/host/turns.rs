//! Turns of the event loop. What clients are sent comes in the turn of whatever it answers, which costs least; but who is
//! always busy must leave room for timers, keys and painting, so now and then one waits for the next turn.

use super::runtime::performance_now;
use js_sys::{Function, Reflect};
use std::{
    cell::RefCell,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// The turns; clones count the same ones.
#[derive(Clone, Default)]
pub struct Turns(Rc<RefCell<Turn>>);

/// How long work may follow work without a turn for others, in ms.
const LONGEST_TURN: f64 = 10.0;

#[derive(Default)]
struct Turn {
    number: u64,
    /// When the last one began, on the clock of `performance.now()`.
    began: f64,
    waiting: Vec<Waker>,
    /// Asks for a turn, which `_ring` is then called in.
    ask: Option<Box<dyn Fn()>>,
    _ring: Option<Closure<dyn Fn()>>,
}

impl Turns {
    /// Has this one been long, as far as is known? Also after a rest, since nobody tells when a turn begins.
    pub fn is_long(&self) -> bool {
        performance_now() - self.0.borrow().began > LONGEST_TURN
    }

    /// Waits for the next turn.
    pub async fn next(&self) {
        let mut until = None;
        poll_fn(|cx| {
            let mut turn = self.0.borrow_mut();
            let until = *until.get_or_insert(turn.number + 1);
            if turn.number >= until {
                return Poll::Ready(());
            }
            turn.waiting.push(cx.waker().clone());
            if turn.ask.is_none() {
                self.set_up(&mut turn);
            }
            if turn.waiting.len() == 1
                && let Some(ask) = &turn.ask
            {
                ask();
            }
            Poll::Pending
        })
        .await;
    }

    /// `setImmediate` where there is one (Node), else a message to ourselves, which unlike `setTimeout` is never held back.
    fn set_up(&self, turn: &mut Turn) {
        let turns = Rc::downgrade(&self.0);
        let ring = Closure::<dyn Fn()>::new(move || {
            if let Some(turns) = turns.upgrade() {
                let waiting = {
                    let mut turn = turns.borrow_mut();
                    turn.number += 1;
                    turn.began = performance_now();
                    std::mem::take(&mut turn.waiting)
                };
                waiting.into_iter().for_each(Waker::wake);
            }
        });
        let function: &Function = ring.as_ref().unchecked_ref();
        let immediate = Reflect::get(&js_sys::global(), &"setImmediate".into()).unwrap_or_default();
        turn.ask = match immediate.dyn_into::<Function>() {
            Ok(immediate) => {
                let function = function.clone();
                Some(Box::new(move || {
                    let _ = immediate.call1(&JsValue::UNDEFINED, &function);
                }))
            }
            Err(_) => web_sys::MessageChannel::new().ok().map(|channel| {
                channel.port1().set_onmessage(Some(function));

                Box::new(move || {
                    let _ = channel.port2().post_message(&JsValue::NULL);
                }) as Box<dyn Fn()>
            }),
        };
        turn._ring = Some(ring);
    }
}
