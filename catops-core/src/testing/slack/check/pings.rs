//! What a message does to people who did not ask for it.

use serde_json::Value;

/// Returns what in a message or a view calls somebody: `<@U1>`, `<!channel>`, `<!subteam^S1>` and their like, wherever
/// Slack would read it as such. Values and ids of buttons are not shown, and plain text is shown as it is.
pub fn pings(message: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(message, &mut found);
    found
}

fn look(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| look(value, found)),
        // In rich text a mention is an element of its own.
        Value::Object(map)
            if map.get("type").is_some_and(|kind| kind == "user" || kind == "usergroup" || kind == "broadcast") =>
        {
            found.push(value.to_string());
        }
        Value::Object(map) => {
            let is_plain = map.get("type").is_some_and(|kind| kind == "plain_text" || kind == "raw_text");
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if ["text", "pretext", "fallback", "title"].contains(&name.as_str()) && !is_plain => {
                        let calls = text.match_indices('<').map(|(at, _)| &text[at..]);
                        let calls = calls.filter(|rest| {
                            rest.starts_with("<@") || rest.starts_with("<!") && !rest.starts_with("<!date")
                        });
                        found.extend(
                            calls.map(|rest| rest[..rest.find('>').map_or(rest.len(), |end| end + 1)].to_owned()),
                        );
                    }
                    _ => look(value, found),
                }
            }
        }
        _ => {}
    }
}
