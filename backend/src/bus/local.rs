//! The bus of a single node: publishing is delivering.

use std::sync::Arc;

use super::{Bus, Deliver, Note, Topic};

/// Delivers within this process.
pub struct LocalBus {
    receiver: Arc<dyn Deliver>,
}

impl LocalBus {
    /// A bus that hands everything to `receiver`.
    pub fn new(receiver: Arc<dyn Deliver>) -> Self {
        Self { receiver }
    }
}

impl Bus for LocalBus {
    fn publish(&self, topic: Topic, note: Note) {
        self.receiver.deliver(topic, &note);
    }
}
