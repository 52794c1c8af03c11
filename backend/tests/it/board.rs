//! The live board of supervisors and the history of routing of a conversation: what they say, to whom, and that the board
//! keeps itself up to date.

use protocol::command::{Command, Decline, DeclineReason, SetPresence, Start};
use protocol::ids::ConversationId;
use protocol::state::{ConversationState, Pause, Presence};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::basics::eventually;
use crate::browser::Driver;
use crate::console_page::Console;
use crate::panels::{Reader, harmless};
use crate::people::cmid;
use crate::pictures::look;
use crate::wire::Over;
use crate::world::{Plan, World};

async fn world_with(policy: Value) -> World {
    World::with(Plan { policy, second: true, ..Plan::default() }).await
}

/// What the board says, as the page's script reads it.
async fn board(reader: &Reader) -> Value {
    let (status, text) = reader.opens("/admin/board.json").await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

/// A row of a table, as JSON text; empty when there is none.
fn row(board: &Value, table: &str, key: &str) -> String {
    let tables = board["tables"].as_array().expect("tables").iter();
    let rows = tables.filter(|it| it["id"] == table).flat_map(|it| it["rows"].as_array().expect("rows"));
    rows.filter(|row| row["key"] == key).map(Value::to_string).collect()
}

/// Waits until the row of a waiting conversation says something.
async fn says(reader: &Reader, conversation: ConversationId, text: &str) -> String {
    let key = conversation.to_string();
    eventually(&format!("the board says {text:?}"), || async {
        Some(row(&board(reader).await, "waiting", &key)).filter(|row| row.contains(text))
    })
    .await
}

#[tokio::test]
async fn the_board_says_why_each_conversation_waits_until_it_is_taken() {
    let world = world_with(json!({ "capacity": 1 })).await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    assert!(board(&olga).await["summary"].as_str().is_some_and(|text| text.starts_with("Nobody waits.")));
    let ann = world.at_work("Ann").await;
    let (_vera, first) = world.asking("the first").await;
    ann.is_offered_this(first).await;
    says(&olga, first, "Offered to Ann, for another").await;
    ann.accepts(first).await;
    let ben = world.at_work("Ben").await;
    ben.goes(Presence::Away).await;
    let (_walt, second) = world.asking("the second").await;
    let said = says(&olga, second, "Fully occupied: Ann (1 of 1).").await;
    assert!(said.contains("Away or not connected: ") && said.contains("Ben") && said.contains("Olga"), "{said}");

    let now = board(&olga).await;
    let held = row(&now, "agents", &ann.id().to_string());
    assert!(held.contains(&format!("/admin/transcripts/{first}")) && held.contains("1 / 1"), "{held}");
    assert!(row(&now, "agents", &ben.id().to_string()).contains("Away"), "{now}");
    let summary = now["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("1 visitor has waited for") && summary.contains("1 of 3 agents"), "{summary}");

    ann.closes(first).await;
    ann.is_offered_this(second).await;
    ann.declines(second).await;
    says(&olga, second, "Declined, missed or gave it back just now: Ann (").await;
    ben.goes(Presence::Online).await;
    ben.is_offered_this(second).await;
    ben.accepts(second).await;
    let now = board(&olga).await;
    assert_eq!(row(&now, "waiting", &second.to_string()), "", "{now}");
    assert!(row(&now, "agents", &ben.id().to_string()).contains(&second.to_string()), "{now}");
}

#[tokio::test]
async fn the_page_says_the_same_without_a_script_and_names_stay_text() {
    let world = world_with(json!({})).await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Poll).await;
    let ann = world.at_work("Ann").await;
    visitor.is_told(protocol::state::Availability::Online).await;
    ann.goes(Presence::Away).await;
    ann.goes(Presence::Online).await;
    let start = Start {
        cmid: cmid(),
        name: Some("\"'><img src=x onerror=alert(1)>".to_owned()),
        email: None,
        text: Some("<script>alert(1)</script>".to_owned()),
        page: None,
        department: None,
    };
    let id = visitor.must(Command::Start(start)).await.conversation.expect("a conversation");
    ann.is_offered_this(id).await;
    ann.declines(id).await;
    says(&olga, id, "just now: Ann").await;
    let (status, page) = olga.opens("/admin/board").await;
    assert_eq!(status, 200);
    harmless("/admin/board", &page);
    for text in ["Live board", "just now: Ann", "Why it waits", "onerror=alert(1)"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[tokio::test]
async fn only_supervisors_of_the_tenant_see_the_board_and_empty_lists() {
    let world = world_with(json!({})).await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let reader = Reader::signs_in(&world, world.acme.person("Ann")).await;
    let release = [("agent", &*ann.id().to_string())];
    for path in ["/admin/board", "/admin/board.json"] {
        assert_eq!(reader.opens(path).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(reader.sends("/admin/board/release", &release).await.0, StatusCode::FORBIDDEN);
    let stranger = world.other.as_ref().expect("a second tenant").people.first().expect("its owner");
    let stranger = Reader::signs_in(&world, stranger).await;
    let (_, theirs) = stranger.opens("/admin/board").await;
    assert!(!theirs.contains(&conversation.to_string()) && !theirs.contains("Ann"), "{theirs}");
    assert_eq!(stranger.sends("/admin/board/release", &release).await.0, StatusCode::NOT_FOUND);
    vera.is_served_by("Ann").await;
}

#[tokio::test]
async fn what_an_absent_agent_holds_is_given_back_from_the_board() {
    let world = world_with(json!({})).await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let id = ann.id().to_string();
    assert!(!row(&board(&olga).await, "agents", &id).contains("release"), "who is there keeps everything");
    ann.goes(Presence::Away).await;
    eventually("the board offers to give it back", || async {
        Some(row(&board(&olga).await, "agents", &id))
            .filter(|row| row.contains("Give back to the queue what Ann holds (1)"))
    })
    .await;
    let (status, page) = olga.sends("/admin/board/release", &[("agent", &id)]).await;
    assert_eq!(status, 200);
    assert!(page.contains("What the agent held is at the head of the queue again."), "{page}");
    vera.waits_at(1).await;
    says(&olga, conversation, "goes first").await;
}

/// The texts of the steps of a conversation's history, in order.
async fn history(reader: &Reader, conversation: ConversationId) -> String {
    let (status, page) = reader.opens(&format!("/admin/transcripts/{conversation}")).await;
    assert_eq!(status, 200);
    page.split("class=\"steps\"").nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_transcript_tells_who_was_asked_and_why() {
    let policy = json!({ "offer_deadline_ms": 5_000, "rejection_memory_ms": 0, "missed_offers_before_away": 5 });
    let world = world_with(policy).await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    let ben = world.at_work("Ben").await;
    ann.sees_presence("Ben", Presence::Online).await;
    ann.must(Command::Decline(Decline { conversation, reason: Some(DeclineReason::Busy) })).await;
    ben.is_offered_this(conversation).await;
    // Ben does not answer; nobody else is left, so Ann is asked again.
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.transfers(conversation, Some(ben.id()), "for you").await.expect("given to Ben");
    vera.is_served_by("Ben").await;
    ben.sees_state(conversation, ConversationState::Active).await;

    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let told = history(&olga, conversation).await;
    let mut rest = told.as_str();
    for text in [
        "The visitor began to wait.",
        "Offered to Ann, for 5 s.",
        "Ann declined after",
        "Reason: enough to do already.",
        "Offered to Ben, for 5 s.",
        "Ben did not answer within",
        "Ann",
        "Offered to Ann, for 5 s.",
        "Ann accepted after",
        "Ann, who did not take it before",
        "Ben",
    ] {
        let at = rest.find(text).unwrap_or_else(|| panic!("{text:?} is missing, or in another place: {told}"));
        rest = rest.get(at + text.len()..).unwrap_or_default();
    }
    assert!(told.contains("Away or not connected: "), "why not the others: {told}");
    // The agent who has it reads the transcript without the reasons.
    let reader = Reader::signs_in(&world, world.acme.person("Ben")).await;
    assert_eq!(history(&reader, conversation).await, "");
}

#[tokio::test]
async fn the_board_keeps_itself_up_to_date_and_the_focus_where_it_is() {
    let world = world_with(json!({ "capacity": 1 })).await;
    let ann = world.at_work("Ann").await;
    let (_vera, first) = world.asking("the first").await;
    ann.is_offered_this(first).await;
    ann.accepts(first).await;
    let driver = Driver::start().await;
    let owner = Console::signs_in(driver.window("owner").await, &world, world.acme.person("Olga")).await;
    let window = owner.window;
    window.opens(&format!("{}/admin/board", world.origin())).await;
    window.runs("window.mark = true; document.querySelector('[data-table=agents] a').focus();", vec![]).await;
    let (_walt, second) = world.asking("the second").await;
    window.reads("[data-table=waiting] .reasons", "Fully occupied: Ann (1 of 1).").await;
    let (_xena, _third) = world.asking("the third").await;
    window.reads("[data-table=waiting] tr:nth-child(2) td", "2").await;
    ann.closes(first).await;
    ann.is_offered_this(second).await;
    window.reads("[data-table=waiting] .reasons", "Offered to Ann").await;
    let kept =
        window.runs("return [window.mark, document.activeElement.closest('[data-table]').dataset.table];", vec![]);
    assert_eq!(kept.await, json!([true, "agents"]), "the page was not loaded again, and the focus is in its table");
    assert_eq!(window.violations().await, Vec::<String>::new());
    window.closes().await;
}

#[tokio::test]
async fn board_and_history_fit_their_window_in_both_languages() {
    let world = world_with(json!({ "capacity": 1 })).await;
    let sales = ["department", "create", "--tenant", "acme", "Sales and returns", "--member", "Ann", "--json"];
    let (made, _, error) = world.feed(&sales, "");
    assert!(made, "{error}");
    let ann = world.at_work("Ann").await;
    let (_vera, first) = world.asking("the first").await;
    ann.is_offered_this(first).await;
    let ben = world.at_work("Ben").await;
    ann.must(Command::Decline(Decline { conversation: first, reason: Some(DeclineReason::OtherTopic) })).await;
    ben.is_offered_this(first).await;
    ben.accepts(first).await;
    ben.must(Command::SetPresence(SetPresence { presence: Presence::Away, pause: Some(Pause::Lunch) })).await;
    let (_walt, second) = world.asking("the second").await;
    ann.is_offered_this(second).await;
    ann.accepts(second).await;
    let (_xena, third) = world.asking("the third").await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    says(&olga, third, "Fully occupied").await;
    let driver = Driver::start().await;
    let window = Console::signs_in(driver.window("owner").await, &world, world.acme.person("Olga")).await.window;
    let agent = window.runs("return navigator.userAgent;", vec![]).await;
    for (language, full, away) in
        [("en", "Fully occupied: Ann", "Away: lunch"), ("zh-CN", "名额已满：Ann", "离开：午餐")]
    {
        let speaks = json!({"userAgent": agent, "acceptLanguage": language});
        window.devtools("Emulation.setUserAgentOverride", speaks).await;
        window.opens(&format!("{}/admin/board", world.origin())).await;
        window.reads("[data-table=waiting] .reasons", full).await;
        window.reads("[data-table=agents] .pill", away).await;
        look(&window, &format!("admin-board-{language}")).await;
        window.opens(&format!("{}/admin/transcripts/{first}", world.origin())).await;
        window.reads(".steps", "Ben").await;
        window.runs("document.querySelectorAll('.steps details').forEach((it) => { it.open = true; });", vec![]).await;
        look(&window, &format!("admin-history-{language}")).await;
    }
    window.closes().await;
}
