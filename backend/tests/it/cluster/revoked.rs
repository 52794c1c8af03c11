//! F31, F32, C20: whose right to be here ends on one server, is sent away by the others: within two seconds, and
//! within thirty while the servers do not hear each other.

use std::time::Duration;

use protocol::error::ErrorCode;
use protocol::ids::AgentId;
use protocol::state::{Availability, Role};
use reqwest::StatusCode;

use crate::panels::Reader;
use crate::people::{Agent, Visitor, cmid, code_of, message};
use crate::wire::Over;
use crate::world::{Plan, Tenant, World};

use super::talks::{at, plan};

/// Longest until everybody is sent away (C20), with half a second for the command that does it.
const TOLD_WITHIN: Duration = Duration::from_millis(2_500);
/// The same while Redis is away.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// An agent with a socket on the second server and a held poll on the third.
struct Seat {
    socket: Agent,
    poll: Agent,
    id: AgentId,
}

impl Seat {
    async fn of(world: &World, name: &str) -> Self {
        let mut socket = at(world, 1, world.agent(name).await);
        let mut poll = at(world, 2, socket.another_tab());
        socket.connect(Over::Socket).await;
        socket.until("the state", |view| view.agent.as_ref().map(|_| ())).await;
        poll.connect(Over::Poll).await;
        let id = socket.id();
        Self { socket, poll, id }
    }

    /// Both are sent away, with these.
    async fn is_sent_away(&self, within: Duration, (code, status): (u16, u16)) {
        let name = &self.socket.name;
        let closed = |wanted: u16| move |view: &crate::wire::View| (view.closed? == wanted).then_some(());
        self.socket.until_within(within, &format!("{name}'s socket closes with {code}"), closed(code)).await;
        self.poll.until_within(within, &format!("{name}'s poll ends with {status}"), closed(status)).await;
    }

    /// And stays away, whichever server is asked.
    async fn stays_away(mut self, world: &World, code: u16) {
        for node in 0..world.servers().len() {
            self.socket = at(world, node, self.socket);
            let opened = self.socket.try_connect(Over::Socket).await;
            opened.expect("a socket: who it is, the first frame says");
            self.socket.until(&format!("server {node} refuses"), |view| (view.closed? == code).then_some(())).await;
        }
    }
}

/// Whoever may do it changes the role of somebody, on the first server.
async fn changes_role(olga: &Reader, id: AgentId, name: &str, role: &str) {
    let form = [("name", name), ("role", role), ("capacity", "6")];
    let (status, page) = olga.sends(&format!("/admin/people/{id}"), &form).await;
    assert_eq!(status, StatusCode::OK, "{page}");
}

/// Sets a new password with a link from the command line, on the first server.
async fn resets_password(world: &World, email: &str) {
    let (good, link) = world.run(&["account", "reset-link", "--email", email]);
    assert!(good, "{link}");
    let token = link.trim().rsplit_once('/').expect("a link").1;
    let base = world.servers()[0].url();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let set = http.post(format!("{base}/setup/{token}")).header("origin", world.origin());
    let set = set.header("content-type", "application/x-www-form-urlencoded").body("password=a+new+and+longer+one");
    assert_eq!(set.send().await.expect("an answer").status(), StatusCode::SEE_OTHER);
}

/// One is disabled, one gets a new password, one a lower role: all of it on the first server.
async fn f31(world: &World, [disabled, reset, lowered]: [&str; 3], within: Duration, cut: impl FnOnce()) {
    let first = world.servers()[0].url();
    let olga = Reader::signs_in_at(&first, &world.origin(), world.acme.person("Olga")).await;
    let id = Seat::of(world, lowered).await.id;
    changes_role(&olga, id, lowered, "supervisor").await;
    let (one, two, mut three) =
        (Seat::of(world, disabled).await, Seat::of(world, reset).await, Seat::of(world, lowered).await);
    let has = |role| {
        move |view: &crate::wire::View| {
            let colleagues = &view.agent.as_ref()?.colleagues;
            colleagues.iter().any(|it| it.id == id && it.role == role).then_some(())
        }
    };
    three.socket.until("the higher role", has(Role::Supervisor)).await;
    cut();
    let (status, page) = olga.sends(&format!("/admin/people/{}/disable", one.id), &[]).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    resets_password(world, &world.acme.person(reset).email).await;
    changes_role(&olga, id, lowered, "agent").await;
    // Both codes say: connect again.
    let ends = |view: &crate::wire::View| matches!(view.closed?, 1011 | 1012).then_some(());
    tokio::join!(
        one.is_sent_away(within, (4403, 403)),
        two.is_sent_away(within, (4401, 401)),
        // A role is part of a session: the next one has the new one.
        three.socket.until_within(within, "a new session", ends),
    );
    one.stays_away(world, 4403).await;
    two.stays_away(world, 4401).await;
    three.socket.connect(Over::Socket).await;
    three.socket.until("the lower role", has(Role::Agent)).await;
}

