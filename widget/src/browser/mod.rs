//! The browser half: shows the model, feeds it, carries its effects out.

mod app;
mod dom;
mod events;
mod files;
mod host;
mod js;
mod net;
mod runtime;

use alloc::rc::Rc;

use protocol::codec::from_json;
use protocol::site::FrameConfig;
use wasm_bindgen::prelude::wasm_bindgen;

use app::App;

/// Called once when the module is loaded.
#[wasm_bindgen(start)]
pub(crate) fn start() {
    let config = js::query("#frontdesk-config").and_then(|script| from_json::<FrameConfig>(&script.text()));
    let (Some(config), Some(body)) = (config, js::query("body")) else {
        runtime::show_broken();
        return;
    };
    let app: Rc<App> = App::new(config, &body);
    app.listen();
    app.meet_host();
}
