//! Maps: by key.

use gitops_core::{Map, Value};

use super::DiffError;
use super::walk::{Extra, Walk};
use crate::normalize;
use crate::path::Step;
use crate::shape::Shape;

impl<'a> Walk<'a> {
    pub(super) fn maps(
        &mut self,
        want: &'a Map,
        have: &'a Map,
        shape: Shape<'a>,
        extra: Extra,
    ) -> Result<(), DiffError> {
        for (key, value) in want {
            if value.is_null() || self.never_differs(key) {
                continue;
            }
            let entry = self.types.entry(&self.steps, shape, key);
            let live = have.get(key);
            self.below(Step::Field(key), |walk| match live {
                Some(live) if !live.is_null() => walk.values(value, live, entry, extra),
                _ => {
                    if !walk.ignored.has(value) && !normalize::absent::means_absent(value, entry) {
                        walk.report(None, Some(value));
                    }
                    Ok(())
                }
            })?;
        }
        if extra != Extra::Allowed {
            for (key, value) in have {
                let wanted = want.get(key).is_some_and(|wanted| !wanted.is_null());
                if !wanted && !self.never_differs(key) {
                    let entry = self.types.entry(&self.steps, shape, key);
                    self.below(Step::Field(key), |walk| walk.extra(value, entry, extra));
                }
            }
        }
        Ok(())
    }

    /// A live value that the other side lacks.
    pub(super) fn extra(&mut self, have: &'a Value, shape: Shape<'a>, extra: Extra) {
        if have.is_null() || self.ignored.has(have) {
            return;
        }
        let counts = match extra {
            Extra::Allowed => false,
            Extra::UnlessDefault => !normalize::absent::means_absent(have, shape) && !self.is_default(have),
            Extra::Counted => !normalize::absent::means_absent(have, shape),
        };
        if counts {
            self.report(Some(have), None);
        }
    }
}
