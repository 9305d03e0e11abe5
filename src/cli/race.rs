//! The first of two futures: waits that a timer or ^C may end.

use crate::client::transport::LocalFuture;
use std::{future::poll_fn, task::Poll};

/// Which of two futures came first.
pub enum First<A, B> {
    /// The first.
    Left(A),
    /// The second.
    Right(B),
}

/// Runs both until one is ready; the first wins when both are. The other is left as it is.
pub async fn race<A, B>(
    left: &mut LocalFuture<'_, A>,
    right: &mut LocalFuture<'_, B>,
) -> First<A, B> {
    poll_fn(|cx| {
        if let Poll::Ready(value) = left.as_mut().poll(cx) {
            return Poll::Ready(First::Left(value));
        }
        right.as_mut().poll(cx).map(First::Right)
    })
    .await
}
