//! Ids: what they look like, and what is none.

use crate::rules::Kind;

/// An example of a channel's id, and where to find one.
const A_CHANNEL: &str = "`C024BE91L` (in Slack: the channel's name › About › the last line)";

/// Reads a member. An error says what is wrong and the cure.
///
/// Slack's ids are told by their first letter; an id of another form has its kind before it, as in `user:80351110224678912`.
pub fn read(text: &str) -> Result<(Kind, String), String> {
    if let Some((kind, id)) = text.split_once(':') {
        let kind = match kind {
            "user" => Kind::User,
            "group" => Kind::Group,
            "channel" => Kind::Channel,
            _ => return Err(format!("`{kind}:` is no kind of id; there are `user:`, `group:` and `channel:`")),
        };
        let is_id = !id.is_empty() && !id.contains(char::is_whitespace) && !id.starts_with(['@', '#']);
        return is_id.then(|| (kind, id.to_owned())).ok_or_else(|| wrong(text));
    }
    if let Some((name, host)) = text.split_once('@').filter(|(name, _)| !name.is_empty()) {
        let is_address = host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !text.contains(|c: char| c.is_whitespace() || "<>,;\"|".contains(c))
            && !host.contains('@')
            && !name.contains('*');
        return match is_address {
            true => Ok((Kind::Email, text.to_lowercase())),
            false => Err(format!("`{text}` is not one e-mail address, such as `ann@example.com`")),
        };
    }
    let kind = match text.chars().next() {
        Some('U' | 'W') => Kind::User,
        Some('S') => Kind::Group,
        Some('C' | 'G') => Kind::Channel,
        _ => return Err(wrong(text)),
    };
    if is_slack_id(text) { Ok((kind, text.to_owned())) } else { Err(wrong(text)) }
}

/// Reads a channel.
pub(crate) fn channel(text: &str) -> Result<String, String> {
    match read(text) {
        Ok((Kind::Channel, id)) => Ok(id),
        // A conversation with the bot alone is a place too.
        _ if text.starts_with('D') && is_slack_id(text) => Ok(text.to_owned()),
        Ok(_) => Err(format!("`{text}` is no channel; the id of one begins with C or G, such as `C024BE91L`")),
        Err(_) => Err(format!(
            "`{text}` is not the id of a channel, whose name can be given to another; write the id, such as {A_CHANNEL}"
        )),
    }
}

/// Reads a workspace.
pub(crate) fn team(text: &str) -> Result<String, String> {
    if (text.starts_with('T') || text.starts_with('E')) && is_slack_id(text) {
        return Ok(text.to_owned());
    }
    if let Some(id) = text.strip_prefix("team:").filter(|id| !id.is_empty() && !id.contains(char::is_whitespace)) {
        return Ok(id.to_owned());
    }
    Err(format!(
        "`{text}` is not the id of a workspace, such as `T024BE7LD` (in Slack on the web: the first id in the address)"
    ))
}

/// Capital letters and digits, as Slack makes them. One without a digit would be short for a word in capitals.
fn is_slack_id(text: &str) -> bool {
    let is_made = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_made && text.len() > 1 && (text.len() >= 9 || text.bytes().any(|byte| byte.is_ascii_digit()))
}

fn wrong(text: &str) -> String {
    if text.starts_with('#') {
        return format!(
            "`{text}` is the name of a channel, which can be given to another; write the id, such as {A_CHANNEL}"
        );
    }
    let capitals = text.to_ascii_uppercase();
    if capitals != text && text.len() >= 9 && is_slack_id(&capitals) && capitals.starts_with(['U', 'W', 'S', 'C', 'G'])
    {
        return format!("`{text}` is not how ids are written; did you mean `{capitals}`?");
    }
    if text.starts_with(['T', 'E']) && is_slack_id(text) {
        return format!("`{text}` is a workspace; `teams` at the top of the file takes it");
    }
    let (sort, other) = match text.strip_prefix('@') {
        Some(_) => ("is a name", String::new()),
        None if text.is_empty() || text.contains(char::is_whitespace) => ("is a name", String::new()),
        None => ("looks like a name", format!("; an id of another chat is written `user:{text}`")),
    };
    format!(
        "`{text}` {sort}, and people choose their own; write the id, such as `U012AB3CD` (in Slack: profile › ⋮ › Copy member \
         ID), `S0614TZR7` for a user group, `C024BE91L` for a channel, or an e-mail address{other}"
    )
}
