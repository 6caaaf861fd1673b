//! One parameter of a command: what its type and its `#[arg(…)]` say.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprUnary, GenericArgument, Ident, Lit, LitChar, LitStr, Pat, PatType, Path,
    PathArguments, Type, TypeReference, UnOp,
};

use crate::command::shown;

const KNOWN: &str = "`#[arg]` knows: long, short, default_value, rest, secret, complete";

/// How a parameter is filled, by its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    Context,
    Flag,
    One,
    Option,
    Many,
}

/// A parameter as the author wrote it.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    pub(crate) fill: Fill,
    /// The type that one word is read into.
    read: Type,
    help: String,
    pub(crate) options: Options,
}

/// What stands in `#[arg(…)]`.
#[derive(Default)]
pub(crate) struct Options {
    named: bool,
    long: Option<LitStr>,
    short: Option<LitChar>,
    short_span: Option<Span>,
    default: Option<(String, Span)>,
    pub(crate) rest: Option<Span>,
    pub(crate) secret: Option<Span>,
    complete: Option<Path>,
}

impl Parameter {
    /// Reads a parameter; each mistake goes to `errors`.
    pub(crate) fn read(typed: &PatType, errors: &mut Vec<Error>) -> Option<Self> {
        let options = options(&typed.attrs, errors);
        let Pat::Ident(pattern) = &*typed.pat else {
            errors.push(Error::new_spanned(&typed.pat, "a parameter's name is what the asker reads: write one name"));
            return None;
        };
        let (fill, read) = match kind(&typed.ty) {
            Ok(kind) => kind,
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        let parameter =
            Self { ident: pattern.ident.clone(), fill, read, help: crate::doc::text(&typed.attrs), options };
        parameter.check(typed, errors);
        Some(parameter)
    }

    /// Whether it is a word at its place, not named in the line.
    pub(crate) fn is_word(&self) -> bool {
        !matches!(self.fill, Fill::Context | Fill::Flag) && !self.options.named
    }

    /// Whether the line may do without it.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.fill, Fill::Option | Fill::Many) || self.options.default.is_some()
    }

    /// Returns the word after `--`, for an option or a flag.
    pub(crate) fn long(&self) -> Option<String> {
        let is_named = !self.is_word() && self.fill != Fill::Context;
        is_named.then(|| self.options.long.as_ref().map_or_else(|| self.name(), |long| shown(&long.value())))
    }

    /// Returns the letter after `-`.
    pub(crate) fn short(&self) -> Option<char> {
        self.options.short_span?;
        self.options.short.as_ref().map_or_else(|| self.name().chars().next(), |short| Some(short.value()))
    }

    /// Returns the name as it is shown.
    pub(crate) fn name(&self) -> String {
        shown(&self.ident.unraw().to_string())
    }

    fn check(&self, typed: &PatType, errors: &mut Vec<Error>) {
        let mut wrong = |span: Span, text: &str| errors.push(Error::new(span, text));
        let options = &self.options;
        if self.fill == Fill::Context {
            if let Some(attribute) = typed.attrs.iter().find(|attribute| attribute.path().is_ident("arg")) {
                wrong(
                    attribute.span(),
                    "the context is not read from the line, so `#[arg]` says nothing here; remove it",
                );
            }
            return;
        }
        if self.name() == "help" || self.long().as_deref() == Some("help") {
            wrong(self.ident.span(), "`--help` belongs to every command; give `help` another name");
        }
        if let Some((_, span)) = &options.default {
            match self.fill {
                Fill::Flag => wrong(*span, "a flag is off unless it is given, so it has no default"),
                Fill::Option => wrong(*span, "an `Option` with a default is never absent; write the type alone"),
                Fill::Many => wrong(*span, "a list is empty unless words are given, so it has no default"),
                _ => {}
            }
        }
        if let Some(span) = options.rest {
            match self.fill {
                Fill::Flag => wrong(span, "a flag is one word, so it cannot take the rest of the line"),
                Fill::Many => wrong(span, "the rest is one text with its spaces: write `String` instead of the list"),
                _ if options.named => wrong(span, "the rest of the line has no name in it: remove `long` and `short`"),
                _ => {}
            }
        }
        if let (Some(span), Fill::Flag) = (options.secret, self.fill) {
            wrong(span, "a flag has no value that could be secret");
        }
        if let (Some(path), Fill::Flag) = (&options.complete, self.fill) {
            wrong(path.span(), "a flag has no value that could be completed");
        }
    }

