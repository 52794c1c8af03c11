//! A real SMTP server process on loopback that keeps what it receives.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::basics::{eventually, free_port};

/// Debian's interpreter, for which `python3-aiosmtpd` is installed.
const PYTHON: &str = "/usr/bin/python3";

const PROGRAM: &str = r#"
import asyncio, email, email.policy, json, sys
from aiosmtpd.controller import Controller

class Keep:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        text = mail.get_body(('plain',))
        with open(sys.argv[2], 'a') as kept:
            kept.write(json.dumps({
                'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'subject': mail['subject'],
                'reply_to': mail['reply-to'], 'message_id': mail['message-id'],
                'headers': sorted(name.lower() for name in mail.keys()),
                'text': text.get_content() if text else '',
            }) + '\n')
        return '250 kept'

Controller(Keep(), hostname='127.0.0.1', port=int(sys.argv[1])).start()
asyncio.new_event_loop().run_forever()
"#;

/// Where mail arrives once the server is up.
pub(crate) struct Mailbox {
    port: u16,
    kept: PathBuf,
    process: Option<Child>,
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Mailbox {
    /// A mailbox whose server does not run yet. Mail is kept in `folder`.
    pub(crate) fn closed(folder: PathBuf) -> Self {
        Self { port: free_port(), kept: folder, process: None }
    }

    /// What the server is configured with.
    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn opens(&mut self) {
        let child = Command::new(PYTHON)
            .arg("-c")
            .arg(PROGRAM)
            .arg(self.port.to_string())
            .arg(&self.kept)
            .stdin(Stdio::null())
            .spawn()
            .expect("python3 with aiosmtpd (scripts/setup-test.sh installs it)");
        self.process = Some(child);
        let port = self.port;
        eventually("the mail server answers", || async move {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
    }

    /// Everything received so far.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let kept = std::fs::read_to_string(&self.kept).unwrap_or_default();
        kept.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
