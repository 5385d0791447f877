// SPDX-License-Identifier: Apache-2.0
//
// See power_cut.h.
#include "power_cut.h"
#include "persist_simulated.h"

namespace perdure {

PowerCut SimulatedStore::cut() const {
  Guard guard(mutex_);
  PowerCut cut;
  cut.memory_ = medium_ == Medium::kMemory;
  cut.atom_ = atom();
  cut.names_ = names_;
  for (size_t i = 0; i < names_.pending(); ++i)
    cut.atoms_.push_back({PowerCut::Atom::Kind::kName, i, 1});
  for (const auto &[node, contents] : files_) {
    contents->changed_somewhere();
    cut.files_[node] = {contents->durable(), contents->sizes()};
    if (contents->sizes().size() > 1)
      cut.atoms_.push_back({PowerCut::Atom::Kind::kSize, node, contents->sizes().size() - 1});
    for (const auto &[offset, dirty] : contents->dirty())
      cut.atoms_.push_back({PowerCut::Atom::Kind::kBytes, node, dirty.values.size() / cut.atom_,
                            offset, dirty.values});
  }
  return cut;
}

std::unique_ptr<SimulatedStore>
PowerCut::leave(const std::function<size_t(size_t atom)> &choose) const {
  std::vector<bool> kept(names_.pending());
  std::map<size_t, SimulatedContents::Pages> pages;
  std::map<size_t, uint64_t> sizes;
  for (const auto &[node, file] : files_) {
    pages[node] = file.durable;
    sizes[node] = file.sizes.front();
  }
  for (size_t i = 0; i < atoms_.size(); ++i) {
    const Atom &atom = atoms_[i];
    const size_t value = choose(i);
    if (value == 0)
      continue;
    switch (atom.kind) {
    case Atom::Kind::kName:
      kept[atom.of] = true;
      break;
    case Atom::Kind::kSize:
      sizes[atom.of] = files_.at(atom.of).sizes[value];
      break;
    case Atom::Kind::kBytes:
      patch_pages(pages[atom.of], atom.offset, &atom.values[(value - 1) * atom_], atom_);
      break;
    }
  }
  using Medium = SimulatedStore::Medium;
  auto store = std::make_unique<SimulatedStore>(memory_ ? Medium::kMemory : Medium::kBlock);
  store->names_ = names_.leave([&](size_t i) { return kept[i]; });
  for (auto &[node, content] : pages)
    store->files_[node] =
        std::make_shared<SimulatedContents>(atom_, std::move(content), sizes[node]);
  return store;
}

} // namespace perdure
