//! YAML, from JSON that has a line for each field.
//!
//! A quoted string means the same in both, but for what [`one_line`](super::text::one_line) takes out of a manifest. Only
//! what holds the strings together is written anew.

/// Turns what `serde_json::to_string_pretty` writes of a struct into YAML.
///
/// Neither keys nor texts in lists may need quotes or escapes, as the names of fields, scopes and events do not.
pub(super) fn from_json(json: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut dash = "";
    for line in json.lines() {
        let text = line.trim_start();
        // The outermost braces go, and their indentation with them; a dash takes the place of two spaces.
        let indent = (line.len() - text.len()).saturating_sub(2);
        match text.strip_suffix(',').unwrap_or(text) {
            "{" => dash = if lines.is_empty() { "" } else { "- " },
            "}" | "]" => {}
            item => {
                let field = item.strip_prefix('"').and_then(|field| field.split_once("\": "));
                let text = match field {
                    Some((key, "{" | "[")) => format!("{key}:"),
                    Some((key, value)) => format!("{key}: {value}"),
                    None => format!("- {item}"),
                };
                lines.push(format!("{}{dash}{text}", " ".repeat(indent.saturating_sub(dash.len()))));
                dash = "";
            }
        }
    }
    lines.join("\n")
}
