//! Visitors and agents who speak the protocol without a browser.

use std::ops::{Deref, DerefMut};

use protocol::command::{
    Accept, Close, Command, Decline, Page, Pick, Post, PostBody, Rate, Read, SetPresence, ShowVisitor, Start, Transfer,
    Typing, Watch,
};
use protocol::entry::{EntryBody, Text};
use protocol::event::Ack;
use protocol::frame::VisitorReply;
use protocol::ids::{AgentId, Cmid, ConversationId};
use protocol::state::{Availability, ConversationState, Presence};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::basics::DEADLINE;
use crate::wire::{Answer, Client, Credentials, Failure, Over};
use crate::world::{Tenant, World};

/// A new id of a send.
pub(crate) fn cmid() -> Cmid {
    Cmid(Uuid::new_v4())
}

/// The command that sends a message.
pub(crate) fn message(conversation: Option<ConversationId>, cmid: Cmid, text: &str) -> Command {
    let body = PostBody::Message(Text { text: text.to_owned() });
    Command::Post(Post { cmid, conversation, body })
}

/// A visitor and Ann, who has accepted.
pub(crate) async fn in_conversation(world: &World, over: Over) -> (Visitor, Agent, ConversationId) {
    let mut ann = world.agent("Ann").await;
    ann.starts_work(over).await;
    let mut vera = world.visitor().await;
    vera.connect(over).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    vera.sees_state(ConversationState::Active).await;
    (vera, ann, conversation)
}

/// A visitor in one tab.
pub(crate) struct Visitor {
    client: Client,
    /// What `POST /v1/visitor` answered.
    pub(crate) reply: VisitorReply,
}

impl Deref for Visitor {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Visitor {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Visitor {
    /// Somebody new opens the widget of a site.
    pub(crate) async fn arrives(base: &str, origin: &str, site: &str) -> Self {
        Self::returns(base, origin, site, None).await
    }

    /// Somebody opens the widget with the token of an earlier visit.
    pub(crate) async fn returns(base: &str, origin: &str, site: &str, token: Option<&str>) -> Self {
        Self::in_page(base, origin, site, token, None).await
    }

    /// The same in a page of this origin.
    pub(crate) async fn in_page(base: &str, origin: &str, site: &str, token: Option<&str>, page: Option<&str>) -> Self {
        let (status, text) =
            become_visitor(base, origin, &json!({ "site": site, "token": token, "origin": page })).await;
        assert_eq!(status, 200, "POST /v1/visitor: {text}");
        Self::known(base, origin, serde_json::from_str(&text).expect("a visitor reply"))
    }

    /// Whoever got this reply.
    pub(crate) fn known(base: &str, origin: &str, reply: VisitorReply) -> Self {
        let credentials = Credentials::Token(reply.token.clone());
        Self { client: Client::new(base, origin, credentials), reply }
    }

    /// Another tab of the same visitor.
    pub(crate) fn another_tab(&self) -> Self {
        let client = Client::new(&self.base, &self.origin, self.credentials.clone());
        Self { client, reply: self.reply.clone() }
    }

    /// Asks for a conversation with a first message.
    pub(crate) async fn asks(&self, text: &str) -> ConversationId {
        let start = Start {
            cmid: cmid(),
            name: Some("Vera".to_owned()),
            email: None,
            text: Some(text.to_owned()),
            page: Some(Page {
                url: "http://shop.example/tea".to_owned(),
                title: Some("Tea".to_owned()),
                referrer: None,
                language: Some("en".to_owned()),
            }),
            department: None,
        };
        let ack = self.must(Command::Start(start)).await;
        ack.conversation.expect("the conversation it began")
    }

    /// The current conversation.
    pub(crate) fn conversation(&self) -> ConversationId {
        self.look(|view| view.current().map(|it| it.id)).expect("a conversation")
    }

    /// Sends a message into the current conversation.
    pub(crate) async fn says(&self, text: &str) -> Ack {
        self.must(message(None, cmid(), text)).await
    }

    /// Sees a message.
    pub(crate) async fn sees(&self, text: &str) {
        let what = format!("the visitor sees \"{text}\"");
        self.until(&what, |view| {
            let mut all = view.timelines.keys();
            all.any(|id| view.texts(*id).iter().any(|it| it == text)).then_some(())
        })
        .await;
    }

