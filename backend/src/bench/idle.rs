//! Connections that only stay open: how fast they come, what each costs the server, and whether they stay.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;

use super::Place;
use super::link::Link;
use super::options::Load;
use super::process::{self, Processes};
use super::report::{Finished, Idle, Stay};
use super::socket::Socket;
use super::visitors::{self, Connecting, Line};

/// Opens the connections and holds them.
pub(super) async fn run(place: Place, load: &Load, connections: u32) -> anyhow::Result<Finished> {
    let tokens = visitors::tokens(&place.nodes, &place.site, connections).await?;
    let before = settled(place.server.as_ref()).await?;
    let held = Held::default();
    let connecting = visitors::connect(&place.nodes, &tokens, load.transport, false, |_, line| held.add(line)).await?;
    let opened = settled(place.server.as_ref()).await?;
    sleep(Duration::from_secs(load.hold)).await;
    let after = settled(place.server.as_ref()).await?;
    let memory = memory(before, opened, after);
    let stay = Stay { transport: load.transport, connections, held_s: load.hold, memory };
    Ok(held.report(&stay, &connecting).finish(load.json))
}

/// Memory of the servers before, with every connection open, and after they were held, in bytes.
pub(super) type Memory = Option<[u64; 3]>;

/// The three readings, if there were any.
pub(super) fn memory(before: Option<u64>, opened: Option<u64>, after: Option<u64>) -> Memory {
    Some([before?, opened?, after?])
}

/// Memory of the servers once it has come to rest.
pub(super) async fn settled(server: Option<&Processes>) -> anyhow::Result<Option<u64>> {
    match server {
        Some(server) => process::settled(server).await.context("cannot read the servers' memory").map(Some),
        None => Ok(None),
    }
}

/// Connections that are held open.
#[derive(Default)]
pub(super) struct Held {
    ended: Rc<RefCell<Vec<String>>>,
}

impl Held {
    /// Holds one more.
    pub(super) fn add(&self, line: Line) {
        match line {
            Line::Socket(socket) => self.add_socket(socket),
            Line::Poll { poller, .. } | Line::Idle(poller) => {
                let ended = Rc::clone(&self.ended);
                tokio::task::spawn_local(async move {
                    let how = poller.hold().await;
                    ended.borrow_mut().push(how);
                });
            }
        }
    }

    /// Holds one more WebSocket.
    pub(super) fn add_socket(&self, socket: Socket) {
        let (stream, parser) = socket.into_parts();
        let (link, ended) = (Link::new(stream), Rc::clone(&self.ended));
        tokio::task::spawn_local(async move {
            let how = link.read(parser, |_| {}).await;
            ended.borrow_mut().push(how);
        });
    }

    /// What came of it.
    pub(super) fn report(&self, stay: &Stay, connecting: &Connecting) -> Idle {
        Idle::new(stay, connecting, &self.ended.borrow())
    }
}
