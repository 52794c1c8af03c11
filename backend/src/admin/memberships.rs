//! Who is a member of what: one choice a row, of people in a department's form and of departments in a person's.

use std::collections::HashMap;
use std::hash::Hash;

use askama::Template;
use askama::filters::HtmlSafe;

use super::pairs::Pairs;
use super::ui::{Choice, Ui};
use crate::actions::departments::LAST_PRIORITY;

/// The rows. Render themselves.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/memberships.html")]
pub(super) struct Memberships {
    /// What they are called.
    pub(super) legend: &'static str,
    /// What to choose.
    pub(super) help: &'static str,
    /// Said when there is no row.
    pub(super) none: &'static str,
    /// What is wrong.
    pub(super) error: Option<String>,
    /// One for each.
    pub(super) rows: Vec<Row>,
}

impl HtmlSafe for Memberships {}

/// A person or department.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Name of the field.
    name: String,
    /// Who or what.
    label: String,
    /// More about it.
    sub: Option<String>,
    /// Not a member, or a member with a priority.
    choices: Vec<Choice>,
}

impl Row {
    /// A row whose field is `PREFIX-ID`.
    pub(super) fn new(ui: &Ui, name: String, (label, sub): (String, Option<String>), priority: Option<u8>) -> Self {
        let present = priority.map_or_else(String::new, |priority| priority.to_string());
        let mut choices = vec![Choice::new("", ui.t("member.none"), &present)];
        choices.extend((0..=LAST_PRIORITY).map(|number| {
            let label = if number == 0 { ui.t("member.first").to_owned() } else { ui.t1("member.after", number) };
            Choice::new(number.to_string(), label, &present)
        }));
        Self { name, label, sub, choices }
    }
}

/// The memberships of a form: those there are, changed where the form says something. `None`: it sent something that
/// is no choice.
pub(super) fn read<K: Copy + Eq + Hash>(
    pairs: &Pairs,
    prefix: &str,
    present: &[(K, u8)],
    parse: impl Fn(&str) -> Option<K>,
) -> Option<Vec<(K, u8)>> {
    let mut sent = HashMap::new();
    for (id, value) in pairs.beginning(prefix) {
        let priority =
            if value.is_empty() { None } else { Some(value.parse().ok().filter(|it| *it <= LAST_PRIORITY)?) };
        sent.insert(parse(id)?, priority);
    }
    // Whoever came since the form was opened is not in it, and stays.
    let mut all: Vec<(K, u8)> = present.iter().filter(|(id, _)| !sent.contains_key(id)).copied().collect();
    all.extend(sent.into_iter().filter_map(|(id, priority)| Some((id, priority?))));
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_in_the_form_stays() {
        let form = |sent: &[(&str, &str)]| {
            Pairs::from(sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
        };
        let read = |sent: &[(&str, &str)]| {
            let mut members = read(&form(sent), "member-", &[(1, 0), (2, 3)], |id| id.parse::<u8>().ok())?;
            members.sort_unstable();
            Some(members)
        };
        assert_eq!(read(&[]), Some(vec![(1, 0), (2, 3)]));
        assert_eq!(read(&[("member-1", ""), ("member-3", "10")]), Some(vec![(2, 3), (3, 10)]));
        for wrong in [("member-1", "11"), ("member-1", "x"), ("member-x", "1"), ("member-1", "-1")] {
            assert_eq!(read(&[wrong]), None, "{wrong:?}");
        }
    }
}
