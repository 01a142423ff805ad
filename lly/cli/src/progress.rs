//! Long work, shown: a bar that moves on a terminal, plain lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::amounts::time;
use crate::context::Context;

/// Steps of a bar; enough to be seen moving.
const STEPS: u64 = 1000;

/// Work that takes a while, shown from [`Bar::start`] until it is dropped.
pub struct Bar {
    context: Context,
    message: String,
    begun: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// Says what is being done.
    pub fn start(context: &Context, message: String) -> Self {
        let bar = context.interactive.then(|| {
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
            // The template is a constant; were it wrong, indicatif's own would be used.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bar:24} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(message.clone());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            context.say(format!("{message} …"));
        }
        Self {
            context: context.clone(),
            message,
            begun: Instant::now(),
            bar,
        }
    }

    /// How far it is, between 0 and 1.
    pub fn advance(&self, fraction: f32) {
        if let Some(bar) = &self.bar {
            bar.set_position((f64::from(fraction.clamp(0.0, 1.0)) * STEPS as f64) as u64);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.context
            .say(format!("{}: {}", self.message, time(self.begun.elapsed())));
    }
}
