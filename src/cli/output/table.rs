//! Tables: aligned for people, tab-separated for programs.

use unicode_width::UnicodeWidthStr;

use super::{Output, Shape, clean};

/// How a cell looks on a terminal; what it says never depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// As text.
    #[default]
    Plain,
    /// Well.
    Good,
    /// Act soon.
    Warn,
    /// Act now.
    Bad,
    /// Less important.
    Dim,
}

impl Look {
    fn paint(self, text: &str) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31;1",
            Self::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// One cell of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    /// A mark before the text, on a terminal only: shape and its ASCII form.
    mark: Option<(&'static str, &'static str)>,
    /// What programs read instead.
    piped: Option<String>,
    look: Look,
}

impl Cell {
    /// A cell with a look.
    pub fn new(text: impl AsRef<str>, look: Look) -> Self {
        Self {
            text: clean(text.as_ref()),
            mark: None,
            piped: None,
            look,
        }
    }

    /// A cell with a mark before it on terminals.
    pub fn marked(
        text: impl AsRef<str>,
        look: Look,
        mark: &'static str,
        ascii: &'static str,
    ) -> Self {
        Self {
            mark: Some((mark, ascii)),
            ..Self::new(text, look)
        }
    }

    /// A cell that says `piped` to programs and something else to people.
    pub fn both(people: impl AsRef<str>, piped: impl AsRef<str>) -> Self {
        Self {
            piped: Some(clean(piped.as_ref())),
            ..Self::new(people, Look::Plain)
        }
    }

    /// The same cell with more for people behind it.
    pub fn followed_by(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }

    /// The same cell with another look.
    pub fn looking(self, look: Look) -> Self {
        Self { look, ..self }
    }

    fn shown(&self, output: &Output) -> String {
        match self.mark {
            Some((mark, ascii)) => {
                format!("{} {}", if output.ascii { ascii } else { mark }, self.text)
            }
            None => self.text.clone(),
        }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Look::Plain)
    }
}

/// Rows under a heading. The order of columns is part of the contract.
#[derive(Clone, Debug, Default)]
pub struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// Said on a terminal when there are no rows.
    empty: &'static str,
}

impl Table {
    /// A table with these columns; `empty` is said instead of no rows.
    pub fn new(heading: &[&'static str], empty: &'static str) -> Self {
        Self {
            heading: heading.to_vec(),
            rows: Vec::new(),
            empty,
        }
    }

    /// A list of names and values without a heading.
    pub fn facts() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Adds a name and its value.
    pub fn fact(&mut self, name: &str, value: impl Into<Cell>) {
        self.rows
            .push(vec![Cell::new(name, Look::Dim), value.into()]);
    }

    /// Adds a name and its value, if there is one.
    pub fn maybe<T: Into<Cell>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.fact(name, value);
        }
    }

    /// The text of the table in the output's shape.
    pub fn render(&self, output: &Output) -> String {
        if output.shape != Shape::Table {
            return self
                .rows
                .iter()
                .map(|row| {
                    let cells: Vec<_> = row
                        .iter()
                        .map(|cell| cell.piped.as_ref().unwrap_or(&cell.text).as_str())
                        .collect();
                    format!("{}\n", cells.join("\t"))
                })
                .collect();
        }
        if self.rows.is_empty() {
            return if self.empty.is_empty() {
                String::new()
            } else {
                format!("{}\n", self.empty)
            };
        }
        let heading: Vec<Cell> = self
            .heading
            .iter()
            .map(|name| Cell::new(name, Look::Dim))
            .collect();
        let lines: Vec<&Vec<Cell>> = std::iter::once(&heading)
            .filter(|heading| !heading.is_empty())
            .chain(&self.rows)
            .collect();
        let columns = lines.iter().map(|line| line.len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                lines
                    .iter()
                    .filter_map(|line| line.get(column))
                    .map(|cell| cell.shown(output).width())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        lines
            .iter()
            .map(|line| {
                let mut text = String::new();
                for (column, cell) in line.iter().enumerate() {
                    let shown = cell.shown(output);
                    let last = column + 1 == line.len();
                    let gap = if last {
                        0
                    } else {
                        widths.get(column).map_or(0, |width| width - shown.width()) + 2
                    };
                    text.push_str(&if output.colour {
                        cell.look.paint(&shown)
                    } else {
                        shown
                    });
                    text.extend(std::iter::repeat_n(' ', gap));
                }
                format!("{}\n", text.trim_end())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(shape: Shape, colour: bool, ascii: bool) -> Output {
        Output {
            shape,
            colour,
            ascii,
            quiet: false,
        }
    }

    fn sample() -> Table {
        let mut table = Table::new(&["lamp", "channel"], "Nothing.");
        table.row(vec![
            Cell::marked("broken", Look::Bad, "✖", "x"),
            "@ac\tme".into(),
        ]);
        table.row(vec![
            Cell::marked("green", Look::Good, "●", "+"),
            "日本".into(),
        ]);
        table
    }

    #[test]
    fn piped_rows_are_tab_separated_words_without_marks_or_colour() {
        let text = sample().render(&output(Shape::Tabs, false, false));
        assert_eq!(text, "broken\t@ac me\ngreen\t日本\n");
    }

    #[test]
    fn a_terminal_gets_aligned_columns_with_shape_word_and_colour() {
        let text = sample().render(&output(Shape::Table, false, true));
        assert_eq!(
            text,
            "lamp      channel\nx broken  @ac me\n+ green   日本\n"
        );
        let coloured = sample().render(&output(Shape::Table, true, false));
        assert!(coloured.contains("\u{1b}[31;1m✖ broken\u{1b}[0m"));
    }

    #[test]
    fn no_rows_are_said_to_people_and_are_nothing_to_programs() {
        let none = Table::new(&["a"], "Nothing.");
        assert_eq!(
            none.render(&output(Shape::Table, false, false)),
            "Nothing.\n"
        );
        assert_eq!(none.render(&output(Shape::Tabs, false, false)), "");
    }
}
