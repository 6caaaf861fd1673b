//! Reads a step that a command declares in `next` or `on_failure`: a line in which `{name}` stands for what was given.
//!
//! The macro crate compiles this file as well, to check the steps while the plugin is built. So it uses `std` alone, and
//! there is one reader of steps.

/// A piece of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Words as they are.
    Text(&'a str),
    /// The parameter whose words stand here.
    Param(&'a str),
}

/// Cuts a step into its pieces, or says what is wrong with it.
pub(crate) fn pieces(step: &str) -> Result<Vec<Piece<'_>>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = step;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err("`{` is never closed; `{name}` stands for what was given for the parameter `name`");
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        pieces.push(Piece::Param(name));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    match pieces.first() {
        Some(Piece::Text(text)) if !text.trim().is_empty() => Ok(pieces),
        _ => Err("a step begins with the name of a command"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_cut() {
        let cut = |step| pieces(step).unwrap();
        assert_eq!(cut("status"), [Piece::Text("status")]);
        assert_eq!(cut("logs {service}"), [Piece::Text("logs "), Piece::Param("service")]);
        assert_eq!(
            cut("logs --in={zone} {service} }"),
            [
                Piece::Text("logs --in="),
                Piece::Param("zone"),
                Piece::Text(" "),
                Piece::Param("service"),
                Piece::Text(" }")
            ]
        );
        assert_eq!(cut("logs {a}{}"), [Piece::Text("logs "), Piece::Param("a"), Piece::Param("")]);
        for step in ["", "  ", "{service}", " {service} logs"] {
            assert_eq!(pieces(step), Err("a step begins with the name of a command"), "{step}");
        }
        assert!(pieces("logs {service").unwrap_err().starts_with("`{` is never closed"));
    }
}
