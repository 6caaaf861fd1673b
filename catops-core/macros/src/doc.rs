//! Doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Returns the text of the doc comment among `attributes`, lines parted by `\n`.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        if !pair.path.is_ident("doc") {
            continue;
        }
        if let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value {
            let text = line.value();
            // One space belongs to the comment sign; a block comment has a `*` on each line, and its own indent.
            lines.extend(text.split('\n').map(|line| {
                let line = line.strip_prefix(' ').unwrap_or(line);
                line.trim_start()
                    .strip_prefix("* ")
                    .filter(|_| text.contains('\n'))
                    .unwrap_or(line)
                    .trim_end()
                    .to_owned()
            }));
        }
    }
    lines.join("\n").trim().to_owned()
}
