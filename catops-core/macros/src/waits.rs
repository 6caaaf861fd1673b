//! What a command waits for: that its plan is applied, that others approve, that its lock is free.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitInt, LitStr, Path, Signature};

use crate::arg::{Fill, Parameter};
use crate::command::{shown, values};

/// What stands in `#[command(…)]` about it.
#[derive(Default)]
pub(crate) struct Waits {
    plan: Option<Path>,
    approve: Option<Role>,
    count: Option<(u8, Span)>,
    exclusive: Option<LitStr>,
}

/// The role of those who approve.
struct Role {
    name: String,
    span: Span,
}

impl Waits {
    /// Reads the value of `key`, or returns that it says nothing of this.
    pub(crate) fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        match key {
            "plan" => self.plan = Some(meta.value()?.parse()?),
            "approve" => self.approve = Some(role(&meta.value()?.parse()?)?),
            "n" => self.count = Some(count(&meta.value()?.parse()?)?),
            "exclusive" => self.exclusive = Some(lock(meta.value()?.parse()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks that the command can wait; each mistake goes to `errors`.
    pub(crate) fn check(
        &self,
        command: &Ident,
        is_inline: bool,
        is_scheduled: bool,
        parameters: &[Parameter],
        errors: &mut Vec<Error>,
    ) {
        let mut wrong = |span: Span, text: String| errors.push(Error::new(span, text));
        let command = command.unraw();
        let plan = self.plan.as_ref().map(|plan| (plan.span(), "to show its plan", "apply its plan"));
        let approve =
            self.approve.as_ref().map(|role| (role.span, "to wait for others", "ask others for their approval"));
        let lock = self.exclusive.as_ref().map(|lock| (lock.span(), "to take a lock", ""));
        for (span, what, _) in [plan, approve, lock].into_iter().flatten().filter(|_| is_inline) {
            wrong(
                span,
                format!("`{command}` is answered at once (`inline`), with no time {what}; remove one of the two"),
            );
        }
        for (span, _, what) in [plan, approve].into_iter().flatten().filter(|_| is_scheduled) {
            wrong(span, format!("`{command}` has a schedule, and nobody is there to {what}; remove one of the two"));
        }
        if let (Some((_, span)), None) = (self.count, &self.approve) {
            wrong(span, "`n` is how many have to approve, and nobody has to; add `approve = \"role:…\"`".to_owned());
        }
        if let Some(lock) = &self.exclusive {
            let name = shown(&lock.value());
            if parameters.iter().any(|parameter| parameter.fill == Fill::Flag && parameter.name() == name) {
                wrong(lock.span(), format!("`{name}` is a flag, which has no words for a lock; choose another name"));
            }
        }
    }

    /// Writes the calls that say it.
    pub(crate) fn data(&self, signature: &Signature, parameters: &[Parameter]) -> TokenStream {
        let plan = self.plan.as_ref().map(|plan| {
            let run = run(plan, signature, parameters);
            quote!(.set_plan(#run))
        });
        let approve = self.approve.as_ref().map(|role| {
            let (role, count) = (&role.name, self.count.map_or(1, |(count, _)| count));
            quote!(.set_approve(#role, #count))
        });
        let exclusive = self.exclusive.as_ref().map(|lock| {
            // As a parameter is shown, so that one lock has one name.
            let lock = shown(&lock.value());
            quote!(.set_exclusive(#lock))
        });
        quote!(#plan #approve #exclusive)
    }
}

/// Writes the call of the plan, which takes what the command takes: the types are named, since the values are of these.
fn run(plan: &Path, signature: &Signature, parameters: &[Parameter]) -> TokenStream {
    let (args, values) = values(parameters, |parameter, index| parameter.typed_value(index, plan.span()));
    let private = quote!(::catops_core::__private);
    if signature.asyncness.is_some() {
        let call = quote_spanned!(plan.span()=> #private::planned_later(#plan(#(#values),*)));
        quote!(#private::Run::Async(|__ctx, #args| #call))
    } else {
        let call = quote_spanned!(plan.span()=> #private::planned(#plan(#(#values),*)));
        quote!(#private::Run::Blocking(|__ctx, #args| #call))
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

/// Reads `role:leads`.
fn role(value: &LitStr) -> syn::Result<Role> {
    let (text, span) = (value.value(), value.span());
    let Some(name) = text.strip_prefix("role:") else {
        return Err(Error::new(
            span,
            "those who approve have a role of the policy file: write `approve = \"role:leads\"`",
        ));
    };
    if !is_word(name) {
        return Err(Error::new(span, "a role's name is one word of letters, digits, `-` and `_`"));
    }
    Ok(Role { name: name.to_owned(), span })
}

fn count(value: &LitInt) -> syn::Result<(u8, Span)> {
    let count = value.base10_parse().ok().filter(|count| (1..=9).contains(count));
    let wrong = || Error::new(value.span(), "`n` is how many have to approve, the asker not among them: 1 to 9");
    count.map(|count| (count, value.span())).ok_or_else(wrong)
}

fn lock(value: LitStr) -> syn::Result<LitStr> {
    if is_word(&value.value()) {
        return Ok(value);
    }
    Err(Error::new(value.span(), "a lock's name is one word of letters, digits, `-` and `_`"))
}
