//! F21: a token that expired while somebody slept. F33: an origin that is taken off a site's list while its pages are
//! open.

use std::time::Duration;

use protocol::command::{Command, Page};
use serde_json::{Value, json};

use super::clock::Clock;
use crate::checker::check;
use crate::people::{Agent, Visitor, become_visitor, cmid, in_conversation, message, sign_in};
use crate::second_factor::Browser;
use crate::wire::Over;
use crate::world::{Plan, World};

/// How soon an open page is told.
const TOLD_WITHIN: Duration = Duration::from_secs(60);
/// An origin that stays on the list.
const OTHER: &str = "https://other.example";

#[tokio::test]
async fn f21_after_26_hours_an_expired_token_gets_a_new_one_for_the_same_visitor() {
    let Some(clock) = Clock::new() else { return };
    let day = Plan::default().with("FRONTDESK_VISITOR_TOKEN_SECONDS", "86400");
    let world = World::with(clock.rules(day).unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let token = vera.reply.token.clone();
    vera.vanish();
    clock.jumps("+26h");
    ann.says(conversation, "while you slept").await;
    for over in [Over::Socket, Over::Poll] {
        vera.try_connect(over).await.expect("a handshake says nothing about who it is");
        vera.until("the old token is refused", |view| matches!(view.closed?, 4401 | 401).then_some(())).await;
        assert!(vera.ask(message(Some(conversation), cmid(), "with an old token")).await.is_err());
    }
    let (site, origin) = (&world.acme.site, world.origin());
    let returns = async |token: &str| Visitor::returns(&world.url(), &origin, site, Some(token)).await;
    let mut again = returns(&token).await;
    assert_eq!(again.reply.visitor, vera.reply.visitor);
    again.connect(Over::Socket).await;
    again.says("good morning").await;
    again.sees("while you slept").await;
    ann.sees(conversation, "good morning").await;
    // A token that was revoked is worth nothing, and nor is one that has been useless for as long as it was good.
    world.change("update visitor set token_version = token_version + 1").await;
    assert_ne!(returns(&token).await.reply.visitor, vera.reply.visitor);
    world.change("update visitor set token_version = token_version - 1").await;
    assert_eq!(returns(&token).await.reply.visitor, vera.reply.visitor);
    clock.jumps("+49h");
    assert_ne!(returns(&token).await.reply.visitor, vera.reply.visitor);
    clock.jumps("+0");
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    check(&world, conversation, &[], &[&again, &ann]).await;
}

/// Visitors in pages of the shop, over each transport, in a page of another origin, and in none.
struct Pages {
    shop: [Visitor; 2],
    others: [Visitor; 2],
    /// Somebody is there to ask.
    _ann: Agent,
}

impl Pages {
    async fn open(world: &World) -> Self {
        let (base, origin, site) = (world.url(), world.origin(), &world.acme.site);
        let shop = world.acme.origin.as_str();
        let embedded = async |page| Visitor::in_page(&base, &origin, site, None, page).await;
        let mut shop = [embedded(Some(shop)).await, embedded(Some(shop)).await];
        let mut others = [embedded(Some(OTHER)).await, embedded(None).await];
        for (visitor, over) in shop.iter_mut().chain(&mut others).zip([Over::Socket, Over::Poll].into_iter().cycle()) {
            visitor.connect(over).await;
        }
        let mut ann = world.agent("Ann").await;
        ann.starts_work(Over::Socket).await;
        shop[0].asks("do you ship to Mars?").await;
        Self { shop, others, _ann: ann }
    }

    /// Those in the shop's pages are closed and told why; the others go on.
    async fn only_the_shop_is_closed(&self) {
        let [socket, poll] = &self.shop;
        socket.until_within(TOLD_WITHIN, "the socket is closed", |view| (view.closed? == 4403).then_some(())).await;
        let told = socket.look(|view| view.refusals.iter().any(|it| it.field.as_deref() == Some("origin")));
        assert!(told, "it is told why");
        poll.until_within(TOLD_WITHIN, "the poll is refused", |view| (view.closed? == 403).then_some(())).await;
        let (_, why) = poll.look(|view| view.poll_refused.clone()).expect("a refusal");
        names_the_origin(&why);
        let page = Page { url: "https://other.example/".to_owned(), title: None, referrer: None, language: None };
        for other in &self.others {
            other.must(Command::Page(page.clone())).await;
            assert_eq!(other.look(|view| view.closed), None);
        }
    }
}

fn names_the_origin(problem: &str) {
    let problem: Value = serde_json::from_str(problem).expect("a problem document");
    assert_eq!((problem["code"].as_str(), problem["field"].as_str()), (Some("forbidden"), Some("origin")), "{problem}");
}

/// The owner sets which origins may embed the site.
async fn allow(world: &World, owner: &Browser, origins: &str) {
    let site = world.site_id().await;
    let form = [
        ("name", "Shop"),
        ("origins", origins),
        ("color", "#0a7f5a"),
        ("side", "end"),
        ("ask_name", "optional"),
        ("ask_email", "optional"),
    ];
    let answer = owner.post(&format!("/admin/sites/{site}"), &form).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap_or_default());
}

#[tokio::test]
async fn f33_an_origin_taken_off_the_list_is_refused_at_once_and_its_open_pages_are_closed() {
    let world = World::start().await;
    let olga = world.acme.person("Olga");
    let olga = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
    let olga = Browser::with_cookie(&world, &olga);
    let shop = world.acme.origin.clone();
    allow(&world, &olga, &format!("{shop}\n{OTHER}")).await;
    let mut pages = Pages::open(&world).await;
    allow(&world, &olga, OTHER).await;
    let body = json!({ "site": world.acme.site, "origin": shop, "token": pages.shop[0].reply.token });
    let (status, why) = become_visitor(&world.url(), &world.origin(), &body).await;
    assert_eq!(status, 403, "{why}");
    names_the_origin(&why);
    let (status, _) = olga.get(&format!("/frame/{}", world.acme.site)).await;
    assert_eq!(status, 200, "the document is for the other origin");
    pages.only_the_shop_is_closed().await;
    for (visitor, (over, code)) in pages.shop.iter_mut().zip([(Over::Socket, 4403), (Over::Poll, 403)]) {
        visitor.try_connect(over).await.expect("a handshake says nothing about who it is");
        visitor.until("it is refused again", |view| (view.closed? == code).then_some(())).await;
        assert!(visitor.ask(message(None, cmid(), "let me in")).await.is_err());
    }
    // What was said is there when the page is allowed again.
    allow(&world, &olga, &format!("{shop}\n{OTHER}")).await;
    let [socket, _] = &mut pages.shop;
    socket.connect(Over::Socket).await;
    socket.says("hello again").await;
    socket.sees("do you ship to Mars?").await;
}

#[tokio::test]
async fn f33_a_node_that_heard_nothing_of_the_change_closes_the_pages_within_a_minute() {
    let world = World::start().await;
    let allow = async |origins: Value| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        world.change(format!("update site set origins = '{origins}', changed_at = {}", now.as_millis())).await;
    };
    allow(json!([world.acme.origin, OTHER])).await;
    let pages = Pages::open(&world).await;
    allow(json!([OTHER])).await;
    pages.only_the_shop_is_closed().await;
}
