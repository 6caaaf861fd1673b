//! Why Slack refused, and what helps.

use super::Answer;
use crate::error::{Error, ErrorKind};

/// The longest remark of Slack's that is shown, in bytes.
const REMARK: usize = 200;

/// Says why Slack refused `method`, and what helps; `channel` is the channel, the group or the person that it was about. The codes are those of docs.slack.dev, "Errors" of each method.
pub(super) fn refusal(method: &str, answer: &Answer, channel: &str) -> Error {
    let code = answer.error.as_str();
    let is_file = method.starts_with("files.");
    let what = match method.split('.').next() {
        Some("views") => "form",
        Some("users" | "usergroups" | "auth") => "question",
        _ => "reply",
    };
    let (kind, said) = match code {
        "expired_trigger_id" => {
            (ErrorKind::Gone, "Slack opened no form: it came later than 3 s after the key press".to_owned())
        }
        "exchanged_trigger_id" => (ErrorKind::Gone, "Slack opened no form: its trigger was used before".to_owned()),
        "channel_not_found" | "invalid_channel" => (
            ErrorKind::Refused,
            format!(
                "Slack has no channel `{channel}` that the bot can see; check the id (CATOPS_SCHEDULE_CHANNEL, for a \
                 schedule; CATOPS_AUDIT_CHANNEL), and invite the bot if the channel is private"
            ),
        ),
        // A file is for members, whatever the scopes.
        "not_in_channel" | "posting_to_channel_denied" if is_file => (
            ErrorKind::Refused,
            format!("the bot is not in the channel `{channel}`, so it cannot put files there; invite it"),
        ),
        "not_in_channel" => (
            ErrorKind::Refused,
            format!(
                "the bot is not in the channel `{channel}`; invite it there, or give it the scope `chat:write.public`"
            ),
        ),
        "is_archived" | "is_inactive" => {
            (ErrorKind::Refused, format!("the channel `{channel}` is archived; choose another"))
        }
        "user_not_in_channel" => (ErrorKind::Refused, format!("the asker is no longer in the channel `{channel}`")),
        "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel" => (
            ErrorKind::Refused,
            format!(
                "the workspace does not let the bot post in the channel `{channel}` ({code}); ask an administrator"
            ),
        ),
        "messages_tab_disabled" => (
            ErrorKind::Config,
            "people cannot get messages from the bot; switch on \"Messages Tab\" under \"App Home\" of your app"
                .to_owned(),
        ),
        "file_uploads_disabled"
        | "file_uploads_except_images_disabled"
        | "file_type_not_allowed"
        | "file_upload_size_restricted"
        | "storage_limit_reached" => (ErrorKind::Refused, format!("the workspace does not take the file: {code}")),
        "missing_scope" => {
            let scope = match method {
                _ if is_file => "files:write",
                "users.info" => "users:read` with `users:read.email",
                "usergroups.users.list" => "usergroups:read",
                _ => "chat:write",
            };
            (
                ErrorKind::Config,
                format!(
                    "CATOPS_SLACK_BOT_TOKEN lacks the scope `{scope}`; add it to your app under \"OAuth & Permissions\", \
                     and install the app anew"
                ),
            )
        }
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_expired"
        | "token_revoked"
        | "not_allowed_token_type" => (
            ErrorKind::Config,
            format!(
                "Slack does not take CATOPS_SLACK_BOT_TOKEN ({code}); copy it again: your app, \"OAuth & Permissions\", \
                 \"Bot User OAuth Token\""
            ),
        ),
        "ratelimited" | "rate_limited" => {
            (ErrorKind::Unavailable, "Slack takes no more messages for now, longer than we can wait".to_owned())
        }
        // These may have posted all the same, so they are not tried again here.
        "fatal_error"
        | "internal_error"
        | "request_timeout"
        | "service_unavailable"
        | "team_added_to_org"
        | "update_failed" => (ErrorKind::Unavailable, format!("Slack could not take the {what}: {code}")),
        "no_such_subteam" => (
            ErrorKind::Refused,
            format!("Slack has no user group `{channel}` ({code}); check the id in the policy file"),
        ),
        _ => {
            let remark = answer.remark().map(|remark| format!(": {remark}")).unwrap_or_default();
            (ErrorKind::Refused, format!("Slack refused the {what}: {}{remark}", super::super::code(code)))
        }
    };
    Error::new(kind, said)
}

impl Answer {
    /// Returns what Slack remarks on what it refused, such as `[ERROR] must be more than 0 characters
    /// [json-pointer:/blocks/0/text/text]`, if it is such a remark: one that could quote an address or a word of the
    /// message is not shown.
    fn remark(&self) -> Option<&str> {
        let remark = self.response_metadata.messages.first()?.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" []()/:_-.,=<>".contains(&byte);
        let is_remark = remark.starts_with("[ERROR] ") && remark.contains("[json-pointer:/") && remark.len() <= REMARK;
        (is_remark && remark.bytes().all(plain) && !remark.contains("//")).then_some(remark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, answer: &str, kind: ErrorKind, said: &str) {
        let error = refusal(method, &serde_json::from_str(answer).unwrap(), "C1");
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, said), "{method} {answer}");
    }

    #[test]
    fn each_method_names_its_scope() {
        let lacks = |scope: &str| {
            format!(
                "CATOPS_SLACK_BOT_TOKEN lacks the scope `{scope}`; add it to your app under \"OAuth & Permissions\", and \
                 install the app anew"
            )
        };
        let answer = r#"{"ok":false,"error":"missing_scope","needed":"x","provided":"y"}"#;
        check("chat.postMessage", answer, ErrorKind::Config, &lacks("chat:write"));
        check("files.getUploadURLExternal", answer, ErrorKind::Config, &lacks("files:write"));
        check("usergroups.users.list", answer, ErrorKind::Config, &lacks("usergroups:read"));
        check("users.info", answer, ErrorKind::Config, &lacks("users:read` with `users:read.email"));
        let answer = r#"{"ok":false,"error":"not_in_channel"}"#;
        let said = "the bot is not in the channel `C1`, so it cannot put files there; invite it";
        check("files.completeUploadExternal", answer, ErrorKind::Refused, said);
    }

    #[test]
    fn remarks_are_shown_where_they_quote_nothing() {
        let check = |remark: &str, shown: &str| {
            let metadata = serde_json::json!({"messages": [remark]});
            let answer = serde_json::json!({"ok": false, "error": "invalid_blocks", "response_metadata": metadata});
            let said = format!("Slack refused the reply: invalid_blocks{shown}");
            check("chat.postMessage", &answer.to_string(), ErrorKind::Refused, &said);
        };
        let remark = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]";
        check(remark, &format!(": {remark}"));
        check("[ERROR] no such address: https://hooks.slack.com/x [json-pointer:/blocks/0]", "");
        check("[ERROR] `hunter2` is too long [json-pointer:/blocks/0]", "");
        check("[ERROR] hunter2", "");
        check(&format!("[ERROR] {} [json-pointer:/blocks/0]", "x".repeat(REMARK)), "");
        check("", "");
    }
}
