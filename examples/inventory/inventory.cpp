// SPDX-License-Identifier: Apache-2.0
//
// The operations on the stock. Each update checks first and then changes several containers, which
// must not be seen, or survive, in part.
#include "inventory.h"

#include <algorithm>

namespace {

void require(bool condition, const char *reason) {
  if (!condition)
    throw Refused(reason);
}

} // namespace

long Inventory::receive(const std::string &product, const std::string &warehouse, long quantity) {
  require(quantity > 0, "the quantity must be positive");
  add(product, warehouse, quantity);
  products_[product].total += quantity;
  return record(product, "", warehouse, quantity);
}

long Inventory::ship(const std::string &product, const std::string &warehouse, long quantity) {
  require(quantity > 0, "the quantity must be positive");
  require(available(product, warehouse) >= quantity, "not enough in stock");
  add(product, warehouse, -quantity);
  products_[product].total -= quantity;
  return record(product, warehouse, "", quantity);
}

long Inventory::move(const std::string &product, const std::string &from, const std::string &to,
                     long quantity) {
  require(quantity > 0, "the quantity must be positive");
  require(available(product, from) >= quantity, "not enough in stock");
  add(product, from, -quantity);
  add(product, to, quantity);
  return record(product, from, to, quantity);
}

void Inventory::describe(const std::string &product, const std::string &description) {
  products_[product].description = description;
}

void Inventory::tag(const std::string &product, const std::string &tag) {
  std::vector<std::string> &tags = products_[product].tags;
  auto place = std::lower_bound(tags.begin(), tags.end(), tag);
  if (place == tags.end() || *place != tag)
    tags.insert(place, tag);
}

const Product &Inventory::product(const std::string &name) const {
  auto found = products_.find(name);
  require(found != products_.end(), "no such product");
  return found->second;
}

std::map<std::string, long> Inventory::stock(const std::string &product) const {
  std::map<std::string, long> result;
  for (const auto &[warehouse, shelf] : warehouses_)
    if (auto found = shelf.find(product); found != shelf.end())
      result[warehouse] = found->second;
  return result;
}

std::string Inventory::check() const {
  std::unordered_map<std::string, long> totals;
  for (const auto &[warehouse, shelf] : warehouses_)
    for (const auto &[product, quantity] : shelf) {
      if (quantity <= 0)
        return warehouse + " holds " + std::to_string(quantity) + " of " + product;
      totals[product] += quantity;
    }
  for (const auto &[name, product] : products_)
    if (totals[name] != product.total)
      return name + ": total " + std::to_string(product.total) + ", in the warehouses " +
             std::to_string(totals[name]);
  if (totals.size() != products_.size())
    return "a warehouse holds an unknown product";
  long number = movements_ - static_cast<long>(journal_.size());
  for (const Movement &movement : journal_)
    if (movement.number != ++number)
      return "movement " + std::to_string(number) + " is missing from the journal";
  return "";
}

long Inventory::available(const std::string &product, const std::string &warehouse) const {
  auto place = warehouses_.find(warehouse);
  if (place == warehouses_.end())
    return 0;
  auto found = place->second.find(product);
  return found == place->second.end() ? 0 : found->second;
}

void Inventory::add(const std::string &product, const std::string &warehouse, long quantity) {
  Shelf &shelf = warehouses_[warehouse];
  if ((shelf[product] += quantity) == 0)
    shelf.erase(product);
  if (shelf.empty())
    warehouses_.erase(warehouse);
}

long Inventory::record(const std::string &product, const std::string &from, const std::string &to,
                       long quantity) {
  journal_.push_back({++movements_, product, from, to, quantity});
  if (journal_.size() > kJournalMax)
    journal_.pop_front();
  return movements_;
}
