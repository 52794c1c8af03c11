//! `frontdesk simulate`: what would be, by arithmetic or by a replay.

/// What an installation of a size needs.
mod capacity;
/// What Erlang's formula speaks of, played.
mod erlang;
/// What other settings would have made of the conversations there were.
mod routing;
/// How many agents a load needs.
mod staffing;
/// Values of flags, and tables.
mod text;

use crate::config::Config;

/// What to simulate.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Simulate {
    /// How many nodes, how much memory and CPU, what the database and Redis bear, and what runs out first.
    Capacity(Box<capacity::Capacity>),
    /// Send the visitors there were through the queue again, with other settings or more agents. Changes nothing.
    Routing(routing::Routing),
    /// How many agents are needed so that most visitors are served within a time.
    Staffing(staffing::Staffing),
}

impl Simulate {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::Capacity(capacity) => capacity.run(),
            Self::Routing(routing) => routing.run(config).await,
            Self::Staffing(staffing) => staffing.run(config).await,
        }
    }
}
