//! Fields that the engine set and the source does not have any more.

use std::collections::BTreeSet;

use gitops_core::{Map, Object, Value};

use super::DiffError;
use super::lists::Finder;
use super::walk::Walk;
use crate::FieldDiff;
use crate::owners::Share;
use crate::path::Step;
use crate::shape::{Relation, Shape};

/// Reports the fields that the engine owns in the live object by server-side apply, that the desired one lacks, and
/// that nobody else owns: applying removes these. What others own as well stays where it is, as on the API server.
///
/// An item of a list or an entry of a map stays only where another owns it itself: who owns no more than fields in it loses them
/// with it. A field that the type names stays for what others own in it (structured-merge-diff 6.3, `merge.Updater.prune`).
///
/// Nor does what the server fills in again count. Plain writes own what it filled in, too, so that of their fields nothing can be
/// told where that is not known.
pub(super) fn find<'a>(walk: &mut Walk<'a>, desired: &'a Object, live: &'a Object) -> Result<(), DiffError> {
    let (owners, shape) = (walk.owners, walk.types.root);
    let before = walk.found.len();
    for entry in owners.entries().filter(|entry| entry.own) {
        if entry.ours || walk.knows_defaults() {
            in_map(walk, entry.fields, (Some(desired.body()), live.body()), shape)?;
        }
    }
    told_once(&mut walk.found, before);
    Ok(())
}

/// What several entries own is gone once, and with it what is in it.
fn told_once(found: &mut Vec<FieldDiff>, from: usize) {
    let gone = found.split_off(from);
    let all: BTreeSet<String> = gone.iter().map(|field| field.path.pointer.clone()).collect();
    let mut told: BTreeSet<String> = BTreeSet::new();
    for field in gone {
        let pointer = field.path.pointer.as_str();
        let within =
            pointer.match_indices('/').any(|(end, _)| pointer.get(..end).is_some_and(|above| all.contains(above)));
        if !within && told.insert(pointer.to_owned()) {
            found.push(field);
        }
    }
}

/// The fields of one map. `want` is none where the map itself is not desired.
fn in_map<'a>(
    walk: &mut Walk<'a>,
    fields: &'a Map,
    (want, have): (Option<&'a Map>, &'a Map),
    shape: Shape<'a>,
) -> Result<(), DiffError> {
    walk.check_depth()?;
    for (key, below) in fields {
        let (Some(name), Value::Object(below)) = (key.strip_prefix("f:"), below) else { continue };
        if walk.never_differs(name) {
            continue;
        }
        let Some(have) = have.get(name).filter(|have| !have.is_null()) else { continue };
        let want = want.and_then(|want| want.get(name)).filter(|want| !want.is_null());
        let entry = walk.types.entry(&walk.steps, shape, name);
        walk.below(Step::Field(name), |walk| in_value(walk, below, (want, have), (entry, stays_for(shape, name))))?;
    }
    Ok(())
}

/// How much of a map's entry another manager has to own for it to stay.
fn stays_for(shape: Shape<'_>, name: &str) -> Share {
    if shape.names(name) { Share::Part } else { Share::Itself }
}

fn in_value<'a>(
    walk: &mut Walk<'a>,
    fields: &'a Map,
    (want, have): (Option<&'a Value>, &'a Value),
    (shape, stays_for): (Shape<'a>, Share),
) -> Result<(), DiffError> {
    if walk.ignored.has(have) {
        return Ok(());
    }
    let itself = fields.is_empty() || fields.contains_key(".");
    if want.is_none() && itself && !walk.is_shared(stays_for) {
        if !walk.is_default(have) {
            walk.report(Some(have), None);
        }
        return Ok(());
    }
    match (want, have) {
        (Some(Value::Object(want)), Value::Object(have)) => in_map(walk, fields, (Some(want), have), shape),
        (None, Value::Object(have)) => in_map(walk, fields, (None, have), shape),
        (Some(Value::Array(want)), Value::Array(have)) => in_list(walk, fields, (want, have), shape),
        (None, Value::Array(have)) => in_list(walk, fields, (&[], have), shape),
        _ => Ok(()),
    }
}

fn in_list<'a>(
    walk: &mut Walk<'a>,
    fields: &'a Map,
    (want, have): (&'a [Value], &'a [Value]),
    shape: Shape<'a>,
) -> Result<(), DiffError> {
    match shape.relation() {
        Relation::Keys(keys) => in_keyed(walk, fields, (want, have), (keys, shape.item())),
        Relation::Set => {
            let (mut wanted, mut live) = (Finder::members(want), Finder::members(have));
            for text in fields.keys().filter_map(|key| key.strip_prefix("v:")) {
                let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
                let (Some(index), None) = (live.find(&value), wanted.find(&value)) else { continue };
                let Some(value) = have.get(index).filter(|value| !walk.ignored.has(value)) else { continue };
                walk.below(Step::Member { index: Some(index), value }, |walk| {
                    if !walk.is_shared(Share::Itself) {
                        walk.report(Some(value), None);
                    }
                });
            }
            Ok(())
        }
        Relation::Atomic => Ok(()),
    }
}

fn in_keyed<'a>(
    walk: &mut Walk<'a>,
    fields: &'a Map,
    (want, have): (&'a [Value], &'a [Value]),
    (keys, shape): (&'a [String], Shape<'a>),
) -> Result<(), DiffError> {
    walk.check_depth()?;
    let mut wanted = Finder::new(want, keys, shape);
    let mut live = Finder::new(have, keys, shape);
    for (key, below) in fields {
        let (Some(text), Value::Object(below)) = (key.strip_prefix("k:"), below) else { continue };
        let Ok(element) = serde_json::from_str::<Value>(text) else { continue };
        let Some(index) = live.find(&element) else { continue };
        let Some(item) = have.get(index) else { continue };
        let want = wanted.find(&element).and_then(|index| want.get(index));
        let step = Step::Item { index: Some(index), keys, item, shape };
        walk.below(step, |walk| in_item(walk, below, (want, item), (keys, shape)))?;
    }
    Ok(())
}

fn in_item<'a>(
    walk: &mut Walk<'a>,
    fields: &'a Map,
    (want, have): (Option<&'a Value>, &'a Value),
    (keys, shape): (&'a [String], Shape<'a>),
) -> Result<(), DiffError> {
    let stays = want.is_none() && !walk.ignored.has(have) && walk.is_shared(Share::Itself);
    let Value::Object(map) = have else { return Ok(()) };
    if !stays {
        return in_value(walk, fields, (want, have), (shape, Share::Itself));
    }
    // The item belongs to others as well and stays, and so do the keys that it is known by.
    for (key, below) in fields {
        let (Some(name), Value::Object(below)) = (key.strip_prefix("f:"), below) else { continue };
        let Some(have) = map.get(name).filter(|_| !keys.iter().any(|key| key == name)) else { continue };
        walk.below(Step::Field(name), |walk| {
            in_value(walk, below, (None, have), (shape.entry(name), stays_for(shape, name)))
        })?;
    }
    Ok(())
}
