//! A server with one tenant and one visitor on a free port, and raw clients that may break every rule.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::codec::{from_json, to_json};
use protocol::command::{Command, Hello, Post, PostBody};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::event::{Entries, Event, Refused};
use protocol::frame::{CommandFrame, Commands, Events, Poll};
use protocol::ids::{AccountId, AgentId, Cmid, ConversationId, DepartmentId, Epoch, SiteId, TenantId, VisitorId};
use protocol::site::{FieldRule, Side, SiteConfig, Theme};
use protocol::state::{Cursor, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::app::{App, Wake};
use crate::auth::VisitorIdentity;
use crate::auth::keys::Keys;
use crate::auth::limiter::Limiter;
use crate::auth::password::Passwords;
use crate::bus::Topic;
use crate::bus::local::LocalBus;
use crate::clock::Clock;
use crate::door;
use crate::files::FileStore;
use crate::presence::Who;
use crate::presence::local::LocalPresence;
use crate::realtime::hub::{Connections, Hub};
use crate::realtime::{Pace, READS, Realtime};
use crate::store::account::Account;
use crate::store::agent::Agent;
use crate::store::department::{Department, Member};
use crate::store::site::Site;
use crate::store::tenant::{Tenant, TenantState};
use crate::store::visitor::Visitor;
use crate::store::{EveryTenant, Store, account, agent, department, site, tenant, visitor};
use crate::tests::Place;
use crate::together::Together;

/// Nothing in a test takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct World {
    pub(super) app: Arc<App>,
    pub(super) hub: Arc<Hub>,
    realtime: Realtime,
    pub(super) tenant: TenantId,
    visitor: VisitorId,
    token: String,
    address: SocketAddr,
    client: Cmid,
    _place: Place,
}

impl World {
    pub(super) async fn new(pace: Pace) -> Self {
        let place = Place::new("realtime").await;
        let hub = Arc::new(Hub::new());
        let app = Arc::new(open_app(&place, &hub).await);
        let identity = furnish(&app).await;
        let (token, _) = app.keys.sign_visitor(&identity, None, 1, app.now());
        let realtime = Realtime { pace: Arc::new(pace), ..Realtime::new(Arc::clone(&app), Arc::clone(&hub)) };
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        actix_web::rt::spawn(door::serve(&realtime, listener, 1).unwrap());
        let client = Cmid(Uuid::new_v4());
        Self {
            app,
            hub,
            realtime,
            tenant: identity.tenant,
            visitor: identity.visitor,
            token,
            address,
            client,
            _place: place,
        }
    }

    /// The topic of the visitor.
    /// Nobody gets a turn to read until the value goes.
    pub(super) async fn reads_hang(&self) -> OwnedSemaphorePermit {
        let all = u32::try_from(READS).unwrap();
        Arc::clone(&self.realtime.reads).acquire_many_owned(all).await.unwrap()
    }

    pub(super) fn topic(&self) -> Topic {
        Topic::Visitor(self.tenant, self.visitor)
    }

