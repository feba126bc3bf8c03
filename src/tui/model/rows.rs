//! The rows of the channels: sections, logins, channels, and what of it is
//! folded away. Every question a key or a frame asks is answered from an index:
//! there may be 20,000 rows.

use std::collections::{HashMap, HashSet};

use crate::domain::ids::{ChannelId, LoginId};
use crate::ops::views::Lamp;

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// The head of a section.
    Section(Lamp),
    /// A login that mends several channels; they are below it.
    Login(LoginId),
    /// A channel.
    Channel(ChannelId),
}

/// Rows that are folded away.
#[derive(Clone, Copy, Debug)]
struct Hidden {
    start: usize,
    end: usize,
    /// How many are folded away before it.
    before: usize,
}

/// Every row in its order, and the cursor. "Place" counts all of them, "line"
/// only those that are not folded away.
#[derive(Debug, Default)]
pub struct Rows {
    order: Vec<Row>,
    places: HashMap<Row, usize>,
    /// Where what is below a head ends.
    ends: HashMap<Row, usize>,
    /// The heads of sections by place.
    sections: Vec<usize>,
    /// The login each channel stands below.
    under: HashMap<ChannelId, LoginId>,
    folded: HashSet<Row>,
    /// What was folded before a filter opened everything.
    kept: Option<HashSet<Row>>,
    hidden: Vec<Hidden>,
    selected: Option<Row>,
    /// The next rows unfold what hides the cursor.
    reveal: bool,
}

impl Rows {
    /// Takes the rows anew, each channel below a login named with it. The cursor
    /// stays on its row, else goes to the one that is there now.
    pub fn replace(&mut self, order: Vec<Row>, under: HashMap<ChannelId, LoginId>) {
        let before = self.selected_line();
        self.order = order;
        self.under = under;
        self.places = self.order.iter().cloned().zip(0..).collect();
        self.ends.clear();
        self.sections.clear();
        let mut section: Option<Row> = None;
        let mut login: Option<(Row, LoginId)> = None;
        for (at, row) in self.order.iter().enumerate() {
            let stays = match (row, &login) {
                (Row::Channel(id), Some((_, login))) => self.under.get(id) == Some(login),
                _ => false,
            };
            if !stays && let Some((head, _)) = login.take() {
                self.ends.insert(head, at);
            }
            match row {
                Row::Section(_) => {
                    self.sections.push(at);
                    if let Some(head) = section.replace(row.clone()) {
                        self.ends.insert(head, at);
                    }
                }
                Row::Login(id) => login = Some((row.clone(), id.clone())),
                Row::Channel(_) => {}
            }
        }
        let last = self.order.len();
        self.ends.extend(login.map(|(head, _)| (head, last)));
        self.ends.extend(section.map(|head| (head, last)));
        self.fold_anew();
        if std::mem::take(&mut self.reveal)
            && let Some(row) = self.selected.clone()
        {
            self.select(&row);
        }
        if self.selected_line().is_none() {
            self.select_near(before.unwrap_or(0));
        }
    }

    /// Whether a filter is at work in the rows that come next: what it finds is
    /// not folded away. Without it the folds are as they were, but for the row
    /// under the cursor, which stays in sight.
    pub fn filtered(&mut self, on: bool) {
        if on && self.kept.is_none() {
            self.kept = Some(std::mem::take(&mut self.folded));
        } else if !on && let Some(kept) = self.kept.take() {
            self.folded = kept;
            self.reveal = true;
        }
    }

    fn fold_anew(&mut self) {
        let mut ranges: Vec<(usize, usize)> = self
            .folded
            .iter()
            .filter_map(|head| Some((self.places.get(head)? + 1, *self.ends.get(head)?)))
            .collect();
        ranges.sort_unstable();
        self.hidden.clear();
        for (start, end) in ranges {
            let last = self.hidden.last();
            // A login inside of a folded section is away with it.
            if start == end || last.is_some_and(|last| start < last.end) {
                continue;
            }
            let before = last.map_or(0, |last| last.before + last.end - last.start);
            self.hidden.push(Hidden { start, end, before });
        }
    }

