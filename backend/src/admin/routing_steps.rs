//! The history of a conversation in queue and routing, as people read it.

use protocol::entry::{Assigned, Called, EntryBody, PlaceKept, Queued, Transferred};

use super::duration::duration;
use super::parts::Time;
use super::reasons::Speaker;
use super::thread::noted;
use super::ui::Ui;
use crate::actions::routing_history::{Asked, History, Step, What};

/// A step.
pub(super) struct StepView {
    /// When.
    pub(super) at: Time,
    /// What happened, in one sentence.
    pub(super) text: String,
    /// What came of it.
    pub(super) outcomes: Vec<String>,
    /// Why.
    pub(super) why: Vec<String>,
}

/// The steps of a history.
pub(super) fn steps(ui: &Ui, history: &History) -> Vec<StepView> {
    history.steps.iter().map(|step| view(ui, history, step)).collect()
}

fn view(ui: &Ui, history: &History, step: &Step) -> StepView {
    // What lay ahead is said as it was then.
    let speaker = Speaker { ui, directory: &history.directory, now: step.at };
    let mut view = StepView { at: Time(step.at), text: String::new(), outcomes: Vec::new(), why: Vec::new() };
    match &step.what {
        What::Offered { to, for_ms, why } => {
            let agents: Vec<String> = to.iter().map(|asked| speaker.agent(asked.agent)).collect();
            let (agents, time) = (speaker.list(&agents), duration(ui, *for_ms));
            view.text = ui.texts().fill("step.offered", &[("agents", &agents), ("time", &time)]);
            view.outcomes = to.iter().map(|asked| outcome(&speaker, asked)).collect();
            view.why = speaker.why(why);
        }
        What::Waits(why) => {
            ui.t("step.waits").clone_into(&mut view.text);
            view.why = speaker.why(why);
        }
        What::Called(why) => {
            ui.t("step.turn").clone_into(&mut view.text);
            view.why = speaker.why(why);
        }
        What::Noted(body) => view.text = entry(ui, step.at, body),
    }
    view
}

/// What came of an offer to one agent.
fn outcome(speaker: &Speaker<'_>, asked: &Asked) -> String {
    let ui = speaker.ui;
    let key = match asked.outcome.as_deref() {
        None => "step.stands",
        Some("accepted") => "step.accepted",
        Some("declined") => "step.declined",
        Some("missed") => "step.missed",
        Some("withdrawn") => "step.withdrawn",
        Some("returned") => "step.returned",
        Some(_) => "step.ended",
    };
    let (agent, time) = (speaker.agent(asked.agent), duration(ui, asked.after_ms.unwrap_or(0)));
    let said = ui.texts().fill(key, &[("agent", &agent), ("time", &time)]);
    match asked.because {
        Some(because) => {
            let because = ui.word("decline", because);
            ui.texts().fill("step.because", &[("outcome", &said), ("reason", because)])
        }
        None => said,
    }
}

/// What the log notes, as this list says it.
fn entry(ui: &Ui, at: i64, body: &EntryBody) -> String {
    match body {
        EntryBody::Queued(Queued { reason: None }) => ui.t("step.queued").to_owned(),
        EntryBody::Assigned(Assigned { name, .. }) => ui.t1("step.taken", name),
        EntryBody::Transferred(Transferred { department_name: Some(name), .. }) => ui.t1("step.given_to", name),
        EntryBody::PlaceKept(PlaceKept { email }) => ui.t1("step.kept", email),
        EntryBody::Called(Called { until }) => ui.t1("step.called", duration(ui, until.saturating_sub(at))),
        other => noted(ui, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::routing_history::Why;
    use crate::i18n;
    use domain::routing::{Choice, Reason};
    use protocol::command::DeclineReason;
    use protocol::ids::AgentId;
    use uuid::Uuid;

    const OUTCOMES: [Option<&str>; 7] = [
        None,
        Some("accepted"),
        Some("declined"),
        Some("missed"),
        Some("withdrawn"),
        Some("returned"),
        Some("of another version"),
    ];

    fn asked(outcome: Option<&str>, because: Option<DeclineReason>) -> Asked {
        let agent = AgentId(Uuid::from_u128(1));
        Asked { agent, outcome: outcome.map(str::to_owned), after_ms: Some(5_000), because }
    }

    #[test]
    fn every_outcome_and_every_reason_to_decline_is_said() {
        for language in ["en", "zh-CN"] {
            let (ui, directory) = (Ui::new(i18n::texts(language)), crate::admin::reasons::tests::directory());
            let speaker = Speaker { ui: &ui, directory: &directory, now: 0 };
            let mut said: Vec<String> = OUTCOMES.iter().map(|word| outcome(&speaker, &asked(*word, None))).collect();
            said.extend(
                DeclineReason::ALL.iter().map(|because| outcome(&speaker, &asked(Some("declined"), Some(*because)))),
            );
            let different: std::collections::HashSet<&String> = said.iter().collect();
            assert_eq!(different.len(), said.len(), "{said:?}");
            for sentence in said {
                assert!(sentence.contains("Ann") && !sentence.contains(['{', '}']), "{language}: {sentence}");
                assert!(!sentence.contains("step."), "{language}: {sentence}");
            }
        }
    }

    #[test]
    fn a_step_says_who_was_asked_and_why() {
        let ui = Ui::new(i18n::texts("en"));
        let agent = AgentId(Uuid::from_u128(1));
        let why = Why { reasons: vec![Reason::Chosen { agent, why: Choice::Only }], unknown: 1 };
        let what = What::Offered { to: vec![asked(Some("missed"), None)], for_ms: 30_000, why };
        let directory = crate::admin::reasons::tests::directory();
        let steps = steps(&ui, &History { directory, steps: vec![Step { at: 0, what }] });
        assert_eq!(steps[0].text, "Offered to Ann, for 30 s.");
        assert_eq!(steps[0].outcomes, ["Ann did not answer within 5 s."]);
        assert_eq!(steps[0].why.len(), 2);
    }
}