/// Everybody of a tenant: two visitors and an agent, on different servers.
struct Shop {
    vera: Visitor,
    walt: Visitor,
    zoe: Agent,
}

impl Shop {
    async fn of(world: &World, tenant: &Tenant, agent: &str) -> Self {
        let arrives = async |node| at(world, node, Visitor::arrives(&world.url(), &world.origin(), &tenant.site).await);
        let (mut vera, mut walt) = (arrives(1).await, arrives(2).await);
        let zoe = Agent::signs_in(&world.url(), &world.origin(), tenant, agent).await;
        let mut zoe = at(world, 0, zoe);
        vera.connect(Over::Socket).await;
        walt.connect(Over::Poll).await;
        zoe.starts_work(Over::Socket).await;
        vera.asks("are you open?").await;
        Self { vera, walt, zoe }
    }

    async fn is_closed(&self, within: Duration) {
        let closed = |wanted: u16| move |view: &crate::wire::View| (view.closed? == wanted).then_some(());
        self.vera.until_within(within, "the socket is closed", closed(4403)).await;
        self.walt.until_within(within, "the poll is refused", closed(403)).await;
        self.zoe.until_within(within, "the agent's socket is closed", closed(4403)).await;
    }
}

/// A tenant is suspended: it is unavailable on every server and loses nothing, and opens again.
async fn f32(world: &World, tenant: &Tenant, agent: &str, within: Duration) {
    let mut shop = Shop::of(world, tenant, agent).await;
    let entries = world.count("select count(*) from entry").await;
    let (done, said) = world.run(&["tenant", "suspend", &tenant.slug]);
    assert!(done, "{said}");
    shop.is_closed(within).await;
    for server in world.servers() {
        let frame = reqwest::get(format!("{}/frame/{}", server.url(), tenant.site)).await.expect("an answer");
        assert_eq!(frame.status(), StatusCode::OK);
        assert!(frame.text().await.expect("a page").contains("unavailable"), "the frame does not say so");
    }
    shop.zoe.connect(Over::Socket).await;
    shop.zoe.until("a suspended desk", |view| view.agent.as_ref().filter(|it| it.suspended).map(|_| ())).await;
    let conversation =
        shop.zoe.look(|view| view.agent.as_ref().and_then(|it| it.conversations.first().map(|it| it.id)));
    let refused = shop.zoe.ask(message(conversation, cmid(), "still here")).await;
    assert_eq!(code_of(refused), ErrorCode::TenantSuspended);
    assert_eq!(world.count("select count(*) from entry").await, entries, "nothing was deleted or added");
    let (done, said) = world.run(&["tenant", "resume", &tenant.slug]);
    assert!(done, "{said}");
    shop.vera.connect(Over::Socket).await;
    shop.walt.connect(Over::Poll).await;
    let open =
        |view: &crate::wire::View| (view.visitor.as_ref()?.availability != Availability::Unavailable).then_some(());
    shop.vera.until("it is open", open).await;
    shop.walt.until("it is open", open).await;
    shop.vera.says("good that you are back").await;
}

#[tokio::test]
async fn f31_f32_who_may_not_be_here_any_more_is_sent_away_by_every_server() {
    let agents = vec!["Ann", "Ben", "Cid", "Dan", "Eve", "Fay"];
    let world = World::with(Plan { agents, second: true, ..plan() }).await;
    let other = world.other.as_ref().expect("planned");
    f31(&world, ["Ann", "Ben", "Cid"], TOLD_WITHIN, || {}).await;
    f32(&world, other, "Zoe", TOLD_WITHIN).await;
    // The same while no server hears another.
    f31(&world, ["Dan", "Eve", "Fay"], NOTICED_WITHIN, || world.front().redis.stop()).await;
    f32(&world, other, "Zoe", NOTICED_WITHIN).await;
}
