// SPDX-License-Identifier: Apache-2.0
//
// Replacements for the functions of the C++ runtime that link nodes of std::map, set and list. They
// are compiled into libstdc++, so their stores have no hooks, and they write to nodes that the
// caller does not pass. Textbook red-black tree and ring list on libstdc++'s own node types; every
// store goes through write(), which records it. The plugin redirects the calls (libc_models.cpp).
#include <list>
#include <map>

#pragma GCC visibility push(default) // the program calls these
#include <perdure/abi.h>

namespace {

using TreeNode = std::_Rb_tree_node_base;
using ListNode = std::__detail::_List_node_base;

template <typename T> void write(T &place, T value) {
  place = value;
  perdure_record(&place, sizeof place);
}

bool isRed(const TreeNode *node) { return node && node->_M_color == std::_S_red; }

// The link that points to NODE: in its parent, or the root in the header.
TreeNode *&linkTo(TreeNode *node, TreeNode &header) {
  if (node == header._M_parent)
    return header._M_parent;
  TreeNode *parent = node->_M_parent;
  return node == parent->_M_left ? parent->_M_left : parent->_M_right;
}

TreeNode *&child(TreeNode *node, bool left) { return left ? node->_M_left : node->_M_right; }

// Moves NODE down to the LEFT (or right); its child on the other side takes its place.
void rotate(TreeNode *node, bool left, TreeNode &header) {
  TreeNode *up = child(node, !left);
  TreeNode *inner = child(up, left);
  write(child(node, !left), inner);
  if (inner)
    write(inner->_M_parent, node);
  write(linkTo(node, header), up);
  write(up->_M_parent, node->_M_parent);
  write(child(up, left), node);
  write(node->_M_parent, up);
}

void linkLeaf(bool left, TreeNode *node, TreeNode *parent, TreeNode &header) {
  write(node->_M_parent, parent);
  write(node->_M_left, static_cast<TreeNode *>(nullptr));
  write(node->_M_right, static_cast<TreeNode *>(nullptr));
  write(node->_M_color, std::_S_red);
  if (parent == &header) {
    write(header._M_parent, node);
    write(header._M_left, node);
    write(header._M_right, node);
    return;
  }
  if (left && parent == header._M_left)
    write(header._M_left, node);
  if (!left && parent == header._M_right)
    write(header._M_right, node);
  write(child(parent, left), node);
}

// Both the node and its parent are red: recolor upwards, or rotate and be done.
void fixRedParent(TreeNode *node, TreeNode &header) {
  while (node != header._M_parent && isRed(node->_M_parent)) {
    TreeNode *parent = node->_M_parent;
    TreeNode *grandparent = parent->_M_parent;
    bool left = parent == grandparent->_M_left;
    TreeNode *uncle = child(grandparent, !left);
    if (isRed(uncle)) {
      write(parent->_M_color, std::_S_black);
      write(uncle->_M_color, std::_S_black);
      write(grandparent->_M_color, std::_S_red);
      node = grandparent;
      continue;
    }
    if (node == child(parent, !left)) {
      rotate(parent, left, header);
      node = parent;
      parent = node->_M_parent;
    }
    write(parent->_M_color, std::_S_black);
    write(grandparent->_M_color, std::_S_red);
    rotate(grandparent, !left, header);
  }
  write(header._M_parent->_M_color, std::_S_black);
}

TreeNode *outermost(TreeNode *node, bool left) {
  while (child(node, left))
    node = child(node, left);
  return node;
}

// The side of PARENT at which NODE (perhaps null) lacks one black node; pays it back.
void fixMissingBlack(TreeNode *node, TreeNode *parent, TreeNode &header) {
  while (node != header._M_parent && !isRed(node)) {
    bool left = node == parent->_M_left;
    TreeNode *sibling = child(parent, !left);
    if (isRed(sibling)) {
      write(sibling->_M_color, std::_S_black);
      write(parent->_M_color, std::_S_red);
      rotate(parent, left, header);
      sibling = child(parent, !left);
    }
    if (!isRed(sibling->_M_left) && !isRed(sibling->_M_right)) {
      write(sibling->_M_color, std::_S_red);
      node = parent;
      parent = parent->_M_parent;
      continue;
    }
    if (!isRed(child(sibling, !left))) {
      write(child(sibling, left)->_M_color, std::_S_black);
      write(sibling->_M_color, std::_S_red);
      rotate(sibling, !left, header);
      sibling = child(parent, !left);
    }
    write(sibling->_M_color, parent->_M_color);
    write(parent->_M_color, std::_S_black);
    write(child(sibling, !left)->_M_color, std::_S_black);
    rotate(parent, left, header);
    break;
  }
  if (node)
    write(node->_M_color, std::_S_black);
}

// REPLACEMENT (perhaps null) takes NODE's place below NODE's parent.
void transplant(TreeNode *node, TreeNode *replacement, TreeNode &header) {
  TreeNode *parent = node->_M_parent;
  write(linkTo(node, header), replacement);
  if (replacement)
    write(replacement->_M_parent, parent);
}

// The header keeps the leftmost and rightmost node; NODE, which has at most one child, leaves.
void moveEnds(TreeNode *node, TreeNode &header) {
  for (bool left : {true, false}) {
    if (child(&header, left) != node)
      continue;
    TreeNode *inner = child(node, !left);
    write(child(&header, left), inner ? outermost(inner, left) : node->_M_parent);
  }
}

void linkBetween(ListNode *before, ListNode *after) {
  write(before->_M_next, after);
  write(after->_M_prev, before);
}

} // namespace

