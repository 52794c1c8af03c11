//! A log as people read it. Everything people wrote stays text; the template escapes it (rule C-8).

use domain::transcript::{Transcript, verify};
use protocol::entry::{AuthorKind, ClosedBy, EntryBody, File, QueuedReason, Transferred};

use protocol::ids::TenantId;

use super::parts::{Time, bytes};
use super::ui::Ui;
use crate::store::entry::Entry;

/// How an entry looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The visitor wrote it.
    Visitor,
    /// An agent wrote it.
    Agent,
    /// An agent wrote it for agents.
    Note,
    /// Frontdesk noted it.
    System,
    /// Its text was deleted.
    Redacted,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct EntryView {
    /// Position.
    pub(super) seq: i64,
    /// How it looks.
    pub(super) kind: Kind,
    /// Name of the author.
    pub(super) author: String,
    /// What it says.
    pub(super) text: String,
    /// When.
    pub(super) at: Time,
    /// The file it carries.
    pub(super) file: Option<FileView>,
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct FileView {
    /// Its name.
    pub(super) name: String,
    /// Where it can be fetched.
    pub(super) href: String,
    /// Its type.
    pub(super) media_type: String,
    /// Its size for people.
    pub(super) bytes: String,
    /// It is a picture that can be shown.
    pub(super) is_picture: bool,
    /// Width and height of a picture.
    pub(super) size: Option<(u32, u32)>,
}

impl EntryView {
    /// The entry as stored.
    pub(super) fn new(ui: &Ui, tenant: TenantId, entry: &Entry) -> Self {
        let body = entry.body.as_deref().map(serde_json::from_str::<EntryBody>);
        let mut view = Self {
            seq: entry.seq,
            kind: Kind::System,
            author: author(ui, entry),
            text: String::new(),
            at: Time(entry.at),
            file: None,
        };
        match body {
            None => view.kind = Kind::Redacted,
            Some(Ok(EntryBody::Message(text))) => (view.kind, view.text) = (side(entry.author_kind), text.text),
            Some(Ok(EntryBody::Note(text))) => (view.kind, view.text) = (Kind::Note, text.text),
            Some(Ok(EntryBody::File(file))) => {
                (view.kind, view.file) = (side(entry.author_kind), Some(FileView::new(tenant, file)));
            }
            Some(Ok(body)) => view.text = noted(ui, &body),
            Some(Err(_)) => ui.t("entry.unknown").clone_into(&mut view.text),
        }
        view
    }

    /// The class of its element.
    pub(super) fn class(&self) -> &'static str {
        match self.kind {
            Kind::Visitor => "visitor",
            Kind::Agent => "agent",
            Kind::Note => "note",
            Kind::System | Kind::Redacted => "system",
        }
    }

    /// It is for agents only.
    pub(super) fn is_note(&self) -> bool {
        self.kind == Kind::Note
    }
}

impl FileView {
    fn new(tenant: TenantId, file: File) -> Self {
        Self {
            href: format!("/v1/files/{}?tenant={tenant}", file.attachment),
            bytes: bytes(i64::try_from(file.size).unwrap_or(i64::MAX)),
            is_picture: file.media_type.starts_with("image/"),
            size: file.width.zip(file.height),
            media_type: file.media_type,
            name: file.name,
        }
    }
}

fn side(author: AuthorKind) -> Kind {
    match author {
        AuthorKind::Agent => Kind::Agent,
        AuthorKind::System => Kind::System,
        _ => Kind::Visitor,
    }
}

fn author(ui: &Ui, entry: &Entry) -> String {
    let nameless = match entry.author_kind {
        AuthorKind::Agent => "entry.agent",
        AuthorKind::System => "entry.system",
        _ => "entry.visitor",
    };
    entry.author_name.clone().unwrap_or_else(|| ui.t(nameless).to_owned())
}

