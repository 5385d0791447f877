# SPDX-License-Identifier: Apache-2.0
#
# The lit format of `lit.py --param audit=1`: each test runs with PERDURE_AUDIT set, and fails if any
# of its processes found something, whatever the test itself says.
import os
import re

import lit.formats
import lit.Test

FINDING = re.compile(r"missed store at|dangling pointer at|written by|more findings")


class AuditedTest(lit.formats.ShTest):
    """NOTHING_TO_AUDIT: tests that run no program on a pool, and why. DANGLING: those that keep
    pointers which dangle on purpose, and what these may point to."""

    def __init__(self, nothing_to_audit, dangling):
        super().__init__(execute_external=False)
        self.nothing_to_audit = nothing_to_audit
        self.dangling = dangling

    def execute(self, test, litConfig):
        name = test.path_in_suite[-1]
        if name in self.nothing_to_audit:
            return lit.Test.Result(lit.Test.UNSUPPORTED, self.nothing_to_audit[name])
        log = test.getExecPath() + ".audit"
        os.makedirs(os.path.dirname(log), exist_ok=True)
        if os.path.exists(log):
            os.remove(log)
        test.config.environment["PERDURE_AUDIT"] = "report,log=" + log
        result = super().execute(test, litConfig)
        if result.code != lit.Test.PASS:
            return result
        if not os.path.exists(log):
            return lit.Test.Result(lit.Test.FAIL, "no process of this test was audited")
        known = re.compile("dangling pointer at .* points to (%s)" % self.dangling.get(name, "(?!)"))
        with open(log) as lines:
            findings = [line for line in lines if FINDING.search(line) and not known.search(line)]
        if findings:
            return lit.Test.Result(lit.Test.FAIL, "the audit found\n" + "".join(findings))
        return result