extern "C" {

void perdure_rb_tree_insert_and_rebalance(bool left, TreeNode *node, TreeNode *parent,
                                          TreeNode &header) {
  linkLeaf(left, node, parent, header);
  fixRedParent(node, header);
}

TreeNode *perdure_rb_tree_rebalance_for_erase(TreeNode *node, TreeNode &header) {
  TreeNode *successor = node->_M_left && node->_M_right ? outermost(node->_M_right, true) : nullptr;
  TreeNode *orphan, *parent;
  bool black_left;
  if (!successor) {
    orphan = node->_M_left ? node->_M_left : node->_M_right;
    parent = node->_M_parent;
    black_left = !isRed(node);
    moveEnds(node, header);
    transplant(node, orphan, header);
  } else {
    orphan = successor->_M_right;
    black_left = !isRed(successor);
    parent = successor->_M_parent == node ? successor : successor->_M_parent;
    if (parent != successor) {
      transplant(successor, orphan, header);
      write(successor->_M_right, node->_M_right);
      write(successor->_M_right->_M_parent, successor);
    }
    transplant(node, successor, header);
    write(successor->_M_left, node->_M_left);
    write(successor->_M_left->_M_parent, successor);
    write(successor->_M_color, node->_M_color);
  }
  if (black_left && header._M_parent)
    fixMissingBlack(orphan, parent, header);
  return node;
}

void perdure_list_hook(ListNode *node, ListNode *position) {
  linkBetween(position->_M_prev, node);
  linkBetween(node, position);
}

void perdure_list_unhook(ListNode *node) { linkBetween(node->_M_prev, node->_M_next); }

// Moves [FIRST, LAST) before POSITION.
void perdure_list_transfer(ListNode *position, ListNode *first, ListNode *last) {
  if (position == last)
    return;
  ListNode *tail = last->_M_prev;
  linkBetween(first->_M_prev, last);
  linkBetween(position->_M_prev, first);
  linkBetween(tail, position);
}

void perdure_list_reverse(ListNode *header) {
  ListNode *node = header;
  do {
    ListNode *next = node->_M_next;
    write(node->_M_next, node->_M_prev);
    write(node->_M_prev, next);
    node = next;
  } while (node != header);
}

void perdure_list_swap(ListNode &left, ListNode &right) {
  ListNode old_left = left, old_right = right;
  bool left_empty = old_left._M_next == &left, right_empty = old_right._M_next == &right;
  if (right_empty) {
    linkBetween(&left, &left);
  } else {
    linkBetween(&left, old_right._M_next);
    linkBetween(old_right._M_prev, &left);
  }
  if (left_empty) {
    linkBetween(&right, &right);
  } else {
    linkBetween(&right, old_left._M_next);
    linkBetween(old_left._M_prev, &right);
  }
}

} // extern "C"

#pragma GCC visibility pop
