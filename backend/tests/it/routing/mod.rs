//! Who is asked, in which order, and what everybody is told: departments, priorities, languages and skills, offers to
//! several, transfers, releases; and what happens when several people, or several servers, act at the same time.

/// Which department's people are asked.
mod departments;
/// Who of them, in which order.
mod order;
/// Several at the same time.
mod races;
/// What agents and supervisors do about conversations and themselves, and what visitors are told.
mod staff;

use protocol::command::{Command, Page, Start, Transfer};
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use serde_json::{Value, json};

use crate::basics::eventually;
use crate::people::{Agent, Visitor, cmid};
use crate::wire::{Answer, Over};
use crate::world::{Plan, World};

/// Settings of these tests, and `more`. Offers and replies stand longer than any test, unless it says otherwise.
fn policy(more: &Value) -> Value {
    let mut all = json!({ "capacity": 1, "offer_deadline_ms": 120_000 });
    all.as_object_mut().expect("settings").extend(more.as_object().expect("settings").clone());
    all
}

/// A world whose servers do not run yet: departments are made first.
fn prepared(more: &Value, agents: &[&'static str]) -> World {
    World::prepare(Plan { policy: policy(more), agents: agents.to_vec(), ..Plan::default() }.unlimited())
}

async fn world(more: &Value, agents: &[&'static str]) -> World {
    let world = prepared(more, agents);
    world.serve().await;
    world
}

/// Makes or changes a department by the command line: `create Sales`, `set Support`.
fn department(world: &World, verb: &str, name: &str, more: &[&str]) -> DepartmentId {
    let (done, text) = world.run(&[&["department", verb, "--json", "--tenant", "acme", name], more].concat());
    assert!(done, "{verb} {name}: {text}");
    let line = text.find('{').map(|start| &text[start..]).expect("JSON");
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"));
    DepartmentId::parse(value["id"].as_str().expect("an id")).expect("an id")
}

async fn visitor(world: &World, over: Over) -> Visitor {
    let mut visitor = world.visitor().await;
    visitor.connect(over).await;
    visitor
}

/// What somebody asks, in a language, of a department.
fn question(language: &str, department: Option<DepartmentId>) -> Command {
    let page = Page {
        url: "http://shop.example/tea".to_owned(),
        title: None,
        referrer: None,
        language: Some(language.to_owned()),
    };
    Command::Start(Start {
        cmid: cmid(),
        name: None,
        email: None,
        text: Some("hello?".to_owned()),
        page: Some(page),
        department,
    })
}

/// A visitor who asked a department, or whichever is the site's.
async fn asking(world: &World, department: Option<DepartmentId>) -> (Visitor, ConversationId) {
    let visitor = visitor(world, Over::Socket).await;
    let ack = visitor.must(question("en", department)).await;
    (visitor, ack.conversation.expect("a conversation"))
}

/// A visitor whose conversation an agent has taken and answered.
async fn held_by(world: &World, agent: &Agent, department: Option<DepartmentId>) -> (Visitor, ConversationId) {
    let (visitor, conversation) = asking(world, department).await;
    agent.is_offered_this(conversation).await;
    agent.accepts(conversation).await;
    agent.says(conversation, "one moment").await;
    (visitor, conversation)
}

/// The conversations that are offered to an agent now.
fn offers(agent: &Agent) -> Vec<ConversationId> {
    agent.look(|view| view.offers())
}

/// Gives a conversation to the head of a department's queue.
async fn gives_to(agent: &Agent, conversation: ConversationId, department: DepartmentId, note: &str) -> Answer {
    let note = Some(note.to_owned());
    agent.ask(Command::Transfer(Transfer { conversation, to: None, note, department: Some(department) })).await
}

async fn gives(agent: &Agent, conversation: ConversationId, to: AgentId) -> Answer {
    agent.ask(Command::Transfer(Transfer { conversation, to: Some(to), note: None, department: None })).await
}

/// Offers and conversations agree: an offer without an outcome belongs to a conversation that is offered, one that is
/// offered has such an offer, nobody took the same one twice without its going back, and no log has a gap.
async fn is_consistent(world: &World) {
    for (what, sql) in [
        (
            "offers that stand for a conversation that is not offered",
            "select count(*) from offer o join conversation c on c.tenant_id = o.tenant_id \
             and c.id = o.conversation_id where o.outcome is null and c.state <> 'offered'",
        ),
        (
            "offered conversations without an offer that stands",
            "select count(*) from conversation c where c.state = 'offered' and not exists (select 1 from offer o \
             where o.tenant_id = c.tenant_id and o.conversation_id = c.id and o.outcome is null)",
        ),
        (
            "two offers of one conversation to one agent that stand",
            "select count(*) from (select conversation_id from offer where outcome is null \
             group by conversation_id, agent_id having count(*) > 1) twice",
        ),
        (
            "assignments without a way back to the queue between",
            "select count(*) from (select conversation_id, \
             sum(case when kind = 'assigned' then 1 when kind in ('queued', 'reopened', 'transferred') then -1 else 0 end) \
             as more from entry group by conversation_id) counted where more > 0",
        ),
        (
            "offers that were taken, of which the log says nothing",
            "select count(*) from (select o.conversation_id, count(*) as taken, (select count(*) from entry e \
             where e.tenant_id = o.tenant_id and e.conversation_id = o.conversation_id and e.kind = 'assigned') \
             as told from offer o where o.outcome = 'accepted' group by o.tenant_id, o.conversation_id) counted \
             where taken > told",
        ),
        (
            "logs with a gap",
            "select count(*) from (select c.id, c.last_seq, count(*) as entries from conversation c join entry e \
             on e.tenant_id = c.tenant_id and e.conversation_id = c.id group by c.id, c.last_seq) counted \
             where entries <> last_seq",
        ),
        (
            "active conversations that nobody holds",
            "select count(*) from conversation where state = 'active' and agent_id is null",
        ),
    ] {
        // A write may lie between two questions; what is wrong stays wrong.
        eventually(&format!("no {what}"), || async { (world.count(sql).await == 0).then_some(()) }).await;
    }
}
