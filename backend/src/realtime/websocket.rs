//! A session over a WebSocket: framing, sizes, times, close codes. Nothing here knows what a frame says,
//! except that the first must be `hello`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_http::ws::hash_key;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::rt::net::TcpStream;
use actix_web::web::BytesMut;
use protocol::codec::to_json;
use protocol::command::{Command, Hello};
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::{Event, Ping, Token};
use protocol::frame::CommandFrame;
use protocol::ids::TenantId;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Realtime;
use super::caller::{Credentials, Head, check_origin, renew, until_renewal};
use super::decode::{decode, malformed};
use super::hub::{ConnectionGuard, Transport};
use super::mailbox::End;
use super::session::{Outgoing, Session, close_for, is_too_old, refused};
use super::socket::{Incoming, Lost, Socket};
use crate::auth::Principal;
use crate::auth::keys::VisitorClaims;
use crate::auth::limiter::Rule;
use crate::auth::visitor;
use crate::error::{AppError, AppResult, Refusal};
use crate::metrics::Role;

/// Frames sent before the socket is read again: a busy session must not starve its own commands.
const FRAMES_IN_A_ROW: usize = 64;

/// A handshake that was accepted.
pub struct Accepted {
    /// What to answer.
    pub response: String,
    credentials: Credentials,
    counted: ConnectionGuard,
}

/// Judges the handshake of `GET /v1/ws`. Who it is, the first frame says.
///
/// # Errors
/// `malformed` when it is none, `forbidden` for a foreign origin, `rate_limited` when there were or are too many from
/// one place, `unavailable` while the server stops.
pub fn handshake(realtime: &Realtime, head: Head) -> AppResult<Accepted> {
    let app = &realtime.app;
    let credentials = Credentials { bearer: None, ..Credentials::of(app, head) };
    let key = key(head.headers).ok_or_else(|| malformed("handshake", "no handshake of WebSocket version 13"))?;
    check_origin(app, head, &credentials)?;
    app.limiter.take(Rule::Socket, &credentials.place, app.clock.monotonic())?;
    if realtime.hub.is_draining() {
        return Err(Refusal::new(ErrorCode::Unavailable, "the server is stopping").into());
    }
    let counted = realtime.hub.enter(Transport::WebSocket, credentials.place.clone())?;
    let proof = hash_key(key);
    let proof = String::from_utf8_lossy(&proof);
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {proof}\r\n\r\n"
    );
    Ok(Accepted { response, credentials, counted })
}

/// The key of a handshake that says everything it must (RFC 6455, section 4.2.1).
fn key(headers: &HeaderMap) -> Option<&[u8]> {
    let says = |name: HeaderName, word: &str| {
        let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
    };
    let asks = says(header::UPGRADE, "websocket")
        && says(header::CONNECTION, "upgrade")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks).map(header::HeaderValue::as_bytes)
}

/// Serves a connection whose handshake was answered, until it ends; `unread` is what came behind the handshake.
pub fn serve(realtime: Realtime, accepted: Accepted, stream: TcpStream, unread: BytesMut) -> impl Future<Output = ()> {
    let Accepted { credentials, counted, .. } = accepted;
    // Boxed: a future keeps room for every value that was moved into it.
    Box::new(Connection { socket: Socket::new(stream, unread), realtime, counted }).run(credentials)
}

struct Connection {
    realtime: Realtime,
    socket: Socket,
    /// Counts this connection until it is dropped.
    counted: ConnectionGuard,
}

/// A connection that was greeted.
struct Live {
    session: Session,
    standing: Standing,
}

/// What is looked at again while a connection lives.
struct Standing {
    /// An agent's cookie and tenant.
    agent: Option<(Credentials, TenantId)>,
    /// What a visitor's newest token says.
    visitor: Option<VisitorClaims>,
}

/// What the timer of a connection stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alarm {
    /// Time to ping.
    Ping,
    /// The answer to a ping is due.
    Pong,
    /// The client has to take what was sent to it, and say so.
    Behind,
}

