//! The reply. The input keeps its own text: the model only writes into it when it has to, never while an
//! input method composes.

use protocol::ids::ConversationId;
use protocol::limits::MESSAGE_CHARS;
use protocol::state::ConversationState;
use wasm_bindgen::JsCast;
use web_sys::{
    ClipboardEvent, DragEvent, Event, FileList, HtmlElement, HtmlInputElement, HtmlTextAreaElement, InputEvent,
    KeyboardEvent,
};
use yew::{Callback, Html, NodeRef, Properties, TargetCast, classes, component, html, use_effect_with, use_node_ref};

use super::icons::{Icon, icon};
use super::ui::on;
use super::{Link, header};
use crate::effects::{Files, fresh, is_composing};
use crate::model::msg::{Do, Write};
use crate::model::{Composer, Model, Msg};

/// The rest of the limit is shown from here on.
const NEAR_CHARS: usize = 500;
/// The input grows up to this height, in pixels.
const HIGHEST_PX: i32 = 220;

/// How many characters are left, when it is worth saying; 0 when the limit is reached or passed.
pub(super) fn left(draft: &str, limit: usize) -> Option<usize> {
    // A character has at most four bytes: a short draft needs no counting.
    if draft.len() + NEAR_CHARS < limit {
        return None;
    }
    let left = limit.saturating_sub(draft.chars().count());
    (left < NEAR_CHARS).then_some(left)
}

/// Draws what can be written, or why nothing can.
pub(super) fn view(model: &Model, link: &Link, files: &Files) -> Html {
    let (Some(id), Some(composer)) = (model.view.selected, model.composer()) else {
        return Html::default();
    };
    let open = composer == Composer::Open;
    html! {
        <div class="foot">
            if !open { { bar(model, link, composer) } }
            if open || (model.view.note && composer.takes_notes()) { { editor(model, link, files, (id, open)) } }
        </div>
    }
}

/// Why there is no reply, and the way to one.
fn bar(model: &Model, link: &Link, composer: Composer) -> Html {
    let texts = &model.texts;
    let name = |agent| {
        let one = model.desk.as_ref().and_then(|desk| desk.colleague(agent));
        one.map_or_else(|| texts.get("people.somebody").to_owned(), |one| one.name.clone())
    };
    let (text, action) = match composer {
        Composer::Open => return Html::default(),
        Composer::Take(ConversationState::Offered) => (texts.get("foot.offered").to_owned(), Some("foot.accept")),
        Composer::Take(ConversationState::Closed) => (texts.get("foot.closed").to_owned(), Some("foot.reopen")),
        Composer::Take(_) => (texts.get("foot.waiting").to_owned(), Some("foot.pick")),
        Composer::Colleague(agent, may) => {
            (texts.fill("foot.colleague", &[("name", &name(agent))]), may.then_some("foot.take_over"))
        }
        Composer::Offered(may) => (on_offer(model), may.then_some("foot.pick")),
        Composer::Kept => (texts.get("foot.kept").to_owned(), None),
        Composer::Earlier => (texts.get("foot.earlier").to_owned(), None),
        Composer::Suspended => (texts.get("foot.suspended").to_owned(), None),
    };
    let busy = model.view.selected.is_some_and(|id| model.busy.contains(&id));
    html! {
        <div class="foot-bar">
            <p>{ text }</p>
            if composer.takes_notes() && !model.view.note {
                <button type="button" class="button small" onclick={on(link, Msg::Write(Write::Note(true)))}>
                    { icon(Icon::Note) }{ texts.get("foot.note") }
                </button>
            }
            if let Some(key) = action {
                <button type="button" class="button small primary" disabled={busy} onclick={on(link, Msg::Do(Do::Pick))}>{ texts.get(key) }</button>
            }
        </div>
    }
}

fn on_offer(model: &Model) -> String {
    let to = model.desk.as_ref().zip(model.selected_line()).map(|(desk, line)| header::offered(model, desk, line));
    model.texts.fill("foot.offered_to", &[("name", &to.unwrap_or_default())])
}

