// SPDX-License-Identifier: Apache-2.0
//
// The server under test as a child process: started on a free port of the loopback interface,
// killed by its pid, its standard error kept in a file. It dies with the observer.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace perdure_kill {

// Seconds on a clock that does not jump, for time-outs and intervals.
double seconds_now();

struct ServerOptions {
  std::string program;                // path of the server's binary
  std::string pool;                   // value of PERDURE_POOL; empty: the variable is not set
  std::string log_path;               // standard error is appended here
  std::vector<std::string> arguments; // beside the port
  std::string port_option = "-p";
  bool verify = false; // ask the recovery function for its structure walk
  double start_seconds_max = 60;
};

// What makes a memcached listen on the loopback interface alone, also if root starts it.
std::vector<std::string> memcached_arguments();

class Server {
public:
  explicit Server(ServerOptions options) : options_(std::move(options)) {}
  ~Server();
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  // Starts the server and waits for its first answer (to a `get`). False: it ended or did not
  // answer in time; error() says what happened.
  bool start();
  // From the next start on. REQUIRES: it does not run.
  void run_instead(std::string program) { options_.program = std::move(program); }
  // Starts the server and kills it SECONDS later, ready or not.
  void kill_while_starting(double seconds);
  // SIGKILL, and waits until the process is gone.
  void kill9();
  // SIGTERM, and waits; SIGKILL after ten seconds.
  void stop();
  // The process still runs. False once after it ended by itself; error() says how.
  bool alive();

  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  // From the start of the process to its first answer.
  double start_ms() const { return start_ms_; }
  const std::string &error() const { return error_; }

private:
  void spawn();
  std::string log_tail() const;

  ServerOptions options_;
  pid_t pid_ = -1;
  int port_ = 0;
  double start_ms_ = 0;
  std::string error_;
};

} // namespace perdure_kill
