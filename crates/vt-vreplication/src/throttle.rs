//! Who says whether streams may go on now.

/// Says whether an app may go on: `vplayer` applies events, `vcopier` copies rows.
pub trait Throttle: Send + Sync + 'static {
    /// Returns why the app has to wait; `None` lets it go on.
    fn check(&self, app: &str) -> Option<String>;
}

/// Lets everything go on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unthrottled;

impl Throttle for Unthrottled {
    fn check(&self, _: &str) -> Option<String> {
        None
    }
}
