//! How many offers a second the dispatcher makes for one tenant while many wait. Every agent accepts what is offered
//! and ends it at once, and whoever was served asks again, so that as many wait in the end as in the beginning. An offer
//! counts when it was accepted. Everything is an action of the product, with its commits; there are no sockets.
//!
//! `cargo bench -p frontdesk --bench offers -- [WAITING] [AGENTS] [SECONDS]`; 1,000, 200 and 10 by default.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use domain::policy::Policy;
use frontdesk::actions::accept::accept_offer;
use frontdesk::actions::actor::Actor;
use frontdesk::actions::close::close_conversation;
use frontdesk::actions::connected::joined;
use frontdesk::actions::create_site::{NewSite, create_site};
use frontdesk::actions::create_tenant::{NewTenant, create_tenant};
use frontdesk::actions::dispatch::{Told, round};
use frontdesk::actions::set_policy::set_policy;
use frontdesk::actions::start::start_conversation;
use frontdesk::app::App;
use frontdesk::auth::{AgentIdentity, Principal, VisitorIdentity};
use frontdesk::config::Config;
use frontdesk::server::open_app;
use frontdesk::store::account::{self, Account};
use frontdesk::store::agent::{self, Agent};
use frontdesk::store::conversation;
use frontdesk::store::department::{self, Member};
use frontdesk::store::site::Site;
use frontdesk::store::visitor::{self, Visitor};
use frontdesk::store::{Conn, EveryTenant};
use protocol::command::{Accept, Close, Start};
use protocol::ids::{AccountId, AgentId, Cmid, ConversationId, TenantId, VisitorId};
use protocol::state::{ConversationState, Presence, Role};
use uuid::Uuid;

fn main() -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(run())
}

/// A tenant and everybody in it.
struct Shop {
    app: Arc<App>,
    tenant: TenantId,
    agents: HashMap<AgentId, Principal>,
    visitors: HashMap<VisitorId, Principal>,
    /// Offers that were accepted.
    taken: AtomicU64,
    /// What went wrong.
    failed: AtomicU64,
    over: AtomicBool,
}

