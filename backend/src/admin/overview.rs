//! Start page of a tenant: how far the set-up has got, what goes on, the numbers of the day.

use askama::Template;
use domain::permission::Permission;

use super::reply::{Reply, page};
use super::scope::{Area, Member};
use super::time;
use super::transcripts::LineView;
use super::ui::{Chrome, Ui};
use crate::actions::floor::Floor;
use crate::store::overview::{self, Day, Numbers, Totals};
use crate::store::transcript::{self, Filter};
use protocol::state::Presence;

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    ui: Ui,
    chrome: Chrome,
    steps: Vec<Step>,
    progress: String,
    now: Vec<Stat>,
    today: Vec<Stat>,
    /// Whether the chart has anything to show.
    any: bool,
    bars: Vec<Bar>,
    latest: Vec<LineView>,
}

/// A day of the chart, in its units: 14 days of 30, 100 high.
struct Bar {
    x: i64,
    y: i64,
    height: i64,
    begun: i64,
    date: String,
    label: Option<String>,
}

/// A step of the set-up.
struct Step {
    done: bool,
    title: &'static str,
    text: &'static str,
    action: Option<(&'static str, &'static str)>,
}

/// A number with a name.
struct Stat {
    label: &'static str,
    value: String,
    unit: Option<&'static str>,
}

/// `GET /admin`
pub(super) async fn show(member: Member) -> Reply {
    let (ui, tenant, now) = (member.ui, member.who.tenant, member.app.now());
    let mut conn = member.app.store.read(tenant).await?;
    let totals = overview::totals(&mut conn, tenant).await?;
    let numbers = overview::numbers(&mut conn, tenant, time::day_start(now)).await?;
    let live = overview::now(&mut conn, tenant).await?;
    let floor = Floor::read(&member.app, &mut conn, tenant).await?;
    let days = overview::days(&mut conn, tenant, time::day_start(now) - 13 * time::DAY).await?;
    let latest = if member.may(Permission::ReadTranscripts) {
        transcript::list(&mut conn, tenant, &Filter::default(), None, 5).await?
    } else {
        Vec::new()
    };
    drop(conn);
    let online = floor.agents.iter().filter(|now| now.presence == Presence::Online).count();
    let steps = if member.may(Permission::ManageSites) { steps(&ui, &totals) } else { Vec::new() };
    let done = steps.iter().filter(|step| step.done).count();
    let stat = |key: &str, value: i64| Stat { label: ui.t(key), value: value.to_string(), unit: None };
    page(&OverviewPage {
        ui,
        chrome: member.chrome(Area::Overview).await?,
        progress: format!("{done} / {}", steps.len()),
        // A finished list only takes space.
        steps: if done == steps.len() { Vec::new() } else { steps },
        now: vec![
            stat("stat.online", i64::try_from(online).unwrap_or(0)),
            stat("stat.waiting", live.waiting),
            stat("stat.active", live.active),
            stat("stat.offline", live.offline),
        ],
        today: today(&ui, &numbers),
        any: !days.is_empty(),
        bars: bars(&days, now.div_euclid(time::DAY)),
        latest: latest.into_iter().map(|line| LineView::new(&ui, line)).collect(),
    })
}

/// The last 14 days, `last` being the last.
fn bars(days: &[Day], last: i64) -> Vec<Bar> {
    let most = days.iter().map(|day| day.begun).max().unwrap_or(0).max(1);
    let bar = |index: i64| {
        let day = last - 13 + index;
        let begun = days.iter().find(|known| known.day == day).map_or(0, |known| known.begun);
        // A day with any is never invisible.
        let height = if begun == 0 { 0 } else { (begun * 100 / most).max(3) };
        let date = time::minute(day * time::DAY).chars().take(10).collect::<String>();
        let label = (index % 3 == 1).then(|| date.chars().skip(5).collect());
        Bar { x: index * 30 + 4, y: 112 - height, height, begun, date, label }
    };
    (0..14).map(bar).collect()
}

fn steps(ui: &Ui, totals: &Totals) -> Vec<Step> {
    let step = |done, word: &str, href: &'static str| Step {
        done,
        title: ui.t(&format!("steps.{word}")),
        text: ui.t(&format!("steps.{word}_help")),
        action: Some((ui.t(&format!("steps.{word}_do")), href)),
    };
    vec![
        step(totals.sites > 0, "site", "/admin/sites/new"),
        step(totals.visitors > 0, "snippet", "/admin/sites"),
        step(totals.agents > 1, "people", "/admin/people/invite"),
        step(totals.conversations > 0, "conversation", "/console"),
    ]
}

fn today(ui: &Ui, numbers: &Numbers) -> Vec<Stat> {
    let dash = || "–".to_owned();
    let reply = (numbers.replied > 0).then(|| numbers.reply_ms / numbers.replied / 1000);
    let (reply, unit) = match reply {
        None => (dash(), None),
        Some(seconds) if seconds < 120 => (seconds.to_string(), Some(ui.t("unit.seconds"))),
        Some(seconds) => ((seconds / 60).to_string(), Some(ui.t("unit.minutes"))),
    };
    let rating = (numbers.rated > 0).then(|| numbers.rating_sum * 10 / numbers.rated);
    vec![
        Stat { label: ui.t("stat.begun"), value: numbers.begun.to_string(), unit: None },
        Stat { label: ui.t("stat.replied"), value: numbers.replied.to_string(), unit: None },
        Stat { label: ui.t("stat.reply"), value: reply, unit },
        Stat {
            label: ui.t("stat.rating"),
            value: rating.map_or_else(dash, |tenths| format!("{}.{}", tenths / 10, tenths % 10)),
            unit: rating.map(|_| "/ 5"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::{Day, bars};

    #[test]
    fn the_chart_has_a_bar_a_day_in_proportion() {
        let bars = bars(&[Day { day: 20, begun: 1 }, Day { day: 19, begun: 100 }, Day { day: 2, begun: 9 }], 20);
        assert_eq!(bars.len(), 14);
        assert_eq!(bars[13].date, "1970-01-21");
        assert_eq!((bars[13].begun, bars[13].height), (1, 3));
        assert_eq!((bars[12].begun, bars[12].height, bars[12].y), (100, 100, 12));
        assert!(bars[..12].iter().all(|bar| bar.height == 0));
    }
}