    /// Is told a place in the queue.
    pub(crate) async fn waits_at(&self, position: u32) {
        self.until(&format!("the visitor waits at {position}"), |view| {
            (view.current()?.position == Some(position)).then_some(())
        })
        .await;
    }

    /// Is told whether the site can chat.
    pub(crate) async fn is_told(&self, availability: Availability) {
        self.until(&format!("availability {availability:?}"), |view| {
            (view.visitor.as_ref()?.availability == availability).then_some(())
        })
        .await;
    }

    /// Sees the current conversation in a state.
    pub(crate) async fn sees_state(&self, state: ConversationState) {
        self.until(&format!("the visitor's conversation is {state:?}"), |view| {
            (view.current()?.state == state).then_some(())
        })
        .await;
    }

    /// Sees who answers.
    pub(crate) async fn is_served_by(&self, name: &str) {
        self.until(&format!("the visitor is served by {name}"), |view| {
            (view.current()?.agent.as_ref()?.name == name).then_some(())
        })
        .await;
    }

    /// Types without sending.
    pub(crate) async fn types(&self, conversation: ConversationId, preview: &str) {
        let preview = Some(preview.to_owned());
        self.must(Command::Typing(Typing { conversation, active: true, preview })).await;
    }

    /// Rates a conversation.
    pub(crate) async fn rates(&self, conversation: ConversationId, score: u8) {
        self.must(Command::Rate(Rate { conversation, score, comment: None })).await;
    }
}

/// Asks to become a visitor; gives status and body.
pub(crate) async fn become_visitor(base: &str, origin: &str, body: &Value) -> (u16, String) {
    let response = reqwest::Client::new()
        .post(format!("{base}/v1/visitor"))
        .header("origin", origin)
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-frontdesk", "1")
        .timeout(DEADLINE)
        .json(body)
        .send()
        .await
        .expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

/// An agent in one tab.
pub(crate) struct Agent {
    client: Client,
    /// Display name.
    pub(crate) name: String,
}

impl Deref for Agent {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Agent {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Agent {
    /// Signs in with e-mail address and password.
    pub(crate) async fn signs_in(base: &str, origin: &str, tenant: &Tenant, name: &str) -> Self {
        let person = tenant.person(name);
        let cookie = sign_in(base, origin, &person.email, &person.password).await;
        let credentials = Credentials::Cookie(cookie, Some(tenant.id));
        Self { client: Client::new(base, origin, credentials), name: name.to_owned() }
    }

    /// Another tab of the same agent.
    pub(crate) fn another_tab(&self) -> Self {
        let client = Client::new(&self.base, &self.origin, self.credentials.clone());
        Self { client, name: self.name.clone() }
    }

    /// The cookie, as a request carries it.
    pub(crate) fn cookie(&self) -> String {
        match &self.credentials {
            Credentials::Cookie(cookie, _) => cookie.clone(),
            other => panic!("an agent with {other:?}"),
        }
    }

    /// This agent's id.
    pub(crate) fn id(&self) -> AgentId {
        self.look(|view| view.agent.as_ref().map(|state| state.me)).expect("an agent state")
    }

    /// Connects and takes conversations.
    pub(crate) async fn starts_work(&mut self, over: Over) {
        self.connect(over).await;
        self.until("the agent state", |view| view.agent.as_ref().map(|_| ())).await;
        self.goes(Presence::Online).await;
    }

    /// Chooses a presence and sees it taken.
    pub(crate) async fn goes(&self, presence: Presence) {
        self.must(Command::SetPresence(SetPresence { presence, pause: None })).await;
        self.sees_presence(&self.name, presence).await;
    }

    /// Sees a colleague's presence.
    pub(crate) async fn sees_presence(&self, name: &str, presence: Presence) {
        self.until(&format!("{} sees {name} {presence:?}", self.name), |view| {
            let state = view.agent.as_ref()?;
            let colleague = state.colleagues.iter().find(|it| it.name == name)?;
            (colleague.presence == presence).then_some(())
        })
        .await;
    }

    /// Waits for an offer.
    pub(crate) async fn is_offered(&self) -> ConversationId {
        self.until(&format!("{} is offered a conversation", self.name), |view| view.offers().first().copied()).await
    }

    /// Waits for the offer of this conversation.
    pub(crate) async fn is_offered_this(&self, conversation: ConversationId) {
        self.until(&format!("{} is offered {conversation}", self.name), |view| {
            view.offers().contains(&conversation).then_some(())
        })
        .await;
    }

    /// Accepts an offer and opens the conversation.
    pub(crate) async fn accepts(&self, conversation: ConversationId) {
        self.must(Command::Accept(Accept { conversation })).await;
        self.opens(conversation).await;
    }

    /// Passes an offer on.
    pub(crate) async fn declines(&self, conversation: ConversationId) {
        self.must(Command::Decline(Decline { conversation, reason: None })).await;
    }

    /// Opens a conversation to see it grow.
    pub(crate) async fn opens(&self, conversation: ConversationId) {
        let after = self.look(|view| view.items(conversation).len() as u64);
        self.must(Command::Watch(Watch { conversation, after })).await;
    }

    /// Takes a conversation from the list.
    pub(crate) async fn picks(&self, conversation: ConversationId) -> Answer {
        self.ask(Command::Pick(Pick { conversation })).await
    }

    /// Sends a message.
    pub(crate) async fn says(&self, conversation: ConversationId, text: &str) -> Ack {
        self.must(message(Some(conversation), cmid(), text)).await
    }

    /// Writes a note for agents.
    pub(crate) async fn notes(&self, conversation: ConversationId, text: &str) -> Ack {
        let body = PostBody::Note(Text { text: text.to_owned() });
        let post = Post { cmid: cmid(), conversation: Some(conversation), body };
        self.must(Command::Post(post)).await
    }

    /// Sees a message of a conversation.
    pub(crate) async fn sees(&self, conversation: ConversationId, text: &str) {
        self.until(&format!("{} sees \"{text}\"", self.name), |view| {
            view.texts(conversation).iter().any(|it| it == text).then_some(())
        })
        .await;
    }

    /// Sees a note of a conversation.
    pub(crate) async fn sees_note(&self, conversation: ConversationId, note: &str) {
        self.until(&format!("{} sees the note \"{note}\"", self.name), |view| {
            let is = |body: &Option<EntryBody>| matches!(body, Some(EntryBody::Note(text)) if text.text == note);
            view.items(conversation).iter().any(|item| is(&item.body)).then_some(())
        })
        .await;
    }

    /// Sees a conversation's line in a state.
    pub(crate) async fn sees_state(&self, conversation: ConversationId, state: ConversationState) {
        self.until(&format!("{} sees {conversation} {state:?}", self.name), |view| {
            (view.summary(conversation)?.state == state).then_some(())
        })
        .await;
    }

    /// Gives a conversation to a colleague (or back to the queue).
    pub(crate) async fn transfers(&self, conversation: ConversationId, to: Option<AgentId>, note: &str) -> Answer {
        let note = (!note.is_empty()).then(|| note.to_owned());
        self.ask(Command::Transfer(Transfer { conversation, to, note, department: None })).await
    }

    /// Ends a conversation.
    pub(crate) async fn closes(&self, conversation: ConversationId) {
        self.must(Command::Close(Close { conversation })).await;
    }

    /// Reads up to a position.
    pub(crate) async fn reads(&self, conversation: ConversationId, seq: u64) {
        self.must(Command::Read(Read { conversation, seq })).await;
    }

    /// Looks at the visitor of a conversation.
    pub(crate) async fn looks_at_visitor(&self, conversation: ConversationId) {
        let visitor = self.look(|view| view.summary(conversation).map(|line| line.visitor));
        let visitor = visitor.expect("a line");
        self.must(Command::ShowVisitor(ShowVisitor { visitor })).await;
    }
}

/// Signs in as a browser does; gives the cookie as a request carries it.
pub(crate) async fn sign_in(base: &str, origin: &str, email: &str, password: &str) -> String {
    let response = sign_in_attempt(base, origin, email, password).await;
    let status = response.status();
    let cookies: Vec<String> = response
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned))
        .collect();
    assert!(
        (status.is_success() || status.is_redirection()) && !cookies.is_empty(),
        "{email} cannot sign in: {status}"
    );
    cookies.join("; ")
}

/// Posts the sign-in form.
pub(crate) async fn sign_in_attempt(base: &str, origin: &str, email: &str, password: &str) -> reqwest::Response {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", email)
        .append_pair("password", password)
        .finish();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
        .post(format!("{base}/sign-in"))
        .header("origin", origin)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .expect("an answer")
}

/// What a refused command was refused with.
pub(crate) fn code_of(answer: Answer) -> protocol::error::ErrorCode {
    match answer {
        Err(Failure::Refused(refused)) => refused.code,
        other => panic!("not refused: {other:?}"),
    }
}
