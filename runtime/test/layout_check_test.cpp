// SPDX-License-Identifier: Apache-2.0
//
// What counts as the same layout, and how a difference reads.
#include "layout_check.h"
#include <gtest/gtest.h>

namespace perdure {
namespace {

using Lines = std::vector<std::string>;

struct Program {
  TypeRegistry types;
  Program &type(TypeLayout layout, const char *source = "a.c") {
    types.add(std::move(layout), source);
    return *this;
  }
  Program &root(const char *key, uint64_t size, const char *type, const char *source = "a.c") {
    types.add_root({key, next, size, type, source});
    next += 64;
    return *this;
  }
  uint64_t next = 1 << 24;
};

TypeLayout note(std::vector<FieldLayout> fields, uint64_t size = 16) {
  return {"note", "", size, std::move(fields)};
}

Lines compare(const Program &pool, const Program &program) {
  return layout_differences(pool.types, program.types);
}

const FieldLayout kNext{"next", 0, 8, "note*"}, kId{"id", 8, 4, "int"};

Program rooted(TypeLayout type) {
  return Program().type(std::move(type)).root("notes", 8, "note*");
}

TEST(LayoutCheck, EqualLayoutsAndAdditionsPass) {
  Program more = rooted(note({kNext, kId}));
  more.type({"author", "", 4, {{"id", 0, 4, "int"}}}).root("authors", 8, "author*");
  EXPECT_EQ(compare(rooted(note({kNext, kId})), more), Lines());
  EXPECT_EQ(compare(more, rooted(note({kNext, kId}))), Lines());
}

TEST(LayoutCheck, EachFieldThatDiffersHasALine) {
  Program now = rooted(note({{"next", 8, 8, "note*"}, {"id", 0, 8, "long"}}, 24));
  EXPECT_EQ(compare(rooted(note({kNext, kId})), now),
            (Lines{"note.next: was offset 0, 8 bytes, note*; is offset 8, 8 bytes, note*",
                   "note.id: was offset 8, 4 bytes, int; is offset 0, 8 bytes, long",
                   "note: was 16 bytes, is 24"}));
}

TEST(LayoutCheck, ARenamedFieldIsADifferenceAndSaysWhatItLooksLike) {
  EXPECT_EQ(compare(rooted(note({kNext, kId})), rooted(note({kNext, {"key", 8, 4, "int"}}))),
            Lines{"note.id: was offset 8, 4 bytes, int; 'key' is there now: renamed?"});
}

TEST(LayoutCheck, GoneAndNewFieldsAreNamed) {
  EXPECT_EQ(compare(rooted(note({kNext, kId})), rooted(note({kNext, {"key", 12, 4, "int"}}))),
            (Lines{"note.id: was offset 8, 4 bytes, int; is gone",
                   "note.key: is new, offset 12, 4 bytes, int"}));
}

TEST(LayoutCheck, TransientFieldsAreFree) {
  FieldLayout scratch{"scratch", 12, 4, "transient int"};
  EXPECT_EQ(compare(rooted(note({kNext, kId, scratch})), rooted(note({kNext, kId}))), Lines());
  EXPECT_EQ(compare(rooted(note({kNext, kId})), rooted(note({kNext, kId, scratch}))), Lines());
  FieldLayout kept{"scratch", 12, 4, "int"};
  EXPECT_EQ(compare(rooted(note({kNext, kId, kept})), rooted(note({kNext, kId, scratch}))),
            Lines());
  EXPECT_EQ(compare(rooted(note({kNext, kId, scratch})), rooted(note({kNext, kId, kept}))).size(),
            1u)
      << "what was never recorded must not be read";
}

TEST(LayoutCheck, ARootOfAnotherTypeHasALine) {
  EXPECT_EQ(compare(Program().root("n", 8, "long"), Program().root("n", 8, "double")),
            Lines{"global n: was 8 bytes, long; is 8 bytes, double"});
  EXPECT_EQ(compare(Program().root("n", 8, ""), Program().root("n", 4, "int")),
            Lines{"global n: was 8 bytes, type not known; is 4 bytes, int"});
  EXPECT_EQ(compare(Program().root("n", 8, ""), Program().root("n", 8, "long")), Lines());
}

TEST(LayoutCheck, TypesBehindUntypedPointersAreCompared) {
  Program was = Program().type(note({kNext, kId})).root("pool", 8, "void*");
  Program is = Program().type(note({kNext})).root("pool", 8, "void*");
  EXPECT_EQ(compare(was, is).size(), 1u);
}

TEST(LayoutCheck, OfTwoTypesOfOneNameEachIsComparedWithItsOwn) {
  auto two = [](const char *first, const char *second) {
    Program program;
    for (std::string source : {first, second}) {
      TypeLayout type = source == "a.c" ? note({kNext, kId}) : note({kNext}, 8);
      program.type(type, source.c_str());
    }
    program.root("a", 8, "note*", "a.c").root("b", 8, "note*", "b.c");
    return program;
  };
  EXPECT_EQ(compare(two("a.c", "b.c"), two("b.c", "a.c")), Lines()) << "order of linking";
  Program changed;
  changed.type(note({kNext, kId})).type(note({{"next", 8, 8, "note*"}}), "b.c");
  changed.root("a", 8, "note*", "a.c").root("b", 8, "note*", "b.c");
  EXPECT_EQ(compare(two("a.c", "b.c"), changed).size(), 2u); // next's offset, and the size
}

TEST(LayoutCheck, AnotherProgramsPoolIsRefused) {
  Program made = rooted(note({kNext}));
  Program other = Program().root("head", 8, "long");
  Status status = check_identity("p", made.types, other.types);
  ASSERT_FALSE(status.is_ok());
  EXPECT_NE(status.message().find("pool 'p' belongs to another program"), std::string::npos);
  EXPECT_NE(status.message().find("'notes'"), std::string::npos);
  EXPECT_NE(status.message().find("'head'"), std::string::npos);
  EXPECT_TRUE(check_identity("p", Program().types, other.types).is_ok());
}

TEST(LayoutCheck, AVeryLongListIsCutShort) {
  Program was, is;
  for (int i = 0; i < 150; ++i) {
    std::string key = "n" + std::to_string(i);
    was.root(key.c_str(), 8, "long"), is.root(key.c_str(), 8, "double");
  }
  std::string message = check_identity("p", was.types, is.types).message();
  EXPECT_NE(message.find("... and 50 more"), std::string::npos);
}

} // namespace
} // namespace perdure
