//! One instance, called as the engine calls it.

use host_web::{Function, Value, Web};

pub struct Caller(Web);

impl Caller {
    /// With random numbers that are none: the same in every run.
    pub fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        Self(Web::new(Box::new(move |bytes| {
            for byte in bytes {
                *byte = next(&mut state) as u8;
            }
        })))
    }

    pub fn try_call(
        &mut self,
        function: Function,
        arguments: &[Value<'_>],
    ) -> Result<Value<'static>, String> {
        let answer = self.0.answer(function, arguments);
        answer.unwrap_or_else(|| panic!("{function:?} is not answered"))
    }

    pub fn call(&mut self, function: Function, arguments: &[Value<'_>]) -> Value<'static> {
        let answer = self.try_call(function, arguments);
        answer.unwrap_or_else(|error| panic!("{function:?}: {error}"))
    }

    /// An operation of `crypto`.
    pub fn crypto(&mut self, operation: &str, arguments: &[Value<'_>]) -> Value<'static> {
        let answer = self.try_crypto(operation, arguments);
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub fn try_crypto(
        &mut self,
        operation: &str,
        arguments: &[Value<'_>],
    ) -> Result<Value<'static>, String> {
        let mut all = vec![Value::from(operation.to_owned())];
        all.extend(arguments.iter().cloned().map(Value::into_owned));
        self.try_call(Function::Crypto, &all)
    }
}

/// The next number of splitmix64.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Bytes written in hexadecimal; blanks are left out.
pub fn hex(text: &str) -> Value<'static> {
    Value::from(unhex(text))
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16).map(|digit| digit as u8))
        .collect();
    assert_eq!(digits.len() % 2, 0, "{text}");
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

pub fn number(value: impl Into<f64>) -> Value<'static> {
    Value::Number(value.into())
}

pub fn bytes(value: Value<'_>) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.into_owned(),
        other => panic!("{other:?} is not bytes"),
    }
}

pub fn text(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => text.into_owned(),
        other => panic!("{other:?} is not a text"),
    }
}
