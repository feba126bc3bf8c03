//! The find box: opened from anywhere, at work with every letter. Names are
//! ranked here; posts are asked for and come when they are there.

use std::cmp::Reverse;
use std::time::Duration;

use super::{calendar, filter, moves, posts, press, runbook, sheets, wall};
use crate::domain::ids::ChannelId;
use crate::domain::when::{Past, parse};
use crate::ops::views::{DeliveryView, PostSearch};
use crate::ops::{OpError, Scope};
use crate::tui::act::{Effect, Load};
use crate::tui::keys::{self, Binding, Do};
use crate::tui::model::find::{Destination, Find, Group, Named, Ranking, Row, Target};
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model, Sheet};
use crate::tui::words::Wall;

/// A post is looked for from this many letters on.
const ENOUGH: usize = 2;

/// How far from the time that was typed posts are shown.
const AROUND: Duration = Duration::from_secs(12 * 3600);

/// Opens the box.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let _ = filter::keep(model);
    let channels = model
        .channels
        .all()
        .map(|view| {
            let channel = &view.summary.channel;
            let network = channel.kind.network();
            Named {
                id: channel.id.clone(),
                text: format!(
                    "{} {} {} {} {}",
                    channel.handle,
                    channel.display_name,
                    network.title(),
                    network.short(),
                    view.summary.workspace.1
                ),
                lamp: view.lamp,
            }
        })
        .collect();
    model.sheets.push(Sheet::Find(Box::new(Find {
        channels,
        ..Find::default()
    })));
    typed(model)
}

fn top(model: &mut Model) -> Option<&mut Find> {
    match model.sheets.last_mut() {
        Some(Sheet::Find(find)) => Some(find),
        _ => None,
    }
}

/// Empties the box; whether there was anything in it.
pub fn clear(model: &mut Model) -> bool {
    let Some(find) = top(model) else {
        return false;
    };
    let any = !find.search.text().is_empty();
    if any {
        find.search.clear();
        let _ = typed(model);
    }
    any
}

/// Finds anew what fits what is typed.
pub fn typed(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Find(find)) = model.sheets.last() else {
        return Vec::new();
    };
    let text = find.search.text().trim().to_owned();
    let near = around(model, find, &text);
    let (rows, wanted, said) = match near {
        // A name and a time mean posts and nothing else.
        Some((search, said)) => (Vec::new(), Some(search), Some(said)),
        None => (local(model, find, &text), by_words(model, &text), None),
    };
    let Some(find) = top(model) else {
        return Vec::new();
    };
    find.rows = rows;
    find.wanted = wanted;
    find.around = said;
    find.selected = 0;
    find.go = false;
    find.error = None;
    ask(model)
}

/// Asks for posts, one search at a time.
fn ask(model: &mut Model) -> Vec<Effect> {
    let id = model.requests.fresh();
    let Some(find) = top(model) else {
        return Vec::new();
    };
    let (Some(wanted), None) = (&find.wanted, &find.asked) else {
        return Vec::new();
    };
    let search = wanted.clone();
    find.asked = Some((id, search.clone()));
    vec![Effect::Load(id, Load::Find(search))]
}

/// What a key would do here, that can be run from the box: what confirms a
/// sheet is done only where the sheet is in sight.
fn actions(model: &Model) -> impl Iterator<Item = &'static Binding> {
    keys::of(model, keys::below_help(model)).filter(|binding| {
        let own = matches!(binding.does, Do::Help | Do::Find | Do::Wall | Do::Calendar);
        let confirms = matches!(binding.does, Do::Go | Do::Field(_) | Do::Back);
        binding.rank > 0 && !own && !confirms
    })
}

