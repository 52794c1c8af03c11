//! Keeps the search index up with the logs. Two loops: one reads what this node wrote, a moment later; the other, on
//! one node at a time, compares the index with all logs, newest first. What a crash or a lost call left out, and
//! everything that was there before search was, is found by the second. Where it stands is in the database.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use protocol::ids::{ConversationId, TenantId};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::actions::index_conversations::{index, missing, note_progress, take_turn, tenants};
use crate::app::App;
use crate::error::AppResult;

/// What is written within this time is read together.
const SETTLE: Duration = Duration::from_millis(500);
/// Conversations read in one step.
const STEP: usize = 32;
/// How long the turn is kept without a sign of life.
const TURN: Duration = Duration::from_secs(10);
/// Pause after a round that found nothing to do, and after an error.
const PAUSE: Duration = Duration::from_secs(20);
/// How soon a node without the turn asks again.
const ASK_AGAIN: Duration = Duration::from_secs(3);
/// A round's pause is at least so many times as long as the round: it costs at most 2 % of a core.
const REST: u32 = 50;
/// A write that waited longer than this has others beside it.
const BUSY: Duration = Duration::from_millis(2);

pub(super) async fn run(app: Arc<App>) {
    join(follow(&app), compare(&app)).await;
}

/// Reads what this node wrote.
async fn follow(app: &App) {
    loop {
        let mut grown: HashMap<TenantId, Vec<ConversationId>> = HashMap::new();
        for (tenant, conversation) in app.indexer.wait().await {
            grown.entry(tenant).or_default().push(conversation);
        }
        for (tenant, conversations) in grown {
            for some in conversations.chunks(STEP) {
                match step(app, tenant, some).await {
                    Ok(left) => left.into_iter().for_each(|id| app.indexer.call((tenant, id))),
                    Err(error) => {
                        // They are still behind, and found by comparing.
                        tracing::warn!(%error, %tenant, "cannot index conversations");
                        sleep(SETTLE).await;
                    }
                }
            }
        }
        sleep(SETTLE).await;
    }
}

/// Reads some conversations into the index, and leaves the database to others for a while when they wait for it.
async fn step(app: &App, tenant: TenantId, some: &[ConversationId]) -> AppResult<Vec<ConversationId>> {
    let done = index(app, tenant, some).await?;
    if done.waited > BUSY {
        sleep(done.took * 4).await;
    }
    Ok(done.left)
}

/// Compares the index with all logs, again and again.
async fn compare(app: &App) {
    let holder = Uuid::new_v4();
    loop {
        let began = Instant::now();
        let pause = match round(app, holder).await {
            Ok(true) => PAUSE.max(began.elapsed() * REST),
            Ok(false) => ASK_AGAIN,
            Err(error) => {
                tracing::warn!(%error, "cannot compare the search index with the logs");
                PAUSE
            }
        };
        sleep(pause).await;
    }
}

/// One comparison of everything. Says whether it was this node's turn.
async fn round(app: &App, holder: Uuid) -> AppResult<bool> {
    let mut turn = Turn { holder, until: Instant::now() };
    for tenant in tenants(app).await? {
        let mut below = Some(Uuid::max());
        while let Some(from) = below {
            if !turn.is_ours(app).await? {
                return Ok(false);
            }
            let page = missing(app, tenant, from).await?;
            let mut filled = false;
            for some in page.behind.chunks(STEP) {
                let mut left = some.to_vec();
                while !left.is_empty() {
                    if !turn.is_ours(app).await? {
                        return Ok(false);
                    }
                    left = step(app, tenant, &left).await?;
                    filled = true;
                }
            }
            if filled {
                note_progress(app, tenant, page.back_to).await?;
            }
            below = page.next;
        }
        note_progress(app, tenant, None).await?;
    }
    Ok(true)
}

/// The turn to compare.
struct Turn {
    holder: Uuid,
    until: Instant,
}

impl Turn {
    /// Takes or keeps it. It is written down again before half of the time is over.
    async fn is_ours(&mut self, app: &App) -> AppResult<bool> {
        if self.until > Instant::now() + TURN / 2 {
            return Ok(true);
        }
        self.until = Instant::now() + TURN;
        take_turn(app, self.holder, TURN).await
    }
}
