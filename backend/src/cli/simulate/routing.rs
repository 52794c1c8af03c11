//! `frontdesk simulate routing`: what other settings or more agents would have made of the visitors there were.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Context;
use domain::replay::{Figures, Waits};

use super::text::{table, time};
use crate::actions::replay_routing::trial::Trial;
use crate::actions::replay_routing::{FEW, Line, Question, Report, replay_routing};
use crate::admin::time::{Date, minute};
use crate::cli::output::Output;
use crate::cli::tenant::by_slug;
use crate::config::Config;
use crate::server;

/// Who came when, and what to try.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Routing {
    /// Short name of the tenant.
    #[arg(long, value_name = "SLUG")]
    tenant: String,
    /// First day, in UTC.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Date,
    /// Last day, in UTC [default: today].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Date>,
    /// Settings to try: a JSON file {"settings": {NAME: VALUE}, "departments": {DEPARTMENT: {NAME: VALUE}}} with the
    /// names that `frontdesk tenant set` knows. What it does not name stays as it is.
    #[arg(long, value_name = "FILE.json")]
    policy: Option<PathBuf>,
    /// Agents to add: members of all departments with every language and skill, there whenever anybody was.
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    agents_plus: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "a day is YYYY-MM-DD".to_owned())
}

impl Routing {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let trial = match &self.policy {
            None => Trial::default(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
                Trial::parse(&text).with_context(|| path.display().to_string())?
            }
        };
        let app = server::open_app(config).await?;
        let tenant = by_slug(&app, &self.tenant).await?;
        let to = self.to.map_or_else(|| app.now(), Date::end);
        let question = Question { from: self.from.start(), to, trial, agents_plus: self.agents_plus };
        let report = replay_routing(&app, &tenant, &question).await;
        app.store.close().await;
        let report = report?;
        Output::new(self.json).print(&report, || words(&report))
    }
}

fn words(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} visitors entered the queue from {} to {} UTC; {} agents took conversations.\n",
        report.total.was.count,
        minute(report.from),
        minute(report.to),
        report.agents
    );
    let mut rows = Vec::new();
    add(&mut rows, &report.total, "all");
    for line in &report.departments {
        add(&mut rows, line, &line.department);
    }
    text += &table(&["", "visitors", "served", "gave up", "left a message", "wait p50", "p90", "max"], &rows);
    if report.few {
        let _ = writeln!(text, "\nFewer than {FEW} visitors: differences may be chance.");
    }
    if report.agents_plus > 0 {
        let _ = writeln!(text, "\n\"tried\" has {} agents more.", report.agents_plus);
    }
    text += "\nCompare \"present\" with \"tried\", and see by \"present\" and \"was\" how well the replay fits. It leaves out:\n";
    text += LEFT_OUT;
    if report.open > 0 {
        let _ =
            write!(text, "\n- {} who wait still, or whose conversation an agent ended out of the queue.", report.open);
    }
    if report.guessed > 0 {
        let _ = write!(
            text,
            "\n- How long a conversation would have taken that no agent took or that still goes on: {} count with the \
             median of their department.",
            report.guessed
        );
    }
    text
}

const LEFT_OUT: &str = "\
- Offers: agents accept at once. Nobody declines, misses an offer or gives a conversation back.
- Transfers and reconnections: a conversation stays with whom it was given to until it ends.
- Patience of those who were served: they would have waited for ever. Those who gave up do so after the same wait.
- Visitors who did not enter the queue because it was full or closed, and those who would have come with other settings.
- Agents' departments, languages, skills and places as they were: they count as they are now.";

fn add(rows: &mut Vec<Vec<String>>, line: &Line, name: &str) {
    let mut row = |name: String, figures: &Figures| {
        let wait =
            |of: fn(&Waits) -> i64| figures.waits.as_ref().map_or_else(|| "-".to_owned(), |waits| time(of(waits)));
        rows.push(vec![
            name,
            figures.count.to_string(),
            figures.served.to_string(),
            figures.gave_up.to_string(),
            figures.left_offline.to_string(),
            wait(|waits| waits.p50_ms),
            wait(|waits| waits.p90_ms),
            wait(|waits| waits.max_ms),
        ]);
    };
    row(format!("{name}: was"), &line.was);
    row("  present".to_owned(), &line.present);
    if let Some(tried) = &line.tried {
        row("  tried".to_owned(), tried);
    }
}
