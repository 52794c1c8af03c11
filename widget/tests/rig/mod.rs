//! A widget without a browser.
#![allow(dead_code, reason = "each test file uses some of it")]

use client::ClientEvent;
use protocol::codec::from_json;
use protocol::entry::{Author, AuthorKind, EntryBody, Item, Text};
use protocol::event::{Entries, Event};
use protocol::ids::{AgentId, Cmid, ConversationId, Epoch, VisitorId};
use protocol::site::FrameConfig;
use protocol::state::{AgentCard, Availability, ConversationState, Presence, VisitorConversation, VisitorState};
use uuid::Uuid;
use widget::state::{Effect, Env, Model, Msg};
use widget::texts::Locale;

/// The texts of a language, as the page gets them.
pub(crate) fn texts(locale: Locale) -> Vec<&'static str> {
    let packed = match locale {
        Locale::En => include_str!(concat!(env!("OUT_DIR"), "/en.txt")),
        Locale::ZhCn => include_str!(concat!(env!("OUT_DIR"), "/zh-CN.txt")),
    };
    packed.split('\n').collect()
}

/// Markup with the words where the marks are, as `platform.js` puts them there.
pub(crate) fn fill(markup: &str, locale: Locale) -> String {
    let Some((before, rest)) = markup.split_once('\u{4}') else {
        return markup.to_owned();
    };
    let mark = rest.chars().next().unwrap();
    let mut words = texts(locale)[mark as usize - 0x100].to_owned();
    let mut rest = &rest[mark.len_utf8()..];
    let blanks = words.matches('{').count();
    let mut number = 0;
    while let Some(value) = rest.strip_prefix('\u{5}') {
        let end = value.find(['\u{5}', '\u{6}']).unwrap();
        words = words.replace(&format!("{{{number}}}"), &fill(&value[..end], locale));
        number += 1;
        rest = &value[end..];
    }
    assert_eq!(number, blanks, "{words}");
    let rest = if number > 0 { rest.strip_prefix('\u{6}').unwrap() } else { rest };
    format!("{before}{words}{}", fill(rest, locale))
}

pub(crate) const C: ConversationId = ConversationId(Uuid::from_u128(0xc));
pub(crate) const VISITOR: VisitorId = VisitorId(Uuid::from_u128(0xd));
pub(crate) const WALL: i64 = 1_800_000_000_000;

pub(crate) struct Rig {
    pub(crate) model: Model,
    pub(crate) now: u64,
    next: u128,
    pub(crate) state: VisitorState,
    pub(crate) items: Vec<Item>,
}

pub(crate) fn config() -> FrameConfig {
    let text = r##"{"site": {"key": "k", "name": "Acme", "color": "#1f6feb", "side": "end", "theme": "auto",
        "ask_name": "off", "ask_email": "off", "typing_preview": true, "texts": []},
        "origins": ["https://shop.example"], "availability": "online", "build": "b"}"##;
    from_json(text).expect("a configuration")
}

pub(crate) fn line(state: ConversationState) -> VisitorConversation {
    VisitorConversation {
        id: C,
        state,
        last_seq: 0,
        created_at: WALL,
        updated_at: WALL,
        position: None,
        estimate: None,
        agent: (state == ConversationState::Active).then(|| AgentCard {
            id: AgentId(Uuid::from_u128(0xa)),
            name: "Mia".to_owned(),
            presence: Presence::Online,
        }),
        visitor_read_seq: 0,
        agent_read_seq: 0,
        unread: 0,
        preview: None,
        rating: None,
        can_keep: None,
        kept: None,
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: FrameConfig) -> Self {
        Self {
            model: Model::new(config, "en-GB", false, |_| 0),
            now: 1_000,
            next: 100,
            state: VisitorState {
                version: "v".to_owned(),
                visitor: VISITOR,
                name: None,
                email: None,
                availability: Availability::Online,
                conversations: Vec::new(),
                opens_at: None,
                departments: None,
            },
            items: Vec::new(),
        }
    }

    /// Open, known to the server and connected.
    pub(crate) fn connected() -> Self {
        Self::new().connect()
    }

    pub(crate) fn connect(mut self) -> Self {
        self.host(r#"{"t":"init","open":true}"#);
        self.msg(Msg::Visitor { status: 200, text: &format!("{VISITOR}\ntok"), wait_ms: 0 });
        self.push_state();
        self
    }

    /// In the middle of a conversation.
    pub(crate) fn active() -> Self {
        let mut rig = Self::connected();
        rig.state.conversations = vec![line(ConversationState::Active)];
        rig.push_state();
        rig.act(&format!("open:{C}"));
        rig
    }

    pub(crate) fn msg(&mut self, msg: Msg<'_>) -> Vec<Effect> {
        self.next += 1;
        let env = Env { now: self.now, wall: WALL, cmid: self.cmid() };
        self.model.update(msg, &env);
        self.model.take_effects()
    }

    /// The id that the newest send got.
    pub(crate) fn cmid(&self) -> Cmid {
        Cmid(Uuid::from_u128(self.next))
    }

    pub(crate) fn act(&mut self, action: &str) -> Vec<Effect> {
        self.msg(Msg::Act(action))
    }

    pub(crate) fn host(&mut self, text: &str) -> Vec<Effect> {
        self.msg(Msg::Host(text))
    }

    pub(crate) fn event(&mut self, event: Event) -> Vec<Effect> {
        self.msg(Msg::Client(ClientEvent::Event(Box::new(event))))
    }

    pub(crate) fn input(&mut self, field: &str, value: &str) -> Vec<Effect> {
        self.msg(Msg::Input { field, value })
    }

    pub(crate) fn push_state(&mut self) -> Vec<Effect> {
        let state = self.state.clone();
        self.event(Event::Visitor(state))
    }

    /// An entry is stored and comes.
    pub(crate) fn entry(&mut self, kind: AuthorKind, cmid: Option<Cmid>, body: EntryBody) -> Vec<Effect> {
        let seq = self.items.len() as u64 + 1;
        self.items.push(Item {
            seq,
            at: Some(WALL),
            author: Some(Author { kind, id: None, name: (kind == AuthorKind::Agent).then(|| "Mia".to_owned()) }),
            cmid,
            body: Some(body),
        });
        if let Some(line) = self.state.conversations.first_mut() {
            line.last_seq = seq;
        }
        let item = self.items.last().unwrap().clone();
        self.event(Event::Entries(Entries {
            conversation: C,
            epoch: Epoch(Uuid::from_u128(1)),
            from: seq,
            last_seq: seq,
            items: vec![item],
        }))
    }

    pub(crate) fn says(&mut self, kind: AuthorKind, text: &str) -> Vec<Effect> {
        let text = Text { text: text.to_owned() };
        self.entry(kind, None, EntryBody::Message(text))
    }

    /// The screen as markup.
    pub(crate) fn view(&self) -> String {
        fill(&widget::view::view(&self.model, WALL), self.model.locale)
    }
}

/// What is told to the page around.
pub(crate) fn told(effects: &[Effect]) -> Vec<String> {
    let note = |effect: &Effect| match effect {
        Effect::Host(text) => Some(text.clone()),
        _ => None,
    };
    effects.iter().filter_map(note).collect()
}
