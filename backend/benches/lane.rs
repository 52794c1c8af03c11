//! How many messages a second the write lane takes: posts by many senders at once, each sending its next when
//! the last is durable, through the action that a socket's `post` ends in. No sockets, nobody listening.
//!
//! `cargo bench -p frontdesk --bench lane -- [SENDERS] [SECONDS] [MESSAGES A SECOND]`; 64 senders and 5 seconds
//! by default. With a rate, messages are due at fixed times and waiting counts from then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use domain::chain;
use frontdesk::actions::actor::Actor;
use frontdesk::actions::create_account::{NewAccount, create_account};
use frontdesk::actions::create_site::{NewSite, create_site};
use frontdesk::actions::create_tenant::{NewTenant, create_tenant};
use frontdesk::actions::post::post_message;
use frontdesk::app::App;
use frontdesk::auth::{Principal, VisitorIdentity};
use frontdesk::config::Config;
use frontdesk::server::open_app;
use frontdesk::store::conversation::Conversation;
use frontdesk::store::site::Site;
use frontdesk::store::visitor::Visitor;
use frontdesk::store::{agent, conversation, visitor};
use protocol::command::{Post, PostBody};
use protocol::entry::Text;
use protocol::ids::{AgentId, Cmid, ConversationId, VisitorId};
use protocol::state::{ConversationState, Role};
use uuid::Uuid;

fn main() -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let numbers: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let (senders, seconds, rate) = (number(0, 64), number(1, 5), number(2, 0));
    let folder = std::env::temp_dir().join(format!("frontdesk-lane-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let app = open_app(Config::with_data(&folder)).await?;
    let places = furnish(&app, senders).await?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let pace = (rate > 0).then(|| Duration::from_secs_f64(senders as f64 / rate as f64));
    let started = Instant::now();
    let tasks: Vec<_> =
        places.into_iter().map(|place| tokio::spawn(send(Arc::clone(&app), place, pace, end))).collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let took = started.elapsed();
    app.store.close().await;
    std::fs::remove_dir_all(&folder)?;
    report(waits, took);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report(mut waits: Vec<Duration>, took: Duration) {
    waits.sort_unstable();
    let at = |share: f64| {
        let index = (waits.len() as f64 * share) as usize;
        waits.get(index.min(waits.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "{:.0} messages/s ({} in {:.2} s); durable after p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        waits.len() as f64 / took.as_secs_f64(),
        waits.len(),
        took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
    );
}

type Place = (Principal, ConversationId);

async fn send(
    app: Arc<App>,
    (who, conversation): Place,
    pace: Option<Duration>,
    end: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    let mut due = Instant::now() + pace.unwrap_or_default().mul_f64(rand::random());
    while Instant::now() < end {
        match pace {
            Some(pace) => {
                tokio::time::sleep_until(due.into()).await;
                due += pace;
            }
            None => due = Instant::now(),
        }
        let sent = due - pace.unwrap_or_default();
        let text = format!("Is the blue one in stock in size 42, and when could it be here? {}", waits.len());
        let body = PostBody::Message(Text { text });
        post_message(&app, &who, Post { cmid: Cmid(Uuid::now_v7()), conversation: Some(conversation), body }).await?;
        waits.push(sent.elapsed());
    }
    Ok(waits)
}

/// A tenant with an agent who holds a conversation with each of so many visitors.
async fn furnish(app: &App, visitors: u64) -> anyhow::Result<Vec<Place>> {
    let by = Actor::command_line();
    let tenant = create_tenant(app, &by, NewTenant { name: "Bench".to_owned(), slug: None }).await?;
    let new = NewSite { tenant: tenant.id, name: "Bench".to_owned(), origins: vec!["https://bench.test".to_owned()] };
    let site = create_site(app, &by, new).await?;
    let new = NewAccount {
        email: "agent@bench.test".to_owned(),
        name: "Agent".to_owned(),
        password: Uuid::new_v4().to_string(),
        operator: false,
        membership: Some((tenant.id, Role::Agent)),
    };
    create_account(app, &by, new).await?;
    let agents = agent::list(&mut app.store.read(tenant.id).await?, tenant.id).await?;
    let agent = agents.first().context("the agent")?.id;
    let held = (0..visitors).map(|_| held(&site, agent, app.now())).collect::<Vec<_>>();
    let places = held.iter().map(|(seen, row)| {
        let who = VisitorIdentity { tenant: tenant.id, site: site.id, visitor: seen.id };
        (Principal::Visitor(who), row.id)
    });
    let places = places.collect();
    app.store
        .write(tenant.id, move |tx| {
            Box::pin(async move {
                for (seen, row) in held {
                    visitor::insert(tx, tenant.id, &seen).await?;
                    conversation::insert(tx, tenant.id, &row).await?;
                    conversation::save(tx, tenant.id, &row).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(places)
}

fn held(site: &Site, agent: AgentId, now: i64) -> (Visitor, Conversation) {
    let seen = Visitor {
        id: VisitorId(Uuid::now_v7()),
        site_id: site.id,
        name: Some("Ada".to_owned()),
        email: None,
        browser: None,
        language: None,
        page_url: None,
        page_title: None,
        referrer: None,
        token_version: 1,
        first_seen_at: now,
        last_seen_at: now,
    };
    let id = ConversationId(Uuid::now_v7());
    let row = Conversation {
        id,
        site_id: site.id,
        department_id: site.department_id,
        visitor_id: seen.id,
        start_cmid: Cmid(Uuid::now_v7()),
        state: ConversationState::Active,
        agent_id: Some(agent),
        last_agent: Some(agent),
        offered_to: None,
        offer_deadline_at: None,
        reply_deadline_at: None,
        waiting_since: None,
        queued_at: Some(now),
        priority: 0,
        last_seq: 0,
        last_hash: chain::genesis(site.tenant_id, id).to_vec(),
        last_at: now,
        created_at: now,
        updated_at: now,
        assigned_at: Some(now),
        first_reply_at: Some(now),
        message_at: None,
        visitor_left_at: None,
        closed_at: None,
        closed_by: None,
        offline_name: None,
        offline_email: None,
        visitor_messages: 0,
        last_author: None,
        preview: None,
        visitor_read_seq: 0,
        agent_read_seq: 0,
        rating: None,
    };
    (seen, row)
}