impl Connection {
    async fn run(mut self: Box<Self>, credentials: Credentials) {
        // Boxed, here and below: a connection is idle for most of its life, and what it does now and then must
        // not count into the memory it always takes.
        let code = match Box::pin(self.greet(credentials)).await {
            Ok(mut live) => self.serve(&mut live).await,
            Err(code) => code,
        };
        if let Some(code) = code {
            tracing::debug!("closing with {}", code.code());
            self.counted.closing(code);
            // What the session held is gone by now; only the connection waits for the other side to hang up.
            Box::pin(self.socket.close(code)).await;
        }
    }

    /// Waits for `hello` and opens the session. An error is the code to close with, or none when nobody is
    /// there any more.
    async fn greet(&mut self, mut credentials: Credentials) -> Result<Box<Live>, Option<CloseCode>> {
        let first = timeout(self.realtime.pace.hello_within, self.first_text())
            .await
            .map_err(|_| CloseCode::HelloExpected)??;
        let (id, hello) = match decode(&first) {
            Ok(CommandFrame { id, command: Command::Hello(hello) }) => (id, hello),
            Ok(CommandFrame { id, .. }) => {
                let refusal = Refusal::new(ErrorCode::HelloRequired, "say hello first");
                return Err(self.turn_away(id, &refusal.into()));
            }
            Err(unreadable) => return Err(self.turn_away(unreadable.id, &unreadable.refusal.into())),
        };
        if is_too_old(&hello) {
            return Err(Some(CloseCode::TooOld));
        }
        credentials.bearer.clone_from(&hello.token);
        match self.open(&credentials, hello).await {
            Ok((session, visitor)) => {
                let agent = match session.who() {
                    Principal::Agent(agent) => Some((credentials, agent.tenant)),
                    Principal::Visitor(_) => None,
                };
                Ok(Box::new(Live { session, standing: Standing { agent, visitor } }))
            }
            Err(error) => Err(self.turn_away(id, &error)),
        }
    }

    async fn open(&mut self, credentials: &Credentials, hello: Hello) -> AppResult<(Session, Option<VisitorClaims>)> {
        let caller = credentials.caller(&self.realtime.app, hello.tenant).await?;
        let claims = caller.claims.clone();
        match &caller.who {
            Principal::Visitor(visitor) => self.counted.belongs_to(visitor.tenant)?,
            Principal::Agent(_) => self.counted.is_of(Role::Agent),
        }
        Ok((Session::open(&self.realtime, caller, hello).await?, claims))
    }

    async fn first_text(&mut self) -> Result<String, Option<CloseCode>> {
        loop {
            match self.socket.receive().await {
                Incoming::Text(text) => return Ok(text),
                Incoming::Pong | Incoming::Sent => {}
                Incoming::Ping(payload) => self.socket.pong(payload).map_err(|Lost| None)?,
                Incoming::Closing(code) => return Err(Some(code)),
                Incoming::Gone => return Err(None),
            }
        }
    }

    /// Says why, and with which code to close.
    fn turn_away(&mut self, id: u64, error: &AppError) -> Option<CloseCode> {
        if !matches!(error, AppError::Refused(_)) {
            tracing::error!(%error, "a hello failed");
        }
        let refusal = error.to_refusal();
        let code = if self.realtime.hub.is_draining() { CloseCode::Restart } else { close_for(refusal.code) };
        let told = self.socket.send(to_json(&refused(id, None, refusal)).into());
        told.is_ok().then_some(code)
    }

