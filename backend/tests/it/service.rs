//! Programs of the system that a test needs, such as HAProxy or Redis: each in the foreground, in a folder of
//! its own, ended by its process id with the value, or with the test process, however that ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::basics::Scratch;

/// A running program.
pub(crate) struct Service {
    program: String,
    folder: Scratch,
    /// Ends the program when its own standard input ends, which it does at the latest with this process.
    watch: Child,
}

/// Runs its arguments, says their process id, and ends them when there is nothing more to read.
const WATCH: &str = r#"
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
"$@" >>"$LOG" 2>&1 </dev/null &
program=$!
echo "$program"
read -r _
kill -KILL "$program" 2>/dev/null
wait "$program"
"#;

impl Service {
    /// Starts `program` with the arguments that `arguments` makes of its folder. It need not be ready yet.
    pub(crate) fn start(program: &str, arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = Scratch::new(program);
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "sh", program])
            .args(arguments(folder.path()))
            .env("LOG", folder.path().join("log"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A shell says how its children ended; what the program itself says is in the log.
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let out = watch.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a process id");
        assert!(line.trim().parse::<u32>().is_ok(), "not a process id: {line:?}");
        Self { program: program.to_owned(), folder, watch }
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            let _ = writeln!(std::io::stderr(), "what {} wrote, end:\n{}", self.program, tail.join("\n"));
        }
    }
}
