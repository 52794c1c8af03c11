//! How many messages a second the write lane takes: posts by many senders at once, each sending its next when
//! the last is durable, through the action that a socket's `post` ends in. No sockets, nobody listening.
//!
//! `cargo bench -p frontdesk --bench lane -- [SENDERS] [SECONDS] [MESSAGES A SECOND]`; 64 senders and 5 seconds
//! by default. With a rate, messages are due at fixed times and waiting counts from then. On PostgreSQL with
//! `DATABASE_URL=postgres://...` of an empty database.

/// Where the data is.
mod place;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use frontdesk::actions::actor::Actor;
use frontdesk::actions::create_account::{NewAccount, create_account};
use frontdesk::actions::create_site::{NewSite, create_site};
use frontdesk::actions::create_tenant::{NewTenant, create_tenant};
use frontdesk::actions::issue_visitor::{Arrival, issue_visitor};
use frontdesk::actions::leave_message::leave_message;
use frontdesk::actions::pick::pick_conversation;
use frontdesk::actions::post::post_message;
use frontdesk::app::App;
use frontdesk::auth::{AgentIdentity, Principal, VisitorIdentity};
use frontdesk::server::open_app;
use protocol::command::{LeaveMessage, Pick, Post, PostBody};
use protocol::entry::Text;
use protocol::ids::{Cmid, ConversationId};
use protocol::state::Role;
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
    let app = open_app(place::config(&folder)?).await?;
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
    let created = create_account(app, &by, new).await?;
    let agent = Principal::Agent(AgentIdentity {
        tenant: tenant.id,
        agent: created.agent.context("the agent")?,
        account: created.account.id,
        role: Role::Agent,
        name: "Agent".to_owned(),
        suspended: false,
    });
    let mut places = Vec::new();
    for _ in 0..visitors {
        let arrival = Arrival {
            site: site.key.clone(),
            token: None,
            origin: None,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            language: None,
            prepared: false,
            identity: None,
        };
        let visitor = issue_visitor(app, arrival).await?.visitor;
        let who = Principal::Visitor(VisitorIdentity { tenant: tenant.id, site: site.id, visitor });
        let message = LeaveMessage {
            cmid: Cmid(Uuid::now_v7()),
            conversation: None,
            name: "Ada".to_owned(),
            email: "ada@bench.test".to_owned(),
            text: "Hello?".to_owned(),
            page: None,
            department: None,
        };
        let conversation = leave_message(app, &who, message).await?.conversation.context("a conversation")?;
        pick_conversation(app, &agent, Pick { conversation }).await?;
        places.push((who, conversation));
    }
    Ok(places)
}
