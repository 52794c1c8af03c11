use std::sync::{Arc, Mutex};

use domain::policy::Policy;
use futures_util::FutureExt;
use protocol::command::{Accept, Close, Decline, KeepPlace, Post, PostBody, SetPresence, Start, Typing};
use protocol::entry::{EntryBody, Text};
use protocol::ids::{AccountId, AgentId, Cmid, ConversationId, DepartmentId, TenantId, VisitorId};
use protocol::state::{Availability, ConversationState, Presence, Role};
use uuid::Uuid;

use crate::actions::Done;
use crate::actions::accept::accept_offer;
use crate::actions::actor::Actor;
use crate::actions::close::close_conversation;
use crate::actions::connected::{joined, left, note_visitor};
use crate::actions::create_site::{NewSite, create_site};
use crate::actions::create_tenant::{NewTenant, create_tenant};
use crate::actions::decline::decline_offer;
use crate::actions::departments::Plan;
use crate::actions::departments::change::change_department;
use crate::actions::departments::create::create_department;
use crate::actions::dispatch::{Told, round};
use crate::actions::floor::Floor;
use crate::actions::keep_place::keep_place;
use crate::actions::post::post_message;
use crate::actions::presence::set_presence;
use crate::actions::set_policy::set_policy;
use crate::actions::start::start_conversation;
use crate::actions::typing::type_preview;
use crate::actions::view::entries_after;
use crate::app::App;
use crate::auth::{AgentIdentity, Principal, VisitorIdentity};
use crate::bus::local::LocalBus;
use crate::bus::{Deliver, Lost, Note, Topic};
use crate::clock::new_id;
use crate::config::Config;
use crate::error::AppResult;
use crate::presence::local::LocalPresence;
use crate::server::open_app;
use crate::store::account::{self, Account};
use crate::store::agent::{self, Agent};
use crate::store::conversation::{self, Conversation};
use crate::store::department::{self, Department, Member};
use crate::store::offer::{self, Offer};
use crate::store::site::Site;
use crate::store::visitor::{self, Visitor};
use crate::store::{EveryTenant, conversation::busy_tenants};
use crate::tests::Place;

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
/// A Monday, 08:00 UTC, later than any machine's clock: a clock does not go back.
const START: i64 = 4_102_732_800_000;
/// Rounds in a row that call for another one: more is a dispatcher that runs in circles.
const ENOUGH: usize = 40;

/// Settings with which only what a test is about runs out.
pub(super) fn policy() -> Policy {
    Policy { agent_idle_ms: 24 * HOUR, capacity: 1, ..Policy::default() }
}

/// An installation with one tenant, its first department and a site.
pub(super) struct World {
    pub(super) app: Arc<App>,
    pub(super) tenant: TenantId,
    pub(super) department: DepartmentId,
    site: Site,
    told: Told,
    /// When the dispatcher looks again.
    pub(super) wake_at: Option<i64>,
    place: Place,
    heard: Arc<Heard>,
}

/// Whose state was told to have changed.
#[derive(Default)]
struct Heard(Mutex<Vec<Topic>>);

impl Deliver for Heard {
    fn deliver(&self, topic: Topic, note: &Note) {
        if matches!(note, Note::StateChanged) {
            self.0.lock().unwrap().push(topic);
        }
    }

    fn lost(&self, _lost: &Lost) {}
}

impl World {
    pub(super) async fn with(policy: Policy) -> Self {
        let place = Place::new("dispatch").await;
        let heard = Arc::<Heard>::default();
        let app = open(&place, START, &heard).await;
        let by = Actor::command_line();
        let new = NewTenant { name: "Acme".to_owned(), slug: None };
        let tenant = create_tenant(&app, &by, new).await.unwrap().id;
        set_policy(&app, &by, tenant, policy).await.unwrap();
        let origins = vec!["https://acme.example".to_owned()];
        let site = create_site(&app, &by, NewSite { tenant, name: "Acme".to_owned(), origins }).await.unwrap();
        let department = site.department_id;
        let mut world = Self { app, tenant, department, site, told: Told::default(), wake_at: None, place, heard };
        world.settle().await;
        world
    }

