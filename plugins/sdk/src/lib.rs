//! plugins-sdk
