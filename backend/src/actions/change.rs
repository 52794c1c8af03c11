//! The one way a conversation changes: read the row, ask the state machine, append what it says to the log,
//! save the projection, in one write; publish afterwards. Every action and timer on a conversation ends here.

use domain::conversation::{Actor, Change, Command, Names, OfferEnd, Receiver};
use domain::policy::Policy;
use protocol::command::DeclineReason;
use protocol::entry::{Author, AuthorKind, Item, QueuedReason};
use protocol::ids::{AgentId, Cmid, ConversationId, TenantId};
use protocol::state::{AwayReason, Presence};

use super::log::{self, NewEntry};
use super::{Done, access, publish};
use crate::app::App;
use crate::auth::Principal;
use crate::clock::new_id;
use crate::error::{AppError, AppResult, Refusal};
use crate::metrics::metrics;
use crate::planted::{Bug, planted};
use crate::store::conversation::{self, Conversation};
use crate::store::entry::Entry;
use crate::store::offer::NewOffer;
use crate::store::ruled::{self, Ruled};
use crate::store::{Conn, agent, department, entry, offer, offer_batch, tenant};

/// Who asks.
#[derive(Clone)]
pub(super) enum Asker {
    /// A visitor or agent.
    Person(Principal),
    /// The dispatcher and its timers.
    System(TenantId),
}

impl Asker {
    pub(super) fn tenant(&self) -> TenantId {
        match self {
            Self::Person(who) => who.tenant(),
            Self::System(tenant) => *tenant,
        }
    }

    fn actor(&self) -> Actor {
        match self {
            Self::Person(who) => person(who),
            Self::System(_) => Actor::System,
        }
    }

    async fn author(&self, tx: &mut Conn) -> AppResult<Author> {
        match self {
            Self::Person(Principal::Visitor(visitor)) => log::visitor_author(tx, visitor).await,
            Self::Person(Principal::Agent(agent)) => Ok(log::agent_author(agent)),
            Self::System(_) => Ok(Author { kind: AuthorKind::System, id: None, name: None }),
        }
    }
}

/// A person as the state machine knows people.
pub(super) fn person(who: &Principal) -> Actor {
    match who {
        Principal::Visitor(visitor) => Actor::Visitor(visitor.visitor),
        Principal::Agent(agent) => Actor::Agent { id: agent.agent, role: agent.role },
    }
}

/// What is asked of a conversation.
pub(super) struct Request {
    /// By whom.
    pub(super) by: Asker,
    /// Which conversation.
    pub(super) conversation: ConversationId,
    /// What, in order; all or nothing.
    pub(super) commands: Vec<Command>,
    /// The client-made id of the message among them.
    pub(super) cmid: Option<Cmid>,
    /// JSON of the reasons, when an offer is among them.
    pub(super) offer_reasons: Option<String>,
    /// Why an agent declines, when that is among them.
    pub(super) decline_reason: Option<DeclineReason>,
}

impl Request {
    pub(super) fn new(by: Asker, conversation: ConversationId, command: Command) -> Self {
        Self { by, conversation, commands: vec![command], cmid: None, offer_reasons: None, decline_reason: None }
    }
}

/// A conversation after a write, and what its log grew by.
pub(super) struct Outcome {
    pub(super) row: Conversation,
    pub(super) items: Vec<Item>,
    /// State, holder, offer or queue changed, not only the log.
    pub(super) moved: bool,
    pub(super) done: Done,
}

/// Carries out a request and publishes what came of it.
pub(super) async fn carry_out(app: &App, request: Request) -> AppResult<Done> {
    let tenant = request.by.tenant();
    let now = app.now();
    let outcome = app
        .store
        .write((tenant, request.conversation), move |tx| Box::pin(async move { write(tx, &request, now).await }))
        .await?;
    Ok(announce(app, tenant, outcome))
}

/// Publishes an outcome; call after COMMIT returned.
pub(super) fn announce(app: &App, tenant: TenantId, outcome: Outcome) -> Done {
    if !outcome.items.is_empty() {
        publish::grown(app, tenant, &outcome.row, outcome.items);
    }
    if outcome.moved {
        publish::state_changed(app, tenant, &outcome.row);
    }
    outcome.done
}

