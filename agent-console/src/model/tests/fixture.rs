//! A small world: one agent, a colleague, and a server that keeps the truth.

use protocol::command::Command;
use protocol::entry::{Author, AuthorKind, EntryBody, Item, Text};
use protocol::event::{ConversationChanged, Entries, Event, Welcome};
use protocol::ids::{AccountId, AgentId, Cmid, ConversationId, DepartmentId, Epoch, SiteId, TenantId, VisitorId};
use protocol::state::{
    AgentState, Availability, Colleague, ConversationState, Department, Presence, ReadMark, Role, Summary,
};
use uuid::Uuid;

use crate::model::msg::{Do, Net, See};
use crate::model::{Effect, Link, Me, Membership, Model, Msg, update};
use crate::text::Locale;

pub(super) const NOW: i64 = 1_700_000_000_000;

pub(super) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(super) const ME: u128 = 0xa1;
pub(super) const BOB: u128 = 0xa2;

pub(super) fn agent(n: u128) -> AgentId {
    AgentId(id(n))
}

pub(super) fn department(n: u128) -> DepartmentId {
    DepartmentId(id(0xd0 + n))
}

pub(super) fn chat(n: u128) -> ConversationId {
    ConversationId(id(0xc0 + n))
}

pub(super) fn cmid(n: u128) -> Cmid {
    Cmid(id(0xe0 + n))
}

pub(super) fn epoch() -> Epoch {
    Epoch(id(0xe))
}

/// The truth, as a server holds it.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) lines: Vec<Summary>,
    pub(super) logs: Vec<(ConversationId, Vec<Item>)>,
    pub(super) marks: Vec<ReadMark>,
    pub(super) role: Role,
    pub(super) suspended: bool,
    /// Number and name of each, and who is a member. A server that knows none says nothing of them.
    pub(super) departments: Vec<(u128, &'static str, Vec<u128>)>,
    /// What is different about the agents.
    pub(super) presence: Vec<(u128, Presence)>,
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            lines: Vec::new(),
            logs: Vec::new(),
            marks: Vec::new(),
            role: Role::Agent,
            suspended: false,
            departments: Vec::new(),
            presence: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, n: u128, state: ConversationState, agent: Option<u128>) -> ConversationId {
        let waits = matches!(state, ConversationState::Waiting | ConversationState::Offered);
        let line = Summary {
            id: chat(n),
            state,
            site: SiteId(id(1)),
            site_name: "Shop".into(),
            visitor: VisitorId(id(0xb0 + n)),
            visitor_name: Some(format!("Visitor {n}")),
            visitor_email: None,
            visitor_online: true,
            agent: agent.map(|agent| AgentId(id(agent))),
            offered_to: None,
            offer_deadline_at: None,
            created_at: NOW,
            updated_at: NOW + i64::try_from(n).unwrap(),
            waiting_since: waits.then_some(NOW),
            position: waits.then_some(u32::try_from(n).unwrap()),
            last_seq: 0,
            visitor_messages: 0,
            last_author: None,
            preview: None,
            visitor_read_seq: 0,
            agent_read_seq: 0,
            rating: None,
            offered_also: None,
            department: None,
            priority: None,
            kept: None,
        };
        self.lines.push(line);
        self.logs.push((chat(n), Vec::new()));
        chat(n)
    }

    pub(super) fn line(&mut self, id: ConversationId) -> &mut Summary {
        self.lines.iter_mut().find(|line| line.id == id).unwrap()
    }

    /// Puts a conversation into the queue of a department.
    pub(super) fn queue(&mut self, n: u128, of: u128, position: u32) -> ConversationId {
        let id = self.add(n, ConversationState::Waiting, None);
        let line = self.line(id);
        (line.department, line.position) = (Some(department(of)), Some(position));
        id
    }

    /// Changes a line and says so. Whatever changes, the line is newer by a millisecond at least.
    pub(super) fn change(&mut self, id: ConversationId, change: impl FnOnce(&mut Summary)) -> Event {
        let line = self.line(id);
        line.updated_at += 1;
        change(line);
        Event::Conversation(ConversationChanged { conversation: line.clone() })
    }

    /// Offers a conversation to this agent until `deadline`.
    pub(super) fn offer(&mut self, id: ConversationId, deadline: i64) -> Event {
        self.change(id, |line| {
            line.state = ConversationState::Offered;
            line.offered_to = Some(AgentId(super::fixture::id(ME)));
            line.offer_deadline_at = Some(deadline);
        })
    }

    /// Gives a conversation to somebody.
    pub(super) fn assign(&mut self, id: ConversationId, agent: u128) -> Event {
        self.change(id, |line| {
            line.state = ConversationState::Active;
            line.agent = Some(AgentId(super::fixture::id(agent)));
            line.offered_to = None;
            line.offer_deadline_at = None;
            line.waiting_since = None;
            line.position = None;
        })
    }

    /// Somebody writes: the entry and the changed line.
    pub(super) fn write(&mut self, id: ConversationId, who: AuthorKind, text: &str, cmid: Option<Cmid>) -> Vec<Event> {
        let visitor = self.line(id).visitor.0;
        let author = match who {
            AuthorKind::Visitor => visitor,
            _ => super::fixture::id(ME),
        };
        let log = &mut self.logs.iter_mut().find(|(log, _)| *log == id).unwrap().1;
        let seq = log.len() as u64 + 1;
        let item = Item {
            seq,
            at: Some(NOW + seq.cast_signed() * 1000),
            author: Some(Author { kind: who, id: Some(author), name: Some("N".into()) }),
            cmid,
            body: Some(EntryBody::Message(Text { text: text.into() })),
        };
        log.push(item.clone());
        let entries =
            Event::Entries(Entries { conversation: id, epoch: epoch(), from: seq, last_seq: seq, items: vec![item] });
        let line = self.change(id, |line| {
            line.last_seq = seq;
            line.last_author = Some(who);
            line.preview = Some(text.into());
            line.updated_at = NOW + seq.cast_signed() * 1000;
            if who == AuthorKind::Visitor {
                line.visitor_messages += 1;
            }
        });
        vec![entries, line]
    }

    /// Everything of a log, as a `watch` brings it.
    pub(super) fn log(&self, id: ConversationId) -> Event {
        let items = self.logs.iter().find(|(log, _)| *log == id).unwrap().1.clone();
        Event::Entries(Entries { conversation: id, epoch: epoch(), from: 1, last_seq: items.len() as u64, items })
    }

    pub(super) fn state(&self) -> Event {
        let colleague = |n: u128, name: &str, role| Colleague {
            id: AgentId(id(n)),
            name: name.into(),
            role,
            presence: self.presence.iter().find(|one| one.0 == n).map_or(Presence::Online, |one| one.1),
            away: None,
            load: 1,
            capacity: 6,
            pause: None,
            since: None,
            departments: (!self.departments.is_empty()).then(|| {
                let member = self.departments.iter().filter(|one| one.2.contains(&n));
                member.map(|one| department(one.0)).collect()
            }),
        };
        let departments = self.departments.iter().map(|one| Department {
            id: department(one.0),
            name: one.1.into(),
            availability: Availability::Online,
        });
        Event::Agent(AgentState {
            version: "1".into(),
            me: AgentId(id(ME)),
            tenant: TenantId(id(0xf)),
            tenant_name: "Shop".into(),
            suspended: self.suspended,
            colleagues: vec![colleague(ME, "Ana", self.role), colleague(BOB, "Bob", Role::Agent)],
            conversations: self.lines.clone(),
            marks: self.marks.clone(),
            departments: (!self.departments.is_empty()).then(|| departments.collect()),
        })
    }
}

