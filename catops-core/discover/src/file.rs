//! What one file declares.

use std::fs;

use catops_policy::Parameter;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, FnArg, ImplItem, Item, Lit, LitInt, LitStr, Meta, Pat, Token, TraitItem, Type};

use crate::Scan;
use crate::folder::Place;

/// A file of plugins and what is in it.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) shown: String,
    pub(crate) module: String,
    /// The conditions on the whole file, as written.
    pub(crate) cfgs: Vec<String>,
    /// Its `//!` text.
    pub(crate) page: String,
    pub(crate) commands: Vec<Command>,
    /// Whether it parsed, so that these are all.
    pub(crate) is_whole: bool,
}

/// A command in a file.
#[derive(Debug)]
pub(crate) struct Command {
    /// The function's name.
    pub(crate) function: String,
    /// The command's own name, as shown.
    pub(crate) name: String,
    pub(crate) group: Option<String>,
    pub(crate) line: usize,
    /// The conditions on the function and on its file, as written.
    pub(crate) cfgs: Vec<String>,
    /// The permission that it requires.
    pub(crate) requires: Option<String>,
    /// The role that it declares of those who have to approve it.
    pub(crate) approve: Option<String>,
    /// How many of them have to.
    pub(crate) approvals: u8,
    /// What it takes, as far as the signature tells.
    pub(crate) parameters: Vec<Parameter>,
}

