//! Draws the model. Functions of the model and a way to say what the person did; nothing is kept here.

mod banner;
mod boot;
mod bubble;
mod clock;
mod composer;
mod dialogs;
mod header;
mod icons;
mod list;
mod menu;
mod offers;
mod popover;
mod rail;
mod scopes;
mod state;
mod team;
mod thread;
mod transfer;
mod ui;
mod visitor;

use protocol::limits::MESSAGE_CHARS;
use yew::{Component, Context, Html, classes, html};

use crate::effects::{Files, World, load_prefs, now};
use crate::model::msg::{Net, See, Write};
use crate::model::{Boot, Model, Msg, Pane, start, update};
use crate::text::Locale;

/// How a view says what the person did.
pub(crate) type Link = yew::Callback<Msg>;

/// The whole page.
pub(crate) struct App {
    model: Model,
    world: World,
    files: Files,
    link: Link,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link: Link = ctx.link().callback(|msg| msg);
        let files = Files::default();
        let world = World::new(link.clone(), files.clone());
        let mut app = Self { model: Model::new(browser_locale(), now()), world, files, link };
        let prefs = load_prefs();
        app.step(Msg::Net(Net::Prefs(prefs)));
        app.world.run(start(), &app.model);
        app
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        let tick = matches!(msg, Msg::See(See::Tick));
        let draft = matches!(msg, Msg::Write(Write::Draft(..)));
        let (timely, before) = (self.model.shows_time(), draft_shape(&self.model));
        self.step(msg);
        if tick {
            timely || self.model.shows_time()
        } else {
            // The input shows what is typed by itself; only what hangs on it is drawn again.
            !draft || before != draft_shape(&self.model)
        }
    }

    fn view(&self, _: &Context<Self>) -> Html {
        let (model, link) = (&self.model, &self.link);
        if !matches!(model.boot, Boot::Ready(_)) || model.desk.is_none() {
            return boot::view(model, link);
        }
        let pane = match model.view.pane {
            Pane::List => "pane-list",
            Pane::Thread => "pane-thread",
            Pane::Visitor => "pane-visitor",
        };
        let open = model.view.selected.is_some();
        let column = if open && !model.view.column_hidden { "with-visitor" } else { "without-visitor" };
        html! {
            <div class={classes!("app", pane, column)}>
                { banner::view(model, link) }
                <div class="panes">
                    { rail::view(model, link) }
                    { list::view(model, link) }
                    { thread::view(model, link, &self.files) }
                    { visitor::view(model, link) }
                </div>
                { offers::view(model, link) }
                { banner::notices(model, link) }
                { dialogs::view(model, link) }
            </div>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.world.drawn();
    }
}

impl App {
    fn step(&mut self, msg: Msg) {
        self.model.now = now();
        let effects = update(&mut self.model, msg);
        self.world.run(effects, &self.model);
    }
}

/// What the screen shows of a draft besides the input itself: whether it can be sent, and how far it is over
/// or near the limit.
fn draft_shape(model: &Model) -> (bool, Option<usize>) {
    let draft = model.view.selected.and_then(|id| model.drafts.get(&id)).map_or("", String::as_str);
    (draft.trim().is_empty(), composer::left(draft, MESSAGE_CHARS))
}

fn browser_locale() -> Locale {
    let tag = web_sys::window().and_then(|window| window.navigator().language());
    Locale::for_tag(tag.as_deref().unwrap_or_default())
}
