//! Where connections come in.
//!
//! Sockets and polls are most of what is open at any moment, and nearly all of them do nothing. What they come
//! through, actix's dispatcher, keeps 16 KiB of buffers and a kilobyte of state for each as long as it lives. So the
//! first bytes of every request are looked at while they still lie in the kernel: what is plainly one of ours is
//! taken out and served here with memory only while there is something to do; everything else is handed on
//! untouched, with its connection. Why: docs/decisions/0011-connections.md.

/// Answers, written straight to the connection.
mod answer;
/// What the first bytes of a request say.
mod head;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use actix_http::{HttpService, Request as HttpRequest, h1};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, BytesMut};
use futures_util::future::LocalBoxFuture;
use protocol::error::ErrorCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use self::answer::{Answer, common_headers};
use self::head::{Request, Wanted};
use crate::error::{AppError, Refusal};
use crate::http::guard;
use crate::realtime::caller::Head;
use crate::realtime::longpoll;
use crate::realtime::{Realtime, tcp, websocket};
use crate::routes;

/// Most connections of one worker.
const CONNECTIONS: usize = 500_000;
/// A connection without a request is kept this long; longer than proxies keep theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Headers have to be complete after this long (F26).
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// A body has to be complete after this long (F26).
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// After the last answer a connection is kept this long for the other side to hang up.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long requests get to end when the server stops, in seconds.
const REQUESTS_WITHIN_S: u64 = 4;
/// Bytes of a request that are looked at: what does not fit goes the long way.
const LOOK_BYTES: usize = 8 * 1024;

thread_local! {
    /// What connections of this worker look at, one after the other.
    static SEEN: RefCell<[u8; LOOK_BYTES]> = const { RefCell::new([0; LOOK_BYTES]) };
}

/// Serves `listener` with `workers` threads until it is told to stop.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(realtime: &Realtime, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let addr = listener.local_addr()?;
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(CONNECTIONS)
        .shutdown_timeout(REQUESTS_WITHIN_S)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let common: Arc<str> = common_headers(guard::program_headers(&realtime.app)).into();
    let realtime = realtime.clone();
    let server = server.listen("http", listener, move || {
        let (realtime, common, stopping) = (realtime.clone(), Arc::clone(&common), stopping.clone());
        let pages = pages(&realtime, &common, addr, stopping);
        fn_factory(move || {
            let pages = pages.new_service(());
            let door = (realtime.clone(), Arc::clone(&common));
            async move {
                let pages = pages.await?;
                let door = Rc::new(Door { realtime: door.0, common: door.1, pages });
                Ok::<_, ()>(fn_service(move |stream: TcpStream| {
                    let door = Rc::clone(&door);
                    async move {
                        // Boxed: what a connection needs before it is a socket is gone when it is one.
                        let socket = Box::pin(door.attend(stream)).await;
                        drop(door);
                        if let Some(socket) = socket {
                            socket.await;
                        }
                        Ok::<_, Infallible>(())
                    }
                }))
            }
        })
    })?;
    Ok(server.run())
}

/// Everything that is not answered here.
fn pages(
    realtime: &Realtime,
    common: &Arc<str>,
    addr: SocketAddr,
    stopping: actix_server::GracefulShutdownSignal,
) -> impl ServiceFactory<(TcpStream, Option<SocketAddr>), Config = (), Response = (), InitError = (), Service: 'static> + use<>
{
    let data = web::Data::from(Arc::clone(&realtime.app));
    let app = actix_web::App::new()
        .app_data(data)
        .app_data(web::Data::new(realtime.clone()))
        .wrap(from_fn(guard::guard))
        .configure(routes::configure)
        .into_factory()
        .map_err(|error: actix_web::Error| error.error_response());
    let upgrades = (realtime.clone(), Arc::clone(common));
    HttpService::build()
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEADERS_WITHIN)
        // A client that hung up must not have its poll held to the end.
        .h1_allow_half_closed(false)
        .client_disconnect_timeout(DISCONNECT_WITHIN)
        .local_addr(addr)
        .upgrade(fn_service(move |(request, framed): (HttpRequest, actix_codec::Framed<TcpStream, h1::Codec>)| {
            let (realtime, common) = upgrades.clone();
            async move {
                Box::pin(upgraded(realtime, common, request, framed)).await;
                Ok::<_, Infallible>(())
            }
        }))
        .h1(map_config(app, |()| AppConfig::default()))
}