impl Command {
    /// Returns how it is called.
    pub(crate) fn path(&self) -> String {
        match &self.group {
            Some(group) => format!("{group} {}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Reads one file; nothing comes of one that is private.
pub(crate) fn read(place: &Place, scan: &mut Scan) -> Option<File> {
    let text = match fs::read_to_string(&place.path) {
        Ok(text) => text,
        Err(error) => {
            scan.faults.push(format!("{} cannot be read: {error}", place.shown));
            return None;
        }
    };
    if place.is_private {
        warn(place, &text, scan);
        return None;
    }
    let mut file = File {
        path: place.path.to_string_lossy().into_owned(),
        shown: place.shown.clone(),
        module: place.module.clone(),
        cfgs: Vec::new(),
        page: String::new(),
        commands: Vec::new(),
        is_whole: false,
    };
    // A file that does not parse stays a module without commands: rustc then shows the mistake in its place.
    if let Ok(parsed) = syn::parse_file(&text) {
        file.cfgs = cfgs(&parsed.attrs);
        file.page = doc(&parsed.attrs);
        file.is_whole = true;
        for item in &parsed.items {
            match item {
                Item::Fn(function) => file.commands.extend(command(&file, &function.attrs, &function.sig)),
                item => misplaced(item, &file.shown, scan),
            }
        }
    }
    Some(file)
}

fn command(file: &File, attributes: &[Attribute], signature: &syn::Signature) -> Option<Command> {
    let attribute = marked(attributes)?;
    let function = signature.ident.unraw().to_string();
    let mut name = shown(&function);
    let mut group = None;
    let mut requires = None;
    let (mut approve, mut approvals) = (None, 1);
    if matches!(attribute.meta, Meta::List(_)) {
        // What is wrong here is for the macro to say, which points at the place.
        let _ = attribute.parse_nested_meta(|meta| {
            let has_value = meta.input.peek(Token![=]);
            if meta.path.is_ident("name") {
                name = shown(&meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("group") && has_value {
                group = Some(shown(&meta.value()?.parse::<LitStr>()?.value()));
            } else if meta.path.is_ident("group") {
                group = Some(shown(&file.module));
            } else if meta.path.is_ident("requires") {
                requires = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("approve") {
                approve = role(&meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("n") {
                approvals = meta.value()?.parse::<LitInt>()?.base10_parse().unwrap_or(approvals);
            } else if has_value {
                meta.value()?.parse::<Expr>()?;
            }
            Ok(())
        });
    }
    let parameters = signature.inputs.iter().filter_map(parameter).collect();
    let cfgs = file.cfgs.iter().cloned().chain(cfgs(attributes)).collect();
    let line = signature.ident.span().start().line;
    Some(Command { function, name, group, line, cfgs, requires, approve, approvals, parameters })
}

/// Returns the role in `role:leads`, if it may be one.
fn role(text: &str) -> Option<String> {
    let is_word = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    text.strip_prefix("role:").filter(is_word).map(str::to_owned)
}

/// Returns what the policy may look at; nothing of the context, which is borrowed.
fn parameter(input: &FnArg) -> Option<Parameter> {
    let FnArg::Typed(typed) = input else { return None };
    let (Pat::Ident(name), false) = (&*typed.pat, matches!(*typed.ty, Type::Reference(_))) else { return None };
    let mut is_secret = false;
    for attribute in typed.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        // As above: the macro points at what is wrong here.
        let _ = attribute.parse_nested_meta(|meta| {
            is_secret |= meta.path.is_ident("secret");
            if meta.input.peek(Token![=]) {
                meta.value()?.parse::<Expr>()?;
            }
            Ok(())
        });
    }
    let is_flag = matches!(&*typed.ty, Type::Path(path) if path.path.is_ident("bool"));
    Some(Parameter {
        name: shown(&name.ident.unraw().to_string()),
        is_flag: Some(is_flag),
        is_secret,
        choices: Vec::new(),
    })
}

/// Complains of commands that are not free functions at the top of the file.
fn misplaced(item: &Item, shown: &str, scan: &mut Scan) {
    let mut complain = |attributes: &[Attribute], signature: &syn::Signature, place: &str| {
        if marked(attributes).is_some() {
            let (name, line) = (signature.ident.unraw(), signature.ident.span().start().line);
            scan.faults.push(format!(
                "{shown}:{line}: `{name}` is inside {place}; a command is a free function at the file's top level"
            ));
        }
    };
    match item {
        Item::Impl(block) => {
            for item in &block.items {
                if let ImplItem::Fn(function) = item {
                    complain(&function.attrs, &function.sig, "an `impl`");
                }
            }
        }
        Item::Trait(block) => {
            for item in &block.items {
                if let TraitItem::Fn(function) = item {
                    complain(&function.attrs, &function.sig, "a `trait`");
                }
            }
        }
        Item::Mod(module) => {
            for item in module.content.iter().flat_map(|(_, items)| items) {
                if let Item::Fn(function) = item {
                    complain(&function.attrs, &function.sig, &format!("`mod {}`", module.ident));
                }
            }
            for item in module.content.iter().flat_map(|(_, items)| items) {
                misplaced(item, shown, scan);
            }
        }
        _ => {}
    }
}

/// A private file is no plugin; a command in it was meant to be found.
fn warn(place: &Place, text: &str, scan: &mut Scan) {
    if !text.contains("command") {
        return;
    }
    for item in syn::parse_file(text).into_iter().flat_map(|file| file.items) {
        if let Item::Fn(function) = item
            && marked(&function.attrs).is_some()
        {
            let (name, line) = (function.sig.ident.unraw(), function.sig.ident.span().start().line);
            scan.warnings.push(format!(
                "{}:{line}: `{name}` is no command, since the file's name starts with `_`; rename the file, or remove `#[command]`",
                place.shown
            ));
        }
    }
}

/// Returns the attribute `#[command]`, also written `#[catops_core::command]`.
fn marked(attributes: &[Attribute]) -> Option<&Attribute> {
    attributes.iter().find(|attribute| {
        let segments = &attribute.path().segments;
        let is_ours = segments.len() == 1 || segments.first().is_some_and(|first| first.ident == "catops_core");
        is_ours && segments.last().is_some_and(|last| last.ident == "command")
    })
}

/// Returns what stands in each `cfg(…)`.
fn cfgs(attributes: &[Attribute]) -> Vec<String> {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|attribute| attribute.meta.require_list().ok()).map(|list| list.tokens.to_string()).collect()
}

fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            lines.extend(
                text.value().split('\n').map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
            );
        }
    }
    lines.join("\n").trim().to_owned()
}

/// A name as it is shown and typed.
fn shown(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}
