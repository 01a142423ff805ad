//! host-plugin
