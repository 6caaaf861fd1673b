//! `break-glass`: runs at once what else waits for approval.

use super::{End, Turn};
use crate::audit::Outcome;
use crate::command::near::one_of;
use crate::policy::Asker;
use crate::reply::Reply;

impl Turn<'_> {
    /// Decides whether the asker may run `line` without the approval that it takes; an error is how it ends if not.
    pub(super) fn may_break_glass(&self, line: &str, asker: Asker<'_>) -> Result<(), End> {
        let (app, policy) = (&self.dispatcher.app, self.dispatcher.app.policy());
        let (command, shown) = self.meant("break-glass", line, asker)?;
        let read = app.commands().line(line).map(|line| line.arguments).unwrap_or_default();
        let denied = |why: String| Err((Outcome::Denied, Reply::to_asker(why)));
        if let Err(why) = policy.admit(asker, &command, Some(&read), &shown) {
            return denied(why);
        }
        if policy.approval(asker, &command, Some(&read)).is_none() {
            let said = format!("`{shown}` takes no approval, so no glass has to break for it. Nothing was run.");
            return Err((Outcome::Usage, Reply::to_asker(said)));
        }
        if policy.may_break_glass(asker) {
            return Ok(());
        }
        let roles: Vec<&str> = policy.rules().break_glass.iter().map(|role| role.text).collect();
        denied(match roles.as_slice() {
            [] => "You may not break the glass: the policy lets nobody do so. Nothing was run.".to_owned(),
            roles => {
                let roles = one_of(roles);
                format!("You may not break the glass. Somebody with the role {roles} may. Nothing was run.")
            }
        })
    }
}
