//! `crypto(operation, …)`: which file answers which operation.

use crate::arguments::Arguments;
use crate::web::Random;
use crate::wire::Value;
use crate::{cipher, curves, digest, rsa};

/// The first argument is the operation, the others are its own.
pub(crate) fn answer(
    arguments: Arguments<'_>,
    random: &mut Random,
) -> Result<Value<'static>, String> {
    let operation = arguments.text(0)?;
    let rest = arguments.rest(operation);
    match operation {
        "hkdf" => return digest::hkdf(rest),
        "pbkdf2" => return digest::pbkdf2(rest),
        "scrypt" => return digest::scrypt(rest),
        _ => {}
    }
    cipher::answer(operation, rest)
        .or_else(|| rsa::answer(operation, rest, random))
        .or_else(|| curves::answer(operation, rest, random))
        .unwrap_or_else(|| {
            Err(format!(
                "`crypto` has no operation `{}`",
                operation.escape_debug()
            ))
        })
}
