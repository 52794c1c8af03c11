//! Tables that are drawn twice: as HTML by the template, and from JSON by the script. A cell is a list of parts.

use serde::Serialize;

use super::super::time;
use super::super::ui::Ui;

/// A table.
#[derive(Serialize)]
pub(super) struct Table {
    /// Its id in the page; texts about it are `board.ID`, `board.ID_help`, `board.ID_none`.
    pub(super) id: &'static str,
    /// What is said below, such as what was left out.
    pub(super) note: Option<String>,
    /// Headings of the columns.
    #[serde(skip)]
    pub(super) columns: Vec<&'static str>,
    /// The rows.
    pub(super) rows: Vec<Row>,
    #[serde(skip)]
    ui: Ui,
}

/// A row: as many cells as the table has columns; the first names the row.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// The same as long as it is about the same thing.
    pub(super) key: String,
    /// Its cells.
    pub(super) cells: Vec<Vec<Part>>,
}

/// A piece of a cell.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part {
    /// Text in the line.
    Text {
        /// What it says.
        text: String,
    },
    /// A line of its own, smaller.
    Note {
        /// What it says.
        text: String,
    },
    /// A state in a lozenge.
    Pill {
        /// As in [`super::super::parts::Pill`].
        tone: &'static str,
        /// What it says.
        text: String,
    },
    /// A link.
    Link {
        /// Where to.
        href: String,
        /// What it says.
        text: String,
    },
    /// A moment, on a line of its own; the reader's zone is the script's task.
    Time {
        /// What stands before it.
        text: String,
        /// As machines read it.
        datetime: String,
        /// As people do, in UTC.
        shown: String,
    },
    /// Sentences.
    List {
        /// Each one.
        items: Vec<String>,
    },
    /// A button that gives back what an agent holds.
    Release {
        /// Where it is sent.
        action: String,
        /// Whose.
        agent: String,
        /// What it says.
        text: String,
        /// What it says to those who do not see where it stands.
        label: String,
    },
}

impl Part {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    pub(super) fn note(text: impl Into<String>) -> Self {
        Self::Note { text: text.into() }
    }

    pub(super) fn pill(tone: &'static str, text: impl Into<String>) -> Self {
        Self::Pill { tone, text: text.into() }
    }

    /// A conversation under the name of its visitor.
    pub(super) fn conversation(id: impl std::fmt::Display, name: String) -> Self {
        Self::Link { href: format!("/admin/transcripts/{id}"), text: name }
    }

    pub(super) fn time(text: impl Into<String>, at: i64) -> Self {
        Self::Time { text: text.into(), datetime: time::iso(at), shown: format!("{} UTC", time::minute(at)) }
    }
}

impl Table {
    /// A table with the headings of its kind.
    pub(super) fn new(ui: &Ui, id: &'static str, rows: Vec<Row>) -> Self {
        let columns: &[&str] = match id {
            "waiting" => &["visitor", "place", "for", "department", "needs", "why"],
            "agents" => &["agent", "presence", "load", "departments", "holds"],
            _ => &["department", "state", "waiting", "longest", "active", "online"],
        };
        let columns = columns.iter().map(|name| ui.word("board.column", name)).collect();
        Self { id, note: None, columns, rows, ui: *ui }
    }

    /// The same with something said below.
    pub(super) fn note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }

    /// What it is called.
    pub(super) fn title(&self) -> &'static str {
        self.ui.word("board", self.id)
    }

    /// What is said instead of rows.
    pub(super) fn none(&self) -> &'static str {
        self.ui.t(&format!("board.{}_none", self.id))
    }

    /// The heading of a column; empty for one too many.
    pub(super) fn column(&self, index: &usize) -> &'static str {
        self.columns.get(*index).copied().unwrap_or_default()
    }
}
