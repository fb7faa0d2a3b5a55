//! What all requests share.

use std::sync::Arc;

use bgrun_store::Home;

use crate::events::Hub;
use crate::gate::Gate;

/// The running dashboard.
#[derive(Debug)]
pub(crate) struct Dashboard {
    pub(crate) home: Home,
    pub(crate) gate: Gate,
    pub(crate) hub: Arc<Hub>,
}
