//! Batches: whatever is sent before the lane has looked is one. Every future below is polled once before the
//! lane's task runs, so the senders share a transaction.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::chain;
use domain::entry::author_key;
use futures_util::future::join_all;
use protocol::command::{Close, LeaveMessage, Pick, Post as Send, PostBody};
use protocol::entry::{Author, AuthorKind, Text};
use protocol::error::ErrorCode;
use protocol::ids::{Cmid, ConversationId};
use protocol::state::Role;
use uuid::Uuid;

use crate::actions::actor::Actor;
use crate::actions::close::close_conversation;
use crate::actions::create_account::{NewAccount, create_account};
use crate::actions::create_site::{NewSite, create_site};
use crate::actions::create_tenant::{NewTenant, create_tenant};
use crate::actions::issue_visitor::{Arrival, issue_visitor};
use crate::actions::leave_message::leave_message;
use crate::actions::pick::pick_conversation;
use crate::actions::post::post_message;
use crate::actions::suspend_tenant::suspend_tenant;
use crate::actions::{Done, begin};
use crate::app::App;
use crate::auth::{AgentIdentity, Principal, VisitorIdentity};
use crate::error::{AppError, AppResult};
use crate::server::open_app;
use crate::store::site::Site;
use crate::store::{conversation, entry};
use crate::tests::Place;

/// An installation with a shop and its agent.
struct World {
    app: Arc<App>,
    site: Site,
    agent: Principal,
    place: Place,
}

impl World {
    async fn new() -> Self {
        let place = Place::new("append").await;
        let app = open_app(place.config().await).await.unwrap();
        let by = Actor::command_line();
        let tenant = create_tenant(&app, &by, NewTenant { name: "Acme".to_owned(), slug: None }).await.unwrap();
        let origins = vec!["https://acme.example".to_owned()];
        let site =
            create_site(&app, &by, NewSite { tenant: tenant.id, name: "Acme".to_owned(), origins }).await.unwrap();
        let new = NewAccount {
            email: "ann@acme.example".to_owned(),
            name: "Ann".to_owned(),
            password: Uuid::new_v4().to_string(),
            operator: false,
            membership: Some((tenant.id, Role::Agent)),
        };
        let created = create_account(&app, &by, new).await.unwrap();
        let agent = Principal::Agent(AgentIdentity {
            tenant: tenant.id,
            agent: created.agent.unwrap(),
            account: created.account.id,
            role: Role::Agent,
            name: "Ann".to_owned(),
            suspended: false,
        });
        Self { app, site, agent, place }
    }

    /// A visitor whose conversation the agent holds. It has three entries.
    async fn talk(&self) -> (Principal, ConversationId) {
        let arrival = Arrival {
            site: self.site.key.clone(),
            token: None,
            origin: None,
            identity: None,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            language: None,
            prepared: false,
        };
        let visitor = issue_visitor(&self.app, arrival).await.unwrap().visitor;
        let who = VisitorIdentity { tenant: self.site.tenant_id, site: self.site.id, visitor };
        let who = Principal::Visitor(who);
        let message = LeaveMessage {
            cmid: cmid(),
            conversation: None,
            name: "Vera".to_owned(),
            email: "vera@home.example".to_owned(),
            text: "anybody there?".to_owned(),
            page: None,
            department: None,
        };
        let conversation = leave_message(&self.app, &who, message).await.unwrap().conversation.unwrap();
        pick_conversation(&self.app, &self.agent, Pick { conversation }).await.unwrap();
        (who, conversation)
    }

    async fn says(&self, who: &Principal, place: ConversationId, cmid: Cmid, text: &str) -> AppResult<Done> {
        self.sends(who, place, cmid, PostBody::Message(Text { text: text.to_owned() })).await
    }

    async fn sends(&self, who: &Principal, place: ConversationId, cmid: Cmid, body: PostBody) -> AppResult<Done> {
        post_message(&self.app, who, Send { cmid, conversation: Some(place), body }).await
    }