/// A handshake on a connection that was used for something else before.
async fn upgraded(
    realtime: Realtime,
    common: Arc<str>,
    request: HttpRequest,
    framed: actix_codec::Framed<TcpStream, h1::Codec>,
) {
    let parts = framed.into_parts();
    let accepted = if request.path() == "/v1/ws" {
        websocket::handshake(&realtime, Head { headers: &request.head().headers, peer: request.peer_addr() })
    } else {
        Err(AppError::not_found("socket"))
    };
    drop(request);
    if let Some(socket) = switch(realtime, accepted, &common, parts.io, parts.read_buf).await {
        socket.await;
    }
}

/// Answers a handshake and returns what serves the socket, or says why not.
async fn switch(
    realtime: Realtime,
    accepted: Result<websocket::Accepted, AppError>,
    common: &str,
    mut stream: TcpStream,
    unread: BytesMut,
) -> Option<LocalBoxFuture<'static, ()>> {
    match accepted {
        Ok(accepted) => {
            stream.write_all(accepted.response.as_bytes()).await.ok()?;
            Some(Box::pin(websocket::serve(realtime, accepted, stream, unread)))
        }
        Err(error) => {
            if Answer::from(error).send(&mut stream, common, false).await {
                hang_up(stream).await;
            }
            None
        }
    }
}

