//! Rights that end while somebody is connected (C20): within two seconds every socket and poll of theirs is closed, and
//! nothing more is served to them, on any transport.

use std::time::Duration;

use protocol::error::ErrorCode;
use protocol::ids::ConversationId;

use crate::people::{Agent, cmid, code_of, in_conversation, message, sign_in};
use crate::second_factor::Browser;
use crate::wire::Over;
use crate::world::{Plan, World};

/// How soon it has to be felt.
const WITHIN: Duration = Duration::from_secs(2);

/// A browser of an agent: one tab over each transport.
struct Desk {
    tabs: [Agent; 2],
}

impl Desk {
    async fn of(world: &World, name: &str) -> Self {
        let socket = world.agent(name).await;
        let poll = socket.another_tab();
        let mut desk = Self { tabs: [socket, poll] };
        desk.connect().await;
        desk
    }

    async fn connect(&mut self) {
        for (tab, over) in self.tabs.iter_mut().zip([Over::Socket, Over::Poll]) {
            tab.connect(over).await;
            tab.until("the agent state", |view| view.agent.as_ref().map(|_| ())).await;
        }
    }

    fn browser(&self, world: &World) -> Browser {
        Browser::with_cookie(world, &self.tabs[0].cookie())
    }

    /// Both tabs are closed in time, the poll with this status, and what they try then is refused with it.
    async fn is_thrown_out(&mut self, world: &World, conversation: ConversationId, status: u16) {
        let before = world.count("select count(*) from entry").await;
        let [socket, poll] = &mut self.tabs;
        socket.until_within(WITHIN, "the socket is closed", |view| view.closed).await;
        poll.until_within(WITHIN, "the poll is refused", |view| (view.closed? == status).then_some(())).await;
        socket.try_connect(Over::Socket).await.expect("a handshake says nothing about who it is");
        socket.until("a new socket is closed", |view| (view.closed? == 4000 + status).then_some(())).await;
        let send = || message(Some(conversation), cmid(), "am I still here?");
        assert!(socket.ask(send()).await.is_err());
        assert!(poll.ask(send()).await.is_err());
        assert_eq!(poll.look(|view| view.poll_refused.as_ref().map(|refused| refused.0)), Some(status));
        assert_eq!(world.count("select count(*) from entry").await, before, "nothing was written");
    }

    /// Both tabs go on, if need be on another connection.
    async fn goes_on(&mut self) {
        self.connect().await;
    }
}

async fn olga(world: &World) -> Browser {
    let owner = world.acme.person("Olga");
    Browser::with_cookie(world, &sign_in(&world.url(), &world.origin(), &owner.email, &owner.password).await)
}

#[tokio::test]
async fn c20_an_agent_who_is_disabled_hears_and_says_nothing_more() {
    let world = World::start().await;
    let (_vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let (mut ben, olga) = (Desk::of(&world, "Ben").await, olga(&world).await);
    let path = format!("/admin/people/{}", ben.tabs[0].id());
    assert_eq!(olga.post(&format!("{path}/disable"), &[]).await.status(), 303);
    ben.is_thrown_out(&world, conversation, 403).await;
    assert_eq!(olga.post(&format!("{path}/enable"), &[]).await.status(), 303);
    ben.goes_on().await;
}

#[tokio::test]
async fn c20_a_role_that_is_lowered_counts_at_once() {
    let world = World::start().await;
    let (_vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let (mut ben, olga) = (Desk::of(&world, "Ben").await, olga(&world).await);
    let path = format!("/admin/people/{}", ben.tabs[0].id());
    let becomes = async |role| {
        let form = [("name", "Ben"), ("role", role), ("capacity", "6")];
        assert_eq!(olga.post(&path, &form).await.status(), 303);
    };
    let joins_in = || message(Some(conversation), cmid(), "a supervisor may join in");
    becomes("supervisor").await;
    ben.tabs[0].until_within(WITHIN, "the socket starts again", |view| view.closed).await;
    ben.goes_on().await;
    for tab in &ben.tabs {
        tab.must(joins_in()).await;
    }
    becomes("agent").await;
    // The poll's tab is never told apart from one that asks anew.
    assert_eq!(code_of(ben.tabs[1].ask(joins_in()).await), ErrorCode::Forbidden);
    ben.tabs[0].until_within(WITHIN, "the socket starts again", |view| view.closed).await;
    ben.goes_on().await;
    for tab in &ben.tabs {
        assert_eq!(code_of(tab.ask(joins_in()).await), ErrorCode::Forbidden);
    }
}

#[tokio::test]
async fn c20_a_changed_password_ends_every_other_browser() {
    let world = World::start().await;
    let (_vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let (mut here, mut elsewhere) = (Desk::of(&world, "Ben").await, Desk::of(&world, "Ben").await);
    let old = world.acme.person("Ben").password.clone();
    let form = [("current", old.as_str()), ("new", "a better password"), ("again", "a better password")];
    let changed = here.browser(&world).post("/admin/profile/password", &form).await;
    assert_eq!(changed.status(), 303);
    elsewhere.is_thrown_out(&world, conversation, 401).await;
    here.goes_on().await;
}

#[tokio::test]
async fn c20_signing_out_ends_this_browser_or_every_other() {
    let world = World::start().await;
    let (_vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let (mut here, mut elsewhere) = (Desk::of(&world, "Ben").await, Desk::of(&world, "Ben").await);
    assert_eq!(here.browser(&world).post("/admin/profile/sign-out-everywhere", &[]).await.status(), 303);
    elsewhere.is_thrown_out(&world, conversation, 401).await;
    here.goes_on().await;
    assert_eq!(here.browser(&world).post("/sign-out", &[]).await.status(), 303);
    here.is_thrown_out(&world, conversation, 401).await;
}

#[tokio::test]
async fn c20_a_second_factor_taken_off_on_the_command_line_ends_every_browser() {
    let world = World::with(Plan::default().unlimited()).await;
    let (_vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut ben = Desk::of(&world, "Ben").await;
    let person = world.acme.person("Ben").clone();
    ben.browser(&world).turns_it_on(&person).await;
    ben.goes_on().await;
    let (done, said) = world.run(&["account", "reset-second-factor", "--email", &person.email]);
    assert!(done, "{said}");
    ben.is_thrown_out(&world, conversation, 401).await;
    sign_in(&world.url(), &world.origin(), &person.email, &person.password).await;
}
