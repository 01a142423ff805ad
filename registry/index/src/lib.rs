//! registry-index