    /// Every row in order, those folded away included.
    pub fn all(&self) -> &[Row] {
        &self.order
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        let last = self.hidden.last();
        self.order.len() - last.map_or(0, |last| last.before + last.end - last.start)
    }

    /// The lines from one on, each with its number.
    pub fn from(&self, line: usize) -> impl Iterator<Item = (usize, &Row)> {
        (line..self.len()).map(|line| (line, &self.order[self.place_of(line)]))
    }

    /// The row of a line.
    pub fn at(&self, line: usize) -> Option<&Row> {
        (line < self.len()).then(|| &self.order[self.place_of(line)])
    }

    fn place_of(&self, line: usize) -> usize {
        let passed = self
            .hidden
            .partition_point(|one| one.start - one.before <= line);
        match passed.checked_sub(1).map(|at| self.hidden[at]) {
            None => line,
            Some(last) => line + last.before + last.end - last.start,
        }
    }

    fn line_of(&self, place: usize) -> Option<usize> {
        let passed = self.hidden.partition_point(|one| one.start <= place);
        match passed.checked_sub(1).map(|at| self.hidden[at]) {
            None => Some(place),
            Some(last) if place < last.end => None,
            Some(last) => Some(place - last.before - (last.end - last.start)),
        }
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&Row> {
        self.selected.as_ref()
    }

    /// The line of the cursor.
    pub fn selected_line(&self) -> Option<usize> {
        self.line_of(*self.places.get(self.selected.as_ref()?)?)
    }

    /// The line of a row; `None` when it is folded away or not there.
    pub fn line(&self, row: &Row) -> Option<usize> {
        self.line_of(*self.places.get(row)?)
    }

    /// Where a channel stands in the list, folded away or not.
    pub fn place(&self, id: &ChannelId) -> Option<usize> {
        self.places.get(&Row::Channel(id.clone())).copied()
    }

    /// The login a channel stands below.
    pub fn login_of(&self, channel: &ChannelId) -> Option<&LoginId> {
        self.under.get(channel)
    }

    /// The channels below a login that has a row.
    pub fn below<'a>(&'a self, login: &LoginId) -> impl Iterator<Item = &'a ChannelId> {
        let head = Row::Login(login.clone());
        let range = match (self.places.get(&head), self.ends.get(&head)) {
            (Some(place), Some(end)) => place + 1..*end,
            _ => 0..0,
        };
        self.order[range].iter().filter_map(Row::channel)
    }

    /// The logins that have a row.
    pub fn logins(&self) -> impl Iterator<Item = &LoginId> {
        self.ends.keys().filter_map(|head| match head {
            Row::Login(id) => Some(id),
            _ => None,
        })
    }

    /// Whether what is below a head is folded away.
    pub fn is_folded(&self, head: &Row) -> bool {
        self.folded.contains(head)
    }

    /// Folds the rows below the nearest head over the cursor away and puts the
    /// cursor on it; whether there was any.
    pub fn fold(&mut self) -> bool {
        let Some(head) = self.foldable() else {
            return false;
        };
        self.folded.insert(head.clone());
        self.selected = Some(head);
        self.fold_anew();
        true
    }

    /// The head that [`Self::fold`] takes.
    pub fn foldable(&self) -> Option<Row> {
        let selected = self.selected.as_ref()?;
        let open = |head: &Row| !self.folded.contains(head);
        match selected {
            Row::Login(_) if open(selected) => return Some(selected.clone()),
            Row::Channel(id) => {
                if let Some(login) = self.under.get(id) {
                    return Some(Row::Login(login.clone()));
                }
            }
            _ => {}
        }
        let place = *self.places.get(selected)?;
        let section = self.sections.partition_point(|at| *at <= place);
        let head = &self.order[*self.sections.get(section.checked_sub(1)?)?];
        open(head).then(|| head.clone())
    }

    /// Shows what is below the head under the cursor; whether that was folded
    /// away. The head of a section gives the cursor to the first row below it.
    pub fn unfold(&mut self) -> bool {
        let Some(head) = self.selected.clone() else {
            return false;
        };
        if !self.folded.remove(&head) {
            return false;
        }
        self.fold_anew();
        if matches!(head, Row::Section(_)) {
            let line = self.selected_line().unwrap_or(0);
            self.select_near(line + 1);
        }
        true
    }

    /// Folds a section away wherever the cursor is.
    pub fn fold_section(&mut self, lamp: Lamp) {
        let head = Row::Section(lamp);
        let place = self.selected.as_ref().and_then(|row| self.places.get(row));
        let range = (self.places.get(&head), self.ends.get(&head));
        if let (Some(place), (Some(start), Some(end))) = (place, range)
            && (start..end).contains(&place)
        {
            self.selected = Some(head.clone());
        }
        self.folded.insert(head);
        self.fold_anew();
    }

    /// The line of the head of a section.
    pub fn section_line(&self, lamp: Lamp) -> Option<usize> {
        self.line_of(*self.places.get(&Row::Section(lamp))?)
    }

    /// Puts the cursor on a row, unfolding what hides it; whether it is there.
    pub fn select(&mut self, row: &Row) -> bool {
        let Some(place) = self.places.get(row).copied() else {
            return false;
        };
        if self.line_of(place).is_none() {
            let over = |head: &Row| {
                let start = self.places.get(head).copied().unwrap_or(usize::MAX);
                start < place && self.ends.get(head).is_some_and(|end| place < *end)
            };
            let over: Vec<Row> = self
                .folded
                .iter()
                .filter(|head| over(head))
                .cloned()
                .collect();
            for head in over {
                self.folded.remove(&head);
            }
            self.fold_anew();
        }
        self.selected = Some(row.clone());
        true
    }

    /// Moves the cursor by lines, over the heads of open sections.
    pub fn step(&mut self, by: isize) {
        let Some(line) = self.selected_line() else {
            self.select_near(0);
            return;
        };
        let heads = self.open_heads();
        let stops = self.len() - heads.len();
        let here = line - heads.iter().filter(|head| **head < line).count();
        let to = here.saturating_add_signed(by).min(stops.saturating_sub(1));
        // Each open head before it pushes it down by one.
        let line = heads
            .iter()
            .fold(to, |line, head| line + usize::from(*head <= line));
        self.selected = self.at(line).cloned();
    }

    /// The lines of the heads of open sections: no cursor stands there.
    fn open_heads(&self) -> Vec<usize> {
        let open = |place: &&usize| !self.folded.contains(&self.order[**place]);
        let heads = self.sections.iter().filter(open);
        heads.filter_map(|place| self.line_of(*place)).collect()
    }

    fn select_near(&mut self, line: usize) {
        let heads = self.open_heads();
        let last = self.len().saturating_sub(1);
        let mut line = line.min(last);
        while heads.contains(&line) && line < last {
            line += 1;
        }
        self.selected = self.at(line).cloned();
    }
}

