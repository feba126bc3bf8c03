//! The rows of the channels: sections, logins, channels, and what of it is
//! folded away. Every question a key or a frame asks is answered from an index:
//! there may be 20,000 rows.

use std::collections::hash_map::Entry;

use crate::domain::ids::{ChannelId, LoginId};
use crate::ops::views::Lamp;
use crate::support::map::{Map, Set};

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

/// What a row is called among [`Rows`], whether it is listed or not: putting
/// 20,000 of them into another order then moves numbers, and looks nothing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(u32);

impl Number {
    /// Its place in a table of all of them.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The place of what is not there.
pub const NOWHERE: u32 = u32::MAX;

/// So many rows that are not listed are not worth forgetting.
const FEW: usize = 100;

/// Every row in its order, and the cursor. "Place" counts all of them, "line"
/// only those that are not folded away.
#[derive(Debug, Default)]
pub struct Rows {
    /// Rows by their number.
    known: Vec<Row>,
    numbers: Map<Row, Number>,
    order: Vec<Number>,
    /// The place of each row by its number.
    places: Vec<u32>,
    /// Where what is below a head ends.
    ends: Map<Row, usize>,
    /// The heads of sections by place.
    sections: Vec<usize>,
    /// The login each channel stands below.
    under: Map<ChannelId, LoginId>,
    folded: Set<Row>,
    /// What was folded before a filter opened everything.
    kept: Option<Set<Row>>,
    hidden: Vec<Hidden>,
    selected: Option<Row>,
    /// The next rows unfold what hides the cursor.
    reveal: bool,
}

impl Rows {
    /// Makes room for so many rows that come instead of all there were: every
    /// number is asked for anew after it.
    pub fn reserve(&mut self, rows: usize) {
        if self.known.len() > 2 * rows.max(self.order.len()) + FEW {
            self.forget_unlisted();
        }
        let more = rows.saturating_sub(self.known.len());
        self.known.reserve(more);
        self.numbers.reserve(more);
    }

    /// Forgets rows that are not listed and their numbers: a screen may be open
    /// for weeks, while channels come and go.
    fn forget_unlisted(&mut self) {
        let listed = self.all().cloned().collect();
        self.known = listed;
        self.order = (0..).map(Number).take(self.known.len()).collect();
        self.places = (0..).take(self.known.len()).collect();
        let pairs = self.known.iter().cloned().zip(self.order.iter().copied());
        self.numbers = pairs.collect();
    }