    /// Checks that the log is without gaps, chained, and what the row says it is; gives its texts.
    async fn log(&self, place: ConversationId) -> Vec<String> {
        let tenant = self.site.tenant_id;
        let mut conn = self.app.store.read(tenant).await.unwrap();
        let row = conversation::find(&mut conn, tenant, place).await.unwrap().unwrap();
        let entries = entry::after(&mut conn, tenant, place, 0, 10_000).await.unwrap();
        let mut hash = chain::genesis(tenant, place);
        let mut at = 0;
        for (entry, seq) in entries.iter().zip(1..) {
            assert_eq!(entry.seq, seq);
            assert!(entry.at >= at, "time goes on");
            at = entry.at;
            let author = Author { kind: entry.author_kind, id: entry.author_id, name: None };
            let salt = entry.salt.as_deref().unwrap().try_into().unwrap();
            let commitment = chain::commitment(&salt, entry.body.as_deref().unwrap());
            assert_eq!(entry.commitment, commitment);
            let number = u64::try_from(seq).unwrap();
            hash = chain::link(&hash, number, &entry.kind, &author_key(&author), entry.at, &commitment);
            assert_eq!(entry.hash, hash);
        }
        assert_eq!((row.last_seq, row.last_at), (i64::try_from(entries.len()).unwrap(), at));
        assert_eq!(row.last_hash, hash);
        let written = |by: AuthorKind| entries.iter().filter(move |it| it.kind == "message" && it.author_kind == by);
        assert_eq!(row.visitor_messages, i64::try_from(written(AuthorKind::Visitor).count()).unwrap());
        if let Some(last) = written(AuthorKind::Agent).next_back() {
            assert!(row.agent_read_seq >= last.seq && row.first_reply_at.is_some());
        }
        let body = |text: &String| {
            serde_json::from_str::<serde_json::Value>(text).unwrap()["text"].as_str().map(str::to_owned)
        };
        entries.iter().filter_map(|entry| entry.body.as_ref().and_then(body)).collect()
    }
}

fn cmid() -> Cmid {
    Cmid(Uuid::new_v4())
}

fn code<T>(result: &AppResult<T>) -> Option<ErrorCode> {
    match result {
        Ok(_) => None,
        Err(error) => Some(error.to_refusal().code),
    }
}

#[tokio::test]
async fn good_and_bad_share_a_batch_and_each_gets_its_own_answer() {
    let world = World::new().await;
    let ann = &world.agent;
    let ((vera, one), (otto, two), (zoe, ended)) = (world.talk().await, world.talk().await, world.talk().await);
    close_conversation(&world.app, ann, Close { conversation: ended }).await.unwrap();
    let same = cmid();
    let message = |text: &str| PostBody::Message(Text { text: text.to_owned() });
    let note = || PostBody::Note(Text { text: "rude".to_owned() });
    let sends = [
        world.sends(&vera, one, cmid(), message("a")),
        world.sends(&otto, two, cmid(), message("b")),
        world.sends(&vera, two, cmid(), message("into somebody else's")),
        world.sends(ann, one, same, message("c")),
        world.sends(ann, one, same, message("c, again")),
        world.sends(ann, one, cmid(), note()),
        world.sends(&vera, one, cmid(), note()),
        world.sends(ann, ended, cmid(), message("too late")),
        world.sends(&zoe, ConversationId(Uuid::nil()), cmid(), message("nowhere")),
        world.sends(&vera, one, cmid(), message("d")),
        world.sends(ann, two, same, message("the same id in another conversation is another send")),
    ];
    let results = join_all(sends).await;
    let codes: Vec<_> = results.iter().map(code).collect();
    let not_found = Some(ErrorCode::NotFound);
    let expected = [
        None,
        None,
        not_found,
        None,
        None,
        None,
        Some(ErrorCode::Forbidden),
        Some(ErrorCode::ConversationClosed),
        not_found,
        None,
        None,
    ];
    assert_eq!(codes, expected);
    let seq = |at: usize| results[at].as_ref().unwrap().seq.unwrap();
    assert_eq!([seq(0), seq(3), seq(4), seq(5), seq(9)], [4, 5, 5, 6, 7], "in the order sent");
    assert_eq!(results[3].as_ref().unwrap(), results[4].as_ref().unwrap(), "one send, one answer");
    assert_eq!(world.log(one).await, ["anybody there?", "a", "c", "rude", "d"]);
    assert_eq!(world.log(two).await.len(), 3);
    assert_eq!(world.log(ended).await, ["anybody there?"]);
    let again = world.says(ann, one, same, "much later").await.unwrap();
    assert_eq!(&again, results[3].as_ref().unwrap());
}

