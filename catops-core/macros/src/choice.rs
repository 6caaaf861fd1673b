//! `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, Result};

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "`Choice` is for enums, whose variants are the words"));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(parameter, "a choice is one type, so it cannot be generic"));
    }
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "a choice needs at least one variant"));
    }
    let mut words: Vec<(String, String)> = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(&variant.fields, "a variant of a choice is one word, so it holds nothing"));
        }
        let word = kebab(&variant.ident.unraw().to_string());
        if words.iter().any(|(other, _)| *other == word) {
            let text = format!("two variants are typed as `{word}`; rename one");
            return Err(Error::new_spanned(&variant.ident, text));
        }
        words.push((word, crate::doc::text(&variant.attrs)));
        variants.push(&variant.ident);
    }
    let name = &input.ident;
    let (word, help): (Vec<_>, Vec<_>) = words.iter().map(|(word, help)| (word, help)).unzip();
    let wrong = format!("it is one of {}", word.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", "));
    Ok(quote! {
        #[automatically_derived]
        impl ::core::str::FromStr for #name {
            type Err = &'static str;

            fn from_str(word: &str) -> ::core::result::Result<Self, Self::Err> {
                match word {
                    #(#word => ::core::result::Result::Ok(Self::#variants),)*
                    _ => ::core::result::Result::Err(#wrong),
                }
            }
        }

        #[automatically_derived]
        impl ::catops_core::__private::Described for #name {
            const WORDS: &'static [(&'static str, &'static str)] = &[#((#word, #help)),*];
        }
    })
}

/// `EuWest` is `eu-west`, `HTTPProxy` is `http-proxy`, `Us2` is `us2`.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &c) in letters.iter().enumerate() {
        if c == '_' {
            out.push('-');
            continue;
        }
        let after_small = at > 0 && (letters[at - 1].is_lowercase() || letters[at - 1].is_numeric());
        let before_small =
            at > 0 && letters[at - 1].is_uppercase() && letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (after_small || before_small) {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn variants_are_words() {
        for (name, word) in [
            ("EuWest", "eu-west"),
            ("HTTPProxy", "http-proxy"),
            ("Us2", "us2"),
            ("Us2East", "us2-east"),
            ("A", "a"),
            ("Rot_Gelb", "rot-gelb"),
        ] {
            assert_eq!(kebab(name), word);
        }
    }
}
