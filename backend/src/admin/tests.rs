//! What holds for every template: texts exist, nothing is inline, nothing is unescaped.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::i18n;

fn files(folder: &str, end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no {end} in {folder}");
    found
}

/// The string literals that directly follow `before`.
fn literals<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
}

#[test]
fn every_text_that_a_page_uses_exists() {
    let mut used = BTreeSet::new();
    let this = Path::new(file!()).file_name().unwrap();
    for (path, text) in files("templates", ".html").iter().chain(&files("src/admin", ".rs")) {
        if path.file_name() == Some(this) {
            continue;
        }
        for call in ["ui.t(", "ui.t1(", "texts().fill(", "texts.fill(", "texts.get("] {
            used.extend(literals(text, call).into_iter().map(str::to_owned));
        }
        for flash in ["done=", "not="] {
            let start = format!("\"{flash}");
            let words = text.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(words.map(|word| format!("flash.{word}")));
        }
    }
    assert!(used.len() > 100, "the search found only {}", used.len());
    let missing: Vec<_> = used.iter().filter(|key| i18n::texts("en").find(key).is_none()).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn every_word_of_the_protocol_has_a_text() {
    use protocol::command::DeclineReason;
    use protocol::site::{FieldRule, Side, Theme};
    use protocol::state::{AwayReason, ConversationState, Pause, Presence, Role};
    let words = [
        ("state", ConversationState::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>()),
        ("presence.away", AwayReason::ALL.iter().map(|word| word.as_str()).collect()),
        ("board.pause", Pause::ALL.iter().map(|word| word.as_str()).collect()),
        ("decline", DeclineReason::ALL.iter().map(|word| word.as_str()).collect()),
        ("presence", Presence::ALL.iter().map(|word| word.as_str()).collect()),
        ("role", Role::ALL.iter().map(|word| word.as_str()).collect()),
        ("role_long", Role::ALL.iter().map(|word| word.as_str()).collect()),
        ("side", Side::ALL.iter().map(|word| word.as_str()).collect()),
        ("theme", Theme::ALL.iter().map(|word| word.as_str()).collect()),
        ("rule", FieldRule::ALL.iter().map(|word| word.as_str()).collect()),
        ("mail.kind", crate::mail::MailKind::ALL.iter().map(|kind| kind.as_str()).collect()),
        ("locale", domain::locale::COMPLETE.to_vec()),
    ];
    for (prefix, words) in words {
        for word in words {
            let key = format!("{prefix}.{word}");
            assert!(i18n::texts("en").find(&key).is_some(), "{key}");
        }
    }
}

#[test]
fn no_template_has_inline_script_or_style_or_unescaped_text() {
    for (path, text) in files("templates", ".html") {
        let name = path.display();
        // The one exception: data for the browser apps, escaped where it is made and not run.
        const DATA: &str = r#"<script type="application/json" id="frontdesk-config">{{ config|safe }}</script>"#;
        let text = if name.to_string().ends_with("web/app.html") { text.replace(DATA, "") } else { text };
        // A mail and an exported file stand alone: their style is in their head, and they have no script.
        let alone = name.to_string().ends_with("letter.html") || name.to_string().ends_with("export.html");
        let lower = text.to_lowercase();
        assert!(!lower.contains(" style="), "{name}: inline style");
        assert!(alone || !lower.contains("<style"), "{name}: inline style");
        assert!(!lower.contains("javascript:"), "{name}: script in an address");
        assert!(!lower.contains("|safe") && !lower.contains("| safe"), "{name}: unescaped text");
        for tag in lower.split("<script").skip(1) {
            let (attributes, rest) = tag.split_once('>').unwrap();
            assert!(!alone && attributes.contains("src="), "{name}: inline script");
            assert!(rest.starts_with("</script>"), "{name}: inline script");
        }
        for attribute in lower.split([' ', '\n']).filter(|part| part.starts_with("on")) {
            assert!(!attribute.contains("=\""), "{name}: event handler {attribute}");
        }
    }
}

#[test]
fn every_form_of_a_tenant_says_whose_it_is() {
    let mut forms = 0;
    for (path, text) in files("templates/admin", ".html") {
        let name = path.display();
        for form in text.split("<form").skip(1).filter_map(|rest| rest.split('>').next()) {
            // Choosing a tenant is what a form of any tenant may do; the board's form gets its address from its maker.
            let free = ["method=\"get\"", "action=\"/admin/switch\""].iter().any(|known| form.contains(known))
                || (name.to_string().ends_with("board_part.html") && form.ends_with("action=\"{{ action }}\""));
            assert!(free || form.contains("{{ chrome.stamp }}\""), "{name}: <form{form}>");
            forms += 1;
        }
    }
    assert!(forms > 20, "the search found only {forms}");
}

#[test]
fn everything_that_is_recorded_has_a_text() {
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut actions = BTreeSet::new();
    for (_, text) in files("src/actions", ".rs").iter().filter(|(_, text)| text.contains("audit::add(")) {
        let literals = text.split('"');
        let named = literals.filter(|word| word.split_once('.').is_some_and(|(of, done)| is_word(of) && is_word(done)));
        actions.extend(named.map(str::to_owned));
    }
    assert!(actions.len() > 25, "the search found only {}", actions.len());
    let missing: Vec<_> =
        actions.iter().filter(|it| i18n::texts("en").find(&format!("audit.{it}")).is_none()).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
