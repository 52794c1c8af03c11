//! The running widget: the model, the connection, and what passes between them and the page.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use client::{Client, ClientEvent, Config, Effect as Net, Input, Outgoing, Tick, TimerId};
use protocol::codec::from_json;
use protocol::command::Command;
use protocol::ids::{AttachmentId, Cmid, VisitorId};
use protocol::site::FrameConfig;

use super::door::{offset, tell, tell_number};
use super::{Do, Event, Told};
use crate::state::{Effect, Env, Model, Msg, NewFile, Screen, Timer};
use crate::texts::cut;
use crate::view::{BROKEN, view};

/// Everything that runs.
pub(super) struct App {
    model: Model,
    client: Option<(VisitorId, Client)>,
    /// The outbox of an earlier page was read: the client may send.
    loaded: bool,
    /// Sends made before that.
    early: Vec<Command>,
    env: Env,
    tick: Tick,
}

/// The timers of the model stand behind those of the connection.
const OWN_TIMERS: u32 = TimerId::ALL.len() as u32;

/// The two lines of an event's text, the second to the end.
fn lines(text: &str) -> (&str, &str) {
    cut(text, b'\n').unwrap_or((text, ""))
}

/// Two texts with a line end between.
fn join(first: &str, second: &str) -> String {
    let mut out = String::from(first);
    out.push('\n');
    out.push_str(second);
    out
}

fn env_of(event: &Event<'_>) -> (Env, Tick) {
    let id = event.dice.first_chunk().copied().unwrap_or_default();
    let random = event.dice.last_chunk().copied().unwrap_or_default();
    (
        Env { now: event.now, wall: event.wall, cmid: Cmid(uuid::Builder::from_random_bytes(id).into_uuid()) },
        Tick { now: event.now, wall: event.wall, random: u32::from_le_bytes(random) },
    )
}

impl App {
    /// Begins; `None` when the page holds no configuration.
    pub(super) fn new(event: &Event<'_>) -> Option<Box<Self>> {
        let (language, config) = lines(event.text);
        let config = from_json::<FrameConfig>(config)?;
        let (env, tick) = env_of(event);
        let model = Model::new(config, language, event.a == 1, offset);
        let app = Box::new(Self { model, client: None, loaded: false, early: Vec::new(), env, tick });
        tell(Do::Last, BROKEN, 0);
        app.dress();
        app.render();
        Some(app)
    }

