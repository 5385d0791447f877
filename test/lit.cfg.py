# SPDX-License-Identifier: Apache-2.0
#
# The lit suites: frontend/ (what the AST half accepts, refuses and hands over), pass/ (IR in, IR
# out), propose/ (drafts of port files), source/ (programs ported as text), run/ (programs compiled,
# linked and run). They use one build tree, named by the lit.site.cfg.py that CMake writes into it:
#   lit.py BUILD_DIR/test                       all suites
#   lit.py BUILD_DIR/test --filter pass/        one of them
#   lit.py BUILD_DIR/test --param audit=1       the programs of run/ under audit
#   lit.py BUILD_DIR/test --param source=gcc    the C programs of run/ ported as source, built by gcc
import os

import lit.formats

config.name = "perdure"
config.test_format = lit.formats.ShTest(execute_external=False)
config.audit = bool(lit_config.params.get("audit"))
config.source_compiler = lit_config.params.get("source")
config.suffixes = [".c", ".cpp", ".ll", ".test"]
config.excludes = ["Inputs", "crash", "fault", "fuzz", "kill", "linear", "lit.cfg.py"]
if config.audit or config.source_compiler:
    config.excludes += ["frontend", "pass", "audit", "propose"]
config.test_source_root = os.path.join(config.perdure_source_dir, "test")
config.test_exec_root = os.path.join(config.perdure_build_dir, "test", "output")

bin_dir = os.path.join(config.perdure_build_dir, "bin")
lib_dir = os.path.join(config.perdure_build_dir, "lib")

# FileCheck, not, split-file, opt of the LLVM that the plugin is built for come first.
config.environment["PATH"] = os.pathsep.join([config.llvm_tools_dir, bin_dir, config.environment["PATH"]])
for variable in ("PERDURE_PORT", "PERDURE_PROPOSE", "PERDURE_POOL", "PERDURE_AUDIT"):
    config.environment.pop(variable, None)

config.available_features.add("llvm-" + config.llvm_major)
# Input that the plugin leaves unrecorded: the audit would miss it, and text cannot leave it out.
if config.audit or config.source_compiler:
    config.available_features.add("input-is-recorded")
if config.llvm_major != "19" or config.audit or config.source_compiler:
    config.excludes.append("source")
# A compiler of the other version served, where there is one: it must refuse this build's plugin.
other = next(major for major in config.llvm_served if major != config.llvm_major)
other_dir = config.llvm_tools_dir.replace("/llvm-" + config.llvm_major + "/", "/llvm-" + other + "/")
if os.path.exists(os.path.join(other_dir, "clang")):
    config.available_features.add("other-llvm")

perdure_cc = "perdure-clang"
if config.source_compiler:
    perdure_cc = "%s/source/port_cc.sh %s %s" % (
        config.test_source_root, config.source_compiler, config.perdure_build_dir)
opt_perdure = "opt -load-pass-plugin=%s/perdure-pass.so" % lib_dir
config.substitutions += [
    ("%perdure-cc", perdure_cc),
    ("%perdure-cxx", "perdure-clang++"),
    ("%perdure-port-one", "perdure-port -o out"),
    ("%perdure-plugin", "%s/perdure.so" % lib_dir),
    ("%perdure-tool", "%s/perdure" % bin_dir),
    ("%perdure-include", "%s/include" % config.perdure_build_dir),
    ("%perdure-lib", lib_dir),
    ("%opt-perdure", opt_perdure),
    ("%perdure-pass", "%s/perdure-pass.so" % lib_dir),
    ("%llvm-major", config.llvm_major),
    ("%other-major", other),
    ("%other-llvm", other_dir),
    ("%clang", "%s/clang" % config.llvm_tools_dir),
]
