//! A panic in a command ends that command alone, and its text goes to the log.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;
use std::time::{Duration, Instant};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the panic hook by one that is silent while [`catch`] runs, and the one before it otherwise.
///
/// The default hook prints a backtrace while the asker waits, which takes 100 ms and more in a development build.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                PLACE.with_borrow_mut(|place| *place = Some(describe(info)));
            } else {
                before(info);
            }
        }));
    });
}

/// Runs `work` and returns what it panicked with, as text with its place.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|payload| PLACE.with_borrow_mut(Option::take).unwrap_or_else(|| text(&*payload).to_owned()))
}

/// How long a future may keep its thread before it is worth a word; others wait meanwhile.
const LONG_POLL: Duration = Duration::from_millis(100);

/// Runs a future so that a panic before, between or after its awaits is caught, also in its destructor. `held` hears of it
/// when it kept its thread for long.
pub(crate) async fn guard<'a, T>(
    start: impl FnOnce() -> Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    held: impl Fn(Duration),
) -> Result<T, String> {
    let mut work = Some(catch(start)?);
    poll_fn(move |cx| {
        let Some(future) = work.as_mut() else { return Poll::Pending };
        let begun = Instant::now();
        let polled = catch(|| future.as_mut().poll(cx));
        let took = begun.elapsed();
        if took > LONG_POLL {
            held(took);
        }
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(panic) => Err(panic),
        };
        let dropped = catch(|| drop(work.take()));
        Poll::Ready(ended.and_then(|value| dropped.map(|()| value)))
    })
    .await
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let text = text(info.payload());
    match info.location() {
        Some(place) => format!("{text}, at {}:{}", shorten(place.file()), place.line()),
        None => text.to_owned(),
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    let string = payload.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without text")
}

/// Cuts the builder's own folder off a path.
fn shorten(file: &str) -> &str {
    let root = env!("CARGO_MANIFEST_DIR").trim_end_matches("catops-core");
    file.strip_prefix(root).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_place_are_kept() {
        install();
        let said = catch(|| panic!("no {}", "way")).unwrap_err();
        assert!(said.starts_with("no way, at ") && said.contains("panics.rs:"), "{said}");
        assert!(!said.contains(env!("CARGO_MANIFEST_DIR")), "{said}");
        assert_eq!(catch(|| 7), Ok(7));
    }
}
