//! Is anybody there?

use catops_core::command;

/// Say that the bot is there.
///
/// The line goes the whole way that every command goes, through both legs: if `pong` comes back, all of it works.
#[command(repeatable)]
async fn ping() -> &'static str {
    "pong"
}

#[cfg(test)]
mod tests {
    use crate::bot;

    #[tokio::test]
    async fn ping_is_answered_to_all() {
        let reply = bot().run("ping").await;
        assert_eq!(reply, catops_core::Reply::to_channel("pong"));
    }
}
