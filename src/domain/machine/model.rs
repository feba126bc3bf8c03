//! An exhaustive search: one delivery, two workers that may crash or be
//! paused, a network that loses, delays and refuses, people who cancel,
//! decide and disconnect, in every order. It drives the real [`step`].
//!
//! What "settled" means is the one assumption the protocol makes, and the model
//! takes it as true: settled is when nothing of ours is under way. For class K
//! it is searched without it as well, with readings that are made and count at
//! any time: the key alone must keep a second post away.
//!
//! Every search goes on until no world is left that was not looked at. The
//! design has a reference of the same shape with rules of its own; what it
//! found is beside each row of its table (2.11). Ours counts worlds that
//! differ only in the names of the two workers once.

use super::super::outcome::OutcomeClass;
use super::*;

mod moves;
mod search;
mod world;

use moves::{Model, Scope};
use search::{Report, search};

fn searched(class: OutcomeClass, rules: Rules, scope: Scope) -> Report {
    found(&Model {
        class,
        rules,
        scope,
        early: false,
    })
}

fn found(model: &Model) -> Report {
    let report = search(model);
    println!(
        "{:?} {:?}: {} worlds; twice: {:?}; behind our back: {:?}",
        model.class, model.scope, report.worlds, report.duplicate, report.hidden
    );
    report
}

/// What must be true of a protocol that keeps its promise.
fn assert_sound(class: OutcomeClass, report: &Report) {
    assert_eq!(report.duplicate, None, "{class:?}: live twice");
    assert_eq!(report.hidden, None, "{class:?}: live behind our back");
    assert_eq!(report.stuck, None, "{class:?}: no way on");
}

/// A row of the table in which nothing bad can be reached.
fn sound_row(class: OutcomeClass, reference: usize) {
    let report = searched(class, Rules::default(), Scope::Table);
    assert_sound(class, &report);
    assert_comparable(&report, reference);
    // A person who decides does no harm either.
    let asked = searched(class, Rules::default(), Scope::Asked);
    assert_sound(class, &asked);
    assert!(asked.worlds > report.worlds);
}

/// A row in which a broken rule leads to a second post, in no more steps than
/// the reference needs, and to one that is live behind our back.
fn broken_row(class: OutcomeClass, rules: Rules, reference: usize, steps: usize) {
    let report = searched(class, rules, Scope::Table);
    let twice = report.duplicate.as_ref().expect("it can go out twice");
    assert!(twice.len() <= steps, "{} steps: {twice:?}", twice.len());
    assert!(report.hidden.is_some(), "it can be live behind our back");
    assert_comparable(&report, reference);
}

/// A search of another size than the reference's searched something else.
fn assert_comparable(report: &Report, reference: usize) {
    let (least, most) = (reference / 4, reference * 4);
    let comparable = (least..=most).contains(&report.worlds);
    assert!(comparable, "{} worlds", report.worlds);
}

fn blind() -> Rules {
    Rules {
        blind_retry: true,
        ..Rules::default()
    }
}

fn unsettled() -> Rules {
    Rules {
        no_settle: true,
        ..Rules::default()
    }
}

fn stealable() -> Rules {
    Rules {
        stealable_lease: true,
        ..Rules::default()
    }
}

#[test]
fn table_2_11_with_a_key_nothing_goes_out_twice() {
    sound_row(OutcomeClass::Key, 1_175);
}

#[test]
fn table_2_11_read_back_after_the_settle_time_nothing_goes_out_twice() {
    sound_row(OutcomeClass::ReadBack, 671);
}

#[test]
fn table_2_11_a_listing_read_after_the_settle_time_is_as_good() {
    sound_row(OutcomeClass::ListMatch, 671);
}

#[test]
fn table_2_11_where_the_network_tells_nobody_a_person_is_asked_and_nothing_goes_out_twice() {
    sound_row(OutcomeClass::Unknowable, 453);
}

#[test]
fn table_2_11_read_back_without_the_settle_time_can_go_out_twice() {
    broken_row(OutcomeClass::ReadBack, unsettled(), 2_090, 12);
    broken_row(OutcomeClass::ListMatch, unsettled(), 2_090, 12);
}

#[test]
fn table_2_11_with_a_lease_that_can_be_stolen_it_can_go_out_twice() {
    broken_row(OutcomeClass::ReadBack, stealable(), 24_102, 12);
}

#[test]
fn table_2_11_sent_again_blindly_it_can_go_out_twice() {
    broken_row(OutcomeClass::Unknowable, blind(), 2_043, 11);
}

#[test]
fn reliability_no_post_is_live_twice_or_behind_our_back_in_any_order_of_events() {
    for class in OutcomeClass::ALL {
        let report = searched(*class, Rules::default(), Scope::Wide);
        assert_sound(*class, &report);
        assert!(report.worlds > 2_000, "{class:?}: {}", report.worlds);
    }
}

#[test]
fn reliability_with_a_key_a_reading_that_comes_too_early_makes_no_second_post() {
    for scope in [Scope::Asked, Scope::Wide] {
        let report = found(&Model {
            class: OutcomeClass::Key,
            rules: Rules::default(),
            scope,
            early: true,
        });
        assert_eq!(report.stuck, None, "no way on");
        assert_eq!(report.duplicate, None, "live twice");
    }
}

#[test]
fn reliability_a_blind_retry_breaks_every_class_and_only_the_key_stops_a_second_post() {
    for class in [OutcomeClass::ReadBack, OutcomeClass::ListMatch] {
        let report = searched(class, blind(), Scope::Table);
        assert!(report.duplicate.is_some(), "{class:?}");
    }
    let keyed = searched(OutcomeClass::Key, blind(), Scope::Table);
    assert_eq!(keyed.duplicate, None, "the key still holds");
    assert!(keyed.hidden.is_some(), "but a cancelled post can be live");
}

#[test]
fn reliability_a_stolen_lease_does_not_get_past_the_key_but_fools_a_person() {
    for class in [OutcomeClass::Key, OutcomeClass::Unknowable] {
        let report = searched(class, stealable(), Scope::Table);
        assert_eq!(report.duplicate, None, "{class:?}");
    }
    // Who looks at the profile cannot see the process that only sleeps.
    let asked = searched(OutcomeClass::Unknowable, stealable(), Scope::Asked);
    assert!(asked.duplicate.is_some());
}

#[test]
fn reliability_a_new_key_per_attempt_is_no_key() {
    let report = found(&Model {
        class: OutcomeClass::Key,
        rules: Rules {
            new_key_per_attempt: true,
            ..Rules::default()
        },
        scope: Scope::Table,
        early: true,
    });
    assert!(report.duplicate.is_some());
}