/// Carries out a request inside a write; [`announce`] the outcome afterwards.
pub(super) async fn write(tx: &mut Conn, request: &Request, now: i64) -> AppResult<Outcome> {
    let tenant = request.by.tenant();
    let Ruled { mut row, policy, .. } = changeable(tx, &request.by, request.conversation).await?;
    let author = request.by.author(tx).await?;
    let mut cmid = request.cmid;
    if let (Some(known), Some(id)) = (cmid, author.id)
        && let Some(stored) = entry::find_cmid(tx, tenant, row.id, id, known).await?
    {
        if !planted(Bug::DedupeOff) {
            return Ok(Outcome { row, items: vec![], moved: false, done: Done::stored(known, stored) });
        }
        cmid = None;
    }
    let recording = Recording { tenant, author: &author, cmid, policy: &policy, now };
    let before = row.clone();
    let mut items = Vec::new();
    for command in &request.commands {
        let changes = row.projection().decide(&request.by.actor(), command, &policy, now).map_err(refused)?;
        let why = Why { offer: request.offer_reasons.as_deref(), decline: request.decline_reason };
        items.extend(recording.record(tx, &mut row, &changes, why).await?);
    }
    row.touch(now);
    conversation::save(tx, tenant, &row).await?;
    Ok(Outcome { moved: moved(&before, &row), done: done(&row, &items, request.cmid), row, items })
}

/// The conversation with the rules that hold in it, if it may be changed by whoever asks.
async fn changeable(tx: &mut Conn, by: &Asker, id: ConversationId) -> AppResult<Ruled> {
    let Some(found) = ruled::find(tx, by.tenant(), id).await? else {
        rules(tx, by).await?;
        return Err(AppError::not_found("conversation"));
    };
    match by {
        Asker::Person(_) if found.suspended => Err(access::suspended()),
        Asker::Person(who) if !access::may_read(who, &found.row) => Err(AppError::not_found("conversation")),
        _ => Ok(found),
    }
}

/// The tenant's rules; refuses people's writes while the tenant is suspended.
pub(super) async fn rules(tx: &mut Conn, by: &Asker) -> AppResult<Policy> {
    let tenant = tenant::find(tx, by.tenant()).await?.ok_or_else(|| AppError::not_found("tenant"))?;
    match by {
        Asker::Person(_) if tenant.is_suspended() => Err(access::suspended()),
        _ => Ok(tenant.policy()),
    }
}

/// What is said about offers besides the changes.
#[derive(Default, Clone, Copy)]
pub(super) struct Why<'a> {
    /// JSON of the reasons for an offer.
    pub(super) offer: Option<&'a str>,
    /// Why an agent declines.
    pub(super) decline: Option<DeclineReason>,
}

/// The rows of an offer, one for each agent; the reasons, which say something about each of them, stand with the first.
pub(super) fn new_offers(
    conversation: ConversationId,
    (to, deadline_at): (&[AgentId], i64),
    reasons: &str,
    now: i64,
) -> Vec<NewOffer> {
    let reasons = std::iter::once(reasons).chain(std::iter::repeat("[]"));
    let each = to.iter().zip(reasons).map(|(agent, reasons)| NewOffer {
        id: new_id(now),
        conversation,
        agent: *agent,
        offered_at: now,
        deadline_at,
        reasons: reasons.to_owned(),
    });
    each.collect()
}

/// How a request is written down.
pub(super) struct Recording<'a> {
    pub(super) tenant: TenantId,
    pub(super) author: &'a Author,
    pub(super) cmid: Option<Cmid>,
    pub(super) policy: &'a Policy,
    pub(super) now: i64,
}