/// What Frontdesk noted, in words. No arm for the rest: a new kind of entry is to be given words.
pub(super) fn noted(ui: &Ui, body: &EntryBody) -> String {
    match body {
        EntryBody::Queued(queued) => ui.t(back_in_queue(queued.reason)).to_owned(),
        EntryBody::Assigned(assigned) => ui.t1("entry.assigned", &assigned.name),
        EntryBody::Transferred(transferred) => self::transferred(ui, transferred),
        EntryBody::LeftOffline(_) => ui.t("entry.left_offline").to_owned(),
        EntryBody::Closed(closed) => ui
            .t(match closed.by {
                ClosedBy::Visitor => "entry.closed.visitor",
                ClosedBy::Agent => "entry.closed.agent",
                ClosedBy::VisitorGone => "entry.closed.gone",
            })
            .to_owned(),
        EntryBody::Reopened(_) => ui.t("entry.reopened").to_owned(),
        EntryBody::Rated(rated) => {
            let score = ui.t1("entry.rated", rated.score);
            rated.comment.as_ref().map_or_else(|| score.clone(), |comment| format!("{score}: {comment}"))
        }
        EntryBody::PlaceKept(kept) => ui.t1("entry.place_kept", &kept.email),
        EntryBody::Called(called) => ui.t1("entry.called", super::time::minute(called.until)),
        // People wrote these: they are shown as what they are.
        EntryBody::Message(_) | EntryBody::Note(_) | EntryBody::File(_) => String::new(),
        EntryBody::Unknown => ui.t("entry.unknown").to_owned(),
    }
}

fn back_in_queue(reason: Option<QueuedReason>) -> &'static str {
    match reason {
        None => "entry.queued",
        Some(QueuedReason::NoReply) => "entry.queued.no_reply",
        Some(QueuedReason::Returned) => "entry.queued.returned",
        Some(QueuedReason::AgentGone) => "entry.queued.agent_gone",
        Some(QueuedReason::AgentDisabled) => "entry.queued.agent_disabled",
    }
}

fn transferred(ui: &Ui, transferred: &Transferred) -> String {
    match (&transferred.name, &transferred.department_name) {
        (Some(name), _) => ui.t1("entry.transferred", name),
        (None, Some(department)) => ui.t1("entry.transferred_department", department),
        (None, None) => ui.t("entry.queued.returned").to_owned(),
    }
}

/// Whether the log is what it was when it was written.
pub(super) enum Proof {
    /// It is.
    Good(String),
    /// It is not.
    Bad(String),
}

