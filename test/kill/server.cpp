// SPDX-License-Identifier: Apache-2.0
//
// Start, readiness and end of the server under test.
#include "server.h"

#include "connection.h"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perdure_kill {

double seconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

namespace {

// A port nobody listens on. Another process may take it before the server does; then the server
// ends, and says so.
int free_port() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  int port = 0;
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr *>(&address), length) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr *>(&address), &length) == 0)
    port = ntohs(address.sin_port);
  if (fd >= 0)
    close(fd);
  return port;
}

} // namespace

std::vector<std::string> memcached_arguments() {
  std::vector<std::string> words = {"-l", "127.0.0.1", "-U", "0"};
  if (geteuid() == 0)
    words.insert(words.end(), {"-u", "root"});
  return words;
}

Server::~Server() { kill9(); }

void Server::spawn() {
  std::vector<std::string> words = {options_.program, options_.port_option, std::to_string(port_)};
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_t parent = getpid();
  pid_ = fork();
  if (pid_ != 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(1);
  int log = open(options_.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(log >= 0 ? log : null, 1);
  dup2(log >= 0 ? log : null, 2);
  if (options_.pool.empty())
    unsetenv("PERDURE_POOL");
  else
    setenv("PERDURE_POOL", options_.pool.c_str(), 1);
  if (options_.verify)
    setenv("PERDURE_MEMCACHED_VERIFY", "1", 1);
  execv(argv[0], argv.data());
  dprintf(2, "%s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

std::string Server::log_tail() const {
  std::ifstream file(options_.log_path);
  std::stringstream text;
  text << file.rdbuf();
  std::string all = text.str();
  return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

bool Server::start() {
  port_ = free_port();
  double begin = seconds_now();
  spawn();
  while (seconds_now() - begin < options_.start_seconds_max) {
    if (!alive())
      return false;
    Connection connection;
    if (connection.open(port_) && connection.round_trip("get ready\r\n") == "END") {
      start_ms_ = (seconds_now() - begin) * 1e3;
      return true;
    }
    usleep(500);
  }
  error_ = "the server did not answer in time; its last words:\n" + log_tail();
  kill9();
  return false;
}

void Server::kill_while_starting(double seconds) {
  port_ = free_port();
  spawn();
  usleep(static_cast<useconds_t>(seconds * 1e6));
  kill9();
}

bool Server::alive() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_)
    return pid_ > 0;
  pid_ = -1;
  error_ = WIFSIGNALED(status) ? "the server died of signal " + std::to_string(WTERMSIG(status))
                               : "the server exited with " + std::to_string(WEXITSTATUS(status));
  error_ += "; its last words:\n" + log_tail();
  return false;
}

void Server::kill9() {
  if (pid_ <= 0)
    return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Server::stop() {
  if (pid_ <= 0)
    return;
  kill(pid_, SIGTERM);
  for (int i = 0; i < 1000; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return;
    }
    usleep(10000);
  }
  kill9();
}

} // namespace perdure_kill