impl Recording<'_> {
    /// Appends the entries of `changes` and folds them into `row`, which the caller saves.
    pub(super) async fn record(
        &self,
        tx: &mut Conn,
        row: &mut Conversation,
        changes: &[Change],
        why: Why<'_>,
    ) -> AppResult<Vec<Item>> {
        let mut items = Vec::new();
        for change in changes {
            self.note_offer(tx, row, change, why).await?;
            let names = self.names(tx, change).await?;
            if let Some((entry, item)) = self.fold(row, change, &names)? {
                entry::append(tx, self.tenant, row.id, &entry).await?;
                items.push(item);
            }
        }
        Ok(items)
    }

    /// Folds a change into `row` and makes its entry, if it writes one. The caller stores both.
    pub(super) fn fold(
        &self,
        row: &mut Conversation,
        change: &Change,
        names: &Names,
    ) -> AppResult<Option<(Entry, Item)>> {
        let mut projection = row.projection();
        projection.apply(change, self.now);
        row.absorb(projection, change, self.now);
        let Some(body) = change.entry(names) else { return Ok(None) };
        let written = matches!(change, Change::Wrote(_));
        let cmid = self.cmid.filter(|_| written);
        log::next(row, NewEntry { author: self.author.clone(), cmid, body }, self.now).map(Some)
    }

    /// The names that the change's entry shows.
    async fn names(&self, tx: &mut Conn, change: &Change) -> AppResult<Names> {
        let mut names = Names::default();
        if let Some(id) = change.new_holder() {
            let found = agent::assigned(tx, self.tenant, id, self.now).await?;
            names.agent = Some(found.ok_or_else(|| AppError::not_found("agent"))?);
        }
        if let Some(id) = change.new_department() {
            let found = department::find_name(tx, self.tenant, id).await?;
            names.department = Some(found.ok_or_else(|| AppError::not_found("department"))?);
        }
        Ok(names)
    }

    async fn note_offer(&self, tx: &mut Conn, row: &Conversation, change: &Change, why: Why<'_>) -> AppResult<()> {
        match change {
            Change::Offered { to, deadline_at } => {
                let new = new_offers(row.id, (to, *deadline_at), why.offer.unwrap_or("[]"), self.now);
                to.iter().for_each(|_| metrics().offered("made"));
                offer_batch::insert(tx, self.tenant, &new).await
            }
            Change::OfferEnded { agent, end } => {
                let outcome = match end {
                    OfferEnd::Declined => ("declined", why.decline),
                    OfferEnd::Missed => ("missed", None),
                    OfferEnd::Withdrawn => ("withdrawn", None),
                };
                if *end == OfferEnd::Missed {
                    self.note_miss(tx, *agent).await?;
                }
                offer::decide(tx, self.tenant, (row.id, *agent), outcome, self.now).await
            }
            Change::Transferred { to: Receiver::Queue | Receiver::Department(_), .. }
            | Change::Queued { reason: Some(QueuedReason::NoReply | QueuedReason::Returned) } => {
                self.note_return(tx, row).await
            }
            Change::Assigned { agent, .. } if row.offered().contains(agent) => {
                offer::decide(tx, self.tenant, (row.id, *agent), ("accepted", None), self.now).await
            }
            _ => Ok(()),
        }
    }

    /// Whoever held a conversation and gave it back, or did not answer, is not the one to offer it to next.
    async fn note_return(&self, tx: &mut Conn, row: &Conversation) -> AppResult<()> {
        let Some(agent) = row.agent_id else { return Ok(()) };
        let new = NewOffer {
            id: new_id(self.now),
            conversation: row.id,
            agent,
            offered_at: self.now,
            deadline_at: self.now,
            reasons: "[]".to_owned(),
        };
        offer::insert(tx, self.tenant, &new).await?;
        offer::decide(tx, self.tenant, (row.id, agent), ("returned", None), self.now).await
    }

    /// An agent who misses offers in a row is away, whatever they chose.
    async fn note_miss(&self, tx: &mut Conn, id: AgentId) -> AppResult<()> {
        let Some(mut agent) = agent::find(tx, self.tenant, id).await? else { return Ok(()) };
        agent.missed_offers += 1;
        if agent.missed_offers >= i64::from(self.policy.missed_offers_before_away) {
            agent.chosen_presence = Presence::Away;
            agent.away_reason = Some(AwayReason::MissedOffers);
            agent.pause = None;
            agent.presence_at = self.now;
            agent.missed_offers = 0;
        }
        agent::save(tx, self.tenant, &agent).await
    }
}

/// Whether more than the log changed.
pub(super) fn moved(before: &Conversation, after: &Conversation) -> bool {
    before.state != after.state
        || before.agent_id != after.agent_id
        || before.offered_to != after.offered_to
        || before.offered_also != after.offered_also
        || before.department_id != after.department_id
        || before.kept_at != after.kept_at
        || before.call_deadline_at != after.call_deadline_at
        || before.reply_deadline_at != after.reply_deadline_at
        || before.rating != after.rating
        || before.offline_email != after.offline_email
}

pub(super) fn done(row: &Conversation, items: &[Item], cmid: Option<Cmid>) -> Done {
    let written = items.iter().find(|item| cmid.is_some() && item.cmid == cmid).or(items.last());
    Done { conversation: Some(row.id), cmid, seq: written.map(|item| item.seq), at: written.and_then(|item| item.at) }
}

pub(super) fn refused(refusal: domain::conversation::Refusal) -> AppError {
    Refusal { field: refusal.field(), ..Refusal::new(refusal.code(), refusal.to_string()) }.into()
}