    /// Waits until just these connections are open.
    pub(super) async fn wait_for(&self, connections: Connections) {
        timeout(PATIENCE, async {
            while self.hub.connections() != connections {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{:?} instead of {connections:?}", self.hub.connections()));
    }

    /// A socket that has said nothing yet.
    pub(super) async fn client(&self) -> Client {
        Client::handshake(self, &[]).await.unwrap()
    }

    /// A socket of the visitor that has said hello.
    pub(super) async fn visitor(&self, resume: &[(ConversationId, u64)]) -> Client {
        let mut client = self.client().await;
        let hello = Hello { token: Some(self.token.clone()), ..self.greeting(resume, None) };
        client.command(1, &Command::Hello(hello)).await;
        client
    }

    pub(super) fn hello(&self, id: u64) -> String {
        let hello = Hello { token: Some(self.token.clone()), ..self.greeting(&[], None) };
        to_json(&Self::frame(id, &Command::Hello(hello)))
    }

    pub(super) fn hello_with(&self, token: &str) -> String {
        let hello = Hello { token: Some(token.to_owned()), ..self.greeting(&[], None) };
        to_json(&Self::frame(1, &Command::Hello(hello)))
    }

    fn greeting(&self, resume: &[(ConversationId, u64)], state: Option<&str>) -> Hello {
        let epoch = self.app.epoch;
        let resume = resume.iter().map(|(conversation, seq)| Cursor { conversation: *conversation, epoch, seq: *seq });
        Hello { protocol: 1, token: None, tenant: None, resume: resume.collect(), state: state.map(str::to_owned) }
    }

    pub(super) fn frame(id: u64, command: &Command) -> CommandFrame {
        CommandFrame { id, command: command.clone() }
    }

    pub(super) fn message(text: &str) -> Command {
        let body = PostBody::Message(Text { text: text.to_owned() });
        Command::Post(Post { cmid: Cmid(Uuid::new_v4()), conversation: None, body })
    }

    /// A poll that is answered at once, or held; `version` is that of the last state, if any.
    pub(super) async fn poll(&self, generation: u64, version: &[&str]) -> (u16, Vec<Event>) {
        self.spawn_poll(generation, version).await.unwrap()
    }

    /// A poll under way.
    pub(super) fn spawn_poll(&self, generation: u64, version: &[&str]) -> JoinHandle<(u16, Vec<Event>)> {
        let hello = self.greeting(&[], version.first().copied());
        let body = to_json(&Poll { hello, generation, client: self.client });
        let request = self.request("/v1/poll", &body, &[("Authorization", &format!("Bearer {}", self.token))]);
        let address = self.address;
        actix_web::rt::spawn(async move {
            let (status, body) = exchange(address, request).await;
            (status, if status == 200 { events(&body) } else { Vec::new() })
        })
    }

    /// Waits until a poll is held.
    pub(super) async fn wait_for_poll(&self) {
        timeout(PATIENCE, async {
            while self.hub.held_polls() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap();
    }

    pub(super) async fn commands(&self, commands: &[Command]) -> Vec<Event> {
        let commands = commands.iter().zip(1..).map(|(command, id)| Self::frame(id, command)).collect();
        let (status, body) = self.post("/v1/commands", &to_json(&Commands { tenant: None, commands })).await;
        assert_eq!(status, 200, "{body}");
        events(&body)
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.post_with(path, body, &[("Authorization", &format!("Bearer {}", self.token))]).await
    }

    pub(super) async fn post_with(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> (u16, String) {
        exchange(self.address, self.request(path, body, headers)).await
    }

    fn request(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> String {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        )
    }
}

/// The events of a reply.
pub(super) fn events(body: &str) -> Vec<Event> {
    from_json::<Events>(body).unwrap_or_else(|| panic!("{body}")).events
}

async fn exchange(address: SocketAddr, request: String) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// What a server may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    Text(String),
    Pong(Vec<u8>),
    Close(u16),
}

/// A WebSocket client without manners.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Switches to the WebSocket protocol, or says with which status that was refused.
    pub(super) async fn handshake(world: &World, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let stream = TcpStream::connect(world.address).await.unwrap();
        let mut stream = BufReader::new(stream);
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n",
            world.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
        }
        let status = std::str::from_utf8(&head).unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        if status == 101 { Ok(Self { stream }) } else { Err(status) }
    }

    /// Sends one frame: the first byte as it is, a masked payload. A server that hung up is no error here.
    pub(super) async fn frame(&mut self, head: u8, payload: &[u8]) {
        let mut bytes = vec![head];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | length as u8),
            length @ 126..65_536 => {
                bytes.push(0x80 | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        let _ = self.stream.write_all(&bytes).await;
    }

    pub(super) async fn text(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes()).await;
    }

    pub(super) async fn command(&mut self, id: u64, command: &Command) {
        self.text(&to_json(&World::frame(id, command))).await;
    }

    /// The next frame; `None` when the connection is over. Pings of the server are answered.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            let (opcode, payload) = timeout(PATIENCE, self.read_frame()).await.expect("nothing came")?;
            match opcode {
                1 => return Some(Frame::Text(String::from_utf8(payload).unwrap())),
                8 => return Some(Frame::Close(u16::from_be_bytes([payload[0], payload[1]]))),
                9 => self.frame(0x8a, &payload).await,
                10 => return Some(Frame::Pong(payload)),
                other => panic!("opcode {other}"),
            }
        }
    }

    async fn read_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.stream.read_u8().await.ok()?;
        assert_eq!(head & 0x70, 0, "reserved bits");
        let length = match self.stream.read_u8().await.ok()? {
            126 => u64::from(self.stream.read_u16().await.ok()?),
            127 => self.stream.read_u64().await.ok()?,
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((head & 15, payload))
    }

    /// The close frame that ends the connection, if there is one; what comes before it is skipped.
    pub(super) async fn last(&mut self) -> Option<Frame> {
        loop {
            match self.next().await {
                Some(Frame::Close(code)) => return Some(Frame::Close(code)),
                Some(_) => {}
                None => return None,
            }
        }
    }

    /// The version of the state, which comes after the welcome.
    pub(super) async fn state_version(&mut self) -> String {
        loop {
            if let Event::Visitor(state) = self.event().await {
                return state.version;
            }
        }
    }

    /// The next event.
    pub(super) async fn event(&mut self) -> Event {
        loop {
            match self.next().await {
                Some(Frame::Text(text)) => return from_json(&text).unwrap_or_else(|| panic!("{text}")),
                Some(Frame::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(super) async fn refusal(&mut self) -> Refused {
        loop {
            if let Event::Refused(refused) = self.event().await {
                return refused;
            }
        }
    }

    pub(super) async fn entries(&mut self) -> Entries {
        loop {
            if let Event::Entries(entries) = self.event().await {
                return entries;
            }
        }
    }

    /// How command `id` was answered.
    pub(super) async fn answer(&mut self, id: u64) -> Result<(), ErrorCode> {
        loop {
            match self.event().await {
                Event::Ack(ack) if ack.id == id => return Ok(()),
                Event::Refused(refused) if refused.id == id => return Err(refused.code),
                _ => {}
            }
        }
    }
}

async fn open_app(place: &Place, hub: &Arc<Hub>) -> App {
    let config = place.config().await;
    let clock = Clock::default();
    App {
        store: Store::open(&config.database).await.unwrap(),
        bus: Arc::new(LocalBus::new(Arc::<Hub>::clone(hub))),
        presence: Arc::new(LocalPresence::new(clock.now())),
        shared: None,
        keys: Keys::open(&config.secret_file).unwrap(),
        passwords: Passwords::default(),
        limiter: Limiter::switched_off(),
        files: FileStore::new(place.data().join("files")),
        epoch: Epoch(Uuid::from_u128(1)),
        dispatcher: Wake::default(),
        together: Together::default(),
        announcer: Wake::default(),
        indexer: Wake::default(),
        grown: Wake::default(),
        visitors: Wake::default(),
        mailer: Wake::default(),
        clock,
        config,
    }
}

/// A tenant with a department, a site, a visitor, and an agent who is there.
async fn furnish(app: &App) -> VisitorIdentity {
    let now = app.now();
    let tenant_id = TenantId(app.id());
    let department = Department::new(DepartmentId(app.id()), "Sales", now);
    let site = site_row(SiteId(app.id()), tenant_id, department.id, now);
    let identity = VisitorIdentity { tenant: tenant_id, site: site.id, visitor: VisitorId(app.id()) };
    let row = visitor_row(&identity, now);
    let tenant_row = Tenant {
        id: tenant_id,
        slug: "shop".to_owned(),
        name: "Shop".to_owned(),
        state: TenantState::Active,
        settings: "{}".to_owned(),
        created_at: now,
        suspended_at: None,
    };
    let account_row = Account {
        id: AccountId(app.id()),
        email: "ada@shop.example".to_owned(),
        name: "Ada".to_owned(),
        password_hash: None,
        is_operator: false,
        created_at: now,
        disabled_at: None,
    };
    let agent_row = agent_row(AgentId(app.id()), tenant_id, account_row.id, now);
    app.presence.joined(Who::Agent(tenant_id, agent_row.id), app.now());
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                tenant::insert(tx, &tenant_row).await?;
                account::insert(tx, &account_row).await?;
                agent::insert(tx, tenant_id, &agent_row).await?;
                department::insert(tx, tenant_id, &department).await?;
                let member = Member { department_id: department.id, agent_id: agent_row.id, priority: 0 };
                department::add_member(tx, tenant_id, member).await?;
                site::insert(tx, tenant_id, &site).await?;
                visitor::insert(tx, tenant_id, &row).await
            })
        })
        .await
        .unwrap();
    identity
}

fn site_row(id: SiteId, tenant_id: TenantId, department_id: DepartmentId, now: i64) -> Site {
    Site {
        id,
        tenant_id,
        department_id,
        key: "key".to_owned(),
        name: "Shop".to_owned(),
        origins: Vec::new(),
        config: SiteConfig {
            key: "key".to_owned(),
            name: "Shop".to_owned(),
            color: "#0055aa".to_owned(),
            side: Side::End,
            theme: Theme::Auto,
            locale: None,
            ask_name: FieldRule::Optional,
            ask_email: FieldRule::Optional,
            typing_preview: true,
            texts: Vec::new(),
            ask_department: None,
            departments: None,
        },
        created_at: now,
        changed_at: None,
        disabled_at: None,
    }
}

fn visitor_row(identity: &VisitorIdentity, now: i64) -> Visitor {
    Visitor::new(identity.visitor, identity.site, now)
}

fn agent_row(id: AgentId, tenant_id: TenantId, account_id: AccountId, now: i64) -> Agent {
    let new = Agent::new(id, &tenant_id, &account_id, ("Ada", Role::Agent, 6), now);
    Agent { chosen_presence: protocol::state::Presence::Online, ..new }
}
