// SPDX-License-Identifier: Apache-2.0
//
// The inventory behind a line protocol on a loopback TCP port, one thread a client:
//
//   receive PRODUCT WAREHOUSE QUANTITY      OK NUMBER | REFUSED REASON
//   ship PRODUCT WAREHOUSE QUANTITY         the same
//   move PRODUCT FROM TO QUANTITY           the same
//   describe PRODUCT TEXT                   OK
//   tag PRODUCT TAG                         OK
//   product PRODUCT                         PRODUCT TOTAL TAG,TAG,... TEXT
//   stock PRODUCT                           STOCK WAREHOUSE=QUANTITY ...
//   journal                                 JOURNAL COUNT, then NUMBER PRODUCT FROM TO QUANTITY
//   check                                   SOUND PRODUCTS | BROKEN REASON
#include "inventory.h"

#include <arpa/inet.h>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

PERDURE_PERSISTENT static Inventory inventory;
static std::mutex inventory_mutex;

static std::string product_line(const Product &product) {
  std::string line = "PRODUCT " + std::to_string(product.total) + " ";
  for (const std::string &tag : product.tags)
    line += tag + ",";
  return line + " " + product.description;
}

static std::string journal_lines() {
  std::ostringstream lines;
  lines << "JOURNAL " << inventory.journal().size();
  for (const Movement &movement : inventory.journal())
    lines << '\n'
          << movement.number << ' ' << movement.product << ' '
          << (movement.from.empty() ? "-" : movement.from) << ' '
          << (movement.to.empty() ? "-" : movement.to) << ' ' << movement.quantity;
  return lines.str();
}

static std::string stock_line(const std::string &product) {
  std::string line = "STOCK";
  for (const auto &[warehouse, quantity] : inventory.stock(product))
    line += " " + warehouse + "=" + std::to_string(quantity);
  return line;
}

static std::string check_line() {
  std::string problem = inventory.check();
  return problem.empty() ? "SOUND " + std::to_string(inventory.products()) : "BROKEN " + problem;
}

PERDURE_TRANSACTION static std::string run_update(const std::string &command,
                                                  std::istringstream &words) {
  std::string product, from, to;
  long quantity = 0, number = 0;
  words >> product;
  if (command == "describe") {
    std::getline(words >> std::ws, from);
    inventory.describe(product, from);
    return "OK";
  }
  words >> from;
  if (command == "move")
    words >> to;
  if (command == "tag") {
    inventory.tag(product, from);
    return "OK";
  }
  if (!(words >> quantity))
    return "ERROR the quantity is missing";
  if (command == "receive")
    number = inventory.receive(product, from, quantity);
  else if (command == "ship")
    number = inventory.ship(product, from, quantity);
  else if (command == "move")
    number = inventory.move(product, from, to, quantity);
  else
    return "ERROR unknown command";
  return "OK " + std::to_string(number);
}

static std::string run(const std::string &request) {
  std::istringstream words(request);
  std::string command, product;
  words >> command;
  std::lock_guard<std::mutex> guard(inventory_mutex);
  try {
    if (command == "check")
      return check_line();
    if (command == "journal")
      return journal_lines();
    if (command == "product" && words >> product)
      return product_line(inventory.product(product));
    if (command == "stock" && words >> product)
      return stock_line(product);
    return run_update(command, words);
  } catch (const Refused &refused) {
    return std::string("REFUSED ") + refused.what();
  }
}

static bool send_all(int fd, const std::string &data) {
  for (std::size_t sent = 0; sent < data.size();) {
    ssize_t size = send(fd, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (size < 0)
      return false;
    sent += static_cast<std::size_t>(size);
  }
  return true;
}

static void serve(int fd) {
  std::string input;
  char bytes[4096];
  for (ssize_t size; (size = recv(fd, bytes, sizeof bytes, 0)) > 0;) {
    input.append(bytes, static_cast<std::size_t>(size));
    std::string replies;
    std::size_t start = 0;
    for (std::size_t end; (end = input.find('\n', start)) != std::string::npos; start = end + 1)
      replies += run(input.substr(start, end - start)) + "\n";
    input.erase(0, start);
    if (!send_all(fd, replies))
      break;
  }
  close(fd);
}

int main(int argc, char **argv) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (argc == 3 && std::strcmp(argv[1], "--port") == 0)
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  else if (argc != 1)
    return std::fprintf(stderr, "usage: inventory [--port N]    (default 0: any)\n"), 2;
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
      listen(listener, SOMAXCONN) != 0)
    return std::perror("inventory: cannot listen"), 1;
  getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size);
  std::printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  for (;;)
    if (int fd = accept(listener, nullptr, nullptr); fd >= 0)
      std::thread(serve, fd).detach();
}
