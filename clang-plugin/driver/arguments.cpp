// SPDX-License-Identifier: Apache-2.0
//
// Reads a GCC-style command line. See arguments.h.
#include "arguments.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

namespace perdure {
namespace {

// Options whose value is the next argument, so that it is no input.
constexpr std::string_view kSeparateValue[] = {"-o",
                                               "-x",
                                               "-I",
                                               "-D",
                                               "-U",
                                               "-L",
                                               "-l",
                                               "-include",
                                               "-imacros",
                                               "-isystem",
                                               "-idirafter",
                                               "-iquote",
                                               "-iprefix",
                                               "-iwithprefix",
                                               "-isysroot",
                                               "-MF",
                                               "-MT",
                                               "-MQ",
                                               "-MJ",
                                               "-Xclang",
                                               "-Xlinker",
                                               "-Xassembler",
                                               "-Xpreprocessor",
                                               "-Xanalyzer",
                                               "-arch",
                                               "-target",
                                               "-T",
                                               "-u",
                                               "-z",
                                               "-e",
                                               "-h",
                                               "-aux-info",
                                               "--param",
                                               "-mllvm",
                                               "-B",
                                               "-A",
                                               "-dumpbase",
                                               "-rpath",
                                               "-soname",
                                               "--sysroot",
                                               "-F",
                                               "-G"};

// Options after which nothing is linked.
constexpr std::string_view kNoLink[] = {
    "-E",           "-S",        "-c",           "-M",        "-MM",        "-fsyntax-only",
    "--analyze",    "-r",        "--preprocess", "--compile", "--assemble", "-emit-ast",
    "--precompile", "-###",      "--help",       "-help",     "--version",  "-dumpversion",
    "-dumpmachine", "-dumpspecs"};

// Inputs that are past compilation.
constexpr std::string_view kObjectSuffixes[] = {".o", ".a",  ".so", ".lo",  ".obj", ".s",
                                                ".S", ".sx", ".ld", ".lds", ".map"};

template <typename List> bool contains(const List &list, std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool is_object(std::string_view input) {
  return input.find(".so.") != std::string_view::npos ||
         std::any_of(std::begin(kObjectSuffixes), std::end(kObjectSuffixes),
                     [&](std::string_view suffix) { return input.ends_with(suffix); });
}

// The arguments in a response file: blanks separate, quotes and backslashes protect.
std::vector<std::string> read_response_file(const std::string &path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> arguments;
  std::string argument;
  bool started = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      argument += text[++i];
      started = true;
    } else if (quote ? c == quote : (c == '"' || c == '\'')) {
      quote = quote ? 0 : c;
      started = true;
    } else if (!quote && std::isspace(static_cast<unsigned char>(c))) {
      if (started)
        arguments.push_back(std::move(argument));
      argument.clear();
      started = false;
    } else {
      argument += c;
      started = true;
    }
  }
  if (started)
    arguments.push_back(std::move(argument));
  return arguments;
}

class Scanner {
public:
  explicit Scanner(Invocation &invocation) : invocation_(invocation) {}

  void scan(const std::vector<std::string> &arguments) {
    for (const std::string &argument : arguments)
      scan(argument);
  }

  void finish() {
    invocation_.compiles = has_source_;
    invocation_.links = has_input_ && !stops_early_;
  }

private:
  void scan(const std::string &argument) {
    if (!expects_value_of_.empty()) {
      if (expects_value_of_ == "-o")
        invocation_.output = argument;
      else if (expects_value_of_ == "-x")
        language_ = argument;
      expects_value_of_.clear();
    } else if (argument.size() > 1 && argument[0] == '@' && depth_ < 8) {
      ++depth_;
      scan(read_response_file(argument.substr(1)));
      --depth_;
    } else if (argument == "-" || argument[0] != '-') {
      scan_input(argument);
    } else {
      scan_option(argument);
    }
  }

  void scan_input(const std::string &input) {
    has_input_ = true;
    bool as_language = !language_.empty() && language_ != "none";
    has_source_ |= as_language ? !language_.starts_with("assembler") : !is_object(input);
  }

  void scan_option(std::string_view option) {
    if (contains(kSeparateValue, option))
      expects_value_of_ = option;
    else if (option.starts_with("-o"))
      invocation_.output = option.substr(2);
    else if (option.starts_with("-x"))
      language_ = option.substr(2);
    else if (option.starts_with("-l"))
      has_input_ = true;
    else if (option == "-static" || option == "-static-pie" || option == "--static")
      invocation_.is_static = true;
    stops_early_ |= contains(kNoLink, option) || option.starts_with("-print-") ||
                    option.starts_with("--print-") || option == "-Wl,-r";
  }

  Invocation &invocation_;
  std::string expects_value_of_;
  std::string language_;
  int depth_ = 0;
  bool has_input_ = false;
  bool has_source_ = false;
  bool stops_early_ = false;
};

} // namespace

bool parse_arguments(int argc, char **argv, Invocation &invocation) {
  if (const char *port = std::getenv("PERDURE_PORT"))
    invocation.port = port;
  invocation.proposes = std::getenv("PERDURE_PROPOSE") != nullptr;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (!argument.starts_with("--perdure-")) {
      invocation.arguments.push_back(std::move(argument));
      continue;
    }
    std::string option = argument.substr(sizeof("--perdure-") - 1);
    if (option == "propose")
      invocation.proposes = true;
    else if (option.starts_with("port=") && option.size() > 5)
      invocation.port = option.substr(5);
    else if (option == "heap=all" || option == "heap=annotated" || option == "threads=many" ||
             option == "threads=single" || option == "strict" ||
             (option.starts_with("unit=") && option.size() > 5))
      invocation.plugin_options.push_back(option);
    else {
      std::fprintf(stderr,
                   "%s: error: unknown option '%s'; there are --perdure-port=FILE, "
                   "--perdure-heap=annotated|all, --perdure-threads=many|single, "
                   "--perdure-strict, --perdure-unit=NAME, --perdure-propose\n",
                   argv[0], argument.c_str());
      return false;
    }
  }
  if (invocation.proposes && !invocation.port.empty()) {
    std::fprintf(stderr,
                 "%s: error: a port file (%s) and propose mode, which leaves the program as it is; "
                 "take back one of them\n",
                 argv[0], invocation.port.c_str());
    return false;
  }
  Scanner scanner(invocation);
  scanner.scan(invocation.arguments);
  scanner.finish();
  return true;
}

} // namespace perdure
