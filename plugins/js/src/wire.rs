//! Values as the engine reads them: `engine/wire.h` is the other side. Only what a program's modules need is written here.

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Values.
    List(Vec<Value<'a>>),
}

/// A message: how many values, then the values.
pub fn message(values: &[Value<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    list(&mut bytes, values);
    bytes
}

fn list(bytes: &mut Vec<u8>, values: &[Value<'_>]) {
    // Far below 2^32: memory is.
    bytes.extend((values.len() as u32).to_le_bytes());
    for value in values {
        put(bytes, value);
    }
}

fn put(bytes: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => bytes.push(1),
        Value::Bool(value) => bytes.push(if *value { 3 } else { 2 }),
        Value::Text(text) => {
            bytes.push(5);
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        Value::List(values) => {
            bytes.push(7);
            list(bytes, values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_the_engine_reads_them() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Text("é"),
            Value::List(vec![Value::Bool(false)]),
        ];
        let expected = [
            4, 0, 0, 0, 1, 3, 5, 2, 0, 0, 0, 0xc3, 0xa9, 7, 1, 0, 0, 0, 2,
        ];
        assert_eq!(message(&values), expected);
    }
}
