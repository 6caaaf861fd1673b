//! Rows of a table: a figure for each program, and what the last program's is of the others'.

use std::str::FromStr;
use std::time::Duration;

use crate::Failure;

/// One figure of each program, in the order of the columns; none where a program has no such thing.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) figures: Vec<Option<f64>>,
}

/// `name=1.5,2,0.25`
impl FromStr for Row {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let (name, figures) = text.split_once('=').ok_or_else(|| format!("expected NAME=FIGURE,... and not {text}"))?;
        let figures = figures.split(',').map(|figure| figure.parse().map(Some)).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), figures })
    }
}

impl Row {
    /// Returns its cells: the name, the figures, and the last figure as a multiple of each of the others.
    pub(crate) fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.name.clone()];
        cells.extend(self.figures.iter().map(|figure| text(*figure)));
        if let Some((last, others)) = self.figures.split_last() {
            cells.extend(others.iter().map(|other| text(last.zip(*other).map(|(last, other)| last / other))));
        }
        cells
    }
}

/// Returns the cells above those of the rows: what was measured, the programs, and which ratios.
pub(crate) fn head(what: String, names: &[&str]) -> Vec<String> {
    let mut head = vec![what];
    head.extend(names.iter().map(|name| (*name).to_owned()));
    if let Some((last, others)) = names.split_last() {
        head.extend(others.iter().map(|other| format!("{last} / {other}")));
    }
    head
}

/// Writes a figure with the digits that mean something.
fn text(figure: Option<f64>) -> String {
    match figure {
        None => "-".to_owned(),
        Some(figure) if figure.fract() == 0.0 => format!("{figure}"),
        Some(figure) if figure < 1.0 => format!("{figure:.3}"),
        Some(figure) => format!("{figure:.2}"),
    }
}

/// Returns the median of some times, in milliseconds.
pub(crate) fn median(times: &[Duration]) -> Option<f64> {
    quantile(times, 50)
}

/// Returns the time within which `percent` of all are, in milliseconds.
pub(crate) fn quantile(times: &[Duration], percent: usize) -> Option<f64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100);
    times.get(rank.checked_sub(1)?).map(|time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 99), Some(198.0));
        assert_eq!(median(&times[..3]), Some(199.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn the_last_figure_is_held_against_the_others() {
        let row: Row = "zipped, MB=0.5,4,2".parse().unwrap();
        assert_eq!(row.cells(), ["zipped, MB", "0.500", "4", "2", "4", "0.500"]);
    }
}
