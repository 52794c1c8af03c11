//! A Redis server of a test: on a private loopback port, keeping nothing on disk. It ends with the process that
//! started it, however that ends.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::basics::{DEADLINE, free_port};

/// A running server. Dropping it stops it.
pub(crate) struct RedisServer {
    port: u16,
    arguments: Vec<String>,
    process: Mutex<Option<Running>>,
}

struct Running {
    watch: Child,
    /// The server ends when this does.
    life: Option<ChildStdin>,
    pid: u32,
}

impl RedisServer {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments, such as `--requirepass`.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let server = Self { port: free_port(), arguments, process: Mutex::new(None) };
        server.start_again();
        server
    }

    /// `redis://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server itself.
    pub(crate) fn pid(&self) -> u32 {
        self.process.lock().expect("not poisoned").as_ref().expect("a running server").pid
    }

    /// Runs a command, such as `["CLIENT", "KILL", "TYPE", "pubsub"]`, and gives what it says.
    pub(crate) fn cli(&self, command: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(command)
            .output()
            .expect("redis-cli is installed: see scripts/setup-test.sh");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Stops it in its tracks: its connections stay open and nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Ends it as a power cut does.
    pub(crate) fn stop(&self) {
        if let Some(mut running) = self.process.lock().expect("not poisoned").take() {
            let _ = Command::new("kill").args(["-KILL", &running.pid.to_string()]).status();
            drop(running.life.take());
            running.watch.wait().expect("its end");
        }
    }

    /// Starts it again on the same port, empty, and waits until it answers.
    pub(crate) fn start_again(&self) {
        let mut watch = Command::new("sh")
            .args(["-c", SERVER, "sh"])
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", "/tmp", "--logfile", "/dev/null"])
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        BufReader::new(watch.stdout.take().expect("its output")).read_line(&mut line).expect("the process id");
        let pid = line.trim().parse().expect("redis-server is installed: see scripts/setup-test.sh");
        let life = watch.stdin.take();
        *self.process.lock().expect("not poisoned") = Some(Running { watch, life, pid });
        let begin = Instant::now();
        // Whatever it says: it may want a password first.
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begin.elapsed() < DEADLINE, "Redis is not ready");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.pid().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs a server until standard input ends, which is when the test process does; says its process id first.
const SERVER: &str = r#"
redis-server "$@" </dev/null >/dev/null 2>&1 &
server=$!
echo $server
trap 'kill -KILL $server 2>/dev/null' EXIT
read -r _ || true
"#;