    /// Writes what the call takes for this parameter, the `index`-th of those read from the line.
    pub(crate) fn value(&self, index: usize) -> TokenStream {
        match self.fill {
            Fill::Context => quote!(__ctx),
            Fill::Flag => quote!(__args.flag(#index)),
            Fill::One => quote!(__args.one(#index)),
            Fill::Option => quote!(__args.option(#index)),
            Fill::Many => quote!(__args.many(#index)),
        }
    }

    /// Writes the same for a function that is not the command's own: with the type, in which it must agree, at its place.
    pub(crate) fn typed_value(&self, index: usize, at: Span) -> TokenStream {
        let read = &self.read;
        match self.fill {
            Fill::One => quote_spanned!(at=> __args.one::<#read>(#index)),
            Fill::Option => quote_spanned!(at=> __args.option::<#read>(#index)),
            Fill::Many => quote_spanned!(at=> __args.many::<#read>(#index)),
            Fill::Context => quote_spanned!(at=> __ctx),
            Fill::Flag => quote_spanned!(at=> __args.flag(#index)),
        }
    }

    /// Writes the data about this parameter.
    pub(crate) fn data(&self) -> TokenStream {
        let (name, help) = (self.name(), &self.help);
        let private = quote!(::catops_core::__private);
        let mut out = if self.fill == Fill::Flag {
            quote!(#private::Param::flag(#name, #help))
        } else {
            // Spanned at the author's type, and the only place that asks for `Arg`: a wrong type is told once, there.
            let read = &self.read;
            let word = quote_spanned!(read.span()=> word::<#read>);
            quote!(#private::Param::#word(#name, #help, #private::Probe::<#read>::DESCRIPTION))
        };
        let mut add = |call: TokenStream| out.extend(quote!(.#call));
        if let Some(long) = self.long().filter(|long| self.fill != Fill::Flag || *long != name) {
            add(quote!(set_long(#long)));
        }
        if let Some(short) = self.short() {
            add(quote!(set_short(#short)));
        }
        match self.fill {
            Fill::Many if self.options.named => add(quote!(repeated())),
            Fill::Many => add(quote!(words())),
            _ if self.options.rest.is_some() => add(quote!(rest())),
            _ => {}
        }
        if self.fill == Fill::Option {
            add(quote!(optional()));
        }
        if let Some((default, _)) = &self.options.default {
            add(quote!(set_default(#default)));
        }
        if self.options.secret.is_some() {
            add(quote!(set_secret()));
        }
        if let Some(complete) = &self.options.complete {
            let words = quote_spanned!(complete.span()=> #private::completions(#complete(__ctx, __typed).await));
            add(quote!(set_complete(|__ctx, __typed| ::std::boxed::Box::pin(async move { #words }))));
        }
        out
    }
}

fn options(attributes: &[Attribute], errors: &mut Vec<Error>) -> Options {
    let mut options = Options::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        let read = attribute.parse_nested_meta(|meta| {
            let span = meta.path.span();
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let has_value = meta.input.peek(syn::Token![=]);
            match key.as_str() {
                "long" => {
                    options.named = true;
                    if has_value {
                        options.long = Some(meta.value()?.parse()?);
                    }
                }
                "short" => {
                    options.named = true;
                    options.short_span = Some(span);
                    if has_value {
                        options.short = Some(meta.value()?.parse()?);
                    }
                }
                "default_value" => options.default = Some((default(&meta.value()?.parse()?)?, span)),
                "rest" => options.rest = Some(span),
                "secret" => options.secret = Some(span),
                "complete" => options.complete = Some(meta.value()?.parse()?),
                _ => return Err(Error::new(span, KNOWN)),
            }
            Ok(())
        });
        errors.extend(read.err());
    }
    options
}

/// Returns the text of a default as it would be typed.
fn default(value: &Expr) -> Result<String, Error> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Str(text) => return Ok(text.value()),
            Lit::Char(letter) => return Ok(letter.value().to_string()),
            Lit::Int(number) => return Ok(number.base10_digits().to_owned()),
            Lit::Float(number) => return Ok(number.base10_digits().to_owned()),
            _ => {}
        },
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if matches!(&**expr, Expr::Lit(_)) => {
            return default(expr).map(|number| format!("-{number}"));
        }
        _ => {}
    }
    Err(Error::new_spanned(value, "a default is a text or a number, as one would type it"))
}

/// Finds out how a type is filled, and which type one word is read into.
fn kind(ty: &Type) -> Result<(Fill, Type), Error> {
    let ty = bare(ty);
    match ty {
        Type::Reference(reference) => by_reference(reference),
        Type::ImplTrait(_) => Err(Error::new_spanned(
            ty,
            "a command's parameters are read from text, so each needs one type; write that type instead",
        )),
        _ if last(ty).is_some_and(|ident| ident == "Context") => {
            Err(Error::new_spanned(ty, "the context is borrowed: write `&Context`"))
        }
        _ if matches!(ty, Type::Path(path) if path.path.is_ident("bool")) => Ok((Fill::Flag, ty.clone())),
        _ => Ok(match (inner(ty, "Option"), inner(ty, "Vec")) {
            (Some(read), _) => (Fill::Option, read.clone()),
            (_, Some(read)) => (Fill::Many, read.clone()),
            _ => (Fill::One, ty.clone()),
        }),
    }
}

fn by_reference(reference: &TypeReference) -> Result<(Fill, Type), Error> {
    let target = bare(&reference.elem);
    if last(target).is_some_and(|ident| ident == "Context") {
        return match reference.mutability {
            None => Ok((Fill::Context, target.clone())),
            Some(_) => Err(Error::new_spanned(reference, "the context is borrowed: write `&Context`")),
        };
    }
    let owned = match target {
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
        _ => written(target),
    };
    let found = written(reference);
    Err(Error::new_spanned(reference, format!("a command owns what it is given: write `{owned}` instead of `{found}`")))
}

/// A type as its author would write it.
fn written(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.replace("& ", "&").replace(" < ", "<").replace(" >", ">").replace(" :: ", "::").replace("< ", "<")
}

/// A type without the invisible brackets that `macro_rules!` puts around it.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

fn last(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// Returns `T` of `Option<T>`, by name: an implementation of a trait for `Option` would clash with the one for all types.
fn inner<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}
