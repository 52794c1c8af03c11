//! Layers inside the server: a file uses only what is below it.

use super::{Finding, Source};
use crate::rust;

/// Lowest first. Members of a layer may use each other unless it is `apart`.
const LAYERS: [Layer; 10] = [
    Layer::new(
        &["error", "planted", "clock", "config", "assets", "telemetry", "i18n", "metrics", "shared", "together"],
        false,
    ),
    Layer::new(&["store", "bus", "presence", "mail", "files"], true),
    Layer::new(&["app", "auth"], false),
    Layer::new(&["actions"], false),
    Layer::new(&["realtime::dispatch", "http", "admin", "jobs", "doctor"], false),
    // The rest of `realtime`: sessions, the hub and what they are made of.
    Layer::new(&["realtime"], false),
    Layer::new(&["realtime::websocket", "realtime::sse", "realtime::longpoll", "realtime::textpage"], true),
    Layer::new(&["routes", "health"], false),
    Layer::new(&["door"], false),
    Layer::new(&["server", "main", "cli", "demo", "bench"], false),
];

struct Layer {
    members: &'static [&'static str],
    apart: bool,
}

impl Layer {
    const fn new(members: &'static [&'static str], apart: bool) -> Self {
        Self { members, apart }
    }
}

/// A module's place: the layer from 0, and the member.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    layer: usize,
    member: &'static str,
}

/// The place of the module `names` (from the crate's root): the longest member
/// that starts it.
fn place(names: &[String]) -> Option<Place> {
    let first = names.first()?;
    let two = names.get(1).map(|second| format!("{first}::{second}"));
    let find = |wanted: &str| {
        LAYERS.iter().enumerate().find_map(|(layer, entry)| {
            let member = entry.members.iter().find(|member| **member == wanted)?;
            Some(Place { layer, member })
        })
    };
    two.and_then(|two| find(&two)).or_else(|| find(first))
}

/// Every use of something that is not below.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<Finding> {
    let Some(module) = module_of(&source.path) else {
        return Vec::new();
    };
    // `lib.rs` only names the modules; tests may use anything.
    if module.is_empty() || source.is_tests() {
        return Vec::new();
    }
    let Some(own) = place(&module) else {
        let text =
            format!("module `{}` stands in no layer: add it to crates/xtask/src/tidy/layers.rs", module.join("::"));
        return vec![Finding::error(source.path.clone(), text)];
    };
    // A realtime/mod.rs names every transport and belongs to none.
    if source.path.ends_with("realtime/mod.rs") {
        return Vec::new();
    }
    let code = rust::code_only(&source.text);
    let code = rust::before_tests(&code);
    rust::local_paths(code)
        .into_iter()
        .filter_map(|found| {
            let used = place(&resolve(&module, &found.names))?;
            let text = refusal(own, used)?;
            Some(Finding::error(source.at(found.line), text))
        })
        .collect()
}

fn refusal(own: Place, used: Place) -> Option<String> {
    if used.layer > own.layer {
        return Some(format!(
            "`{}` uses `{}`, which is above it: a file uses only lower layers",
            own.member, used.member
        ));
    }
    let apart = LAYERS.get(own.layer).is_some_and(|layer| layer.apart);
    if apart && used.layer == own.layer && used.member != own.member {
        return Some(format!(
            "`{}` uses `{}`, its neighbour: members of this layer stand apart",
            own.member, used.member
        ));
    }
    None
}

/// The module path of a file of the server; `None` for other files.
fn module_of(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix("backend/src/")?.strip_suffix(".rs")?;
    let mut names: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|last| last == "mod" || last == "lib") {
        names.pop();
    }
    Some(names)
}

/// A path as written in `module`, from the crate's root.
fn resolve(module: &[String], written: &[String]) -> Vec<String> {
    let mut base: Vec<String> = module.to_vec();
    let mut rest = written;
    while let [first, tail @ ..] = rest {
        match first.as_str() {
            "crate" => base.clear(),
            "super" => {
                base.pop();
            }
            _ => break,
        }
        rest = tail;
    }
    base.extend(rest.iter().cloned());
    base
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn broken(path: &str, text: &str) -> Vec<String> {
        check(&[source(path, text)]).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn lower_layers_may_be_used() {
        let text = "use crate::store::Store;\nuse crate::{app::App, error};\nuse super::other;";
        assert!(broken("backend/src/actions/post.rs", text).is_empty());
        assert!(broken("backend/src/store/entry.rs", "use super::db;").is_empty());
        assert!(broken("backend/src/app.rs", "use crate::auth::keys::Keys;").is_empty());
    }

    #[test]
    fn higher_layers_may_not() {
        let text = "\nuse crate::actions::post;\n";
        assert_eq!(broken("backend/src/store/entry.rs", text), ["backend/src/store/entry.rs:2"]);
        let text = "fn f() { crate::http::page() }";
        assert_eq!(broken("backend/src/actions/a.rs", text).len(), 1);
        assert_eq!(broken("backend/src/config.rs", "use crate::app;").len(), 1);
    }

    #[test]
    fn neighbours_stand_apart_where_they_must() {
        let path = "backend/src/store/entry.rs";
        assert_eq!(broken(path, "use crate::bus::Bus;").len(), 1);
        assert_eq!(broken("backend/src/realtime/sse.rs", "use super::websocket;").len(), 1);
    }

    #[test]
    fn realtime_has_three_layers() {
        let dispatch = "backend/src/realtime/dispatch.rs";
        assert_eq!(broken(dispatch, "use super::session::Session;").len(), 1);
        assert_eq!(broken(dispatch, "use crate::realtime::{hub::Hub, dispatch::X};").len(), 1);
        let session = "backend/src/realtime/session.rs";
        assert!(broken(session, "use super::dispatch;").is_empty());
        assert_eq!(broken(session, "use crate::realtime::websocket;").len(), 1);
        assert!(broken("backend/src/realtime/sse.rs", "use super::session;").is_empty());
    }

    #[test]
    fn comments_and_tests_do_not_count() {
        let text = "//! See [`crate::actions`].\n#[cfg(test)]\nmod tests { use crate::server; }";
        assert!(broken("backend/src/store/entry.rs", text).is_empty());
        let text = "use crate::server;";
        assert!(broken("backend/src/store/tests/world.rs", text).is_empty());
    }

    #[test]
    fn an_unknown_module_is_named() {
        assert_eq!(broken("backend/src/stuff.rs", ""), ["backend/src/stuff.rs"]);
        assert!(broken("backend/src/lib.rs", "pub mod stuff;").is_empty());
        assert!(broken("crates/domain/src/stuff.rs", "use crate::x;").is_empty());
    }
}