/// Ends a connection so that the other side reads what it was sent: whoever closes while something unread has
/// arrived takes back what is under way.
async fn hang_up(mut stream: TcpStream) {
    let waiting = async {
        stream.shutdown().await?;
        let mut rest = [0; 512];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(DISCONNECT_WITHIN, Box::pin(waiting)).await;
}

/// What the first bytes say.
enum Seen {
    /// To be answered here.
    Ours(Box<Request>),
    /// To be handed on.
    Other,
    /// The other side is gone.
    Gone,
}

struct Door<S> {
    realtime: Realtime,
    common: Arc<str>,
    pages: S,
}

impl<S: Service<(TcpStream, Option<SocketAddr>)>> Door<S> {
    /// Serves a connection until it ends or becomes a socket, which it returns. Every step is boxed: what it needs is
    /// gone when it is over.
    async fn attend(&self, mut stream: TcpStream) -> Option<LocalBoxFuture<'static, ()>> {
        tcp::prepare(&stream);
        let peer = stream.peer_addr().ok()?;
        let mut within = HEADERS_WITHIN;
        loop {
            match Box::pin(self.look(&stream, within)).await {
                Seen::Gone => return None,
                Seen::Other => {
                    // How it ends is the business of those it was handed to.
                    let _ = Box::pin(self.pages.call((stream, Some(peer)))).await;
                    return None;
                }
                Seen::Ours(request) if request.wanted == Wanted::Socket => {
                    return Box::pin(self.connect(request, peer, stream)).await;
                }
                Seen::Ours(request) => {
                    if !self.exchange(request, peer, &mut stream).await {
                        Box::pin(hang_up(stream)).await;
                        return None;
                    }
                }
            }
            within = KEEP_ALIVE;
        }
    }

    /// Waits for the next request and looks at it.
    async fn look(&self, stream: &TcpStream, within: Duration) -> Seen {
        let seen = poll_fn(|context| {
            SEEN.with_borrow_mut(|bytes| {
                let mut bytes = ReadBuf::new(bytes);
                let seen = match ready!(stream.poll_peek(context, &mut bytes)) {
                    Ok(1..) => head::read(bytes.filled()).map_or(Seen::Other, |request| Seen::Ours(Box::new(request))),
                    Ok(0) | Err(_) => Seen::Gone,
                };
                Poll::Ready(seen)
            })
        });
        tokio::select! {
            biased;
            seen = timeout(within, seen) => seen.unwrap_or(Seen::Gone),
            // Between two requests there is nothing to finish.
            () = self.realtime.hub.drained(), if within == KEEP_ALIVE => Seen::Gone,
        }
    }

    /// A handshake.
    async fn connect(
        &self,
        request: Box<Request>,
        peer: SocketAddr,
        mut stream: TcpStream,
    ) -> Option<LocalBoxFuture<'static, ()>> {
        let accepted = websocket::handshake(&self.realtime, Head { headers: &request.headers, peer: Some(peer) });
        read(&mut stream, request.head_bytes).await.ok()?;
        drop(request);
        switch(self.realtime.clone(), accepted, &self.common, stream, BytesMut::new()).await
    }

    /// A poll, or commands. False when no other request follows on this connection.
    async fn exchange(&self, request: Box<Request>, peer: SocketAddr, stream: &mut TcpStream) -> bool {
        let keep_alive = request.keep_alive;
        let answer = match Box::pin(self.receive(request, peer, stream)).await {
            Err(last) => {
                Box::pin(last.send(stream, &self.common, false)).await;
                return false;
            }
            Ok(Err(refused)) => refused.into(),
            Ok(Ok(admitted)) => {
                let held = matches!(admitted, longpoll::Admitted::News(_));
                tokio::select! {
                    answer = longpoll::answer(&self.realtime, admitted) => match answer {
                        Ok(longpoll::Answer::Events(reply)) => Answer::Events(reply),
                        Ok(longpoll::Answer::TooOld) => Answer::status(StatusCode::GONE, ErrorCode::Malformed),
                        Err(error) => error.into(),
                    },
                    () = gone(stream), if held => return false,
                }
            }
        };
        let keep_alive = keep_alive && !self.realtime.hub.is_draining();
        Box::pin(answer.send(stream, &self.common, keep_alive)).await && keep_alive
    }

    /// Takes a request out of the connection and reads it. An error outside is the last answer on this connection:
    /// the rest of the request was not read.
    async fn receive(
        &self,
        request: Box<Request>,
        peer: SocketAddr,
        stream: &mut TcpStream,
    ) -> Result<Result<longpoll::Admitted, AppError>, Answer> {
        let Wanted::Exchange(asked) = request.wanted else {
            return Err(Answer::status(StatusCode::NOT_FOUND, ErrorCode::NotFound));
        };
        if request.body_bytes > asked.limit() {
            let refusal = Refusal::new(ErrorCode::TooLarge, "the body is too large");
            return Err(AppError::from(Refusal { limit: Some(asked.limit() as u64), ..refusal }).into());
        }
        let credentials = self.check(&request, peer);
        let reading = read(stream, request.head_bytes + request.body_bytes);
        let bytes = match timeout(BODY_WITHIN, reading).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => return Err(Answer::status(StatusCode::BAD_REQUEST, ErrorCode::Malformed)),
            Err(_) => return Err(Answer::status(StatusCode::REQUEST_TIMEOUT, ErrorCode::TooSlow)),
        };
        let body = String::from_utf8(bytes[request.head_bytes..].to_vec());
        drop((request, bytes));
        let body = body.map_err(|_| AppError::from(Refusal::field("body", ErrorCode::Malformed, "not UTF-8")));
        Ok(match credentials.and_then(|credentials| Ok((credentials, body?))) {
            Ok((credentials, body)) => longpoll::admit(&self.realtime, asked, credentials, body).await,
            Err(error) => Err(error),
        })
    }

    fn check(&self, request: &Request, peer: SocketAddr) -> Result<crate::realtime::caller::Credentials, AppError> {
        guard::admit_program(&Method::POST, &request.headers, &self.realtime.app)?;
        longpoll::credentials(&self.realtime, Head { headers: &request.headers, peer: Some(peer) })
    }
}

/// Reads just so many bytes. The buffer grows with what comes: what is only announced takes no memory (F28).
async fn read(stream: &mut TcpStream, bytes: usize) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::with_capacity(bytes.min(LOOK_BYTES));
    let read = stream.take(bytes as u64).read_to_end(&mut buffer).await?;
    if read == bytes { Ok(buffer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Waits until the other side hangs up.
async fn gone(stream: &TcpStream) {
    let next = poll_fn(|context| {
        let mut byte = [0; 1];
        stream.poll_peek(context, &mut ReadBuf::new(&mut byte))
    });
    if matches!(next.await, Ok(1..)) {
        // The next request is here already. It waits, and what follows it cannot be seen.
        pending::<()>().await;
    }
}