#[expect(clippy::print_stdout, reason = "the result")]
async fn run() -> anyhow::Result<()> {
    let numbers: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let (waiting, agents, seconds) = (number(0, 1_000), number(1, 200), number(2, 10));
    let folder = std::env::temp_dir().join(format!("frontdesk-offers-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let app = open_app(Config { rate_limits: false, ..Config::with_data(&folder) }).await?;
    let shop = Arc::new(furnish(app, waiting, agents).await?);
    for visitor in shop.visitors.values() {
        begin(&shop, visitor).await?;
    }
    let began = Instant::now();
    let dispatcher = actix_web::rt::spawn(dispatch(Arc::clone(&shop)));
    let people = actix_web::rt::spawn(serve(Arc::clone(&shop)));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (taken, took) = (shop.taken.load(Ordering::Relaxed), began.elapsed());
    anyhow::ensure!(shop.failed.load(Ordering::Relaxed) == 0, "somebody could not ask again");
    let mut conn = shop.app.store.read(shop.tenant).await?;
    let queue = conversation::queue(&mut conn, shop.tenant).await?.len();
    drop(conn);
    shop.over.store(true, Ordering::Relaxed);
    shop.app.dispatcher.call(shop.tenant);
    let mut rounds = dispatcher.await??;
    people.abort();
    rounds.sort_unstable();
    let at = |share: f64| {
        let index = (rounds.len() as f64 * share) as usize;
        rounds.get(index.min(rounds.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "{:.0} offers/s ({taken} in {:.2} s, {queue} in the queue at the end); {} rounds, p50 {:.1} ms, p99 {:.1} ms",
        taken as f64 / took.as_secs_f64(),
        took.as_secs_f64(),
        rounds.len(),
        at(0.5),
        at(0.99),
    );
    shop.app.store.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Round after round, as the dispatcher's job has them. How long each took.
async fn dispatch(shop: Arc<Shop>) -> anyhow::Result<Vec<Duration>> {
    let (mut told, mut rounds) = (Told::default(), Vec::new());
    while !shop.over.load(Ordering::Relaxed) {
        shop.app.dispatcher.wait().await;
        let began = Instant::now();
        round(&shop.app, shop.tenant, &mut told).await?;
        rounds.push(began.elapsed());
    }
    Ok(rounds)
}

/// Agents take what is offered as soon as they are told.
async fn serve(shop: Arc<Shop>) -> anyhow::Result<()> {
    loop {
        let changed = shop.app.announcer.wait().await;
        let mut conn = shop.app.store.read(shop.tenant).await?;
        for (tenant, id) in changed {
            let Some(row) = conversation::find(&mut conn, tenant, id).await? else { continue };
            let agent = row.offered_to.filter(|_| row.state == ConversationState::Offered);
            if let Some(agent) = agent {
                let shop = Arc::clone(&shop);
                actix_web::rt::spawn(async move {
                    if take(&shop, agent, id, row.visitor_id).await.is_err() {
                        shop.failed.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
    }
}

/// Takes an offer and ends the conversation, and the visitor asks again. That it was taken already is no error: it is
/// told of more than once.
async fn take(shop: &Shop, agent: AgentId, conversation: ConversationId, visitor: VisitorId) -> anyhow::Result<()> {
    let agent = shop.agents.get(&agent).context("an agent")?;
    if accept_offer(&shop.app, agent, Accept { conversation }).await.is_err() {
        return Ok(());
    }
    if close_conversation(&shop.app, agent, Close { conversation }).await?.seq.is_some() {
        shop.taken.fetch_add(1, Ordering::Relaxed);
        begin(shop, shop.visitors.get(&visitor).context("a visitor")?).await?;
    }
    Ok(())
}

async fn begin(shop: &Shop, visitor: &Principal) -> anyhow::Result<()> {
    let text = Some("Is the blue one in stock in size 42?".to_owned());
    let cmid = Cmid(Uuid::now_v7());
    let start = Start { cmid, name: None, email: None, text, page: None, department: None };
    start_conversation(&shop.app, visitor, start).await?;
    Ok(())
}

/// A tenant with so many visitors and agents, who are all connected.
async fn furnish(app: Arc<App>, visitors: u64, agents: u64) -> anyhow::Result<Shop> {
    let by = Actor::command_line();
    let tenant = create_tenant(&app, &by, NewTenant { name: "Bench".to_owned(), slug: None }).await?.id;
    let policy = Policy { capacity: 1, max_queue: 10_000, ..Policy::default() };
    set_policy(&app, &by, tenant, policy).await?;
    let origins = vec!["https://bench.test".to_owned()];
    let site = create_site(&app, &by, NewSite { tenant, name: "Bench".to_owned(), origins }).await?;
    let people: Vec<_> = (0..agents).map(|number| person(&app, tenant, number)).collect();
    let guests: Vec<_> = (0..visitors).map(|_| Visitor::new(VisitorId(app.id()), site.id, app.now())).collect();
    let agents = people.iter().map(|(_, row)| (row.id, principal(row))).collect::<HashMap<_, _>>();
    let visitors = guests.iter().map(|row| (row.id, guest(&site, row))).collect::<HashMap<_, _>>();
    let department = site.department_id;
    let write = app.store.write(EveryTenant, move |tx| {
        Box::pin(async move {
            for (account_row, row) in &people {
                account::insert(tx, account_row).await?;
                agent::insert(tx, tenant, row).await?;
                let member = Member { department_id: department, agent_id: row.id, priority: 0 };
                department::add_member(tx, tenant, member).await?;
            }
            insert_visitors(tx, tenant, &guests).await
        })
    });
    write.await?;
    for somebody in agents.values().chain(visitors.values()) {
        joined(&app, somebody);
    }
    Ok(Shop {
        app,
        tenant,
        agents,
        visitors,
        taken: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        over: AtomicBool::new(false),
    })
}

async fn insert_visitors(tx: &mut Conn, tenant: TenantId, rows: &[Visitor]) -> frontdesk::error::AppResult<()> {
    for row in rows {
        visitor::insert(tx, tenant, row).await?;
    }
    Ok(())
}

fn person(app: &App, tenant: TenantId, number: u64) -> (Account, Agent) {
    let now = app.now();
    let account = Account {
        id: AccountId(app.id()),
        email: format!("agent-{number}@bench.test"),
        name: format!("Agent {number}"),
        password_hash: None,
        is_operator: false,
        created_at: now,
        disabled_at: None,
    };
    let new = Agent::new(AgentId(app.id()), &tenant, &account.id, (&account.name, Role::Agent, 1), now);
    (account, Agent { chosen_presence: Presence::Online, ..new })
}

fn principal(row: &Agent) -> Principal {
    Principal::Agent(AgentIdentity {
        tenant: row.tenant_id,
        agent: row.id,
        account: row.account_id,
        role: row.role,
        name: row.name.clone(),
        suspended: false,
    })
}

fn guest(site: &Site, row: &Visitor) -> Principal {
    Principal::Visitor(VisitorIdentity { tenant: site.tenant_id, site: site.id, visitor: row.id })
}
