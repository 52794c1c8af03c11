//! The agent console: where agents answer visitors all day.
//!
//! [`model`] is the whole state and everything that changes it, without a browser. `views` draws it and
//! `effects` carries out what it asks; both exist on wasm32 only.

#[cfg(target_arch = "wasm32")]
mod effects;
/// The state and what changes it.
pub mod model;
/// The texts of the console.
pub mod text;
#[cfg(target_arch = "wasm32")]
mod views;

/// Runs the console. The page calls it once.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    effects::panic::install();
    yew::Renderer::<views::App>::new().render();
}