    pub(super) fn now(&self) -> i64 {
        self.app.now()
    }

    /// How often it was told since the last look that what this visitor sees has changed.
    pub(super) fn heard_of(&self, visitor: &Somebody) -> usize {
        let Principal::Visitor(who) = &visitor.who else { panic!("an agent") };
        let topic = Topic::Visitor(who.tenant, who.visitor);
        let heard = std::mem::take(&mut *self.heard.0.lock().unwrap());
        heard.into_iter().filter(|of| *of == topic).count()
    }

    /// Time passes. Nobody does anything but the dispatcher, when it said it would.
    pub(super) async fn pass(&mut self, ms: i64) {
        let until = self.now() + ms;
        let mut last = i64::MIN;
        while let Some(at) = self.wake_at.filter(|at| *at <= until) {
            assert!(at > last, "the dispatcher looks at {at} and again at {last}");
            last = at;
            self.is_now(at);
            self.round().await;
            self.settle().await;
        }
        self.is_now(until);
    }

    fn is_now(&self, at: i64) {
        self.app.clock.set(at.max(self.now()), self.app.clock.monotonic());
    }

    /// Whatever jobs were called for is done.
    pub(super) async fn settle(&mut self) {
        for _ in 0..ENOUGH {
            let gone = self.app.visitors.wait().now_or_never().unwrap_or_default();
            for (tenant, visitor) in &gone {
                note_visitor(&self.app, *tenant, *visitor).await.unwrap();
                self.app.dispatcher.call(*tenant);
            }
            match self.app.dispatcher.wait().now_or_never() {
                Some(_) => self.round().await,
                None => return,
            }
        }
        panic!("the dispatcher calls itself again and again");
    }

    async fn round(&mut self) {
        self.wake_at = round(&self.app, self.tenant, &mut self.told).await.unwrap();
    }

    /// The process ends at once; another opens the database when so much time has passed.
    pub(super) async fn restart(&mut self, after_ms: i64) {
        let at = self.now() + after_ms;
        self.app.store.close().await;
        self.app = open(&self.place, at, &self.heard).await;
        (self.told, self.wake_at) = (Told::default(), None);
        // What a server does first: look who has something to do.
        let busy = busy_tenants(&mut self.app.store.read(EveryTenant).await.unwrap()).await.unwrap();
        if busy.contains(&self.tenant) {
            self.app.dispatcher.call(self.tenant);
        }
        self.settle().await;
    }

    /// Another department, and who is in it.
    pub(super) async fn department(&mut self, plan: Plan) -> DepartmentId {
        let made = create_department(&self.app, &Actor::command_line(), self.tenant, plan).await.unwrap();
        self.settle().await;
        made.id
    }

    /// Changes the first department.
    pub(super) async fn change(&mut self, change: impl FnOnce(&mut Plan)) {
        let mut conn = self.app.store.read(self.tenant).await.unwrap();
        let rows = department::list(&mut conn, self.tenant).await.unwrap();
        let row: &Department = rows.iter().find(|row| row.id == self.department).unwrap();
        let mut plan = Plan::of(row, &department::members(&mut conn, self.tenant).await.unwrap());
        drop(conn);
        change(&mut plan);
        change_department(&self.app, &Actor::command_line(), self.tenant, self.department, plan).await.unwrap();
        self.settle().await;
    }

