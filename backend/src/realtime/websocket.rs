//! A session over a WebSocket: framing, sizes, times, close codes. Nothing here knows what a frame says,
//! except that the first must be `hello`.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use protocol::codec::to_json;
use protocol::command::{Command, Hello};
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::{Event, Ping};
use protocol::frame::CommandFrame;
use protocol::ids::TenantId;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Realtime;
use super::caller::{Caller, Credentials, check_origin};
use super::decode::decode;
use super::hub::{ConnectionGuard, Transport};
use super::mailbox::End;
use super::session::{Outgoing, Session, close_for, is_too_old, refused};
use super::socket::{Incoming, Lost, Socket};
use crate::auth::Principal;
use crate::auth::keys::VISITOR_TOKEN_MS;
use crate::auth::limiter::Rule;
use crate::error::{AppError, AppResult, Refusal};

/// Frames sent before the socket is read again: a busy session must not starve its own commands.
const FRAMES_IN_A_ROW: usize = 64;
/// A visitor whose token has less than this left is asked to connect again, while the token still opens the
/// door and earns a fresh one, in milliseconds (F30).
const RECONNECT_BELOW_MS: i64 = VISITOR_TOKEN_MS / 4;

/// `GET /v1/ws`: switches to the WebSocket protocol. Who it is, the first frame says.
///
/// # Errors
/// `forbidden` for a foreign origin, `rate_limited`, `unavailable` while the server stops.
pub async fn connect(
    request: HttpRequest,
    payload: web::Payload,
    realtime: web::Data<Realtime>,
) -> actix_web::Result<HttpResponse> {
    let app = &realtime.app;
    let credentials = Credentials { bearer: None, ..Credentials::of(app, &request) };
    check_origin(app, &request, &credentials)?;
    app.limiter.take(Rule::Socket, &credentials.place, app.clock.monotonic()).map_err(AppError::from)?;
    if realtime.hub.is_draining() {
        let refusal = Refusal::new(ErrorCode::Unavailable, "the server is stopping");
        return Err(AppError::from(refusal).into());
    }
    let (response, writer, reader) = actix_ws::handle(&request, payload)?;
    let connection = Connection {
        counted: realtime.hub.enter(Transport::WebSocket),
        realtime: realtime.get_ref().clone(),
        socket: Socket::new(writer, reader, realtime.pace.write_within),
    };
    actix_web::rt::spawn(connection.run(credentials));
    Ok(response)
}

struct Connection {
    realtime: Realtime,
    socket: Socket,
    #[expect(dead_code, reason = "counts this connection until it is dropped")]
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
    /// When a visitor's token expires, Unix milliseconds.
    expires_at: Option<i64>,
}

/// What the timer of a connection stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alarm {
    /// Time to ping.
    Ping,
    /// The answer to a ping is due.
    Pong,
    /// The confirmation of what was sent is due.
    Confirm,
}