/// One tab of the console.
pub(super) struct Tab {
    pub(super) model: Model,
    pub(super) effects: Vec<Effect>,
}

impl Tab {
    /// A tab that is signed in and live, with the server's state.
    pub(super) fn new(server: &Server) -> Self {
        let mut tab = Self { model: Model::new(Locale::En, NOW), effects: Vec::new() };
        let membership = Membership {
            tenant: TenantId(id(0xf)),
            tenant_name: "Shop".into(),
            agent: AgentId(id(ME)),
            role: server.role,
            suspended: false,
        };
        let me = Me {
            account: AccountId(id(2)),
            name: "Ana".into(),
            email: "ana@shop.test".into(),
            memberships: vec![membership],
            admin_url: "/admin".into(),
        };
        tab.tell(Msg::Net(Net::Me(Some(me))));
        tab.connect(server);
        tab
    }

    pub(super) fn connect(&mut self, server: &Server) {
        self.tell(Msg::Net(Net::Link(Link::Live(false))));
        let at = self.model.now;
        let welcome = Event::Welcome(Welcome { protocol: 1, build: "b".into(), at, epoch: epoch(), token: None });
        self.events(vec![welcome, server.state()]);
    }

    pub(super) fn tell(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.effects.extend(effects);
    }

    pub(super) fn events(&mut self, events: Vec<Event>) {
        self.tell(Msg::Net(Net::Events(events)));
    }

    pub(super) fn open(&mut self, id: ConversationId, server: &Server) {
        self.tell(Msg::Do(Do::Open(id)));
        self.events(vec![server.log(id)]);
    }

    pub(super) fn focus(&mut self, focused: bool) {
        self.tell(Msg::See(See::Focused(focused)));
    }

    pub(super) fn unread(&self, id: ConversationId) -> u32 {
        let desk = self.model.desk.as_ref().unwrap();
        desk.unread(&desk.lines[&id])
    }

    /// What was asked of the world since the last call.
    pub(super) fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Commands sent since the last call; other effects are dropped.
    pub(super) fn sent(&mut self) -> Vec<Command> {
        self.take()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Send(command) => Some(command),
                _ => None,
            })
            .collect()
    }
}
