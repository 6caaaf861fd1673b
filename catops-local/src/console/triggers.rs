//! What lets the bot open a form before the eyes of whoever did something a moment ago.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use catops_core::app::random_secret;
use catops_core::{Error, Timestamp};

use super::workspace::Person;

/// How long a trigger can be used. docs.slack.dev, "Handling user interaction".
const TIME: Duration = Duration::from_secs(3);

/// How long a trigger is remembered, so that a late use is told from a wrong one.
const KEEP: Duration = Duration::from_secs(60);

/// The triggers of the last moments.
#[derive(Default)]
pub(super) struct Triggers {
    open: Mutex<HashMap<String, Trigger>>,
}

struct Trigger {
    window: String,
    who: &'static Person,
    made: Timestamp,
    used: bool,
}

impl Triggers {
    /// Makes one for what somebody did in a window of the page.
    pub(super) fn make(&self, window: &str, who: &'static Person, now: Timestamp) -> Result<String, Error> {
        let name = format!("{}.{}", now.as_millis(), random_secret()?.expose());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, trigger| now.since(trigger.made) < KEEP);
        open.insert(name.clone(), Trigger { window: window.to_owned(), who, made: now, used: false });
        Ok(name)
    }

    /// Uses one up and returns its window and who did it, or Slack's word for why that cannot be.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Result<(String, &'static Person), &'static str> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(name) {
            None => Err("invalid_trigger_id"),
            Some(trigger) if trigger.used => Err("exchanged_trigger_id"),
            Some(trigger) if now.since(trigger.made) >= TIME => Err("expired_trigger_id"),
            Some(trigger) => {
                trigger.used = true;
                Ok((trigger.window.clone(), trigger.who))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::workspace::PEOPLE;
    use super::*;

    #[test]
    fn once_and_within_three_seconds() {
        let triggers = Triggers::default();
        let now = Timestamp::from_secs(1000);
        let (first, second) =
            (triggers.make("w1", &PEOPLE[0], now).unwrap(), triggers.make("w2", &PEOPLE[1], now).unwrap());
        assert_eq!(triggers.take(&first, now + Duration::from_millis(2999)), Ok(("w1".to_owned(), &PEOPLE[0])));
        assert_eq!(triggers.take(&first, now), Err("exchanged_trigger_id"));
        assert_eq!(triggers.take(&second, now + TIME), Err("expired_trigger_id"));
        assert_eq!(triggers.take("guess", now), Err("invalid_trigger_id"));
    }
}