impl Row {
    /// The channel, when it is one.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Channel(id) => Some(id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(id: &str) -> Row {
        Row::Channel(ChannelId::from_stored(id))
    }

    fn login() -> Row {
        Row::Login(LoginId::from_stored("L"))
    }

    /// A login with two channels and another channel, then three healthy ones.
    fn rows() -> Rows {
        let mut rows = Rows::default();
        let order = vec![
            Row::Section(Lamp::Broken),
            login(),
            channel("a"),
            channel("b"),
            channel("c"),
            Row::Section(Lamp::Green),
            channel("d"),
            channel("e"),
            channel("f"),
        ];
        let under = |id| (ChannelId::from_stored(id), LoginId::from_stored("L"));
        rows.replace(order, HashMap::from([under("a"), under("b")]));
        rows
    }

    fn shown(rows: &Rows) -> Vec<Row> {
        rows.from(0).map(|(_, row)| row.clone()).collect()
    }

    #[test]
    fn the_cursor_stands_on_logins_and_on_folded_sections_only() {
        let mut rows = rows();
        assert_eq!(rows.selected(), Some(&login()));
        rows.step(3);
        assert_eq!(rows.selected(), Some(&channel("c")));
        rows.step(1);
        assert_eq!(rows.selected(), Some(&channel("d")));
        rows.step(-1);
        assert_eq!(rows.selected(), Some(&channel("c")));
        rows.step(isize::MAX / 2);
        assert_eq!(rows.selected(), Some(&channel("f")));
        assert!(rows.fold());
        assert_eq!(rows.selected(), Some(&Row::Section(Lamp::Green)));
        assert!(!rows.fold(), "it is folded");
        rows.step(isize::MIN / 2);
        rows.step(isize::MAX / 2);
        assert_eq!(rows.selected(), Some(&Row::Section(Lamp::Green)));
        assert!(rows.unfold());
        assert_eq!(rows.selected(), Some(&channel("d")));
    }

    #[test]
    fn folds_nest_and_lines_and_places_agree() {
        let mut rows = rows();
        rows.step(2);
        assert!(rows.fold());
        assert_eq!(rows.selected(), Some(&login()));
        assert_eq!(
            shown(&rows)[..4],
            [
                Row::Section(Lamp::Broken),
                login(),
                channel("c"),
                Row::Section(Lamp::Green)
            ]
        );
        for (line, row) in rows.from(0) {
            assert_eq!(rows.line_of(rows.places[row]), Some(line));
        }
        assert!(rows.fold());
        assert_eq!(rows.len(), 5);
        rows.fold_section(Lamp::Green);
        assert_eq!(rows.len(), 2);
        assert!(rows.unfold());
        assert_eq!(rows.selected(), Some(&login()));
        assert!(rows.is_folded(&login()), "as it was");
        assert!(rows.select(&channel("b")), "what is looked for is shown");
        assert_eq!(rows.selected_line(), Some(3));
        assert_eq!(rows.below(&LoginId::from_stored("L")).count(), 2);
    }

    #[test]
    fn a_filter_opens_what_is_folded_and_its_end_folds_it_again() {
        let mut rows = rows();
        rows.fold_section(Lamp::Green);
        assert_eq!(rows.len(), 6);
        let all = rows.all().to_vec();
        let found = vec![Row::Section(Lamp::Green), channel("d"), channel("e")];
        rows.filtered(true);
        rows.replace(found.clone(), HashMap::new());
        assert_eq!((rows.len(), rows.selected()), (3, Some(&channel("d"))));
        rows.filtered(true);
        rows.replace(found, HashMap::new());
        rows.select(&Row::Section(Lamp::Green));
        rows.filtered(false);
        rows.replace(all.clone(), HashMap::new());
        assert_eq!(rows.len(), 6, "folded as before");

        rows.filtered(true);
        rows.replace(all.clone(), HashMap::new());
        rows.select(&channel("e"));
        rows.filtered(false);
        rows.replace(all, HashMap::new());
        assert_eq!((rows.len(), rows.selected()), (9, Some(&channel("e"))));
    }

    #[test]
    fn a_row_that_is_gone_gives_the_cursor_to_its_neighbour() {
        let mut rows = rows();
        rows.select(&channel("e"));
        let order = rows.all().iter().filter(|row| **row != channel("e"));
        let order = order.cloned().collect();
        rows.replace(order, HashMap::new());
        assert_eq!(rows.selected(), Some(&channel("f")));
        rows.replace(Vec::new(), HashMap::new());
        assert_eq!((rows.selected(), rows.len()), (None, 0));
        rows.step(1);
        assert!(!rows.fold() && !rows.unfold());
    }
}