    /// The number of a row, a new one for a new row.
    pub fn number(&mut self, row: Row) -> Number {
        match self.numbers.entry(row) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                // There is memory for less than 2^32 rows.
                let number = Number(u32::try_from(self.known.len()).unwrap_or(NOWHERE));
                self.known.push(new.key().clone());
                *new.insert(number)
            }
        }
    }

    /// The number of a row that has one.
    pub fn number_of(&self, row: &Row) -> Option<Number> {
        self.numbers.get(row).copied()
    }

    /// Takes the rows anew, each channel below a login named with it. The cursor
    /// stays on its row, else goes to the one that is there now.
    pub fn replace(&mut self, order: Vec<Number>, under: Map<ChannelId, LoginId>) {
        let before = self.selected_line();
        self.order = order;
        self.under = under;
        self.places.clear();
        self.places.resize(self.known.len(), NOWHERE);
        for (number, place) in self.order.iter().zip(0..) {
            self.places[number.index()] = place;
        }
        self.ends.clear();
        self.sections.clear();
        let mut section: Option<Row> = None;
        let mut login: Option<(Row, LoginId)> = None;
        for (at, number) in self.order.iter().enumerate() {
            let row = &self.known[number.index()];
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
            .filter_map(|head| Some((self.place_in_order(head)? + 1, *self.ends.get(head)?)))
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
    pub fn all(&self) -> impl Iterator<Item = &Row> {
        self.order.iter().map(|number| &self.known[number.index()])
    }

    fn row(&self, place: usize) -> &Row {
        &self.known[self.order[place].index()]
    }

    fn place_in_order(&self, row: &Row) -> Option<usize> {
        let number = self.numbers.get(row)?;
        let place = *self.places.get(number.index())?;
        (place != NOWHERE).then_some(place as usize)
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        let last = self.hidden.last();
        self.order.len() - last.map_or(0, |last| last.before + last.end - last.start)
    }

    /// The lines from one on, each with its number.
    pub fn from(&self, line: usize) -> impl Iterator<Item = (usize, &Row)> {
        (line..self.len()).map(|line| (line, self.row(self.place_of(line))))
    }

    /// The row of a line.
    pub fn at(&self, line: usize) -> Option<&Row> {
        (line < self.len()).then(|| self.row(self.place_of(line)))
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
        self.line(self.selected.as_ref()?)
    }

    /// The line of a row; `None` when it is folded away or not there.
    pub fn line(&self, row: &Row) -> Option<usize> {
        self.line_of(self.place_in_order(row)?)
    }

    /// Where a channel stands in the list, folded away or not.
    pub fn place(&self, id: &ChannelId) -> Option<usize> {
        self.place_in_order(&Row::Channel(id.clone()))
    }

    /// The login a channel stands below.
    pub fn login_of(&self, channel: &ChannelId) -> Option<&LoginId> {
        self.under.get(channel)
    }

    /// The channels below a login that has a row.
    pub fn below<'a>(&'a self, login: &LoginId) -> impl Iterator<Item = &'a ChannelId> {
        let head = Row::Login(login.clone());
        let range = match (self.place_in_order(&head), self.ends.get(&head)) {
            (Some(place), Some(end)) => place + 1..*end,
            _ => 0..0,
        };
        range.filter_map(|place| self.row(place).channel())
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
        let place = self.place_in_order(selected)?;
        let section = self.sections.partition_point(|at| *at <= place);
        let head = self.row(*self.sections.get(section.checked_sub(1)?)?);
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
        let selected = self.selected.as_ref();
        let place = selected.and_then(|row| self.place_in_order(row));
        let range = (self.place_in_order(&head), self.ends.get(&head));
        if let (Some(place), (Some(start), Some(end))) = (place, range)
            && (start..*end).contains(&place)
        {
            self.selected = Some(head.clone());
        }
        self.folded.insert(head);
        self.fold_anew();
    }

    /// The line of the head of a section.
    pub fn section_line(&self, lamp: Lamp) -> Option<usize> {
        self.line(&Row::Section(lamp))
    }

    /// Puts the cursor on a row, unfolding what hides it; whether it is there.
    pub fn select(&mut self, row: &Row) -> bool {
        let Some(place) = self.place_in_order(row) else {
            return false;
        };
        if self.line_of(place).is_none() {
            let over = |head: &Row| {
                let start = self.place_in_order(head);
                start.is_some_and(|start| start < place)
                    && self.ends.get(head).is_some_and(|end| place < *end)
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
        let open = |place: &&usize| !self.folded.contains(self.row(**place));
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
        list(&mut rows, &order, &[under("a"), under("b")]);
        rows
    }

    fn list(rows: &mut Rows, order: &[Row], under: &[(ChannelId, LoginId)]) {
        let order = order.iter().map(|row| rows.number(row.clone())).collect();
        rows.replace(order, under.iter().cloned().collect());
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
            assert_eq!(rows.line(row), Some(line));
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
        let all: Vec<Row> = rows.all().cloned().collect();
        let found = vec![Row::Section(Lamp::Green), channel("d"), channel("e")];
        rows.filtered(true);
        list(&mut rows, &found, &[]);
        assert_eq!((rows.len(), rows.selected()), (3, Some(&channel("d"))));
        rows.filtered(true);
        list(&mut rows, &found, &[]);
        rows.select(&Row::Section(Lamp::Green));
        rows.filtered(false);
        list(&mut rows, &all, &[]);
        assert_eq!(rows.len(), 6, "folded as before");

        rows.filtered(true);
        list(&mut rows, &all, &[]);
        rows.select(&channel("e"));
        rows.filtered(false);
        list(&mut rows, &all, &[]);
        assert_eq!((rows.len(), rows.selected()), (9, Some(&channel("e"))));
    }

    #[test]
    fn rows_that_are_gone_for_good_are_forgotten_and_those_that_are_shown_stay() {
        let mut rows = rows();
        rows.select(&channel("b"));
        rows.fold_section(Lamp::Green);
        let (all, under) = (rows.all().cloned().collect::<Vec<_>>(), rows.under.clone());
        for day in 0..50 {
            // Each day ten channels are new, and those of the day before gone.
            rows.reserve(all.len() + 10);
            let new = (0..10).map(|n| channel(&format!("day {day}, {n}")));
            let order: Vec<Row> = all.iter().cloned().chain(new).collect();
            let under: Vec<_> = under.clone().into_iter().collect();
            let before = shown(&rows);
            list(&mut rows, &order, &under);
            assert!(rows.known.len() <= 2 * order.len() + FEW + 10, "day {day}");
            assert_eq!(rows.selected(), Some(&channel("b")));
            assert!(rows.is_folded(&Row::Section(Lamp::Green)));
            assert_eq!(shown(&rows), before, "day {day}");
            for (line, row) in rows.from(0) {
                assert_eq!(rows.line(row), Some(line));
            }
        }
    }

    #[test]
    fn a_row_that_is_gone_gives_the_cursor_to_its_neighbour() {
        let mut rows = rows();
        rows.select(&channel("e"));
        let order = rows.all().filter(|row| **row != channel("e"));
        let order: Vec<Row> = order.cloned().collect();
        list(&mut rows, &order, &[]);
        assert_eq!(rows.selected(), Some(&channel("f")));
        list(&mut rows, &[], &[]);
        assert_eq!((rows.selected(), rows.len()), (None, 0));
        rows.step(1);
        assert!(!rows.fold() && !rows.unfold());
    }
}
