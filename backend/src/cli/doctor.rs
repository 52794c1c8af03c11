//! `frontdesk doctor`: what is wrong with an installation, in words, and what to do about it.

use std::fmt::Write;
use std::process::ExitCode;

use serde::Serialize;

use super::output::Output;
use crate::config::Config;
use crate::doctor::{self, Depth, Finding, Status};
use crate::i18n;
use crate::store::inspect;

/// What to look at.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Do not try whether an answer that is held for half a minute comes through.
    #[arg(long)]
    quick: bool,
    /// Print the checks as JSON.
    #[arg(long)]
    json: bool,
}

/// A check as JSON.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    status: Status,
    says: String,
    #[serde(rename = "do")]
    advice: String,
}

impl From<&Finding> for Check {
    fn from(finding: &Finding) -> Self {
        let texts = i18n::texts("en");
        Self {
            name: finding.name,
            ok: finding.status != Status::Failed,
            status: finding.status,
            says: finding.says(texts),
            advice: finding.advice(texts),
        }
    }
}

impl Doctor {
    /// Looks at everything; success unless something failed.
    pub(super) async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        if !config.public_url_is_set
            && let Some(served) = inspect::public_url(&config.database).await
            && let Ok(url) = served.parse()
        {
            config.public_url = url;
        }
        let depth = if self.quick { Depth::Quick } else { Depth::Whole };
        let findings = doctor::examine(&config, depth).await;
        let checks: Vec<Check> = findings.iter().map(Check::from).collect();
        Output::new(self.json).print(&checks, || words(&checks))?;
        Ok(if doctor::worst(&findings) == Status::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn words(checks: &[Check]) -> String {
    let mut lines = String::new();
    for check in checks {
        let mark = match check.status {
            Status::Ok => "ok  ",
            Status::Warning => "WARN",
            Status::Failed => "FAIL",
        };
        let _ = writeln!(lines, "{mark} {}: {}", check.name, check.says);
        if !check.advice.is_empty() {
            let _ = writeln!(lines, "     -> {}", check.advice);
        }
    }
    let count = |status| checks.iter().filter(|check| check.status == status).count();
    let _ = write!(lines, "failed: {}, warnings: {}", count(Status::Failed), count(Status::Warning));
    lines
}
