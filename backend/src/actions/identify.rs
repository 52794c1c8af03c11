//! Who a visitor is in the merchant's own system (rule J6): checks what the merchant signed and takes it over.

use protocol::frame::Identity;
use protocol::ids::{ConversationId, TenantId};

use crate::app::App;
use crate::auth::VisitorIdentity;
use crate::auth::identity::{self, Proven};
use crate::error::AppResult;
use crate::store::visitor::{self, Visitor};
use crate::store::words::Words;
use crate::store::{Conn, conversation, identity_key};

/// Most conversations of a visitor whose lines are told anew.
const LINES: i64 = 50;

/// What an identity said.
#[derive(Clone)]
pub(super) struct Said {
    /// What it proves, if it is valid.
    proven: Option<Proven>,
    /// Whom it is about, whether it is valid or not.
    claimed: Option<String>,
}

impl Said {
    /// Whether it proves nothing and is ignored.
    pub(super) fn is_ignored(&self) -> bool {
        self.proven.is_none()
    }

    /// Takes over what it proves.
    pub(super) fn describe(&self, row: &mut Visitor) {
        let Some(proven) = self.proven.clone() else { return };
        row.external_id = Some(proven.external_id);
        row.vip = proven.vip;
        row.skills = Words(proven.skills);
        // What it does not say may be known from elsewhere.
        row.name = proven.name.or(row.name.take());
        row.email = proven.email.or(row.email.take());
        row.language = proven.language.or(row.language.take());
    }

    /// Whether the visitor of an earlier visit to this browser is who it is about. Somebody nobody vouched for so far
    /// becomes that person; an identity that proves nothing leaves a person alone who holds the token of the same one,
    /// and never lets anybody else into what that person wrote.
    fn is_about(&self, row: &Visitor) -> bool {
        match (&row.external_id, &self.proven) {
            (None, _) => true,
            (Some(id), Some(proven)) => *id == proven.external_id,
            (Some(id), None) => self.claimed.as_ref() == Some(id),
        }
    }
}

/// Checks an identity against the tenant's keys.
///
/// # Errors
/// When the database fails.
pub(super) async fn check(app: &App, tenant: TenantId, said: &Identity) -> AppResult<Said> {
    let keys = identity_key::list(&mut app.store.read(tenant).await?, tenant).await?;
    let open = |key: identity_key::IdentityKey| {
        let secret = app.keys.open_identity_secret(tenant, key.id, &key.secret);
        let told = |error: &_| tracing::error!(%error, key = %key.id, "an identity key cannot be used");
        secret.inspect_err(told).ok()
    };
    let secrets: Vec<String> = keys.into_iter().filter(|key| key.revoked_at.is_none()).filter_map(open).collect();
    let proven = identity::verify(said, &secrets, app.now());
    if let Err(flaw) = proven {
        // For whoever asks why a merchant's visitors are strangers; the visitor is not told.
        tracing::info!(%tenant, %flaw, "an identity was ignored");
    }
    Ok(Said { proven: proven.ok(), claimed: identity::claimed_id(said) })
}

/// Whether a visitor of an earlier visit stays the same; takes over what is proven.
///
/// # Errors
/// When the database fails.
pub(super) async fn stays(app: &App, who: &VisitorIdentity, said: &Said) -> AppResult<bool> {
    let (tenant, id) = (who.tenant, who.visitor);
    let row = visitor::find(&mut app.store.read(tenant).await?, tenant, id).await?;
    let Some(row) = row.filter(|row| said.is_about(row)) else { return Ok(false) };
    if !would_change(&row, said) {
        return Ok(true);
    }
    let taken = said.clone();
    let written = app
        .store
        .write((tenant, id), move |tx| Box::pin(async move { take_over(tx, (tenant, id), &taken).await }))
        .await?;
    let Some(lines) = written else { return Ok(false) };
    for conversation in lines {
        app.announcer.call((tenant, conversation));
    }
    Ok(true)
}

fn would_change(row: &Visitor, said: &Said) -> bool {
    let mut after = row.clone();
    said.describe(&mut after);
    after != *row
}

/// Writes what is proven to the row, unless it has become another person's; gives the conversations whose lines show it.
async fn take_over(
    tx: &mut Conn,
    (tenant, id): (TenantId, protocol::ids::VisitorId),
    said: &Said,
) -> AppResult<Option<Vec<ConversationId>>> {
    let row = visitor::find_to_change(tx, tenant, id).await?;
    let Some(mut row) = row.filter(|row| said.is_about(row)) else { return Ok(None) };
    said.describe(&mut row);
    visitor::save(tx, tenant, &row).await?;
    let rows = conversation::of_visitor(tx, tenant, id, LINES).await?;
    Ok(Some(rows.into_iter().filter(conversation::Conversation::is_open).map(|row| row.id).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::{SiteId, VisitorId};
    use uuid::Uuid;

    fn somebody(external_id: Option<&str>) -> Visitor {
        let row = Visitor::new(VisitorId(Uuid::from_u128(1)), SiteId(Uuid::from_u128(2)), 0);
        Visitor { external_id: external_id.map(str::to_owned), name: Some("typed".to_owned()), ..row }
    }

    fn proves(id: &str) -> Said {
        let proven = Proven {
            external_id: id.to_owned(),
            name: None,
            email: None,
            vip: true,
            language: None,
            skills: vec!["returns".to_owned()],
        };
        Said { proven: Some(proven), claimed: Some(id.to_owned()) }
    }

    fn claims(id: Option<&str>) -> Said {
        Said { proven: None, claimed: id.map(str::to_owned) }
    }

    #[test]
    fn a_browser_shows_a_person_only_to_that_person() {
        for (known, said, stays) in [
            (None, proves("7"), true),
            (None, claims(Some("7")), true),
            (None, claims(None), true),
            (Some("7"), proves("7"), true),
            (Some("7"), proves("8"), false),
            (Some("7"), claims(Some("7")), true),
            (Some("7"), claims(Some("8")), false),
            (Some("7"), claims(None), false),
        ] {
            assert_eq!(said.is_about(&somebody(known)), stays, "{known:?} {:?} {:?}", said.proven, said.claimed);
        }
    }

    #[test]
    fn what_is_not_signed_changes_nothing() {
        let before = somebody(Some("7"));
        let mut after = before.clone();
        claims(Some("8")).describe(&mut after);
        assert_eq!(after, before);
        proves("7").describe(&mut after);
        assert!(after.vip && after.name.as_deref() == Some("typed") && after.skills.0 == ["returns"]);
        assert!(would_change(&before, &proves("7")) && !would_change(&after, &proves("7")));
    }
}