/// What is known here, in groups: the one that fits best first.
fn local(model: &Model, find: &Find, text: &str) -> Vec<Row> {
    let mut ranking = Ranking::new(text);
    let mut groups: Vec<(u32, Group, Vec<Target>)> = Vec::new();
    let mut add = |group: Group, found: Vec<(u32, Target)>| {
        if let Some(best) = found.first().map(|(best, _)| *best) {
            let targets = found.into_iter().map(|(_, target)| target).collect();
            groups.push((best, group, targets));
        }
    };
    let keys: Vec<(&'static Binding, String)> = actions(model)
        .map(|binding| (binding, format!("{} {}", binding.short, binding.long)))
        .collect();
    let found = ranking.best(
        keys.iter().enumerate().map(|(at, (binding, name))| {
            // What works comes before what is greyed out.
            let greyed = keys::why_not(model, binding.does).is_some();
            ((greyed, at), name.as_str())
        }),
        Group::Actions.most(),
    );
    add(
        Group::Actions,
        found
            .into_iter()
            .map(|(score, (_, at))| (score, Target::Key(keys[at].0)))
            .collect(),
    );
    for group in [Group::Places, Group::Looks] {
        let looks = group == Group::Looks;
        if looks && text.is_empty() {
            continue;
        }
        let places = Destination::ALL.iter().enumerate();
        let found = ranking.best(
            places
                .filter(|(_, (place, ..))| place.is_look() == looks)
                .map(|(at, (_, name, _))| (at, *name)),
            group.most(),
        );
        let ranked = found.into_iter().map(|(score, at)| {
            // Its whole name is meant, whatever an action is called.
            let named = Destination::ALL[at].1.eq_ignore_ascii_case(text.trim());
            (if named { u32::MAX } else { score }, Target::Place(at))
        });
        add(group, ranked.collect());
    }
    let names: Vec<String> = model
        .workspaces
        .iter()
        .map(|one| format!("{} {}", one.workspace.name, one.workspace.slug))
        .collect();
    let found = ranking.best(
        names
            .iter()
            .enumerate()
            .map(|(at, name)| ((name.as_str(), at), name.as_str())),
        Group::Workspaces.most(),
    );
    add(
        Group::Workspaces,
        found
            .into_iter()
            .map(|(score, (_, at))| {
                let id = model.workspaces[at].workspace.id.clone();
                (score, Target::Workspace(id))
            })
            .collect(),
    );
    if !text.is_empty() {
        let found = best_channels(&mut ranking, find, Group::Channels.most());
        add(
            Group::Channels,
            found
                .into_iter()
                .map(|(score, id)| (score, Target::Channel(id)))
                .collect(),
        );
    }
    groups.sort_by_key(|(best, group, _)| (Reverse(*best), *group));
    groups
        .into_iter()
        .flat_map(|(_, group, targets)| {
            targets.into_iter().map(move |target| Row { group, target })
        })
        .collect()
}

fn best_channels(ranking: &mut Ranking, find: &Find, most: usize) -> Vec<(u32, ChannelId)> {
    let all = find.channels.iter().enumerate().map(|(at, one)| {
        let name = one.text.as_str();
        ((Reverse(one.lamp), name, at), name)
    });
    ranking
        .best(all, most)
        .into_iter()
        .map(|(score, (_, _, at))| (score, find.channels[at].id.clone()))
        .collect()
}

fn by_words(model: &Model, text: &str) -> Option<PostSearch> {
    let letters = text.chars().filter(|c| !c.is_whitespace()).count();
    (letters >= ENOUGH).then(|| PostSearch {
        scope: model.scope.clone(),
        channel: None,
        words: text.split_whitespace().map(str::to_owned).collect(),
        around: None,
        within: None,
        limit: Group::Posts.most(),
    })
}

/// The posts that `acme 9:00` means, and how the time was understood: a
/// workspace or a channel, and a time on its clock.
fn around(model: &Model, find: &Find, text: &str) -> Option<(PostSearch, String)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    // The fewest words that are a name; without any the time is the operator's.
    (0..words.len()).find_map(|at| {
        let when = words[at..].join(" ");
        // A clock time is meant, or "now" and "fri" could never be names.
        if !when.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let name = words[..at].join(" ");
        let (scope, channel, zone) = whose(model, find, &name)?;
        let when = parse(&when, &zone, model.now, Past::Allowed).ok()?;
        let search = PostSearch {
            scope,
            channel,
            words: Vec::new(),
            around: Some(when.instant),
            within: Some(AROUND),
            limit: Group::Posts.most(),
        };
        let ours = model.wall();
        let theirs = Wall {
            zone: crate::domain::when::zone(&when.zone).ok()?,
            ..ours.clone()
        };
        let here = ours.clock_in_zone(when.instant);
        let there = theirs.clock_in_zone(when.instant);
        let said = match there == here {
            true => format!("due around {there}"),
            false => format!("due around {there} = {here}"),
        };
        Some((search, said))
    })
}

