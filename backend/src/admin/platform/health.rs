//! How the installation is: sizes, queues, backlog, build.

use std::cmp::Reverse;
use std::path::Path;

use askama::Template;

use crate::admin::parts::{Pill, bytes};
use crate::admin::reply::{Reply, page};
use crate::admin::scope::Operator;
use crate::admin::ui::{Chrome, Ui};
use crate::app::App;
use crate::assets;
use crate::config::database::Database;
use crate::doctor::{self, Depth, Finding, Status};
use crate::error::AppResult;
use crate::store::{EveryTenant, outbox, overview};

#[derive(Template)]
#[template(path = "platform/facts.html")]
struct FactsPage {
    ui: Ui,
    chrome: Chrome,
    heading: &'static str,
    lead: &'static str,
    parts: Vec<Part>,
}

#[derive(Template)]
#[template(path = "platform/health.html")]
struct HealthPage {
    ui: Ui,
    chrome: Chrome,
    heading: &'static str,
    lead: &'static str,
    parts: Vec<Part>,
    checks: Option<Vec<CheckView>>,
    verdict: String,
}

/// What one check found.
struct CheckView {
    title: &'static str,
    state: Pill,
    says: String,
    advice: String,
}

impl CheckView {
    fn new(ui: &Ui, finding: &Finding) -> Self {
        let tone = match finding.status {
            Status::Ok => "good",
            Status::Warning => "warn",
            Status::Failed => "bad",
        };
        Self {
            title: ui.word("doctor.name", finding.name),
            state: Pill { tone, text: ui.word("doctor.word", finding.status.as_str()) },
            says: finding.says(ui.texts()),
            advice: finding.advice(ui.texts()),
        }
    }
}

/// Facts about one thing.
struct Part {
    title: &'static str,
    state: Option<Pill>,
    facts: Vec<(&'static str, String)>,
}

/// Size of a file in words; a file that is not there has none.
async fn file_size(path: &Path) -> String {
    let size = tokio::fs::metadata(path).await.map_or(0, |file| file.len());
    bytes(i64::try_from(size).unwrap_or(i64::MAX))
}

/// `GET /platform/health`
pub(super) async fn health(operator: Operator) -> Reply {
    show(&operator, None).await
}

/// `POST /platform/health`: what `frontdesk doctor --quick` finds, the worst first.
pub(super) async fn check(operator: Operator) -> Reply {
    let mut findings = doctor::examine(&operator.app.config, Depth::Quick).await;
    findings.sort_by_key(|finding| Reverse(finding.status));
    show(&operator, Some(&findings)).await
}

async fn show(operator: &Operator, findings: Option<&[Finding]>) -> Reply {
    let ui = operator.ui;
    let parts = vec![build(&ui), database(&operator.app, &ui).await?, traffic(&operator.app, &ui).await?];
    let of = |status| findings.unwrap_or_default().iter().filter(|finding| finding.status == status).count();
    let (failed, warnings) = (of(Status::Failed).to_string(), of(Status::Warning).to_string());
    let counts = [("failed", failed.as_str()), ("warnings", warnings.as_str())];
    page(&HealthPage {
        ui,
        chrome: operator.chrome("/platform/health"),
        heading: ui.t("health.title"),
        lead: ui.t("health.lead"),
        parts,
        checks: findings.map(|findings| findings.iter().map(|finding| CheckView::new(&ui, finding)).collect()),
        verdict: ui.texts().fill("health.verdict", &counts),
    })
}

fn build(ui: &Ui) -> Part {
    let state = match assets::missing() {
        None => Pill { tone: "good", text: ui.t("health.good") },
        Some(_) => Pill { tone: "bad", text: ui.t("health.no_assets") },
    };
    Part {
        title: ui.t("health.build"),
        state: Some(state),
        facts: vec![
            (ui.t("health.version"), env!("CARGO_PKG_VERSION").to_owned()),
            (ui.t("health.assets"), assets::build().to_owned()),
        ],
    }
}

async fn database(app: &App, ui: &Ui) -> AppResult<Part> {
    let mut conn = app.store.read(EveryTenant).await?;
    let size = overview::size(&mut conn).await?;
    let mut facts = match &app.config.database {
        Database::Sqlite(file) => {
            let mut wal = file.clone().into_os_string();
            wal.push("-wal");
            vec![(ui.t("health.file"), file_size(file).await), (ui.t("health.wal"), file_size(Path::new(&wal)).await)]
        }
        Database::Postgres(settings) => vec![(ui.t("health.server"), settings.place())],
    };
    facts.extend([
        (ui.t("tenants.conversations"), size.conversations.to_string()),
        (ui.t("fact.entries"), size.entries.to_string()),
        (ui.t("health.attachments"), format!("{} ({})", size.attachments, bytes(size.attachment_bytes))),
    ]);
    Ok(Part { title: ui.t("health.database"), state: None, facts })
}

async fn traffic(app: &App, ui: &Ui) -> AppResult<Part> {
    let mut conn = app.store.read(EveryTenant).await?;
    let size = overview::size(&mut conn).await?;
    let (agents, visitors) = app.presence.count();
    Ok(Part {
        title: ui.t("health.traffic"),
        state: None,
        facts: vec![
            (ui.t("health.agents"), agents.to_string()),
            (ui.t("health.visitors"), visitors.to_string()),
            (ui.t("stat.waiting"), size.waiting.to_string()),
            (ui.t("stat.active"), size.active.to_string()),
        ],
    })
}

/// `GET /platform/jobs`
pub(super) async fn jobs(operator: Operator) -> Reply {
    let (ui, app) = (operator.ui, &operator.app);
    let mut conn = app.store.read(EveryTenant).await?;
    let backlog = outbox::backlog_of_all(&mut conn).await?;
    let next = outbox::next_due(&mut conn).await?;
    let size = overview::size(&mut conn).await?;
    drop(conn);
    let mail = match (&app.config.smtp_url, backlog.failed) {
        (None, _) => Pill { tone: "warn", text: ui.t("jobs.no_smtp") },
        (Some(_), 0) => Pill { tone: "good", text: ui.t("health.good") },
        (Some(_), _) => Pill { tone: "bad", text: ui.t("jobs.mail_failed") },
    };
    let dash = || "–".to_owned();
    let minute = |at| format!("{} UTC", crate::admin::time::minute(at));
    let next = next.map_or_else(dash, minute);
    let server = app.config.smtp_url.as_ref().and_then(|url| url.host_str().map(str::to_owned));
    let parts = vec![
        Part {
            title: ui.t("jobs.mail"),
            state: Some(mail),
            facts: vec![
                (ui.t("jobs.waiting"), backlog.waiting.to_string()),
                (ui.t("jobs.failed"), backlog.failed.to_string()),
                (ui.t("jobs.next"), next),
                (ui.t("jobs.server"), server.unwrap_or_else(dash)),
            ],
        },
        Part {
            title: ui.t("jobs.dispatcher"),
            state: None,
            facts: vec![
                (ui.t("stat.waiting"), size.waiting.to_string()),
                (ui.t("jobs.longest"), size.waiting_since.map_or_else(dash, minute)),
                (ui.t("stat.active"), size.active.to_string()),
            ],
        },
    ];
    page(&FactsPage {
        ui,
        chrome: operator.chrome("/platform/jobs"),
        heading: ui.t("jobs.title"),
        lead: ui.t("jobs.lead"),
        parts,
    })
}