fn editor(model: &Model, link: &Link, files: &Files, (id, open): (ConversationId, bool)) -> Html {
    let texts = &model.texts;
    let note = model.view.note;
    let draft = model.drafts.get(&id).cloned().unwrap_or_default();
    let left = left(&draft, MESSAGE_CHARS);
    let over = draft.chars().count() > MESSAGE_CHARS;
    let empty = draft.trim().is_empty() || over;
    let send = Msg::Write(Write::Send(fresh()));
    let tab = |own: bool, key: &str| {
        html! {
            <button type="button" disabled={!own && !open} aria-pressed={(note == own).to_string()}
                onclick={on(link, Msg::Write(Write::Note(own)))}>{ texts.get(key) }</button>
        }
    };
    let label = texts.get(if note { "composer.note" } else { "composer.reply" }).to_owned();
    html! {
        <div class={classes!("composer", note.then_some("note"))} ondragover={Callback::from(|event: DragEvent| event.prevent_default())} ondrop={dropped(link, files)}>
            <div class="composer-head">
                <div class="segments" role="group" aria-label={texts.get("composer.kind").to_owned()}>
                    { tab(false, "composer.tab_reply") }{ tab(true, "composer.tab_note") }
                </div>
                if let Some(left) = left {
                    <span class={classes!("small", if over { "bad-text" } else { "muted" })} role="status">
                        { if over { texts.get("composer.too_long").to_owned() } else { texts.count("composer.left", left as u64) } }
                    </span>
                }
            </div>
            <Input key={id.to_string()} conversation={id} version={model.view.composer_version} text={draft} {label} link={link.clone()} files={files.clone()} />
            <div class="composer-foot">
                if open { { attach(model, link, files) } }
                <span class="hint muted small">{ texts.get("composer.hint") }</span>
                <button type="button" class="button primary send" disabled={empty} onclick={on(link, send)}>
                    { texts.get(if note { "composer.save_note" } else { "composer.send" }) }
                </button>
            </div>
        </div>
    }
}

fn attach(model: &Model, link: &Link, files: &Files) -> Html {
    let (link, files) = (link.clone(), files.clone());
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        take(input.files(), &link, &files);
        // The same file may be chosen twice in a row.
        input.set_value("");
    });
    let label = model.texts.get("composer.attach").to_owned();
    html! {
        <label class="icon-button attach" title={label.clone()}>
            { icon(Icon::Clip) }
            <input type="file" multiple={true} class="hidden" aria-label={label} {onchange} />
        </label>
    }
}

fn take(list: Option<FileList>, link: &Link, files: &Files) {
    let Some(list) = list else {
        return;
    };
    for file in (0..list.length()).filter_map(|index| list.get(index)) {
        let cmid = fresh();
        // File sizes are whole and far below 2^53.
        let (name, size) = (file.name(), file.size() as u64);
        files.borrow_mut().insert(cmid, file);
        link.emit(Msg::Write(Write::Attach(cmid, name, size)));
    }
}

fn dropped(link: &Link, files: &Files) -> Callback<DragEvent> {
    let (link, files) = (link.clone(), files.clone());
    Callback::from(move |event: DragEvent| {
        let list = event.data_transfer().and_then(|data| data.files());
        if list.as_ref().is_some_and(|list| list.length() > 0) {
            event.prevent_default();
            take(list, &link, &files);
        }
    })
}

#[derive(Properties, Clone)]
struct InputProps {
    conversation: ConversationId,
    version: u64,
    text: String,
    label: String,
    link: Link,
    files: Files,
}

impl PartialEq for InputProps {
    /// The text alone is no reason to draw: it came from here.
    fn eq(&self, other: &Self) -> bool {
        self.conversation == other.conversation && self.version == other.version && self.label == other.label
    }
}

#[component]
fn Input(props: &InputProps) -> Html {
    let node = use_node_ref();
    {
        let (node, text) = (node.clone(), props.text.clone());
        use_effect_with((props.conversation, props.version), move |_| {
            if let Some(input) = node.cast::<HtmlTextAreaElement>() {
                if input.value() != text {
                    input.set_value(&text);
                }
                grow(&input);
            }
        });
    }
    let id = props.conversation;
    let oninput = props.link.reform(move |event: InputEvent| {
        let input: HtmlTextAreaElement = event.target_unchecked_into();
        grow(&input);
        Msg::Write(Write::Draft(id, input.value()))
    });
    let link = props.link.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.alt_key() && !is_composing(&event) {
            event.prevent_default();
            link.emit(Msg::Write(Write::Send(fresh())));
        }
    });
    let (link, files) = (props.link.clone(), props.files.clone());
    let onpaste = Callback::from(move |event: Event| {
        let event = event.unchecked_into::<ClipboardEvent>();
        let list = event.clipboard_data().and_then(|data| data.files());
        if list.as_ref().is_some_and(|list| list.length() > 0) {
            event.prevent_default();
            take(list, &link, &files);
        }
    });
    textarea(&node, props, (oninput, onkeydown, onpaste))
}

type Handlers = (Callback<InputEvent>, Callback<KeyboardEvent>, Callback<Event>);

fn textarea(node: &NodeRef, props: &InputProps, (oninput, onkeydown, onpaste): Handlers) -> Html {
    html! {
        <textarea ref={node.clone()} id="composer" rows="1" dir="auto" placeholder={props.label.clone()} aria-label={props.label.clone()}
            enterkeyhint="send" {oninput} {onkeydown} {onpaste} />
    }
}

/// Makes the input as high as its text.
fn grow(input: &HtmlTextAreaElement) {
    let style = input.unchecked_ref::<HtmlElement>().style();
    // A height the browser does not take leaves the input as it is.
    let _ = style.set_property("height", "auto");
    let height = input.scroll_height().min(HIGHEST_PX);
    let _ = style.set_property("height", &format!("{height}px"));
}
