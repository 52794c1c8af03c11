//! `frontdesk simulate staffing`: how many agents are needed so that most visitors are served within a time, by Erlang's
//! formula and by a simulation of the product's own routing beside it.

use std::fmt::Write;

use anyhow::bail;
use domain::staffing::{Demand, Target, agents_needed, wait};
use serde::Serialize;

use super::routing::day;
use super::text::{length_of_time, percent, positive, share, table, time};
use crate::actions::replay_routing::measure_hours;
use crate::admin::time::Date;
use crate::cli::output::Output;
use crate::cli::tenant::by_slug;
use crate::config::Config;
use crate::server;

/// Most agents that are tried.
const MOST_AGENTS: u32 = 5_000;

/// The load, and what is promised.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Staffing {
    /// Conversations that begin in an hour.
    #[arg(long, value_name = "RATE", value_parser = positive, required_unless_present = "tenant")]
    arrivals_per_hour: Option<f64>,
    /// How long one occupies an agent on average, in minutes.
    #[arg(long, value_name = "MINUTES", value_parser = positive, required_unless_present = "tenant")]
    service_min: Option<f64>,
    /// Conversations of an agent at once [default: the tenant's, or 6].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=50))]
    capacity: Option<u32>,
    /// This share of the visitors
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = share)]
    share: f64,
    /// waits no longer than this; several, separated by commas, give a line each.
    #[arg(long, value_name = "TIME", default_value = "60s", value_delimiter = ',', value_parser = length_of_time)]
    within: Vec<i64>,
    /// Measure arrivals and service times of this tenant, for every hour of the day.
    #[arg(long, value_name = "SLUG", requires = "from")]
    tenant: Option<String>,
    /// First day to measure, in UTC.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "tenant")]
    from: Option<Date>,
    /// Last day to measure, in UTC [default: today].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "tenant")]
    to: Option<Date>,
    /// Hours of the day are those of this offset from UTC, in minutes, such as 480.
    #[arg(long, value_name = "MINUTES", default_value_t = 0, allow_negative_numbers = true,
        value_parser = clap::value_parser!(i64).range(-840..=840))]
    utc_offset: i64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What came out.
#[derive(Serialize)]
struct Told {
    capacity: u32,
    share: f64,
    lines: Vec<Answer>,
}

/// One demand and one promise.
#[derive(Serialize)]
struct Answer {
    /// The hour of the day, when it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<u32>,
    arrivals_per_hour: f64,
    service_ms: f64,
    within_ms: i64,
    /// The fewest who keep the promise; `None`: more than can be computed.
    agents: Option<u32>,
    /// By Erlang's formula: share of visitors who wait no longer, and the average wait.
    within: Option<f64>,
    mean_ms: Option<f64>,
    /// The same share with one agent less.
    one_less: Option<f64>,
    /// By simulation, for as many agents.
    simulated: Option<f64>,
}

impl Staffing {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let (capacity, demands) = self.demands(config).await?;
        let mut lines = Vec::new();
        for (hour, demand) in &demands {
            lines.extend(self.within.iter().map(|within_ms| self.answer(*hour, demand, *within_ms)));
        }
        let told = Told { capacity, share: self.share, lines };
        Output::new(self.json).print(&told, || words(&told))
    }

    /// Conversations of an agent at once, and what is to be served: as given, or hour by hour as measured.
    async fn demands(&self, config: Config) -> anyhow::Result<(u32, Vec<(Option<u32>, Demand)>)> {
        let Some((slug, from)) = self.tenant.as_ref().zip(self.from) else {
            let (Some(arrivals_per_hour), Some(minutes)) = (self.arrivals_per_hour, self.service_min) else {
                bail!("give --arrivals-per-hour and --service-min, or --tenant and --from");
            };
            let capacity = self.capacity.unwrap_or(domain::policy::Policy::default().capacity);
            return Ok((
                capacity,
                vec![(None, Demand { arrivals_per_hour, service_ms: minutes * 60_000.0, capacity })],
            ));
        };
        let app = server::open_app(config).await?;
        let tenant = by_slug(&app, slug).await?;
        let to = self.to.map_or_else(|| app.now(), Date::end);
        let hours = measure_hours(&app, &tenant, (from.start(), to), self.utc_offset * 60_000).await;
        app.store.close().await;
        let capacity = self.capacity.unwrap_or(tenant.policy().capacity);
        let usual = self.service_min.map(|minutes| minutes * 60_000.0);
        let demand = |hour: crate::actions::replay_routing::Hour| {
            let service_ms = usual.or(hour.service_ms)?;
            let arrivals_per_hour = self.arrivals_per_hour.unwrap_or(hour.arrivals_per_hour);
            (hour.arrivals_per_hour > 0.0)
                .then_some((Some(hour.hour), Demand { arrivals_per_hour, service_ms, capacity }))
        };
        Ok((capacity, hours?.into_iter().filter_map(demand).collect()))
    }

    fn answer(&self, hour: Option<u32>, demand: &Demand, within_ms: i64) -> Answer {
        let agents = agents_needed(demand, &Target { share: self.share, within_ms }, MOST_AGENTS);
        let found = agents.and_then(|agents| wait(demand, agents, within_ms));
        let less = agents.filter(|agents| *agents > 1).and_then(|agents| wait(demand, agents - 1, within_ms));
        Answer {
            hour,
            arrivals_per_hour: demand.arrivals_per_hour,
            service_ms: demand.service_ms,
            within_ms,
            agents,
            within: found.map(|wait| wait.within),
            mean_ms: found.map(|wait| wait.mean_ms),
            one_less: less.map(|wait| wait.within),
            simulated: agents.and_then(|agents| super::erlang::simulated(demand, agents, within_ms)),
        }
    }
}

fn words(told: &Told) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Agents who hold {} conversations at once; {} of the visitors wait no longer than the time promised.\n",
        told.capacity,
        percent(told.share)
    );
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
    let row = |line: &Answer| {
        vec![
            line.hour.map_or_else(|| "every hour".to_owned(), |hour| format!("{hour:02}:00")),
            format!("{:.1}", line.arrivals_per_hour),
            time(line.service_ms as i64),
            time(line.within_ms),
            line.agents.map_or_else(|| format!("over {MOST_AGENTS}"), |agents| agents.to_string()),
            share(line.within),
            share(line.simulated),
            line.mean_ms.map_or_else(|| "-".to_owned(), |ms| time(ms as i64)),
            share(line.one_less),
        ]
    };
    let rows: Vec<Vec<String>> = told.lines.iter().map(row).collect();
    text += &table(
        &["", "arrivals/h", "service", "within", "agents", "Erlang C", "simulated", "mean wait", "one less"],
        &rows,
    );
    text + NOTES
}

const NOTES: &str = "
\"one less\" is Erlang's share with one agent less; \"-\": a queue that grows without end, or a load too large to simulate.
Visitors come by chance at a steady rate and wait as long as it takes. Days have peaks and agents have breaks: plan for
the busiest hour, and for who is away.";
