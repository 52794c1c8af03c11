//! The running widget: the model, the connection, and what passes between them and the page.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use client::{Client, Config, Effect as Net, Input, Tick, TimerId};
use protocol::codec::from_json;
use protocol::ids::{AttachmentId, Cmid};
use protocol::site::FrameConfig;

use super::door::{offset, tell, tell_number};
use super::{Do, Event, Told};
use crate::state::{Effect, Env, Model, Msg, NewFile, Screen, Timer};
use crate::texts::cut;
use crate::view::{BROKEN, view};

/// Everything that runs.
pub(super) struct App {
    model: Model,
    client: Client,
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
        Env { now: event.now, wall: event.wall, cmid: Cmid::fresh(event.wall, id) },
        Tick { now: event.now, wall: event.wall, random: u32::from_le_bytes(random) },
    )
}

impl App {
    /// Begins; `None` when the page holds no configuration.
    pub(super) fn new(event: &Event<'_>) -> Option<Box<Self>> {
        let (language, config) = lines(event.text);
        let config = from_json::<FrameConfig>(config)?;
        let (env, tick) = env_of(event);
        let scope = config.site.key.clone();
        let client = Client::new(Config { client: env.cmid, token: None, tenant: None, scope });
        let model = Model::new(config, language, event.a == 1, offset);
        let app = Box::new(Self { model, client, env, tick });
        tell(Do::Last, &BROKEN.text(), 0);
        app.dress();
        app.render();
        Some(app)
    }

    /// Something happened: applies it, shows what follows and does what is asked.
    #[inline(never)]
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        (self.env, self.tick) = env_of(event);
        let text = event.text;
        let number = event.a;
        match event.what {
            Told::ACT => self.update(Msg::Act(text)),
            Told::INPUT => {
                let (field, value) = lines(text);
                self.update(Msg::Input { field, value });
            }
            Told::HOST => self.update(Msg::Host(text)),
            Told::VISITOR => self.update(Msg::Visitor { status: number as u16, text, wait_ms: event.b }),
            Told::AT_END => self.update(Msg::AtEnd(number == 1)),
            Told::FILE => {
                let file = NewFile { number, name: text.to_string(), size: u64::from(event.b) };
                self.update(Msg::File(file));
            }
            Told::PROGRESS => self.update(Msg::UploadProgress { number, done: event.b as u8 }),
            Told::UPLOADED => self.update(Msg::UploadDone { number, status: event.b as u16, text }),
            Told::PICTURE => {
                let (id, url) = lines(text);
                if let Some(attachment) = AttachmentId::parse(id) {
                    let url = (!url.is_empty()).then(|| url.to_string());
                    self.update(Msg::PictureLoaded { attachment, url });
                }
            }
            Told::NOT_SAVED => self.update(Msg::DownloadFailed),
            Told::NOT_KEPT => self.input(Input::NotKept),
            Told::OWNER => self.input(Input::Owner),
            Told::CHANGED => self.input(Input::Changed),
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
            Told::LOADED => self.input(Input::Loaded(text)),
            Told::OPENED => self.input(Input::SocketOpened),
            Told::FRAME => self.input(Input::SocketText(text)),
            Told::CLOSED => self.input(Input::SocketClosed(number as u16)),
            Told::POLLED => self.input(Input::PollDone { number: event.b, status: number as u16, text }),
            Told::ANSWERED => self.input(Input::CommandsDone { number: event.b, status: number as u16, text }),
            Told::WOKE => self.input(if number == 1 { Input::Online } else { Input::Visible }),
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

    fn update(&mut self, msg: Msg<'_>) {
        self.model.update(msg, &self.env);
    }

    fn render(&self) {
        let stays = self.model.at_end && matches!(self.model.screen, Screen::Thread(_));
        tell(Do::Show, &view(&self.model, self.env.wall), i32::from(stays));
    }

    /// Language and colour scheme of the whole document.
    fn dress(&self) {
        tell(Do::Dress, &join(self.model.locale.tag(), self.model.theme.as_str()), 0);
    }

    // Apart from `hear` it is smaller: two frames are nearer to their values than one.
    #[inline(never)]
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::BecomeVisitor(token) => tell(Do::Visitor, token.as_deref().unwrap_or(""), 0),
            Effect::Connect { token, visitor } => {
                // A connection as somebody else ends here.
                self.input(Input::Stop);
                self.client.set_token(token);
                self.client.open(Some(visitor), &self.tick);
                self.input(Input::Start);
            }
            Effect::Forget => self.client.clear(),
            Effect::Send(command) => {
                self.client.send(&command, &self.tick);
            }
            Effect::Post(command) => self.client.post(&command, &self.tick),
            Effect::Retry(cmid) => self.client.retry(cmid, &self.tick),
            Effect::Discard(cmid) => {
                self.client.discard(cmid, &self.tick);
            }
            Effect::Host(text) => tell(Do::Host, &text, 0),
            Effect::Focus(id) => tell(Do::Focus, id, 0),
            Effect::SetValue(id, value) => tell(Do::Value, &join(id, &value), 0),
            Effect::Later(timer, after_ms) => set_timer(OWN_TIMERS + timer as u32, after_ms),
            Effect::PickFiles => tell(Do::Pick, "", 0),
            Effect::Upload { number, conversation, name } => {
                self.bearer();
                tell(Do::Upload, &join(&conversation.text(), &name), number.cast_signed());
            }
            Effect::DropFile(number) => tell(Do::DropFile, "", number.cast_signed()),
            Effect::LoadPicture(attachment) => {
                self.bearer();
                tell(Do::Picture, &attachment.text(), 0);
            }
            Effect::Download(attachment, name) => {
                self.bearer();
                tell(Do::Download, &join(&attachment.text(), &name), 0);
            }
            Effect::Dress => self.dress(),
            Effect::Reload => tell(Do::Reload, "", 0),
        }
    }

    /// The requests that follow bring this token.
    fn bearer(&self) {
        tell(Do::Token, self.client.token().unwrap_or(""), 0);
    }

    fn input(&mut self, input: Input<'_>) {
        self.client.handle(input, &self.tick);
    }

    /// Does what the connection asks for.
    fn settle(&mut self) {
        for effect in self.client.take_effects() {
            match effect {
                Net::OpenSocket => tell(Do::Socket, client::SOCKET_PATH, 0),
                Net::CloseSocket(code) => tell(Do::Close, "", i32::from(code)),
                Net::SendText(text) => tell(Do::Frame, &text, 0),
                Net::Poll { number, body } => {
                    self.bearer();
                    tell(Do::Poll, &body, number.cast_signed());
                }
                Net::AbortPoll => tell(Do::Abort, "", 0),
                Net::PostCommands { number, body } => {
                    self.bearer();
                    tell(Do::Commands, &body, number.cast_signed());
                }
                Net::SetTimer { timer, after_ms } => set_timer(timer as u32, after_ms as u32),
                Net::ClearTimer(timer) => tell_number(Do::Timer as u32 + timer as u32, "", -1),
                Net::Own(name) => tell(Do::Own, &name, 0),
                Net::Load => tell(Do::Load, "", 0),
                Net::Keep { cmid, text } => tell(Do::Keep, &join(&cmid.text(), &text), 0),
                Net::Drop(cmid) => tell(Do::Drop, &cmid.text(), 0),
                Net::Tell(event) => self.model.update(Msg::Client(event), &self.env),
            }
        }
    }
}

fn set_timer(timer: u32, after_ms: u32) {
    tell_number(Do::Timer as u32 + timer, "", i32::try_from(after_ms).unwrap_or(i32::MAX));
}
