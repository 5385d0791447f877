// SPDX-License-Identifier: Apache-2.0
//
// The stock of a few warehouses: how many pieces of each product lie where, what the products are,
// and a journal of the latest movements. Ordinary standard containers; not synchronized: server.cpp
// holds one mutex around every call.
#ifndef INVENTORY_INVENTORY_H
#define INVENTORY_INVENTORY_H

#include <perdure/annotations.h>

#include <list>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

// Why an update was not made. It is thrown before anything has been changed.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Product {
  std::string description;
  std::vector<std::string> tags;
  long total = 0; // pieces in all warehouses together
};

struct Movement {
  long number;
  std::string product;
  std::string from; // empty: received
  std::string to;   // empty: shipped
  long quantity;
};

class PERDURE_PERSISTENT Inventory {
public:
  static constexpr std::size_t kJournalMax = 1000;

  // Each returns the number of the movement.
  long receive(const std::string &product, const std::string &warehouse, long quantity);
  long ship(const std::string &product, const std::string &warehouse, long quantity);
  long move(const std::string &product, const std::string &from, const std::string &to,
            long quantity);
  void describe(const std::string &product, const std::string &description);
  void tag(const std::string &product, const std::string &tag);

  const Product &product(const std::string &name) const;
  std::map<std::string, long> stock(const std::string &product) const; // by warehouse
  const std::list<Movement> &journal() const { return journal_; }
  std::size_t products() const { return products_.size(); }

  // What is wrong, empty if nothing: products' totals against what lies in the warehouses, and
  // movements numbered without a gap.
  std::string check() const;

private:
  using Shelf = std::map<std::string, long>; // pieces by product, none of them 0

  long available(const std::string &product, const std::string &warehouse) const;
  void add(const std::string &product, const std::string &warehouse, long quantity);
  long record(const std::string &product, const std::string &from, const std::string &to,
              long quantity);

  std::map<std::string, Shelf> warehouses_;
  std::unordered_map<std::string, Product> products_;
  std::list<Movement> journal_; // oldest first
  long movements_ = 0;
};

#endif
