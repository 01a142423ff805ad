//! plugins-policy-spread
