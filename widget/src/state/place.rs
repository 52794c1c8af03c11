//! Waiting: keeping one's place, and hearing of it.

use alloc::string::ToString;

use protocol::command::{Command, KeepPlace};
use protocol::site::FieldRule;

use super::{Effect, Env, Model, Screen, Timer};

/// A place in the queue is read out this often at most, in milliseconds. Being next, and other steps, are at once.
const SAY_EVERY_MS: u64 = 20_000;

impl Model {
    /// Opens or closes the form that keeps the visitor's place.
    pub(super) fn ask_to_keep(&mut self) {
        self.keeping = !self.keeping;
        if self.keeping {
            self.fill_form();
            self.focus("email");
        }
    }

    /// Sends it.
    pub(super) fn keep_place(&mut self) {
        let Screen::Thread(Some(conversation)) = self.screen else {
            return;
        };
        self.form.email_error = self.form.check_email(FieldRule::Required);
        if self.form.email_error.is_some() {
            return self.focus("email");
        }
        self.keeping = false;
        let email = self.form.email.trim_ascii().to_string();
        self.send_command(Command::KeepPlace(KeepPlace { conversation, email }));
    }

    /// Reads the place in the queue out, not too often.
    pub(super) fn say_place(&mut self, env: &Env) {
        let place = self.current().and_then(|line| line.position).unwrap_or(0);
        if place == self.said_place {
            return;
        }
        if place > 1 && env.now < self.say_after {
            self.effect(Effect::Later(Timer::Place, (self.say_after - env.now) as u32));
        } else {
            self.said_place = place;
            self.say_after = env.now + SAY_EVERY_MS;
        }
    }
}
