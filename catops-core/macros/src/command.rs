//! `#[command]`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, Parser};
use syn::spanned::Spanned;
use syn::{Error, FnArg, GenericParam, LitStr, ReturnType, Signature, Token, Type, bracketed};

use crate::arg::{Fill, Parameter};
use crate::cron::Line;
use crate::head::Head;
use crate::waits::Waits;

const KNOWN: &str = "`#[command]` knows: name, group, requires, next, on_failure, schedule, inline, repeatable, ephemeral, plan, approve, n, exclusive";

/// What stands in `#[command(…)]`.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    requires: Option<LitStr>,
    next: Vec<LitStr>,
    on_failure: Vec<LitStr>,
    schedule: Option<LitStr>,
    inline: bool,
    repeatable: bool,
    ephemeral: bool,
    waits: Waits,
}

/// A name as it is shown and typed.
pub(crate) fn shown(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// Writes the function as it was, and beside it the one that returns its data. All mistakes are told at once.
pub(crate) fn expand(attributes: TokenStream, item: TokenStream) -> TokenStream {
    let mut head: Head = match syn::parse2(item.clone()) {
        Ok(head) => head,
        Err(error) => {
            let is_function = item.clone().into_iter().any(|token| token.to_string() == "fn");
            let elsewhere = || Error::new(Span::call_site(), "`#[command]` goes on a function");
            let error = if is_function { error } else { elsewhere() };
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Vec::new();
    let options = options(attributes, &mut errors);
    let data = data(&head, &options, &mut errors);
    strip(&mut head.signature);
    let Head { attributes, visibility, signature, body } = &head;
    let builder = format_ident!("__catops_{}", signature.ident.unraw());
    // Where the function is left out, so is its data.
    let cfgs = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    // The function stands for the errors' sake too: without it, and without its data, rustc would add its own to ours.
    let errors = errors.into_iter().map(Error::into_compile_error).collect::<TokenStream>();
    let (allow, data) = if errors.is_empty() {
        (TokenStream::new(), data)
    } else {
        (quote!(#[allow(dead_code, unused_variables)]), quote!(::core::unreachable!()))
    };
    quote! {
        #errors
        #(#attributes)*
        #allow
        #visibility #signature #body

        #(#cfgs)*
        #[doc(hidden)]
        pub(crate) fn #builder() -> ::catops_core::Command {
            #data
        }
    }
}

/// Takes out what only we understand.
fn strip(signature: &mut Signature) {
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(|attribute| !attribute.path().is_ident("arg") && !attribute.path().is_ident("doc"));
        }
    }
}

fn options(attributes: TokenStream, errors: &mut Vec<Error>) -> Options {
    let mut options = Options::default();
    let parser = syn::meta::parser(|meta| {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "name" => options.name = Some(name(meta.value()?.parse()?)?),
            // The build script reads it, since a group is named after the file.
            "group" if meta.input.peek(Token![=]) => drop(name(meta.value()?.parse()?)?),
            "group" => {}
            "requires" => options.requires = Some(meta.value()?.parse()?),
            "next" => options.next = list(&meta)?,
            "on_failure" => options.on_failure = list(&meta)?,
            "schedule" => options.schedule = Some(schedule(meta.value()?.parse()?)?),
            "inline" => options.inline = true,
            "repeatable" => options.repeatable = true,
            "ephemeral" => options.ephemeral = true,
            key if options.waits.take(key, &meta)? => {}
            _ => return Err(Error::new(meta.path.span(), KNOWN)),
        }
        Ok(())
    });
    errors.extend(parser.parse2(attributes).err());
    options
}

/// Reads `= ["…", "…"]`.
fn list(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<LitStr>> {
    let list;
    let value = meta.value()?;
    bracketed!(list in value);
    Ok(list.parse_terminated(<LitStr as Parse>::parse, Token![,])?.into_iter().collect())
}

fn name(name: LitStr) -> syn::Result<LitStr> {
    let value = name.value();
    let is_word = value.starts_with(char::is_alphanumeric)
        && value.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if is_word { Ok(name) } else { Err(Error::new(name.span(), "a name is one word of letters, digits and `-`")) }
}

/// Checks the line now, so that a schedule that is wrong stops the build and not a command at night.
fn schedule(line: LitStr) -> syn::Result<LitStr> {
    match Line::parse(&line.value()) {
        Ok(_) => Ok(line),
        Err(wrong) => Err(Error::new(line.span(), wrong)),
    }
}

/// Writes the command's data; each mistake goes to `errors`.
fn data(head: &Head, options: &Options, errors: &mut Vec<Error>) -> TokenStream {
    let signature = &head.signature;
    let ident = &signature.ident;
    let doc = crate::doc::text(&head.attributes);
    if doc.is_empty() {
        let text = format!(
            "command `{}` has no doc comment; its first line is what `help` shows, so write one: `/// What it does.`",
            ident.unraw()
        );
        errors.push(Error::new(ident.span(), text));
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let text = format!(
                "`{}` is generic, but a command's parameters are read from text, so each needs one type; write that type instead",
                ident.unraw()
            );
            errors.push(Error::new_spanned(parameter, text));
            break;
        }
    }
    let parameters = parameters(signature, errors);
    order(&parameters, errors);
    clashes(&parameters, errors);
    for step in options.next.iter().chain(&options.on_failure) {
        errors.extend(crate::steps::check(step, ident, &parameters).err());
    }
    if options.schedule.is_some() {
        unattended(signature, options, &parameters, errors);
    }
    options.waits.check(ident, options.inline, options.schedule.is_some(), &parameters, errors);

    let name = shown(&options.name.as_ref().map_or_else(|| ident.unraw().to_string(), LitStr::value));
    let run = run(signature, &parameters);
    let params = parameters.iter().filter(|parameter| parameter.fill != Fill::Context).map(Parameter::data);
    let requires = options.requires.iter().map(|permission| quote!(.set_requires(#permission)));
    let steps = |call: &str, steps: &[LitStr]| {
        let call = format_ident!("{call}");
        (!steps.is_empty()).then(|| quote!(.#call(&[#(#steps),*])))
    };
    let next = steps("set_next", &options.next);
    let on_failure = steps("set_on_failure", &options.on_failure);
    let schedule = options.schedule.iter().map(|line| quote!(.set_schedule(#line)));
    let flags =
        [(options.inline, "set_inline"), (options.repeatable, "set_repeatable"), (options.ephemeral, "set_ephemeral")];
    let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, call)| {
        let call = format_ident!("{call}");
        quote!(.#call())
    });
    let waits = options.waits.data(signature, &parameters);
    quote! {
        #[allow(unused_imports)]
        use ::catops_core::__private::Undescribed as _;
        ::catops_core::Command::new(#name, #doc, #run)
            #(#requires)* #next #on_failure #(#schedule)* #(#flags)* #waits #(.param(#params))*
    }
}

fn parameters(signature: &Signature, errors: &mut Vec<Error>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for input in &signature.inputs {
        match input {
            FnArg::Typed(typed) => parameters.extend(Parameter::read(typed, errors)),
            FnArg::Receiver(receiver) => {
                errors.push(Error::new_spanned(receiver, "a command is a free function, so it has no `self`"));
            }
        }
    }
    parameters
}

/// Checks that the words of a line can be told apart by their place.
fn order(parameters: &[Parameter], errors: &mut Vec<Error>) {
    let mut last: Option<&Parameter> = None;
    let mut absent: Option<&Parameter> = None;
    for parameter in parameters.iter().filter(|parameter| parameter.is_word()) {
        let name = parameter.ident.unraw();
        if let Some(last) = last {
            let what = if last.options.rest.is_some() { "the rest of the line" } else { "all remaining words" };
            let text = format!(
                "`{}` takes {what}, so nothing can follow it; move `{name}` before it, or make it an option with #[arg(long)]",
                last.ident.unraw()
            );
            errors.push(Error::new(parameter.ident.span(), text));
        } else if let (Some(absent), false) = (absent, parameter.is_optional()) {
            let absent = absent.ident.unraw();
            let text = format!(
                "`{name}` must be given, but `{absent}` before it may be absent; put `{name}` first, or make `{absent}` an option with #[arg(long)]"
            );
            errors.push(Error::new(parameter.ident.span(), text));
        }
        if parameter.options.rest.is_some() || parameter.fill == Fill::Many {
            last = last.or(Some(parameter));
        }
        if parameter.is_optional() {
            absent = absent.or(Some(parameter));
        }
    }
}

/// Checks that each option has a name and a letter of its own.
fn clashes(parameters: &[Parameter], errors: &mut Vec<Error>) {
    for (at, parameter) in parameters.iter().enumerate() {
        for other in &parameters[..at] {
            let (name, other_name) = (parameter.ident.unraw(), other.ident.unraw());
            if let Some(long) = parameter.long().filter(|long| other.long().as_ref() == Some(long)) {
                let text = format!("`--{long}` is both `{other_name}` and `{name}`; rename one");
                errors.push(Error::new(parameter.ident.span(), text));
            }
            if let Some(short) = parameter.short().filter(|short| other.short() == Some(*short)) {
                let text =
                    format!("`-{short}` is both `{other_name}` and `{name}`; give one another letter: `short = '…'`");
                errors.push(Error::new(parameter.ident.span(), text));
            }
        }
    }
}

/// Checks that a command can run by itself: nobody is there to type arguments, or to see what only the asker may see.
fn unattended(signature: &Signature, options: &Options, parameters: &[Parameter], errors: &mut Vec<Error>) {
    let command = signature.ident.unraw();
    for parameter in parameters.iter().filter(|parameter| parameter.fill == Fill::One && !parameter.is_optional()) {
        let name = parameter.ident.unraw();
        let text = format!(
            "`{command}` has a schedule, and nobody is there to give `{name}`; make it an `Option`, or give it a default \
             with #[arg(default_value = …)]"
        );
        errors.push(Error::new(parameter.ident.span(), text));
    }
    if let (true, Some(line)) = (options.ephemeral, &options.schedule) {
        let text = format!(
            "`{command}` has a schedule, whose replies go to a channel, and is `ephemeral`, so that only the asker sees \
             them; remove one of the two"
        );
        errors.push(Error::new(line.span(), text));
    }
}

/// Writes the call of the function.
fn run(signature: &Signature, parameters: &[Parameter]) -> TokenStream {
    let ident = &signature.ident;
    let (args, values) = values(parameters, Parameter::value);
    let returned = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => quote!(_),
        // The author's own tokens, so that all of the type is underlined when it cannot be returned.
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let private = quote!(::catops_core::__private);
    if signature.asyncness.is_some() {
        quote! {
            #private::Run::Async(|__ctx, #args| ::std::boxed::Box::pin(async move {
                #private::done::<#returned>(#ident(#(#values),*).await)
            }))
        }
    } else {
        quote!(#private::Run::Blocking(|__ctx, #args| #private::done::<#returned>(#ident(#(#values),*))))
    }
}

/// Writes what a function takes: the pattern of what was read from the line, and the values, each written by `write` with its
/// place among those read.
pub(crate) fn values(
    parameters: &[Parameter],
    write: impl Fn(&Parameter, usize) -> TokenStream,
) -> (TokenStream, Vec<TokenStream>) {
    let mut index = 0;
    let mut values = Vec::new();
    for parameter in parameters {
        values.push(write(parameter, index));
        index += usize::from(parameter.fill != Fill::Context);
    }
    let args = if index == 0 { quote!(_) } else { quote!(mut __args) };
    (args, values)
}
