//! Messages left while nobody was there: answered once, by e-mail wherever an address is known, and only as long as nobody
//! else has taken them up.

use protocol::command::{Command, Start};
use protocol::ids::ConversationId;
use protocol::state::{Availability, ConversationState, Presence};

use crate::panels::{Reader, leaves_message};
use crate::people::{Agent, Visitor, cmid};
use crate::wire::Over;
use crate::world::World;

/// A visitor writes into a conversation that is over when nobody is there; Ann, who held it, is away.
async fn writes_too_late(world: &World, email: Option<&str>) -> (Visitor, Agent, ConversationId) {
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let start = Start {
        cmid: cmid(),
        name: Some("Vera".to_owned()),
        email: email.map(str::to_owned),
        text: Some("Do you ship to Norway?".to_owned()),
        page: None,
        department: None,
    };
    let id = vera.must(Command::Start(start)).await.conversation.expect("a conversation");
    ann.is_offered_this(id).await;
    ann.accepts(id).await;
    ann.closes(id).await;
    vera.sees_state(ConversationState::Closed).await;
    ann.goes(Presence::Away).await;
    vera.is_told(Availability::Offline).await;
    vera.says("And to Iceland?").await;
    vera.sees_state(ConversationState::Offline).await;
    (vera, ann, id)
}

async fn olga(world: &World) -> Reader {
    Reader::signs_in(world, world.acme.person("Olga")).await
}

async fn page_of(olga: &Reader, id: ConversationId) -> String {
    let (status, page) = olga.opens(&format!("/admin/offline/{id}")).await;
    assert_eq!(status, 200, "{page}");
    page
}

/// The id that the page gives to whatever is sent with its form.
fn id_in(page: &str) -> String {
    let found = page.split("name=\"cmid\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    found.unwrap_or_else(|| panic!("no id of the answer: {page}")).to_owned()
}

const MAILED: &str = "select count(*) from outbox where kind = 'reply' and payload like '%vera@example.com%'";
const ANSWERS: &str = "select count(*) from entry where kind = 'message' and author_kind = 'agent'";

#[tokio::test]
async fn an_answer_is_mailed_to_the_address_known_before() {
    let world = World::start().await;
    let (_vera, _ann, id) = writes_too_late(&world, Some("vera@example.com")).await;
    let left = "select count(*) from conversation where offline_email is not null";
    assert_eq!(world.count(left).await, 0, "no address was asked for");
    let olga = olga(&world).await;
    let page = page_of(&olga, id).await;
    assert!(page.contains("Sent by e-mail to vera@example.com, and shown"), "{page}");
    let (status, page) = olga.sends(&format!("/admin/offline/{id}/answer"), &[("answer", "We do.")]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("on its way by e-mail"), "{page}");
    assert_eq!(world.count(MAILED).await, 1);
}

#[tokio::test]
async fn nothing_is_said_to_be_mailed_where_no_address_is_known() {
    let world = World::start().await;
    let (vera, _ann, id) = writes_too_late(&world, None).await;
    let olga = olga(&world).await;
    let page = page_of(&olga, id).await;
    assert!(page.contains("No address of the visitor is known") && !page.contains("Sent by e-mail"), "{page}");
    let (status, page) = olga.sends(&format!("/admin/offline/{id}/answer"), &[("answer", "We do.")]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("No e-mail was sent") && !page.contains("on its way by e-mail"), "{page}");
    assert_eq!(world.count("select count(*) from outbox where kind = 'reply'").await, 0);
    vera.sees("We do.").await;
}

#[tokio::test]
async fn a_form_that_is_sent_twice_answers_once() {
    let world = World::start().await;
    let id = leaves_message(&world, "Vera", "Do you ship to Norway?").await;
    let olga = olga(&world).await;
    let cmid = id_in(&page_of(&olga, id).await);
    let path = format!("/admin/offline/{id}/answer");
    let form = [("answer", "We do."), ("cmid", cmid.as_str())];
    for _ in 0..2 {
        let (status, page) = olga.sends(&path, &form).await;
        assert_eq!(status, 200, "{page}");
        assert!(page.contains("on its way by e-mail"), "{page}");
    }
    assert_eq!((world.count(ANSWERS).await, world.count(MAILED).await), (1, 1));
    // What is wrong with a form leaves its id; the next form has another.
    let (_, again) = olga.sends(&path, &[("answer", " "), ("cmid", cmid.as_str())]).await;
    assert_eq!(id_in(&again), cmid);
    assert_ne!(id_in(&page_of(&olga, id).await), cmid);
    olga.sends(&format!("/admin/offline/{id}/close"), &[]).await;
    let (status, _) = olga.sends(&path, &form).await;
    assert_eq!((status.as_u16(), world.count(ANSWERS).await), (200, 1), "also when it was put away in between");
}

#[tokio::test]
async fn what_is_not_offline_any_more_is_neither_answered_nor_closed() {
    let world = World::start().await;
    let (vera, ann, id) = writes_too_late(&world, Some("vera@example.com")).await;
    let olga = olga(&world).await;
    let cmid = id_in(&page_of(&olga, id).await);
    ann.goes(Presence::Online).await;
    vera.is_told(Availability::Online).await;
    vera.says("Hello again").await;
    ann.is_offered_this(id).await;

    let form = [("answer", "We <do>."), ("cmid", cmid.as_str())];
    for state in ["offered", "active", "closed"] {
        let (status, page) = olga.sends(&format!("/admin/offline/{id}/answer"), &form).await;
        assert_eq!(status, 409, "{state}: {page}");
        assert!(page.contains("Nothing was sent and nothing was closed."), "{state}: {page}");
        assert!(page.contains("We &#60;do&#62;."), "{state}: what was typed is lost: {page}");
        let (status, page) = olga.sends(&format!("/admin/offline/{id}/close"), &[]).await;
        match state {
            "offered" => ann.accepts(id).await,
            "active" => ann.closes(id).await,
            // What was to be closed is.
            _ => {
                assert_eq!(status, 200, "{page}");
                continue;
            }
        }
        assert_eq!(status, 409, "{state}: {page}");
    }
    assert_eq!((world.count(ANSWERS).await, world.count(MAILED).await), (0, 0));
    assert_eq!(world.count("select count(*) from entry where kind = 'closed'").await, 2, "Ann closed it, twice");
}

#[tokio::test]
async fn the_longest_answer_fits_in_every_script() {
    let world = World::start().await;
    let id = leaves_message(&world, "王小明", "这款茶叶还有货吗").await;
    let olga = olga(&world).await;
    let path = format!("/admin/offline/{id}/answer");
    for letter in ["字", "\u{1f375}"] {
        let (status, page) = olga.sends(&path, &[("answer", &letter.repeat(8_000))]).await;
        assert_eq!(status, 200, "{letter}: {page}");
        let (status, _) = olga.sends(&path, &[("answer", &letter.repeat(8_001))]).await;
        assert_eq!(status, 422, "{letter}");
    }
    assert_eq!(world.count(ANSWERS).await, 2);
}