#[tokio::test]
async fn more_than_a_batch_holds_keeps_one_order() {
    let world = World::new().await;
    let talks = join_all((0..3).map(|_| world.talk())).await;
    let sends = (0..700).map(|number| {
        let (who, place) = &talks[number % talks.len()];
        world.says(if number % 2 == 0 { who } else { &world.agent }, *place, cmid(), "x")
    });
    assert!(join_all(sends).await.iter().all(Result::is_ok));
    let mut total = 0;
    for (_, place) in &talks {
        total += world.log(*place).await.len();
    }
    assert_eq!(total, 703);
}

#[tokio::test]
async fn a_close_among_messages_leaves_no_message_after_it() {
    let world = World::new().await;
    let (_, place) = world.talk().await;
    let ann = &world.agent;
    let says = |text| world.says(ann, place, cmid(), text);
    let close = close_conversation(&world.app, ann, Close { conversation: place });
    let (before, closed, after) = tokio::join!(says("before"), close, says("after"));
    closed.unwrap();
    let written: Vec<_> = [&before, &after].into_iter().filter_map(|it| it.as_ref().ok()).collect();
    for refused in [&before, &after].into_iter().filter(|it| it.is_err()) {
        assert_eq!(code(refused), Some(ErrorCode::ConversationClosed));
    }
    assert_eq!(world.log(place).await.len(), 1 + written.len());
    assert_eq!(code(&says("late").await), Some(ErrorCode::ConversationClosed));
}

#[tokio::test]
async fn a_damaged_conversation_spoils_no_batch() {
    let world = World::new().await;
    let ((vera, one), (otto, two), (zoe, three)) = (world.talk().await, world.talk().await, world.talk().await);
    world.place.damage("update conversation set state = 'upside down' where id =", two.0).await;
    world.place.damage("update conversation set last_seq = 1 where id =", three.0).await;
    let results = join_all([
        world.says(&otto, two, cmid(), "unreadable"),
        world.says(&vera, one, cmid(), "fine"),
        world.says(&zoe, three, cmid(), "collides"),
        world.says(&vera, one, cmid(), "fine too"),
    ])
    .await;
    let codes: Vec<_> = results.iter().map(code).collect();
    let failed = Some(ErrorCode::Unavailable);
    assert_eq!(codes, [failed, None, failed, None]);
    assert_eq!(world.log(one).await, ["anybody there?", "fine", "fine too"]);
    assert!(world.app.store.is_writable(), "the database is not at fault");
}

#[tokio::test]
async fn what_others_wrote_counts_from_the_next_batch_on() {
    let world = World::new().await;
    let (vera, place) = world.talk().await;
    let tenant = world.site.tenant_id;
    world.says(&vera, place, cmid(), "one").await.unwrap();
    // Through the lane: a job.
    let Principal::Visitor(who) = vera.clone() else { unreachable!("a visitor") };
    let profile = begin::Profile { name: Some("Vera B.".to_owned()), email: None, page: None, department: None };
    let renamed = world
        .app
        .store
        .write((tenant, who.visitor), move |tx| Box::pin(async move { begin::remember(tx, &who, &profile, 1).await }));
    renamed.await.unwrap();
    world.says(&vera, place, cmid(), "two").await.unwrap();
    let mut conn = world.app.store.read(tenant).await.unwrap();
    let names: Vec<_> = entry::after(&mut conn, tenant, place, 3, 9).await.unwrap();
    let names: Vec<_> = names.into_iter().map(|entry| entry.author_name.unwrap()).collect();
    assert_eq!(names, ["Vera", "Vera B."]);
    drop(conn);
    // Beside it: another process.
    let other = open_app(world.place.config().await).await.unwrap();
    suspend_tenant(&other, &Actor::command_line(), tenant).await.unwrap();
    let refused = world.says(&vera, place, cmid(), "three").await;
    assert_eq!(code(&refused), Some(ErrorCode::TenantSuspended));
    assert!(matches!(refused, Err(AppError::Refused(_))));
}
