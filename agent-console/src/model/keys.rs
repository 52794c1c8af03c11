//! Keyboard shortcuts.

use protocol::state::Presence;

use super::msg::{Do, Msg, See};
use super::offers::most_urgent;
use super::staff::{PAUSES, REASONS};
use super::{List, Model, Popover};

/// A key press.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Press {
    /// `KeyboardEvent.key`.
    pub key: String,
    /// `KeyboardEvent.code`: the place on the keyboard.
    pub code: String,
    /// Alt is held.
    pub alt: bool,
    /// Control or Command is held.
    pub control: bool,
    /// The cursor is in a text field.
    pub in_text: bool,
    /// An input method is composing.
    pub composing: bool,
}

/// The shortcuts for the help: keys and the key of the text.
pub const SHORTCUTS: [(&[&str], &str); 20] = [
    (&["a"], "keys.accept"),
    (&["Alt", "a"], "keys.accept_anywhere"),
    (&["d"], "keys.decline"),
    (&["Shift", "d"], "keys.decline_why"),
    (&["o"], "keys.online"),
    (&["b"], "keys.away"),
    (&["j", "↓"], "keys.next"),
    (&["k", "↑"], "keys.previous"),
    (&["r"], "keys.reply"),
    (&["n"], "keys.note"),
    (&["p"], "keys.pick"),
    (&["t"], "keys.transfer"),
    (&["c"], "keys.close"),
    (&["i"], "keys.visitor"),
    (&["1", "–", "5"], "keys.lists"),
    (&["q"], "keys.departments"),
    (&["/"], "keys.filter"),
    (&["m"], "keys.mute"),
    (&["Esc"], "keys.back"),
    (&["?"], "keys.help"),
];

/// What a key press means; `None`: nothing, the browser may have it.
pub fn shortcut(press: &Press, model: &Model) -> Option<Msg> {
    if press.composing || press.control || model.desk.is_none() || model.view.dialog.is_some() {
        return None;
    }
    if press.alt {
        return (press.code == "KeyA").then_some(Msg::Do(Do::Accept(None)));
    }
    if press.key == "Escape" {
        return Some(Msg::See(See::Back));
    }
    if press.in_text {
        return None;
    }
    if let Some(msg) = number(press).and_then(|number| chosen(model, number)) {
        return Some(msg);
    }
    let toggle = |popover| Msg::See(See::Popover(Some(popover).filter(|one| model.view.popover != Some(*one))));
    Some(match press.key.as_str() {
        "a" => Msg::Do(Do::Accept(None)),
        "d" => Msg::Do(Do::Decline(None, None)),
        "D" => toggle(Popover::Reasons(most_urgent(model)?)),
        "o" if model.presence() == Presence::Online => return None,
        "o" => Msg::Do(Do::SetPresence(Presence::Online)),
        "b" => toggle(Popover::Pauses),
        "q" if has_scopes(model) => toggle(Popover::Scopes),
        "j" | "ArrowDown" => Msg::Do(Do::Step(1)),
        "k" | "ArrowUp" => Msg::Do(Do::Step(-1)),
        "r" => Msg::See(See::FocusComposer(false)),
        "n" => Msg::See(See::FocusComposer(true)),
        "p" => Msg::Do(Do::Pick),
        "t" => Msg::Do(Do::AskTransfer),
        "c" => Msg::Do(Do::AskClose),
        "i" => Msg::See(See::Column(model.view.column_hidden)),
        "m" => Msg::See(See::Mute(!model.prefs.muted)),
        "/" => Msg::See(See::FocusFilter),
        "?" => Msg::See(See::Help),
        _ => Msg::See(See::List(*List::ALL.get(number(press)?.checked_sub(1)?)?)),
    })
}

/// Whether the list shown is told apart by departments: an agent's own is not.
fn has_scopes(model: &Model) -> bool {
    model.view.list != List::Mine && model.desk.as_ref().is_some_and(|desk| desk.has_departments())
}

/// The digit pressed.
fn number(press: &Press) -> Option<usize> {
    press.key.parse().ok().filter(|_| press.key.len() == 1)
}

/// What a digit means while something is folded out: its choice with this number.
fn chosen(model: &Model, number: usize) -> Option<Msg> {
    let at = number.checked_sub(1)?;
    match model.view.popover? {
        Popover::Menu => None,
        Popover::Pauses => PAUSES.get(at).map(|pause| Msg::Do(Do::Pause(*pause))),
        Popover::Reasons(id) => REASONS.get(at).map(|reason| Msg::Do(Do::Decline(Some(id), Some(*reason)))),
        Popover::Scopes => model.desk.as_ref()?.scopes().get(at).map(|scope| Msg::See(See::Scope(*scope))),
    }
}

/// Whether a key press can mean something, whatever is on the screen: the browser must not use it as well.
pub fn is_shortcut(press: &Press) -> bool {
    if press.composing || press.control {
        return false;
    }
    if press.alt {
        return press.code == "KeyA";
    }
    if press.key == "Escape" {
        return true;
    }
    const LETTERS: &str = "adDjkrnptcimobq/?";
    let one = press.key.len() == 1 && LETTERS.contains(press.key.as_str());
    !press.in_text && (one || number(press).is_some() || matches!(press.key.as_str(), "ArrowDown" | "ArrowUp"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Locale;

    fn press(key: &str) -> Press {
        Press { key: key.into(), ..Press::default() }
    }

    #[test]
    fn letters_mean_nothing_in_text_fields_and_with_other_keys() {
        for strange in [
            Press { in_text: true, ..press("a") },
            Press { control: true, ..press("a") },
            Press { composing: true, ..press("a") },
            press("x"),
        ] {
            assert!(!is_shortcut(&strange), "{strange:?}");
        }
        assert!(is_shortcut(&press("a")));
        assert!(is_shortcut(&Press { alt: true, code: "KeyA".into(), in_text: true, ..press("å") }));
    }

    #[test]
    fn nothing_happens_before_there_is_a_desk() {
        assert_eq!(shortcut(&press("a"), &Model::new(Locale::En, 0)), None);
    }
}
