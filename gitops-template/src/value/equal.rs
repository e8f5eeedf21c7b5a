use super::{Text, Value};

/// Values below this depth are taken as different: a map may hold itself.
const MAX_DEPTH: usize = 200;

/// Whether two values are equal as Go's `reflect.DeepEqual` has it: of one type, and equal in all they hold.
pub(crate) fn deep_equal(left: &Value, right: &Value) -> bool {
    equal_at(left, right, 0)
}

fn equal_at(left: &Value, right: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match (left, right) {
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
            left.element() == right.element()
                && left.len() == right.len()
                && left.iter().zip(right.iter()).all(|(left, right)| equal_at(left, right, depth + 1))
        }
        (Value::Map(left), Value::Map(right)) => {
            let same =
                |(key, value): (Text, Value)| right.get(&key).is_some_and(|other| equal_at(&value, &other, depth + 1));
            left.is(right)
                || (left.kind() == right.kind() && left.len() == right.len() && left.entries().into_iter().all(same))
        }
        (Value::Object(left), Value::Object(right)) => {
            std::rc::Rc::ptr_eq(left, right)
                || (left.type_name() == right.type_name() && equal_at(&left.plain(), &right.plain(), depth + 1))
        }
        _ => false,
    }
}
