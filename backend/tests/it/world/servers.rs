//! The servers of a world: started, killed, stopped, limited.

use std::process::{Command, ExitStatus};
use std::time::Duration;

use super::World;
use crate::server::Server;

impl World {
    /// Starts the servers and waits until they are ready.
    pub(crate) async fn serve(&self) {
        self.serve_all(&[]).await;
    }

    /// Starts the servers with one more variable in their environment and waits until they are ready.
    pub(crate) async fn serve_with(&self, name: &str, value: &str) {
        self.serve_all(&[(name, value)]).await;
    }

    /// Starts the servers with a public address that a proxy would have.
    pub(crate) async fn serve_as(&self, origin: &str) {
        self.serve_with("FRONTDESK_PUBLIC_URL", origin).await;
    }

    async fn serve_all(&self, more: &[(&str, &str)]) {
        self.servers.iter().for_each(|server| server.spawn(more));
        for server in &self.servers {
            server.ready().await;
        }
        if let Some(front) = &self.front {
            front.sees(self.servers.len()).await;
        }
    }

    /// The same with servers that may end by themselves at any moment.
    pub(crate) async fn serve_or_end_with(&self, name: &str, value: &str) {
        for server in &self.servers {
            server.spawn(&[(name, value)]);
        }
        for server in &self.servers {
            while !self.has_ended() && !server.answers().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The process id of its only server.
    pub(crate) fn pid(&self) -> u32 {
        let [server] = &self.servers[..] else { panic!("one of several servers") };
        server.pid()
    }

    /// Whether a server has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.servers.iter().any(Server::has_ended)
    }

    /// Ends the servers as a power cut ends them.
    pub(crate) fn kill9(&self) {
        self.servers.iter().for_each(Server::kill9);
    }

    /// Kills the servers and starts them again on the same ports and data.
    pub(crate) async fn restart(&self) {
        self.kill9();
        self.serve().await;
    }

    /// Sets how many files the only server may have open, while it runs.
    pub(crate) fn limit_files(&self, files: u32) {
        let set =
            Command::new("prlimit").args(["--pid", &self.pid().to_string(), &format!("--nofile={files}:")]).status();
        assert!(set.expect("prlimit runs").success());
    }

    /// How many files and connections the only server has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("a process").count()
    }

    /// Sets how much memory of its own the running server may have, in KiB.
    pub(crate) fn limit_memory(&self, kib: u64) {
        let id = self.pid();
        let set = Command::new("prlimit").args(["--pid", &id.to_string(), &format!("--data={}:", kib * 1024)]).status();
        assert!(set.expect("prlimit runs").success());
    }

    /// Asks the servers to stop, without waiting.
    pub(crate) fn sigterm(&self) {
        self.servers.iter().for_each(|server| server.signal("TERM"));
    }

    /// Waits until the servers have ended by themselves; how the first one did that did not end well, or else the last.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let mut statuses = Vec::new();
        for server in &self.servers {
            statuses.push(server.ended().await);
        }
        let bad = statuses.iter().find(|status| !status.success());
        *bad.or(statuses.last()).expect("a server")
    }

    /// Everything the servers have logged.
    pub(crate) fn log(&self) -> String {
        self.servers.iter().map(Server::log).collect()
    }
}
