//! Modal views that the bot opened.

use serde_json::{Map, Value, json};

use super::message::elements;

/// A view, as it stands open before somebody.
#[derive(Clone, Debug)]
pub struct View {
    /// Its id.
    pub id: String,
    /// The view it was pushed over; itself if it is the lowest.
    pub root: String,
    /// The view below it.
    pub below: Option<String>,
    /// Before whom it is open.
    pub user: String,
    /// Changes whenever the view does.
    pub hash: String,
    /// What was sent: `title`, `blocks`, `private_metadata` and so on.
    pub body: Value,
    /// What stands beside the fields since the last submission, by block.
    pub errors: Vec<(String, String)>,
    /// What each menu was last offered while somebody typed, by block: words and values.
    pub(super) offered: Vec<(String, Vec<Value>)>,
}

impl View {
    /// Returns its title.
    pub fn title(&self) -> &str {
        self.body["title"]["text"].as_str().unwrap_or_default()
    }

    /// Returns everything it says, as JSON text.
    pub fn all(&self) -> String {
        self.body.to_string()
    }

    /// Returns the labels of its fields.
    pub fn labels(&self) -> Vec<String> {
        let inputs = self.inputs();
        inputs.into_iter().map(|(_, block)| block["label"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Returns its input blocks with their ids.
    pub(super) fn inputs(&self) -> Vec<(String, &Value)> {
        let blocks = self.body["blocks"].as_array().into_iter().flatten().enumerate();
        let inputs = blocks.filter(|(_, block)| block["type"] == "input");
        let id = |at, block: &Value| block["block_id"].as_str().map_or_else(|| format!("b{at}"), str::to_owned);
        inputs.map(|(at, block)| (id(at, block), block)).collect()
    }

    /// Returns the view as Slack sends it along, with `values` as its state.
    pub(super) fn to_json(&self, values: Map<String, Value>) -> Value {
        let mut view = self.body.clone();
        // Slack names what the bot did not name.
        for (at, block) in view["blocks"].as_array_mut().into_iter().flatten().enumerate() {
            if block["block_id"].is_null() {
                block["block_id"] = format!("b{at}").into();
            }
        }
        let own = json!({
            "id": self.id, "team_id": super::TEAM, "app_id": super::APP, "bot_id": super::BOT, "hash": self.hash,
            "root_view_id": self.root, "previous_view_id": self.below, "app_installed_team_id": super::TEAM,
            "state": {"values": values},
        });
        for (name, value) in own.as_object().into_iter().flatten() {
            view[name] = value.clone();
        }
        for name in ["callback_id", "private_metadata", "external_id"] {
            if view[name].is_null() {
                view[name] = "".into();
            }
        }
        for name in ["clear_on_close", "notify_on_close"] {
            if view[name].is_null() {
                view[name] = false.into();
            }
        }
        view
    }

    /// Returns the state of the view once `typed` was typed or picked, each under the label or the block id of its field.
    /// What nobody touched has its initial value.
    pub(super) fn values(&self, typed: &[(&str, &str)]) -> Result<Map<String, Value>, String> {
        let mut values = Map::new();
        for (id, element) in elements(&self.body) {
            if element["type"] != "button" {
                let action = element["action_id"].as_str().unwrap_or("a").to_owned();
                values.entry(id).or_insert_with(|| json!({}))[action] = initial(element);
            }
        }
        for (field, text) in typed {
            let inputs = self.inputs();
            let found = inputs.iter().find(|(id, block)| id == field || block["label"]["text"] == **field);
            let (id, block) = found.ok_or_else(|| {
                format!("the view {:?} has no field {field:?}, but {:?}", self.title(), self.labels())
            })?;
            let element = &block["element"];
            let action = element["action_id"].as_str().unwrap_or("a");
            values[id][action] = self.filled(id, element, text)?;
        }
        Ok(values)
    }

    /// Returns what a field holds once `text` was typed or picked.
    fn filled(&self, id: &str, element: &Value, text: &str) -> Result<Value, String> {
        let kind = element["type"].as_str().unwrap_or_default();
        let pick = |text: &str| self.pick(id, element, text);
        let each = || text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let mut state = json!({"type": kind});
        match kind {
            "static_select" | "external_select" | "radio_buttons" => state["selected_option"] = pick(text)?,
            "multi_static_select" | "multi_external_select" | "checkboxes" => {
                state["selected_options"] = each().map(pick).collect::<Result<Vec<_>, _>>()?.into();
            }
            "users_select" => state["selected_user"] = text.into(),
            "channels_select" => state["selected_channel"] = text.into(),
            "conversations_select" => state["selected_conversation"] = text.into(),
            "multi_users_select" => state["selected_users"] = each().collect::<Vec<_>>().into(),
            "multi_channels_select" => state["selected_channels"] = each().collect::<Vec<_>>().into(),
            "multi_conversations_select" => state["selected_conversations"] = each().collect::<Vec<_>>().into(),
            "datepicker" => state["selected_date"] = text.into(),
            "timepicker" => state["selected_time"] = text.into(),
            "plain_text_input" => {
                let most = element["max_length"].as_u64().unwrap_or(3_000);
                if text.encode_utf16().count() as u64 > most {
                    return Err(format!("Slack takes no more than {most} characters in the field {id}"));
                }
                state["value"] = text.into();
            }
            _ => state["value"] = text.into(),
        }
        Ok(state)
    }

    /// Finds an option by its words or its value, among those that are in the view or were offered last.
    fn pick(&self, id: &str, element: &Value, text: &str) -> Result<Value, String> {
        let grouped =
            element["option_groups"].as_array().into_iter().flatten().filter_map(|group| group["options"].as_array());
        let offered = self.offered.iter().filter(|(block, _)| block == id).map(|(_, options)| options);
        let mut all = element["options"].as_array().into_iter().chain(grouped).chain(offered).flatten();
        let found = all.clone().find(|option| option["text"]["text"] == *text || option["value"] == *text);
        found
            .or_else(|| Some(&element["initial_option"]).filter(|option| option["value"] == *text))
            .cloned()
            .ok_or_else(|| {
                let words: Vec<_> = all.by_ref().filter_map(|option| option["text"]["text"].as_str()).collect();
                format!("the menu {id} does not offer {text:?}, but {words:?}")
            })
    }
}

/// Returns the state of a field that nobody touched.
fn initial(element: &Value) -> Value {
    let kind = element["type"].as_str().unwrap_or_default();
    let (name, from) = match kind {
        "static_select" | "external_select" | "radio_buttons" => ("selected_option", "initial_option"),
        "multi_static_select" | "multi_external_select" | "checkboxes" => ("selected_options", "initial_options"),
        "users_select" => ("selected_user", "initial_user"),
        "channels_select" => ("selected_channel", "initial_channel"),
        "conversations_select" => ("selected_conversation", "initial_conversation"),
        "multi_users_select" => ("selected_users", "initial_users"),
        "multi_channels_select" => ("selected_channels", "initial_channels"),
        "multi_conversations_select" => ("selected_conversations", "initial_conversations"),
        "datepicker" => ("selected_date", "initial_date"),
        "timepicker" => ("selected_time", "initial_time"),
        _ => ("value", "initial_value"),
    };
    let value = match &element[from] {
        Value::Null if name.ends_with('s') => json!([]),
        value => value.clone(),
    };
    json!({"type": kind, name: value})
}