impl Connection {
    async fn run(mut self, credentials: Credentials) {
        // Boxed, here and below: a connection is idle for most of its life, and what it does now and then must
        // not count into the memory it always takes.
        let code = match Box::pin(self.greet(credentials)).await {
            Ok(mut live) => self.serve(&mut live).await,
            Err(code) => code,
        };
        if let Some(code) = code {
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
                return Err(self.turn_away(id, &refusal.into()).await);
            }
            Err(unreadable) => return Err(self.turn_away(unreadable.id, &unreadable.refusal.into()).await),
        };
        if is_too_old(&hello) {
            return Err(Some(CloseCode::TooOld));
        }
        credentials.bearer.clone_from(&hello.token);
        match self.open(&credentials, hello).await {
            Ok((session, expires_at)) => {
                let agent = match session.who() {
                    Principal::Agent(agent) => Some((credentials, agent.tenant)),
                    Principal::Visitor(_) => None,
                };
                Ok(Box::new(Live { session, standing: Standing { agent, expires_at } }))
            }
            Err(error) => Err(self.turn_away(id, &error).await),
        }
    }

    async fn open(&self, credentials: &Credentials, hello: Hello) -> AppResult<(Session, Option<i64>)> {
        let caller = credentials.caller(&self.realtime.app, hello.tenant).await?;
        let Caller { expires_at, ref fresh_token, .. } = caller;
        // The fresh token of the welcome counts from now on.
        let expires_at = if fresh_token.is_some() { None } else { expires_at };
        Ok((Session::open(&self.realtime, caller, hello).await?, expires_at))
    }

    async fn first_text(&mut self) -> Result<String, Option<CloseCode>> {
        loop {
            match self.socket.receive().await {
                Incoming::Text(text) => return Ok(text),
                Incoming::Pong => {}
                Incoming::Ping(payload) => self.socket.pong(&payload).await.map_err(|Lost| None)?,
                Incoming::Closing(code) => return Err(Some(code)),
                Incoming::Gone => return Err(None),
            }
        }
    }

    /// Says why, and with which code to close.
    async fn turn_away(&mut self, id: u64, error: &AppError) -> Option<CloseCode> {
        if !matches!(error, AppError::Refused(_)) {
            tracing::error!(%error, "a hello failed");
        }
        let refusal = error.to_refusal();
        let code = if self.realtime.hub.is_draining() { CloseCode::Restart } else { close_for(refusal.code) };
        let told = self.socket.send(&to_json(&refused(id, None, refusal))).await;
        told.is_ok().then_some(code)
    }

    /// Moves frames both ways until the end. Returns the code to close with; none when nobody is there.
    async fn serve(&mut self, live: &mut Live) -> Option<CloseCode> {
        let Live { session, standing } = live;
        let pace = Arc::clone(&self.realtime.pace);
        let mut alarm = Alarm::Ping;
        let mut timer = pin!(sleep(pace.ping_every));
        loop {
            for _ in 0..FRAMES_IN_A_ROW {
                if alarm == Alarm::Confirm {
                    break;
                }
                match session.next().await {
                    None => break,
                    Some(Outgoing::Close(code)) => return Some(code),
                    Some(Outgoing::Text(text)) => {
                        self.socket.send(&text).await.ok()?;
                        if self.socket.wants_confirmation() {
                            Box::pin(self.socket.ask_confirmation()).await.ok()?;
                            set(&mut alarm, timer.as_mut(), Alarm::Confirm, pace.write_within);
                        }
                    }
                }
            }
            tokio::select! {
                incoming = self.socket.receive() => {
                    if alarm == Alarm::Pong || (alarm == Alarm::Confirm && matches!(incoming, Incoming::Pong)) {
                        set(&mut alarm, timer.as_mut(), Alarm::Ping, pace.ping_every);
                    }
                    match incoming {
                        Incoming::Text(text) => Box::pin(session.receive(&text)).await,
                        Incoming::Pong => self.socket.confirmed(),
                        Incoming::Ping(payload) => Box::pin(self.socket.pong(&payload)).await.ok()?,
                        Incoming::Closing(code) => return Some(code),
                        Incoming::Gone => return None,
                    }
                }
                () = session.ready(), if alarm != Alarm::Confirm => {}
                () = timer.as_mut() => match alarm {
                    Alarm::Ping => {
                        Box::pin(self.look_again(session, standing)).await;
                        let ping = Event::Ping(Ping { at: self.realtime.app.now() });
                        self.socket.send(&to_json(&ping)).await.ok()?;
                        set(&mut alarm, timer.as_mut(), Alarm::Pong, pace.pong_within);
                    }
                    Alarm::Pong => return Some(CloseCode::Silent),
                    Alarm::Confirm => return Some(CloseCode::Slow),
                },
            }
        }
    }

    /// Looks whether the person may still be here, in case the note that says otherwise was lost (C20). A
    /// failing storage cuts nobody off.
    async fn look_again(&self, session: &Session, standing: &Standing) {
        let app = &self.realtime.app;
        if standing.expires_at.is_some_and(|at| at - app.now() < RECONNECT_BELOW_MS) {
            session.mailbox().end(End::Drain { after_ms: 0 });
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
