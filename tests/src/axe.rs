//! What axe-core says of a page: the rules of WCAG, as far as a machine can look.

use crate::{Browser, Value};
use std::path::PathBuf;

impl Browser {
    /// What axe-core does not like about the page as it is.
    #[track_caller]
    pub fn violations(&self) -> Vec<Value> {
        let path = std::env::var_os("BGRUN_AXE").map(PathBuf::from);
        let path = path.expect("BGRUN_AXE names axe.min.js of the npm package axe-core");
        let axe = std::fs::read_to_string(path).expect("axe-core can be read");
        self.script(&axe, &[]);
        let report = self.script(
            "return axe.run({rules: {'target-size': {enabled: true}}}).then(r => ({passes: r.passes.length, violations: \
             r.violations.map(v => ({rule: v.id, at: v.nodes.slice(0, 3).map(n => \
             n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? ''))}))}))",
            &[],
        );
        assert!(report["passes"].as_u64() > Some(5), "axe-core looked at nothing: {report}");
        report["violations"].as_array().cloned().unwrap_or_default()
    }
}