    /// An agent of the first department who is connected and online.
    pub(super) async fn agent(&mut self, name: &str) -> Somebody {
        let now = self.now();
        let (tenant, department) = (self.tenant, self.department);
        let account_row = Account {
            id: AccountId(new_id(now)),
            email: format!("{}@acme.example", name.to_lowercase()),
            name: name.to_owned(),
            password_hash: None,
            is_operator: false,
            created_at: now,
            disabled_at: None,
        };
        let (id, account_id) = (AgentId(new_id(now)), account_row.id);
        let row = Agent::new(id, &tenant, &account_id, (name, Role::Agent, 1), now);
        let write = self.app.store.write(EveryTenant, move |tx| {
            Box::pin(async move {
                account::insert(tx, &account_row).await?;
                agent::insert(tx, tenant, &row).await?;
                department::add_member(tx, tenant, Member { department_id: department, agent_id: id, priority: 0 })
                    .await
            })
        });
        write.await.unwrap();
        let (role, name) = (Role::Agent, name.to_owned());
        let who =
            Principal::Agent(AgentIdentity { tenant, agent: id, account: account_id, role, name, suspended: false });
        let somebody = Somebody { who };
        self.comes(&somebody).await;
        self.goes(&somebody, Presence::Online).await;
        somebody
    }

    /// The same person with the rights of a supervisor.
    pub(super) fn supervising(&self, agent: &Somebody) -> Somebody {
        let Principal::Agent(agent) = &agent.who else { panic!("a visitor") };
        Somebody { who: Principal::Agent(AgentIdentity { role: Role::Supervisor, ..agent.clone() }) }
    }

    /// A visitor who is connected.
    pub(super) async fn visitor(&mut self) -> Somebody {
        let somebody = self.quiet_visitor().await;
        self.settle().await;
        somebody
    }

    /// A visitor who asked, and the conversation.
    pub(super) async fn asking(&mut self) -> (Somebody, ConversationId) {
        let visitor = self.visitor().await;
        let conversation = self.asks_quietly(&visitor).await;
        self.settle().await;
        (visitor, conversation)
    }

    /// A visitor of whom no job was told yet.
    pub(super) async fn quiet_visitor(&self) -> Somebody {
        let identity =
            VisitorIdentity { tenant: self.tenant, site: self.site.id, visitor: VisitorId(new_id(self.now())) };
        let row = Visitor::new(identity.visitor, identity.site, self.now());
        let tenant = self.tenant;
        let write =
            self.app.store.write(tenant, move |tx| Box::pin(async move { visitor::insert(tx, tenant, &row).await }));
        write.await.unwrap();
        let somebody = Somebody { who: Principal::Visitor(identity) };
        joined(&self.app, &somebody.who);
        somebody
    }

    /// A visitor asks; no job has looked yet.
    pub(super) async fn asks_quietly(&self, visitor: &Somebody) -> ConversationId {
        let text = Some("hello?".to_owned());
        let start = Start { cmid: cmid(), name: None, email: None, text, page: None, department: None };
        start_conversation(&self.app, &visitor.who, start).await.unwrap().conversation.unwrap()
    }

    /// A visitor ends what there is, if anything goes on.
    pub(super) async fn ends(&self, visitor: &Somebody) {
        let Principal::Visitor(who) = &visitor.who else { return };
        let mut conn = self.app.store.read(self.tenant).await.unwrap();
        let rows = conversation::of_visitor(&mut conn, self.tenant, who.visitor, 10).await.unwrap();
        drop(conn);
        for row in rows {
            close_conversation(&self.app, &visitor.who, Close { conversation: row.id }).await.unwrap();
        }
    }

    /// An agent, a visitor, and the conversation that the agent accepted.
    pub(super) async fn talking(&mut self, agent: &Somebody) -> (Somebody, ConversationId) {
        let (visitor, conversation) = self.asking().await;
        self.accepts(agent, conversation).await;
        (visitor, conversation)
    }

    pub(super) async fn comes(&mut self, somebody: &Somebody) {
        joined(&self.app, &somebody.who);
        self.settle().await;
    }

    pub(super) async fn leaves(&mut self, somebody: &Somebody) {
        left(&self.app, &somebody.who);
        self.settle().await;
    }

    /// A visitor keeps the place.
    pub(super) async fn keeps(&mut self, visitor: &Somebody, conversation: ConversationId) -> AppResult<Done> {
        let command = KeepPlace { conversation, email: "vera@home.example".to_owned() };
        let done = keep_place(&self.app, &visitor.who, command).await;
        self.settle().await;
        done
    }

