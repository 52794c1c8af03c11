//! A bare WebSocket server that sends back what it gets, and the same load against it: what the machine and the
//! framework can do when nothing is checked, stored or shared.

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Instant;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_ws::Message;
use anyhow::{Context, bail};
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use protocol::ids::ConversationId;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::board::{Board, Sender, Way};
use super::dial::Dialer;
use super::idle::{self, Held};
use super::messages::{drive, listen, tail};
use super::options::{Echo, Transport};
use super::process::Processes;
use super::report::{Finished, Messages, Stay};
use super::socket::Socket;
use super::visitors::Connecting;
use crate::realtime::tcp;

/// What the server says when it listens; the address follows.
const LISTENS: &str = "echo server listens on ";
/// Connections waiting to be accepted, as the product has it.
const BACKLOG: u32 = 4096;

/// Serves until the process ends.
pub(super) async fn serve(listen: SocketAddr) -> anyhow::Result<Finished> {
    let server = HttpServer::new(|| App::new().route("/", web::get().to(connect)))
        .on_connect(|connection, _| {
            if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() {
                tcp::prepare(stream);
            }
        })
        .backlog(BACKLOG)
        .max_connections(1_000_000)
        .bind(listen)?;
    let addr = server.addrs().first().copied().context("an address")?;
    {
        use std::io::Write;
        let mut out = std::io::stdout();
        writeln!(out, "{LISTENS}{addr}")?;
        out.flush()?;
    }
    server.run().await?;
    Ok(Finished::silent())
}

async fn connect(request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut writer, mut reader) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = reader.next().await {
            let sent = match message {
                Message::Text(text) => writer.text(text).await,
                Message::Binary(bytes) => writer.binary(bytes).await,
                Message::Ping(bytes) => writer.pong(&bytes).await,
                Message::Close(reason) => {
                    // Nobody is left to be told when it fails.
                    let _ = writer.close(reason).await;
                    return;
                }
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(response)
}

/// Starts the server as a process of its own and measures it.
pub(super) async fn run(options: Echo) -> anyhow::Result<Finished> {
    let (child, addr) = start().await?;
    let server = Processes::new(vec![child.id().context("the echo server ended")?])?;
    let connections = options.idle.unwrap_or(options.connections);
    let dialer = Dialer::new(&format!("http://{addr}"), None, None, connections).await?;
    if options.idle.is_some() {
        let before = idle::settled(Some(&server)).await?;
        let (sockets, connecting) = open(&dialer, connections).await?;
        let held = Held::default();
        sockets.into_iter().for_each(|socket| held.add_socket(socket));
        let opened = idle::settled(Some(&server)).await?;
        tokio::time::sleep(std::time::Duration::from_secs(options.hold)).await;
        let memory = idle::memory(before, opened, idle::settled(Some(&server)).await?);
        let stay = Stay { transport: Transport::Ws, connections, held_s: options.hold, memory };
        return Ok(held.report(&stay, &connecting).finish(options.json));
    }
    let (sockets, connecting) = open(&dialer, connections).await?;
    let board = Board::new(options.shape.rate.is_none(), options.shape.count);
    for (on, socket) in sockets.into_iter().enumerate() {
        let way = Way::Link(listen(&board, on, socket));
        board.join(Sender { way, reads_on: on, tail: tail(ConversationId(Uuid::nil()), options.shape.size) });
    }
    let cpu = drive(&board, &options.shape, Some(&server), false).await;
    let mut messages = Messages::new(&board, &options.shape, &connecting, &cpu, false);
    messages.server_rss_bytes = server.rss();
    Ok(messages.finish(options.json))
}

async fn start() -> anyhow::Result<(Child, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bench", "serve-echo", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the echo server")?;
    let out = child.stdout.take().context("its output")?;
    let line = BufReader::new(out).lines().next_line().await?.unwrap_or_default();
    match line.strip_prefix(LISTENS).and_then(|addr| addr.parse().ok()) {
        Some(addr) => Ok((child, addr)),
        None => bail!("the echo server did not start: {line}"),
    }
}

async fn open(dialer: &Dialer, count: u32) -> anyhow::Result<(Vec<Socket>, Connecting)> {
    let (left, began) = (Rc::new(Cell::new(count)), Instant::now());
    let worker = || {
        let left = Rc::clone(&left);
        async move {
            let mut opened = Vec::new();
            while left.get() > 0 {
                left.set(left.get() - 1);
                let began = Instant::now();
                opened.push((Socket::open(dialer, "/", "").await?, began.elapsed()));
            }
            anyhow::Ok(opened)
        }
    };
    let all = try_join_all((0..count.min(64)).map(|_| worker())).await?;
    let mut connecting = Connecting { took: began.elapsed(), ..Connecting::default() };
    let sockets = all.into_iter().flatten().map(|(socket, took)| {
        connecting.each.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        socket
    });
    let sockets = sockets.collect();
    Ok((sockets, connecting))
}
