//! Agents getting ready: they sign in, go online, and take the visitors' conversations as they are offered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::BufRead;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::future::try_join_all;
use protocol::PROTOCOL_VERSION;
use protocol::command::{Accept, Command, Hello, Post, PostBody, SetPresence, Watch};
use protocol::entry::Text;
use protocol::event::Event;
use protocol::ids::{AgentId, Cmid, ConversationId};
use protocol::state::{ConversationState, Presence, Summary};
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use super::dial::Dialer;
use super::http::Http;
use super::socket::{Socket, hint};

/// How long it may take until every conversation is taken.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// What an agent signs in with.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) email: String,
    pub(super) password: String,
}

impl Login {
    /// The agents named on the command line, with their passwords from standard input.
    pub(super) fn read(emails: &[String]) -> anyhow::Result<Vec<Self>> {
        if emails.is_empty() {
            bail!("--url needs at least one --agent EMAIL, with the password on standard input");
        }
        let mut lines = std::io::stdin().lock().lines();
        emails
            .iter()
            .map(|email| {
                let password = lines.next().transpose()?.filter(|line| !line.is_empty());
                let password = password.with_context(|| format!("no password for {email} on standard input"))?;
                Ok(Self { email: email.clone(), password })
            })
            .collect()
    }
}

/// An agent at work.
pub(super) struct Agent {
    pub(super) socket: Socket,
    id: AgentId,
}

/// Signs in, connects and goes online.
pub(super) async fn start_work(dialer: &Dialer, login: &Login) -> anyhow::Result<Agent> {
    let cookie = sign_in(dialer, login).await?;
    let mut socket = Socket::open(dialer, "/v1/ws", &format!("Cookie: {cookie}\r\n")).await?;
    let hello = Hello { protocol: PROTOCOL_VERSION, token: None, tenant: None, resume: Vec::new(), state: None };
    socket.send(Command::Hello(hello)).await?;
    let id = loop {
        let event = socket.next().await?;
        match serde_json::from_str(&event)? {
            Event::Agent(state) => break state.me,
            Event::Refused(_) => bail!("{} is refused: {event}{}", login.email, hint(&event)),
            _ => {}
        }
    };
    socket.ask(Command::SetPresence(SetPresence { presence: Presence::Online, pause: None })).await?;
    Ok(Agent { socket, id })
}

async fn sign_in(dialer: &Dialer, login: &Login) -> anyhow::Result<String> {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", &login.email)
        .append_pair("password", &login.password)
        .finish();
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";
    let reply = Http::open(dialer).await?.post(dialer, "/sign-in", headers, &form).await?;
    let cookie = reply.header("set-cookie").and_then(|value| value.split(';').next());
    match cookie {
        Some(cookie) if reply.status == 303 => Ok(cookie.to_owned()),
        _ => bail!("{} cannot sign in: the server answered {}{}", login.email, reply.status, hint(&reply.head)),
    }
}

/// Lets the agents take these conversations. Returns, in the same order, which agent has each.
pub(super) async fn take(agents: &mut [Agent], conversations: &[ConversationId]) -> anyhow::Result<Vec<usize>> {
    let wanted: HashMap<ConversationId, usize> = conversations.iter().copied().zip(0..).collect();
    let wanted = RefCell::new(wanted);
    let holders = RefCell::new(vec![None; conversations.len()]);
    let left = watch::Sender::new(conversations.len());
    let work = agents.iter_mut().enumerate().map(|(index, agent)| {
        let (wanted, holders, left) = (&wanted, &holders, &left);
        async move {
            let mut done = left.subscribe();
            loop {
                let event = tokio::select! {
                    event = agent.socket.next() => event?,
                    _ = done.wait_for(|left| *left == 0) => return anyhow::Ok(()),
                };
                for line in offers(&event, agent.id) {
                    // A list and a line may say the same offer twice.
                    let Some(place) = wanted.borrow_mut().remove(&line) else { continue };
                    accept(&mut agent.socket, line).await?;
                    if let Some(holder) = holders.borrow_mut().get_mut(place) {
                        *holder = Some(index);
                    }
                    left.send_modify(|left| *left -= 1);
                }
            }
        }
    });
    match timeout(TAKEN_WITHIN, try_join_all(work)).await {
        Ok(done) => done.map(drop)?,
        Err(_) => bail!(
            "{} of {} conversations were not offered to the agents within {} s: they need more agents or a higher `capacity`",
            *left.borrow(),
            conversations.len(),
            TAKEN_WITHIN.as_secs()
        ),
    }
    Ok(holders.into_inner().into_iter().flatten().collect())
}

/// The conversations an event offers to this agent.
fn offers(event: &str, me: AgentId) -> Vec<ConversationId> {
    let offered = |line: &Summary| line.state == ConversationState::Offered && line.offered_to == Some(me);
    match serde_json::from_str(event) {
        Ok(Event::Conversation(changed)) if offered(&changed.conversation) => vec![changed.conversation.id],
        Ok(Event::Agent(state)) => {
            state.conversations.iter().filter(|line| offered(line)).map(|line| line.id).collect()
        }
        _ => Vec::new(),
    }
}

/// Accepts, says hello, so that nobody waits for a first reply, and reads on.
async fn accept(socket: &mut Socket, conversation: ConversationId) -> anyhow::Result<()> {
    socket.ask(Command::Accept(Accept { conversation })).await?;
    let body = PostBody::Message(Text { text: "How can I help?".to_owned() });
    let post = Post { cmid: Cmid(Uuid::new_v4()), conversation: Some(conversation), body };
    socket.ask(Command::Post(post)).await?;
    socket.ask(Command::Watch(Watch { conversation, after: 0 })).await?;
    Ok(())
}