    /// Moves frames both ways until the end. Returns the code to close with; none when nobody is there.
    async fn serve(&mut self, live: &mut Live) -> Option<CloseCode> {
        let Live { session, standing } = live;
        let pace = Arc::clone(&self.realtime.pace);
        let mut alarm = Alarm::Ping;
        let mut timer = pin!(sleep(self.rest(standing)));
        loop {
            if alarm != Alarm::Behind || session.mailbox().is_over() {
                if let Some(code) = self.send_what_there_is(session).await.ok()? {
                    return Some(code);
                }
                if alarm != Alarm::Behind && self.socket.is_behind() {
                    set(&mut alarm, timer.as_mut(), Alarm::Behind, pace.write_within);
                }
            }
            tokio::select! {
                incoming = self.socket.receive() => {
                    match incoming {
                        Incoming::Text(text) => Box::pin(session.receive(&text)).await,
                        Incoming::Pong => self.socket.confirmed(),
                        Incoming::Ping(payload) => self.socket.pong(payload).ok()?,
                        Incoming::Sent => {}
                        Incoming::Closing(code) => return Some(code),
                        Incoming::Gone => return None,
                    }
                    if alarm == Alarm::Pong || (alarm == Alarm::Behind && !self.socket.is_behind()) {
                        set(&mut alarm, timer.as_mut(), Alarm::Ping, self.rest(standing));
                    }
                }
                () = session.ready(), if alarm != Alarm::Behind => {}
                () = session.mailbox().ended(), if alarm == Alarm::Behind => {}
                () = timer.as_mut() => match alarm {
                    Alarm::Ping => {
                        Box::pin(self.look_again(session, standing)).await;
                        let ping = Event::Ping(Ping { at: self.realtime.app.now() });
                        self.socket.send(to_json(&ping).into()).ok()?;
                        set(&mut alarm, timer.as_mut(), Alarm::Pong, pace.pong_within);
                    }
                    Alarm::Pong => return Some(CloseCode::Silent),
                    Alarm::Behind => return Some(CloseCode::Slow),
                },
            }
        }
    }

    /// Sends what the session has now, as few writes as possible. Says with which code to close, if it is to end.
    async fn send_what_there_is(&mut self, session: &mut Session) -> Result<Option<CloseCode>, Lost> {
        for _ in 0..FRAMES_IN_A_ROW {
            let mut next = pin!(session.next_in_turn());
            let out = match poll_fn(|context| Poll::Ready(next.as_mut().poll(context))).await {
                Poll::Ready(out) => out,
                Poll::Pending => {
                    // It reads: what is ready must not wait for that.
                    self.socket.flush()?;
                    next.await
                }
            };
            match out {
                None => break,
                Some(Outgoing::Close(code)) => return Ok(Some(code)),
                Some(Outgoing::Text(text)) => self.socket.queue(text),
            }
            if self.socket.is_full() {
                self.socket.flush()?;
                if self.socket.is_behind() {
                    break;
                }
            }
        }
        self.socket.flush()?;
        Ok(None)
    }

    /// How long the connection may be left alone.
    fn rest(&self, standing: &Standing) -> Duration {
        let renewal = standing.visitor.as_ref().map(|claims| until_renewal(&self.realtime.app, claims));
        renewal.unwrap_or(Duration::MAX).min(self.realtime.pace.ping_every)
    }

    /// Looks whether the person may still be here, in case the note that says otherwise was lost (C20), and renews a
    /// visitor's token before it expires (F30). A failing storage cuts nobody off.
    async fn look_again(&mut self, session: &Session, standing: &mut Standing) {
        let app = &self.realtime.app;
        if let Some(claims) = standing.visitor.take_if(|claims| app.keys.renewal_at(claims.expires_at) <= app.now()) {
            standing.visitor = Some(match visitor::check(app, &claims).await {
                Ok(()) => {
                    let (token, claims) = renew(app, claims);
                    let event = Event::Token(Token { token, expires_at: claims.expires_at });
                    self.socket.queue(to_json(&event).into());
                    claims
                }
                Err(AppError::Refused(refusal)) => {
                    session.mailbox().end(End::Revoked(close_for(refusal.code)));
                    claims
                }
                Err(_) => claims,
            });
        }
        let Some((credentials, tenant)) = &standing.agent else { return };
        match credentials.caller(app, Some(*tenant)).await {
            Err(AppError::Refused(refusal)) => session.mailbox().end(End::Revoked(close_for(refusal.code))),
            // Another role or name: a new session starts from it.
            Ok(caller) if caller.who != *session.who() => session.mailbox().end(End::Drain { after_ms: 0 }),
            Ok(_) | Err(_) => {}
        }
    }
}

fn set(alarm: &mut Alarm, timer: Pin<&mut Sleep>, to: Alarm, after: Duration) {
    *alarm = to;
    timer.reset(Instant::now() + after);
}
