//! Sound, title and desktop notices: computed from the model after each step and compared with what was last
//! told, so that they start and stop with what they tell about.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ids::ConversationId;

use super::Model;
use super::departments::Scope;
use super::effect::{Effect, NoticeText};
use super::lists::{List, Look, lines, unread};
use super::offers::offers;

/// What alerts depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    known: bool,
    ringing: bool,
    offers: Vec<ConversationId>,
    held: BTreeSet<ConversationId>,
    /// Those of them that this agent did not just take or looks at.
    given: Vec<ConversationId>,
    unread: BTreeMap<ConversationId, u32>,
    title: String,
}

impl Snapshot {
    /// Takes the snapshot of a model.
    pub fn of(model: &Model) -> Self {
        let offers: Vec<ConversationId> = offers(model).iter().map(|offer| offer.line.id).collect();
        let mine = model.desk.as_ref().map_or_else(Vec::new, |desk| {
            let mine = lines(desk, Look::default());
            mine.iter().map(|line| (line.id, desk.unread(line))).collect()
        });
        let taken = |id: &ConversationId| model.busy.contains(id) || model.view.selected == Some(*id);
        let held = mine.iter().map(|(id, _)| *id).collect();
        let given = mine.iter().map(|(id, _)| *id).filter(|id| !taken(id)).collect();
        let unread = mine.into_iter().filter(|(_, unread)| *unread > 0).collect();
        Self {
            known: model.desk.is_some(),
            ringing: !offers.is_empty() && !model.prefs.muted,
            offers,
            held,
            given,
            unread,
            title: title(model),
        }
    }

    /// What has to happen between two snapshots.
    pub fn effects(&self, after: &Self, model: &Model) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.ringing != after.ringing {
            effects.push(Effect::Ring(after.ringing));
        }
        if self.title != after.title {
            effects.push(Effect::Title(after.title.clone()));
        }
        let quiet = after.offers.is_empty() && after.unread.is_empty();
        let told = !(self.offers.is_empty() && self.unread.is_empty());
        if told && (model.view.focused || quiet) {
            effects.push(Effect::ClearNotices);
        }
        if self.known {
            self.news(after, model, &mut effects);
        } else if !model.view.focused {
            notify_offers(&[], after, model, &mut effects);
        }
        effects
    }

    fn news(&self, after: &Self, model: &Model, effects: &mut Vec<Effect>) {
        let grown = after
            .unread
            .iter()
            .filter(|(id, n)| self.unread.get(id).is_none_or(|before| before < n))
            .map(|(id, _)| *id);
        let given = after.given.iter().filter(|id| !self.held.contains(id)).copied();
        let grown: BTreeSet<ConversationId> = grown.chain(given).collect();
        if !grown.is_empty() && !model.prefs.muted {
            effects.push(Effect::Chime);
        }
        if model.view.focused {
            return;
        }
        for id in grown {
            notify(id, NoticeText::Message, model, effects);
        }
        notify_offers(&self.offers, after, model, effects);
    }
}

fn notify_offers(before: &[ConversationId], after: &Snapshot, model: &Model, effects: &mut Vec<Effect>) {
    for id in &after.offers {
        if !before.contains(id) {
            notify(*id, NoticeText::Offer, model, effects);
        }
    }
}

fn notify(id: ConversationId, kind: NoticeText, model: &Model, effects: &mut Vec<Effect>) {
    let Some(line) = model.line(id) else {
        return;
    };
    let name = model.visitor_name(line);
    let title = match kind {
        NoticeText::Message => name,
        NoticeText::Offer => model.texts.fill("notify.offer", &[("name", &name)]),
    };
    effects.push(Effect::Notify {
        conversation: id,
        title,
        body: line.preview.clone().unwrap_or_else(|| line.site_name.clone()),
    });
}

/// The title of the page.
pub fn title(model: &Model) -> String {
    let Some(desk) = &model.desk else {
        return model.texts.get("title.plain").to_owned();
    };
    let tenant = desk.tenant_name.as_str();
    if let Some(offer) = offers(model).first() {
        let name = model.visitor_name(offer.line);
        return model.texts.fill("title.offer", &[("name", &name), ("tenant", tenant)]);
    }
    match unread(desk, List::Mine, Scope::All) {
        0 => model.texts.fill("title.tenant", &[("tenant", tenant)]),
        n => model.texts.fill("title.unread", &[("n", &n.to_string()), ("tenant", tenant)]),
    }
}
