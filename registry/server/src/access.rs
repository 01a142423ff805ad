//! Who may push: an account to the repositories that it was the first to push to, and tokens with a scope of repositories.
//! The database has the hashes of tokens alone.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet_api::Token;
use fleet_db::Database;

use crate::names::Repository;
use crate::refusal::Refusal;
use crate::{components, releases};

/// Whether a scope covers a repository: the same name, or the same beginning if the scope ends in `*`.
pub fn covers(scope: &str, repository: &Repository) -> bool {
    match scope.strip_suffix('*') {
        Some(beginning) => repository.as_str().starts_with(beginning),
        None => scope == repository.as_str(),
    }
}

/// Whether a text can be a scope: a repository, or the beginning of one and `*`.
pub fn is_scope(scope: &str) -> bool {
    let beginning = scope.strip_suffix('*').unwrap_or(scope);
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
    scope.len() <= 255
        && if scope.ends_with('*') {
            beginning.bytes().all(plain)
        } else {
            scope.parse::<Repository>().is_ok()
        }
}

/// Lets a caller through who shows an account's token, if the repository is the account's or becomes so, or a token whose
/// scope covers the repository.
pub async fn require(
    database: &Database,
    headers: &HeaderMap,
    repository: &Repository,
) -> Result<(), Refusal> {
    let token = presented(headers).ok_or_else(Refusal::unauthorized)?;
    let denied = |message: String| Err(Refusal::new(StatusCode::FORBIDDEN, "DENIED", message));
    if components::is_own(repository) {
        return denied(format!("`{repository}` is made by this registry itself"));
    }
    if let Some(account) = database.account_of(token.hash()).await? {
        // Else the first account that asks could keep every release out.
        if repository.as_str() == releases::REPOSITORY {
            return denied(format!(
                "`{repository}` belongs to whoever runs this registry"
            ));
        }
        if database
            .own_repository(repository.as_str(), &account)
            .await?
        {
            return Ok(());
        }
        return denied(format!(
            "`{repository}` belongs to another account than `{account}`"
        ));
    }
    let scope = database
        .registry_scope(token.hash())
        .await?
        .ok_or_else(Refusal::unauthorized)?;
    if covers(&scope, repository) {
        return Ok(());
    }
    denied(format!(
        "this token is for `{scope}`, not for `{repository}`"
    ))
}

/// The token of a request: `Bearer TOKEN`, or `Basic` with the token as password.
fn presented(headers: &HeaderMap) -> Option<Token> {
    let (scheme, value) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Token::presented(value.trim()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    Some(Token::presented(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_its_repositories_and_no_other() {
        let covered = |scope, name: &str| covers(scope, &name.parse().expect("a name"));
        assert!(covered("plugins/wat", "plugins/wat"));
        assert!(!covered("plugins/wat", "plugins/wat2"));
        assert!(!covered("plugins/wat", "plugins/wat/x"));
        assert!(covered("plugins/acme-*", "plugins/acme-x"));
        assert!(!covered("plugins/acme-*", "plugins/acm"));
        assert!(covered("*", "a/b"));
        assert!(is_scope("*") && is_scope("plugins/*") && is_scope("plugins/wat"));
        assert!(!is_scope("") && !is_scope("plugins/") && !is_scope("*x") && !is_scope("A*"));
    }
}
