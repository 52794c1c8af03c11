//! Requests that go on when their client hangs up.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

/// Answers as the future in it. Dropped before that, it lets the rest run as a task of its own: what changes something is
/// finished, because between a commit and telling others of it nothing may come. Until then it is no task, so that answers to
/// bodies that break off, and panics, stay as they are.
pub(super) struct ToItsEnd<T: 'static>(Option<LocalBoxFuture<'static, T>>);

impl<T: 'static> ToItsEnd<T> {
    /// Nothing happens before it is asked.
    pub(super) fn new(going: impl Future<Output = T> + 'static) -> Self {
        Self(Some(going.boxed_local()))
    }
}

impl<T: 'static> Future for ToItsEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Out of its place meanwhile: one that panics does not go on.
        let mut going = self.0.take().expect("it has not ended yet");
        let polled = going.poll_unpin(cx);
        if polled.is_pending() {
            self.0 = Some(going);
        }
        polled
    }
}

impl<T: 'static> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        if let Some(going) = self.0.take() {
            actix_web::rt::spawn(going.map(drop));
        }
    }
}
