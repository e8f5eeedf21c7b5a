use super::Value;

/// Values below this depth are taken as different: a map may hold itself.
const MAX_DEPTH: usize = 200;

/// Whether two values are equal as Go's `reflect.DeepEqual` has it: of one type, and equal in all they hold. Each value
/// that is looked at takes a step, as lists may share their elements; none where the steps don't suffice.
pub(crate) fn deep_equal(left: &Value, right: &Value, steps: &mut u64) -> Option<bool> {
    equal_at(left, right, 0, steps)
}

fn equal_at(left: &Value, right: &Value, depth: usize, steps: &mut u64) -> Option<bool> {
    *steps = steps.checked_sub(1)?;
    if depth > MAX_DEPTH {
        return Some(false);
    }
    Some(match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Int64(left), Value::Int64(right)) => left == right,
        (Value::Uint64(left), Value::Uint64(right)) => left == right,
        (Value::Byte(left), Value::Byte(right)) => left == right,
        (Value::Rune(left), Value::Rune(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Complex(left, first), Value::Complex(right, second)) => left == right && first == second,
        (Value::Text(left), Value::Text(right)) | (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            if left.element() != right.element() || left.len() != right.len() || left.is_nil() != right.is_nil() {
                return Some(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal_at(left, right, depth + 1, steps)? {
                    return Some(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.is(right) {
                return Some(true);
            }
            if left.kind() != right.kind() || left.len() != right.len() || left.is_nil() != right.is_nil() {
                return Some(false);
            }
            for (key, value) in left.entries() {
                let Some(other) = right.get(&key) else { return Some(false) };
                if !equal_at(&value, &other, depth + 1, steps)? {
                    return Some(false);
                }
            }
            true
        }
        (Value::Object(left), Value::Object(right)) => {
            std::rc::Rc::ptr_eq(left, right)
                || (left.type_name() == right.type_name() && equal_at(&left.plain(), &right.plain(), depth + 1, steps)?)
        }
        _ => false,
    })
}
