// SPDX-License-Identifier: Apache-2.0
//
// Intent: persistent globals are recorded at their fixed addresses, static ones, tables and guarded
// locals alike; units balance over return, exception and longjmp.
// RUN: env PORT=%S/Inputs/globals_and_units.yaml %check-matrix %s
#include <csetjmp>
#include <map>
#include <stdexcept>
#include <string>

int counter = 41;
static long table[300] = {1, 2, 3};
struct Settings {
  int size;
  char name[20];
} settings = {7, "initial"};
int *alias = &counter;
std::map<int, std::string> items;
static int ready() { return static_cast<int>(items.size()); }
static int started = ready();

__attribute__((noinline)) int transfer(int amount) {
  if (amount < 0)
    throw std::runtime_error("negative");
  counter += amount;
  table[amount] = counter;
  return counter;
}
static std::jmp_buf out;
__attribute__((noinline)) void jumping() {
  settings.size = 9;
  std::longjmp(out, 1);
}

int main() {
  for (int i = 0; i < 10; ++i)
    transfer(i);
  try {
    transfer(-1);
  } catch (const std::exception &) {
    settings.name[0] = 'I';
  }
  if (setjmp(out) == 0)
    jumping();
  *alias += 1;
  items[3] = "three";
  return counter == 41 + 45 + 1 && table[9] == 86 && started == 0 && settings.size == 9 ? 0 : 1;
}
