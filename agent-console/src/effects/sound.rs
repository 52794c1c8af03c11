//! Sounds, made on the spot: no files, and silent until the browser allows it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AudioContext, AudioContextState, OscillatorType};
use yew::Callback;

use crate::model::Msg;
use crate::model::msg::Net;

/// How often a ring repeats, in milliseconds.
const RING_MS: i32 = 2_400;
/// The notes of a ring: frequency in hertz, start and length in seconds.
const RING: [(f32, f64, f64); 4] = [(659.3, 0.0, 0.22), (880.0, 0.18, 0.34), (659.3, 0.62, 0.22), (880.0, 0.8, 0.34)];
/// The notes of a new message.
const CHIME: [(f32, f64, f64); 2] = [(784.0, 0.0, 0.14), (1046.5, 0.1, 0.24)];
/// Loudness, 0 to 1.
const GAIN: f32 = 0.14;

struct Inner {
    tell: Callback<Msg>,
    context: RefCell<Option<AudioContext>>,
    ringing: Cell<Option<i32>>,
    repeat: RefCell<Option<Closure<dyn FnMut()>>>,
    blocked: Cell<bool>,
}

/// The sounds of the console.
#[derive(Clone)]
pub(super) struct Sound(Rc<Inner>);

impl Sound {
    pub(super) fn new(tell: Callback<Msg>) -> Self {
        Self(Rc::new(Inner {
            tell,
            context: RefCell::default(),
            ringing: Cell::new(None),
            repeat: RefCell::default(),
            blocked: Cell::new(false),
        }))
    }

    /// The person touched the page: from now on the browser allows sound.
    pub(super) fn allowed(&self) {
        if let Some(context) = self.context()
            && context.state() == AudioContextState::Suspended
        {
            // A refusal is seen at the next sound.
            let _ = context.resume();
        }
        self.blocked(false);
    }

    /// Starts or stops ringing.
    pub(super) fn ring(&self, on: bool) {
        let Some(window) = web_sys::window() else {
            return;
        };
        if let Some(id) = self.0.ringing.take() {
            window.clear_interval_with_handle(id);
            self.0.repeat.take();
        }
        if !on {
            self.blocked(false);
            return;
        }
        self.play(&RING);
        let weak = Rc::downgrade(&self.0);
        let repeat: Closure<dyn FnMut()> = Closure::new(move || {
            if let Some(inner) = weak.upgrade() {
                Self(inner).play(&RING);
            }
        });
        let set =
            window.set_interval_with_callback_and_timeout_and_arguments_0(repeat.as_ref().unchecked_ref(), RING_MS);
        self.0.ringing.set(set.ok());
        *self.0.repeat.borrow_mut() = Some(repeat);
    }

    /// The sound of a new message.
    pub(super) fn chime(&self) {
        self.play(&CHIME);
    }

    fn blocked(&self, blocked: bool) {
        if self.0.blocked.replace(blocked) != blocked {
            self.0.tell.emit(Msg::Net(Net::SoundBlocked(blocked)));
        }
    }

    fn context(&self) -> Option<AudioContext> {
        let mut held = self.0.context.borrow_mut();
        if held.is_none() {
            *held = AudioContext::new().ok();
        }
        held.clone()
    }

    fn play(&self, notes: &[(f32, f64, f64)]) {
        let Some(context) = self.context() else {
            return;
        };
        if context.state() == AudioContextState::Suspended {
            // Played now, all of it would sound at once when the browser allows it later.
            self.blocked(true);
            return;
        }
        for (frequency, start, length) in notes {
            // A device without sound output is no reason to stop.
            let _ = note(&context, *frequency, *start, *length);
        }
    }
}

fn note(context: &AudioContext, frequency: f32, start: f64, length: f64) -> Result<(), JsValue> {
    let at = context.current_time() + start;
    let oscillator = context.create_oscillator()?;
    let gain = context.create_gain()?;
    oscillator.set_type(OscillatorType::Triangle);
    oscillator.frequency().set_value(frequency);
    // Soft edges: a tone that begins or ends at full loudness clicks.
    gain.gain().set_value_at_time(0.0, at)?;
    gain.gain().linear_ramp_to_value_at_time(GAIN, at + 0.02)?;
    gain.gain().linear_ramp_to_value_at_time(0.0, at + length)?;
    oscillator.connect_with_audio_node(&gain)?;
    gain.connect_with_audio_node(&context.destination())?;
    oscillator.start_with_when(at)?;
    oscillator.stop_with_when(at + length)
}
