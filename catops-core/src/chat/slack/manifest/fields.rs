//! The fields of a manifest, in the order in which they are printed. Their meaning is told in docs.slack.dev, "App manifest
//! reference".

use serde::Serialize;

use super::slash::SlashCommand;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Metadata {
    pub(super) major_version: u8,
    pub(super) minor_version: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DisplayInformation {
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Features {
    pub(super) app_home: AppHome,
    pub(super) bot_user: BotUser,
    pub(super) shortcuts: Vec<Shortcut>,
    pub(super) slash_commands: Vec<SlashCommand>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct AppHome {
    pub(super) home_tab_enabled: bool,
    pub(super) messages_tab_enabled: bool,
    pub(super) messages_tab_read_only_enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct BotUser {
    pub(super) display_name: String,
    pub(super) always_online: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shortcut {
    pub(super) name: &'static str,
    pub(super) r#type: &'static str,
    pub(super) callback_id: &'static str,
    pub(super) description: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct OauthConfig {
    pub(super) scopes: Scopes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Scopes {
    pub(super) bot: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_subscriptions: Option<EventSubscriptions>,
    pub(super) interactivity: Interactivity,
    pub(super) org_deploy_enabled: bool,
    pub(super) socket_mode_enabled: bool,
    pub(super) token_rotation_enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct EventSubscriptions {
    pub(super) request_url: String,
    pub(super) bot_events: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Interactivity {
    pub(super) is_enabled: bool,
    pub(super) request_url: String,
    pub(super) message_menu_options_url: String,
}
