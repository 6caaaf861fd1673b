//! What can be pressed, picked from and typed into. docs.slack.dev, "Block elements".

use serde_json::Value;

use super::{Checker, NAME};

/// The words on a button, and what is read aloud instead. docs.slack.dev, "Button element".
const BUTTON: usize = 75;

/// What a button carries. docs.slack.dev, "Button element".
const BUTTON_VALUE: usize = 2_000;

/// The address behind a button. docs.slack.dev, "Button element".
const BUTTON_URL: usize = 3_000;

/// What stands in an empty field. docs.slack.dev, "Select menu element", "Plain-text input element".
const PLACEHOLDER: usize = 150;

/// Options, and groups of options, of a menu. docs.slack.dev, "Select menu element", "Option group object".
const OPTIONS: usize = 100;

/// The name of a group of options. docs.slack.dev, "Option group object".
const GROUP: usize = 75;

/// Options behind three dots. docs.slack.dev, "Overflow menu element".
const OVERFLOW: usize = 5;

/// Boxes and buttons to choose from. docs.slack.dev, "Checkboxes element", "Radio button group element".
const BOXES: usize = 10;

/// What can be typed into a field. docs.slack.dev, "Plain-text input element".
const TYPED: usize = 3_000;

/// What an image says to those who cannot see it, and its address. docs.slack.dev, "Image element".
const IMAGE: [usize; 2] = [2_000, 3_000];

impl Checker {
    /// Checks an element; `allowed` are the types that its block takes.
    pub(super) fn element(&mut self, at: &str, element: &Value, allowed: &[&str]) {
        let Some(kind) = element["type"].as_str() else { return self.breach(at, "it has no type") };
        if !allowed.contains(&kind) {
            return self.breach(at, format!("a {kind} has no place here"));
        }
        self.string(format!("{at}.action_id"), &element["action_id"], NAME);
        self.perhaps(&format!("{at}.placeholder"), &element["placeholder"], PLACEHOLDER);
        self.confirm(&format!("{at}.confirm"), &element["confirm"]);
        self.focused += usize::from(element["focus_on_load"] == true);
        match kind {
            "button" => self.button(at, element),
            "image" => self.image(at, element),
            "overflow" => self.options(&format!("{at}.options"), &element["options"], 1, OVERFLOW),
            "checkboxes" | "radio_buttons" => self.options(&format!("{at}.options"), &element["options"], 1, BOXES),
            "static_select" | "multi_static_select" => self.menu(at, element),
            "external_select" | "multi_external_select" if !element["options"].is_null() => {
                self.breach(format!("{at}.options"), "an external menu asks for its options");
            }
            "plain_text_input" => self.input(at, element),
            _ => {}
        }
    }

    fn button(&mut self, at: &str, button: &Value) {
        self.plain(&format!("{at}.text"), &button["text"], BUTTON);
        self.string(format!("{at}.value"), &button["value"], BUTTON_VALUE);
        self.string(format!("{at}.url"), &button["url"], BUTTON_URL);
        self.string(format!("{at}.accessibility_label"), &button["accessibility_label"], BUTTON);
        match &button["style"] {
            Value::Null => {}
            style if style == "primary" || style == "danger" => {}
            style => self.breach(format!("{at}.style"), format!("{style} is unknown")),
        }
    }

    pub(super) fn image(&mut self, at: &str, image: &Value) {
        if image["alt_text"].as_str().is_none_or(str::is_empty) {
            self.breach(format!("{at}.alt_text"), "there is none");
        }
        self.string(format!("{at}.alt_text"), &image["alt_text"], IMAGE[0]);
        self.text += image["alt_text"].as_str().map_or(0, super::units);
        match image["image_url"].as_str() {
            Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
                self.breach(format!("{at}.image_url"), "it is not an address");
            }
            None if image["slack_file"].is_null() => self.breach(format!("{at}.image_url"), "there is none"),
            _ => self.string(format!("{at}.image_url"), &image["image_url"], IMAGE[1]),
        }
    }

    /// Checks a menu: options, or groups of options, and not both.
    fn menu(&mut self, at: &str, menu: &Value) {
        let groups = &menu["option_groups"];
        if groups.is_null() {
            self.options(&format!("{at}.options"), &menu["options"], 1, OPTIONS);
        } else if !menu["options"].is_null() {
            self.breach(at, "it has options and groups of options");
        }
        let list = |name: &str| menu[name].as_array().cloned().unwrap_or_default();
        if !groups.is_null() {
            let at = format!("{at}.option_groups");
            for (n, group) in self.list(&at, groups, 1, OPTIONS).iter().enumerate() {
                self.plain(&format!("{at}[{n}].label"), &group["label"], GROUP);
                self.options(&format!("{at}[{n}].options"), &group["options"], 1, OPTIONS);
            }
        }
        let grouped =
            list("option_groups").iter().flat_map(|group| group["options"].as_array().cloned()).flatten().collect();
        let all = [list("options"), grouped].concat();
        let initial = [list("initial_options"), Vec::from_iter(menu.get("initial_option").cloned())].concat();
        if initial.iter().any(|option| !all.contains(option)) {
            self.breach(at, "what is picked at first is not among the options");
        }
    }

    /// Checks what a menu is offered while somebody types.
    pub(super) fn offer(&mut self, offer: &Value) {
        if offer["option_groups"].is_null() {
            if !offer["options"].is_array() {
                self.breach("options", "there are neither options nor groups of options");
            }
            self.options("options", &offer["options"], 0, OPTIONS);
        }
        for (n, group) in self.list("option_groups", &offer["option_groups"], 0, OPTIONS).iter().enumerate() {
            self.plain(&format!("option_groups[{n}].label"), &group["label"], GROUP);
            self.options(&format!("option_groups[{n}].options"), &group["options"], 0, OPTIONS);
        }
    }

    fn input(&mut self, at: &str, input: &Value) {
        self.string(format!("{at}.initial_value"), &input["initial_value"], TYPED);
        let bound = |name: &str| input[name].as_u64().and_then(|bound| usize::try_from(bound).ok());
        let (least, most) = (bound("min_length").unwrap_or(0), bound("max_length").unwrap_or(TYPED));
        if most > TYPED || most == 0 || least > most {
            self.breach(at, format!("{least} to {most} characters; 1 to {TYPED} can be typed"));
        }
    }
}
