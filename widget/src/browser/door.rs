//! The one door between this module and `platform.js`.
#![expect(unsafe_code, reason = "functions of another language, called by it or calling it")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;

use super::app::App;
use super::{Do, Event, Told};

/// Random bytes that every event brings: 16 for an id, 4 for the connection.
pub(super) const DICE: usize = 20;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The page notices, and shows what `Do::Last` gave it. Unsent messages are in storage.
    core::arch::wasm32::unreachable()
}

#[link(wasm_import_module = "e")]
unsafe extern "C" {
    /// Does what `what` says with a text and a number. `text` is read before it returns.
    fn go(what: u32, text: *const u8, length: usize, number: i32);
    /// Minutes to add to UTC at a moment, in Unix milliseconds.
    safe fn zone(at: f64) -> i32;
}

/// Has the page do something.
pub(super) fn tell(what: Do, text: &str, number: i32) {
    tell_number(what as u32, text, number);
}

/// Has the page do what has this number.
pub(super) fn tell_number(what: u32, text: &str, number: i32) {
    // SAFETY: the page reads the text before it returns, and writes nothing.
    unsafe { go(what, text.as_ptr(), text.len(), number) }
}

/// Minutes to add to UTC at a moment.
pub(super) fn offset(at: i64) -> i64 {
    i64::from(zone(at as f64))
}

/// What the module holds between two events. It is taken out while one is worked on.
struct Held {
    app: Cell<Option<Box<App>>>,
    incoming: Cell<Vec<u8>>,
}

// SAFETY: the module has one thread: it is compiled without atomics, and no worker loads it.
unsafe impl Sync for Held {}

static HELD: Held = Held { app: Cell::new(None), incoming: Cell::new(Vec::new()) };

/// Makes room for an event: its random bytes and its text. The page writes there and calls [`event`] at once.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    let mut incoming = alloc::vec![0; length];
    let at = incoming.as_mut_ptr();
    HELD.incoming.set(incoming);
    at
}

/// Something happened. The page never calls this from within itself.
#[unsafe(no_mangle)]
extern "C" fn event(what: u32, a: u32, b: u32, now: f64, wall: f64) {
    let incoming = HELD.incoming.take();
    let Some((dice, text)) = incoming.split_first_chunk::<DICE>() else {
        return;
    };
    // SAFETY: `TextEncoder` wrote it, which writes nothing but UTF-8.
    let text = unsafe { core::str::from_utf8_unchecked(text) };
    let event = Event { what: Told(what), a, b, text, now: now as u64, wall: wall as i64, dice: *dice };
    let mut app = HELD.app.take();
    match &mut app {
        Some(app) => app.hear(&event),
        None => app = App::new(&event),
    }
    // There is nothing in its place to drop.
    core::mem::forget(HELD.app.replace(app));
}
