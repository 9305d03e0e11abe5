//! What is on its way to one reader on the same thread: it waits here until the reader asks, and the reader for it. Knows
//! nothing of what it is.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Items in their order, and in the end why there are no more; clones are the same queue.
pub(crate) struct Queue<T, End>(Rc<RefCell<State<T, End>>>);

struct State<T, End> {
    items: VecDeque<T>,
    ended: Option<End>,
    reader: Option<Waker>,
}

impl<T, End> Default for Queue<T, End> {
    fn default() -> Self {
        Queue(Rc::new(RefCell::new(State {
            items: VecDeque::new(),
            ended: None,
            reader: None,
        })))
    }
}

impl<T, End> Clone for Queue<T, End> {
    fn clone(&self) -> Self {
        Queue(self.0.clone())
    }
}

impl<T, End: Clone> Queue<T, End> {
    /// Behind those that wait.
    pub fn push(&self, item: T) {
        self.0.borrow_mut().items.push_back(item);
        self.wake();
    }

    /// No more will come; what is there can still be read. The first reason counts.
    pub fn end(&self, why: End) {
        self.0.borrow_mut().ended.get_or_insert(why);
        self.wake();
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.borrow().items.len()
    }

    /// Will no more come?
    pub fn has_ended(&self) -> bool {
        self.0.borrow().ended.is_some()
    }

    /// The next one; once all are read, why there are no more.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<T, End>> {
        let mut state = self.0.borrow_mut();
        match (state.items.pop_front(), &state.ended) {
            (Some(item), _) => Poll::Ready(Ok(item)),
            (None, Some(why)) => Poll::Ready(Err(why.clone())),
            (None, None) => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The reader looks again.
    pub fn wake(&self) {
        // Nothing is borrowed any more when it looks, which may be at once.
        let reader = self.0.borrow_mut().reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}
