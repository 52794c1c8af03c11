//! Sends the mail that waits in the outbox. At least once: a mail that the server took but that could not be
//! marked is sent again with the same `Message-ID`. Servers that share a database take mails for a while before they
//! send them, so that each is sent by one. Woken by whoever adds a mail and by the next retry; no
//! transaction is open while a mail server is talked to.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::app::App;
use crate::error::AppResult;
use crate::mail::smtp::{Mailer, SendError};
use crate::mail::{Letter, Mail, MailKind};
use crate::metrics::metrics;
use crate::store::EveryTenant;
use crate::store::outbox::{self, Outgoing};

const MINUTE: i64 = 60_000;
/// First wait before another attempt; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: i64 = MINUTE;
/// Longest wait between two attempts.
const LONGEST_WAIT: i64 = 6 * 60 * MINUTE;
/// Attempts before a mail is given up: three days.
const ATTEMPTS: i64 = 20;
/// A mail that never could be tried for so long says nothing anybody still expects.
const STALE: i64 = 3 * 24 * 60 * MINUTE;
/// Mails sent at the same time.
const AT_ONCE: usize = 4;
/// Mails fetched at a time.
const PAGE: i64 = 50;
/// Longest sleep: the safety net should an alarm get lost.
const NAP: i64 = 5 * MINUTE;
/// Longest sleep where a mail may have been added by a server that died.
const OTHERS_NAP: Duration = Duration::from_secs(30);
/// How long a mail that is being sent is kept from other servers: longer than sending may take.
const TAKEN: i64 = 5 * MINUTE;
/// Sleep after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Sends what is due until there is nothing, and tells when the next mail is due (Unix milliseconds).
///
/// # Errors
/// When the database fails.
pub async fn deliver_due(app: &App, mailer: &Mailer) -> AppResult<Option<i64>> {
    loop {
        let due = due(app).await?;
        if due.is_empty() {
            return outbox::next_due(&mut app.store.read(EveryTenant).await?).await;
        }
        let mut rest = due.into_iter();
        let mut sending: FuturesUnordered<_> =
            rest.by_ref().take(AT_ONCE).map(|row| deliver(app, mailer, row)).collect();
        while let Some(done) = sending.next().await {
            done?;
            if let Some(row) = rest.next() {
                sending.push(deliver(app, mailer, row));
            }
        }
    }
}

/// Mails to be sent now, by this server alone.
async fn due(app: &App) -> AppResult<Vec<Outgoing>> {
    let now = app.now();
    if app.store.is_own() {
        return outbox::due(&mut app.store.read(EveryTenant).await?, now, PAGE).await;
    }
    // No more than are sent at once: what waits here is taken from the others.
    app.store.write(EveryTenant, move |tx| Box::pin(outbox::take(tx, now, now + TAKEN, AT_ONCE as i64))).await
}

/// Runs for as long as the process does.
pub async fn run(app: Arc<App>, mailer: Mailer) {
    loop {
        let nap = match deliver_due(&app, &mailer).await {
            Ok(next) => until(next, app.now()).min(if app.store.is_own() { Duration::MAX } else { OTHERS_NAP }),
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            _ = app.mailer.wait() => {}
        }
    }
}

fn until(next: Option<i64>, now: i64) -> Duration {
    let wait = next.map_or(NAP, |at| (at - now).clamp(100, NAP));
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}

async fn deliver(app: &App, mailer: &Mailer, row: Outgoing) -> AppResult<()> {
    let outcome = attempt(app, mailer, &row).await;
    let counter = if outcome.is_ok() { &metrics().mail_sent } else { &metrics().mail_not_sent };
    counter.increment(1);
    let now = app.now();
    app.store
        .write(row.tenant_id, move |tx| {
            Box::pin(async move {
                let (tenant, id) = (row.tenant_id, row.id);
                match outcome {
                    Ok(payload) => outbox::sent(tx, tenant, id, &payload, now).await,
                    Err(error) if error.is_permanent || row.attempts + 1 >= ATTEMPTS => {
                        tracing::warn!(mail = %id, error = ?error.text, "a mail was given up");
                        outbox::failed(tx, tenant, id, now, &error.text).await
                    }
                    Err(error) => {
                        let next_at = now + wait_after(row.attempts);
                        outbox::postponed(tx, tenant, id, next_at, &error.text).await
                    }
                }
            })
        })
        .await
}

/// Tries once; gives what stays stored of a mail that went out.
async fn attempt(app: &App, mailer: &Mailer, row: &Outgoing) -> Result<String, SendError> {
    let permanent = |text: &str| SendError { is_permanent: true, text: text.to_owned() };
    if row.attempts == 0 && app.now() - row.created_at > STALE {
        return Err(permanent("no mail server was configured for three days"));
    }
    let mut mail: Mail = serde_json::from_str(&row.payload).map_err(|_| permanent("the stored mail is damaged"))?;
    mailer.send(&mail, row.id).await?;
    if MailKind::is_secret(&row.kind) {
        mail.letter = Letter { subject: mail.letter.subject, ..Letter::default() };
    }
    Ok(serde_json::to_string(&mail).unwrap_or_else(|_| row.payload.clone()))
}

/// How long to wait after the attempt number `attempts` (from 0) failed, in milliseconds.
fn wait_after(attempts: i64) -> i64 {
    let doubled = u32::try_from(attempts.clamp(0, 16)).unwrap_or(16);
    (FIRST_WAIT << doubled).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS, FIRST_WAIT, LONGEST_WAIT, wait_after};

    #[test]
    fn waits_double_from_a_minute_to_six_hours_over_three_days() {
        assert_eq!(wait_after(0), FIRST_WAIT);
        assert_eq!(wait_after(1), 2 * FIRST_WAIT);
        assert_eq!(wait_after(9), LONGEST_WAIT);
        assert_eq!(wait_after(i64::MAX), LONGEST_WAIT);
        let days = (0..ATTEMPTS - 1).map(wait_after).sum::<i64>() / (24 * 60 * FIRST_WAIT);
        assert!((2..=3).contains(&days), "{days}");
    }
}