/// Verifies a transcript, in words.
pub(super) fn proof(ui: &Ui, transcript: &Transcript) -> Proof {
    match verify(transcript) {
        Ok(_) => Proof::Good(ui.t1("transcript.verified", transcript.last_seq)),
        Err(error) => Proof::Bad(ui.t1("transcript.broken", error)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use askama::Template;
    use protocol::entry::{
        Assigned, AuthorKind, Called, Closed, ClosedBy, EntryBody, LeftOffline, PlaceKept, Queued, QueuedReason, Rated,
        Reopened, Transferred,
    };
    use protocol::ids::{AgentId, DepartmentId, TenantId};
    use uuid::Uuid;

    use super::{EntryView, Kind, Ui, noted};
    use crate::i18n;
    use crate::store::entry::Entry;

    #[derive(Template)]
    #[template(path = "admin/thread.html")]
    struct Thread {
        ui: Ui,
        entries: Vec<EntryView>,
    }

    const EVIL: &str = "\"'><img src=x onerror=alert(1)><script>alert(1)</script></textarea>&lt;b&gt;{{7*7}}";

    fn entry(kind: AuthorKind, body: Option<serde_json::Value>) -> Entry {
        Entry {
            seq: 1,
            kind: "message".into(),
            audience: "everyone".into(),
            author_kind: kind,
            author_id: None,
            author_name: Some(EVIL.into()),
            cmid: None,
            at: 0,
            body: body.map(|body| body.to_string()),
            salt: None,
            commitment: vec![],
            hash: vec![],
        }
    }

    fn rendered(entry: &Entry) -> String {
        let ui = Ui::new(i18n::texts("en"));
        let entries = vec![EntryView::new(&ui, TenantId(Uuid::nil()), entry)];
        Thread { ui, entries }.render().unwrap()
    }

    #[test]
    fn what_people_wrote_stays_text() {
        let id = Uuid::nil().to_string();
        let bodies = [
            serde_json::json!({"type": "message", "text": EVIL}),
            serde_json::json!({"type": "note", "text": EVIL}),
            serde_json::json!({"type": "file", "attachment": id, "name": EVIL, "media_type": "image/png",
                "size": 1, "width": 1, "height": 1}),
            serde_json::json!({"type": "assigned", "agent": id, "name": EVIL}),
            serde_json::json!({"type": "transferred", "name": EVIL}),
            serde_json::json!({"type": "rated", "score": 1, "comment": EVIL}),
        ];
        for body in bodies {
            let html = rendered(&entry(AuthorKind::Visitor, Some(body.clone())));
            assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{body}: {html}");
            for bad in ["<script", "<img src=x", "</textarea>", "\"'>"] {
                assert!(!html.contains(bad), "{body}: {bad} in {html}");
            }
        }
    }

    #[test]
    fn a_note_and_a_deleted_text_are_marked() {
        let note = entry(AuthorKind::Agent, Some(serde_json::json!({"type": "note", "text": "psst"})));
        assert!(rendered(&note).contains("Note for agents"));
        assert!(rendered(&entry(AuthorKind::Visitor, None)).contains("was deleted"));
        let unknown = entry(AuthorKind::System, Some(serde_json::json!({"type": "from_the_future"})));
        assert!(rendered(&unknown).contains("does not know"));
    }

    fn to(name: Option<&str>, department: Option<&str>) -> EntryBody {
        let of = |text: Option<&str>| text.map(str::to_owned);
        EntryBody::Transferred(Transferred {
            from: None,
            to: name.map(|_| AgentId(Uuid::nil())),
            name: of(name),
            department: department.map(|_| DepartmentId(Uuid::nil())),
            department_name: of(department),
        })
    }

    /// Everything that Frontdesk notes, each in every way there is.
    fn notes() -> Vec<EntryBody> {
        let mut all = vec![
            EntryBody::Queued(Queued { reason: None }),
            EntryBody::Assigned(Assigned { agent: AgentId(Uuid::nil()), name: "Ann".to_owned() }),
            to(Some("Ann"), None),
            to(None, Some("Sales")),
            EntryBody::LeftOffline(LeftOffline { name: None, email: None }),
            EntryBody::Reopened(Reopened { continues: None }),
            EntryBody::Rated(Rated { score: 4, comment: None }),
            EntryBody::PlaceKept(PlaceKept { email: "vera@example.com".to_owned() }),
            EntryBody::Called(Called { until: 1_700_000_000_000 }),
        ];
        let reasons = QueuedReason::ALL.iter().map(|reason| EntryBody::Queued(Queued { reason: Some(*reason) }));
        all.extend(reasons);
        all.extend(ClosedBy::ALL.iter().map(|by| EntryBody::Closed(Closed { by: *by })));
        all
    }

    #[test]
    fn everything_that_is_noted_has_words_of_its_own_in_every_language() {
        for language in ["en", "zh-CN"] {
            let ui = Ui::new(i18n::texts(language));
            let mut seen = HashSet::from([ui.t("entry.unknown").to_owned()]);
            for note in notes() {
                let said = noted(&ui, &note);
                assert!(said.chars().count() > 2 && !said.contains(['{', '}']), "{language} {note:?}: {said}");
                assert!(seen.insert(said.clone()), "{language} {note:?} sounds like another: {said}");
            }
            assert!(noted(&ui, &to(None, Some("Sales"))).contains("Sales"));
        }
    }
}
