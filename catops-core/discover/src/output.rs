//! The file that the plugins' crate includes.

use std::collections::BTreeMap;
use std::fmt::Write;

use catops_policy::Rules;

use crate::file::File;
use crate::policy;

/// Writes the modules, the list of their commands, and the policy.
pub(crate) fn write(files: &[File], rules: Option<&Rules>) -> String {
    let mut modules = String::new();
    let mut arms: Vec<(String, String)> = Vec::new();
    let mut pages: BTreeMap<String, &str> = BTreeMap::new();
    for file in files {
        for cfg in &file.cfgs {
            let _ = writeln!(modules, "#[cfg({cfg})]");
        }
        // Absolute, since rustc would look for a relative one beside this file.
        let _ = writeln!(modules, "#[path = {:?}]\nmod {};", file.path, file.module);
        for command in &file.commands {
            let mut arm = String::new();
            for cfg in &command.cfgs {
                let _ = writeln!(arm, "        #[cfg({cfg})]");
            }
            let _ = write!(arm, "        {:?} => {}::__catops_{}()", command.path(), file.module, command.function);
            if let Some(group) = &command.group {
                let _ = write!(arm, ".in_group({group:?})");
            }
            let _ = writeln!(arm, ".from_file({:?}, {:?}),", file.module, file.shown);
            arms.push((command.path(), arm));
        }
        if !file.page.is_empty() {
            pages.insert(shown(&file.module), &file.page);
        }
    }
    // A group that has no file of its name gets the text of the first file that has a command in it.
    for file in files.iter().filter(|file| !file.page.is_empty()) {
        for group in file.commands.iter().filter_map(|command| command.group.as_ref()) {
            pages.entry(group.clone()).or_insert(&file.page);
        }
    }
    arms.sort();
    let mut names: Vec<&str> = arms.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    let names = names.join("\n");
    let mut out = format!("// Written by the build script; the files are what to change.\n\n{modules}\n");
    out.push_str("#[doc(hidden)]\nfn __catops_page(name: &str) -> &'static str {\n    match name {\n");
    for (name, page) in &pages {
        let _ = writeln!(out, "        {name:?} => {page:?},");
    }
    out.push_str("        _ => \"\",\n    }\n}\n\n");
    out.push_str("#[doc(hidden)]\nfn __catops_find(path: &str) -> ::core::option::Option<::catops_core::Command> {\n");
    out.push_str("    let found = match path {\n");
    for (_, arm) in &arms {
        out.push_str(arm);
    }
    out.push_str("        _ => return ::core::option::Option::None,\n    };\n");
    out.push_str("    #[allow(unreachable_code)]\n    ::core::option::Option::Some(found)\n}\n\n");
    let mut with_policy = "";
    if let Some(rules) = rules {
        out.push_str(&policy::write(rules));
        with_policy = ".with_policy(&__CATOPS_RULES)";
    }
    let _ = writeln!(
        out,
        "/// Every command of these plugins.\npub static COMMANDS: ::catops_core::Commands =\n    \
         ::catops_core::Commands::new({names:?}, __catops_page, __catops_find){with_policy};"
    );
    out
}

fn shown(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}
