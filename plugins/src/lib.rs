//! The plugins of this bot. Each file beside `Cargo.toml` is one; drop another in, and its commands are there.
//!
//! What two plugins share, or what would hide a command among its means, is a module in this folder.

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

mod address;
mod certificate;
mod name;
mod period;
mod url;
mod visit;

/// Makes the bot that the plugins' tests type at.
#[cfg(test)]
fn bot() -> catops_core::testing::Bot {
    catops_core::testing::Bot::new(&COMMANDS)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_is_sound() {
        assert_eq!(catops_core::command::check(&super::COMMANDS), Vec::<String>::new());
        assert!(super::COMMANDS.find("ping").is_some());
    }
}