/// Whose clock and posts are meant: workspaces by name come before channels.
fn whose(model: &Model, find: &Find, name: &str) -> Option<(Scope, Option<ChannelId>, String)> {
    if name.is_empty() {
        let zone = model.set.zone.iana_name().unwrap_or("UTC").to_owned();
        return Some((model.scope.clone(), None, zone));
    }
    let mut ranking = Ranking::new(name);
    let names: Vec<String> = model
        .workspaces
        .iter()
        .map(|one| format!("{} {}", one.workspace.name, one.workspace.slug))
        .collect();
    let all = names
        .iter()
        .enumerate()
        .map(|(at, name)| (at, name.as_str()));
    if let Some((_, at)) = ranking.best(all, 1).first() {
        let one = &model.workspaces[*at].workspace;
        return Some((Scope::Workspace(one.id.clone()), None, one.timezone.clone()));
    }
    let (_, id) = best_channels(&mut ranking, find, 1).into_iter().next()?;
    let workspace = &model.channels.get(&id)?.summary.channel.workspace_id;
    let zone = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == *workspace)
        .map(|one| one.workspace.timezone.clone())?;
    Some((Scope::Workspace(workspace.clone()), Some(id), zone))
}

/// Takes the posts that were asked for.
pub fn found(
    model: &mut Model,
    id: RequestId,
    result: Result<Vec<DeliveryView>, OpError>,
) -> Vec<Effect> {
    let open = model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Find(find) if find.asked.as_ref().is_some_and(|(asked, _)| *asked == id) => {
            Some(find)
        }
        _ => None,
    });
    let Some(find) = open else {
        return Vec::new();
    };
    let asked = find.asked.take().map(|(_, search)| search);
    if asked != find.wanted {
        return ask(model);
    }
    find.wanted = None;
    match result {
        Ok(views) => find.rows.extend(views.into_iter().map(|view| Row {
            group: Group::Posts,
            target: Target::Post(Box::new(view)),
        })),
        Err(error) => find.error = Some(error.to_string()),
    }
    let go = std::mem::take(&mut find.go) && !find.rows.is_empty();
    model.touch(Dirty::Background);
    if go { self::go(model) } else { Vec::new() }
}

/// Does, or goes to, what has the cursor.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let Some(find) = top(model) else {
        return Vec::new();
    };
    let Some(row) = find.rows.get(find.selected).cloned() else {
        // The answer is on its way: Enter was meant for it.
        find.go = find.is_looking();
        return Vec::new();
    };
    model.sheets.pop();
    match row.target {
        Target::Key(binding) => press::run(model, binding.does),
        Target::Place(at) => match Destination::ALL.get(at) {
            Some((destination, ..)) => arrive(model, *destination),
            None => Vec::new(),
        },
        Target::Workspace(id) => {
            model.sheets.clear();
            moves::show(model, Scope::Workspace(id))
        }
        Target::Channel(id) => {
            model.sheets.clear();
            channel(model, &id)
        }
        Target::Post(view) => {
            model.sheets.clear();
            model.queue.select(&view.delivery.id);
            posts::open(model, *view)
        }
    }
}

/// Goes to a place.
pub fn arrive(model: &mut Model, destination: Destination) -> Vec<Effect> {
    match destination {
        Destination::Keys => return sheets::help(model),
        Destination::Mouse => return super::mouse::toggle(model),
        Destination::Theme(theme) => {
            super::theme::choose(model, theme);
            return Vec::new();
        }
        _ => {}
    }
    model.sheets.clear();
    match destination {
        Destination::Pane(pane) => moves::focus(model, pane),
        Destination::All => moves::show(model, Scope::All),
        Destination::Wall => wall::open(model),
        Destination::Calendar => calendar::open(model),
        Destination::Handover => runbook::hand_over(model),
        Destination::Keys | Destination::Theme(_) | Destination::Mouse => Vec::new(),
    }
}

/// Puts the cursor on a channel, wherever it is: what hides it is taken away.
pub fn channel(model: &mut Model, id: &ChannelId) -> Vec<Effect> {
    use crate::tui::model::Pane;
    let Some(view) = model.channels.get(id) else {
        return Vec::new();
    };
    let workspace = view.summary.channel.workspace_id.clone();
    let mut effects = moves::focus(model, Pane::Channels);
    if model
        .scope
        .workspace()
        .is_some_and(|only| *only != workspace)
    {
        effects.extend(moves::show(model, Scope::All));
    }
    if !model.channels.select(id) {
        effects.extend(filter::clear(model).unwrap_or_default());
        model.channels.select(id);
    }
    model.details_scroll = 0;
    effects
}
