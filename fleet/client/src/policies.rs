//! Calls about policies. Operators ask the platform, the platform asks raptor: the same calls, a little less patience.

use std::time::Duration;

use fleet_api::{PolicyIdentity, PolicyList, PolicyRecord, PolicySlot, SetPolicy};
use reqwest::Client;

use crate::call::{self, CallError};

/// The policies of a fleet, at the platform or at raptor.
#[derive(Clone, Debug)]
pub struct PolicyClient {
    pub(crate) base: String,
    pub(crate) client: Client,
    /// How long an answer may take: a policy is compiled before it is taken.
    pub(crate) patience: Duration,
}

impl PolicyClient {
    /// Everything about policies.
    pub async fn list(&self) -> Result<PolicyList, CallError> {
        let url = format!("{}/v1/policies", self.base);
        call::fetch(self.client.get(url), self.patience).await
    }

    /// Puts a policy into a slot.
    pub async fn set(
        &self,
        slot: PolicySlot,
        wish: &SetPolicy,
    ) -> Result<PolicyIdentity, CallError> {
        let url = format!("{}/v1/policies/{}", self.base, slot.as_str());
        call::fetch(self.client.put(url).json(wish), self.patience).await
    }

    /// Takes the operator's choice for a slot back.
    pub async fn unset(&self, slot: PolicySlot) -> Result<(), CallError> {
        let url = format!("{}/v1/policies/{}", self.base, slot.as_str());
        call::send(self.client.delete(url), Some(self.patience))
            .await
            .map(drop)
    }

    /// The newest decisions with what was known, oldest first; as many as are kept if no number is given.
    pub async fn decisions(&self, count: Option<u32>) -> Result<PolicyRecord, CallError> {
        let wish = count.map_or_else(String::new, |count| format!("?n={count}"));
        let url = format!("{}/v1/policies/decisions{wish}", self.base);
        call::fetch(self.client.get(url), self.patience).await
    }
}