    /// Something happened: applies it, shows what follows and does what is asked.
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        (self.env, self.tick) = env_of(event);
        let text = event.text;
        let number = event.a;
        match event.what {
            Told::ACT => self.update(Msg::Act(text.to_string())),
            Told::INPUT => {
                let (field, value) = lines(text);
                self.update(Msg::Input { field: field.to_string(), value: value.to_string() });
            }
            Told::HOST => self.update(Msg::Host(text.to_string())),
            Told::VISITOR => self.update(Msg::Visitor { status: number as u16, text: text.to_string() }),
            Told::AT_END => self.update(Msg::AtEnd(number == 1)),
            Told::DRAGGING => self.update(Msg::Dragging(number == 1)),
            Told::FILE => {
                let file = NewFile { number, name: text.to_string(), size: u64::from(event.b) };
                self.update(Msg::Files(alloc::vec![file]));
            }
            Told::PROGRESS => self.update(Msg::UploadProgress { number, done: event.b as u8 }),
            Told::UPLOADED => self.update(Msg::UploadDone { number, status: event.b as u16, text: text.to_string() }),
            Told::PICTURE => {
                let (id, url) = lines(text);
                if let Some(attachment) = AttachmentId::parse(id) {
                    let url = (!url.is_empty()).then(|| url.to_string());
                    self.update(Msg::PictureLoaded { attachment, url });
                }
            }
            Told::NOT_SAVED => self.update(Msg::DownloadFailed),
            Told::NOT_KEPT => self.update(Msg::Client(ClientEvent::NotKept)),
            Told::TIMER if number >= OWN_TIMERS => {
                if let Some(timer) = Timer::ALL.get((number - OWN_TIMERS) as usize) {
                    self.update(Msg::Timer(*timer));
                }
            }
            Told::TIMER => {
                if let Some(timer) = TimerId::ALL.get(number as usize) {
                    self.input(Input::Timer(*timer));
                }
            }
            Told::LOADED => self.loaded(text),
            Told::OPENED => self.input(Input::SocketOpened),
            Told::FRAME => self.input(Input::SocketText(text)),
            Told::CLOSED => self.input(Input::SocketClosed(number as u16)),
            Told::POLLED => self.input(Input::PollDone { status: number as u16, text }),
            Told::ANSWERED => self.input(Input::CommandsDone { status: number as u16, text }),
            Told::WOKE => self.input(Input::Visible),
            _ => {}
        }
        loop {
            self.settle();
            self.render();
            let effects = self.model.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.carry_out(effect);
            }
        }
    }

    fn update(&mut self, msg: Msg) {
        self.model.update(msg, &self.env);
    }

    fn render(&self) {
        let stays = self.model.at_end && matches!(self.model.screen, Screen::Thread(_));
        tell(Do::Show, &view(&self.model, self.env.wall), i32::from(stays));
    }

    /// Language, colour scheme and accent colour of the whole document.
    fn dress(&self) {
        let model = &self.model;
        let colors = join(&model.config.site.color, model.on_accent());
        tell(Do::Dress, &join(model.locale.tag(), &join(model.theme.as_str(), &colors)), 0);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::BecomeVisitor(token) => tell(Do::Visitor, token.as_deref().unwrap_or(""), 0),
            Effect::Connect { token, visitor } => self.connect(token, visitor),
            Effect::Forget => self.forget(),
            Effect::Send(command) => {
                if let Some((client, tick)) = self.client() {
                    client.send(command, tick);
                }
            }
            Effect::Post(command) => self.post(command),
            Effect::Retry(cmid) => {
                if let Some((client, tick)) = self.client() {
                    client.retry(cmid, tick);
                }
            }
            Effect::Discard(cmid) => {
                if let Some((client, tick)) = self.client() {
                    client.discard(cmid, tick);
                }
            }
            Effect::Host(text) => tell(Do::Host, &text, 0),
            Effect::Focus(id) => tell(Do::Focus, id, 0),
            Effect::SetValue(id, value) => tell(Do::Value, &join(id, &value), 0),
            Effect::ScrollToEnd => tell(Do::End, "", 0),
            Effect::Later(timer, after_ms) => set_timer(OWN_TIMERS + timer as u32, after_ms),
            Effect::PickFiles => tell(Do::Pick, "", 0),
            Effect::Upload { number, conversation, name } => {
                tell(Do::Upload, &join(&conversation.text(), &name), number.cast_signed());
            }
            Effect::DropFile(number) => tell(Do::DropFile, "", number.cast_signed()),
            Effect::LoadPicture(attachment) => tell(Do::Picture, &attachment.text(), 0),
            Effect::Download(attachment, name) => tell(Do::Download, &join(&attachment.text(), &name), 0),
            Effect::Dress => self.dress(),
            Effect::Reload => tell(Do::Reload, "", 0),
        }
    }

    /// Connects as `visitor`; the same visitor goes on with a new token.
    fn connect(&mut self, token: String, visitor: VisitorId) {
        tell(Do::Token, &token, 0);
        match &mut self.client {
            Some((connected, client)) if *connected == visitor => {
                client.set_token(token);
                self.input(Input::Start);
            }
            _ => {
                self.input(Input::Stop);
                self.settle();
                let config = Config { client: self.env.cmid, token: Some(token), tenant: None };
                self.client = Some((visitor, Client::new(config)));
                self.loaded = false;
                tell(Do::Load, &visitor.text(), 0);
            }
        }
    }

    /// What an earlier page left unsent comes first.
    fn loaded(&mut self, mut rest: &str) {
        self.loaded = true;
        let mut stored = Vec::new();
        while !rest.is_empty() {
            let (line, after) = lines(rest);
            stored.push(String::from(line));
            rest = after;
        }
        if let Some((client, tick)) = self.client() {
            client.restore(&stored, tick);
        }
        if let Some((_, client)) = &self.client {
            for item in client.outbox() {
                let msg = match (&item.outgoing.command, item.pending()) {
                    (Command::LeaveMessage(message), _) => Msg::Leaving(message.cmid),
                    (_, Some(pending)) => Msg::Unsent(item.conversation(), pending),
                    _ => continue,
                };
                self.model.update(msg, &self.env);
            }
        }
        for command in core::mem::take(&mut self.early) {
            self.post(command);
        }
        self.input(Input::Start);
    }

    fn post(&mut self, command: Command) {
        if !self.loaded {
            self.early.push(command);
        } else if let Some((client, tick)) = self.client() {
            client.post(Outgoing { command, at: tick.wall }, tick);
        }
    }

    /// Nothing of this visitor stays in the browser.
    fn forget(&mut self) {
        self.input(Input::Stop);
        if let Some((client, tick)) = self.client() {
            let unsent: Vec<Cmid> = client.outbox().iter().filter_map(|item| item.cmid()).collect();
            for cmid in unsent {
                client.discard(cmid, tick);
            }
        }
    }

    fn input(&mut self, input: Input<'_>) {
        if let Some((client, tick)) = self.client() {
            client.handle(input, tick);
        }
    }

    fn client(&mut self) -> Option<(&mut Client, &Tick)> {
        let (_, client) = self.client.as_mut()?;
        Some((client, &self.tick))
    }

    /// Does what the connection asks for.
    fn settle(&mut self) {
        let Some((_, client)) = &mut self.client else { return };
        for effect in client.take_effects() {
            match effect {
                Net::OpenSocket => tell(Do::Socket, client::SOCKET_PATH, 0),
                Net::CloseSocket(code) => tell(Do::Close, "", i32::from(code)),
                Net::SendText(text) => tell(Do::Frame, &text, 0),
                Net::Poll(body) => tell(Do::Poll, &body, 0),
                Net::AbortPoll => tell(Do::Abort, "", 0),
                Net::PostCommands(body) => tell(Do::Commands, &body, 0),
                Net::SetTimer { timer, after_ms } => set_timer(timer as u32, after_ms),
                Net::ClearTimer(timer) => tell_number(Do::Timer as u32 + timer as u32, "", -1),
                Net::Store { cmid, text } => tell(Do::Store, &join(&cmid.text(), &text), 0),
                Net::Unstore(cmid) => tell(Do::Unstore, &cmid.text(), 0),
                Net::Tell(event) => self.model.update(Msg::Client(event), &self.env),
            }
        }
    }
}

fn set_timer(timer: u32, after_ms: u64) {
    tell_number(Do::Timer as u32 + timer, "", i32::try_from(after_ms).unwrap_or(i32::MAX));
}
