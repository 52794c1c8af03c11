//! What this browser keeps: drafts and settings. Browsers may refuse storage; then nothing is kept.

use protocol::codec::{Value, member, parse, write_member};
use protocol::ids::{AgentId, ConversationId};
use web_sys::{Storage, StorageEvent};

use crate::model::{List, Prefs, Scope, Sort};
use crate::text::Locale;

const PREFS: &str = "frontdesk.console";

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// The drafts of one agent.
pub(super) struct Drafts {
    prefix: String,
}

impl Drafts {
    pub(super) fn new(agent: AgentId) -> Self {
        Self { prefix: format!("frontdesk.draft.{agent}.") }
    }

    fn conversation(&self, key: &str) -> Option<ConversationId> {
        ConversationId::parse(key.strip_prefix(&self.prefix)?)
    }

    /// Every draft kept.
    pub(super) fn load(&self) -> Vec<(ConversationId, String)> {
        let Some(storage) = storage() else {
            return Vec::new();
        };
        (0..storage.length().unwrap_or(0))
            .filter_map(|index| storage.key(index).ok().flatten())
            .filter_map(|key| Some((self.conversation(&key)?, storage.get_item(&key).ok().flatten()?)))
            .collect()
    }

    /// Keeps a draft; an empty one is forgotten.
    pub(super) fn save(&self, conversation: ConversationId, text: &str) {
        let Some(storage) = storage() else {
            return;
        };
        let key = format!("{}{conversation}", self.prefix);
        // A full store loses the draft on reload, not now.
        let _ = if text.is_empty() { storage.remove_item(&key) } else { storage.set_item(&key, text) };
    }

    /// What another tab changed.
    pub(super) fn changed(&self, event: &StorageEvent) -> Option<(ConversationId, String)> {
        let conversation = self.conversation(&event.key()?)?;
        Some((conversation, event.new_value().unwrap_or_default()))
    }
}

/// The settings kept, or the first ones.
pub(crate) fn load_prefs() -> Prefs {
    storage()
        .and_then(|storage| storage.get_item(PREFS).ok().flatten())
        .and_then(|text| parse(&text))
        .map_or_else(Prefs::default, |value| read(&value))
}

fn read(value: &Value) -> Prefs {
    let word = |key: &str| value.get(key).and_then(Value::text);
    let locale = word("locale").and_then(|tag| Locale::ALL.into_iter().find(|locale| locale.tag() == tag));
    Prefs {
        muted: member(value, "muted").unwrap_or(false),
        locale,
        sort: if word("sort") == Some("longest") { Sort::Longest } else { Sort::Newest },
        tenant: member(value, "tenant").flatten(),
        scope: word("scope").map_or_else(Scope::default, Scope::of_word),
        list: word("list").and_then(|word| List::ALL.into_iter().find(|list| list.word() == word)).unwrap_or_default(),
    }
}

/// Keeps the settings.
pub(super) fn save_prefs(prefs: &Prefs) {
    let mut text = String::from("{");
    write_member(&mut text, "muted", &prefs.muted);
    write_member(&mut text, "locale", &prefs.locale.map(|locale| locale.tag().to_owned()));
    let sort = if prefs.sort == Sort::Longest { "longest" } else { "newest" };
    write_member(&mut text, "sort", &sort.to_owned());
    write_member(&mut text, "tenant", &prefs.tenant);
    write_member(&mut text, "list", &prefs.list.word().to_owned());
    write_member(&mut text, "scope", &prefs.scope.word());
    text.push('}');
    if let Some(storage) = storage() {
        // A setting that cannot be kept holds until the reload.
        let _ = storage.set_item(PREFS, &text);
    }
}