    pub(super) async fn goes(&mut self, agent: &Somebody, presence: Presence) {
        set_presence(&self.app, &agent.who, SetPresence { presence, pause: None }).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn accepts(&mut self, agent: &Somebody, conversation: ConversationId) {
        accept_offer(&self.app, &agent.who, Accept { conversation }).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn declines(&mut self, agent: &Somebody, conversation: ConversationId) {
        decline_offer(&self.app, &agent.who, Decline { conversation, reason: None }).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn says(&mut self, who: &Somebody, conversation: ConversationId, text: &str) {
        let body = PostBody::Message(Text { text: text.to_owned() });
        let post = Post { cmid: cmid(), conversation: Some(conversation), body };
        post_message(&self.app, &who.who, post).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn types(&mut self, agent: &Somebody, conversation: ConversationId) {
        type_preview(&self.app, &agent.who, Typing { conversation, active: true, preview: None }).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn row(&self, conversation: ConversationId) -> Conversation {
        let mut conn = self.app.store.read(self.tenant).await.unwrap();
        conversation::find(&mut conn, self.tenant, conversation).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, conversation: ConversationId) -> ConversationState {
        self.row(conversation).await.state
    }

    /// To whom it is offered.
    pub(super) async fn offered(&self, conversation: ConversationId) -> Vec<AgentId> {
        self.row(conversation).await.offered()
    }

    pub(super) async fn offers(&self, conversation: ConversationId) -> Vec<Offer> {
        let mut conn = self.app.store.read(self.tenant).await.unwrap();
        offer::of_conversation(&mut conn, self.tenant, conversation).await.unwrap()
    }

    /// What became of each offer, in order; nothing for one that stands.
    pub(super) async fn outcomes(&self, conversation: ConversationId) -> Vec<Option<String>> {
        self.offers(conversation).await.into_iter().map(|offer| offer.outcome).collect()
    }

    pub(super) async fn floor(&self) -> Floor {
        Floor::read(&self.app, &mut self.app.store.read(self.tenant).await.unwrap(), self.tenant).await.unwrap()
    }

    /// Whether visitors of a department can chat.
    pub(super) async fn availability(&self, department: DepartmentId) -> Availability {
        self.floor().await.availability(department)
    }

    pub(super) async fn agent_row(&self, agent: &Somebody) -> Agent {
        let mut conn = self.app.store.read(self.tenant).await.unwrap();
        agent::find(&mut conn, self.tenant, agent.agent()).await.unwrap().unwrap()
    }

    /// Everything in a log, as the visitor of the conversation sees it.
    pub(super) async fn log(&self, conversation: ConversationId) -> Vec<EntryBody> {
        let visitor = self.row(conversation).await.visitor_id;
        let who = Principal::Visitor(VisitorIdentity { tenant: self.tenant, site: self.site.id, visitor });
        let entries = entries_after(&self.app, &who, conversation, 0).await.unwrap();
        entries.items.into_iter().filter_map(|item| item.body).collect()
    }
}

/// An App that has just started, at a time.
async fn open(place: &Place, at: i64, heard: &Arc<Heard>) -> Arc<App> {
    let smtp_url = Some("smtp://127.0.0.1:9".parse().unwrap());
    let app = open_app(Config { smtp_url, ..place.config().await }).await.unwrap();
    let mut app = Arc::into_inner(app).expect("nobody else has it yet");
    app.clock.set(at, app.clock.monotonic());
    app.presence = Arc::new(LocalPresence::new(app.now()));
    app.bus = Arc::new(LocalBus::new(Arc::<Heard>::clone(heard)));
    Arc::new(app)
}

pub(super) fn cmid() -> Cmid {
    Cmid(Uuid::new_v4())
}

/// A visitor or agent.
#[derive(Clone)]
pub(super) struct Somebody {
    pub(super) who: Principal,
}

impl Somebody {
    pub(super) fn agent(&self) -> AgentId {
        match &self.who {
            Principal::Agent(agent) => agent.agent,
            Principal::Visitor(visitor) => panic!("a visitor: {visitor:?}"),
        }
    }
}
