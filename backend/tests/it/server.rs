//! A server process that can be killed, stopped, frozen and started again on the same port and data.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::basics::{DEADLINE, eventually};

/// How a server is started.
pub(crate) struct Settings {
    /// For reports.
    pub(crate) name: String,
    /// Where it listens.
    pub(crate) port: u16,
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// Where it logs.
    pub(crate) log: PathBuf,
    /// Its environment; of two values of a variable the later counts.
    pub(crate) environment: Vec<(String, String)>,
    /// Program and arguments that start it, as in a world's plan.
    pub(crate) launcher: Vec<String>,
}

/// A server, running or not.
pub(crate) struct Server {
    settings: Settings,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// A server that does not run yet.
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, process: Mutex::new(None) }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.settings.port
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.settings.port)
    }

    /// Sets a variable of its environment from the next start on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it with more environment. It need not be ready yet.
    pub(crate) fn spawn(&self, more: &[(&str, &str)]) {
        let Settings { port, data, log, environment, launcher, .. } = &self.settings;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        let child = launched(launcher, data)
            .arg("serve")
            .env("FRONTDESK_LISTEN", format!("127.0.0.1:{port}"))
            .env("RUST_LOG", "info,frontdesk=debug")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("the server starts");
        *self.process.lock().expect("not poisoned") = Some(child);
    }

    /// Starts it with more environment and waits until it is ready.
    pub(crate) async fn serve(&self, more: &[(&str, &str)]) {
        self.spawn(more);
        self.ready().await;
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&self) {
        let begin = Instant::now();
        while !self.answers().await {
            let ended = self.with_process(|child| child.try_wait().expect("a child"));
            assert!(ended.is_none(), "the server ended: {ended:?}\n{}", self.log());
            assert!(begin.elapsed() < DEADLINE, "the server is not ready\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether it says that it is ready.
    pub(crate) async fn answers(&self) -> bool {
        let url = format!("{}/readyz", self.url());
        let answer = reqwest::Client::new().get(&url).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    fn with_process<T>(&self, act: impl FnOnce(&mut Child) -> T) -> T {
        let mut process = self.process.lock().expect("not poisoned");
        act(process.as_mut().expect("a running server"))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.with_process(|child| child.id())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.with_process(|child| child.try_wait().expect("a child")).is_some()
    }

    /// Ends it as a power cut ends it.
    pub(crate) fn kill9(&self) {
        let child = self.process.lock().expect("not poisoned").take();
        let mut child = child.expect("a running server");
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
    }

    /// Sends it a signal by name: `TERM`, `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let status = eventually("the server ends", || {
            let status = self.with_process(|child| child.try_wait().expect("a child"));
            async move { status }
        })
        .await;
        self.process.lock().expect("not poisoned").take();
        status
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.settings.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut process) = self.process.lock()
            && let Some(mut child) = process.take()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            let _ = writeln!(std::io::stderr(), "log of {}, end:\n{}", self.settings.name, tail.join("\n"));
        }
    }
}

/// The program under test: the one of this build, or another that is to be judged by these tests.
fn binary() -> OsString {
    std::env::var_os("FRONTDESK_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_frontdesk").into())
}

/// The binary on a data folder, with no other configuration than that.
pub(crate) fn tool(data: &Path) -> Command {
    launched(&[], data)
}

/// The same through another program.
fn launched(launcher: &[String], data: &Path) -> Command {
    let mut words: Vec<OsString> = launcher.iter().map(OsString::from).collect();
    words.push(binary());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().env("FRONTDESK_DATA", data);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}
